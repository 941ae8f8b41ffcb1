//! The record of what happened beside lifeboat: others' work merged into a journal, and the timeline of an incident that nobody ran
//! here, from what AWS remembers of it. Asks AWS, changes nothing there.

use std::io::Write;

use chrono::{DateTime, Utc};

use crate::cli::{AwsAccess, Reconstruct, Report};
use crate::clock::Clock;
use crate::cloud::{Access, HealthFilter, Recorder, SiteClients, Sites, Window};
use crate::config::Paths;
use crate::console::{self, Reach};
use crate::domain::{Elsewhere, EvidenceKind, IncidentId, Mode, Moment, Operator, Problem, ProblemKind, Region, SiteName};
use crate::engine::{self, Context, Input};
use crate::error::{DONE, Error, FAILED};
use crate::journal::{Event, FORMAT, Incident, Journal, Reading, Recorded};
use crate::plan::Plan;

use super::{parse_plan, print, record};

/// How many pages of each list are read.
const PAGES: usize = 20;

/// Merges others' work in an incident's window into its journal.
pub(super) async fn merge(id: &str, access: &AwsAccess, operator: Operator, paths: &Paths) -> Result<u8, Error> {
    let path = record::journal_file(id, paths)?;
    let (mut journal, events) = Journal::open(&path)?;
    let incident = Incident::of(&events);
    let Some(opened) = &incident.opened else {
        return Err(Error::Resume(format!("the journal {} tells of no incident", path.display())));
    };
    let plan = parse_plan(&opened.plan_path, &opened.plan_text)?;
    let clock = Clock::system();
    let began = incident.moment(Moment::ImpactBegan).or(incident.opened_at);
    let ended = incident.closed.as_ref().map(|(at, _)| *at);
    let window = Window { from: began.unwrap_or_default(), to: ended.unwrap_or_else(|| clock.now()) };
    let (found, problems) = ask(&plan, access, &clock, window).await?;
    let news = news(&incident, found);
    let told = news.iter().map(|work| format!("  {} {} of {}: {}\n", work.kind, work.id, work.about, work.status));
    let mut text = format!("{}: {} seen from {} to {}\n", incident.id(), news.len(), stamp(window.from), stamp(window.to));
    text.extend(told);
    if !news.is_empty() {
        let events = news.into_iter().map(|work| Event::SeenElsewhere(Box::new(work))).collect();
        // An exercise's time is its own: the record goes on from its last event.
        let at = if opened.mode == Mode::Live { clock.now() } else { incident.last_at.unwrap_or_else(|| clock.now()) };
        journal.append(events, &operator, at)?;
    }
    print(&(text + &silent(&problems)))?;
    Ok(if problems.is_empty() { DONE } else { FAILED })
}

/// What was not started from this journal, and is not in it as it stands now.
fn news(incident: &Incident, found: Vec<Elsewhere>) -> Vec<Elsewhere> {
    let attempts = || incident.steps.values().flat_map(|record| &record.attempts);
    let ours = |work: &Elsewhere| {
        let handles = attempts().filter_map(|attempt| attempt.answered.as_ref()).map(|answered| answered.handle.as_str());
        handles.filter(|handle| !handle.is_empty()).any(|handle| work.id == handle || work.id.starts_with(&format!("{handle}@")))
    };
    let known = |work: &Elsewhere| incident.elsewhere.iter().any(|seen| seen.work == *work);
    found.into_iter().filter(|work| !ours(work) && !known(work)).collect()
}

async fn ask(plan: &Plan, access: &AwsAccess, clock: &Clock, window: Window) -> Result<(Vec<Elsewhere>, Vec<Problem>), Error> {
    let sites = connect(plan, access, clock).await?;
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    for name in plan.sites.keys() {
        let Some(site) = sites.site(name) else { continue };
        let (found, silent) = site.others.all(window, PAGES).await;
        if !found.complete {
            let text = format!("{name}: more happened than the {PAGES} pages that were read of each list");
            problems.push(Problem::new(ProblemKind::Unavailable, "lists of jobs and executions", text));
        }
        all.extend(found.rows);
        problems.extend(silent);
    }
    Ok((all, problems))
}

async fn connect(plan: &Plan, access: &AwsAccess, clock: &Clock) -> Result<Sites, Error> {
    let reach = Reach {
        access: Access::Habits { profile: access.profile.clone() },
        endpoint_url: access.endpoint_url.clone(),
        sts_region: access.region.clone().map(Region::new),
    };
    let connected = console::connect(plan, reach, &Operator::new("lifeboat"), clock, &Recorder::new()).await;
    Ok(Sites::new(&connected.map_err(|problem| Error::Connect { problem })?))
}

/// What did not answer: silence is not an all-clear.
fn silent(problems: &[Problem]) -> String {
    let line = |problem: &Problem| format!("  NOT KNOWN: {problem}; {}\n", problem.kind.next());
    problems.iter().map(line).collect()
}

/// The report of an incident that nobody ran here.
pub(super) async fn report(arguments: &Report, theme: Option<&str>) -> Result<u8, Error> {
    let Some(wanted) = arguments.reconstruction() else { return Ok(FAILED) };
    if wanted.to <= wanted.from {
        return Err(Error::Query("the reconstruction ends before it begins: --from must lie before --to".to_owned()));
    }
    let (reading, problems) = reconstruct(&wanted, &arguments.access).await?;
    let code = record::report_of(reading, arguments, theme)?;
    // Standard output holds the report; nothing is left to be told if standard error is closed.
    let _ = std::io::stderr().write_all(silent(&problems).as_bytes());
    Ok(if problems.is_empty() { code } else { FAILED })
}

/// The journal, in memory, of an incident that nobody ran here, from the history of the plan's alarms, Health events and others'
/// work; and what could not be learned.
async fn reconstruct(arguments: &Reconstruct, access: &AwsAccess) -> Result<(Reading, Vec<Problem>), Error> {
    let plan = Plan::read(&arguments.plan.display().to_string())?;
    let clock = Clock::system();
    let window = Window { from: arguments.from, to: arguments.to };
    let sites = connect(&plan, access, &clock).await?;
    let mut remembered: Vec<(DateTime<Utc>, Remembered)> = Vec::new();
    let mut problems = Vec::new();
    for alarm in &plan.alarms {
        let Some(site) = sites.site(&alarm.site) else { continue };
        match transitions(site, &alarm.name, window).await {
            Ok((found, missing)) => {
                remembered.extend(found);
                problems.extend(missing.map(|why| {
                    let text = format!("{} alarm {}: {why}", alarm.site, alarm.name);
                    Problem::new(ProblemKind::Unavailable, "the history of an alarm", text)
                }));
            }
            Err(problem) => problems.push(problem),
        }
    }
    health(&plan, &sites, window, &mut remembered, &mut problems).await;
    let (works, silent) = ask(&plan, access, &clock, window).await?;
    problems.extend(silent);
    for work in works {
        let at = work.ended_at.or(work.began_at).unwrap_or(window.from);
        remembered.push((at, Remembered::Work(Box::new(work))));
    }
    remembered.sort_by_key(|(at, _)| *at);
    Ok((Reading { events: events(&plan, window, remembered, &problems), damage: None, format: FORMAT }, problems))
}

type Transitions = Vec<(DateTime<Utc>, Remembered)>;

/// What AWS remembers of one moment.
enum Remembered {
    Alarm(Box<crate::domain::Alarm>),
    Health(Box<crate::domain::HealthEvent>),
    Work(Box<Elsewhere>),
}

/// The alarm as it was after each of its transitions in the window; and why there may have been more of them.
async fn transitions(site: &SiteClients, name: &str, window: Window) -> Result<(Transitions, Option<&'static str>), Problem> {
    let Some(now) = site.cloudwatch.alarm(name).await? else {
        return Ok((Vec::new(), Some("it is not there any more, and its history with it")));
    };
    let history = site.cloudwatch.alarm_history(name, window.from, PAGES).await?;
    let mut all = Vec::new();
    for item in history.rows.iter().filter(|item| item.kind == "StateUpdate") {
        let Some(at) = item.at.filter(|at| (window.from..=window.to).contains(at)) else { continue };
        let data: serde_json::Value = item.data.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let new = &data["newState"];
        let Some(state) = new["stateValue"].as_str() else { continue };
        let mut alarm = now.clone();
        alarm.state = state.to_owned().into();
        alarm.evaluation = None;
        alarm.transitioned_at = Some(at);
        alarm.updated_at = Some(at);
        alarm.reason = new["stateReason"].as_str().unwrap_or(&item.summary).to_owned();
        alarm.reason_data = Some(&new["stateReasonData"]).filter(|data| !data.is_null()).map(ToString::to_string);
        all.push((at, Remembered::Alarm(Box::new(alarm))));
    }
    Ok((all, (!history.complete).then_some("its history is longer than what was read")))
}

async fn health(
    plan: &Plan,
    sites: &Sites,
    window: Window,
    remembered: &mut Vec<(DateTime<Utc>, Remembered)>,
    problems: &mut Vec<Problem>,
) {
    let Some(site) = sites.site(&SiteName::primary()) else { return };
    let filter = HealthFilter {
        services: plan.health.services.clone(),
        regions: plan.health.regions.iter().map(Region::to_string).collect(),
        type_codes: plan.health.type_codes.clone(),
        updated_since: Some(window.from),
        categories: plan.health.categories.clone(),
        organization: plan.health.organization,
    };
    match site.health.events(&filter, PAGES).await {
        Ok(found) => {
            for mut event in found.rows {
                let Some(started) = event.started_at.filter(|at| *at <= window.to) else { continue };
                if event.ended_at.is_some_and(|ended| ended < window.from) {
                    continue;
                }
                let ended = event.ended_at.filter(|ended| *ended <= window.to);
                let closed = event.clone();
                // When it arrived nobody knows any more: after it began, and at the latest when it was last updated.
                let arrived = event.updated_at.unwrap_or(started).clamp(started, window.to).max(window.from);
                event.status = "open".to_owned();
                event.ended_at = None;
                event.first_seen_at = Some(arrived);
                let told = ended.map_or(arrived, |ended| ended.min(arrived)).max(window.from);
                remembered.push((told, Remembered::Health(Box::new(event))));
                remembered.extend(ended.map(|ended| (ended, Remembered::Health(Box::new(closed)))));
            }
        }
        Err(problem) => problems.push(problem),
    }
}

/// What the engine would have journalled, had a console been open: the same rules give the same moments.
fn events(plan: &Plan, window: Window, remembered: Vec<(DateTime<Utc>, Remembered)>, problems: &[Problem]) -> Vec<Recorded> {
    let operator = Operator::new("lifeboat");
    let mut incident = Incident::default();
    let mut all: Vec<Recorded> = Vec::new();
    let id = IncidentId::new(format!("{}-{}-reconstructed", window.from.format("%Y%m%d"), plan.name));
    let mut record = |at: DateTime<Utc>, events: Vec<Event>, incident: &mut Incident| {
        for event in events {
            let recorded = Recorded { seq: all.len() as u64 + 1, recorded_at: at, by: operator.clone(), event };
            incident.apply(&recorded);
            all.push(recorded);
        }
    };
    let note = format!(
        "Reconstructed from what AWS remembers of {} to {}: no console was open, and nobody wrote down what was decided, and why.",
        stamp(window.from),
        stamp(window.to)
    );
    let first = vec![
        engine::open(id, Mode::Live, plan, None, &std::collections::BTreeMap::new()),
        Event::Noted { text: note, mark: None },
    ];
    record(window.from, first, &mut incident);
    for problem in problems {
        let text = format!("Not known: {problem}");
        record(window.from, vec![Event::Noted { text, mark: Some(crate::journal::Mark::Question) }], &mut incident);
    }
    for (at, remembered) in remembered {
        let (alarms, events) = match remembered {
            Remembered::Alarm(alarm) => (vec![*alarm], Vec::new()),
            Remembered::Health(event) => (Vec::new(), vec![*event]),
            Remembered::Work(work) => {
                record(at.min(window.to), vec![Event::SeenElsewhere(work)], &mut incident);
                continue;
            }
        };
        let context = Context { incident: &incident, plan, now: at, operator: &operator, read_only: true };
        let began = events.first().and_then(|event| event.started_at);
        let input = Input::Signals { alarms, events, seen_at: at };
        let mut decided = engine::handle(context, &input).map(|decision| decision.events).unwrap_or_default();
        decided.iter_mut().for_each(|event| arrived_somewhen(event, began));
        record(at, decided, &mut incident);
    }
    // The record reaches to the end of the window.
    let end = window.to.max(incident.last_at.unwrap_or(window.to));
    record(end, vec![Event::Noted { text: "The window of the reconstruction ends here.".to_owned(), mark: None }], &mut incident);
    all
}

/// A detection by a Health event that nobody saw arrive lies somewhere between its beginning and its last update.
fn arrived_somewhen(event: &mut Event, began: Option<DateTime<Utc>>) {
    if let Event::MomentFixed { moment: Moment::Detected, fixed } = event
        && fixed.evidence.kind == EvidenceKind::Health
    {
        (fixed.earliest, fixed.latest) = (began, Some(fixed.at));
        fixed.evidence.text.push_str(", at the latest when it was last updated");
    }
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}
