//! The loop around an attached terminal: a full screen where there is one, lines where there is none.

use std::io::{self, BufRead, IsTerminal, Write};
use std::time::Duration;

use crossterm::event::EventStream;
use futures_util::StreamExt;

use super::{Attached, HELP, Said, clock, when};
use crate::console::ScreenError;
use crate::console::screen::Hangup;
use crate::ui::facilitator::{Desk, Facilitated, Typed};
use crate::ui::{Role, Screen, Theme};

/// How often the journal and the exercise are looked at for news, in real time.
const LOOK: Duration = Duration::from_millis(500);

/// Runs the terminal until the facilitator leaves.
///
/// # Errors
/// There is no terminal any more, or a signal ended it. The exercise goes on in any case.
pub async fn facilitate(attached: Attached, theme: &Theme, plain: bool) -> Result<(), ScreenError> {
    if plain || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return lines(attached).await;
    }
    screen(attached, theme).await
}

async fn screen(mut attached: Attached, theme: &Theme) -> Result<(), ScreenError> {
    let mut desk = Desk::default();
    let mut terminal = Screen::open()?;
    let (mut keys, mut hangup) = (EventStream::new(), Hangup::new());
    let mut ticks = tokio::time::interval(LOOK);
    loop {
        let shown = shown(&attached);
        terminal.draw(|area, buf| (desk.draw(&shown, theme, area, buf), None)).map_err(ScreenError::Lost)?;
        tokio::select! {
            biased;
            why = hangup.wait() => return Err(why),
            event = keys.next() => {
                let ended = || Err(io::Error::from(io::ErrorKind::UnexpectedEof));
                match desk.on_event(&event.unwrap_or_else(ended).map_err(ScreenError::Lost)?) {
                    Some(Typed::Quit) => return Ok(()),
                    Some(Typed::Line(line)) => {
                        desk.say(Role::Key, &format!("> {line}"));
                        let Some(said) = attached.line(&line).await else { return Ok(()) };
                        desk.say(said.role, &said.text);
                        tell(&mut desk, attached.news().await);
                    }
                    None => {}
                }
            }
            _ = ticks.tick() => tell(&mut desk, attached.news().await),
        }
    }
}

fn tell(desk: &mut Desk, said: Vec<Said>) {
    said.iter().for_each(|said| desk.say(said.role, &said.text));
}

fn shown(attached: &Attached) -> Facilitated {
    let title = attached.title();
    let (standing, silent) = attached.standing();
    let Some(standing) = standing else {
        let why = silent.unwrap_or("not asked yet").to_owned();
        return Facilitated {
            title,
            clock: (Role::Unknown, why.clone()),
            coming: Vec::new(),
            nothing: format!("Not known: {why}"),
            faults: Vec::new(),
        };
    };
    let coming = standing.coming.iter().map(|one| (one.number.to_string(), when(one, standing.now), one.title.clone()));
    let clock = match silent {
        Some(why) => (Role::Bad, format!("{}  {why}", standing.now.format("%H:%M:%SZ"))),
        None if standing.paused => (Role::Warn, clock(standing)),
        None => (Role::Text, clock(standing)),
    };
    let mut faults = standing.faults.clone();
    faults.extend(
        standing.trouble.iter().map(|(at, told)| format!("{} a call of the scenario was refused: {told}", at.format("%H:%M:%S"))),
    );
    Facilitated { title, clock, coming: coming.collect(), nothing: "Nothing is to come any more.".to_owned(), faults }
}

async fn lines(mut attached: Attached) -> Result<(), ScreenError> {
    print(&[Said::new(Role::Text, HELP)])?;
    print(&attached.news().await)?;
    print(&[attached.line("look").await.unwrap_or_else(|| Said::new(Role::Text, ""))])?;
    let (mut lines, mut hangup) = (typed(), Hangup::new());
    loop {
        tokio::select! {
            biased;
            why = hangup.wait() => return Err(why),
            line = lines.recv() => {
                let said = match line {
                    Some(line) => attached.line(&line).await,
                    None => None,
                };
                let Some(said) = said else { return Ok(()) };
                print(&[said])?;
            }
            () = tokio::time::sleep(LOOK) => print(&attached.news().await)?,
        }
    }
}

fn print(said: &[Said]) -> Result<(), ScreenError> {
    let mut out = io::stdout().lock();
    for said in said.iter().filter(|said| !said.text.is_empty()) {
        writeln!(out, "{}", said.text.trim_end()).map_err(ScreenError::Lost)?;
    }
    out.flush().map_err(ScreenError::Lost)
}

/// The lines that are typed, until their end.
fn typed() -> tokio::sync::mpsc::Receiver<String> {
    let (sender, receiver) = tokio::sync::mpsc::channel(16);
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
