//! What the write-ahead log beside a journal says of itself: whole, ending within an append, or damaged before its end.
//!
//! SQLite reads such a log up to the first frame that does not match its sums and takes the rest for the end of a power cut. That is
//! right for the last append, which nobody was promised; of two or more it is a loss, and is told here.
//! The format is that of <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>. Must not change the file, nor know what
//! the rows mean.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::file::log_of;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// How often a log is read again that a console began anew meanwhile.
const LOOKS: usize = 3;

/// What is behind the last append that a log vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing: it ends there, or what follows is from before it was begun anew.
    Whole,
    /// An append that is not whole: under way just now, cut off by a kill or a loss of power, or damaged since.
    Within,
    /// Appends that were whole once.
    Damaged(&'static str),
}

/// Looks at the log beside a journal; without one there is nothing to say.
pub(super) fn end(path: &Path) -> End {
    let path = log_of(path);
    for _ in 0..LOOKS {
        let Ok(bytes) = std::fs::read(&path) else { return End::Whole };
        let mut again = [0; HEADER];
        let same = File::open(&path).and_then(|mut file| file.read_exact(&mut again)).is_ok() && bytes.starts_with(&again);
        // Begun anew while it was read: what was read is of two logs.
        if same || bytes.len() < HEADER {
            return end_of(&bytes);
        }
    }
    End::Whole
}

fn end_of(log: &[u8]) -> End {
    let Some((header, frames)) = log.split_at_checked(HEADER) else { return End::Whole };
    let page = number(header, 8) as usize;
    let big = number(header, 0) & 1 == 1;
    let sums = summed((0, 0), &header[..24], big);
    if sums != (number(header, 24), number(header, 28)) || !(512..=65536).contains(&page) {
        // The header is on the disk before any frame is written.
        let what =
            "the head of the write-ahead log beside it does not match its sum: what had not yet been moved into the file is lost";
        return if frames.is_empty() { End::Whole } else { End::Damaged(what) };
    }
    let (mut sums, mut sound, mut open, mut commits) = (sums, true, false, 0);
    for frame in frames.chunks(FRAME_HEADER + page) {
        let whole = frame.len() == FRAME_HEADER + page;
        // Beginning anew changes both salts: one that still fits is of this log, and damaged.
        let ours = frame.len() < 16 || number(frame, 8) == number(header, 16) || number(frame, 12) == number(header, 20);
        if sound && whole {
            let (head, content) = frame.split_at(FRAME_HEADER);
            sums = summed(summed(sums, &head[..8], big), content, big);
            sound = head[8..16] == header[16..24] && sums == (number(head, 16), number(head, 20));
        } else {
            sound = false;
        }
        let commit = whole && number(frame, 4) != 0;
        if sound {
            open = !commit;
        } else if ours {
            open = true;
            commits += usize::from(commit);
        }
    }
    match (open, commits) {
        (_, 2..) => {
            End::Damaged("the write-ahead log beside it does not match its sums: what was appended from there on is lost")
        }
        (true, _) => End::Within,
        (false, _) => End::Whole,
    }
}

/// The 32-bit number at `at`, most significant byte first; 0 where there is none.
fn number(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// The log's running sums after these bytes, whose number is a multiple of eight.
fn summed(from: (u32, u32), bytes: &[u8], big: bool) -> (u32, u32) {
    let word = |four: &[u8]| {
        let four = four.try_into().unwrap_or_default();
        if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
    };
    bytes.chunks_exact(8).fold(from, |(one, two), pair| {
        let one = one.wrapping_add(word(&pair[..4])).wrapping_add(two);
        (one, two.wrapping_add(word(&pair[4..])).wrapping_add(one))
    })
}
