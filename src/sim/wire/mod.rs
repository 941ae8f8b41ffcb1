//! AWS's protocols: bytes to values and back, driven by the service models. What an operation does is not known here.

mod cbor;
mod check;
mod ec2;
mod fault;
mod form;
mod json;
mod protocol;
mod query;
mod rest;
mod rest_json;
mod rest_xml;
#[cfg(test)]
mod round_trip;
pub mod s3;
mod scalar;
mod xml;

pub use check::{input as check_input, misfit};
pub use protocol::{Protocol, Request, Response, unpack};
pub use scalar::{parse_time, rfc822};
