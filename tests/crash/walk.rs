//! One run, driven to its end through the binary's own verbs while its processes are killed.

use crate::judge::{Kill, judge};
use crate::plan;
use crate::process::{Process, end_of, supervisor_of};
use crate::run::{Run, wait_until};
use crate::sight::{Frozen, Sight};
use crate::table::{Aim, Table, Victim, Window};
use crate::watch::{Happened, News, Watch};
use std::os::fd::AsFd as _;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;
use upwalk::journal::{Question, RunState};
use upwalk::supervisor::wire::Part;

/// How often front ends may attach until a run is over; far more than any run takes.
const MOST_LIVES: usize = 600;

/// Numbers that look random (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// A number below.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).expect("a small number");
        usize::try_from(self.next() % end).expect("a small number")
    }

    /// A length of time below.
    fn micros(&mut self, end: usize) -> Duration {
        let micros = self.below(end);
        Duration::from_micros(u64::try_from(micros).expect("a small number"))
    }
}

/// When to look: after the file of this kind has changed so often, and so long after.
struct Trigger {
    file: &'static str,
    happened: Happened,
    skip: usize,
    delay: Duration,
    /// The shim is stopped first, so that its command ends unseen.
    hold_shim: bool,
}

/// Moments near which a window opens.
fn trigger(dice: &mut Dice, window: Window) -> Trigger {
    use Happened::{Appeared, Grew};
    let (file, happened, most_micros) = match window {
        Window::BeforeIntent => (".lock", Appeared, 100),
        Window::IntentToSpawn => [
            (".lock", Appeared, 10),
            ("journal.jsonl", Grew, 4000),
            (".log", Appeared, 300),
            (".pid", Appeared, 1000),
        ][dice.below(4)],
        Window::Running => (".pid", Grew, 25_000),
        Window::ExitToStatus => [(".exit.tmp", Appeared, 10), (".pid", Grew, 5000)][dice.below(2)],
        Window::StatusToJournal => (".exit", Appeared, 300),
        Window::JournalToNext | Window::Question | Window::Elsewhere => {
            ("journal.jsonl", Grew, 10_000)
        }
    };
    Trigger {
        file,
        happened,
        skip: dice.below(4),
        delay: dice.micros(most_micros),
        hold_shim: window == Window::ExitToStatus && file == ".pid",
    }
}

/// How a front end came to its end.
#[derive(Debug)]
struct Left {
    code: Option<i32>,
    said: String,
}

/// A run that is being walked.
pub(crate) struct Walk<'a> {
    /// Let go before everything else where the test ends early.
    stopped: Stopped,
    table: &'a Mutex<Table>,
    dice: Dice,
    watch: Watch,
    /// Who stands still does so until the intent is void.
    until_void: bool,
    kills: Vec<Kill>,
    /// The numbers of the questions that were answered, and whether upwalk said so.
    answers: Vec<(u64, bool)>,
    /// The answer to the last manual question of a walk that goes back.
    turns_back: bool,
    run: Run,
}

/// Who stands still beyond a kill; let go at the latest when the test ends.
#[derive(Default)]
struct Stopped(Vec<Process>);

impl Stopped {
    fn go_on(&mut self) {
        for process in self.0.drain(..) {
            process.go_on();
        }
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        self.go_on();
    }
}

impl Drop for Walk<'_> {
    fn drop(&mut self) {
        // A walk that has failed leaves nobody behind.
        self.stopped.go_on();
        if let Some(supervisor) = supervisor_of(self.run.dir.path()) {
            supervisor.kill();
        }
    }
}

/// Walks one run to its end, and judges it.
pub(crate) fn walk(table: &Mutex<Table>, seed: u64) {
    let run = plan::begin();
    let mut dice = Dice(seed);
    let mut walk = Walk {
        stopped: Stopped::default(),
        table,
        watch: Watch::on(run.dir.path()),
        until_void: false,
        kills: Vec::new(),
        answers: Vec::new(),
        turns_back: dice.below(4) == 0,
        dice,
        run,
    };
    walk.run.attach_or_start(Part::Controls).start();
    let mut lives = 0;
    while !walk.life() {
        lives += 1;
        assert!(
            lives < MOST_LIVES,
            "it does not end: {:#?}",
            walk.run.state()
        );
    }
    judge(
        &walk.run,
        &walk.kills,
        &walk.answers,
        walk.turns_back,
        table,
    );
}

impl Walk<'_> {
    /// Attaches, kills what there is to kill, and answers what is asked. Says whether the run is
    /// over and closed.
    fn life(&mut self) -> bool {
        let left = self.look_on();
        match left.code {
            Some(0 | 6) => self.is_closed(),
            Some(4 | 5) => {
                self.parked(&left);
                false
            }
            // The supervisor died below it, or it was killed itself.
            Some(1) if left.said.contains("lost") || left.said.contains("supervisor") => false,
            None => false,
            Some(code) => panic!(
                "attach ended with {code}:\n{}\n{}",
                left.said,
                self.run.log()
            ),
        }
    }

    /// Whether the finished run was closed in order, by whoever attaches next if need be.
    fn is_closed(&mut self) -> bool {
        wait_until("the supervisor of the finished run ends", || {
            supervisor_of(self.run.dir.path()).is_none().then_some(())
        });
        self.run.served_to_the_end()
    }

    /// A front end that looks on until it has to stop, and what is killed meanwhile.
    fn look_on(&mut self) -> Left {
        self.watch.forget();
        let mut front = self.upwalk(&["attach", self.run.id.as_str(), "--ui", "none"]);
        loop {
            let aim = self.aim();
            let looked = match aim {
                Aim::At((window, _)) => {
                    let trigger = trigger(&mut self.dice, window);
                    self.wait_for(trigger, &front)
                }
                Aim::Anywhere => {
                    let at = self.dice.micros(150_000);
                    self.wait_out(at, &front)
                }
                Aim::Nowhere => {
                    self.stopped.go_on();
                    return self.left(front);
                }
            };
            if !looked {
                return self.left(front);
            }
            if !self.strike(aim, Some(&mut front)) {
                return self.left(front);
            }
        }
    }

    /// What to aim at next.
    fn aim(&mut self) -> Aim {
        let table = self.table.lock().expect("no walk has failed");
        table.aim(|end| self.dice.below(end))
    }

    /// Waits for a trigger; says whether it came before the front end's end.
    fn wait_for(&mut self, mut trigger: Trigger, front: &Front) -> bool {
        loop {
            match self.watch.next(Some(front.end.as_fd()), self.patience()) {
                News::Ended => return false,
                News::Late if self.stopped.0.is_empty() => {
                    panic!("nothing happens any more:\n{}", self.run.log())
                }
                News::Late => self.stopped.go_on(),
                News::File(name, happened) => {
                    self.let_go_after_takeover(&name);
                    if !name.ends_with(trigger.file) || happened != trigger.happened {
                        continue;
                    }
                    if trigger.skip == 0 {
                        break;
                    }
                    trigger.skip -= 1;
                }
            }
        }
        if trigger.hold_shim {
            self.hold_shim();
        }
        if !trigger.delay.is_zero() {
            std::thread::park_timeout(trigger.delay);
        }
        true
    }

    /// How long to wait for news: less where somebody stands still, whom all others may wait for.
    fn patience(&self) -> Duration {
        if self.stopped.0.is_empty() {
            crate::support::PATIENCE
        } else {
            Duration::from_millis(300)
        }
    }

    /// Stops the shim alone until its command has ended, then lets it run for a moment.
    fn hold_shim(&mut self) {
        let frozen = Frozen::shim_alone(&self.run);
        let Some((shim, command)) = frozen else {
            return;
        };
        self.stopped.0.push(shim);
        shim.stopped();
        wait_until("the command ends", || (!command.lives()).then_some(()));
        if self.dice.below(2) == 0 {
            self.stopped.go_on();
            std::thread::park_timeout(self.dice.micros(800));
        }
    }

    /// Waits so long; says whether the front end still lives.
    fn wait_out(&mut self, time: Duration, front: &Front) -> bool {
        let mut left = time;
        while !left.is_zero() {
            let step = left.min(Duration::from_millis(5));
            match self.watch.next(Some(front.end.as_fd()), step) {
                News::Ended => return false,
                News::Late => left = left.saturating_sub(step),
                News::File(name, _) => self.let_go_after_takeover(&name),
            }
        }
        true
    }

    /// A shim that stood still while its supervisor was followed by another goes on, once that has
    /// journalled something, or has made the intent void.
    fn let_go_after_takeover(&mut self, changed: &str) {
        if self.stopped.0.is_empty() {
            return;
        }
        if self.until_void && changed.strip_suffix(".void").is_some() {
            self.stopped.go_on();
        } else if !self.until_void && changed == "journal.jsonl" {
            std::thread::park_timeout(self.dice.micros(20_000));
            self.stopped.go_on();
        }
    }

    /// Lets everybody stand still, looks where the run is, and kills. Says whether a supervisor is
    /// left.
    fn strike(&mut self, aim: Aim, front: Option<&mut Front>) -> bool {
        let sight = self.look(aim);
        let victim = self.choose(aim, &sight, front.is_some());
        let Some(victim) = victim else {
            self.stopped.go_on();
            return sight.supervisor.is_some();
        };
        let lingers = victim == Victim::Supervisor && sight.shim.is_some();
        // One that has not noted itself yet has to find out that it came too late.
        let late = !sight.may_have_started;
        if lingers && late {
            hand_over_order(&sight);
        }
        self.kill(aim, &sight, victim, front);
        if !lingers || (!late && self.dice.below(3) > 0) {
            self.stopped.go_on();
        }
        self.until_void = lingers && late;
        matches!(victim, Victim::Shim | Victim::Command)
    }

    /// Lets everybody stand still, and looks where the run is. Where a shim is wanted that is about
    /// to be started, it is awaited: it stands still then as soon as it is there.
    fn look(&mut self, aim: Aim) -> Sight {
        for _ in 0..100 {
            let frozen = Frozen::now(&self.run);
            self.stopped.0.extend(&frozen.all);
            let sight = Sight::of(&self.run, &frozen);
            let wanted = matches!(aim, Aim::At((Window::IntentToSpawn, _)));
            let to_come = match sight.window {
                Window::BeforeIntent => true,
                Window::IntentToSpawn => sight.shim.is_none(),
                _ => false,
            };
            if !wanted || !to_come {
                return sight;
            }
            self.stopped.go_on();
            std::thread::park_timeout(self.dice.micros(300));
        }
        let frozen = Frozen::now(&self.run);
        self.stopped.0.extend(&frozen.all);
        Sight::of(&self.run, &frozen)
    }

    /// Who is to be killed here; none where this is not what was aimed at and nobody else is wanted.
    fn choose(&mut self, aim: Aim, sight: &Sight, front: bool) -> Option<Victim> {
        let lives = |victim: Victim| sight.has(victim, front);
        if let Aim::At((window, victim)) = aim {
            if sight.window == window && lives(victim) {
                return Some(victim);
            }
            let table = self.table.lock().expect("no walk has failed");
            return table.victim(sight.window, lives);
        }
        let all = [
            Victim::Supervisor,
            Victim::Shim,
            Victim::Both,
            Victim::Command,
            Victim::FrontEnd,
            Victim::Everything,
        ];
        let living: Vec<Victim> = all.into_iter().filter(|victim| lives(*victim)).collect();
        let chosen = self.dice.below(living.len());
        living.get(chosen).copied()
    }

    /// Kills, and notes what died when.
    fn kill(&mut self, aim: Aim, sight: &Sight, victim: Victim, front: Option<&mut Front>) {
        let kill = Kill::new(sight, victim);
        let mut victims: Vec<Process> = Vec::new();
        victims.extend(
            sight
                .supervisor
                .filter(|_| victim.includes(Victim::Supervisor)),
        );
        victims.extend(sight.shim.filter(|_| victim.includes(Victim::Shim)));
        victims.extend(sight.command.filter(|_| kill.command));
        if self.dice.below(2) == 0 {
            victims.reverse();
        }
        if let Some(front) = front.filter(|_| victim.includes(Victim::FrontEnd)) {
            front.child.kill().expect("it is ours");
        }
        for process in victims {
            process.kill();
        }
        let mut table = self.table.lock().expect("no walk has failed");
        table.hit((kill.window, victim), aim);
        self.kills.push(kill);
    }

    /// The run waits for a person: the question may outlive supervisors, then it is answered.
    fn parked(&mut self, left: &Left) {
        self.stopped.go_on();
        let aim = self.aim();
        if matches!(aim, Aim::At((Window::Question, _))) {
            self.strike(aim, None);
            return;
        }
        let state = self.run.state();
        let Some(open) = &state.open else {
            // Whoever was killed had been answered.
            return;
        };
        let verb = self.answer(&state, &open.question);
        let line = line_for(&left.said, verb, open.asked.0);
        let Some(line) = line else {
            panic!("no line for {verb} at {} in:\n{}", open.asked, left.said);
        };
        if let (Question::Failed { step, .. }, "skip") = (&open.question, verb) {
            self.run.touch(&format!("skipped.{step}"));
        }
        let said = self.type_line(&line, aim);
        match said.code {
            Some(0) => self.answers.push((open.asked.0, true)),
            // Its supervisor was killed: it may have been taken or not.
            Some(1) | None => self.answers.push((open.asked.0, false)),
            // It had been taken before.
            Some(4) if self.answers.contains(&(open.asked.0, false)) => {}
            Some(code) => panic!("{line} ended with {code}:\n{}", said.said),
        }
    }

    /// What a person who looks at the truth would answer.
    fn answer(&self, state: &RunState, question: &Question) -> &'static str {
        let truth = self.run.text("truth");
        let stands = |name: &str| truth.lines().any(|line| line == name);
        match question {
            Question::OutcomeUnknown { step, .. } if stands(step.as_str()) => "settle done",
            Question::OutcomeUnknown { .. } => "settle rerun",
            Question::Failed { step, .. } if stands(step.as_str()) => "skip",
            Question::UndoFailed { step, .. } if stands(&format!("undo-{step}")) => "skip",
            Question::Failed { .. } | Question::UndoFailed { .. } => "retry",
            Question::UndoUnsure { .. } => "settle done",
            Question::Confirm { .. } => "confirm",
            Question::ManualDone { step } if self.turns_back && step.as_str() == "look-again" => {
                "rollback"
            }
            Question::ManualDone { .. } | Question::Paused { .. } | Question::Boundary { .. } => {
                "continue"
            }
            Question::Start
            | Question::NextStep { .. }
            | Question::Halted
            | Question::Blocked { .. }
            | Question::CouldNotTell { .. }
            | Question::PauseHeld { .. }
            | Question::WrongVersion { .. } => {
                panic!("nothing leads to {question:?} here: {state:#?}")
            }
        }
    }

    /// Types a line; the supervisor may be killed meanwhile.
    fn type_line(&mut self, line: &str, aim: Aim) -> Left {
        let args: Vec<&str> = line.split_whitespace().skip(1).collect();
        let verb = self.upwalk(&args);
        if aim == Aim::Anywhere {
            let at = self.dice.micros(30_000);
            if self.wait_out(at, &verb) {
                self.strike(aim, None);
            }
        }
        self.left(verb)
    }

    /// Waits for a front end's end. One that had not attached yet when its supervisor was killed
    /// starts another and goes on with that: nobody may stand still for good then.
    fn left(&mut self, front: Front) -> Left {
        loop {
            match self.watch.next(Some(front.end.as_fd()), self.patience()) {
                News::Ended => return front.left(),
                News::Late => {
                    assert!(!self.stopped.0.is_empty(), "a front end does not end");
                    self.stopped.go_on();
                }
                News::File(name, _) => self.let_go_after_takeover(&name),
            }
        }
    }

    /// Starts a command of upwalk without a terminal.
    fn upwalk(&self, args: &[&str]) -> Front {
        let child = Command::new(env!("CARGO_BIN_EXE_upwalk"))
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").expect("a PATH"))
            .env("HOME", self.run.here(""))
            .env("UPWALK_STATE_DIR", self.run.here("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("upwalk can be started");
        let pid = i32::try_from(child.id()).expect("a pid");
        let end = end_of(pid).expect("a child stays until it is waited for");
        Front { child, end }
    }
}

/// Lets the supervisor, and nobody else, go on for long enough to give its shim the order.
fn hand_over_order(sight: &Sight) {
    if let Some(supervisor) = sight.supervisor {
        supervisor.go_on();
        std::thread::park_timeout(Duration::from_millis(5));
        supervisor.stop();
        supervisor.stopped();
    }
}

/// A command of upwalk at work.
struct Front {
    child: Child,
    end: std::os::fd::OwnedFd,
}

impl Front {
    /// Waits for its end.
    fn left(self) -> Left {
        let output = self.child.wait_with_output().expect("it is ours");
        let text = [output.stdout, output.stderr].concat();
        Left {
            code: output.status.code(),
            said: String::from_utf8_lossy(&text).into_owned(),
        }
    }
}

/// The line that upwalk printed for this answer, with a reason where it wants one.
fn line_for(said: &str, verb: &str, at: u64) -> Option<String> {
    let (verb, what) = verb.split_once(' ').unwrap_or((verb, ""));
    let mut lines = said.lines().map(str::trim);
    let line = lines.find(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = at.to_string();
        words.get(..2) == Some(&["upwalk", verb])
            && words.windows(2).any(|pair| pair == ["--at", &at])
            && (what.is_empty() || words.contains(&what))
    })?;
    Some(line.replace("'WHY'", "it-stands-there"))
}
