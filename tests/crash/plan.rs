//! The plan that is walked, and the work its steps do: the truth outside of upwalk.
//!
//! Each command tells in `story` when it begins and ends, and between the two it does its work: one
//! line with its step's name in `truth`.

use crate::run::Run;
use std::os::unix::fs::PermissionsExt as _;

/// What the steps run: `work CODE [MODE]`.
const WORK: &str = r#"#!/bin/sh
number=${UPWALK_ATTEMPT##*/}
echo "begin $number $STEP $ATTEMPT" >> HERE/story
echo "step $STEP attempt $ATTEMPT"
code=$1
sleep 0.008
case $2 in
fails-first)
    if ! test -e "HERE/failed.$STEP"; then
        : > "HERE/failed.$STEP"
        echo "end $number $code" >> HERE/story
        exit "$code"
    fi
    code=0 ;;
sets)
    echo "colour=green" >> "$OUTPUT" ;;
sees)
    test "$COLOUR" = green || test -e HERE/skipped.choose || exit 99 ;;
esac
echo "${3:-}$STEP" >> HERE/truth
sleep 0.008
echo "end $number $code" >> HERE/story
exit "$code"
"#;

/// Twelve commands, of which nine are neither `rerun: safe` nor have an `unless`.
const PLAN: &str = r#"
upwalk: 1
service: crash
defaults: { shell: [sh, -c], guard_timeout: 60s }
up:
  - phase: Look
    role: preflight
    steps:
      - { check: test -e HERE/truth, name: There is a place for the truth, id: place }
  - phase: Prepare
    role: stage
    warn:
      - { id: slow, text: This takes a while., facts: { lines: wc -l HERE/truth } }
    steps:
      - { run: HERE/work 0, name: Fetch, id: fetch, undo: { none: harmless } }
      - { run: HERE/work 0, name: Compile, id: compile, rerun: safe, undo: { none: harmless } }
      - { run: HERE/work 0, name: Expand, id: expand, unless: grep -qx expand HERE/truth, undo: { none: harmless } }
      - { run: HERE/work 7, name: Backfill, id: backfill, ok_codes: [0, 7], undo: { none: harmless } }
      - { manual: Tell the users., name: Announce, id: announce, undo: { none: harmless } }
      - { run: HERE/work 0 sets, name: Choose, id: choose, sets: [colour], undo: { none: harmless } }
  - pause: Rest
    id: rest
  - phase: Deploy
    role: deploy
    steps:
      - { run: HERE/work 0 sees, name: Switch, id: switch, verify: grep -qx switch HERE/truth, undo: HERE/work 0 - undo- }
      - { run: HERE/work 3 fails-first, name: Restart, id: restart, undo: HERE/work 0 - undo- }
      - { argv: [HERE/work, "0"], name: Reload, id: reload, only_if: test -s HERE/truth, undo: HERE/work 0 - undo- }
      - { run: HERE/work 5, name: Warm up, id: warm-up, undo: HERE/work 0 - undo- }
      - { manual: Look at it., name: Look again, id: look-again, undo: { none: harmless } }
  - phase: Contract
    role: post-deploy
    warn:
      - { id: sharp, text: Nothing brings the old column back., confirm: { type: go ahead } }
    steps:
      - { run: HERE/work 0, name: Drop, id: drop, undo: { none: harmless } }
      - { run: HERE/work 0, name: Analyse, id: analyse, rerun: safe, undo: { none: harmless } }
      - { run: HERE/work 0, name: Seal, id: seal, verify: grep -qx seal HERE/truth, undo: { none: harmless } }
"#;

/// The steps with a command, in their order.
pub(crate) const COMMANDS: [&str; 12] = [
    "fetch", "compile", "expand", "backfill", "choose", "switch", "restart", "reload", "warm-up",
    "drop", "analyse", "seal",
];

/// The steps that an undo takes back, in the order in which it does.
pub(crate) const TAKEN_BACK: [&str; 4] = ["warm-up", "reload", "restart", "switch"];

/// Whether a step may do its work more than once.
pub(crate) fn may_repeat(step: &str) -> bool {
    matches!(step, "compile" | "analyse")
}

/// The exit codes that a step's command ends with, its first attempt's included.
pub(crate) fn codes_of(step: &str) -> &'static [i32] {
    match step {
        "backfill" => &[7],
        "restart" => &[0, 3],
        "warm-up" => &[5],
        _ => &[0],
    }
}

/// A run of the plan, with its place for the truth.
pub(crate) fn begin() -> Run {
    let run = Run::of(PLAN);
    let work = run.here("work");
    let here = run.here("").display().to_string();
    let text = WORK.replace("HERE/", &here);
    std::fs::write(&work, text).expect("the sandbox is writable");
    std::fs::set_permissions(&work, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    run.touch("truth");
    run.touch("story");
    run
}
