//! Where the workload runs, where it is recovered, and who we are there.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{AccountId, Region};

/// A site by its name in the plan. `primary` and `recovery` always exist.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SiteName(String);

impl SiteName {
    /// A site by any name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The site that the workload runs in before the disaster.
    pub fn primary() -> Self {
        Self("primary".to_owned())
    }

    /// The site that the workload is recovered in.
    pub fn recovery() -> Self {
        Self("recovery".to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SiteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Who AWS says we are at a site, from STS GetCallerIdentity through the client that also acts there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The account that answered.
    pub account: AccountId,
    /// The caller's ARN.
    pub arn: String,
    /// The Region whose STS endpoint answered.
    pub region: Region,
    /// When it answered.
    pub seen_at: DateTime<Utc>,
}

/// What kind of incident this is. Fixed when the console starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Real AWS endpoints.
    Live,
    /// The simulated AWS.
    Exercise,
}

impl Mode {
    /// The word of the banner: `LIVE` or `EXERCISE`.
    pub fn banner(self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Exercise => "EXERCISE",
        }
    }
}
