//! The findings as text and as JSON.

use super::{Finding, State};

/// One line a finding, grouped by what it is about, and a last line that sums up.
pub fn text(findings: &[Finding]) -> String {
    let mut out = String::new();
    let mut of = "";
    for finding in findings {
        if finding.of != of {
            of = &finding.of;
            out.push_str(&format!("{of}\n"));
        }
        let glyph = match finding.state {
            State::Well => "✓",
            State::Doubtful => "!",
            State::Broken => "✗",
        };
        let region = finding.control_plane.as_ref().map(|region| format!(" [{region}]")).unwrap_or_default();
        out.push_str(&format!("  {glyph} {}{region}: {}\n", clean(&finding.what), clean(&finding.seen)));
        if let Some(fix) = &finding.fix {
            out.push_str(&format!("      → {}\n", clean(fix)));
        }
    }
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    let (well, doubtful, broken) = (count(State::Well), count(State::Doubtful), count(State::Broken));
    out.push_str(&format!(
        "{well} well, {doubtful} doubtful, {broken} broken; in brackets the Region whose control plane answers\n"
    ));
    out
}

/// A JSON array with an object a finding.
///
/// # Errors
/// None that findings can cause.
pub fn json(findings: &[Finding]) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(findings).map(|text| text + "\n")
}

/// What AWS and the network say is shown without what a terminal would obey.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
