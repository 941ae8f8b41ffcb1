//! From a key in the terminal to the end of the frame that answers it, and from the last of a storm of resizes to the frame of the last
//! size: the real binary in a pseudo-terminal, at 80×24 and 200×50.
//!
//! `cargo bench --bench keys`. No criterion: what is measured is another process, and the slowest matters as much as the middle.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement may fail this way, and says what it found"
)]

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// The end of a synchronised update.
const FRAME_ENDS: &[u8] = b"\x1b[?2026l";
/// So long without a frame means that nothing more is drawn.
const QUIET: Duration = Duration::from_millis(250);
const KEYS: usize = 300;
const STORMS: usize = 20;
const RESIZES: u16 = 100;

/// A console, and when each of its frames was there in full.
struct Console {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    frames: Receiver<Instant>,
    child: Box<dyn Child + Send + Sync>,
    _home: tempfile::TempDir,
}

impl Console {
    fn start(columns: u16, rows: u16) -> Self {
        let home = tempfile::tempdir().unwrap();
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_lifeboat"));
        command.args(["tabletop", "--operator", "Ana", "--speed", "60"]);
        command.env("LIFEBOAT_HOME", home.path());
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).unwrap();
        let mut output = pair.master.try_clone_reader().unwrap();
        let (sender, frames) = channel();
        std::thread::spawn(move || {
            let (mut buffer, mut tail) = ([0; 65536], Vec::new());
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                let at = Instant::now();
                tail.extend_from_slice(&buffer[..count]);
                let ended = tail.windows(FRAME_ENDS.len()).any(|bytes| bytes == FRAME_ENDS);
                // A frame's end may come in two pieces.
                let keep = tail.len().saturating_sub(FRAME_ENDS.len() - 1);
                tail.drain(..keep);
                if ended && sender.send(at).is_err() {
                    return;
                }
            }
        });
        let keys = pair.master.take_writer().unwrap();
        let mut console = Self { master: pair.master, keys, frames, child, _home: home };
        console.settle();
        // Some signals and a step to look at, then nothing but what a key does.
        console.press("s");
        std::thread::sleep(Duration::from_secs(4));
        console.press("p5");
        console.settle();
        console
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until nothing is drawn any more; how many frames were, and when the last one was there.
    fn settle(&mut self) -> (usize, Option<Instant>) {
        let (mut count, mut last) = (0, None);
        loop {
            match self.frames.recv_timeout(QUIET) {
                Ok(at) => (count, last) = (count + 1, Some(at)),
                Err(RecvTimeoutError::Timeout) => return (count, last),
                Err(RecvTimeoutError::Disconnected) => panic!("the console has gone"),
            }
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn told(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let of = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1000.0;
    println!(
        "{what}: {} times, median {:.1} ms, of a hundred the slowest {:.1} ms, slowest {:.1} ms",
        times.len(),
        of(50),
        of(99),
        of(100)
    );
}

fn main() {
    for (columns, rows) in [(80, 24), (200, 50)] {
        let mut console = Console::start(columns, rows);
        let mut times = Vec::new();
        for number in 0..KEYS {
            // Down and up the steps, and through the panes.
            let key = ["j", "j", "k", "6", "G", "5"][number % 6];
            while console.frames.try_recv().is_ok() {}
            let pressed = Instant::now();
            console.press(key);
            let painted = console.frames.recv_timeout(QUIET);
            times.extend(painted.ok().map(|at| at.duration_since(pressed)));
            // Keys of a quick typist, not faster.
            std::thread::sleep(Duration::from_millis(40));
        }
        told(&format!("key to paint at {columns}×{rows}"), times);
        let (mut times, mut frames) = (Vec::new(), 0);
        for _ in 0..STORMS {
            console.settle();
            for turn in 0..RESIZES {
                console.master.resize(size(20 + turn * 37 % 230, 5 + turn * 13 % 70)).unwrap();
                std::thread::sleep(Duration::from_millis(2));
            }
            console.master.resize(size(columns, rows)).unwrap();
            let ended = Instant::now();
            let (drawn, last) = console.settle();
            frames += drawn;
            times.extend(last.map(|last| last.saturating_duration_since(ended)));
        }
        told(
            &format!("from the last of {RESIZES} resizes in {} ms to the last frame, {columns}×{rows}", u32::from(RESIZES) * 2),
            times,
        );
        println!("  {} frames drawn for {} resizes", frames, STORMS * usize::from(RESIZES + 1));
    }
}
