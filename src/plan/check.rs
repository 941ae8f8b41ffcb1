//! What must hold between the steps of a plan: ids, prerequisites, phases, references.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Table, did_you_mean};
use crate::domain::{Phase, StepId};

use super::Reference;
use super::setting::Setting;
use super::steps::Sketch;

/// Reports everything that is wrong between the steps. `root` only takes the faults.
pub(super) fn check_steps(root: &Table<'_>, sketches: &[Sketch], setting: &Setting) {
    let steps = Steps::new(root, sketches);
    steps.check_needs();
    steps.check_cycles();
    steps.check_references(setting);
}

struct Steps<'c> {
    root: &'c Table<'c>,
    sketches: &'c [Sketch],
    by_id: BTreeMap<&'c StepId, usize>,
}

impl<'c> Steps<'c> {
    fn new(root: &'c Table<'c>, sketches: &'c [Sketch]) -> Self {
        let mut by_id = BTreeMap::new();
        for (index, sketch) in sketches.iter().enumerate() {
            let Some(id) = &sketch.id else { continue };
            if let Some(first) = by_id.get(id) {
                let first: &Sketch = &sketches[*first];
                let line = first.step.as_ref().map(|step| format!("the other one is on line {}", step.line));
                root.fault_at(sketch.id_span.clone(), format!("there are two steps `{id}`"), line);
            } else {
                by_id.insert(id, index);
            }
        }
        Self { root, sketches, by_id }
    }

    /// The prerequisites of a step that exist, by index.
    fn needs(&self, index: usize) -> impl Iterator<Item = usize> {
        self.sketches[index].needs.iter().filter_map(|(id, _)| self.by_id.get(id).copied())
    }

    fn did_you_mean(&self, id: &str) -> Option<String> {
        did_you_mean(id, self.by_id.keys().map(|known| known.as_str()))
    }

    fn check_needs(&self) {
        for sketch in self.sketches {
            let mut seen = BTreeSet::new();
            for (id, span) in &sketch.needs {
                let fault = |message: String, hint: Option<String>| self.root.fault_at(span.clone(), message, hint);
                if !seen.insert(id) {
                    fault(format!("step `{id}` is listed twice"), None);
                    continue;
                }
                match self.by_id.get(id).map(|index| &self.sketches[*index]) {
                    None => fault(format!("there is no step `{}`", id.as_str().escape_debug()), self.did_you_mean(id.as_str())),
                    Some(needed) if needed.phase == Some(Phase::FailOver) && sketch.phase == Some(Phase::Restore) => {
                        fault(format!("a step of the restore phase cannot need `{id}`, a step of the fail-over phase"), None);
                    }
                    Some(_) => {}
                }
            }
        }
    }

    /// Takes away steps without open prerequisites until none is left; what cannot be taken away leads to a cycle, which is then
    /// reported and taken away as well.
    fn check_cycles(&self) {
        let mut open: BTreeSet<usize> = (0..self.sketches.len()).collect();
        loop {
            let free: Vec<usize> =
                open.iter().copied().filter(|step| !self.needs(*step).any(|need| open.contains(&need))).collect();
            for step in &free {
                open.remove(step);
            }
            if !free.is_empty() {
                continue;
            }
            let Some(start) = open.first().copied() else { return };
            let cycle = self.cycle_from(start, &open);
            self.report_cycle(&cycle);
            open.retain(|step| !cycle.contains(step));
        }
    }

    /// Every step in `open` has a prerequisite in `open`, so following them must come back somewhere.
    fn cycle_from(&self, start: usize, open: &BTreeSet<usize>) -> Vec<usize> {
        let mut path = vec![start];
        loop {
            let last = path.last().copied().unwrap_or(start);
            let Some(next) = self.needs(last).find(|need| open.contains(need)) else { return path };
            if let Some(back) = path.iter().position(|step| *step == next) {
                return path.split_off(back);
            }
            path.push(next);
        }
    }

    fn report_cycle(&self, cycle: &[usize]) {
        // Told from the step that stands first in the file.
        let first = cycle.iter().enumerate().min_by_key(|(_, step)| **step).map_or(0, |(place, _)| place);
        let around = cycle.iter().cycle().skip(first).take(cycle.len() + 1);
        let names: Vec<String> = around.filter_map(|step| self.sketches[*step].id.as_ref()).map(|id| format!("`{id}`")).collect();
        let sketch = &self.sketches[cycle[first]];
        let next = names.get(1).map(|name| name.trim_matches('`').to_owned()).unwrap_or_default();
        let span =
            sketch.needs.iter().find(|(id, _)| id.as_str() == next).map_or(sketch.id_span.clone(), |(_, span)| span.clone());
        let message = match cycle {
            [_] => format!("step {} needs itself", names[0]),
            _ => format!("these steps need each other, so that none can begin: {}", names.join(" needs ")),
        };
        self.root.fault_at(span, message, None);
    }

    fn check_references(&self, setting: &Setting) {
        for (index, sketch) in self.sketches.iter().enumerate() {
            let mut prerequisites = None;
            for (reference, span) in &sketch.references {
                let fault = |message: String, hint: Option<String>| self.root.fault_at(span.clone(), message, hint);
                match reference {
                    Reference::Output { step, output } => {
                        let before = prerequisites.get_or_insert_with(|| self.prerequisites(index));
                        if let Some((message, hint)) = self.output_fault(index, step, output, before) {
                            fault(message, hint);
                        }
                    }
                    Reference::Region(site) | Reference::Account(site) if !setting.site_names.contains(site.as_str()) => {
                        setting.no_such_site(self.root, span.clone(), site.as_str());
                    }
                    Reference::Region(_) | Reference::Account(_) | Reference::IncidentId | Reference::PlanName => {}
                }
            }
        }
    }

    /// Every step that must have ended before this one begins.
    fn prerequisites(&self, index: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut waiting: Vec<usize> = self.needs(index).collect();
        while let Some(step) = waiting.pop() {
            if found.insert(step) {
                waiting.extend(self.needs(step));
            }
        }
        found
    }

    fn output_fault(
        &self,
        from: usize,
        step: &StepId,
        output: &str,
        before: &BTreeSet<usize>,
    ) -> Option<(String, Option<String>)> {
        let Some(index) = self.by_id.get(step).copied() else {
            return Some((format!("there is no step `{}`", step.as_str().escape_debug()), self.did_you_mean(step.as_str())));
        };
        if index == from {
            return Some((format!("step `{step}` refers to its own output"), None));
        }
        if !before.contains(&index) {
            let message = format!("`{step}` is no prerequisite of this step, so `{output}` may not be known when it begins");
            return Some((message, Some(format!("add \"{step}\" to `needs`"))));
        }
        let outputs = self.sketches[index].outputs??;
        if outputs.contains(&output) {
            return None;
        }
        let hint = if outputs.is_empty() { None } else { did_you_mean(output, outputs.iter().copied()) };
        Some((format!("step `{step}` gives no output `{}`", output.escape_debug()), hint))
    }
}
