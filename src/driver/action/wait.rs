//! `wait`: reads the clock, or an alarm. It counts from the beginning that is in the journal, so a console that takes over waits no longer.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Finding, Problem, ProblemKind, Progress};
use crate::plan::Wait;

use super::super::prepare::{Asking, Draft};
use super::{End, Following, Look};

const CLOCK: &str = "%Y-%m-%d %H:%M:%S UTC";

pub(super) fn prepare(asking: &Asking<'_>, wait: &Wait) -> Result<Draft, Problem> {
    let (summary, ends) = match wait {
        Wait::For(time) => (format!("wait for {} s", time.as_secs()), end(wait, None, asking.now)),
        Wait::Until(template) => {
            let text = asking.text(template)?;
            let at = Wait::time(&text, asking.now).ok_or_else(|| no_time(&text))?;
            (format!("wait until {}", at.format(CLOCK)), Some(at))
        }
        Wait::Alarm { alarm, is } => (format!("wait until {alarm} in {} is {is}", asking.place.region), None),
    };
    let limit = TimeDelta::from_std(asking.step.limit).unwrap_or(TimeDelta::MAX);
    let findings = ends.map(|at| match at - asking.now > limit {
        true => Finding::blocks(format!("{} is later than the step's time limit allows", at.format(CLOCK))),
        false => Finding::good(format!("it ends at {} if it begins now", at.format(CLOCK))),
    });
    Ok(Draft { summary, findings: findings.into_iter().collect(), ..Draft::default() })
}

fn no_time(text: &str) -> Problem {
    Problem::new(ProblemKind::Invalid, "wait", format!("{text:?} is no time: \"06:00\" in UTC, or \"2026-03-14T06:00:00Z\""))
}

/// When a wait that began at `since` ends; `None` where the clock does not decide.
fn end(wait: &Wait, text: Option<&str>, since: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match wait {
        Wait::For(time) => since.checked_add_signed(TimeDelta::from_std(*time).ok()?),
        Wait::Until(_) => Wait::time(text.unwrap_or_default(), since),
        Wait::Alarm { .. } => None,
    }
}

pub(super) async fn look(following: &Following<'_>, wait: &Wait) -> Result<Look, Problem> {
    let done = |seen: String, at: DateTime<Utc>| {
        let mut end = End::default().with("seen", seen);
        end.ended_at = Some(at);
        Look::Done(Box::new(end))
    };
    let running = |doing: String| Look::Running(Progress { doing, ..Progress::default() });
    if let Wait::Alarm { alarm, is } = wait {
        let state = following.site.cloudwatch.alarm(alarm).await?.map(|alarm| alarm.state.to_string());
        return Ok(match state {
            Some(state) if state == *is => done(format!("{alarm} is {state}"), following.now),
            Some(state) => running(format!("{alarm} is {state}")),
            None => running(format!("there is no alarm {alarm} here")),
        });
    }
    let text = following.text.as_deref();
    let at = end(wait, text, following.since).ok_or_else(|| no_time(text.unwrap_or_default()))?;
    Ok(if following.now >= at {
        done(at.format(CLOCK).to_string(), at)
    } else {
        running(format!("until {}, {} s more", at.format(CLOCK), (at - following.now).num_seconds().max(1)))
    })
}
