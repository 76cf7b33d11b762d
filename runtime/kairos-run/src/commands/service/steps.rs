//! Command lines of a service manager.

use std::io::ErrorKind;
use std::process::{Command, Stdio};

/// A command line.
#[derive(Debug)]
pub struct Step {
    pub words: Vec<String>,
    /// Does its failure matter?
    pub needed: bool,
}

/// One that has to succeed.
pub fn step(words: &[&str]) -> Step {
    Step { words: words.iter().map(ToString::to_string).collect(), needed: true }
}

/// One that may fail.
pub fn try_step(words: &[&str]) -> Step {
    Step { needed: false, ..step(words) }
}

impl Step {
    /// For the user to type. The words that need quotes are paths alone.
    pub fn line(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,".contains(c);
        let word = |w: &String| if w.chars().all(plain) { w.clone() } else { kairos_exec::shell::quote(w) };
        self.words.iter().map(word).collect::<Vec<_>>().join(" ")
    }
}

/// Why a step failed.
#[derive(Debug)]
pub enum StepError {
    /// There is no such program.
    Missing(String),
    /// It said no.
    Failed(String),
}

impl StepError {
    /// Is the program not there at all?
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing(_))
    }
}

impl std::fmt::Display for StepError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(program) => write!(f, "there is no `{program}`"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

/// Runs it to its end; what it printed.
pub fn run(step: &Step) -> Result<String, StepError> {
    let Some((program, arguments)) = step.words.split_first() else { return Ok(String::new()) };
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_string();
    match output {
        Err(e) if e.kind() == ErrorKind::NotFound => Err(StepError::Missing(program.clone())),
        Err(e) => Err(StepError::Failed(format!("{program}: {e}"))),
        Ok(output) if output.status.success() || !step.needed => Ok(said(&output.stdout)),
        Ok(output) => Err(StepError::Failed(format!("`{}` says {:?}", step.line(), said(&output.stderr)))),
    }
}
