//! Every theme at every size: the text is the same in all of them and kept once, the styles are kept as a digest a theme.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of the test functions themselves")]

#[expect(dead_code, reason = "the tests of the screens use the rest of it")]
mod screens_world;

use std::collections::BTreeMap;

use lifeboat::domain::Mode;
use lifeboat::ui::BUILTIN;
use screens_world::bench::*;
use screens_world::*;

const SIZES: [(u16, u16); 4] = [(60, 20), (80, 24), (120, 40), (200, 50)];

/// FNV-1a over the styles of all cells: any change of any cell's look changes it.
fn styles(buf: &ratatui::buffer::Buffer) -> (String, usize) {
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

#[test]
fn every_theme_shows_the_same_words_at_every_size_in_styles_of_its_own() {
    let mut digests = String::new();
    for (width, height) in SIZES {
        for (name, mode, keys) in [("exercise", Mode::Exercise, "5"), ("live", Mode::Live, "1"), ("confirm", Mode::Live, "5 c")] {
            let state = || if name == "live" { detected(mode) } else { restoring(mode) };
            let mut text: Option<String> = None;
            for (theme, _) in BUILTIN {
                let mut bench = Bench::themed(state(), at(31, 40), theme);
                bench.keys(keys);
                let shown = bench.shown(width, height);
                let (hash, count) = styles(&bench.buffer(width, height));
                digests.push_str(&format!("{name} {width}x{height} {theme}: {count} styles, {hash}\n"));
                assert!(count >= 3, "{theme} has lost its emphasis at {width}×{height}: {count} styles");
                let (is, is_not) = if mode == Mode::Live { ("LIVE", "EXERCISE") } else { ("EXERCISE", "LIVE") };
                let banner = shown.lines().next().unwrap_or_default();
                assert!(banner.contains(is) && !banner.contains(is_not), "{theme}: {banner}");
                assert_eq!(banner.contains('╱'), mode == Mode::Exercise, "hatched is an exercise: {banner}");
                assert!(shown.contains("444455556666") && shown.contains("eu-central-1"), "{theme} {width}×{height}:\n{shown}");
                assert!(text.as_ref().is_none_or(|text| *text == shown), "{theme} shows other words than the first theme");
                text = Some(shown);
            }
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), text.unwrap_or_default());
        }
    }
    insta::assert_snapshot!("styles", digests);
}
