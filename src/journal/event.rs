//! The events of an incident, as they are written. Their JSON is the journal's format: names and meanings stay.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{
    AccountId, AlarmState, Condition, Edits, Elsewhere, Facilitation, Fixed, Identity, IncidentId, Mode, Moment, MutatingCall,
    Operator, Part, Phase, Problem, Region, Role, Rules, SignalId, SiteName, StepId, Strength,
};

use super::{Attachment, Mark, NoticeDue, Notices, Observed, Weighed};

/// One event with its place in the journal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recorded {
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// When it was recorded, by the console's clock.
    pub recorded_at: DateTime<Utc>,
    /// Who was at the console.
    pub by: Operator,
    /// What happened.
    pub event: Event,
}

/// What can happen in an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The first event: everything that a reader needs to know about the incident and its plan.
    IncidentOpened(Box<IncidentOpened>),
    /// Somebody opened the incident in a console.
    OperatorJoined {
        /// The machine's name, where it is known.
        host: Option<String>,
        /// Whether this console has no gate.
        read_only: bool,
    },
    /// Who AWS says we are at a site.
    IdentitySeen {
        /// The site.
        site: SiteName,
        /// Who.
        identity: Identity,
    },
    /// The exercise's clock was started.
    ExerciseStarted {
        /// Simulated seconds in one real second.
        speed: f64,
    },
    /// What an exercise is judged by.
    ExerciseRules(Box<Rules>),
    /// What the facilitator of an exercise did.
    Facilitated(Facilitation),
    /// A signal of the plan was seen in a new state.
    SignalSeen(SignalSeen),
    /// Evidence fixed a moment, or better evidence did.
    MomentFixed {
        /// Which.
        moment: Moment,
        /// When, and what proves it.
        fixed: Fixed,
    },
    /// A person corrected a moment.
    MomentCorrected {
        /// Which.
        moment: Moment,
        /// When, in the person's word.
        fixed: Fixed,
        /// Why.
        reason: String,
    },
    /// A person decided not to fail over, for now.
    DecidedToWait {
        /// Why.
        reason: String,
        /// What was on screen: one line a signal or source.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        seen: Vec<String>,
        /// What it was weighed from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        weighed: Option<Box<Weighed>>,
    },
    /// A person declared the failover.
    FailoverDeclared {
        /// Why.
        reason: String,
        /// What was on screen: one line a signal or source.
        seen: Vec<String>,
        /// What it was weighed from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        weighed: Option<Box<Weighed>>,
        /// What it covers beside itself: who is told at each phase.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notices: Option<Box<Notices>>,
    },
    /// A notice that the declaration covers is about to be sent.
    NoticeDue(Box<NoticeDue>),
    /// A person gave a variable of the plan its value.
    VariableSet {
        /// Which.
        name: String,
        /// Its value.
        value: String,
    },
    /// A person chose one of the plan's alternatives; the last choice holds.
    ChoiceMade {
        /// Which.
        choice: String,
        /// Its option.
        option: String,
    },
    /// A step's condition did not hold when its prerequisites were settled: it counts as done for the steps after it.
    StepRuledOut {
        /// Which.
        step: StepId,
        /// What did not hold, in words.
        because: String,
    },
    /// A step that was ruled out is to be done after all.
    StepTakenUp {
        /// Which.
        step: StepId,
        /// Why.
        reason: String,
    },
    /// What a step did was taken back by another step, its undo.
    StepTakenBack {
        /// Which.
        step: StepId,
        /// The step that took it back.
        by: StepId,
    },
    /// A person confirmed a step, or a call within one. What is confirmed here is what runs.
    StepConfirmed(Box<StepConfirmed>),
    /// AWS answered the confirmed call.
    CallAnswered(CallAnswered),
    /// AWS refused a confirmed answer or stop; the step runs on. A refused start ends its attempt instead.
    CallRefused {
        /// Which step.
        step: StepId,
        /// Which attempt.
        attempt: u32,
        /// What the call was for.
        purpose: Purpose,
        /// Why.
        problem: Problem,
    },
    /// The answer to a confirmed call was lost: whether it took effect is looked up before anything else is done.
    AnswerLost {
        /// Which step.
        step: StepId,
        /// Which attempt.
        attempt: u32,
        /// What the call was for.
        purpose: Purpose,
        /// How it was lost.
        problem: Problem,
    },
    /// A step came to an end.
    StepEnded(Box<StepEnded>),
    /// A person changed what a step would send, before it is confirmed anew. The last change holds, whole; the plan stays as it is.
    StepAmended {
        /// Which.
        step: StepId,
        /// How.
        amended: Box<Amended>,
    },
    /// A person decided to go on without a step.
    StepSkipped {
        /// Which.
        step: StepId,
        /// Why.
        reason: String,
    },
    /// A person said that something which a step left to be done is done.
    TailSettled {
        /// Which step left it.
        step: StepId,
        /// What, in the words of [`StepEnded::tail`].
        item: String,
        /// What the person has to say about it.
        note: String,
    },
    /// A note.
    Noted {
        /// Its text.
        text: String,
        /// What it is beside a note.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mark: Option<Mark>,
    },
    /// A person marked an event.
    Marked {
        /// The number of the event.
        seq: u64,
        /// As what.
        mark: Mark,
    },
    /// A file or a paste was put into the record.
    Attached(Box<Attachment>),
    /// Somebody has a role from now on. A second commander takes the first one's place.
    RoleGiven {
        /// Who.
        to: Operator,
        /// Which.
        role: Role,
        /// Why, or what was said at the hand-over.
        reason: String,
    },
    /// The console reminds of a check-in whenever nobody has written a note for so long.
    CheckInSet {
        /// In seconds; 0 is never.
        every_secs: u64,
    },
    /// A source showed something new.
    Observed(Box<Observed>),
    /// Somebody else's work at AWS was seen, or seen in a new state.
    SeenElsewhere(Box<Elsewhere>),
    /// The incident is over.
    IncidentClosed {
        /// In the person's words.
        reason: String,
    },
    /// An event of a kind that this version does not know, kept as it came. Never written by this version.
    #[serde(skip)]
    Unknown {
        /// Its kind.
        kind: String,
        /// All of it.
        body: Value,
    },
}

/// What the first event says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IncidentOpened {
    /// Which incident.
    pub incident: IncidentId,
    /// Real or exercised.
    pub mode: Mode,
    /// The scenario of an exercise.
    pub scenario: Option<String>,
    /// The seed of an exercise.
    pub seed: Option<u64>,
    /// The plan's name.
    pub plan_name: String,
    /// The plan's title.
    pub plan_title: String,
    /// The plan's path when it was read.
    pub plan_path: String,
    /// The plan's text.
    pub plan_text: String,
    /// Recovery time objective in seconds.
    pub rto_secs: u64,
    /// Recovery point objective in seconds.
    pub rpo_secs: u64,
    /// The sites: account and Region.
    pub sites: BTreeMap<SiteName, (AccountId, Region)>,
    /// The steps in order, as far as the record needs them.
    pub steps: Vec<PlannedStep>,
    /// The values that the plan's variables have until somebody gives them others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// The version of lifeboat that wrote it.
    pub version: String,
}

/// A step as the record needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Its id.
    pub id: StepId,
    /// Its title.
    pub title: String,
    /// Its phase.
    pub phase: Phase,
    /// Its part of the restore phase.
    pub part: Option<Part>,
    /// Its action's name.
    pub action: String,
    /// Its prerequisites.
    pub needs: Vec<StepId>,
    /// The expected duration in seconds.
    pub expect_secs: Option<u64>,
    /// Is that what it took before, because the plan says nothing?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expect_by_history: bool,
    /// The group that it runs side by side with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// When it applies; always if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// The step that it takes back: it is done only if somebody asks for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<StepId>,
}

/// A signal in a new state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignalSeen {
    /// Which.
    pub signal: SignalId,
    /// The alarm's state; for a Health event `Alarm` while it is open and `Ok` once closed.
    pub state: AlarmState,
    /// When AWS says that it came into this state; for a Health event its start or end time.
    pub happened_at: Option<DateTime<Utc>>,
    /// When this console first saw it so.
    pub seen_at: DateTime<Utc>,
    /// The beginning of the fault that it implies, as a range.
    pub impact: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// AWS's words.
    pub reason: String,
}

/// What a confirmation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Starts the step.
    Start,
    /// Answers what a running step asks.
    Answer,
    /// Stops what a running step started.
    Stop,
    /// Tells somebody of a phase; belongs to the declaration, not to a step.
    Notice,
}

/// A person's recorded yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepConfirmed {
    /// Which step.
    pub step: StepId,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// What for.
    pub purpose: Purpose,
    /// Where.
    pub site: SiteName,
    /// The Region that is called.
    pub region: Region,
    /// Who AWS said we are, when it was confirmed.
    pub identity: Option<Identity>,
    /// The exact call; `None` for a manual step or a check.
    pub call: Option<MutatingCall>,
    /// The fingerprint of account, Region, call and parameters; empty without a call.
    pub fingerprint: String,
    /// How it was confirmed.
    pub strength: Strength,
    /// What was typed, where a name had to be.
    pub typed: Option<String>,
    /// The second person, where there had to be one.
    pub second: Option<Operator>,
}

/// How a person changed what a step would send.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amended {
    /// The parameters that are other than the plan's, by JSON pointer.
    #[serde(default, skip_serializing_if = "Edits::is_empty")]
    pub edits: Edits,
    /// The ARN of the recovery point to restore from or to copy, instead of the one that the plan would choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// Why.
    pub reason: String,
}

/// AWS's answer to a confirmed call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallAnswered {
    /// Which step.
    pub step: StepId,
    /// Which attempt.
    pub attempt: u32,
    /// What the call was for.
    pub purpose: Purpose,
    /// What to ask AWS about from now on: a job id, an execution id, a change id. Empty where there is nothing to follow.
    pub handle: String,
    /// AWS's request id.
    pub request_id: Option<String>,
    /// AWS's time of it.
    pub aws_at: Option<DateTime<Utc>>,
    /// How it was found, if it was not by the call's own answer: `found after a lost answer`.
    pub found: Option<String>,
}

/// The end of a step's attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepEnded {
    /// Which step.
    pub step: StepId,
    /// Which attempt.
    pub attempt: u32,
    /// How.
    pub ended: Ended,
    /// AWS's time of the end, where AWS has one.
    pub aws_at: Option<DateTime<Utc>>,
    /// AWS's time of the beginning, where AWS has one.
    pub aws_began_at: Option<DateTime<Utc>>,
    /// What it gave, for later steps.
    pub outputs: BTreeMap<String, String>,
    /// The moment that the restored data is of, for the data loss.
    pub data_at: Option<DateTime<Utc>>,
    /// In words.
    pub note: Option<String>,
    /// What is still to be done before it is of use: the recovery is not over before a person says that each is done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tail: Vec<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "kebab-case")]
pub enum Ended {
    /// Well.
    Done,
    /// Not well.
    Failed {
        /// Why.
        problem: Problem,
    },
    /// A person gave it up. What AWS is doing about it goes on unless it was stopped.
    Aborted {
        /// Why.
        reason: String,
    },
}

impl Event {
    /// The event's kind as it is written.
    pub fn kind(&self) -> String {
        let kind = match self {
            Self::IncidentOpened(_) => "incident-opened",
            Self::OperatorJoined { .. } => "operator-joined",
            Self::IdentitySeen { .. } => "identity-seen",
            Self::ExerciseStarted { .. } => "exercise-started",
            Self::ExerciseRules(_) => "exercise-rules",
            Self::Facilitated(_) => "facilitated",
            Self::SignalSeen(_) => "signal-seen",
            Self::MomentFixed { .. } => "moment-fixed",
            Self::MomentCorrected { .. } => "moment-corrected",
            Self::DecidedToWait { .. } => "decided-to-wait",
            Self::FailoverDeclared { .. } => "failover-declared",
            Self::VariableSet { .. } => "variable-set",
            Self::ChoiceMade { .. } => "choice-made",
            Self::StepRuledOut { .. } => "step-ruled-out",
            Self::StepTakenUp { .. } => "step-taken-up",
            Self::StepTakenBack { .. } => "step-taken-back",
            Self::NoticeDue(_) => "notice-due",
            Self::StepConfirmed(_) => "step-confirmed",
            Self::CallAnswered(_) => "call-answered",
            Self::CallRefused { .. } => "call-refused",
            Self::AnswerLost { .. } => "answer-lost",
            Self::StepEnded(_) => "step-ended",
            Self::StepAmended { .. } => "step-amended",
            Self::StepSkipped { .. } => "step-skipped",
            Self::TailSettled { .. } => "tail-settled",
            Self::Noted { .. } => "noted",
            Self::Marked { .. } => "marked",
            Self::Attached(_) => "attached",
            Self::RoleGiven { .. } => "role-given",
            Self::CheckInSet { .. } => "check-in-set",
            Self::Observed(_) => "observed",
            Self::SeenElsewhere(_) => "seen-elsewhere",
            Self::IncidentClosed { .. } => "incident-closed",
            Self::Unknown { kind, .. } => kind,
        };
        kind.to_owned()
    }

    /// Reads an event's JSON. A kind that is not known, or a known one of another shape, is kept as [`Event::Unknown`].
    pub fn from_json(body: Value) -> Self {
        match serde_json::from_value(body.clone()) {
            Ok(event) => event,
            Err(_) => {
                let kind = body.get("event").and_then(Value::as_str).unwrap_or("unknown").to_owned();
                Self::Unknown { kind, body }
            }
        }
    }

    /// Reads an event's text; `None` if it is not JSON.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::of_many(text).or_else(|| serde_json::from_str(text).ok().map(Self::from_json))
    }

    /// Reads one of the kinds that come by the thousands straight into its shape. The general way has to hold all of an event first,
    /// because its kind may stand anywhere in it; as it is written, the kind stands in front.
    fn of_many(text: &str) -> Option<Self> {
        let (kind, _) = text.strip_prefix("{\"event\":\"")?.split_once('"')?;
        match kind {
            "signal-seen" => serde_json::from_str(text).ok().map(Self::SignalSeen),
            "observed" => serde_json::from_str(text).ok().map(Self::Observed),
            "seen-elsewhere" => serde_json::from_str(text).ok().map(Self::SeenElsewhere),
            _ => serde_json::from_str(text).ok(),
        }
    }

    /// The event's JSON.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Unknown { body, .. } => body.clone(),
            known => serde_json::to_value(known).unwrap_or(Value::Null),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_an_unknown_kind_is_kept_as_it_came() {
        let body: Value = serde_json::json!({"event": "moon-landed", "crater": 7});
        let event = Event::from_json(body.clone());
        assert_eq!(event.kind(), "moon-landed");
        assert_eq!(event.to_json(), body);
    }

    #[test]
    fn a_known_event_comes_back_as_it_was() {
        let event = Event::StepSkipped { step: StepId::new("warm"), reason: "not needed".into() };
        assert_eq!(event.kind(), "step-skipped");
        assert_eq!(Event::from_json(event.to_json()), event);
    }
}
