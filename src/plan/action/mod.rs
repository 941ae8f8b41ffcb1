//! The parameters of actions, one file an AWS service: the keys under `[step.with]`, read and checked.
//!
//! Each has a `read` that takes the table and gives the parameters, or `None` after it has said what is wrong.

mod cloudcontrol;

pub use cloudcontrol::ResourceCreate;
