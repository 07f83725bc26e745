//! `kill -9` of supervisor, shim, command and front end in every window of a step, until nothing is
//! left to be killed: nothing is lost, nothing is done twice, and the journal tells what happened.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a test runs programs and looks at their files"
)]

#[allow(
    dead_code,
    reason = "the harness, of which each test file uses its part"
)]
mod support;

#[allow(
    dead_code,
    reason = "the harness, of which each test file uses its part"
)]
#[path = "support/run.rs"]
mod run;

#[path = "crash/judge.rs"]
mod judge;
#[path = "crash/plan.rs"]
mod plan;
#[path = "crash/process.rs"]
mod process;
#[path = "crash/sight.rs"]
mod sight;
#[path = "crash/table.rs"]
mod table;
#[path = "crash/walk.rs"]
mod walk;
#[path = "crash/watch.rs"]
mod watch;

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use table::Table;

/// Walks runs, some at once, until the table is full, and prints it.
fn fill(table: Table, at_once: usize) {
    let table = Mutex::new(table);
    let failed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let walks = (0..at_once).map(|_| scope.spawn(|| walks(&table, &failed)));
        let walks: Vec<_> = walks.collect();
        for walk in walks {
            walk.join().expect("a walk has failed; its words are above");
        }
    });
    let table = table.into_inner().expect("no walk has failed");
    support::say(&table.to_string());
}

/// One walk after the other, until one of them has failed or nothing is left to be hit.
fn walks(table: &Mutex<Table>, failed: &AtomicBool) {
    let alarm = Alarm(failed);
    while !alarm.0.load(Ordering::SeqCst) {
        let seed = RandomState::new().hash_one(0_u8);
        walk::walk(table, seed);
        if table.lock().expect("no walk has failed").is_full() {
            return;
        }
    }
}

/// Tells the others when a walk fails.
struct Alarm<'a>(&'a AtomicBool);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::SeqCst);
        }
    }
}

#[test]
fn fifty_kills_lose_nothing_and_double_nothing() {
    fill(Table::new(2, 10, 50), 2);
}

#[test]
#[ignore = "takes minutes: a thousand kills"]
fn a_thousand_kills_lose_nothing_and_double_nothing() {
    fill(Table::new(40, 200, 1000), 2);
}
