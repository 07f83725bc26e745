//! Asking the machine with real processes and a server on loopback.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;
use upwalk::shell::ask::{self, Again, Secrets, Stop};
use upwalk::shell::store::RunDir;
use upwalk::shell::{clock, identity, os};
use upwalk::types::{Answer, Ask, CommandSpec, EnvValue, Expect, HttpAsk, Judge, Millis};

type Tested = Result<(), Box<dyn Error>>;

fn spec(text: &str) -> CommandSpec {
    os::use_binary(Path::new(env!("CARGO_BIN_EXE_upwalk")));
    let path = EnvValue::Plain("/usr/local/bin:/usr/bin:/bin".to_owned());
    CommandSpec {
        argv: ["bash", "-euo", "pipefail", "-c", text]
            .map(str::to_owned)
            .to_vec(),
        dir: "/".into(),
        user: None,
        env: [("PATH".to_owned(), path)].into(),
        timeout: Some(Millis::from_secs(20)),
        grace: Millis(100),
        terminal: None,
    }
}

fn guard(text: &str) -> Ask {
    let judge = Judge::plain();
    Ask::Command {
        spec: spec(text),
        judge,
    }
}

fn ask(question: &Ask) -> Answer {
    ask::ask(question, &Secrets::new())
}

fn unsure(answer: &Answer, why: &str) -> bool {
    matches!(answer, Answer::CouldNotTell(told) if told.contains(why))
}

#[test]
fn a_guard_says_yes_no_or_that_it_could_not_tell() {
    assert_eq!(ask(&guard("true")), Answer::Yes);
    assert_eq!(
        ask(&guard("echo too few; exit 1")),
        Answer::No("exit code 1: too few".into())
    );
    assert!(unsure(
        &ask(&guard("echo no such table >&2; exit 3")),
        "no such table"
    ));
    assert!(unsure(&ask(&guard("kill -9 $$")), "signal 9"));
    assert!(unsure(&ask(&guard("no-such-command")), "127"));
}

#[test]
fn only_standard_output_is_compared() {
    let judge = |expect| Judge::Output(expect);
    let spec = spec("echo warning >&2; echo 0; cat");
    let is = |text: &str| Ask::Command {
        spec: spec.clone(),
        judge: judge(Expect::Is(text.into())),
    };
    assert_eq!(ask(&is("0")), Answer::Yes);
    assert_eq!(ask(&is("1")), Answer::No("it printed \"0\"".into()));
}

#[test]
fn a_guard_that_cannot_start_could_not_tell_and_says_why() {
    let mut question = spec("true");
    question.user = Some("no-such-user".to_owned());
    let judge = Judge::plain();
    assert!(unsure(
        &ask(&Ask::Command {
            spec: question,
            judge
        }),
        "no user \"no-such-user\""
    ));
    let mut question = spec("true");
    question.dir = "/no/such/dir".into();
    let judge = Judge::plain();
    assert!(unsure(
        &ask(&Ask::Command {
            spec: question,
            judge
        }),
        "does not exist"
    ));
}

#[test]
fn a_guard_of_another_user_is_that_user() {
    if identity::is_root() {
        let mut question = spec("test \"$(id -un)\" = games");
        question.user = Some("games".to_owned());
        let judge = Judge::plain();
        assert_eq!(
            ask(&Ask::Command {
                spec: question,
                judge
            }),
            Answer::Yes
        );
    }
}

#[test]
fn a_guard_that_takes_too_long_is_ended_with_all_it_started() -> Tested {
    let mark = format!("{}{}", std::process::id(), "61");
    let mut question = spec(&format!("trap '' TERM; sleep {mark} & wait; wait"));
    question.timeout = Some(Millis(300));
    let judge = Judge::plain();
    assert!(unsure(
        &ask(&Ask::Command {
            spec: question,
            judge
        }),
        "ran out of time"
    ));
    assert!(!is_running(&format!("sleep {mark}"))?);
    Ok(())
}

#[test]
fn endless_output_is_cut_and_a_daemon_does_not_hold_the_answer() {
    let question = spec("head -c 3000000 /dev/zero | tr '\\0' y; sleep 61 & exit 0");
    let judge = Judge::Output(Expect::Matches("^y".into()));
    assert_eq!(
        ask(&Ask::Command {
            spec: question,
            judge
        }),
        Answer::Yes
    );
}

#[test]
fn the_first_line_is_trimmed_and_without_one_there_is_a_reason() {
    let line = |text: &str| ask::first_line(&spec(text), &Secrets::new());
    assert_eq!(line("echo ' 15.4 '; echo more"), Ok("15.4".to_owned()));
    assert_eq!(line("true"), Err("it printed no first line".to_owned()));
    assert_eq!(
        line("echo 15.4; echo broken >&2; exit 2"),
        Err("exit code 2: broken".to_owned())
    );
}

#[test]
fn secrets_reach_the_command_and_no_command_line() {
    let text = r#"test "$PGPASSWORD" = "$(printf 'hu%s' sh-now)" && ! grep -qs 'hu[s]h-now' /proc/*/cmdline"#;
    let mut question = spec(text);
    let secret = EnvValue::Secret("password".to_owned());
    question.env.insert("PGPASSWORD".to_owned(), secret);
    let judge = Judge::plain();
    let question = Ask::Command {
        spec: question,
        judge,
    };
    let secrets = [("password".to_owned(), "hush-now".to_owned())].into();
    assert_eq!(ask::ask(&question, &secrets), Answer::Yes);
    assert!(unsure(&ask(&question), "password"));
}

#[test]
fn an_ask_that_is_stopped_ends_at_once_with_all_it_started() -> Tested {
    let stop = Stop::new()?;
    let mark = format!("{}{}", std::process::id(), "62");
    let question = guard(&format!("sleep {mark}"));
    let asked = {
        let stop = stop.clone();
        std::thread::spawn(move || ask::ask_unless(&question, &Secrets::new(), &stop))
    };
    until(|| is_running(&format!("sleep {mark}")).unwrap_or(false));
    let began = clock::up();
    stop.stop();
    assert!(asked.join().map_err(|_| "it panicked")?.is_none());
    assert!(clock::up().since(began) < Millis(1000));
    until(|| !is_running(&format!("sleep {mark}")).unwrap_or(true));
    assert!(stop.is_stopped());
    Ok(())
}

/// Asks a question as a supervisor does; it lives as long as its line does.
fn asker(question: &CommandSpec) -> Result<(Child, ChildStdin), Box<dyn Error>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "stands in for a supervisor that dies"
    )]
    let mut asker = std::process::Command::new(env!("CARGO_BIN_EXE_upwalk"))
        .arg("__ask")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut line = asker.stdin.take().ok_or("it is piped")?;
    writeln!(line, "{}", serde_json::json!({ "Run": question }))?;
    Ok((asker, line))
}

#[test]
fn an_asker_ends_with_whoever_asked() -> Tested {
    let mark = format!("{}{}", std::process::id(), "63");
    let (mut asker, line) = asker(&spec(&format!("sleep {mark}")))?;
    until(|| is_running(&format!("sleep {mark}")).unwrap_or(false));
    drop(line);
    asker.wait()?;
    until(|| !is_running(&format!("sleep {mark}")).unwrap_or(true));
    Ok(())
}

#[test]
fn what_a_killed_supervisor_and_asker_left_is_ended_by_the_next_one() -> Tested {
    let tmp = tempfile::tempdir()?;
    let dir = RunDir::open(tmp.path())?;
    let mark = format!("{}{}", std::process::id(), "64");
    let mut question = spec(&format!("sleep {mark}; true"));
    let plain = |text: String| EnvValue::Plain(text);
    let run_dir = plain(tmp.path().display().to_string());
    question.env.insert("RUN_DIR".to_owned(), run_dir);
    let attempt = plain("ask".to_owned());
    question.env.insert("UPWALK_ATTEMPT".to_owned(), attempt);
    let (mut asker, _line) = asker(&question)?;
    until(|| is_running(&format!("sleep {mark}")).unwrap_or(false));
    asker.kill()?;
    asker.wait()?;
    assert!(is_running(&format!("sleep {mark}"))?);
    ask::end_leftovers(&dir);
    until(|| !is_running(&format!("sleep {mark}")).unwrap_or(true));
    Ok(())
}

#[test]
fn asking_again_ends_with_a_yes_at_the_deadline_or_when_stopped() -> Tested {
    let dir = tempfile::tempdir()?;
    let count = dir.path().join("count").display().to_string();
    let third = guard(&format!("echo x >> {count}; test $(wc -l < {count}) -ge 3"));
    let until_yes = |answer: &Answer| match answer {
        Answer::Yes => ControlFlow::Break(()),
        Answer::No(_) | Answer::CouldNotTell(_) => ControlFlow::Continue(()),
    };
    let stop = Stop::new()?;
    let mut again = Again {
        every: Millis(10),
        until: None,
    };
    let answer = ask::ask_again(&third, &Secrets::new(), &again, &stop, &mut |a| {
        until_yes(a)
    });
    assert_eq!(answer, Some(Answer::Yes));
    // Between two asks there is a minute, and yet the deadline is asked at.
    again = Again {
        every: Millis::from_secs(60),
        until: Some(clock::now().plus(Millis(300))),
    };
    let mut asked = 0;
    let mut never = |answer: &Answer| {
        asked += 1;
        until_yes(answer)
    };
    let answer = ask::ask_again(&guard("false"), &Secrets::new(), &again, &stop, &mut never);
    assert!(matches!(answer, Some(Answer::No(_))));
    assert_eq!(asked, 2);
    again.until = None;
    let mut stopping = |_: &Answer| {
        stop.stop();
        ControlFlow::Continue(())
    };
    let answer = ask::ask_again(
        &guard("false"),
        &Secrets::new(),
        &again,
        &stop,
        &mut stopping,
    );
    assert_eq!(answer, None);
    Ok(())
}

#[test]
fn tcp_is_yes_or_could_not_tell() -> Tested {
    os::use_binary(Path::new(env!("CARGO_BIN_EXE_upwalk")));
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let timeout = Millis::from_secs(5);
    let question = Ask::Tcp { address, timeout };
    assert_eq!(ask(&question), Answer::Yes);
    drop(listener);
    assert!(unsure(&ask(&question), "refused"));
    let question = Ask::Tcp {
        address: "no port".into(),
        timeout,
    };
    assert!(matches!(ask(&question), Answer::CouldNotTell(_)));
    Ok(())
}

/// A question about what a server on loopback answers once with these bytes.
fn served(answer: &'static str) -> Result<HttpAsk, Box<dyn Error>> {
    os::use_binary(Path::new(env!("CARGO_BIN_EXE_upwalk")));
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/health", listener.local_addr()?);
    std::thread::spawn(move || -> std::io::Result<()> {
        let (mut peer, _) = listener.accept()?;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            peer.read_exact(&mut byte)?;
            request.extend(byte);
        }
        peer.write_all(answer.as_bytes())
    });
    Ok(HttpAsk {
        url,
        timeout: Millis::from_secs(10),
        status: vec![200],
        body: None,
        header: [].into(),
        version: None,
        version_is: None,
        ca_file: None,
        insecure: false,
        redirects: 0,
    })
}

const OK: &str =
    "HTTP/1.1 200 OK\r\nx-served-by: web1\r\ncontent-length: 19\r\n\r\n{\"version\":\"4.3.1\"}";

#[test]
fn http_judges_status_header_body_and_version() -> Tested {
    type Change = fn(&mut HttpAsk);
    let version: Change = |ask| ask.version = Some("\"version\":\"([^\"]+)\"".into());
    let cases: [(&str, Change, Option<&str>); 9] = [
        (OK, |_| (), None),
        (OK, version, None),
        (OK, |ask| ask.status = vec![204], Some("status 200")),
        (
            OK,
            |ask| ask.body = Some("^ready".into()),
            Some("the body is"),
        ),
        (
            OK,
            |ask| {
                ask.header.insert("X-Served-By".into(), "^web".into());
            },
            None,
        ),
        (
            OK,
            |ask| {
                ask.header.insert("x-none".into(), ".".into());
            },
            Some("is missing"),
        ),
        (
            "HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n",
            |_| (),
            Some("status 302"),
        ),
        (
            "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n",
            |_| (),
            Some("status 503"),
        ),
        (
            OK,
            |ask| ask.version = Some("v=(.*)".into()),
            Some("names no version"),
        ),
    ];
    for (served_bytes, change, no) in cases {
        let mut question = served(served_bytes)?;
        change(&mut question);
        let answer = ask(&Ask::Http(question));
        match no {
            None => assert_eq!(answer, Answer::Yes),
            Some(why) => assert!(
                matches!(&answer, Answer::No(told) if told.contains(why)),
                "{answer}"
            ),
        }
    }
    for (series, yes) in [("4.3", true), ("4.2", false)] {
        let mut question = served(OK)?;
        version(&mut question);
        question.version_is = Some(series.into());
        assert_eq!(ask(&Ask::Http(question)) == Answer::Yes, yes, "{series}");
    }
    Ok(())
}

#[test]
fn http_that_is_refused_broken_or_silent_could_not_tell() -> Tested {
    let broken = Ask::Http(served("not http at all\r\n\r\n")?);
    assert!(matches!(ask(&broken), Answer::CouldNotTell(_)));
    // The server is gone after its one answer.
    assert!(unsure(&ask(&broken), "refused"));
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let mut question = served(OK)?;
    question.url = format!("http://{}/", silent.local_addr()?);
    question.timeout = Millis(200);
    assert!(unsure(&ask(&Ask::Http(question)), "timeout"));
    let mut question = served(OK)?;
    question.url = "http://".into();
    assert!(matches!(ask(&Ask::Http(question)), Answer::CouldNotTell(_)));
    Ok(())
}

/// Whether a process with this command line lives.
fn is_running(line: &str) -> Result<bool, Box<dyn Error>> {
    #[expect(clippy::disallowed_methods, reason = "looks as an admin would")]
    let found = std::process::Command::new("pgrep")
        .args(["-fx", line])
        .output()?;
    Ok(found.status.success())
}

/// Waits until something holds; fails where it never does.
fn until(mut holds: impl FnMut() -> bool) {
    let end = clock::up().plus(Millis::from_secs(20));
    while !holds() {
        assert!(clock::up() < end, "it never came");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}
