//! The parameters of actions, one file an AWS service: the keys under `[step.with]`, read and checked.
//!
//! Each has a `read` that takes the table and gives the parameters, or `None` after it has said what is wrong.

mod arc;
mod backup;
mod call;
mod cloudcontrol;
mod cloudformation;
mod delete;
mod point_in_time;
mod rewind;
mod run_command;
mod wait;

pub use arc::{HealthCheckTurn, RegionSwitchStart, RoutingControlSwitch};
pub use backup::RecoveryPointCopy;
pub use call::{FunctionInvoke, StateMachineExecute, TopicPublish};
pub use cloudcontrol::ResourceCreate;
pub use cloudformation::StackDeploy;
pub use delete::Deletion;
pub use point_in_time::{DatabaseKind, DatabaseRestore, PointInTime, TableRestoreTo};
pub use rewind::BucketRewind;
pub use run_command::RunCommand;
pub use wait::Wait;

use std::collections::BTreeMap;

use super::Template;
use super::steps::Context;
use crate::document::Table;

/// A table whose values are templates.
fn templates(table: &Table<'_>, key: &str, context: &Context<'_>) -> BTreeMap<String, Template> {
    let Some(inner) = table.table(key) else { return BTreeMap::new() };
    inner.keys().into_iter().filter_map(|key| context.template(&inner, &key).map(|value| (key, value))).collect()
}

/// A table whose values are templates or lists of them.
fn template_lists(table: &Table<'_>, key: &str, context: &Context<'_>) -> BTreeMap<String, Vec<Template>> {
    let Some(inner) = table.table(key) else { return BTreeMap::new() };
    let list = |key: &String| {
        let texts = inner.text_or_texts_at(key).into_iter();
        texts.filter_map(|(text, span)| context.template_at(&inner, &text, span)).collect()
    };
    inner.keys().into_iter().map(|key| (key.clone(), list(&key))).collect()
}
