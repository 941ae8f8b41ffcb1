//! The way of a line from a person to a request, and of a state to lines.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::looking::Reader;
use super::news::News;
use super::question::{About, Answer, Question};
use super::{lists, looking, printable, step, verbs};
use crate::domain::{Operator, SiteName, StepId};
use crate::engine::Intent;
use crate::journal::Mark;
use crate::plan::Step;
use crate::store::{Prepared, State};
use crate::ui::commands::is_waiting_to_start;
use crate::ui::overlays::{moment_named, numbered, objections, role_named, time_of};
use crate::ui::ready::{is_answer, prepared_start, startable};
use crate::ui::{Pane, Request, Symbols, covered, format, mask, remedy, seen, symbols, weighed};

/// The linear screen's own state: what was told, and what is asked.
#[derive(Debug, Clone)]
pub struct Plain {
    news: News,
    question: Option<Question>,
    awaited: Option<Awaited>,
    /// The alarm whose metric was asked for.
    graphed: Option<(SiteName, String)>,
    masked: bool,
    symbols: Symbols,
}

/// A preparation that was asked for: everything with a number up to `before` is an older one.
#[derive(Debug, Clone)]
struct Awaited {
    step: StepId,
    before: Option<u64>,
    wanted: Wanted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Look,
    Begin,
    Answer { stop: bool },
}

/// What a line leads to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reply {
    /// To be printed.
    pub lines: Vec<String>,
    /// To be done.
    pub requests: Vec<Request>,
}

impl Reply {
    fn say(line: impl Into<String>) -> Self {
        Self::lines(vec![line.into()])
    }

    fn lines(lines: Vec<String>) -> Self {
        Self { lines, requests: Vec::new() }
    }

    fn ask_for(request: Request) -> Self {
        Self { lines: Vec::new(), requests: vec![request] }
    }
}

impl Plain {
    /// A fresh one, with the lines that it opens with. What the journal holds already is not told again.
    pub fn open(state: &State, symbols: Symbols) -> (Self, Vec<String>) {
        let news = News::after(state);
        let plain = Self { news, question: None, awaited: None, graphed: None, masked: false, symbols };
        let welcome = plain.shown(lists::welcome(state), state);
        (plain, welcome)
    }

    /// Lines as they are printed: clean, masked if that is asked for, in what the terminal can show.
    fn shown(&self, lines: Vec<String>, state: &State) -> Vec<String> {
        let mut lines = printable(lines);
        if self.masked {
            let secrets = mask::secrets(state);
            lines.iter_mut().for_each(|line| *line = mask::masked(line, &secrets));
        }
        lines.iter().map(|line| symbols::reduced(line, self.symbols)).collect()
    }

    /// What is new, and the question that a new preparation leads to.
    pub fn on_state(&mut self, state: &State, now: DateTime<Utc>) -> Vec<String> {
        let mut lines = self.news.tell(state, now);
        if self.question.as_ref().is_some_and(|question| !question.still_holds(state)) {
            self.question = None;
            lines.push("What was to be confirmed is no longer what would be done: nothing was done. Confirm anew.".to_owned());
        }
        lines.extend(self.take_awaited(state));
        lines.extend(self.take_graph(state));
        self.shown(lines, state)
    }

    /// Takes a line that a person typed.
    pub fn on_line(&mut self, line: &str, state: &State, now: DateTime<Utc>) -> Reply {
        let mut reply = match self.question.take() {
            Some(question) if question.still_holds(state) => self.answered(question, line, state),
            Some(_) => Reply::say("What was to be confirmed is no longer what would be done: nothing was done. Confirm anew."),
            None if line.trim().is_empty() => Reply::default(),
            None => match verbs::parse(line) {
                Ok((verb, given)) => {
                    let given: Vec<&str> = given.iter().map(String::as_str).collect();
                    self.command(verb, &given, state, now).unwrap_or_else(|why| Reply::say(format!("not done: {why}")))
                }
                Err(why) => Reply::say(format!("not done: {why}")),
            },
        };
        if reply.requests.iter().any(|request| matches!(request, Request::Order(_))) {
            self.news.ordered();
        }
        reply.lines = self.shown(reply.lines, state);
        reply
    }

    fn answered(&mut self, question: Question, line: &str, state: &State) -> Reply {
        match question.answer(line, &state.operator) {
            Answer::Yes(requests) => Reply { lines: Vec::new(), requests },
            Answer::No(why) => {
                let why = why.map(|why| format!(" {why}")).unwrap_or_default();
                Reply::say(format!("Not confirmed, nothing was done.{why}"))
            }
            Answer::Next(question) => self.ask(question),
        }
    }

    fn ask(&mut self, question: Question) -> Reply {
        let text = question.text();
        self.question = Some(question);
        Reply::say(text)
    }

    fn command(&mut self, verb: &str, given: &[&str], state: &State, now: DateTime<Utc>) -> Result<Reply, String> {
        let reads =
            ["brief", "help", "status", "alarms", "health", "points", "steps", "asked", "find", "open", "mask", "start", "quit"];
        if is_waiting_to_start(state) && !reads.contains(&verb) {
            return Err("the exercise has not begun: start begins it.".to_owned());
        }
        Ok(match (verb, given) {
            ("help", _) => Reply::lines(lists::help()),
            ("status", _) => Reply::lines(lists::status(state, now)),
            ("alarms", _) => Reply::lines(lists::alarms(state, now)),
            ("health", _) => Reply::lines(lists::health(state, now)),
            ("points", _) => Reply::lines(lists::points(state, now)),
            ("steps", _) => Reply::lines(lists::steps(state)),
            ("find", [filter]) => Reply::lines(Reader::new().find(filter, state, now)?),
            ("open", [name]) => Reply::lines(Reader::new().open(name, state, now)?),
            ("timeline", _) => Reply::lines(Reader::new().timeline(state, now)),
            ("log", [filter]) => Reply::lines(Reader::new().log(filter, state, now)),
            ("graph", [name]) => {
                let (site, alarm) = looking::alarm(name, state)?;
                self.graphed = Some((site.clone(), alarm.clone()));
                Reply::ask_for(Request::Graph { site, alarm, window: TimeDelta::hours(1) })
            }
            ("refresh", _) => {
                let panes = [Pane::Alarms, Pane::Health, Pane::RecoveryPoints];
                Reply { lines: vec!["asking all sources".to_owned()], requests: panes.map(Request::Refresh).to_vec() }
            }
            ("mask", _) => {
                self.masked = !self.masked;
                Reply::say(if self.masked { "Identifiers are masked from here on." } else { "Identifiers are shown again." })
            }
            ("command", [id]) => Reply::lines(Reader::new().command(find(state, id)?, state, now)?),
            ("brief", _) => Reply::lines(crate::report::brief(&state.incident, Some(now)).lines().map(str::to_owned).collect()),
            ("asked", _) => Reply::lines(lists::asked(state)),
            ("quit", _) => self.quit(state),
            ("forward", _) => turn_clock(verb, given, state)?,
            ("start" | "pause" | "resume" | "speed", _) => turn_clock(verb, given, state)?,
            ("edit" | "point" | "adopt" | "confirm-group", [id, rest @ ..]) => {
                let words = rest.first().copied().unwrap_or_default();
                self.other_ways(verb, find(state, id)?, words, state, now)?
            }
            ("step" | "confirm" | "approve" | "reject" | "stop" | "done" | "skip" | "take-up" | "abort", [id, rest @ ..]) => {
                let step = find(state, id)?;
                self.about_step(verb, step, rest.first().copied().unwrap_or_default(), state)?
            }
            _ => self.about_incident(verb, given, state, now)?,
        })
    }

    fn quit(&mut self, state: &State) -> Reply {
        let running: Vec<String> = state.incident.running().map(|(id, _)| id.to_string()).collect();
        if running.is_empty() {
            return Reply::ask_for(Request::Quit);
        }
        let what =
            format!("These steps are running: {}. AWS goes on with them, and --resume picks them up. Leave?", running.join(", "));
        self.ask(Question::Yes(what, vec![Request::Quit]))
    }

    fn about_step(&mut self, verb: &str, step: &Step, words: &str, state: &State) -> Result<Reply, String> {
        let id = &step.id;
        if verb == "step" {
            let mut reply = Reply::lines(step::known(state, step));
            if startable(state, step).is_ok() {
                reply.requests = self.prepare(step, Wanted::Look, Request::Prepare(id.clone()), state);
            }
            return Ok(reply);
        }
        may_change(state)?;
        let sure = |what: String, intent| Question::Yes(format!("{what} Reason: {words}."), vec![Request::Order(intent)]);
        Ok(match verb {
            "confirm" if !state.incident.is_declared() => {
                return Err("declare the failover first; the decision is part of the recovery time.".to_owned());
            }
            "confirm" => {
                startable(state, step)?;
                self.asking(step, Wanted::Begin, Request::Prepare(id.clone()), state)
            }
            "approve" | "reject" => {
                let signal = if verb == "approve" { "Approve" } else { "Reject" }.to_owned();
                let request = Request::PrepareAnswer { step: id.clone(), signal, comment: words.to_owned() };
                self.asking(step, Wanted::Answer { stop: false }, request, state)
            }
            "stop" => self.asking(step, Wanted::Answer { stop: true }, Request::PrepareStop { step: id.clone() }, state),
            "done" => {
                let note = if words.is_empty() { "done".to_owned() } else { words.to_owned() };
                let left = state.incident.steps.get(id).and_then(|record| record.tail().next().map(str::to_owned));
                let step = id.clone();
                Reply::ask_for(Request::Order(match left {
                    Some(item) => Intent::SettleTail { step, item, note },
                    None => Intent::FinishManual { step, note },
                }))
            }
            "skip" => {
                let intent = Intent::SkipStep { step: id.clone(), reason: words.to_owned() };
                self.ask(sure(format!("Go on without step {id}; the steps that need it can then begin."), intent))
            }
            "take-up" => {
                let intent = Intent::TakeUp { step: id.clone(), reason: words.to_owned() };
                self.ask(sure(format!("Take up {id}; it still has to be confirmed."), intent))
            }
            _ => {
                let intent = Intent::AbortStep { step: id.clone(), reason: words.to_owned() };
                self.ask(sure(format!("Give up on the running attempt at {id}; AWS is not told to stop."), intent))
            }
        })
    }

    /// What can be done instead of confirming the step as the plan has it.
    fn other_ways(&mut self, verb: &str, step: &Step, words: &str, state: &State, now: DateTime<Utc>) -> Result<Reply, String> {
        let id = &step.id;
        let amend = |amended| {
            let order = Request::Order(Intent::AmendStep { step: id.clone(), amended });
            vec![order, Request::Prepare(id.clone())]
        };
        if words.is_empty() && matches!(verb, "edit" | "point") {
            return Ok(Reply::lines(step::choices(verb, step, state, now)));
        }
        may_change(state)?;
        Ok(match verb {
            "edit" => {
                let (edit, reason) = words.split_once(" because ").ok_or("say why: edit STEP PARAMETER VALUE because REASON")?;
                let (name, value) = edit.trim().split_once(char::is_whitespace).unwrap_or((edit.trim(), ""));
                let call =
                    remedy::call_to_edit(state, step).ok_or(format!("there is no call to edit: step {id} asks for it."))?;
                let pointer = call.pointer_of(name)?;
                let amended = remedy::with_edit(state, id, &pointer, value.trim(), reason.trim());
                let one = amended.edits.iter().filter(|(at, _)| **at == pointer).map(|(at, new)| (at.clone(), new.clone()));
                call.edited(&one.collect())?;
                Reply { lines: vec![format!("{id}: edited; it is asked of AWS anew, then confirm it")], requests: amend(amended) }
            }
            "point" => {
                let (number, reason) = words.split_once(char::is_whitespace).ok_or("say why: point STEP NUMBER REASON")?;
                let points = remedy::candidates(state, step, now);
                let (point, text) = numbered(number, &points)?;
                let amended = remedy::with_point(&point.arn, reason.trim());
                Reply { lines: vec![format!("{id}: chosen {text}; then confirm it")], requests: amend(amended) }
            }
            "adopt" => {
                let all = remedy::adoptable(state, step);
                if all.is_empty() {
                    return Err(format!("nothing is known at AWS that {id} could be: step {id} asks again."));
                }
                let work = numbered(if words.is_empty() { "1" } else { words }, &all)?.clone();
                let what = format!("Adopt for {id}: {}. Nothing is sent; it is followed as this step.", work.told());
                let intent = Intent::Adopt { step: id.clone(), work: Box::new(work) };
                self.ask(Question::Yes(what, vec![Request::Order(intent)]))
            }
            _ => {
                let group = remedy::group(state, step, now).filter(|_| state.incident.is_declared());
                let group = group.ok_or("no two steps of one group can begin now: confirm the step by itself.")?;
                if !group.ask.is_empty() {
                    let names: Vec<&str> = group.ask.iter().map(|id| id.as_str()).collect();
                    let lines = vec![format!("asking AWS about {}: then confirm-group {id} again", names.join(", "))];
                    return Ok(Reply { lines, requests: group.ask.into_iter().map(Request::Prepare).collect() });
                }
                let mut lines = Vec::new();
                group.ready.iter().for_each(|(preparation, _)| lines.extend(step::preparation(preparation, state)));
                lines.extend(group.alone.iter().map(|(step, why)| format!("not among them: {step}, {why}")));
                let question = Question::Group(group.ready);
                lines.push(question.text());
                self.question = Some(question);
                Reply::lines(lines)
            }
        })
    }

    fn about_incident(&mut self, verb: &str, given: &[&str], state: &State, now: DateTime<Utc>) -> Result<Reply, String> {
        match verb {
            // What a closed incident still takes, the engine knows.
            "note" | "correct" | "attach" | "mark" if !state.read_only => {}
            _ => may_change(state)?,
        }
        let order = |intent| Request::Order(intent);
        let banner = state.mode.banner();
        Ok(match (verb, given) {
            ("note", [text]) => Reply::ask_for(order(Intent::Note { text: (*text).to_owned() })),
            ("wait", [reason]) => Reply::ask_for(order(Intent::DecideToWait {
                reason: (*reason).to_owned(),
                seen: seen(state, now),
                weighed: Box::new(weighed(state, now)),
            })),
            ("ack", [note]) => Reply::ask_for(order(Intent::Acknowledge { note: (*note).to_owned() })),
            ("attach", [path]) => Reply::ask_for(Request::Attach { path: (*path).to_owned() }),
            ("mark", [seq]) => {
                let seq = seq.parse().map_err(|_| "which event? Its number, as the log has it.")?;
                Reply::ask_for(order(Intent::Mark { seq, mark: Mark::Important }))
            }
            ("role", [role, who, reason]) => {
                let role = role_named(role).ok_or("no such role: commander, operator or scribe.")?;
                let to = if *who == "me" { state.operator.clone() } else { Operator::new(*who) };
                Reply::ask_for(order(Intent::GiveRole { to, role, reason: (*reason).to_owned() }))
            }
            ("checkin", [minutes]) => {
                let minutes: u64 = minutes.parse().map_err(|_| "how many minutes? 0 is never.")?;
                Reply::ask_for(order(Intent::CheckIn { every_secs: minutes.saturating_mul(60) }))
            }
            ("set", [name, value]) => {
                let variable = state.plan.variables.get(*name).ok_or("the plan asks for no such variable; asked lists them.")?;
                variable.check(value)?;
                Reply::ask_for(order(Intent::SetVariable { name: (*name).to_owned(), value: (*value).to_owned() }))
            }
            ("choose", [name, option]) => {
                let choice = state.plan.choices.get(*name).ok_or("the plan has no such choice; asked lists them.")?;
                choice.check(option)?;
                let about = choice.options.iter().find(|(known, _)| known == option).map_or("", |(_, about)| about);
                let intent = Intent::Choose { choice: (*name).to_owned(), option: (*option).to_owned() };
                self.ask(Question::Yes(format!("{banner} Choose {name}: {option}, {about}."), vec![order(intent)]))
            }
            ("declare", [reason]) => {
                let open = |choice: &&crate::plan::Choice| {
                    choice.default.is_none() && !state.incident.choices.contains_key(&choice.name)
                };
                if let Some(choice) = state.plan.choices.values().find(open) {
                    return Err(format!("{} choose {} comes first; asked lists the options.", choice.prompt, choice.name));
                }
                if state.incident.is_declared() {
                    return Err("the failover has been declared.".to_owned());
                }
                let (reason, raised) = reason.split_once(" objections: ").unwrap_or((reason, ""));
                let mut weighed = Box::new(weighed(state, now));
                weighed.objections = objections(raised);
                let asked = match &weighed.objections {
                    None => "Nobody was asked for strong objections.".to_owned(),
                    Some(raised) if raised.is_empty() => "No strong objections.".to_owned(),
                    Some(raised) => format!("Strong objections: {}.", raised.join("; ")),
                };
                let intent = Intent::Declare { reason: reason.to_owned(), seen: seen(state, now), weighed };
                let what = format!(
                    "{banner} Declare the failover of {}. Reason: {reason}. {asked} {}",
                    state.plan.title,
                    covered(state).join(" ")
                );
                let what = what.trim_end().to_owned();
                self.ask(Question::Yes(what, vec![order(intent)]))
            }
            ("close", [reason]) => {
                let what = format!("{banner} Close the incident; nothing more can be done in it. In words: {reason}.");
                self.ask(Question::Yes(what, vec![order(Intent::Close { reason: (*reason).to_owned() })]))
            }
            ("correct", [moment, at, reason]) => {
                let moment = moment_named(moment)
                    .ok_or("no such moment: impact, detected, acknowledged, decided, restored, failed or recovered.")?;
                let at = time_of(at, now).ok_or("no such time: 03:02, 03:02:10 or 2026-03-14T03:02:10, in UTC.")?;
                if at > now {
                    return Err(format!("{} UTC has not come yet.", format::date_time(at)));
                }
                let what = format!("Record that {} was at {} UTC. Reason: {reason}.", moment.name(), format::date_time(at));
                self.ask(Question::Yes(what, vec![order(Intent::CorrectMoment { moment, at, reason: (*reason).to_owned() })]))
            }
            _ => return Err(format!("{verb} is not possible here.")),
        })
    }

    /// Asks for a preparation that the next question is about.
    fn asking(&mut self, step: &Step, wanted: Wanted, request: Request, state: &State) -> Reply {
        let requests = self.prepare(step, wanted, request, state);
        Reply { lines: vec![format!("{}: asking AWS what this would do now", step.id)], requests }
    }

    fn prepare(&mut self, step: &Step, wanted: Wanted, request: Request, state: &State) -> Vec<Request> {
        let before = state.preparations.get(&step.id).map(|(seq, _)| *seq);
        self.awaited = Some(Awaited { step: step.id.clone(), before, wanted });
        vec![request]
    }

    fn take_graph(&mut self, state: &State) -> Vec<String> {
        let Some(answer) = self.graphed.as_ref().and_then(|asked| state.graphs.get(asked)) else { return Vec::new() };
        let Some((_, name)) = self.graphed.take() else { return Vec::new() };
        match answer {
            Ok(points) => looking::graph(&name, points),
            Err(problem) => vec![format!("{name}: no graph: {problem}. Next: {}.", problem.kind.next())],
        }
    }

    fn take_awaited(&mut self, state: &State) -> Vec<String> {
        let Some(Awaited { step: id, before, wanted }) = self.awaited.clone() else { return Vec::new() };
        let Some((seq, prepared)) = state.plan.step(&id).and_then(|found| step::ready(state, found, before)) else {
            return Vec::new();
        };
        self.awaited = None;
        let preparation = match prepared {
            Prepared::Ready(preparation, _) => preparation,
            Prepared::Failed(problem, _) => {
                let mut lines = vec![format!("{id} could not be prepared.")];
                lines.extend(step::problem(problem));
                return lines;
            }
            Prepared::Asking => return Vec::new(),
        };
        let stop = match wanted {
            Wanted::Look => None,
            Wanted::Begin if prepared_start(state, &id).is_none() => return vec![format!("{id} has begun meanwhile.")],
            Wanted::Begin => None,
            Wanted::Answer { .. } if !is_answer(preparation.call.as_ref()) => return vec![format!("{id} asks nothing now.")],
            Wanted::Answer { stop } => Some(stop),
        };
        let mut lines = step::preparation(preparation, state);
        if preparation.is_blocked() {
            lines.push("BLOCKED: this cannot be confirmed. What was found has to change first.".to_owned());
        } else if wanted == Wanted::Look {
            lines.push(format!("  confirm {id} asks for the yes"));
        } else {
            let about = About { preparation: (**preparation).clone(), seq, stop, second: None };
            let question = Question::About(Box::new(about));
            lines.push(question.text());
            self.question = Some(question);
        }
        lines
    }
}

fn may_change(state: &State) -> Result<(), String> {
    if state.read_only {
        return Err("this console is read-only.".to_owned());
    }
    if state.incident.closed.is_some() {
        return Err("the incident is closed.".to_owned());
    }
    Ok(())
}

fn find<'a>(state: &'a State, id: &str) -> Result<&'a Step, String> {
    let steps = &state.plan.steps;
    let near = || steps.iter().min_by_key(|step| strsim::damerau_levenshtein(step.id.as_str(), id));
    steps.iter().find(|step| step.id.as_str() == id).ok_or_else(|| match near() {
        Some(near) => format!("there is no step {id}; the nearest is {}; steps lists them.", near.id),
        None => "the plan has no steps.".to_owned(),
    })
}

fn turn_clock(verb: &str, given: &[&str], state: &State) -> Result<Reply, String> {
    let Some(exercise) = &state.exercise else { return Err("there is no exercise: the clock is the real one.".to_owned()) };
    let started = state.incident.exercise_started_at.is_some();
    Ok(Reply::ask_for(match (verb, given) {
        ("start", _) if started => return Err("the exercise has begun.".to_owned()),
        ("start", _) => Request::Order(Intent::StartExercise { speed: exercise.speed }),
        ("forward", _) => Request::StepClock(Duration::from_secs(60)),
        ("pause", _) => Request::Pause,
        ("resume", _) => Request::Resume,
        (_, [speed]) => {
            let speed = speed.parse::<f64>().ok().filter(|speed| (0.01..=100_000.0).contains(speed));
            Request::Speed(speed.ok_or("expected a number between 0.01 and 100000.")?)
        }
        _ => return Err(format!("{verb} takes something more.")),
    }))
}
