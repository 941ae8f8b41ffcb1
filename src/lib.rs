//! lifeboat

/// The only reader of time.
pub mod clock;
/// The simulated AWS.
pub mod sim;
