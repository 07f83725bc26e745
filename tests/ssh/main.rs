//! SSH sessions that drop: a real sshd, a real client, and each of them dying, freezing or losing
//! its network at each moment of a walk. The run must not notice, and another login must see the
//! truth.
#![expect(
    clippy::disallowed_methods,
    reason = "a test runs programs and looks at their files"
)]

mod logind;
mod server;
#[allow(
    dead_code,
    clippy::panic,
    reason = "the harness, of which each test file uses its part"
)]
#[path = "../support/mod.rs"]
mod support;
mod walk;

use rustix::process::Signal;
use server::{Alive, Cable, From, Process, Server};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use support::{Sandbox, kill, skip_forbidden, wait_until};
use walk::{Moment, Person, Ui};

/// So many walks at once: they wait most of the time.
const WORKERS: usize = 16;

/// What happens to the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Death {
    /// `kill -9` of the ssh client.
    Client,
    /// `kill -9` of the server's processes for this session.
    Session,
    /// The client's terminal is closed.
    Terminal,
    /// The client stands still, and sshd gives it up after a while.
    Freeze,
    /// The client stands still, and sshd waits for it.
    Wedge,
    /// The network is cut, and sshd gives the client up after a while.
    Cut,
    /// The network is cut, and sshd waits for the client.
    CutUnnoticed,
}

impl Death {
    const ALL: [Self; 7] = [
        Self::Client,
        Self::Session,
        Self::Terminal,
        Self::Freeze,
        Self::Wedge,
        Self::Cut,
        Self::CutUnnoticed,
    ];

    fn words(self) -> &'static str {
        match self {
            Self::Client => "client killed",
            Self::Session => "sshd session killed",
            Self::Terminal => "terminal closed",
            Self::Freeze => "client frozen, given up",
            Self::Wedge => "client frozen, hangs",
            Self::Cut => "network cut, given up",
            Self::CutUnnoticed => "network cut, hangs",
        }
    }

    fn alive(self) -> Alive {
        match self {
            Self::Freeze | Self::Cut => Alive::Asked,
            Self::Client | Self::Session | Self::Terminal | Self::Wedge | Self::CutUnnoticed => {
                Alive::NotAsked
            }
        }
    }

    /// Whether the network is cut, which takes one of the test's own.
    fn is_of_network(self) -> bool {
        match self {
            Self::Cut | Self::CutUnnoticed => true,
            Self::Client | Self::Session | Self::Terminal | Self::Freeze | Self::Wedge => false,
        }
    }

    /// Whether the session stays, with the front end in it that has the controls.
    fn hangs(self) -> bool {
        match self {
            Self::Wedge | Self::CutUnnoticed => true,
            Self::Client | Self::Session | Self::Terminal | Self::Freeze | Self::Cut => false,
        }
    }

    /// Has it happen to this login.
    fn strike(self, server: &Server, person: &mut Person<'_>) {
        let client = person.login.pty.pid();
        match self {
            Self::Client => kill(client, Signal::KILL),
            Self::Session => server
                .sessions()
                .into_iter()
                .for_each(|pid| kill(pid, Signal::KILL)),
            Self::Terminal => person.login.pty.hang_up(),
            Self::Freeze | Self::Wedge => kill(client, Signal::STOP),
            Self::Cut | Self::CutUnnoticed => {
                server.cable.as_ref().expect("it was made for this").cut();
            }
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
struct Row {
    moment: Moment,
    death: Death,
    ui: Ui,
}

/// What a front end did after its connection was gone: how long it lived on, and the processor
/// time it used meanwhile.
struct After {
    millis: u128,
    cpu_millis: u64,
}

/// Logs in and walks to the row's moment, as far as it goes before the drop.
fn walk_to<'a>(row: Row, server: &Server, sandbox: &'a Sandbox) -> Person<'a> {
    let up = (row.ui, walk::up(sandbox));
    let mut person = Person::new(server, From::Far, sandbox, up);
    person.walk_to(row.moment.stage());
    person.begin_phrase(row.moment);
    if row.moment == Moment::Attach {
        kill(person.login.front_end(), Signal::HUP);
        person.login.pty.wait();
        let attach = (row.ui, vec!["attach".to_owned()]);
        person = Person::new(server, From::Far, sandbox, attach);
        let bytes = || !person.login.pty.bytes().is_empty();
        wait_until("the first bytes of the screen", bytes);
    }
    person
}

/// Walks it; fails where anything is not as it has to be.
fn walk(row: Row, cable: Option<Cable>) -> After {
    let sandbox = walk::sandbox();
    let server = Server::start(row.death.alive(), cable);
    let stage = row.moment.stage();
    let mut first = walk_to(row, &server, &sandbox);
    let front_end = first.login.front_end();
    let supervisor = sandbox.supervisor();
    let events = sandbox.journal();

    let began = Instant::now();
    let ticks = |pid| Process::read(pid).map_or(0, |process| process.ticks);
    let before = ticks(front_end);
    row.death.strike(&server, &mut first);
    let mut cpu = 0;
    let mut ended = || {
        cpu = cpu.max(ticks(front_end).saturating_sub(before));
        Process::has_ended(front_end)
    };
    if !row.death.hangs() {
        wait_until("the front end has ended", &mut ended);
    }
    let now = sandbox.journal();
    assert!(now.starts_with(&events), "the journal only grows");
    assert!(!now.contains("\"RunFinished\""), "{now}");

    let mut second = Person::new(
        &server,
        From::Near,
        &sandbox,
        (row.ui, vec!["attach".to_owned()]),
    );
    let stage = if row.death.hangs() {
        second.take_controls(stage)
    } else {
        second.see_again(stage);
        stage
    };
    second.expect_empty_phrase(row.moment);
    assert_eq!(sandbox.supervisor(), supervisor, "it is the same one still");
    second.walk_from(stage);
    if row.death.hangs() {
        // Prompts end with the run; a screen stays until somebody leaves it.
        assert!(
            row.ui == Ui::Prompts || !ended(),
            "nobody has told it to end"
        );
        for pid in server.sessions() {
            kill(pid, Signal::KILL);
        }
        wait_until("the hung front end has ended", &mut ended);
    }
    let after = After {
        millis: began.elapsed().as_millis(),
        cpu_millis: cpu * 10,
    };
    // One that spins uses what it gets; on a machine with much else to do, that is not all.
    let allowed = 100 + after.millis / 20;
    assert!(
        u128::from(after.cpu_millis) < allowed,
        "{} ms of {}",
        after.cpu_millis,
        after.millis
    );
    expect_once(&sandbox);
    after
}

/// Each step ran once, each question was answered once, and nothing of upwalk is left.
fn expect_once(sandbox: &Sandbox) {
    let marks = std::fs::read_to_string(sandbox.path("marks")).expect("the steps have run");
    assert_eq!(marks, "ran\ndropped\n");
    for (kind, words, count) in [
        ("StepStarted", "change-it", 1),
        ("StepStarted", "drop-it", 1),
        ("WarningConfirmed", "phrase", 1),
        ("RunFinished", "done", 1),
        ("SupervisorStarted", "", 1),
    ] {
        assert_eq!(sandbox.events(kind, &[words]), count, "{kind} {words}");
    }
    wait_until("the supervisor has ended", || {
        sandbox.processes().is_empty()
    });
}

/// How a row went: what the front end did after it, `forbidden` or `FAILED`.
type Outcome = Result<After, &'static str>;

/// Prints the table; says how many rows were forbidden and how many failed.
fn print_table(rows: &[(Row, Outcome)]) -> (usize, usize) {
    let (mut forbidden, mut failed) = (0, 0);
    support::say(&format!(
        "{:22} {:24} {:8} result",
        "moment", "who", "shown by"
    ));
    for (row, outcome) in rows {
        let result = match outcome {
            Ok(after) if row.death.hangs() => format!(
                "goes on; the hung front end used {} ms of the processor in {} ms",
                after.cpu_millis, after.millis
            ),
            Ok(_) => "goes on".to_owned(),
            Err(why) => {
                let count = if *why == "forbidden" {
                    &mut forbidden
                } else {
                    &mut failed
                };
                *count += 1;
                (*why).to_owned()
            }
        };
        let (moment, death) = (row.moment.words(), row.death.words());
        let ui = format!("{:?}", row.ui);
        support::say(&format!("{moment:22} {death:24} {ui:8} {result}"));
    }
    (forbidden, failed)
}

/// Walks all rows, several at once, and prints the table. Fails where one row does.
fn walk_all(rows: Vec<Row>) {
    let total = rows.len();
    let began = Instant::now();
    // Whoever hangs keeps the controls for a minute: these rows wait most, and begin first.
    let mut rows = rows;
    rows.sort_by_key(|row| !row.death.hangs());
    let queue = Mutex::new(VecDeque::from(rows));
    let done = Mutex::new(Vec::new());
    let work = || {
        loop {
            let next = queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front();
            let Some(row) = next else { return };
            let cable = row.death.is_of_network().then(Cable::new);
            let result = match cable {
                Some(None) => Err("forbidden"),
                cable => catch_unwind(AssertUnwindSafe(|| walk(row, cable.flatten())))
                    .map_err(|_| "FAILED"),
            };
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((row, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(work);
        }
    });
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (forbidden, failed) = print_table(&done);
    let passed = total - forbidden - failed;
    let secs = began.elapsed().as_secs();
    support::say(&format!(
        "{passed} of {total} went on as if nothing had happened, {forbidden} forbidden, {failed} failed, {secs} s"
    ));
    if forbidden > 0 {
        skip_forbidden("networks of one's own (ip netns), for the SSH drops that cut one");
    }
    assert_eq!(failed, 0, "see above");
    assert_eq!(done.len(), total);
}

/// All pairs of moment and death.
fn pairs() -> impl Iterator<Item = (usize, Moment, Death)> {
    let all = Moment::ALL.into_iter().enumerate();
    all.flat_map(|(m, moment)| {
        let deaths = Death::ALL.into_iter().enumerate();
        deaths.map(move |(d, death)| (m + d, moment, death))
    })
}

#[test]
fn a_run_does_not_notice_that_an_ssh_session_drops() {
    if !server::can_run() {
        return;
    }
    let rows = pairs().map(|(at, moment, death)| {
        let ui = if at % 2 == 0 { Ui::Screen } else { Ui::Prompts };
        Row { moment, death, ui }
    });
    walk_all(rows.collect());
}

#[test]
#[ignore = "takes about two minutes: the pairs of the test above, each through both front ends"]
fn a_run_does_not_notice_that_an_ssh_session_drops_through_both_front_ends() {
    if !server::can_run() {
        return;
    }
    let rows = pairs().flat_map(|(_, moment, death)| {
        [Ui::Screen, Ui::Prompts].map(|ui| Row { moment, death, ui })
    });
    walk_all(rows.collect());
}

#[test]
fn a_command_over_ssh_returns_while_the_supervisor_lives_on() {
    if !server::can_run() {
        return;
    }
    let sandbox = walk::sandbox();
    let server = Server::start(Alive::NotAsked, None);
    let over_ssh = |args: &[String]| {
        let client = server.client(From::Far, "-T");
        // One that hangs is ended, which is no exit code of upwalk's.
        let mut command = Command::new("timeout");
        let patience = support::PATIENCE.as_secs().to_string();
        command.arg(patience).arg(client.get_program());
        command.args(client.get_args());
        command.arg(server::remote(&sandbox, None, args));
        sandbox.settle(&mut command);
        // Its output ends only when nobody on the server's side has it open any more.
        command.stdin(Stdio::null());
        support::said(&command.output().expect("ssh can be started"))
    };
    let mut up = walk::up(&sandbox);
    let refused = sandbox.run(&up);
    up.extend(support::accepts(&refused.err));
    up.push("--ui=none".to_owned());
    for name in ["first", "middle", "last"] {
        std::fs::write(sandbox.path(name), "").expect("the sandbox is ours");
    }
    let said = over_ssh(&up);
    assert_eq!(said.code, Some(4), "it waits at the pause: {said}");
    let supervisor = sandbox.supervisor();

    // One that is started again by a verb, too.
    kill(supervisor, Signal::KILL);
    wait_until("the supervisor is gone", || sandbox.processes().is_empty());
    let line = said.line_to_type("continue");
    let words = line.split_whitespace().skip(1).map(str::to_owned);
    let said = over_ssh(&words.collect::<Vec<_>>());
    assert_eq!(said.code, Some(0), "{said}");
    wait_until("the run has ended", || {
        sandbox.events("RunFinished", &["done"]) == 1
    });
}
