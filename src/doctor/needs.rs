//! What panes and steps depend on: which read, of which site, answered by which Region's control plane.

use serde::Serialize;

use crate::domain::{Region, SiteName};
use crate::plan::{Action, Check, Deletion, Plan, ResourceCreate, Template, Wait};

/// A read that can be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Read {
    /// STS GetCallerIdentity.
    Identity,
    /// CloudWatch DescribeAlarms.
    Alarms,
    /// CloudWatch DescribeAlarmHistory.
    AlarmHistory,
    /// Health DescribeEvents.
    Health,
    /// SQS ReceiveMessage.
    Push,
    /// Backup ListProtectedResources.
    ProtectedResources,
    /// Backup ListRecoveryPointsByBackupVault, for each vault of the plan.
    Vaults,
    /// Backup ListRestoreJobs.
    RestoreJobs,
    /// CloudWatch ListAlarmMuteRules.
    MuteRules,
    /// CloudWatch GetMetricData, of one of the plan's alarms.
    Metrics,
    /// Backup ListBackupVaults.
    VaultList,
    /// Backup ListCopyJobs.
    CopyJobs,
    /// CloudFormation DescribeStacks.
    Stacks,
    /// DynamoDB DescribeTable.
    Tables,
    /// Systems Manager DescribeAutomationExecutions.
    Runbooks,
    /// Systems Manager DescribeOpsItems.
    OpsItems,
    /// Route 53 ListHostedZonesByName and ListResourceRecordSets.
    Records,
    /// Systems Manager ListCommands.
    Commands,
    /// Cloud Control GetResource, of the type that the step is about.
    Resources,
    /// S3 GetBucketVersioning.
    Versions,
    /// Lambda GetFunctionConfiguration.
    Functions,
    /// Step Functions DescribeStateMachine.
    StateMachines,
    /// SNS GetTopicAttributes.
    Topics,
    /// Route 53 GetHealthCheck.
    HealthChecks,
    /// GetRoutingControlState at the cluster's endpoints, which lie in Regions of their own.
    RoutingControls,
    /// Region switch GetPlanInRegion.
    SwitchPlans,
}

/// One dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// The pane, or the step by its id.
    pub of: String,
    /// The service that is asked.
    pub service: &'static str,
    /// The read that shows whether it can be.
    pub read: Read,
    /// Whose account.
    pub site: SiteName,
    /// The Region whose control plane answers.
    pub control_plane: Region,
    /// The zone, the alarm, the type or the thing that is read, where it is about one and the plan knows it before the day.
    pub about: Option<String>,
    /// Does it answer only while the primary Region is up, though it is not about the primary site?
    pub needs_primary: bool,
}

impl Need {
    /// What it is about, or `nobody`.
    pub(super) fn about_or<'a>(&'a self, nobody: &'a str) -> &'a str {
        self.about.as_deref().unwrap_or(nobody)
    }
}

/// Everything that the plan's panes and steps depend on, in their order.
pub fn needs(plan: &Plan, sts_region: &Region) -> Vec<Need> {
    let global = Region::new(Region::GLOBAL);
    let mut needs = Vec::new();
    let mut add = |of: &str, service, read, site: &SiteName, control_plane: &Region, about: Option<&str>| {
        needs.push(Need {
            of: of.to_owned(),
            service,
            read,
            site: site.clone(),
            control_plane: control_plane.clone(),
            about: about.map(str::to_owned),
            needs_primary: is_primary(plan, control_plane) && *site != SiteName::primary(),
        });
    };
    for site in plan.sites.values() {
        let (name, region) = (&site.name, &site.region);
        if site.role_arn.is_some() {
            add("pane Header", "STS AssumeRole", Read::Identity, name, sts_region, None);
        }
        add("pane Header", "STS", Read::Identity, name, region, None);
        add("pane Alarms", "CloudWatch", Read::Alarms, name, region, None);
        add("pane Alarms", "CloudWatch history", Read::AlarmHistory, name, region, None);
        add("pane Alarms", "CloudWatch mute rules", Read::MuteRules, name, region, None);
        if let Some(alarm) = plan.alarms.iter().find(|alarm| alarm.site == *name) {
            add("pane Alarms", "CloudWatch metrics", Read::Metrics, name, region, Some(&alarm.name));
        }
        if site.queue.is_some() {
            add("pane Alarms", "SQS push feed", Read::Push, name, region, None);
        }
        add("pane Recovery points", "Backup vaults", Read::Vaults, name, region, None);
        add("pane Recovery points", "Backup protected resources", Read::ProtectedResources, name, region, None);
        add("pane Recovery points", "Backup list of vaults", Read::VaultList, name, region, None);
        add("pane Recovery points", "Backup copy jobs", Read::CopyJobs, name, region, None);
        add("pane Recovery points", "Backup restore jobs", Read::RestoreJobs, name, region, None);
    }
    add("pane Health", "Health", Read::Health, &SiteName::primary(), &global, None);
    for step in &plan.steps {
        let Some(site) = plan.site(&step.site) else { continue };
        let Some((service, read, about)) = of_action(plan, &step.action) else { continue };
        let region = match &step.action {
            Action::Route53Change { .. } | Action::HealthCheckInvert(_) => &global,
            _ => &site.region,
        };
        add(&format!("step {}", step.id), service, read, &site.name, region, about.as_deref());
    }
    needs
}

/// The read by which an action finds its way; `None`: it waits for a person, or asks from outside, and needs no control plane of AWS.
fn of_action(plan: &Plan, action: &Action) -> Option<(&'static str, Read, Option<String>)> {
    let known = |template: &Template| template.resolve(plan).ok();
    Some(match action {
        Action::BackupRestore { .. } => ("Backup", Read::RestoreJobs, None),
        Action::BackupCopy(_) => ("Backup copy jobs", Read::CopyJobs, None),
        Action::SsmAutomation { .. } => ("Systems Manager", Read::Runbooks, None),
        Action::SsmOpsItem { .. } => ("Systems Manager OpsCenter", Read::OpsItems, None),
        Action::SsmRunCommand(_) => ("Systems Manager Run Command", Read::Commands, None),
        Action::Route53Change { zone, .. } => ("Route 53", Read::Records, Some(zone.clone())),
        Action::HealthCheckInvert(turn) => ("Route 53 health checks", Read::HealthChecks, known(&turn.id)),
        Action::ArcRoutingControl(_) => ("ARC routing controls", Read::RoutingControls, None),
        Action::ArcRegionSwitch(switch) => ("ARC Region switch", Read::SwitchPlans, known(&switch.plan)),
        Action::CloudFormationDeploy(_) | Action::Delete(Deletion::Stack(_)) => ("CloudFormation", Read::Stacks, None),
        Action::DynamoDbRestore(_) | Action::Delete(Deletion::Table(_)) => ("DynamoDB", Read::Tables, None),
        Action::CloudControlCreate(ResourceCreate { type_name, .. }) | Action::Delete(Deletion::Resource { type_name, .. }) => {
            ("Cloud Control", Read::Resources, Some(type_name.clone()))
        }
        Action::RdsRestore(restore) => ("Cloud Control", Read::Resources, Some(restore.kind.type_name().to_owned())),
        Action::S3Rewind(rewind) => ("S3", Read::Versions, known(&rewind.bucket)),
        Action::LambdaInvoke(invoke) => ("Lambda", Read::Functions, known(&invoke.function)),
        Action::StateMachineExecute(execute) => ("Step Functions", Read::StateMachines, known(&execute.state_machine)),
        Action::SnsPublish(publish) => ("SNS", Read::Topics, known(&publish.topic)),
        Action::Check(Check::AlarmOk { .. }) | Action::Wait(Wait::Alarm { .. }) => ("CloudWatch", Read::Alarms, None),
        Action::Manual { .. } | Action::Check(_) | Action::Wait(_) => return None,
    })
}

fn is_primary(plan: &Plan, region: &Region) -> bool {
    plan.site(&SiteName::primary()).is_some_and(|primary| primary.region == *region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shop_depends_on_no_control_plane_of_its_primary_but_for_watching_it() {
        let text = include_str!("../../assets/plans/shop.toml");
        let plan = Plan::parse("shop.toml", text).map_err(|faults| faults.render(text, false)).unwrap();
        let needs = needs(&plan, &Region::new("eu-central-1"));
        assert!(needs.iter().any(|need| need.of == "pane Health" && need.control_plane.as_str() == "us-east-1"));
        assert!(needs.iter().any(|need| need.read == Read::Records && need.about.is_some()));
        for need in &needs {
            assert!(!need.needs_primary, "{need:?}");
            assert!(need.site == SiteName::primary() || need.control_plane.as_str() != "eu-west-1", "{need:?}");
        }
        // Roles that the primary's STS issues cannot be had when it is gone.
        assert!(super::needs(&plan, &Region::new("eu-west-1")).iter().any(|need| need.needs_primary));
    }
}
