//! Compiles a report from the events of a journal.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::domain::{Evidence, EvidenceKind, Fixed, Mode, Moment, Phase};
use crate::journal::{
    Attempt, Ended, Event, Incident, Mark, Note, Reading, Recorded, SeenElsewhere, StepConfirmed, StepRecord, StepStatus,
};

use super::document::{
    Answer, AttachmentRow, AttemptRow, CallRow, Closed, DataRow, DecisionRow, Document, DurationRow, ElsewhereRow, FailureRow,
    ForecastLine, Integrity, LogRow, MomentRow, NoteRow, Objective, PartRow, PlanLine, Proof, RoleRow, SCHEMA, SaidRow,
    SignalRow, SiteLine, StepRow, Tail,
};
use super::{Durations, StepBar, Timeline, links, log, questions, waits};

/// The report of a journal, as far as it could be read.
pub(super) fn document(reading: &Reading) -> Document {
    let events = &reading.events;
    let incident = Incident::of(events);
    let timeline = Timeline::of(&incident, None);
    let durations = &timeline.durations;
    let uncorrected = uncorrected(&incident);
    let opened = incident.opened.as_ref();
    let mode = opened.map(|opened| opened.mode);
    let mut document = Document {
        schema: SCHEMA,
        kind: mode,
        banner: mode.map_or("UNKNOWN", Mode::banner),
        incident: incident.id(),
        scenario: opened.and_then(|opened| opened.scenario.clone()),
        score: super::Score::of(events),
        seed: opened.and_then(|opened| opened.seed),
        plan: plan(&incident),
        sites: sites(&incident),
        operators: incident.operators.clone(),
        opened_at: incident.opened_at,
        exercise_started_at: incident.exercise_started_at,
        closed: incident.closed.clone().map(|(at, reason)| Closed { at, reason }),
        as_of: incident.last_at,
        recovery_time: Objective {
            objective_secs: durations.rto.num_seconds(),
            achieved_secs: durations.recovery_time.map(|time| time.num_seconds()),
            uncorrected_secs: uncorrected.as_ref().and_then(|it| it.recovery_time).map(|time| time.num_seconds()),
            range_secs: durations.recovery_range.map(|(low, high)| (low.num_seconds(), high.num_seconds())),
            running: durations.running,
            verdict: durations.rto_verdict,
        },
        data_loss: Objective {
            objective_secs: durations.rpo.num_seconds(),
            achieved_secs: durations.worst.map(|worst| worst.num_seconds()),
            uncorrected_secs: uncorrected.as_ref().and_then(|it| it.worst).map(|worst| worst.num_seconds()),
            range_secs: None,
            running: false,
            verdict: durations.rpo_verdict,
        },
        durations: duration_rows(&incident, durations),
        spent: waits::spent(&timeline),
        unnoticed_secs: incident
            .moment(Moment::Detected)
            .zip(incident.moment(Moment::Acknowledged))
            .map(|(detected, noticed)| (noticed - detected).num_seconds().max(0)),
        tail: tail(&incident),
        moments: Moment::ALL.map(|moment| moment_row(moment, &incident, events)).into(),
        restore_parts: part_rows(&timeline),
        steps: timeline.steps.iter().map(|step| step_row(step, incident.steps.get(&step.id), timeline.now)).collect(),
        critical_path: timeline.critical_path.clone(),
        forecast: timeline.forecast.map(|forecast| ForecastLine {
            end: forecast.end,
            remaining_secs: forecast.remaining.num_seconds(),
            margin_secs: forecast.margin.map(|margin| margin.num_seconds()),
            in_time: forecast.in_time(),
            steps_without_expectation: forecast.unknown_steps,
        }),
        data: data_rows(durations),
        decisions: decision_rows(&incident),
        signals: events.iter().filter_map(signal_row).collect(),
        failures: events.iter().filter_map(failure_row).collect(),
        calls: call_rows(events),
        elsewhere: elsewhere(&incident),
        roles: events.iter().filter_map(role_row).collect(),
        notes: incident.notes.iter().map(note_row).collect(),
        important: important(events),
        attachments: events.iter().filter_map(attachment_row).collect(),
        log: events.iter().map(log_row).collect(),
        open_questions: Vec::new(),
        action_items: Vec::new(),
        integrity: Integrity {
            events: events.len() as u64,
            unknown_events: incident.unknown_events,
            format: reading.format,
            newer: reading.is_newer(),
            damage: reading.damage.as_ref().map(ToString::to_string),
            written_by: opened.map(|opened| opened.version.clone()),
        },
    };
    document.open_questions = questions::open(&document, durations);
    document.action_items = questions::actions(&document);
    document
}

/// The durations as evidence alone gives them, if a person corrected any moment.
fn uncorrected(incident: &Incident) -> Option<Durations> {
    incident.moments.values().any(|record| record.corrected.is_some()).then(|| {
        let mut original = incident.clone();
        for record in original.moments.values_mut() {
            record.fixed = record.original.clone();
        }
        Durations::of(&original, None)
    })
}

fn plan(incident: &Incident) -> PlanLine {
    let digest = |text: &str| Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    incident.opened.as_ref().map_or_else(
        || PlanLine { name: String::new(), title: String::new(), path: String::new(), text_sha256: String::new() },
        |opened| PlanLine {
            name: opened.plan_name.clone(),
            title: opened.plan_title.clone(),
            path: opened.plan_path.clone(),
            text_sha256: digest(&opened.plan_text),
        },
    )
}

fn sites(incident: &Incident) -> Vec<SiteLine> {
    let sites = incident.opened.iter().flat_map(|opened| &opened.sites);
    sites
        .map(|(name, (account, region))| SiteLine {
            name: name.clone(),
            account: account.clone(),
            region: region.clone(),
            caller_arn: incident.identities.get(name).map(|identity| identity.arn.clone()),
        })
        .collect()
}

fn proof(fixed: &Fixed) -> Proof {
    let Evidence { kind, text, reference } = &fixed.evidence;
    Proof {
        at: fixed.at,
        earliest: fixed.earliest,
        latest: fixed.latest,
        kind: *kind,
        evidence: text.clone(),
        reference: reference.clone(),
        link: reference.as_deref().and_then(links::of),
        certainty: match (fixed.earliest.or(fixed.latest), kind) {
            (Some(_), _) => "range",
            (None, EvidenceKind::Person) => "as told",
            (None, _) => "exact",
        },
    }
}

fn tail(incident: &Incident) -> Option<Tail> {
    let from = incident.moment(Moment::FailedOver)?;
    let said = incident.moment(Moment::Recovered);
    let closed = incident.closed.as_ref().map(|(at, _)| *at);
    let to = said.or(closed).or(incident.last_at)?.max(from);
    Some(Tail { from, to, secs: (to - from).num_seconds(), running: said.is_none() && closed.is_none() })
}

fn note_row(note: &Note) -> NoteRow {
    NoteRow { seq: note.seq, at: note.at, by: note.by.clone(), text: note.text.clone(), mark: note.mark }
}

fn elsewhere(incident: &Incident) -> Vec<ElsewhereRow> {
    let row = |seen: &SeenElsewhere| ElsewhereRow {
        seq: seen.seq,
        seen_at: seen.seen_at,
        secs: seen.work.began_at.zip(seen.work.ended_at).map(|(from, to)| (to - from).num_seconds()),
        work: seen.work.clone(),
    };
    let mut rows: Vec<ElsewhereRow> = incident.elsewhere.iter().map(row).collect();
    rows.sort_by_key(|row| (row.work.began_at, row.seq));
    rows
}

fn role_row(recorded: &Recorded) -> Option<RoleRow> {
    let Event::RoleGiven { to, role, reason } = &recorded.event else { return None };
    let (seq, at, given_by) = (recorded.seq, recorded.recorded_at, recorded.by.clone());
    Some(RoleRow { seq, at, to: to.clone(), role: *role, given_by, reason: reason.clone() })
}

fn attachment_row(recorded: &Recorded) -> Option<AttachmentRow> {
    let Event::Attached(attached) = &recorded.event else { return None };
    Some(AttachmentRow {
        seq: recorded.seq,
        at: recorded.recorded_at,
        by: recorded.by.clone(),
        name: attached.name.clone(),
        bytes: attached.bytes,
        sha256: attached.sha256.clone(),
    })
}

/// The events that a person marked as important, or wrote as important notes.
fn important(events: &[Recorded]) -> Vec<LogRow> {
    let marks = events.iter().filter_map(|recorded| match recorded.event {
        Event::Marked { seq, mark: Mark::Important } => Some(seq),
        Event::Noted { mark: Some(Mark::Important), .. } => Some(recorded.seq),
        _ => None,
    });
    let marked: BTreeSet<u64> = marks.collect();
    let at = |seq: &u64| events.get(usize::try_from(*seq).ok()?.checked_sub(1)?).filter(|found| found.seq == *seq);
    marked.iter().filter_map(at).map(log_row).collect()
}

fn duration_rows(incident: &Incident, durations: &Durations) -> Vec<DurationRow> {
    let total = durations.recovery_time.map(|time| time.num_seconds()).filter(|secs| *secs > 0);
    let row = |(span, end): (&super::Span, &Moment)| DurationRow {
        phase: span.phase,
        from: span.from,
        to: span.to,
        secs: span.length().num_seconds(),
        percent: total.map(|total| (span.length().num_seconds() * 200 + total) / (2 * total)),
        running: span.running,
        ends_by: incident.moments.get(end).map(|record| proof(&record.fixed)),
    };
    durations.spans.iter().zip(&Moment::BOUNDS[1..]).map(row).collect()
}

fn moment_row(moment: Moment, incident: &Incident, events: &[Recorded]) -> MomentRow {
    let said = events.iter().filter_map(|recorded| {
        let (fixed, correction) = match &recorded.event {
            Event::MomentFixed { moment: of, fixed } if *of == moment => (fixed, None),
            Event::MomentCorrected { moment: of, fixed, reason } if *of == moment => (fixed, Some(reason.clone())),
            _ => return None,
        };
        let (seq, recorded_at, by) = (recorded.seq, recorded.recorded_at, recorded.by.clone());
        Some(SaidRow { seq, recorded_at, by, proof: proof(fixed), correction })
    });
    let record = incident.moments.get(&moment);
    MomentRow {
        moment,
        holds: record.map(|record| proof(&record.fixed)),
        original: record.filter(|record| record.corrected.is_some()).map(|record| proof(&record.original)),
        said: said.collect(),
    }
}

fn part_rows(timeline: &Timeline) -> Vec<PartRow> {
    let row = |bar: &super::WorkBar| {
        let part = bar.part.filter(|_| bar.phase == Phase::Restore)?;
        let of = |step: &&StepBar| step.phase == Phase::Restore && step.part == Some(part);
        let sum = |each: fn(&StepBar) -> i64| timeline.steps.iter().filter(of).map(each).sum();
        Some(PartRow {
            part,
            from: bar.from,
            to: bar.to,
            secs: (bar.to - bar.from).num_seconds(),
            running: bar.running,
            worked_secs: sum(|step| step.worked.num_seconds()),
            waited_secs: sum(|step| step.waited.num_seconds()),
        })
    };
    timeline.work.iter().filter_map(row).collect()
}

fn step_row(bar: &StepBar, record: Option<&StepRecord>, now: Option<DateTime<Utc>>) -> StepRow {
    let (_, retry, aws) = waits::waits(bar, now);
    let (status, reason) = match &bar.status {
        StepStatus::Pending => ("pending", None),
        StepStatus::Calling => ("calling", None),
        StepStatus::Running => ("running", None),
        StepStatus::Done => ("done", None),
        StepStatus::Failed(_) => ("failed", None),
        StepStatus::Aborted(reason) => ("aborted", Some(reason.clone())),
        StepStatus::Skipped(reason) => ("skipped", Some(reason.clone())),
        StepStatus::RuledOut(because) => ("not-applicable", Some(because.clone())),
    };
    let attempts = record.map_or(&[][..], |record| &record.attempts);
    let end = attempts.last().and_then(|attempt| attempt.ended.as_ref());
    StepRow {
        step: bar.id.clone(),
        title: bar.title.clone(),
        phase: bar.phase,
        part: bar.part,
        action: bar.action.clone(),
        needs: bar.needs.clone(),
        status,
        reason,
        ready_at: bar.ready_at,
        settled_at: bar.settled_at,
        waited_secs: bar.waited.num_seconds(),
        waited_for_retry_secs: retry.num_seconds(),
        waited_for_aws_secs: aws.num_seconds(),
        worked_secs: bar.worked.num_seconds(),
        expect_secs: bar.expect.map(|expect| expect.num_seconds()),
        critical: bar.critical,
        attempts: bar.attempts.iter().zip(attempts).map(|(bar, attempt)| attempt_row(bar, attempt)).collect(),
        outputs: end.map(|end| end.outputs.clone()).unwrap_or_default(),
        note: end.and_then(|end| end.note.clone()),
    }
}

fn attempt_row(bar: &super::AttemptBar, attempt: &Attempt) -> AttemptRow {
    let answered = attempt.answered.as_ref();
    let failed_request = match &bar.ended {
        Some(Ended::Failed { problem }) => problem.request_id.clone(),
        _ => None,
    };
    AttemptRow {
        attempt: bar.number,
        waited_secs: bar.waits_from.map(|from| (bar.confirmed_at - from).num_seconds()),
        confirmed_at: bar.confirmed_at,
        confirmed_by: bar.by.clone(),
        second_person: attempt.confirmed.second.clone(),
        typed: attempt.confirmed.typed.clone(),
        began_at: bar.began,
        ended_at: bar.finished,
        took_secs: bar.finished.map(|finished| (finished - bar.began).num_seconds()),
        ended: bar.ended.as_ref().map(|ended| match ended {
            Ended::Done => "done",
            Ended::Failed { .. } => "failed",
            Ended::Aborted { .. } => "aborted",
        }),
        request_id: answered.and_then(|answered| answered.request_id.clone()).or(failed_request),
        handle: answered.map(|answered| answered.handle.clone()).filter(|handle| !handle.is_empty()),
    }
}

fn data_rows(durations: &Durations) -> Vec<DataRow> {
    let row = |loss: &super::DataLoss| DataRow {
        resource: loss.resource.clone(),
        step: loss.step.clone(),
        data_at: loss.data_at,
        loss_secs: loss.loss.map(|loss| loss.num_seconds()),
        worst: loss.loss.is_some() && loss.loss == durations.worst,
    };
    durations.data_loss.iter().map(row).collect()
}

fn decision_rows(incident: &Incident) -> Vec<DecisionRow> {
    let mut before = None;
    let mut rows = Vec::new();
    for decision in &incident.decisions {
        let noted = incident.notes.iter().filter(|note| note.mark == Some(Mark::Objection));
        let since = noted.filter(|note| note.at <= decision.at && before.is_none_or(|before| note.at > before));
        let weighed = &decision.weighed;
        rows.push(DecisionRow {
            at: decision.at,
            by: decision.by.clone(),
            role: decision.role,
            failover: decision.failover,
            reason: decision.reason.clone(),
            seen: decision.seen.clone(),
            candidates: weighed.candidates.clone(),
            forecast: weighed.forecast,
            options: weighed.options.clone(),
            objections: weighed.objections.clone(),
            noted_objections: since.map(note_row).collect(),
        });
        before = Some(decision.at);
    }
    rows
}

fn signal_row(recorded: &Recorded) -> Option<SignalRow> {
    let Event::SignalSeen(seen) = &recorded.event else { return None };
    Some(SignalRow {
        seq: recorded.seq,
        signal: seen.signal.to_string(),
        state: log::state_word(seen),
        happened_at: seen.happened_at,
        seen_at: seen.seen_at,
        impact_earliest: seen.impact.map(|(earliest, _)| earliest),
        impact_latest: seen.impact.map(|(_, latest)| latest),
        reason: seen.reason.clone(),
    })
}

fn failure_row(recorded: &Recorded) -> Option<FailureRow> {
    let Event::StepEnded(end) = &recorded.event else { return None };
    let (problem, aborted) = match &end.ended {
        Ended::Done => return None,
        Ended::Failed { problem } => (Some(problem.clone()), None),
        Ended::Aborted { reason } => (None, Some(reason.clone())),
    };
    let at = end.aws_at.unwrap_or(recorded.recorded_at);
    Some(FailureRow { seq: recorded.seq, at, step: end.step.clone(), attempt: end.attempt, problem, aborted })
}

/// Each confirmed call with the first answer to it that came after, or with the failure that ended its attempt before any.
fn call_rows(events: &[Recorded]) -> Vec<CallRow> {
    let mut rows: Vec<CallRow> = Vec::new();
    // The rows that nothing is known of yet: few at any time, so that the cost grows only with the events.
    let mut open: Vec<usize> = Vec::new();
    for recorded in events {
        match &recorded.event {
            Event::StepConfirmed(confirmed) => {
                if let Some(row) = call_row(recorded, confirmed) {
                    open.push(rows.len());
                    rows.push(row);
                }
            }
            Event::CallAnswered(answered) => {
                let of = (&answered.step, answered.attempt, answered.purpose);
                let is_of = |index: &usize| (&rows[*index].step, rows[*index].attempt, rows[*index].purpose) == of;
                if let Some(position) = open.iter().position(is_of) {
                    rows[open.remove(position)].answered = Some(Answer {
                        recorded_at: recorded.recorded_at,
                        aws_at: answered.aws_at,
                        request_id: answered.request_id.clone(),
                        handle: answered.handle.clone(),
                        found: answered.found.clone(),
                    });
                }
            }
            Event::StepEnded(end) => open.retain(|index| {
                let row = &mut rows[*index];
                let other = (&row.step, row.attempt) != (&end.step, end.attempt);
                if let (false, Ended::Failed { problem }) = (other, &end.ended) {
                    row.refused = Some(problem.clone());
                }
                other
            }),
            _ => {}
        }
    }
    rows
}

fn call_row(recorded: &Recorded, confirmed: &StepConfirmed) -> Option<CallRow> {
    let call = confirmed.call.as_ref()?;
    let token = call.token().map(str::to_owned);
    Some(CallRow {
        seq: recorded.seq,
        confirmed_at: recorded.recorded_at,
        confirmed_by: recorded.by.clone(),
        step: confirmed.step.clone(),
        attempt: confirmed.attempt,
        purpose: confirmed.purpose,
        service: call.service().0,
        operation: call.operation(),
        account: confirmed.identity.as_ref().map(|identity| identity.account.clone()),
        caller_arn: confirmed.identity.as_ref().map(|identity| identity.arn.clone()),
        region: confirmed.region.clone(),
        control_plane: call.control_plane(&confirmed.region).to_owned(),
        fingerprint: confirmed.fingerprint.clone(),
        token,
        parameters: call.parameters(),
        cli: call.cli(&confirmed.region),
        answered: None,
        refused: None,
    })
}

fn log_row(recorded: &Recorded) -> LogRow {
    LogRow {
        seq: recorded.seq,
        at: recorded.recorded_at,
        by: recorded.by.clone(),
        event: recorded.event.kind(),
        text: log::sentence(&recorded.event),
    }
}
