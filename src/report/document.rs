//! The shape of a report: what the JSON holds, and what templates are given. Times are UTC in RFC 3339, durations whole seconds.
//!
//! A change of a name or meaning here is a change of the schema's number.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::domain::{
    AccountId, Elsewhere, EvidenceKind, IncidentId, Mode, Moment, Operator, Part, Phase, Problem, Region, Role, SiteName, StepId,
};
use crate::journal::{Candidate, Choice, Expected, Mark, Purpose};

use super::{Measured, Spent};

/// The number of this shape.
pub const SCHEMA: u32 = 2;

type Time = DateTime<Utc>;

/// A whole report.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    pub schema: u32,
    /// `null` where the first event could not be read.
    pub kind: Option<Mode>,
    /// `LIVE`, `EXERCISE` or `UNKNOWN`.
    pub banner: &'static str,
    pub incident: IncidentId,
    pub scenario: Option<String>,
    /// What an exercise is judged as; `null` where nothing is judged.
    pub score: Option<super::Score>,
    pub seed: Option<u64>,
    pub plan: PlanLine,
    pub sites: Vec<SiteLine>,
    pub operators: Vec<Operator>,
    pub opened_at: Option<Time>,
    pub exercise_started_at: Option<Time>,
    pub closed: Option<Closed>,
    /// The time of the last event: what runs, ran until here.
    pub as_of: Option<Time>,
    pub recovery_time: Objective,
    pub data_loss: Objective,
    pub durations: Vec<DurationRow>,
    /// What each duration was spent on; adds up to the recovery time.
    pub spent: Vec<Spent>,
    /// From the detection until somebody had taken notice; part of the second duration.
    pub unnoticed_secs: Option<i64>,
    /// From "available" until a person said that it was over; after the recovery time.
    pub tail: Option<Tail>,
    pub moments: Vec<MomentRow>,
    pub restore_parts: Vec<PartRow>,
    pub steps: Vec<StepRow>,
    pub critical_path: Vec<StepId>,
    pub forecast: Option<ForecastLine>,
    pub data: Vec<DataRow>,
    pub decisions: Vec<DecisionRow>,
    pub signals: Vec<SignalRow>,
    pub failures: Vec<FailureRow>,
    pub calls: Vec<CallRow>,
    /// Who was told of the phases, as the declaration covers.
    pub told: Vec<ToldRow>,
    /// What others did at AWS: seen here, not done here.
    pub elsewhere: Vec<ElsewhereRow>,
    pub roles: Vec<RoleRow>,
    pub notes: Vec<NoteRow>,
    /// What a person marked as important, in order.
    pub important: Vec<LogRow>,
    pub attachments: Vec<AttachmentRow>,
    pub log: Vec<LogRow>,
    /// How many events are looks at the sources, which the log leaves out.
    pub looks: u64,
    pub open_questions: Vec<String>,
    pub action_items: Vec<String>,
    pub integrity: Integrity,
}

#[derive(Debug, Serialize)]
pub(super) struct PlanLine {
    pub name: String,
    pub title: String,
    pub path: String,
    pub text_sha256: String,
}

#[derive(Debug, Serialize)]
pub(super) struct SiteLine {
    pub name: SiteName,
    pub account: AccountId,
    pub region: Region,
    /// Who AWS said we were there, last seen.
    pub caller_arn: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Closed {
    pub at: Time,
    pub reason: String,
}

/// Something measured against an objective.
#[derive(Debug, Serialize)]
pub(super) struct Objective {
    pub objective_secs: i64,
    /// `null` while there is nothing to measure.
    pub achieved_secs: Option<i64>,
    /// What evidence alone would give, where a person corrected a moment.
    pub uncorrected_secs: Option<i64>,
    /// The shortest and longest that the evidence allows, where it is a range.
    pub range_secs: Option<(i64, i64)>,
    pub running: bool,
    pub verdict: Measured,
}

/// What came after the workload was available.
#[derive(Debug, Serialize)]
pub(super) struct Tail {
    pub from: Time,
    /// When a person said that it was over; until the last event while nobody has.
    pub to: Time,
    pub secs: i64,
    pub running: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct ToldRow {
    pub seq: u64,
    pub at: Time,
    /// `message-decided`, `ops-item-restored`, …
    pub notice: StepId,
    pub service: &'static str,
    pub operation: &'static str,
    pub site: SiteName,
    pub region: Region,
    pub parameters: Value,
    /// The message's id, once AWS has it.
    pub handle: Option<String>,
    pub request_id: Option<String>,
    /// Why it was not sent, or why that is not known.
    pub problem: Option<Problem>,
}

#[derive(Debug, Serialize)]
pub(super) struct ElsewhereRow {
    /// The number of the event that saw it as it is told here.
    pub seq: u64,
    pub seen_at: Time,
    #[serde(flatten)]
    pub work: Elsewhere,
    pub secs: Option<i64>,
}

/// Somebody was given a role.
#[derive(Debug, Serialize)]
pub(super) struct RoleRow {
    pub seq: u64,
    pub at: Time,
    pub to: Operator,
    pub role: Role,
    pub given_by: Operator,
    pub reason: String,
}

#[derive(Debug, Serialize)]
pub(super) struct AttachmentRow {
    pub seq: u64,
    pub at: Time,
    pub by: Operator,
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

#[derive(Debug, Serialize)]
pub(super) struct DurationRow {
    pub phase: Phase,
    pub from: Option<Time>,
    pub to: Option<Time>,
    pub secs: i64,
    /// Of the recovery time, rounded.
    pub percent: Option<i64>,
    pub running: bool,
    /// What proves its end.
    pub ends_by: Option<Proof>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Proof {
    pub at: Time,
    /// The earliest and latest that it can have been, where the evidence is a range.
    pub earliest: Option<Time>,
    pub latest: Option<Time>,
    pub kind: EvidenceKind,
    pub evidence: String,
    pub reference: Option<String>,
    /// The page of the AWS console that shows it, where there is one.
    pub link: Option<String>,
    /// How exact it is: the range, `exact` where AWS or this console measured it, `as told` where a person said so.
    pub certainty: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct MomentRow {
    pub moment: Moment,
    /// What holds; `null` where it is not known.
    pub holds: Option<Proof>,
    /// What evidence alone said, where a person corrected it.
    pub original: Option<Proof>,
    /// Everything that was said, in the order that it was recorded.
    pub said: Vec<SaidRow>,
}

#[derive(Debug, Serialize)]
pub(super) struct SaidRow {
    pub seq: u64,
    pub recorded_at: Time,
    pub by: Operator,
    #[serde(flatten)]
    pub proof: Proof,
    /// Why, if it is a person's correction.
    pub correction: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct PartRow {
    pub part: Part,
    pub from: Time,
    pub to: Time,
    pub secs: i64,
    pub running: bool,
    /// The work of its steps added up: more than `secs` where they ran side by side.
    pub worked_secs: i64,
    /// The waits of its steps for a person added up.
    pub waited_secs: i64,
}

#[derive(Debug, Serialize)]
pub(super) struct StepRow {
    pub step: StepId,
    pub title: String,
    pub phase: Phase,
    pub part: Option<Part>,
    pub action: String,
    pub needs: Vec<StepId>,
    /// `pending`, `calling`, `running`, `done`, `failed`, `aborted`, `skipped`.
    pub status: &'static str,
    /// Why it was skipped or aborted.
    pub reason: Option<String>,
    pub ready_at: Option<Time>,
    pub settled_at: Option<Time>,
    /// For a person, in all: to confirm it, to retry it, to skip it.
    pub waited_secs: i64,
    /// Of that, after an attempt had failed.
    pub waited_for_retry_secs: i64,
    /// From the confirmations until AWS had begun.
    pub waited_for_aws_secs: i64,
    pub worked_secs: i64,
    pub expect_secs: Option<i64>,
    /// Is that what it took before, because the plan says nothing?
    pub expect_by_history: bool,
    pub critical: bool,
    pub attempts: Vec<AttemptRow>,
    pub outputs: BTreeMap<String, String>,
    pub note: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct AttemptRow {
    pub attempt: u32,
    pub waited_secs: Option<i64>,
    pub confirmed_at: Time,
    pub confirmed_by: Operator,
    pub second_person: Option<Operator>,
    pub typed: Option<String>,
    pub began_at: Time,
    pub ended_at: Option<Time>,
    pub took_secs: Option<i64>,
    /// `done`, `failed`, `aborted`; `null` while it runs.
    pub ended: Option<&'static str>,
    pub request_id: Option<String>,
    pub handle: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct ForecastLine {
    pub end: Time,
    pub remaining_secs: i64,
    pub margin_secs: Option<i64>,
    pub in_time: Option<bool>,
    pub steps_without_expectation: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct DataRow {
    pub resource: String,
    pub step: StepId,
    pub data_at: Time,
    /// `null` while the beginning of the impact is not known.
    pub loss_secs: Option<i64>,
    pub worst: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct DecisionRow {
    pub at: Time,
    pub by: Operator,
    /// In which role; `null` if they had none.
    pub role: Option<Role>,
    pub failover: bool,
    pub reason: String,
    /// What was on screen.
    pub seen: Vec<String>,
    pub candidates: Vec<Candidate>,
    pub forecast: Option<Expected>,
    pub options: Vec<Choice>,
    /// Strong objections of a poll: `null` if nobody was asked.
    pub objections: Option<Vec<String>>,
    /// Objections that were noted since the decision before this one.
    pub noted_objections: Vec<NoteRow>,
}

#[derive(Debug, Serialize)]
pub(super) struct SignalRow {
    pub seq: u64,
    pub signal: String,
    pub state: String,
    /// AWS's time of the transition.
    pub happened_at: Option<Time>,
    pub seen_at: Time,
    pub impact_earliest: Option<Time>,
    pub impact_latest: Option<Time>,
    pub reason: String,
}

#[derive(Debug, Serialize)]
pub(super) struct FailureRow {
    pub seq: u64,
    pub at: Time,
    pub step: StepId,
    pub attempt: u32,
    /// What failed, in AWS's words; `null` where a person gave the attempt up.
    pub problem: Option<Problem>,
    /// Why a person gave it up.
    pub aborted: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct CallRow {
    /// The number of its confirmation.
    pub seq: u64,
    pub confirmed_at: Time,
    pub confirmed_by: Operator,
    pub step: StepId,
    pub attempt: u32,
    pub purpose: Purpose,
    pub service: &'static str,
    pub operation: &'static str,
    pub account: Option<AccountId>,
    pub caller_arn: Option<String>,
    pub region: Region,
    /// The Region whose control plane it needed.
    pub control_plane: String,
    pub fingerprint: String,
    /// What makes a repeat do nothing, where AWS has that.
    pub token: Option<String>,
    pub parameters: Value,
    pub cli: String,
    pub answered: Option<Answer>,
    /// Why the attempt failed before any answer: the call was refused, or never arrived.
    pub refused: Option<Problem>,
}

#[derive(Debug, Serialize)]
pub(super) struct Answer {
    pub recorded_at: Time,
    pub aws_at: Option<Time>,
    pub request_id: Option<String>,
    pub handle: String,
    /// How it was found, if not by the call's own answer.
    pub found: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct NoteRow {
    pub seq: u64,
    pub at: Time,
    pub by: Operator,
    pub text: String,
    pub mark: Option<Mark>,
}

#[derive(Debug, Serialize)]
pub(super) struct LogRow {
    pub seq: u64,
    pub at: Time,
    pub by: Operator,
    pub event: String,
    pub text: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Integrity {
    pub events: u64,
    /// Events of kinds that this version does not know.
    pub unknown_events: usize,
    pub format: i64,
    /// Was the journal written by a newer lifeboat?
    pub newer: bool,
    pub damage: Option<String>,
    /// The version of lifeboat that opened the incident.
    pub written_by: Option<String>,
}
