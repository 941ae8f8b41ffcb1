//! Very many rows, held small: each in a compact form, found by key and by group, with a log of what changed.
//!
//! A row is unpacked when somebody looks at it; whatever goes through all rows works on the compact form. A copy of all rows shares them,
//! so that a frozen view costs little. Knows nothing of the screen; what it keeps of a row, `alarm` and `point` say.

mod alarm;
mod point;
#[cfg(test)]
mod tests;

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt;
use std::hash::Hasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use alarm::PackedAlarm;
pub use point::PackedPoint;

/// Rows in one shared piece.
const CHUNK: usize = 512;
/// Pieces of the table of keys.
const SHARDS: usize = 64;
/// How many changes the log goes back; who is further behind looks at everything anew.
const LOGGED: usize = 1 << 18;
/// What stands between the texts of a row.
const BETWEEN: char = '\u{1f}';

/// How much a row stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Something is wrong.
    Bad,
    /// It cannot tell.
    Unknown,
    /// Nothing to say.
    Quiet,
}

/// What can be held so.
pub trait Row: Sized {
    /// Its compact form.
    type Packed: Clone + PartialEq + fmt::Debug;
    /// What is kept once for many rows.
    type Words: Clone + Default + fmt::Debug;

    /// What tells it apart from the others of its source.
    fn key(&self) -> &str;
    /// What it belongs to with others, where rows are asked for so.
    fn group(&self) -> Option<&str>;
    /// The compact form; `group` is the number of its group.
    fn pack(self, group: u32, words: &mut Self::Words) -> Self::Packed;
    /// The row; `group` is its group's name.
    fn unpack(packed: &Self::Packed, group: &str) -> Self;
    /// Is this its key?
    fn has_key(packed: &Self::Packed, key: u64) -> bool;
    /// The number of its group.
    fn group_of(packed: &Self::Packed) -> u32;
    /// How much it stands out.
    fn standing(packed: &Self::Packed) -> Standing;
}

/// The number that a key is found by, the same everywhere.
pub fn key_hash<'a>(parts: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for part in parts {
        // As it is kept: see `joined`.
        for (nth, part) in part.split(BETWEEN).enumerate() {
            if nth > 0 {
                hasher.write("\u{fffd}".as_bytes());
            }
            hasher.write(part.as_bytes());
        }
    }
    hasher.finish()
}

/// The rows of one source.
pub struct Rows<T: Row> {
    chunks: Vec<Arc<Vec<Option<T::Packed>>>>,
    keys: Vec<Arc<HashMap<u64, u32>>>,
    free: Vec<u32>,
    len: usize,
    counts: [usize; 3],
    standing_out: BTreeSet<(Standing, u32)>,
    words: T::Words,
    groups: Vec<Arc<Group>>,
    group_numbers: Arc<HashMap<Arc<str>, u32>>,
    log: VecDeque<u32>,
    version: u64,
    /// Tells these rows apart from others that have taken their place.
    identity: u64,
}

/// What belongs together.
#[derive(Debug, Clone)]
struct Group {
    name: Arc<str>,
    members: Vec<u32>,
}

impl<T: Row> Default for Rows<T> {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            chunks: Vec::new(),
            keys: vec![Arc::default(); SHARDS],
            free: Vec::new(),
            len: 0,
            counts: [0; 3],
            standing_out: BTreeSet::new(),
            words: T::Words::default(),
            groups: Vec::new(),
            group_numbers: Arc::default(),
            log: VecDeque::new(),
            version: 0,
            identity: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }
}

impl<T: Row> Clone for Rows<T> {
    fn clone(&self) -> Self {
        Self {
            chunks: self.chunks.clone(),
            keys: self.keys.clone(),
            free: self.free.clone(),
            len: self.len,
            counts: self.counts,
            standing_out: self.standing_out.clone(),
            words: self.words.clone(),
            groups: self.groups.clone(),
            group_numbers: self.group_numbers.clone(),
            log: self.log.clone(),
            version: self.version,
            identity: self.identity,
        }
    }
}

impl<T: Row> fmt::Debug for Rows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows", self.len)
    }
}

impl<T: Row> Rows<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many stand out so.
    pub fn count(&self, standing: Standing) -> usize {
        self.counts[standing as usize]
    }

    /// All rows, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.chunks.iter().flat_map(|chunk| chunk.iter().flatten()).map(|packed| self.unpack(packed))
    }

    /// Those that stand out, the bad ones first.
    pub fn standing_out(&self) -> impl Iterator<Item = T> + '_ {
        self.standing_out.iter().filter_map(|(_, id)| self.row(*id))
    }

    /// The row of a key.
    pub fn get(&self, key: &str) -> Option<T> {
        self.row(self.id(key)?)
    }

    /// The number of a row, which is its own as long as it is there.
    pub fn id(&self, key: &str) -> Option<u32> {
        self.find(key_hash([key]))
    }

    /// The row of a number.
    pub fn row(&self, id: u32) -> Option<T> {
        self.packed(id).map(|packed| self.unpack(packed))
    }

    /// The compact form of a row.
    pub fn packed(&self, id: u32) -> Option<&T::Packed> {
        self.chunks.get(id as usize / CHUNK)?.get(id as usize % CHUNK)?.as_ref()
    }

    /// Numbers of rows are below this.
    pub fn limit(&self) -> u32 {
        u32::try_from(self.chunks.len() * CHUNK).unwrap_or(u32::MAX)
    }

    /// The numbers of the rows of a group.
    pub fn group(&self, name: &str) -> &[u32] {
        self.group_numbers.get(name).map_or(&[], |number| self.members(*number))
    }

    /// The numbers of the rows of a group by its number.
    pub fn members(&self, group: u32) -> &[u32] {
        self.groups.get(group as usize).map_or(&[], |group| group.members.as_slice())
    }

    /// The names of the groups, by their numbers; a group may have lost all its rows.
    pub fn group_name(&self, group: u32) -> Option<&Arc<str>> {
        self.groups.get(group as usize).map(|group| &group.name)
    }

    /// How many groups there have been.
    pub fn groups(&self) -> u32 {
        u32::try_from(self.groups.len()).unwrap_or(u32::MAX)
    }

    /// Where the log stands: which rows these are, and how many changes there have been.
    pub fn version(&self) -> (u64, u64) {
        (self.identity, self.version)
    }

    /// What changed since then, with repetitions: numbers of rows, or of groups where there are groups; `None`: more than the log tells.
    pub fn changed_since(&self, (identity, version): (u64, u64)) -> Option<impl Iterator<Item = u32> + '_> {
        let missed = usize::try_from(self.version.checked_sub(version)?).ok()?;
        let known = identity == self.identity && missed <= self.log.len();
        known.then(|| self.log.range(self.log.len() - missed..).copied())
    }

    /// Puts a row in the place of the one with its key; what is the same changes nothing.
    pub fn put(&mut self, row: T) {
        let hash = key_hash([row.key()]);
        let group = row.group().map_or(0, |name| self.group_number(name));
        let packed = row.pack(group, &mut self.words);
        let known = self.find(hash);
        if let Some(id) = known {
            if self.packed(id) == Some(&packed) {
                return;
            }
            self.forget(id);
        }
        let id = known.unwrap_or_else(|| self.new_id());
        if known.is_none() {
            let mut key = hash;
            while self.shard(key).contains_key(&key) {
                key = key.wrapping_add(1);
            }
            Arc::make_mut(&mut self.keys[key as usize % SHARDS]).insert(key, id);
        }
        let standing = T::standing(&packed);
        self.counts[standing as usize] += 1;
        if standing < Standing::Quiet {
            self.standing_out.insert((standing, id));
        }
        if let Some(group) = self.groups.get_mut(group as usize) {
            Arc::make_mut(group).members.push(id);
        }
        self.note(id, group);
        self.len += 1;
        self.slot(id, Some(packed));
    }

    /// Takes a row out, by the hash of its key.
    pub fn remove(&mut self, hash: u64) {
        let Some(id) = self.find(hash) else { return };
        self.forget(id);
        self.slot(id, None);
        self.free.push(id);
        let mut key = hash;
        while self.shard(key).get(&key).is_some_and(|found| *found != id) {
            key = key.wrapping_add(1);
        }
        // A key that had to stand elsewhere is found by going on, so what stands behind this one moves up.
        let mut chain = Vec::new();
        let mut next = key.wrapping_add(1);
        while let Some(found) = self.shard(next).get(&next).copied() {
            chain.push(found);
            Arc::make_mut(&mut self.keys[next as usize % SHARDS]).remove(&next);
            next = next.wrapping_add(1);
        }
        Arc::make_mut(&mut self.keys[key as usize % SHARDS]).remove(&key);
        for (found, place) in chain.into_iter().zip(0_u64..) {
            let back = key.wrapping_add(place);
            Arc::make_mut(&mut self.keys[back as usize % SHARDS]).insert(back, found);
        }
    }

    /// Takes out all rows but those whose keys have these hashes.
    pub fn keep_only(&mut self, hashes: &HashSet<u64>) {
        let keys: Vec<u64> = self.keys.iter().flat_map(|shard| shard.keys().copied()).collect();
        keys.into_iter().filter(|hash| !hashes.contains(hash)).for_each(|hash| self.remove(hash));
    }

    /// Makes these all the rows there are.
    pub fn replace(&mut self, rows: Vec<T>) {
        let hashes: HashSet<u64> = rows.iter().map(|row| key_hash([row.key()])).collect();
        if self.len > 0 {
            self.keep_only(&hashes);
        }
        rows.into_iter().for_each(|row| self.put(row));
    }

    fn unpack(&self, packed: &T::Packed) -> T {
        T::unpack(packed, self.group_name(T::group_of(packed)).map_or("", |name| name))
    }

    fn shard(&self, key: u64) -> &HashMap<u64, u32> {
        &self.keys[key as usize % SHARDS]
    }

    fn find(&self, hash: u64) -> Option<u32> {
        let mut key = hash;
        loop {
            let id = *self.shard(key).get(&key)?;
            if self.packed(id).is_some_and(|packed| T::has_key(packed, hash)) {
                return Some(id);
            }
            key = key.wrapping_add(1);
        }
    }

    /// Takes what is counted of a row back.
    fn forget(&mut self, id: u32) {
        let Some(packed) = self.packed(id) else { return };
        let (standing, group) = (T::standing(packed), T::group_of(packed));
        self.counts[standing as usize] -= 1;
        self.standing_out.remove(&(standing, id));
        self.len -= 1;
        if let Some(group) = self.groups.get_mut(group as usize) {
            let members = &mut Arc::make_mut(group).members;
            if let Some(at) = members.iter().position(|member| *member == id) {
                members.swap_remove(at);
            }
        }
        self.note(id, group);
    }

    fn note(&mut self, id: u32, group: u32) {
        let changed = if self.groups.is_empty() { id } else { group };
        if self.log.len() == LOGGED {
            self.log.pop_front();
        }
        self.log.push_back(changed);
        self.version += 1;
    }

    fn new_id(&mut self) -> u32 {
        if self.free.is_empty() {
            let first = self.limit();
            self.chunks.push(Arc::new(vec![None; CHUNK]));
            self.free.extend((first..self.limit()).rev());
        }
        self.free.pop().unwrap_or_default()
    }

    fn slot(&mut self, id: u32, packed: Option<T::Packed>) {
        if let Some(chunk) = self.chunks.get_mut(id as usize / CHUNK) {
            Arc::make_mut(chunk)[id as usize % CHUNK] = packed;
        }
    }

    fn group_number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.group_numbers.get(name) {
            return *number;
        }
        let (name, number): (Arc<str>, u32) = (Arc::from(name), self.groups());
        self.groups.push(Arc::new(Group { name: name.clone(), members: Vec::new() }));
        Arc::make_mut(&mut self.group_numbers).insert(name, number);
        number
    }
}

impl<T: Row> From<Vec<T>> for Rows<T> {
    fn from(all: Vec<T>) -> Self {
        let mut rows = Self::default();
        all.into_iter().for_each(|row| rows.put(row));
        rows
    }
}

/// A time as a number of microseconds; `i64::MIN` is none.
fn packed_time(time: Option<chrono::DateTime<chrono::Utc>>) -> i64 {
    time.map_or(i64::MIN, |time| time.timestamp_micros())
}

fn time_of(packed: i64) -> Option<chrono::DateTime<chrono::Utc>> {
    if packed == i64::MIN { None } else { chrono::DateTime::from_timestamp_micros(packed) }
}

/// Texts in one, in order; the mark between them cannot be in one.
fn joined<const N: usize>(texts: [&str; N]) -> Box<str> {
    // Texts at the end that are not there leave nothing behind, and what is made too large leaves a hole when it is cut.
    let last = texts.iter().rposition(|text| !text.is_empty()).map_or(0, |last| last + 1);
    let texts = &texts[..last];
    let mut all = String::with_capacity(texts.iter().map(|text| text.len() + 1).sum::<usize>().saturating_sub(1));
    for (nth, text) in texts.iter().enumerate() {
        if nth > 0 {
            all.push(BETWEEN);
        }
        if text.contains(BETWEEN) {
            all.extend(text.chars().map(|c| if c == BETWEEN { char::REPLACEMENT_CHARACTER } else { c }));
        } else {
            all.push_str(text);
        }
    }
    all.into_boxed_str()
}

/// One of all that are alike.
fn shared<W: Eq + std::hash::Hash>(words: &mut HashSet<Arc<W>>, word: W) -> Arc<W> {
    match words.get(&word) {
        Some(known) => known.clone(),
        None => {
            let new = Arc::new(word);
            words.insert(new.clone());
            new
        }
    }
}
