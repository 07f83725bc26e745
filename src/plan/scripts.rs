//! The shell texts of a plan, for whoever asks the shell whether it can read them.

use super::shelltext;

/// One shell text of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// What it belongs to, for people: `run of step migrate`.
    pub what: String,
    /// Program and arguments that the text is appended to.
    pub shell: Vec<String>,
    /// The text.
    pub text: String,
    /// The line of the plan file where it stands, from 1.
    pub line: usize,
}

impl Script {
    /// The command that reads the text without running it; none where the shell is not one of sh,
    /// bash, dash, ksh and zsh, which know `-n`.
    pub fn syntax_check(&self) -> Option<Vec<String>> {
        if !shelltext::is_posix(&self.shell) {
            return None;
        }
        let program = self.shell.first()?.clone();
        Some(vec![
            program,
            "-n".to_owned(),
            "-c".to_owned(),
            self.text.clone(),
        ])
    }
}
