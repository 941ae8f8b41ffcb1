//! What the wizard shows before a step is confirmed, and what the confirmation binds.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Elsewhere, Identity, MutatingCall, Region, SiteName, StepId, Strength};

/// A step, made ready from what AWS says now: the call, what it will change, what was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preparation {
    /// The step.
    pub step: StepId,
    /// Which attempt it would be, from 1.
    pub attempt: u32,
    /// Where it acts.
    pub site: SiteName,
    /// The Region that is called.
    pub region: Region,
    /// Who AWS says we are there, fetched through the client that will act. `None` for a step that calls nothing.
    pub identity: Option<Identity>,
    /// What it will do, in words.
    pub summary: String,
    /// The exact call. `None` for a manual step or a check.
    pub call: Option<MutatingCall>,
    /// What is there now and what will be there after.
    pub changes: Vec<Change>,
    /// What was found when the prerequisites were checked.
    pub findings: Vec<Finding>,
    /// How the step must be confirmed.
    pub strength: Strength,
    /// How to take it back, in words.
    pub undo: Option<String>,
    /// Until when it may be confirmed: what AWS said is old then, and is asked for anew.
    pub valid_until: DateTime<Utc>,
    /// What somebody else has begun at AWS that does the same: it can be adopted instead of doing it twice.
    pub elsewhere: Vec<Elsewhere>,
}

impl Preparation {
    /// The fingerprint of account, Region, call and parameters: what the confirmation binds. Empty for a step that calls nothing.
    pub fn fingerprint(&self) -> String {
        match (&self.call, &self.identity) {
            (Some(call), Some(identity)) => call.fingerprint(&identity.account, &self.region),
            _ => String::new(),
        }
    }

    /// Does a finding forbid the step?
    pub fn is_blocked(&self) -> bool {
        self.findings.iter().any(|finding| finding.verdict == Verdict::Blocks)
    }
}

/// One thing before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What changes: a record, a metadata key, a resource.
    pub what: String,
    /// What is there now; `None` if nothing is.
    pub before: Option<String>,
    /// What will be there; `None` if it goes away.
    pub after: Option<String>,
    /// Why, where it is not plain.
    pub why: Option<String>,
}

/// What a finding means for the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// A person should know.
    Warns,
    /// The step cannot be confirmed.
    Blocks,
}

/// One checked condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it means.
    pub verdict: Verdict,
    /// In words.
    pub text: String,
}

impl Finding {
    /// As it should be.
    pub fn good(text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Good, text: text.into() }
    }

    /// A person should know.
    pub fn warns(text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warns, text: text.into() }
    }

    /// The step cannot be confirmed.
    pub fn blocks(text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Blocks, text: text.into() }
    }
}
