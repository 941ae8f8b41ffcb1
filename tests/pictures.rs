//! The pictures of the documents are what the program draws: rendered from a screen buffer, and checked to be current.
//!
//! `LIFEBOAT_WRITE_PICTURES=1 cargo test --test pictures` writes them anew.

#![expect(clippy::unwrap_used, reason = "a test says by a panic what is wrong")]

#[expect(dead_code, reason = "the tests of the screens use the rest of it")]
mod screens_world;

use std::path::Path;

use lifeboat::domain::Mode;
use lifeboat::store::State;
use lifeboat::ui::{App, Keymap, Theme, picture};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use screens_world::{at, detected, restoring};

fn is_current(name: &str, state: &State, minute: u32, theme: &str, width: u16, height: u16) {
    let theme = Theme::builtin(theme).unwrap();
    let mut app = App::new(theme.clone(), Keymap::default());
    app.on_state(state);
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    app.draw(state, at(minute, 40), area, &mut buffer);
    let drawn = picture::svg(&buffer, &theme);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/pictures").join(name);
    if std::env::var_os("LIFEBOAT_WRITE_PICTURES").is_some() {
        std::fs::write(&path, &drawn).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == drawn, "assets/pictures/{name} is not what the program draws now: see the head of this file");
}

#[test]
fn the_console_in_an_exercise() {
    is_current("exercise.svg", &restoring(Mode::Exercise), 31, "dark", 160, 44);
}

#[test]
fn the_console_live_in_a_light_theme() {
    is_current("live.svg", &detected(Mode::Live), 11, "light", 120, 36);
}
