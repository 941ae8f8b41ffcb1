//! When a step applies: conditions on choices, variables and signals, weighed in three values, and compared with each other.
//!
//! A condition on what is not known is neither true nor false: a step is only ruled out by what is known.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{AlarmState, SiteName};

/// The choice that every plan may refer to: is the primary still there to be stopped in good order?
pub const MODE: &str = "mode";

/// Combinations of what conditions speak of that are tried; more than that nobody writes, and nothing is claimed about them.
const COMBINATIONS: usize = 10_000;

/// When a step applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// The choice is one of these.
    Choice {
        /// Its name.
        name: String,
        /// Its options.
        is: Vec<String>,
    },
    /// The variable is one of these.
    Variable {
        /// Its name.
        name: String,
        /// Its values.
        is: Vec<String>,
    },
    /// The signal is in one of these states.
    Signal {
        /// Which.
        signal: Watched,
        /// `ALARM`, `OK`, `INSUFFICIENT_DATA`.
        is: Vec<AlarmState>,
    },
    /// All of them hold.
    All(Vec<Condition>),
    /// At least one of them holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
}

/// A signal that a condition is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Watched {
    /// An alarm of the plan.
    Alarm {
        /// Where it lives.
        site: SiteName,
        /// Its name.
        name: String,
    },
    /// Any of the Health events that the plan asks for: `ALARM` while one is open.
    Health,
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alarm { site, name } => write!(f, "{site}/{name}"),
            Self::Health => f.write_str("health"),
        }
    }
}

/// What is known of what conditions speak of.
pub trait Facts {
    /// The option that was chosen.
    fn choice(&self, name: &str) -> Option<String>;
    /// The variable's value.
    fn variable(&self, name: &str) -> Option<String>;
    /// The signal's last known state.
    fn signal(&self, signal: &Watched) -> Option<AlarmState>;
}

impl Condition {
    /// Does it hold? `None`: that is not known.
    pub fn weigh(&self, facts: &dyn Facts) -> Option<bool> {
        match self {
            Self::Choice { name, is } => facts.choice(name).map(|value| is.contains(&value)),
            Self::Variable { name, is } => facts.variable(name).map(|value| is.contains(&value)),
            Self::Signal { signal, is } => facts.signal(signal).map(|state| is.contains(&state)),
            Self::All(parts) => {
                let all: Vec<Option<bool>> = parts.iter().map(|part| part.weigh(facts)).collect();
                if all.contains(&Some(false)) { Some(false) } else { all.into_iter().collect::<Option<Vec<_>>>().map(|_| true) }
            }
            Self::Any(parts) => {
                let all: Vec<Option<bool>> = parts.iter().map(|part| part.weigh(facts)).collect();
                if all.contains(&Some(true)) { Some(true) } else { all.into_iter().collect::<Option<Vec<_>>>().map(|_| false) }
            }
            Self::Not(part) => part.weigh(facts).map(|holds| !holds),
        }
    }

    /// Every simple condition in it.
    pub fn leaves(&self) -> Vec<&Self> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::leaves).collect(),
            Self::Not(part) => part.leaves(),
            leaf => vec![leaf],
        }
    }

    /// Does it ask about this choice?
    pub fn asks_choice(&self, wanted: &str) -> bool {
        self.leaves().iter().any(|leaf| matches!(leaf, Self::Choice { name, .. } if name == wanted))
    }

    /// Does it ask about this variable?
    pub fn asks_variable(&self, wanted: &str) -> bool {
        self.leaves().iter().any(|leaf| matches!(leaf, Self::Variable { name, .. } if name == wanted))
    }

    /// Does it ask about this signal?
    pub fn asks_signal(&self, wanted: &Watched) -> bool {
        self.leaves().iter().any(|leaf| matches!(leaf, Self::Signal { signal, .. } if signal == wanted))
    }
}

/// In words: `mode is forced and primary/errors is ALARM`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, parts: &[Self], word: &str| {
            for (at, part) in parts.iter().enumerate() {
                let nested = matches!(part, Self::All(parts) | Self::Any(parts) if parts.len() > 1);
                let (open, close) = if nested { ("(", ")") } else { ("", "") };
                write!(f, "{}{open}{part}{close}", if at > 0 { word } else { "" })?;
            }
            Ok(())
        };
        match self {
            Self::Choice { name, is } | Self::Variable { name, is } => write!(f, "{name} is {}", is.join(" or ")),
            Self::Signal { signal, is } => {
                let states: Vec<String> = is.iter().map(ToString::to_string).collect();
                write!(f, "{signal} is {}", states.join(" or "))
            }
            Self::All(parts) => joined(f, parts, " and "),
            Self::Any(parts) => joined(f, parts, " or "),
            Self::Not(part) => write!(f, "not ({part})"),
        }
    }
}

/// One thing that conditions speak of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Choice(String),
    Variable(String),
    Signal(Watched),
}

/// One combination of answers.
struct Answers<'a>(&'a BTreeMap<Subject, String>);

impl Facts for Answers<'_> {
    fn choice(&self, name: &str) -> Option<String> {
        self.0.get(&Subject::Choice(name.to_owned())).cloned()
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.0.get(&Subject::Variable(name.to_owned())).cloned()
    }

    fn signal(&self, signal: &Watched) -> Option<AlarmState> {
        self.0.get(&Subject::Signal(signal.clone())).cloned().map(AlarmState::from)
    }
}

/// Is there a combination of answers for which every one of `hold` holds and none of `fail` does? `options` are the options of each
/// choice and the values of each variable that has only some. Where there are too many combinations to try, there may be one.
pub fn possible(hold: &[&Condition], fail: &[&Condition], options: &BTreeMap<String, Vec<String>>) -> bool {
    let mut domains: BTreeMap<Subject, BTreeSet<String>> = BTreeMap::new();
    for leaf in hold.iter().chain(fail).flat_map(|condition| condition.leaves()) {
        let (subject, known, named): (Subject, Vec<String>, Vec<String>) = match leaf {
            Condition::Choice { name, is } => {
                (Subject::Choice(name.clone()), options.get(name).cloned().unwrap_or_default(), is.clone())
            }
            Condition::Variable { name, is } => {
                // Any other value is as good as one that no condition names.
                let known = options.get(name).cloned().unwrap_or_else(|| vec!["\u{0}".to_owned()]);
                (Subject::Variable(name.clone()), known, is.clone())
            }
            Condition::Signal { signal, is } => (
                Subject::Signal(signal.clone()),
                ["ALARM", "INSUFFICIENT_DATA", "OK"].map(str::to_owned).to_vec(),
                is.iter().map(ToString::to_string).collect(),
            ),
            _ => continue,
        };
        // An option that does not exist is a fault of its own, and no reason for others.
        let closed = matches!(subject, Subject::Choice(_)) && named.iter().all(|name| known.contains(name));
        let domain = domains.entry(subject).or_default();
        domain.extend(known);
        if !closed {
            domain.extend(named);
        }
    }
    let combinations = domains.values().try_fold(1_usize, |product, domain| product.checked_mul(domain.len()));
    if combinations.is_none_or(|count| count > COMBINATIONS) {
        return true;
    }
    let subjects: Vec<(Subject, Vec<String>)> =
        domains.into_iter().map(|(subject, domain)| (subject, domain.into_iter().collect())).collect();
    (0..combinations.unwrap_or(0)).any(|number| {
        let mut rest = number;
        let answers: BTreeMap<Subject, String> = subjects
            .iter()
            .map(|(subject, domain)| {
                let value = domain[rest % domain.len()].clone();
                rest /= domain.len();
                (subject.clone(), value)
            })
            .collect();
        let facts = Answers(&answers);
        hold.iter().all(|condition| condition.weigh(&facts) == Some(true))
            && fail.iter().all(|condition| condition.weigh(&facts) == Some(false))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(name: &str, is: &[&str]) -> Condition {
        Condition::Choice { name: name.into(), is: is.iter().map(|is| (*is).to_owned()).collect() }
    }

    fn alarm(is: AlarmState) -> Condition {
        let signal = Watched::Alarm { site: SiteName::primary(), name: "errors".into() };
        Condition::Signal { signal, is: vec![is] }
    }

    struct Known(Option<&'static str>);

    impl Facts for Known {
        fn choice(&self, _: &str) -> Option<String> {
            self.0.map(str::to_owned)
        }
        fn variable(&self, _: &str) -> Option<String> {
            None
        }
        fn signal(&self, _: &Watched) -> Option<AlarmState> {
            None
        }
    }

    #[test]
    fn what_is_not_known_neither_holds_nor_fails() {
        let (forced, errors) = (choice(MODE, &["forced"]), alarm(AlarmState::Alarm));
        let both = Condition::All(vec![forced.clone(), errors.clone()]);
        let either = Condition::Any(vec![forced.clone(), errors.clone()]);
        for (mode, one, all, any) in [
            (Some("forced"), Some(true), None, Some(true)),
            (Some("graceful"), Some(false), Some(false), None),
            (None, None, None, None),
        ] {
            let facts = Known(mode);
            assert_eq!((forced.weigh(&facts), both.weigh(&facts), either.weigh(&facts)), (one, all, any), "{mode:?}");
            assert_eq!(Condition::Not(Box::new(forced.clone())).weigh(&facts), one.map(|holds| !holds));
        }
        assert_eq!(both.to_string(), "mode is forced and primary/errors is ALARM");
    }

    #[test]
    fn conditions_are_compared_over_every_combination_of_answers() {
        let options = BTreeMap::from([(MODE.to_owned(), vec!["graceful".to_owned(), "forced".to_owned()])]);
        let (forced, graceful) = (choice(MODE, &["forced"]), choice(MODE, &["graceful"]));
        assert!(possible(&[&forced], &[], &options));
        assert!(!possible(&[&forced, &graceful], &[], &options), "both at once");
        // Graceful implies not forced; an alarm implies nothing about the mode.
        assert!(!possible(&[&graceful], &[&Condition::Not(Box::new(forced.clone()))], &options));
        assert!(possible(&[&alarm(AlarmState::Ok)], &[&forced], &options));
        assert!(!possible(&[&alarm(AlarmState::Ok), &alarm(AlarmState::Alarm)], &[], &options));
    }
}
