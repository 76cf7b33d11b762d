//! Commands, behind the right to ask for them. What a command was and printed is not journalled: that, with secrets taken out, is for
//! whoever runs it to record.

use crate::bindings::wit;
use crate::bindings::wit::process as api;
use crate::context::Context;
use kairos_core::ports::{Committed, Finished, MAX_COMMAND, MAX_MESSAGE, MAX_RUN_SECONDS, RunOptions};
use kairos_core::{ErrorCode, PortError};
use kairos_permit::Line;
use std::path::Path;
use wasmtime::Result;

/// Under this name the calls are on record.
pub const RUN: &str = "process.run";
/// And so are commits.
const COMMIT: &str = "process.commit";
/// What a commit needs to be within the scope of.
const GIT_COMMIT: &str = "git commit";
/// How many commands a plugin may ask for in one call.
pub(crate) const MAX_COMMANDS: u32 = 4;
/// If the plugin does not say.
const SECONDS: u32 = 120;

impl api::Host for Context {
    async fn run(
        &mut self,
        command: String,
        options: api::Options,
    ) -> Result<std::result::Result<api::Finished, wit::types::Error>> {
        self.enter()?;
        let answer = self.run_command(&command, &options).await;
        let noted = answer.as_ref().map(|f| (f.exit, f.output.len(), f.duration_ms)).map_err(|e| e.code);
        self.note(RUN, command.len(), &noted);
        Ok(answer.map(Into::into).map_err(Into::into))
    }

    async fn commit(
        &mut self,
        message: String,
        paths: Vec<String>,
    ) -> Result<std::result::Result<api::Committed, wit::types::Error>> {
        self.enter()?;
        let noted = (message.len(), paths.clone());
        let answer = self.make_commit(&message, paths).await;
        self.note(COMMIT, noted, &answer.as_ref().map(|c| &c.id).map_err(|e| e.code));
        Ok(answer.map(|c| api::Committed { id: c.id, output: c.output }).map_err(Into::into))
    }
}

impl Context {
    async fn make_commit(&mut self, message: &str, paths: Vec<String>) -> std::result::Result<Committed, PortError> {
        let (process, scope) = self.access.process()?;
        self.admit(GIT_COMMIT, &scope)?;
        if message.trim().is_empty() {
            return Err(PortError::new(ErrorCode::Invalid, "there is no message"));
        }
        if message.len() > MAX_MESSAGE {
            let text = format!("the message has {} bytes, at most {MAX_MESSAGE} are allowed", message.len());
            return Err(PortError::new(ErrorCode::TooLarge, text));
        }
        let committed = process.commit(message, paths).await?;
        self.hand_over(committed.output.len())?;
        Ok(committed)
    }

    /// Is it within the scope, and not one too many?
    fn admit(&mut self, command: &str, scope: &[String]) -> std::result::Result<(), PortError> {
        // Where it runs does not matter for what it is.
        if !Line::parse(command, Path::new("/"), Path::new("/")).is_within(scope) {
            return Err(PortError::new(ErrorCode::Denied, format!("the plugin may only ask for: {}", scope.join(", "))));
        }
        self.commands += 1;
        if self.commands > MAX_COMMANDS {
            return Err(PortError::new(ErrorCode::Exhausted, format!("{MAX_COMMANDS} commands may be run in one call")));
        }
        Ok(())
    }

    async fn run_command(&mut self, command: &str, options: &api::Options) -> std::result::Result<Finished, PortError> {
        let error = |code, text: String| Err(PortError::new(code, text));
        let (process, scope) = self.access.process()?;
        if command.trim().is_empty() {
            return error(ErrorCode::Invalid, "there is no command".into());
        }
        if command.len() > MAX_COMMAND {
            return error(
                ErrorCode::TooLarge,
                format!("the command has {} bytes, at most {MAX_COMMAND} are allowed", command.len()),
            );
        }
        let timeout_s = options.timeout_s.unwrap_or(SECONDS);
        if !(1..=MAX_RUN_SECONDS).contains(&timeout_s) {
            return error(ErrorCode::Invalid, format!("a command may take 1 to {MAX_RUN_SECONDS} seconds"));
        }
        self.admit(command, &scope)?;
        let finished = process.run(command, RunOptions { timeout_s, network: options.network }).await?;
        self.hand_over(finished.output.len())?;
        Ok(finished)
    }
}

impl From<Finished> for api::Finished {
    fn from(f: Finished) -> Self {
        let Finished { exit, output, omitted, timed_out, duration_ms, confinement } = f;
        Self { exit, output, omitted, timed_out, duration_ms, confinement }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Access;
    use crate::limits::Limits;
    use kairos_core::Rights;
    use kairos_core::ports::{PortResult, Process};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    #[derive(Default)]
    struct Recorder(Mutex<Vec<(String, RunOptions)>>);

    #[async_trait::async_trait]
    impl Process for Recorder {
        fn patience(&self) -> Duration {
            Duration::ZERO
        }
        async fn run(&self, command: &str, options: RunOptions) -> PortResult<Finished> {
            self.0.lock().unwrap().push((command.into(), options));
            let (output, confinement) = (String::new(), String::new());
            Ok(Finished { exit: 0, output, omitted: 0, timed_out: false, duration_ms: 0, confinement })
        }
        async fn commit(&self, message: &str, paths: Vec<String>) -> PortResult<Committed> {
            let command = format!("commit {message} {}", paths.join(" "));
            self.0.lock().unwrap().push((command, RunOptions { timeout_s: 0, network: false }));
            Ok(Committed { id: String::new(), output: String::new() })
        }
    }

    /// What became of each, and what was run.
    async fn ask(scope: &[&str], with: bool, commands: &[(&str, Option<u32>)]) -> (Vec<Option<ErrorCode>>, Vec<String>) {
        let recorder = Arc::new(Recorder::default());
        let access = if with { Access::none("x").with_process(recorder.clone()) } else { Access::none("x") };
        let process = scope.iter().map(ToString::to_string).collect();
        access.set_rights(&Rights { process, ..Rights::default() });
        let mut context = Context::new(access, Arc::new(Limits::default()));
        let mut codes = Vec::new();
        for (command, timeout_s) in commands {
            let options = api::Options { timeout_s: *timeout_s, network: false };
            codes.push(context.run_command(command, &options).await.err().map(|e| e.code));
        }
        let ran = recorder.0.lock().unwrap().iter().map(|(command, o)| format!("{command} {}", o.timeout_s)).collect();
        (codes, ran)
    }

    #[tokio::test]
    async fn only_what_is_granted_is_asked_for() {
        let denied = Some(ErrorCode::Denied);
        assert_eq!(ask(&[], true, &[("ls", None)]).await, (vec![denied], vec![]));
        assert_eq!(ask(&["*"], false, &[("ls", None)]).await, (vec![denied], vec![]));
        let commands = [("git status", None), ("git status; rm x", None), ("git log $(id)", None), ("rm x", Some(1))];
        let (codes, ran) = ask(&["git *"], true, &commands).await;
        assert_eq!((codes, ran), (vec![None, denied, denied, denied], vec!["git status 120".to_string()]));
    }

    #[tokio::test]
    async fn commits_count_as_commands() {
        let recorder = Arc::new(Recorder::default());
        let context = |scope: &str| {
            let access = Access::none("x").with_process(recorder.clone());
            access.set_rights(&Rights { process: vec![scope.into()], ..Rights::default() });
            Context::new(access, Arc::new(Limits::default()))
        };
        for (scope, message, expected) in [
            ("git status *", "m", Some(ErrorCode::Denied)),
            ("git commit", "m", None),
            ("git *", " \n", Some(ErrorCode::Invalid)),
            ("*", &"m".repeat(MAX_MESSAGE + 1), Some(ErrorCode::TooLarge)),
        ] {
            let made = context(scope).make_commit(message, vec!["a".into()]).await;
            assert_eq!(made.err().map(|e| e.code), expected, "{scope}");
        }
        let mut one = context("git commit *");
        for n in 0..=MAX_COMMANDS {
            assert_eq!(one.make_commit("m", vec![]).await.is_ok(), n < MAX_COMMANDS);
        }
        assert_eq!(recorder.0.lock().unwrap().len() as u32, 1 + MAX_COMMANDS);
    }

    #[tokio::test]
    async fn commands_have_bounds() {
        let long = "a".repeat(MAX_COMMAND + 1);
        let commands = [
            (" ", None),
            (&long, None),
            ("ls", Some(0)),
            ("ls", Some(601)),
            ("ls", Some(600)),
            ("ls", None),
            ("ls", None),
            ("ls", None),
            ("ls", None),
        ];
        let (codes, ran) = ask(&["*"], true, &commands).await;
        let invalid = Some(ErrorCode::Invalid);
        let refused = [invalid, Some(ErrorCode::TooLarge), invalid, invalid];
        assert_eq!(codes, [&refused[..], &[None; 4], &[Some(ErrorCode::Exhausted)]].concat());
        assert_eq!(ran.len(), 4);
    }
}
