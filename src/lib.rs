//! lifeboat: a terminal console for bringing a workload on AWS back from backups after a disaster.
//!
//! The flow goes one way: feeds and the driver tell the [`store`], panes read it; an operator's order goes to the [`engine`], what it
//! decides goes to the [`journal`], and only what is durable there is carried out. `docs/architecture.md` has the map and the rules.

mod checkup;
pub mod cli;
pub mod clock;
pub mod cloud;
pub mod commands;
pub mod config;
pub mod console;
pub mod crash;
pub mod doctor;
pub mod document;
pub mod domain;
pub mod draft;
pub mod driver;
pub mod engine;
pub mod error;
pub mod feed;
pub mod gate;
pub mod journal;
mod list;
pub mod logging;
pub mod pattern;
pub mod plan;
pub mod query;
pub mod readiness;
pub mod report;
mod run;
pub mod sim;
pub mod store;
pub mod ui;

pub use run::run;
