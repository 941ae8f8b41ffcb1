//! The machine that holds a journal hands it to a console on another one: over standard input and output, one JSON line a message,
//! so that ssh is all that is needed between them.
//!
//! The keeper decides nothing: it appends what is asked for at the number it is asked for, or says that another console was first.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::Mode;

use super::file::{self, Row, Tail, hex};
use super::{Event, Journal, JournalError};

/// How often the keeper looks whether a console on its own machine has written.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// How many events go into one message.
const ROWS: usize = 500;

/// What a console says to the keeper.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "asked")]
pub(super) enum Asked {
    /// It has so many events, the last with this hash, and wants what follows, now and later.
    Join { events: u64, head: String },
    /// To be appended after so many events, the last with this hash: all or none.
    Append { events: u64, head: String, rows: Vec<Row> },
}

/// What the keeper says to a console.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "told")]
pub(super) enum Told {
    /// The first thing: which journal this is, and the format that the keeper writes.
    Journal { incident: String, mode: String, format: i64 },
    /// What others wrote after so many events.
    Rows { after: u64, rows: Vec<Row> },
    /// All that was there when the console joined has been told.
    Joined,
    /// What was to be appended is on the keeper's disk.
    Appended,
    /// Another console was first: there are so many events.
    Moved { events: u64 },
    /// The keeper cannot write.
    Failed { why: String },
    /// What the console has is not the beginning of this journal: it must not go on.
    Refused { why: String },
}

/// Hands the journal to one console until that ends its side.
///
/// # Errors
/// Those of [`Journal::open`]; [`JournalError::Handing`] if the console can no longer be told anything.
pub fn keep(path: &Path, input: impl Read + Send + 'static, output: impl Write) -> Result<(), JournalError> {
    let (journal, events) = Journal::open(path)?;
    let exercise =
        events.iter().any(|recorded| matches!(&recorded.event, Event::IncidentOpened(opened) if opened.mode == Mode::Exercise));
    let mode = if exercise { Mode::Exercise } else { Mode::Live };
    drop(events);
    let mut keeper = Keeper { journal, output, given: None };
    let incident = keeper.journal.incident().to_string();
    keeper.tell(&Told::Journal { incident, mode: file::mode_name(mode).to_owned(), format: file::FORMAT })?;
    let (sender, asked) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(input).lines().map_while(Result::ok);
        lines.map_while(|line| serde_json::from_str::<Asked>(&line).ok()).try_for_each(|asked| sender.send(asked))
    });
    loop {
        match asked.recv_timeout(LOOK_AGAIN) {
            Ok(Asked::Join { events, head }) => {
                if !keeper.join(events, &head)? {
                    return Ok(());
                }
            }
            Ok(Asked::Append { events, head, rows }) => {
                // What others wrote comes first, so that whoever is told that they were second knows it already.
                keeper.hand_out()?;
                let told = keeper.append(events, &head, &rows);
                keeper.tell(&told)?;
            }
            Err(RecvTimeoutError::Timeout) => keeper.hand_out()?,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

struct Keeper<W> {
    journal: Journal,
    output: W,
    /// How far the console has been told, once it has joined.
    given: Option<Tail>,
}

impl<W: Write> Keeper<W> {
    fn tell(&mut self, told: &Told) -> Result<(), JournalError> {
        let failed = |source| JournalError::Handing { source };
        let line = serde_json::to_string(told).map_err(|error| failed(error.into()))?;
        writeln!(self.output, "{line}").and_then(|()| self.output.flush()).map_err(failed)
    }

    fn join(&mut self, events: u64, head: &str) -> Result<bool, JournalError> {
        self.journal.catch_up()?;
        let here = self.journal.tail_at(events)?.filter(|tail| hex(&tail.hash) == head);
        self.given = here;
        if here.is_none() {
            let why = format!(
                "the copy there has {events} events that are not the first {events} of the journal's {}: two people went on \
                 apart. `lifeboat incidents diff` compares them",
                self.journal.tail().seq
            );
            self.tell(&Told::Refused { why })?;
            return Ok(false);
        }
        self.hand_out()?;
        self.tell(&Told::Joined)?;
        Ok(true)
    }

    /// Tells what the console has not been told yet.
    fn hand_out(&mut self) -> Result<(), JournalError> {
        let Some(mut given) = self.given else { return Ok(()) };
        self.journal.catch_up()?;
        while given.seq < self.journal.tail().seq {
            let rows = self.journal.rows(given.seq, ROWS)?;
            let after = given.seq;
            given = rows.iter().fold(given, |tail, row| tail.after(row));
            self.tell(&Told::Rows { after, rows })?;
            self.given = Some(given);
        }
        Ok(())
    }

    fn append(&mut self, events: u64, head: &str, rows: &[Row]) -> Told {
        let tail = self.journal.tail();
        if self.given != Some(tail) || events != tail.seq || head != hex(&tail.hash) {
            return Told::Moved { events: tail.seq };
        }
        match self.journal.write(rows) {
            Ok(()) => {
                self.given = Some(self.journal.tail());
                Told::Appended
            }
            Err(JournalError::Moved { found, .. }) => Told::Moved { events: found.saturating_sub(1) },
            Err(error) => {
                let source = std::error::Error::source(&error).map_or_else(String::new, |source| format!(": {source}"));
                Told::Failed { why: format!("{error}{source}") }
            }
        }
    }
}
