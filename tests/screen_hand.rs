//! The terminal in other hands: the shell and the pager beside a run, the exact command of a step, and
//! steps with a terminal.
#![expect(
    clippy::disallowed_methods,
    reason = "a test runs programs and looks at their files"
)]

#[allow(
    dead_code,
    clippy::panic,
    reason = "the harness, of which each test file uses its part"
)]
mod support;

use std::process::Command;
use support::Sandbox;
use support::pty::Pty;

/// A run of a plan of the test's own on a terminal.
struct Walk {
    sandbox: Sandbox,
}

impl Walk {
    fn new(plan: &str) -> Self {
        let sandbox = Sandbox::new();
        std::fs::write(sandbox.path("hand.yaml"), plan).expect("the sandbox is ours");
        Self { sandbox }
    }

    fn up(&self, more: &[&str]) -> Command {
        let plan = self.sandbox.path("hand.yaml").display().to_string();
        let here = self.sandbox.path("").display().to_string();
        let args = ["up".to_owned(), plan, format!("--set=here={here}")];
        let more = more.iter().map(ToString::to_string);
        self.sandbox.upwalk(args.into_iter().chain(more))
    }

    /// Starts it on a screen.
    fn start(&self, columns: u16, rows: u16) -> Pty {
        let pty = Pty::start(&self.up(&[]), columns, rows);
        pty.wait_for("NOT STARTED");
        pty.send("S");
        pty
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.sandbox.path(name)).unwrap_or_default()
    }
}

/// A plan of one step.
fn one_step(step: &str) -> String {
    format!(
        "upwalk: 1\nservice: hand\ntitle: One step\nvars:\n  here: {{ required: true, help: the \
         sandbox }}\nup:\n  - phase: Change\n    role: pre-deploy\n    steps:\n{step}        undo: {{ \
         none: it changes nothing }}\n"
    )
}

const FAILS: &str = "      - run: |\n          echo said once\n          exit 3\n        name: Fail once\n        dir: ${here}\n        env: { FLAVOUR: vanilla }\n";

#[test]
fn r23_a_shell_has_the_terminal_to_itself_and_is_recorded() {
    let walk = Walk::new(&one_step(FAILS));
    let pty = walk.start(80, 24);
    pty.wait_for("FAILED");
    pty.wait_for("! shell");
    support::pty::wait_idle(pty.pid());
    std::thread::park_timeout(std::time::Duration::from_millis(600));
    pty.send("!");
    pty.wait_for("[upwalk 1.1]");
    // The line editor: the cursor goes back, and what stands there is mended.
    pty.send("eco $FLAVOUR $PWD >edited\x01\x1b[C\x1b[Ch\x05\x1b[D\x1b[C\r");
    support::wait_until("the mended line has run", || {
        walk.text("edited").starts_with("vanilla")
    });
    // Ten kilobytes, among them every letter that would decide something on the screen.
    let letters = "R S U X p q ! \x1b[A".repeat(700);
    pty.send("cat >swallowed\r");
    pty.send(&letters.replace('\x1b', "").replace(' ', "\r"));
    pty.send("\r\x04");
    support::wait_until("all of it has arrived", || {
        walk.text("swallowed").len() > 7000
    });
    pty.send("exit 7\r");
    let screen = pty.wait_for("Back from the shell");
    assert!(screen.contains("FAILED"), "{screen}");
    assert!(screen.contains("exit code 7"), "{screen}");
    assert_eq!(walk.sandbox.events("ShellOpened", &["fail-once"]), 1);
    support::wait_until("its end is recorded", || {
        walk.sandbox.events("ShellLeft", &["\"code\":7"]) == 1
    });
    assert_eq!(
        walk.sandbox.events("QuestionAnswered", &[]),
        1,
        "the start alone"
    );
    assert_eq!(walk.sandbox.events("StepStarted", &[]), 1);
}

#[test]
fn the_pager_shows_the_raw_log_without_its_escapes_and_the_report_at_the_end() {
    let walk = Walk::new(&one_step(
        "      - run: printf 'one\\033]0;evil\\007two\\n'\n        name: Say it\n",
    ));
    let pty = walk.start(80, 24);
    pty.wait_for("FINISHED");
    pty.send("o");
    pty.wait_for("1.1 Say it: done");
    pty.wait_for("(END)");
    pty.send("q");
    pty.wait_for("FINISHED");
    pty.send("l");
    pty.wait_for("follow");
    pty.send("o");
    let screen = pty.wait_for("(END)");
    assert!(screen.contains("oneESC]0;evil^Gtwo"), "{screen}");
    let bytes = String::from_utf8_lossy(&pty.bytes()).into_owned();
    assert!(
        !bytes.contains("\x1b]0;evil"),
        "the log's escape has reached the terminal"
    );
}

/// A step that tells what it was given. The environment is that of the shell's start.
const TELLS: &str = "      - run: |\n          tr '\\0' '\\n' </proc/$$/environ >environ\n          tr '\\0' '\\n' </proc/$$/cmdline | head -n 4 >argv\n          pwd >cwd; id -un >user; printf '%s' \"$TOKEN\" >token\n          for i in $(seq 600); do test -e go && break; sleep 0.05; done\n        name: Tell\n        dir: ${here}\n        env: { FLAVOUR: vanilla, LC_ALL: null, GREETING: two words }\n";

#[test]
fn r32_the_exact_command_is_what_the_child_really_got() {
    let plan = one_step(TELLS).replace(
        "up:\n",
        "  token: { env: SECRET_TOKEN, secret: true, help: a secret }\nup:\n",
    );
    let walk = Walk::new(&plan);
    let mut up = walk.up(&[]);
    up.env("SECRET_TOKEN", "open-sesame");
    let pty = Pty::start(&up, 120, 40);
    pty.wait_for("NOT STARTED");
    pty.send("S");
    support::wait_until("it has told", || walk.text("token") == "open-sesame");
    pty.send("c");
    let text = all_pages(&pty);
    std::fs::write(walk.sandbox.path("go"), "").expect("the sandbox is ours");
    let environ = walk.text("environ");
    let gap = |c: char| c.is_whitespace() || "|│┃".contains(c);
    let flat: String = text.split(gap).collect();
    for line in environ.lines() {
        let (name, value) = line.split_once('=').expect("a variable");
        let bare = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
        let value = if name == "TOKEN" {
            "***".to_owned()
        } else if !value.is_empty() && value.chars().all(bare) {
            value.to_owned()
        } else {
            format!("'{value}'")
        };
        let wanted: String = format!("{name}={value}").split_whitespace().collect();
        assert!(flat.contains(&wanted), "{wanted} is not shown:\n{text}");
    }
    for line in text.lines() {
        let line = line.trim_start_matches(|c: char| " |│┃".contains(c));
        let line = line.strip_prefix("sees").unwrap_or(line).trim_start();
        let name = line.split('=').next().unwrap_or_default();
        let is_name = name.len() > 1
            && line.contains('=')
            && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        let known = environ
            .lines()
            .any(|own| own.starts_with(&format!("{name}=")));
        assert!(!is_name || known, "{name} is shown, and the child had none");
    }
    let argv: Vec<String> = walk.text("argv").lines().map(str::to_owned).collect();
    let argv = argv.join(" ");
    assert!(
        flat.contains(&argv.split_whitespace().collect::<String>()),
        "{argv}\n{text}"
    );
    let cwd = walk.text("cwd");
    let how: String = format!("as {}, in {}", walk.text("user").trim(), cwd.trim())
        .split_whitespace()
        .collect();
    assert!(flat.contains(&how), "{how}\n{text}");
    assert!(!text.contains("open-sesame"), "{text}");
}

/// All pages of the box in front, one below the other.
fn all_pages(pty: &Pty) -> String {
    pty.wait_for("started as");
    let mut text = String::new();
    let mut page = 1;
    loop {
        let screen = pty.screen();
        text.push_str(&screen);
        text.push('\n');
        page += 1;
        let more = (page..10).any(|last| screen.contains(&format!("page {}/{last}", page - 1)));
        if !more {
            return text;
        }
        pty.send("\x1b[6~");
        pty.wait_for(&format!("page {page}/"));
    }
}

/// A step that reads a password, as programs do: without an echo. The size of its terminal is told by
/// whoever joins it, which may be after it has begun.
const PASSWORD: &str = "      - run: |\n          tty >tty\n          stty -echo\n          printf 'Password: '\n          IFS= read -r word\n          stty echo\n          stty size >size\n          echo\n          printf 'it has %s letters\\n' \"${#word}\"\n          printf '%s' \"$word\" >word\n        name: Ask\n        dir: ${here}\n        terminal: admin\n";

impl Walk {
    /// The password has arrived, has been echoed nowhere, and the run has gone on.
    fn expect_answered(&self, pty: &Pty) {
        support::wait_until("the step has its answer", || {
            self.text("word") == "s3cret word"
        });
        let shown = String::from_utf8_lossy(&pty.bytes()).into_owned();
        assert!(!shown.contains("s3cret"), "it was echoed");
        let run = self.sandbox.run_dir();
        let files = std::fs::read_dir(&run).expect("the run's directory");
        for path in files.flatten().map(|entry| entry.path()) {
            assert!(
                !path.to_string_lossy().ends_with(".keys") || !path.exists(),
                "{} is left",
                path.display()
            );
            let text = std::fs::read(&path).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            assert!(!text.contains("s3cret"), "it lies in {}", path.display());
        }
        assert!(
            self.text("tty").starts_with("/dev/pts/"),
            "{}",
            self.text("tty")
        );
        assert_eq!(self.sandbox.events("StepStarted", &["ask"]), 1);
    }

    fn log(&self) -> String {
        let run = self.sandbox.run_dir();
        let files = std::fs::read_dir(&run).expect("the run's directory");
        let mut paths = files.flatten().map(|entry| entry.path());
        let log = paths.find(|path| path.to_string_lossy().ends_with(".1.log"));
        log.map(|path| std::fs::read_to_string(path).unwrap_or_default())
            .unwrap_or_default()
    }
}

/// Presses the key that gives the terminal away, once the screen takes keys.
fn give(pty: &Pty) {
    pty.wait_for("waits for your terminal");
    std::thread::park_timeout(std::time::Duration::from_millis(900));
    pty.send("C");
    pty.wait_for("has your terminal now");
    pty.wait_for("Password:");
}

#[test]
fn r24_a_step_that_reads_a_password_gets_the_terminal_and_gives_it_back() {
    let walk = Walk::new(&one_step(PASSWORD));
    let pty = walk.start(90, 30);
    give(&pty);
    pty.send("s3cret word\r");
    let screen = pty.wait_for("FINISHED");
    assert!(
        screen.contains("root") || screen.contains("DRIVER"),
        "{screen}"
    );
    walk.expect_answered(&pty);
    assert_eq!(
        walk.text("size"),
        "30 90\n",
        "it has the size of the screen"
    );
    let log = walk.log();
    assert!(
        log.contains("Password: ") && log.contains("it has 11 letters"),
        "{log}"
    );
}

#[test]
fn r24_the_terminal_outlives_the_screen_and_is_given_again_after_attaching() {
    let walk = Walk::new(&one_step(PASSWORD));
    let mut first = walk.start(80, 24);
    give(&first);
    first.send("half of it \x15");
    first.hang_up();
    first.wait();
    let second = Pty::start(&walk.sandbox.upwalk(["attach"]), 80, 24);
    second.wait_for("H gives it your terminal");
    second.send("H");
    second.wait_for("has your terminal now");
    second.wait_for("Password:");
    // Ctrl-] goes back to the screen and stops nothing.
    second.send("\x1d");
    second.wait_for("The step goes on with its own terminal");
    second.send("H");
    second.wait_for("has your terminal now");
    second.wait_for("Password:");
    second.send("s3cret word\r");
    second.wait_for("FINISHED");
    walk.expect_answered(&second);
}

#[test]
fn r24_the_prompts_give_the_terminal_too() {
    let walk = Walk::new(&one_step(PASSWORD));
    let mut pty = Pty::start(&walk.up(&["--ui", "plain"]), 80, 24);
    pty.expect("leave the run as it is: ");
    support::pty::wait_idle(pty.pid());
    pty.send("start\r");
    pty.expect("waits for your terminal");
    pty.expect("leave the run as it is: ");
    support::pty::wait_idle(pty.pid());
    pty.send("continue\r");
    pty.expect("has your terminal now");
    pty.expect("\nPassword: ");
    pty.send("s3cret word\r");
    assert_eq!(pty.wait().code(), Some(0));
    walk.expect_answered(&pty);
}

#[test]
fn a_step_for_a_person_waits_where_nobody_is_there() {
    let walk = Walk::new(&one_step(PASSWORD));
    let out = walk
        .up(&["--ui", "none"])
        .output()
        .expect("upwalk can be started");
    let said = support::said(&out);
    assert_eq!(said.code, Some(4), "{said:?}");
    assert!(said.out.contains("waits for your terminal"), "{said:?}");
    assert!(said.out.contains("upwalk attach hand"), "{said:?}");
    assert_eq!(walk.sandbox.events("StepStarted", &[]), 0);
}

#[test]
fn a_terminal_of_its_own_is_recorded_and_survives_everybody_but_its_shim() {
    let walk = Walk::new(&one_step(
        "      - run: |\n          test -t 0 && test -t 1 && test -t 2\n          stty size\n          tput cols 2>/dev/null || true\n          for i in 1 2 3; do printf '\\rat %s' $i; done; echo\n          touch began\n          for i in $(seq 600); do test -e go && break; sleep 0.05; done\n          seq 20000\n          echo the end\n        name: Bar\n        dir: ${here}\n        terminal: own\n",
    ));
    let mut pty = walk.start(80, 24);
    support::wait_until("it has begun", || walk.sandbox.path("began").exists());
    let supervisor = walk.sandbox.supervisor();
    pty.hang_up();
    pty.wait();
    support::kill(supervisor, rustix::process::Signal::KILL);
    std::fs::write(walk.sandbox.path("go"), "").expect("the sandbox is ours");
    let said = walk.sandbox.run(["attach", "--ui", "none"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let log = walk.log();
    assert!(log.starts_with("24 80\n"), "{log:.80}");
    assert!(log.contains("\rat 1\rat 2\rat 3\n"), "{log:.80}");
    let numbers: Vec<String> = (1..=20_000).map(|n| n.to_string()).collect();
    assert!(
        log.ends_with(&format!("\n{}\nthe end\n", numbers.join("\n"))),
        "lines are missing"
    );
    assert_eq!(walk.sandbox.events("StepStarted", &[]), 1);
}
