//! The order of a plan's steps: what can begin, and which chain of steps decides how long all of it takes.

use std::time::Duration;

use crate::domain::StepId;

use super::{Plan, Step};

impl Plan {
    /// The steps in an order in which each stands after its prerequisites; otherwise as in the file.
    pub fn order(&self) -> Vec<&Step> {
        self.graph.order().iter().map(|at| &self.steps[*at]).collect()
    }

    /// The steps that are not settled and whose prerequisites all are. What counts as settled is the caller's to say.
    pub fn ready(&self, settled: &dyn Fn(&StepId) -> bool) -> Vec<&Step> {
        let ready = |step: &&Step| step.undoes.is_none() && !settled(&step.id) && step.needs.iter().all(settled);
        self.steps.iter().filter(ready).collect()
    }

    /// The chain of prerequisites that takes longest, its first step first. Of chains equally long, the one that stands first in the
    /// file.
    pub fn critical_path(&self, duration: &dyn Fn(&Step) -> Duration) -> Vec<StepId> {
        // For each step: when it ends if all begin as early as they can, and the prerequisite that held it up longest.
        let mut ends: Vec<(Duration, Option<usize>)> = vec![(Duration::ZERO, None); self.steps.len()];
        let mut last: Option<(usize, Duration)> = None;
        // An undo is done only when somebody asks for it.
        for at in self.graph.order().iter().filter(|at| self.steps[**at].undoes.is_none()) {
            let mut held: Option<(usize, Duration)> = None;
            for need in self.graph.needs(*at) {
                let end = ends[*need].0;
                if held.is_none_or(|(_, longest)| end > longest) {
                    held = Some((*need, end));
                }
            }
            let end = held.map_or(Duration::ZERO, |(_, end)| end).saturating_add(duration(&self.steps[*at]));
            ends[*at] = (end, held.map(|(need, _)| need));
            if last.is_none_or(|(_, longest)| end > longest) {
                last = Some((*at, end));
            }
        }
        let mut path = Vec::new();
        let mut at = last.map(|(at, _)| at);
        while let Some(position) = at {
            path.push(self.steps[position].id.clone());
            at = ends[position].1;
        }
        path.reverse();
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;

    /// A plan of manual steps: id, prerequisites, expected minutes.
    fn plan(steps: &[(&str, &str, u64)]) -> Plan {
        let mut text = "format = 1\nname = 'p'\ntitle = 'P'\nobjectives = { rto = '1h', rpo = '1h' }\n\
             sites.primary = { account = '111122223333', region = 'eu-west-1' }\n\
             sites.recovery = { account = '444455556666', region = 'eu-central-1' }\n"
            .to_owned();
        for (id, needs, minutes) in steps {
            text.push_str(&format!(
                "[[step]]\nid = '{id}'\ntitle = 'T'\nphase = 'fail-over'\nneeds = [{needs}]\naction = 'manual'\nlimit = '9h'\n\
                 expect = '{minutes}m'\nwith.instructions = 'do it'\n"
            ));
        }
        Plan::parse("p.toml", &text).unwrap_or_else(|faults| panic!("{faults}"))
    }

    fn ids(steps: &[&Step]) -> Vec<String> {
        steps.iter().map(|step| step.id.to_string()).collect()
    }

    #[test]
    fn every_step_stands_after_its_prerequisites_and_otherwise_as_in_the_file() {
        let plan = plan(&[("d", "'b', 'c'", 1), ("a", "", 1), ("c", "'a'", 1), ("b", "'a'", 1)]);
        assert_eq!(ids(&plan.order()), ["a", "c", "b", "d"]);
    }

    #[test]
    fn a_step_is_ready_when_all_its_prerequisites_are_settled() {
        let plan = plan(&[("a", "", 1), ("b", "", 1), ("c", "'a', 'b'", 1)]);
        let ready = |settled: &[&str]| ids(&plan.ready(&|id| settled.contains(&id.as_str())));
        assert_eq!(ready(&[]), ["a", "b"]);
        assert_eq!(ready(&["a"]), ["b"]);
        assert_eq!(ready(&["a", "b"]), ["c"]);
        assert_eq!(ready(&["a", "b", "c"]), [""; 0]);
    }

    #[test]
    fn the_critical_path_is_the_longest_chain() {
        let plan = plan(&[("a", "", 5), ("b", "", 9), ("c", "'a'", 5), ("d", "'b', 'c'", 1), ("e", "", 3)]);
        let path = |duration: &dyn Fn(&Step) -> Duration| {
            plan.critical_path(duration).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(path(&|step| step.expect.unwrap()), ["a", "c", "d"]);
        assert_eq!(path(&|step| if step.id.as_str() == "b" { Duration::from_hours(1) } else { Duration::ZERO }), ["b"]);
    }
}
