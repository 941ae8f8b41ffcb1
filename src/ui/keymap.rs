//! Which key means which action, and back: the footer and the help show the keys that are bound, not the ones that were meant.
//!
//! Keys are written as in `ctrl-d`, `enter`, `up`, `f1`, `G`. Nothing is bound by default that some layout cannot type without a
//! compose key (brackets, braces, backslash, backtick, tilde), and no chord changes anything at AWS.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::Action;
use crate::document::did_you_mean;

/// One key with its modifiers. Shift is part of a character and named only for keys that are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// A key that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no key: expected a character, or a name such as enter, esc, tab, up, pgdn, home, f1, after ctrl- or alt-")]
pub struct KeyFault(pub String);

/// A binding that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindFault {
    /// No such action.
    #[error("`{name}` is no action{}", .hint.as_ref().map(|hint| format!(": {hint}")).unwrap_or_default())]
    Action {
        /// What was written.
        name: String,
        /// What may have been meant.
        hint: Option<String>,
    },
    /// No such key.
    #[error(transparent)]
    Key(#[from] KeyFault),
}

const NAMED: [(&str, KeyCode); 14] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("space", KeyCode::Char(' ')),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
];

impl Key {
    /// The reflex to get out.
    pub const CTRL_C: Self = Self { code: KeyCode::Char('c'), modifiers: KeyModifiers::CONTROL };

    /// Reads a key as it is written in a key file.
    ///
    /// # Errors
    /// [`KeyFault`] where it is none.
    pub fn parse(text: &str) -> Result<Self, KeyFault> {
        let fault = || KeyFault(text.to_owned());
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        for (prefix, modifier) in [("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT), ("shift-", KeyModifiers::SHIFT)]
        {
            if let Some(after) = rest.strip_prefix(prefix)
                && !after.is_empty()
            {
                modifiers |= modifier;
                rest = after;
            }
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) => KeyCode::Char(c),
            _ => match NAMED.iter().find(|(name, _)| *name == rest) {
                Some((_, code)) => *code,
                None => {
                    let n = rest.strip_prefix('f').and_then(|n| n.parse::<u8>().ok()).filter(|n| (1..=12).contains(n));
                    KeyCode::F(n.ok_or_else(fault)?)
                }
            },
        };
        Ok(Self::normal(code, modifiers))
    }

    /// The key of an event.
    pub fn of(event: &KeyEvent) -> Self {
        Self::normal(event.code, event.modifiers)
    }

    /// The character that it types, if it types one.
    pub fn typed(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if self.modifiers.is_empty() => Some(c),
            _ => None,
        }
    }

    /// Its code.
    pub fn code(self) -> KeyCode {
        self.code
    }

    /// Is Control held?
    pub fn is_control(self) -> bool {
        self.modifiers.contains(KeyModifiers::CONTROL)
    }

    fn normal(code: KeyCode, modifiers: KeyModifiers) -> Self {
        let mut modifiers = modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match code {
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            // Terminals differ in whether Ctrl comes with the capital or the small letter.
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => KeyCode::Char(c.to_ascii_lowercase()),
            other => other,
        };
        if matches!(code, KeyCode::Char(_)) {
            modifiers -= KeyModifiers::SHIFT;
        }
        Self { code, modifiers }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, name) in [(KeyModifiers::CONTROL, "ctrl-"), (KeyModifiers::ALT, "alt-"), (KeyModifiers::SHIFT, "shift-")] {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(c)) => write!(f, "{c}"),
            (None, KeyCode::F(n)) => write!(f, "f{n}"),
            (None, other) => write!(f, "{other:?}"),
        }
    }
}

/// The bindings: several keys an action, one action a key.
#[derive(Debug, Clone, PartialEq)]
pub struct Keymap {
    bindings: Vec<(Key, Action)>,
}

/// The default keys, the one that is shown first before the others.
const DEFAULT: &[(Action, &[&str])] = &[
    (Action::Down, &["j", "down"]),
    (Action::Up, &["k", "up"]),
    (Action::First, &["g", "home"]),
    (Action::Last, &["G", "end"]),
    (Action::PageDown, &["pgdn", "ctrl-f", "J"]),
    (Action::PageUp, &["pgup", "ctrl-b", "K"]),
    (Action::Expand, &["l", "right"]),
    (Action::Collapse, &["h", "left"]),
    (Action::Open, &["enter"]),
    (Action::Copy, &["y"]),
    (Action::CopyAs, &["e"]),
    (Action::Link, &["L"]),
    (Action::Filter, &["/", "f"]),
    (Action::Sort, &["o"]),
    (Action::SortReverse, &["O"]),
    (Action::Zoom, &["z"]),
    (Action::Wider, &[">", "ctrl-right"]),
    (Action::Narrower, &["<", "ctrl-left"]),
    (Action::Taller, &[")", "ctrl-up"]),
    (Action::Shorter, &["(", "ctrl-down"]),
    (Action::Even, &["="]),
    (Action::Back, &["b", "backspace", "ctrl-o"]),
    (Action::Forward, &["B", "alt-right"]),
    (Action::Freeze, &["F", "space"]),
    (Action::Mask, &["m"]),
    (Action::Mouse, &["ctrl-t"]),
    (Action::FocusNext, &["tab"]),
    (Action::FocusPrevious, &["shift-tab"]),
    (Action::FocusAlarms, &["1"]),
    (Action::FocusHealth, &["2"]),
    (Action::FocusRecoveryPoints, &["3"]),
    (Action::FocusTimeline, &["4"]),
    (Action::FocusWizard, &["5"]),
    (Action::FocusLog, &["6"]),
    (Action::ConfirmStep, &["c"]),
    (Action::PrepareStep, &["r"]),
    (Action::ConfirmGroup, &["&"]),
    (Action::EditStep, &["E"]),
    (Action::ChoosePoint, &["V"]),
    (Action::Adopt, &["U"]),
    (Action::FinishStep, &["d"]),
    (Action::Approve, &["a"]),
    (Action::Reject, &["x"]),
    (Action::StopStep, &["T"]),
    (Action::SkipStep, &["S"]),
    (Action::TakeUp, &["u"]),
    (Action::AbortStep, &["A"]),
    (Action::CopyCommand, &["Y"]),
    (Action::SetVariables, &["v"]),
    (Action::Declare, &["D"]),
    (Action::Choose, &["C"]),
    (Action::DecideToWait, &["W"]),
    (Action::Note, &["n"]),
    (Action::CorrectMoment, &["M"]),
    (Action::Acknowledge, &["i", "f6"]),
    (Action::Attach, &["f8"]),
    (Action::MarkImportant, &["!", "f10"]),
    (Action::GiveRole, &["f7"]),
    (Action::CheckIn, &["f9"]),
    (Action::Brief, &["H", "f2"]),
    (Action::CloseIncident, &["X"]),
    (Action::StartExercise, &["s"]),
    (Action::PauseClock, &["p"]),
    (Action::Faster, &["+"]),
    (Action::Slower, &["-"]),
    (Action::StepClock, &["."]),
    (Action::NextEvent, &["f4"]),
    (Action::PreviousEvent, &["f3"]),
    (Action::NextMoment, &["N"]),
    (Action::PreviousMoment, &["P"]),
    (Action::Jump, &["t"]),
    (Action::Refresh, &["R", "f5"]),
    (Action::Help, &["?", "f1"]),
    (Action::Palette, &[":", "ctrl-p"]),
    (Action::Dismiss, &["esc"]),
    (Action::Suspend, &["ctrl-z"]),
    (Action::Quit, &["q", "ctrl-c"]),
];

/// One action's keys in a preset.
type Preset = &'static [(Action, &'static [&'static str])];

/// Presets by name: where each differs from the default, which has letters and arrows side by side.
pub const PRESETS: [(&str, &str, Preset); 4] = [
    ("default", "arrows and the letters of vim and less, side by side", &[]),
    (
        "vim",
        "the movements of vim; arrows work too",
        &[
            (Action::PageDown, &["ctrl-d", "ctrl-f", "pgdn"]),
            (Action::PageUp, &["ctrl-u", "ctrl-b", "pgup"]),
            (Action::Back, &["ctrl-o", "backspace"]),
            (Action::Forward, &["alt-right", "B"]),
            (Action::FocusNext, &["tab", "w"]),
            (Action::FocusPrevious, &["shift-tab", "b"]),
        ],
    ),
    (
        "arrows",
        "arrows and named keys; no letter moves anything",
        &[
            (Action::Down, &["down"]),
            (Action::Up, &["up"]),
            (Action::First, &["home"]),
            (Action::Last, &["end"]),
            (Action::PageDown, &["pgdn"]),
            (Action::PageUp, &["pgup"]),
            (Action::Expand, &["right"]),
            (Action::Collapse, &["left"]),
            (Action::Filter, &["f", "/"]),
            (Action::Back, &["backspace"]),
            (Action::Forward, &["alt-right"]),
            (Action::Help, &["f1", "?"]),
        ],
    ),
    (
        "emacs",
        "ctrl-n, ctrl-p and their kin; arrows work too",
        &[
            (Action::Down, &["ctrl-n", "down"]),
            (Action::Up, &["ctrl-p", "up"]),
            (Action::PageDown, &["ctrl-v", "pgdn"]),
            (Action::PageUp, &["alt-v", "pgup"]),
            (Action::First, &["alt-<", "home"]),
            (Action::Last, &["alt->", "end"]),
            (Action::Expand, &["ctrl-f", "right"]),
            (Action::Collapse, &["ctrl-b", "left"]),
            (Action::Filter, &["ctrl-s", "/"]),
            (Action::Dismiss, &["ctrl-g", "esc"]),
            (Action::Palette, &["alt-x", ":"]),
            (Action::Quit, &["q", "ctrl-q", "ctrl-c"]),
        ],
    ),
];

/// A preset that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no preset of keys: there are {known}", known = PRESETS.map(|(name, ..)| name).join(", "))]
pub struct PresetFault {
    /// What was asked for.
    pub name: String,
}

impl Default for Keymap {
    fn default() -> Self {
        let mut keymap = Self { bindings: Vec::new() };
        for (action, keys) in DEFAULT {
            keymap.set(*action, keys);
        }
        keymap
    }
}

impl Keymap {
    /// The keys of a preset.
    ///
    /// # Errors
    /// [`PresetFault`] names those that there are.
    pub fn preset(name: &str) -> Result<Self, PresetFault> {
        let found = PRESETS.iter().find(|(known, ..)| *known == name);
        let (.., changes) = found.ok_or_else(|| PresetFault { name: name.to_owned() })?;
        let mut keymap = Self::default();
        for (action, keys) in *changes {
            keymap.set(*action, keys);
        }
        Ok(keymap)
    }

    fn set(&mut self, action: Action, keys: &[&str]) {
        let keys: Vec<Key> = keys.iter().filter_map(|key| Key::parse(key).ok()).collect();
        self.bindings.retain(|(key, bound)| *bound != action && !keys.contains(key));
        self.bindings.extend(keys.into_iter().map(|key| (key, action)));
    }

    /// Gives an action these keys and no others; an empty list takes its keys away. A key that meant something else means this now.
    ///
    /// # Errors
    /// [`BindFault`] names the action or the key; nothing is changed then.
    pub fn bind(&mut self, name: &str, keys: &[&str]) -> Result<(), BindFault> {
        let action = Action::named(name).ok_or_else(|| BindFault::Action {
            name: name.to_owned(),
            hint: did_you_mean(name, Action::ALL.iter().map(|action| action.name())),
        })?;
        let keys = keys.iter().map(|key| Key::parse(key)).collect::<Result<Vec<_>, _>>()?;
        self.bindings.retain(|(key, bound)| *bound != action && !keys.contains(key));
        self.bindings.extend(keys.into_iter().map(|key| (key, action)));
        Ok(())
    }

    /// What a key means.
    pub fn action(&self, key: Key) -> Option<Action> {
        self.bindings.iter().find(|(bound, _)| *bound == key).map(|(_, action)| *action)
    }

    /// The keys of an action, the one to show first.
    pub fn keys(&self, action: Action) -> impl Iterator<Item = Key> {
        self.bindings.iter().filter(move |(_, bound)| *bound == action).map(|(key, _)| *key)
    }

    /// The key to show for an action; where it has none, how to reach it by name.
    pub fn hint(&self, action: Action) -> String {
        self.keys(action).next().map_or_else(|| format!(":{}", action.name()), |key| key.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_key_and_no_key_two_actions_in_any_preset() {
        for (name, ..) in PRESETS {
            let keymap = Keymap::preset(name).unwrap();
            for action in Action::ALL {
                assert!(keymap.keys(*action).next().is_some(), "{name}: {}", action.name());
            }
            for (i, (key, action)) in keymap.bindings.iter().enumerate() {
                let again = keymap.bindings[i + 1..].iter().find(|(other, _)| other == key);
                assert!(again.is_none(), "{name}: {key} means {} and {again:?}", action.name());
            }
        }
        assert_eq!(Keymap::preset("default").unwrap(), Keymap::default());
        let fault = Keymap::preset("nano").unwrap_err().to_string();
        assert_eq!(fault, "`nano` is no preset of keys: there are default, vim, arrows, emacs");
    }

    #[test]
    fn no_key_of_a_preset_is_missing_on_some_layouts() {
        for (name, ..) in PRESETS {
            for (key, action) in &Keymap::preset(name).unwrap().bindings {
                let character = key.to_string();
                let character = character.rsplit_once('-').map_or(character.as_str(), |(_, last)| last);
                assert!(character.is_empty() || !"[]{}\\`~^@|".contains(character), "{name}: {} is on {key}", action.name());
            }
        }
    }

    #[test]
    fn no_letter_moves_anything_with_arrows() {
        let keymap = Keymap::preset("arrows").unwrap();
        for letter in ["h", "j", "k", "l", "g", "G", "J", "K"] {
            assert_eq!(keymap.action(Key::parse(letter).unwrap()), None, "{letter}");
        }
    }

    #[test]
    fn keys_come_back_as_they_are_written() {
        for text in ["a", "G", "/", "ctrl-d", "alt-x", "enter", "shift-tab", "f12", "space", "-", "ctrl--", "pgdn"] {
            assert_eq!(Key::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "ctrl-", "f13", "return", "f0"] {
            assert!(Key::parse(text).is_err(), "{text:?}");
        }
        let shifted = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Key::of(&shifted), Key::parse("G").unwrap());
        let back = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(Key::of(&back), Key::parse("shift-tab").unwrap());
    }

    #[test]
    fn a_rebound_action_shows_its_new_key_and_the_old_owner_loses_it() {
        let mut keymap = Keymap::default();
        keymap.bind("quit", &["ctrl-q", "z"]).unwrap();
        assert_eq!(keymap.hint(Action::Quit), "ctrl-q");
        assert_eq!(keymap.action(Key::parse("q").unwrap()), None);
        assert_eq!(keymap.action(Key::parse("z").unwrap()), Some(Action::Quit));
        assert_eq!(keymap.hint(Action::Zoom), ":zoom");
        assert_eq!(keymap.bind("quti", &["q"]).unwrap_err().to_string(), "`quti` is no action: did you mean `quit`?");
        assert!(matches!(keymap.bind("quit", &["kwit"]), Err(BindFault::Key(_))));
        assert_eq!(keymap.hint(Action::Quit), "ctrl-q");
    }
}
