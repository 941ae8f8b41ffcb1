//! Application Recovery Controller's calls: routing controls, and executions of Region switch.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::shell_quoted;
use crate::domain::Region;

/// The parameters of UpdateRoutingControlStates, and where it is sent: to one of the cluster's endpoints after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RoutingControlStates {
    /// The cluster's endpoints by Region.
    pub endpoints: BTreeMap<Region, String>,
    /// The controls and the states that they are to have; all or none.
    pub update_routing_control_state_entries: Vec<RoutingControlEntry>,
    /// The ARNs of the safety rules that are not to stand in the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub safety_rules_to_override: Vec<String>,
}

/// One routing control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RoutingControlEntry {
    /// Which.
    pub routing_control_arn: String,
    /// `On` or `Off`.
    pub routing_control_state: String,
}

impl RoutingControlStates {
    /// The same as an AWS CLI command to the first endpoint; the others are lines of comment.
    pub(super) fn cli(&self) -> String {
        let entries = serde_json::to_string(&self.update_routing_control_state_entries).unwrap_or_default();
        let mut flags = format!(" --update-routing-control-state-entries {}", shell_quoted(&entries));
        if !self.safety_rules_to_override.is_empty() {
            let rules = serde_json::to_string(&self.safety_rules_to_override).unwrap_or_default();
            flags.push_str(&format!(" --safety-rules-to-override {}", shell_quoted(&rules)));
        }
        let line = |(number, (region, url)): (usize, (&Region, &String))| {
            let url = shell_quoted(url);
            match number {
                0 => format!(
                    "aws route53-recovery-cluster update-routing-control-states --region {region} --endpoint-url {url}{flags}"
                ),
                _ => format!("# or --region {region} --endpoint-url {url}"),
            }
        };
        self.endpoints.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// The parameters of Region switch's StartPlanExecution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanExecutionStart {
    /// The Region switch plan.
    pub plan_arn: String,
    /// The Region that is activated or deactivated.
    pub target_region: String,
    /// `activate` or `deactivate`.
    pub action: String,
    /// `graceful` or `ungraceful`.
    pub mode: String,
    /// For people; holds our token.
    pub comment: String,
    /// AWS's own token.
    pub client_token: String,
}

/// The parameters of Region switch's ApprovePlanExecutionStep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanStepApproval {
    /// The Region switch plan.
    pub plan_arn: String,
    /// Which execution of it.
    pub execution_id: String,
    /// Which step.
    pub step_name: String,
    /// `approve` or `decline`.
    pub approval: String,
    /// For AWS's record.
    pub comment: String,
}

/// The parameters of Region switch's UpdatePlanExecution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanExecutionUpdate {
    /// The Region switch plan.
    pub plan_arn: String,
    /// Which execution of it.
    pub execution_id: String,
    /// `resume`: a step that failed is tried again.
    pub action: String,
    /// For AWS's record.
    pub comment: String,
}

/// The parameters of Region switch's CancelPlanExecution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanExecutionCancellation {
    /// The Region switch plan.
    pub plan_arn: String,
    /// Which execution of it.
    pub execution_id: String,
    /// For AWS's record.
    pub comment: String,
}
