//! Faults, collected while a document is read, told all at once.

use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// One thing that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, as it was named.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// In bytes of the text.
    pub span: Range<usize>,
    /// What is wrong and what was expected.
    pub message: String,
    /// What may have been meant.
    pub hint: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.path, self.line, self.column, self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

/// The faults of a document: a cell that every table reports into, and the error when reading is over.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, unless the same was said of the same place.
    pub fn push(&self, fault: Fault) {
        let mut faults = self.lock();
        if !faults.iter().any(|known| known.span == fault.span && known.message == fault.message) {
            faults.push(fault);
        }
    }

    /// Is nothing wrong so far?
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// All of them in the order of the text.
    pub fn list(&self) -> Vec<Fault> {
        let mut faults = self.lock().clone();
        faults.sort_by_key(|fault| fault.span.start);
        faults
    }

    /// What was read, if nothing was wrong with it. A reader returns `None` only after it has reported why.
    ///
    /// # Errors
    /// All the faults.
    pub fn settle<T>(self, read: Option<T>) -> Result<T, Self> {
        match read {
            Some(read) if self.is_empty() => Ok(read),
            _ => Err(self),
        }
    }

    /// Every fault with the lines of `text` that it is about, and its hint beside them. `color` adds terminal escapes.
    pub fn render(&self, text: &str, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let excerpts = self.list().into_iter().map(|fault| {
            let start = fault.span.start.min(text.len());
            // Of a value over many lines the first says enough.
            let line_end = text[start..].find(['\r', '\n']).map_or(text.len(), |length| start + length);
            let span = start..fault.span.end.clamp(start, line_end);
            let annotation = AnnotationKind::Primary.span(span).label(fault.hint);
            let snippet = Snippet::source(text).path(fault.path).annotation(annotation);
            renderer.render(&[Level::ERROR.primary_title(fault.message).element(snippet)])
        });
        excerpts.collect::<Vec<_>>().join("\n\n")
    }

    /// A panic of another reader leaves whole faults behind, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One line each.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.list().iter().enumerate() {
            write!(f, "{}{fault}", if number > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}

impl Error for Faults {}
