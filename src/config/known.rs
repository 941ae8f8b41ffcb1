//! Every setting, once: the settings file, its schema, its page and `config show` are made from this list.

/// What a value looks like in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Free text.
    Text,
    /// One of these.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
}

/// A setting with one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Its key in the file.
    pub name: &'static str,
    /// What it is about, in a sentence or two.
    pub about: &'static str,
    /// What it looks like.
    pub kind: Kind,
    /// An example, or the default, as the file writes it.
    pub written: &'static str,
    /// What holds where nothing is said.
    pub default: &'static str,
    /// Its argument, without the dashes.
    pub argument: Option<&'static str>,
    /// Its environment variable.
    pub variable: Option<&'static str>,
    /// May it stand in the file? The file itself lies in `home`.
    pub in_file: bool,
}

/// When lines are spoken instead of a screen.
pub const PLAIN: &[&str] = &["auto", "always", "never"];
/// Which symbols the terminal has.
pub const SYMBOLS: &[&str] = &["auto", "braille", "blocks", "ascii"];
/// The presets of keys; a test holds them equal to the screen's.
pub const PRESETS: &[&str] = &["default", "vim", "arrows", "emacs"];

/// All of them, in the order of the page.
pub const KNOWN: &[Known] = &[
    Known {
        name: "home",
        about: "Folder for journals, settings and log, instead of the XDG directories.",
        kind: Kind::Text,
        written: "",
        default: "the XDG directories",
        argument: Some("home"),
        variable: Some("LIFEBOAT_HOME"),
        in_file: false,
    },
    Known {
        name: "operator",
        about: "Who sits at this console; recorded with everything that is confirmed. By default the system's user.",
        kind: Kind::Text,
        written: "\"Ana\"",
        default: "the system's user",
        argument: Some("operator"),
        variable: Some("LIFEBOAT_OPERATOR"),
        in_file: true,
    },
    Known {
        name: "theme",
        about: "dark, light, high-contrast, colour-blind, ansi or mono; a name of your own from the folder `themes` beside this file; or a \
                theme file. A file is read again when it changes.",
        kind: Kind::Text,
        written: "\"dark\"",
        default: "dark",
        argument: Some("theme"),
        variable: Some("LIFEBOAT_THEME"),
        in_file: true,
    },
    Known {
        name: "symbols",
        about: "What the terminal's font has: braille dots, quarter blocks, or ASCII alone; `auto` goes by TERM and the locale.",
        kind: Kind::Choice(SYMBOLS),
        written: "\"auto\"",
        default: "auto",
        argument: Some("symbols"),
        variable: Some("LIFEBOAT_SYMBOLS"),
        in_file: true,
    },
    Known {
        name: "mouse",
        about: "Take the mouse for panes and rows from the start; a key turns it on and off.",
        kind: Kind::Flag,
        written: "false",
        default: "false",
        argument: None,
        variable: None,
        in_file: true,
    },
    Known {
        name: "key-preset",
        about: "The keys to begin with: default, vim, arrows or emacs; `[keys]` changes single ones.",
        kind: Kind::Choice(PRESETS),
        written: "\"default\"",
        default: "default",
        argument: None,
        variable: None,
        in_file: true,
    },
    Known {
        name: "plain",
        about: "Lines instead of a screen: auto (where there is no terminal control), always, or never.",
        kind: Kind::Choice(PLAIN),
        written: "\"auto\"",
        default: "auto",
        argument: Some("plain"),
        variable: Some("LIFEBOAT_PLAIN"),
        in_file: true,
    },
    Known {
        name: "log",
        about: "What goes into the log file: error, warn, info, debug or trace, or a filter such as `lifeboat=debug`.",
        kind: Kind::Text,
        written: "",
        default: "info",
        argument: Some("log"),
        variable: Some("LIFEBOAT_LOG"),
        in_file: false,
    },
];
