//! SNS: topics, subscriptions, and messages that reach queues.

pub mod operations;
pub mod publish;
pub mod topics;

pub use operations::{NOTE, OPERATIONS, answer};
pub use publish::{Notice, notify};
pub use topics::Sns;
