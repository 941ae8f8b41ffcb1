//! What must hold between the steps of a plan: ids, prerequisites, groups, phases, conditions, references.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::document::{Table, did_you_mean};
use crate::domain::{Condition, Phase, StepId, possible};

use super::graph::{ordered, turned};
use super::setting::Setting;
use super::steps::{Referred, Sketch};
use super::template::joined;
use super::{Reference, ValueType};

/// Puts the steps of a group where a step needs the group, and says of each step which one it takes back.
pub(super) fn join_steps(root: &Table<'_>, sketches: &mut [Sketch]) {
    let ids: BTreeSet<StepId> = sketches.iter().filter_map(|sketch| sketch.id.clone()).collect();
    let mut groups: BTreeMap<StepId, Vec<StepId>> = BTreeMap::new();
    for sketch in sketches.iter() {
        let Some(((group, span), id)) = sketch.group.as_ref().zip(sketch.id.as_ref()) else { continue };
        let group = StepId::new(group.clone());
        if ids.contains(&group) {
            root.fault_at(span.clone(), format!("`{group}` is the id of a step, so it cannot be the name of a group"), None);
        }
        groups.entry(group).or_default().push(id.clone());
    }
    let undone: Vec<(StepId, StepId, Range<usize>)> = sketches
        .iter()
        .filter_map(|sketch| {
            let (by, span) = sketch.undone_by.clone()?;
            Some((by, sketch.id.clone()?, span))
        })
        .collect();
    let mut taken: BTreeMap<&StepId, &StepId> = BTreeMap::new();
    for (by, of, span) in &undone {
        if !ids.contains(by) {
            let hint = did_you_mean(by.as_str(), ids.iter().map(StepId::as_str));
            root.fault_at(span.clone(), format!("there is no step `{}`", by.as_str().escape_debug()), hint);
        } else if by == of {
            root.fault_at(span.clone(), "a step cannot take itself back", None);
        } else if let Some(other) = taken.insert(by, of) {
            root.fault_at(span.clone(), format!("`{by}` takes back `{other}` already: one step takes back one step"), None);
        }
    }
    for sketch in sketches.iter_mut() {
        let needs = std::mem::take(&mut sketch.needs);
        sketch.needs = needs
            .into_iter()
            .flat_map(|(need, span)| match groups.get(&need) {
                Some(members) if !ids.contains(&need) => members.iter().map(|id| (id.clone(), span.clone())).collect(),
                _ => vec![(need, span)],
            })
            .collect();
        if let Some(step) = &mut sketch.step {
            step.needs = sketch.needs.iter().map(|(id, _)| id.clone()).collect();
            step.undoes = undone.iter().find(|(by, ..)| *by == step.id).map(|(_, of, _)| of.clone());
        }
    }
}

/// Reports everything that is wrong between the steps. `root` only takes the faults.
pub(super) fn check_steps(root: &Table<'_>, sketches: &[Sketch], setting: &Setting) {
    let steps = Steps::new(root, sketches, setting);
    steps.check_needs();
    steps.check_cycles();
    steps.check_groups();
    steps.check_conditions();
    steps.check_references();
}

struct Steps<'c> {
    root: &'c Table<'c>,
    sketches: &'c [Sketch],
    setting: &'c Setting,
    by_id: BTreeMap<&'c StepId, usize>,
    /// The prerequisites that exist, by position.
    needs: Vec<Vec<usize>>,
    /// For each step that takes one back, which.
    undoes: BTreeMap<usize, usize>,
    /// The options of choices and of variables that have only some, for comparing conditions.
    options: BTreeMap<String, Vec<String>>,
}

impl<'c> Steps<'c> {
    fn new(root: &'c Table<'c>, sketches: &'c [Sketch], setting: &'c Setting) -> Self {
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
        let position = |id: &StepId| by_id.get(id).copied();
        let needs = sketches.iter().map(|sketch| sketch.needs.iter().filter_map(|(id, _)| position(id)).collect()).collect();
        let undoes = sketches
            .iter()
            .enumerate()
            .filter_map(|(of, sketch)| Some((position(&sketch.undone_by.as_ref()?.0)?, of)))
            .filter(|(by, of)| by != of)
            .collect();
        let mut options: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for variable in setting.variables.values().filter(|variable| variable.value_type == ValueType::Boolean) {
            options.insert(variable.name.clone(), vec!["true".to_owned(), "false".to_owned()]);
        }
        for choice in setting.choices.values() {
            options.insert(choice.name.clone(), choice.options.iter().map(|(name, _)| name.clone()).collect());
        }
        Self { root, sketches, setting, by_id, needs, undoes, options }
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
                match self.by_id.get(id).map(|index| (*index, &self.sketches[*index])) {
                    None => fault(format!("there is no step `{}`", id.as_str().escape_debug()), self.did_you_mean(id.as_str())),
                    Some((_, needed)) if needed.phase == Some(Phase::FailOver) && sketch.phase == Some(Phase::Restore) => {
                        fault(format!("a step of the restore phase cannot need `{id}`, a step of the fail-over phase"), None);
                    }
                    Some((index, _)) if self.undoes.contains_key(&index) => {
                        fault(format!("`{id}` is done only when somebody takes a step back, so no step can need it"), None);
                    }
                    Some(_) => {}
                }
            }
        }
    }

    /// What stands in no order lies on a cycle or behind one: each cycle is reported once.
    fn check_cycles(&self) {
        let placed: BTreeSet<usize> = ordered(&self.needs, &turned(&self.needs)).into_iter().collect();
        let mut open: BTreeSet<usize> = (0..self.sketches.len()).filter(|at| !placed.contains(at)).collect();
        while let Some(start) = open.first().copied() {
            let Some(cycle) = self.cycle_from(start, &open) else {
                // It is only behind a cycle, which was reported.
                open.remove(&start);
                continue;
            };
            self.report_cycle(&cycle);
            open.retain(|step| !cycle.contains(step));
        }
    }

    /// Follows prerequisites in `open` until one comes back; `None` where they end.
    fn cycle_from(&self, start: usize, open: &BTreeSet<usize>) -> Option<Vec<usize>> {
        let mut path = vec![start];
        loop {
            let last = path.last().copied().unwrap_or(start);
            let next = self.needs[last].iter().copied().find(|need| open.contains(need))?;
            if let Some(back) = path.iter().position(|step| *step == next) {
                return Some(path.split_off(back));
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

    /// The steps of a group run side by side, so none may need another.
    fn check_groups(&self) {
        let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, sketch) in self.sketches.iter().enumerate() {
            if let Some((group, _)) = &sketch.group {
                members.entry(group).or_default().push(index);
            }
        }
        for (index, sketch) in self.sketches.iter().enumerate() {
            let Some((group, span)) = &sketch.group else { continue };
            let before = self.reached(self.needs[index].clone());
            let mut others = members.get(group.as_str()).into_iter().flatten().filter(|at| **at != index && before[**at]);
            let Some(id) = others.next().and_then(|at| self.sketches[*at].id.as_ref()) else { continue };
            let message = format!("the steps of a group run side by side, but this one needs `{id}` of the group `{group}`");
            self.root.fault_at(span.clone(), message, None);
        }
    }

    fn check_conditions(&self) {
        let never = |index: usize| {
            let when = self.sketches[index].when.as_ref();
            when.filter(|(when, _)| !possible(&[when], &[], &self.options))
        };
        let unreachable: BTreeSet<usize> = (0..self.sketches.len()).filter(|index| never(*index).is_some()).collect();
        for (index, sketch) in self.sketches.iter().enumerate() {
            if let Some((when, span)) = never(index) {
                self.root.fault_at(span.clone(), format!("this can never hold, so the step is never done: {when}"), None);
            }
            if let Some((_, span)) = sketch.when.as_ref().filter(|_| self.undoes.contains_key(&index)) {
                let message = "a step that takes another back is done only when somebody asks for it: it has no `when`";
                self.root.fault_at(span.clone(), message, None);
            }
            for (id, span) in &sketch.needs {
                if self.by_id.get(id).is_some_and(|index| unreachable.contains(index)) {
                    self.root.fault_at(span.clone(), format!("`{id}` is never done, because its `when` can never hold"), None);
                }
            }
        }
    }

    fn check_references(&self) {
        for (index, sketch) in self.sketches.iter().enumerate() {
            let mut prerequisites = None;
            for referred in &sketch.references {
                let before = prerequisites.get_or_insert_with(|| self.before(index));
                for reference in &referred.one_of {
                    self.check_reference(index, reference, referred, before);
                }
                self.check_given(index, referred);
            }
        }
    }

    fn check_reference(&self, index: usize, reference: &Reference, referred: &Referred, before: &[bool]) {
        let fault = |message: String, hint: Option<String>| self.root.fault_at(referred.span.clone(), message, hint);
        let given = match reference {
            Reference::Output { step, output } => {
                if let Some((message, hint)) = self.output_fault(index, step, output, before) {
                    return fault(message, hint);
                }
                ValueType::of_output(output)
            }
            Reference::Variable(name) => match self.setting.variables.get(name) {
                Some(variable) => variable.value_type,
                None => return self.setting.no_such_variable(self.root, referred.span.clone(), name),
            },
            Reference::Choice(name) => {
                if !self.setting.choices.contains_key(name) {
                    let hint = did_you_mean(name, self.setting.choices.keys().map(String::as_str));
                    fault(format!("there is no choice `{}`", name.escape_debug()), hint);
                }
                ValueType::Text
            }
            Reference::Region(site) | Reference::Account(site) if !self.setting.site_names.contains(site.as_str()) => {
                return self.setting.no_such_site(self.root, referred.span.clone(), site.as_str());
            }
            Reference::Region(_) => ValueType::Region,
            Reference::Account(_) => ValueType::Account,
            Reference::IncidentId | Reference::PlanName => ValueType::Text,
        };
        if let Some(wanted) = referred.wanted.filter(|wanted| !wanted.takes(given)) {
            fault(format!("expected {}, and `{reference}` is {}", wanted.words(), given.words()), None);
        }
    }

    /// Is the output there whenever this step applies? It is if one of the steps that give it always applies too.
    fn check_given(&self, index: usize, referred: &Referred) {
        let mut conditions: Vec<&Condition> = Vec::new();
        for reference in &referred.one_of {
            let Reference::Output { step, .. } = reference else { return };
            match self.by_id.get(step).map(|at| self.sketches[*at].when.as_ref()) {
                Some(Some((when, _))) => conditions.push(when),
                _ => return,
            }
        }
        let own: Vec<&Condition> = self.sketches[index].when.iter().map(|(when, _)| when).collect();
        if possible(&own, &conditions, &self.options) {
            let only: Vec<String> = conditions.iter().map(ToString::to_string).collect();
            let message = format!(
                "`{}` is there only if {}, and this step applies otherwise too",
                joined(&referred.one_of),
                only.join(" or ")
            );
            let hint = "give this step the same `when`, or name what gives it otherwise: ${steps.a.x | steps.b.x}";
            self.root.fault_at(referred.span.clone(), message, Some(hint.to_owned()));
        }
    }

    /// Every step that must have ended before this one begins; before a step that takes one back, that one too.
    fn before(&self, index: usize) -> Vec<bool> {
        let mut begin = self.needs[index].clone();
        begin.extend(self.undoes.get(&index));
        self.reached(begin)
    }

    /// For each step, whether it is one of these or must have ended before one of them begins.
    fn reached(&self, mut waiting: Vec<usize>) -> Vec<bool> {
        let mut found = vec![false; self.sketches.len()];
        while let Some(step) = waiting.pop() {
            if !std::mem::replace(&mut found[step], true) {
                waiting.extend(&self.needs[step]);
            }
        }
        found
    }

    fn output_fault(&self, from: usize, step: &StepId, output: &str, before: &[bool]) -> Option<(String, Option<String>)> {
        let Some(index) = self.by_id.get(step).copied() else {
            return Some((format!("there is no step `{}`", step.as_str().escape_debug()), self.did_you_mean(step.as_str())));
        };
        if index == from {
            return Some((format!("step `{step}` refers to its own output"), None));
        }
        if !before[index] {
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
