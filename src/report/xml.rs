//! Text in XML and HTML: whatever AWS or a person wrote stays text.

/// Escapes a text for elements and quoted attributes. Characters that XML forbids, or that turn the direction of what follows
/// around, become U+FFFD.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || is_misleading(c) => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}

/// Noncharacters, and marks that change the order in which text is shown.
fn is_misleading(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_xml_reads_or_forbids_gets_through() {
        assert_eq!(
            escaped("<a b='c' d=\"e\">&\u{0}\u{1b}[2J\u{202e}x\n"),
            format!("&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;{0}{0}[2J{0}x\n", '\u{fffd}')
        );
    }
}
