//! Runs for tests of the screens: a plan, driven by the engine against a pretended machine up to the
//! place that a test wants to look at.

use super::input::{Key, Typed};
use super::log::{Count, LogRow, Sort, Window};
use super::model::{Model, Msg, Order};
use super::seen::Seen;
use super::theme::{GlyphSet, Theme};
use super::update::update;
use super::view::{self, Scene};
use crate::engine::{self, Effect, Input, Refusal};
use crate::journal::{
    AskKey, Decision, Event, Evidence, Fact, Measured, Question, Recorded, RunStarted, RunState,
    StepMode,
};
use crate::plan::{self, Plan};
use crate::supervisor::client::Held;
use crate::types::{
    Answer, BootId, Exit, ExitRecord, Id, Millis, Moment, Pending, RunId, Seq, Series, StepId,
    Timestamp, Version, Who,
};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::BTreeMap;

/// The plan of most tests.
pub(crate) const PLAN: &str = r#"
upwalk: 1
service: mastodon
version: { detect: cat /v, from: "4.2", to: "4.3" }
defaults: { dir: /opt/mastodon/live }
up:
  - phase: Preflight
    role: preflight
    steps:
      - { name: Disk space, check: test -d /var, remedy: Make room in /var. }
      - { name: Queue is empty, check: test -d /run }
  - phase: Backup
    role: stage
    steps:
      - { name: Dump the database, run: pg_dump -Fc -f dump mastodon, undo: { none: it is kept } }
  - phase: Pre-migrate
    role: pre-deploy
    warn:
      - { id: load, text: The database is busy for some minutes., confirm: note }
    steps:
      - name: Migrate, safe half
        run: |
          SKIP_POST_DEPLOYMENT_MIGRATIONS=true RAILS_ENV=production bin/rails db:migrate
          bin/rails db:check
        undo: bin/rails db:rollback
        undo_text: Statuses written since then lose their language.
        remedy: Look at the log for a lock timeout, then retry.
        progress: ([0-9]+) of ([0-9]+)
        timeout: 2h
  - phase: Deploy
    role: deploy
    steps:
      - { name: Point at the new code, run: ln -sfn 4.3 current, undo: ln -sfn 4.2 current }
      - name: Restart streaming
        run: systemctl restart mastodon-streaming
        warn:
          - { id: streaming, text: Browsers lose their live connection for about 10 s and reconnect by themselves. }
        undo: again
        verify: "true"
        within: 2m
      - { name: Restart web, run: systemctl restart mastodon-web, undo: again }
  - pause: Soak
    text: Watch the error rate.
    meanwhile: [ Polls made before the upgrade look empty until phase 6; do not edit them. ]
    min: 30m
    max: 7d
    guard:
      - check: { output: count-gap, is: 0 }
        name: nothing was written that phase 6 trips over
        remedy: Run fix-gap first.
  - phase: Post-migrate
    role: post-deploy
    steps:
      - name: Migrate, second half
        run: RAILS_ENV=production bin/rails db:migrate
        irreversible: three columns are dropped
        warn:
          - id: drop-columns
            text: Columns polls.cached_tallies_old and 2 more are dropped. Version 4.2 cannot run afterwards.
            facts: { backup: ls -l dump, running: cat /v }
            confirm: { type: "drop columns on ${host}" }
  - phase: Verify
    role: verify
    steps:
      - { name: The new version answers, check: test -e /new }
"#;

/// A run that is driven.
pub(crate) struct Run {
    pub(crate) plan: Plan,
    pub(crate) state: RunState,
    pub(crate) now: Moment,
    /// Steps whose command exits 1.
    pub(crate) failing: Vec<&'static str>,
    pub(crate) asking: BTreeMap<AskKey, (Option<Answer>, Option<Timestamp>)>,
    pub(crate) still_running: BTreeMap<Seq, String>,
    pub(crate) counted: Option<(StepId, Pending)>,
    pub(crate) yours: bool,
    pub(crate) gone: bool,
    pub(crate) parting: Option<String>,
    pub(crate) held: Option<Held>,
    pub(crate) asked_by: Option<Who>,
    who: Who,
}

impl Run {
    /// A run of this plan that waits to be started.
    pub(crate) fn of(text: &str) -> Self {
        let plan = plan::read("plan.yaml", text.as_bytes())
            .unwrap_or_else(|found| panic!("the plan of a test: {found:?}"))
            .seal(&[]);
        let now = Moment {
            // 2026-11-20 14:02:11Z.
            wall: Timestamp::from_millis(1_795_183_331_000),
            boot: BootId("b".into()),
            up: Millis::from_secs(1000),
        };
        let who = Who {
            login: "anna".into(),
            uid: 0,
            ssh: Some("192.0.2.7".into()),
        };
        let state = RunState::begin(&Recorded {
            n: Seq(1),
            at: now.clone(),
            event: Event::RunStarted(Box::new(started(&plan, &who))),
        })
        .expect("a first event");
        let mut run = Self {
            plan,
            state,
            now,
            failing: Vec::new(),
            asking: BTreeMap::new(),
            still_running: BTreeMap::new(),
            counted: None,
            yours: true,
            gone: false,
            parting: None,
            held: None,
            asked_by: None,
            who,
        };
        run.send(&Input::Taken {
            pid: 40190,
            upwalk: "0.1.0".into(),
            torn: None,
        });
        run
    }

    /// What the screens see.
    pub(crate) fn seen(&self) -> Seen<'_> {
        Seen {
            plan: &self.plan,
            state: &self.state,
            asking: &self.asking,
            still_running: &self.still_running,
            counted: self.counted.as_ref(),
            controls: Some(&self.who),
            yours: self.yours,
            observers: &[],
            held: self.held,
            asked_by: self.asked_by.as_ref(),
            you_ask: false,
            gone: self.gone,
            parting: self.parting.as_deref(),
        }
    }

    /// Gives the engine an input.
    pub(crate) fn send(&mut self, input: &Input) {
        let events = engine::decide(&self.plan, &self.state, input, &self.now)
            .unwrap_or_else(|refusal| panic!("{input:?}: {refusal}"));
        for event in events {
            let recorded = Recorded {
                n: self.state.last.next(),
                at: self.now.clone(),
                event,
            };
            self.state.apply(&recorded).expect("an event that fits");
        }
    }

    /// Has phrases count no longer than this; before anything has happened.
    pub(crate) fn set_max_age(&mut self, max_age: Millis) {
        let mut first = started(&self.plan, &self.who);
        first.max_age = Some(max_age);
        self.begin_as(first);
    }

    /// Has it on another host; before anything has happened.
    pub(crate) fn rename(&mut self, host: &str) {
        let mut first = started(&self.plan, &self.who);
        host.clone_into(&mut first.host);
        self.begin_as(first);
    }

    fn begin_as(&mut self, first: RunStarted) {
        self.state = RunState::begin(&Recorded {
            n: Seq(1),
            at: self.now.clone(),
            event: Event::RunStarted(Box::new(first)),
        })
        .expect("a first event");
        self.send(&Input::Taken {
            pid: 40190,
            upwalk: "0.1.0".into(),
            torn: None,
        });
    }

    /// Decides.
    pub(crate) fn decide(&mut self, decision: Decision) {
        let at = self.state.open.as_ref().map(|open| open.asked);
        let who = self.who.clone();
        self.send(&Input::Decided { at, decision, who });
    }

    /// Decides, unless the engine refuses.
    pub(crate) fn try_decide(&mut self, decision: Decision) -> Result<Seq, Refusal> {
        let at = self.state.open.as_ref().map(|open| open.asked);
        let who = self.who.clone();
        let input = Input::Decided { at, decision, who };
        engine::decide(&self.plan, &self.state, &input, &self.now)?;
        self.send(&input);
        Ok(self.state.last)
    }

    /// Does what is due; what is asked waits.
    pub(crate) fn go_on(&mut self) {
        self.perform();
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, length: Millis) {
        self.now = self.now.plus(length);
    }

    /// Walks on, answering everything with a yes, until `stop` says that this is the place.
    pub(crate) fn until(mut self, stop: impl Fn(&RunState) -> bool) -> Self {
        for _ in 0..1000 {
            if stop(&self.state) {
                return self;
            }
            self.pass(Millis(1700));
            match self.state.open.clone() {
                Some(open) => self.answer(&open.question),
                None => self.perform(),
            }
        }
        panic!("the run never comes to that place")
    }

    fn answer(&mut self, question: &Question) {
        let decision = match question {
            Question::Start => Decision::Start,
            Question::Confirm {
                warning,
                digest,
                phrase,
                ..
            } => Decision::Confirm {
                seeing: None,
                warning: warning.clone(),
                digest: digest.clone(),
                evidence: phrase
                    .clone()
                    .map_or(Evidence::Acknowledged, Evidence::Typed),
            },
            Question::Paused { .. } => {
                self.pass(Millis::from_secs(1801));
                go_on()
            }
            Question::NextStep { .. }
            | Question::Halted
            | Question::ManualDone { .. }
            | Question::Boundary { .. } => go_on(),
            other => panic!("nobody said how to answer {other:?}"),
        };
        self.decide(decision);
    }

    fn perform(&mut self) {
        let input = engine::due(&self.plan, &self.state, &self.now)
            .into_iter()
            .find_map(|effect| match effect {
                Effect::Ask { key, .. } => Some(self.answered(key)),
                Effect::Measure { of, commands } => Some(Self::measured(of, commands)),
                Effect::Count { step, when, .. } => {
                    let left = Pending::Known(12);
                    Some(Input::Counted { step, when, left })
                }
                Effect::Run { number, stem, .. } => Some(self.ended(number, &stem)),
                Effect::Watch { .. }
                | Effect::MeasureAgain(_)
                | Effect::Recount { .. }
                | Effect::Cancel { .. } => None,
            });
        self.send(&input.expect("something is due"));
    }

    fn answered(&self, key: AskKey) -> Input {
        let answer = match &key {
            AskKey::StepDone(_) => Answer::No("exit code 1".into()),
            AskKey::Check(step) | AskKey::Verify(step) if self.failing.contains(&step.as_str()) => {
                Answer::No("exit code 1: not there".into())
            }
            AskKey::PauseGuard(..) if self.failing.contains(&"guard") => {
                Answer::No("it printed \"3\"".into())
            }
            _ => Answer::Yes,
        };
        Input::Answered { key, answer }
    }

    fn measured(of: Measured, commands: Vec<(String, crate::types::CommandSpec)>) -> Input {
        let value = match &of {
            Measured::Warning(_) => "11.4 GB, 1 h 33 m old",
            Measured::VersionAtEnd(_) => "4.3.2",
            Measured::VersionAfterRollback(_) => "4.2.10",
        };
        let fact = |(name, _): (String, crate::types::CommandSpec)| Fact {
            name,
            value: Ok(value.into()),
        };
        Input::Measured {
            of,
            values: commands.into_iter().map(fact).collect(),
        }
    }

    fn ended(&self, number: Seq, stem: &str) -> Input {
        let fails = self.failing.iter().any(|step| stem.starts_with(step));
        Input::Ended {
            number,
            end: ExitRecord {
                exit: Exit::Code(i32::from(fails)),
                at: self.now.wall,
                took: Millis(334_000),
                left_running: Vec::new(),
                log_bytes: 100,
            },
            output: Ok(BTreeMap::new()),
        }
    }
}

fn go_on() -> Decision {
    Decision::Continue {
        early: false,
        because: None,
    }
}

fn started(plan: &Plan, who: &Who) -> RunStarted {
    let service = Id::new("mastodon").expect("an id");
    let run = RunId::new("20261120T140211Z", &service, "up");
    RunStarted {
        run_dir: format!("/var/lib/upwalk/runs/{run}").into(),
        run,
        service,
        direction: "up".into(),
        plan: "plans/mastodon-4.3.yaml".into(),
        plan_digest: plan.digest.clone(),
        host: "web01".into(),
        who: who.clone(),
        upwalk: "0.1.0".into(),
        boot: BootId("b".into()),
        from_exact: Version::parse("4.2.10").ok(),
        from: Series::parse("4.2").ok(),
        to: Series::parse("4.3").ok(),
        vars: BTreeMap::new(),
        env: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
        accepts: Vec::new(),
        step_mode: StepMode::Flowing,
        after_stopped: None,
        environment: Some(("PROD".into(), "prod".into())),
        bearing: None,
        max_age: None,
        from_since: None,
    }
}

/// Whether a run stands at a question of this kind.
pub(crate) fn asks(wanted: fn(&Question) -> bool) -> impl Fn(&RunState) -> bool {
    move |state| {
        state
            .open
            .as_ref()
            .is_some_and(|open| wanted(&open.question))
    }
}

/// Whether a step's command runs.
pub(crate) fn runs(step: &'static str) -> impl Fn(&RunState) -> bool {
    move |state| {
        let record = state.steps.get(&StepId::from(step));
        let attempt = record.and_then(|record| record.latest());
        attempt.is_some_and(|attempt| attempt.ended.is_none())
    }
}

/// A screen on a terminal of this size that has been looked at for a while.
pub(crate) struct Screen {
    pub(crate) run: Run,
    pub(crate) model: Model,
}

impl Screen {
    /// The run's screen, with some lines of log, armed.
    pub(crate) fn new(run: Run, columns: u16, rows: u16) -> Self {
        let mut screen = Self {
            model: Model::new((columns, rows)),
            run,
        };
        let of = screen.run.seen().subject().map(|s| s.attempt.number);
        screen.model.log = log(of, screen.run.now.wall);
        screen.settle();
        screen
    }

    /// What a screen does after news: the frame is drawn, nobody presses anything for a while.
    pub(crate) fn settle(&mut self) {
        self.tell(Msg::Changed);
        self.wait();
    }

    /// The frame is on the terminal, and the supervisor is there.
    pub(crate) fn shown(&mut self) {
        for msg in [Msg::Shown, Msg::Drained, Msg::Alive] {
            self.tell(msg);
        }
    }

    /// Gives the model a message.
    pub(crate) fn tell(&mut self, msg: Msg) -> Vec<Order> {
        update(&mut self.model, &self.run.seen(), msg, &self.run.now)
    }

    /// Presses a key, with time before it.
    pub(crate) fn press(&mut self, key: Key) -> Vec<Order> {
        self.run.pass(Millis(200));
        self.tell(Msg::Typed(Typed::Key(key)))
    }

    /// Waits until a box that has just been opened takes keys.
    pub(crate) fn wait(&mut self) {
        self.shown();
        self.run.pass(Millis(600));
    }

    /// Types a text.
    pub(crate) fn type_text(&mut self, text: &str) {
        for c in text.chars() {
            assert!(self.press(Key::Char(c)).is_empty());
        }
    }

    /// The frame as text.
    pub(crate) fn text(&self) -> String {
        self.text_with(GlyphSet::Ascii)
    }

    /// The frame as text, with these characters.
    pub(crate) fn text_with(&self, glyphs: GlyphSet) -> String {
        let (columns, rows) = self.model.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
        let seen = self.run.seen();
        let theme = Theme::bare(glyphs);
        let scene = Scene {
            seen: &seen,
            model: &self.model,
            theme: &theme,
            now: &self.run.now,
            login: "anna",
        };
        view::draw(&scene, &mut buffer);
        let mut text = String::new();
        for y in 0..rows {
            let mut line = String::new();
            let mut skip = 0;
            for x in 0..columns {
                let symbol = buffer[(x, y)].symbol();
                if skip == 0 {
                    line.push_str(symbol);
                    skip = crate::text::width(symbol).max(1);
                }
                skip -= 1;
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Some lines of a log.
fn log(of: Option<Seq>, now: Timestamp) -> Window {
    let line = |error, text: &str| LogRow {
        at: Some(now),
        sort: if error { Sort::Error } else { Sort::Plain },
        text: text.into(),
        ..LogRow::default()
    };
    Window {
        of,
        rows: vec![
            line(false, "== 20240307180905 MigrateDevicesTable: migrating"),
            line(false, "-- rename_column(:devices, :name, :label)"),
            line(false, "   -> 1.8821s"),
            line(true, "ERROR: canceling statement due to lock timeout"),
            line(false, "8 of 34 migrations"),
        ],
        follow: true,
        bytes: 2048,
        lines: Count::Exactly(1180),
        errors: Count::Exactly(1),
        last_output: Some(now),
        pid: None,
        ..Window::default()
    }
}
