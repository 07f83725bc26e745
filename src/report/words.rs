//! The sentences that the dry run's text and Markdown have in common.

use super::dry_run::{
    DryRun, FromSource, QuestionKind, QuestionShown, Questions, VariableShown, VersionsShown,
    WayBack,
};
use super::items::{
    BackShown, CommandShown, GuardShown, ItemShown, LevelName, PauseShown, RetriesShown, StepShown,
};
use super::quote;
use crate::engine::Back;
use crate::text::duration;
use crate::types::{Millis, StepId, TerminalOf};

/// What the environment of a command has beyond the common one.
pub(super) const OF_ITS_OWN: &str = "and STEP, ATTEMPT and OUTPUT of its own; a command with a user \
     gets HOME, USER, LOGNAME and SHELL of that user.";

/// The service, where, and in which environment.
pub(super) fn target(of: &DryRun) -> String {
    let environment = of
        .environment
        .as_ref()
        .map_or("NO ENV", |named| named.name.as_str());
    format!("{} on {} ({environment})", of.service, of.host)
}

/// Where it comes from and goes, and how that is known.
pub(super) fn versions(of: &VersionsShown) -> String {
    let source = match of.from_source {
        FromSource::Flag => "from --from; the installed version was not looked up",
        FromSource::Ledger => "the ledger says; the installed version was not looked up",
        FromSource::Lowest => {
            "the lowest version the plan serves; the installed version was not looked up"
        }
        FromSource::Detected => "looked up now",
        FromSource::Nowhere => "the installed version was not looked up",
    };
    let from = of.from.as_deref().unwrap_or("unknown");
    let to = of.to.as_deref().unwrap_or("no version");
    let mut said = format!("{from} -> {to} (from: {source})");
    if let Some(serves) = &of.serves {
        said.push_str(", the plan serves ");
        said.push_str(serves);
    }
    if let Some(why) = of
        .detected
        .as_ref()
        .and_then(|found| found.unknown.as_ref())
    {
        said.push_str("; looking it up failed: ");
        said.push_str(why);
    }
    said
}

/// What was executed for this dry run.
pub(super) fn executed(of: &DryRun) -> &'static str {
    if of.evaluated {
        "Only commands that change nothing were executed; what verifies a step or its undo is asked \
         in the run alone."
    } else {
        "Nothing was executed and nothing was written."
    }
}

/// The rule before the first post-deploy phase.
pub(super) fn boundary(of: &DryRun) -> &'static str {
    let own = of
        .questions
        .list
        .iter()
        .any(|question| question.kind == QuestionKind::Boundary);
    if own {
        "BOUNDARY: the run always stops here until a person lets it go on"
    } else {
        "BOUNDARY: behind the pause, post-deployment begins"
    }
}

/// The rule before the first step that nothing takes back.
pub(super) fn no_return(number: &str) -> String {
    format!("POINT OF NO RETURN: once step {number} has begun, there is no rollback")
}

/// How long a pause lasts.
pub(super) fn span(of: &PauseShown) -> String {
    let length = |ms: u64| duration(Millis(ms));
    match (of.min_ms, of.max_ms) {
        (None, None) => "pause".to_owned(),
        (Some(min), None) => format!("pause of at least {}", length(min)),
        (None, Some(max)) => format!("pause, asks again after {}", length(max)),
        (Some(min), Some(max)) => {
            format!(
                "pause of at least {}, asks again after {}",
                length(min),
                length(max)
            )
        }
    }
}

/// A level as people read it.
pub(super) fn level(of: LevelName) -> &'static str {
    match of {
        LevelName::Note => "note",
        LevelName::Ack => "acknowledge",
        LevelName::Type => "typed phrase",
    }
}

/// A command as its plan writes it, or quoted for a shell.
pub(super) fn command(of: &CommandShown) -> String {
    of.text.clone().unwrap_or_else(|| command_line(&of.argv))
}

/// Words as a shell reads them back.
pub(super) fn command_line(words: &[String]) -> String {
    words
        .iter()
        .map(|word| quote(word))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Where a command runs, as whom, through which shell and for how long.
pub(super) fn place(of: &CommandShown) -> String {
    let user = of.user.as_deref().unwrap_or("whoever starts the run");
    let timeout = of
        .timeout_ms
        .map_or("none".to_owned(), |ms| duration(Millis(ms)));
    let grace = duration(Millis(of.grace_ms));
    let by = match &of.shell {
        Some(shell) => format!(", by {}", command_line(shell)),
        None => String::new(),
    };
    format!(
        "in {} as {user}{by}; timeout {timeout}, grace {grace}",
        of.dir
    )
}

/// When a guard holds, for how long it is asked, and what it said.
pub(super) fn holds(of: &GuardShown) -> String {
    let mut said = of.holds_when.clone();
    if let (Some(within), Some(every)) = (of.within_ms, of.every_ms) {
        let (within, every) = (duration(Millis(within)), duration(Millis(every)));
        said.push_str(", asked every ");
        said.push_str(&every);
        said.push_str(" for ");
        said.push_str(&within);
    }
    if let Some(answer) = &of.answer {
        let what = match answer.said {
            "could_not_tell" => "could not tell",
            other => other,
        };
        said.push_str("; now: ");
        said.push_str(what);
        if let Some(why) = &answer.why {
            said.push_str(" (");
            said.push_str(why);
            said.push(')');
        }
    }
    said
}

/// What happens to a step after an unknown outcome, its exit codes and what it sets; none for
/// steps without a command.
pub(super) fn step_facts(of: &StepShown) -> Option<String> {
    of.command.as_ref()?;
    let rerun = match of.rerun {
        "safe" => "after an unknown outcome it is run again",
        "check" => "after an unknown outcome `unless` is asked",
        _ => "after an unknown outcome a person is asked",
    };
    let mut said = rerun.to_owned();
    if of.ok_codes != [0] {
        let codes: Vec<_> = of.ok_codes.iter().map(ToString::to_string).collect();
        said.push_str("; exit codes that mean done: ");
        said.push_str(&codes.join(", "));
    }
    if !of.sets.is_empty() {
        said.push_str("; sets ");
        said.push_str(&of.sets.join(", "));
    }
    Some(said)
}

/// The terminal of a step's command, and what that asks of a person; none where it has none.
pub(super) fn terminal(of: &StepShown) -> Option<String> {
    let said = match of.terminal? {
        TerminalOf::Own => "it has a terminal of its own, on which nobody types",
        TerminalOf::Admin => "it needs your terminal: you are asked to give it",
    };
    Some(said.to_owned())
}

/// From when on a command without output is remarked on.
pub(super) fn silence(of: &DryRun) -> String {
    let length = duration(Millis(of.silence_ms));
    format!("A command without output for {length} is remarked on, and goes on.")
}

/// What happens when a step fails, where that is more than asking a person; whether one can skip it.
pub(super) fn failing(of: &StepShown) -> Option<String> {
    let retries = of.retries.as_ref().map(RetriesShown::words);
    let required = of.required.then(|| "nobody can skip it".to_owned());
    let said: Vec<_> = retries.into_iter().chain(required).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// How a step is taken back, in a sentence.
pub(super) fn back(of: &BackShown) -> String {
    let because = |word: &str| match &of.text {
        Some(text) => format!("{word}: {}", text.trim_end()),
        None => word.to_owned(),
    };
    match of.kind {
        Back::Nothing => "it changes nothing".to_owned(),
        Back::Undo => because("its undo runs"),
        Back::Again => match &of.follows {
            Some(step) => format!("it runs once more after {step} was taken back"),
            None => "it runs once more after what it follows was taken back".to_owned(),
        },
        Back::Harmless => because("it stays as it is"),
        Back::Unsaid => "the plan does not say; a person has to".to_owned(),
        Back::Never => because("NOTHING takes it back"),
    }
}

/// What a rollback takes back.
pub(super) fn way_back(of: &DryRun) -> String {
    let steps: Vec<_> = of.way_back.iter().map(taken_back).collect();
    let until = match &of.point_of_no_return {
        Some(id) => format!("Until step {} begins", number_of(of, id)),
        None => "At any question".to_owned(),
    };
    if steps.is_empty() {
        return format!("{until} a rollback has nothing to take back.");
    }
    format!(
        "{until} `upwalk rollback {}` takes back what has begun, in this order: {}.",
        of.service,
        steps.join(", ")
    )
}

/// A step of the way back, and what happens to it.
fn taken_back(line: &WayBack) -> String {
    let number = line.number.clone();
    match line.back {
        Back::Undo | Back::Nothing => number,
        Back::Again => format!("{number} (runs again)"),
        Back::Harmless => format!("{number} (stays)"),
        Back::Unsaid | Back::Never => format!("{number} (a person decides)"),
    }
}

/// The number of a step, phase or pause, else its id.
pub(super) fn number_of(of: &DryRun, id: &StepId) -> String {
    for item in &of.items {
        match item {
            ItemShown::Phase(phase) if phase.id == *id => return phase.number.clone(),
            ItemShown::Pause(pause) if pause.id == *id => return pause.number.clone(),
            ItemShown::Phase(phase) => {
                if let Some(step) = phase.steps.iter().find(|step| step.id == *id) {
                    return step.number.clone();
                }
            }
            ItemShown::Pause(_) => {}
        }
    }
    id.to_string()
}

/// How many questions of which kind.
pub(super) fn questions(of: &Questions) -> String {
    let kinds = of.by_kind.iter().map(|(kind, number)| {
        let (one, many) = match kind {
            QuestionKind::Start => ("to start", "to start"),
            QuestionKind::Ack => ("acknowledgement", "acknowledgements"),
            QuestionKind::Type => ("typed phrase", "typed phrases"),
            QuestionKind::NextStep => ("step to let begin", "steps to let begin"),
            QuestionKind::Manual => ("step by hand", "steps by hand"),
            QuestionKind::Pause => ("pause", "pauses"),
            QuestionKind::Boundary => ("stop at the boundary", "stops at the boundary"),
            QuestionKind::Trouble => ("other", "others"),
        };
        format!("{number} {}", if *number == 1 { one } else { many })
    });
    let kinds: Vec<_> = kinds.collect();
    let mut said = format!("{}: {}", of.total, kinds.join(", "));
    said.push_str(", where every guard lets things happen and nothing fails.");
    if let Some(why) = &of.cut_short {
        said.push_str(" There may be more: ");
        said.push_str(why);
    }
    said
}

/// A stop of an unattended run.
pub(super) fn stop(of: &DryRun, question: &QuestionShown) -> String {
    let at = question
        .at
        .as_ref()
        .map_or(String::new(), |id| format!(" {}", number_of(of, id)));
    match question.kind {
        QuestionKind::Manual => format!("step{at} (by hand)"),
        QuestionKind::Pause => format!("pause{at}"),
        QuestionKind::Boundary => format!("the boundary before{at}"),
        QuestionKind::NextStep => format!("step{at}"),
        QuestionKind::Start | QuestionKind::Ack | QuestionKind::Type | QuestionKind::Trouble => {
            format!("a question{at}")
        }
    }
}

/// Where the run's files will lie.
pub(super) fn logs(of: &DryRun) -> String {
    format!(
        "`upwalk log {}` shows them. They lie in {}, NNNN-STEP.ATTEMPT.log for each attempt, beside \
         journal.jsonl.",
        of.service, of.run_dir
    )
}

/// A variable with its value and where that came from.
pub(super) fn variable(of: &VariableShown) -> String {
    let value = match (&of.value, of.secret) {
        (_, true) => "***",
        (Some(value), false) => value,
        (None, false) if of.from == "command" => "(read by a command when a run starts)",
        (None, false) => "(not set)",
    };
    format!("{} = {value}   ({})", of.name, of.from)
}
