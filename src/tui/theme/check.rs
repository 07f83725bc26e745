//! Whether a theme can be read: contrast on every background that it is meant for, and no two states
//! that look alike to anybody (ux.md, section 4).

use super::colour::{EYES, Eyes, contrast, distance, of_256};
use super::{GlyphSet, Glyphs, MARKS, Mark, Palette, ROLES, Role};
use ratatui::style::Color;
use std::fmt::Write as _;

/// Colours nearer than this to any eyes count as the same.
const ALIKE: f64 = 10.0;
/// A background darker than this is dark: its contrast to white is above 4.5.
const READABLE: f64 = 4.5;
const WHITE: u32 = 0x00ff_ffff;

/// What was measured of a theme.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    name: String,
    /// What is wrong, a sentence each.
    pub findings: Vec<String>,
    /// The least contrast of any role: what, and how much.
    least: Option<(String, f64)>,
    /// How far apart done and failed are, to all eyes.
    ok_fail: Option<[f64; EYES.len()]>,
}

/// Measures a theme.
pub fn check(palette: &Palette) -> Report {
    let mut report = Report {
        name: palette.name.clone(),
        findings: Vec::new(),
        least: None,
        ok_fail: None,
    };
    for (role, name) in ROLES {
        contrasts(palette, role, name, &mut report);
        sixteen(palette, role, name, &mut report);
    }
    alike(palette, &mut report);
    let front = |role| palette.look(role).rgb.0;
    if let (Some(ok), Some(fail)) = (front(Role::Ok), front(Role::Fail)) {
        report.ok_fail = Some(EYES.map(|eyes| distance(ok, fail, eyes)));
    }
    report
}

/// What a role is seen in front of: its own background, the painted one, or all that the theme is
/// meant for.
fn behind(palette: &Palette, role: Role, at: impl Fn(Role) -> Option<u32>) -> Vec<u32> {
    match at(role).or_else(|| at(Role::Surface)) {
        Some(own) => vec![own],
        None => palette.backgrounds.clone(),
    }
}

/// A role's contrast with 24 bits and with 256 colours.
fn contrasts(palette: &Palette, role: Role, name: &str, report: &mut Report) {
    let look = palette.look(role);
    let true_behind = behind(palette, role, |role| palette.look(role).rgb.1);
    let few_behind = behind(palette, role, |role| {
        palette.look(role).c256.1.and_then(of_256)
    });
    let depths = [
        ("24 bits", look.rgb.0, true_behind),
        ("256 colours", look.c256.0.and_then(of_256), few_behind),
    ];
    for (depth, front, behind) in depths {
        let Some(front) = front else {
            continue;
        };
        let worst = behind.iter().map(|back| (contrast(front, *back), *back));
        let Some((found, back)) = worst.min_by(|one, other| one.0.total_cmp(&other.0)) else {
            continue;
        };
        if report
            .least
            .as_ref()
            .is_none_or(|(_, least)| found < *least)
        {
            report.least = Some((format!("{name} on #{back:06x}, {depth}"), found));
        }
        if found < palette.min_contrast {
            report.findings.push(format!(
                "{name} has a contrast of {found:.1} on #{back:06x} with {depth}; at least {} is \
                 needed",
                palette.min_contrast
            ));
        }
    }
}

/// Of the 16 colours, whose values nobody knows, only few can be read: red anywhere, yellow on dark
/// backgrounds.
fn sixteen(palette: &Palette, role: Role, name: &str, report: &mut Report) {
    let (front, back) = palette.look(role).c16;
    let painted = back.is_some() || palette.look(Role::Surface).c16.1.is_some();
    let dark = palette
        .backgrounds
        .iter()
        .all(|back| contrast(WHITE, *back) >= READABLE);
    let readable = match front {
        None | Some(Color::Red) => true,
        Some(Color::Yellow) => dark,
        Some(_) => painted,
    };
    if !readable {
        report.findings.push(format!(
            "{name} cannot be read with 16 colours: there, red is safe on any background, yellow \
             on dark ones, and `default`"
        ));
    }
}

/// States that share symbol, attributes and, to some eyes, colour.
fn alike(palette: &Palette, report: &mut Report) {
    let glyphs = Glyphs::of(palette.glyphs(GlyphSet::Ascii), palette.symbols);
    for (at, one) in MARKS.iter().enumerate() {
        for other in &MARKS[at + 1..] {
            if glyphs.symbol(*one) != glyphs.symbol(*other) {
                continue;
            }
            if let Some(eyes) = confused(palette, *one, *other) {
                report.findings.push(format!(
                    "the states `{}` and `{}` look alike{}: same symbol, same attributes, and \
                     colours that are nearly the same",
                    one.name(),
                    other.name(),
                    match eyes {
                        Eyes::Normal => "",
                        Eyes::Protan => " to red-blind eyes",
                        Eyes::Deutan => " to green-blind eyes",
                        Eyes::Tritan => " to blue-blind eyes",
                    }
                ));
            }
        }
    }
}

/// Whose eyes cannot tell two states apart by colour or attributes.
fn confused(palette: &Palette, one: Mark, other: Mark) -> Option<Eyes> {
    let (one, other) = (palette.look(one.role()), palette.look(other.role()));
    if one.mono == other.mono {
        // Without colours nothing else is left.
        return Some(Eyes::Normal);
    }
    if one.with != other.with {
        return None;
    }
    EYES.into_iter()
        .find(|eyes| match (one.rgb.0, other.rgb.0) {
            (Some(one), Some(other)) => distance(one, other, *eyes) < ALIKE,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        })
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.findings.is_empty()
    }

    /// The report as lines of text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let verdict = if self.is_good() { "good" } else { "not good" };
        // Writing to a string cannot fail.
        let _ = write!(text, "{}: {verdict}", self.name);
        if let Some((what, least)) = &self.least {
            let _ = write!(text, "; least contrast {least:.1} ({what})");
        }
        if let Some([normal, protan, deutan, tritan]) = self.ok_fail {
            let _ = write!(
                text,
                "; done and failed are {normal:.0} apart, to red-blind eyes {protan:.0}, \
                 green-blind {deutan:.0}, blue-blind {tritan:.0}"
            );
        }
        text.push('\n');
        for finding in &self.findings {
            let _ = writeln!(text, "  {finding}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::{SHIPPED, Themes};
    use super::*;

    #[test]
    fn the_shipped_themes_are_good_and_as_far_apart_as_the_design_measured() {
        let expected = [
            ("dark", Some([57, 13, 2, 57])),
            ("light", Some([59, 8, 10, 54])),
            ("high-contrast", Some([66, 24, 11, 65])),
            ("cb-safe", Some([52, 51, 53, 63])),
            ("mono", None),
        ];
        assert_eq!(
            expected.map(|(name, _)| name),
            SHIPPED.map(|(name, _)| name)
        );
        for (name, apart) in expected {
            let report = check(&Themes::default().named(name).expect("it is shipped"));
            assert!(report.is_good(), "{}", report.text());
            let measured = report.ok_fail.map(|all| all.map(f64::round));
            assert_eq!(measured, apart.map(|all| all.map(f64::from)), "{name}");
        }
    }

    /// What is found of the dark theme with these lines over it.
    fn found(over: &str) -> Vec<String> {
        let text = format!("schema: 1\nname: x\nextends: dark\n{over}\n");
        let palette = Themes::default().read("x.yaml", text.as_bytes());
        check(&palette.expect("it can be read")).findings
    }

    #[test]
    fn what_cannot_be_read_is_found() {
        assert_eq!(found(""), Vec::<String>::new());
        // #77787d has a contrast of 3.9 on #282a36's kind of black.
        for over in [
            "roles: { muted: { fg: \"#85888f\", c256: 145 } }",
            "roles: { muted: { fg: \"#a3aebb\", c256: 239 } }",
            "roles: { muted: { c16: blue } }",
            "background: [ \"#ffffff\" ]",
            "min_contrast: 7",
        ] {
            let found = found(over);
            assert!(!found.is_empty(), "{over}");
            assert!(found[0].contains("contrast") || found[0].contains("16 colours"));
        }
    }

    #[test]
    fn two_states_that_look_alike_are_found() {
        // Skipped and pending have one look; their symbols tell them apart.
        let found = |over: &str| found(&format!("symbols: {over}"));
        assert_eq!(found("{ skipped: \"-\" }"), Vec::<String>::new());
        let same = found("{ skipped: \" \" }");
        assert!(
            same.len() == 1 && same[0].contains("`pending` and `skipped`"),
            "{same:?}"
        );
        assert!(
            found("{ ok: \"F\" }").is_empty(),
            "failed is reversed without colours"
        );
        assert!(!found("{ fail: \"!\", unknown: \"!\" }").is_empty());
    }
}
