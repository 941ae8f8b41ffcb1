//! Operations on stacks as they run: resource after resource in the order of their needs, each beside the others that need nothing
//! of it, forward, and back again when one fails.

mod ends;
mod run;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use run::Run;

use super::functions::{LATER, Scope};
use super::stacks::{Design, Part, Stack};
use super::template::plain;
use crate::sim::call::Caller;
use crate::sim::estate::{Place, SiteKey};
use crate::sim::members;
use crate::sim::service::events;
use crate::sim::service::types::{self, Desk};
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
