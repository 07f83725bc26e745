//! A run built through the library, its supervisor as a process of its own, and a front end that
//! waits for what it expects to see.

use crate::support::{PATIENCE, kill};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tempfile::TempDir;
use upwalk::engine::Refusal;
use upwalk::journal::codec::{GENESIS, encode};
use upwalk::journal::{Decision, Event, Question, RunStarted, RunState, StepMode};
use upwalk::shell::exec::{self, Job};
use upwalk::shell::store::{RunDir, StateDir};
use upwalk::shell::{clock, identity};
use upwalk::supervisor::client::{Client, ClientError, Mirror, Update};
use upwalk::supervisor::wire::Part;
use upwalk::types::{CommandSpec, Digest, Id, Millis, RunId, Seq};

/// A run whose first event is journalled and that nobody serves yet.
pub(crate) struct Run {
    root: TempDir,
    pub(crate) state_dir: StateDir,
    pub(crate) id: RunId,
    pub(crate) dir: RunDir,
}

impl Run {
    /// Makes a run of this plan; `HERE` in it stands for a directory that [`Run::here`] names.
    pub(crate) fn of(plan: &str) -> Self {
        // Where the library starts a supervisor, that is not this test's binary.
        upwalk::shell::os::use_binary(Path::new(env!("CARGO_BIN_EXE_upwalk")));
        let root = tempfile::tempdir().expect("a directory");
        let (state_dir, _) = StateDir::open(&root.path().join("state")).expect("a state directory");
        let here = root.path().display().to_string();
        let plan = plan.replace("HERE", &here);
        let draft = upwalk::plan::read("plan.yaml", plan.as_bytes())
            .unwrap_or_else(|found| panic!("{}", found.render(upwalk::plan::Paint::Plain)));
        let sealed = draft.seal(&[]);
        let id = RunId::new("20261121T010203Z", &sealed.service, "up");
        let dir = state_dir
            .create_run(&id, "plan.yaml", plan.as_bytes(), &[])
            .expect("a run's directory");
        let run = Self {
            root,
            state_dir,
            id,
            dir,
        };
        run.begin(&sealed.service, sealed.digest.clone());
        run
    }

    /// Journals the first event and claims the service.
    fn begin(&self, service: &Id, plan_digest: Digest) {
        let now = clock::now();
        let path = std::env::var("PATH").expect("a PATH");
        let started = Event::RunStarted(Box::new(RunStarted {
            run: self.id.clone(),
            service: service.clone(),
            direction: "up".to_owned(),
            plan: "plan.yaml".to_owned(),
            plan_digest,
            run_dir: self.dir.path().to_owned(),
            host: "testhost".to_owned(),
            who: identity::who(),
            upwalk: env!("CARGO_PKG_VERSION").to_owned(),
            boot: now.boot.clone(),
            from_exact: None,
            from: None,
            to: None,
            vars: [].into(),
            env: [("PATH".to_owned(), path)].into(),
            accepts: Vec::new(),
            step_mode: StepMode::Flowing,
            after_stopped: None,
            environment: None,
            bearing: None,
            max_age: None,
            from_since: None,
        }));
        let (bytes, _, _) = encode(GENESIS, Seq(0), &now, &[started]);
        let mut journal = self.dir.open_journal(0).expect("a journal");
        journal.append(&bytes).expect("the first event");
        let other = self
            .state_dir
            .claim(service, &self.id)
            .expect("the service can be claimed");
        assert_eq!(other, None);
    }

    /// Ends the run at its first question, and its supervisor with it.
    pub(crate) fn stop(&self) {
        let mut verb = self.attach(Part::Verb);
        let stop = Decision::Stop { because: None };
        verb.decide(None, stop).expect("the run asks something");
        verb.wait("the end", |mirror| mirror.gone.is_some());
    }

    /// Makes another run of the same service, which does not get it.
    pub(crate) fn another(&self) -> RunId {
        let state = self.state();
        let id = RunId::new("20261121T040506Z", &state.run.service, "up");
        let plan = std::fs::read(self.dir.plan_path()).expect("the plan's copy");
        let dir = self.state_dir.create_run(&id, "plan.yaml", &plan, &[]);
        let started = Event::RunStarted(Box::new(RunStarted {
            run: id.clone(),
            ..(*state.run).clone()
        }));
        let (bytes, _, _) = encode(GENESIS, Seq(0), &clock::now(), &[started]);
        let mut journal = dir
            .expect("a run's directory")
            .open_journal(0)
            .expect("a journal");
        journal.append(&bytes).expect("the first event");
        id
    }

    /// A file that plan and test share.
    pub(crate) fn here(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Makes such a file.
    pub(crate) fn touch(&self, name: &str) {
        std::fs::write(self.here(name), "").expect("the sandbox is writable");
    }

    /// The text of such a file; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.here(name)).unwrap_or_default()
    }

    /// The journal as it lies on disk, folded.
    pub(crate) fn state(&self) -> RunState {
        let (_, state) = upwalk::supervisor::client::read_run(&self.dir).expect("a good journal");
        state
    }

    /// Starts a supervisor and waits for the line that it says.
    pub(crate) fn supervise(&self) -> (Supervisor, String) {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.dir.supervisor_log())
            .expect("a log");
        let mut child = Command::new(env!("CARGO_BIN_EXE_upwalk"))
            .arg("__supervise")
            .arg(self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("upwalk can be started");
        let out = child.stdout.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(out)
            .read_line(&mut line)
            .expect("a line can be read");
        (Supervisor(child), line.trim_end().to_owned())
    }

    /// Starts a supervisor that is ready. A child that a killed one was just starting may hold the
    /// lock for a moment longer.
    pub(crate) fn serve(&self) -> Supervisor {
        wait_until("a supervisor that is ready", || {
            let (supervisor, line) = self.supervise();
            assert!(line == "ready" || line == "taken", "{line}: {}", self.log());
            (line == "ready").then_some(supervisor)
        })
    }

    /// Whether the run came to its end and was closed in order.
    pub(crate) fn served_to_the_end(&self) -> bool {
        let state = self.state();
        let open = self.state_dir.open_run_of(&state.run.service);
        state.finished.is_some() && open.expect("it can be read").is_none()
    }

    /// What supervisors have said to nobody.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.supervisor_log()).unwrap_or_default()
    }

    /// Attaches to the supervisor that lives.
    pub(crate) fn attach(&self, part: Part) -> Front {
        self.front(|tell| {
            let client = Client::attach_existing(&self.state_dir, &self.id, part, tell);
            client.map(|client| client.expect("a supervisor lives"))
        })
    }

    /// Attaches, starting a supervisor where none lives; the test ends it.
    pub(crate) fn attach_or_start(&self, part: Part) -> Front {
        self.front(|tell| Client::attach(&self.state_dir, &self.id, part, tell))
    }

    fn front(
        &self,
        attach: impl FnOnce(Box<dyn FnMut(Update) + Send>) -> Result<Client, ClientError>,
    ) -> Front {
        let (news, updates) = channel();
        let client = attach(Box::new(move |update| {
            // The test may have looked away.
            let _ = news.send(update);
        }));
        let client = client.unwrap_or_else(|error| panic!("{error}"));
        let mirror = Mirror::new(self.dir.clone()).expect("the plan can be read");
        let mut front = Front {
            client,
            updates,
            mirror,
        };
        front.wait("all events so far", |mirror| mirror.caught_up);
        front
    }
}

impl Drop for Run {
    /// Lets what still waits for `go` end, and what was not begun yet never begin: nothing outlives
    /// the test.
    fn drop(&mut self) {
        let _ = std::fs::write(self.here("go"), "");
        let listed = std::fs::read_dir(self.dir.path()).into_iter().flatten();
        for path in listed.flatten().map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let intent = name.strip_suffix(".lock").and_then(|n| n.split_once('-'));
            let Some((number, stem)) = intent else {
                continue;
            };
            let job = Job {
                number: Seq(number.parse().expect("a fence begins with its number")),
                stem: stem.to_owned(),
                command: CommandSpec {
                    argv: Vec::new(),
                    dir: "/".into(),
                    user: None,
                    env: [].into(),
                    timeout: None,
                    grace: Millis(0),
                    terminal: None,
                },
            };
            exec::recover(&self.dir, &job, &mut |_| {});
        }
    }
}

/// A supervisor's process, killed when dropped.
pub(crate) struct Supervisor(Child);

impl Supervisor {
    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.0.kill().expect("it can be killed");
        self.0.wait().expect("it can be waited for");
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        let pid = i32::try_from(self.0.id()).expect("a pid");
        kill(pid, rustix::process::Signal::TERM);
    }

    /// Waits for its end.
    pub(crate) fn end(&mut self) -> ExitStatus {
        self.0.wait().expect("it can be waited for")
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A front end.
pub(crate) struct Front {
    pub(crate) client: Client,
    updates: Receiver<Update>,
    pub(crate) mirror: Mirror,
}

impl Front {
    /// Takes updates in until the mirror shows what is waited for.
    pub(crate) fn wait(&mut self, what: &str, until: impl Fn(&Mirror) -> bool) {
        while !until(&self.mirror) {
            let update = self.updates.recv_timeout(PATIENCE);
            let update = update.unwrap_or_else(|_| {
                panic!(
                    "waited in vain for {what}; the run: {:#?}",
                    self.mirror.state
                )
            });
            if let Update::Gone(why) = &update {
                let shown = self.mirror.state.as_ref().map(|state| state.last);
                eprintln!("gone after {shown:?}: {why}");
            }
            self.mirror.apply(update).expect("the event fits");
            assert!(
                self.mirror.gone.is_none() || until(&self.mirror),
                "the supervisor is gone while waiting for {what}"
            );
        }
    }

    /// Waits for the reply to this frame.
    pub(crate) fn reply(&mut self, id: u64) -> Result<Seq, Refusal> {
        self.wait("a reply", |mirror| mirror.replies.contains_key(&id));
        self.mirror.replies.remove(&id).expect("it is there")
    }

    /// Sends a decision and waits for what becomes of it.
    pub(crate) fn decide(&mut self, at: Option<Seq>, decision: Decision) -> Result<Seq, Refusal> {
        let id = self.client.decide(at, decision).expect("it can be sent");
        self.reply(id)
    }

    /// The folded run.
    pub(crate) fn state(&self) -> &RunState {
        self.mirror
            .state
            .as_ref()
            .expect("the first event was seen")
    }

    /// Waits for a question of this kind and answers it; says at which number.
    pub(crate) fn answer(
        &mut self,
        what: &str,
        is: impl Fn(&Question) -> bool,
        decision: impl Fn(&Question) -> Decision,
    ) -> Seq {
        self.wait(what, |mirror| question(mirror).is_some_and(&is));
        let open = self.state().open.clone().expect("it was just seen");
        let decision = decision(&open.question);
        if let Err(refusal) = self.decide(Some(open.asked), decision) {
            panic!("{what} is refused: {refusal}");
        }
        open.asked
    }

    /// Leaves a note: the run is served.
    pub(crate) fn note(&mut self) {
        let text = "still served".to_owned();
        let noted = self.decide(None, Decision::Note { text });
        noted.expect("a note is always taken");
    }

    /// Lets the run begin.
    pub(crate) fn start(&mut self) -> Seq {
        let is_start = |question: &Question| *question == Question::Start;
        self.answer("the first question", is_start, |_| Decision::Start)
    }
}

/// The question that is open.
pub(crate) fn question(mirror: &Mirror) -> Option<&Question> {
    Some(&mirror.state.as_ref()?.open.as_ref()?.question)
}

/// Waits until a file is there whose name ends like this.
pub(crate) fn wait_for_file(dir: &Path, suffix: &str) -> PathBuf {
    wait_until(&format!("a file *{suffix}"), || {
        let listed = std::fs::read_dir(dir).expect("it can be listed");
        let mut paths = listed.map(|entry| entry.expect("an entry").path());
        paths.find(|path| path.to_string_lossy().ends_with(suffix))
    })
}

/// Looks until there is what is waited for.
pub(crate) fn wait_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let step = Duration::from_millis(5);
    let mut left = PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(!left.is_zero(), "waited in vain for {what}");
        std::thread::sleep(step);
        left = left.saturating_sub(step);
    }
}
