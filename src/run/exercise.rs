//! Exercises beside playing them: the list, a scenario for a plan, the score, and the facilitator's terminal.

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::{Facilitate, ScoreOf, TabletopCommand};
use crate::config::Paths;
use crate::console::{self, Facilitator, Order, Standing};
use crate::domain::{Answered, Facilitation, Mode, Operator};
use crate::error::{DONE, Error};
use crate::journal::{self, Event, Journal, JournalDirectory, JournalError, Recorded};
use crate::report::{self, Earlier, Score};

use super::{parse_plan, print, said};

/// How often the journal and the exercise are looked at for news, in real time.
const LOOK: Duration = Duration::from_secs(1);

/// What is done beside playing.
pub(super) fn tabletop(command: TabletopCommand) -> Result<u8, Error> {
    match command {
        TabletopCommand::List => said(console::exercises()),
        TabletopCommand::Schema => said(format!("{:#}\n", console::scenario_schema())),
        TabletopCommand::New { plan, to } => {
            let path = plan.display().to_string();
            let text = std::fs::read_to_string(&plan).map_err(|source| Error::File { path: path.clone(), source })?;
            let parsed = parse_plan(&path, &text)?;
            let to = to.unwrap_or_else(|| plan.with_file_name(format!("{}-rehearsal.toml", parsed.name)));
            let name = to.display().to_string();
            // The scenario names its plan relative to itself.
            let beside = to.parent() == plan.parent();
            let named = if beside { plan.file_name().map(PathBuf::from) } else { std::path::absolute(&plan).ok() };
            let drafted = console::rehearsal(&parsed, &named.unwrap_or(plan).display().to_string());
            let failed = |source| Error::File { path: name.clone(), source };
            let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&to).map_err(failed)?;
            std::io::Write::write_all(&mut file, drafted.as_bytes()).map_err(failed)?;
            print(&format!(
                "{name}: written\n  play it    lifeboat tabletop {name}\n  its end says what happens, and when: change that\n"
            ))?;
            Ok(DONE)
        }
    }
}

/// Prints the score of an exercise.
pub(super) fn score(arguments: &ScoreOf, paths: &Paths) -> Result<u8, Error> {
    let path = super::record::journal_file(&arguments.id, paths)?;
    let Some((score, earlier)) = scored(&path, paths)? else {
        return Err(Error::Resume(format!("{} has no score: its scenario says nothing about one", arguments.id)));
    };
    if arguments.json {
        let told = serde_json::json!({ "score": score, "earlier": earlier });
        return said(format!("{told:#}\n"));
    }
    said(score.text(&earlier))
}

/// The score of a journal, and those of earlier runs of its scenario.
pub(super) fn scored(path: &Path, paths: &Paths) -> Result<Option<(Score, Vec<Earlier>)>, Error> {
    let events = journal::read(path)?.events;
    let Some(score) = Score::of(&events) else { return Ok(None) };
    let begun = events.first().map(|first| first.recorded_at);
    let scenario = scenario(&events);
    let mut earlier = Vec::new();
    for listed in JournalDirectory::new(&paths.data).list()? {
        if listed.mode != Mode::Exercise || listed.path == path || listed.closed_at.is_none() {
            continue;
        }
        let of = journal::read(&listed.path)?.events;
        if self::scenario(&of) == scenario
            && let Some(score) = Score::of(&of)
        {
            earlier.push((modified(&listed.path), Earlier { incident: listed.id, score }));
        }
    }
    // All runs of a scenario begin at the same simulated time: what is earlier, its file says.
    let own = modified(path);
    earlier.retain(|(when, _)| begun.is_some() && *when <= own);
    earlier.sort_by_key(|(when, _)| *when);
    Ok(Some((score, earlier.into_iter().map(|(_, run)| run).collect())))
}

fn modified(path: &Path) -> Option<std::time::SystemTime> {
    std::fs::metadata(path).and_then(|found| found.modified()).ok()
}

fn scenario(events: &[Recorded]) -> Option<String> {
    events.iter().find_map(|recorded| match &recorded.event {
        Event::IncidentOpened(opened) => opened.scenario.clone(),
        _ => None,
    })
}

/// The facilitator's terminal.
struct Terminal {
    door: Facilitator,
    journal: Journal,
    operator: Operator,
    /// Questions that the facilitator was told of.
    asked: usize,
}

/// Attaches to a running exercise.
pub(super) async fn facilitate(arguments: Facilitate, operator: Operator, paths: &Paths) -> Result<u8, Error> {
    let journals = JournalDirectory::new(&paths.data);
    let path = if arguments.id.is_empty() { running(&journals)? } else { journals.find(&arguments.id)? };
    let door = Facilitator::new(&path.with_extension("facilitator"))?;
    let (journal, _) = Journal::open(&path)?;
    let mut terminal = Terminal { door, journal, operator, asked: 0 };
    if !arguments.command.is_empty() {
        let told = terminal.command(&arguments.command.join(" ")).await?;
        return said(told);
    }
    print(HELP)?;
    print(&terminal.command("look").await?)?;
    let mut lines = lines();
    loop {
        let line = tokio::select! {
            line = lines.recv() => line,
            () = tokio::time::sleep(LOOK) => {
                print(&terminal.news().await?)?;
                continue;
            }
        };
        let Some(line) = line.filter(|line| line.trim() != "quit") else { return Ok(DONE) };
        print(&terminal.command(&line).await?)?;
    }
}

const HELP: &str = "\
The facilitator's terminal. Players see nothing of it but questions.
  look                       what is coming, and how the clock stands
  inject N, hold N           let inject N happen now; hold it back until it is injected
  hold, go                   stop the clock; let it run on
  speed X, step SECONDS      change its speed; move it on
  ask TEXT                   ask the room a question
  judge N good|partly|missed WORDS   how question N was answered: it counts in the score
  note TEXT                  note what the players did
  quit                       leaves; the exercise goes on
";

/// The lines that are typed, until their end.
fn lines() -> tokio::sync::mpsc::Receiver<String> {
    let (sender, receiver) = tokio::sync::mpsc::channel(16);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The exercise whose key is there; the newest if there are several.
fn running(journals: &JournalDirectory) -> Result<PathBuf, Error> {
    let listed = journals.list()?.into_iter().filter(|one| one.mode == Mode::Exercise);
    let running = listed.filter(|one| one.path.with_extension("facilitator").exists()).map(|one| one.path);
    let none = || Error::Resume("no exercise is running here: start one with `lifeboat tabletop`, and begin it".to_owned());
    running.max_by_key(|path| modified(path)).ok_or_else(none)
}

impl Terminal {
    async fn command(&mut self, line: &str) -> Result<String, Error> {
        let (verb, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let rest = rest.trim();
        let order = match (verb, rest.parse::<usize>()) {
            ("", _) => return Ok(String::new()),
            ("look" | "next", _) => Order::Look,
            ("inject", Ok(number)) => Order::Inject { number },
            ("hold", Ok(number)) => Order::HoldInject { number },
            ("hold" | "pause", _) if rest.is_empty() => Order::Hold,
            ("go", _) => Order::Go,
            ("speed", _) if rest.parse::<f64>().is_ok_and(|speed| speed > 0.0) => {
                Order::Speed { speed: rest.parse().unwrap_or(1.0) }
            }
            ("step", Ok(seconds)) => Order::Step { seconds: seconds as u64 },
            ("ask", _) if !rest.is_empty() => Order::Ask { text: rest.to_owned() },
            ("note", _) if !rest.is_empty() => {
                return self.write(Facilitation::Noted { text: rest.to_owned() }, "noted\n").await;
            }
            ("judge", _) => return self.judge(rest).await,
            ("help", _) => return Ok(HELP.to_owned()),
            _ => return Ok(format!("not understood: {line}; `help` lists what is\n")),
        };
        let standing = self.door.order(order.clone()).await?;
        if let Some(refused) = &standing.refused {
            return Ok(format!("not done: {refused}\n"));
        }
        let turned = match &order {
            Order::Look | Order::Ask { .. } => None,
            Order::Inject { number } => Some(format!("let inject {number} happen")),
            Order::HoldInject { number } => Some(format!("held inject {number} back")),
            Order::Hold => Some("stopped the clock".to_owned()),
            Order::Go => Some("let the clock run".to_owned()),
            Order::Speed { speed } => Some(format!("set the clock's speed to {speed}")),
            Order::Step { seconds } => Some(format!("moved the clock on by {seconds} s")),
        };
        if let Some(text) = turned {
            self.write(Facilitation::Turned { text }, "").await?;
        }
        Ok(told(&standing))
    }

    async fn judge(&mut self, rest: &str) -> Result<String, Error> {
        let mut words = rest.splitn(3, ' ');
        let number = words.next().and_then(|number| number.parse().ok());
        let answer = match words.next() {
            Some("good") => Some(Answered::Good),
            Some("partly") => Some(Answered::Partly),
            Some("missed") => Some(Answered::Missed),
            _ => None,
        };
        let (Some(number), Some(answer)) = (number, answer) else {
            return Ok("not understood: `judge 1 good`, `partly` or `missed`, and words if you like\n".to_owned());
        };
        let text = words.next().unwrap_or_default().to_owned();
        self.write(Facilitation::Judged { number, answer, text }, "judged\n").await
    }

    /// Writes into the journal, beside the players' console. Each turn of the loop takes in at least one event of theirs.
    async fn write(&mut self, done: Facilitation, told: &str) -> Result<String, Error> {
        let now = self.door.order(Order::Look).await?.now;
        loop {
            match self.journal.append(vec![Event::Facilitated(done.clone())], &self.operator, now) {
                Ok(_) => return Ok(told.to_owned()),
                Err(JournalError::Moved { .. }) => drop(self.journal.catch_up()?),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// What the players did since the last look, and new questions with what a good answer holds.
    async fn news(&mut self) -> Result<String, Error> {
        let mut text = String::new();
        for recorded in self.journal.catch_up()? {
            let at = recorded.recorded_at.format("%H:%M:%S");
            text.push_str(&format!("{at} {}: {}\n", recorded.by, report::sentence(&recorded.event)));
        }
        let standing = self.door.order(Order::Look).await?;
        for (number, (question, good)) in standing.asked.iter().enumerate().skip(self.asked) {
            text.push_str(&format!("question {}: {question}\n", number + 1));
            if !good.is_empty() {
                text.push_str(&format!("  a good answer: {good}\n"));
            }
        }
        self.asked = standing.asked.len();
        Ok(text)
    }
}

fn told(standing: &Standing) -> String {
    let Standing { now, paused, speed, coming, trouble, .. } = standing;
    let clock = if *paused { "stands still".to_owned() } else { format!("runs {speed} times as fast") };
    let mut text = format!("{} the clock {clock}\n", now.format("%Y-%m-%d %H:%M:%SZ"));
    for (at, told) in trouble {
        text.push_str(&format!("  {} a call of the scenario was refused: {told}\n", at.format("%H:%M:%S")));
    }
    for one in coming {
        let when = match one.at {
            Some(at) => at.format("%H:%M:%S").to_string(),
            None if one.held => "held".to_owned(),
            None => "waits".to_owned(),
        };
        text.push_str(&format!("  {:>2}  {when:>8}  {}\n", one.number, one.title));
    }
    text
}
