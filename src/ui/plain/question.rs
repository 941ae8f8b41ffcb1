//! A question that is open: what a line must be, to the letter, to mean yes. Anything else means no.

use crate::domain::{Operator, Preparation, Strength};
use crate::engine::Intent;
use crate::store::{Prepared, State};
use crate::ui::{Request, remedy};

/// What is asked.
#[derive(Debug, Clone)]
pub(super) enum Question {
    /// Shall this be done? What, and what a yes asks for.
    Yes(String, Vec<Request>),
    /// Shall exactly this call be sent, or this step begin?
    About(Box<About>),
    /// Shall these steps of one group begin?
    Group(Vec<(Preparation, u64)>),
}

/// A preparation that was shown.
#[derive(Debug, Clone)]
pub(super) struct About {
    /// As it was shown.
    pub preparation: Preparation,
    /// Its number, to know it again.
    pub seq: u64,
    /// For an answer to a running step: whether it stops it. `None` begins the step.
    pub stop: Option<bool>,
    /// The second person, once named.
    pub second: Option<Operator>,
}

/// What an answer leads to.
#[derive(Debug)]
pub(super) enum Answer {
    /// There is more to be asked.
    Next(Question),
    /// Yes.
    Yes(Vec<Request>),
    /// No, and why it was not a yes where that is not plain.
    No(Option<String>),
}

impl Question {
    /// The line that asks.
    pub fn text(&self) -> String {
        match self {
            Self::Yes(what, _) => format!("ask: {what} Type yes to do it; anything else drops it."),
            Self::Group(shown) => {
                let names: Vec<&str> = shown.iter().map(|(preparation, _)| preparation.step.as_str()).collect();
                let word = match remedy::strength_of(shown) {
                    Strength::Type { name } => name,
                    _ => "yes".to_owned(),
                };
                format!("ask: type {word} to confirm {}; anything else drops it.", names.join(", "))
            }
            Self::About(about) => {
                let step = &about.preparation.step;
                match &about.preparation.strength {
                    Strength::Type { name } => format!("ask: type {name} to confirm {step}; anything else drops it."),
                    Strength::SecondPerson if about.second.is_none() => {
                        format!("ask: {step} needs a second person: type their name; an empty line drops it.")
                    }
                    _ => format!("ask: type yes to confirm {step}; anything else drops it."),
                }
            }
        }
    }

    /// Is what it is about still what the state has?
    pub fn still_holds(&self, state: &State) -> bool {
        let holds = |shown: &Preparation, seq: u64| match state.preparations.get(&shown.step) {
            Some((now, Prepared::Ready(preparation, _))) => *now == seq && **preparation == *shown,
            _ => false,
        };
        match self {
            Self::Yes(..) => true,
            Self::About(about) => holds(&about.preparation, about.seq),
            Self::Group(shown) => shown.iter().all(|(shown, seq)| holds(shown, *seq)),
        }
    }

    /// Takes the line that answers it.
    pub fn answer(self, line: &str, operator: &Operator) -> Answer {
        let line = line.trim();
        match self {
            Self::Yes(_, requests) if line == "yes" => Answer::Yes(requests),
            Self::Yes(..) => Answer::No(None),
            Self::Group(shown) => {
                let typed = match remedy::strength_of(&shown) {
                    Strength::Type { name } if line == name => Some(name),
                    Strength::Type { .. } => {
                        return Answer::No(Some("what was typed is not the name, letter by letter.".to_owned()));
                    }
                    _ if line == "yes" => None,
                    _ => return Answer::No(None),
                };
                let preparations = shown.into_iter().map(|(preparation, _)| preparation).collect();
                Answer::Yes(vec![Request::Order(Intent::ConfirmGroup { preparations, typed })])
            }
            Self::About(about) => about.answer(line, operator),
        }
    }
}

impl About {
    fn answer(mut self: Box<Self>, line: &str, operator: &Operator) -> Answer {
        let typed = match &self.preparation.strength {
            Strength::Key if line == "yes" => None,
            Strength::Type { name } if line == name => Some(name.clone()),
            Strength::Type { .. } => return Answer::No(Some("what was typed is not the name, letter by letter.".to_owned())),
            Strength::SecondPerson if self.second.is_some() && line == "yes" => None,
            Strength::SecondPerson if self.second.is_none() && !line.is_empty() => {
                if line.to_lowercase() == operator.as_str().trim().to_lowercase() {
                    return Answer::No(Some(format!("{line} sits at this console: it takes somebody else.")));
                }
                self.second = Some(Operator::new(line));
                return Answer::Next(Question::About(self));
            }
            Strength::Key | Strength::SecondPerson => return Answer::No(None),
        };
        let preparation = Box::new(self.preparation);
        Answer::Yes(vec![Request::Order(match self.stop {
            None => Intent::ConfirmStep { preparation, typed, second: self.second },
            Some(stop) => Intent::ConfirmAnswer { preparation, typed, stop },
        })])
    }
}
