//! The simulated AWS: services on loopback HTTP, in the protocols that AWS's own clients speak.
//!
//! The wire (bytes to calls and back) and the world (what a call does) meet in [`call`] alone.

pub mod call;
pub mod dns;
pub mod estate;
mod exchange;
pub mod inject;
pub mod members;
pub mod model;
pub mod page;
pub mod record;
pub mod scenario;
pub mod seed;
pub mod server;
pub mod service;
pub mod shop;
pub mod signing;
pub mod wire;
pub mod world;

pub use dns::serve_dns;
pub use record::RecordError;
pub use scenario::Scenario;
pub use server::{Fallback, ServeError, serve};
pub use world::World;

#[cfg(test)]
mod world_tests;
