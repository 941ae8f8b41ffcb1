//! What is left behind by a fault of the program itself: the terminal as it was, a sentence, and a file that helps to mend it.

use std::backtrace::Backtrace;
use std::io::Write;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};

use crate::clock::Clock;
use crate::logging::Scrub;

/// Lines of the log that a report holds.
const LOGGED: usize = 60;

/// From here on a panic writes a report beside the log and says where it is. Who takes the terminal gives it back before.
pub fn prepare(log: &Path) {
    let log = log.to_owned();
    std::panic::set_hook(Box::new(move |info| {
        let at = Clock::system().now();
        let text = report(info, &at.to_rfc3339(), &log);
        let folder = log.parent().map(Path::to_owned).unwrap_or_else(std::env::temp_dir);
        let written = write(&folder, &format!("crash-{}.txt", at.format("%Y%m%d-%H%M%S")), &text);
        let mut told = format!("\nlifeboat has stopped because of a fault of its own: {}\n", message(info));
        match &written {
            Some(path) => told.push_str(&format!("  report   {}\n", path.display())),
            None => told.push_str("  the report could not be written\n"),
        }
        told.push_str(NEXT);
        // Nothing is left to be told if standard error is closed.
        let _ = std::io::stderr().write_all(Scrub::default().text(&told).as_bytes());
    }));
}

const NEXT: &str = "  what was confirmed is in the journal, and AWS goes on with what it took\n  next     lifeboat incidents lists what can be \
                    resumed; the same command with --resume ID goes on\n";

fn message(info: &PanicHookInfo<'_>) -> String {
    let what = info.payload_as_str().unwrap_or("something that has no words");
    let place = info.location().map(|place| format!(" ({place})")).unwrap_or_default();
    format!("{what}{place}")
}

fn report(info: &PanicHookInfo<'_>, at: &str, log: &Path) -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let terminal = ["TERM", "COLORTERM", "LANG", "LC_ALL", "TMUX", "SSH_TTY"]
        .map(|name| format!("{name}={}", std::env::var(name).unwrap_or_default()))
        .join(" ");
    let logged = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = logged.lines().collect();
    let tail = lines[lines.len().saturating_sub(LOGGED)..].join("\n");
    let text = format!(
        "lifeboat {} stopped because of a fault of its own.\n\nwhat       {}\nwhen       {at}\narguments  {}\nsystem     {} {}\nterminal   \
         {terminal}\n\nWhat to do next\n{NEXT}  please file this report with what you did just before; it holds no credentials, but names of \
         your\n  resources may be in it\n\nBacktrace\n{}\n\nThe last lines of the log\n{tail}\n",
        env!("CARGO_PKG_VERSION"),
        message(info),
        arguments.join(" "),
        std::env::consts::OS,
        std::env::consts::ARCH,
        Backtrace::force_capture(),
    );
    Scrub::default().text(&text)
}

fn write(folder: &Path, name: &str, text: &str) -> Option<PathBuf> {
    std::fs::create_dir_all(folder).ok()?;
    let path = folder.join(name);
    std::fs::write(&path, text).ok()?;
    Some(path)
}
