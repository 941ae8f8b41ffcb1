//! The steps as a graph: by id, with what each needs and what needs it, in an order that holds; built once, looked up by the screen.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::domain::StepId;

use super::Step;

/// Where each step stands in the list of steps, and how they hang together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Graph {
    index: HashMap<StepId, usize>,
    needs: Vec<Vec<usize>>,
    needed_by: Vec<Vec<usize>>,
    order: Vec<usize>,
}

impl Graph {
    /// The graph of these steps. Prerequisites that do not exist are left out, and so are the steps of a cycle from the order; a
    /// checked plan has neither.
    pub fn of(steps: &[Step]) -> Self {
        let index: HashMap<StepId, usize> = steps.iter().enumerate().map(|(at, step)| (step.id.clone(), at)).collect();
        let needs: Vec<Vec<usize>> =
            steps.iter().map(|step| step.needs.iter().filter_map(|need| index.get(need).copied()).collect()).collect();
        let needed_by = turned(&needs);
        let order = ordered(&needs, &needed_by);
        Self { index, needs, needed_by, order }
    }

    /// Where a step stands among the steps.
    pub fn position(&self, id: &StepId) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// What the step at a position needs.
    pub fn needs(&self, position: usize) -> &[usize] {
        self.needs.get(position).map_or(&[], Vec::as_slice)
    }

    /// What needs the step at a position.
    pub fn needed_by(&self, position: usize) -> &[usize] {
        self.needed_by.get(position).map_or(&[], Vec::as_slice)
    }

    /// The positions in an order in which each stands after what it needs; otherwise as in the file.
    pub fn order(&self) -> &[usize] {
        &self.order
    }
}

/// For each position, the positions that need it.
pub(super) fn turned(needs: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut needed_by = vec![Vec::new(); needs.len()];
    for (position, needs) in needs.iter().enumerate() {
        for need in needs {
            needed_by[*need].push(position);
        }
    }
    needed_by
}

/// An order in which each stands after what it needs, the lowest position first; without those that lie on or behind a cycle.
pub(super) fn ordered(needs: &[Vec<usize>], needed_by: &[Vec<usize>]) -> Vec<usize> {
    let mut open: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut free: BinaryHeap<Reverse<usize>> = (0..needs.len()).filter(|at| open[*at] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some(Reverse(at)) = free.pop() {
        order.push(at);
        for after in &needed_by[at] {
            open[*after] -= 1;
            if open[*after] == 0 {
                free.push(Reverse(*after));
            }
        }
    }
    order
}
