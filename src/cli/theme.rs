//! `upwalk theme`: what the screen can look like, and whether everybody can read it.

use super::args::ThemeVerb;
use super::context::Context;
use super::failure::{Code, Failure};
use super::out;
use super::themes::{named, themes};
use crate::tui;

/// Lists, shows or checks.
pub(super) fn run(context: &Context, verb: &ThemeVerb) -> Result<Code, Failure> {
    match verb {
        ThemeVerb::List => list(),
        ThemeVerb::Show { name } => {
            let screen = context.screen_in(named(name, context.paint())?)?;
            let text = tui::theme_sample(&screen.palette, screen.depth, screen.glyphs);
            out::print(&text)?;
            Ok(Code::Done)
        }
        ThemeVerb::Check { names } => check(context, names),
    }
}

/// The names, one a line.
fn list() -> Result<Code, Failure> {
    for (name, path) in themes()?.names() {
        let from = path.unwrap_or("comes with upwalk");
        out::print(&format!("{name:<16}{from}\n"))?;
    }
    Ok(Code::Done)
}

/// Measures themes; without names, all of them.
fn check(context: &Context, names: &[String]) -> Result<Code, Failure> {
    let all = themes()?;
    let all = all.names().into_iter().map(|(name, _)| name.to_owned());
    let names = if names.is_empty() {
        all.collect()
    } else {
        names.to_vec()
    };
    let mut code = Code::Done;
    for name in &names {
        let report = tui::check_theme(&named(name, context.paint())?);
        out::print(&report.text())?;
        if !report.is_good() {
            code = Code::Plan;
        }
    }
    Ok(code)
}
