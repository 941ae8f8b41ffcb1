//! The simulated world: a pure function of scenario, seed, time and calls. The same of all four give the same bytes.
//!
//! Time passes only when somebody asks: [`World::advance_to`] then lets everything that was due happen, in exact order and each
//! at its own time, so that an idle world costs nothing and nobody can see when it was asked.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::call::{Answer, Call, Caller, Refusal, Services, Weather};
use super::estate::{DEFAULT_ACCOUNT, Effect, Estate, Key, Place, Site, SiteKey, key};
use super::inject::{Act, Change, Condition, Inject, Question, Sky, When, expired};
use super::made::{Made, Refused};
use super::members::{self, glob};
use super::network::Network;
use super::record::{Entry, Record, RecordError};
use super::scenario::{self, Scenario};
use super::seed::Ids;
use super::service::backup::copies;
use super::service::backup::jobs;
use super::service::backup::points::{self, Point, Status};
use super::service::backup::restore::{self, JobKey};
use super::service::backup::rows::Rows;
use super::service::backup::rules::Outcome;
use super::service::ssm::automation;
use super::service::ssm::execution::ExecutionKey;
use super::service::{self, arc, cloudcontrol, cloudformation, events, health, route53, states};
use super::shop;

/// Something that is due at a moment.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// The inject with this number.
    Inject(usize),
    /// A full minute: alarms are evaluated.
    Minute,
    /// A restore job goes on.
    Restore(SiteKey, JobKey),
    /// A backup job goes on.
    Backup(SiteKey, JobKey),
    /// A copy job goes on.
    Copy(SiteKey, JobKey),
    /// The step of an execution that began with this turn ends.
    Step(SiteKey, ExecutionKey, u64),
    /// A branch of an execution of a state machine goes on: site, execution, branch, turn.
    State(SiteKey, String, usize, u64),
    /// An execution of a state machine has had its time: site, execution.
    StateTimeout(SiteKey, String),
    /// Steps of a plan of Region switch end: account, execution, turn.
    Plan(String, String, u64),
    /// An operation on a stack goes on: its id.
    Stack(SiteKey, String),
    /// A request of Cloud Control goes on: its token.
    Request(SiteKey, String),
    /// A change of record sets is in sync: account, change.
    InSync(String, String),
}

/// One line of what is coming.
#[derive(Debug, Clone, PartialEq)]
pub struct Upcoming {
    /// Its number among the injects.
    pub number: usize,
    /// Is it held back?
    pub held: bool,
    /// Does it happen only if a person says so?
    pub by_hand: bool,
    /// When; `None` as long as its condition does not hold, or a person has not said so.
    pub at: Option<DateTime<Utc>>,
    /// The inject's title.
    pub title: String,
}

/// Where an inject stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Due(DateTime<Utc>),
    Held,
    Done,
}

/// The world. Share it as `Arc<Mutex<World>>` between the wire, the shop, DNS and whoever holds the controls.
#[derive(Debug)]
pub struct World {
    /// What the world began as.
    pub(in crate::sim) scenario: Arc<Scenario>,
    /// The seed of all that is random.
    pub(in crate::sim) seed: u64,
    /// The seed that it began with.
    begun_with: u64,
    /// Ids of what calls make.
    pub(in crate::sim) ids: Ids,
    /// All that exists.
    pub(in crate::sim) estate: Estate,
    /// Sites whose shop is down, and how long a visitor waits there for an answer.
    pub(in crate::sim) down: BTreeMap<String, TimeDelta>,
    requests: Ids,
    now: DateTime<Utc>,
    agenda: BTreeMap<(DateTime<Utc>, u64), Happening>,
    scheduled: u64,
    injects: Vec<(Inject, Stage)>,
    failing: Vec<(String, String)>,
    failing_resources: Vec<(String, String)>,
    sky: Sky,
    told: BTreeSet<(Act, Option<String>)>,
    asked: Vec<(DateTime<Utc>, Question)>,
    refused: Vec<Refused>,
    effects: Vec<Effect>,
    calls: BTreeMap<String, usize>,
    met: BTreeMap<String, usize>,
    record: Option<Record>,
}

impl World {
    /// The world at the scenario's start.
    pub fn new(scenario: Arc<Scenario>, seed: u64) -> Self {
        let now = scenario.starts_at;
        let mut world = Self {
            seed,
            begun_with: seed,
            ids: Ids::new(seed, "made by calls"),
            estate: scenario::estate(&scenario, seed),
            down: BTreeMap::new(),
            requests: Ids::new(seed, "requests"),
            now,
            agenda: BTreeMap::new(),
            scheduled: 0,
            injects: Vec::new(),
            failing: Vec::new(),
            failing_resources: Vec::new(),
            sky: Sky::new(seed),
            told: BTreeSet::new(),
            asked: Vec::new(),
            refused: Vec::new(),
            effects: Vec::new(),
            calls: BTreeMap::new(),
            met: BTreeMap::new(),
            record: None,
            scenario,
        };
        world.set_up();
        for inject in world.scenario.clone().injects.iter().cloned() {
            world.plan(inject);
        }
        let minute = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now) + TimeDelta::minutes(1);
        world.schedule(minute, Happening::Minute);
        world
    }

    /// Makes the calls that the scenario sets up with, oldest first, each at its own time.
    fn set_up(&mut self) {
        let scenario = self.scenario.clone();
        let calls = scenario.sites.iter().flat_map(|site| &site.calls);
        let calls = calls.flat_map(|set_up| set_up.calls(scenario.starts_at).map(|call| (set_up.stands.clone(), call)));
        let mut calls: Vec<_> = calls.collect();
        if calls.is_empty() {
            return;
        }
        calls.sort_by_key(|(_, call)| call.at);
        for (stands, call) in calls {
            self.now = call.at;
            self.make(&call, stands);
        }
        self.advance_to(scenario.starts_at);
        self.effects.clear();
    }

    /// Makes a call of the scenario's. That it was refused is for the facilitator.
    fn make(&mut self, call: &Call, stands: Option<Range<usize>>) {
        if let Err(refusal) = self.carry_out_within(call) {
            let told = format!("{} {}: {}: {}", call.service, call.operation, refusal.code, refusal.message);
            tracing::warn!(told, "a call of the scenario was refused");
            self.refused.push(Refused { at: self.now, told, stands });
        }
    }

    /// The calls of the scenario that were refused, in order.
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// The same world, writing down what changes it. A record that is there already is played first, and then continued.
    ///
    /// # Errors
    /// A record that cannot be read, is damaged, or is of another scenario or seed.
    pub fn restore(scenario: Arc<Scenario>, seed: u64, record: &Path) -> Result<Self, RecordError> {
        let mut world = Self::new(scenario, seed);
        let (record, entries) = Record::open(record, &world.scenario.name, seed, world.scenario.starts_at)?;
        for entry in entries {
            world.replay(entry);
        }
        world.record = Some(record);
        Ok(world)
    }

    /// Begins anew as `scenario` has it, with the same seed; a record forgets what it holds.
    ///
    /// # Errors
    /// The record could not be begun anew; nothing has changed.
    pub fn reset(&mut self, scenario: Arc<Scenario>) -> Result<(), RecordError> {
        let (seed, begins) = (self.begun_with, scenario.starts_at);
        if let Some(record) = &mut self.record {
            record.begin(&scenario.name, seed, begins)?;
        }
        let record = self.record.take();
        *self = Self { record, ..Self::new(scenario, seed) };
        Ok(())
    }

    /// Draws ids from another seed from now on.
    ///
    /// # Errors
    /// The record could not be written; nothing has changed.
    pub fn reseed(&mut self, seed: u64) -> Result<(), RecordError> {
        if let Some(record) = &mut self.record {
            record.append(&Entry::Seed { at: self.now, seed })?;
        }
        self.reseed_now(seed);
        Ok(())
    }

    fn reseed_now(&mut self, seed: u64) {
        (self.seed, self.ids, self.requests) = (seed, Ids::new(seed, "made by calls"), Ids::new(seed, "requests"));
    }

    fn replay(&mut self, entry: Entry) {
        match entry {
            Entry::Begin { .. } => {}
            Entry::Seed { at, seed } => {
                self.advance_to(at);
                self.reseed_now(seed);
            }
            Entry::Mark { at } => self.advance_to(at),
            Entry::Inject { at, inject } => {
                self.advance_to(at);
                self.inject_now(inject);
            }
            Entry::Turn { at, number, held } => {
                self.advance_to(at);
                self.turn_now(number, held);
            }
            Entry::Told { at, act, step } => {
                self.advance_to(at);
                self.told.insert((act, step));
                self.settle();
            }
            Entry::Met { at, caller, service, operation } => {
                self.advance_to(at);
                self.sky.meet(&caller.into(), &service, &operation, at);
            }
            Entry::Call { at, caller, service, operation, input } => {
                self.advance_to(at);
                let call = Call { caller: caller.into(), service: scenario::service(&service), operation, input, at };
                // Whatever it was answered then, it does the same now.
                let _ = self.carry_out(&call);
            }
        }
    }

    /// The world's time: the latest that anyone has shown it.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The time at which a recorded world left off.
    pub fn last_at(&self) -> DateTime<Utc> {
        self.now
    }

    /// What the world began as.
    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// Lets everything happen that is due until `at`. An earlier time than the latest seen changes nothing.
    pub fn advance_to(&mut self, at: DateTime<Utc>) {
        while let Some(((due, _), _)) = self.agenda.first_key_value().filter(|((due, _), _)| *due <= at) {
            self.now = self.now.max(*due);
            if let Some((_, happening)) = self.agenda.pop_first() {
                self.happen(happening);
                self.settle();
            }
        }
        self.now = self.now.max(at);
        if let Some(record) = &mut self.record {
            record.mark(self.now);
        }
    }

    /// Puts something on the agenda.
    pub(in crate::sim) fn schedule(&mut self, at: DateTime<Utc>, happening: Happening) {
        self.scheduled += 1;
        self.agenda.insert((at, self.scheduled), happening);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Inject(number) => {
                let Some((inject, stage)) = self.injects.get_mut(number) else { return };
                // Held back, or let happen by hand before its time.
                if !matches!(stage, Stage::Due(at) if *at <= self.now) {
                    return;
                }
                *stage = Stage::Done;
                let inject = inject.clone();
                if !inject.unless.as_ref().is_some_and(|condition| self.holds(condition)) {
                    inject.changes.into_iter().for_each(|change| self.change(change));
                }
            }
            Happening::Minute => {
                let (seed, now) = (self.seed, self.now);
                for ((account, region), site) in &mut self.estate.sites {
                    site.cloudwatch.evaluate(&Place { seed, account: account.clone(), region: region.clone(), now });
                }
                self.schedule(now + TimeDelta::minutes(1), Happening::Minute);
                self.send_emitted();
            }
            Happening::Restore((account, region), job) => {
                let place = Place { seed: self.seed, account, region, now: self.now };
                restore::advance(self, &place, &job);
            }
            Happening::Backup((account, region), job) => {
                let place = Place { seed: self.seed, account, region, now: self.now };
                jobs::advance(self, &place, &job);
            }
            Happening::Copy((account, region), job) => {
                let place = Place { seed: self.seed, account, region, now: self.now };
                copies::advance(self, &place, &job);
            }
            Happening::Step(site, execution, turn) => automation::advance(self, &site, &execution, turn),
            Happening::State(site, execution, branch, turn) => {
                states::advance(self, &states::At { site, execution, branch }, turn);
                self.send_emitted();
            }
            Happening::StateTimeout(site, execution) => states::time_out(self, &states::At { site, execution, branch: 0 }),
            Happening::Plan(account, execution, turn) => {
                arc::advance(self, &account, &execution, turn);
                self.send_emitted();
            }
            Happening::Stack(site, stack) => cloudformation::work::advance(self, &site, &stack),
            Happening::Request(site, token) => cloudcontrol::advance(self, &site, &token),
            Happening::InSync(account, change) => {
                if let Some(account) = self.estate.route53.get_mut(&account) {
                    route53::operations::in_sync(account, &change);
                }
            }
        }
    }

    /// Sends on its way what alarms have to say, Region by Region.
    fn send_emitted(&mut self) {
        let full = self.estate.sites.iter_mut().filter(|(_, site)| !site.cloudwatch.outbox.is_empty());
        let emitted: Vec<_> = full.map(|(key, site)| (key.clone(), std::mem::take(&mut site.cloudwatch.outbox))).collect();
        for ((account, region), emitted) in emitted {
            let place = Place { seed: self.seed, account, region, now: self.now };
            emitted.into_iter().for_each(|emitted| events::emit(self, &place, emitted));
        }
    }

    fn change(&mut self, change: Change) {
        let now = self.now;
        match change {
            Change::Metric { name, to, over } => {
                self.estate.sites.values_mut().for_each(|site| site.cloudwatch.turn(&name, now, to, over));
            }
            Change::Health(members) => {
                health::publish(&mut self.estate.health, &members, now);
                health::announce(self, members::required(&members, "arn"));
            }
            Change::Fault(fault) => self.sky.begin(fault, now),
            Change::Calm(name) => self.sky.end(&name),
            Change::HealthCheck(id, well) => {
                for check in self.estate.route53.values_mut().filter_map(|account| account.checks.get_mut(&id)) {
                    check.well = well;
                    check.watches = None;
                }
            }
            Change::Shop(site, true, wait) => {
                self.down.insert(site, wait);
            }
            Change::Shop(site, false, _) => {
                self.down.remove(&site);
            }
            Change::FailResource(of, message) => self.failing_resources.push((of, message)),
            Change::FailRestore(of, message) => self.failing.push((of, message)),
            Change::PointsGone(site, resource, count) => self.newest(&site, &resource, count, |rows, arn| drop(rows.remove(arn))),
            Change::Scanned(site, resource, count, found) => {
                self.newest(&site, &resource, count, |rows, arn| rows.set_scan(arn, points::scan(found, now)));
            }
            Change::PointCome(site, resource, of) => {
                let id = (self.ids.bits(), self.ids.bits());
                for found in self.estate.sites.values_mut().filter(|found| found.name == site) {
                    let like = found.backup.points.of_resource(&resource, None).next().map(|(_, point)| point.clone());
                    found.backup.add_all(like.map(|point| Point { created: of, id, status: Status::Completed, ..point }));
                }
            }
            Change::Call(made) => self.make_all(&made),
            Change::Ask(question) => self.asked.push((now, question)),
            Change::PointStatus(arn, status) => {
                for site in self.estate.sites.values_mut() {
                    if let Some(status) = Status::named(&status) {
                        site.backup.points.set_status(&arn, status);
                    }
                }
            }
        }
    }

    fn make_all(&mut self, made: &Made) {
        (0..made.count()).for_each(|nth| self.make(&made.call(nth, self.now), None));
    }

    /// Does something with the newest points of a resource in a site.
    fn newest(&mut self, site: &str, resource: &str, count: u32, act: impl Fn(&mut Rows, &str)) {
        for found in self.estate.sites.values_mut().filter(|found| found.name == site) {
            let newest = found.backup.points.of_resource(resource, None).take(usize::try_from(count).unwrap_or(usize::MAX));
            let arns: Vec<String> = newest.map(|(_, point)| point.arn()).collect();
            arns.iter().for_each(|arn| act(&mut found.backup.points, arn));
        }
    }

    /// Puts the injects on the agenda whose conditions have come true.
    fn settle(&mut self) {
        let ready = self.injects.iter().enumerate().filter_map(|(number, (inject, stage))| match &inject.when {
            When::After(condition, delay) if *stage == Stage::Waiting && self.holds(condition) => Some((number, *delay)),
            _ => None,
        });
        let ready: Vec<_> = ready.collect();
        for (number, delay) in ready {
            let at = self.now + delay;
            self.injects[number].1 = Stage::Due(at);
            self.schedule(at, Happening::Inject(number));
        }
    }

    /// Is this true now?
    pub fn holds(&self, condition: &Condition) -> bool {
        let mut sites = self.estate.sites.values();
        match condition {
            Condition::Restored(source) => sites.any(|site| site.network.restored(source).is_some()),
            Condition::ServedBy(site) => {
                shop::serving(self).is_some_and(|front| front.site == *site && shop::is_well(self, front))
            }
            Condition::Alarm(site, name, state) => sites.any(|found| {
                found.name == *site && found.cloudwatch.alarms.get(name).is_some_and(|alarm| alarm.state.name() == state)
            }),
            Condition::Ran(document) => sites
                .flat_map(|site| site.ssm.executions.values())
                .any(|execution| execution.document.name == *document && execution.status == "Success"),
            Condition::Told(act, step) => match step {
                Some(_) => self.told.contains(&(*act, step.clone())),
                None => self.told.iter().any(|(told, _)| told == act),
            },
            Condition::All(conditions) => conditions.iter().all(|condition| self.holds(condition)),
        }
    }

    fn plan(&mut self, inject: Inject) {
        let number = self.injects.len();
        let stage = match &inject.when {
            When::At(after) => {
                let at = self.scenario.starts_at + *after;
                self.schedule(at, Happening::Inject(number));
                Stage::Due(at)
            }
            When::After(..) | When::ByHand => Stage::Waiting,
        };
        self.injects.push((inject, stage));
    }

    fn inject_now(&mut self, inject: Inject) {
        if inject.when == When::ByHand {
            for change in inject.changes.clone() {
                self.change(change);
            }
            self.injects.push((inject, Stage::Done));
        } else {
            self.plan(inject);
        }
        self.settle();
    }

    /// Injects by hand: at once if its time is [`When::ByHand`], else when its time comes.
    ///
    /// # Errors
    /// The record could not be written; nothing was injected.
    pub fn inject(&mut self, inject: Inject) -> Result<(), RecordError> {
        if let Some(record) = &mut self.record {
            record.append(&Entry::Inject { at: self.now, inject: inject.clone() })?;
        }
        self.inject_now(inject);
        Ok(())
    }

    fn turn_now(&mut self, number: usize, held: bool) {
        let Some((inject, stage)) = self.injects.get_mut(number).filter(|(_, stage)| *stage != Stage::Done) else { return };
        *stage = if held { Stage::Held } else { Stage::Done };
        if !held {
            // Whoever lets it happen means it: `unless` is not asked.
            let changes = inject.changes.clone();
            changes.into_iter().for_each(|change| self.change(change));
            self.settle();
        }
    }

    /// Lets a planned inject happen now, or holds it back until somebody lets it happen. `false`: there is none of this number that is
    /// still to come.
    ///
    /// # Errors
    /// The record could not be written; nothing was done.
    pub fn turn(&mut self, number: usize, held: bool) -> Result<bool, RecordError> {
        if self.injects.get(number).is_none_or(|(_, stage)| *stage == Stage::Done) {
            return Ok(false);
        }
        if let Some(record) = &mut self.record {
            record.append(&Entry::Turn { at: self.now, number, held })?;
        }
        self.turn_now(number, held);
        Ok(true)
    }

    /// Takes in what the players did. What was told before changes nothing.
    ///
    /// # Errors
    /// The record could not be written.
    pub fn tell(&mut self, act: Act, step: Option<String>) -> Result<(), RecordError> {
        if self.told.contains(&(act, step.clone())) {
            return Ok(());
        }
        if let Some(record) = &mut self.record {
            record.append(&Entry::Told { at: self.now, act, step: step.clone() })?;
        }
        self.told.insert((act, step));
        self.settle();
        Ok(())
    }

    /// The questions that were asked of the room, in order, with their times.
    pub fn asked(&self) -> &[(DateTime<Utc>, Question)] {
        &self.asked
    }

    /// What is still to come, soonest first; what waits for a condition or a person is last.
    pub fn upcoming(&self) -> Vec<Upcoming> {
        let told = |number: usize, at, held, inject: &Inject| {
            Some(Upcoming { number, held, at, by_hand: inject.when == When::ByHand, title: inject.title.clone() })
        };
        let mut coming: Vec<_> = self
            .injects
            .iter()
            .enumerate()
            .filter_map(|(number, (inject, stage))| match stage {
                Stage::Done => None,
                Stage::Waiting => told(number, None, false, inject),
                Stage::Held => told(number, None, true, inject),
                Stage::Due(at) => told(number, Some(*at), false, inject),
            })
            .collect();
        coming.sort_by_key(|upcoming| (upcoming.at.is_none(), upcoming.at));
        coming
    }

    /// Every effect that calls have had, in order.
    pub fn effects(&self) -> Vec<Effect> {
        self.effects.clone()
    }

    /// How often an operation was carried out, refusals included, since the process started or the record began.
    pub fn calls(&self, operation: &str) -> usize {
        self.calls.get(operation).copied().unwrap_or(0)
    }

    /// The faults that are in force: the name by which each can be ended, and what it is in one line.
    pub fn faults(&self) -> Vec<(String, String)> {
        self.sky.in_force(self.now).map(|fault| (fault.name.clone(), fault.told())).collect()
    }

    /// How often a fault met a call of an operation, since the process started.
    pub fn met(&self, operation: &str) -> usize {
        self.met.get(operation).copied().unwrap_or(0)
    }

    /// All that exists, to look at.
    pub fn estate(&self) -> &Estate {
        &self.estate
    }

    pub(in crate::sim) fn effect(&mut self, call: &Call, what: &str) {
        self.effects.push(Effect {
            at: self.now,
            account: call.caller.account.clone(),
            region: call.caller.region.clone(),
            operation: call.operation.clone(),
            what: what.to_owned(),
        });
    }

    pub(in crate::sim) fn place(&self, caller: &Caller) -> Place {
        Place { seed: self.seed, account: caller.account.clone(), region: caller.region.clone(), now: self.now }
    }

    pub(in crate::sim) fn site(&self, caller: &Caller) -> Option<&Site> {
        self.estate.sites.get(&key(&caller.account, &caller.region))
    }

    /// The network where this caller is; of a site in which nobody has done anything yet, the one it begins with.
    pub(in crate::sim) fn network(&self, caller: &Caller) -> Cow<'_, Network> {
        let begun = || Cow::Owned(Network::default_of(&caller.account, &caller.region));
        self.site(caller).map_or_else(begun, |site| Cow::Borrowed(&site.network))
    }

    /// How long something takes that takes AWS so many seconds: no time in a bare estate.
    pub(in crate::sim) fn takes(&self, seconds: i64) -> TimeDelta {
        TimeDelta::seconds(if self.scenario.bare { 0 } else { seconds })
    }

    pub(in crate::sim) fn site_mut(&mut self, caller: &Caller) -> &mut Site {
        let make = || Site::new(&caller.account, &caller.region);
        self.estate.sites.entry(key(&caller.account, &caller.region)).or_insert_with(make)
    }

    /// How long a restore takes, and what becomes of it, as the scenario has it.
    pub(in crate::sim) fn restore_plan(&mut self, source: &str, kind: &str, outcome: Outcome) -> (Option<TimeDelta>, Outcome) {
        let expected = self.scenario.restores.iter().find(|(of, _)| glob(of, source) || of == kind);
        let takes = expected.map(|(_, takes)| *takes);
        match self.failing.iter().position(|(of, _)| glob(of, source)) {
            Some(at) => (takes, Outcome::Fails(self.failing.remove(at).1)),
            None => (takes, outcome),
        }
    }

    /// The message with which the next creation, change or deletion of a resource with one of these names fails, as the scenario has it.
    pub(in crate::sim) fn resource_failure(&mut self, names: &[String]) -> Option<String> {
        let at = self.failing_resources.iter().position(|(of, _)| names.iter().any(|name| glob(of, name)))?;
        Some(self.failing_resources.remove(at).1)
    }

    fn carry_out(&mut self, call: &Call) -> Answer {
        *self.calls.entry(call.operation.clone()).or_default() += 1;
        let answer = service::answer(self, call);
        if service::changes(call.service, &call.operation) {
            self.send_emitted();
            self.settle();
        }
        answer
    }

    /// Carries out a call that something within the world makes: the record holds what led to it, not the call.
    pub(in crate::sim) fn carry_out_within(&mut self, call: &Call) -> Answer {
        let answer = service::answer(self, call);
        self.send_emitted();
        answer
    }

    fn write(&mut self, entry: &Entry) -> Result<(), Refusal> {
        let Some(record) = &mut self.record else { return Ok(()) };
        record.append(entry).map_err(|error| Refusal::new("InternalFailure", error.to_string()).status(500))
    }
}

impl Services for World {
    fn caller(&mut self, access_key: &str, region: &str, at: DateTime<Utc>) -> Result<Caller, Refusal> {
        self.advance_to(at);
        let unknown = || Key {
            account: DEFAULT_ACCOUNT.to_owned(),
            arn: format!("arn:aws:iam::{DEFAULT_ACCOUNT}:user/simulated"),
            user_id: "AIDASIMULATED00000000".to_owned(),
            expires: None,
        };
        let key = self.estate.keys.get(access_key).cloned().unwrap_or_else(unknown);
        if key.expires.is_some_and(|expires| expires <= self.now) {
            return Err(expired("sts"));
        }
        Ok(Caller { account: key.account, region: region.to_owned(), arn: key.arn, user_id: key.user_id })
    }

    fn weather(&mut self, caller: &Caller, service: &str, operation: &str, at: DateTime<Utc>) -> Weather {
        self.advance_to(at);
        let (weather, changed) = self.sky.meet(caller, service, operation, self.now);
        if weather != Weather::Fair {
            *self.met.entry(operation.to_owned()).or_default() += 1;
        }
        if changed {
            let entry =
                Entry::Met { at: self.now, caller: caller.into(), service: service.to_owned(), operation: operation.to_owned() };
            if let Err(refusal) = self.write(&entry) {
                return Weather::Refused(refusal);
            }
        }
        weather
    }

    fn answer(&mut self, call: Call) -> Answer {
        self.advance_to(call.at);
        if service::changes(call.service, &call.operation) {
            // Before the effect, so that no answered call is ever missing from the record.
            self.write(&Entry::Call {
                at: self.now,
                caller: (&call.caller).into(),
                service: call.service.to_owned(),
                operation: call.operation.clone(),
                input: call.input.clone(),
            })?;
        }
        self.carry_out(&call)
    }

    fn waits(&mut self, call: &Call) -> Option<DateTime<Utc>> {
        self.advance_to(call.at);
        service::waits(self, call)
    }

    fn request_id(&mut self) -> String {
        self.requests.uuid()
    }
}
