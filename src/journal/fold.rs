//! What the events of a journal amount to: the incident as it stands.
//!
//! Pure: the same events give the same incident. No event is ever refused here; what makes no sense is left out of the fold and
//! stays in the journal.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{
    AlarmState, Condition, Elsewhere, Facts, Fixed, Identity, IncidentId, Moment, Operator, Problem, Role, SignalId, SiteName,
    StepId, Watched,
};

use super::{
    Amended, Ended, Event, IncidentOpened, Mark, NoticeDue, Notices, Purpose, Recorded, SignalSeen, StepConfirmed, Weighed,
};

/// An incident as its journal tells it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Incident {
    /// What the first event said; `None` before there is one.
    pub opened: Option<IncidentOpened>,
    /// When it was opened.
    pub opened_at: Option<DateTime<Utc>>,
    /// When the exercise's clock was started.
    pub exercise_started_at: Option<DateTime<Utc>>,
    /// Everybody who was at a console.
    pub operators: Vec<Operator>,
    /// Who AWS said we are, last seen.
    pub identities: BTreeMap<SiteName, Identity>,
    /// The signals as last seen, and their first transition.
    pub signals: BTreeMap<SignalId, SignalRecord>,
    /// The moments with their history.
    pub moments: BTreeMap<Moment, MomentRecord>,
    /// The decisions in order.
    pub decisions: Vec<Decision>,
    /// The values of the plan's variables.
    pub variables: BTreeMap<String, String>,
    /// The alternatives that were chosen.
    pub choices: BTreeMap<String, String>,
    /// The steps that were touched.
    pub steps: BTreeMap<StepId, StepRecord>,
    /// The notes in order.
    pub notes: Vec<Note>,
    /// Who has which role, last given.
    pub roles: BTreeMap<Operator, Role>,
    /// How often to check in, in seconds, and since when that counts: the last note, or when it was set.
    pub check_in: Option<(u64, DateTime<Utc>)>,
    /// The length of all attachments together, in bytes.
    pub attached_bytes: u64,
    /// What the declaration covers beside itself.
    pub notices: Option<Notices>,
    /// Who was told of the phases, and what came of it.
    pub told: Vec<NoticeRecord>,
    /// What others did at AWS, as last seen.
    pub elsewhere: Vec<SeenElsewhere>,
    /// When and with what words it was closed.
    pub closed: Option<(DateTime<Utc>, String)>,
    /// The number of the last event.
    pub last_seq: u64,
    /// When the last event was recorded.
    pub last_at: Option<DateTime<Utc>>,
    /// How many events were of an unknown kind.
    pub unknown_events: usize,
}

/// A signal's history, as far as it matters.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalRecord {
    /// As first seen in trouble.
    pub first_trouble: Option<SignalSeen>,
    /// As last seen.
    pub last: SignalSeen,
}

/// A moment: what holds, and everything that was said before.
#[derive(Debug, Clone, PartialEq)]
pub struct MomentRecord {
    /// What holds now.
    pub fixed: Fixed,
    /// What evidence alone said, before a person corrected it.
    pub original: Fixed,
    /// Why it was corrected, if it was.
    pub corrected: Option<String>,
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// When it was recorded.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Operator,
    /// Fail over, or wait.
    pub failover: bool,
    /// Why.
    pub reason: String,
    /// In which role; `None` if they had none.
    pub role: Option<Role>,
    /// What was on screen.
    pub seen: Vec<String>,
    /// What it was weighed from.
    pub weighed: Weighed,
}

/// A notice and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRecord {
    /// When it was due.
    pub at: DateTime<Utc>,
    /// The number of its event.
    pub seq: u64,
    /// What was to be told.
    pub due: NoticeDue,
    /// AWS's answer, or why there is none; `None` until one of them is known.
    pub outcome: Option<Result<super::CallAnswered, Problem>>,
}

/// Work of somebody else that was seen here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenElsewhere {
    /// When it was last seen here in a new state.
    pub seen_at: DateTime<Utc>,
    /// The number of that event.
    pub seq: u64,
    /// As it was then.
    pub work: Elsewhere,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The number of its event.
    pub seq: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Operator,
    /// What.
    pub text: String,
    /// What it is beside a note.
    pub mark: Option<Mark>,
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepStatus {
    /// Not begun.
    Pending,
    /// Confirmed, and AWS has not answered yet: whether the call arrived is not known until it does.
    Calling,
    /// AWS, or a person, is at work on it.
    Running,
    /// Ended well.
    Done,
    /// Ended badly.
    Failed(Problem),
    /// Given up by a person.
    Aborted(String),
    /// Gone on without.
    Skipped(String),
    /// Does not apply: its condition did not hold. Counts as done for the steps after it.
    RuledOut(String),
}

/// A step's history.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRecord {
    /// Where it stands.
    pub status: StepStatus,
    /// Its attempts in order.
    pub attempts: Vec<Attempt>,
    /// When it was skipped, and by whom.
    pub skipped: Option<(DateTime<Utc>, Operator)>,
    /// What it left to be done and is done, with when and by whom.
    pub tail_settled: Vec<(String, DateTime<Utc>, Operator)>,
    /// When it was ruled out.
    pub ruled_out: Option<DateTime<Utc>>,
    /// Was it taken up by a person? Then its condition is not weighed again.
    pub taken_up: bool,
    /// What of it is other than the plan has it, since when and by whom.
    pub amended: Option<(Amended, DateTime<Utc>, Operator)>,
}

/// One attempt at a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// The confirmation that started it.
    pub confirmed: StepConfirmed,
    /// When it was confirmed.
    pub confirmed_at: DateTime<Utc>,
    /// By whom.
    pub by: Operator,
    /// The journal number of the confirmation.
    pub confirmed_seq: u64,
    /// AWS's answer to the starting call: handle, request id, AWS's time, how it was found.
    pub answered: Option<super::CallAnswered>,
    /// A further confirmed call (an approval, a stop) that AWS has not answered yet, by its journal number.
    pub open_answer: Option<(u64, StepConfirmed)>,
    /// How an answer was lost, if one was.
    pub lost: Option<Problem>,
    /// The end.
    pub ended: Option<super::StepEnded>,
    /// When the end was recorded.
    pub ended_at: Option<DateTime<Utc>>,
}

impl Attempt {
    /// When the work began, by AWS's time where it has one.
    pub fn began(&self) -> DateTime<Utc> {
        let aws = self.ended.as_ref().and_then(|end| end.aws_began_at).or(self.answered.as_ref().and_then(|a| a.aws_at));
        aws.unwrap_or(self.confirmed_at)
    }

    /// When it ended, by AWS's time where it has one.
    pub fn finished(&self) -> Option<DateTime<Utc>> {
        self.ended.as_ref().and_then(|end| end.aws_at).or(self.ended_at)
    }
}

impl StepRecord {
    /// The last attempt.
    pub fn last(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    /// What its last attempt left to be done and is not done yet.
    pub fn tail(&self) -> impl Iterator<Item = &str> {
        let left = self.last().and_then(|attempt| attempt.ended.as_ref()).map(|end| end.tail.as_slice()).unwrap_or_default();
        left.iter().map(String::as_str).filter(|item| !self.tail_settled.iter().any(|(done, ..)| done == item))
    }

    /// Did it end in a way that lets later steps begin?
    pub fn is_settled(&self) -> bool {
        matches!(self.status, StepStatus::Done | StepStatus::Skipped(_) | StepStatus::RuledOut(_))
    }
}

/// What the journal knows of what conditions speak of.
impl Facts for Incident {
    fn choice(&self, name: &str) -> Option<String> {
        self.choices.get(name).cloned()
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn signal(&self, signal: &Watched) -> Option<AlarmState> {
        match signal {
            Watched::Alarm { site, name } => {
                let id = SignalId::Alarm { site: site.clone(), name: name.clone() };
                self.signals.get(&id).map(|record| record.last.state.clone())
            }
            Watched::Health => {
                let events = self.signals.iter().filter(|(id, _)| matches!(id, SignalId::Health { .. }));
                let open: Vec<bool> = events.map(|(_, record)| record.last.state == AlarmState::Alarm).collect();
                // No event that the journal knows of: that nothing is wrong has not been shown.
                (!open.is_empty()).then(|| if open.contains(&true) { AlarmState::Alarm } else { AlarmState::Ok })
            }
        }
    }
}

impl Incident {
    /// The incident that these events tell.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Recorded>) -> Self {
        let mut incident = Self::default();
        for recorded in events {
            incident.apply(recorded);
        }
        incident
    }

    /// Its id; empty before it is opened.
    pub fn id(&self) -> IncidentId {
        self.opened.as_ref().map_or_else(|| IncidentId::new(""), |opened| opened.incident.clone())
    }

    /// Where a step stands.
    pub fn status(&self, step: &StepId) -> StepStatus {
        self.steps.get(step).map_or(StepStatus::Pending, |record| record.status.clone())
    }

    /// When a moment was, as it holds now.
    pub fn moment(&self, moment: Moment) -> Option<DateTime<Utc>> {
        self.moments.get(&moment).map(|record| record.fixed.at)
    }

    /// The value that a step gave, if its last attempt ended well.
    pub fn output(&self, step: &StepId, output: &str) -> Option<&str> {
        let end = self.steps.get(step)?.last()?.ended.as_ref()?;
        matches!(end.ended, Ended::Done).then(|| end.outputs.get(output).map(String::as_str)).flatten()
    }

    /// Has a person declared the failover?
    pub fn is_declared(&self) -> bool {
        self.decisions.iter().any(|decision| decision.failover)
    }

    /// The steps that are being worked on.
    pub fn running(&self) -> impl Iterator<Item = (&StepId, &Attempt)> {
        self.steps
            .iter()
            .filter(|(_, record)| matches!(record.status, StepStatus::Calling | StepStatus::Running))
            .filter_map(|(id, record)| record.last().map(|attempt| (id, attempt)))
    }

    /// Does a step's condition hold? `None`: it has none, or that is not known.
    pub fn holds(&self, condition: Option<&Condition>) -> Option<bool> {
        condition.and_then(|condition| condition.weigh(self))
    }

    /// Takes one more event into account.
    pub fn apply(&mut self, recorded: &Recorded) {
        let at = recorded.recorded_at;
        self.last_seq = recorded.seq;
        self.last_at = Some(at);
        if !self.operators.contains(&recorded.by) {
            self.operators.push(recorded.by.clone());
        }
        match &recorded.event {
            Event::IncidentOpened(opened) => {
                self.opened = Some((**opened).clone());
                self.variables.clone_from(&opened.variables);
                self.opened_at = Some(at);
            }
            Event::OperatorJoined { .. } | Event::ExerciseRules(_) | Event::Facilitated(_) => {}
            Event::IdentitySeen { site, identity } => {
                self.identities.insert(site.clone(), identity.clone());
            }
            Event::ExerciseStarted { .. } => self.exercise_started_at = Some(at),
            Event::SignalSeen(seen) => self.signal_seen(seen),
            Event::MomentFixed { moment, fixed } => self.moment_fixed(*moment, fixed),
            Event::MomentCorrected { moment, fixed, reason } => {
                let original = self.moments.get(moment).map_or_else(|| fixed.clone(), |record| record.original.clone());
                let record = MomentRecord { fixed: fixed.clone(), original, corrected: Some(reason.clone()) };
                self.moments.insert(*moment, record);
            }
            Event::DecidedToWait { reason, seen, weighed } => self.decide(recorded, false, reason, (seen, weighed.as_deref())),
            Event::FailoverDeclared { reason, seen, weighed, notices } => {
                self.decide(recorded, true, reason, (seen, weighed.as_deref()));
                self.notices = notices.as_deref().cloned();
            }
            Event::NoticeDue(due) => self.told.push(NoticeRecord { at, seq: recorded.seq, due: (**due).clone(), outcome: None }),
            Event::VariableSet { name, value } => drop(self.variables.insert(name.clone(), value.clone())),
            Event::ChoiceMade { choice, option } => drop(self.choices.insert(choice.clone(), option.clone())),
            Event::StepRuledOut { step, because } => {
                let record = self.step_mut(step);
                record.status = StepStatus::RuledOut(because.clone());
                record.ruled_out = Some(at);
            }
            Event::StepTakenUp { step, .. } => {
                let record = self.step_mut(step);
                record.status = StepStatus::Pending;
                (record.ruled_out, record.taken_up) = (None, true);
            }
            Event::StepTakenBack { step, by } => {
                self.step_mut(step).status = StepStatus::Aborted(format!("taken back by {by}"));
            }
            Event::StepConfirmed(confirmed) => self.confirmed(recorded, confirmed),
            Event::CallAnswered(answered) => self.answered(answered),
            Event::CallRefused { step, purpose: Purpose::Notice, problem, .. }
            | Event::AnswerLost { step, purpose: Purpose::Notice, problem, .. } => {
                if let Some(told) = self.told.iter_mut().find(|told| &told.due.id == step) {
                    told.outcome = Some(Err(problem.clone()));
                }
            }
            Event::CallRefused { step, attempt, .. } => {
                if let Some(attempt) = self.attempt_mut(step, *attempt) {
                    attempt.open_answer = None;
                }
            }
            Event::AnswerLost { step, attempt, problem, .. } => {
                if let Some(attempt) = self.attempt_mut(step, *attempt) {
                    attempt.lost = Some(problem.clone());
                }
            }
            Event::StepEnded(ended) => self.ended(at, ended),
            Event::StepAmended { step, amended } => {
                self.step_mut(step).amended = Some(((**amended).clone(), at, recorded.by.clone()));
            }
            Event::StepSkipped { step, reason } => {
                let record = self.step_mut(step);
                record.status = StepStatus::Skipped(reason.clone());
                record.skipped = Some((at, recorded.by.clone()));
            }
            Event::TailSettled { step, item, .. } => {
                self.step_mut(step).tail_settled.push((item.clone(), at, recorded.by.clone()));
            }
            Event::Noted { text, mark } => {
                let (by, text) = (recorded.by.clone(), text.clone());
                self.notes.push(Note { seq: recorded.seq, at, by, text, mark: *mark });
                self.check_in.iter_mut().for_each(|(_, since)| *since = at);
            }
            Event::Marked { seq, mark } => {
                if let Some(note) = self.notes.iter_mut().rfind(|note| note.seq == *seq) {
                    note.mark = Some(*mark);
                }
            }
            Event::Attached(attachment) => self.attached_bytes = self.attached_bytes.saturating_add(attachment.bytes),
            Event::RoleGiven { to, role, .. } => {
                if *role == Role::Commander {
                    self.roles.retain(|_, held| *held != Role::Commander);
                }
                self.roles.insert(to.clone(), *role);
            }
            Event::CheckInSet { every_secs } => self.check_in = (*every_secs > 0).then_some((*every_secs, at)),
            // What sources showed is the store's business.
            Event::Observed(_) => {}
            Event::SeenElsewhere(work) => self.seen_elsewhere(recorded, work),
            Event::IncidentClosed { reason } => self.closed = Some((at, reason.clone())),
            Event::Unknown { .. } => self.unknown_events += 1,
        }
    }

    fn step_mut(&mut self, step: &StepId) -> &mut StepRecord {
        self.steps.entry(step.clone()).or_insert_with(|| StepRecord {
            status: StepStatus::Pending,
            attempts: Vec::new(),
            skipped: None,
            tail_settled: Vec::new(),
            ruled_out: None,
            taken_up: false,
            amended: None,
        })
    }

    fn attempt_mut(&mut self, step: &StepId, number: u32) -> Option<&mut Attempt> {
        self.steps.get_mut(step)?.attempts.iter_mut().find(|attempt| attempt.number == number)
    }

    fn signal_seen(&mut self, seen: &SignalSeen) {
        let trouble = seen.state == crate::domain::AlarmState::Alarm;
        let record =
            self.signals.entry(seen.signal.clone()).or_insert_with(|| SignalRecord { first_trouble: None, last: seen.clone() });
        record.last = seen.clone();
        if trouble && record.first_trouble.is_none() {
            record.first_trouble = Some(seen.clone());
        }
    }

    fn moment_fixed(&mut self, moment: Moment, fixed: &Fixed) {
        match self.moments.get_mut(&moment) {
            // A person's correction holds; new evidence only changes what stands beside it as the original.
            Some(record) if record.corrected.is_some() => record.original = fixed.clone(),
            _ => {
                let record = MomentRecord { fixed: fixed.clone(), original: fixed.clone(), corrected: None };
                self.moments.insert(moment, record);
            }
        }
    }

    fn seen_elsewhere(&mut self, recorded: &Recorded, work: &Elsewhere) {
        let seen = SeenElsewhere { seen_at: recorded.recorded_at, seq: recorded.seq, work: work.clone() };
        match self.elsewhere.iter_mut().find(|known| known.work.id == work.id && known.work.kind == work.kind) {
            Some(known) => *known = seen,
            None => self.elsewhere.push(seen),
        }
    }

    /// The role of somebody; `None` if nobody gave them one.
    pub fn role(&self, operator: &Operator) -> Option<Role> {
        self.roles.get(operator).copied()
    }

    /// Who decides, if anybody was named.
    pub fn commander(&self) -> Option<&Operator> {
        self.roles.iter().find(|(_, role)| **role == Role::Commander).map(|(who, _)| who)
    }

    /// When the next check-in is due, if the incident has a timer and runs.
    pub fn check_in_due(&self) -> Option<DateTime<Utc>> {
        let (every, since) = self.check_in.filter(|_| self.closed.is_none())?;
        since.checked_add_signed(TimeDelta::try_seconds(i64::try_from(every).ok()?)?)
    }

    fn decide(&mut self, recorded: &Recorded, failover: bool, reason: &str, (seen, weighed): (&[String], Option<&Weighed>)) {
        self.decisions.push(Decision {
            at: recorded.recorded_at,
            by: recorded.by.clone(),
            failover,
            reason: reason.to_owned(),
            role: self.role(&recorded.by),
            seen: seen.to_vec(),
            weighed: weighed.cloned().unwrap_or_default(),
        });
    }

    fn confirmed(&mut self, recorded: &Recorded, confirmed: &StepConfirmed) {
        if confirmed.purpose != Purpose::Start {
            if let Some(attempt) = self.attempt_mut(&confirmed.step, confirmed.attempt) {
                attempt.open_answer = Some((recorded.seq, confirmed.clone()));
            }
            return;
        }
        let record = self.step_mut(&confirmed.step);
        // Without a call there is nothing to wait for: a manual step and a check are at work once they are confirmed.
        record.status = if confirmed.call.is_some() { StepStatus::Calling } else { StepStatus::Running };
        record.attempts.push(Attempt {
            number: confirmed.attempt,
            confirmed: confirmed.clone(),
            confirmed_at: recorded.recorded_at,
            by: recorded.by.clone(),
            confirmed_seq: recorded.seq,
            answered: None,
            open_answer: None,
            lost: None,
            ended: None,
            ended_at: None,
        });
    }

    fn answered(&mut self, answered: &super::CallAnswered) {
        if answered.purpose == Purpose::Notice {
            if let Some(told) = self.told.iter_mut().find(|told| told.due.id == answered.step) {
                told.outcome = Some(Ok(answered.clone()));
            }
            return;
        }
        let Some(attempt) = self.attempt_mut(&answered.step, answered.attempt) else { return };
        if answered.purpose == Purpose::Start {
            attempt.answered = Some(answered.clone());
            if attempt.ended.is_none() {
                self.step_mut(&answered.step).status = StepStatus::Running;
            }
        } else {
            attempt.open_answer = None;
        }
    }

    fn ended(&mut self, at: DateTime<Utc>, ended: &super::StepEnded) {
        let Some(attempt) = self.attempt_mut(&ended.step, ended.attempt) else { return };
        attempt.ended = Some(ended.clone());
        attempt.ended_at = Some(at);
        attempt.open_answer = None;
        self.step_mut(&ended.step).status = match &ended.ended {
            Ended::Done => StepStatus::Done,
            Ended::Failed { problem } => StepStatus::Failed(problem.clone()),
            Ended::Aborted { reason } => StepStatus::Aborted(reason.clone()),
        };
    }
}
