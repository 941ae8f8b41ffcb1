//! The terminal, taken and given back: raw mode, the alternate screen, bracketed paste. Given back on drop, on error, on panic.
//!
//! The mouse is left to the terminal, so that text can be selected, unless it is asked for. Nothing is asked of the terminal at the
//! start: a slow line may never answer.

use std::io::{self, IsTerminal, Stdout, Write};
use std::mem::ManuallyDrop;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::execute;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Why there is no screen.
#[derive(Debug, thiserror::Error)]
pub enum OpenTerminal {
    /// Standard input or output is a pipe or a file.
    #[error(
        "standard {0} is not a terminal: the console needs one for its screen and keys; run it in a terminal, or with --plain, which needs none"
    )]
    NotATerminal(&'static str),
    /// The terminal refuses.
    #[error("the terminal cannot be set up for a full screen")]
    Refused(#[source] io::Error),
}

/// Is the terminal ours? Shared with the panic hook, which has nothing else to go by.
static TAKEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();
/// Is the mouse taken?
static MOUSE: AtomicBool = AtomicBool::new(false);

/// A link and the cells that it is on.
pub type Linked = (String, Vec<Rect>);

/// The longest text that is put on a clipboard, in bytes: many terminals drop an OSC 52 of more than 100,000 in base64 without a word.
pub const MOST_COPIED: usize = 74_000;

/// The terminal while it is ours.
#[derive(Debug)]
pub struct Screen {
    /// Never dropped: its own end shows the cursor, which we do, and panics where neither output nor error can be written any more.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    /// What was drawn last, and where the cursor was: the same again is not a byte to the terminal.
    last: Option<(Buffer, Option<Position>)>,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// [`OpenTerminal`]; the terminal is then as it was.
    pub fn open() -> Result<Self, OpenTerminal> {
        if !io::stdin().is_terminal() {
            return Err(OpenTerminal::NotATerminal("input"));
        }
        if !io::stdout().is_terminal() {
            return Err(OpenTerminal::NotATerminal("output"));
        }
        HOOK.call_once(|| {
            let previous = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                give_back();
                previous(info);
            }));
        });
        take().map_err(OpenTerminal::Refused)?;
        match Terminal::new(CrosstermBackend::new(io::stdout())) {
            Ok(terminal) => Ok(Self { terminal: ManuallyDrop::new(terminal), last: None }),
            Err(error) => {
                give_back();
                Err(OpenTerminal::Refused(error))
            }
        }
    }

    /// Draws one frame, shown at once where the terminal knows how. `draw` returns where the cursor is, if it is shown, and the link on
    /// the screen with the cells that it is on, if there is one.
    ///
    /// # Errors
    /// What the terminal answers.
    pub fn draw(&mut self, draw: impl FnOnce(Rect, &mut Buffer) -> (Option<Position>, Option<Linked>)) -> io::Result<()> {
        let area = Rect::from((Position::ORIGIN, self.terminal.size()?));
        let mut buffer = Buffer::empty(area);
        let (cursor, linked) = draw(area, &mut buffer);
        if linked.is_none() && self.last.as_ref().is_some_and(|(last, at)| *last == buffer && *at == cursor) {
            return Ok(());
        }
        execute!(io::stdout(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| {
            // A window that is just being resized gets its whole picture with the next frame.
            let both = frame.area().intersection(area);
            for at in both.positions() {
                frame.buffer_mut()[at] = buffer[at].clone();
            }
            if let Some(cursor) = cursor.filter(|cursor| frame.area().contains(*cursor)) {
                frame.set_cursor_position(cursor);
            }
        })?;
        if let Some((url, places)) = &linked {
            self.draw_link(url, places, &buffer)?;
        }
        self.last = linked.is_none().then_some((buffer, cursor));
        execute!(io::stdout(), EndSynchronizedUpdate)
    }

    /// Writes the cells of a link once more, as a link (OSC 8); a terminal that knows none shows the same text.
    fn draw_link(&mut self, url: &str, places: &[Rect], buffer: &Buffer) -> io::Result<()> {
        let backend = self.terminal.backend_mut();
        write!(backend, "\u{1b}]8;;{url}\u{1b}\\")?;
        for place in places {
            let cells = place.positions().filter_map(|at| buffer.cell(at).map(|cell| (at.x, at.y, cell)));
            backend.draw(cells)?;
        }
        write!(backend, "\u{1b}]8;;\u{1b}\\")?;
        Backend::flush(backend)
    }

    /// Puts text on the clipboard of the terminal that is looked at, over SSH as well (OSC 52), also from within tmux or screen.
    ///
    /// # Errors
    /// What the terminal answers; whether it heeds the sequence it does not tell.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout();
        out.write_all(clipboard(text, Multiplexer::around()).as_bytes())?;
        out.flush()
    }

    /// Takes the mouse, or leaves it to the terminal.
    ///
    /// # Errors
    /// What the terminal answers.
    pub fn take_mouse(&mut self, taken: bool) -> io::Result<()> {
        MOUSE.store(taken, Ordering::SeqCst);
        if taken { execute!(io::stdout(), EnableMouseCapture) } else { execute!(io::stdout(), DisableMouseCapture) }
    }

    /// Gives the terminal back for a while, such as for a stop by the shell's job control.
    pub fn pause(&mut self) {
        give_back();
    }

    /// Takes it again; everything is drawn anew with the next frame.
    ///
    /// # Errors
    /// What the terminal answers.
    pub fn resume(&mut self) -> io::Result<()> {
        take()?;
        if MOUSE.load(Ordering::SeqCst) {
            execute!(io::stdout(), EnableMouseCapture)?;
        }
        self.last = None;
        self.terminal.clear()
    }
}

/// What stands between us and the terminal, and hands on only what is wrapped for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Multiplexer {
    None,
    Tmux,
    Screen,
}

impl Multiplexer {
    fn around() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match (set("TMUX"), set("STY")) {
            (true, _) => Self::Tmux,
            (_, true) => Self::Screen,
            _ => Self::None,
        }
    }
}

/// The sequence that sets the clipboard. Inside tmux both forms are sent: its own, which it takes where `set-clipboard` lets it, and the
/// one that it passes through to the terminal where `allow-passthrough` does.
fn clipboard(text: &str, around: Multiplexer) -> String {
    let plain = format!("\u{1b}]52;c;{}\u{7}", BASE64_STANDARD.encode(text));
    match around {
        Multiplexer::None => plain,
        Multiplexer::Tmux => format!("{plain}\u{1b}Ptmux;\u{1b}{plain}\u{1b}\\"),
        // Screen takes at most 768 bytes of a sequence at a time.
        Multiplexer::Screen => {
            let chunks = plain.as_bytes().chunks(700).map(String::from_utf8_lossy);
            chunks.map(|chunk| format!("\u{1b}P{chunk}\u{1b}\\")).collect()
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn take() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    let taken = enable_raw_mode().and_then(|()| execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste));
    if taken.is_err() {
        give_back();
    }
    taken
}

/// Gives the terminal back, once; a failure here has nowhere to go.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        if MOUSE.load(Ordering::SeqCst) {
            let _ = execute!(out, DisableMouseCapture);
        }
        let _ = execute!(out, EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
        let _ = out.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clipboard_is_reached_through_multiplexers() {
        assert_eq!(clipboard("hi", Multiplexer::None), "\u{1b}]52;c;aGk=\u{7}");
        assert_eq!(clipboard("hi", Multiplexer::Tmux), "\u{1b}]52;c;aGk=\u{7}\u{1b}Ptmux;\u{1b}\u{1b}]52;c;aGk=\u{7}\u{1b}\\");
        assert_eq!(clipboard("hi", Multiplexer::Screen), "\u{1b}P\u{1b}]52;c;aGk=\u{7}\u{1b}\\");
        let long = clipboard(&"x".repeat(3000), Multiplexer::Screen);
        assert!(long.split("\u{1b}\\").all(|part| part.len() <= 768));
    }
}
