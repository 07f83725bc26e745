//! A small upgrade with every screen in it, and the way to each of them.

use crate::support::pty::Pty;
use crate::support::{Sandbox, wait_until};

/// The usual size.
pub(crate) const USUAL: (u16, u16) = (80, 24);

/// What stops it stands in files: `gate` lets the switch end, `good` lets it end well, `back` lets its
/// undo end, `fine` lets that end well. Nothing waits for longer than a minute and a half.
const PLAN: &str = r#"
upwalk: 1
service: shop
version: { detect: cat version, from: "1", to: "2" }
vars: { here: { required: true, help: the directory of the shop } }
defaults: { dir: "${here}" }
up:
  - phase: Preflight
    role: preflight
    steps:
      - { name: There is room, check: test -d / }
  - phase: Prepare
    role: stage
    steps:
      - name: Copy the shop
        text: A copy of everything is made first, so that what follows can be tried on it.
        run: echo copied
        undo: { none: the copy is kept }
        warn:
          - { id: busy, text: The shop is slow for a moment., confirm: note }
          - { id: visitors, text: Visitors are shown an old catalogue while the copy is made and for up to ten minutes afterwards. }
          - { id: copy, text: The copy takes the last free space., confirm: { type: copy the whole shop } }
  - phase: Switch
    role: deploy
    steps:
      - name: Switch to the new shop
        run: |
          echo "switching the shop to its second version, which takes a while and says so in a long line"
          for turn in $(seq 900); do test -e gate && break; sleep 0.1; done
          test -e good || { echo "ERROR: the new shop does not start"; exit 1; }
          echo 2 >version
        rerun: safe
        remedy: Look at the last line of the log, mend what it names, then retry.
        undo: |
          for turn in $(seq 900); do test -e back && break; sleep 0.1; done
          test -e fine || exit 1
          echo 1 >version
        undo_text: Orders of the last minutes are lost.
  - pause: Rest
    text: Look whether orders come in.
    meanwhile: [ Do not change prices. ]
    guard:
      - { check: test -e version, name: the version is written down }
  - phase: Clear
    role: post-deploy
    steps:
      - name: Drop the old shop
        run: echo dropped
        irreversible: the old shop is gone afterwards
        warn:
          - id: drop
            text: The old shop is dropped. Version 1 cannot run afterwards.
            facts: { version: cat version }
            confirm: { type: drop the old shop }
  - phase: Verify
    role: verify
    steps:
      - { name: The new shop answers, check: test -e version }
"#;

/// A screen that a person can be at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Overview,
    Ack,
    Phrase,
    Running,
    Failed,
    Pause,
    /// The phrase before the point of no return.
    LastPhrase,
    Rollback,
    UndoFailed,
    Finished,
}

/// All of them.
pub(crate) const PLACES: [Place; 10] = [
    Place::Overview,
    Place::Ack,
    Place::Phrase,
    Place::Running,
    Place::Failed,
    Place::Pause,
    Place::LastPhrase,
    Place::Rollback,
    Place::UndoFailed,
    Place::Finished,
];

/// The typed phrases, in their order.
pub(crate) const PHRASES: [&str; 2] = ["copy the whole shop", "drop the old shop"];

impl Place {
    /// Words that its screen shows once its keys count.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Overview => "Nothing has been changed.",
            Self::Ack => "Nothing goes on until you ack",
            Self::Phrase | Self::LastPhrase => "Type the phrase exactly",
            // Its only line has come, and with it all that is known of its command.
            Self::Running => "lines 1  follow ON",
            Self::Failed => "Waiting for you",
            Self::Pause => "You may continue whenever you are ready",
            Self::Rollback => "Steps are taken back one by one.",
            Self::UndoFailed => "The rollback waits for you",
            Self::Finished => "Leaving prints a summary",
        }
    }

    /// The place before it on the way.
    fn before(self) -> Option<Self> {
        Some(match self {
            Self::Overview => return None,
            Self::Ack => Self::Overview,
            Self::Phrase => Self::Ack,
            Self::Running => Self::Phrase,
            Self::Failed => Self::Running,
            Self::Pause => Self::Failed,
            Self::LastPhrase | Self::Rollback => Self::Pause,
            Self::UndoFailed => Self::Rollback,
            Self::Finished => Self::LastPhrase,
        })
    }
}

/// A shop and a screen on its upgrade.
pub(crate) struct Shop {
    pub(crate) sandbox: Sandbox,
    pub(crate) screen: Pty,
    size: (u16, u16),
}

impl Shop {
    /// The first screen.
    pub(crate) fn open(size: (u16, u16)) -> Self {
        let sandbox = Sandbox::new();
        let write = |name: &str, text: &str| {
            std::fs::write(sandbox.path(name), text).expect("the sandbox is ours");
        };
        write("shop.yaml", PLAN);
        write("version", "1\n");
        let config = sandbox.path("home/.config/upwalk");
        std::fs::create_dir_all(&config).expect("the sandbox is ours");
        std::fs::write(
            config.join("config.yaml"),
            "environment: { name: PROD, kind: prod }\npager: 'true'\n",
        )
        .expect("the sandbox is ours");
        let here = format!("--set=here={}", sandbox.path("").display());
        let command = sandbox.upwalk(["up", "./shop.yaml", here.trim_end_matches('/')]);
        let screen = Pty::start(&command, size.0, size.1);
        screen.wait_for(Place::Overview.words());
        Self {
            sandbox,
            screen,
            size,
        }
    }

    /// At this place.
    pub(crate) fn at(place: Place, size: (u16, u16)) -> Self {
        let shop = Self::open(size);
        shop.walk(place);
        shop
    }

    /// Walks on to a place from the overview.
    fn walk(&self, place: Place) {
        if let Some(before) = place.before() {
            self.walk(before);
            self.step(place);
        }
        self.wait(place);
    }

    /// Waits until a place's screen is there and takes keys.
    pub(crate) fn wait(&self, place: Place) {
        self.turn_to(place.words());
    }

    /// Waits for words, on the last page of a box too.
    fn turn_to(&self, words: &str) {
        const MORE: &str = "There is more to read";
        let shown = self
            .screen
            .wait_screen(words, |shown| shown.contains(words) || shown.contains(MORE));
        if !shown.contains(words) {
            self.screen.send("\x1b[6~");
            self.screen.wait_for(words);
        }
    }

    /// From the place before to this one.
    pub(crate) fn step(&self, place: Place) {
        match place {
            Place::Overview => {}
            Place::Ack => self.screen.send("S"),
            Place::Phrase => self.screen.send("a"),
            Place::Running => self.phrase(PHRASES[0]),
            Place::Failed => self.touch("gate"),
            Place::Pause => {
                self.touch("good");
                self.screen.send("R");
            }
            Place::LastPhrase => self.screen.send("C"),
            Place::Rollback => {
                self.screen.send("U");
                self.turn_to("Type, then Enter.");
                self.phrase("nobody orders anything");
            }
            Place::UndoFailed => self.touch("back"),
            Place::Finished => self.phrase(PHRASES[1]),
        }
    }

    /// Types a line as a person does.
    pub(crate) fn phrase(&self, words: &str) {
        self.screen.send_slowly(words);
        self.screen.send("\r");
    }

    /// Makes one of the files that the plan waits for.
    pub(crate) fn touch(&self, name: &str) {
        std::fs::write(self.sandbox.path(name), "").expect("the sandbox is ours");
    }

    /// Comes back after the screen was left.
    pub(crate) fn attach(&mut self) {
        self.screen.wait();
        let command = self.sandbox.upwalk(["attach"]);
        self.screen = Pty::start(&command, self.size.0, self.size.1);
    }

    /// Everything in the journal that only a person's decision brings about.
    pub(crate) fn decided(&self) -> Vec<String> {
        const KINDS: [&str; 9] = [
            "\"WarningConfirmed\"",
            "\"QuestionAnswered\"",
            "\"StepSkipped\"",
            "\"RollbackStarted\"",
            "\"StepStarted\"",
            "\"ControlsTaken\"",
            "\"UndoStarted\"",
            "\"PauseRequested\"",
            "\"CancelRequested\"",
        ];
        let journal = self.sandbox.journal();
        let lines = journal.lines();
        lines
            .filter(|line| KINDS.iter().any(|kind| line.contains(kind)))
            .map(str::to_owned)
            .collect()
    }
}

/// Whether a program has taken everything in that was sent to it.
pub(crate) trait Settle {
    /// Has everything drawn anew, and waits for that; keys from before have had their effect then.
    /// False where the program has ended.
    fn is_settled(&self) -> bool;

    /// Waits until the screen as a whole frame left it is like this, and gives it. What is read in
    /// the middle of a frame is half the old screen and half the new one.
    fn whole(&self, what: &str, holds: impl Fn(&str) -> bool) -> String;
}

impl Settle for Pty {
    fn is_settled(&self) -> bool {
        // Whole frames that drew everything: one is whole when its update ends.
        let drawn = || {
            let bytes = self.bytes();
            let at = |of: &[u8]| bytes.windows(of.len()).rposition(|part| part == of);
            let whole = match (at(b"\x1b[2J"), at(b"\x1b[?2026l")) {
                (Some(begun), Some(ended)) => begun < ended,
                _ => false,
            };
            let all = bytes.windows(4).filter(|part| *part == b"\x1b[2J");
            all.count() - usize::from(!whole)
        };
        let ended = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid()));
            stat.is_ok_and(|stat| stat.contains(") Z "))
        };
        let before = drawn();
        let mut alive = true;
        let mut turn = 0;
        wait_until("everything is drawn anew", || {
            // What is typed while a question comes up is thrown away, this key too.
            if turn % 20 == 0 {
                self.send("\x0c");
            }
            turn += 1;
            alive = !ended();
            !alive || drawn() > before
        });
        alive
    }

    fn whole(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let mut found = String::new();
        wait_until(what, || {
            let bytes = self.bytes();
            let at = |of: &[u8]| bytes.windows(of.len()).rposition(|part| part == of);
            found = self.screen();
            let is_whole = at(b"\x1b[?2026l") > at(b"\x1b[?2026h");
            is_whole && self.bytes().len() == bytes.len() && holds(&found)
        });
        found
    }
}
