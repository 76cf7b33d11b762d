//! Sessions of Claude Code: `~/.claude/projects/<project>/*.jsonl`, one JSON object a line, as its users and open tools describe
//! it. The format is nobody's promise: whatever is not understood is counted and passed over.

use super::known::HeardOf;
use super::own_words::own_words;
use super::tool::{self, Call, texts};
use super::{Import, Source, Summary, Watcher, sources};
use crate::transcript::{New, Reason, Result, Transcripts};
use jiff::Timestamp;
use kairos_core::Millis;
use kairos_core::memory::Origin;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// Who noticed it, in what is stored.
pub(super) const SOURCE: &str = "claude-code";
/// Calls whose results are awaited at once; a session that crashed leaves some behind.
const MAX_CALLS: usize = 1000;

/// Imports a session, or all sessions in a folder. What the user typed is his word; what the model wrote, the model's; a command
/// is a program's, unless all it does is show files or pages ([`origin_of_command`](super::super::origin_of_command)); what was
/// read is a file's or the web's. Thoughts, summaries and what programs put into the user's messages are left out, as is what a
/// resumed session repeats of another. Folders are told relative to `project` where they lie in it. Running it again stores only
/// what is new.
pub fn claude(place: &Path, project: Option<&Path>, transcripts: &Transcripts, watch: Watcher<'_>) -> Result<Summary> {
    let files = sources(place, &[".jsonl"])?;
    let mut import = Import::new(transcripts, &files, watch)?;
    let (mut seen, mut known) = (HashSet::new(), HeardOf::default());
    for source in &files {
        let mut session = Session { source, project, time: None, calls: HashMap::new(), seen: &mut seen, known: &mut known };
        import.lines(source, |import, at, line| {
            import.summary.read += 1;
            if line.trim_ascii().is_empty() {
                return Ok(());
            }
            match std::str::from_utf8(line).map(serde_json::from_str::<Value>) {
                Ok(Ok(entry)) if entry.is_object() => session.entry(import, &entry),
                Ok(_) => import.summary.damage.add(&source.path, at, Reason::NoObservation),
                Err(_) => import.summary.damage.add(&source.path, at, Reason::NotUtf8),
            }
        })?;
    }
    import.finish()
}

struct Session<'a> {
    source: &'a Source,
    project: Option<&'a Path>,
    /// Of the entry before: one without a time happened then.
    time: Option<Millis>,
    calls: HashMap<String, Call>,
    /// What was said when, whatever the session.
    seen: &'a mut HashSet<u64>,
    /// What the hook told at the time.
    known: &'a mut HeardOf,
}

impl Session<'_> {
    fn entry(&mut self, import: &mut Import<'_>, entry: &Value) -> Result<()> {
        if let Some(time) = entry["timestamp"].as_str().and_then(|time| time.parse::<Timestamp>().ok()) {
            self.time = u64::try_from(time.as_millisecond()).ok().or(self.time);
        }
        let flag = |name: &str| entry[name].as_bool() == Some(true);
        match entry["type"].as_str() {
            Some("user" | "assistant") if flag("isMeta") || flag("isCompactSummary") || flag("isVisibleInTranscriptOnly") => {
                import.skip("the program's own words");
                Ok(())
            }
            Some("user") => self.user(import, entry),
            Some("assistant") => self.assistant(import, entry),
            // What the user typed while the model was at work.
            Some("attachment")
                if entry["attachment"]["type"] == "queued_command" && entry["attachment"]["commandMode"] == "prompt" =>
            {
                self.typed(import, entry, &entry["attachment"]["prompt"])
            }
            Some("queue-operation") if entry["operation"] == "remove" => self.typed(import, entry, &entry["content"]),
            Some("summary" | "system") => {
                import.skip("the program's own words");
                Ok(())
            }
            _ => {
                import.skip("an entry of another kind");
                Ok(())
            }
        }
    }

    fn user(&mut self, import: &mut Import<'_>, entry: &Value) -> Result<()> {
        let content = &entry["message"]["content"];
        let blocks = content.as_array().map_or(&[][..], Vec::as_slice);
        let mut results = false;
        for block in blocks.iter().filter(|block| block["type"] == "tool_result") {
            results = true;
            let call = block["tool_use_id"].as_str().and_then(|id| self.calls.remove(id));
            let Some(call) = call else {
                import.skip("a result without its call");
                continue;
            };
            let Some(base) = self.base(import, entry) else { continue };
            let base = match self.folder(entry) {
                Some(folder) => base.with("folder", folder),
                None => base,
            };
            let about = entry.get("toolUseResult").unwrap_or(&entry["tool_use_result"]);
            match tool::result(call, block, about, base) {
                Ok(new) => self.add(import, new)?,
                Err(reason) => import.skip(reason),
            }
        }
        // Text beside a result is the program's.
        if results {
            return Ok(());
        }
        if blocks.iter().any(|block| block["type"] == "image" || block["type"] == "document") {
            import.skip("a picture or document");
        }
        self.typed(import, entry, content)
    }

    fn typed(&mut self, import: &mut Import<'_>, entry: &Value, content: &Value) -> Result<()> {
        let words: Vec<String> = texts(content).into_iter().filter_map(own_words).collect();
        if words.is_empty() {
            import.skip("the program's own words");
            return Ok(());
        }
        let Some(base) = self.base(import, entry) else { return Ok(()) };
        // In a side chain the model speaks to an agent of its own.
        let (origin, speaker) =
            if entry["isSidechain"].as_bool() == Some(true) { (Origin::Model, "assistant") } else { (Origin::User, "user") };
        self.add(import, New { origin, kind: "message".into(), text: words.join("\n\n"), ..base }.with("speaker", speaker))
    }

    fn assistant(&mut self, import: &mut Import<'_>, entry: &Value) -> Result<()> {
        if entry["isApiErrorMessage"].as_bool() == Some(true) || entry["message"]["model"] == "<synthetic>" {
            import.skip("the program's own words");
            return Ok(());
        }
        let content = &entry["message"]["content"];
        for block in content.as_array().map_or(&[][..], Vec::as_slice) {
            match block["type"].as_str() {
                Some("text") => {}
                Some("tool_use") => {
                    if let Some(id) = block["id"].as_str() {
                        if self.calls.len() >= MAX_CALLS {
                            self.calls.clear();
                        }
                        self.calls.insert(id.into(), tool::call(block));
                    }
                }
                Some("thinking" | "redacted_thinking") => import.skip("a thought"),
                _ => import.skip("an entry of another kind"),
            }
        }
        for text in texts(content).into_iter().filter(|text| !text.trim().is_empty()) {
            let Some(base) = self.base(import, entry) else { continue };
            let new = New { origin: Origin::Model, kind: "message".into(), text: text.trim().into(), ..base };
            self.add(import, new.with("speaker", "assistant"))?;
        }
        Ok(())
    }

    /// What all observations of an entry have in common.
    fn base(&self, import: &mut Import<'_>, entry: &Value) -> Option<New> {
        let Some(time) = self.time else {
            import.skip("an entry without a time");
            return None;
        };
        let stem = self.source.name.rsplit('/').next().unwrap_or_default().trim_end_matches(".jsonl");
        let session = entry["sessionId"].as_str().unwrap_or(stem).to_string();
        let (kind, text) = Default::default();
        Some(New { time, source: SOURCE.into(), session, origin: Origin::Model, kind, attributes: vec![], text })
    }

    fn folder(&self, entry: &Value) -> Option<String> {
        let folder = entry["cwd"].as_str()?;
        let within = self.project.and_then(|project| Path::new(folder).strip_prefix(project).ok());
        Some(within.map_or_else(|| folder.into(), |within| within.to_string_lossy().into_owned()))
    }

    fn add(&mut self, import: &mut Import<'_>, new: New) -> Result<()> {
        if self.known.holds(import.transcripts, &new)? {
            import.skip("heard through the hook when it happened");
            return Ok(());
        }
        let mut hash = DefaultHasher::new();
        (new.time, &new.kind, &new.text).hash(&mut hash);
        if self.seen.insert(hash.finish()) {
            import.add(new)
        } else {
            import.skip("repeated from another session");
            Ok(())
        }
    }
}
