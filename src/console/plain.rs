//! The lines around a session: what standard input says in, what happens out. No terminal is touched.

use std::io::{BufRead, Write};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::screen::{Hangup, Leave, ScreenError};
use super::session::Session;
use crate::ui::plain::Plain;
use crate::ui::{Request, Symbols};

/// How often it is looked whether a source has gone stale while nothing arrived.
const LOOK: Duration = Duration::from_secs(1);

/// Runs the session line by line until the operator leaves, the input ends or an interrupt comes.
///
/// # Errors
/// Standard output is gone. The journal is whole in any case.
pub async fn run_plain(mut session: Session, symbols: Symbols) -> Result<Leave, ScreenError> {
    let mut lines = input().map_err(ScreenError::Lost)?;
    let mut hangup = Hangup::new();
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ScreenError::Lost)?;
    let (mut plain, welcome) = Plain::open(session.state(), symbols);
    let mut told = print(&welcome);
    loop {
        let now = session.clock().now();
        told = told.and_then(|()| print(&plain.on_state(session.state(), now)));
        if let Err(error) = told {
            session.close().await;
            return Err(ScreenError::Lost(error));
        }
        let line = tokio::select! {
            biased;
            why = hangup.wait() => {
                session.close().await;
                return Err(why);
            }
            _ = interrupt.recv() => None,
            line = lines.recv() => line,
            () = session.next() => continue,
            () = tokio::time::sleep(LOOK) => continue,
        };
        let Some(line) = line else { return Ok(finish(session, plain, interrupt).await) };
        let reply = plain.on_line(&line, session.state(), session.clock().now());
        told = print(&reply.lines);
        for request in reply.requests {
            match request {
                Request::Quit => return Ok(finish(session, plain, interrupt).await),
                other => session.request(other),
            }
        }
    }
}

/// Waits for the answers of calls that are on their way, and tells them; an interrupt leaves at once.
async fn finish(session: Session, mut plain: Plain, mut interrupt: Signal) -> Leave {
    let (state, clock) = (session.state().clone(), session.clock().clone());
    let leave = tokio::select! {
        state = session.close() => Leave { state, abrupt: false },
        _ = interrupt.recv() => Leave { state, abrupt: true },
    };
    // Who has gone hears nothing more; the journal has it.
    let _ = print(&plain.on_state(&leave.state, clock.now()));
    leave
}

/// The lines of standard input, read by a thread of their own: it may wait for ever in a read that nothing can cancel.
fn input() -> std::io::Result<mpsc::Receiver<String>> {
    let (sender, receiver) = mpsc::channel(16);
    let read = move || {
        let mut input = std::io::stdin().lock();
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
            if sender.blocking_send(text).is_err() {
                return;
            }
            line.clear();
        }
    };
    std::thread::Builder::new().name("standard input".to_owned()).spawn(read)?;
    Ok(receiver)
}

fn print(lines: &[String]) -> std::io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    for line in lines {
        writeln!(out, "{line}")?;
    }
    out.flush()
}
