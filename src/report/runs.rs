//! `upwalk runs`: every run in one line.

use super::quote::list;
use crate::journal::{RunResult, RunState};
use crate::text;
use crate::types::{Millis, Moment, RunId, ServiceId};
use serde::Serialize;

/// One run as `runs` lists it. Field names are documented output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunLine {
    /// The run.
    pub run: RunId,
    /// Its service; none where its journal cannot be read.
    pub service: Option<ServiceId>,
    /// The version it came from.
    pub from: Option<String>,
    /// Where it went.
    pub to: Option<String>,
    /// When it began.
    pub began: Option<String>,
    /// Who began it.
    pub by: Option<String>,
    /// `open`, `done`, `rolled back`, `stopped`, `never started`, `damaged`.
    pub state: &'static str,
    /// How long it took, or has taken so far.
    pub took_ms: Option<u64>,
    /// What is wrong with its journal.
    pub damage: Option<String>,
}

impl RunLine {
    /// A run whose journal cannot be read: why.
    pub fn damaged(run: &RunId, why: &str) -> Self {
        Self {
            run: run.clone(),
            service: None,
            from: None,
            to: None,
            began: None,
            by: None,
            state: "damaged",
            took_ms: None,
            damage: Some(text::clean(why)),
        }
    }
}

/// One run for the list of all.
pub fn run_line(state: &RunState, now: &Moment) -> RunLine {
    let run = &state.run;
    let end = state.finished.as_ref().map_or(now, |finished| &finished.at);
    RunLine {
        run: run.run.clone(),
        service: Some(run.service.clone()),
        from: run.from_exact.as_ref().map(ToString::to_string),
        to: run.to.as_ref().map(ToString::to_string),
        began: Some(state.began.wall.to_string()),
        by: Some(text::clean(&run.who.login)),
        state: match state.finished.as_ref().map(|finished| &finished.result) {
            None => "open",
            Some(RunResult::Done) => "done",
            Some(RunResult::RolledBack) => "rolled back",
            Some(RunResult::Stopped { .. }) => "stopped",
            Some(RunResult::NeverStarted) => "never started",
            Some(RunResult::Lost) => "ended, nobody knows how",
        },
        took_ms: Some(end.since(&state.began).0),
        damage: None,
    }
}

/// Runs as text, one a line.
pub fn runs(all: &[RunLine]) -> String {
    if all.is_empty() {
        return "There are no runs.\n".to_owned();
    }
    let widest = all
        .iter()
        .map(|line| line.run.as_str().len())
        .max()
        .unwrap_or(0);
    let mut out = String::new();
    for line in all {
        let versions = match (&line.from, &line.to) {
            (Some(from), Some(to)) => format!("{from} -> {to}"),
            (Some(only), None) | (None, Some(only)) => only.clone(),
            (None, None) => "-".to_owned(),
        };
        let took = line
            .took_ms
            .map_or(String::new(), |ms| text::duration(Millis(ms)));
        let tail = line
            .damage
            .as_ref()
            .or(line.by.as_ref())
            .map_or("", String::as_str);
        let row = format!(
            "{:widest$}  {:13} {versions:16} {took:14} {tail}",
            line.run, line.state
        );
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

/// Runs as JSON: `schema` and `runs`.
pub fn runs_json(all: &[RunLine]) -> String {
    list(all)
}
