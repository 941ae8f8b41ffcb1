//! What a filter lets through: `word`, `key:value`, `/regex/`, `?letters` in that order, and any of them with `-` before it for what must
//! not be there. All terms must hold. Knows rows, not what they are about.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use regex_lite::{Regex, RegexBuilder};

use super::Row;

/// A filter as it was typed.
#[derive(Debug, Clone)]
pub struct Filter {
    terms: Vec<Term>,
    fault: Option<String>,
}

#[derive(Debug, Clone)]
struct Term {
    wanted: bool,
    /// The field that is looked at; `None` for the whole row.
    field: Option<String>,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Contains(String),
    Letters(String),
    Matches(Regex),
}

impl Test {
    fn holds(&self, text: &str) -> bool {
        match self {
            Self::Contains(part) => text.contains(part.as_str()),
            Self::Letters(letters) => fuzzy(letters, text).is_some(),
            Self::Matches(regex) => regex.is_match(text),
        }
    }
}

impl Filter {
    /// Reads a filter; every text is one. A regular expression that is none yet lets everything through and is a [`Filter::fault`].
    pub fn parse(text: &str) -> Self {
        let mut filter = Self { terms: Vec::new(), fault: None };
        for word in words(text) {
            match term(&word) {
                Ok(term) => filter.terms.extend(term),
                Err(fault) => filter.fault = Some(fault),
            }
        }
        filter
    }

    /// What of it cannot be used, in words.
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
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
        self.passes_text(&row.searched(), |name| {
            row.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
        })
    }

    /// Does something pass whose whole text is this, in small letters, and that has these fields?
    pub fn passes_text<'f>(&self, text: &str, field: impl Fn(&str) -> Option<&'f str>) -> bool {
        self.terms.iter().all(|term| {
            let value = term.field.as_ref().map(|name| field(name));
            let holds = match (value, &term.test) {
                (None, test) => test.holds(text),
                (Some(Some(value)), test) => test.holds(&value.to_lowercase()),
                // A colon in what is no field, such as in an ARN, is a colon.
                (Some(None), Test::Contains(value)) => {
                    text.contains(&format!("{}:{value}", term.field.as_deref().unwrap_or_default()))
                }
                (Some(None), _) => false,
            };
            holds == term.wanted
        })
    }

    /// Does it let nothing through that the other one does not? So it is while somebody types on.
    pub fn narrows(&self, other: &Self) -> bool {
        let narrower = |term: &Term, than: &Term| {
            let same = term.wanted == than.wanted && term.field == than.field;
            match (&term.test, &than.test) {
                (Test::Contains(part), Test::Contains(of)) => {
                    same && (part == of || (term.wanted && term.field.is_none() && part.contains(of.as_str())))
                }
                _ => false,
            }
        };
        self.terms.len() >= other.terms.len() && other.terms.iter().zip(&self.terms).all(|(than, term)| narrower(term, than))
    }
}

/// The words of a filter; what stands between slashes is one word, with the spaces in it.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut inside) = (Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if inside => {
                word.push(c);
                word.extend(chars.next());
            }
            '/' if inside => {
                word.push(c);
                inside = false;
            }
            '/' if word.is_empty() || word == "-" || word.ends_with(':') => {
                word.push(c);
                inside = true;
            }
            c if c.is_whitespace() && !inside => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn term(word: &str) -> Result<Option<Term>, String> {
    let (wanted, rest) = match word.strip_prefix('-') {
        Some(rest) if !rest.is_empty() => (false, rest),
        _ => (true, word),
    };
    let (field, rest) = match rest.split_once(':') {
        Some((name, value)) if !name.is_empty() && name.chars().all(char::is_alphabetic) => (Some(name.to_lowercase()), value),
        _ => (None, rest),
    };
    let test = match (rest.strip_prefix('/'), rest.strip_prefix('?')) {
        (Some(pattern), _) => {
            let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
            if pattern.is_empty() {
                return Ok(None);
            }
            let regex = RegexBuilder::new(pattern).case_insensitive(true).build();
            Test::Matches(regex.map_err(|_| format!("/{pattern}/ is no regular expression"))?)
        }
        (_, Some(letters)) if !letters.is_empty() => Test::Letters(letters.to_lowercase()),
        _ => Test::Contains(rest.to_lowercase()),
    };
    Ok(Some(Term { wanted, field, test }))
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
            ("/err.*rate$/", true),
            ("/^latency/", false),
            ("-/latency|5xx/", true),
            ("/shop error/", false),
            ("state:/^AL/", true),
            ("state:/^OK/", false),
            ("site:?pry", true),
            ("/", true),
            ("/[/", true),
        ] {
            assert_eq!(Filter::parse(filter).passes(&row), passes, "{filter}");
        }
    }

    #[test]
    fn what_is_typed_on_narrows_and_what_is_changed_does_not() {
        let narrows = |text: &str, of: &str| Filter::parse(text).narrows(&Filter::parse(of));
        for (text, of) in [("err", "er"), ("err web", "err"), ("err -web", "err"), ("x state:ALARM", "x")] {
            assert!(narrows(text, of), "{text} after {of}");
        }
        for (text, of) in [("er", "err"), ("-err", "-er"), ("/err/", "/er/"), ("web", "err"), ("arn:aws", "arn"), ("site:x", "x")]
        {
            assert!(!narrows(text, of), "{text} after {of}");
        }
    }

    #[test]
    fn what_is_no_regular_expression_says_so_and_hides_nothing() {
        let filter = Filter::parse("/[a-/ x:y");
        assert_eq!(filter.fault(), Some("/[a-/ is no regular expression"));
        assert_eq!(Filter::parse("/a b/ c").terms.len(), 2);
        assert!(Filter::parse(r"/a\/b/").fault().is_none());
    }
}
