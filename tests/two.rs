//! Two of everything on one run: answers from several sides at once, late ones and torn ones, front
//! ends that are many, deaf or babbling, and other users.
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

use run::{Front, Run, question, wait_until};
use rustix::process::Signal;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Barrier;
use support::{Said, Sandbox, kill, said};
use upwalk::engine::Refusal;
use upwalk::journal::{Decision, Event, Question, RunState, codec};
use upwalk::supervisor::wire::{self, FromServer, Part, ToServer};
use upwalk::types::{Seq, StepId};

/// A plan of nothing but so many pauses.
fn pauses(count: usize) -> String {
    let pause = |number| format!("  - {{ pause: Rest {number}, id: rest-{number} }}\n");
    let all: String = (1..=count).map(pause).collect();
    format!("upwalk: 1\nservice: pauses\nup:\n{all}")
}

fn go_on() -> Decision {
    Decision::Continue {
        early: false,
        because: None,
    }
}

/// Waits for this pause and says at which number it asks.
fn at_pause(front: &mut Front, number: usize) -> Seq {
    let wanted = StepId::from(format!("rest-{number}").as_str());
    front.wait("the pause", |mirror| {
        matches!(question(mirror), Some(Question::Paused { pause, .. }) if *pause == wanted)
    });
    front.state().open.as_ref().expect("it was just seen").asked
}

/// How often the journal has a question answered.
fn answers(run: &Run) -> usize {
    let answered = |event: &&Event| matches!(event, Event::QuestionAnswered { .. });
    events(run).iter().filter(answered).count()
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

/// What the loser of a race has to be told: who answered first, what, and when.
fn first_answer(state: &RunState, asked: Seq) -> String {
    let (_, who, when) = &state.answered[&asked];
    format!("{who} said \"continue\" at {}", when.wall.full())
}

#[test]
fn of_a_screen_and_two_verbs_that_answer_at_once_exactly_one_wins() {
    const ROUNDS: usize = 60;
    let run = Run::of(&pauses(ROUNDS + 1));
    let _supervisor = run.serve();
    run.attach(Part::Verb).start();
    let parts = [Part::Controls, Part::Verb, Part::Verb];
    let mut fronts = parts.map(|part| run.attach(part));
    let mut replies = Vec::new();
    for round in 1..=ROUNDS {
        let asked = fronts.each_mut().map(|front| at_pause(front, round))[0];
        let barrier = Barrier::new(parts.len());
        let answer = |front: &mut Front| {
            barrier.wait();
            front.decide(Some(asked), go_on())
        };
        let answer = &answer;
        let of_round = std::thread::scope(|scope| {
            let threads = fronts
                .each_mut()
                .map(|front| scope.spawn(move || answer(front)));
            threads.map(|thread| thread.join().expect("it does not panic"))
        });
        replies.push((asked, of_round));
    }
    let state = run.state();
    for (asked, of_round) in &replies {
        let won = of_round.iter().filter(|reply| reply.is_ok()).count();
        assert_eq!(won, 1, "question {asked}: {of_round:?}");
        let first = first_answer(&state, *asked);
        for refusal in of_round.iter().filter_map(|reply| reply.as_ref().err()) {
            assert!(refusal.why.contains(&first), "{first}: {refusal}");
        }
    }
    // The start and one answer a round: nobody passed the next pause.
    assert_eq!(answers(&run), ROUNDS + 1);
    let open = state.open.as_ref().expect("the last pause waits");
    let last = StepId::from(format!("rest-{}", ROUNDS + 1).as_str());
    assert!(matches!(&open.question, Question::Paused { pause, .. } if *pause == last));
    let won = |party: usize| replies.iter().filter(move |(_, all)| all[party].is_ok());
    let each = [0, 1, 2].map(|party| won(party).count());
    support::say(&format!("won by the screen and each verb: {each:?}"));
}

/// A sandbox with a run of pauses that waits at the first of them.
fn paused(count: usize) -> (Sandbox, Said) {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("pauses.yaml"), pauses(count)).expect("the sandbox is ours");
    let parked = sandbox.run(["up", "./pauses.yaml", "--ui", "none"]);
    assert_eq!(parked.code, Some(4), "{parked}");
    (sandbox, parked)
}

/// The number in a line to type.
fn at_of(line: &str) -> &str {
    let (_, at) = line.split_once("--at ").expect("it names its question");
    at.split(' ').next().expect("a number follows")
}

/// The folded state of the sandbox's only run.
fn folded(sandbox: &Sandbox) -> RunState {
    let journal = codec::decode(sandbox.journal().as_bytes()).expect("a good journal");
    RunState::of(&journal.events).expect("it adds up")
}

#[test]
fn of_two_commands_that_answer_at_once_one_is_refused_with_exit_code_4() {
    const ROUNDS: usize = 10;
    let (sandbox, parked) = paused(ROUNDS + 1);
    let mut line = parked.line_to_type("continue");
    for round in 1..=ROUNDS {
        let at = at_of(&line);
        let barrier = Barrier::new(2);
        let one = |login: &str| {
            let mut command = sandbox.upwalk(["continue", "--at", at]);
            // Of this, root's word is taken: two people on one machine.
            command.env("SUDO_USER", login).stdin(Stdio::null());
            barrier.wait();
            said(&command.output().expect("upwalk can be started"))
        };
        let both = std::thread::scope(|scope| {
            let threads = ["anna", "berta"].map(|login| scope.spawn(move || one(login)));
            threads.map(|thread| thread.join().expect("it does not panic"))
        });
        let mut codes: Vec<Option<i32>> = both.iter().map(|said| said.code).collect();
        codes.sort_unstable();
        assert_eq!(codes, [Some(0), Some(4)], "round {round}: {both:?}");
        let lost = both
            .iter()
            .find(|said| said.code == Some(4))
            .expect("one lost");
        let asked = Seq(at.parse().expect("a number"));
        let first = first_answer(&folded(&sandbox), asked);
        assert!(lost.err.contains(&first), "{first}: {lost}");
        assert!(lost.err.contains("nothing was done"), "{lost}");
        assert_eq!(sandbox.events("QuestionAnswered", &["continue"]), round);
        let next = sandbox.run(["why"]).line_to_type("continue");
        assert_ne!(at_of(&next), at);
        line = next;
    }
}

#[test]
fn an_answer_without_its_question_or_to_an_older_one_passes_nothing() {
    let (sandbox, parked) = paused(3);
    let first = parked.line_to_type("continue");
    let without = sandbox.run(["continue"]);
    assert_eq!(without.code, Some(2), "{without}");
    assert!(without.err.contains("--at SEQ is needed"), "{without}");
    assert_eq!(sandbox.type_line(&first).code, Some(0));
    for (line, words) in [
        (first.clone(), "answered already"),
        (
            format!("upwalk continue --at {}", u64::MAX),
            "another question",
        ),
        ("upwalk continue --at 0".to_owned(), "another question"),
        // A number of the journal that is no question.
        ("upwalk continue --at 1".to_owned(), "another question"),
    ] {
        let refused = sandbox.type_line(&line);
        assert_eq!(refused.code, Some(4), "{line}: {refused}");
        assert!(refused.err.contains(words), "{line}: {refused}");
        assert!(
            refused.err.contains("nothing was done"),
            "{line}: {refused}"
        );
    }
    assert_eq!(sandbox.events("QuestionAnswered", &["continue"]), 1);
    // The refusal of an answer to another question names the line that answers this one.
    let refused = sandbox.run(["continue", "--at", "0"]);
    let second = refused
        .err
        .lines()
        .find_map(|line| line.strip_prefix("hint: "));
    assert_eq!(sandbox.type_line(second.expect("a hint")).code, Some(0));
    assert_eq!(sandbox.events("QuestionAnswered", &["continue"]), 2);
}

/// What came of a decision: its reply, or none where the connection ended before.
fn outcome(front: &mut Front, id: u64) -> Option<Result<Seq, Refusal>> {
    front.wait("a reply or the end", |mirror| {
        mirror.replies.contains_key(&id) || mirror.gone.is_some()
    });
    front.mirror.replies.remove(&id)
}

/// How a supervisor ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Told,
    Killed,
}

/// Decides while the supervisor ends in this way; says which of answered, refused and unanswered it
/// came to.
fn decide_at_the_end(run: &Run, how: End) -> &'static str {
    let mut supervisor = run.serve();
    let mut front = run.attach(Part::Verb);
    front.wait("a question", |mirror| question(mirror).is_some());
    let asked = front.state().open.as_ref().expect("it was just seen").asked;
    let barrier = Barrier::new(2);
    let sent = std::thread::scope(|scope| {
        scope.spawn(|| {
            barrier.wait();
            match how {
                End::Told => supervisor.terminate(),
                End::Killed => supervisor.kill(),
            }
        });
        barrier.wait();
        front.client.decide(Some(asked), go_on())
    });
    let reply = sent.ok().and_then(|id| outcome(&mut front, id));
    supervisor.end();
    let journalled = run.state().answered.contains_key(&asked);
    match reply {
        Some(Ok(_)) => {
            assert!(journalled, "what was called done is durable");
            "answered"
        }
        Some(Err(refusal)) => {
            assert!(!journalled, "nothing was done: {refusal}");
            assert!(refusal.why.contains("is ending"), "{refusal}");
            "refused"
        }
        None => {
            let known = how == End::Told;
            assert!(!(known && journalled), "it answers what it has done");
            "unanswered"
        }
    }
}

#[test]
fn a_decision_at_the_supervisors_end_is_done_or_refused_and_never_both() {
    let run = Run::of(&pauses(60));
    let supervisor = run.serve();
    run.attach(Part::Verb).start();
    drop(supervisor);
    let mut counted = std::collections::BTreeMap::new();
    for round in 0..40 {
        let how = if round % 2 == 0 {
            End::Told
        } else {
            End::Killed
        };
        let became = decide_at_the_end(&run, how);
        *counted.entry(became).or_insert(0) += 1;
    }
    support::say(&format!("decisions at the supervisor's end: {counted:?}"));
    let mut seen = std::collections::BTreeSet::new();
    for event in events(&run) {
        if let Event::QuestionAnswered { asked, .. } = event {
            assert!(seen.insert(asked), "{asked} is answered once");
        }
    }
}

#[test]
fn a_supervisor_that_dies_before_its_hello_is_replaced_and_gets_the_answer_once() {
    let (sandbox, parked) = paused(2);
    let line = parked.line_to_type("continue");
    kill(sandbox.supervisor(), Signal::STOP);
    let mut command = sandbox.upwalk(["continue", "--at", at_of(&line)]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // A supervisor that stands still says nothing, not even hello.
    let child = command.spawn().expect("upwalk can be started");
    support::wait_until("it is connected", || {
        let fds = std::fs::read_dir(format!("/proc/{}/fd", child.id()));
        let sockets = fds.into_iter().flatten().flatten().filter(|fd| {
            let target = std::fs::read_link(fd.path()).unwrap_or_default();
            target.to_string_lossy().starts_with("socket:")
        });
        sockets.count() > 0
    });
    kill(sandbox.supervisor(), Signal::KILL);
    let said = said(&child.wait_with_output().expect("it ends"));
    assert_eq!(said.code, Some(0), "{said}");
    assert_eq!(sandbox.events("QuestionAnswered", &["continue"]), 1);
    assert_eq!(sandbox.events("SupervisorStarted", &[]), 2);
}

/// What a relay does with the one decision that comes through it before it closes the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Relay {
    Swallows,
    PassesOn,
}

/// Stands between the next front end and the supervisor; it ends before any answer to a decision
/// has come back.
fn relay(run: &Run, what: Relay) {
    let socket = run.dir.socket_path();
    let aside = run.dir.path().join("aside.sock");
    std::fs::rename(&socket, &aside).expect("the run is ours");
    let listener = UnixListener::bind(&socket).expect("the name is free");
    let (client, _) = listener.accept().expect("somebody connects");
    let server = UnixStream::connect(&aside).expect("the supervisor listens");
    let mut said = BufReader::new(&client).lines();
    let pass = |line: Option<std::io::Result<String>>| {
        let line = line.expect("there is a frame").expect("it is whole");
        (&server).write_all(format!("{line}\n").as_bytes())
    };
    let mut news = BufReader::new(server.try_clone().expect("descriptors are left")).lines();
    let mut news = || news.next().expect("the supervisor goes on").expect("whole");
    let show = |line: &str| (&client).write_all(format!("{line}\n").as_bytes());
    show(&news()).expect("the front end waits for the hello");
    pass(said.next()).expect("the supervisor listens");
    loop {
        let line = news();
        show(&line).expect("the front end reads");
        if line.contains("\"attached\"") {
            break;
        }
    }
    let decision = said.next();
    if what == Relay::PassesOn {
        pass(decision).expect("the supervisor listens");
        while !news().contains("\"reply\"") {}
    }
    std::fs::rename(&aside, &socket).expect("the run is ours");
}

#[test]
fn a_verb_whose_answer_never_comes_says_that_it_does_not_know() {
    for what in [Relay::Swallows, Relay::PassesOn] {
        let run = Run::of(&pauses(3));
        let _supervisor = run.serve();
        let mut front = run.attach(Part::Observe);
        run.attach(Part::Verb).start();
        let asked = at_pause(&mut front, 1).to_string();
        let upwalk = |args: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_upwalk"));
            command.args(args).stdin(Stdio::null());
            command.env("UPWALK_STATE_DIR", run.state_dir.path());
            said(&command.output().expect("upwalk can be started"))
        };
        let said = std::thread::scope(|scope| {
            scope.spawn(|| relay(&run, what));
            wait_until("the relay listens", || {
                run.dir.path().join("aside.sock").exists().then_some(())
            });
            wait_until("the relay's socket", || {
                run.dir.socket_path().exists().then_some(())
            });
            upwalk(&["continue", "--at", &asked])
        });
        assert_eq!(said.code, Some(1), "{what:?}: {said}");
        for words in ["is not known here", "hint: upwalk why"] {
            assert!(said.err.contains(words), "{what:?}: {words}: {said}");
        }
        // Whoever sends it again passes no other pause.
        let again = upwalk(&["continue", "--at", &asked]);
        let code = if what == Relay::PassesOn { 4 } else { 0 };
        assert_eq!(again.code, Some(code), "{what:?}: {again}");
        assert_eq!(answers(&run), 2, "{what:?}: the start and one pause");
    }
}

/// Connects and says hello, as a verb does.
fn raw(run: &Run) -> UnixStream {
    let stream = UnixStream::connect(run.dir.socket_path()).expect("the socket is there");
    (&stream)
        .write_all(&wire::encode_to_server(&ToServer::Hello {
            wire: wire::VERSION,
            who: upwalk::shell::identity::who(),
            part: Part::Verb,
        }))
        .expect("it listens");
    stream
}

fn decide_frame(id: u64, at: Option<Seq>) -> Vec<u8> {
    let decision = go_on();
    wire::encode_to_server(&ToServer::Decide { id, at, decision })
}

/// The replies to these frames.
fn replies(stream: &UnixStream, count: usize) -> Vec<(u64, Result<Seq, Refusal>)> {
    let lines = BufReader::new(stream).lines();
    let frames = lines.map(|line| {
        let line = line.expect("it goes on");
        serde_json::from_str(&line).expect("a frame")
    });
    let replies = frames.filter_map(|frame| {
        if let FromServer::Reply { id, result } = frame {
            Some((id, result))
        } else {
            None
        }
    });
    replies.take(count).collect()
}

#[test]
fn a_decision_sent_twice_on_one_connection_is_taken_once() {
    let run = Run::of(&pauses(3));
    let _supervisor = run.serve();
    let mut front = run.attach(Part::Observe);
    run.attach(Part::Verb).start();
    let asked = at_pause(&mut front, 1);
    let mut stream = raw(&run);
    let twice = [decide_frame(1, Some(asked)), decide_frame(1, Some(asked))].concat();
    stream.write_all(&twice).expect("it listens");
    let said = replies(&stream, 2);
    assert!(said[0].1.is_ok(), "{said:?}");
    let refused = said[1].1.as_ref().expect_err("the second is refused");
    assert!(refused.why.contains("answered already"), "{refused}");
    at_pause(&mut front, 2);
    assert_eq!(answers(&run), 2, "the start and one pause");
}

#[test]
fn a_frame_that_comes_in_pieces_is_taken_when_it_is_whole_and_half_of_one_never() {
    let run = Run::of(&pauses(3));
    let _supervisor = run.serve();
    let mut front = run.attach(Part::Observe);
    run.attach(Part::Verb).start();
    let asked = at_pause(&mut front, 1);
    let frame = decide_frame(7, Some(asked));
    // All but its newline, then nothing more.
    for length in [frame.len() / 2, frame.len() - 1] {
        let mut torn = raw(&run);
        torn.write_all(&frame[..length]).expect("it listens");
        torn.shutdown(std::net::Shutdown::Write)
            .expect("it is open");
        // Once the supervisor has hung up, it has seen what there was.
        let said: Vec<String> = BufReader::new(&torn)
            .lines()
            .map_while(Result::ok)
            .collect();
        assert!(
            said.last()
                .is_some_and(|bye| bye.contains("within a frame"))
        );
        assert!(!run.state().answered.contains_key(&asked), "{length}");
    }
    let mut slow = raw(&run);
    for piece in frame.chunks(9) {
        slow.write_all(piece).expect("it listens");
        run.attach(Part::Verb)
            .client
            .ping()
            .expect("others are served");
    }
    assert!(replies(&slow, 1)[0].1.is_ok());
    at_pause(&mut front, 2);
    assert_eq!(answers(&run), 2, "the start and one pause");
}

#[test]
fn a_hundred_megabytes_without_an_end_are_neither_kept_nor_waited_for() {
    let run = Run::of(&pauses(2));
    let _supervisor = run.serve();
    let mut front = run.attach(Part::Observe);
    run.attach(Part::Verb).start();
    at_pause(&mut front, 1);
    let pid = front.state().supervisor.expect("it was journalled");
    let mut stream = raw(&run);
    let megabyte = vec![b'x'; 1 << 20];
    let taken = (0..100).take_while(|_| stream.write_all(&megabyte).is_ok());
    let taken = taken.count();
    assert!(taken < 4, "{taken} MiB were taken");
    run.attach(Part::Verb).note();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|text| text.trim().strip_suffix(" kB"));
    let peak: u64 = peak
        .and_then(|text| text.trim().parse().ok())
        .expect("a size");
    assert!(peak < 50_000, "it grew to {peak} kB");
}

#[test]
fn a_front_end_that_stands_still_holds_nobody_up_and_is_told_when_it_wakes() {
    let run = Run::of(&pauses(2));
    let _supervisor = run.serve();
    let mut verb = run.attach(Part::Verb);
    verb.start();
    let asked = at_pause(&mut verb, 1);
    let mut command = Command::new(env!("CARGO_BIN_EXE_upwalk"));
    command
        .args(["attach", "--ui", "plain", "--observe"])
        .env("UPWALK_STATE_DIR", run.state_dir.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("upwalk can be started");
    let mut shown = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let read_out = shown.find(|line| line.as_ref().is_ok_and(|line| line.contains("looks only")));
    assert!(read_out.is_some());
    let pid = i32::try_from(child.id()).expect("a pid");
    kill(pid, Signal::STOP);
    // More than the queue and the socket hold together.
    for number in 0..1400 {
        let text = format!("{number} {}", "x".repeat(2000));
        let noted = verb.decide(None, Decision::Note { text });
        noted.expect("a note is always taken");
    }
    verb.decide(Some(asked), go_on()).expect("the run goes on");
    at_pause(&mut verb, 2);
    kill(pid, Signal::CONT);
    // It goes on to say what it reads.
    assert!(shown.map_while(Result::ok).count() > 0);
    let said = said(&child.wait_with_output().expect("it ends"));
    assert_eq!(said.code, Some(1), "{said}");
    for words in ["too far behind", "hint: upwalk attach"] {
        assert!(said.err.contains(words), "{words}: {said}");
    }
}

#[test]
fn twenty_who_attach_after_a_kill_get_one_supervisor_and_one_has_the_controls() {
    const MANY: usize = 20;
    let run = Run::of(&pauses(2));
    let mut supervisor = run.serve();
    run.attach(Part::Verb).start();
    for life in 2..4 {
        supervisor.kill();
        let barrier = Barrier::new(MANY);
        let attach = || {
            barrier.wait();
            run.attach_or_start(Part::Controls)
        };
        let mut fronts: Vec<Front> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..MANY).map(|_| scope.spawn(attach)).collect();
            let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            joined.map(|front| front.expect("it attached")).collect()
        });
        let started = |event: &&Event| matches!(event, Event::SupervisorStarted { .. });
        assert_eq!(events(&run).iter().filter(started).count(), life);
        for front in &mut fronts {
            at_pause(front, 1);
            front.wait("everybody", |mirror| mirror.observers.len() == MANY - 1);
        }
        assert_eq!(fronts.iter().filter(|front| front.mirror.yours).count(), 1);
        drop(fronts);
        if life == 2 {
            let pid = run.state().supervisor.expect("it was journalled");
            kill(i32::try_from(pid).expect("a pid"), Signal::KILL);
            wait_until("nobody serves it", || {
                (upwalk::supervisor::client::served(&run.dir)
                    == upwalk::supervisor::client::Served::No)
                    .then_some(())
            });
        }
    }
    run.stop();
}

/// The arguments that run upwalk as the user nobody, in a sandbox that is theirs.
fn as_nobody(sandbox: &Sandbox, args: &[&str]) -> Said {
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(sandbox.path("upwalk"))
        .args(args);
    sandbox.settle(&mut command);
    said(
        &command
            .stdin(Stdio::null())
            .output()
            .expect("setpriv can be started"),
    )
}

/// A run of nobody's that waits at a pause; none where this test is not root.
fn nobodys() -> Option<(Sandbox, Said)> {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    if !upwalk::shell::identity::is_root() {
        support::skip_forbidden("becoming another user");
        return None;
    }
    let sandbox = Sandbox::new();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(sandbox.path(""), open).expect("the sandbox is ours");
    // The build's folder may be closed to others.
    let program = Path::new(env!("CARGO_BIN_EXE_upwalk"));
    std::fs::copy(program, sandbox.path("upwalk")).expect("there is room");
    std::fs::write(sandbox.path("pauses.yaml"), pauses(3)).expect("the sandbox is ours");
    for folder in ["home", "state"] {
        chown(sandbox.path(folder), Some(65_534), Some(65_534)).expect("root may");
    }
    let parked = as_nobody(&sandbox, &["up", "./pauses.yaml", "--ui", "none"]);
    assert_eq!(parked.code, Some(4), "{parked}");
    Some((sandbox, parked))
}

#[test]
fn root_decides_in_another_users_run_and_never_acts_for_them() {
    let Some((sandbox, parked)) = nobodys() else {
        return;
    };
    let state = sandbox.path("state").display().to_string();
    // Root sees it, decides in it by the name they logged in with, and shows it.
    let status = sandbox.run(["status"]);
    assert!(status.out.contains("pauses"), "{status}");
    let decided = sandbox.type_line(&parked.line_to_type("continue"));
    assert_eq!(decided.code, Some(0), "{decided}");
    let who = upwalk::shell::identity::who();
    let by_root = [&*format!("\"login\":\"{}\"", who.login), "\"uid\":0"];
    assert_eq!(sandbox.events("QuestionAnswered", &by_root), 1);
    let shown = sandbox.run(["attach", "--ui", "none"]);
    assert_eq!(shown.code, Some(4), "{shown}");
    // What would run their commands as root, or write where they choose the names, is refused.
    kill(sandbox.supervisor(), Signal::KILL);
    support::wait_until("no supervisor lives", || sandbox.processes().is_empty());
    for args in [
        &["attach", "--ui", "none"][..],
        &["attach", "--all"],
        &["continue", "--at", "1"],
    ] {
        let refused = sandbox.run(args);
        assert_eq!(refused.code, Some(1), "{args:?}: {refused}");
        let hint = format!("--state-dir '{state}'");
        for words in ["belongs to nobody", "sudo -u 'nobody' upwalk attach", &hint] {
            assert!(refused.err.contains(words), "{words}: {refused}");
        }
    }
    let run = sandbox.run_dir().display().to_string();
    let served = sandbox.run(["__supervise", &run]);
    assert_eq!(served.code, Some(1), "{served}");
    let up = sandbox.run(["up", "./pauses.yaml", "--ui", "none", "--step"]);
    assert_eq!(up.code, Some(1), "{up}");
    assert_eq!(sandbox.events("SupervisorStarted", &[]), 1);
    let again = as_nobody(&sandbox, &["attach", "--ui", "none"]);
    assert_eq!(again.code, Some(4), "{again}");
}

#[test]
fn another_user_neither_sees_nor_decides_anything() {
    use std::os::unix::fs::PermissionsExt as _;
    if nobodys().is_none() {
        return;
    }
    let (sandbox, parked) = paused(2);
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(sandbox.path(""), open).expect("the sandbox is ours");
    let program = Path::new(env!("CARGO_BIN_EXE_upwalk"));
    std::fs::copy(program, sandbox.path("upwalk")).expect("there is room");
    let at = parked.line_to_type("continue");
    for args in [
        &["attach"][..],
        &["status"],
        &["continue", "--at", at_of(&at)],
    ] {
        let refused = as_nobody(&sandbox, args);
        assert_eq!(refused.code, Some(1), "{args:?}: {refused}");
        assert!(
            refused.err.contains("another user, root, owns"),
            "{refused}"
        );
    }
    assert_eq!(sandbox.events("QuestionAnswered", &["continue"]), 0);
}
