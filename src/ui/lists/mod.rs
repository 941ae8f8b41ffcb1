//! The lists that may be very long, as the screen goes through them: in their order, filtered, and one row made at a time.
//!
//! Changed only by [`Lists::keep_up`], which takes in what changed since and works on for at most a turn; drawing reads. Knows rows and
//! orders; what a row looks like, the panes say.

mod alarms;
mod index;
mod order;
mod points;

pub use alarms::{AlarmList, SORTS, named_in};
pub use index::TURN;
pub use points::{PointList, name_of};

use super::Pane;
use super::widgets::ListView;
use crate::store::State;

/// The long lists of a screen.
#[derive(Debug, Clone, Default)]
pub struct Lists {
    /// The alarms of all sites.
    pub alarms: AlarmList,
    /// The resources beside the plan's that have recovery points.
    pub points: PointList,
}

impl Lists {
    /// Takes in what changed and what is wanted, and works on for a turn; `true` if there is more to do.
    pub fn keep_up(&mut self, state: &State, views: &[ListView]) -> bool {
        let view = |pane: Pane| views.get(pane.digit() - 1);
        let alarms = view(Pane::Alarms).is_some_and(|view| self.alarms.keep_up(state, view, TURN));
        let points = view(Pane::RecoveryPoints).is_some_and(|view| self.points.keep_up(state, view, TURN));
        alarms || points
    }

    /// Everything at once: for who has no frames to draw.
    pub fn of(state: &State) -> Self {
        let (mut lists, views) = (Self::default(), <[ListView; 6]>::default());
        while lists.keep_up(state, &views) {}
        lists
    }
}
