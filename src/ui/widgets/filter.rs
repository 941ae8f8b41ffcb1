//! What a filter lets through: `word`, `key:value`, `-word` for what must not be there, `?word` for letters in that order.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::Row;

/// A filter as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    terms: Vec<String>,
}

impl Filter {
    /// Reads a filter; every text is one.
    pub fn parse(text: &str) -> Self {
        Self { terms: text.to_lowercase().split_whitespace().map(str::to_owned).collect() }
    }

    /// Does it let everything through?
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Does the row pass?
    pub fn passes(&self, row: &Row) -> bool {
        if self.is_empty() {
            return true;
        }
        let text = row.searched();
        self.terms.iter().all(|term| match term.strip_prefix('-') {
            Some(unwanted) if !unwanted.is_empty() => !term_passes(unwanted, row, &text),
            _ => term_passes(term, row, &text),
        })
    }
}

fn term_passes(term: &str, row: &Row, text: &str) -> bool {
    if let Some((key, value)) = term.split_once(':')
        && let Some(field) = row.fields.iter().find(|(name, _)| *name == key)
    {
        return field.1.to_lowercase().contains(value);
    }
    match term.strip_prefix('?') {
        Some(letters) if !letters.is_empty() => fuzzy(letters, text).is_some(),
        _ => text.contains(term),
    }
}

/// How well the letters of `pattern` are found in `text` in their order; `None` if they are not.
pub fn fuzzy(pattern: &str, text: &str) -> Option<u32> {
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut chars = Vec::new();
    let pattern = Pattern::parse(pattern, CaseMatching::Ignore, Normalization::Smart);
    pattern.score(Utf32Str::new(text, &mut chars), &mut matcher)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::Role;

    #[test]
    fn words_fields_exclusions_and_letters_are_told_apart() {
        let row = Row::new("a", vec![("ALARM".into(), Role::Bad), ("shop-error-rate".into(), Role::Text)])
            .field("site", "primary")
            .field("state", "ALARM");
        for (filter, passes) in [
            ("", true),
            ("error", true),
            ("ERROR alarm", true),
            ("latency", false),
            ("site:prim", true),
            ("site:recovery", false),
            ("-latency", true),
            ("-site:primary", false),
            ("?shprate", true),
            ("?xyz", false),
            ("nokey:value", false),
            ("-", true),
        ] {
            assert_eq!(Filter::parse(filter).passes(&row), passes, "{filter}");
        }
    }
}
