//! What a run's journal leaves in the service's ledger, and what its end leaves behind. Called
//! while the service's lock is held, by `serve` on taking a run over and by the loop.

use super::load::LoadError;
use crate::journal::{Event, Recorded, RunResult, RunStarted};
use crate::ledger::{self, Entry};
use crate::shell::store::{RunDir, StateDir, StoreError};

/// Appends what an event of the journal leaves in the ledger; what is there already is not
/// repeated.
pub(super) fn keep(dir: &StateDir, run: &RunStarted, event: &Recorded) -> Result<(), StoreError> {
    let entry = |state_version, stopped_at| Entry {
        v: ledger::FORMAT,
        service: run.service.clone(),
        state_version,
        run: run.run.clone(),
        number: event.n,
        at: event.at.wall,
        by: run.who.clone(),
        stopped_at,
    };
    if let Event::LedgerMoved { version } = &event.event {
        return dir.append_ledger(&entry(Some(version.clone()), None));
    }
    let Event::RunFinished { result } = &event.event else {
        return Ok(());
    };
    let before = dir.ledger(&run.service)?;
    let version = before
        .as_ref()
        .and_then(|before| before.state_version.clone());
    match result {
        RunResult::Stopped { at, .. } => {
            let at = at.as_ref().map_or("its beginning", |at| at.as_str());
            dir.append_ledger(&entry(version, Some(at.to_owned())))
        }
        // The open ends of an earlier run are tied up by one that came to its end.
        RunResult::Done
            if before
                .as_ref()
                .is_some_and(|before| before.stopped_at.is_some()) =>
        {
            dir.append_ledger(&entry(version, None))
        }
        // It was stopped, and then taken back after all.
        RunResult::RolledBack
            if before
                .is_some_and(|before| before.stopped_at.is_some() && before.run == run.run) =>
        {
            dir.append_ledger(&entry(version, None))
        }
        RunResult::Done | RunResult::RolledBack | RunResult::NeverStarted | RunResult::Lost => {
            Ok(())
        }
    }
}

/// After the last event: secrets go where nothing of the run can be run any more, and the service
/// is free for another run.
pub(super) fn close(
    state_dir: &StateDir,
    dir: &RunDir,
    run: &RunStarted,
    result: &RunResult,
) -> Result<(), StoreError> {
    match result {
        RunResult::Done | RunResult::RolledBack | RunResult::NeverStarted => {
            dir.remove_secrets()?;
        }
        RunResult::Stopped { .. } | RunResult::Lost => {}
    }
    state_dir.release(&run.service, &run.run)
}

/// Names the run as the service's open one, if nobody did; fails where another one is.
pub(super) fn claim(state_dir: &StateDir, run: &RunStarted) -> Result<(), LoadError> {
    match state_dir.claim(&run.service, &run.run)? {
        Some(other) if other != run.run => Err(LoadError {
            what: format!("another run of {} is open: {other}", run.service),
            hint: Some(format!("upwalk attach {other}")),
            code: 7,
        }),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::samples;
    use crate::types::{RunId, Seq, StepId, Version};

    fn event(n: u64, event: Event) -> Recorded {
        Recorded {
            n: Seq(n),
            at: samples::at(n),
            event,
        }
    }

    fn finished(n: u64, result: RunResult) -> Recorded {
        event(n, Event::RunFinished { result })
    }

    #[test]
    fn the_ledger_tells_where_a_run_was_stopped_until_another_one_is_done() {
        let root = tempfile::tempdir().expect("a directory");
        let (dir, _) = StateDir::open(&root.path().join("state")).expect("a state directory");
        let first = samples::started("app");
        let last = || dir.ledger(&first.service).expect("a good ledger");
        let version = Version::parse("4.3").expect("a version");
        let moved = Event::LedgerMoved {
            version: version.clone(),
        };
        let stopped = RunResult::Stopped {
            at: Some(StepId::from("migrate")),
            because: None,
            failed: true,
        };
        let events = [event(7, moved), finished(9, stopped)];
        for _ in 0..2 {
            for event in &events {
                keep(&dir, &first, event).expect("it can be kept");
            }
        }
        let entry = last().expect("an entry");
        assert_eq!(entry.stopped_at.as_deref(), Some("migrate"));
        assert_eq!(
            (entry.number, &entry.state_version),
            (Seq(9), &Some(version))
        );

        let mut second = samples::started("app");
        second.run = RunId::new("20260922T000000Z", &second.service, "up");
        keep(&dir, &second, &finished(5, RunResult::RolledBack)).expect("kept");
        assert_eq!(last(), Some(entry.clone()), "the open ends are still there");
        keep(&dir, &second, &finished(5, RunResult::Done)).expect("kept");
        let tied_up = last().expect("an entry");
        assert_eq!((tied_up.stopped_at, tied_up.run), (None, second.run));
        assert_eq!(tied_up.state_version, entry.state_version);
    }

    #[test]
    fn a_service_with_an_open_run_is_not_claimed_for_another() {
        let root = tempfile::tempdir().expect("a directory");
        let (dir, _) = StateDir::open(&root.path().join("state")).expect("a state directory");
        let first = samples::started("app");
        claim(&dir, &first).expect("it is free");
        claim(&dir, &first).expect("it is ours");
        let mut second = samples::started("app");
        second.run = RunId::new("20260922T000000Z", &second.service, "up");
        let error = claim(&dir, &second).expect_err("the first is open");
        assert_eq!(error.code, 7);
        assert!(error.what.contains(first.run.as_str()), "{error}");
    }
}
