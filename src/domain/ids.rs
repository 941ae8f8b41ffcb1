//! Names and numbers that must not be mixed up, each a type of its own.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

text_type!(
    /// An AWS account: twelve digits.
    AccountId
);
text_type!(
    /// An AWS Region by its code, such as `eu-central-1`.
    Region
);
text_type!(
    /// A step's id within its plan, such as `orders-table`.
    StepId
);
text_type!(
    /// The person at the keyboard, as they named themselves; AWS records only the caller's ARN.
    Operator
);
text_type!(
    /// One incident or exercise, and the name of its journal file: `20260314-shop-4f1d`.
    IncidentId
);

impl Region {
    /// Where Route 53's control plane and other global services sign: us-east-1 (AWS Fault Isolation Boundaries, appendix B).
    pub const GLOBAL: &'static str = "us-east-1";
}

impl IncidentId {
    /// Is it safe as the name of a file? Ids come out of strangers' files too.
    pub fn is_file_name(&self) -> bool {
        !self.as_str().is_empty() && self.as_str().chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    }
}
