//! One recovery step: an action with parameters, prerequisites, a confirmation, a time limit.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::domain::{Condition, Part, Phase, Region, SiteName, StepId, Strength};

use super::{
    BucketRewind, DatabaseRestore, Deletion, FunctionInvoke, HealthCheckTurn, PointInTime, RecoveryPointCopy, Reference,
    RegionSwitchStart, ResourceCreate, RoutingControlSwitch, RunCommand, StackDeploy, StateMachineExecute, TableRestoreTo,
    Template, TopicPublish, Wait,
};

/// One step of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Unique within the plan.
    pub id: StepId,
    /// One line for people.
    pub title: String,
    /// What to know before confirming it, for somebody who is tired.
    pub about: Option<String>,
    /// `restore` or `fail-over`.
    pub phase: Phase,
    /// For the restore phase.
    pub part: Option<Part>,
    /// Where it acts.
    pub site: SiteName,
    /// The steps that must have ended well, been skipped or been ruled out before.
    pub needs: Vec<StepId>,
    /// The steps with the same name here need nothing of each other and run side by side.
    pub group: Option<String>,
    /// When it applies; always if nothing is said.
    pub when: Option<Condition>,
    /// How it must be confirmed.
    pub strength: Strength,
    /// How long it may take before it counts as timed out.
    pub limit: Duration,
    /// How long it is expected to take.
    pub expect: Option<Duration>,
    /// How to take it back, in words.
    pub undo: Option<String>,
    /// What is to be done after it, by a person, before what it made is of use; `None`: what is known of the action.
    pub tail: Option<Vec<String>>,
    /// The step that takes it back, if there is one.
    pub undone_by: Option<StepId>,
    /// The step that this one takes back: then it is done only if somebody asks for that.
    pub undoes: Option<StepId>,
    /// The Region whose control plane it needs, where the plan says so.
    pub control_plane: Option<Region>,
    /// What it does.
    pub action: Action,
    /// Everything that its texts refer to.
    pub references: Vec<Reference>,
    /// Where it stands in the file, 1-based.
    pub line: usize,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// `backup.restore`: AWS Backup StartRestoreJob, then the job to its end.
    BackupRestore {
        /// The plan's name of the resource.
        resource: String,
        /// Which recovery point.
        point: RestorePoint,
        /// To which moment, from a continuous backup.
        to: Option<PointInTime>,
        /// Keys that replace or add to the backed-up metadata.
        metadata: BTreeMap<String, Template>,
        /// Keys of the backed-up metadata that are not passed on.
        drop: Vec<String>,
        /// The role that AWS Backup assumes.
        role_arn: Template,
        /// Copy the tags of the source.
        copy_tags: bool,
    },
    /// `ssm.automation`: StartAutomationExecution, then the execution to its end, its approvals answered in the wizard.
    SsmAutomation {
        /// The runbook.
        document: Template,
        /// Its version.
        version: Option<String>,
        /// Its parameters.
        parameters: BTreeMap<String, Vec<Template>>,
    },
    /// `route53.change`: ChangeResourceRecordSets, then INSYNC.
    Route53Change {
        /// The zone's name, such as `shop.example.com`.
        zone: String,
        /// What is to be different about which records.
        records: Vec<RecordPatch>,
    },
    /// `ssm.ops_item`: opens an OpsItem, or brings the one that another step opened to a new status.
    SsmOpsItem {
        /// Its title.
        title: Template,
        /// Its text.
        description: Template,
        /// `1` to `4`.
        severity: Option<String>,
        /// `Availability`, `Recovery`, …
        category: Option<String>,
        /// The OpsItem to bring to `status` instead of opening one.
        update: Option<Template>,
        /// The new status: `Open`, `InProgress`, `Resolved`.
        status: Option<String>,
    },
    /// `cloudcontrol.create`: Cloud Control CreateResource, then the request to its end.
    CloudControlCreate(ResourceCreate),
    /// `cloudformation.deploy`: CreateChangeSet, and once it was shown and confirmed ExecuteChangeSet, then the stack to its end.
    CloudFormationDeploy(StackDeploy),
    /// `dynamodb.restore_to_point_in_time`: RestoreTableToPointInTime, then the table until it is active.
    DynamoDbRestore(TableRestoreTo),
    /// `rds.restore_to_point_in_time`: a DB instance or cluster from its automated backups, by Cloud Control.
    RdsRestore(DatabaseRestore),
    /// `backup.copy`: AWS Backup StartCopyJob, then the job to its end.
    BackupCopy(RecoveryPointCopy),
    /// `s3.rewind`: the objects of a bucket as they were at a moment.
    S3Rewind(BucketRewind),
    /// `ssm.run_command`: SendCommand, then the command to its end on every machine.
    SsmRunCommand(RunCommand),
    /// `arc.routing_control`: UpdateRoutingControlStates at a cluster's endpoints, then the states until they are so.
    ArcRoutingControl(RoutingControlSwitch),
    /// `lambda.invoke`: Invoke, once.
    LambdaInvoke(FunctionInvoke),
    /// `stepfunctions.execute`: StartExecution, then the execution to its end; a retry redrives it.
    StateMachineExecute(StateMachineExecute),
    /// `sns.publish`: Publish, once.
    SnsPublish(TopicPublish),
    /// `arc.region_switch`: StartPlanExecution, then the execution to its end, its approvals answered in the wizard.
    ArcRegionSwitch(RegionSwitchStart),
    /// `route53.health_check`: UpdateHealthCheck, Inverted.
    HealthCheckInvert(HealthCheckTurn),
    /// `cloudformation.delete`, `cloudcontrol.delete`, `dynamodb.delete_table`: what a step made, then until it is gone.
    Delete(Deletion),
    /// `wait`: for a while, until a time, until an alarm is in a state.
    Wait(Wait),
    /// `manual`: tells a person what to do, and waits until they say that it is done.
    Manual {
        /// What to do.
        instructions: Template,
    },
    /// `check`: reads until a condition holds.
    Check(Check),
}

/// Which recovery point a restore uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestorePoint {
    /// The newest usable one in the site's vaults.
    Newest,
    /// The continuous backup in the site's vaults.
    Continuous,
    /// This one.
    Arn(String),
}

/// Which name servers a check asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameServers {
    /// The machine's resolver.
    Resolver,
    /// This one.
    At(SocketAddr),
    /// All those that answer for the name's zone.
    Authoritative,
}

/// What a `check` step waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// An alarm is OK, and has been for a while.
    AlarmOk {
        /// Its name.
        alarm: String,
        /// For how long without a break.
        held: Duration,
    },
    /// A name is answered with this value.
    Dns {
        /// The name.
        name: String,
        /// `A`, `AAAA`, `CNAME`, `TXT`.
        kind: String,
        /// The value expected among the answers.
        expect: String,
        /// Who is asked.
        servers: NameServers,
        /// Is it also waited for as long as resolvers may keep what they were told before?
        waits_ttl: bool,
    },
    /// A URL answers as expected.
    Http {
        /// `http://` or `https://`.
        url: Template,
        /// The status expected.
        status: u16,
        /// Name and value of a header that must be in the answer.
        header: Option<(String, String)>,
        /// A text that must be in the body.
        contains: Option<String>,
    },
}

/// What is to be different about one record: everything that is not named stays as it is found.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordPatch {
    /// The record's name, with or without the final dot.
    pub name: String,
    /// `A`, `CNAME`, …
    pub kind: String,
    /// Tells records of one name and type apart.
    pub set_identifier: Option<String>,
    /// The new weight, 0 to 255.
    pub weight: Option<i64>,
    /// `PRIMARY` or `SECONDARY`, for a failover record.
    pub failover: Option<String>,
    /// The health check that it is to follow; an empty text for none.
    pub health_check: Option<Template>,
    /// The new values.
    pub values: Option<Vec<Template>>,
    /// The new TTL in seconds.
    pub ttl: Option<i64>,
}

impl Step {
    /// The Region whose control plane it needs, called in `region`: what the plan says, else what its action needs. `None`: none.
    pub fn needs_control_plane<'a>(&'a self, region: &'a Region) -> Option<&'a str> {
        match (&self.control_plane, &self.action) {
            (Some(region), _) => Some(region.as_str()),
            (None, Action::Route53Change { .. } | Action::HealthCheckInvert(_)) => Some(Region::GLOBAL),
            // A cluster's endpoints are a data plane.
            (None, Action::ArcRoutingControl(_)) => None,
            (None, action) => action.changes_aws().then_some(region.as_str()),
        }
    }
}

impl Action {
    /// The action's name in plan files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::BackupRestore { .. } => "backup.restore",
            Self::SsmAutomation { .. } => "ssm.automation",
            Self::Route53Change { .. } => "route53.change",
            Self::SsmOpsItem { .. } => "ssm.ops_item",
            Self::CloudControlCreate(_) => "cloudcontrol.create",
            Self::CloudFormationDeploy(_) => "cloudformation.deploy",
            Self::DynamoDbRestore(_) => "dynamodb.restore_to_point_in_time",
            Self::RdsRestore(_) => "rds.restore_to_point_in_time",
            Self::BackupCopy(_) => "backup.copy",
            Self::S3Rewind(_) => "s3.rewind",
            Self::SsmRunCommand(_) => "ssm.run_command",
            Self::ArcRoutingControl(_) => "arc.routing_control",
            Self::LambdaInvoke(_) => "lambda.invoke",
            Self::StateMachineExecute(_) => "stepfunctions.execute",
            Self::SnsPublish(_) => "sns.publish",
            Self::ArcRegionSwitch(_) => "arc.region_switch",
            Self::HealthCheckInvert(_) => "route53.health_check",
            Self::Delete(Deletion::Stack(_)) => "cloudformation.delete",
            Self::Delete(Deletion::Resource { .. }) => "cloudcontrol.delete",
            Self::Delete(Deletion::Table(_)) => "dynamodb.delete_table",
            Self::Wait(_) => "wait",
            Self::Manual { .. } => "manual",
            Self::Check(_) => "check",
        }
    }

    /// Does it change AWS? If so it needs a confirmation and goes through the gate.
    pub fn changes_aws(&self) -> bool {
        !matches!(self, Self::Manual { .. } | Self::Check(_) | Self::Wait(_))
    }

    /// The outputs that later steps may refer to. `None`: any name, known only when it runs.
    pub fn outputs(&self) -> Option<&'static [&'static str]> {
        match self {
            Self::BackupRestore { .. } => {
                Some(&["created_resource_arn", "created_resource_id", "restore_job_id", "recovery_point_arn"])
            }
            Self::SsmAutomation { .. } => None,
            Self::Route53Change { .. } => Some(&["change_id"]),
            Self::SsmOpsItem { .. } => Some(&["ops_item_id"]),
            Self::CloudControlCreate(_) | Self::CloudFormationDeploy(_) | Self::RdsRestore(_) => None,
            Self::DynamoDbRestore(_) => Some(&["table_arn", "table_name"]),
            Self::BackupCopy(_) => Some(&["recovery_point_arn", "copy_job_id"]),
            Self::S3Rewind(_) => Some(&["bucket", "objects"]),
            Self::SsmRunCommand(_) => Some(&["command_id", "output"]),
            Self::ArcRoutingControl(_) => Some(&["states"]),
            Self::LambdaInvoke(_) | Self::StateMachineExecute(_) => None,
            Self::SnsPublish(_) => Some(&["message_id"]),
            Self::ArcRegionSwitch(_) => Some(&["execution_id", "recovery_time"]),
            Self::HealthCheckInvert(_) => Some(&["health_check_version"]),
            Self::Delete(_) => Some(&[]),
            Self::Wait(_) => Some(&["seen"]),
            Self::Manual { .. } => Some(&[]),
            Self::Check(_) => Some(&["seen"]),
        }
    }
}
