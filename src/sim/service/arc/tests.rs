//! Routing controls and plans as callers meet them.

use serde_json::{Value, json};

use crate::sim::messaging_tests::Player;

const CONFIG: &str = "route53-recovery-control-config";
const CLUSTER: &str = "route53-recovery-cluster";
const SWITCH: &str = "arc-region-switch";

/// A player with a cluster, two routing controls, and the rule that one of them is on.
fn player() -> (Player, Value, Value, Value) {
    let mut player = Player::new();
    let cluster = player.get(CONFIG, "CreateCluster", json!({"ClusterName": "c", "ClientToken": "t"}))["Cluster"].clone();
    assert_eq!(cluster["ClusterEndpoints"].as_array().unwrap().len(), 5);
    let again = player.get(CONFIG, "CreateCluster", json!({"ClusterName": "c", "ClientToken": "t"}))["Cluster"].clone();
    assert_eq!(again, cluster);
    let mut control = |name: &str| {
        let input = json!({"ClusterArn": cluster["ClusterArn"], "RoutingControlName": name});
        player.get(CONFIG, "CreateRoutingControl", input)["RoutingControl"].clone()
    };
    let (a, b) = (control("a"), control("b"));
    let panel = a["ControlPanelArn"].clone();
    let (a, b) = (a["RoutingControlArn"].clone(), b["RoutingControlArn"].clone());
    player.get(CLUSTER, "UpdateRoutingControlState", json!({"RoutingControlArn": a, "RoutingControlState": "On"}));
    let rule = json!({"AssertionRule": {
        "AssertedControls": [a, b], "ControlPanelArn": panel, "Name": "one-is-on", "WaitPeriodMs": 5000,
        "RuleConfig": {"Inverted": false, "Threshold": 1, "Type": "ATLEAST"},
    }});
    let rule = player.get(CONFIG, "CreateSafetyRule", rule)["AssertionRule"]["SafetyRuleArn"].clone();
    player.wait(10);
    (player, a, b, rule)
}

fn state(player: &mut Player, control: &Value) -> Value {
    player.get(CLUSTER, "GetRoutingControlState", json!({"RoutingControlArn": control}))["RoutingControlState"].clone()
}

#[test]
fn safety_rules_guard_controls_unless_they_are_overridden() {
    let (mut player, a, b, rule) = player();
    let off = json!({"RoutingControlArn": a, "RoutingControlState": "Off"});
    assert_eq!(player.refused(CLUSTER, "UpdateRoutingControlState", off.clone()), "ConflictException");
    let swap = json!({"UpdateRoutingControlStateEntries": [off, {"RoutingControlArn": b, "RoutingControlState": "On"}]});
    player.get(CLUSTER, "UpdateRoutingControlStates", swap);
    assert_eq!((state(&mut player, &a), state(&mut player, &b)), (json!("Off"), json!("On")));
    let b_off = json!({"RoutingControlArn": b, "RoutingControlState": "Off"});
    assert_eq!(player.refused(CLUSTER, "UpdateRoutingControlState", b_off.clone()), "ConflictException");
    let mut forced = b_off;
    forced["SafetyRulesToOverride"] = json!([rule]);
    player.get(CLUSTER, "UpdateRoutingControlState", forced);
    assert_eq!(state(&mut player, &b), "Off");
    player.region = "eu-central-1";
    assert_eq!(player.refused(CLUSTER, "ListRoutingControls", json!({})), "InvalidSignatureException");
    player.region = "ap-northeast-1";
    assert_eq!(player.get(CLUSTER, "ListRoutingControls", json!({}))["RoutingControls"].as_array().unwrap().len(), 2);
}

#[test]
fn a_health_check_follows_its_routing_control() {
    let (mut player, a, ..) = player();
    let config = json!({"CallerReference": "r", "HealthCheckConfig": {"Type": "RECOVERY_CONTROL", "RoutingControlArn": a}});
    let check = player.get("route53", "CreateHealthCheck", config)["HealthCheck"]["Id"].clone();
    let told = player.get(CONFIG, "ListAssociatedRoute53HealthChecks", json!({"RoutingControlArn": a}));
    assert_eq!(told["HealthCheckIds"], json!([check]));
    let status = |player: &mut Player| {
        let told = player.get("route53", "GetHealthCheckStatus", json!({"HealthCheckId": check}));
        told["HealthCheckObservations"][0]["StatusReport"]["Status"].as_str().unwrap().starts_with("Success")
    };
    assert!(status(&mut player));
    let (on, off) = ("On", "Off");
    let rules = player.get(
        CONFIG,
        "ListSafetyRules",
        json!({"ControlPanelArn": a.as_str().unwrap().split("/routingcontrol").next().unwrap()}),
    );
    let rule = rules["SafetyRules"][0]["ASSERTION"]["SafetyRuleArn"].clone();
    for (word, expected) in [(off, false), (on, true)] {
        let input = json!({"RoutingControlArn": a, "RoutingControlState": word, "SafetyRulesToOverride": [rule]});
        player.get(CLUSTER, "UpdateRoutingControlState", input);
        assert_eq!(status(&mut player), expected);
    }
}

#[test]
fn a_plan_is_carried_out_step_by_step_with_its_approval() {
    let (mut player, a, b, _) = player();
    let steps = json!([
        {"name": "approve", "executionBlockType": "ManualApproval",
            "executionBlockConfiguration": {"executionApprovalConfig": {"approvalRole": "arn:aws:iam::123456789012:role/a"}}},
        {"name": "route", "executionBlockType": "ARCRoutingControl", "executionBlockConfiguration": {"arcRoutingControlConfig": {
            "regionAndRoutingControls": {"us-west-2": [{"routingControlArn": a, "state": "Off"}, {"routingControlArn": b, "state": "On"}]}}}},
        {"name": "function", "executionBlockType": "CustomActionLambda", "executionBlockConfiguration": {"customActionLambdaConfig": {
            "retryIntervalMinutes": 1.0, "regionToRun": "activatingRegion",
            "lambdas": [{"arn": "arn:aws:lambda:us-west-2:123456789012:function:nope"}]}}},
    ]);
    let input = json!({
        "name": "shop", "regions": ["eu-west-1", "us-west-2"], "recoveryApproach": "activePassive", "primaryRegion": "eu-west-1",
        "executionRole": "arn:aws:iam::123456789012:role/r", "workflows": [{"workflowTargetAction": "activate", "steps": steps}],
    });
    let plan = player.get(SWITCH, "CreatePlan", input)["plan"]["arn"].clone();
    player.region = "us-west-2";
    let mut start = json!({"planArn": plan, "targetRegion": "us-west-2", "action": "activate", "mode": "ungraceful",
        "clientToken": "once"});
    let id = player.get(SWITCH, "StartPlanExecution", start.clone())["executionId"].clone();
    assert_eq!(player.get(SWITCH, "StartPlanExecution", start.clone())["executionId"], id, "one token, one execution");
    start["clientToken"] = "twice".into();
    assert_eq!(player.refused(SWITCH, "StartPlanExecution", start), "IllegalStateException");
    let ask = json!({"planArn": plan, "executionId": id});
    let told = player.get(SWITCH, "GetPlanExecution", ask.clone());
    assert_eq!(
        (&told["executionState"], &told["stepStates"][0]["status"]),
        (&json!("pendingManualApproval"), &json!("pendingApproval"))
    );
    let mut approval = ask.clone();
    approval["stepName"] = "approve".into();
    approval["approval"] = "approve".into();
    player.get(SWITCH, "ApprovePlanExecutionStep", approval);
    player.wait(20);
    assert_eq!((state(&mut player, &a), state(&mut player, &b)), (json!("Off"), json!("On")));
    let told = player.get(SWITCH, "GetPlanExecution", ask.clone());
    assert_eq!((&told["executionState"], &told["stepStates"][2]["status"]), (&json!("pausedByFailedStep"), &json!("failed")));
    let mut skip = ask.clone();
    skip["stepName"] = "function".into();
    skip["actionToTake"] = "skip".into();
    skip["comment"] = "not needed".into();
    player.get(SWITCH, "UpdatePlanExecutionStep", skip);
    let told = player.get(SWITCH, "GetPlanExecution", ask.clone());
    assert_eq!(told["executionState"], "completedWithExceptions");
    let (mut count, mut input) = (0, ask);
    input["maxResults"] = 2.into();
    loop {
        let page = player.get(SWITCH, "ListPlanExecutionEvents", input.clone());
        count += page["items"].as_array().unwrap().len();
        let Some(token) = page.get("nextToken") else { break };
        input["nextToken"] = token.clone();
    }
    assert_eq!(count, 11);
    player.region = "eu-central-1";
    assert_eq!(player.refused(SWITCH, "GetPlanInRegion", json!({"arn": plan})), "ResourceNotFoundException");
}
