//! A logind that kills what a login leaves behind, for real: see `logind.sh`.

use crate::server;
use crate::support::{skip_forbidden, skip_missing};
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn a_supervisor_outlives_a_login_whose_processes_logind_kills_or_says_that_it_does_not() {
    let needed = ["/lib/systemd/systemd", "/usr/bin/dbus-daemon"];
    let pam = ["x86_64", "aarch64"].map(|arch| {
        let path = format!("/lib/{arch}-linux-gnu/security/pam_systemd.so");
        Path::new(&path).exists()
    });
    if !server::can_run() {
        return;
    }
    if !needed.iter().all(|path| Path::new(path).exists()) || !pam.contains(&true) {
        skip_missing("systemd with dbus and libpam-systemd");
        return;
    }
    let dir = tempfile::tempdir().expect("there is a temporary directory");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ssh/logind.sh");
    let status = Command::new("bash")
        .arg(script)
        .arg("outside")
        .arg(dir.path())
        .arg(env!("CARGO_BIN_EXE_upwalk"))
        .stdin(Stdio::null())
        .status()
        .expect("bash can be started");
    if status.code() == Some(3) {
        skip_forbidden("a systemd of one's own (namespaces, overlay, cgroup2)");
        return;
    }
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap_or_default();
    let seen = read("seen");
    let context = format!(
        "{seen}\n{}\n{}\n{}",
        read("up"),
        read("errors"),
        read("console")
    );
    assert!(status.success(), "{status}: {context}");
    for fact in [
        "up 4",
        "warned 1",
        "without-linger 0",
        "attach 4",
        "status 1",
        "with-linger 1",
        "plain-warned 1",
        "plain-status 1",
        "plain 0",
        "end",
    ] {
        assert!(seen.lines().any(|line| line == fact), "{fact}: {context}");
    }
    let unit = seen.lines().find_map(|line| line.strip_prefix("unit "));
    assert!(
        unit.is_some_and(|unit| unit.strip_suffix(".scope").is_some()),
        "{context}"
    );
}
