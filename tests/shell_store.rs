//! State on disk: claims, locks, ledgers and run directories hold across crashes and strangers.
#![expect(
    clippy::disallowed_methods,
    reason = "what the store leaves on the disk is looked at directly"
)]

use std::error::Error;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use upwalk::ledger::{Entry, FORMAT};
use upwalk::shell::store::StateDir;
use upwalk::types::{Id, RunId, Seq, Timestamp, Version, Who};

type Tested = Result<(), Box<dyn Error>>;

fn state() -> Result<(tempfile::TempDir, StateDir), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let (state, _) = StateDir::open(&dir.path().join("a/b/state"))?;
    Ok((dir, state))
}

fn run(name: &str) -> RunId {
    RunId::parse(&format!("20261121T0101{name}Z-web-up")).expect("a run's name")
}

fn mode(path: &Path) -> std::io::Result<u32> {
    Ok(path.metadata()?.permissions().mode() & 0o7777)
}

#[test]
fn modes_are_what_the_design_says_whatever_the_umask() -> Tested {
    let (_dir, state) = state()?;
    let files = [(PathBuf::from("sql/a.sql"), 0o777, b"select 1".to_vec())];
    let dir = state.create_run(&run("01"), "plan.yaml", b"upwalk: 1\n", &files)?;
    dir.create_fence(Seq(3), "migrate.1")?;
    dir.open_journal(0)?.append(b"{}\n")?;
    dir.write_secrets(&[("password".to_owned(), "hush".to_owned())].into())?;
    let root = state.path();
    for (path, wanted) in [
        (root.to_owned(), 0o711),
        (root.join("runs"), 0o711),
        (root.join("services"), 0o755),
        (dir.path().to_owned(), 0o711),
        (dir.files_dir(), 0o755),
        (dir.files_dir().join("sql/a.sql"), 0o755),
        (dir.plan_path(), 0o600),
        (dir.journal_path(), 0o600),
        (dir.path().join("secrets.json"), 0o600),
        (dir.intent_file(Seq(3), "migrate.1", "lock"), 0o600),
    ] {
        assert_eq!(mode(&path)?, wanted, "{}", path.display());
    }
    assert_eq!(dir.read_secrets()?.len(), 1);
    dir.remove_secrets()?;
    dir.remove_secrets()?;
    assert!(dir.read_secrets()?.is_empty());
    assert!(dir.create_fence(Seq(3), "migrate.1").is_err(), "O_EXCL");
    Ok(())
}

#[test]
fn one_run_of_a_service_is_open_until_it_is_released() -> Tested {
    let (_dir, state) = state()?;
    let web = Id::new("web")?;
    assert_eq!(state.claim(&web, &run("01"))?, None);
    assert_eq!(state.claim(&web, &run("02"))?, Some(run("01")));
    assert_eq!(state.open_runs()?.runs, [run("01")]);
    state.release(&web, &run("02"))?;
    assert_eq!(state.open_run_of(&web)?, Some(run("01")), "not its claim");
    state.release(&web, &run("01"))?;
    assert_eq!(state.open_run_of(&web)?, None);
    assert_eq!(state.claim(&web, &run("02"))?, None);
    let left: Vec<_> = std::fs::read_dir(state.path().join("services"))?.collect();
    assert_eq!(left.len(), 1, "no temporary file stays: {left:?}");
    Ok(())
}

#[test]
fn a_service_has_one_supervisor_at_a_time() -> Tested {
    let (_dir, state) = state()?;
    let web = Id::new("web")?;
    let held = state.lock(&web)?;
    assert!(held.is_some() && state.lock(&web)?.is_none());
    drop(held);
    assert!(state.lock(&web)?.is_some());
    Ok(())
}

#[test]
fn the_ledger_repeats_nothing_and_drops_a_torn_line() -> Tested {
    let (_dir, state) = state()?;
    let service = Id::new("web")?;
    let entry = |number, version| -> Result<Entry, Box<dyn Error>> {
        Ok(Entry {
            v: FORMAT,
            service: Id::new("web")?,
            state_version: Some(Version::parse(version)?),
            run: run("01"),
            number: Seq(number),
            at: Timestamp::from_millis(1_795_000_000_000),
            by: Who {
                login: "ada".into(),
                uid: 0,
                ssh: None,
            },
            stopped_at: None,
        })
    };
    assert_eq!(state.ledger(&service)?, None);
    state.append_ledger(&entry(7, "16")?)?;
    state.append_ledger(&entry(7, "16")?)?;
    let path = state.path().join("services/web.jsonl");
    assert_eq!(std::fs::read_to_string(&path)?.lines().count(), 1);
    assert_eq!(mode(&path)?, 0o644);
    let mut torn = std::fs::read(&path)?;
    torn.extend(b"{\"v\":1,\"serv");
    std::fs::write(&path, torn)?;
    state.append_ledger(&entry(9, "17")?)?;
    assert_eq!(state.ledger(&service)?, Some(entry(9, "17")?));
    assert_eq!(std::fs::read_to_string(&path)?.lines().count(), 2);
    std::fs::write(&path, "nonsense\n")?;
    let error = state.ledger(&service).expect_err("it is damaged");
    assert!(error.what.contains("line 1"), "{}", error.what);
    Ok(())
}

#[test]
fn a_state_directory_that_others_can_write_or_own_is_refused_with_the_way_out() -> Tested {
    let (_dir, state) = state()?;
    std::fs::set_permissions(state.path(), PermissionsExt::from_mode(0o777))?;
    let error = StateDir::open(state.path()).expect_err("everybody can write it");
    assert_eq!(
        error.hint,
        Some(format!("chmod go-w {}", state.path().display()))
    );
    assert!(StateDir::look(state.path()).is_err());
    assert!(StateDir::look(&state.path().join("missing"))?.is_none());
    if upwalk::shell::identity::is_root() {
        std::fs::set_permissions(state.path(), PermissionsExt::from_mode(0o711))?;
        std::os::unix::fs::chown(state.path(), Some(1), None)?;
        let error = StateDir::open(state.path()).expect_err("another owns it");
        assert!(
            error.what.contains("another user, daemon"),
            "{}",
            error.what
        );
    }
    Ok(())
}

#[test]
fn a_file_in_the_place_of_the_state_directory_is_an_error() -> Tested {
    let file = tempfile::NamedTempFile::new()?;
    let error = StateDir::open(file.path()).expect_err("it is a file");
    assert!(error.source.is_some() && error.hint.is_some(), "{error:?}");
    assert!(StateDir::open(&file.path().join("below")).is_err());
    Ok(())
}

#[test]
fn runs_are_listed_newest_first_and_only_unbegun_ones_are_discarded() -> Tested {
    let (_dir, state) = state()?;
    for name in ["01", "03", "02"] {
        state.create_run(&run(name), "plan.json", b"{}", &[])?;
    }
    std::fs::create_dir(state.path().join("runs/lost+found"))?;
    assert_eq!(state.runs()?, [run("03"), run("02"), run("01")]);
    assert!(
        state
            .create_run(&run("01"), "plan.json", b"{}", &[])
            .is_err()
    );
    let dir = state.run(&run("01"))?;
    assert!(dir.plan_path().ends_with("plan.json"));
    assert!(dir.read_journal()?.is_empty());
    dir.open_journal(0)?.append(b"{}\n")?;
    assert!(state.discard_run(&run("01")).is_err(), "it has begun");
    state.discard_run(&run("02"))?;
    assert_eq!(state.runs()?, [run("03"), run("01")]);
    assert!(state.run(&run("02")).is_err());
    Ok(())
}

#[test]
fn a_lock_left_before_its_intent_is_removed_and_anything_more_stays() -> Tested {
    let (_dir, state) = state()?;
    let dir = state.create_run(&run("01"), "plan.yaml", b"upwalk: 1\n", &[])?;
    dir.create_fence(Seq(4), "a.1")?;
    dir.create_fence(Seq(5), "b.1")?;
    dir.settle_fences(Seq(4))?;
    assert!(dir.intent_file(Seq(4), "a.1", "lock").exists());
    assert!(!dir.intent_file(Seq(5), "b.1", "lock").exists());
    assert!(!dir.has_begun()?, "nothing was started");
    dir.create_fence(Seq(5), "b.1")?;
    std::fs::write(dir.intent_file(Seq(5), "b.1", "pid"), "")?;
    dir.settle_fences(Seq(4))?;
    assert!(dir.intent_file(Seq(5), "b.1", "lock").exists());
    let begun = dir
        .remains()?
        .iter()
        .filter(|trace| trace.has_begun())
        .count();
    assert_eq!(begun, 1);
    assert!(dir.has_begun()?, "its journal was emptied");
    assert!(state.discard_run(&run("01")).is_err(), "it has begun");
    Ok(())
}
