//! A parsed document and where its bytes stand.

use std::ops::Range;

use toml::Spanned;
use toml::de::DeTable;

use super::{Fault, Faults, Table};

/// A TOML document, parsed, with the place of everything in it.
pub struct Document<'t> {
    path: String,
    text: &'t str,
    /// Where each line begins, in bytes.
    lines: Vec<usize>,
    root: Spanned<DeTable<'t>>,
}

impl<'t> Document<'t> {
    /// Parses `text`; `path` is only for messages.
    ///
    /// # Errors
    /// All the lines that are not TOML.
    pub fn parse(path: &str, text: &'t str) -> Result<Self, Faults> {
        let (root, errors) = DeTable::parse_recoverable(text);
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let document = Self { path: path.to_owned(), text, lines, root };
        let faults = Faults::new();
        let mut last_line = 0;
        for error in errors {
            let span = error.span().unwrap_or(text.len()..text.len());
            let fault = document.fault(span, format!("not TOML: {}", error.message()), None);
            // Further errors of a line come from the parser having lost its way in it.
            if fault.line != last_line {
                last_line = fault.line;
                faults.push(fault);
            }
        }
        faults.settle(Some(document))
    }

    /// The outermost table. It and the tables in it report into `faults`.
    pub fn root<'a>(&'a self, faults: &'a Faults) -> Table<'a> {
        Table::new(self, faults, self.root.get_ref(), 0..0)
    }

    /// The name that it was parsed with.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The text that it was parsed from.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Line and column of a byte, both from 1, the column in characters.
    pub(super) fn position(&self, byte: usize) -> (usize, usize) {
        let byte = if self.text.is_char_boundary(byte) { byte } else { self.text.len() };
        let line = self.lines.partition_point(|start| *start <= byte).max(1);
        let line_start = self.lines.get(line - 1).copied().unwrap_or(0);
        // A byte order mark is no character of the first line.
        let column = self.text[line_start..byte].chars().filter(|c| *c != '\u{feff}').count();
        (line, column + 1)
    }

    pub(super) fn fault(&self, span: Range<usize>, message: String, hint: Option<String>) -> Fault {
        let (line, column) = self.position(span.start);
        Fault { path: self.path.clone(), line, column, span, message, hint }
    }
}
