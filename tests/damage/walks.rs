//! Real walks whose journals are damaged afterwards: the plans, the person who answers, and the
//! tally that every once-only step leaves.

use crate::run::{Front, Run, question, wait_until};
use upwalk::journal::{Decision, Evidence, Question, Verdict};
use upwalk::supervisor::wire::Part;

/// A warning, a pause, the boundary, and post-deployment: all goes well.
const STRAIGHT: &str = r"
upwalk: 1
service: straight
defaults: { shell: [sh, -c] }
up:
  - phase: Before
    role: preflight
    steps:
      - { check: test -e HERE, name: It is there, id: there }
  - phase: Preparation
    role: pre-deploy
    warn:
      - { id: slow, text: This takes a while. }
    steps:
      - { name: Expand, id: expand, run: echo expand >> HERE/ran, undo: echo -expand >> HERE/ran }
      - { name: Fill, id: fill, run: echo fill >> HERE/ran, undo: { none: harmless } }
  - phase: Switch
    role: deploy
    steps:
      - { name: Point, id: point, run: echo point >> HERE/ran, undo: echo -point >> HERE/ran }
      - { name: Restart, id: restart, run: echo >> HERE/restarts, undo: again, rerun: safe }
  - pause: Rest
    id: rest
  - phase: Afterwards
    role: post-deploy
    steps:
      - { name: Contract, id: contract, run: echo contract >> HERE/ran, undo: { none: harmless } }
      - { name: Look, id: look, manual: Look at it., undo: { none: harmless } }
";

/// A step that fails and is tried again, and one that is passed over.
const STUMBLING: &str = r"
upwalk: 1
service: stumbling
defaults: { shell: [sh, -c] }
up:
  - phase: Work
    role: stage
    steps:
      - { name: One, id: one, run: echo one >> HERE/ran, undo: { none: harmless } }
      - { name: Two, id: two, run: test -e HERE/mended && echo two >> HERE/ran, undo: { none: harmless } }
      - { name: Three, id: three, run: exit 3, undo: { none: harmless } }
      - { name: Four, id: four, run: echo four >> HERE/ran, undo: { none: harmless } }
";

/// A step fails, and all is taken back; one of the steps runs once more after the undo.
const TURNING: &str = r"
upwalk: 1
service: turning
defaults: { shell: [sh, -c] }
up:
  - phase: Switch
    role: deploy
    steps:
      - { name: Move, id: move, run: echo move >> HERE/ran, undo: echo -move >> HERE/ran }
      - { name: Restart, id: restart, run: echo >> HERE/restarts, undo: again, rerun: safe }
      - { name: Mark, id: mark, run: echo mark >> HERE/ran, undo: echo -mark >> HERE/ran }
      - { name: Break, id: break, run: exit 1, undo: echo -break >> HERE/ran }
";

/// A plan and what is to be left of its walk.
pub(crate) struct Walk {
    pub(crate) name: &'static str,
    plan: &'static str,
    /// What the once-only commands leave, each once and in this order.
    pub(crate) tally: &'static str,
}

/// The walks.
pub(crate) const WALKS: [Walk; 3] = [
    Walk {
        name: "straight",
        plan: STRAIGHT,
        tally: "expand\nfill\npoint\ncontract\n",
    },
    Walk {
        name: "stumbling",
        plan: STUMBLING,
        tally: "one\ntwo\nfour\n",
    },
    Walk {
        name: "turning",
        plan: TURNING,
        tally: "move\nmark\n-break\n-mark\n-move\n",
    },
];

impl Walk {
    /// The run before its first step.
    pub(crate) fn begin(&self) -> Run {
        Run::of(self.plan)
    }

    /// Walks it to its end, through a supervisor of its own.
    pub(crate) fn walked(&self) -> Run {
        let run = self.begin();
        resume(&run);
        assert_eq!(run.text("ran"), self.tally, "{}", self.name);
        run
    }
}

/// Has a supervisor go on with the run, answers what it asks, and waits for its end.
pub(crate) fn resume(run: &Run) {
    let mut supervisor = run.serve();
    let ended = wait_until("a question or the end", || {
        let state = run.state();
        (state.open.is_some() || state.finished.is_some()).then_some(state.finished.is_some())
    });
    // Where nothing is asked any more it comes to the end by itself.
    if !ended {
        to_the_end(run, &mut run.attach(Part::Controls));
    }
    assert_eq!(supervisor.end().code(), Some(0), "{}", run.log());
}

/// Answers what the run asks until it ends.
pub(crate) fn to_the_end(run: &Run, front: &mut Front) {
    let mut answered = None;
    loop {
        front.wait("a question or the end", |mirror| {
            let state = mirror.state.as_ref();
            let open = state.and_then(|state| state.open.as_ref());
            let asks = open.is_some_and(|open| Some(open.asked) != answered);
            asks || state.is_some_and(|state| state.finished.is_some())
        });
        if front.state().finished.is_some() {
            return;
        }
        let asked = front.state().open.as_ref().map(|open| open.asked);
        let question = question(&front.mirror).expect("it was just seen").clone();
        let decision = answer(&question, &run.text("ran"), || run.touch("mended"));
        if let Err(refusal) = front.decide(asked, decision) {
            panic!("{question:?}: {refusal}");
        }
        answered = asked;
    }
}

/// What a careful person answers: of an unknown outcome they look at the tally.
pub(crate) fn answer(question: &Question, tally: &str, mend: impl FnOnce()) -> Decision {
    let because = "three is not needed".to_owned();
    match question {
        Question::Start => Decision::Start,
        Question::Confirm {
            warning, digest, ..
        } => Decision::Confirm {
            seeing: None,
            warning: warning.clone(),
            digest: digest.clone(),
            evidence: Evidence::Acknowledged,
        },
        Question::Failed { step, .. } if step.as_str() == "two" => {
            mend();
            Decision::Retry
        }
        Question::Failed { step, .. } if step.as_str() == "break" => {
            Decision::Rollback { because: None }
        }
        Question::Failed { .. } => Decision::Skip { because },
        Question::OutcomeUnknown { step, .. } => {
            let verdict = if tally.lines().any(|line| line == step.as_str()) {
                Verdict::Done
            } else {
                Verdict::Rerun
            };
            Decision::Settle {
                verdict,
                because: None,
            }
        }
        Question::UndoFailed { step, .. } => {
            if tally.lines().any(|line| line == format!("-{step}")) {
                Decision::Skip {
                    because: "it is taken back".to_owned(),
                }
            } else {
                Decision::Retry
            }
        }
        Question::UndoUnsure { .. } => Decision::Settle {
            verdict: Verdict::Done,
            because: None,
        },
        _ => Decision::Continue {
            early: false,
            because: None,
        },
    }
}
