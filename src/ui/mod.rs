//! The screen: keys and terminal events in, requests out, and a picture of the state.
//!
//! It reads [`crate::store::State`] and keeps only what is its own: where the cursor is, what is scrolled, filtered and open.
//! Drawing is pure: the same state, view and time give the same cells. No clock, no I/O (but for [`terminal`], the guard), no AWS.
//!
//! An [`Action`] is what a key means. A [`Request`] is what the console is asked to do. Between an action that would change AWS
//! and its request stands always a dialog in [`overlays`], which no reflex, held key or pasted text can answer.

mod act;
mod action;
mod app;
pub mod cast;
mod commands;
mod draw;
pub mod facilitator;
pub mod format;
mod instructions;
mod jumps;
mod keymap;
mod layout;
mod ledger;
mod links;
mod lists;
mod loss;
mod mask;
pub mod overlays;
pub mod panes;
pub mod picture;
pub mod plain;
mod ready;
mod remedy;
mod request;
mod seen;
mod symbols;
pub mod terminal;
mod theme;
mod together;
mod view;
mod widgets;
mod words;

pub use action::Action;
pub use app::App;
pub use keymap::{BindFault, Key, KeyFault, Keymap, PRESETS, PresetFault};
pub use layout::{LEAST, Pane, Splits};
pub use ledger::{Bar, Forecast, Ledger, StepBar};
pub use loss::{Loss, losses, worst};
pub use request::{Request, Seek};
pub use seen::{covered, seen, weighed};
pub use symbols::Symbols;
pub use terminal::{OpenTerminal, Screen};
pub use theme::{BUILTIN, Depth, Role, Theme, ThemeFault, nominal};
pub use words::sentence;
