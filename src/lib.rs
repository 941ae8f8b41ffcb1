//! lifeboat

pub mod clock;
pub mod sim;
