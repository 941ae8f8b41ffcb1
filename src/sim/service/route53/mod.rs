//! Route 53: hosted zones, changes that take their time to reach the name servers, health checks, and what DNS answers.

pub mod batch;
pub mod checks;
pub mod manage;
pub mod operations;
pub mod resolve;
pub mod zones;

pub use operations::{NOTE, OPERATIONS, answer};
pub use resolve::resolve;
pub use zones::Route53;
