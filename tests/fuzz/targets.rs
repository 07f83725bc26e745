//! What must hold of any input, for each reader of foreign bytes.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::sync::OnceLock;
use upwalk::engine::{self, Input};
use upwalk::journal::codec::{self, GENESIS, Unread};
use upwalk::journal::{Event, Recorded, RunState};
use upwalk::plan::{self, Paint, Plan};
use upwalk::report::{self, Meanwhile, Supervisor};
use upwalk::supervisor::wire::{self, FromServer, ToServer};
use upwalk::text;
use upwalk::types::{Digest, Millis, Moment};

/// Whether a character can move a cursor, hide text or turn it around: said here once more, so that
/// nobody who makes texts harmless is his own judge.
fn is_dangerous(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}' | '\u{2028}'..='\u{202e}'
        )
        || matches!(character, '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
}

/// Fails where a text of several lines has anything in it that must not reach a terminal.
fn expect_harmless(text: &str) {
    let bad = text.chars().find(|c| *c != '\n' && is_dangerous(*c));
    assert_eq!(bad, None, "{text:?}");
}

/// Words of the plan language.
pub(crate) const PLAN_WORDS: &[&[u8]] = &[
    b"\n",
    b"\n  ",
    b"- ",
    b": ",
    b"\n- phase: P\n  role: deploy\n  steps:\n",
    b"  - name: n\n    run: x\n",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"'",
    b"|\n",
    b">-\n",
    b"# ",
    b"&a ",
    b"*a",
    b"!!str ",
    b"<<: ",
    b"---\n",
    b"...\n",
    b"%YAML 1.2\n",
    b"? ",
    b"~",
    b"null",
    b"${name}",
    b"$${",
    b"${",
    b"undo: again\n",
    b"follows: ",
    b"systemd: { restart: [a, b] }\n",
    b"unless: ",
    b"verify: { output: x, is: 0 }\n",
    b"\xef\xbb\xbf",
    b"\x00",
    b"\xff",
    b"\r\n",
    b"\t",
    "\u{2028}".as_bytes(),
];

/// Reads and draws; findings lie within the text, in order; a plan has a dry run.
pub(crate) fn plan(bytes: &[u8]) {
    let found = match plan::read("plan.yaml", bytes) {
        Ok(draft) => {
            let plan = draft.seal(&[]);
            assert!(
                !plan
                    .scripts()
                    .iter()
                    .any(|script| script.text.contains('\0'))
            );
            return;
        }
        Err(found) => found,
    };
    assert!(!found.found.is_empty(), "a refusal says why");
    let within = |end: usize| end <= found.text.len() && found.text.is_char_boundary(end);
    assert!(found.found.iter().all(|one| within(one.span.end)));
    assert!(found.found.is_sorted_by_key(|one| one.span.start));
    let drawn = found.render(Paint::Plain);
    assert!(drawn.contains("plan.yaml"), "a finding has a place");
    expect_harmless(&drawn);
}

/// Words of the journal.
pub(crate) const JOURNAL_WORDS: &[&[u8]] = &[
    b"\n",
    b"{\"hash\":\"",
    b"\",",
    b"\"n\":1,",
    b"\"n\":18446744073709551615,",
    b"\"t\":\"2026-11-20T22:10:07.120Z\",",
    b"\"t\":\"-9999-01-01T00:00:00Z\",",
    b"\"up\":18446744073709551615,",
    b"\"format\":[1,0],",
    b"\"format\":[1,9],",
    b"\"format\":[2,0],",
    b"\"event\":\"RunFinished\",\"result\":\"done\"}",
    b"\"event\":\"SomethingNew\"}",
    b"\"attempt\":4294967295",
    b"null",
    b"[]",
    b"{}",
    b"-1",
    b"1e999",
    b"\\u0000",
    b"\\ud800",
    b"\x00\x00\x00\x00\x00\x00\x00\x00",
    b"\xff",
];

/// Decodes a journal as it is, and with its hashes and numbers put right, so that what lies behind
/// them is met as well. Whatever is read folds to a state that everybody can look at, or is
/// refused.
pub(crate) fn journal(bytes: &[u8]) {
    decoded(bytes);
    decoded(&resealed(bytes, Numbers::AsTheyAre));
    decoded(&resealed(bytes, Numbers::PutRight));
}

/// Whether lines are numbered anew.
#[derive(Clone, Copy, PartialEq)]
enum Numbers {
    AsTheyAre,
    PutRight,
}

/// The same lines with hashes that fit.
fn resealed(bytes: &[u8], numbers: Numbers) -> Vec<u8> {
    use sha2::{Digest as _, Sha256};
    let text = String::from_utf8_lossy(bytes);
    let mut hash = GENESIS.to_owned();
    let mut out = String::new();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let body = line.strip_suffix('\n').unwrap_or(line);
        let body = body.get(75..).unwrap_or(body);
        let mut body = body.to_owned();
        if numbers == Numbers::PutRight
            && let Some((_, rest)) = body.split_once(',')
        {
            body = format!("\"n\":{},{rest}", index + 1);
        }
        let mut sha = Sha256::new();
        sha.update(hash.as_bytes());
        sha.update(body.as_bytes());
        hash = sha
            .finalize()
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        out.extend(["{\"hash\":\"", &hash, "\",", &body, "\n"]);
    }
    out.into_bytes()
}

/// What must hold of a journal's bytes.
fn decoded(bytes: &[u8]) {
    let journal = match codec::decode(bytes) {
        Ok(journal) => journal,
        Err(Unread::Damaged(damage)) => {
            let lines = bytes.split(|byte| *byte == b'\n').count();
            assert!((1..=lines).contains(&damage.line), "{damage}");
            assert!(!damage.why.is_empty());
            return;
        }
        Err(Unread::Newer(why)) => {
            assert!(!why.is_empty());
            return;
        }
    };
    let good = usize::try_from(journal.good_bytes).expect("it was in memory");
    assert!(good <= bytes.len());
    assert!(bytes[..good].last().is_none_or(|last| *last == b'\n'));
    let again = codec::decode(&bytes[..good]).expect("the good part is good");
    assert_eq!(again.events, journal.events);
    assert_eq!(again.hash, journal.hash);
    folded(&journal.events);
}

/// Folds events as far as they fit and has everybody look at the state.
fn folded(events: &[Recorded]) {
    let Some((first, rest)) = events.split_first() else {
        return;
    };
    let Ok(mut state) = RunState::begin(first) else {
        return;
    };
    let plans = plans();
    let plan = plans.get(&state.run.plan_digest);
    let plan = plan.or(plans.values().next()).expect("there are scenarios");
    for event in rest {
        if state.apply(event).is_err() {
            break;
        }
    }
    looked_at(plan, &state);
}

/// Everybody looks at a state, and the run goes on from there as long as nobody has to be asked.
fn looked_at(plan: &Plan, state: &RunState) {
    let now = Moment {
        up: Millis(state.last_at.up.0.saturating_add(1)),
        ..state.last_at.clone()
    };
    let why = engine::why(plan, state, &now);
    assert!(!why.sentence.is_empty());
    for doing in [Supervisor::Alive, Supervisor::Gone(Meanwhile::Nothing)] {
        let status = report::status(plan, state, &now, &doing);
        expect_harmless(&report::statuses(&[status]));
    }
    let _ = engine::choices(plan, state);
    let _ = engine::deadline(plan, state);
    let mut ahead = state.clone();
    let input = Input::Taken {
        pid: 1,
        upwalk: "0.1.0".into(),
        torn: None,
    };
    let mut told = 0;
    let taken = engine::advance(plan, &mut ahead, &input, &now, &mut |_, _| told += 1);
    if let Ok(events) = taken {
        assert_eq!(events.len(), told);
        let _ = engine::due(plan, &ahead, &now);
        looked_only(plan, &ahead, &now);
    }
}

/// The words for people, of a state that is fit to be served.
fn looked_only(plan: &Plan, state: &RunState, now: &Moment) {
    assert!(!engine::why(plan, state, now).sentence.is_empty());
    if state.finished.is_some() {
        assert!(!report::finished_summary(plan, state).is_empty());
    }
}

/// The plans of the scenarios, by digest: the corpus holds journals of them.
fn plans() -> &'static BTreeMap<Digest, Plan> {
    static PLANS: OnceLock<BTreeMap<Digest, Plan>> = OnceLock::new();
    PLANS.get_or_init(|| {
        #[derive(serde::Deserialize)]
        struct Scenario {
            plan: String,
        }
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios");
        let listed = std::fs::read_dir(dir).expect("the scenarios are there");
        let read = |path: std::path::PathBuf| {
            let text = std::fs::read_to_string(path).expect("a scenario can be read");
            let scenario: Scenario = serde_yaml::from_str(&text).expect("a scenario has a plan");
            let draft = plan::read("plan.yaml", scenario.plan.as_bytes());
            let plan = draft.map_err(|bad| bad.render(Paint::Plain));
            let plan = plan.expect("a scenario's plan is good").seal(&[]);
            (plan.digest.clone(), plan)
        };
        listed
            .map(|entry| read(entry.expect("an entry").path()))
            .collect()
    })
}

/// Words of the frames.
pub(crate) const WIRE_WORDS: &[&[u8]] = &[
    b"\n",
    b"{\"frame\":\"hello\",",
    b"\"wire\":1",
    b"\"wire\":4294967296",
    b"\"part\":\"verb\"",
    b"{\"frame\":\"decide\",\"id\":1,\"at\":null,\"decision\":\"start\"}",
    b"{\"frame\":\"take_controls\",\"id\":0}",
    b"{\"frame\":\"handover\",\"id\":0,\"what\":\"ask\"}",
    b"{\"frame\":\"key\"}",
    b"{\"frame\":\"caught_up\"}",
    b"\"event\":{\"event\":\"Unknown\"}",
    b"\"uid\":-1",
    b"null",
    b"[[[[[[[[[[[[[[[[",
    b"\"\\ud800\"",
    b"18446744073709551616",
    b"\x00",
    b"\xff",
];

/// Frames are cut at newlines and limits; what is understood says the same when it is said again.
pub(crate) fn wire(bytes: &[u8]) {
    for limit in [16, wire::MAX_FRAME] {
        let mut from = BufReader::with_capacity(32, bytes);
        let mut taken = 0;
        while let Ok(line) = wire::read_line(&mut from, limit) {
            assert!(line.len() < limit && !line.contains(&b'\n'));
            taken += line.len() + 1;
            frame(&line);
        }
        assert!(taken <= bytes.len());
    }
}

/// One frame, from whichever side.
fn frame(line: &[u8]) {
    let _ = wire::version_of(line);
    if let Ok(said) = serde_json::from_slice::<ToServer>(line) {
        let again = wire::encode_to_server(&said);
        assert_eq!(
            again
                .split_last()
                .map(|(last, rest)| (*last, rest.contains(&b'\n'))),
            Some((b'\n', false))
        );
        assert_eq!(
            serde_json::from_slice::<ToServer>(&again).expect("it was written"),
            said
        );
    }
    if let Ok(said) = serde_json::from_slice::<FromServer>(line) {
        let again = wire::encode(&said);
        assert_eq!(
            again
                .split_last()
                .map(|(last, rest)| (*last, rest.contains(&b'\n'))),
            Some((b'\n', false))
        );
        let back: FromServer = serde_json::from_slice(&again).expect("it was written");
        assert_eq!(back, said);
        if let FromServer::Event {
            n,
            wall,
            boot,
            up,
            event,
        } = said
            && matches!(*event, Event::RunStarted(_))
        {
            folded(&[wire::recorded(n, wall, boot, up, *event)]);
        }
    }
}

/// What logs and those who attack terminals write.
pub(crate) const LOG_WORDS: &[&[u8]] = &[
    b"\n",
    b"\r",
    b"\r\n",
    b"\t",
    b"\x08\x08\x08",
    b"\x1b[31m",
    b"\x1b[0;1;38;5;196m",
    b"\x1b[K",
    b"\x1b[1K",
    b"\x1b[2K",
    b"\x1b[65535K",
    b"\x1b[2J\x1b[H",
    b"\x1b[6n",
    b"\x1b]0;title\x07",
    b"\x1b]8;;http://x\x1b\\",
    b"\x1b]52;c;cm0gLXJm\x07",
    b"\x1bP+q\x1b\\",
    b"\x1b_x\x1b\\",
    b"\x1b(0",
    b"\x1b(B",
    b"\x1bc",
    b"\x1b",
    b"\x9b31m",
    b"\xc2\x9b31m",
    b"\x07",
    b"\x0e",
    b"\x18",
    b"\x1a",
    b"\x7f",
    b"\xff\xfe",
    b"\xf0\x9f\x98\x80",
    "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{2028}".as_bytes(),
    "\u{200d}".as_bytes(),
    "漢字".as_bytes(),
];

/// No line moves the cursor, hides text or turns it around; what was left out is counted.
pub(crate) fn log(bytes: &[u8]) {
    for line in bytes.split(|byte| *byte == b'\n').chain([bytes]) {
        let shown = text::sanitise(line);
        assert!(!shown.text.contains('\n'));
        expect_harmless(&shown.text);
        assert!(text::width(&shown.text) <= text::MAX_COLUMNS);
        assert_eq!(text::sanitise(line), shown, "the same line looks the same");
        let again = text::sanitise(shown.text.as_bytes());
        assert_eq!(
            (again.text, again.dropped),
            (shown.text, 0),
            "it is harmless now"
        );
        let plain = line.iter().all(|byte| (b' '..=b'~').contains(byte));
        assert!(
            !plain || shown.dropped == 0,
            "nothing is dropped of plain text"
        );
    }
}
