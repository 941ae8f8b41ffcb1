//! A pseudo-terminal with the real binary in it: keys in, the parsed screen out. Everything is waited for with a deadline, and
//! no process outlives its test.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lifeboat::ui::overlays::ARM_AFTER;
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

/// After this much waiting something will never come, on however slow a machine.
const NEVER: Duration = Duration::from_secs(40);
/// The end of a synchronised update.
const FRAME_ENDS: &[u8] = b"\x1b[?2026l";
/// How often the screen is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// A key that comes again within a bit less than this counts as held down.
const HELD: Duration = Duration::from_millis(1300);

/// A console in its terminal.
pub struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
    parser: Arc<Mutex<vt100::Parser>>,
    child: Box<dyn Child + Send + Sync>,
    ended: Option<ExitStatus>,
    reader: Option<JoinHandle<()>>,
    hung_up: Arc<AtomicBool>,
    flags_before: u64,
    bytes: Arc<AtomicUsize>,
}

/// What is left on the terminal after the console has gone.
pub struct Left {
    /// Its exit code.
    pub code: u32,
    /// The signal that ended it, if one did.
    pub signal: Option<String>,
    /// What stands on the ordinary screen.
    pub text: String,
}

impl Terminal {
    /// Starts `lifeboat` with these arguments, at home in this folder.
    pub fn start(home: &Path, arguments: &[&str], size: (u16, u16)) -> Self {
        Self::start_with(home, arguments, size, &[])
    }

    /// The same with variables of the environment.
    pub fn start_with(home: &Path, arguments: &[&str], (columns, rows): (u16, u16), variables: &[(&str, &str)]) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let flags_before = u64::from(pair.master.get_termios().unwrap().local_flags.bits());
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_lifeboat"));
        command.args(arguments);
        command.cwd(home);
        for name in ["NO_COLOR", "COLORTERM", "LIFEBOAT_THEME", "LIFEBOAT_OPERATOR", "AWS_ENDPOINT_URL", "AWS_PROFILE"] {
            command.env_remove(name);
        }
        command.env("LIFEBOAT_HOME", home);
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        let parser = Arc::new(Mutex::new(vt100::Parser::new(cells(rows), cells(columns), 0)));
        let mut output = pair.master.try_clone_reader().unwrap();
        let seen = parser.clone();
        let bytes = Arc::new(AtomicUsize::new(0));
        let counted = bytes.clone();
        let hung_up = Arc::new(AtomicBool::new(false));
        let closes = hung_up.clone();
        let reader = std::thread::spawn(move || {
            let (mut buffer, mut waiting) = ([0; 8192], Vec::new());
            // The end is an error on Linux and zero bytes elsewhere.
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                counted.fetch_add(count, Ordering::SeqCst);
                waiting.extend_from_slice(&buffer[..count]);
                // Frames are taken in whole: half a frame is on no screen.
                let end = waiting.windows(FRAME_ENDS.len()).rposition(|bytes| bytes == FRAME_ENDS);
                if let Some(end) = end {
                    let frames: Vec<u8> = waiting.drain(..end + FRAME_ENDS.len()).collect();
                    seen.lock().unwrap().process(&frames);
                }
                if closes.load(Ordering::SeqCst) {
                    break;
                }
            }
            seen.lock().unwrap().process(&waiting);
        });
        let keys = Some(pair.master.take_writer().unwrap());
        Self { master: Some(pair.master), keys, parser, child, ended: None, reader: Some(reader), hung_up, flags_before, bytes }
    }

    /// What is on the screen.
    pub fn screen(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    /// Waits until the screen is as it should be.
    #[track_caller]
    pub fn until(&mut self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        match self.within(NEVER, holds) {
            Some(screen) => screen,
            None => panic!("{what} never came; it ended: {:?}; the screen is\n{}", self.child.try_wait(), self.screen()),
        }
    }

    /// Waits until this is on the screen.
    #[track_caller]
    pub fn sees(&mut self, text: &str) -> String {
        self.until(text, |screen| screen.contains(text))
    }

    /// The screen once it is as it should be, if that comes soon enough.
    pub fn within(&mut self, limit: Duration, holds: impl Fn(&str) -> bool) -> Option<String> {
        let since = Instant::now();
        loop {
            let screen = self.screen();
            if holds(&screen) {
                return Some(screen);
            }
            // What was said last may still be on its way when the process has gone.
            let gone = self.child.try_wait().unwrap().is_some() && self.reader.as_ref().is_none_or(JoinHandle::is_finished);
            if since.elapsed() > limit || gone {
                return Some(self.screen()).filter(|screen| holds(screen));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// How many bytes have come from it.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::SeqCst)
    }

    /// Types.
    pub fn press(&mut self, keys: &str) {
        let writer = self.keys.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Reads the dialog of this title, then says yes as a person does: after it has stood there for a while.
    #[track_caller]
    pub fn say_yes(&mut self, title: &str) {
        self.until(title, |screen| asks(screen, title));
        let since = Instant::now();
        let mut pause = ARM_AFTER + Duration::from_millis(50);
        while since.elapsed() < NEVER {
            self.reads(title, pause);
            self.press("y");
            if self.within(Duration::from_secs(2), |screen| !asks(screen, title)).is_some() {
                return;
            }
            // It came too soon: a dialog that opened by itself drops its first key, a slow machine may drop another.
            pause = HELD;
        }
        panic!("{title} takes no yes:\n{}", self.screen());
    }

    /// Reads the dialog of this title for a while, in which it must not change into another.
    #[track_caller]
    pub fn reads(&mut self, title: &str, pause: Duration) {
        let since = Instant::now();
        while since.elapsed() < pause {
            assert!(asks(&self.screen(), title), "{title} closed by itself:\n{}", self.screen());
            std::thread::sleep(LOOK);
        }
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.parser.lock().unwrap().set_size(cells(rows), cells(columns));
        self.master.as_ref().unwrap().resize(size(columns, rows)).unwrap();
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Closes the terminal as a lost connection does.
    pub fn hang_up(&mut self) {
        // The reader lets go of the terminal after the next frame.
        self.hung_up.store(true, Ordering::SeqCst);
        self.keys = None;
        self.master = None;
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.process_id().unwrap()).unwrap()).unwrap()
    }

    /// Waits until the console has gone.
    #[track_caller]
    pub fn ends(&mut self) -> ExitStatus {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.ended = Some(status.clone());
                return status;
            }
            assert!(since.elapsed() < NEVER, "it never ended; the screen is\n{}", self.screen());
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until the console has gone, and holds that the terminal is as it was.
    #[track_caller]
    pub fn leaves(&mut self) -> Left {
        let status = self.ends();
        // Everything that it wrote is on the screen now.
        let since = Instant::now();
        while self.reader.as_ref().is_some_and(|reader| !reader.is_finished()) {
            assert!(since.elapsed() < NEVER, "somebody still holds the terminal");
            std::thread::sleep(LOOK);
        }
        let parser = self.parser.lock().unwrap();
        let screen = parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is shown again");
        assert!(!screen.bracketed_paste(), "bracketed paste is off again");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is the terminal's again");
        let flags = u64::from(self.master.as_ref().unwrap().get_termios().unwrap().local_flags.bits());
        assert_eq!(flags, self.flags_before, "echo and line editing are as before");
        Left { code: status.exit_code(), signal: status.signal().map(str::to_owned), text: screen.contents() }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Once it was waited for, its pid may be another's.
        if self.ended.is_none() && matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process(self.pid(), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// Does a dialog of this title ask for a yes?
fn asks(screen: &str, title: &str) -> bool {
    screen.contains(title) && screen.contains("y Yes")
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

/// The id and file of the only exercise in this home.
#[track_caller]
pub fn journal(home: &Path) -> (String, PathBuf) {
    let files = std::fs::read_dir(home.join("exercises")).unwrap().map(|entry| entry.unwrap().path());
    let journals: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "lifeboat")).collect();
    let [path] = journals.as_slice() else { panic!("one journal was to be there: {journals:?}") };
    (path.file_stem().unwrap().to_str().unwrap().to_owned(), path.clone())
}
