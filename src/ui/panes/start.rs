//! The card before an exercise: what this is, that nothing is at risk, and the three keys that matter.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Look;
use crate::ui::widgets::{Doc, fill, scroll_lines};
use crate::ui::{Action, Role, format};

/// Draws the card in the middle of the area.
pub fn draw_start(look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    let Some(exercise) = &look.state.exercise else { return };
    if area.is_empty() {
        return;
    }
    fill(buf, area, " ", look.theme.ground());
    let width = area.width.min(76).saturating_sub(4);
    let lines = text(look, exercise.title.as_str(), &exercise.goals).lines(usize::from(width));
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height);
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    scroll_lines(&lines, &mut 0, place, buf, look.theme);
}

fn text(look: &Look<'_>, title: &str, goals: &[String]) -> Doc {
    let state = look.state;
    let objectives = state.plan.objectives;
    let mut doc = Doc::new();
    doc.text(Role::Accent, title).gap();
    doc.text(
        Role::Ok,
        "✓ This is an exercise on a simulated AWS. No account is at risk: nothing you do here can reach a real one.",
    );
    doc.gap();
    let (rto, rpo) = (format::objective(objectives.rto), format::objective(objectives.rpo));
    doc.field("workload", Role::Text, &state.plan.title);
    doc.field("objectives", Role::Text, &format!("recovered within {rto} (RTO), at most {rpo} of data lost (RPO)"));
    if let Some(exercise) = &state.exercise {
        let speed = format!("{} as fast as real time; {} pauses", format::speed(exercise.speed), look.key(Action::PauseClock));
        doc.field("clock", Role::Text, &format!("begins at {} UTC, {speed}", format::date_time(look.now)));
    }
    if !goals.is_empty() {
        doc.gap().text(Role::Heading, "What to practise");
        for goal in goals {
            doc.item("·", Role::Accent, Role::Text, goal);
        }
    }
    doc.gap();
    doc.line(vec![
        (format!(" {} ", look.key(Action::StartExercise)), Role::Selection),
        (" start the exercise    ".to_owned(), Role::Text),
        (format!(" {} ", look.key(Action::Help)), Role::Key),
        ("keys    ".to_owned(), Role::Text),
        (format!(" {} ", look.key(Action::Quit)), Role::Key),
        ("quit".to_owned(), Role::Text),
    ]);
    doc.gap();
    doc.text(
        Role::Muted,
        "lifeboat brings a workload on AWS back from backups, one confirmed step at a time, and keeps the record. For a real one: \
         `lifeboat live --plan FILE`; with --read-only it cannot change anything.",
    );
    doc
}
