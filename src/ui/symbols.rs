//! What a terminal can show: braille dots, blocks, or ASCII alone. A last pass over the drawn cells, so that nothing else has to care.
//!
//! Every symbol becomes one of the same width with the same meaning; what is lost is fineness, never a word. Knows no state.

use ratatui::buffer::Buffer;

/// Which symbols the terminal's font has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Symbols {
    /// All that are used: graphs in dots of braille.
    #[default]
    Braille,
    /// Graphs in quarter blocks, for fonts without braille, such as the Linux console's.
    Blocks,
    /// Nothing but ASCII, for serial lines and other character sets.
    Ascii,
}

impl Symbols {
    /// All by their names in the settings.
    pub const NAMED: [(&'static str, Self); 3] = [("braille", Self::Braille), ("blocks", Self::Blocks), ("ascii", Self::Ascii)];

    /// Those of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(known, _)| *known == name).map(|(_, symbols)| *symbols)
    }

    /// What a terminal of this `TERM` can show under this locale, as `LC_ALL`, `LC_CTYPE` or `LANG` has it; an unset locale is taken for
    /// one of today.
    pub fn of_terminal(term: &str, locale: Option<&str>) -> Self {
        let locale = locale.unwrap_or_default().to_ascii_uppercase();
        let utf8 = locale.is_empty() || locale.contains("UTF-8") || locale.contains("UTF8");
        match term {
            _ if !utf8 => Self::Ascii,
            "dumb" | "vt100" | "vt102" | "vt220" | "ansi" => Self::Ascii,
            "linux" => Self::Blocks,
            _ => Self::Braille,
        }
    }
}

/// Brings the cells down to what the terminal can show.
pub fn reduce(buf: &mut Buffer, symbols: Symbols) {
    if symbols == Symbols::Braille {
        return;
    }
    for cell in &mut buf.content {
        let mut chars = cell.symbol().chars();
        let (Some(c), None) = (chars.next(), chars.next()) else {
            if symbols == Symbols::Ascii && !cell.symbol().is_ascii() {
                cell.set_char('?');
            }
            continue;
        };
        let shown = match symbols {
            Symbols::Blocks => block(c),
            _ => ascii(c),
        };
        if shown != c {
            cell.set_char(shown);
        }
    }
}

/// A text as it can be shown, for lines that are no cells.
pub fn reduced(text: &str, symbols: Symbols) -> String {
    match symbols {
        Symbols::Braille => text.to_owned(),
        Symbols::Blocks => text.chars().map(block).collect(),
        Symbols::Ascii => text.chars().map(ascii).collect(),
    }
}

/// Which quarters of a cell the dots of a braille pattern lie in: upper left 1, upper right 2, lower left 4, lower right 8.
fn quarters(c: char) -> Option<usize> {
    let dots = u32::from(c).checked_sub(0x2800).filter(|dots| *dots < 0x100)?;
    let lies = |mask: u32, quarter: usize| if dots & mask > 0 { quarter } else { 0 };
    Some(lies(0x03, 1) | lies(0x18, 2) | lies(0x44, 4) | lies(0xa0, 8))
}

fn block(c: char) -> char {
    const QUARTERS: [char; 16] = [' ', '▘', '▝', '▀', '▖', '▌', '▞', '▛', '▗', '▚', '▐', '▜', '▄', '▙', '▟', '█'];
    quarters(c).map_or(c, |quarters| QUARTERS[quarters])
}

fn ascii(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    if let Some(quarters) = quarters(c) {
        return match (quarters & 3 > 0, quarters & 12 > 0) {
            (true, true) => ':',
            (true, false) => '\'',
            (false, true) => '.',
            (false, false) => ' ',
        };
    }
    match c {
        '✓' => '+',
        '✗' | '×' | '⊘' => 'x',
        '▲' => '^',
        '▼' | '▾' => 'v',
        '▸' | '▶' | '→' | '↷' => '>',
        '←' => '<',
        '↑' => '^',
        '↓' => 'v',
        '●' | '•' => '*',
        '◷' => '~',
        '◑' | '◐' => '%',
        '○' | '◌' => 'o',
        '…' | '·' => '.',
        '╱' => '/',
        '■' | '█' | '▉' | '▊' | '▋' => '#',
        '▌' | '▍' | '▎' | '▏' => '|',
        '░' => '.',
        '▒' => ':',
        '─' | '╌' | '—' | '–' => '-',
        '━' | '═' => '=',
        '│' | '┃' | '║' | '┊' | '╎' | '‖' => '|',
        '╂' | '┼' | '├' | '┤' | '╭' | '╮' | '╰' | '╯' | '┌' | '┐' | '└' | '┘' | '╔' | '╗' | '╚' | '╝' => {
            '+'
        }
        '≥' => '>',
        '≤' => '<',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_keep_their_place_in_the_cell() {
        for (braille, block_of, ascii_of) in
            [('⠁', '▘', '\''), ('⡀', '▖', '.'), ('⢸', '▐', ':'), ('⣿', '█', ':'), ('⠀', ' ', ' ')]
        {
            assert_eq!((block(braille), ascii(braille)), (block_of, ascii_of), "{braille}");
        }
    }

    #[test]
    fn the_terminal_tells_what_it_can_show() {
        assert_eq!(Symbols::of_terminal("xterm-256color", Some("de_DE.UTF-8")), Symbols::Braille);
        assert_eq!(Symbols::of_terminal("linux", Some("en_US.utf8")), Symbols::Blocks);
        assert_eq!(Symbols::of_terminal("xterm", Some("C")), Symbols::Ascii);
        assert_eq!(Symbols::of_terminal("vt220", Some("en_US.UTF-8")), Symbols::Ascii);
        assert_eq!(Symbols::of_terminal("tmux-256color", None), Symbols::Braille);
        for (name, symbols) in Symbols::NAMED {
            assert_eq!(Symbols::named(name), Some(symbols));
        }
    }
}
