//! Shell texts are given to `SHELL -n` before a run begins, so that a missing quote is found now
//! and not at three in the morning. The dry run does not: it starts no process.

use super::failure::{Code, Failure};
use crate::plan::Plan;
use crate::shell::ask::{Secrets, ask};
use crate::types::{Answer, Ask, CommandSpec, EnvValue, Judge, Millis};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// How long reading one text may take.
const LONGEST: Millis = Millis::from_secs(30);

/// Fails at the first text that its shell rejects, naming what it belongs to and its line.
pub(super) fn check(plan: &Plan) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    for script in plan.scripts() {
        let Some(argv) = script.syntax_check() else {
            continue;
        };
        let program = argv[0].clone();
        if !seen.insert((program.clone(), script.text.as_str())) {
            continue;
        }
        let of = format!("the shell text of {} (line {})", script.what, script.line);
        match ask(&reading(argv), &Secrets::new()) {
            Answer::Yes => {}
            Answer::No(why) => {
                let what = format!("{program} -n rejects {of}");
                return Err(Failure::new(Code::Plan, what)
                    .because(why)
                    .hint("mend the text; nothing was started"));
            }
            Answer::CouldNotTell(why) => {
                let what =
                    format!("{program} -n did not read {of}, so nobody knows whether it is right");
                return Err(Failure::new(Code::Outside, what).because(why).hint(format!(
                    "see that {program} can be run; nothing was started"
                )));
            }
        }
    }
    Ok(())
}

/// The question whether a shell can read a text.
fn reading(argv: Vec<String>) -> Ask {
    let path = crate::shell::identity::var("PATH").unwrap_or_else(|| "/usr/bin:/bin".to_owned());
    Ask::Command {
        spec: CommandSpec {
            argv,
            dir: PathBuf::from("/"),
            user: None,
            env: BTreeMap::from([
                ("PATH".to_owned(), EnvValue::Plain(path)),
                ("LC_ALL".to_owned(), EnvValue::Plain("C.UTF-8".to_owned())),
            ]),
            timeout: Some(LONGEST),
            grace: Millis::from_secs(1),
            terminal: None,
        },
        // What a shell says of a text it cannot read; 126 and 127 say that nobody could ask it.
        judge: Judge::Code {
            no: (1..126).collect(),
        },
    }
}
