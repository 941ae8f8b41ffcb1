//! Every theme at every size: the text is the same in all of them and kept once, the styles are kept as a digest a theme.
//!
//! `LIFEBOAT_PICTURES=FOLDER cargo test --test looks` writes each of these screens there as SVG and PNG, to be looked at.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of the test functions themselves")]

#[expect(dead_code, reason = "the tests of the screens use the rest of it")]
mod screens_world;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use chrono::TimeDelta;
use lifeboat::domain::{Elsewhere, Mode, Strength};
use lifeboat::store::State;
use lifeboat::ui::{BUILTIN, Theme, picture};
use ratatui::buffer::Buffer;
use resvg::{tiny_skia, usvg};
use screens_world::bench::*;
use screens_world::*;

const SIZES: [(u16, u16); 4] = [(60, 20), (80, 24), (120, 40), (200, 50)];

/// A screen: its name, the mode, the world, and the keys that lead there. What is in quotes is typed; `+60` lets a minute pass.
type Scene = (&'static str, Mode, fn(Mode) -> State, &'static [&'static str]);

fn prepared(mode: Mode) -> State {
    let mut state = restoring(mode);
    prepare(&mut state, 3, at(31, 0), preparation("assets", 1, Strength::Type { name: "eu-central-1".into() }));
    state
}

/// Two steps of one group, which others have begun as well; what AWS said of them holds for twelve seconds more.
fn offered(mode: Mode) -> State {
    offered_with(mode, true)
}

/// The same, and nobody has begun them.
fn grouped(mode: Mode) -> State {
    offered_with(mode, false)
}

fn offered_with(mode: Mode, begun: bool) -> State {
    let mut state = restoring(mode);
    let mut plan = plan();
    let ids = ["assets", "media"];
    plan.steps.iter_mut().filter(|step| ids.contains(&step.id.as_str())).for_each(|step| step.group = Some("data".into()));
    state.plan = Arc::new(plan);
    for (seq, id) in (3..).zip(ids) {
        let mut shown = preparation(id, if id == "media" { 2 } else { 1 }, Strength::Key);
        shown.valid_until = at(31, 52);
        let by_others = Elsewhere {
            kind: "restore job".into(),
            id: "7b1c9d3e-4f5a-4b6c-8d7e-9f0a1b2c3d4e".into(),
            site: shown.site.clone(),
            region: shown.region.clone(),
            about: "arn:aws:s3:::shop-assets".into(),
            status: "RUNNING".into(),
            began_at: Some(at(28, 5)),
            ended_at: None,
            by: Some("arn:aws:sts::444455556666:assumed-role/admin/ben".into()),
        };
        shown.elsewhere = begun.then_some(by_others).into_iter().collect();
        prepare(&mut state, seq, at(31, 30), shown);
    }
    state
}

const SCENES: [Scene; 23] = [
    ("start", Mode::Exercise, fresh, &[]),
    ("loading", Mode::Live, started, &["1"]),
    ("exercise", Mode::Exercise, restoring, &["5"]),
    ("live", Mode::Live, detected, &["1"]),
    ("health", Mode::Live, detected, &["2"]),
    ("points", Mode::Live, restoring, &["3 j l"]),
    ("timeline", Mode::Exercise, restoring, &["4"]),
    ("log", Mode::Live, restoring, &["6"]),
    ("detail", Mode::Live, detected, &["1 g j enter"]),
    ("failed", Mode::Live, restoring, &["5 :", "\"step media", "enter"]),
    ("confirm", Mode::Live, prepared, &["5 :", "\"step assets", "enter c"]),
    ("declare", Mode::Live, detected, &["D", "\"the Region is gone", "enter"]),
    ("expiring", Mode::Live, offered, &["5 :", "\"step assets", "enter c"]),
    ("expired", Mode::Live, offered, &["5 :", "\"step assets", "enter c", "+60"]),
    ("group", Mode::Live, grouped, &["5 :", "\"step assets", "enter &"]),
    ("edit", Mode::Live, offered, &["5 :", "\"step assets", "enter E"]),
    ("edit-value", Mode::Live, offered, &["5 :", "\"step assets", "enter E", "\"metadata encryptionType", "enter"]),
    ("point", Mode::Live, offered, &["5 :", "\"step assets", "enter V"]),
    ("adopt", Mode::Live, offered, &["5 :", "\"step assets", "enter U"]),
    ("adopt-yes", Mode::Live, offered, &["5 :", "\"step assets", "enter U enter"]),
    ("help", Mode::Exercise, restoring, &["?"]),
    ("palette", Mode::Live, detected, &[":", "\"orders"]),
    ("filter", Mode::Live, detected, &["1 m F /", "\"site:primary latency"]),
];

/// FNV-1a over the styles of all cells: any change of any cell's look changes it.
fn styles(buf: &Buffer) -> (String, usize) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for cell in buf.content() {
        let style = style_name(cell.fg, cell.bg, cell.modifier);
        for byte in style.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        *counts.entry(style).or_default() += 1;
    }
    (format!("{hash:016x}"), counts.len())
}

static OPTIONS: OnceLock<usvg::Options<'_>> = OnceLock::new();

/// Writes the screen as a picture, if somebody wants to look.
fn show(name: &str, theme: &str, buf: &Buffer) {
    let Some(folder) = std::env::var_os("LIFEBOAT_PICTURES").map(std::path::PathBuf::from) else { return };
    let svg = picture::svg(buf, &Theme::builtin(theme).unwrap());
    let file = format!("{name}-{}x{}-{theme}", buf.area.width, buf.area.height);
    std::fs::create_dir_all(&folder).unwrap();
    let options = OPTIONS.get_or_init(|| {
        let mut options = usvg::Options { font_family: "DejaVu Sans Mono".to_owned(), ..usvg::Options::default() };
        let fonts = options.fontdb_mut();
        for font in [dejavu::sans_mono::regular(), dejavu::sans_mono::bold(), dejavu::sans_mono::oblique()] {
            fonts.load_font_data(font.to_vec());
        }
        options
    });
    let tree = usvg::Tree::from_str(&svg, options).unwrap();
    let size = tree.size().to_int_size();
    let mut pixels = tiny_skia::Pixmap::new(size.width(), size.height()).unwrap();
    resvg::render(&tree, tiny_skia::Transform::identity(), &mut pixels.as_mut());
    pixels.save_png(folder.join(format!("{file}.png"))).unwrap();
    std::fs::write(folder.join(format!("{file}.svg")), svg).unwrap();
}

#[test]
fn every_theme_shows_the_same_words_at_every_size_in_styles_of_its_own() {
    let mut digests = String::new();
    for (width, height) in SIZES {
        for (name, mode, world, keys) in SCENES {
            let mut text: Option<String> = None;
            for (theme, _) in BUILTIN {
                let mut bench = Bench::themed(world(mode), at(31, 40), theme);
                for keys in keys {
                    match (keys.strip_prefix('"'), keys.strip_prefix('+')) {
                        (Some(typed), _) => drop(bench.text(typed)),
                        (None, Some(secs)) => bench.now += TimeDelta::seconds(secs.parse().unwrap()),
                        (None, None) => drop(bench.keys(keys)),
                    }
                }
                let shown = bench.shown(width, height);
                let buf = bench.buffer(width, height);
                show(name, theme, &buf);
                let (hash, count) = styles(&buf);
                digests.push_str(&format!("{name} {width}x{height} {theme}: {count} styles, {hash}\n"));
                assert!(count >= 2, "{theme} has lost its emphasis at {width}×{height}: {count} styles");
                let (is, is_not) = if mode == Mode::Live { ("LIVE", "EXERCISE") } else { ("EXERCISE", "LIVE") };
                let banner = shown.lines().next().unwrap_or_default();
                assert!(banner.contains(is) && !banner.contains(is_not), "{theme}: {banner}");
                assert_eq!(banner.contains('╱'), mode == Mode::Exercise, "hatched is an exercise: {banner}");
                let account = if shown.contains(" masked ") { "••••••••••••" } else { "444455556666" };
                assert!(shown.contains(account) && shown.contains("eu-central-1"), "{name} {theme} {width}×{height}:\n{shown}");
                assert!(text.as_ref().is_none_or(|text| *text == shown), "{theme} shows other words than the first theme");
                text = Some(shown);
            }
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), text.unwrap_or_default());
        }
    }
    insta::assert_snapshot!("styles", digests);
}
