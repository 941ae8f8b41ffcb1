//! One look at an operation: what can begin begins, and what has begun is looked at.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::super::functions::Scope;
use super::super::stacks::{Part, Stack, part_event};
use super::{Deed, LOOKS, SETTLES, Stage, Task, Way, Work, drop_made_up, keep_name, with_tags};
use crate::sim::call::{Caller, Refusal};
use crate::sim::members;
use crate::sim::service::types::{self, Desk, handler_code};
use crate::sim::world::World;

/// An operation at work: the world, on whose behalf, and the stack.
pub(super) struct Run<'a> {
    pub(super) world: &'a mut World,
    pub(super) caller: Caller,
    pub(super) stack: &'a mut Stack,
}

impl Run<'_> {
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.world.now()
    }

    pub(super) fn desk(&mut self) -> Desk<'_> {
        Desk { world: self.world, caller: self.caller.clone() }
    }

    pub(super) fn turn(&mut self, status: &'static str, reason: Option<String>) {
        let (now, id) = (self.now(), self.world.ids.uuid());
        self.stack.turn(now, id, status, reason);
    }

    /// Goes as far as it can without waiting. Is there more to come?
    pub(super) fn go_on(&mut self) -> bool {
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

    pub(super) fn scope<'s>(
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
        let event = part_event(&told, &self.stack.id, &self.stack.name, self.stack.token.clone());
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
}
