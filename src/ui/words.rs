//! States and events in words: the one place that says what is called how. Every state is a glyph, a word and a role together.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Alarm, AlarmState, HealthEvent, SiteName, StepId, Usable, Verdict};
use crate::journal::{Ended, Event, Purpose, StepStatus};
use crate::plan::Step;
use crate::report;
use crate::store::{Completeness, Freshness, Source, State};

use super::{Role, format};

/// A state: never by colour alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// One column.
    pub glyph: &'static str,
    /// Short.
    pub word: String,
    /// How it looks.
    pub role: Role,
}

impl Word {
    fn new(glyph: &'static str, word: impl Into<String>, role: Role) -> Self {
        Self { glyph, word: word.into(), role }
    }

    /// Glyph and word as a cell of a table.
    pub fn cell(&self) -> (String, Role) {
        (format!("{} {}", self.glyph, self.word), self.role)
    }
}

/// How the name of a site looks.
pub fn of_site(site: &SiteName) -> Role {
    match site {
        site if *site == SiteName::primary() => Role::SitePrimary,
        site if *site == SiteName::recovery() => Role::SiteRecovery,
        _ => Role::Muted,
    }
}

/// The state of an alarm. Only an OK that was evaluated looks like one.
pub fn of_alarm(alarm: &Alarm) -> Word {
    match (&alarm.state, alarm.evaluation.as_deref()) {
        (AlarmState::Alarm, _) => Word::new("▲", "ALARM", Role::Bad),
        (AlarmState::Ok, None) => Word::new("✓", "OK", Role::Ok),
        (AlarmState::Ok, Some("PARTIAL_DATA")) => Word::new("?", "OK, PARTIAL", Role::Unknown),
        (AlarmState::Ok, Some(_)) => Word::new("?", "OK, UNPROVEN", Role::Unknown),
        (AlarmState::InsufficientData, _) => Word::new("?", "INSUFFICIENT", Role::Unknown),
        (AlarmState::Other(text), _) => Word::new("?", text.clone(), Role::Unknown),
    }
}

/// The state of a Health event.
pub fn of_health(event: &HealthEvent) -> Word {
    match event.status.as_str() {
        "open" => Word::new("▲", "open", Role::Bad),
        "closed" => Word::new("✓", "closed", Role::Ok),
        "upcoming" => Word::new("○", "upcoming", Role::Warn),
        other => Word::new("?", other, Role::Unknown),
    }
}

/// May a recovery point be restored from?
pub fn of_usable(usable: &Usable, status: &str) -> Word {
    match usable {
        Usable::Yes => Word::new("✓", status, Role::Ok),
        Usable::Doubtful(why) => Word::new("!", why.clone(), Role::Warn),
        Usable::No(why) => Word::new("✗", why.clone(), Role::Bad),
    }
}

/// Within the objective?
pub fn of_inside(inside: Option<bool>) -> Word {
    match inside {
        Some(true) => Word::new("✓", "inside", Role::Ok),
        Some(false) => Word::new("✗", "OUTSIDE", Role::Bad),
        None => Word::new("?", "unknown", Role::Unknown),
    }
}

/// What a finding means.
pub fn of_verdict(verdict: Verdict) -> Word {
    match verdict {
        Verdict::Good => Word::new("✓", "good", Role::Ok),
        Verdict::Warns => Word::new("!", "warns", Role::Warn),
        Verdict::Blocks => Word::new("✗", "BLOCKS", Role::Bad),
    }
}

/// How fresh a source is: state, age, and the failure behind it.
pub fn of_source<T>(source: &Source<T>, now: DateTime<Utc>) -> (Word, Option<TimeDelta>) {
    match source.freshness(now) {
        Freshness::Loading => (Word::new("…", "loading", Role::Muted), None),
        Freshness::Blind(problem, since) => {
            (Word::new("✗", format!("BLIND: {}", problem.kind.word()), Role::Bad), Some(now - since))
        }
        Freshness::Stale(age, _) => (Word::new("◷", "STALE", Role::Stale), Some(age)),
        Freshness::Fresh(age) => match &source.completeness {
            Completeness::Whole => (Word::new("●", "", Role::Ok), Some(age)),
            Completeness::Partial(_) => (Word::new("◑", "PARTIAL", Role::Warn), Some(age)),
        },
    }
}

/// Which steps must still end before this one can begin.
pub fn blockers<'a>(state: &State, step: &'a Step) -> Vec<&'a StepId> {
    let settled = |id: &StepId| state.incident.steps.get(id).is_some_and(|record| record.is_settled());
    step.needs.iter().filter(|id| !settled(id)).collect()
}

/// Where a step stands.
pub fn of_step(state: &State, step: &Step) -> Word {
    let progress = state.progress.get(&step.id).map(|(_, _, progress, _)| progress);
    match state.incident.status(&step.id) {
        StepStatus::Pending if blockers(state, step).is_empty() => Word::new("○", "ready", Role::Accent),
        StepStatus::Pending => Word::new("·", "waits", Role::Muted),
        StepStatus::Calling => Word::new("◌", "calling", Role::Running),
        StepStatus::Running if progress.is_some_and(|progress| progress.asks.is_some()) => Word::new("?", "ASKS YOU", Role::Warn),
        StepStatus::Running => match progress.and_then(|progress| progress.percent) {
            Some(percent) => Word::new("◐", format!("runs {percent}%"), Role::Running),
            None => Word::new("◐", "runs", Role::Running),
        },
        StepStatus::Done => Word::new("✓", "done", Role::Ok),
        StepStatus::Failed(_) => Word::new("✗", "FAILED", Role::Bad),
        StepStatus::Aborted(_) => Word::new("⊘", "given up", Role::Warn),
        StepStatus::Skipped(_) => Word::new("↷", "skipped", Role::Warn),
        StepStatus::RuledOut(_) => Word::new("–", "no need", Role::Muted),
    }
}

/// May players see this event? What a facilitator does is hidden from them, but for questions.
pub fn is_for_players(event: &Event) -> bool {
    !matches!(event, Event::Facilitated(done) if !done.is_for_players())
}

/// One event of the journal in one sentence.
pub fn sentence(event: &Event) -> (Role, String) {
    match event {
        Event::IncidentOpened(opened) => {
            (Role::Heading, format!("{} opened: {} (plan {})", opened.mode.banner(), opened.plan_title, opened.plan_name))
        }
        Event::OperatorJoined { host, read_only } => {
            let host = host.as_ref().map(|host| format!(" from {host}")).unwrap_or_default();
            (Role::Muted, format!("joined{host}{}", if *read_only { ", read-only" } else { "" }))
        }
        Event::IdentitySeen { site, identity } => {
            (Role::Muted, format!("{site}: AWS says we are {} in {}", identity.arn, identity.account))
        }
        Event::ExerciseStarted { speed } => (Role::Heading, format!("exercise started, clock {}", format::speed(*speed))),
        Event::ExerciseRules(rules) => (Role::Muted, format!("exercise: {}", rules.title)),
        Event::Facilitated(done) => (Role::Accent, report::facilitation(done)),
        Event::SignalSeen(seen) => {
            let role = match seen.state {
                AlarmState::Alarm => Role::Bad,
                AlarmState::Ok => Role::Ok,
                _ => Role::Unknown,
            };
            (role, format!("{} is {}: {}", seen.signal, seen.state, seen.reason))
        }
        Event::MomentFixed { moment, fixed } => {
            (Role::Accent, format!("{} at {} by {}", moment.name(), format::time(fixed.at), fixed.evidence.text))
        }
        Event::MomentCorrected { moment, fixed, reason } => {
            (Role::Warn, format!("{} corrected to {}: {reason}", moment.name(), format::date_time(fixed.at)))
        }
        Event::DecidedToWait { reason, .. } => (Role::Warn, format!("decided to wait: {reason}")),
        Event::FailoverDeclared { reason, .. } => (Role::Heading, format!("FAILOVER DECLARED: {reason}")),
        Event::VariableSet { name, value } => (Role::Accent, format!("{name} is {value:?}")),
        Event::ChoiceMade { choice, option } => (Role::Accent, format!("chose {choice}: {option}")),
        Event::StepRuledOut { step, because } => (Role::Muted, format!("{step}: does not apply: {because}")),
        Event::StepTakenUp { step, reason } => (Role::Accent, format!("{step}: to be done after all: {reason}")),
        Event::StepTakenBack { step, by } => (Role::Warn, format!("{step}: taken back by {by}")),
        Event::StepConfirmed(confirmed) => {
            let what = match (confirmed.purpose, &confirmed.call) {
                (Purpose::Start, Some(call)) => format!("confirmed: {}", call.operation()),
                (Purpose::Start, None) => "begun".to_owned(),
                (Purpose::Answer, _) => "answer confirmed".to_owned(),
                (Purpose::Stop, _) => "stop confirmed".to_owned(),
                (Purpose::Notice, _) => "notice".to_owned(),
            };
            let second = confirmed.second.as_ref().map(|second| format!(", approved by {second}")).unwrap_or_default();
            let again = if confirmed.attempt > 1 { format!(", attempt {}", confirmed.attempt) } else { String::new() };
            (Role::Accent, format!("{}: {what} in {}{again}{second}", confirmed.step, confirmed.region))
        }
        Event::CallAnswered(answered) => {
            let handle = if answered.handle.is_empty() { String::new() } else { format!(" {}", answered.handle) };
            let found = answered.found.as_ref().map(|found| format!(" ({found})")).unwrap_or_default();
            (Role::Running, format!("{}: AWS took the call{handle}{found}", answered.step))
        }
        Event::CallRefused { step, problem, .. } => (Role::Bad, format!("{step}: AWS refused the answer: {problem}")),
        Event::AnswerLost { step, problem, .. } => (Role::Warn, format!("{step}: answer lost, looking it up: {problem}")),
        Event::StepEnded(ended) => match &ended.ended {
            Ended::Done => {
                let note = ended.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
                (Role::Ok, format!("{}: done{note}", ended.step))
            }
            Ended::Failed { problem } => (Role::Bad, format!("{}: FAILED: {problem}", ended.step)),
            Ended::Aborted { reason } => (Role::Warn, format!("{}: given up: {reason}", ended.step)),
        },
        Event::StepAmended { step, amended } => {
            (Role::Warn, format!("{step}: {}: {}", report::amendment(amended), amended.reason))
        }
        Event::StepSkipped { step, reason } => (Role::Warn, format!("{step}: skipped: {reason}")),
        Event::TailSettled { step, item, .. } => (Role::Ok, format!("{step}: done afterwards: {item}")),
        Event::Noted { text, mark: None } => (Role::Text, format!("note: {text}")),
        Event::Noted { text, mark: Some(mark) } => (Role::Heading, format!("{}: {text}", mark.word())),
        Event::Marked { seq, mark } => (Role::Heading, format!("event {seq} marked: {}", mark.word())),
        Event::Attached(attached) => (Role::Text, format!("attached {}, {} bytes", attached.name, attached.bytes)),
        Event::RoleGiven { to, role, reason } => (Role::Accent, format!("{to} is {} from now on: {reason}", role.name())),
        Event::CheckInSet { every_secs: 0 } => (Role::Muted, "no more check-ins".to_owned()),
        Event::CheckInSet { every_secs } => {
            let every = format::duration(TimeDelta::seconds(i64::try_from(*every_secs).unwrap_or(i64::MAX / 1000)));
            (Role::Muted, format!("check in every {every}"))
        }
        Event::Observed(observed) => match &observed.problem {
            Some(_) => (Role::Stale, format!("{} does not answer", observed.source)),
            None => {
                let (set, gone) = (observed.set.len(), observed.gone.len());
                (Role::Muted, format!("{}: {set} new or changed, {gone} gone", observed.source))
            }
        },
        Event::NoticeDue(due) => (Role::Accent, format!("{}: {} sent from {}", due.id, due.call.operation(), due.site)),
        Event::SeenElsewhere(work) => {
            let by = work.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
            (Role::Unknown, format!("seen, not done here: {} of {}{by}: {}", work.kind, work.about, work.status))
        }
        Event::IncidentClosed { reason } => (Role::Heading, format!("closed: {reason}")),
        Event::Unknown { kind, .. } => (Role::Unknown, format!("an event of a kind that this version does not know: {kind}")),
    }
}
