//! Warnings: their digests, what is shown of them, and when they count as confirmed.

use super::Scope;
use super::command::{ask_of, fact_commands};
use super::due::{Effect, Rounds};
use super::next::Next;
use crate::journal::{
    AskKey, Asks, Event, Evidence, Fact, Measured, Open, Question, RunStarted, RunState,
    WarningState,
};
use crate::plan::{Level, Plan, Settings, Walk, Warning};
use crate::types::{Answer, Digest, Id, Millis, Moment, StepId, WarningId};

/// The digest a warning is accepted by: all that the dry run knows of it (plan-language,
/// "Warnings").
pub fn warning_digest(plan: &Plan, run: &RunStarted, warning: &Warning) -> Digest {
    let mut parts = vec![plan.digest.as_str().to_owned()];
    for (name, value) in &run.vars {
        if let (Some(text), false) = (&value.value, value.from == "command") {
            parts.push(format!("{name}={text}"));
        }
    }
    parts.push(run.host.clone());
    parts.push(run.direction.clone());
    parts.push(run.to.as_ref().map(ToString::to_string).unwrap_or_default());
    parts.push(warning.source.clone());
    Digest::of(parts.iter().map(String::as_bytes))
}

/// Whether a warning stands in nobody's way any more. A phrase that was typed too long ago does not
/// count where what it was typed for has not begun: its facts are of another day, and so may be the
/// person. Whoever calls this has not begun it.
fn is_passed(state: &RunState, id: &WarningId, now: &Moment) -> bool {
    let Some(record) = state.warnings.get(id) else {
        return false;
    };
    let Some(max_age) = state.run.max_age else {
        return true;
    };
    let mut consents = state.consents.iter().rev();
    let typed =
        consents
            .find(|consent| consent.warning == *id)
            .is_some_and(|consent| match consent.evidence {
                Evidence::Typed(_) => true,
                Evidence::Acknowledged | Evidence::Named | Evidence::Accepted => false,
            });
    !(typed && record.state == WarningState::Confirmed && now.since(&record.at) > max_age)
}

/// What stands in the way of going past this warning; none where nothing does.
pub(super) fn pass(
    plan: &Plan,
    state: &RunState,
    warning: &Warning,
    before: &StepId,
    settings: &Settings,
    now: &Moment,
) -> Option<Next> {
    if is_passed(state, &warning.id, now) {
        return None;
    }
    let scope = Scope::at(plan, state, before);
    let before = Some(before.clone());
    let mut remark = None;
    if let Some(guard) = &warning.only_if {
        let key = AskKey::WarningApplies(warning.id.clone());
        match state.answers.get(&key).map(|answered| &answered.answer) {
            None => return Some(Next::ask(key, ask_of(&scope, guard, settings))),
            Some(Answer::No(_)) => {
                let warning = warning.id.clone();
                return Some(Next::happen([Event::WarningNotNeeded { warning, before }]));
            }
            Some(Answer::CouldNotTell(why)) => {
                remark = Some(format!(
                    "Whether this applies here could not be told: {why}."
                ));
            }
            Some(Answer::Yes) => {}
        }
    }
    let of = Measured::Warning(warning.id.clone());
    let facts = match state.measured.get(&of) {
        Some(facts) => facts.clone(),
        None if warning.facts.is_empty() => Vec::new(),
        None => {
            let commands = fact_commands(&scope, warning, settings);
            return Some(Next::Await(vec![Effect::Measure { of, commands }]));
        }
    };
    let digest = warning_digest(plan, &state.run, warning);
    let shown = Shown {
        id: &warning.id,
        before,
        digest,
        text: scope.text(&warning.text),
        facts,
        remark,
        phrase: match &warning.level {
            Level::Note | Level::Ack => None,
            Level::Type(phrase) => Some(scope.text(phrase)),
        },
    };
    Some(match warning.level {
        Level::Note => Next::happen([Event::WarningShown {
            warning: warning.id.clone(),
            before: shown.before,
            digest: shown.digest,
        }]),
        Level::Ack | Level::Type(_) => shown.confirm(state),
    })
}

/// A warning as it is put to a person.
struct Shown<'a> {
    id: &'a WarningId,
    before: Option<StepId>,
    digest: Digest,
    text: String,
    facts: Vec<Fact>,
    remark: Option<String>,
    phrase: Option<String>,
}

impl Shown<'_> {
    /// Confirmed by an `--accept`, or asked.
    fn confirm(self, state: &RunState) -> Next {
        let accepted = (self.id.clone(), self.digest.clone());
        if state.run.accepts.contains(&accepted) {
            return Next::happen([Event::WarningConfirmed {
                warning: accepted.0,
                before: self.before,
                digest: accepted.1,
                seen: None,
                who: state.run.who.clone(),
                evidence: Evidence::Accepted,
                level: Some(Asks::with(self.phrase.as_deref())),
                asked: None,
                seeing: None,
            }]);
        }
        let seen = seen(&self.text, &self.facts);
        Next::happen([Event::QuestionAsked {
            question: Question::Confirm {
                warning: accepted.0,
                before: self.before,
                digest: accepted.1,
                phrase: self.phrase,
                text: self.text,
                facts: self.facts,
                seen,
                remark: self.remark,
            },
        }])
    }
}

/// How soon facts are measured again while their warning waits for a person.
const FACTS_EVERY: Millis = Millis::from_secs(60);

/// The facts of a warning that waits: what a person reads before they confirm is to be true then, not
/// hours before (ux.md, section 3).
pub(super) fn measured_again(plan: &Plan, state: &RunState, walk: &Walk, open: &Open) -> Next {
    let Question::Confirm {
        warning: id, facts, ..
    } = &open.question
    else {
        return Next::REST;
    };
    let found = walk.warnings().find(|(_, warning)| warning.id == *id);
    let Some((before, warning)) = found.filter(|(_, warning)| !warning.facts.is_empty()) else {
        return Next::REST;
    };
    let settings = walk.step(before).map(|(_, step)| &step.settings);
    let scope = Scope::at(plan, state, before);
    let commands = fact_commands(&scope, warning, settings.unwrap_or(&Settings::default()));
    Next::Await(vec![Effect::MeasureAgain(Rounds {
        of: Measured::Warning(id.clone()),
        commands,
        known: facts.clone(),
        since: open.at.clone(),
        every: FACTS_EVERY,
    })])
}

/// What follows from values that were measured: where a warning waits with other ones, it is asked
/// anew, so that nobody confirms what is not the case any more.
pub(super) fn measured(state: &RunState, of: &Measured, values: &[Fact]) -> Vec<Event> {
    let measured = Event::ValuesMeasured {
        of: of.clone(),
        values: values.to_vec(),
    };
    let question = state.open.as_ref().map(|open| &open.question);
    let Some(Question::Confirm {
        warning,
        before,
        digest,
        phrase,
        text,
        facts,
        remark,
        ..
    }) = question.filter(|question| question.is_about(of))
    else {
        return vec![measured];
    };
    if facts == values {
        return Vec::new();
    }
    let question = Question::Confirm {
        warning: warning.clone(),
        before: before.clone(),
        digest: digest.clone(),
        phrase: phrase.clone(),
        text: text.clone(),
        facts: values.to_vec(),
        seen: seen(text, values),
        remark: remark.clone(),
    };
    vec![measured, Event::QuestionAsked { question }]
}

/// The digest of what a person saw.
fn seen(text: &str, facts: &[Fact]) -> Digest {
    let mut parts = vec![text.to_owned()];
    for fact in facts {
        parts.push(fact.name.clone());
        parts.push(match &fact.value {
            Ok(value) => value.clone(),
            Err(why) => format!("unknown: {why}"),
        });
    }
    Digest::of(parts.iter().map(String::as_bytes))
}

/// The id of the warning that an earlier run of the service was stopped and left as it is.
const STOPPED: &str = "stopped";

/// upwalk's own warning about an earlier run that was left open: id, digest, text, phrase. None
/// where there was no such run.
pub fn stopped_warning(run: &RunStarted) -> Option<(WarningId, Digest, String, String)> {
    let (earlier, step) = run.after_stopped.as_ref()?;
    let id = Id::new(STOPPED).ok()?;
    let text = format!(
        "The earlier run {earlier} of {} was stopped at {step} and left as it was. Its changes up \
         to there are in place, and nothing after them is. Find out what state the service is in \
         before you go on: `upwalk log {earlier}` shows what ran.",
        run.service
    );
    let digest = Digest::of([text.as_bytes()]);
    Some((
        id,
        digest,
        text,
        format!("go on after stop on {}", run.host),
    ))
}

/// What stands in the way of going past upwalk's own warnings of the run as a whole.
pub(super) fn pass_own(state: &RunState, now: &Moment) -> Option<Next> {
    let (id, digest, text, phrase) = stopped_warning(&state.run)?;
    let begun = !state.phases.is_empty() || !state.pauses.is_empty();
    if is_passed(state, &id, now) || (begun && state.warnings.contains_key(&id)) {
        return None;
    }
    let shown = Shown {
        id: &id,
        before: None,
        digest,
        text,
        facts: Vec::new(),
        remark: None,
        phrase: Some(phrase),
    };
    Some(shown.confirm(state))
}

impl Next {
    /// Waits for a guard that is asked once.
    pub(super) fn ask(key: AskKey, ask: crate::types::Ask) -> Self {
        Self::Await(vec![Effect::Ask {
            key,
            ask,
            until: None,
            every: Millis(0),
        }])
    }
}
