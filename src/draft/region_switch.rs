//! An ARC Region switch plan as a plan: the workflow that brings the workload to the other Region, its blocks as steps.
//!
//! Source: ARC Region switch API reference, GetPlan. Each block becomes a manual step that says what the block did, for a person to
//! settle; blocks of a parallel block become a group.

use serde_json::Value;

use super::{Ids, id, quoted};

/// The sections that an imported plan cannot know.
pub(super) const SETTING: &str = "# settle: the objectives that were agreed\nobjectives = { rto = \"4h\", rpo = \"1h\" }\n\n\
    # settle: the two sites\nsites.primary = { account = \"000000000000\", region = \"us-east-1\" }\n\
    sites.recovery = { account = \"000000000000\", region = \"us-west-2\" }\n";

/// A plan from the JSON of `aws arc-region-switch get-plan`.
///
/// # Errors
/// A sentence that says why it is no such plan.
pub fn from_region_switch(json: &str) -> Result<String, String> {
    let answer: Value = serde_json::from_str(json).map_err(|error| format!("not JSON: {error}"))?;
    let plan = if answer["plan"].is_object() { &answer["plan"] } else { &answer };
    let workflows = plan["workflows"].as_array().filter(|all| !all.is_empty());
    let workflows = workflows.ok_or("it has no workflows: expected the answer of `aws arc-region-switch get-plan`")?;
    let name = plan["name"].as_str().unwrap_or("region-switch");
    let regions: Vec<&str> = plan["regions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let primary = plan["primaryRegion"].as_str().or(regions.first().copied()).unwrap_or("us-east-1");
    let recovery = regions.iter().copied().find(|region| *region != primary).unwrap_or("us-west-2");
    let account = plan["arn"].as_str().and_then(|arn| arn.split(':').nth(4)).filter(|account| account.len() == 12);
    let minutes = plan["recoveryTimeObjectiveMinutes"].as_u64().filter(|minutes| *minutes > 0);
    let mut out = format!(
        "# Written by `lifeboat plan import region-switch` from {}. Everything marked `settle:` is a guess for a person to settle.\n\n\
         format = 1\nname = {}\ntitle = {}\n\n[objectives]\n",
        plan["arn"].as_str().unwrap_or(name),
        quoted(&id(name)),
        quoted(plan["description"].as_str().filter(|text| !text.trim().is_empty()).unwrap_or(name)),
    );
    out.push_str(&match minutes {
        Some(minutes) => format!("rto = \"{minutes}m\"\n"),
        None => "# settle: the recovery time objective\nrto = \"4h\"\n".to_owned(),
    });
    out.push_str("# settle: Region switch knows no recovery point objective\nrpo = \"1h\"\n");
    for (site, region) in [("primary", primary), ("recovery", recovery)] {
        let settle = if account.is_none() { "# settle: the account\n" } else { "" };
        let account = account.unwrap_or("000000000000");
        out.push_str(&format!("\n[sites.{site}]\n{settle}account = \"{account}\"\nregion = {}\n", quoted(region)));
    }
    let (workflow, note) = chosen(workflows, recovery);
    out.push_str(&format!("\n# settle: {note}\n"));
    let mut ids = Ids::default();
    let mut before: Vec<String> = Vec::new();
    for block in workflow["steps"].as_array().into_iter().flatten() {
        let needs = before.iter().map(|id| quoted(id)).collect::<Vec<_>>().join(", ");
        let parallel = &block["executionBlockConfiguration"]["parallelConfig"]["steps"];
        before = match parallel.as_array() {
            Some(inner) => {
                let group = format!("{}-group", ids.take(block["name"].as_str().unwrap_or("parallel")));
                inner.iter().map(|block| step(&mut out, &mut ids, block, &needs, Some(&group))).collect()
            }
            None => vec![step(&mut out, &mut ids, block, &needs, None)],
        };
    }
    if before.is_empty() {
        return Err("its workflow has no steps".to_owned());
    }
    Ok(out)
}

/// The workflow that activates the recovery Region, or else the first.
fn chosen<'a>(workflows: &'a [Value], recovery: &str) -> (&'a Value, String) {
    let activates = |workflow: &&Value| {
        workflow["workflowTargetAction"] == "activate"
            && workflow["workflowTargetRegion"].as_str().is_none_or(|region| region == recovery)
    };
    let others = workflows.len() - 1;
    match workflows.iter().find(activates) {
        Some(workflow) => (workflow, format!("this is the workflow that activates {recovery}; {others} others are left out")),
        None => (&workflows[0], format!("no workflow activates {recovery}: this is the first; {others} others are left out")),
    }
}

fn step(out: &mut String, ids: &mut Ids, block: &Value, needs: &str, group: Option<&str>) -> String {
    let title = block["name"].as_str().unwrap_or("step");
    let step_id = ids.take(title);
    let kind = block["executionBlockType"].as_str().unwrap_or_default();
    let routes = matches!(kind, "ARCRoutingControl" | "Route53HealthCheck");
    out.push_str(&format!("\n[[step]]\nid = {}\ntitle = {}\n", quoted(&step_id), quoted(title)));
    if let Some(about) = block["description"].as_str().filter(|text| !text.trim().is_empty()) {
        out.push_str(&format!("about = {}\n", quoted(about)));
    }
    out.push_str("# settle: restore or fail-over, and which part\n");
    // What comes behind traffic is not known to be traffic too, and a restore step cannot need a fail-over step: all are of one phase.
    out.push_str("phase = \"fail-over\"\n");
    if let Some(group) = group {
        out.push_str(&format!("group = {}\n", quoted(group)));
    }
    if !needs.is_empty() {
        out.push_str(&format!("needs = [{needs}]\n"));
    }
    let minutes = minutes(&block["executionBlockConfiguration"]);
    if let Some(minutes) = minutes.filter(|minutes| *minutes > 0) {
        out.push_str(&format!("limit = \"{minutes}m\"\n"));
    }
    if kind == "ManualApproval" {
        out.push_str(
            "confirm = \"second-person\"\naction = \"manual\"\nwith.instructions = \"Approve that the recovery goes on.\"\n",
        );
        return step_id;
    }
    if routes {
        out.push_str("confirm = \"type\"\n");
    }
    let configuration = block["executionBlockConfiguration"].to_string().replace("${", "$ {");
    out.push_str(&format!(
        "# settle: a block of the kind {kind}: which step does the same here?\naction = \"manual\"\nwith.instructions = {}\n",
        quoted(&format!("{kind}: {configuration}"))
    ));
    step_id
}

/// The time limit of a block, wherever its configuration has it.
fn minutes(configuration: &Value) -> Option<u64> {
    configuration.as_object()?.values().find_map(|of| of["timeoutMinutes"].as_u64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Strength;
    use crate::plan::Plan;

    const ANSWER: &str = r#"{"plan": {
        "arn": "arn:aws:arc-region-switch::111122223333:plan/shop:abc123", "name": "Shop failover", "regions": ["eu-west-1", "eu-central-1"],
        "primaryRegion": "eu-west-1", "recoveryTimeObjectiveMinutes": 90,
        "workflows": [
            {"workflowTargetAction": "deactivate", "workflowTargetRegion": "eu-west-1", "steps": [{"name": "x", "executionBlockType": "ManualApproval"}]},
            {"workflowTargetAction": "activate", "workflowTargetRegion": "eu-central-1", "steps": [
                {"name": "Approve", "executionBlockType": "ManualApproval", "executionBlockConfiguration": {"executionApprovalConfig": {"approvalRole": "arn:aws:iam::111122223333:role/a", "timeoutMinutes": 30}}},
                {"name": "Scale", "executionBlockType": "Parallel", "executionBlockConfiguration": {"parallelConfig": {"steps": [
                    {"name": "Web", "executionBlockType": "EC2AutoScaling", "executionBlockConfiguration": {"ec2AsgCapacityIncreaseConfig": {"targetPercent": 100}}},
                    {"name": "Api", "executionBlockType": "ECSServiceScaling", "executionBlockConfiguration": {}}]}}},
                {"name": "Route", "executionBlockType": "ARCRoutingControl", "executionBlockConfiguration": {"arcRoutingControlConfig": {"timeoutMinutes": 10}}}]}]}}"#;

    #[test]
    fn a_region_switch_plan_becomes_a_sound_plan_of_its_activating_workflow() {
        let text = from_region_switch(ANSWER).unwrap();
        let plan = Plan::parse("imported.toml", &text).unwrap_or_else(|faults| panic!("{faults}\n{text}"));
        let ids: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
        assert_eq!(ids, ["approve", "web", "api", "route"]);
        assert_eq!(plan.groups()["scale-group"].len(), 2);
        assert_eq!(plan.steps[3].needs.len(), 2);
        assert_eq!(plan.steps[0].strength, Strength::SecondPerson);
        assert_eq!(plan.objectives.rto.as_secs(), 90 * 60);
        assert!(text.contains("account = \"111122223333\""));
        assert!(from_region_switch("{}").unwrap_err().contains("no workflows"));
    }
}
