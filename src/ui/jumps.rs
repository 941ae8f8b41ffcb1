//! Where the cursor was before it jumped, back and forward.

use super::Pane;

/// How many places are remembered.
const MOST: usize = 100;

/// A place: a pane and what was chosen in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The pane.
    pub pane: Pane,
    /// The chosen row's key, or the step; `None` where nothing was chosen.
    pub row: Option<String>,
}

/// The places.
#[derive(Debug, Clone, Default)]
pub(super) struct Jumps {
    back: Vec<Place>,
    forward: Vec<Place>,
}

impl Jumps {
    /// A jump away from here; what was forward is forgotten.
    pub(super) fn leave(&mut self, here: Place) {
        self.forward.clear();
        if self.back.last() != Some(&here) {
            self.back.push(here);
        }
        if self.back.len() > MOST {
            self.back.remove(0);
        }
    }

    /// The place before this one.
    pub(super) fn back(&mut self, here: Place) -> Option<Place> {
        let to = self.back.pop()?;
        self.forward.push(here);
        Some(to)
    }

    /// The place that [`Jumps::back`] left.
    pub(super) fn forward(&mut self, here: Place) -> Option<Place> {
        let to = self.forward.pop()?;
        self.back.push(here);
        Some(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(pane: Pane) -> Place {
        Place { pane, row: None }
    }

    #[test]
    fn back_and_forward_go_the_same_way() {
        let mut jumps = Jumps::default();
        assert_eq!(jumps.back(place(Pane::Wizard)), None);
        jumps.leave(place(Pane::Wizard));
        jumps.leave(place(Pane::Alarms));
        assert_eq!(jumps.back(place(Pane::Log)), Some(place(Pane::Alarms)));
        assert_eq!(jumps.back(place(Pane::Alarms)), Some(place(Pane::Wizard)));
        assert_eq!(jumps.forward(place(Pane::Wizard)), Some(place(Pane::Alarms)));
        jumps.leave(place(Pane::Alarms));
        assert_eq!(jumps.forward(place(Pane::Health)), None);
    }

    #[test]
    fn only_so_many_places_are_remembered() {
        let mut jumps = Jumps::default();
        for i in 0..300 {
            jumps.leave(Place { pane: Pane::Log, row: Some(i.to_string()) });
        }
        assert_eq!(jumps.back.len(), MOST);
    }
}
