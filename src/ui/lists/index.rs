//! The order of very many rows under a sort, and those of them that pass a filter, kept up with what changes and worked on in turns:
//! no turn does more than a frame has time for, and what is shown in between is right as far as it goes.

use std::cmp::Ordering;

use super::order::Order;
use crate::ui::widgets::Filter;

/// What a turn may cost: about one test of a filter each.
pub const TURN: usize = 24_000;
/// Putting a row in its place compares it with some that are; in tests of a filter.
const PLACING: usize = 8;

/// The rows, by numbers of their own.
pub trait Units {
    /// Numbers are below this.
    fn limit(&self) -> u32;
    /// Is there one of this number?
    fn is(&self, unit: u32) -> bool;
    /// Which comes first under a sort; never equal for two.
    fn compare(&self, one: u32, other: u32, sort: usize) -> Ordering;
    /// Does it pass? `room` is for texts to be put together in.
    fn passes(&self, unit: u32, filter: &Filter, room: &mut String) -> bool;
    /// What testing it costs.
    fn cost(&self, unit: u32) -> usize;
}

/// How far a filter has looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looked {
    Nothing,
    /// Up to and with this one.
    To(u32),
    All,
}

/// A new order in the making: all below this number are in their places.
#[derive(Debug, Clone)]
struct Making {
    order: Order,
    next: u32,
    sort: usize,
}

/// The index of a pane's rows.
#[derive(Debug, Clone)]
pub struct Index {
    all: Order,
    sort: usize,
    making: Option<Making>,
    text: String,
    filter: Filter,
    /// What the filter still has to look through, where that is not all.
    among: Option<Order>,
    passed: Order,
    looked: Looked,
    room: String,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            all: Order::default(),
            sort: 0,
            making: None,
            text: String::new(),
            filter: Filter::parse(""),
            among: None,
            passed: Order::default(),
            looked: Looked::All,
            room: String::new(),
        }
    }
}

impl Index {
    /// The rows to show, in their order.
    pub fn shown(&self) -> &Order {
        if self.filter.is_empty() { &self.all } else { &self.passed }
    }

    /// How many do not pass the filter, as far as it has looked.
    pub fn hidden(&self) -> usize {
        self.all.len() - self.shown().len()
    }

    /// What is being worked on, and how far it is, in percent.
    pub fn working(&self) -> Option<(&'static str, usize)> {
        if let Some(making) = &self.making {
            return Some(("sorting", making.order.len() * 100 / self.all.len().max(1)));
        }
        let through = self.among.as_ref().unwrap_or(&self.all);
        let at = match self.looked {
            Looked::All => return None,
            Looked::Nothing => 0,
            Looked::To(last) => through.position(last).unwrap_or_default(),
        };
        Some(("filtering", at * 100 / through.len().max(1)))
    }

    /// All rows that it knows of.
    pub fn known(&self) -> impl Iterator<Item = u32> + '_ {
        self.all.from(0)
    }

    /// These rows changed, came or went.
    pub fn changed(&mut self, units: &impl Units, changed: &[u32]) {
        // First all are taken out: the order holds among those that did not change.
        for unit in changed {
            if self.looked == Looked::To(*unit) {
                let through = self.among.as_ref().unwrap_or(&self.all);
                self.looked = through.before(*unit).map_or(Looked::Nothing, Looked::To);
            }
            self.all.remove(*unit);
            self.passed.remove(*unit);
            if let Some(among) = &mut self.among {
                among.remove(*unit);
            }
            if let Some(making) = &mut self.making {
                making.order.remove(*unit);
            }
        }
        for unit in changed.iter().copied().filter(|unit| units.is(*unit)) {
            if self.all.holds(unit) {
                continue;
            }
            let sort = self.sort;
            self.all.insert(unit, |known| units.compare(known, unit, sort));
            if let Some(making) = self.making.as_mut().filter(|making| unit < making.next) {
                let sort = making.sort;
                making.order.insert(unit, |known| units.compare(known, unit, sort));
            }
            if self.filter.is_empty() {
                continue;
            }
            let looked = match self.looked {
                Looked::All => true,
                Looked::Nothing => false,
                Looked::To(last) => units.compare(unit, last, sort) == Ordering::Less,
            };
            if !looked {
                self.among.iter_mut().for_each(|among| among.insert(unit, |known| units.compare(known, unit, sort)));
            } else if units.passes(unit, &self.filter, &mut self.room) {
                self.passed.insert(unit, |known| units.compare(known, unit, sort));
            }
        }
    }

    /// What is wanted now. What is already worked on goes on.
    pub fn want(&mut self, sort: usize, text: &str) {
        if self.making.as_ref().map_or(self.sort, |making| making.sort) != sort {
            self.making = (sort != self.sort).then(|| Making { order: Order::default(), next: 0, sort });
        }
        if self.text != text {
            let filter = Filter::parse(text);
            let narrower = self.looked == Looked::All && !self.filter.is_empty() && filter.narrows(&self.filter);
            (self.text, self.filter) = (text.to_owned(), filter);
            let among = narrower.then(|| std::mem::take(&mut self.passed));
            self.refilter(among);
        }
    }

    fn refilter(&mut self, among: Option<Order>) {
        self.among = among;
        self.passed = Order::default();
        self.looked = if self.filter.is_empty() { Looked::All } else { Looked::Nothing };
    }

    /// Works on for at most `most`; `true` if there is more to do.
    pub fn work(&mut self, units: &impl Units, most: usize) -> bool {
        let mut left = most;
        if let Some(making) = &mut self.making {
            while making.next < units.limit() && left > 0 {
                let unit = making.next;
                making.next += 1;
                // Numbers without a row cost nearly nothing.
                left = left.saturating_sub(1);
                if units.is(unit) {
                    left = left.saturating_sub(PLACING);
                    let sort = making.sort;
                    making.order.insert(unit, |known| units.compare(known, unit, sort));
                }
            }
            if making.next < units.limit() {
                return true;
            }
        }
        if let Some(made) = self.making.take() {
            (self.all, self.sort) = (made.order, made.sort);
            self.refilter(None);
        }
        if self.looked == Looked::All {
            return false;
        }
        let through = self.among.as_ref().unwrap_or(&self.all);
        let from = match self.looked {
            Looked::To(last) => through.position(last).map_or(0, |at| at + 1),
            _ => 0,
        };
        let mut found = Vec::new();
        let mut looked = self.looked;
        for unit in through.from(from) {
            if left == 0 {
                break;
            }
            if units.passes(unit, &self.filter, &mut self.room) {
                found.push(unit);
            }
            looked = Looked::To(unit);
            left = left.saturating_sub(units.cost(unit));
        }
        self.looked = if left == 0 { looked } else { Looked::All };
        found.into_iter().for_each(|unit| self.passed.push(unit));
        if self.looked == Looked::All {
            self.among = None;
        }
        self.looked != Looked::All
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rows that are a number each; the sorts are by it and by its last digit.
    struct Numbers(Vec<Option<u32>>);

    impl Units for Numbers {
        fn limit(&self) -> u32 {
            u32::try_from(self.0.len()).unwrap()
        }

        fn is(&self, unit: u32) -> bool {
            self.0[unit as usize].is_some()
        }

        fn compare(&self, one: u32, other: u32, sort: usize) -> Ordering {
            let key = |unit: u32| (self.0[unit as usize].map(|number| if sort == 1 { number % 10 } else { number }), unit);
            key(one).cmp(&key(other))
        }

        fn passes(&self, unit: u32, filter: &Filter, room: &mut String) -> bool {
            room.clear();
            room.push_str(&self.0[unit as usize].unwrap().to_string());
            filter.passes_text(room, |_| None)
        }

        fn cost(&self, _: u32) -> usize {
            1
        }
    }

    fn expected(numbers: &Numbers, sort: usize, text: &str) -> Vec<u32> {
        let filter = Filter::parse(text);
        let mut all: Vec<u32> = (0..numbers.limit()).filter(|unit| numbers.is(*unit)).collect();
        all.sort_by(|one, other| numbers.compare(*one, *other, sort));
        all.retain(|unit| numbers.passes(*unit, &filter, &mut String::new()));
        all
    }

    proptest! {
        #[test]
        fn whatever_happens_in_between_it_ends_with_what_a_plain_sort_and_filter_give(
            first in prop::collection::vec(prop::option::of(0_u32..3_000), 1..400),
            moves in prop::collection::vec((0_u8..4, 0_usize..400, 0_u32..3_000), 0..60),
        ) {
            let mut numbers = Numbers(first);
            let mut index = Index::default();
            let all: Vec<u32> = (0..numbers.limit()).collect();
            index.changed(&numbers, &all);
            let (mut sort, mut text) = (0, String::new());
            for (kind, at, number) in moves {
                match kind {
                    0 => sort = usize::from(sort == 0),
                    1 if text.len() > 1 => text.clear(),
                    1 => text.push_str(&(number % 10).to_string()),
                    _ => {
                        let at = at % numbers.0.len();
                        numbers.0[at] = (number % 5 > 0).then_some(number);
                        index.changed(&numbers, &[u32::try_from(at).unwrap()]);
                    }
                }
                index.want(sort, &text);
                // Short turns, so that changes fall into the middle of the work.
                index.work(&numbers, 90);
            }
            while index.work(&numbers, 90) {}
            prop_assert_eq!(index.working(), None);
            prop_assert_eq!(index.shown().from(0).collect::<Vec<_>>(), expected(&numbers, sort, &text));
        }
    }
}
