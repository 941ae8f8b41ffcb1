//! A TOML document whose faults all have a file, line, column, what was expected and the nearest name, all collected at once.
//!
//! Knows TOML and where things stand in it; knows nothing of what the keys mean.

mod fault;
mod source;
mod table;
mod value;
mod words;

pub use fault::{Fault, Faults};
pub use source::Document;
pub use table::Table;
pub use value::duration;
pub use words::{did_you_mean, nearest};
