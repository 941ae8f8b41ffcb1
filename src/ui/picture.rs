//! A screen as a picture: the cells of a buffer as SVG, for documents and reports. The same cells give the same bytes.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::{Theme, format, nominal};

/// Width and height of a cell, and the size of its type, in pixels.
const CELL: (f64, f64, f64) = (8.4, 18.0, 14.0);
const MARGIN: f64 = 12.0;

/// The buffer as an SVG document on the background that the theme is made for.
pub fn svg(buf: &Buffer, theme: &Theme) -> String {
    let (columns, rows) = (buf.area.width, buf.area.height);
    let (width, height) = (f64::from(columns) * CELL.0 + 2.0 * MARGIN, f64::from(rows) * CELL.1 + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" width=\"{width:.0}\" height=\"{height:.0}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{}\"/>\n\
         <g font-family=\"'DejaVu Sans Mono','Cascadia Mono',Menlo,Consolas,monospace\" font-size=\"{}\" xml:space=\"preserve\">\n",
        hex(theme.background),
        CELL.2
    );
    for y in 0..rows {
        draw_row(buf, y, theme, &mut out);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

#[derive(Debug, Clone, PartialEq)]
struct Look {
    fg: (u8, u8, u8),
    bg: (u8, u8, u8),
    modifiers: Modifier,
}

fn look(cell: &Cell, theme: &Theme) -> Look {
    let rgb = |colour: Color, default| nominal(colour).unwrap_or(default);
    let (mut fg, mut bg) = (rgb(cell.fg, theme.foreground), rgb(cell.bg, theme.background));
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut fg, &mut bg);
    }
    Look { fg, bg, modifiers: cell.modifier }
}

/// Fields of one background, each in one piece: no seams between the words on it.
fn draw_grounds(buf: &Buffer, y: u16, theme: &Theme, out: &mut String) {
    let ground = |x: u16| look(&buf[(buf.area.x + x, buf.area.y + y)], theme).bg;
    let mut x = 0;
    while x < buf.area.width {
        let (start, bg) = (x, ground(x));
        while x < buf.area.width && ground(x) == bg {
            x += 1;
        }
        if bg != theme.background {
            let (left, top) = (MARGIN + f64::from(start) * CELL.0, MARGIN + f64::from(y) * CELL.1);
            let width = f64::from(x - start) * CELL.0;
            // Writing to a String cannot fail.
            let _ = writeln!(
                out,
                "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{}\" fill=\"{}\"/>",
                CELL.1,
                hex(bg)
            );
        }
    }
}

fn draw_row(buf: &Buffer, y: u16, theme: &Theme, out: &mut String) {
    draw_grounds(buf, y, theme, out);
    let mut x = 0;
    while x < buf.area.width {
        let cell = &buf[(buf.area.x + x, buf.area.y + y)];
        let style = look(cell, theme);
        let (start, mut text) = (x, String::new());
        while x < buf.area.width {
            let cell = &buf[(buf.area.x + x, buf.area.y + y)];
            if look(cell, theme) != style {
                break;
            }
            text.push_str(cell.symbol());
            x += u16::try_from(format::width(cell.symbol())).unwrap_or(1).max(1);
        }
        draw_run(start, y, &text, &style, out);
    }
}

fn draw_run(x: u16, y: u16, text: &str, style: &Look, out: &mut String) {
    let (left, top) = (MARGIN + f64::from(x) * CELL.0, MARGIN + f64::from(y) * CELL.1);
    let mut column = 0;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let drawn = shape(first).is_some();
        let end = rest.find(|c| shape(c).is_some() != drawn).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        let x = left + f64::from(u16::try_from(column).unwrap_or(0)) * CELL.0;
        if drawn {
            draw_shapes(x, top, piece, style, out)
        } else {
            draw_text(x, top, piece, style, out)
        }
        column += format::width(piece);
        rest = after;
    }
}

/// Parts of a cell, as shares of its width and height: left, top, width, height; and how strong they are.
type Shape = (Vec<[f64; 4]>, f64);

/// Blocks and braille are drawn, so that bars and graphs have no gaps and need no font.
fn shape(c: char) -> Option<Shape> {
    let code = u32::from(c);
    match c {
        '█' => Some((vec![[0.0, 0.0, 1.0, 1.0]], 1.0)),
        '░' => Some((vec![[0.0, 0.0, 1.0, 1.0]], 0.45)),
        '▉'..='▏' => Some((vec![[0.0, 0.0, f64::from(0x2590 - code) / 8.0, 1.0]], 1.0)),
        '\u{2801}'..='\u{28ff}' => {
            const ROWS: [(u32, usize, usize); 8] =
                [(0x01, 0, 0), (0x02, 0, 1), (0x04, 0, 2), (0x40, 0, 3), (0x08, 1, 0), (0x10, 1, 1), (0x20, 1, 2), (0x80, 1, 3)];
            let dots = ROWS.iter().filter(|(bit, ..)| (code - 0x2800) & bit != 0);
            Some((dots.map(|(_, x, y)| [*x as f64 * 0.5 + 0.1, *y as f64 * 0.25 + 0.06, 0.3, 0.14]).collect(), 1.0))
        }
        _ => None,
    }
}

fn draw_shapes(left: f64, top: f64, text: &str, style: &Look, out: &mut String) {
    let fill = hex(style.fg);
    let mut rest = text;
    let mut x = left;
    while let Some((c, (parts, strength))) = rest.chars().next().and_then(|c| shape(c).map(|drawn| (c, drawn))) {
        // A row of whole blocks is one piece: no seams.
        let whole = parts == [[0.0, 0.0, 1.0, 1.0]];
        let same = rest.chars().take_while(|other| *other == c).count();
        let count = if whole { same } else { 1 };
        for [px, py, pw, ph] in parts {
            let (width, height) = ((pw + (count - 1) as f64) * CELL.0, ph * CELL.1);
            let (x, y) = (x + px * CELL.0, top + py * CELL.1);
            let _ = writeln!(
                out,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\" opacity=\"{strength}\"/>"
            );
        }
        x += count as f64 * CELL.0;
        rest = &rest[count * c.len_utf8()..];
    }
}

fn draw_text(left: f64, top: f64, text: &str, style: &Look, out: &mut String) {
    let lead = text.chars().take_while(|c| *c == ' ').count();
    let shown = text.trim();
    if shown.is_empty() {
        return;
    }
    let (left, width) = (left + lead as f64 * CELL.0, format::width(shown) as f64 * CELL.0);
    let mut attributes = String::new();
    for (modifier, attribute) in [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::ITALIC, " font-style=\"italic\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
        (Modifier::DIM, " opacity=\"0.7\""),
    ] {
        if style.modifiers.contains(modifier) {
            attributes.push_str(attribute);
        }
    }
    let baseline = top + CELL.1 * 0.75;
    let _ = writeln!(
        out,
        "<text x=\"{left:.1}\" y=\"{baseline:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" \
         fill=\"{}\"{attributes}>{}</text>",
        hex(style.fg),
        escaped(shown)
    );
}

fn hex((r, g, b): (u8, u8, u8)) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Safe between tags. Spaces are no-break ones, because renderers fold runs of the common kind.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace(' ', "\u{a0}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn runs_of_one_style_are_one_text_and_markup_is_escaped() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 12, 2));
        buf.set_string(0, 0, "a<b & c", Style::new());
        buf.set_string(2, 1, "日本", Style::new().bg(Color::Red));
        let svg = svg(&buf, &Theme::mono());
        assert_eq!(svg.matches("<text").count(), 2);
        assert!(svg.contains(">a&lt;b\u{a0}&amp;\u{a0}c</text>"));
        assert!(svg.contains("fill=\"#cd0000\""));
        assert!(svg.contains(">日本</text>"));
    }

    #[test]
    fn bars_and_graphs_are_drawn_and_need_no_font() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 12, 1));
        buf.set_string(0, 0, "ab█▌░⠁ c", Style::new());
        let svg = svg(&buf, &Theme::mono());
        assert_eq!(svg.matches("<text").count(), 2);
        assert_eq!(svg.matches("opacity=").count(), 4);
        assert!(svg.contains("width=\"4.2\""));
    }
}
