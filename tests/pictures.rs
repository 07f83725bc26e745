//! The pictures of `screenshots/`: drawn from journals by the code that draws the screens. They are
//! compared with the files, so that none is out of date.
//!
//! `UPWALK_PICTURES=write cargo test --test pictures` draws them anew. With `record` instead the
//! journals are recorded anew first, which only a change of the plan needs. With `all` every screen
//! is drawn in every theme at both sizes, into `target/pictures`, to be looked at.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a test reads and writes the repository's files"
)]

#[path = "pictures/record.rs"]
mod record;
#[path = "support/svg.rs"]
mod svg;

use record::Recorder;
use std::path::{Path, PathBuf};
use svg::Ground;
use upwalk::journal::codec::decode;
use upwalk::journal::{Question, RunState};
use upwalk::plan::Plan;
use upwalk::tui::{Colour, SHIPPED, Settings, Sitting, Themes, still};
use upwalk::types::{Millis, Moment, Seq};

/// The largest that a picture may be, in bytes.
const LARGEST: usize = 60_000;

/// The usual size, and a large one.
const USUAL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 40);

/// One screen at one moment.
struct Scene {
    name: &'static str,
    journal: &'static str,
    /// The first state of the journal of which this is true,
    at: fn(&RunState) -> bool,
    /// so many seconds later,
    later: u64,
    /// when this has been typed.
    keys: &'static str,
    size: (u16, u16),
}

/// Whether a run waits with a question like this.
macro_rules! asks {
    ($question:pat) => {
        |state| {
            let open = state.open.as_ref();
            open.is_some_and(|open| matches!(open.question, $question))
        }
    };
}

/// The eight main screens.
const SCENES: [Scene; 8] = [
    Scene {
        name: "overview",
        journal: "up.jsonl",
        at: asks!(Question::Start),
        later: 20,
        keys: "jjj\r",
        size: USUAL,
    },
    Scene {
        name: "warning",
        journal: "up.jsonl",
        at: asks!(Question::Confirm {
            phrase: Some(_),
            ..
        }),
        later: 24,
        keys: "drop colu",
        size: USUAL,
    },
    Scene {
        name: "running",
        journal: "up.jsonl",
        at: |state| runs(state, "db-migrate-safe-half", 2),
        later: 192,
        keys: "",
        size: LARGE,
    },
    Scene {
        name: "failed",
        journal: "up.jsonl",
        at: asks!(Question::Failed { .. }),
        later: 12,
        keys: "",
        size: USUAL,
    },
    Scene {
        name: "pause",
        journal: "up.jsonl",
        at: asks!(Question::Paused { .. }),
        later: 1334,
        keys: "",
        size: USUAL,
    },
    Scene {
        name: "rollback",
        journal: "back.jsonl",
        at: |state| undoes(state, "restart-streaming"),
        later: 4,
        keys: "",
        size: USUAL,
    },
    Scene {
        name: "finished",
        journal: "up.jsonl",
        at: |state| state.finished.is_some(),
        later: 2,
        keys: "",
        size: USUAL,
    },
    Scene {
        name: "help",
        journal: "up.jsonl",
        at: |state| runs(state, "db-migrate-safe-half", 2),
        later: 60,
        keys: "?",
        size: USUAL,
    },
];

/// Two of them in other themes.
const OTHERS: [(&str, &str); 2] = [("failed", "light"), ("running", "cb-safe")];

/// Whether this attempt of a step is under way.
fn runs(state: &RunState, step: &str, attempt: u32) -> bool {
    let record = state.steps.iter().find(|(id, _)| id.as_str() == step);
    let latest = record.and_then(|(_, record)| record.attempts.last());
    latest.is_some_and(|latest| latest.attempt == attempt && latest.ended.is_none())
}

/// Whether a step is being taken back.
fn undoes(state: &RunState, step: &str) -> bool {
    let record = state.steps.iter().find(|(id, _)| id.as_str() == step);
    let latest = record.and_then(|(_, record)| record.undo_attempts.last());
    latest.is_some_and(|latest| latest.ended.is_none())
}

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/pictures")
        .join(name)
}

fn plan() -> Plan {
    let bytes = std::fs::read(here("mastodon-4.3.yaml")).expect("the plan is there");
    let read = upwalk::plan::read("mastodon-4.3.yaml", &bytes);
    let draft = read.unwrap_or_else(|found| panic!("{}", found.render(upwalk::plan::Paint::Plain)));
    draft.seal(&[])
}

/// The run at the scene's moment, and the moment.
fn at(scene: &Scene) -> (RunState, Moment) {
    let bytes = std::fs::read(here(scene.journal)).expect("the journal is there");
    let journal = decode(&bytes).expect("a journal that is not damaged");
    let mut events = journal.events.iter();
    let mut state = RunState::begin(events.next().expect("a first event")).expect("it fits");
    while !(scene.at)(&state) {
        let next = events.next().expect("the journal comes to that place");
        state.apply(next).expect("it fits");
    }
    let now = state.last_at.plus(Millis::from_secs(scene.later));
    (state, now)
}

/// Writes the logs as they were at a moment, and gives the directory.
///
/// A log is kept as text: each line begins with the seconds after which it was written.
fn logs(state: &RunState, now: &Moment) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    for (step, record) in &state.steps {
        let up = record.attempts.iter().map(|attempt| (attempt, ""));
        let undo = record
            .undo_attempts
            .iter()
            .map(|attempt| (attempt, ".undo"));
        for (attempt, way) in up.chain(undo) {
            let kept = here(&format!("logs/{step}{way}.{}.txt", attempt.attempt));
            let Ok(text) = std::fs::read_to_string(kept) else {
                continue;
            };
            let (mut log, mut times) = (String::new(), Vec::new());
            for line in text.lines() {
                let (after, words) = line.split_once(' ').expect("seconds, then the line");
                let after: u64 = after.parse().expect("whole seconds");
                let written = attempt.started.wall.plus(Millis::from_secs(after));
                if written > now.wall {
                    break;
                }
                log.push_str(words);
                log.push('\n');
                times.extend((log.len() as u64).to_le_bytes());
                times.extend(written.as_millis().to_le_bytes());
            }
            let path = path(dir.path(), attempt.number);
            std::fs::write(&path, log).expect("the directory is ours");
            std::fs::write(path.with_extension("times"), times).expect("the directory is ours");
        }
    }
    dir
}

fn path(dir: &Path, number: Seq) -> PathBuf {
    dir.join(format!("{number}.log"))
}

/// What a terminal of this theme's kind looks like by itself.
fn ground(theme: &str) -> Ground {
    let (front, back) = match theme {
        "light" => (0x001b_1f24, 0x00ff_ffff),
        "high-contrast" => (0x00ff_ffff, 0x0000_0000),
        _ => (0x00d8_dee6, 0x001e_1e1e),
    };
    Ground { front, back }
}

/// The picture of a scene.
fn draw(scene: &Scene, theme: &str, size: (u16, u16)) -> String {
    let plan = plan();
    let (state, now) = at(scene);
    let logs = logs(&state, &now);
    let palette = Themes::default().named(theme).expect("it is shipped");
    let terminal = [
        ("TERM", "xterm-256color"),
        ("COLORTERM", "truecolor"),
        ("LANG", "C.UTF-8"),
        ("USER", "anna"),
    ];
    let settings = Settings::choose(palette, Colour::Always, None, &|name| {
        let found = terminal.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    });
    let rows = still(&Sitting {
        plan: &plan,
        state: &state,
        now: &now,
        logs: &|number| Some(path(logs.path(), number)),
        size,
        settings: &settings,
        keys: scene.keys,
    });
    let title = format!("upwalk: {}", scene.name);
    svg::picture(&rows, ground(theme), &title)
}

/// Every picture that is kept: its file's name and what is in it.
fn pictures() -> Vec<(String, String)> {
    let dark = SCENES
        .iter()
        .map(|scene| (scene.name.to_owned(), draw(scene, "dark", scene.size)));
    let others = OTHERS.iter().map(|(name, theme)| {
        let scene = SCENES.iter().find(|scene| scene.name == *name);
        let scene = scene.expect("one of the scenes");
        (format!("{name}-{theme}"), draw(scene, theme, scene.size))
    });
    dark.chain(others)
        .map(|(name, picture)| (format!("{name}.svg"), picture))
        .collect()
}

/// Records the journals anew.
fn record() {
    let plan = plan();
    for (name, bytes) in [
        ("up.jsonl", Recorder::new(&plan).up()),
        ("back.jsonl", Recorder::new(&plan).back()),
    ] {
        std::fs::write(here(name), bytes).expect("the repository can be written");
    }
}

/// Every screen in every theme at both sizes, to be looked at.
fn all_of_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pictures");
    std::fs::create_dir_all(&folder).expect("target can be written");
    for scene in &SCENES {
        for (theme, _) in SHIPPED {
            for size in [USUAL, LARGE] {
                let name = format!("{}-{theme}-{}x{}.svg", scene.name, size.0, size.1);
                let picture = draw(scene, theme, size);
                std::fs::write(folder.join(name), picture).expect("target can be written");
            }
        }
    }
}

#[test]
fn every_picture_is_what_the_screens_show_today() {
    let wish = std::env::var("UPWALK_PICTURES").unwrap_or_default();
    match wish.as_str() {
        "" | "write" => {}
        "record" => record(),
        "all" => all_of_them(),
        other => panic!("UPWALK_PICTURES={other} is not known: write, record or all"),
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    let mut expected = Vec::new();
    let mut stale = Vec::new();
    for (name, picture) in pictures() {
        assert!(picture.len() < LARGEST, "{name}: {} bytes", picture.len());
        let path = folder.join(&name);
        if matches!(wish.as_str(), "write" | "record") {
            std::fs::create_dir_all(&folder).expect("the repository can be written");
            std::fs::write(&path, &picture).expect("the repository can be written");
        }
        if std::fs::read_to_string(&path).unwrap_or_default() != picture {
            stale.push(name.clone());
        }
        expected.push(name);
    }
    assert!(
        stale.is_empty(),
        "{stale:?}: out of date. To draw them anew, and then look at them: \
         UPWALK_PICTURES=write cargo test --test pictures"
    );
    let listed = std::fs::read_dir(&folder).expect("the folder is there");
    for entry in listed.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(expected.contains(&name), "{name} is not drawn by anybody");
    }
}

#[test]
fn the_readme_shows_pictures_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("there is a README");
    let mut shown = 0;
    for part in readme.split("](screenshots/").skip(1) {
        let name = part.split(')').next().unwrap_or_default();
        assert!(root.join("screenshots").join(name).is_file(), "{name}");
        shown += 1;
    }
    assert!(shown >= 8, "the README shows the main screens: {shown}");
}
