//! Asks for a yes. First in short what will happen, where, as whom; then everything; the answer is No unless it is a deliberate Yes.
//!
//! What is answered is the preparation that is shown, held in the dialog: if the state's differs, the dialog is dropped.

use std::time::Duration;

use chrono::{DateTime, Utc};
use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::frame::{Edge, boxed};
use super::{Arming, Outcome, Press, QUIET};
use crate::domain::{MutatingCall, Operator, Preparation, StepId, Strength, Verdict};
use crate::engine::Intent;
use crate::journal::StepStatus;
use crate::store::{Prepared, State};
use crate::ui::panes::{Look, preparation_text};
use crate::ui::ready::{prepared_start, startable};
use crate::ui::widgets::{Doc, Field, Runs, draw_field, edit, fill, put, row, scroll_lines, write};
use crate::ui::{Key, Request, Role, format, remedy, words};

/// What is asked.
#[derive(Debug, Clone)]
pub enum Question {
    /// Shall this step begin?
    Step(Box<Preparation>, u64),
    /// Shall these steps of one group begin? Beside them those of the group that are not among them, and why.
    Group(Vec<(Preparation, u64)>, Vec<(StepId, String)>),
    /// Shall this answer, or this stop, be sent to a running step?
    Answer(Box<Preparation>, u64, bool),
    /// Anything else: title, lines, and what a yes asks for.
    Plain(String, Vec<(Role, String)>, Vec<Request>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Typing,
    Yes,
}

/// An open dialog.
#[derive(Debug, Clone)]
pub struct Confirm {
    question: Question,
    field: Field,
    stage: Stage,
    arming: Arming,
    scroll: u16,
    hint: Option<String>,
}

impl Confirm {
    /// A dialog about a preparation: opened by a key at this real time, or by an answer of AWS.
    pub fn about(question: Question, opened: Option<Duration>) -> Self {
        let arming = opened.map_or_else(Arming::unseen, Arming::at);
        let mut confirm = Self { question, field: Field::default(), stage: Stage::Yes, arming, scroll: 0, hint: None };
        if !matches!(confirm.strength(), Strength::Key) {
            confirm.stage = Stage::Typing;
        }
        confirm
    }

    /// A dialog about anything else.
    pub fn plain(title: String, lines: Vec<(Role, String)>, yes: Vec<Request>, opened: Duration) -> Self {
        Self::about(Question::Plain(title, lines, yes), Some(opened))
    }

    /// Is what it shows still what the state has?
    pub fn still_holds(&self, state: &State) -> bool {
        match &self.question {
            Question::Plain(..) => true,
            Question::Group(shown, _) => shown.iter().all(|(shown, seq)| {
                let can = state.plan.step(&shown.step).is_some_and(|step| startable(state, step).is_ok());
                can && prepared_start(state, &shown.step) == Some((*seq, shown))
            }),
            Question::Step(shown, seq) => {
                let can = state.plan.step(&shown.step).is_some_and(|step| startable(state, step).is_ok());
                can && prepared_start(state, &shown.step) == Some((*seq, shown.as_ref()))
            }
            Question::Answer(shown, seq, _) => {
                let runs = matches!(state.incident.status(&shown.step), StepStatus::Calling | StepStatus::Running);
                let now = state.preparations.get(&shown.step);
                runs && matches!(now, Some((now, Prepared::Ready(preparation, _))) if now == seq && preparation == shown)
            }
        }
    }

    fn preparation(&self) -> Option<&Preparation> {
        match &self.question {
            Question::Step(preparation, _) | Question::Answer(preparation, _, _) => Some(preparation),
            Question::Plain(..) | Question::Group(..) => None,
        }
    }

    fn strength(&self) -> Strength {
        match &self.question {
            Question::Group(shown, _) => remedy::strength_of(shown),
            _ => self.preparation().map_or(Strength::Key, |preparation| preparation.strength.clone()),
        }
    }

    /// Until when the yes counts; `None` where nothing was asked of AWS.
    fn valid_until(&self) -> Option<DateTime<Utc>> {
        match &self.question {
            Question::Group(shown, _) => shown.iter().map(|(preparation, _)| preparation.valid_until).min(),
            _ => self.preparation().map(|preparation| preparation.valid_until),
        }
    }

    fn is_expired(&self, look: &Look<'_>) -> bool {
        self.valid_until().is_some_and(|until| look.now > until)
    }

    /// What asks AWS anew for what is shown.
    fn again(&self) -> Vec<Request> {
        match &self.question {
            Question::Plain(..) => Vec::new(),
            Question::Group(shown, _) => shown.iter().map(|(shown, _)| Request::Prepare(shown.step.clone())).collect(),
            Question::Step(shown, _) => vec![Request::Prepare(shown.step.clone())],
            Question::Answer(shown, _, true) => vec![Request::PrepareStop { step: shown.step.clone() }],
            Question::Answer(shown, _, false) => {
                let (signal, comment) = shown.call.as_ref().map_or(("Reject", ""), MutatingCall::answers);
                vec![Request::PrepareAnswer { step: shown.step.clone(), signal: signal.to_owned(), comment: comment.to_owned() }]
            }
        }
    }

    fn is_quit(&self) -> bool {
        matches!(&self.question, Question::Plain(_, _, yes) if yes.as_slice() == [Request::Quit])
    }

    fn is_blocked(&self) -> bool {
        self.preparation().is_some_and(Preparation::is_blocked)
    }

    pub(super) fn on_paste(&mut self) {
        self.hint = Some("Pasted text does not count here: type it.".to_owned());
    }

    pub(super) fn on_key(&mut self, press: Press, look: &Look<'_>) -> Outcome {
        let key = press.key;
        if key == Key::CTRL_C && self.is_quit() {
            // The second one leaves at once, unless it is the first one still held down.
            let held = press.repeat || press.before.is_some_and(|(_, at)| press.at.saturating_sub(at) < QUIET);
            return if held { Outcome::Stay } else { Outcome::Ask(vec![Request::Quit]) };
        }
        if key.code() == KeyCode::Esc || key == Key::CTRL_C {
            return Outcome::Close;
        }
        match key.code() {
            KeyCode::PageDown => self.scroll = self.scroll.saturating_add(8),
            KeyCode::PageUp => self.scroll = self.scroll.saturating_sub(8),
            KeyCode::Down => self.scroll = self.scroll.saturating_add(1),
            KeyCode::Up => self.scroll = self.scroll.saturating_sub(1),
            _ if self.is_blocked() => {
                if self.arming.takes(&press) {
                    return Outcome::Close;
                }
            }
            // The time is over, whatever is typed: the same question is asked of AWS again.
            _ if self.is_expired(look) => {
                if self.arming.takes(&press) {
                    return Outcome::Ask(self.again());
                }
            }
            _ if self.stage == Stage::Typing => self.typing(press, look),
            _ => return self.answer(press, look),
        }
        Outcome::Stay
    }

    fn typing(&mut self, press: Press, look: &Look<'_>) {
        if press.repeat {
            return;
        }
        if press.key.code() != KeyCode::Enter {
            edit(&mut self.field, press.key);
        }
        self.hint = None;
        match self.strength() {
            Strength::Type { name } if self.field.text() == name => self.ask_yes(press.at),
            Strength::SecondPerson if press.key.code() == KeyCode::Enter => match self.second(look) {
                Ok(_) => self.ask_yes(press.at),
                Err(why) => self.hint = Some(why),
            },
            _ if press.key.code() == KeyCode::Enter => {
                self.hint = Some("What is typed is not the name, letter by letter.".to_owned())
            }
            _ => {}
        }
    }

    fn ask_yes(&mut self, at: Duration) {
        self.stage = Stage::Yes;
        self.arming = Arming::at(at);
    }

    /// The second person: not the one who sits here, whatever the spelling.
    fn second(&self, look: &Look<'_>) -> Result<Operator, String> {
        let name = self.field.text().trim();
        if name.is_empty() {
            return Err("A second person's name is needed.".to_owned());
        }
        if name.to_lowercase() == look.state.operator.as_str().trim().to_lowercase() {
            return Err(format!("{name} sits at this console: it takes somebody else."));
        }
        Ok(Operator::new(name))
    }

    fn answer(&mut self, press: Press, look: &Look<'_>) -> Outcome {
        let strong = !matches!(self.strength(), Strength::Key);
        if strong && press.key.code() == KeyCode::Backspace {
            edit(&mut self.field, press.key);
            self.stage = Stage::Typing;
            return Outcome::Stay;
        }
        if !self.arming.takes(&press) {
            self.hint = Some("That key came too soon and was dropped. Read, then press y.".to_owned());
            return Outcome::Stay;
        }
        if press.key.typed() != Some('y') {
            return Outcome::Close;
        }
        match self.yes(look) {
            Ok(requests) => Outcome::Ask(requests),
            Err(why) => {
                self.hint = Some(why);
                self.stage = Stage::Typing;
                Outcome::Stay
            }
        }
    }

    fn yes(&self, look: &Look<'_>) -> Result<Vec<Request>, String> {
        let strength = self.strength();
        let typed = matches!(strength, Strength::Type { .. }).then(|| self.field.text().to_owned());
        let second = if strength == Strength::SecondPerson { Some(self.second(look)?) } else { None };
        Ok(match &self.question {
            Question::Plain(_, _, yes) => yes.clone(),
            Question::Group(shown, _) => {
                let preparations = shown.iter().map(|(preparation, _)| preparation.clone()).collect();
                vec![Request::Order(Intent::ConfirmGroup { preparations, typed })]
            }
            Question::Step(shown, _) => vec![Request::Order(Intent::ConfirmStep { preparation: shown.clone(), typed, second })],
            Question::Answer(shown, _, stop) => {
                vec![Request::Order(Intent::ConfirmAnswer { preparation: shown.clone(), typed, stop: *stop })]
            }
        })
    }

    fn title(&self, look: &Look<'_>) -> String {
        let banner = look.state.mode.banner();
        match &self.question {
            Question::Step(shown, _) => format!("{banner} · Confirm {}", shown.step),
            Question::Group(shown, _) => format!("{banner} · Confirm {} steps", shown.len()),
            Question::Answer(shown, _, false) => format!("{banner} · Answer {}", shown.step),
            Question::Answer(shown, _, true) => format!("{banner} · Stop {}", shown.step),
            Question::Plain(title, ..) => format!("{banner} · {title}"),
        }
    }

    /// In short, then in full.
    fn doc(&self, look: &Look<'_>) -> Doc {
        let mut doc = Doc::new();
        let Some(shown) = self.preparation() else {
            match &self.question {
                Question::Plain(_, lines, _) => {
                    for (role, text) in lines {
                        doc.text(*role, text);
                    }
                }
                Question::Group(shown, alone) => group_text(shown, alone, look, &mut doc),
                _ => {}
            }
            return doc;
        };
        doc.text(Role::Heading, &shown.summary).gap();
        match &shown.identity {
            Some(identity) => {
                doc.field("where", Role::Accent, &format!("account {} in {} ({})", identity.account, shown.region, shown.site));
                doc.field("as", Role::Text, &identity.arn);
            }
            None if shown.call.is_some() => {
                doc.field("where", Role::Bad, &format!("✗ {} in {}: AWS has not said who we are", shown.site, shown.region));
            }
            None => {
                doc.field("where", Role::Text, &format!("{} in {}: nothing is called", shown.site, shown.region));
            }
        }
        if let Some(call) = &shown.call {
            doc.field("call", Role::Text, &format!("{} {}", call.service().0, call.operation()));
            doc.field("fingerprint", Role::Code, &shown.fingerprint());
        }
        doc.field("undo", Role::Text, shown.undo.as_deref().unwrap_or("the plan does not say how to take it back"));
        if shown.attempt > 1 && matches!(self.question, Question::Step(..)) {
            doc.field("attempt", Role::Warn, &format!("{}: it was tried before", shown.attempt));
        }
        if !look.state.incident.is_declared() && matches!(self.question, Question::Step(..)) {
            doc.text(Role::Warn, "! The failover has not been declared.");
        }
        for finding in shown.findings.iter().filter(|finding| finding.verdict != Verdict::Good) {
            let word = words::of_verdict(finding.verdict);
            doc.item(&format!("{} {}", word.glyph, word.word), word.role, Role::Text, &finding.text);
        }
        preparation_text(shown, look, &mut doc);
        doc
    }

    pub(super) fn draw(&mut self, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let width = area.width.min(104);
        let lines = self.doc(look).lines(usize::from(width.saturating_sub(4)));
        let ask = if self.stage == Stage::Typing || !matches!(self.strength(), Strength::Key) { 4 } else { 3 };
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(ask + 2).min(area.height);
        let inner = boxed(&self.title(look), Edge::Double, (width, height), look, area, buf);
        let ask = ask.min(inner.height);
        scroll_lines(&lines, &mut self.scroll, Rect { height: inner.height - ask, ..inner }, buf, look.theme);
        let asked = Rect { y: inner.bottom() - ask, height: ask, ..inner };
        fill(buf, row(asked, 0), "═", look.theme.style(Role::Danger));
        self.draw_asked(look, Rect { y: asked.y + 1.min(asked.height), height: asked.height.saturating_sub(1), ..asked }, buf)
    }

    fn draw_asked(&self, look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let left = self.valid_until().map(|until| until - look.now).filter(|_| !self.is_blocked());
        let left = left.map(|left| format!("What AWS said holds for {} more.", format::duration(left))).unwrap_or_default();
        let hint = self.hint.as_deref().unwrap_or(&left);
        if !self.is_blocked() && self.is_expired(look) {
            put(buf, row(area, 0), "✗ EXPIRED: what AWS said is too old to be confirmed.", look.theme.style(Role::Bad));
            put(buf, row(area, 1), "Any key asks AWS again; then confirm anew. esc closes this.", look.theme.style(Role::Text));
            return None;
        }
        put(buf, row(area, area.height.saturating_sub(1)), hint, look.theme.style(Role::Warn));
        if self.is_blocked() {
            put(buf, row(area, 0), "✗ BLOCKED: this cannot be confirmed.", look.theme.style(Role::Bad));
            put(
                buf,
                row(area, 1),
                "What was found above has to change first. Any key closes this.",
                look.theme.style(Role::Text),
            );
            return None;
        }
        let mut cursor = None;
        let mut next = 0;
        let label = match self.strength() {
            Strength::Key => None,
            Strength::Type { name } => Some(format!("Type {name} ")),
            Strength::SecondPerson => Some("Second person's name, then enter: ".to_owned()),
        };
        if let Some(label) = label {
            let x = put(buf, row(area, 0), &label, look.theme.style(Role::Heading));
            let line = row(area, 0);
            cursor = draw_field(&self.field, Rect { x, width: line.right().saturating_sub(x), ..line }, buf, look.theme);
            next = 1;
        }
        let typing = self.stage == Stage::Typing;
        let runs: Runs = if typing {
            vec![("esc".to_owned(), Role::Key), (" No. The yes is asked for once the name is there.".to_owned(), Role::Muted)]
        } else {
            vec![
                ("[ No ]".to_owned(), Role::Selection),
                ("  enter, esc or any other key".to_owned(), Role::Muted),
                ("      y".to_owned(), Role::Key),
                (format!(" Yes: {}", self.yes_words()), Role::Text),
            ]
        };
        write(buf, row(area, next), &runs, look.theme);
        if typing { cursor } else { None }
    }

    fn yes_words(&self) -> String {
        match &self.question {
            Question::Step(shown, _) if shown.call.is_some() => "do exactly this".to_owned(),
            Question::Group(shown, _) => format!("do exactly these {}", shown.len()),
            Question::Step(..) => "begin".to_owned(),
            Question::Answer(_, _, true) => "stop it".to_owned(),
            Question::Answer(..) => "send this answer".to_owned(),
            Question::Plain(title, ..) => title.to_lowercase(),
        }
    }
}

/// The steps of a group by name, each with its call, where, and what was found; then in full.
fn group_text(shown: &[(Preparation, u64)], alone: &[(StepId, String)], look: &Look<'_>, doc: &mut Doc) {
    doc.text(Role::Heading, "One yes begins all of these, side by side:").gap();
    for (preparation, _) in shown {
        doc.item("▸", Role::Accent, Role::Heading, &format!("{}: {}", preparation.step, preparation.summary));
        let account =
            preparation.identity.as_ref().map(|identity| format!("account {} in ", identity.account)).unwrap_or_default();
        let what = preparation.call.as_ref().map_or("nothing is called", |call| call.operation());
        doc.indented(Role::Text, &format!("{what} · {account}{} ({})", preparation.region, preparation.site));
        for finding in preparation.findings.iter().filter(|finding| finding.verdict != Verdict::Good) {
            let word = words::of_verdict(finding.verdict);
            doc.indented(word.role, &format!("{} {}", word.glyph, finding.text));
        }
    }
    for (step, why) in alone {
        doc.item("–", Role::Muted, Role::Muted, &format!("not among them: {step}, {why}"));
    }
    for (preparation, _) in shown {
        doc.heading(preparation.step.as_str());
        preparation_text(preparation, look, doc);
    }
}
