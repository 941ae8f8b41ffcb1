//! A replay as an asciicast: every event's frame, in the incident's own order, at a speed, with long pauses cut short.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Replay;
use crate::ui::cast::Cast;
use crate::ui::{App, Seek};

/// What a cast is made like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CastSetting {
    /// Columns and rows.
    pub size: (u16, u16),
    /// Seconds of the incident in one of the cast.
    pub speed: f64,
    /// The longest pause between two frames, in milliseconds of the cast.
    pub longest_pause_ms: u64,
}

/// Plays a replay from its first event to its last into a cast.
///
/// # Errors
/// None in practice: it is written to memory.
pub fn cast(replay: &mut Replay, app: &mut App, setting: CastSetting) -> std::io::Result<String> {
    let area = Rect::new(0, 0, setting.size.0, setting.size.1);
    let first = replay.time_of(1).unwrap_or_default();
    let title = format!("REPLAY of {}", replay.state().incident.id());
    let mut cast = Cast::new(setting.size.0, setting.size.1, &title, first);
    let (mut at_ms, mut before) = (0_u64, first);
    for number in 1..=replay.len() {
        let time = replay.time_of(number).unwrap_or(before);
        // Events of one moment are one frame.
        if number < replay.len() && replay.time_of(number + 1) == Some(time) {
            continue;
        }
        replay.seek(Seek::At(time));
        app.on_state(replay.state());
        at_ms += pause_ms((time - before).num_milliseconds(), setting);
        before = time;
        let mut buffer = Buffer::empty(area);
        app.draw(replay.state(), time, area, &mut buffer);
        cast.frame(at_ms, buffer)?;
    }
    Ok(cast.finish())
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "milliseconds of a film"
)]
fn pause_ms(real_ms: i64, setting: CastSetting) -> u64 {
    let scaled = (real_ms.max(0) as f64 / setting.speed.max(0.01)) as u64;
    scaled.min(setting.longest_pause_ms)
}
