//! An AWS made of software, on loopback: what an exercise runs against, and what other clients may talk to.
//!
//! The wire turns bytes into calls by AWS's own service models; the services carry them out in a world that a scenario describes.
//! Reads its clock; knows nothing of the console, and shares no types with the clients that talk to it, so that a mistake cannot
//! hide in both.

pub mod call;
mod controls;
mod dns;
pub mod estate;
mod exchange;
pub mod inject;
pub mod made;
pub mod members;
pub mod model;
pub mod network;
mod packed;
pub mod page;
mod record;
pub mod scenario;
pub mod seed;
pub mod server;
pub mod service;
pub mod shop;
pub mod signing;
pub mod wire;
mod world;
pub mod yaml;

#[cfg(test)]
mod infrastructure_tests;
#[cfg(test)]
mod messaging_tests;
#[cfg(test)]
mod operations_tests;
#[cfg(test)]
mod recovery_tests;
#[cfg(test)]
mod scale_tests;
#[cfg(test)]
mod world_tests;

pub use controls::controls;
pub use dns::serve_dns;
pub use record::{Begun, RecordError, begun};
pub use scenario::Scenario;
pub use server::{Fallback, ServeError, serve};
pub use world::{Upcoming, World};
