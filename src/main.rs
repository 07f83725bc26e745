//! The `upwalk` binary: everything is in the library.

fn main() -> std::process::ExitCode {
    let mut args = std::env::args_os().skip(1);
    let mode = args.next().unwrap_or_default();
    // Modes that upwalk starts itself in: step shim, asker, change of user.
    match upwalk::shell::hidden(&mode, &mut args) {
        Some(code) => code.into(),
        None => std::process::ExitCode::SUCCESS,
    }
}
