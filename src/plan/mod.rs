//! A plan: one workload, its two sites, its objectives, its signals, its recovery steps, read from TOML and checked.
//!
//! Knows nothing of AWS's answers, of the engine's state or of the screen: everything that can be known from the file alone, and
//! nothing else.

mod action;
mod actions;
mod check;
mod file;
mod metadata;
mod names;
mod order;
mod setting;
mod step;
mod steps;
mod template;
mod workload;

pub use action::*;
pub use file::ReadPlan;
pub use metadata::{CarriedOver, carry_over};
pub use step::{Action, Check, RecordPatch, RestorePoint, Step};
pub use template::{JsonTemplate, Lookup, Reference, Template, TemplateFault};
pub use workload::{AlarmRef, HealthFilter, Objectives, Plan, Resource, SitePlan};
