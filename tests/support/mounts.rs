//! A test in mounts of its own: what it mounts nobody else sees, and it goes with the last process
//! of the test, whatever becomes of that.

use super::skip_forbidden;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Set in the environment of a test that has mounts of its own.
const INSIDE: &str = "UPWALK_TEST_OWN_MOUNTS";

static ONE: Mutex<()> = Mutex::new(());

/// Runs the body of the test `name` (its path within its file) in mounts of its own: starts this
/// program again there, with this test alone. Skips where the machine forbids that.
pub(crate) fn in_own_mounts(name: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    // One at a time: filesystems in memory take memory.
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(unshare) = allowed() else {
        skip_forbidden("mounts of one's own (unshare --mount, tmpfs)");
        return;
    };
    let own = std::env::current_exe().expect("a test knows its program");
    let output = Command::new(unshare[0])
        .args(&unshare[1..])
        .arg(own)
        .args([name, "--exact", "--nocapture", "--include-ignored"])
        .env(INSIDE, "1")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .expect("unshare can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{name} in mounts of its own: {}\n{said}",
        output.status
    );
}

/// The words that begin a command in mounts of its own; none where no tmpfs can be mounted so.
fn allowed() -> Option<&'static [&'static str]> {
    const AS_ROOT: &[&str] = &["unshare", "--mount", "--propagation", "private"];
    const AS_USER: &[&str] = &["unshare", "--user", "--map-root-user", "--mount"];
    let way = if rustix::process::geteuid().is_root() {
        AS_ROOT
    } else {
        AS_USER
    };
    let status = Command::new(way[0])
        .args(&way[1..])
        .args(["mount", "-t", "tmpfs", "-o", "size=1m", "none", "/mnt"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success()).then_some(way)
}

/// Runs `mount` or `umount`, which must succeed.
pub(crate) fn mount(program: &str, args: &[&str], last: &Path) {
    let output = Command::new(program).args(args).arg(last).output();
    let output = output.expect("mount and umount belong to every Debian");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {said}");
}
