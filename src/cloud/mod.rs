//! Asks AWS: the read-only clients, returning the types of `domain`.
//!
//! What flows in are settings of sites and questions; out come domain types or a [`crate::domain::Problem`]. Nothing in here changes
//! anything in AWS, and nothing in here knows of the journal, the store or the screen. The room that does change AWS builds its own
//! clients from the same [`Connection`], with the retries that it chooses ([`Retries`]).
//!
//! Texts from AWS are passed on as they are; who shows them makes them safe to show.

mod backup;
mod base;
mod budget;
mod cloudcontrol;
mod cloudformation;
mod cloudwatch;
mod codes;
mod credentials;
pub mod dns;
mod dynamodb;
mod elsewhere;
mod error;
mod health;
mod health_org;
mod lambda;
mod listing;
mod older_protocol;
mod record;
mod regionswitch;
mod route53;
mod routingcontrol;
mod s3;
mod site;
mod sites;
mod sns;
mod sqs;
mod ssm;
mod stepfunctions;
mod sts;
#[cfg(test)]
mod stub;
mod time;

pub use backup::{Backup, CopyJobRecord};
pub use base::{Base, Timeouts};
pub use cloudcontrol::{CloudControl, ResourceRequest};
pub use cloudformation::{ChangeSet, CloudFormation, ResourceChange, Stack, StackEvent, StackOutline};
pub use cloudwatch::CloudWatch;
pub use codes::Effect;
pub use credentials::Access;
pub use dynamodb::{DynamoDb, Restorable, TableState};
pub use elsewhere::{Others, Window};
pub use error::problem;
pub use health::{ActiveRegion, Health, HealthFilter};
pub use lambda::{Function, Lambda};
pub use listing::{Listing, Sink};
pub use record::{CallNote, ClockOffset, Noting, Recorder};
pub use regionswitch::{RegionSwitch, SwitchExecution, SwitchPlan};
pub use route53::{ChangeStatus, HealthCheckSetting, HealthCheckStatus, HostedZone, Observation, Route53};
pub use routingcontrol::{EndpointTurn, RoutingControl, RoutingControls};
pub use s3::{ObjectVersion, S3};
pub(crate) use site::client;
pub use site::{Connection, Retries, SiteSettings};
pub use sites::{SiteClients, Sites};
pub use sns::Sns;
pub use sqs::Queue;
pub use ssm::{
    Automation, AutomationStep, AutomationSummary, CommandRecord, Document, InvocationRecord, OpsItemRecord, Ssm, WaitsFor,
};
pub use stepfunctions::{Execution, StateMachine, StatePassed, StepFunctions};
pub use sts::Sts;
pub use time::{to_aws, to_utc};
