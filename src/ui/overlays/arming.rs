//! When a key counts as a yes: not by reflex, not held down, not typed ahead.
//!
//! Most terminals send auto-repeat as ordinary key presses, so the kind of a key event says nothing. What does: a dialog is armed
//! only some time after it was seen, keys that come before are dropped and start that time anew, and a yes must follow a pause.

use std::time::Duration;

use super::Press;

/// How long after it opened, or after an early key, a dialog is armed.
pub const ARM_AFTER: Duration = Duration::from_millis(700);
/// The pause that a yes must follow.
pub const QUIET: Duration = Duration::from_millis(300);
/// Within this time the same key again is the same key still held down: keyboards wait up to a second before they repeat.
const HELD: Duration = Duration::from_millis(1200);

/// Whether a dialog may be answered yet.
#[derive(Debug, Clone, Copy, Default)]
pub struct Arming {
    since: Option<Duration>,
}

impl Arming {
    /// A dialog that opens now.
    pub fn at(now: Duration) -> Self {
        Self { since: Some(now) }
    }

    /// A dialog that opened when no key was pressed: its time begins with the first key, which is dropped.
    pub fn unseen() -> Self {
        Self { since: None }
    }

    /// Does the key count? One that does not starts the time anew.
    pub fn takes(&mut self, press: &Press) -> bool {
        let armed = self.since.is_some_and(|since| press.at.saturating_sub(since) >= ARM_AFTER);
        let after = |limit: Duration, at: Duration| press.at.saturating_sub(at) >= limit;
        let deliberate = press.before.is_none_or(|(key, at)| after(if key == press.key { HELD } else { QUIET }, at));
        if armed && deliberate && !press.repeat {
            return true;
        }
        if !armed || press.repeat {
            self.since = Some(press.at);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::Key;

    fn press(key: &str, at: u64, before: Option<(&str, u64)>) -> Press {
        let key_of = |text: &str| Key::parse(text).unwrap();
        let before = before.map(|(key, at)| (key_of(key), Duration::from_millis(at)));
        Press { key: key_of(key), at: Duration::from_millis(at), repeat: false, before }
    }

    #[test]
    fn a_key_counts_only_after_the_dialog_was_there_for_a_while() {
        let mut arming = Arming::at(Duration::from_millis(1000));
        assert!(!arming.takes(&press("y", 1500, Some(("c", 1000)))));
        assert!(!arming.takes(&press("y", 1900, Some(("j", 1000)))), "the early key starts the time anew");
        assert!(arming.takes(&press("y", 2700, Some(("j", 1900)))));
    }

    #[test]
    fn a_key_held_down_never_counts_however_long() {
        for (delay, every) in [(250, 30), (660, 33), (1000, 50)] {
            let mut arming = Arming::at(Duration::from_millis(100));
            let mut last = 0;
            let mut at = delay;
            for _ in 0..500 {
                assert!(!arming.takes(&press("y", at, Some(("y", last)))), "delay {delay}, at {at}");
                last = at;
                at += every;
            }
        }
    }

    #[test]
    fn a_dialog_that_opened_by_itself_drops_its_first_key() {
        let mut arming = Arming::unseen();
        assert!(!arming.takes(&press("y", 90_000, None)));
        assert!(arming.takes(&press("y", 91_300, Some(("y", 90_000)))));
    }

    #[test]
    fn a_repeat_that_the_terminal_names_never_counts() {
        let mut arming = Arming::at(Duration::ZERO);
        let repeat = Press { repeat: true, ..press("y", 5000, None) };
        assert!(!arming.takes(&repeat));
    }
}
