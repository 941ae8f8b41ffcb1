//! A plan: one workload, its two sites, its objectives, its signals, its recovery steps, read from TOML and checked.
//!
//! Knows nothing of AWS's answers, of the engine's state or of the screen: everything that can be known from the file alone, and
//! nothing else.

mod action;
mod actions;
mod asked;
mod check;
mod condition;
mod file;
mod fmt;
mod graph;
mod metadata;
mod names;
mod notices;
mod order;
mod picture;
mod schema;
mod setting;
mod step;
mod steps;
mod template;
mod workload;

pub use action::*;
pub use asked::{Choice, ValueType, Variable};
pub use file::ReadPlan;
pub use fmt::formatted;
pub use graph::Graph;
pub use metadata::{CarriedOver, carry_over, missing_metadata};
pub use notices::NoticePlan;
pub use picture::{graph_svg, graph_text};
pub use schema::schema;
pub use step::{Action, Check, NameServers, RecordPatch, RestorePoint, Step};
pub use template::{JsonTemplate, Lookup, Reference, Template, TemplateFault};
pub use workload::{AlarmRef, HealthFilter, Objectives, Plan, Resource, SitePlan};
