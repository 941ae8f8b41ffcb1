//! `check`: reads until a condition holds. Changes nothing, so it needs no gate.

use std::sync::PoisonError;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Alarm, AlarmState, Problem, Progress};
use crate::plan::{Check, NameServers};

use super::super::prepare::{Asking, Draft};
use super::super::probe::Names;
use super::{End, Following, Look};

pub(super) fn prepare(asking: &Asking<'_>, check: &Check) -> Result<Draft, Problem> {
    let summary = match check {
        Check::AlarmOk { alarm, held } => {
            format!("wait until {alarm} in {} is OK and has been for {} s", asking.place.region, held.as_secs())
        }
        Check::Dns { name, kind, expect, servers, waits_ttl } => {
            let by = match servers {
                NameServers::Resolver => String::new(),
                NameServers::At(server) => format!(" by {server}"),
                NameServers::Authoritative => " by every name server of its zone".to_owned(),
            };
            let ttl = if *waits_ttl { ", and resolvers have had the time to forget what they were told before" } else { "" };
            format!("wait until {name} {kind} is answered with {expect}{by}{ttl}")
        }
        Check::Http { url, status, header, contains } => {
            let mut text = format!("wait until {} answers {status}", asking.text(url)?);
            if let Some((name, value)) = header {
                text.push_str(&format!(" with {name}: {value}"));
            }
            if let Some(contains) = contains {
                text.push_str(&format!(" and \"{contains}\" in the body"));
            }
            text
        }
    };
    Ok(Draft { summary, ..Draft::default() })
}

pub(super) async fn look(following: &Following<'_>, check: &Check) -> Result<Look, Problem> {
    let seen = match check {
        Check::AlarmOk { alarm, held } => {
            let found = following.site.cloudwatch.alarm(alarm).await?;
            return Ok(alarm_held(found.as_ref(), alarm, *held, following.since, following.now));
        }
        Check::Dns { name, kind, expect, servers, waits_ttl } => {
            let answers = following.probe.names(name, kind, *servers).await?;
            return Ok(dns(following, &answers, expect, *waits_ttl));
        }
        Check::Http { status, header, contains, .. } => {
            let answer = following.probe.http(following.text.as_deref().unwrap_or_default()).await?;
            let header_fits = header.as_ref().is_none_or(|(name, value)| answer.header(name) == Some(value.as_str()));
            let body_fits = contains.as_ref().is_none_or(|text| answer.body.contains(text.as_str()));
            let mut seen = format!("status {}", answer.status);
            if let Some((name, _)) = header {
                seen.push_str(&format!(", {name}: {}", answer.header(name).unwrap_or("absent")));
            }
            if answer.status != *status && !answer.body.is_empty() {
                seen.push_str(&format!(", {}", answer.body.lines().next().unwrap_or_default()));
            }
            (answer.status == *status && header_fits && body_fits, seen)
        }
    };
    Ok(if seen.0 {
        let mut end = End::default().with("seen", seen.1);
        end.ended_at = Some(following.now);
        Look::Done(Box::new(end))
    } else {
        Look::Running(Progress { doing: seen.1, ..Progress::default() })
    })
}

/// Every server that was asked has to say so; then, if that is asked for, resolvers are given the time that they may keep the answer before.
fn dns(following: &Following<'_>, answers: &[Names], expect: &str, waits_ttl: bool) -> Look {
    let says = |names: &Names| names.values.iter().any(|value| value.trim_end_matches('.') == expect.trim_end_matches('.'));
    let seen: Vec<String> = answers.iter().map(ToString::to_string).collect();
    let seen = seen.join("; ");
    let mut so_since = following.so_since.lock().unwrap_or_else(PoisonError::into_inner);
    if answers.is_empty() || !answers.iter().all(says) {
        *so_since = None;
        return Look::Running(Progress { doing: seen, ..Progress::default() });
    }
    let since = *so_since.get_or_insert(following.now);
    let ttl = answers.iter().filter_map(|names| names.ttl).max().filter(|_| waits_ttl).unwrap_or_default();
    let until = since + TimeDelta::seconds(i64::from(ttl));
    if following.now < until {
        let left = (until - following.now).num_seconds().max(1);
        let doing = format!("{seen}; resolvers may keep what they were told before for {left} s more");
        return Look::Running(Progress { doing, ..Progress::default() });
    }
    let mut end = End::default().with("seen", seen);
    end.ended_at = Some(until);
    Look::Done(Box::new(end))
}

/// An OK counts from its transition, or from the beginning of the check where AWS does not say; an evaluation that failed is no OK.
fn alarm_held(alarm: Option<&Alarm>, name: &str, held: Duration, since: DateTime<Utc>, now: DateTime<Utc>) -> Look {
    let running = |doing: String| Look::Running(Progress { doing, ..Progress::default() });
    let Some(alarm) = alarm else { return running(format!("there is no alarm {name} here")) };
    if !alarm.is_clear() {
        let evaluation = alarm.evaluation.as_deref().map(|text| format!(" ({text})")).unwrap_or_default();
        return running(format!("{name} is {}{evaluation}", alarm.state));
    }
    debug_assert_eq!(alarm.state, AlarmState::Ok);
    let ok_since = alarm.transitioned_at.unwrap_or(since);
    let needed = TimeDelta::from_std(held).unwrap_or(TimeDelta::MAX);
    if now - ok_since < needed {
        let left = needed - (now - ok_since);
        return running(format!("{name} is OK since {}, {} s to hold", ok_since.format("%H:%M:%S"), left.num_seconds().max(1)));
    }
    let mut end = End::default().with("seen", format!("OK since {}", ok_since.format("%Y-%m-%d %H:%M:%S UTC")));
    end.ended_at = Some((ok_since + needed).max(since));
    Look::Done(Box::new(end))
}
