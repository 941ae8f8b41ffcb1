//! The picture's colours and hatchings, on three papers and inside a page that chooses between two of them itself.

/// What the picture is shown on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Paper {
    /// A light screen.
    #[default]
    Light,
    /// A dark screen.
    Dark,
    /// White paper, told apart by shades of grey and hatchings alone.
    Print,
    /// A page whose style sheet has the colours as variables.
    Page,
}

/// A name for each colour, as classes of the picture and, with `--` before it, as variables of a page.
const NAMES: [&str; 11] = ["paper", "ink", "muted", "grid", "detect", "decide", "restore", "fail-over", "bad", "part", "on"];

impl Paper {
    /// The colours in the order of [`NAMES`].
    fn colours(self) -> [String; 11] {
        let colours = match self {
            Self::Light => LIGHT,
            Self::Dark => DARK,
            Self::Print => PRINT,
            Self::Page => return NAMES.map(|name| format!("var(--{name})")),
        };
        colours.map(str::to_owned)
    }
}

const LIGHT: [&str; 11] =
    ["#fbfbf8", "#1f2328", "#5b6470", "#dfe3e8", "#6d3bab", "#855300", "#0b57a4", "#17692c", "#b3201b", "#8fb3d9", "#ffffff"];
const DARK: [&str; 11] =
    ["#14181d", "#e6e9ed", "#9aa5b1", "#2b333c", "#c09af0", "#e0a33e", "#6cb0f5", "#6cc981", "#ff7b72", "#34577c", "#0b0f14"];
const PRINT: [&str; 11] =
    ["#ffffff", "#000000", "#333333", "#cccccc", "#d9d9d9", "#b0b0b0", "#6e6e6e", "#3c3c3c", "#000000", "#c4c4c4", "#000000"];

/// The variables of a page for light and dark screens, as declarations of CSS.
pub(super) fn variables(paper: Paper) -> String {
    NAMES.iter().zip(paper.colours()).map(|(name, colour)| format!("--{name}:{colour};")).collect()
}

/// The style sheet and the hatchings.
pub(super) fn style(paper: Paper) -> String {
    let [base, ink, muted, grid, detect, decide, restore, fail_over, bad, part, on] = paper.colours();
    // In print two of the bars are light and two are dark.
    let on_dark = if paper == Paper::Print { ".timeline text.restore,.timeline text.fail-over{fill:#ffffff}" } else { "" };
    let hatch = |id: &str, d: &str, colour: &str| {
        format!(
            "<pattern id=\"{id}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><path d=\"{d}\" fill=\"none\" \
             style=\"stroke:{colour}\"/></pattern>"
        )
    };
    let (rising, falling) = ("M-1 7L7 -1M-1 1L1 -1M5 7L7 5", "M-1 -1L7 7M5 -1L7 1M-1 5L1 7");
    format!(
        "<style>.timeline text{{font-size:11px;font-family:system-ui,sans-serif;fill:{ink}}}.timeline .paper{{fill:{base}}}\
         .timeline text.title{{font-size:15px;font-weight:bold}}.timeline text.strong{{font-weight:bold}}\
         .timeline text.muted{{fill:{muted}}}.timeline text.on{{fill:{on}}}{on_dark}\
         .timeline .grid{{stroke:{grid};fill:none}}.timeline rect.detect{{fill:{detect}}}.timeline rect.decide{{fill:{decide}}}\
         .timeline rect.restore{{fill:{restore}}}.timeline rect.fail-over{{fill:{fail_over}}}.timeline rect.part{{fill:{part}}}\
         .timeline rect.wait{{fill:url(#wait);stroke:{muted}}}.timeline rect.retry{{fill:url(#retry);stroke:{bad}}}\
         .timeline rect.call{{fill:{base};stroke:{muted}}}.timeline rect.failed{{fill:{base};stroke:{bad};stroke-width:2}}\
         .timeline rect.tail{{fill:none;stroke:{fail_over}}}.timeline rect.seen{{fill:none;stroke:{muted};stroke-dasharray:2 2}}\
         .timeline rect.forecast{{fill:none;stroke:{ink};stroke-dasharray:4 3}}\
         .timeline path.cross{{stroke:{bad};stroke-width:2;fill:none}}\
         .timeline path.rto{{stroke:{bad};stroke-width:2;stroke-dasharray:7 4;fill:none}}.timeline text.rto{{fill:{bad};font-weight:bold}}\
         .timeline path.now{{stroke:{ink};fill:none}}.timeline path.expected{{stroke:{muted};stroke-dasharray:2 3;fill:none}}</style>\n\
         <defs>{}{}</defs>\n",
        hatch("wait", rising, &muted),
        hatch("retry", falling, &bad)
    )
}
