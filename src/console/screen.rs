//! The terminal around a session: keys in, frames out, and nothing that blocks either.

use std::time::Duration;

use crossterm::event::{Event as TerminalEvent, EventStream};
use futures_util::StreamExt;

use crate::clock::{Clock, Stopwatch};
use crate::store::{NoticeLevel, State};
use crate::ui::{App, OpenTerminal, Request, Screen};

use super::{Appearance, Replay, Session};

/// The shortest pause between two frames: what arrives within it is drawn together.
const FRAME: Duration = Duration::from_millis(16);

/// How a console was left.
#[derive(Debug)]
pub struct Leave {
    /// The state when it was left.
    pub state: State,
    /// Was it left at once, with a call on its way?
    pub abrupt: bool,
}

/// Why the screen could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// There is no terminal to use.
    #[error(transparent)]
    Open(#[from] OpenTerminal),
    /// The terminal went away.
    #[error("the terminal is gone: everything up to now is in the journal, and `--resume` goes on from there")]
    Lost(#[source] std::io::Error),
    /// The system asks to end.
    #[error("ended by a signal: everything up to now is in the journal, and `--resume` goes on from there")]
    Terminated,
}

/// What is on the screen: a session, or a replay.
#[allow(async_fn_in_trait, reason = "only this room implements and uses it")]
pub trait Stage {
    /// What the screen reads.
    fn state(&self) -> &State;
    /// The console's clock.
    fn clock(&self) -> &Clock;
    /// Does what the screen asks, as far as it does not concern the terminal.
    fn request(&mut self, request: Request);
    /// Waits for something to happen.
    async fn next(&mut self);
    /// Ends it; gives the state as it was left.
    async fn close(self) -> State;
}

impl Stage for Session {
    fn state(&self) -> &State {
        self.state()
    }

    fn clock(&self) -> &Clock {
        self.clock()
    }

    fn request(&mut self, request: Request) {
        self.request(request);
    }

    async fn next(&mut self) {
        self.next().await;
    }

    async fn close(self) -> State {
        self.close().await
    }
}

impl Stage for Replay {
    fn state(&self) -> &State {
        self.state()
    }

    fn clock(&self) -> &Clock {
        self.clock()
    }

    fn request(&mut self, request: Request) {
        self.request(request);
    }

    async fn next(&mut self) {
        self.next().await;
    }

    async fn close(self) -> State {
        self.state().clone()
    }
}

/// Runs the session on this terminal until the operator leaves.
///
/// # Errors
/// There is no terminal, or it went away. The terminal is restored and the journal whole in any case.
pub async fn run<S: Stage>(mut session: S, mut app: App, mut appearance: Appearance) -> Result<Leave, ScreenError> {
    let mut terminal = Screen::open()?;
    if app.takes_mouse() {
        terminal.take_mouse(true).map_err(ScreenError::Lost)?;
    }
    let mut keys = EventStream::new();
    let stopwatch = Stopwatch::new();
    let mut hangup = Hangup::new();
    let mut drawn_at = None;
    loop {
        for request in app.on_state(session.state()) {
            session.request(request);
        }
        let now = session.clock().now();
        let drawn = terminal.draw(|area, buffer| {
            let cursor = app.draw(session.state(), now, area, buffer);
            (cursor, app.link_drawn(area, buffer))
        });
        if let Err(error) = drawn {
            session.close().await;
            return Err(ScreenError::Lost(error));
        }
        let drawn = stopwatch.elapsed();
        // However much arrives, a frame is drawn at most once in 16 ms; what waits is taken in meanwhile.
        let due = drawn_at.replace(drawn).map_or(Duration::ZERO, |earlier: Duration| FRAME.saturating_sub(drawn - earlier));
        let redraw = app.next_redraw(session.state(), now);
        tokio::select! {
            biased;
            why = hangup.wait() => {
                session.close().await;
                return Err(why);
            }
            event = keys.next() => {
                let event = match event.unwrap_or_else(|| Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof))) {
                    Ok(event) => event,
                    Err(error) => {
                        session.close().await;
                        return Err(ScreenError::Lost(error));
                    }
                };
                let then = on_event(&event, &mut session, &mut app, &mut terminal, &stopwatch);
                appearance.keep(app.splits());
                match then {
                    Ok(false) => {}
                    Ok(true) => return Ok(finish(session, &mut keys).await),
                    Err(error) => {
                        session.close().await;
                        return Err(ScreenError::Lost(error));
                    }
                }
            }
            () = async { tokio::time::sleep(due).await; session.next().await } => {}
            theme = appearance.changed() => match theme {
                Ok(theme) => app.set_theme(theme),
                Err(why) => app.say(NoticeLevel::Warning, format!("the theme stays as it is: {why}")),
            },
            () = redraw_after(redraw) => {}
        }
    }
}

/// Takes in what the terminal tells; `true` if the operator wants to leave.
fn on_event<S: Stage>(
    event: &TerminalEvent,
    session: &mut S,
    app: &mut App,
    terminal: &mut Screen,
    stopwatch: &Stopwatch,
) -> std::io::Result<bool> {
    let now = session.clock().now();
    #[cfg(debug_assertions)]
    fault_on_f12(event);
    for request in app.on_event(event, session.state(), now, stopwatch.elapsed()) {
        match request {
            Request::Quit => return Ok(true),
            Request::Copy(text) => terminal.copy(&text)?,
            Request::Mouse(taken) => terminal.take_mouse(taken)?,
            Request::Suspend => suspend(terminal)?,
            other => session.request(other),
        }
    }
    Ok(false)
}

/// A fault that the tests can cause in the real program, in builds for development alone: `LIFEBOAT_FAULT` is its text.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "a fault is what is wanted")]
fn fault_on_f12(event: &TerminalEvent) {
    if let TerminalEvent::Key(key) = event
        && key.code == crossterm::event::KeyCode::F(12)
        && let Ok(text) = std::env::var("LIFEBOAT_FAULT")
    {
        panic!("{text}");
    }
}

/// Gives the shell the terminal until it puts us into the foreground again. Feeds and calls go on.
fn suspend(terminal: &mut Screen) -> std::io::Result<()> {
    terminal.pause();
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP)?;
    terminal.resume()
}

/// Waits for the answers of calls that are on their way; a second Ctrl-C leaves at once.
async fn finish<S: Stage>(session: S, keys: &mut EventStream) -> Leave {
    let state = session.state().clone();
    tokio::select! {
        state = session.close() => Leave { state, abrupt: false },
        () = second_interrupt(keys) => Leave { state, abrupt: true },
    }
}

async fn second_interrupt(keys: &mut EventStream) {
    use crossterm::event::{KeyCode, KeyEventKind, KeyModifiers};
    while let Some(Ok(event)) = keys.next().await {
        if let TerminalEvent::Key(key) = event
            && key.kind == KeyEventKind::Press
            && key.code == KeyCode::Char('c')
            && key.modifiers.contains(KeyModifiers::CONTROL)
        {
            return;
        }
    }
    std::future::pending().await
}

async fn redraw_after(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause.max(FRAME)).await,
        None => std::future::pending().await,
    }
}

/// The signals that say that the terminal is gone or that the machine wants us to leave.
pub(super) struct Hangup {
    hangup: Option<tokio::signal::unix::Signal>,
    terminate: Option<tokio::signal::unix::Signal>,
}

impl Hangup {
    pub(super) fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self { hangup: signal(SignalKind::hangup()).ok(), terminate: signal(SignalKind::terminate()).ok() }
    }

    pub(super) async fn wait(&mut self) -> ScreenError {
        let one = async |signal: &mut Option<tokio::signal::unix::Signal>| match signal {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        };
        tokio::select! {
            () = one(&mut self.hangup) => ScreenError::Lost(std::io::Error::from(std::io::ErrorKind::BrokenPipe)),
            () = one(&mut self.terminate) => ScreenError::Terminated,
        }
    }
}
