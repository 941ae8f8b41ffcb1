//! What this machine and its terminal can do.

use std::path::Path;

use super::{Finding, State};

/// What is looked at; handed in, so that it can be told from anywhere.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    /// `TERM`.
    pub term: Option<String>,
    /// `COLORTERM`.
    pub colorterm: Option<String>,
    /// Is `NO_COLOR` set?
    pub no_color: bool,
    /// `LC_ALL`, `LC_CTYPE` or `LANG`, the first that is set.
    pub locale: Option<String>,
    /// `TMUX` or `STY`: inside a multiplexer.
    pub multiplexer: bool,
    /// Columns and rows, if standard output is a terminal.
    pub size: Option<(u16, u16)>,
}

/// The findings about machine and terminal. `journals` is where incidents are kept.
pub fn look_at(machine: &Machine, journals: &Path) -> Vec<Finding> {
    vec![size(machine), colours(machine), characters(machine), copying(machine), writable(journals)]
}

fn finding(what: &str, state: State, seen: String, fix: Option<&str>) -> Finding {
    let fix = fix.map(str::to_owned);
    Finding { of: "machine".to_owned(), what: what.to_owned(), control_plane: None, state, seen, fix }
}

fn size(machine: &Machine) -> Finding {
    match machine.size {
        None => finding("terminal", State::Doubtful, "standard output is no terminal".to_owned(), Some("use --plain here")),
        Some((columns, rows)) => {
            let small = columns < 80 || rows < 24;
            let fix = small.then_some("80x24 is the least that shows everything");
            finding("terminal", if small { State::Doubtful } else { State::Well }, format!("{columns}x{rows}"), fix)
        }
    }
}

fn colours(machine: &Machine) -> Finding {
    let term = machine.term.as_deref().unwrap_or_default();
    let full = machine.colorterm.as_deref().is_some_and(|text| text.contains("truecolor") || text.contains("24bit"));
    let seen = match term {
        _ if machine.no_color => "off by NO_COLOR: glyphs and words tell everything",
        "" | "dumb" => "none",
        _ if full => "all",
        term if term.contains("256color") => "256",
        _ => "16: the theme `ansi` fits",
    };
    let dumb = matches!(term, "" | "dumb");
    let fix = dumb.then_some("use --plain, or set TERM to what the terminal is");
    finding("colours", if dumb { State::Doubtful } else { State::Well }, seen.to_owned(), fix)
}

fn characters(machine: &Machine) -> Finding {
    let locale = machine.locale.as_deref().unwrap_or_default();
    let upper = locale.to_uppercase();
    if upper.contains("UTF-8") || upper.contains("UTF8") {
        return finding("characters", State::Well, format!("UTF-8 ({locale})"), None);
    }
    let seen = format!("the locale is {:?}: lines and glyphs may come out as question marks", locale);
    finding("characters", State::Doubtful, seen, Some("set LC_ALL to a UTF-8 locale, such as C.UTF-8"))
}

fn copying(machine: &Machine) -> Finding {
    let seen = "copying goes through the terminal (OSC 52), also over SSH; whether it takes it cannot be asked".to_owned();
    let fix = machine.multiplexer.then_some("inside tmux: set -g set-clipboard on; GNU screen passes no copies on");
    finding("copying", State::Well, seen, fix)
}

fn writable(journals: &Path) -> Finding {
    let tried = std::fs::create_dir_all(journals).and_then(|()| {
        let path = journals.join(".doctor");
        std::fs::write(&path, b"")?;
        std::fs::remove_file(&path)
    });
    match tried {
        Ok(()) => finding("journals", State::Well, format!("{} can be written", journals.display()), None),
        Err(error) => {
            let seen = format!("{} cannot be written: {error}", journals.display());
            finding("journals", State::Broken, seen, Some("name another folder with --home or LIFEBOAT_HOME"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_is_named_with_what_helps() {
        let folder = tempfile::tempdir().unwrap();
        let well = Machine {
            term: Some("xterm-256color".into()),
            locale: Some("en_GB.UTF-8".into()),
            size: Some((200, 50)),
            ..Machine::default()
        };
        assert!(look_at(&well, folder.path()).iter().all(|finding| finding.state == State::Well));
        let poor = look_at(&Machine { size: Some((60, 20)), ..Machine::default() }, &folder.path().join("x\0y"));
        let states: Vec<State> = poor.iter().map(|finding| finding.state).collect();
        assert_eq!(states, [State::Doubtful, State::Doubtful, State::Doubtful, State::Well, State::Broken]);
        assert!(poor.iter().filter(|finding| finding.state != State::Well).all(|finding| finding.fix.is_some()));
    }
}
