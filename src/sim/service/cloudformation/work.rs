//! Operations on stacks as they run: resource after resource in the order of their needs, each beside the others that need nothing
//! of it, forward, and back again when one fails.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::functions::{LATER, Scope};
use super::stacks::{Design, Part, Stack};
use super::template::plain;
use crate::sim::call::{Caller, Refusal};
use crate::sim::estate::{Place, SiteKey};
use crate::sim::members::{self, Members};
use crate::sim::service::events;
use crate::sim::service::types::{self, Desk, handler_code};
use crate::sim::world::{Happening, World};

/// How often a running operation looks again, and the least that a resource takes, in seconds.
const LOOKS: i64 = 5;
/// How long a resource may take to settle, in seconds of an estate in which things take no time.
const SETTLES: i64 = 3600;

/// Which way an operation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A creation.
    Create,
    /// An update.
    Update,
    /// A deletion.
    Delete,
    /// Back from a creation that failed.
    CreateBack,
    /// Back from an update that failed.
    UpdateBack,
    /// What an update, or the way back from one, has left over.
    Clean,
    /// What the way back from an update has left over.
    CleanBack,
}

/// What is to be done with a resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// It is made, changed or left alone, as its template says.
    Settle,
    /// It becomes again what it was.
    Restore(Part),
    /// It is deleted.
    Remove(Part),
}

/// Where a task stands.
#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Waiting,
    Running(DateTime<Utc>),
    /// Its service has refused it, which is told when it has had its time: since when, the status, why.
    Doomed(DateTime<Utc>, &'static str, String),
    Done,
    Failed,
}

/// One resource's part in an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    logical: String,
    deed: Deed,
    after: BTreeSet<String>,
    stage: Stage,
}

/// An operation that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    way: Way,
    /// When it began.
    pub since: DateTime<Utc>,
    tasks: Vec<Task>,
    /// Resources as they were before this operation touched them.
    undo: Vec<Part>,
    /// Resources that this operation made.
    made: Vec<String>,
    /// Resources that it has left behind, to be deleted at its end.
    left: Vec<Part>,
    failure: Option<String>,
    cancelled: bool,
}

impl Task {
    fn new(logical: &str, deed: Deed, after: BTreeSet<String>) -> Self {
        Self { logical: logical.to_owned(), deed, after, stage: Stage::Waiting }
    }
}

impl Work {
    fn new(way: Way, since: DateTime<Utc>, tasks: Vec<Task>) -> Self {
        Self { way, since, tasks, undo: Vec::new(), made: Vec::new(), left: Vec::new(), failure: None, cancelled: false }
    }

    /// Makes or updates a stack to be what its design says.
    pub fn settle(way: Way, design: &Design, since: DateTime<Utc>, desired: &BTreeSet<String>) -> Self {
        let order = design.template.order().unwrap_or_default();
        let wanted = order.iter().filter(|logical| desired.contains(*logical));
        let tasks = wanted.map(|logical| {
            let needs = design.template.needs(logical).into_iter().filter(|name| desired.contains(name)).collect();
            Task::new(logical, Deed::Settle, needs)
        });
        Self::new(way, since, tasks.collect())
    }

    /// Deletes these resources, each after those that need it.
    pub fn remove(way: Way, stack: &Stack, parts: Vec<Part>, since: DateTime<Utc>) -> Self {
        let names: BTreeSet<String> = parts.iter().map(|part| part.logical.clone()).collect();
        let needed_by = |logical: &str| -> BTreeSet<String> {
            let needs = |name: &&String| {
                let of = |design: &Design| design.template.needs(name).contains(logical);
                *name != logical && (of(&stack.design) || stack.before.as_ref().is_some_and(of))
            };
            names.iter().filter(needs).cloned().collect()
        };
        let tasks = parts.into_iter().map(|part| {
            let after = needed_by(&part.logical);
            Task::new(&part.logical.clone(), Deed::Remove(part), after)
        });
        Self::new(way, since, tasks.collect())
    }

    /// Stops the update; what it has changed becomes what it was.
    pub fn cancel(&mut self) {
        self.cancelled = true;
    }

    /// Is it an update on its way forward?
    pub fn is_update(&self) -> bool {
        self.way == Way::Update
    }
}

/// Begins an operation: the stack has its status and its work, and looks at it for the first time now.
pub fn begin(world: &mut World, site: &SiteKey, stack: &str) {
    let now = world.now();
    world.schedule(now, Happening::Stack(site.clone(), stack.to_owned()));
}

/// An operation goes on.
pub fn advance(world: &mut World, site: &SiteKey, id: &str) {
    let taken = world.estate.sites.get_mut(site).and_then(|found| found.cloudformation.stacks.get_mut(id));
    let Some(mut stack) = taken.filter(|stack| stack.work.is_some()).map(|stack| stack.clone()) else { return };
    let (account, region) = site.clone();
    let arn = format!("arn:aws:cloudformation:{region}:{account}:stack/{}", stack.name);
    let caller = Caller { account, region, arn, user_id: "cloudformation".to_owned() };
    let before = stack.status;
    let mut run = Run { world, caller, stack: &mut stack };
    let again = run.go_on();
    let (now, bare) = (world.now(), world.scenario.bare);
    let status = stack.status;
    let told = stack.emitted();
    announce(world, site, &mut stack);
    if let Some(found) = world.estate.sites.get_mut(site) {
        found.cloudformation.stacks.insert(id.to_owned(), stack);
    }
    if status != before {
        let place = Place { seed: world.seed, account: site.0.clone(), region: site.1.clone(), now };
        events::emit(world, &place, told);
    }
    if again {
        let wait = if bare { 1 } else { LOOKS };
        world.schedule(now + TimeDelta::seconds(wait), Happening::Stack(site.clone(), id.to_owned()));
    }
}

/// Publishes the events that have not been published yet to the topics that the stack's caller named.
///
/// Source: CloudFormation user guide, "Setting up notifications": one line a member, each value in quotation marks.
fn announce(world: &mut World, site: &SiteKey, stack: &mut Stack) {
    let topics = stack.design.options.get("NotificationARNs").and_then(Value::as_array).cloned().unwrap_or_default();
    let fresh = stack.events[stack.announced.min(stack.events.len())..].to_vec();
    stack.announced = stack.events.len();
    let (account, region) = site.clone();
    let arn = format!("arn:aws:iam::{account}:role/cloudformation");
    let mut desk = Desk { world, caller: Caller { account, region, arn, user_id: "cloudformation".to_owned() } };
    for event in fresh.iter().filter(|_| !topics.is_empty()) {
        let line = |(name, value): (&String, &Value)| format!("{name}='{}'\n", plain(value));
        let message: String = event.as_object().into_iter().flatten().map(line).collect();
        for topic in &topics {
            let input = json!({"TopicArn": topic, "Subject": "AWS CloudFormation Notification", "Message": message});
            // A topic that is gone gets nothing.
            let _ = desk.ask("sns", "Publish", &input);
        }
    }
}

struct Run<'a> {
    world: &'a mut World,
    caller: Caller,
    stack: &'a mut Stack,
}

impl Run<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.world.now()
    }

    fn desk(&mut self) -> Desk<'_> {
        Desk { world: self.world, caller: self.caller.clone() }
    }

    fn turn(&mut self, status: &'static str, reason: Option<String>) {
        let (now, id) = (self.now(), self.world.ids.uuid());
        self.stack.turn(now, id, status, reason);
    }

    /// Goes as far as it can without waiting. Is there more to come?
    fn go_on(&mut self) -> bool {
        loop {
            let Some(mut work) = self.stack.work.take() else { return false };
            let moved = self.step(&mut work);
            let left = |task: &Task| matches!(task.stage, Stage::Waiting | Stage::Running(_) | Stage::Doomed(..));
            let running = work.tasks.iter().any(|task| matches!(task.stage, Stage::Running(_) | Stage::Doomed(..)));
            let failed = work.failure.is_some() || work.cancelled;
            let over = if failed { !running } else { !work.tasks.iter().any(left) };
            if over {
                self.finish(work);
                continue;
            }
            self.stack.work = Some(work);
            if !moved {
                return true;
            }
        }
    }

    /// Looks at each task once. Has anything moved?
    fn step(&mut self, work: &mut Work) -> bool {
        let mut moved = false;
        let timeout = members::integer(&self.stack.design.options, "TimeoutInMinutes").map(TimeDelta::minutes);
        if work.way == Way::Create && work.failure.is_none() && timeout.is_some_and(|timeout| self.now() >= work.since + timeout)
        {
            work.failure = Some("Stack creation time exceeded the specified timeout. Rollback requested by user.".to_owned());
        }
        for number in 0..work.tasks.len() {
            let task = work.tasks[number].clone();
            let stage = match task.stage.clone() {
                Stage::Running(since) => self.look(work, &task, since),
                Stage::Doomed(since, ..) if self.now() < since + self.world.takes(LOOKS) => continue,
                Stage::Doomed(_, status, message) => self.fail(work, &task.logical, status, message),
                Stage::Waiting if work.failure.is_none() && !work.cancelled => {
                    let ready = work.tasks.iter().all(|other| other.stage == Stage::Done || !task.after.contains(&other.logical));
                    if ready { self.start(work, &task) } else { continue }
                }
                _ => continue,
            };
            moved |= stage != task.stage;
            work.tasks[number].stage = stage;
        }
        moved
    }

    fn start(&mut self, work: &mut Work, task: &Task) -> Stage {
        match &task.deed {
            Deed::Settle => self.start_settling(work, &task.logical),
            Deed::Restore(was) => self.start_restoring(work, was),
            Deed::Remove(part) => self.start_removing(work, part),
        }
    }

    fn scope<'s>(
        &'s mut self,
        unknown: &'s BTreeSet<String>,
        run: impl FnOnce(&mut Scope<'_, '_>) -> Result<Value, String>,
    ) -> Result<Value, String> {
        let stack = self.stack.clone();
        let notices = stack.design.options.get("NotificationARNs").cloned().unwrap_or_else(|| json!([]));
        let mut desk = Desk { world: self.world, caller: self.caller.clone() };
        let mut scope = Scope {
            template: &stack.design.template,
            parameters: &stack.design.parameters,
            stack: &stack.name,
            stack_id: &stack.id,
            notices: &notices,
            parts: &stack.parts,
            unknown,
            desk: &mut desk,
            depth: 0,
        };
        run(&mut scope)
    }

    fn start_settling(&mut self, work: &mut Work, logical: &str) -> Stage {
        let (template, now) = (self.stack.design.template.clone(), self.now());
        let Some(resource) = template.resource(logical) else { return Stage::Done };
        let kind = members::required(resource, "Type").to_owned();
        let given = resource.get("Properties").cloned().unwrap_or_else(|| json!({}));
        let resolved = self.scope(&BTreeSet::new(), |scope| scope.resolve(&given));
        let retained =
            resource.get("DeletionPolicy").is_some_and(|policy| policy == "Retain" || policy == "RetainExceptOnCreate");
        let old = self.stack.part(logical).cloned().filter(|part| part.physical.is_some() && part.kind == kind);
        let properties = match resolved {
            Ok(properties) => with_tags(properties, &self.stack.design.tags, &kind),
            Err(message) => {
                self.put(Part {
                    logical: logical.to_owned(),
                    kind,
                    physical: None,
                    status: "",
                    reason: None,
                    at: now,
                    properties: json!({}),
                    retained,
                });
                return self.fail(work, logical, "CREATE_FAILED", message);
            }
        };
        let Some(of) = types::find(&kind) else { return Stage::Failed };
        let Some(old) = old else {
            if let Some(other) = self.stack.part(logical).cloned().filter(|part| part.physical.is_some()) {
                work.undo.push(other.clone());
                work.left.push(other);
            }
            return self.create(work, of, logical, properties, retained);
        };
        // A made-up name stays what it is.
        let properties = keep_name(of, properties, &old.properties);
        if old.properties == properties && old.status.ends_with("COMPLETE") {
            return Stage::Done;
        }
        work.undo.push(old.clone());
        let replaces = of.replaces(&old.properties, &properties);
        if replaces.is_empty() {
            self.change(of, &old, properties)
        } else {
            let reason = "Requested update requires the creation of a new physical resource; hence creating one.";
            self.stack.turn_part(now, logical, "UPDATE_IN_PROGRESS", Some(reason.to_owned()));
            work.left.push(old);
            self.create(work, of, logical, drop_made_up(of, properties, resource), retained)
        }
    }

    /// Puts a resource in the place of the one of its name.
    fn put(&mut self, part: Part) {
        match self.stack.part_mut(&part.logical) {
            Some(known) => *known = part,
            None => self.stack.parts.push(part),
        }
    }

    fn create(
        &mut self,
        work: &mut Work,
        of: &'static types::Type,
        logical: &str,
        mut properties: Value,
        retained: bool,
    ) -> Stage {
        let now = self.now();
        let replacing = self.stack.part(logical).is_some_and(|part| part.physical.is_some());
        if let Some(named) = of.named.filter(|named| properties.get(*named).is_none()) {
            let name = self.made_up(of.name, logical);
            if let Some(properties) = properties.as_object_mut() {
                properties.insert(named.to_owned(), name.into());
            }
        }
        let part = Part {
            logical: logical.to_owned(),
            kind: of.name.to_owned(),
            physical: None,
            status: "",
            reason: None,
            at: now,
            properties: properties.clone(),
            retained,
        };
        self.put(part);
        let (begun, failed) =
            if replacing { ("UPDATE_IN_PROGRESS", "UPDATE_FAILED") } else { ("CREATE_IN_PROGRESS", "CREATE_FAILED") };
        self.stack.turn_part(now, logical, begun, None);
        let what = [of.name.to_owned(), logical.to_owned(), format!("{}/{logical}", self.stack.name)];
        if let Some(message) = self.world.resource_failure(&what) {
            return Stage::Doomed(now, failed, message);
        }
        match of.make(&mut self.desk(), &properties) {
            Ok(id) => {
                if let Some(part) = self.stack.part_mut(logical) {
                    part.physical = Some(id);
                }
                self.stack.turn_part(now, logical, begun, Some("Resource creation Initiated".to_owned()));
                work.made.push(logical.to_owned());
                Stage::Running(now)
            }
            Err(refusal) => {
                let message = self.handler_message(&refusal);
                Stage::Doomed(now, failed, message)
            }
        }
    }

    /// A name as CloudFormation makes one up: stack, resource, twelve letters; what is too long is cut before these.
    fn made_up(&mut self, kind: &str, logical: &str) -> String {
        const LIMITS: [(&str, usize); 7] = [
            ("AWS::SQS::", 80),
            ("AWS::S3::", 63),
            ("AWS::IAM::", 64),
            ("AWS::Lambda::", 64),
            ("AWS::RDS::", 63),
            ("AWS::ElasticLoadBalancingV2::", 32),
            ("AWS::Events::", 64),
        ];
        let limit = LIMITS.iter().find(|(prefix, _)| kind.starts_with(prefix)).map_or(128, |(_, limit)| *limit);
        let letters = self.world.ids.capitals(12);
        let named: String = format!("{}-{logical}", self.stack.name).chars().take(limit - 13).collect();
        let name = format!("{}-{letters}", named.trim_end_matches('-'));
        if kind.starts_with("AWS::S3::") || kind.starts_with("AWS::RDS::") { name.to_lowercase() } else { name }
    }

    fn handler_message(&mut self, refusal: &Refusal) -> String {
        let token = self.world.ids.uuid();
        let code = handler_code(&refusal.code);
        format!("Resource handler returned message: \"{}\" (RequestToken: {token}, HandlerErrorCode: {code})", refusal.message)
    }

    fn change(&mut self, of: &types::Type, old: &Part, properties: Value) -> Stage {
        let (now, logical) = (self.now(), old.logical.clone());
        if let Some(part) = self.stack.part_mut(&logical) {
            part.properties = properties.clone();
        }
        self.stack.turn_part(now, &logical, "UPDATE_IN_PROGRESS", None);
        let what = [of.name.to_owned(), logical.clone(), format!("{}/{logical}", self.stack.name)];
        if let Some(message) = self.world.resource_failure(&what) {
            return Stage::Doomed(now, "UPDATE_FAILED", message);
        }
        let id = old.physical.clone().unwrap_or_default();
        match of.change(&mut self.desk(), &id, &old.properties, &properties) {
            Ok(()) => Stage::Running(now),
            Err(refusal) => {
                let message = self.handler_message(&refusal);
                Stage::Doomed(now, "UPDATE_FAILED", message)
            }
        }
    }

    fn start_restoring(&mut self, work: &mut Work, was: &Part) -> Stage {
        let now = self.now();
        let is = self.stack.part(&was.logical).cloned();
        let Some(of) = types::find(&was.kind) else { return Stage::Failed };
        match is {
            Some(is) if is.physical == was.physical => {
                self.put(Part { properties: was.properties.clone(), ..is.clone() });
                self.stack.turn_part(now, &was.logical, "UPDATE_IN_PROGRESS", None);
                let what = [format!("{}/{} rollback", self.stack.name, was.logical), format!("{} rollback", was.logical)];
                if let Some(message) = self.world.resource_failure(&what) {
                    return Stage::Doomed(now, "UPDATE_FAILED", message);
                }
                let id = was.physical.clone().unwrap_or_default();
                match of.change(&mut self.desk(), &id, &is.properties, &was.properties) {
                    Ok(()) => Stage::Running(now),
                    Err(refusal) => {
                        let message = self.handler_message(&refusal);
                        Stage::Doomed(now, "UPDATE_FAILED", message)
                    }
                }
            }
            other => {
                work.left.extend(other.filter(|is| is.physical.is_some()));
                self.put(was.clone());
                self.stack.turn_part(now, &was.logical, "UPDATE_COMPLETE", None);
                Stage::Done
            }
        }
    }

    fn start_removing(&mut self, work: &mut Work, part: &Part) -> Stage {
        let now = self.now();
        let Some(id) = part.physical.clone() else { return Stage::Done };
        if part.retained && work.way != Way::CreateBack {
            self.part_turns(part, "DELETE_SKIPPED", None);
            return Stage::Done;
        }
        self.part_turns(part, "DELETE_IN_PROGRESS", None);
        let Some(of) = types::find(&part.kind) else { return Stage::Done };
        let what = [format!("{}/{} deletion", self.stack.name, part.logical), format!("{} deletion", part.logical)];
        if let Some(message) = self.world.resource_failure(&what) {
            return self.fail_removal(work, part, message);
        }
        match of.remove(&mut self.desk(), &id) {
            Ok(()) => Stage::Running(now),
            Err(refusal) if handler_code(&refusal.code) == "NotFound" => Stage::Running(now),
            Err(refusal) => {
                let message = self.handler_message(&refusal);
                self.fail_removal(work, part, message)
            }
        }
    }

    /// A resource that may have been replaced already takes a status; the one in its place keeps its own.
    fn part_turns(&mut self, part: &Part, status: &'static str, reason: Option<String>) {
        let now = self.now();
        if self.stack.part(&part.logical).is_some_and(|is| is.physical == part.physical) {
            return self.stack.turn_part(now, &part.logical, status, reason);
        }
        let told = Part { status, reason, at: now, ..part.clone() };
        let event = super::stacks::part_event(&told, &self.stack.id, &self.stack.name, self.stack.token.clone());
        self.stack.note(event);
    }

    fn fail_removal(&mut self, work: &mut Work, part: &Part, message: String) -> Stage {
        self.part_turns(part, "DELETE_FAILED", Some(message));
        if matches!(work.way, Way::Delete | Way::CreateBack) {
            let known = work.failure.take();
            let names =
                known.as_deref().and_then(|known| known.split('[').nth(1)).map(|rest| rest.trim_end_matches("]. ").to_owned());
            let all = names.map_or_else(|| part.logical.clone(), |names| format!("{names}, {}", part.logical));
            work.failure = Some(format!("The following resource(s) failed to delete: [{all}]. "));
        }
        Stage::Failed
    }

    fn fail(&mut self, work: &mut Work, logical: &str, status: &'static str, message: String) -> Stage {
        let now = self.now();
        self.stack.turn_part(now, logical, status, Some(message));
        let word = if work.way == Way::Create { "create" } else { "update" };
        work.failure.get_or_insert_with(|| format!("The following resource(s) failed to {word}: [{logical}]. "));
        Stage::Failed
    }

    /// Looks at what has begun.
    fn look(&mut self, work: &mut Work, task: &Task, since: DateTime<Utc>) -> Stage {
        let (now, least) = (self.now(), self.world.takes(LOOKS));
        if now < since + least {
            return Stage::Running(since);
        }
        let removed = if let Deed::Remove(part) = &task.deed { Some(part.clone()) } else { None };
        let part = removed.clone().or_else(|| self.stack.part(&task.logical).cloned());
        let Some(part) = part else { return Stage::Done };
        let (Some(of), Some(id)) = (types::find(&part.kind), part.physical.clone()) else { return Stage::Done };
        if removed.is_some() {
            if !(of.gone)(&mut self.desk(), &id) {
                return Stage::Running(since);
            }
            self.part_turns(&part, "DELETE_COMPLETE", None);
            if !matches!(work.way, Way::Clean | Way::CleanBack)
                || self.stack.part(&part.logical).is_some_and(|is| is.physical == part.physical)
            {
                // Of a stack that is deleted the resources are still told.
                if work.way != Way::Delete && work.way != Way::CreateBack {
                    self.stack.parts.retain(|is| is.logical != part.logical);
                }
            }
            return Stage::Done;
        }
        match (of.done)(&mut self.desk(), &id) {
            Ok(false) if now >= since + TimeDelta::seconds(SETTLES * 3) => {
                self.fail(work, &task.logical, "CREATE_FAILED", "Exceeded attempts to wait".to_owned())
            }
            Ok(false) => Stage::Running(since),
            Ok(true) => {
                let made = work.made.contains(&task.logical) && !work.left.iter().any(|left| left.logical == task.logical);
                let status = if made && task.deed == Deed::Settle { "CREATE_COMPLETE" } else { "UPDATE_COMPLETE" };
                self.stack.turn_part(now, &task.logical, status, None);
                Stage::Done
            }
            Err(refusal) => {
                let status = if work.made.contains(&task.logical) { "CREATE_FAILED" } else { "UPDATE_FAILED" };
                let message = self.handler_message(&refusal);
                self.fail(work, &task.logical, status, message)
            }
        }
    }

    /// The operation has come to its end, or to its turning point.
    fn finish(&mut self, mut work: Work) {
        if work.failure.is_none() && !work.cancelled && matches!(work.way, Way::Create | Way::Update) {
            match self.outputs() {
                Ok(outputs) => self.stack.outputs = outputs,
                Err(message) => work.failure = Some(message),
            }
        }
        let failure = work.failure.clone();
        match (work.way, failure) {
            (Way::Create, None) => self.turn("CREATE_COMPLETE", None),
            (Way::Create, Some(message)) => self.create_failed(work, message),
            (Way::Update, None) if !work.cancelled => {
                self.turn("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", None);
                let wanted = self.desired();
                let gone = self.stack.parts.iter().filter(|part| !wanted.contains(&part.logical)).cloned();
                let left: Vec<Part> = work.left.into_iter().chain(gone).collect();
                self.clean(Way::Clean, left);
            }
            (Way::Update, message) => {
                let message = message.unwrap_or_else(|| "User initiated cancel".to_owned());
                if self.stack.keeps_failures {
                    return self.turn("UPDATE_FAILED", Some(message));
                }
                self.turn("UPDATE_ROLLBACK_IN_PROGRESS", Some(message));
                self.go_back(work.undo, work.made, work.left);
            }
            (Way::UpdateBack, None) => {
                self.turn("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", None);
                let before: Vec<String> = work.undo.iter().map(|part| part.logical.clone()).collect();
                let new =
                    self.stack.parts.iter().filter(|part| work.made.contains(&part.logical) && !before.contains(&part.logical));
                let left: Vec<Part> = work.left.iter().cloned().chain(new.cloned()).collect();
                self.clean(Way::CleanBack, left);
            }
            (Way::UpdateBack, Some(message)) => {
                self.turn("UPDATE_ROLLBACK_FAILED", Some(message));
                self.stack.before = Some(self.stack.design.clone());
                self.stack.work = None;
                self.stack.rest(work.undo, work.made, work.left);
            }
            (Way::Clean, _) => {
                self.stack.before = None;
                self.turn("UPDATE_COMPLETE", None);
            }
            (Way::CleanBack, _) => {
                self.stack.before = None;
                self.turn("UPDATE_ROLLBACK_COMPLETE", None);
            }
            (Way::CreateBack, None) => self.turn("ROLLBACK_COMPLETE", None),
            (Way::CreateBack, Some(message)) => self.turn("ROLLBACK_FAILED", Some(message)),
            (Way::Delete, None) => {
                self.stack.deleted = Some(self.now());
                self.stack.outputs.clear();
                self.turn("DELETE_COMPLETE", None);
            }
            (Way::Delete, Some(message)) => self.turn("DELETE_FAILED", Some(message)),
        }
    }

    fn create_failed(&mut self, work: Work, message: String) {
        let now = self.now();
        for task in work.tasks.iter().filter(|task| matches!(task.stage, Stage::Waiting)) {
            self.stack.parts.retain(|part| part.logical != task.logical);
        }
        if self.stack.keeps_failures {
            return self.turn("CREATE_FAILED", Some(message));
        }
        let parts: Vec<Part> = self.stack.parts.clone();
        let way = if self.stack.deletes_failures {
            self.turn("DELETE_IN_PROGRESS", Some(format!("{message}Delete requested by user.")));
            Way::Delete
        } else {
            self.turn("ROLLBACK_IN_PROGRESS", Some(format!("{message}Rollback requested by user.")));
            Way::CreateBack
        };
        self.stack.work = Some(Work::remove(way, self.stack, parts, now));
    }

    /// Everything that an update has touched becomes what it was.
    fn go_back(&mut self, undo: Vec<Part>, made: Vec<String>, left: Vec<Part>) {
        let now = self.now();
        if let Some(before) = self.stack.before.clone() {
            let failed = std::mem::replace(&mut self.stack.design, before);
            self.stack.before = Some(failed);
        }
        // What was replaced is taken back, and not left behind.
        let left = left.into_iter().filter(|part| !undo.iter().any(|was| was.logical == part.logical)).collect();
        let tasks = undo.iter().map(|was| Task::new(&was.logical, Deed::Restore(was.clone()), BTreeSet::new())).collect();
        self.stack.work = Some(Work { undo, made, left, ..Work::new(Way::UpdateBack, now, tasks) });
    }

    fn clean(&mut self, way: Way, left: Vec<Part>) {
        let now = self.now();
        let gone = left.into_iter().filter(|part| part.physical.is_some()).collect();
        self.stack.parts.retain(|part| part.physical.is_some());
        self.stack.work = Some(Work::remove(way, self.stack, gone, now));
    }

    /// The resources whose conditions hold.
    fn desired(&mut self) -> BTreeSet<String> {
        let stack = self.stack.clone();
        desired(&mut self.desk(), &stack.design, &stack.name, &stack.id)
    }

    fn outputs(&mut self) -> Result<Vec<Value>, String> {
        let template = self.stack.design.template.clone();
        let mut outputs = Vec::new();
        for (name, output) in template.section("Outputs") {
            let condition = members::text(output, "Condition").map(str::to_owned);
            let told = self.scope(&BTreeSet::new(), |scope| {
                if let Some(condition) = condition
                    && !scope.condition(&condition)?
                {
                    return Ok(Value::Null);
                }
                let value = scope.resolve(output.get("Value").unwrap_or(&Value::Null))?;
                let export = output.get("Export").and_then(|export| export.get("Name"));
                let export = export.map(|export| scope.resolve(export)).transpose()?;
                Ok(Members::new()
                    .set("OutputKey", name.as_str())
                    .set("OutputValue", plain(&value))
                    .maybe("Description", members::text(output, "Description"))
                    .maybe("ExportName", export.as_ref().map(plain))
                    .done())
            })?;
            if let Some(export) = members::text(&told, "ExportName") {
                let site = self.world.site(&self.caller);
                let other =
                    site.and_then(|site| site.cloudformation.export(export)).filter(|(other, _)| other.id != self.stack.id);
                if let Some((other, _)) = other {
                    return Err(format!("Export with name {export} is already exported by stack {}. ", other.name));
                }
            }
            if !told.is_null() {
                outputs.push(told);
            }
        }
        Ok(outputs)
    }
}

impl Stack {
    /// Keeps what a way back that failed has still to do.
    fn rest(&mut self, undo: Vec<Part>, made: Vec<String>, left: Vec<Part>) {
        self.halted = Some(Box::new(Work { undo, made, left, ..Work::new(Way::UpdateBack, self.created, Vec::new()) }));
    }

    /// Goes on with a way back that failed, without these resources.
    pub fn take_up(&mut self, now: DateTime<Utc>, skipped: &[&str]) {
        let Some(halted) = self.halted.take() else { return };
        for logical in skipped {
            self.turn_part(now, logical, "UPDATE_COMPLETE", None);
        }
        let undo: Vec<Part> = halted.undo.into_iter().filter(|was| !skipped.contains(&was.logical.as_str())).collect();
        let tasks = undo.iter().map(|was| Task::new(&was.logical, Deed::Restore(was.clone()), BTreeSet::new())).collect();
        self.work = Some(Work { undo, made: halted.made, left: halted.left, ..Work::new(Way::UpdateBack, now, tasks) });
    }

    /// Takes everything back that a failed update has changed, or deletes what a failed creation has made.
    pub fn roll_back(&mut self, now: DateTime<Utc>) {
        if self.status == "CREATE_FAILED" {
            let parts = self.parts.clone();
            self.work = Some(Work::remove(Way::CreateBack, self, parts, now));
        } else {
            self.work = Some(Work { cancelled: true, ..Work::new(Way::Update, now, Vec::new()) });
        }
    }
}

/// The resources of a design whose conditions hold.
pub fn desired(desk: &mut Desk<'_>, design: &Design, name: &str, id: &str) -> BTreeSet<String> {
    let (notices, unknown) = (json!([]), BTreeSet::new());
    let mut scope = Scope {
        template: &design.template,
        parameters: &design.parameters,
        stack: name,
        stack_id: id,
        notices: &notices,
        parts: &[],
        unknown: &unknown,
        desk,
        depth: 0,
    };
    let all = design.template.section("Resources").iter();
    let wanted = all.filter(|(_, resource)| {
        members::text(resource, "Condition").is_none_or(|condition| scope.condition(condition).unwrap_or(false))
    });
    wanted.map(|(logical, _)| logical.clone()).collect()
}

/// The stack's tags go to the resources that take a list of them.
pub fn with_tags(mut properties: Value, tags: &[Value], kind: &str) -> Value {
    const TAGGED: [&str; 8] = [
        "AWS::EC2::Instance",
        "AWS::EC2::Volume",
        "AWS::EC2::SecurityGroup",
        "AWS::RDS::DBInstance",
        "AWS::RDS::DBCluster",
        "AWS::DynamoDB::Table",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
    ];
    if tags.is_empty() || !TAGGED.contains(&kind) {
        return properties;
    }
    let mut all = members::list(&properties, "Tags").to_vec();
    let fresh: Vec<_> = tags.iter().filter(|tag| !all.iter().any(|own| own.get("Key") == tag.get("Key"))).cloned().collect();
    all.extend(fresh);
    if let Some(properties) = properties.as_object_mut() {
        properties.insert("Tags".to_owned(), all.into());
    }
    properties
}

/// The name that was made up before, where the template gives none.
pub fn keep_name(of: &types::Type, mut properties: Value, before: &Value) -> Value {
    if let (Some(named), Some(members)) = (of.named, properties.as_object_mut())
        && !members.contains_key(named)
        && let Some(name) = before.get(named)
    {
        let mut all = Map::new();
        all.append(members);
        all.insert(named.to_owned(), name.clone());
        return Value::Object(all);
    }
    properties
}

/// A replacement whose name was made up gets another one.
fn drop_made_up(of: &types::Type, mut properties: Value, resource: &Value) -> Value {
    if let Some(named) = of.named {
        let given = resource.get("Properties").is_some_and(|given| given.get(named).is_some());
        if let Some(members) = properties.as_object_mut().filter(|_| !given) {
            members.remove(named);
        }
    }
    properties
}

/// Is a value known only when a change has been made?
pub fn is_later(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(LATER),
        Value::Array(items) => items.iter().any(is_later),
        Value::Object(members) => members.values().any(is_later),
        _ => false,
    }
}
