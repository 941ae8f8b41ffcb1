//! CloudWatch: metrics as functions of time, alarms that follow them, and what is told about both.

pub mod alarms;
pub mod announce;
pub mod anomaly;
pub mod composite;
pub mod evaluate;
pub mod history;
pub mod index;
pub mod listing;
pub mod math;
pub mod metrics;
pub mod operations;
pub mod queries;

pub use alarms::CloudWatch;
pub use operations::{NOTE, OPERATIONS, answer};
