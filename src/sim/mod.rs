//! An AWS made of software, on loopback: what an exercise runs against, and what other clients may talk to.

pub mod call;
pub mod dns;
pub mod estate;
pub mod inject;
pub mod members;
pub mod page;
pub mod record;
pub mod scenario;
pub mod seed;
pub mod service;
pub mod shop;
pub mod world;

pub use dns::serve_dns;
pub use record::RecordError;
pub use scenario::Scenario;
pub use world::World;

#[cfg(test)]
mod world_tests;
