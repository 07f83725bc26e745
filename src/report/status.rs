//! `upwalk status` and `upwalk runs`: what is open, what it waits for, what is owed.

use super::disk::Disk;
use super::quote;
use super::quote::list;
use super::stands::{Supervisor, clock, stands};
use crate::engine::{self, Silence};
use crate::journal::{Outcome, Question, Remark, RunResult, RunState, SkipReason, StepRecord};
use crate::plan::{Item, Plan, Role};
use crate::text;
use crate::types::{Moment, RunId, ServiceId, StepId};
use serde::Serialize;

/// How many of the last steps a status shows.
const LAST_STEPS: usize = 5;

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// A command or a check is under way.
    Running,
    /// A person is needed.
    WaitingForPerson,
    /// It is open, but nobody serves it.
    NoSupervisor,
    /// It has ended.
    Finished,
}

/// One run as `status` shows it. Field names are documented output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The run.
    pub run: RunId,
    /// Its service.
    pub service: ServiceId,
    /// `up`, `down` or `init`.
    pub direction: String,
    /// The host it runs on.
    pub host: String,
    /// The version it comes from.
    pub from: Option<String>,
    /// Where it goes.
    pub to: Option<String>,
    /// What it is doing.
    pub doing: Doing,
    /// The same and why, one or two sentences.
    pub sentence: String,
    /// Since when that is so, by the wall clock of then.
    pub since: String,
    /// The same in milliseconds before now.
    pub since_ms: u64,
    /// What is to be known of the wall clock: it was set since then.
    pub clock: Option<String>,
    /// Whether it waits for a person.
    pub needs_person: bool,
    /// Whether a failed step or an unknown outcome holds it.
    pub failed: bool,
    /// The number of the open question, which `--at` takes.
    pub at: Option<u64>,
    /// Commands that answer, the usual one first.
    pub commands: Vec<String>,
    /// The phase or pause under way or next, with its number.
    pub position: Option<Place>,
    /// Post-deploy phases not yet done although the code is switched.
    pub owed: Vec<Owed>,
    /// The last steps, the latest last.
    pub last_steps: Vec<StepLine>,
    /// What happened to the journal itself: an end cut off, a part lost.
    pub journal: Vec<String>,
    /// The run's directory.
    pub run_dir: String,
    /// For how many milliseconds the command under way has written nothing; null where that is
    /// shorter than the plan's `silence`, or nobody can tell.
    pub silent_ms: Option<u64>,
    /// What its disk lacks, so that no step begins; null where nothing is lacking.
    pub disk: Option<Disk>,
    /// Whether its supervisor outlives the login that started it; null where none lives.
    pub survives_logout: Option<bool>,
    /// The same and why, where logind ends what logins leave; null where it leaves it alone.
    pub logout: Option<String>,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The phase or pause.
    pub item: StepId,
    /// Its number, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// The step.
    pub step: Option<StepId>,
}

/// Something that is still to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owed {
    /// The phase.
    pub phase: StepId,
    /// Its name.
    pub name: String,
}

/// One of the last steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepLine {
    /// Which.
    pub step: StepId,
    /// `running`, `done`, `nothing to do`, `skipped`, `failed`, `unknown`, `taken back`.
    pub state: &'static str,
    /// Why, where that is known.
    pub why: Option<String>,
}

/// The status of one run.
pub fn status(plan: &Plan, state: &RunState, now: &Moment, supervisor: &Supervisor) -> Status {
    let why = engine::why(plan, state, now);
    let doing = match (&state.finished, supervisor, &state.open) {
        (Some(_), _, _) => Doing::Finished,
        (None, Supervisor::Alive, None) if why.needs_person => Doing::WaitingForPerson,
        (None, _, Some(_)) => Doing::WaitingForPerson,
        (None, Supervisor::Alive, None) => Doing::Running,
        (None, _, None) => Doing::NoSupervisor,
    };
    let (sentence, commands) = stands(state, why, supervisor);
    let since = since(state);
    Status {
        run: state.run.run.clone(),
        service: state.run.service.clone(),
        direction: state.run.direction.clone(),
        host: text::clean(&state.run.host),
        from: state.run.from_exact.as_ref().map(ToString::to_string),
        to: state.run.to.as_ref().map(ToString::to_string),
        doing,
        sentence: text::clean(&sentence),
        since: since.wall.to_string(),
        since_ms: now.since(since).0,
        clock: clock(state, since, now),
        needs_person: doing == Doing::WaitingForPerson || doing == Doing::NoSupervisor,
        failed: has_failed(state),
        at: state.open.as_ref().map(|open| open.asked.0),
        commands,
        position: place(plan, state),
        owed: owed(plan, state),
        last_steps: last_steps(state),
        journal: remarks(state),
        run_dir: text::clean(&state.run.run_dir.display().to_string()),
        silent_ms: None,
        disk: None,
        survives_logout: None,
        logout: None,
    }
}

impl Status {
    /// The same where the command under way is silent.
    #[must_use]
    pub fn silent(mut self, silence: &Silence) -> Self {
        let step = &silence.step;
        let what = text::silence(silence.length);
        self.sentence = format!("{} Step {step}: {what}.", self.sentence);
        self.silent_ms = Some(silence.length.0);
        let service = quote(self.service.as_str());
        self.commands.push(format!("upwalk log {service}"));
        self.commands.push(format!("upwalk cancel {service}"));
        self
    }
}

/// Since when a run is as it is: its question, the attempt under way, its end, else its last event.
fn since(state: &RunState) -> &Moment {
    if let Some(finished) = &state.finished {
        return &finished.at;
    }
    if let Some(open) = &state.open {
        return &open.at;
    }
    let running = state
        .steps
        .values()
        .filter_map(StepRecord::latest)
        .find(|a| a.ended.is_none());
    running.map_or(&state.last_at, |attempt| &attempt.started)
}

/// Whether a failed step holds the run, or it was stopped there. An unknown outcome has not failed: a
/// person has to say what it is.
fn has_failed(state: &RunState) -> bool {
    if let Some(finished) = &state.finished {
        return matches!(finished.result, RunResult::Stopped { failed: true, .. });
    }
    state
        .open
        .as_ref()
        .is_some_and(|open| match &open.question {
            Question::Failed { .. }
            | Question::Blocked { .. }
            | Question::WrongVersion { .. }
            | Question::UndoFailed { .. } => true,
            Question::OutcomeUnknown { .. }
            | Question::Start
            | Question::Confirm { .. }
            | Question::NextStep { .. }
            | Question::Halted
            | Question::ManualDone { .. }
            | Question::CouldNotTell { .. }
            | Question::Paused { .. }
            | Question::Boundary { .. }
            | Question::PauseHeld { .. }
            | Question::UndoUnsure { .. } => false,
        })
}

/// What happened to the journal itself, each with its time.
fn remarks(state: &RunState) -> Vec<String> {
    let told = |remark: &Remark| format!("{}: {}", remark.at.wall.full(), remark.text);
    let all = state.remarks.iter();
    all.map(|remark| text::clean(&told(remark))).collect()
}

/// Where the run stands.
fn place(plan: &Plan, state: &RunState) -> Option<Place> {
    let position = engine::position(plan, state);
    Some(Place {
        item: position.item?,
        number: position.item_number,
        of: engine::walk_of(plan, state)?.items.len(),
        step: position.step,
    })
}

/// Post-deploy phases that are still to come once a deploy phase has begun and nothing has turned
/// the run around.
fn owed(plan: &Plan, state: &RunState) -> Vec<Owed> {
    let Some(walk) = engine::walk_of(plan, state).filter(|_| state.rollback.is_none()) else {
        return Vec::new();
    };
    let phases = || {
        walk.items.iter().filter_map(|item| match item {
            Item::Phase(phase) => Some(phase),
            Item::Pause(_) => None,
        })
    };
    let switched = phases().any(|p| p.role == Role::Deploy && state.phases.contains_key(&p.id));
    let finished = |id| {
        state
            .phases
            .get(id)
            .is_some_and(|record| record.finished.is_some())
    };
    let open = phases().filter(|p| switched && p.role == Role::PostDeploy && !finished(&p.id));
    open.map(|phase| Owed {
        phase: phase.id.clone(),
        name: text::clean(&engine::Scope::of(plan, state).text(&phase.name)),
    })
    .collect()
}

/// The steps that something was last heard of.
fn last_steps(state: &RunState) -> Vec<StepLine> {
    let mut known: Vec<_> = state
        .steps
        .iter()
        .filter_map(|(id, record)| Some((record.latest()?.number, id, record)))
        .collect();
    known.sort_by_key(|(number, ..)| *number);
    let first = known.len().saturating_sub(LAST_STEPS);
    known[first..]
        .iter()
        .map(|(_, id, record)| step_line(id, record))
        .collect()
}

/// One step in a few words.
fn step_line(id: &StepId, record: &StepRecord) -> StepLine {
    let (state, why) = match (&record.undo_outcome, &record.skipped, &record.outcome) {
        (Some(Outcome::Done | Outcome::NothingToDo), _, _) => ("taken back", None),
        (Some(Outcome::Failed(why)), _, _) => ("taking it back failed", Some(why)),
        (Some(Outcome::Unknown(why)), _, _) => ("taking it back: unknown", Some(why)),
        (None, Some(SkipReason::Person { because, .. }), _) => ("skipped", Some(because)),
        (None, Some(SkipReason::Guard(why) | SkipReason::NothingToTakeBack(why)), _) => {
            ("skipped", Some(why))
        }
        (None, None, Some(Outcome::Done)) => ("done", None),
        (None, None, Some(Outcome::NothingToDo)) => ("nothing to do", None),
        (None, None, Some(Outcome::Failed(why))) => ("failed", Some(why)),
        (None, None, Some(Outcome::Unknown(why))) => ("unknown", Some(why)),
        (None, None, None) if record.undo_attempts.is_empty() => ("running", None),
        (None, None, None) => ("being taken back", None),
    };
    StepLine {
        step: id.clone(),
        state,
        why: why.map(|why| text::clean(why)),
    }
}

/// The status of runs as text of at most 80 columns.
pub fn statuses(all: &[Status]) -> String {
    if all.is_empty() {
        return "No run is open and nothing is owed.\n".to_owned();
    }
    let mut out = String::new();
    for (index, status) in all.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        one(status, &mut out);
    }
    out
}

/// One run's status as text.
fn one(status: &Status, out: &mut String) {
    let versions = match (&status.from, &status.to) {
        (Some(from), Some(to)) => format!(" {from} -> {to}"),
        (None, Some(to)) => format!(" -> {to}"),
        (Some(_) | None, None) => String::new(),
    };
    let mut add = |head: &str, body: &str| {
        for (index, line) in text::wrap(body, 80 - 10).iter().enumerate() {
            let head = if index == 0 { head } else { "" };
            out.push_str(format!("{head:10}{line}").trim_end());
            out.push('\n');
        }
    };
    let place = status.position.as_ref().map_or(String::new(), |place| {
        let step = place
            .step
            .as_ref()
            .map_or(String::new(), |step| format!(", step {step}"));
        format!("{} of {}, {}{step}", place.number, place.of, place.item)
    });
    add(
        status.service.as_str(),
        &format!("{}{versions} on {}", status.direction, status.host),
    );
    add("  run", status.run.as_str());
    add("  state", &status.sentence);
    let ago = text::duration(crate::types::Millis(status.since_ms));
    add("  since", &format!("{} ({ago})", status.since));
    if let Some(clock) = &status.clock {
        add("  clock", clock);
    }
    if let Some(logout) = &status.logout {
        add("  logout", logout);
    }
    add("  at", &place);
    for step in &status.last_steps {
        let why = step
            .why
            .as_ref()
            .map_or(String::new(), |why| format!(": {why}"));
        add("  step", &format!("{} {}{why}", step.step, step.state));
    }
    for owed in &status.owed {
        add("  owed", &format!("{} ({})", owed.name, owed.phase));
    }
    for remark in &status.journal {
        add("  journal", remark);
    }
    // A command stands whole on its line, so that it can be copied.
    for command in &status.commands {
        out.extend(["  ", command, "\n"]);
    }
}

/// The status of runs as JSON: `schema` and `runs`.
pub fn status_json(all: &[Status]) -> String {
    list(all)
}
