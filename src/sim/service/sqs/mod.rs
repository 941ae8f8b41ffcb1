//! SQS: queues, messages with their visibility, and dead letters.

pub mod messages;
pub mod operations;
pub mod queues;

pub use operations::{OPERATIONS, answer, waits};
pub use queues::{Outgoing, Sqs, deliver};
