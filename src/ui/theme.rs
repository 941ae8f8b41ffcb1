//! Roles instead of colours: a theme is a TOML file that gives every role a style.
//!
//! Nothing else in the screen names a colour. State is never told by colour alone, so a theme without any colour loses nothing
//! but beauty. Knows no state and no layout.

use std::collections::{BTreeMap, BTreeSet};

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

macro_rules! roles {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What a piece of the screen means.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Role {
            $($(#[$doc])* $variant,)*
        }

        impl Role {
            /// All, in the order of the file.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in theme files.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

roles! {
    /// Plain text.
    Text = "text",
    /// What may be overlooked.
    Muted = "muted",
    /// Titles and column heads.
    Heading = "heading",
    /// What the eye should find first.
    Accent = "accent",
    /// The chosen row.
    Selection = "selection",
    /// Rules between panes.
    Border = "border",
    /// The rule of the pane that has the keys.
    BorderFocused = "border-focused",
    /// The banner of a real incident.
    LiveBanner = "live-banner",
    /// The banner of an exercise.
    ExerciseBanner = "exercise-banner",
    /// As it should be.
    Ok = "ok",
    /// A person should know.
    Warn = "warn",
    /// Broken.
    Bad = "bad",
    /// Not known, which is no all-clear.
    Unknown = "unknown",
    /// Known once, too long ago.
    Stale = "stale",
    /// At work.
    Running = "running",
    /// A key to press.
    Key = "key",
    /// Parameters and commands.
    Code = "code",
    /// Where text is typed.
    Input = "input",
    /// The rule of a dialog that asks for a yes.
    Danger = "danger",
    /// The bar of the detect phase.
    PhaseDetect = "phase-detect",
    /// The bar of the decide phase.
    PhaseDecide = "phase-decide",
    /// The bar of the restore phase.
    PhaseRestore = "phase-restore",
    /// The bar of the fail-over phase.
    PhaseFailOver = "phase-fail-over",
    /// The filled part of a bar.
    Bar = "bar",
    /// The empty part of a bar.
    BarEmpty = "bar-empty",
    /// A threshold or an objective's line.
    Threshold = "threshold",
    /// The name of the primary site.
    SitePrimary = "site-primary",
    /// The name of the recovery site.
    SiteRecovery = "site-recovery",
    /// The name of the plan, where it is beside the banner.
    Plan = "plan",
}

/// Why a theme cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ThemeFault {
    /// Not the TOML that is expected; the message names line and column.
    #[error("the theme cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// A colour that is none.
    #[error("`{0}` is no colour: expected #rrggbb, terminal, or one of the sixteen names such as red or bright-blue")]
    Colour(String),
    /// A role that does not exist.
    #[error("`{0}` is no role of a theme; the roles are {roles}", roles = Role::ALL.iter().map(|role| role.name()).collect::<Vec<_>>().join(", "))]
    Role(String),
}

/// How a screen looks.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    /// Its name, as it is chosen by.
    pub name: String,
    /// One line about it.
    pub about: String,
    /// The background that its colours are made for.
    pub background: (u8, u8, u8),
    /// The text colour that goes with it.
    pub foreground: (u8, u8, u8),
    /// Whether the background is painted, or the terminal's own is left.
    pub paints_background: bool,
    /// What its file says that it holds.
    pub promises: Promises,
    styles: BTreeMap<Role, Style>,
    tints: BTreeSet<Role>,
}

/// What a theme promises of itself. A test holds it for those that are shipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Promises {
    /// The least contrast of a text with its ground, 1 to 21 (WCAG 2).
    pub contrast: Option<f64>,
    /// The least distance (CIE 1976) between the colours of ok, warn, bad and unknown, for eyes without red, green or blue cones too.
    pub states_apart: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    name: String,
    #[serde(default)]
    about: String,
    background: String,
    foreground: String,
    #[serde(default)]
    paint_background: bool,
    #[serde(default)]
    promises: Promises,
    roles: BTreeMap<String, Spec>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    fg: Option<String>,
    bg: Option<String>,
    #[serde(default)]
    bold: bool,
    #[serde(default)]
    dim: bool,
    #[serde(default)]
    italic: bool,
    #[serde(default)]
    underline: bool,
    #[serde(default)]
    reverse: bool,
}

impl Spec {
    fn style(&self) -> Result<Style, ThemeFault> {
        let mut style = Style::new();
        if let Some(fg) = &self.fg {
            style = style.fg(colour(fg)?);
        }
        if let Some(bg) = &self.bg {
            style = style.bg(colour(bg)?);
        }
        for (wanted, modifier) in [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.italic, Modifier::ITALIC),
            (self.underline, Modifier::UNDERLINED),
            (self.reverse, Modifier::REVERSED),
        ] {
            if wanted {
                style = style.add_modifier(modifier);
            }
        }
        Ok(style)
    }
}

/// The themes that come with the program: name and text.
pub const BUILTIN: [(&str, &str); 6] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("colour-blind", include_str!("../../themes/colour-blind.toml")),
    ("ansi", include_str!("../../themes/ansi.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

impl Theme {
    /// A theme that comes with the program.
    pub fn builtin(name: &str) -> Option<Self> {
        let (_, text) = BUILTIN.iter().find(|(known, _)| *known == name)?;
        Self::parse(text).ok()
    }

    /// The theme for terminals and people without colour: `NO_COLOR`, `TERM=dumb`, a serial line.
    pub fn mono() -> Self {
        Self::builtin("mono").unwrap_or_else(Self::bare)
    }

    fn bare() -> Self {
        Self {
            name: "bare".into(),
            about: String::new(),
            background: (0, 0, 0),
            foreground: (255, 255, 255),
            paints_background: false,
            promises: Promises::default(),
            tints: BTreeSet::new(),
            styles: BTreeMap::from([(Role::Selection, Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD))]),
        }
    }

    /// Reads a theme. A role that is left out looks like `text`.
    ///
    /// # Errors
    /// [`ThemeFault`] says what cannot be read.
    pub fn parse(text: &str) -> Result<Self, ThemeFault> {
        let file: File = toml::from_str(text)?;
        let rgb = |name: &str| match colour(name)? {
            Color::Rgb(r, g, b) => Ok((r, g, b)),
            other => nominal(other).ok_or_else(|| ThemeFault::Colour(name.to_owned())),
        };
        let mut styles = BTreeMap::new();
        for (name, spec) in &file.roles {
            let role = Role::ALL.iter().find(|role| role.name() == name).ok_or_else(|| ThemeFault::Role(name.clone()))?;
            styles.insert(*role, spec.style()?);
        }
        Ok(Self {
            background: rgb(&file.background)?,
            foreground: rgb(&file.foreground)?,
            paints_background: file.paint_background,
            promises: file.promises,
            name: file.name,
            about: file.about,
            styles,
            tints: BTreeSet::new(),
        })
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(&role).or_else(|| self.styles.get(&Role::Text)).copied().unwrap_or_default()
    }

    /// Does the file give this role a style of its own?
    pub fn has(&self, role: Role) -> bool {
        self.styles.contains_key(&role)
    }

    /// The style of the ground that everything is drawn on.
    pub fn ground(&self) -> Style {
        if self.paints_background {
            let ((r, g, b), (fr, fg, fb)) = (self.background, self.foreground);
            Style::new().bg(Color::Rgb(r, g, b)).fg(Color::Rgb(fr, fg, fb))
        } else {
            Style::new()
        }
    }

    /// Gives a role another colour, such as that of a site or a plan.
    ///
    /// # Errors
    /// [`ThemeFault::Colour`].
    pub fn tint(&mut self, role: Role, name: &str) -> Result<(), ThemeFault> {
        let style = self.style(role).fg(colour(name)?);
        self.styles.insert(role, style);
        self.tints.insert(role);
        Ok(())
    }

    /// Was the role given a colour of its own?
    pub fn has_tint(&self, role: Role) -> bool {
        self.tints.contains(&role)
    }

    /// The theme for a terminal that knows no 24-bit colours: each becomes the nearest of those that it has.
    pub fn in_colours_of(mut self, depth: Depth) -> Self {
        let near = |colour: Option<Color>| colour.map(|colour| nearest(colour, depth));
        for style in self.styles.values_mut() {
            style.fg = near(style.fg);
            style.bg = near(style.bg);
        }
        self
    }
}

fn colour(name: &str) -> Result<Color, ThemeFault> {
    if name == "terminal" {
        return Ok(Color::Reset);
    }
    if let Some(hex) = name.strip_prefix('#')
        && hex.len() == 6
        && let Ok(value) = u32::from_str_radix(hex, 16)
    {
        let [_, r, g, b] = value.to_be_bytes();
        return Ok(Color::Rgb(r, g, b));
    }
    ANSI.iter()
        .find(|(known, _, _)| *known == name)
        .map(|(_, colour, _)| *colour)
        .ok_or_else(|| ThemeFault::Colour(name.to_owned()))
}

/// The sixteen colours by name, with the values that xterm gives them.
const ANSI: [(&str, Color, (u8, u8, u8)); 16] = [
    ("black", Color::Black, (0, 0, 0)),
    ("red", Color::Red, (205, 0, 0)),
    ("green", Color::Green, (0, 205, 0)),
    ("yellow", Color::Yellow, (205, 205, 0)),
    ("blue", Color::Blue, (0, 0, 238)),
    ("magenta", Color::Magenta, (205, 0, 205)),
    ("cyan", Color::Cyan, (0, 205, 205)),
    ("white", Color::Gray, (229, 229, 229)),
    ("bright-black", Color::DarkGray, (127, 127, 127)),
    ("bright-red", Color::LightRed, (255, 0, 0)),
    ("bright-green", Color::LightGreen, (0, 255, 0)),
    ("bright-yellow", Color::LightYellow, (255, 255, 0)),
    ("bright-blue", Color::LightBlue, (92, 92, 255)),
    ("bright-magenta", Color::LightMagenta, (255, 0, 255)),
    ("bright-cyan", Color::LightCyan, (0, 255, 255)),
    ("bright-white", Color::White, (255, 255, 255)),
];

/// The red, green and blue that a colour is usually shown with; `None` for the terminal's own.
pub fn nominal(colour: Color) -> Option<(u8, u8, u8)> {
    match colour {
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(i) => Some(indexed(i)),
        other => ANSI.iter().find(|(_, known, _)| *known == other).map(|(_, _, rgb)| *rgb),
    }
}

fn indexed(i: u8) -> (u8, u8, u8) {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    match i {
        0..16 => ANSI[usize::from(i)].2,
        16..232 => {
            let i = usize::from(i - 16);
            (LEVELS[i / 36], LEVELS[i / 6 % 6], LEVELS[i % 6])
        }
        232.. => {
            let grey = 8 + (i - 232) * 10;
            (grey, grey, grey)
        }
    }
}

/// How many colours a terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Red, green and blue in 8 bits each.
    Full,
    /// The 256 of xterm.
    Of256,
    /// The sixteen with names.
    Of16,
}

impl Depth {
    /// What a terminal says of itself in `COLORTERM` and `TERM`.
    pub fn of_terminal(colorterm: &str, term: &str) -> Self {
        match (colorterm, term) {
            ("truecolor" | "24bit", _) => Self::Full,
            (_, "linux" | "ansi" | "cygwin" | "xterm-color" | "xterm-16color" | "rxvt" | "screen") => Self::Of16,
            _ => Self::Of256,
        }
    }
}

fn nearest(colour: Color, depth: Depth) -> Color {
    let Color::Rgb(r, g, b) = colour else { return colour };
    let distance = |(ir, ig, ib): (u8, u8, u8)| {
        let square = |a: u8, b: u8| (i32::from(a) - i32::from(b)).pow(2);
        square(r, ir) + square(g, ig) + square(b, ib)
    };
    match depth {
        Depth::Full => colour,
        Depth::Of256 => Color::Indexed((16..=255).min_by_key(|i| distance(indexed(*i))).unwrap_or(16)),
        Depth::Of16 => ANSI.iter().min_by_key(|(.., rgb)| distance(*rgb)).map_or(colour, |(_, near, _)| *near),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance((r, g, b): (u8, u8, u8)) -> f64 {
        0.2126 * light_of(r) + 0.7152 * light_of(g) + 0.0722 * light_of(b)
    }

    fn contrast(a: (u8, u8, u8), b: (u8, u8, u8)) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn files() -> Vec<(String, String)> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/themes");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap()))
            .collect();
        files.sort();
        files
    }

    #[test]
    fn every_theme_file_is_built_in_and_gives_every_role_a_style() {
        assert_eq!(files().len(), BUILTIN.len());
        for (name, text) in files() {
            let theme = Theme::parse(&text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
            assert_eq!(Theme::builtin(&name).as_ref(), Some(&theme));
            assert_eq!(theme.name, name);
            for role in Role::ALL {
                assert!(theme.has(*role), "{name} leaves out {}", role.name());
            }
        }
    }

    #[test]
    fn every_text_can_be_read_on_the_background_it_is_made_for() {
        for (name, text) in files() {
            let theme = Theme::parse(&text).unwrap();
            for role in Role::ALL {
                let style = theme.style(*role);
                let fg = style.fg.and_then(nominal).unwrap_or(theme.foreground);
                let bg = style.bg.and_then(nominal).unwrap_or(theme.background);
                let least = match role {
                    // Lines and fills are no text: WCAG asks for nothing of decoration, we ask that it can be seen.
                    Role::Border | Role::BarEmpty => 1.5,
                    _ => theme.promises.contrast.unwrap_or(4.5),
                };
                let found = contrast(fg, bg);
                assert!(found >= least, "{name}: {} has a contrast of {found:.2}, less than {least}", role.name());
            }
        }
    }

    /// Brettel's and Machado's models agree closely for full dichromacy; these are Machado's matrices (2009, severity 1.0).
    const DICHROMACIES: [(&str, [[f64; 3]; 3]); 3] = [
        (
            "protanopia",
            [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
        ),
        (
            "deuteranopia",
            [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
        ),
        (
            "tritanopia",
            [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
        ),
    ];

    /// The part of full light, from 0 to 1, that a value of a screen stands for.
    fn light_of(value: u8) -> f64 {
        let value = f64::from(value) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    }

    /// A colour in CIE L*a*b* as these eyes see it; the models of colour blindness are about light, not about values of a screen.
    fn seen_with(matrix: &[[f64; 3]; 3], (r, g, b): (u8, u8, u8)) -> [f64; 3] {
        const XYZ: [[f64; 3]; 3] = [[0.4339, 0.3762, 0.1899], [0.2126, 0.7152, 0.0722], [0.0177, 0.1095, 0.8730]];
        let times = |matrix: &[[f64; 3]; 3], light: [f64; 3]| {
            matrix.map(|row| row.iter().zip(light).map(|(m, c)| m * c).sum::<f64>().clamp(0.0, 1.0))
        };
        let root = |part: f64| if part > 0.008_856 { part.cbrt() } else { 7.787 * part + 16.0 / 116.0 };
        let [x, y, z] = times(&XYZ, times(matrix, [r, g, b].map(light_of))).map(root);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn least_distance(theme: &Theme, matrix: &[[f64; 3]; 3]) -> (f64, String) {
        let roles = [Role::Ok, Role::Warn, Role::Bad, Role::Unknown];
        let see = |role: Role| seen_with(matrix, theme.style(role).fg.and_then(nominal).unwrap());
        let pairs = roles.iter().enumerate().flat_map(|(i, a)| roles[i + 1..].iter().map(move |b| (*a, *b)));
        pairs
            .map(|(a, b)| {
                let distance = see(a).iter().zip(see(b)).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt();
                (distance, format!("{} and {}", a.name(), b.name()))
            })
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .unwrap()
    }

    #[test]
    fn the_states_are_as_far_apart_as_each_theme_promises_for_all_eyes() {
        const ALL_CONES: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let mut promising = Vec::new();
        for (name, text) in files() {
            let theme = Theme::parse(&text).unwrap();
            let Some(promised) = theme.promises.states_apart else { continue };
            for (eyes, matrix) in DICHROMACIES.iter().map(|(eyes, matrix)| (*eyes, matrix)).chain([("all cones", &ALL_CONES)]) {
                let (distance, pair) = least_distance(&theme, matrix);
                assert!(distance >= promised, "{name}: {pair} are {distance:.1} apart with {eyes}, {promised} are promised");
            }
            promising.push(name);
        }
        // `ansi` has the terminal's own colours and `mono` none: they tell states apart by word and glyph, as all do.
        promising.sort();
        assert_eq!(promising, ["colour-blind", "dark", "high-contrast", "light"]);
        assert!(Theme::builtin("high-contrast").unwrap().promises.contrast.unwrap() >= 7.0);
    }

    #[test]
    fn red_and_green_of_one_brightness_are_told_apart_by_the_simulation_only_with_all_cones() {
        let see = |matrix: &[[f64; 3]; 3], rgb| seen_with(matrix, rgb);
        let distance = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt();
        let deuteranopia = &DICHROMACIES[1].1;
        assert!(distance(see(deuteranopia, (200, 80, 60)), see(deuteranopia, (110, 125, 50))) < 12.0);
        assert!(distance(see(deuteranopia, (0, 0, 255)), see(deuteranopia, (255, 255, 0))) > 100.0);
    }

    #[test]
    fn the_theme_without_colour_has_none() {
        let theme = Theme::mono();
        for role in Role::ALL {
            let style = theme.style(*role);
            assert_eq!((style.fg, style.bg), (None, None), "{}", role.name());
        }
        let selection = theme.style(Role::Selection).add_modifier;
        assert!(selection.contains(Modifier::REVERSED | Modifier::BOLD));
    }

    #[test]
    fn a_fault_in_a_theme_is_named() {
        let head = "name = 'x'\nbackground = '#000000'\nforeground = '#ffffff'\n[roles]\n";
        let fault = |body: &str| Theme::parse(&format!("{head}{body}")).unwrap_err().to_string();
        assert!(fault("text = { fg = 'reddish' }").contains("`reddish` is no colour"));
        assert!(fault("txet = { fg = 'red' }").contains("`txet` is no role"));
        assert!(fault("text = { color = 'red' }").contains("line 5"));
    }

    #[test]
    fn colours_become_the_nearest_that_the_terminal_has() {
        assert_eq!(nearest(Color::Rgb(255, 0, 0), Depth::Of256), Color::Indexed(196));
        assert_eq!(nearest(Color::Rgb(9, 8, 8), Depth::Of256), Color::Indexed(232));
        assert_eq!(nearest(Color::Red, Depth::Of256), Color::Red);
        assert_eq!(nearest(Color::Rgb(250, 10, 10), Depth::Of16), Color::LightRed);
        assert_eq!(nearest(Color::Rgb(1, 2, 3), Depth::Full), Color::Rgb(1, 2, 3));
        for (colorterm, term, depth) in [
            ("truecolor", "linux", Depth::Full),
            ("", "linux", Depth::Of16),
            ("", "xterm-256color", Depth::Of256),
            ("", "tmux-256color", Depth::Of256),
        ] {
            assert_eq!(Depth::of_terminal(colorterm, term), depth, "{term}");
        }
    }

    #[test]
    fn a_site_and_a_plan_can_have_colours_of_their_own() {
        let mut theme = Theme::builtin("dark").unwrap();
        theme.tint(Role::SitePrimary, "#ff8800").unwrap();
        assert_eq!(theme.style(Role::SitePrimary).fg, Some(Color::Rgb(255, 136, 0)));
        assert!(matches!(theme.tint(Role::Plan, "redd"), Err(ThemeFault::Colour(_))));
    }
}
