//! The state, and how it changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{
    Alarm, AlarmStory, Backups, Expected, HealthEvent, Identity, MetricPoint, Mode, Operator, Preparation, Problem, ProblemKind,
    Progress, ProtectedResource, RecoveryPoint, SiteName, StepId,
};
use crate::journal::{Event, Incident, Recorded, StepStatus};
use crate::plan::{Action, Plan};

use super::push::{Ahead, fed};
use super::{Changes, Completeness, Known, Rows, Source, Update};

/// Everything that the screen may read.
#[derive(Debug, Clone)]
pub struct State {
    /// Live or exercise; fixed at the start.
    pub mode: Mode,
    /// No gate: nothing can be changed.
    pub read_only: bool,
    /// Who sits here.
    pub operator: Operator,
    /// The plan.
    pub plan: Arc<Plan>,
    /// The incident as the journal tells it.
    pub incident: Incident,
    /// The journal's events, for the log; shared, because a replay goes back and forth among very many.
    pub events: Vec<Arc<Recorded>>,
    /// What the journal has told of the sources.
    pub known: Known,
    /// Where a replay is, in a replay: then nothing is live, and nothing can be done.
    pub replay: Option<ReplayState>,
    /// Where the journal is kept; `None` until there is one.
    pub journal_path: Option<String>,
    /// Why the journal cannot be written, if it cannot: then nothing may change AWS.
    pub journal_problem: Option<String>,
    /// Who we are at each site.
    pub identities: BTreeMap<SiteName, Source<Identity>>,
    /// The alarms of each site.
    pub alarms: BTreeMap<SiteName, Source<Rows<Alarm>>>,
    /// The Health events.
    pub health: Source<Vec<HealthEvent>>,
    /// The push feeds of the sites that have one: how well each is heard.
    pub feeds: BTreeMap<SiteName, Source<()>>,
    pub(super) ahead: Ahead,
    /// The recovery points of each site.
    pub recovery_points: BTreeMap<SiteName, Source<RecoveryPoints>>,
    /// The graph of the alarm that is being looked at.
    pub graphs: BTreeMap<(SiteName, String), Result<Vec<MetricPoint>, Problem>>,
    /// The numbers of the questions that these graphs answer.
    pub(super) graph_asked: BTreeMap<(SiteName, String), u64>,
    /// What was asked about the alarm that is being looked at, beside its graph.
    pub stories: BTreeMap<(SiteName, String), AlarmStory>,
    /// Vaults, copies and restores of each site.
    pub backups: BTreeMap<SiteName, Source<Backups>>,
    /// The preparations of steps.
    pub preparations: BTreeMap<StepId, (u64, Prepared)>,
    /// How far the running steps are: attempt, when asked, answer, and why the last question failed if it did.
    pub progress: BTreeMap<StepId, (u32, DateTime<Utc>, Progress, Option<Problem>)>,
    /// AWS's clock minus ours, and how far that may be off.
    pub clock_offset: Option<(TimeDelta, TimeDelta)>,
    /// The exercise's clock, in an exercise.
    pub exercise: Option<ExerciseState>,
    /// What steps are expected to take, where more is known than the plan says: earlier runs, AWS's last restores.
    pub expectations: BTreeMap<StepId, Expected>,
    /// The last thing that the operator should know, such as why an order was refused.
    pub notice: Option<Notice>,
}

/// The exercise as the screen needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct ExerciseState {
    /// The scenario's name.
    pub scenario: String,
    /// The scenario's title.
    pub title: String,
    /// What the team should learn.
    pub goals: Vec<String>,
    /// Does the clock stand still?
    pub paused: bool,
    /// Simulated seconds in one real second.
    pub speed: f64,
}

/// A replay as the screen needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayState {
    /// The time of the first event.
    pub from: DateTime<Utc>,
    /// The time of the last event.
    pub to: DateTime<Utc>,
    /// How many events have been played.
    pub position: usize,
    /// How many there are.
    pub events: usize,
    /// Does it stand still?
    pub paused: bool,
    /// Seconds of the incident in one real second.
    pub speed: f64,
}

/// What a site's vaults hold.
#[derive(Debug, Clone, Default)]
pub struct RecoveryPoints {
    /// In groups by resource.
    pub points: Rows<RecoveryPoint>,
    /// The resources that AWS Backup protects in this account and Region.
    pub protected: Vec<ProtectedResource>,
}

/// A preparation as far as it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Prepared {
    /// AWS is being asked.
    Asking,
    /// It is there.
    Ready(Box<Preparation>, DateTime<Utc>),
    /// It could not be made.
    Failed(Problem, DateTime<Utc>),
}

/// How urgent a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeLevel {
    /// Good to know.
    Info,
    /// Something was not done.
    Warning,
}

/// One line for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How urgent.
    pub level: NoticeLevel,
    /// The line.
    pub text: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// How long a failure of this kind is waited for, the longer the more often it happened; `None` where waiting mends nothing.
fn pause(kind: ProblemKind, times: usize) -> Option<TimeDelta> {
    let first = match kind {
        ProblemKind::Throttled => 15,
        ProblemKind::Unreachable | ProblemKind::Expired => 30,
        _ => return None,
    };
    let doubled = i64::try_from(times.saturating_sub(1).min(5)).map_or(1, |times| 1_i64 << times);
    Some(TimeDelta::seconds((first * doubled).min(300)))
}

/// Seconds between two looks at each source, by the console's clock.
const CADENCE_SECS: u32 = 15;

/// Takes a piece into the rows; what the whole was like, if this was the last one.
fn take<T: super::Row>(rows: &mut Rows<T>, changes: Changes<T>) -> Option<(Completeness, TimeDelta)> {
    changes.gone.into_iter().for_each(|hash| rows.remove(hash));
    changes.changed.into_iter().for_each(|row| rows.put(row));
    let ended = changes.end?;
    if let Some(only) = &ended.only {
        rows.keep_only(only);
    }
    Some((ended.completeness, ended.took))
}

impl State {
    /// Nothing known yet.
    pub fn new(mode: Mode, read_only: bool, operator: Operator, plan: Arc<Plan>, exercise: Option<ExerciseState>) -> Self {
        let sites = || plan.sites.keys().cloned();
        Self {
            mode,
            read_only,
            operator,
            incident: Incident::default(),
            events: Vec::new(),
            known: Known::default(),
            replay: None,
            journal_path: None,
            journal_problem: None,
            identities: sites().map(|site| (site, Source::new(CADENCE_SECS * 4))).collect(),
            alarms: sites().map(|site| (site, Source::new(CADENCE_SECS))).collect(),
            health: Source::new(CADENCE_SECS * 2),
            feeds: fed(&plan).map(|site| (site, Source::new(CADENCE_SECS * 2))).collect(),
            ahead: Ahead::default(),
            recovery_points: sites().map(|site| (site, Source::new(CADENCE_SECS * 4))).collect(),
            graphs: BTreeMap::new(),
            graph_asked: BTreeMap::new(),
            stories: BTreeMap::new(),
            backups: sites().map(|site| (site, Source::new(CADENCE_SECS * 8))).collect(),
            preparations: BTreeMap::new(),
            progress: BTreeMap::new(),
            clock_offset: None,
            exercise,
            expectations: BTreeMap::new(),
            notice: None,
            plan,
        }
    }

    /// Takes a journal event that is durable.
    pub fn record(&mut self, recorded: Recorded) {
        self.record_shared(Arc::new(recorded));
    }

    /// The same for one that others hold as well.
    pub fn record_shared(&mut self, recorded: Arc<Recorded>) {
        self.incident.apply(&recorded);
        if let Event::Observed(observed) = &recorded.event {
            self.known.apply(observed);
        }
        self.events.push(recorded);
    }

    /// Forgets what its sources said; where nothing is known nothing is shown.
    pub fn forget_sources(&mut self) {
        self.alarms.values_mut().for_each(|source| *source = Source::new(source.cadence_secs));
        self.recovery_points.values_mut().for_each(|source| *source = Source::new(source.cadence_secs));
        self.identities.values_mut().for_each(|source| *source = Source::new(source.cadence_secs));
        self.health = Source::new(self.health.cadence_secs);
        self.progress.clear();
        self.preparations.clear();
        self.graphs.clear();
    }

    /// Takes a piece of news.
    pub fn apply(&mut self, update: Update) {
        match update {
            Update::Identity { site, seq, at, answer } => {
                if let Some(source) = self.identities.get_mut(&site) {
                    source.apply(seq, at, answer);
                }
            }
            Update::Alarms { site, seq, at, mut answer } => {
                if let Ok((alarms, _)) = &mut answer {
                    self.catch_up_alarms(&site, alarms);
                }
                let Some(source) = self.alarms.get_mut(&site).filter(|source| source.seq <= seq) else { return };
                let mut rows = source.data.take().unwrap_or_default();
                match answer {
                    Ok((alarms, completeness)) => {
                        rows.replace(alarms);
                        source.apply(seq, at, Ok((rows, completeness)));
                    }
                    Err(problem) => {
                        source.data = (!rows.is_empty() || source.as_of.is_some()).then_some(rows);
                        source.apply(seq, at, Err(problem));
                    }
                }
            }
            Update::AlarmRows { site, seq, at, mut changes } => {
                self.catch_up_rows(&site, &mut changes.changed);
                let Some(source) = self.alarms.get_mut(&site).filter(|source| source.seq <= seq) else { return };
                source.seq = seq;
                if let Some((completeness, took)) = take(source.data.get_or_insert_default(), changes) {
                    source.ended(at, completeness, took);
                }
            }
            Update::PointRows { site, seq, at, changes, protected } => {
                let Some(source) = self.recovery_points.get_mut(&site).filter(|source| source.seq <= seq) else { return };
                source.seq = seq;
                let found = source.data.get_or_insert_default();
                if let Some(protected) = protected {
                    found.protected = protected;
                }
                if let Some((completeness, took)) = take(&mut found.points, changes) {
                    source.ended(at, completeness, took);
                }
            }
            Update::Health { seq, at, answer } => self.apply_health(seq, at, answer),
            Update::RecoveryPoints { site, seq, at, answer } => {
                let Some(source) = self.recovery_points.get_mut(&site).filter(|source| source.seq <= seq) else { return };
                let answer = answer.map(|((points, protected), completeness)| {
                    let mut found = source.data.take().unwrap_or_default();
                    found.points.replace(points);
                    found.protected = protected;
                    (found, completeness)
                });
                source.apply(seq, at, answer);
            }
            Update::Pushed { site, seq, at, answer } => {
                let told = answer.map(|events| self.pushed(events, at)).map(|()| ((), Completeness::Whole));
                if let Some(source) = self.feeds.get_mut(&site) {
                    source.apply(seq, at, told);
                }
            }
            Update::Graph { site, alarm, seq, answer, .. } => {
                let key = (site, alarm);
                let last = self.graph_asked.entry(key.clone()).or_default();
                // The answer of a narrower window may come after that of a wider one that was asked for later.
                if seq >= *last {
                    *last = seq;
                    self.graphs.insert(key, answer);
                }
            }
            Update::Story { site, alarm, story } => {
                self.stories.insert((site, alarm), *story);
            }
            Update::Backups { site, seq, at, answer } => {
                if let Some(source) = self.backups.get_mut(&site) {
                    source.apply(seq, at, answer);
                }
            }
            Update::ClockOffset { offset, uncertainty } => self.clock_offset = Some((offset, uncertainty)),
            Update::Preparing { step, seq } => {
                self.preparations.insert(step, (seq, Prepared::Asking));
            }
            Update::Prepared { step, seq, at, answer } => self.prepared(step, seq, at, answer),
            Update::Progress { step, attempt, at, answer } => self.progressed(step, attempt, at, answer),
            Update::LastRestore { resource, took } => self.last_restore(&resource, took),
            Update::Earlier(expected) => {
                expected.into_iter().for_each(|(step, expected)| expect(&mut self.expectations, &step, expected))
            }
            Update::Exercise { paused, speed } => {
                if let Some(exercise) = &mut self.exercise {
                    exercise.paused = paused;
                    exercise.speed = speed;
                }
            }
        }
    }

    fn apply_health(&mut self, seq: u64, at: DateTime<Utc>, answer: super::Loaded<Vec<HealthEvent>>) {
        let known: BTreeMap<String, Option<DateTime<Utc>>> =
            self.health.data.iter().flatten().map(|event| (event.arn.clone(), event.first_seen_at)).collect();
        let answer = answer.map(|(mut events, completeness)| {
            for event in &mut events {
                event.first_seen_at = known.get(&event.arn).copied().flatten().or(Some(at));
            }
            self.catch_up_health(&mut events);
            (events, completeness)
        });
        self.health.apply(seq, at, answer);
    }

    /// When a step that failed in a way that passes by itself is checked again without being asked: throttled, unreachable, or with
    /// credentials that somebody may be renewing. Checking only reads; whether it is sent again a person says.
    pub fn retry_at(&self, step: &StepId) -> Option<DateTime<Utc>> {
        if self.incident.closed.is_some() || self.replay.is_some() {
            return None;
        }
        let record = self.incident.steps.get(step);
        let attempts = record.map_or(0, |record| record.attempts.len());
        match self.preparations.get(step) {
            Some((_, Prepared::Asking)) => None,
            Some((_, Prepared::Failed(problem, at))) => Some(*at + pause(problem.kind, 1)?),
            Some((_, Prepared::Ready(preparation, _))) if usize::try_from(preparation.attempt).is_ok_and(|n| n > attempts) => {
                None
            }
            _ => {
                let record = record?;
                let StepStatus::Failed(problem) = &record.status else { return None };
                Some(record.last()?.ended_at? + pause(problem.kind, attempts)?)
            }
        }
    }

    /// The steps that are to be checked again by now.
    pub fn retries_due(&self, now: DateTime<Utc>) -> Vec<StepId> {
        let failed = self.incident.steps.iter().filter(|(_, record)| matches!(record.status, StepStatus::Failed(_)));
        let unprepared = self.preparations.iter().filter(|(_, (_, prepared))| matches!(prepared, Prepared::Failed(..)));
        let mut steps: Vec<&StepId> = failed.map(|(id, _)| id).chain(unprepared.map(|(id, _)| id)).collect();
        steps.sort_unstable();
        steps.dedup();
        steps.into_iter().filter(|step| self.retry_at(step).is_some_and(|at| at <= now)).cloned().collect()
    }

    /// What AWS measured counts for more than the plan's word, and for less than this plan's own runs.
    fn last_restore(&mut self, resource: &str, took: TimeDelta) {
        let expected = Expected::by_last_restore(took);
        for step in &self.plan.steps {
            let restores = matches!(&step.action, Action::BackupRestore { resource: of, .. } if of == resource);
            if restores {
                expect(&mut self.expectations, &step.id, expected);
            }
        }
    }

    fn prepared(&mut self, step: StepId, seq: u64, at: DateTime<Utc>, answer: Result<Box<Preparation>, Problem>) {
        if self.preparations.get(&step).is_some_and(|(asked, _)| *asked > seq) {
            return;
        }
        let prepared = match answer {
            Ok(preparation) => Prepared::Ready(preparation, at),
            Err(problem) => Prepared::Failed(problem, at),
        };
        self.preparations.insert(step, (seq, prepared));
    }

    fn progressed(&mut self, step: StepId, attempt: u32, at: DateTime<Utc>, answer: Result<Progress, Problem>) {
        let entry = self.progress.entry(step).or_insert_with(|| (attempt, at, Progress::default(), None));
        if attempt < entry.0 {
            return;
        }
        if attempt > entry.0 {
            entry.2 = Progress::default();
        }
        entry.0 = attempt;
        match answer {
            Ok(progress) => {
                entry.1 = at;
                entry.2 = progress;
                entry.3 = None;
            }
            Err(problem) => entry.3 = Some(problem),
        }
    }
}

/// Keeps what is expected of a step, unless more is known of it already.
fn expect(known: &mut BTreeMap<StepId, Expected>, step: &StepId, expected: Expected) {
    if known.get(step).is_none_or(|known| known.basis <= expected.basis) {
        known.insert(step.clone(), expected);
    }
}
