//! Application Recovery Controller: routing controls with their safety rules, and Region switch's plans.

mod config;
mod controls;
mod executions;
mod plans;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::sim::service::coverage::{Operation, changes, reads};

pub use config::answer as configure;
pub use controls::answer as control;
pub use executions::advance;
pub use plans::answer as switch;

/// What holds for routing controls' data plane.
pub const CLUSTER_NOTE: &str = "The five endpoints of a cluster are the five Regions that one signs for; in any other the credentials are refused. A fault of \
                                the scenario on a Region takes that endpoint away. Routing controls of one's own account only.";

/// What of routing controls' data plane is modelled.
pub const CLUSTER: &[Operation] = &[
    reads("GetRoutingControlState", ""),
    reads("ListRoutingControls", ""),
    changes("UpdateRoutingControlState", ""),
    changes("UpdateRoutingControlStates", "all of them or none"),
];

/// What holds for routing controls' control plane.
pub const CONFIG_NOTE: &str = "Answers in every Region, where AWS has it in us-west-2 alone. What is made is deployed at once.";

/// What of routing controls' control plane is modelled.
pub const CONFIG: &[Operation] = &[
    changes("CreateCluster", ""),
    changes("CreateControlPanel", ""),
    changes("CreateRoutingControl", ""),
    changes("CreateSafetyRule", ""),
    changes("DeleteCluster", ""),
    changes("DeleteControlPanel", ""),
    changes("DeleteRoutingControl", ""),
    changes("DeleteSafetyRule", ""),
    reads("DescribeCluster", ""),
    reads("DescribeControlPanel", ""),
    reads("DescribeRoutingControl", ""),
    reads("DescribeSafetyRule", ""),
    reads("ListAssociatedRoute53HealthChecks", ""),
    reads("ListClusters", ""),
    reads("ListControlPanels", ""),
    reads("ListRoutingControls", ""),
    reads("ListSafetyRules", ""),
    changes("UpdateControlPanel", ""),
    changes("UpdateRoutingControl", ""),
    changes("UpdateSafetyRule", ""),
];

/// What holds for Region switch.
pub const SWITCH_NOTE: &str = "Routing control steps change the controls, function steps invoke the function, approvals wait for one; every other step takes \
                               two minutes and does nothing. Triggers, reports and evaluations of resources are not modelled.";

/// What of Region switch is modelled.
pub const SWITCH: &[Operation] = &[
    changes("ApprovePlanExecutionStep", ""),
    changes("CancelPlanExecution", ""),
    changes("CreatePlan", ""),
    changes("DeletePlan", ""),
    reads("GetPlan", ""),
    reads("GetPlanEvaluationStatus", "always passed"),
    reads("GetPlanExecution", ""),
    reads("GetPlanInRegion", ""),
    reads("ListPlanExecutionEvents", ""),
    reads("ListPlanExecutions", ""),
    reads("ListPlans", ""),
    reads("ListPlansInRegion", ""),
    changes("StartPlanExecution", ""),
    changes("UpdatePlan", ""),
    changes("UpdatePlanExecution", ""),
    changes("UpdatePlanExecutionStep", ""),
];

/// The Regions of a cluster's endpoints.
pub const ENDPOINTS: [&str; 5] = ["us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1", "ap-southeast-2"];

/// What an account has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arc {
    /// By ARN: AWS's Cluster.
    pub clusters: BTreeMap<String, Value>,
    /// By ARN: AWS's ControlPanel, without its count.
    pub panels: BTreeMap<String, Value>,
    /// By ARN.
    pub controls: BTreeMap<String, Control>,
    /// By ARN: AWS's AssertionRule or GatingRule, under that name.
    pub rules: BTreeMap<String, Value>,
    /// What client tokens made: the answer.
    pub tokens: BTreeMap<String, Value>,
    /// Region switch's plans, by ARN.
    pub plans: BTreeMap<String, Plan>,
    /// Executions, the newest first: plan, when (negative milliseconds), number (negative).
    pub executions: BTreeMap<(String, i64, i64), executions::PlanExecution>,
}

/// A routing control.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Control {
    /// AWS's RoutingControl.
    pub members: Value,
    /// Is it on?
    pub on: bool,
    /// When it changed last.
    pub changed: Option<DateTime<Utc>>,
}

/// A plan of Region switch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// AWS's Plan.
    pub members: Value,
}

impl Arc {
    /// A cluster that is there from the beginning, with controls and rules whose ARNs are given. A control's panel is in its ARN.
    pub fn add(&mut self, arn: &str, name: &str, controls: &[(String, String, bool)], rules: &[(String, Value)]) {
        let account = arn.split(':').nth(4).unwrap_or_default();
        let id = arn.rsplit('/').next().unwrap_or_default();
        let id = id.get(..8).unwrap_or(id);
        let endpoints = ENDPOINTS.map(|region| {
            json!({"Endpoint": format!("https://{id}.route53-recovery-cluster.{region}.amazonaws.com/v1"), "Region": region})
        });
        let cluster = json!({
            "ClusterArn": arn, "ClusterEndpoints": endpoints, "Name": name, "Status": "DEPLOYED", "Owner": account, "NetworkType": "IPV4",
        });
        self.clusters.insert(arn.to_owned(), cluster);
        for (control, name, on) in controls {
            let panel = control.split("/routingcontrol/").next().unwrap_or_default();
            let made = json!({
                "ClusterArn": arn, "ControlPanelArn": panel, "DefaultControlPanel": true, "Name": "DefaultControlPanel",
                "Status": "DEPLOYED", "Owner": account,
            });
            self.panels.entry(panel.to_owned()).or_insert(made);
            let members = json!({"ControlPanelArn": panel, "Name": name, "RoutingControlArn": control, "Status": "DEPLOYED", "Owner": account});
            self.controls.insert(control.clone(), Control { members, on: *on, changed: None });
        }
        self.rules.extend(rules.iter().cloned());
    }

    /// Is the routing control with this ARN on? `None`: there is none.
    pub fn is_on(&self, control: &str) -> Option<bool> {
        self.controls.get(control).map(|control| control.on)
    }
}
