//! AWS Backup: vaults, recovery points, and restore jobs that take their time.

pub mod copies;
pub mod jobs;
mod locks;
pub mod made;
pub mod operations;
pub mod plans;
pub mod points;
pub mod restore;
pub mod rows;
pub mod rules;

pub use operations::{NOTE, OPERATIONS, answer};
pub use points::Backup;
