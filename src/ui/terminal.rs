//! The terminal, taken and given back: raw mode, the alternate screen, bracketed paste. Given back on drop, on error, on panic.
//!
//! The mouse is left to the terminal, so that text can be selected. Nothing is asked of the terminal at the start: a slow line may
//! never answer.

use std::io::{self, IsTerminal, Stdout, Write};
use std::mem::ManuallyDrop;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
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

/// The terminal while it is ours.
#[derive(Debug)]
pub struct Screen {
    /// Never dropped: its own end shows the cursor, which we do, and panics where neither output nor error can be written any more.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
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
            Ok(terminal) => Ok(Self { terminal: ManuallyDrop::new(terminal) }),
            Err(error) => {
                give_back();
                Err(OpenTerminal::Refused(error))
            }
        }
    }

    /// Draws one frame, shown at once where the terminal knows how. `draw` returns where the cursor is, if it is shown.
    ///
    /// # Errors
    /// What the terminal answers.
    pub fn draw(&mut self, draw: impl FnOnce(Rect, &mut Buffer) -> Option<Position>) -> io::Result<()> {
        execute!(io::stdout(), BeginSynchronizedUpdate)?;
        let drawn = self.terminal.draw(|frame| {
            let area = frame.area();
            if let Some(cursor) = draw(area, frame.buffer_mut()) {
                frame.set_cursor_position(cursor);
            }
        });
        execute!(io::stdout(), EndSynchronizedUpdate)?;
        drawn.map(|_| ())
    }

    /// Puts text on the clipboard of the terminal that is looked at, over SSH as well (OSC 52).
    ///
    /// # Errors
    /// What the terminal answers; whether it heeds the sequence it does not tell.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
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
        self.terminal.clear()
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
        let _ = execute!(out, EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
        let _ = out.flush();
    }
}
