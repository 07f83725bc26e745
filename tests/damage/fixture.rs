//! A journal that the first version of the format wrote, with its run's directory: this upwalk goes
//! on with it.

use crate::parked::Parked;
use crate::run::Run;
use std::path::Path;
use upwalk::journal::{Decision, RunResult};
use upwalk::shell::exec::{self, Trace};
use upwalk::supervisor::wire::Part;

/// The run as it lay on the disk: it waits at its pause.
fn old_run() -> Parked {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journal-1.0");
    let plan = std::fs::read_to_string(from.join("plan.yaml")).expect("the plan's copy");
    let run = Run::of(&plan);
    for entry in std::fs::read_dir(&from).expect("it can be listed") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        if name != "plan.yaml" {
            std::fs::copy(&path, run.dir.path().join(name)).expect("copied");
        }
    }
    Parked { run }
}

#[test]
fn a_run_of_format_1_0_is_read_salvaged_and_walked_to_its_end() {
    for salvaged in [false, true] {
        let parked = old_run();
        let before = parked.journal();
        assert!(String::from_utf8_lossy(&before).contains("\"format\":[1,0]"));
        if salvaged {
            let mut bytes = before.clone();
            let last = bytes.len() - 20;
            bytes[last] ^= 1;
            parked.put(&bytes);
            let looked =
                upwalk::supervisor::salvage::Salvage::look(&parked.run.state_dir, &parked.run.id);
            let found = looked.expect("it can be salvaged").expect("it is damaged");
            assert!(found.event.intents.is_empty(), "{:?}", found.event);
            found.carry_out().expect("it is carried out");
        }
        let mut supervisor = parked.run.serve();
        let mut front = parked.run.attach(Part::Controls);
        front.answer(
            "the pause",
            |_| true,
            |_| Decision::Continue {
                early: false,
                because: None,
            },
        );
        front.wait("the end", |mirror| mirror.gone.is_some());
        assert_eq!(supervisor.end().code(), Some(0), "{}", parked.run.log());
        let state = parked.run.state();
        let result = state.finished.as_ref().map(|finished| &finished.result);
        assert_eq!(result, Some(&RunResult::Done));
        let kept = if salvaged {
            before.len() / 2
        } else {
            before.len()
        };
        assert!(
            parked.journal().starts_with(&before[..kept]),
            "nothing of it is changed"
        );
        for (step, attempts) in [("one", 1), ("two", 1), ("three", 1)] {
            let record = state
                .steps
                .get(&upwalk::types::StepId::from(step))
                .expect("it ran");
            assert_eq!(record.attempts.len(), attempts, "{step}");
        }
        let all = parked.run.dir.remains().expect("it can be listed");
        let ended = |left: &&upwalk::shell::store::Remains| {
            let trace = exec::trace(&parked.run.dir, left.number, &left.stem);
            matches!(trace, Trace::Ended(_))
        };
        assert_eq!(all.iter().filter(ended).count(), 3);
    }
}
