//! Where a run is while everybody stands still: told by its files and `/proc`, not by upwalk.

use crate::process::{Process, supervisor_of};
use crate::run::Run;
use crate::table::{Victim, Window};
use std::path::Path;
use upwalk::journal::codec::decode;
use upwalk::journal::{Event, Recorded};
use upwalk::types::ExitRecord;

/// Processes that have been asked to stand still, and do.
pub(crate) struct Frozen {
    supervisor: Option<Process>,
    shim: Option<Process>,
    /// Everybody who stands still.
    pub(crate) all: Vec<Process>,
}

impl Frozen {
    /// The run's supervisor and shim.
    pub(crate) fn now(run: &Run) -> Self {
        let supervisor = last_supervisor(run).or_else(|| supervisor_of(run.dir.path()));
        if let Some(supervisor) = supervisor {
            supervisor.stop();
        }
        // Its shim is stopped as early as can be, and once more when no other can follow.
        let mut all: Vec<Process> = supervisor.map(shims_below).unwrap_or_default();
        for child in &all {
            child.stop();
        }
        if let Some(supervisor) = supervisor {
            supervisor.stopped();
        }
        let own = supervisor.and_then(|supervisor| shim_below(run, supervisor));
        let shim = own.or_else(|| noted_shim(run));
        if let Some(shim) = shim {
            shim.stop();
            shim.stopped();
        }
        all.extend(supervisor);
        all.extend(shim);
        Self {
            supervisor: supervisor.filter(|process| process.lives()),
            shim: shim.filter(|process| process.lives()),
            all,
        }
    }

    /// The shim of the command that runs, asked to stand still, and the command.
    pub(crate) fn shim_alone(run: &Run) -> Option<(Process, Process)> {
        let shim = noted_shim(run)?;
        shim.stop();
        let command = shim.children().into_iter().find_map(Process::of);
        if command.is_none() {
            shim.go_on();
        }
        Some((shim, command?))
    }
}

/// The shims that a supervisor has started.
fn shims_below(supervisor: Process) -> Vec<Process> {
    let children = supervisor.children().into_iter();
    children
        .filter_map(Process::of)
        .filter(|child| child.is_mode("__exec"))
        .collect()
}

/// The shim among them of the last intent: those before it still sync their logs.
fn shim_below(run: &Run, supervisor: Process) -> Option<Process> {
    let shims = shims_below(supervisor);
    let number = open_intent(&journal(run))?;
    let earlier: Vec<i32> = (1..number)
        .filter_map(|number| Files::of(run.dir.path(), number).number(0, "pid"))
        .collect();
    let mut own = shims
        .into_iter()
        .filter(|shim| !earlier.contains(&shim.pid));
    own.next()
}

/// The journal as it lies on disk.
pub(crate) fn journal(run: &Run) -> Vec<Recorded> {
    let bytes = run.dir.read_journal().expect("the journal can be read");
    decode(&bytes).expect("a kill damages no journal").events
}

/// The supervisor that has journalled itself last, if it lives.
fn last_supervisor(run: &Run) -> Option<Process> {
    let events = journal(run);
    let pid = events.iter().rev().find_map(|event| match &event.event {
        Event::SupervisorStarted { pid, .. } => Some(*pid),
        _ => None,
    })?;
    let process = Process::of(i32::try_from(pid).expect("a pid"))?;
    process.is_mode("__supervise").then_some(process)
}

/// The number of the intent whose end is not journalled.
fn open_intent(events: &[Recorded]) -> Option<u64> {
    let (last, _) = events
        .iter()
        .enumerate()
        .rev()
        .find(|(_, event)| event.event.is_intent())?;
    let number = events[last].n;
    let ends = |event: &Recorded| match &event.event {
        Event::CommandEnded { number: of, .. }
        | Event::IntentVoided { number: of }
        | Event::StepOutcomeUnknown { number: of, .. } => *of == number,
        _ => false,
    };
    (!events[last..].iter().any(ends)).then_some(number.0)
}

/// The shim that the open intent's `.pid` names, if it lives.
fn noted_shim(run: &Run) -> Option<Process> {
    let number = open_intent(&journal(run))?;
    let shim = Files::of(run.dir.path(), number).shim()?;
    shim.is_mode("__exec").then_some(shim)
}

/// The files of an intent.
struct Files {
    pid: Option<String>,
    exit: bool,
    /// All of the status that is about to be there.
    whole_tmp: bool,
}

impl Files {
    fn of(dir: &Path, number: u64) -> Self {
        let begin = format!("{number:04}-");
        let listed = std::fs::read_dir(dir).expect("the run can be listed");
        let names = listed.map(|entry| entry.expect("an entry").file_name());
        let own: Vec<String> = names
            .map(|name| name.to_string_lossy().into_owned())
            .filter(|name| name.starts_with(&begin))
            .collect();
        let find = |end: &str| own.iter().find(|name| name.ends_with(end));
        let text = |name: &String| std::fs::read_to_string(dir.join(name)).ok();
        let tmp = find(".exit.tmp").and_then(text);
        Self {
            pid: find(".pid").and_then(text),
            exit: find(".exit").is_some(),
            whole_tmp: tmp.is_some_and(|text| serde_json::from_str::<ExitRecord>(&text).is_ok()),
        }
    }

    /// A number in a line of `.pid`.
    fn number(&self, line: usize, field: &str) -> Option<i32> {
        let line = self.pid.as_ref()?.lines().nth(line)?.to_owned();
        let value: serde_json::Value = serde_json::from_str(&line).ok()?;
        i32::try_from(value.get(field)?.as_i64()?).ok()
    }

    /// Whether the shim's own line is there as a whole.
    fn noted(&self) -> bool {
        self.pid.as_ref().is_some_and(|text| text.contains('\n'))
    }

    fn shim(&self) -> Option<Process> {
        Process::of(self.number(0, "pid")?)
    }

    fn group(&self) -> Option<i32> {
        self.number(1, "group")
    }
}

/// Where the run is.
#[derive(Debug)]
pub(crate) struct Sight {
    pub(crate) window: Window,
    /// The intent whose end is not journalled.
    pub(crate) intent: Option<u64>,
    pub(crate) supervisor: Option<Process>,
    pub(crate) shim: Option<Process>,
    pub(crate) command: Option<Process>,
    /// The shim has noted itself: its command may have been started.
    pub(crate) may_have_started: bool,
    /// The command's status is on disk, under its own name or as a whole under the name before.
    pub(crate) has_status: bool,
}

impl Sight {
    /// Looks around.
    pub(crate) fn of(run: &Run, frozen: &Frozen) -> Self {
        let events = journal(run);
        let intent = open_intent(&events);
        let files = intent.map(|number| Files::of(run.dir.path(), number));
        let children = frozen.shim.map(Process::children).unwrap_or_default();
        let group = files.as_ref().and_then(Files::group);
        let first = group.or(children.first().copied());
        let command = first.and_then(Process::of);
        let began = first.is_some() || has_begun(run, intent);
        let window = match &files {
            _ if has_fence_above(run, &events) => Window::BeforeIntent,
            Some(files) if files.exit => Window::StatusToJournal,
            Some(_) if command.is_some() => Window::Running,
            Some(_) if began => Window::ExitToStatus,
            Some(_) => Window::IntentToSpawn,
            None => between(run, &events),
        };
        Self {
            window,
            intent,
            supervisor: frozen.supervisor,
            shim: frozen.shim.filter(|_| intent.is_some()),
            command,
            may_have_started: files.as_ref().is_some_and(Files::noted),
            has_status: files.is_some_and(|files| files.exit || files.whole_tmp),
        }
    }

    /// Whether this victim lives here.
    pub(crate) fn has(&self, victim: Victim, front: bool) -> bool {
        let (supervisor, shim) = (self.supervisor.is_some(), self.shim.is_some());
        match victim {
            Victim::Supervisor => supervisor,
            Victim::Shim => shim,
            Victim::Both => supervisor && shim,
            Victim::Command => self.command.is_some(),
            Victim::FrontEnd => front && supervisor,
            Victim::Everything => front && supervisor && shim,
        }
    }
}

/// Whether the command of this intent has told that it began.
fn has_begun(run: &Run, intent: Option<u64>) -> bool {
    let begin = intent.map(|number| format!("begin {number} "));
    let story = run.text("story");
    begin.is_some_and(|begin| story.lines().any(|line| line.starts_with(&begin)))
}

/// Whether a fence stands for an intent that is not journalled. Nothing else may stand for it.
fn has_fence_above(run: &Run, events: &[Recorded]) -> bool {
    let last = events.last().map_or(0, |event| event.n.0);
    let listed = std::fs::read_dir(run.dir.path()).expect("the run can be listed");
    let names = listed.map(|entry| entry.expect("an entry").file_name());
    let number = |name: &str| name.split_once('-')?.0.parse::<u64>().ok();
    let above: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| number(name).is_some_and(|number| number > last))
        .collect();
    let early = above
        .iter()
        .find(|name| name.strip_suffix(".lock").is_none());
    assert_eq!(early, None, "this began before its intent was journalled");
    !above.is_empty()
}

/// Where a run is that has no open intent.
fn between(run: &Run, events: &[Recorded]) -> Window {
    let state = run.state();
    let begun = events.iter().any(|event| event.event.is_intent());
    if state.finished.is_some() {
        Window::Elsewhere
    } else if state.open.is_some() {
        Window::Question
    } else if begun {
        Window::JournalToNext
    } else {
        Window::Elsewhere
    }
}
