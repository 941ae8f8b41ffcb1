//! Frames as an asciicast (version 2): what `asciinema play` shows. The same frames give the same bytes.

use std::fmt::Write as _;
use std::io;

use chrono::{DateTime, Utc};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A cast that is being written.
#[derive(Debug)]
pub struct Cast {
    text: String,
    shown: Buffer,
    begun: bool,
}

impl Cast {
    /// An empty cast of a screen of that size.
    pub fn new(columns: u16, rows: u16, title: &str, at: DateTime<Utc>) -> Self {
        // Colours belong to the recording, whatever the terminal is that it is made in.
        crossterm::style::force_color_output(true);
        let header = serde_json::json!({
            "version": 2,
            "width": columns,
            "height": rows,
            "timestamp": at.timestamp(),
            "title": title,
            "env": {"TERM": "xterm-256color"},
        });
        Self { text: format!("{header}\n"), shown: Buffer::empty(Rect::new(0, 0, columns, rows)), begun: false }
    }

    /// Adds a frame at so many milliseconds of the cast, if anything changed.
    ///
    /// # Errors
    /// None in practice: what is written to is memory.
    pub fn frame(&mut self, at_ms: u64, frame: Buffer) -> io::Result<()> {
        let mut out = Vec::new();
        if !self.begun {
            out.extend_from_slice(b"\x1b[?25l\x1b[2J");
        }
        let changed = self.shown.diff(&frame);
        if changed.is_empty() && self.begun {
            return Ok(());
        }
        CrosstermBackend::new(&mut out).draw(changed.into_iter())?;
        self.begun = true;
        self.shown = frame;
        let data = serde_json::Value::String(String::from_utf8_lossy(&out).into_owned());
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "[{}.{:03}, \"o\", {data}]", at_ms / 1000, at_ms % 1000);
        Ok(())
    }

    /// All of it.
    pub fn finish(self) -> String {
        self.text
    }
}
