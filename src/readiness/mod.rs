//! Is a plan ready, before the day? What it relies on is looked for at its sites, by calls that only read.
//!
//! Every check is a function from the plan, or from one step of it, to findings; `check::all` is the one list of them, so that a new
//! kind of action adds its own in one place. Must not know the journal, the engine or the screen, and changes nothing.

mod check;
mod output;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use serde::Serialize;

use crate::cloud::{SiteClients, Sites};
use crate::domain::{Problem, StepId};
use crate::plan::{Plan, SitePlan, Step, Template};

pub use output::{json, junit, text};

/// How many questions are open at AWS at a time.
const AT_ONCE: usize = 8;

/// How ready something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ready {
    /// As the plan needs it.
    Yes,
    /// It would work, and somebody should know something about it.
    Doubtful,
    /// It could not be found out: not ready as far as anybody knows.
    Unknown,
    /// The plan would fail here.
    No,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Which check: `recovery-point`, `metadata`, `runbook`, …
    pub check: &'static str,
    /// What it is about: a step's id, a site's name, an alarm.
    pub subject: String,
    /// The line of the plan file that it is about, from 1.
    pub line: Option<usize>,
    /// How ready it is.
    pub ready: Ready,
    /// What was found.
    pub what: String,
    /// Why it matters; empty where nothing is wrong.
    pub why: String,
    /// What to do; empty where nothing is wrong.
    pub next: String,
}

impl Found {
    /// As the plan needs it.
    fn yes(check: &'static str, subject: impl ToString, what: impl Into<String>) -> Self {
        let (why, next) = (String::new(), String::new());
        Self { check, subject: subject.to_string(), line: None, ready: Ready::Yes, what: what.into(), why, next }
    }

    /// The same, but not so ready, with the reason and the remedy.
    fn but(self, ready: Ready, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { ready, why: why.into(), next: next.into(), ..self }
    }

    /// It could not be found out.
    fn unknown(check: &'static str, subject: impl ToString, problem: &Problem) -> Self {
        let next = format!("{}; then check again", problem.kind.next());
        Self::yes(check, subject, problem.to_string()).but(Ready::Unknown, "what could not be read has not been proven", next)
    }
}

/// What a check may look at.
#[derive(Clone, Copy)]
struct Asked<'a> {
    plan: &'a Plan,
    sites: &'a Sites,
    now: DateTime<Utc>,
}

/// The same for one step.
#[derive(Clone, Copy)]
struct AskedOf<'a> {
    plan: &'a Plan,
    step: &'a Step,
    place: &'a SitePlan,
    site: &'a SiteClients,
    now: DateTime<Utc>,
}

impl AskedOf<'_> {
    /// A text, as far as it can be known before the day.
    fn text(&self, template: &Template) -> Option<String> {
        template.resolve(self.plan).ok()
    }

    fn id(&self) -> &StepId {
        &self.step.id
    }
}

/// Looks at everything that the plan relies on. The findings are in the order of the plan, whatever order AWS answers in.
pub async fn readiness(plan: &Plan, sites: &Sites, now: DateTime<Utc>) -> Vec<Found> {
    let checks = check::all(Asked { plan, sites, now });
    let answers: Vec<Vec<Found>> = futures_util::stream::iter(checks).buffered(AT_ONCE).collect().await;
    answers.into_iter().flatten().collect()
}

/// Is everything ready? What is doubtful does not fail a plan; what could not be found out does.
pub fn is_ready(found: &[Found]) -> bool {
    found.iter().all(|found| matches!(found.ready, Ready::Yes | Ready::Doubtful))
}
