//! The simulated AWS: services on loopback HTTP, in the protocols that AWS's own clients speak.

pub mod call;
mod exchange;
pub mod model;
pub mod server;
pub mod signing;
pub mod wire;
