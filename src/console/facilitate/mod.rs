//! A facilitator's terminal, attached to a running exercise: what is typed goes through the exercise's door, what is noted into its
//! journal, and what the players do is told as the journal has it.
//!
//! Neither end depends on the other: a console that is killed is waited for, with its new key, until it is resumed.

mod screen;
mod words;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::control::{Facilitator, FacilitatorError, Order, Standing};
use crate::domain::{Facilitation, Operator};
use crate::journal::{self, Event, Journal, JournalError};
use crate::report::{self, Score};
use crate::ui::Role;

pub use screen::facilitate;
use words::Command;
pub use words::HELP;

/// A text that the terminal tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What it means.
    pub role: Role,
    /// One or more lines.
    pub text: String,
}

impl Said {
    fn new(role: Role, text: impl Into<String>) -> Self {
        Self { role, text: text.into() }
    }
}

/// A terminal attached to an exercise, or to a simulated AWS that is served alone.
#[derive(Debug)]
pub struct Attached {
    key: PathBuf,
    /// Where the journal is, or will be once the players begin; `None` for a simulated AWS without players.
    path: Option<PathBuf>,
    journal: Option<Journal>,
    operator: Operator,
    /// Questions that the facilitator was told of.
    asked: usize,
    /// How things stood when the exercise last answered.
    standing: Option<Standing>,
    /// Why it does not answer.
    silent: Option<String>,
    /// Do the players say that it is over?
    closed: bool,
}

impl Attached {
    /// To the exercise whose door has this key.
    pub fn new(key: &Path, journal: Option<&Path>, operator: Operator) -> Self {
        Self {
            key: key.to_owned(),
            path: journal.map(Path::to_owned),
            journal: None,
            operator,
            asked: 0,
            standing: None,
            silent: None,
            closed: false,
        }
    }

    /// Which exercise, for a title.
    pub fn title(&self) -> String {
        let file = self.path.as_deref().unwrap_or(&self.key);
        file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// How things stand, or stood when the exercise last answered; and why it does not answer.
    pub fn standing(&self) -> (Option<&Standing>, Option<&str>) {
        (self.standing.as_ref(), self.silent.as_deref())
    }

    /// The key is read each time: whoever resumes an exercise has another one.
    async fn order(&mut self, order: Order) -> Result<Standing, FacilitatorError> {
        let answered = match Facilitator::new(&self.key) {
            Ok(door) => door.order(order).await,
            Err(error) => Err(error),
        };
        match &answered {
            Ok(standing) => (self.standing, self.silent) = (Some(standing.clone()), None),
            Err(error) => self.silent = Some(error.to_string()),
        }
        answered
    }

    /// Carries out a line; `None`: it asks to leave.
    pub async fn line(&mut self, line: &str) -> Option<Said> {
        let command = match words::read(line) {
            Ok(command) => command,
            Err(why) => return Some(Said::new(Role::Bad, why)),
        };
        let said = match command {
            Command::Quit => return None,
            Command::Nothing => Ok(Said::new(Role::Text, "")),
            Command::Help => Ok(Said::new(Role::Text, HELP)),
            Command::Note(text) => self.write(Facilitation::Noted { text }).await.map(|()| Said::new(Role::Ok, "noted")),
            Command::Judge(number, answer, text) => match self.is_asked(number) {
                Ok(()) => self.write(Facilitation::Judged { number, answer, text }).await.map(|()| Said::new(Role::Ok, "judged")),
                Err(why) => Err(why),
            },
            Command::Order(order, done) => self.carry_out(order, done).await,
        };
        Some(said.unwrap_or_else(|why| Said::new(Role::Bad, format!("not done: {why}"))))
    }

    fn is_asked(&self, number: u32) -> Result<(), String> {
        let asked = self.standing.as_ref().map_or(0, |standing| standing.asked.len());
        match usize::try_from(number) {
            Ok(number) if (1..=asked).contains(&number) || self.silent.is_some() => Ok(()),
            _ if asked == 0 => Err("nothing was asked of the room yet".to_owned()),
            _ => Err(format!("there is no question {number}: 1 to {asked} were asked")),
        }
    }

    async fn carry_out(&mut self, order: Order, done: Option<String>) -> Result<Said, String> {
        let standing = self.order(order.clone()).await.map_err(|error| error.to_string())?;
        if let Some(refused) = &standing.refused {
            return Err(refused.clone());
        }
        if let Some(text) = done.clone()
            && self.path.is_some()
        {
            self.write(Facilitation::Turned { text })
                .await
                .map_err(|why| format!("it is done, but not in the journal: {why}"))?;
        }
        Ok(match (order, done) {
            (Order::Look, _) => Said::new(Role::Text, told(&standing)),
            (_, Some(done)) => Said::new(Role::Ok, format!("{} {done}", standing.now.format("%H:%M:%S"))),
            (_, None) => Said::new(Role::Ok, format!("{} asked", standing.now.format("%H:%M:%S"))),
        })
    }

    /// Writes into the journal, beside the players' console, as of the exercise's time, or of the last that is known. Each turn of the
    /// loop takes in at least one event of theirs.
    async fn write(&mut self, done: Facilitation) -> Result<(), String> {
        let now = match self.order(Order::Look).await {
            Ok(standing) => Some(standing.now),
            Err(_) => self.standing.as_ref().map(|standing| standing.now),
        };
        let path = self.path.clone().ok_or("there is no journal: nobody plays here")?;
        let (Some(now), true) = (now, path.exists()) else {
            return Err("the players have not begun, so there is no journal yet".to_owned());
        };
        // A journal of its own, so that `news` misses nothing of what is written here.
        let (mut journal, _) = Journal::open(&path).map_err(|error| error.to_string())?;
        loop {
            match journal.append(vec![Event::Facilitated(done.clone())], &self.operator, now) {
                Ok(_) => return Ok(()),
                Err(JournalError::Moved { .. }) => drop(journal.catch_up().map_err(|error| error.to_string())?),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// What happened since the last look: what players did, new questions with what a good answer holds, and whether the exercise
    /// is still there.
    pub async fn news(&mut self) -> Vec<Said> {
        let (mut said, was_silent) = (self.heard(), self.silent.is_some());
        let knew = self.standing.is_some();
        match self.order(Order::Look).await {
            Ok(standing) => {
                if was_silent {
                    said.push(Said::new(Role::Ok, "The exercise answers again."));
                }
                for (number, (question, good)) in standing.asked.iter().enumerate().skip(self.asked) {
                    said.push(Said::new(Role::Accent, format!("question {}: {question}", number + 1)));
                    if !good.is_empty() {
                        said.push(Said::new(Role::Muted, format!("  a good answer: {good}")));
                    }
                }
                self.asked = standing.asked.len();
            }
            Err(_) if was_silent || self.closed => {}
            Err(error) => {
                let resume = self.path.as_ref().filter(|_| knew).map(|_| {
                    format!(
                        "\nThis terminal waits for it: `lifeboat tabletop --resume {}`. Notes are still written down.",
                        self.title()
                    )
                });
                said.push(Said::new(Role::Bad, format!("{error}{}", resume.unwrap_or_default())));
            }
        }
        said
    }

    /// What the journal has that was not told yet.
    fn heard(&mut self) -> Vec<Said> {
        let Some(path) = self.path.clone().filter(|path| path.exists()) else { return Vec::new() };
        let events = match &mut self.journal {
            Some(journal) => journal.catch_up(),
            None => Journal::open(&path).map(|(journal, events)| {
                self.journal = Some(journal);
                events
            }),
        };
        let events = match events {
            Ok(events) => events,
            Err(error) => return vec![Said::new(Role::Bad, format!("the journal cannot be read: {error}"))],
        };
        let mut said = Vec::new();
        for recorded in events.iter().filter(|recorded| !matches!(recorded.event, Event::Observed(_))) {
            let role = match &recorded.event {
                Event::Facilitated(_) => Role::Muted,
                Event::FailoverDeclared { .. } | Event::DecidedToWait { .. } | Event::IncidentClosed { .. } => Role::Accent,
                _ => Role::Text,
            };
            let at = recorded.recorded_at.format("%H:%M:%S");
            said.push(Said::new(role, format!("{at} {}: {}", recorded.by, report::sentence(&recorded.event))));
            if matches!(recorded.event, Event::IncidentClosed { .. }) {
                self.closed = true;
                said.push(self.over(&path));
            }
        }
        said
    }

    fn over(&self, path: &Path) -> Said {
        let score = journal::read(path).ok().and_then(|reading| Score::of(&reading.events));
        let score = score.map_or_else(String::new, |score| format!(" Score so far: {} of 100.", score.percent));
        Said::new(
            Role::Accent,
            format!(
                "The players closed it.{score} `judge` and `note` still count; `lifeboat score {}` tells it line by line.",
                self.title()
            ),
        )
    }
}

/// When an inject comes, in words.
fn when(one: &super::Coming, now: DateTime<Utc>) -> String {
    match one.at {
        Some(at) if at > now => format!("{} in {}", at.format("%H:%M:%S"), crate::ui::format::duration(at - now)),
        Some(at) => at.format("%H:%M:%S").to_string(),
        None if one.held => "held".to_owned(),
        None if one.by_hand => "by hand".to_owned(),
        None => "on a condition".to_owned(),
    }
}

/// How the clock stands, in words.
fn clock(standing: &Standing) -> String {
    let now = standing.now.format("%Y-%m-%d %H:%M:%SZ");
    match (standing.begun, standing.paused) {
        (false, _) => format!("{now}  the players have not begun"),
        (true, true) => format!("{now}  the clock stands still: `go` lets it run"),
        (true, false) => format!("{now}  the clock runs {} times as fast", standing.speed),
    }
}

/// How things stand, as lines.
fn told(standing: &Standing) -> String {
    let mut text = format!("{}\n", clock(standing));
    for (at, told) in &standing.trouble {
        text.push_str(&format!("  {} a call of the scenario was refused: {told}\n", at.format("%H:%M:%S")));
    }
    for fault in &standing.faults {
        text.push_str(&format!("  in force  {fault}\n"));
    }
    for one in &standing.coming {
        text.push_str(&format!("  {:>2}  {:<20}  {}\n", one.number, when(one, standing.now), one.title));
    }
    if standing.coming.is_empty() {
        text.push_str("  nothing is to come any more\n");
    }
    text
}
