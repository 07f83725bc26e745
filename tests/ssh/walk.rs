//! One walk with a drop in it: the plan, its moments, and what a person does at each through either
//! front end.

use crate::server::{From, Login, Server};
use crate::support::{Sandbox, wait_until};

/// What has to be typed.
pub(crate) const PHRASE: &str = "drop the old table";
/// So much of it is typed when the connection drops.
const HALF: usize = 10;

/// A warning, a step that the test holds at three places, a pause, a phrase to type.
const PLAN: &str = r#"
upwalk: 1
service: drop
vars:
  here: { required: true, help: where the test and the step meet }
up:
  - phase: Change
    role: pre-deploy
    warn:
      - id: read
        text: Somebody has to read this.
    steps:
      - run: |
          echo ran >>"$HERE/marks"
          until test -e "$HERE/first" || ! test -d "$HERE"; do sleep 0.05; done
          echo "in the middle"
          until test -e "$HERE/middle" || ! test -d "$HERE"; do sleep 0.05; done
          echo "at the end"
          until test -e "$HERE/last" || ! test -d "$HERE"; do sleep 0.05; done
        name: Change it
        undo: { none: it changes nothing }
  - pause: Look around
    text: Nothing hurries.
  - phase: Drop
    role: pre-deploy
    warn:
      - id: phrase
        text: The old table goes.
        confirm: { type: drop the old table }
    steps:
      - run: echo dropped >>"$HERE/marks"
        name: Drop it
        undo: { none: it changes nothing }
"#;

/// Through what a person sees the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ui {
    /// The screen.
    Screen,
    /// Numbered prompts.
    Prompts,
}

/// Where a person is needed, or where the step stands; in the order of the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Start,
    Warning,
    First,
    Middle,
    Last,
    Pause,
    Phrase,
    End,
}

impl Stage {
    const ALL: [Self; 8] = [
        Self::Start,
        Self::Warning,
        Self::First,
        Self::Middle,
        Self::Last,
        Self::Pause,
        Self::Phrase,
        Self::End,
    ];
}

/// When the connection drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The step's intent is journalled, its command has said nothing yet.
    First,
    /// The step's command has said something and goes on.
    Middle,
    /// The step's command has said its last and is about to exit.
    Last,
    /// A warning waits to be acknowledged.
    Question,
    /// Half of a phrase is typed.
    HalfPhrase,
    /// All of a phrase is typed, Enter is not pressed.
    NoEnter,
    /// A second login attaches, and its first bytes come.
    Attach,
    /// The run stands at a pause.
    Pause,
}

impl Moment {
    pub(crate) const ALL: [Self; 8] = [
        Self::First,
        Self::Middle,
        Self::Last,
        Self::Question,
        Self::HalfPhrase,
        Self::NoEnter,
        Self::Attach,
        Self::Pause,
    ];

    /// For the table.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::First => "step, first moment",
            Self::Middle => "step, middle",
            Self::Last => "step, last moment",
            Self::Question => "question",
            Self::HalfPhrase => "half a phrase typed",
            Self::NoEnter => "phrase without Enter",
            Self::Attach => "attach, first bytes",
            Self::Pause => "pause",
        }
    }

    /// Where the walk stands then.
    pub(crate) fn stage(self) -> Stage {
        match self {
            Self::First => Stage::First,
            Self::Middle | Self::Attach => Stage::Middle,
            Self::Last => Stage::Last,
            Self::Question => Stage::Warning,
            Self::HalfPhrase | Self::NoEnter => Stage::Phrase,
            Self::Pause => Stage::Pause,
        }
    }
}

/// A sandbox with the plan.
pub(crate) fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("drop.yaml"), PLAN).expect("the sandbox is ours");
    sandbox
}

/// The arguments of an `up` of the plan.
pub(crate) fn up(sandbox: &Sandbox) -> Vec<String> {
    let path = |name: &str| sandbox.path(name).display().to_string();
    let here = format!("--set=here={}", path(""));
    vec!["up".to_owned(), path("drop.yaml"), here]
}

/// A person in front of a front end.
pub(crate) struct Person<'a> {
    pub(crate) login: Login,
    ui: Ui,
    sandbox: &'a Sandbox,
}

impl<'a> Person<'a> {
    /// Logs in and runs a command of upwalk.
    pub(crate) fn new(
        server: &Server,
        from: From,
        sandbox: &'a Sandbox,
        (ui, mut args): (Ui, Vec<String>),
    ) -> Self {
        let name = match ui {
            Ui::Screen => "tui",
            Ui::Prompts => "plain",
        };
        args.push(format!("--ui={name}"));
        let login = Login::start(server, from, sandbox, &args);
        Self { login, ui, sandbox }
    }

    /// Passes all stages before this one and waits for it.
    pub(crate) fn walk_to(&self, stage: Stage) {
        for earlier in Stage::ALL.into_iter().filter(|earlier| *earlier < stage) {
            self.see(earlier);
            self.pass(earlier);
        }
        self.see(stage);
    }

    /// Passes this stage, which is before the person's eyes, and all later ones.
    pub(crate) fn walk_from(&mut self, stage: Stage) {
        self.pass(stage);
        for later in Stage::ALL.into_iter().filter(|later| *later > stage) {
            self.see(later);
            self.pass(later);
        }
        assert_eq!(self.login.pty.wait().code(), Some(0));
    }

    /// Waits until this stage is shown to somebody who has just attached.
    pub(crate) fn see_again(&self, stage: Stage) {
        let runs = matches!(stage, Stage::First | Stage::Middle | Stage::Last);
        if runs && self.ui == Ui::Prompts {
            self.login.pty.expect("Change it: still running");
        } else {
            self.see(stage);
        }
    }

    /// Waits until this stage is shown.
    pub(crate) fn see(&self, stage: Stage) {
        let log = |words: &str| {
            wait_until(words, || log(self.sandbox).ends_with(words));
        };
        match stage {
            Stage::First => wait_until("the step has begun", || {
                self.sandbox.events("StepStarted", &["change-it"]) == 1
            }),
            Stage::Middle => log("in the middle\n"),
            Stage::Last => log("at the end\n"),
            Stage::Start | Stage::Warning | Stage::Pause | Stage::Phrase | Stage::End => {}
        }
        match self.ui {
            Ui::Screen => self.see_on_screen(stage),
            Ui::Prompts => self.read_prompts(stage),
        }
    }

    fn see_on_screen(&self, stage: Stage) {
        let words = match stage {
            Stage::Start => "NOT STARTED",
            Stage::Warning => "Nothing goes on until you acknowledge.",
            Stage::First => "1.1 RUNNING Change it",
            Stage::Middle => "in the middle",
            Stage::Last => "at the end",
            Stage::Pause => "You may continue whenever you are ready",
            Stage::Phrase => "Nothing goes on until then.",
            Stage::End => "FINISHED",
        };
        self.login.pty.wait_for(words);
    }

    fn read_prompts(&self, stage: Stage) {
        let words = match stage {
            Stage::Start => "Nothing has been changed",
            Stage::Warning => "WARNING W1 (read)",
            Stage::First => "Change it: starting",
            // Prompts show no output of a step that goes well.
            Stage::Middle | Stage::Last => return,
            Stage::Pause => "Look around",
            Stage::Phrase => "Type exactly: drop the old table",
            Stage::End => "done",
        };
        self.login.pty.expect(words);
        match stage {
            Stage::Start | Stage::Warning | Stage::Pause | Stage::Phrase => self.wait_for_prompt(),
            Stage::First | Stage::Middle | Stage::Last | Stage::End => {}
        }
    }

    /// Waits until the prompts take an answer: what is typed before is thrown away.
    fn wait_for_prompt(&self) {
        self.login.pty.expect("as it is:");
        crate::support::pty::wait_idle(self.login.front_end());
    }

    /// Does what the stage asks for.
    fn pass(&self, stage: Stage) {
        let (screen, prompts) = match stage {
            Stage::Start => ("S", "start\r"),
            Stage::Warning => ("a", "ack W1\r"),
            Stage::First => return self.touch("first"),
            Stage::Middle => return self.touch("middle"),
            Stage::Last => return self.touch("last"),
            Stage::Pause => ("C", "continue\r"),
            Stage::Phrase => {
                self.type_words(PHRASE);
                return self.login.pty.send("\r");
            }
            Stage::End => ("q", ""),
        };
        self.login.pty.send(match self.ui {
            Ui::Screen => screen,
            Ui::Prompts => prompts,
        });
    }

    fn touch(&self, name: &str) {
        std::fs::write(self.sandbox.path(name), "").expect("the sandbox is ours");
    }

    fn type_words(&self, words: &str) {
        match self.ui {
            Ui::Screen => self.login.pty.send_slowly(words),
            Ui::Prompts => {
                self.login.pty.send(words);
                // The terminal echoes it: the server's side has it.
                self.login.pty.expect(words);
            }
        }
    }

    /// Types as much of the phrase as is typed at this moment.
    pub(crate) fn begin_phrase(&self, moment: Moment) {
        match moment {
            Moment::HalfPhrase => self.type_words(&PHRASE[..HALF]),
            Moment::NoEnter => self.type_words(PHRASE),
            Moment::First
            | Moment::Middle
            | Moment::Last
            | Moment::Question
            | Moment::Attach
            | Moment::Pause => {}
        }
    }

    /// What was typed before the drop is not there any more: its other half makes no phrase.
    pub(crate) fn expect_empty_phrase(&self, moment: Moment) {
        let rest = match moment {
            Moment::HalfPhrase => &PHRASE[HALF..],
            Moment::NoEnter => "",
            Moment::First
            | Moment::Middle
            | Moment::Last
            | Moment::Question
            | Moment::Attach
            | Moment::Pause => return,
        };
        if !rest.is_empty() {
            self.type_words(rest);
        }
        self.login.pty.send("\r");
        match self.ui {
            Ui::Screen => {
                for _ in rest.chars() {
                    self.login.pty.send("\u{7f}");
                }
                self.login.pty.wait_screen("an empty line", |screen| {
                    screen.lines().any(|line| {
                        let line = line.trim_matches(|c: char| "│ ".contains(c));
                        line == ">" || line.starts_with(">  ")
                    })
                });
            }
            Ui::Prompts => self.wait_for_prompt(),
        }
        assert_eq!(self.sandbox.events("WarningConfirmed", &["phrase"]), 0);
    }

    /// Takes the controls from whoever has them and does not answer any more; returns the stage that
    /// is then before the person's eyes.
    pub(crate) fn take_controls(&self, stage: Stage) -> Stage {
        let at = match self.ui {
            Ui::Screen => {
                // Whoever looks only is not asked to type the phrase.
                self.take_controls_on_screen();
                self.see(stage);
                stage
            }
            Ui::Prompts => self.take_controls_at_prompt(stage),
        };
        wait_until("the controls are taken", || {
            self.sandbox.events("ControlsTaken", &[]) >= 1
        });
        at
    }

    fn take_controls_on_screen(&self) {
        let pty = &self.login.pty;
        pty.wait_for("LOOKING ONLY");
        // Keys are thrown away for a moment after a question has gone, which may be the moment of
        // attaching; whoever sees no box presses again.
        let mut looks = 0;
        wait_until("the box that asks for the phrase", || {
            let open = pty.screen().contains("TAKE THE CONTROLS");
            if !open && looks % 50 == 0 {
                pty.send("T");
            }
            looks += 1;
            open
        });
        let screen = pty.wait_for("Type, then Enter.");
        let phrase = screen.split_once("take control of ").map(|(_, rest)| rest);
        let host = phrase.and_then(|rest| rest.split_whitespace().next());
        let host = host.expect("the phrase names the host");
        // A second T that came after the box had opened is text in it.
        pty.send("\u{15}");
        pty.send_slowly(&format!("take control of {host}"));
        pty.send("\r");
        pty.wait_gone("LOOKING ONLY.");
    }

    /// Prompts take answers at questions only, so a step goes on to its end first.
    fn take_controls_at_prompt(&self, stage: Stage) -> Stage {
        self.see_again(stage);
        self.login.pty.expect("has the controls");
        let mut at = stage;
        if matches!(stage, Stage::First | Stage::Middle | Stage::Last) {
            for name in ["first", "middle", "last"] {
                self.touch(name);
            }
            at = Stage::Pause;
            self.see(at);
        } else {
            self.wait_for_prompt();
        }
        self.login.pty.send("take the controls\r");
        self.wait_for_prompt();
        at
    }
}

/// What the step has written so far.
fn log(sandbox: &Sandbox) -> String {
    let runs = sandbox.runs();
    let entries = runs.first().and_then(|run| std::fs::read_dir(run).ok());
    let mut paths = entries.into_iter().flatten().flatten().map(|e| e.path());
    let path = paths.find(|path| path.to_string_lossy().ends_with("-change-it.1.log"));
    path.and_then(|path| std::fs::read_to_string(path).ok())
        .unwrap_or_default()
}
