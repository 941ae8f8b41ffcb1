//! The only place where times, durations, ages, sizes and counts become text, and where text from outside is made safe to show.
//!
//! Everything that AWS, a plan or a person wrote passes [`clean`] before it reaches a cell: no control character, escape sequence,
//! invisible or direction-turning mark gets through. Widths are columns of a terminal, not bytes or characters. Knows no theme.

use chrono::{DateTime, TimeDelta, Utc};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What stands for cut text: one column.
pub const CUT: char = '…';

/// `03:04:12`. All times on screen are UTC.
pub fn time(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%S").to_string()
}

/// `2026-03-14 03:04:12`.
pub fn date_time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// `03:04:12`, with the date before it where it is not the day of `now`.
pub fn moment(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if at.date_naive() == now.date_naive() { time(at) } else { date_time(at) }
}

/// For a column of times: `03:04:12` today, `13 Mar 22:10` on another day, `2025-12-31` in another year. Cut short, the day is left.
pub fn brief(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    use chrono::Datelike;
    match (at.date_naive() == now.date_naive(), at.year() == now.year()) {
        (true, _) => time(at),
        (false, true) => at.format("%-d %b %H:%M").to_string(),
        (false, false) => at.format("%Y-%m-%d").to_string(),
    }
}

/// Two units at most: `42s`, `4m 12s`, `1h 04m`, `2d 03h`. Negative ones begin with `-`.
pub fn duration(delta: TimeDelta) -> String {
    let secs = delta.num_seconds();
    let sign = if secs < 0 { "-" } else { "" };
    let secs = secs.unsigned_abs();
    let (d, h, m, s) = (secs / 86_400, secs / 3600 % 24, secs / 60 % 60, secs % 60);
    match (d, h, m) {
        (0, 0, 0) => format!("{sign}{s}s"),
        (0, 0, _) => format!("{sign}{m}m {s:02}s"),
        (0, _, _) => format!("{sign}{h}h {m:02}m"),
        _ => format!("{sign}{d}d {h:02}h"),
    }
}

/// [`duration`] of a standard duration.
pub fn span(duration_std: std::time::Duration) -> String {
    duration(TimeDelta::from_std(duration_std).unwrap_or(TimeDelta::MAX))
}

/// An objective: `4h`, `1h 30m`, `45m`, `90s` — without empty units.
pub fn objective(duration_std: std::time::Duration) -> String {
    let secs = duration_std.as_secs();
    let (h, m, s) = (secs / 3600, secs / 60 % 60, secs % 60);
    match (h, m, s) {
        (0, 0, s) => format!("{s}s"),
        (0, m, 0) => format!("{m}m"),
        (0, m, s) => format!("{m}m {s:02}s"),
        (h, 0, _) => format!("{h}h"),
        (h, m, _) => format!("{h}h {m:02}m"),
    }
}

/// A running clock: `0:12:04`, `27:03:59`.
pub fn clock(delta: TimeDelta) -> String {
    let secs = delta.num_seconds();
    let sign = if secs < 0 { "-" } else { "" };
    let secs = secs.unsigned_abs();
    format!("{sign}{}:{:02}:{:02}", secs / 3600, secs / 60 % 60, secs % 60)
}

/// One unit: `4s`, `12m`, `3h`, `5d`. Negative ages are `0s`: a clock ahead of ours is no news.
pub fn age(delta: TimeDelta) -> String {
    let secs = delta.num_seconds().max(0);
    match secs {
        0..60 => format!("{secs}s"),
        60..3600 => format!("{}m", secs / 60),
        3600..172_800 => format!("{}h", secs / 3600),
        _ => format!("{}d", secs / 86_400),
    }
}

/// After how long the text of [`age`] changes next.
pub fn age_changes_in(delta: TimeDelta) -> TimeDelta {
    let millis = delta.num_milliseconds().max(0);
    let unit = match millis / 1000 {
        0..60 => 1000,
        60..3600 => 60_000,
        3600..172_800 => 3_600_000,
        _ => 86_400_000,
    };
    TimeDelta::milliseconds(unit - millis % unit)
}

/// `512 B`, `1.4 KiB`, `38 GiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 || value >= 99.95 { format!("{value:.0} {}", UNITS[unit]) } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// `1 step`, `3 steps`.
pub fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// A number of a metric: at most four significant digits, no trailing zeros.
pub fn number(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 100.0 || v == 0.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Simulated seconds in a real one: `×20`, `×0.5`.
pub fn speed(speed: f64) -> String {
    format!("×{}", number(speed))
}

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

fn columns(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// One line that is safe to show: escape sequences, control characters, invisible and direction-turning marks are gone; line
/// breaks and tabs are spaces.
pub fn clean(text: &str) -> String {
    clean_lines(text).replace('\n', " ")
}

/// As [`clean`], but line breaks stay.
pub fn clean_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_control_sequence(&mut chars),
            '\u{9d}' | '\u{90}' => skip_string(&mut chars),
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\n' => out.push('\n'),
            '\t' => out.push_str("    "),
            c if c.is_control() || is_invisible(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Marks that take no room but turn, join, hide or restyle what stands beside them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn skip_escape(chars: &mut Chars<'_>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            skip_control_sequence(chars);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            chars.next();
            skip_string(chars);
        }
        Some(c) if c.is_ascii_graphic() => {
            chars.next();
        }
        _ => {}
    }
}

fn skip_control_sequence(chars: &mut Chars<'_>) {
    while let Some(c) = chars.peek().copied() {
        if !(' '..='~').contains(&c) {
            return;
        }
        chars.next();
        if ('@'..='~').contains(&c) {
            return;
        }
    }
}

fn skip_string(chars: &mut Chars<'_>) {
    while let Some(c) = chars.next() {
        match c {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' if chars.peek() == Some(&'\\') => {
                chars.next();
                return;
            }
            _ => {}
        }
    }
}

/// At most `columns` wide; what does not fit is cut at the end and marked.
pub fn cut(text: &str, limit: usize) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    if limit == 0 {
        return String::new();
    }
    let mut out = take(text.chars(), limit - 1);
    // What ends in the mark already needs no second one.
    if !out.ends_with(CUT) {
        out.push(CUT);
    }
    out
}

/// At most `limit` columns wide; the middle is cut and marked, for what differs at its ends: ARNs, ids, paths.
pub fn middle(text: &str, limit: usize) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    if limit < 3 {
        return cut(text, limit);
    }
    let tail = (limit - 1) * 3 / 5;
    let head = take(text.chars(), limit - 1 - tail);
    let end: String = take(text.chars().rev(), tail).chars().rev().collect();
    format!("{head}{CUT}{end}")
}

fn take(chars: impl Iterator<Item = char>, limit: usize) -> String {
    let mut used = 0;
    chars
        .take_while(|c| {
            used += columns(*c);
            used <= limit
        })
        .collect()
}

/// Exactly `limit` columns wide: cut or filled with spaces, at the right or at the left.
pub fn fit(text: &str, limit: usize, right: bool) -> String {
    let text = cut(text, limit);
    let fill = " ".repeat(limit.saturating_sub(width(&text)));
    if right { fill + &text } else { text + &fill }
}

/// Lines at most `limit` columns wide, broken at spaces where there are any; line breaks of the text hold.
pub fn wrap(text: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(1);
    let mut lines = Vec::new();
    for line in text.split('\n') {
        wrap_line(line.trim_end(), limit, &mut lines);
    }
    lines
}

fn wrap_line(line: &str, limit: usize, lines: &mut Vec<String>) {
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    let indent = if indent.len() < limit / 2 { indent } else { String::new() };
    let mut current = indent.clone();
    let mut empty = true;
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        let gap = usize::from(!empty);
        if !empty && width(&current) + gap + word.width() > limit {
            lines.push(std::mem::replace(&mut current, indent.clone()));
            empty = true;
        }
        if !empty {
            current.push(' ');
        }
        for c in word.chars() {
            if width(&current) + columns(c) > limit && width(&current) > indent.len() {
                let rest = current.split_off(break_at(&current));
                lines.push(std::mem::replace(&mut current, indent.clone()));
                current.push_str(&rest);
            }
            current.push(c);
        }
        empty = false;
    }
    lines.push(if empty { String::new() } else { current });
}

/// Where a word that is too long for its line is broken: after the last sign between its parts, if that leaves most of the line filled.
fn break_at(line: &str) -> usize {
    let after = line.char_indices().rev().find(|(_, c)| "/:-_,=&?.".contains(*c)).map(|(at, c)| at + c.len_utf8());
    after.filter(|at| width(&line[..*at]) * 5 >= width(line) * 3).unwrap_or(line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(n: i64) -> TimeDelta {
        TimeDelta::seconds(n)
    }

    #[test]
    fn a_column_of_times_is_short_and_says_which_day() {
        let now: DateTime<Utc> = "2026-03-14T03:10:00Z".parse().unwrap();
        let at = |text: &str| brief(text.parse().unwrap(), now);
        assert_eq!(at("2026-03-14T02:59:07Z"), "02:59:07");
        assert_eq!(at("2026-03-09T22:10:59Z"), "9 Mar 22:10");
        assert_eq!(at("2025-12-31T23:59:59Z"), "2025-12-31");
        assert_eq!(cut(&at("2026-03-09T22:10:59Z"), 8), "9 Mar 2…");
    }

    #[test]
    fn durations_have_two_units_at_most() {
        for (n, text) in [
            (0, "0s"),
            (42, "42s"),
            (60, "1m 00s"),
            (252, "4m 12s"),
            (3840, "1h 04m"),
            (86_399, "23h 59m"),
            (183_600, "2d 03h"),
            (-75, "-1m 15s"),
        ] {
            assert_eq!(duration(secs(n)), text);
        }
        for (n, text) in [(0, "0:00:00"), (724, "0:12:04"), (97_439, "27:03:59"), (-5, "-0:00:05")] {
            assert_eq!(clock(secs(n)), text);
        }
        for (n, text) in [(-3, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (172_800, "2d")] {
            assert_eq!(age(secs(n)), text);
        }
        for (n, text) in [(90, "1m 30s"), (2700, "45m"), (14_400, "4h"), (5400, "1h 30m"), (30, "30s")] {
            assert_eq!(objective(std::time::Duration::from_secs(n)), text);
        }
    }

    #[test]
    fn an_age_says_when_it_changes_next() {
        assert_eq!(age_changes_in(TimeDelta::milliseconds(4300)), TimeDelta::milliseconds(700));
        assert_eq!(age_changes_in(secs(61)), secs(59));
        assert_eq!(age_changes_in(secs(-4)), secs(1));
    }

    #[test]
    fn a_time_of_another_day_carries_its_date() {
        let now: DateTime<Utc> = "2026-03-14T03:00:00Z".parse().unwrap();
        assert_eq!(moment(now, now), "03:00:00");
        assert_eq!(moment(now - secs(4 * 3600), now), "2026-03-13 23:00:00");
    }

    #[test]
    fn sizes_and_numbers_are_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_468_006, "1.4 MiB"),
            (1_048_575, "1.0 MiB"),
            (137_438_953_472, "128 GiB"),
            (u64::MAX, "16384 PiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
        for (value, text) in [(0.0, "0"), (0.4, "0.4"), (38.0, "38"), (4200.4, "4200"), (1.25, "1.25"), (0.03125, "0.0312")] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn hostile_text_loses_what_could_move_or_hide_other_text() {
        for (raw, shown) in [
            ("plain", "plain"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}]8;;http://evil\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{9b}2Jcleared", "cleared"),
            ("a\u{202e}gnp.exe", "agnp.exe"),
            ("zero\u{200b}width\u{feff}", "zerowidth"),
            ("bell\u{7}back\u{8}del\u{7f}", "bellbackdel"),
            ("two\r\nlines\tand tab", "two lines    and tab"),
            ("\u{1b}", ""),
            ("ends \u{1b}[", "ends "),
            ("heart \u{2764}\u{fe0f}", "heart \u{2764}"),
        ] {
            assert_eq!(clean(raw), shown, "{raw:?}");
        }
    }

    #[test]
    fn cutting_counts_columns() {
        for (text, limit, shown) in [
            ("orders", 6, "orders"),
            ("orders-table", 6, "order…"),
            ("日本語テキスト", 7, "日本語…"),
            ("日本語", 4, "日…"),
            ("x", 0, ""),
            ("abc", 1, "…"),
        ] {
            assert_eq!(cut(text, limit), shown);
            assert!(width(&cut(text, limit)) <= limit);
        }
        assert_eq!(fit("ab", 4, false), "ab  ");
        assert_eq!(fit("ab", 4, true), "  ab");
        assert_eq!(fit("日本語", 4, false), "日… ");
    }

    #[test]
    fn an_arn_is_cut_in_the_middle() {
        let arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
        assert_eq!(middle(arn, 30), "arn:aws:dyna…2223333:table/orders"[..].replace("2223333", "3333").as_str());
        assert_eq!(middle(arn, 200), arn);
        for limit in 0..60 {
            assert!(width(&middle(arn, limit)) <= limit);
        }
    }

    #[test]
    fn lines_break_at_spaces_and_long_words_are_broken_too() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("arn:aws:sts::4444:assumed-role/operator", 36), ["arn:aws:sts::4444:assumed-role/", "operator"]);
        assert_eq!(wrap("7f3c2d1e-0a9b-4c8d-9e7f-112233445566", 35), ["7f3c2d1e-0a9b-4c8d-9e7f-", "112233445566"]);
        assert_eq!(wrap("a\n\nb", 4), ["a", "", "b"]);
        assert_eq!(wrap("  indented text goes on", 12), ["  indented", "  text goes", "  on"]);
        assert_eq!(wrap("", 4), [""]);
        for limit in 0..9 {
            for line in wrap("日本語 text that wraps", limit) {
                assert!(width(&line) <= limit.max(2), "{limit} {line}");
            }
        }
    }
}
