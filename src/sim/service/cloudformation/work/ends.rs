//! How operations end: in success, at their turning point, or with what is left over.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::stacks::Part;
use super::super::template::plain;
use super::run::Run;
use super::{Deed, Stage, Task, Way, Work, desired};
use crate::sim::members::{self, Members};

impl Run<'_> {
    /// The operation has come to its end, or to its turning point.
    pub(super) fn finish(&mut self, mut work: Work) {
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
