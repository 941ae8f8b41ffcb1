//! Work at AWS that was not started here.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Region, SiteName};

/// Something at AWS that somebody else, or something else, did: seen here, not done here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// What AWS calls it: `restore job`, `copy job`, `automation execution`, `state machine execution`, `stack operation`,
    /// `Region switch execution`; `restored table`, `DB instance` for what stands under the name that a step would give.
    pub kind: String,
    /// Its id or ARN.
    pub id: String,
    /// Where.
    pub site: SiteName,
    /// The Region.
    pub region: Region,
    /// What it is about: the resource, the document, the stack.
    pub about: String,
    /// Its state, as AWS says it.
    pub status: String,
    /// When it began.
    pub began_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Who started it, where AWS says so.
    pub by: Option<String>,
}

impl Elsewhere {
    /// What to ask AWS about: the id, for a stack the stack itself.
    pub fn handle(&self) -> &str {
        match self.kind.as_str() {
            "stack operation" => self.id.split('@').next().unwrap_or_default(),
            _ => &self.id,
        }
    }

    /// In words: what it is, who began it where and when, and how it stands.
    pub fn told(&self) -> String {
        let by = self.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        let at = self.began_at.map(|at| at.format(" at %Y-%m-%d %H:%M:%S UTC").to_string()).unwrap_or_default();
        let id = if self.id.is_empty() { String::new() } else { format!(" {}", self.id) };
        format!("{}{id} of {}, started elsewhere{by}{at}, {}", self.kind, self.about, self.status)
    }
}
