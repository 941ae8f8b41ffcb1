//! Asks for words: a reason, a note, a time. What has consequences goes on to the dialog that asks for a yes.

use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::frame::{Edge, boxed};
use super::{Confirm, Outcome, Overlay, Press};
use crate::domain::{Moment, Operator, Role as Duty, StepId};
use crate::engine::Intent;
use crate::journal::Weighed;
use crate::store::State;
use crate::ui::panes::Look;
use crate::ui::widgets::{Doc, Field, draw_field, edit, put, row, scroll_lines};
use crate::ui::{Action, Request, Role, Seek, covered, format, remedy, seen, weighed};

/// What the words are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A note in the journal.
    Note,
    /// Not to fail over, for now.
    Wait,
    /// To fail over.
    Declare,
    /// The incident is over.
    Close,
    /// Go on without a step.
    Skip(StepId),
    /// What the plan's variables are.
    Variables,
    /// Which of the plan's alternatives.
    Choices,
    /// Do a step after all, or take one back.
    TakeUp(StepId),
    /// Give up on an attempt.
    Abort(StepId),
    /// A manual step is done.
    Finish(StepId),
    /// Something that a step left to be done is done.
    Tail(StepId, String),
    /// When a moment was.
    Correct,
    /// Somebody has taken notice.
    Acknowledge,
    /// A file or a paste for the record.
    Attach,
    /// Who has which role.
    Role,
    /// How often to check in.
    CheckIn,
    /// Where to go in a replay.
    Jump,
    /// Which parameter of a step's call to edit.
    Edit(StepId),
    /// Its new value: JSON pointer.
    EditValue(StepId, String),
    /// Which recovery point, by its number in the list.
    Point(StepId),
    /// What is taken for the step, by its number in the list.
    Adopt(StepId),
    /// The answer to what a step asks: `Approve` or `Reject`.
    Answer(StepId, &'static str),
}

impl Asked {
    fn title(&self) -> String {
        match self {
            Self::Note => "A note for the journal".to_owned(),
            Self::Wait => "Decide to wait".to_owned(),
            Self::Declare => "Declare the failover".to_owned(),
            Self::Close => "Close the incident".to_owned(),
            Self::Skip(step) => format!("Skip {step}"),
            Self::Variables => "What the plan has to know".to_owned(),
            Self::Choices => "The plan's choices".to_owned(),
            Self::TakeUp(step) => format!("Do {step} after all"),
            Self::Abort(step) => format!("Give up on {step}"),
            Self::Finish(step) => format!("{step} is done"),
            Self::Tail(step, item) => format!("{step}: {item}"),
            Self::Correct => "Correct a moment".to_owned(),
            Self::Acknowledge => "Acknowledge the incident".to_owned(),
            Self::Attach => "Attach to the record".to_owned(),
            Self::Role => "Give or take a role".to_owned(),
            Self::CheckIn => "Check in".to_owned(),
            Self::Jump => "Go to".to_owned(),
            Self::Edit(step) | Self::EditValue(step, _) => format!("Edit {step}"),
            Self::Point(step) => format!("Another recovery point for {step}"),
            Self::Adopt(step) => format!("Adopt for {step}"),
            Self::Answer(step, signal) => format!("{signal} for {step}"),
        }
    }

    fn about(&self) -> &'static str {
        match self {
            Self::Note => {
                "What should somebody know who reads this next week? Begin with ! for important, ? for a question, + for an action \
                 item, - for an objection."
            }
            Self::Wait => "The decision not to fail over for now is recorded with your reason. It can be followed by another.",
            Self::Declare => "From here on the restore counts. Your reason is recorded with what is on screen now.",
            Self::Close => "Nothing can be changed in a closed incident. Say how it ended.",
            Self::Skip(_) => "The steps that need this one can begin without it. Why is it not needed?",
            Self::Variables => "Steps refer to these. A value can be changed until a step has begun with it.",
            Self::Choices => {
                "Steps that are for another option count as done. A choice can be changed until a step has begun with it."
            }
            Self::TakeUp(_) => "It can then be confirmed like any other step. Why is it needed?",
            Self::Abort(_) => {
                "The console stops following this attempt. What AWS is doing about it goes on unless it was stopped."
            }
            Self::Finish(_) => "What did you do, or find? It is recorded with the step.",
            Self::Tail(..) => "The clock runs until this is done. Say what you did; it is recorded with the step.",
            Self::Correct => "The evidence stays on record beside your correction.",
            Self::Acknowledge => "From here on somebody knows. The time until now is recorded as unnoticed.",
            Self::Attach => {
                "The journal keeps all of it with its hash: 512 KiB at most. A paste of several lines is kept as a file."
            }
            Self::Role => "While there is a commander nobody else decides. A scribe writes and does not act.",
            Self::Jump => "A moment shows what was known when it was recorded.",
            Self::CheckIn => "The console reminds you when nobody has written a note for so long.",
            Self::Edit(_) => "Which parameter? It is shown and confirmed anew with its new value; the plan stays as it is.",
            Self::EditValue(..) => "An empty value takes the parameter away. Your reason is recorded with it.",
            Self::Point(_) => "Which one? What it loses counts from when the impact began.",
            Self::Adopt(_) => "Nothing is sent: what runs at AWS is followed and timed as this step.",
            Self::Answer(..) => "AWS records this comment with the answer.",
        }
    }

    /// Labels of the fields, whether each must be filled, and what stands in it at first.
    fn fields(&self, state: &State) -> Vec<(String, bool, String)> {
        let choices = || {
            state.plan.choices.values().map(|choice| {
                let options: Vec<&str> = choice.options.iter().map(|(name, _)| name.as_str()).collect();
                let chosen = state.incident.choices.get(&choice.name).or(choice.default.as_ref());
                let label = format!("{} ({})", choice.prompt, options.join(" or "));
                (label, true, chosen.cloned().unwrap_or_default())
            })
        };
        let variables = state.plan.variables.values().map(|variable| {
            let value = state.incident.variables.get(&variable.name).or(variable.default.as_ref());
            (format!("{} ({})", variable.prompt, variable.name), true, value.cloned().unwrap_or_default())
        });
        match self {
            Self::EditValue(step, pointer) => {
                let call = state.plan.step(step).and_then(|step| remedy::call_to_edit(state, step));
                let now = call.and_then(|call| call.editable().into_iter().find(|(at, _)| at == pointer));
                let label = pointer.trim_start_matches('/').replace('/', " ");
                vec![(label, false, now.map(|(_, value)| value).unwrap_or_default()), ("why".to_owned(), true, String::new())]
            }
            Self::Adopt(_) => vec![("number".to_owned(), true, "1".to_owned())],
            Self::Variables => variables.collect(),
            Self::Choices => choices().collect(),
            Self::Declare => {
                let asked = [("why", true), ("strong objections, or none; empty: nobody was asked", false)];
                choices().chain(asked.map(|(label, required)| (label.to_owned(), required, String::new()))).collect()
            }
            other => other.words().into_iter().map(|(label, required)| (label.to_owned(), required, String::new())).collect(),
        }
    }

    /// The same where the plan has no say in it.
    fn words(&self) -> Vec<(&'static str, bool)> {
        match self {
            Self::Correct => vec![
                ("which (impact, detected, acknowledged, decided, restored, failed, recovered)", true),
                ("when, UTC (03:02 or 2026-03-14 03:02:10)", true),
                ("why", true),
            ],
            Self::Acknowledge => vec![("what you know so far", false)],
            Self::Attach => vec![("file, or paste it here", true)],
            Self::Role => vec![("role (commander, operator, scribe)", true), ("who; empty: you", false), ("why", true)],
            Self::Jump => vec![("a moment (impact, detected, …), or a time, UTC (03:02 or 2026-03-14 03:02:10)", true)],
            Self::CheckIn => vec![("every so many minutes; 0 is never", true)],
            Self::Edit(_) => vec![("parameter (its last name is enough)", true)],
            Self::Point(_) => vec![("number", true), ("why", true)],
            Self::Note => vec![("note", true)],
            Self::Close => vec![("how it ended", true)],
            Self::Finish(_) | Self::Tail(..) => vec![("what was done", true)],
            Self::Answer(..) => vec![("comment", false)],
            _ => vec![("why", true)],
        }
    }
}

/// An open prompt.
#[derive(Debug, Clone)]
pub struct Prompt {
    asked: Asked,
    labels: Vec<(String, bool)>,
    fields: Vec<Field>,
    at: usize,
    fault: Option<String>,
    /// What was pasted to be attached, as it was.
    pasted: Option<String>,
}

impl Prompt {
    /// One in which stands what is known already.
    pub fn new(asked: Asked, state: &State) -> Self {
        let (labels, fields): (Vec<_>, Vec<Field>) =
            asked.fields(state).into_iter().map(|(label, required, value)| ((label, required), Field::with(&value))).unzip();
        let at = fields.iter().position(Field::is_blank).unwrap_or(0);
        Self { asked, labels, fields, at, fault: None, pasted: None }
    }

    pub(super) fn on_paste(&mut self, text: &str) {
        if self.asked == Asked::Attach && text.trim_end().contains(['\n', '\r']) {
            // A terminal pastes its lines with carriage returns.
            let text = text.replace("\r\n", "\n").replace('\r', "\n");
            self.fields[0] = Field::default();
            self.fields[0].paste(&format!("{} pasted lines", text.lines().count()));
            self.pasted = Some(text);
            return;
        }
        self.fields[self.at].paste(text);
    }

    pub(super) fn on_key(&mut self, press: Press, look: &Look<'_>) -> Outcome {
        let count = self.fields.len();
        match (press.key.code(), press.key.is_control()) {
            (KeyCode::Esc, _) | (KeyCode::Char('c'), true) => return Outcome::Close,
            (KeyCode::Down | KeyCode::Tab, _) => self.at = (self.at + 1) % count,
            (KeyCode::Up, _) => self.at = (self.at + count - 1) % count,
            (KeyCode::Enter, _) if press.repeat => {}
            (KeyCode::Enter, _) => return self.enter(press, look),
            _ => {
                if self.pasted.take().is_some() {
                    self.fields[0] = Field::default();
                }
                edit(&mut self.fields[self.at], press.key);
                self.fault = None;
            }
        }
        Outcome::Stay
    }

    fn enter(&mut self, press: Press, look: &Look<'_>) -> Outcome {
        let labels = &self.labels;
        if labels[self.at].1 && self.fields[self.at].is_blank() {
            self.fault = Some("This must be filled in.".to_owned());
            return Outcome::Stay;
        }
        if let Some(empty) = (0..labels.len()).find(|i| labels[*i].1 && self.fields[*i].is_blank()) {
            self.at = empty;
            return Outcome::Stay;
        }
        match self.done(press, look) {
            Ok(outcome) => outcome,
            Err(fault) => {
                self.fault = Some(fault);
                Outcome::Stay
            }
        }
    }

    fn done(&self, press: Press, look: &Look<'_>) -> Result<Outcome, String> {
        let text = |i: usize| self.fields[i].text().trim().to_owned();
        let order = |intent| Outcome::Ask(vec![Request::Order(intent)]);
        let sure = |role: Role, what: String, intent| {
            let lines = vec![(role, what), (Role::Text, format!("Reason: {}", text(self.fields.len() - 1)))];
            Outcome::Then(Box::new(Overlay::Confirm(Box::new(Confirm::plain(
                self.asked.title(),
                lines,
                vec![Request::Order(intent)],
                press.at,
            )))))
        };
        Ok(match &self.asked {
            Asked::Note => order(Intent::Note { text: text(0) }),
            Asked::Wait => order(Intent::DecideToWait {
                reason: text(0),
                seen: seen(look.state, look.now),
                weighed: Box::new(weighed(look.state, look.now)),
            }),
            Asked::Acknowledge => order(Intent::Acknowledge { note: text(0) }),
            Asked::Attach => match &self.pasted {
                Some(pasted) => {
                    let name = format!("paste-{}.txt", look.now.format("%H%M%S"));
                    order(Intent::Attach { name, content: pasted.clone().into_bytes() })
                }
                None => Outcome::Ask(vec![Request::Attach { path: text(0) }]),
            },
            Asked::Role => {
                let role = role_named(&text(0)).ok_or("No such role: type commander, operator or scribe.")?;
                let to = Some(text(1)).filter(|who| !who.is_empty()).map_or_else(|| look.state.operator.clone(), Operator::new);
                order(Intent::GiveRole { to, role, reason: text(2) })
            }
            Asked::Jump => {
                let seek = match (
                    moment_named(&text(0)),
                    time_of(&text(0), look.state.replay.as_ref().map_or(look.now, |replay| replay.to)),
                ) {
                    (Some(moment), _) => Seek::Moment(moment),
                    (None, Some(at)) => Seek::At(at),
                    (None, None) => return Err("No such moment and no such time.".to_owned()),
                };
                Outcome::Ask(vec![Request::Seek(seek)])
            }
            Asked::CheckIn => {
                let minutes: u64 = text(0).parse().map_err(|_| "No such pause: type minutes, such as 15.")?;
                order(Intent::CheckIn { every_secs: minutes.saturating_mul(60) })
            }
            Asked::Finish(step) => order(Intent::FinishManual { step: step.clone(), note: text(0) }),
            Asked::Tail(step, item) => order(Intent::SettleTail { step: step.clone(), item: item.clone(), note: text(0) }),
            Asked::Variables => {
                let variables = look.state.plan.variables.values().enumerate();
                let set = variables.map(|(i, variable)| {
                    variable.check(&text(i))?;
                    let unchanged = look.state.incident.variables.get(&variable.name) == Some(&text(i));
                    let intent = Intent::SetVariable { name: variable.name.clone(), value: text(i) };
                    Ok((!unchanged).then_some(Request::Order(intent)))
                });
                Outcome::Ask(set.collect::<Result<Vec<_>, String>>()?.into_iter().flatten().collect())
            }
            Asked::Choices => {
                let (what, orders) = self.choices(look)?;
                let lines = what.into_iter().map(|line| (Role::Text, line)).collect();
                let confirm = Confirm::plain(self.asked.title(), lines, orders, press.at);
                Outcome::Then(Box::new(Overlay::Confirm(Box::new(confirm))))
            }
            Asked::TakeUp(step) => {
                let undoes = look.state.plan.step(step).and_then(|step| step.undoes.as_ref());
                let what = match undoes {
                    Some(of) => format!("Take up {step}, which takes back {of}. It still has to be confirmed."),
                    None => format!("Take up {step}, which was ruled out. It still has to be confirmed."),
                };
                sure(Role::Heading, what, Intent::TakeUp { step: step.clone(), reason: text(0) })
            }
            Asked::Declare => {
                let plan = &look.state.plan;
                let (chosen, mut orders) = self.choices(look)?;
                let reason = text(self.fields.len() - 2);
                let what = format!("Declare the failover of {} from the primary to the recovery site.", plan.title);
                let mut lines = vec![(Role::Heading, what)];
                lines.extend(chosen.into_iter().map(|line| (Role::Text, line)));
                lines.push((Role::Text, format!("Reason: {reason}")));
                let mut weighed = Box::new(weighed(look.state, look.now));
                weighed.objections = objections(&text(self.fields.len() - 1));
                lines.extend(weighing(&weighed));
                lines.extend(covered(look.state).into_iter().map(|line| (Role::Warn, line)));
                orders.push(Request::Order(Intent::Declare { reason, seen: seen(look.state, look.now), weighed }));
                let confirm = Confirm::plain(self.asked.title(), lines, orders, press.at);
                Outcome::Then(Box::new(Overlay::Confirm(Box::new(confirm))))
            }
            Asked::Close => sure(
                Role::Heading,
                "Close the incident. Its record stays; nothing more can be done in it.".to_owned(),
                Intent::Close { reason: text(0) },
            ),
            Asked::Skip(step) => {
                let what = format!("Go on without step {step}. The steps that need it can then begin.");
                sure(Role::Heading, what, Intent::SkipStep { step: step.clone(), reason: text(0) })
            }
            Asked::Abort(step) => {
                let what = format!("Give up on the running attempt at {step}. AWS is not told to stop.");
                sure(Role::Heading, what, Intent::AbortStep { step: step.clone(), reason: text(0) })
            }
            Asked::Correct => {
                let moment = moment_named(&text(0))
                    .ok_or("No such moment: type impact, detected, acknowledged, decided, restored, failed or recovered.")?;
                let at =
                    time_of(&text(1), look.now).ok_or("No such time: type 03:02, 03:02:10 or 2026-03-14 03:02:10, in UTC.")?;
                if at > look.now {
                    return Err(format!("{} UTC has not come yet.", format::date_time(at)));
                }
                let what = format!("Record that {:?} was at {} UTC.", moment.name(), format::date_time(at));
                sure(Role::Heading, what, Intent::CorrectMoment { moment, at, reason: text(2) })
            }
            Asked::Edit(id) => {
                let call = look.state.plan.step(id).and_then(|step| remedy::call_to_edit(look.state, step));
                let pointer = call.ok_or("There is no call to edit (any more).")?.pointer_of(&text(0))?;
                let next = Self::new(Asked::EditValue(id.clone(), pointer), look.state);
                Outcome::Then(Box::new(Overlay::Prompt(Box::new(next))))
            }
            Asked::EditValue(id, pointer) => {
                let call = look.state.plan.step(id).and_then(|step| remedy::call_to_edit(look.state, step));
                let amended = remedy::with_edit(look.state, id, pointer, self.fields[0].text(), &text(1));
                let edit =
                    amended.edits.iter().filter(|(at, _)| *at == pointer).map(|(at, new)| (at.clone(), new.clone())).collect();
                call.ok_or("There is no call to edit (any more).")?.edited(&edit)?;
                let step = id.clone();
                let order = Request::Order(Intent::AmendStep { step: step.clone(), amended });
                Outcome::Ask(vec![order, Request::Prepare(step)])
            }
            Asked::Point(id) => {
                let step = look.state.plan.step(id).ok_or("There is no such step.")?;
                let points = remedy::candidates(look.state, step, look.now);
                let (point, _) = numbered(&text(0), &points)?;
                let amended = remedy::with_point(&point.arn, &text(1));
                let order = Request::Order(Intent::AmendStep { step: id.clone(), amended });
                Outcome::Ask(vec![order, Request::Prepare(id.clone())])
            }
            Asked::Adopt(id) => {
                let step = look.state.plan.step(id).ok_or("There is no such step.")?;
                let all = remedy::adoptable(look.state, step);
                let work = numbered(&text(0), &all)?.clone();
                let lines = vec![
                    (Role::Heading, format!("Adopt for {id}: {}", work.told())),
                    (Role::Text, "Nothing is sent. It is followed and timed as this step; its end is the step's end.".to_owned()),
                    (
                        Role::Warn,
                        "That it does what the step would do is for you to say: its parameters are not compared.".to_owned(),
                    ),
                ];
                let order = Request::Order(Intent::Adopt { step: id.clone(), work: Box::new(work) });
                let confirm = Confirm::plain(self.asked.title(), lines, vec![order], press.at);
                Outcome::Then(Box::new(Overlay::Confirm(Box::new(confirm))))
            }
            Asked::Answer(step, signal) => {
                Outcome::Ask(vec![Request::PrepareAnswer { step: step.clone(), signal: (*signal).to_owned(), comment: text(0) }])
            }
        })
    }

    /// The choices as they stand in the first fields, in words, and the orders that make those that are new.
    fn choices(&self, look: &Look<'_>) -> Result<(Vec<String>, Vec<Request>), String> {
        let (mut words, mut orders) = (Vec::new(), Vec::new());
        for (choice, field) in look.state.plan.choices.values().zip(&self.fields) {
            let option = field.text().trim().to_owned();
            choice.check(&option)?;
            let about = choice.options.iter().find(|(name, _)| *name == option).map_or("", |(_, about)| about);
            words.push(format!("{}: {option}, {about}", choice.name));
            if look.state.incident.choices.get(&choice.name) != Some(&option) {
                orders.push(Request::Order(Intent::Choose { choice: choice.name.clone(), option }));
            }
        }
        Ok((words, orders))
    }

    pub(super) fn draw(&self, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let labels = &self.labels;
        let width = area.width.min(88);
        let mut doc = Doc::new();
        doc.text(Role::Muted, self.asked.about());
        for (mark, line) in self.asked.list(look) {
            doc.item(&mark, Role::Key, Role::Text, &line);
        }
        let lines = doc.lines(usize::from(width.saturating_sub(4)));
        let about = u16::try_from(lines.len()).unwrap_or(1);
        let fields = u16::try_from(labels.len()).unwrap_or(1);
        let inner = boxed(&self.asked.title(), Edge::Single, (width, about + fields * 2 + 6), look, area, buf);
        scroll_lines(&lines, &mut 0, Rect { height: about.min(inner.height), ..inner }, buf, look.theme);
        let mut cursor = None;
        // Where not all fields fit, those around the one that is typed in are shown.
        let fit = usize::from(inner.height.saturating_sub(about + 4) / 2).max(1);
        let first = (self.at + 1).saturating_sub(fit);
        let fields = u16::try_from(fit.min(labels.len())).unwrap_or(1);
        for (place, (i, (label, required))) in labels.iter().enumerate().skip(first).take(fit).enumerate() {
            let y = about + 1 + u16::try_from(place).unwrap_or(0) * 2;
            let label = if *required { label.clone() } else { format!("{label} (may stay empty)") };
            let label = format::fit(&label, usize::from(inner.width).min(format::width(&label)), false);
            let role = if i == self.at { Role::Heading } else { Role::Muted };
            put(buf, row(inner, y), &label, look.theme.style(role));
            let at = draw_field(&self.fields[i], row(inner, y + 1), buf, look.theme);
            if i == self.at {
                cursor = at;
            }
        }
        if let Some(fault) = &self.fault {
            put(buf, row(inner, about + 1 + fields * 2), &format!("✗ {fault}"), look.theme.style(Role::Bad));
        }
        let next = if labels.len() > 1 { "tab next line   " } else { "" };
        let keys = format!("enter goes on   {next}{} drops it", look.key(Action::Dismiss));
        put(buf, row(inner, inner.height.saturating_sub(1)), &keys, look.theme.style(Role::Muted));
        cursor
    }
}

impl Asked {
    /// What there is to choose from, each behind what is typed to choose it.
    fn list(&self, look: &Look<'_>) -> Vec<(String, String)> {
        let state = look.state;
        let numbered = |n: usize, text: String| (format!("{}", n + 1), text);
        match self {
            Self::Edit(id) => {
                let call = state.plan.step(id).and_then(|step| remedy::call_to_edit(state, step));
                let all = call.map(|call| call.editable()).unwrap_or_default();
                all.into_iter().map(|(at, value)| (at.trim_start_matches('/').replace('/', " "), format!("= {value}"))).collect()
            }
            Self::Point(id) => {
                let points = state.plan.step(id).map(|step| remedy::candidates(state, step, look.now)).unwrap_or_default();
                if points.is_empty() {
                    let none = "No recovery point of this resource is known in the step's vaults.";
                    return vec![("✗".to_owned(), none.to_owned())];
                }
                points.into_iter().enumerate().map(|(n, (_, text))| numbered(n, text)).collect()
            }
            Self::Adopt(id) => {
                let all = state.plan.step(id).map(|step| remedy::adoptable(state, step)).unwrap_or_default();
                all.iter().enumerate().map(|(n, work)| numbered(n, work.told())).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The one of a list that a number means.
pub(in crate::ui) fn numbered<'a, T>(typed: &str, all: &'a [T]) -> Result<&'a T, String> {
    let at = typed.trim().parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    at.and_then(|at| all.get(at)).ok_or_else(|| format!("Which one? A number from 1 to {}.", all.len()))
}

/// What the dialog shows of what a declaration is weighed from.
fn weighing(weighed: &Weighed) -> Vec<(Role, String)> {
    let late = weighed.forecast.is_some_and(|forecast| !forecast.in_time);
    let role = if late { Role::Warn } else { Role::Text };
    let mut lines: Vec<(Role, String)> =
        weighed.options.iter().map(|option| (role, format!("{}: {}", option.what, option.means))).collect();
    lines.push(match &weighed.objections {
        None => (Role::Warn, "Nobody was asked for strong objections.".to_owned()),
        Some(raised) if raised.is_empty() => (Role::Text, "Strong objections: none.".to_owned()),
        Some(raised) => (Role::Warn, format!("Strong objections: {}", raised.join("; "))),
    });
    lines
}

/// The outcome of a poll as it is typed: nothing where nobody was asked, `none` where nobody objected, else one a semicolon.
pub(in crate::ui) fn objections(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let none = ["none", "no", "0", "-"].contains(&text.to_lowercase().as_str());
    let raised = text.split(';').map(str::trim).filter(|one| !one.is_empty() && !none);
    Some(raised.map(str::to_owned).collect())
}

/// A role by the beginning of its name.
pub(in crate::ui) fn role_named(text: &str) -> Option<Duty> {
    let text = text.to_lowercase();
    Duty::ALL.into_iter().find(|role| !text.is_empty() && role.name().starts_with(&text))
}

/// A moment by the beginning of its name.
pub(in crate::ui) fn moment_named(text: &str) -> Option<Moment> {
    let text = text.to_lowercase();
    Moment::ALL.into_iter().find(|moment| !text.is_empty() && moment.name().starts_with(&text))
}

/// A time of the day of `now`, of the day before if it has not come yet today; or a date with a time.
pub(in crate::ui) fn time_of(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = text.trim().trim_end_matches("UTC").trim_end_matches('Z').trim();
    for form in ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, form) {
            return Some(time.and_utc());
        }
    }
    let time = ["%H:%M:%S", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok())?;
    let today = now.date_naive().and_time(time).and_utc();
    Some(if today > now + TimeDelta::hours(1) { today - TimeDelta::days(1) } else { today })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let now: DateTime<Utc> = "2026-03-14T03:10:00Z".parse().unwrap();
        for (text, at) in [
            ("03:02", Some("2026-03-14 03:02:00")),
            ("03:02:10 UTC", Some("2026-03-14 03:02:10")),
            ("23:59", Some("2026-03-13 23:59:00")),
            ("2026-03-13 22:00", Some("2026-03-13 22:00:00")),
            ("2026-03-13T22:00:01Z", Some("2026-03-13 22:00:01")),
            ("25:00", None),
            ("", None),
        ] {
            assert_eq!(time_of(text, now).map(format::date_time).as_deref(), at, "{text}");
        }
        assert_eq!(moment_named("impact"), Some(Moment::ImpactBegan));
        assert_eq!(moment_named("Failed"), Some(Moment::FailedOver));
        assert_eq!(moment_named(""), None);
    }
}
