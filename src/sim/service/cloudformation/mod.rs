//! CloudFormation: stacks and change sets, whose resources are made through the calls of their own services.

pub mod changes;
mod functions;
pub mod operations;
mod requests;
mod sets;
pub mod stacks;
mod template;
pub mod work;

pub use operations::{NOTE, OPERATIONS, answer};
pub use sets::restored;
pub use stacks::CloudFormation;
