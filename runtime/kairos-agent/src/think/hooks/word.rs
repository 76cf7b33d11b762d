//! What a hook says, by its exit code and its output.

use kairos_exec::HookRun;
use serde_json::Value;

/// Most bytes of a reason.
const MAX_REASON: usize = 4 << 10;
/// Most bytes of what one hook adds.
const MAX_CONTEXT: usize = 10_000;

/// What hooks say of a step.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// It is not to be done, and why.
    pub(super) block: Option<String>,
    /// The user is to be asked, and why.
    pub(super) ask: Option<String>,
    /// It need not be asked about for want of a rule.
    pub(super) allow: bool,
    /// For the model.
    pub(super) context: Vec<String>,
}

impl Word {
    /// The stricter counts; what is added is added.
    pub(super) fn and(self, other: Self) -> Self {
        let mut context = self.context;
        context.extend(other.context);
        Self { block: self.block.or(other.block), ask: self.ask.or(other.ask), allow: self.allow || other.allow, context }
    }

    /// Exit code 2 forbids, with the reason on its standard error; 0 may say more in JSON; any other counts for nothing, and that is the
    /// error.
    pub(super) fn of(ran: &HookRun, event: &str) -> Result<Self, String> {
        match ran.code {
            _ if ran.timed_out => Err("its time was up".into()),
            Some(2) => Ok(Self { block: Some(reason(&ran.stderr)), ..Self::default() }),
            Some(0) => Self::said(ran.stdout.trim(), event),
            Some(code) => Err(format!("it ended with {code}: {}", reason(&ran.stderr))),
            None => Err("it was ended by a signal".into()),
        }
    }

    fn said(text: &str, event: &str) -> Result<Self, String> {
        if !text.starts_with('{') {
            let adds = matches!(event, "UserPromptSubmit" | "SessionStart") && !text.is_empty();
            return Ok(Self { context: adds.then(|| cut(text, MAX_CONTEXT)).into_iter().collect(), ..Self::default() });
        }
        let said: Value = serde_json::from_str(text).map_err(|e| format!("what it printed is no JSON: {e}"))?;
        let specific = &said["hookSpecificOutput"];
        let words = |value: &Value| reason(value.as_str().unwrap_or_default());
        let mut word = Self::default();
        match specific["permissionDecision"].as_str().or(said["decision"].as_str()) {
            Some("deny" | "block") => {
                let why = [&specific["permissionDecisionReason"], &said["reason"]];
                word.block = Some(words(why.into_iter().find(|why| why.is_string()).unwrap_or(&Value::Null)));
            }
            Some("ask") => word.ask = Some(words(&specific["permissionDecisionReason"])),
            Some("allow" | "approve") => word.allow = true,
            Some(other) => return Err(format!("`{other}` is no decision; allow, deny and ask are")),
            None => {}
        }
        if said["continue"] == false {
            word.block = word.block.or_else(|| Some(words(&said["stopReason"])));
        }
        // What it allows is not what would be done.
        if specific["updatedInput"].is_object() {
            word.block = word.block.or_else(|| Some("it wants the input changed, which is not done here".into()));
        }
        let context = specific["additionalContext"].as_str().map(str::trim).filter(|text| !text.is_empty());
        word.context.extend(context.map(|text| cut(text, MAX_CONTEXT)));
        Ok(word)
    }
}

fn reason(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() { "it gives no reason".into() } else { cut(text, MAX_REASON) }
}

fn cut(text: &str, most: usize) -> String {
    text[..text.floor_char_boundary(most)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: i32, stdout: &str, stderr: &str) -> Result<Word, String> {
        let ran = HookRun { code: Some(code), stdout: stdout.into(), stderr: stderr.into(), timed_out: false };
        Word::of(&ran, "PreToolUse")
    }

    #[test]
    fn two_forbids_and_json_says_more() {
        assert_eq!(of(2, "", " no edits\n").unwrap().block.as_deref(), Some("no edits"));
        assert!(of(1, "", "boom").unwrap_err().contains("boom"));
        assert_eq!(of(0, "just talk", "").unwrap(), Word::default());
        let decided = |decision: &str| {
            let json =
                format!(r#"{{"hookSpecificOutput": {{"permissionDecision": "{decision}", "permissionDecisionReason": "r"}}}}"#);
            of(0, &json, "")
        };
        assert_eq!(decided("deny").unwrap().block.as_deref(), Some("r"));
        assert_eq!(decided("ask").unwrap().ask.as_deref(), Some("r"));
        assert!(decided("allow").unwrap().allow && decided("maybe").is_err());
        assert!(of(0, r#"{"continue": false}"#, "").unwrap().block.is_some());
        assert!(
            of(0, r#"{"hookSpecificOutput": {"permissionDecision": "allow", "updatedInput": {}}}"#, "").unwrap().block.is_some()
        );
        assert!(of(0, "{broken", "").is_err());
        let long = format!(r#"{{"hookSpecificOutput": {{"additionalContext": "{}"}}}}"#, "é".repeat(20_000));
        assert_eq!(of(0, &long, "").unwrap().context[0].len(), MAX_CONTEXT);
        let both = decided("allow").unwrap().and(decided("deny").unwrap());
        assert!(both.block.is_some());
    }

    #[test]
    fn only_prompts_and_beginnings_take_plain_words() {
        let ran = HookRun { code: Some(0), stdout: "on branch x\n".into(), ..HookRun::default() };
        assert_eq!(Word::of(&ran, "UserPromptSubmit").unwrap().context, ["on branch x"]);
        assert!(Word::of(&ran, "Stop").unwrap().context.is_empty());
        assert!(Word::of(&HookRun { timed_out: true, ..ran }, "Stop").is_err());
    }
}
