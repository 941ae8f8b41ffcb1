//! The panes: what each shows of the state, and how. Each reads the state and owns at most its cursor and scroll.

mod alarms;
mod backups;
mod frame;
mod header;
mod health;
mod listing;
mod log;
mod recovery_points;
mod start;
mod timeline;
mod wizard;
mod wizard_text;

pub use alarms::find as alarm_of;
pub use frame::{Head, draw_head, heard_runs};
pub use header::{draw_banner, draw_header};
pub use listing::{Heard, Listing, Trouble, detail, draw_listing, head_of, heard, listing};
pub use start::draw_start;
pub use timeline::{draw_timeline, timeline_copies, timeline_head};
pub use wizard::{Offer, WizardView, draw_wizard, offers, undo_of, wizard_head};
pub use wizard_text::{call_of, command_of, preparation_text, step_text};

use chrono::{DateTime, Utc};

use std::sync::Arc;

use super::ledger::{Ledger, Ledgers};
use super::{Action, Keymap, Theme};
use crate::store::State;

/// What everything is drawn from.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The state.
    pub state: &'a State,
    /// The time of the frame: every pane agrees on it.
    pub now: DateTime<Utc>,
    /// The roles' styles.
    pub theme: &'a Theme,
    /// The keys to name.
    pub keymap: &'a Keymap,
    /// Identifiers are masked on this screen.
    pub masked: bool,
    /// What was reckoned of this state and time already.
    pub ledgers: &'a Ledgers,
}

impl Look<'_> {
    /// The incident as time spent.
    pub fn ledger(&self) -> Arc<Ledger> {
        self.ledgers.of(self.state, self.now)
    }

    /// The key to show for an action.
    pub fn key(&self, action: Action) -> String {
        self.keymap.hint(action)
    }
}
