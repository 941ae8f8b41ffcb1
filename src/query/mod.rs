//! Lists for scripts: what AWS answers about a plan's sites, row by row as it arrives, as JSON lines, CSV or a table.
//!
//! Only reads. Knows no journal, no store and no screen: a row is the JSON of a domain type with its site and Region.

mod ask;
mod write;

pub use ask::{Ask, Page, Wanted, What, ask};
pub use write::{Form, Where, Writer};
