//! The kinds of steps that are played: what a plan says, what is there before, which calls are to take effect and how often.

use std::sync::Mutex;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use lifeboat::clock::Clock;
use lifeboat::driver::AnswerWanted;
use lifeboat::sim::World;
use lifeboat::sim::call::{Call, Caller, Services};
use serde_json::{Value, json};

/// One thing that a person confirms.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    /// The start of the step with this id.
    Start(&'static str),
    /// The answer to what the step asks: AWS's name of the signal.
    Answer(&'static str, &'static str),
    /// The stop of what the step began.
    Stop(&'static str),
}

impl Act {
    pub fn step(self) -> &'static str {
        match self {
            Self::Start(step) | Self::Answer(step, _) | Self::Stop(step) => step,
        }
    }

    /// What the driver is asked to prepare for it.
    pub fn wanted(self) -> Option<AnswerWanted> {
        match self {
            Self::Start(_) => None,
            Self::Answer(_, signal) => Some(AnswerWanted::Signal { signal: signal.to_owned(), comment: "once".to_owned() }),
            Self::Stop(_) => Some(AnswerWanted::Stop),
        }
    }
}

/// A kind of step, played in one way.
pub struct Kind {
    /// Its name in the figures.
    pub name: &'static str,
    /// The action of the plan that it stands for.
    pub action: &'static str,
    /// Step ids with their action and the keys under `with`.
    pub steps: &'static [(&'static str, &'static str, &'static str)],
    /// What is confirmed, in this order.
    pub acts: &'static [Act],
    /// AWS's operations that change something, and how often each has to take effect.
    pub effects: &'static [(&'static str, usize)],
}

const RESTORE: &str = r#"
resource = "orders-table"
role_arn = "arn:aws:iam::444455556666:role/lifeboat-restore"
drop = ["originalTableName"]
metadata = { targetTableName = "orders-${incident.id}", encryptionType = "Default" }"#;
const COPY: &str = r#"
resource = "orders-table"
role_arn = "arn:aws:iam::444455556666:role/lifeboat-restore"
to_vault = "arn:aws:backup:eu-west-1:111122223333:backup-vault:shop-primary""#;
const WARM: &str = r#"document = "shop-warm-caches""#;
const OPS_ITEM: &str = r#"
title = "recovery ${incident.id}"
description = "opened once""#;
const OPS_UPDATE: &str = r#"
update = "${steps.item.ops_item_id}"
status = "Resolved"
description = "resolved once""#;
const COMMAND: &str = r#"
document = "AWS-RunShellScript"
instances = ["i-0f00ba4deadbeef01"]
parameters = { commands = ["mount -a"] }"#;
const RECORDS: &str = r#"
zone = "shop.example.com"
records = [{ name = "once.shop.example.com", type = "TXT", values = ['"${incident.id}"'], ttl = 60 }]"#;
const TOPIC: &str = r#"
type = "AWS::SNS::Topic"
properties = { TopicName = "once-${incident.id}" }"#;
const STACK: &str = r#"
stack = "once-${incident.id}"
template = "once.json""#;
const TABLE: &str = r#"
source = "arn:aws:dynamodb:eu-central-1:444455556666:table/once-source"
target = "once-${incident.id}""#;
const DATABASE: &str = r#"
kind = "instance"
source = "once-source"
target = "once-${incident.id}""#;
const REWIND: &str = r#"
bucket = "once-${incident.id}"
to = "impact""#;

const CONTROLS: &str = r#"
controls = [
    { arn = "arn:aws:route53-recovery-control::444455556666:controlpanel/5d0b7c2e91f34a6885c2d1e07b3f9a64/routingcontrol/8a1e4f60b7c25d93", state = "Off" },
    { arn = "arn:aws:route53-recovery-control::444455556666:controlpanel/5d0b7c2e91f34a6885c2d1e07b3f9a64/routingcontrol/c47d03b9e6f1825a", state = "On" },
]
[step.with.endpoints]
ap-northeast-1 = "https://71f0c3a8.route53-recovery-cluster.ap-northeast-1.amazonaws.com/v1"
ap-southeast-2 = "https://71f0c3a8.route53-recovery-cluster.ap-southeast-2.amazonaws.com/v1"
eu-west-1 = "https://71f0c3a8.route53-recovery-cluster.eu-west-1.amazonaws.com/v1"
us-east-1 = "https://71f0c3a8.route53-recovery-cluster.us-east-1.amazonaws.com/v1"
us-west-2 = "https://71f0c3a8.route53-recovery-cluster.us-west-2.amazonaws.com/v1""#;
const FUNCTION: &str = r#"
function = "once-warm"
payload = { incident = "${incident.id}" }"#;
const WORKFLOW: &str = r#"
state_machine = "arn:aws:states:eu-central-1:444455556666:stateMachine:once-index"
input = { incident = "${incident.id}" }"#;
const MESSAGE: &str = r#"
topic = "arn:aws:sns:eu-central-1:444455556666:once-news"
message = "${incident.id}""#;
/// Each run has a plan of Region switch of its own, whose ARN is known when it is made.
const SWITCH_PLAN: &str = "@switch-plan@";
const SWITCH: &str = r#"
plan = "@switch-plan@""#;
const HEALTH_CHECK: &str = r#"
id = "3c1f5a20-7d44-4b0e-9a1c-6f2e8d5b4a01"
inverted = true"#;
const STACK_GONE: &str = r#"
stack = "once-${incident.id}""#;
const TOPIC_GONE: &str = r#"
type = "AWS::SNS::Topic"
identifier = "arn:aws:sns:eu-central-1:444455556666:once-${incident.id}""#;
const TABLE_GONE: &str = r#"
table = "once-${incident.id}""#;

/// Every action that changes AWS; some in more than one way, because an answer and a stop are calls of their own.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "backup.restore",
        action: "backup.restore",
        steps: &[("restore", "backup.restore", RESTORE)],
        acts: &[Act::Start("restore")],
        effects: &[("StartRestoreJob", 1)],
    },
    Kind {
        name: "backup.copy",
        action: "backup.copy",
        steps: &[("copy", "backup.copy", COPY)],
        acts: &[Act::Start("copy")],
        effects: &[("StartCopyJob", 1)],
    },
    Kind {
        name: "ssm.automation, approved",
        action: "ssm.automation",
        steps: &[("warm", "ssm.automation", WARM)],
        acts: &[Act::Start("warm"), Act::Answer("warm", "Approve")],
        effects: &[("StartAutomationExecution", 1), ("SendAutomationSignal", 1)],
    },
    Kind {
        name: "ssm.automation, stopped",
        action: "ssm.automation",
        steps: &[("warm", "ssm.automation", WARM)],
        acts: &[Act::Start("warm"), Act::Stop("warm")],
        effects: &[("StartAutomationExecution", 1), ("StopAutomationExecution", 1)],
    },
    Kind {
        name: "ssm.ops_item",
        action: "ssm.ops_item",
        steps: &[("item", "ssm.ops_item", OPS_ITEM), ("resolved", "ssm.ops_item", OPS_UPDATE)],
        acts: &[Act::Start("item"), Act::Start("resolved")],
        effects: &[("CreateOpsItem", 1), ("UpdateOpsItem", 1)],
    },
    Kind {
        name: "ssm.run_command",
        action: "ssm.run_command",
        steps: &[("command", "ssm.run_command", COMMAND)],
        acts: &[Act::Start("command")],
        effects: &[("SendCommand", 1)],
    },
    Kind {
        name: "route53.change",
        action: "route53.change",
        steps: &[("records", "route53.change", RECORDS)],
        acts: &[Act::Start("records")],
        effects: &[("ChangeResourceRecordSets", 1)],
    },
    Kind {
        name: "cloudcontrol.create",
        action: "cloudcontrol.create",
        steps: &[("topic", "cloudcontrol.create", TOPIC)],
        acts: &[Act::Start("topic")],
        effects: &[("CreateResource", 1)],
    },
    Kind {
        name: "cloudformation.deploy, executed",
        action: "cloudformation.deploy",
        steps: &[("stack", "cloudformation.deploy", STACK)],
        acts: &[Act::Start("stack"), Act::Answer("stack", "Approve")],
        effects: &[("CreateChangeSet", 1), ("ExecuteChangeSet", 1)],
    },
    Kind {
        name: "cloudformation.deploy, turned down",
        action: "cloudformation.deploy",
        steps: &[("stack", "cloudformation.deploy", STACK)],
        acts: &[Act::Start("stack"), Act::Answer("stack", "Reject")],
        effects: &[("CreateChangeSet", 1), ("DeleteChangeSet", 1)],
    },
    Kind {
        name: "dynamodb.restore_to_point_in_time",
        action: "dynamodb.restore_to_point_in_time",
        steps: &[("table", "dynamodb.restore_to_point_in_time", TABLE)],
        acts: &[Act::Start("table")],
        effects: &[("RestoreTableToPointInTime", 1)],
    },
    Kind {
        name: "rds.restore_to_point_in_time",
        action: "rds.restore_to_point_in_time",
        steps: &[("database", "rds.restore_to_point_in_time", DATABASE)],
        acts: &[Act::Start("database")],
        effects: &[("CreateResource", 1)],
    },
    Kind {
        name: "arc.routing_control",
        action: "arc.routing_control",
        steps: &[("controls", "arc.routing_control", CONTROLS)],
        acts: &[Act::Start("controls")],
        // One effect a control.
        effects: &[("UpdateRoutingControlStates", 2)],
    },
    Kind {
        name: "lambda.invoke",
        action: "lambda.invoke",
        steps: &[("function", "lambda.invoke", FUNCTION)],
        acts: &[Act::Start("function")],
        effects: &[("Invoke", 1)],
    },
    Kind {
        name: "stepfunctions.execute",
        action: "stepfunctions.execute",
        steps: &[("workflow", "stepfunctions.execute", WORKFLOW)],
        acts: &[Act::Start("workflow"), Act::Stop("workflow")],
        effects: &[("StartExecution", 1), ("StopExecution", 1)],
    },
    Kind {
        name: "sns.publish",
        action: "sns.publish",
        steps: &[("message", "sns.publish", MESSAGE)],
        acts: &[Act::Start("message")],
        effects: &[("Publish", 1)],
    },
    Kind {
        name: "s3.rewind",
        action: "s3.rewind",
        steps: &[("rewind", "s3.rewind", REWIND)],
        acts: &[Act::Start("rewind")],
        effects: &[("CopyObject", 2), ("DeleteObject", 1)],
    },
    Kind {
        name: "arc.region_switch",
        action: "arc.region_switch",
        steps: &[("switch", "arc.region_switch", SWITCH)],
        acts: &[Act::Start("switch"), Act::Answer("switch", "Approve")],
        effects: &[("StartPlanExecution", 1), ("ApprovePlanExecutionStep", 1)],
    },
    Kind {
        name: "route53.health_check",
        action: "route53.health_check",
        steps: &[("check", "route53.health_check", HEALTH_CHECK)],
        acts: &[Act::Start("check")],
        effects: &[("UpdateHealthCheck", 1)],
    },
    Kind {
        name: "cloudformation.delete",
        action: "cloudformation.delete",
        steps: &[("stack", "cloudformation.deploy", STACK), ("gone", "cloudformation.delete", STACK_GONE)],
        acts: &[Act::Start("stack"), Act::Answer("stack", "Approve"), Act::Start("gone")],
        effects: &[("ExecuteChangeSet", 1), ("DeleteStack", 1)],
    },
    Kind {
        name: "cloudcontrol.delete",
        action: "cloudcontrol.delete",
        steps: &[("gone", "cloudcontrol.delete", TOPIC_GONE)],
        acts: &[Act::Start("gone")],
        effects: &[("DeleteResource", 1)],
    },
    Kind {
        name: "dynamodb.delete_table",
        action: "dynamodb.delete_table",
        steps: &[("table", "dynamodb.restore_to_point_in_time", TABLE), ("gone", "dynamodb.delete_table", TABLE_GONE)],
        acts: &[Act::Start("table"), Act::Start("gone")],
        effects: &[("RestoreTableToPointInTime", 1), ("DeleteTable", 1)],
    },
];

/// The template of the stacks.
pub const TEMPLATE: &str = r#"{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}"#;

/// The plan of a kind: the shop's sites and resources, and its own steps.
pub fn plan_text(kind: &Kind, shop: &str, furnished: &Furnished) -> String {
    let mut text = shop.split("[[step]]").next().unwrap_or_default().to_owned();
    let mut before = String::new();
    for (id, action, with) in kind.steps {
        text.push_str(&format!(
            "\n[[step]]\nid = \"{id}\"\ntitle = \"{id}\"\nphase = \"restore\"\npart = \"data\"\nneeds = [{before}]\nlimit = \"20d\"\n\
             tail = []\naction = \"{action}\"\n[step.with]\n{with}\n"
        ));
        before = format!("\"{id}\"");
    }
    text.replace(SWITCH_PLAN, &furnished.switch_plan)
}

/// A call of somebody who is not a console, by whom things are made that a step needs.
pub fn call(world: &mut World, at: DateTime<Utc>, service: &'static str, operation: &str, input: Value) -> Value {
    let account = "444455556666".to_owned();
    let caller = Caller {
        arn: format!("arn:aws:iam::{account}:user/builder"),
        account,
        // A cluster answers in the Regions of its endpoints, and in no other.
        region: if service == "route53-recovery-cluster" { "us-west-2" } else { "eu-central-1" }.to_owned(),
        user_id: "AIDABUILDER0000000000".to_owned(),
    };
    let told = world.answer(Call { caller, service, operation: operation.to_owned(), input, at });
    told.unwrap_or_else(|refusal| panic!("{service} {operation}: {refusal:?}"))
}

/// What is there before any run.
pub fn furnish(world: &mut World, at: DateTime<Utc>) {
    call(world, at, "dynamodb", "CreateTable", table("once-source"));
    let on = json!({"TableName": "once-source", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}});
    call(world, at, "dynamodb", "UpdateContinuousBackups", on);
    let database = json!({"DBInstanceIdentifier": "once-source", "DBInstanceClass": "db.t4g.micro", "Engine": "postgres",
        "AllocatedStorage": 20, "MasterUsername": "once", "MasterUserPassword": "not-a-secret-1", "BackupRetentionPeriod": 7});
    call(world, at, "rds", "CreateDBInstance", database);
    let function = json!({"FunctionName": "once-warm", "Role": "arn:aws:iam::444455556666:role/f", "Runtime": "python3.12",
        "Handler": "f.f", "Code": {"ZipFile": STANDARD.encode("PK")}, "Environment": {"Variables": {"SIMULATED_RESPONSE": "{}"}}});
    call(world, at, "lambda", "CreateFunction", function);
    let definition = json!({"StartAt": "Pause", "States": {"Pause": {"Type": "Wait", "Seconds": 8_640_000, "End": true}}});
    let machine =
        json!({"name": "once-index", "definition": definition.to_string(), "roleArn": "arn:aws:iam::444455556666:role/f"});
    call(world, at, "states", "CreateStateMachine", machine);
    call(world, at, "sns", "CreateTopic", json!({"Name": "once-news"}));
}

fn table(name: &str) -> Value {
    let key = json!([{"AttributeName": "id", "AttributeType": "S"}]);
    json!({"TableName": name, "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": key,
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]})
}

/// What a run found made for it.
pub struct Furnished {
    /// The moment that a rewind goes back to.
    pub impact: DateTime<Utc>,
    /// The ARN of its plan of Region switch.
    switch_plan: String,
}

/// Makes what only this run needs.
pub fn furnish_run(world: &Mutex<World>, clock: &Clock, kind: &Kind, incident: &str) -> Furnished {
    let call = |service: &'static str, operation: &str, input: Value| {
        call(&mut world.lock().unwrap(), clock.now(), service, operation, input)
    };
    let name = format!("once-{incident}");
    let mut furnished = Furnished { impact: clock.now(), switch_plan: String::new() };
    match kind.action {
        "arc.routing_control" => {
            // As it was before any failover.
            let panel =
                "arn:aws:route53-recovery-control::444455556666:controlpanel/5d0b7c2e91f34a6885c2d1e07b3f9a64/routingcontrol";
            let entry =
                |id: &str, state: &str| json!({"RoutingControlArn": format!("{panel}/{id}"), "RoutingControlState": state});
            let back =
                json!({"UpdateRoutingControlStateEntries": [entry("8a1e4f60b7c25d93", "On"), entry("c47d03b9e6f1825a", "Off")]});
            call("route53-recovery-cluster", "UpdateRoutingControlStates", back);
        }
        "route53.health_check" => {
            let back = json!({"HealthCheckId": "3c1f5a20-7d44-4b0e-9a1c-6f2e8d5b4a01", "Inverted": false});
            call("route53", "UpdateHealthCheck", back);
        }
        "arc.region_switch" => {
            let approval = json!({"executionApprovalConfig": {"approvalRole": "arn:aws:iam::444455556666:role/a"}});
            let step = json!({"name": "Ask", "executionBlockType": "ManualApproval", "executionBlockConfiguration": approval});
            let plan = json!({"name": name, "executionRole": "arn:aws:iam::444455556666:role/s", "recoveryApproach": "activePassive",
                "regions": ["eu-central-1", "eu-west-1"], "primaryRegion": "eu-west-1",
                "workflows": [{"workflowTargetAction": "activate", "steps": [step]}]});
            let made = call("arc-region-switch", "CreatePlan", plan);
            furnished.switch_plan = made["plan"]["arn"].as_str().unwrap().to_owned();
        }
        "cloudcontrol.delete" => drop(call("sns", "CreateTopic", json!({"Name": name}))),
        "s3.rewind" => furnished.impact = spoil_bucket(&call, clock, &name),
        _ => {}
    }
    furnished
}

/// A bucket in which a good object was overwritten, one deleted and a bad one added; when that began.
fn spoil_bucket(call: &dyn Fn(&'static str, &str, Value) -> Value, clock: &Clock, bucket: &str) -> DateTime<Utc> {
    let put = |key: &str, text: &str| {
        call("s3", "PutObject", json!({"Bucket": bucket, "Key": key, "Body": STANDARD.encode(text)}));
    };
    let place = json!({"Bucket": bucket, "CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}});
    call("s3", "CreateBucket", place);
    let on = json!({"Bucket": bucket, "VersioningConfiguration": {"Status": "Enabled"}});
    call("s3", "PutBucketVersioning", on);
    ["overwritten", "deleted", "untouched"].iter().for_each(|key| put(key, "good"));
    clock.step(Duration::from_secs(60));
    let impact = clock.now();
    clock.step(Duration::from_secs(60));
    put("overwritten", "bad");
    call("s3", "DeleteObject", json!({"Bucket": bucket, "Key": "deleted"}));
    put("new", "bad");
    impact
}
