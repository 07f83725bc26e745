//! Holds the code to the table of modules in the design: who may import whom, where `unsafe`,
//! sockets, printing and foreign crates may stand, and how long a file may be.
#![expect(
    clippy::disallowed_methods,
    reason = "a test reads the sources from disk"
)]

#[path = "support/rust_source.rs"]
mod rust_source;

use rust_source::{Token, named, tokens, without_tests};
use std::path::{Path, PathBuf};

/// A file of the crate, as the rules look at it.
struct Source {
    /// `journal/codec.rs`.
    path: String,
    text: String,
}

/// What each module may name of the others, by the beginning of the path. Whatever is not listed
/// here is forbidden; a module of its own is always allowed.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("text", &["types"]),
    ("ledger", &["types"]),
    ("plan", &["types", "text", "ledger"]),
    ("journal", &["types", "plan", "ledger"]),
    ("engine", &["types", "text", "plan", "ledger", "journal"]),
    ("probe", &["types", "journal"]),
    ("report", CORE),
    ("shell", &["types", "journal::codec", "text", "ledger"]),
    ("supervisor", SUPERVISOR),
    ("tui", FRONT_END),
    ("plain", FRONT_END),
    ("cli", EVERYTHING),
    ("lib", EVERYTHING),
    ("main", EVERYTHING),
];

// A list cannot be joined to another in a constant, so the core is written three times.
#[rustfmt::skip]
const CORE: &[&str] = &["types", "text", "ledger", "plan", "journal", "engine", "probe"];
#[rustfmt::skip]
const SUPERVISOR: &[&str] =
    &["types", "text", "ledger", "plan", "journal", "engine", "probe", "report", "shell"];
#[rustfmt::skip]
const FRONT_END: &[&str] =
    &["types", "text", "ledger", "plan", "journal", "engine", "probe", "report",
      "supervisor::client", "supervisor::wire::Part"];
const EVERYTHING: &[&str] = &[""];

/// What a front end must not name although it may look at the core: it folds and decides nothing.
const FRONT_ENDS_LEAVE: &[&str] = &["engine::decide", "journal::fold", "journal::codec"];

/// Words that may stand only in these files (or folders), and why.
const ONLY_IN: &[(&[&str], &[&str], &str)] = &[
    (&["unsafe"], &["shell/os"], "unsafe code is shell::os's"),
    (
        &["UnixListener", "UnixDatagram", "connect"],
        &["supervisor/server", "supervisor/client"],
        "sockets are supervisor::server's and supervisor::client's",
    ),
    (
        // The shell has pairs of them, and asks the kernel whose a connection is.
        &["UnixStream"],
        &["supervisor/server", "supervisor/client", "shell/"],
        "sockets are supervisor::server's and supervisor::client's",
    ),
    (
        &["TcpListener", "UdpSocket"],
        &[],
        "upwalk serves no network",
    ),
    (
        &["TcpStream", "ureq"],
        &["shell/"],
        "checks of http and tcp are asked by the shell",
    ),
    (
        &["println", "print"],
        &["cli/", "plain/", "main.rs"],
        "standard output is cli's and plain's",
    ),
    (
        &["stdout"],
        &[
            "cli/",
            "plain/",
            "main.rs",
            "tui/term",
            "supervisor/mod.rs",
            "supervisor/serve",
            "shell/",
        ],
        "standard output is cli's and plain's; the terminal is tui::term's",
    ),
    (&["duct"], &["shell/"], "processes are the shell's"),
    (
        &["crossterm", "ratatui"],
        &["tui/"],
        "the terminal is tui's",
    ),
    (
        &["serde_yaml"],
        &["plan/yaml"],
        "YAML is read in plan::yaml alone",
    ),
    (
        &["clap", "clap_complete", "clap_mangen"],
        &["cli/", "main.rs"],
        "arguments are cli's",
    ),
];

/// Lines of a file that are not its unit tests.
const LONGEST_FILE: usize = 400;

/// The module path of a file: `journal/codec.rs` is `journal::codec`, `journal/mod.rs` `journal`.
fn module_of(path: &str) -> Vec<String> {
    let bare = path.trim_end_matches(".rs").trim_end_matches("/mod");
    bare.split('/').map(str::to_owned).collect()
}

/// Whether `parts` are the path `prefix` or lie below it.
fn under(parts: &[String], prefix: &str) -> bool {
    let mut wanted = prefix.split("::").filter(|part| !part.is_empty());
    let mut given = parts.iter();
    wanted.all(|part| given.next().is_some_and(|own| own == part))
}

/// Everything that is wrong with a file.
fn findings(source: &Source) -> Vec<String> {
    let (code, _) = without_tests(&tokens(&source.text));
    let mut found = wrong_imports(source, &code);
    found.extend(misplaced_words(source, &code));
    let lines = lines_without_tests(&source.text);
    if lines > LONGEST_FILE {
        found.push(format!(
            "{}: {lines} lines, at most {LONGEST_FILE} are allowed",
            source.path
        ));
    }
    found
}

fn wrong_imports(source: &Source, code: &[Token]) -> Vec<String> {
    let own = module_of(&source.path);
    let top = own[0].as_str();
    let Some((_, allowed)) = MAY_IMPORT.iter().find(|(module, _)| *module == top) else {
        return vec![format!(
            "{}: the module {top} is not in the table",
            source.path
        )];
    };
    let root: &[String] = &[];
    let place: &[String] = if matches!(top, "lib" | "main") {
        root
    } else {
        &own
    };
    let mut found = Vec::new();
    for name in named(place, code) {
        let first = name.parts.first().map(String::as_str);
        let front_end = matches!(top, "tui" | "plain");
        let wrong = if first == Some(top) {
            false
        } else if front_end && FRONT_ENDS_LEAVE.iter().any(|path| under(&name.parts, path)) {
            true
        } else {
            !allowed.iter().any(|path| under(&name.parts, path))
        };
        if wrong {
            found.push(format!(
                "{}:{}: {top} may not import {name}",
                source.path, name.line
            ));
        }
    }
    found
}

fn misplaced_words(source: &Source, code: &[Token]) -> Vec<String> {
    let mut found = Vec::new();
    for (words, places, why) in ONLY_IN {
        if places.iter().any(|place| source.path.starts_with(place)) {
            continue;
        }
        for token in code
            .iter()
            .filter(|token| words.contains(&token.text.as_str()))
        {
            found.push(format!(
                "{}:{}: {}: {why}",
                source.path, token.line, token.text
            ));
        }
    }
    found
}

/// How many lines stand before the unit tests: before a `#[cfg(test)]` that opens a module.
fn lines_without_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let opens_tests = |at: &usize| {
        let next = lines[at + 1..].iter().find(|line| !line.starts_with('#'));
        lines[*at] == "#[cfg(test)]" && next.is_some_and(|line| line.starts_with("mod "))
    };
    (0..lines.len()).find(opens_tests).unwrap_or(lines.len())
}

/// All files under `src`.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("src can be listed") {
            let path = entry.expect("src can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source is text");
                let path = path.strip_prefix(&root).expect("it was found below src");
                found.push(Source {
                    path: path.to_string_lossy().into_owned(),
                    text,
                });
            }
        }
    }
    found
}

/// The modules of unit tests that are files of their own, as `tui/testing`.
fn test_files(sources: &[Source]) -> Vec<String> {
    let of = |source: &Source| {
        let folder = source
            .path
            .trim_end_matches(".rs")
            .trim_end_matches("mod")
            .to_owned();
        let folder = if folder == "lib" {
            String::new()
        } else {
            folder
        };
        let (_, names) = without_tests(&tokens(&source.text));
        names
            .into_iter()
            .map(move |name| match folder.trim_end_matches('/') {
                "" => name,
                folder => format!("{folder}/{name}"),
            })
    };
    sources.iter().flat_map(of).collect()
}

/// Whether a file is one of these modules, or lies in one.
fn is_among(path: &str, modules: &[String]) -> bool {
    let in_it = |module: &String| {
        path.strip_prefix(module.as_str())
            .is_some_and(|rest| rest.starts_with(['.', '/']))
    };
    modules.iter().any(in_it)
}

#[test]
fn modules_of_unit_tests_are_left_out_wherever_their_file_is() {
    let source = |path: &str, text: &str| Source {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let found = test_files(&[
        source("lib.rs", "#[cfg(test)]\nmod bench; mod cli;"),
        source(
            "tui/mod.rs",
            "#[cfg(test)]\npub(crate) mod testing;\nmod view;",
        ),
        source("tui/view/log.rs", "#[cfg(test)] mod tests;"),
    ]);
    assert_eq!(found, ["bench", "tui/testing", "tui/view/log/tests"]);
    assert!(is_among("tui/testing.rs", &found) && is_among("tui/testing/more.rs", &found));
    assert!(!is_among("tui/testing_room.rs", &found) && !is_among("tui/view/log.rs", &found));
}

#[test]
fn the_code_keeps_to_the_table_of_modules() {
    let sources = sources();
    assert!(
        sources.len() > 30,
        "only {} sources were found",
        sources.len()
    );
    let tests = test_files(&sources);
    let code = sources
        .iter()
        .filter(|source| !is_among(&source.path, &tests));
    let found: Vec<String> = code.flat_map(findings).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_table_itself_has_no_cycle_below_the_command_line() {
    let mut done: Vec<&str> = Vec::new();
    let ranked: Vec<_> = MAY_IMPORT
        .iter()
        .filter(|(_, may)| may != &EVERYTHING)
        .collect();
    while done.len() < ranked.len() {
        let ready: Vec<&str> = ranked
            .iter()
            .filter(|(module, may)| {
                let known =
                    |path: &&str| done.iter().any(|own| path.split("::").next() == Some(own));
                !done.contains(module) && may.iter().all(known)
            })
            .map(|(module, _)| *module)
            .collect();
        assert!(
            !ready.is_empty(),
            "a cycle among those that are not in {done:?}"
        );
        done.extend(ready);
    }
}

/// The findings of a made-up file.
fn made_up(path: &str, text: &str) -> Vec<String> {
    findings(&Source {
        path: path.to_owned(),
        text: text.to_owned(),
    })
}

#[test]
fn forbidden_imports_are_found_in_every_spelling() {
    for text in [
        "use crate::shell::store::RunDir;",
        "use crate::{types::Id, shell::store};",
        "use crate::{\n    types::{Id, Seq},\n    shell,\n};",
        "use super::shell::store;",
        "pub use crate::shell as hands;",
        "fn f() { crate::shell::clock::now(); }",
        "mod inner { use super::super::shell::clock; }",
        "use crate::*;",
        "use crate as all;",
        "use crate::{self};",
        "impl From<crate::shell::Error> for X {}",
    ] {
        let found = made_up("engine/mod.rs", text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].contains("engine may not import"), "{found:?}");
    }
    assert_eq!(
        made_up("engine/decide.rs", "use super::super::shell::clock;").len(),
        1
    );
    assert_eq!(
        made_up("shell/store.rs", "use crate::journal::Event;").len(),
        1
    );
    assert_eq!(
        made_up("tui/run.rs", "use crate::supervisor::server::serve;").len(),
        1
    );
    assert_eq!(
        made_up("tui/update.rs", "use crate::engine::{choices, decide};").len(),
        1
    );
    assert_eq!(made_up("types/id.rs", "use crate::text::width;").len(), 1);
    assert_eq!(
        made_up("gadget/mod.rs", "").len(),
        1,
        "a module that the table does not know"
    );
}

#[test]
fn allowed_imports_comments_strings_and_unit_tests_are_left_alone() {
    for (path, text) in [
        (
            "engine/mod.rs",
            "use crate::{types::Id, journal::{Event, fold}, plan};",
        ),
        (
            "engine/decide.rs",
            "use super::Scope; pub(in crate::engine) fn f() {}",
        ),
        (
            "engine/decide.rs",
            "pub(crate) fn f() {} pub(super) fn g() {}",
        ),
        (
            "engine/decide.rs",
            "//! See [`crate::shell`].\n/* crate::shell /* unsafe */ */",
        ),
        (
            "engine/decide.rs",
            "const A: &str = \"crate::shell\"; const B: &str = r#\"unsafe \"\"#;",
        ),
        (
            "engine/decide.rs",
            "fn f<'a>(c: char) -> bool { c == '\"' || c == '\\'' } // crate::shell",
        ),
        (
            "engine/decide.rs",
            "#[cfg(test)]\nmod tests { use crate::shell::x; unsafe {} }",
        ),
        (
            "engine/decide.rs",
            "mod inner { use super::super::walk; use super::f; }",
        ),
        ("shell/store.rs", "use crate::journal::codec;"),
        ("shell/store.rs", "use crate::journal::codec::Line;"),
        (
            "tui/run.rs",
            "use crate::supervisor::{client::Client, wire::Part};",
        ),
        (
            "supervisor/server.rs",
            "use std::os::unix::net::UnixListener;",
        ),
        (
            "cli/up.rs",
            "use crate::shell::store; fn f() { println!(); }",
        ),
    ] {
        assert_eq!(made_up(path, text), Vec::<String>::new(), "{path}: {text}");
    }
}

#[test]
fn misplaced_words_and_long_files_are_found() {
    for (path, text) in [
        ("shell/exec.rs", "fn f() { unsafe { g() } }"),
        ("tui/run.rs", "use std::os::unix::net::UnixStream;"),
        ("shell/exec.rs", "fn f() { UnixStream::connect(path) }"),
        ("cli/up.rs", "use std::net::TcpListener;"),
        ("engine/decide.rs", "fn f() { println!(\"x\"); }"),
        ("supervisor/server.rs", "fn f() { print!(\"x\"); }"),
        ("report/text.rs", "use ratatui::style::Style;"),
        ("plan/resolve.rs", "serde_yaml::from_str(text)"),
    ] {
        assert_eq!(made_up(path, text).len(), 1, "{path}: {text}");
    }
    let long = "// A line.\n".repeat(LONGEST_FILE + 1);
    assert_eq!(made_up("types/id.rs", &long).len(), 1);
    let tested = format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{}}\n{long}");
    assert!(made_up("types/id.rs", &tested).is_empty());
    let hidden = format!("#[cfg(test)]\nuse std::fmt;\n{long}");
    assert_eq!(made_up("types/id.rs", &hidden).len(), 1);
}
