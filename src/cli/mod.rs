//! The command line: parses arguments, calls one verb, prints what it failed with.
//!
//! [`args`] holds clap structs only, each verb has a file of its own, [`failure`] the kinds, hints
//! and exit codes. Called by the binary alone.

mod accepts;
pub mod args;
mod attach;
mod blot;
mod cancel;
mod completions;
mod config;
mod confirm;
mod context;
mod continues;
mod create;
mod decide;
mod dry_run;
pub mod failure;
mod find;
mod follow;
mod log;
mod man;
mod note;
mod out;
mod pause;
mod plan_file;
mod retry;
mod rollback;
mod runs;
mod salvage;
mod schema;
mod settle;
mod skip;
mod status;
mod stop;
mod syntax;
mod theme;
mod themes;
mod up;
mod vars;
mod versions;
mod why;

use args::{Cli, Verb};
use clap::error::{ContextKind, ErrorKind};
use clap::{CommandFactory as _, FromArgMatches as _};
use context::Context;
use failure::{Code, Failure};
use std::ffi::OsString;

/// Runs the command line `args` (the program's name first) and returns the exit status.
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    let outcome = match parse(args) {
        Ok(Parsed::Verb(context, verb)) => {
            dispatch(&context, *verb).map_err(|failure| failure.pasted(&context))
        }
        Ok(Parsed::Printed) => Ok(Code::Done),
        Err(failure) => Err(failure),
    };
    match outcome {
        Ok(code) => code.status(),
        Err(failure) => {
            out::say(&failure.render());
            failure.code().status()
        }
    }
}

/// What the arguments ask for.
enum Parsed {
    /// A verb.
    Verb(Box<Context>, Box<Verb>),
    /// Help or version, which has been printed.
    Printed,
}

/// Reads the arguments.
fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Parsed, Failure> {
    let parsed = Cli::command()
        .try_get_matches_from(args)
        .and_then(|matches| Cli::from_arg_matches(&matches).map(|cli| (matches, cli)));
    match parsed {
        Ok((matches, cli)) => {
            let context = Context::new(&matches, cli.global)?;
            Ok(Parsed::Verb(Box::new(context), Box::new(cli.verb)))
        }
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                out::print(&error.render().to_string())?;
                Ok(Parsed::Printed)
            }
            _ => Err(usage(&error)),
        },
    }
}

/// A usage error in the form of all other failures.
fn usage(error: &clap::Error) -> Failure {
    if error.kind() == ErrorKind::InvalidSubcommand {
        let name = error.get(ContextKind::InvalidSubcommand);
        let name = name.map(ToString::to_string).unwrap_or_default();
        return Failure::usage(format!("there is no command \"{name}\""))
            .hint("upwalk --help lists the commands of this version");
    }
    if matches!(
        error.kind(),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        return Failure::usage("a command is missing").hint("upwalk --help");
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let failure = Failure::usage(first);
    let rest = rest.trim_start_matches('\n');
    if rest.is_empty() {
        failure
    } else {
        failure.details(rest)
    }
}

/// Calls the verb.
fn dispatch(context: &Context, verb: Verb) -> Result<Code, Failure> {
    match verb {
        Verb::Up(args) => up::run(context, &args),
        Verb::Attach(args) => attach::run(context, &args),
        Verb::Status(args) => status::run(context, &args),
        Verb::Why(args) => why::run(context, &args),
        Verb::Continue(args) => continues::run(context, args),
        Verb::Confirm(args) => confirm::run(context, &args),
        Verb::Settle(args) => settle::run(context, args),
        Verb::Pause(args) => pause::run(context, &args),
        Verb::Cancel(args) => cancel::run(context, &args),
        Verb::Retry(args) => retry::run(context, &args),
        Verb::Skip(args) => skip::run(context, args),
        Verb::Rollback(args) => rollback::run(context, args),
        Verb::Stop(args) => stop::run(context, args),
        Verb::Note(args) => note::run(context, args),
        Verb::Salvage(args) => salvage::run(context, &args),
        Verb::Log(args) => log::run(context, &args),
        Verb::Runs(args) => runs::run(context, &args),
        Verb::Theme(verb) => theme::run(context, &verb),
        Verb::Schema => schema::run(),
        Verb::Completions(args) => completions::run(&args),
        Verb::Man(args) => man::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_optional_run_may_stand_before_what_is_required() {
        let parse = |line: &str| {
            let words = line.split(' ').map(OsString::from);
            let matches = Cli::command()
                .try_get_matches_from(words)
                .expect("it parses");
            Cli::from_arg_matches(&matches).expect("it fits").verb
        };
        let Verb::Note(alone) = parse("upwalk note hello") else {
            panic!("a note");
        };
        assert_eq!((alone.run, alone.text.as_str()), (None, "hello"));
        let Verb::Confirm(named) = parse("upwalk confirm shop drop:0123456789abcdef --at 7") else {
            panic!("a confirmation");
        };
        assert_eq!(named.run.as_deref(), Some("shop"));
        assert_eq!(named.how.at, Some(7));
    }
}
