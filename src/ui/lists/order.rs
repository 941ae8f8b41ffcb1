//! Numbers in an order that somebody else decides, in blocks: putting one in, taking one out and finding the n-th each cost little,
//! however many there are.

use std::cmp::Ordering;

/// The most numbers in a block.
const MOST: usize = 1024;
/// In no block.
const NOWHERE: u32 = u32::MAX;

/// An order of numbers, each at most once.
#[derive(Debug, Clone, Default)]
pub struct Order {
    blocks: Vec<Vec<u32>>,
    /// The blocks' numbers, in order.
    sequence: Vec<u32>,
    /// The block of each number.
    place: Vec<u32>,
    len: usize,
}

impl Order {
    /// How many.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Is it in?
    pub fn holds(&self, number: u32) -> bool {
        self.block_of(number).is_some()
    }

    fn block_of(&self, number: u32) -> Option<u32> {
        self.place.get(number as usize).copied().filter(|block| *block != NOWHERE)
    }

    fn put_in(&mut self, number: u32, block: u32) {
        let at = number as usize;
        if self.place.len() <= at {
            self.place.resize(at + 1, NOWHERE);
        }
        self.place[at] = block;
    }

    /// The number at a place.
    pub fn at(&self, mut place: usize) -> Option<u32> {
        for block in &self.sequence {
            let block = &self.blocks[*block as usize];
            match place.checked_sub(block.len()) {
                Some(rest) => place = rest,
                None => return block.get(place).copied(),
            }
        }
        None
    }

    /// The numbers from a place on.
    pub fn from(&self, mut place: usize) -> impl Iterator<Item = u32> + '_ {
        let mut skipped = 0;
        for block in &self.sequence {
            let len = self.blocks[*block as usize].len();
            if place < len {
                break;
            }
            (place, skipped) = (place - len, skipped + 1);
        }
        let blocks = self.sequence[skipped..].iter().map(|block| self.blocks[*block as usize].as_slice());
        blocks.flatten().skip(place).copied()
    }

    /// Where a number is.
    pub fn position(&self, number: u32) -> Option<usize> {
        let of = self.block_of(number)?;
        let before = self.sequence.iter().take_while(|block| **block != of);
        let before: usize = before.map(|block| self.blocks[*block as usize].len()).sum();
        Some(before + self.blocks[of as usize].iter().position(|known| *known == number)?)
    }

    /// Adds a number at the end.
    pub fn push(&mut self, number: u32) {
        if self.sequence.last().is_none_or(|last| self.blocks[*last as usize].len() >= MOST) {
            self.sequence.push(u32::try_from(self.blocks.len()).unwrap_or(NOWHERE));
            self.blocks.push(Vec::with_capacity(MOST));
        }
        if let Some(last) = self.sequence.last().copied() {
            self.blocks[last as usize].push(number);
            self.put_in(number, last);
            self.len += 1;
        }
    }

    /// Puts a number where `than` says: how a number that is in compares with it.
    pub fn insert(&mut self, number: u32, than: impl Fn(u32) -> Ordering) {
        let first_after = |block: &u32| self.blocks[*block as usize].first().is_some_and(|first| than(*first) == Ordering::Less);
        let nth = self.sequence.partition_point(first_after).saturating_sub(1);
        let Some(block) = self.sequence.get(nth).copied() else { return self.push(number) };
        let at = self.blocks[block as usize].partition_point(|known| than(*known) == Ordering::Less);
        self.blocks[block as usize].insert(at, number);
        self.put_in(number, block);
        self.len += 1;
        if self.blocks[block as usize].len() > MOST {
            self.split(nth, block);
        }
    }

    fn split(&mut self, nth: usize, block: u32) {
        let moved = self.blocks[block as usize].split_off(MOST / 2);
        let new = u32::try_from(self.blocks.len()).unwrap_or(NOWHERE);
        for number in &moved {
            self.place[*number as usize] = new;
        }
        self.blocks.push(moved);
        self.sequence.insert(nth + 1, new);
    }

    /// Takes a number out; `false` if it was not in.
    pub fn remove(&mut self, number: u32) -> bool {
        let Some(block) = self.block_of(number) else { return false };
        self.place[number as usize] = NOWHERE;
        let numbers = &mut self.blocks[block as usize];
        if let Some(at) = numbers.iter().position(|known| *known == number) {
            numbers.remove(at);
            self.len -= 1;
        }
        if self.blocks[block as usize].is_empty() {
            self.sequence.retain(|known| *known != block);
        }
        true
    }

    /// The number before this one.
    pub fn before(&self, number: u32) -> Option<u32> {
        self.position(number)?.checked_sub(1).and_then(|at| self.at(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_what_a_sorted_list_is(moves in prop::collection::vec((0_u32..5_000, any::<bool>()), 1..6_000)) {
            // Ordered by the number's remainder first, so that neighbours are far apart.
            let key = |number: u32| (number % 7, number);
            let (mut order, mut plain) = (Order::default(), std::collections::BTreeSet::new());
            for (number, insert) in moves {
                if insert && plain.insert(key(number)) {
                    order.insert(number, |known| key(known).cmp(&key(number)));
                } else if !insert {
                    prop_assert_eq!(order.remove(number), plain.remove(&key(number)));
                }
            }
            let all: Vec<u32> = order.from(0).collect();
            prop_assert_eq!(&all, &plain.iter().map(|(_, number)| *number).collect::<Vec<_>>());
            prop_assert_eq!(order.len(), plain.len());
            for (at, number) in all.iter().enumerate() {
                prop_assert_eq!(order.at(at), Some(*number));
                prop_assert_eq!(order.position(*number), Some(at));
            }
            prop_assert_eq!(order.from(all.len() / 2).next(), all.get(all.len() / 2).copied());
        }
    }
}
