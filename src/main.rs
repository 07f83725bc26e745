//! The `upwalk` binary: everything is in the library.

fn main() -> std::process::ExitCode {
    let mut args = std::env::args_os().skip(1);
    let mode = args.next().unwrap_or_default();
    // Modes that upwalk starts itself in: step shim, asker, change of user.
    if let Some(code) = upwalk::shell::hidden(&mode) {
        return code.into();
    }
    if mode == "__supervise" {
        let run_dir = args.next().unwrap_or_default();
        return upwalk::supervisor::serve(run_dir.as_ref()).into();
    }
    // A panic has said what it is by then, and the terminal is given back.
    match std::panic::catch_unwind(|| upwalk::cli::run(std::env::args_os())) {
        Ok(code) => code.into(),
        Err(_) => upwalk::cli::failure::Code::Bug.status().into(),
    }
}
