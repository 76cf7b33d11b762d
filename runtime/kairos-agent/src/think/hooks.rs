//! The user's hooks in our own turns: commands of his that are told what happens, may forbid it, and may add to what the model knows.
//! What they say is data to the model, and what a rule forbids they can't allow.

mod names;
mod word;

use super::effects::Effects;
use futures_util::future::join_all;
use kairos_api::Leaving;
use kairos_core::config::Config;
use kairos_core::model::{Call, Part};
use kairos_exec::run_hook;
use kairos_permit::{Decision, Hook, Hooks, Mode, Place, Verdict};
use kairos_project::Project;
use kairos_turn::Outcome;
use serde_json::{Value, json};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use word::Word;

/// How the model is told whose words these are.
const SOURCE: &str = "a hook of the user's";

/// The hooks of one turn.
pub(super) struct Hooked {
    hooks: Hooks,
    root: PathBuf,
    session: String,
    mode: &'static str,
    /// Variables that hold keys by the settings.
    keys: Vec<String>,
    now: Mutex<Now>,
}

/// The call that is being carried out. One that changes something is carried out alone; of several at a time nothing is known.
#[derive(Default)]
struct Now {
    /// As hooks know it.
    tool: String,
    /// A hook allowed it.
    allows: bool,
}

impl Hooked {
    /// Those that hold in a project now. Reads files.
    pub(super) fn load(view: &Project, config: &Config, home: &Path, session: &str, mode: Mode) -> Self {
        // As with rules: what a project's own files want run may come from a stranger.
        let (hooks, problems) = Hooks::load(Place { project: view.root(), home, trusted: false });
        problems.iter().for_each(|problem| tracing::warn!("hooks: {problem}"));
        let mode = match mode {
            Mode::Default => "default",
            Mode::AcceptEdits => "acceptEdits",
            Mode::Plan => "plan",
            Mode::DontAsk => "dontAsk",
        };
        let keys = config.text("model.key").strip_prefix("env:").map(str::to_owned).into_iter().collect();
        let (root, session) = (view.root().to_path_buf(), session.to_owned());
        Self { hooks, root, session, mode, keys, now: Mutex::default() }
    }

    /// Does a hook allow what is being carried out now?
    pub(super) fn allows(&self) -> bool {
        self.now().allows
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Before a tool has an effect that its name does not tell of; `tool` is what hooks would call it.
    ///
    /// # Errors
    /// A hook forbids it: why. One that wants the user asked forbids it, too.
    pub(super) async fn before_effect(&self, tool: &str, input: Value) -> Result<(), String> {
        let known = self.now().tool.clone();
        if known == tool || (tool == "Edit" && known == "Write") {
            return Ok(());
        }
        let word = self.fire("PreToolUse", tool, json!({"tool_name": tool, "tool_input": input, "tool_use_id": ""})).await;
        match word.block.or(word.ask) {
            Some(why) => Err(format!("{SOURCE} does not let this be done: {why}")),
            None => Ok(()),
        }
    }

    /// Before the user's words are said; what hooks add to them.
    ///
    /// # Errors
    /// A hook forbids it: why.
    pub(super) async fn before_prompt(&self, text: &str, first: bool) -> Result<Vec<Part>, String> {
        let mut added = Vec::new();
        if first {
            added = self.fire("SessionStart", "startup", json!({"source": "startup"})).await.context;
        }
        let word = self.fire("UserPromptSubmit", "", json!({"prompt": text})).await;
        if let Some(why) = word.block {
            return Err(format!("a hook of yours stopped this: {why}"));
        }
        added.extend(word.context);
        Ok(added.into_iter().map(data).collect())
    }

    /// When the model has said all; what is to be said to it, where a hook wants it to go on. `again`: one wanted that before.
    pub(super) async fn before_end(&self, said: &str, again: bool) -> Option<Vec<Part>> {
        let input = json!({"stop_hook_active": again, "last_assistant_message": said});
        let why = self.fire("Stop", "", input).await.block?;
        Some(vec![Part::Text("You are not done yet: a hook of the user's wants more. It says:".into()), data(why)])
    }

    /// Before a conversation is summed up: because the user wants it (`manual`), with what he says of that, or because it grew (`auto`).
    ///
    /// # Errors
    /// A hook forbids it: why.
    pub(super) async fn before_compact(&self, trigger: &str, wish: &str) -> Result<(), String> {
        let word = self.fire("PreCompact", trigger, json!({"trigger": trigger, "custom_instructions": wish})).await;
        word.block.map_or(Ok(()), |why| Err(format!("a hook of yours stopped this: {why}")))
    }

    /// The user has left the conversation.
    pub(super) async fn at_end(&self, why: Leaving) {
        let reason = match why {
            Leaving::New => "clear",
            Leaving::Resume => "resume",
            Leaving::Exit => "prompt_input_exit",
            Leaving::Other => "other",
        };
        self.fire("SessionEnd", reason, json!({"reason": reason})).await;
    }

    /// The user is asked for something; nobody waits for these hooks.
    pub(super) fn notify(self: &Arc<Self>, message: String) {
        if self.hooks.of("Notification", "permission_prompt").is_empty() {
            return;
        }
        let hooks = self.clone();
        tokio::spawn(async move {
            let input = json!({"message": message, "title": "kairos-run", "notification_type": "permission_prompt"});
            hooks.fire("Notification", "permission_prompt", input).await;
        });
    }

    /// Tells all hooks of an event, at the same time, and puts together what they say.
    async fn fire(&self, event: &str, subject: &str, about: Value) -> Word {
        let hooks = self.hooks.of(event, subject);
        if hooks.is_empty() {
            return Word::default();
        }
        let mut input = json!({
            "session_id": self.session, "transcript_path": "", "cwd": self.root, "permission_mode": self.mode, "hook_event_name": event,
        });
        if let (Some(all), Value::Object(about)) = (input.as_object_mut(), about) {
            all.extend(about);
        }
        let input = input.to_string().into_bytes();
        let words = join_all(hooks.into_iter().map(|hook| self.run(hook, event, input.clone()))).await;
        words.into_iter().fold(Word::default(), Word::and)
    }

    async fn run(&self, hook: &Hook, event: &str, input: Vec<u8>) -> Word {
        if hook.detached {
            let (command, root, timeout, keys) = (hook.command.clone(), self.root.clone(), hook.timeout, self.keys.clone());
            tokio::spawn(async move { run_hook(&command, &root, input, timeout, &keys).await });
            return Word::default();
        }
        let ran = run_hook(&hook.command, &self.root, input, hook.timeout, &self.keys).await;
        let said = match ran {
            Ok(ran) => Word::of(&ran, event),
            Err(e) => Err(format!("it can't be started: {e}")),
        };
        said.unwrap_or_else(|why| {
            tracing::warn!("the {event} hook `{}` ({}) counts for nothing: {why}", hook.command, hook.file);
            Word::default()
        })
    }
}

impl Effects {
    /// Carries a call out as the user's hooks want it. `alone`: no other call is carried out at the same time.
    pub(super) async fn around(&self, call: &Call, alone: bool, work: impl Future<Output = Outcome>) -> Outcome {
        let hooks = &self.hooks;
        if hooks.hooks.is_empty() {
            return work.await;
        }
        let (tool, input) = names::known(call, &hooks.root);
        let about = json!({"tool_name": tool, "tool_input": input, "tool_use_id": call.id});
        let before = hooks.fire("PreToolUse", &tool, about.clone()).await;
        if let Some(why) = before.block {
            return Outcome::error(format!("{SOURCE} does not let this be done: {why}"));
        }
        if let Some(why) = &before.ask {
            let verdict = Verdict { decision: Decision::Ask, by: None, why: format!("{SOURCE}: {why}").into() };
            let (action, shown) = (format!("call {}", call.name), format!("{} {:#}\n", call.name, call.input));
            if let Err(e) = self.permit(Some(verdict), [format!("{} {}", call.name, call.input)].into(), action, &shown).await {
                return Outcome::error(e.message);
            }
        }
        // Who was asked about all of it is not asked again about a part.
        if alone {
            *hooks.now() = Now { tool: tool.clone(), allows: before.allow || before.ask.is_some() };
        }
        let outcome = work.await;
        *hooks.now() = Now::default();
        let after = hooks.fire(if outcome.is_error { "PostToolUseFailure" } else { "PostToolUse" }, &tool, {
            let mut about = about;
            match outcome.is_error {
                true => about["error"] = outcome.text.clone().into(),
                false => about["tool_response"] = names::response(&tool, &outcome.text),
            }
            about
        });
        let after = after.await;
        let said = before.context.into_iter().chain(after.block).chain(after.context);
        // In front, since what is long is cut at its end.
        let notes: String = said.map(|text| format!("[{SOURCE} says: {text}]\n")).collect();
        Outcome { text: notes + &outcome.text, ..outcome }
    }
}

fn data(text: String) -> Part {
    Part::Untrusted { source: SOURCE.into(), text }
}
