//! Confirmations given beforehand: `--accept ID:DIGEST`, `--accept-file`, and what is missing.
//!
//! There is no way to accept everything: each warning is named with the digest of what it says.

use super::args::UpArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use crate::engine::{self, Scope};
use crate::journal::{RunStarted, RunState};
use crate::plan::{Level, Plan, Walk};
use crate::report;
use crate::shell::store::read_private;
use crate::types::{Digest, WarningId};
use std::fmt::Write as _;

/// A file of confirmations is no longer than this, in bytes.
const MAX_FILE: u64 = 64 << 10;

/// A warning that a person has to confirm.
struct Needed {
    id: WarningId,
    digest: Digest,
    phrase: Option<String>,
    text: String,
}

/// Reads `ID:DIGEST`.
pub(super) fn parse(text: &str) -> Result<(WarningId, Digest), Failure> {
    let parsed = text
        .split_once(':')
        .and_then(|(id, digest)| Some((WarningId::new(id).ok()?, Digest::parse(digest)?)));
    parsed.ok_or_else(|| {
        Failure::usage(format!("\"{text}\" is not ID:DIGEST"))
            .because("a digest has 16 hex digits, as in drop-columns:0123456789abcdef")
            .hint("upwalk up PLAN --plan prints each warning with its digest")
    })
}

/// All confirmations that were given.
pub(super) fn given(args: &UpArgs) -> Result<Vec<(WarningId, Digest)>, Failure> {
    let mut accepts = Vec::new();
    for text in &args.accept {
        accepts.push(parse(text)?);
    }
    if let Some(path) = &args.accept_file {
        let bytes = read_private(path, MAX_FILE)?;
        let text = String::from_utf8_lossy(&bytes);
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            let line = line.strip_prefix("--accept").map_or(line, str::trim);
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let place = format!("{}, line {}", path.display(), index + 1);
            accepts.push(parse(line).map_err(|failure| failure.because(place))?);
        }
    }
    Ok(accepts)
}

/// Every accept has to be of this plan as it is now; all that are not are named.
pub(super) fn check(plan: &Plan, run: &RunStarted, state: &RunState) -> Result<(), Failure> {
    let wrong = wrong(&needed(plan, run, state), run);
    let Some((first, more)) = wrong.split_first() else {
        return Ok(());
    };
    let failure = Failure::new(Code::Person, first)
        .hint("read the warnings first: upwalk up PLAN --plan (nothing was started)");
    Err(more.iter().fold(failure, Failure::because))
}

/// What is wrong with the accepts that were given, one fragment each.
fn wrong(needed: &[Needed], run: &RunStarted) -> Vec<String> {
    let wrong = |(id, digest): &(WarningId, Digest)| {
        let found = needed.iter().find(|needed| needed.id == *id);
        match found {
            Some(needed) if needed.digest == *digest => None,
            Some(needed) => Some(format!(
                "--accept {id}:{digest} is stale: the warning's digest is {} now, as plan, variables, \
                 host, direction or target are not the same",
                needed.digest
            )),
            None => Some(format!(
                "--accept {id}:{digest} is not of this plan: no warning \"{id}\" has to be confirmed"
            )),
        }
    };
    run.accepts.iter().filter_map(wrong).collect()
}

/// Without a person every warning that could apply has to be accepted before step one.
pub(super) fn all_given(
    context: &Context,
    plan: &Plan,
    run: &RunStarted,
    state: &RunState,
    again: &str,
) -> Result<(), Failure> {
    let needed = needed(plan, run, state);
    let wrong = wrong(&needed, run);
    let is_given = |one: &&Needed| run.accepts.contains(&(one.id.clone(), one.digest.clone()));
    let (right, missing): (Vec<_>, Vec<_>) = needed.iter().partition(is_given);
    if missing.is_empty() {
        return check(plan, run, state);
    }
    let mut details = String::new();
    let mut command = again.to_owned();
    for needed in &missing {
        let how = match &needed.phrase {
            Some(phrase) => format!("typed phrase \"{phrase}\""),
            None => "acknowledge".to_owned(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(details, "  {}:{}  {how}", needed.id, needed.digest);
        for line in crate::text::wrap(&needed.text, 72) {
            let _ = writeln!(details, "      {line}");
        }
        let _ = write!(command, " --accept {}:{}", needed.id, needed.digest);
    }
    for Needed { id, digest, .. } in right {
        let _ = write!(command, " --accept {id}:{digest}");
    }
    let what = format!(
        "without a person, {} warnings have to be accepted beforehand; nothing was started",
        missing.len()
    );
    let what = if missing.len() == 1 {
        "without a person, 1 warning has to be accepted beforehand; nothing was started".to_owned()
    } else {
        what
    };
    let failure = Failure::new(Code::Person, what).details(details);
    Err(wrong
        .iter()
        .fold(failure, Failure::because)
        .because("read what they say; there is no way to accept everything unread")
        .hint(context.pasteable(&command)))
}

/// The warnings that a person has to confirm, as far as the start can know.
fn needed(plan: &Plan, run: &RunStarted, state: &RunState) -> Vec<Needed> {
    let scope = Scope::of(plan, state);
    let own = engine::stopped_warning(run).map(|(id, digest, text, phrase)| Needed {
        id,
        digest,
        phrase: Some(phrase),
        text,
    });
    let walk = engine::walk_of(plan, state);
    let of_plan = walk.into_iter().flat_map(Walk::warnings);
    let of_plan = of_plan.filter_map(|(_, warning)| {
        let phrase = match &warning.level {
            Level::Note => return None,
            Level::Ack => None,
            Level::Type(phrase) => Some(scope.text(phrase)),
        };
        Some(Needed {
            id: warning.id.clone(),
            digest: engine::warning_digest(plan, run, warning),
            phrase,
            text: scope.text(&warning.text),
        })
    });
    own.into_iter().chain(of_plan).collect()
}

/// The command line of `up` without its accepts, for the hint.
pub(super) fn again(args: &UpArgs) -> String {
    let mut command = format!("upwalk up {} --ui none", report::quote(&args.plan));
    let mut add = |flag: &str, value: &str| {
        let _ = write!(command, " {flag} {}", report::quote(value));
    };
    for set in &args.set {
        add("--set", set);
    }
    if let Some(path) = &args.vars {
        add("--vars", &path.to_string_lossy());
    }
    for (flag, value) in [
        ("--from", &args.from),
        ("--to", &args.to),
        ("--digest", &args.digest),
    ] {
        if let Some(value) = value {
            add(flag, value);
        }
    }
    if args.step {
        command.push_str(" --step");
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accept_is_an_id_and_a_digest() {
        let (id, digest) = parse("drop:0123456789abcdef").expect("both are well-formed");
        assert_eq!((id.as_str(), digest.as_str()), ("drop", "0123456789abcdef"));
        for text in ["drop", "drop:", "drop:0123", "DROP:0123456789abcdef", "yes"] {
            assert_eq!(parse(text).expect_err("it is none").code().status(), 2);
        }
    }
}
