//! The supervisor as a process: served through its socket, killed, ended, lied to.
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

#[path = "support/run.rs"]
mod run;

use run::{Run, question, wait_for_file, wait_until};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use upwalk::journal::{Decision, Event, Evidence, Outcome, Question, RunResult, RunState, codec};
use upwalk::supervisor::client::{self, Client, Mirror, Served};
use upwalk::supervisor::wire::{self, FromServer, Part};
use upwalk::types::{Exit, Seq, StepId};

/// A step that waits for a file, says that it ran, and ends as another file says.
const WAITING: &str = r"
upwalk: 1
service: waiting
defaults: { shell: [sh, -c] }
up:
  - phase: Work
    role: stage
    steps:
      - run: |
          until test -e HERE/go || ! test -e HERE; do sleep 0.02; done
          echo ran >> HERE/ran
          exit $(cat HERE/code)
        name: Wait
        id: wait
        undo: { none: nothing to take back }
";

/// Three steps that say that they ran.
const THREE: &str = r"
upwalk: 1
service: three
defaults: { shell: [sh, -c] }
up:
  - phase: Work
    role: stage
    steps:
      - { name: One, id: one, run: echo one >> HERE/ran, undo: { none: harmless } }
      - { name: Two, id: two, run: echo two >> HERE/ran, undo: { none: harmless } }
      - { name: Three, id: three, run: echo three >> HERE/ran, undo: { none: harmless } }
";

/// A pause that is overdue after a moment.
const OVERDUE: &str = r"
upwalk: 1
service: overdue
up:
  - pause: Rest
    id: rest
    max: 1s
";

/// A run with a question of nearly every kind.
const ASKING: &str = r#"
upwalk: 1
service: asking
defaults: { shell: [sh, -c] }
up:
  - phase: Before
    role: preflight
    steps:
      - check: test -e HERE/ready
        name: It is ready
        id: ready
        within: 100s
        every: 50ms
  - phase: Preparation
    role: stage
    warn:
      - id: slow
        text: This takes a while.
        facts: { files: ls HERE | wc -l }
      - id: sharp
        text: This cannot be stopped.
        confirm: { type: go ahead }
    steps:
      - run: echo "prepared=yes" >> "$OUTPUT"; echo prepared
        name: Prepare
        id: prepare
        sets: [prepared]
        undo: { none: harmless }
      - manual: Look at it.
        name: Look at it
        id: look
        undo: { none: harmless }
  - pause: Rest
    id: rest
  - phase: Afterwards
    role: stage
    steps:
      - run: test "$PREPARED" = yes
        name: End
        id: end
        undo: { none: harmless }
"#;

fn step<'a>(mirror: &'a Mirror, id: &str) -> Option<&'a upwalk::journal::StepRecord> {
    mirror.state.as_ref()?.steps.get(&StepId::from(id))
}

fn result(mirror: &Mirror) -> Option<&RunResult> {
    ending(mirror.state.as_ref()?)
}

fn ending(state: &RunState) -> Option<&RunResult> {
    state.finished.as_ref().map(|finished| &finished.result)
}

fn go_on() -> Decision {
    Decision::Continue {
        early: false,
        because: None,
    }
}

#[test]
fn a_run_is_walked_to_its_end() {
    let run = Run::of(ASKING);
    let mut supervisor = run.serve();
    assert!(matches!(client::served(&run.dir), Served::Yes(Some(_))));
    let mut front = run.attach(Part::Controls);
    assert!(front.mirror.yours || front.mirror.controls.is_none());
    front.start();
    front.wait("the check's first answer", |mirror| {
        mirror
            .asking
            .values()
            .any(|(last, until)| last.is_some() && until.is_some())
    });
    run.touch("ready");
    for id in ["slow", "sharp"] {
        front.answer(
            id,
            |question| matches!(question, Question::Confirm { warning, .. } if warning.as_str() == id),
            |question| {
                let Question::Confirm { warning, digest, phrase, facts, .. } = question else {
                    panic!("it is a warning");
                };
                assert_eq!(facts.len(), usize::from(id == "slow"));
                Decision::Confirm {
seeing: None,
                    warning: warning.clone(),
                    digest: digest.clone(),
                    evidence: match phrase {
                        Some(phrase) => Evidence::Typed(phrase.clone()),
                        None => Evidence::Acknowledged,
                    },
                }
            },
        );
    }
    front.answer(
        "the manual step",
        |q| matches!(q, Question::ManualDone { .. }),
        |_| go_on(),
    );
    front.answer(
        "the pause",
        |q| matches!(q, Question::Paused { .. }),
        |_| go_on(),
    );
    front.wait("the end", |mirror| mirror.gone.is_some());
    assert_eq!(result(&front.mirror), Some(&RunResult::Done));
    assert_eq!(front.mirror.gone.as_deref(), Some("The run is finished."));
    assert!(front.mirror.asking.is_empty());
    assert_eq!(supervisor.end().code(), Some(0));
    let attempt = &step(&front.mirror, "prepare").expect("it ran").attempts[0];
    let log = client::log_path(&run.dir, front.state(), attempt.number).expect("it has a log");
    assert_eq!(std::fs::read_to_string(log).expect("a log"), "prepared\n");
    assert_eq!(run.state(), *front.state());
    let service = &front.state().run.service;
    assert_eq!(run.state_dir.open_run_of(service).expect("readable"), None);
    assert!(!run.dir.socket_path().exists());
}

/// Kills the supervisor in the middle of a step, which then ends while none lives.
fn killed_in_mid_step(code: u8) -> Run {
    let run = Run::of(WAITING);
    std::fs::write(run.here("code"), code.to_string()).expect("written");
    let mut supervisor = run.serve();
    let mut front = run.attach(Part::Controls);
    front.start();
    wait_for_file(run.dir.path(), "-wait.1.pid");
    supervisor.kill();
    front.wait("the end of the connection", |mirror| mirror.gone.is_some());
    run.touch("go");
    wait_for_file(run.dir.path(), "-wait.1.exit");
    assert_eq!(client::served(&run.dir), Served::No);
    run
}

#[test]
fn a_step_that_ends_well_while_no_supervisor_lives_is_done() {
    let run = killed_in_mid_step(0);
    assert_eq!(run.serve().end().code(), Some(0));
    let state = run.state();
    assert_eq!(ending(&state), Some(&RunResult::Done));
    assert_eq!(run.text("ran"), "ran\n", "it ran once");
    let record = &state.steps[&StepId::from("wait")];
    assert_eq!(
        (record.attempts.len(), &record.outcome),
        (1, &Some(Outcome::Done))
    );
}

#[test]
fn a_step_that_fails_while_no_supervisor_lives_has_failed_with_its_status() {
    let run = killed_in_mid_step(7);
    let _supervisor = run.serve();
    let mut front = run.attach(Part::Controls);
    front.wait("the failure", |mirror| {
        matches!(question(mirror), Some(Question::Failed { .. }))
    });
    assert_eq!(run.text("ran"), "ran\n", "it ran once");
    let record = step(&front.mirror, "wait").expect("it ran");
    let end = record.attempts[0].end.as_ref().expect("it ended");
    assert_eq!((record.attempts.len(), &end.exit), (1, &Exit::Code(7)));
    // A person tries again, and that is what happens.
    std::fs::write(run.here("code"), "0").expect("written");
    front.answer(
        "the failure",
        |q| matches!(q, Question::Failed { .. }),
        |_| Decision::Retry,
    );
    front.wait("the end", |mirror| mirror.gone.is_some());
    assert_eq!(result(&front.mirror), Some(&RunResult::Done));
    assert_eq!(run.text("ran"), "ran\nran\n");
}

#[test]
fn a_supervisor_killed_again_and_again_loses_nothing_and_doubles_nothing() {
    let run = Run::of(WAITING);
    std::fs::write(run.here("code"), "0").expect("written");
    let mut supervisor = run.serve();
    run.attach(Part::Verb).start();
    for _ in 0..5 {
        supervisor.kill();
        supervisor = run.serve();
        run.attach(Part::Observe);
    }
    run.touch("go");
    assert_eq!(supervisor.end().code(), Some(0));
    assert_eq!(run.text("ran"), "ran\n");
    let state = run.state();
    assert_eq!(ending(&state), Some(&RunResult::Done));
    assert_eq!(state.steps[&StepId::from("wait")].attempts.len(), 1);
}

#[test]
fn a_kill_at_any_event_loses_nothing_and_doubles_nothing() {
    let mut killed = 0;
    for event in 4_u64.. {
        let run = Run::of(THREE);
        let mut supervisor = run.serve();
        let mut front = run.attach(Part::Controls);
        let start = front.client.decide(None, Decision::Start);
        start.expect("it can be sent");
        front.wait("that event, or the end", |mirror| {
            let last = mirror.state.as_ref().map(|state| state.last);
            last >= Some(Seq(event)) || mirror.gone.is_some()
        });
        let ended = front.state().finished.is_some();
        supervisor.kill();
        if !run.served_to_the_end() {
            assert_eq!(run.serve().end().code(), Some(0), "{}", run.log());
        }
        assert_eq!(
            ending(&run.state()),
            Some(&RunResult::Done),
            "event {event}"
        );
        assert_eq!(run.text("ran"), "one\ntwo\nthree\n", "event {event}");
        if ended {
            break;
        }
        killed += 1;
    }
    assert!(killed > 5, "{killed}");
}

#[test]
fn a_second_supervisor_leaves_the_run_to_the_first() {
    let run = Run::of(WAITING);
    let _first = run.serve();
    let (mut second, line) = run.supervise();
    assert_eq!(line, "taken");
    assert_eq!(second.end().code(), Some(0));
    assert!(matches!(client::served(&run.dir), Served::Yes(Some(_))));
}

#[test]
fn the_second_screen_looks_until_it_takes_the_controls() {
    let run = Run::of(WAITING);
    let _supervisor = run.serve();
    let mut first = run.attach(Part::Controls);
    first.wait("the controls", |mirror| mirror.yours);
    let mut second = run.attach(Part::Controls);
    second.wait("who is there", |mirror| mirror.controls.is_some());
    assert!(!second.mirror.yours);
    first.wait("the observer", |mirror| mirror.observers.len() == 1);
    let refused = second
        .decide(None, Decision::Start)
        .expect_err("it looks only");
    assert!(refused.why.contains("has the controls"), "{refused}");
    let id = second.client.take_controls().expect("it can be sent");
    second.reply(id).expect("the controls are given");
    first.wait("the loss", |mirror| {
        !mirror.yours && mirror.controls.is_some()
    });
    let taken = first.state().controls.clone();
    assert!(taken.is_some(), "the journal says who took them");
    assert!(first.decide(None, Decision::Start).is_err());
    drop(second);
    first.wait("nobody's controls", |mirror| mirror.controls.is_none());
    assert!(!first.mirror.yours, "nobody inherits them");
    let id = first.client.take_controls().expect("it can be sent");
    first.reply(id).expect("the controls are given");
    first.wait("the controls again", |mirror| mirror.yours);
    assert!(first.mirror.observers.is_empty());
    assert!(
        run.attach(Part::Verb)
            .decide(None, Decision::Pause)
            .is_err(),
        "it waits already"
    );
    first.note();
}

#[test]
fn the_second_of_two_answers_is_told_who_answered_first() {
    let run = Run::of(ASKING);
    let _supervisor = run.serve();
    let mut screen = run.attach(Part::Controls);
    let mut verb = run.attach(Part::Verb);
    let asked = verb.start();
    let refused = screen
        .decide(Some(asked), Decision::Start)
        .expect_err("it was answered");
    let login = upwalk::shell::identity::who().login;
    assert!(refused.why.contains("answered already"), "{refused}");
    assert!(refused.why.contains(&login), "{refused}");
    let starts = |event: &Event| matches!(event, Event::QuestionAnswered { .. });
    assert_eq!(events(&run).iter().filter(|event| starts(event)).count(), 1);
}

fn events(run: &Run) -> Vec<Event> {
    let bytes = run.dir.read_journal().expect("a journal");
    let journal = codec::decode(&bytes).expect("it is good");
    journal
        .events
        .into_iter()
        .map(|recorded| recorded.event)
        .collect()
}

#[test]
fn a_supervisor_that_is_told_to_end_leaves_the_step_running() {
    let run = Run::of(WAITING);
    std::fs::write(run.here("code"), "0").expect("written");
    let mut supervisor = run.serve();
    let mut front = run.attach(Part::Controls);
    front.start();
    wait_for_file(run.dir.path(), "-wait.1.pid");
    supervisor.terminate();
    assert_eq!(supervisor.end().code(), Some(0));
    front.wait("the goodbye", |mirror| mirror.gone.is_some());
    let why = front.mirror.gone.clone().expect("it was just seen");
    assert!(why.contains(&format!("upwalk attach {}", run.id)), "{why}");
    assert!(!run.dir.socket_path().exists());
    let mut next = run.serve();
    let mut front = run.attach(Part::Controls);
    run.touch("go");
    front.wait("the end", |mirror| mirror.gone.is_some());
    assert_eq!(next.end().code(), Some(0));
    assert_eq!(run.text("ran"), "ran\n");
    assert_eq!(result(&front.mirror), Some(&RunResult::Done));
}

#[test]
fn a_command_is_ended_on_request_and_the_run_asks() {
    let run = Run::of(WAITING);
    let _supervisor = run.serve();
    let mut front = run.attach(Part::Controls);
    front.start();
    wait_for_file(run.dir.path(), "-wait.1.pid");
    front.decide(None, Decision::Cancel).expect("it is running");
    front.wait("a question", |mirror| {
        matches!(
            question(mirror),
            Some(Question::Failed { .. } | Question::OutcomeUnknown { .. })
        )
    });
    let attempt = &step(&front.mirror, "wait").expect("it ran").attempts[0];
    assert_eq!(
        attempt.end.as_ref().map(|end| &end.exit),
        Some(&Exit::Cancelled),
        "{attempt:?}"
    );
    front.answer(
        "the question",
        |_| true,
        |_| Decision::Stop { because: None },
    );
    front.wait("the end", |mirror| mirror.gone.is_some());
    let service = &front.state().run.service;
    let entry = run
        .state_dir
        .ledger(service)
        .expect("readable")
        .expect("an entry");
    assert_eq!(entry.stopped_at.as_deref(), Some("wait"));
}

#[test]
fn many_who_attach_at_once_start_one_supervisor() {
    let run = Run::of(WAITING);
    let mut fronts: Vec<_> = std::thread::scope(|scope| {
        let attach = || scope.spawn(|| run.attach_or_start(Part::Controls));
        let threads: Vec<_> = (0..6).map(|_| attach()).collect();
        let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined.map(|front| front.expect("it attached")).collect()
    });
    let started = |event: &&Event| matches!(event, Event::SupervisorStarted { .. });
    assert_eq!(events(&run).iter().filter(started).count(), 1);
    for front in &mut fronts {
        front.wait("who has the controls", |m| {
            m.controls.is_some() && m.observers.len() == 5
        });
    }
    assert_eq!(fronts.iter().filter(|front| front.mirror.yours).count(), 1);
    run.stop();
}

#[test]
fn whoever_attaches_after_a_kill_starts_a_supervisor_that_goes_on() {
    let run = Run::of(WAITING);
    let mut front = run.attach_or_start(Part::Controls);
    front.start();
    let first = front.state().supervisor.expect("it was journalled");
    support::kill(
        i32::try_from(first).expect("a pid"),
        rustix::process::Signal::KILL,
    );
    front.wait("the loss", |mirror| mirror.gone.is_some());
    assert!(front.client.ping().is_err() || client::served(&run.dir) == Served::No);
    let mut front = run.attach_or_start(Part::Controls);
    assert_ne!(front.state().supervisor, Some(first));
    std::fs::write(run.here("code"), "0").expect("written");
    run.touch("go");
    front.wait("the end", |mirror| mirror.gone.is_some());
    assert_eq!(result(&front.mirror), Some(&RunResult::Done));
    assert_eq!(run.text("ran"), "ran\n");
}

#[test]
fn a_run_of_a_service_that_another_run_has_open_is_not_served() {
    let first = Run::of(WAITING);
    let _supervisor = first.serve();
    let second = first.another();
    let attached = Client::attach(&first.state_dir, &second, Part::Controls, |_| {});
    let error = attached.expect_err("the service is taken");
    assert_eq!(error.code, 7);
    assert!(error.what.contains(first.id.as_str()), "{error}");
}

#[test]
fn a_supervisor_of_another_wire_version_is_named_with_its_program() {
    let run = Run::of(WAITING);
    let listener = UnixListener::bind(run.dir.socket_path()).expect("nobody listens");
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody connects");
        let hello = b"{\"frame\":\"hello\",\"wire\":9,\"new\":[]}\n";
        stream.write_all(hello).expect("it listens");
    });
    let attached = Client::attach(&run.state_dir, &run.id, Part::Controls, |_| {});
    let error = attached.expect_err("it speaks otherwise");
    server.join().expect("it was asked");
    assert!(error.what.contains("wire version 9"), "{error}");
    let program = format!("/proc/{}/exe", std::process::id());
    assert_eq!(error.other, Some(program.into()));
}

#[test]
fn a_pause_says_when_it_is_overdue() {
    let run = Run::of(OVERDUE);
    let _supervisor = run.serve();
    let mut front = run.attach(Part::Controls);
    front.start();
    front.wait("the reminder", |mirror| {
        matches!(
            question(mirror),
            Some(Question::Paused { overdue: true, .. })
        )
    });
    front.answer("the pause", |_| true, |_| go_on());
    front.wait("the end", |mirror| mirror.gone.is_some());
    assert_eq!(result(&front.mirror), Some(&RunResult::Done));
}

#[test]
fn a_front_end_that_reads_nothing_holds_nobody_up_and_is_sent_away() {
    let run = Run::of(WAITING);
    let _supervisor = run.serve();
    let mut deaf = raw(&run);
    deaf.write_all(format!("{HELLO}\n").as_bytes())
        .expect("it listens");
    for id in 0..4000 {
        let ping = format!("{{\"frame\":\"ping\",\"id\":{id}}}\n");
        // At some point it is sent away.
        let _ = deaf.write_all(ping.as_bytes());
    }
    let mut front = run.attach(Part::Verb);
    front.note();
    let frames = frames(&deaf);
    let Some(FromServer::Bye { why }) = frames.last() else {
        panic!("{} frames and no goodbye", frames.len());
    };
    assert!(why.contains("too far behind"), "{why}");
}

#[test]
fn what_is_too_long_for_a_frame_is_refused_before_it_is_sent() {
    let run = Run::of(WAITING);
    let _supervisor = run.serve();
    let mut front = run.attach(Part::Controls);
    let text = "x".repeat(wire::MAX_FRAME);
    let error = front.client.decide(None, Decision::Note { text });
    assert!(error.expect_err("it is too long").what.contains("too long"));
    front.note();
}

/// Connects without a hello.
fn raw(run: &Run) -> UnixStream {
    UnixStream::connect(run.dir.socket_path()).expect("the socket is there")
}

/// Everything said until the connection is closed.
fn frames(stream: &UnixStream) -> Vec<FromServer> {
    let lines = BufReader::new(stream).lines();
    lines
        .map_while(Result::ok)
        .map(|line| serde_json::from_str(&line).expect("a frame"))
        .collect()
}

const HELLO: &str = r#"{"frame":"hello","wire":2,"who":{"login":"anna","uid":0},"part":"verb"}"#;

#[test]
fn whatever_is_no_frame_ends_the_connection_with_a_reason_and_nothing_else() {
    let run = Run::of(WAITING);
    let _supervisor = run.serve();
    let long = format!("{HELLO}\n{}\n", "x".repeat(wire::MAX_FRAME));
    let newer = HELLO.replace("\"wire\":2", "\"wire\":9");
    let cases: [(&[u8], &str); 9] = [
        (b"\xff\xfe\x00garbage\n", "cannot be read"),
        (b"GET / HTTP/1.1\r\n", "cannot be read"),
        (b"{\"frame\":\"ping\",\"id\":1}\n", "has to be a hello"),
        (newer.as_bytes(), "within a frame"),
        (&[newer.as_bytes(), b"\n"].concat(), "wire version 9"),
        (
            &[HELLO.as_bytes(), b"\n{\"frame\":\"decide\"}\n"].concat(),
            "cannot be read",
        ),
        (
            &[HELLO.as_bytes(), b"\n[[[[[[[[\n"].concat(),
            "cannot be read",
        ),
        (
            &[HELLO.as_bytes(), b"\n", HELLO.as_bytes(), b"\n"].concat(),
            "only once",
        ),
        (long.as_bytes(), "longer than 1048576 bytes"),
    ];
    for (bytes, reason) in cases {
        let mut stream = raw(&run);
        // The other end may have hung up before the last byte.
        let _ = stream.write_all(bytes);
        if reason == "within a frame" {
            let _ = stream.shutdown(std::net::Shutdown::Write);
        }
        let frames = frames(&stream);
        assert!(matches!(
            frames.first(),
            Some(FromServer::Hello { wire: 2, .. })
        ));
        let Some(FromServer::Bye { why }) = frames.last() else {
            panic!("no goodbye with {reason}: {frames:?}");
        };
        assert!(why.contains(reason), "{why}");
    }
    let mut front = run.attach(Part::Controls);
    assert_eq!(front.state().last, Seq(3), "nothing of it was journalled");
    front.note();
}

#[test]
fn a_client_that_hangs_up_within_a_frame_or_at_once_disturbs_nobody() {
    let run = Run::of(WAITING);
    let _supervisor = run.serve();
    for bytes in ["", "{\"frame\":", HELLO] {
        let mut stream = raw(&run);
        // It may be fast.
        let _ = stream.write_all(bytes.as_bytes());
    }
    let mut front = run.attach(Part::Controls);
    front.wait("the controls", |mirror| mirror.yours);
    front.note();
}

#[test]
fn more_front_ends_than_there_is_room_for_are_turned_away() {
    let run = Run::of(WAITING);
    let _supervisor = run.serve();
    let mut first_lines = Vec::new();
    let all: Vec<UnixStream> = (0..200).map(|_| raw(&run)).collect();
    for stream in &all {
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).expect("a line");
        first_lines.push(line);
    }
    let turned_away = first_lines
        .iter()
        .filter(|line| line.contains("attached already"));
    assert_eq!(turned_away.count(), 136);
    drop(all);
    wait_until("room again", || {
        let mut line = String::new();
        BufReader::new(raw(&run)).read_line(&mut line).ok()?;
        line.contains("\"hello\"").then_some(())
    });
}

#[test]
fn another_user_is_turned_away_even_where_the_socket_lets_them_in() {
    use std::os::unix::fs::PermissionsExt as _;
    if !upwalk::shell::identity::is_root() {
        support::skip_forbidden("becoming another user");
        return;
    }
    let run = Run::of(WAITING);
    let _supervisor = run.serve();
    let socket = run.dir.socket_path();
    let mode = std::fs::metadata(&socket)
        .expect("a socket")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    for (path, mode) in [(run.here(""), 0o711), (socket.clone(), 0o666)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("chmod");
    }
    let said = std::thread::spawn(move || {
        // Of this thread alone; the kernel says whose thread connected.
        let nobody = rustix::process::Uid::from_raw(65_534);
        rustix::thread::set_thread_res_uid(nobody, nobody, nobody).expect("root may");
        let stream = UnixStream::connect(socket).expect("the mode allows it");
        let mut said = String::new();
        (&stream)
            .read_to_string(&mut said)
            .expect("it is closed soon");
        said
    });
    let said = said.join().expect("the thread ends well");
    let frame: FromServer = serde_json::from_str(&said).expect("one frame");
    let FromServer::Bye { why } = frame else {
        panic!("{said}");
    };
    assert!(why.contains("belongs to root"), "{why}");
}

#[test]
fn a_damaged_journal_is_named_and_nothing_is_changed() {
    let run = Run::of(WAITING);
    drop(run.serve());
    let mut bytes = run.dir.read_journal().expect("a journal");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let path = run.dir.path().join("journal.jsonl");
    std::fs::write(&path, &bytes).expect("written");
    let (mut supervisor, line) = run.supervise();
    assert_eq!(supervisor.end().code(), Some(8));
    assert!(
        line.starts_with("failed ") && line.contains("is damaged: line"),
        "{line}"
    );
    assert_eq!(std::fs::read(&path).expect("read"), bytes);
    let error = client::read_run(&run.dir).expect_err("it is damaged");
    assert_eq!(error.code, 8);
}

#[test]
fn an_event_that_a_crash_tore_is_cut_off_and_said() {
    let run = Run::of(WAITING);
    let good = run.dir.read_journal().expect("a journal");
    let torn = [good.as_slice(), b"{\"hash\":\"00"].concat();
    let path = run.dir.path().join("journal.jsonl");
    std::fs::write(&path, torn).expect("written");
    let _supervisor = run.serve();
    run.attach(Part::Controls).note();
    assert!(run.log().contains("ends in 11 bytes"), "{}", run.log());
    let cut = |event: &Event| match event {
        Event::TailCutOff { bytes, began } => Some((*bytes, began.clone())),
        _ => None,
    };
    let told: Vec<_> = events(&run).iter().filter_map(cut).collect();
    assert_eq!(told, [(11, "{\"hash\":\"00".to_owned())]);
    let remarks = run.state().remarks.clone();
    assert!(remarks[0].text.contains("ended in 11 bytes"), "{remarks:?}");
    let whole = run.dir.read_journal().expect("a journal");
    assert!(whole.starts_with(&good));
    codec::decode(&whole).expect("it is good again");
}

#[test]
fn what_cannot_be_kept_is_not_done_and_the_next_supervisor_goes_on() {
    let run = Run::of(WAITING);
    std::fs::write(run.here("code"), "0").expect("written");
    run.touch("go");
    let mut supervisor = run.serve();
    let mut front = run.attach(Part::Controls);
    front.wait("the first question", |mirror| question(mirror).is_some());
    // In the place of every fence that the step's intent could have.
    for number in 4..10 {
        let fence = run.dir.intent_file(Seq(number), "wait.1", "lock");
        std::fs::write(fence, "").expect("written");
    }
    // The word that was given is kept, and only the step that cannot be kept is not begun.
    front.start();
    front.wait("the end", |mirror| mirror.gone.is_some());
    let why = front.mirror.gone.clone().expect("it was just seen");
    assert!(why.contains("cannot keep what happens"), "{why}");
    assert_eq!(supervisor.end().code(), Some(1));
    let state = run.state();
    assert!(state.begun && state.intents.is_empty(), "{state:#?}");
    assert_eq!(run.text("ran"), "");
    let mut supervisor = run.serve();
    assert_eq!(supervisor.end().code(), Some(0));
    assert_eq!(run.text("ran"), "ran\n");
}

#[test]
fn a_changed_plan_is_not_walked() {
    let run = Run::of(WAITING);
    let path = run.dir.plan_path();
    let plan = std::fs::read_to_string(&path).expect("a plan");
    std::fs::write(&path, plan.replace("echo ran", "echo changed")).expect("written");
    let (mut supervisor, line) = run.supervise();
    assert_eq!(supervisor.end().code(), Some(3));
    assert!(line.contains("was changed"), "{line}");
}

#[test]
fn a_finished_run_is_shown_and_then_left() {
    let run = Run::of(WAITING);
    let mut supervisor = run.serve();
    let mut front = run.attach(Part::Controls);
    let never = |_: &Question| Decision::Stop { because: None };
    front.answer("the first question", |q| *q == Question::Start, never);
    front.wait("the end", |mirror| mirror.gone.is_some());
    assert_eq!(result(&front.mirror), Some(&RunResult::NeverStarted));
    supervisor.end();
    let before = run.dir.read_journal().expect("a journal");
    let mut supervisor = run.serve();
    let late = run.attach(Part::Controls);
    assert_eq!(result(&late.mirror), Some(&RunResult::NeverStarted));
    drop(late);
    assert_eq!(supervisor.end().code(), Some(0));
    assert_eq!(run.dir.read_journal().expect("a journal"), before);
}
