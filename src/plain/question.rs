//! What can be answered to a question, and what an answer means.
//!
//! Pure: `prompt` prints and reads.

use super::names::Names;
use crate::engine::{self, Choice};
use crate::journal::{Decision, Evidence, Open, Question, RunState, Verdict};
use crate::plan::Plan;
use crate::text;
use crate::types::Moment;

/// What the person is being asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// Which of the choices.
    Choose(Vec<Choice>),
    /// To say that the warning was read.
    Confirm(Wanted),
    /// The phrase of this choice, to the letter.
    Phrase(Choice, String),
    /// Why, for this choice.
    Reason(Choice),
    /// To say the word again, as the choice cannot be taken back.
    Sure(Choice),
}

/// The words that are answers to every question, for its last line.
const ALSO: &str = "\"text\" to hear this again, \"help\" for other words, or \"back\" to leave the run as \
                    it is:";
/// Those that are named only to whoever asks for help.
pub(super) const OTHERS: &str = "Other words: \"log\" reads the end of the log, and \"note\" with words \
     behind it leaves a note in the record.";

/// What confirms a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// What has to be typed.
    words: String,
    /// Whether that is the plan's phrase, compared byte for byte.
    phrase: bool,
    /// The decision that the words stand for, but for its evidence.
    confirm: Decision,
}

/// What an answer comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answered {
    /// This is decided.
    Decide(Decision),
    /// Something more is asked.
    Ask(Stage),
    /// The question is read out again.
    Again,
    /// The end of the log is read out, then it is asked again.
    Log,
    /// The possible answers are read out again.
    Help,
    /// The person leaves; the run stays as it is.
    Back,
    /// It is no answer here: why.
    Wrong(String),
}

/// What is asked for first.
pub(super) fn first_stage(plan: &Plan, state: &RunState, open: &Open, now: &Moment) -> Stage {
    let mut choices = engine::choices(plan, state);
    let Question::Confirm {
        warning,
        digest,
        phrase,
        ..
    } = &open.question
    else {
        if let Some(free) = free_at(plan, state, open).filter(|free| !now.reached(free)) {
            let leaves = |choice: &&mut Choice| choice.verb == "continue";
            for choice in choices.iter_mut().filter(leaves) {
                choice.needs_reason = true;
                choice.phrase = Some(engine::early_phrase(state));
                let at = free.as_of(now).wall.clock();
                choice.does = format!("Ends the pause early; it should last until {at}.");
            }
        }
        return Stage::Choose(choices);
    };
    let name = Names::of(plan, state).warning(warning);
    Stage::Confirm(Wanted {
        words: phrase.clone().unwrap_or_else(|| format!("ack {name}")),
        phrase: phrase.is_some(),
        confirm: Decision::Confirm {
            seeing: None,
            warning: warning.clone(),
            digest: digest.clone(),
            evidence: Evidence::Acknowledged,
        },
    })
}

/// When a pause of the plan has lasted as long as the plan wants; none where nothing pauses, or for
/// no set time.
pub(super) fn free_at(plan: &Plan, state: &RunState, open: &Open) -> Option<Moment> {
    let Question::Paused { pause: id, .. } = &open.question else {
        return None;
    };
    let pause = engine::walk_of(plan, state).and_then(|walk| walk.pause(id));
    let min = pause.and_then(|pause| pause.min)?;
    Some(state.pauses.get(id)?.entered.plus(min))
}

impl Stage {
    /// The lines before the answer; the last one is not ended.
    pub(super) fn prompt(&self) -> Vec<String> {
        match self {
            Self::Choose(choices) => {
                let mut lines: Vec<_> = choices
                    .iter()
                    .enumerate()
                    .map(|(index, choice)| {
                        let asks = match (&choice.phrase, choice.needs_reason) {
                            (Some(_), true) => " You are asked for a phrase, and for your reason.",
                            (Some(_), false) => " You are asked for a phrase.",
                            (None, true) => " You are asked for your reason.",
                            (None, false) => "",
                        };
                        format!("  {}. {}: {}{asks}", index + 1, choice.verb, choice.does)
                    })
                    .collect();
                lines.push(format!("Type a number or its word, {ALSO}"));
                lines
            }
            Self::Confirm(wanted) if wanted.phrase => vec![
                format!("Type exactly: {}", wanted.words),
                format!("or {ALSO}"),
            ],
            Self::Confirm(wanted) => {
                vec![format!("Type \"{}\" to go on, {ALSO}", wanted.words)]
            }
            Self::Phrase(_, phrase) => vec![
                format!("Type exactly: {phrase}"),
                "or \"back\" to choose again:".to_owned(),
            ],
            Self::Reason(choice) => vec![format!(
                "Type the reason for \"{}\" on one line, it is kept in the record; or \"back\" to choose \
                 again:",
                choice.verb
            )],
            Self::Sure(choice) => vec![format!(
                "Type \"{0} now\" to do it, \"{0} now: WHY\" with your reason in place of WHY to have it \
                 in the record too, or \"back\" to choose again:",
                choice.verb
            )],
        }
    }

    /// What a typed line comes to.
    pub(super) fn answer(&self, line: &str) -> Answered {
        let line = line.trim();
        match (self, line) {
            (Self::Confirm(wanted), _) if line == wanted.words => wanted.confirmed(),
            (Self::Choose(_) | Self::Confirm(_), "back") => Answered::Back,
            (_, "back" | "text") => Answered::Again,
            (Self::Choose(_) | Self::Confirm(_), "log") => Answered::Log,
            (Self::Choose(_) | Self::Confirm(_), "help" | "?") => Answered::Help,
            (Self::Choose(choices), _) => note(line).unwrap_or_else(|| choose(choices, line)),
            (Self::Confirm(wanted), _) => note(line).unwrap_or_else(|| wanted.differs(line)),
            (Self::Phrase(choice, phrase), _) if line == phrase => typed_out(choice),
            (Self::Phrase(_, phrase), _) => Answered::Wrong(difference(line, phrase)),
            (Self::Reason(_), "") => {
                Answered::Wrong("A reason is needed here. Nothing was done.".into())
            }
            (Self::Reason(choice), reason) => Answered::Decide(decision(choice, Some(reason))),
            (Self::Sure(choice), _) => {
                let now = line.strip_prefix(&format!("{} now", choice.verb));
                match now.map(|why| why.strip_prefix(':').map_or(why, str::trim)) {
                    Some("") => Answered::Decide(decision(choice, None)),
                    Some(why) if !why.starts_with(' ') => {
                        Answered::Decide(decision(choice, Some(why)))
                    }
                    Some(_) | None => Answered::Wrong(not_here(line)),
                }
            }
        }
    }
}

/// A line that leaves a note, or says that its words are missing; none where it is another line.
pub(super) fn note(line: &str) -> Option<Answered> {
    let words = line.strip_prefix("note")?;
    if !words.is_empty() && !words.starts_with([' ', ':']) {
        return None;
    }
    let text = words.trim_start_matches(':').trim();
    Some(if text.is_empty() {
        let why = "Type the words of the note behind \"note\", as in: note the site is up. Nothing was done.";
        Answered::Wrong(why.into())
    } else {
        let text = text.to_owned();
        Answered::Decide(Decision::Note { text })
    })
}

/// What to say of a line that is no answer.
fn not_here(line: &str) -> String {
    let shown = text::cut(line, 60);
    format!("\"{shown}\" is not an answer here. Nothing was done.")
}

/// A number or a word from the list.
fn choose(choices: &[Choice], line: &str) -> Answered {
    let number = line.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    let chosen = choices
        .iter()
        .enumerate()
        .find(|(index, choice)| number == Some(*index) || choice.verb == line);
    let Some((_, choice)) = chosen else {
        return Answered::Wrong(not_here(line));
    };
    if let Some(phrase) = &choice.phrase {
        Answered::Ask(Stage::Phrase(choice.clone(), phrase.clone()))
    } else if choice.needs_reason {
        Answered::Ask(Stage::Reason(choice.clone()))
    } else if matches!(
        choice.verb,
        "rollback" | "stop" | "settle done" | "settle rerun"
    ) {
        Answered::Ask(Stage::Sure(choice.clone()))
    } else {
        Answered::Decide(decision(choice, None))
    }
}

/// What follows from the phrase of a choice.
fn typed_out(choice: &Choice) -> Answered {
    if choice.needs_reason {
        Answered::Ask(Stage::Reason(choice.clone()))
    } else {
        Answered::Decide(decision(choice, None))
    }
}

/// Says where a phrase differs from what was typed.
fn difference(line: &str, phrase: &str) -> String {
    let same = line.chars().zip(phrase.chars());
    let at = same.take_while(|(typed, wanted)| typed == wanted).count() + 1;
    format!(
        "You typed \"{}\". Expected \"{phrase}\". First difference at character {at}. Nothing was done.",
        text::cut(line, 60)
    )
}

/// The decision that a choice stands for.
fn decision(choice: &Choice, reason: Option<&str>) -> Decision {
    let because = reason.map(str::to_owned);
    let settle = |verdict, because| Decision::Settle { verdict, because };
    match choice.verb {
        "start" => Decision::Start,
        "retry" => Decision::Retry,
        "skip" => Decision::Skip {
            because: because.unwrap_or_default(),
        },
        "settle done" => settle(Verdict::Done, because),
        "settle rerun" => settle(Verdict::Rerun, because),
        "rollback" => Decision::Rollback { because },
        "stop" => Decision::Stop { because },
        _ => Decision::Continue {
            early: because.is_some(),
            because,
        },
    }
}

impl Wanted {
    /// It was typed as it has to be.
    fn confirmed(&self) -> Answered {
        let mut decision = self.confirm.clone();
        if let (Decision::Confirm { evidence, .. }, true) = (&mut decision, self.phrase) {
            *evidence = Evidence::Typed(self.words.clone());
        }
        Answered::Decide(decision)
    }

    /// Says where what was typed differs.
    fn differs(&self, line: &str) -> Answered {
        if !self.phrase {
            return Answered::Wrong(not_here(line));
        }
        Answered::Wrong(difference(line, &self.words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Digest, Id};

    fn choice(verb: &'static str, needs_reason: bool) -> Choice {
        Choice {
            verb,
            does: "Does it.".into(),
            needs_reason,
            phrase: (verb == "skip").then(|| "skip 3.2 on web01".to_owned()),
            command: String::new(),
        }
    }

    fn failed() -> Stage {
        Stage::Choose(vec![
            choice("retry", false),
            choice("skip", true),
            choice("rollback", false),
        ])
    }

    fn wanted(words: &str, phrase: bool) -> Stage {
        Stage::Confirm(Wanted {
            words: words.into(),
            phrase,
            confirm: Decision::Confirm {
                seeing: None,
                warning: Id::new("drop").expect("an id"),
                digest: Digest::of([]),
                evidence: Evidence::Acknowledged,
            },
        })
    }

    #[test]
    fn a_choice_is_taken_by_number_or_word_and_nothing_else() {
        assert_eq!(failed().answer("1"), Answered::Decide(Decision::Retry));
        assert_eq!(
            failed().answer(" retry "),
            Answered::Decide(Decision::Retry)
        );
        for line in ["", "y", "0", "4", "RETRY", "retry now"] {
            assert!(
                matches!(failed().answer(line), Answered::Wrong(_)),
                "{line}"
            );
        }
        assert_eq!(failed().answer("back"), Answered::Back);
        assert_eq!(failed().answer("text"), Answered::Again);
    }

    #[test]
    fn what_needs_a_reason_asks_for_one_and_what_turns_around_asks_twice() {
        let Answered::Ask(phrase) = failed().answer("2") else {
            panic!("a phrase is asked");
        };
        assert_eq!(phrase.answer("back"), Answered::Again);
        let Answered::Wrong(why) = phrase.answer("skip 3.1 on web01") else {
            panic!("it is another step's");
        };
        assert!(why.contains("character 8"), "{why}");
        let Answered::Ask(reason) = phrase.answer("skip 3.2 on web01") else {
            panic!("a reason is asked");
        };
        assert!(matches!(reason.answer("  "), Answered::Wrong(_)));
        assert_eq!(
            reason.answer("checked by hand"),
            Answered::Decide(Decision::Skip {
                because: "checked by hand".into()
            })
        );
        let Answered::Ask(sure) = failed().answer("rollback") else {
            panic!("it asks again");
        };
        assert!(matches!(sure.answer("y"), Answered::Wrong(_)));
        assert_eq!(sure.answer("back"), Answered::Again);
        assert_eq!(
            sure.answer("rollback now"),
            Answered::Decide(Decision::Rollback { because: None })
        );
    }

    #[test]
    fn a_phrase_is_compared_exactly_and_the_first_difference_is_named() {
        let stage = wanted("drop columns on web01", true);
        let Answered::Wrong(why) = stage.answer("drop columns on web1") else {
            panic!("it differs");
        };
        assert!(why.contains("character 20"), "{why}");
        assert!(matches!(
            stage.answer("Drop columns on web01"),
            Answered::Wrong(_)
        ));
        let Answered::Decide(Decision::Confirm { evidence, .. }) =
            stage.answer(" drop columns on web01 ")
        else {
            panic!("it is the phrase");
        };
        assert_eq!(evidence, Evidence::Typed("drop columns on web01".into()));
    }

    #[test]
    fn yes_acknowledges_nothing() {
        let stage = wanted("ack W2", false);
        for line in ["y", "yes", "", "ack W1", "ack"] {
            assert!(matches!(stage.answer(line), Answered::Wrong(_)), "{line}");
        }
        assert!(matches!(stage.answer("ack W2"), Answered::Decide(_)));
    }
}
