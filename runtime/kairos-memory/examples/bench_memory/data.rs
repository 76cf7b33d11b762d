//! The data sets, read into conversations with questions. What does not fit the format is an error; what is absent is skipped.

use anyhow::{Context, Result};
use jiff::civil::Date;
use kairos_memory::recall::{Index, Table, Turn, TurnId, dates_in};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

/// One conversation, indexed, with the questions on it.
pub struct Conversation {
    pub set: &'static str,
    pub name: String,
    pub index: Index,
    /// Speaker and text of each turn, for the baseline.
    pub texts: Vec<String>,
    /// The session of each turn.
    pub sessions: Vec<u32>,
    /// The speaker that "I" means.
    pub asker: Option<&'static str>,
    pub questions: Vec<Question>,
}

/// A question with the turns that answer it.
pub struct Question {
    pub text: String,
    pub kind: String,
    pub evidence: Vec<TurnId>,
    /// What the audit of the labels names instead, where it names anything.
    pub audited: Option<Vec<TurnId>>,
}

impl Conversation {
    fn new(set: &'static str, name: String, asker: Option<&'static str>, table: Option<&Arc<Table>>) -> Self {
        let index = table.map_or_else(Index::new, |table| Index::with_table(table.clone()));
        Self { set, name, index, texts: vec![], sessions: vec![], asker, questions: vec![] }
    }

    fn add(&mut self, session: &str, speaker: &str, day: Option<Date>, text: &str) -> TurnId {
        let id = self.index.add(Turn { session, speaker, day, text });
        self.texts.push(format!("{speaker}: {text}"));
        self.sessions.extend(self.index.session_of(id));
        id
    }
}

fn read(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}: not readable", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}: not JSON", path.display()))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// LoCoMo: a turn is one utterance, its image's caption with it. Counts evidence ids that name no turn.
pub fn locomo(file: &Path, audit: Option<&Path>, table: Option<&Arc<Table>>, lost: &mut usize) -> Result<Vec<Conversation>> {
    let corrections: HashMap<String, Vec<String>> = match audit {
        Some(path) => list(&read(path)?)
            .filter(|e| e["correct_evidence"] != e["cited_evidence"] && list(&e["correct_evidence"]).next().is_some())
            .map(|e| (text(&e["question_id"]).to_owned(), list(&e["correct_evidence"]).map(|id| text(id).to_owned()).collect()))
            .collect(),
        None => HashMap::new(),
    };
    let mut out = vec![];
    for (number, sample) in list(&read(file)?).enumerate() {
        let mut conversation = Conversation::new("locomo", text(&sample["sample_id"]).to_owned(), None, table);
        let mut ids: HashMap<String, TurnId> = HashMap::new();
        for session in 1.. {
            let key = format!("session_{session}");
            let Some(turns) = sample["conversation"].get(&key) else { break };
            let said = text(&sample["conversation"][format!("{key}_date_time")]);
            let day = dates_in(said, Date::MAX).first().map(|days| days.first);
            for turn in list(turns) {
                let words = match turn.get("blip_caption") {
                    Some(caption) => format!("{}\n{}", text(&turn["text"]), text(caption)),
                    None => text(&turn["text"]).to_owned(),
                };
                let id = conversation.add(&key, text(&turn["speaker"]), day, &words);
                ids.insert(text(&turn["dia_id"]).to_owned(), id);
            }
        }
        for (at, qa) in list(&sample["qa"]).enumerate() {
            let mut find = |cited: &str| -> Vec<TurnId> {
                let found = cited.split([';', ' ']).filter(|id| !id.is_empty()).map(|id| ids.get(id).copied());
                found.inspect(|id| *lost += usize::from(id.is_none())).flatten().collect()
            };
            let evidence: BTreeSet<TurnId> = list(&qa["evidence"]).flat_map(|id| find(text(id))).collect();
            let audited = corrections
                .get(&format!("locomo_{number}_qa{at}"))
                .map(|cited| cited.iter().flat_map(|id| ids.get(id).copied()).collect::<Vec<_>>())
                .filter(|cited| !cited.is_empty());
            if evidence.is_empty() {
                continue;
            }
            conversation.questions.push(Question {
                text: text(&qa["question"]).to_owned(),
                kind: format!("category {}", qa["category"]),
                evidence: evidence.into_iter().collect(),
                audited,
            });
        }
        out.push(conversation);
    }
    Ok(out)
}

/// BEAM: a turn is one message, a session one batch of the chat. The set's own index mark at the end of a message is cut off.
pub fn beam(folder: &Path, table: Option<&Arc<Table>>) -> Result<Vec<Conversation>> {
    let mut chats: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    chats.sort_by_key(|chat| chat.file_name().to_string_lossy().parse::<u32>().unwrap_or(u32::MAX));
    let mut out = vec![];
    for chat in chats {
        let mut conversation = Conversation::new("beam", chat.file_name().to_string_lossy().into_owned(), Some("user"), table);
        let mut ids: HashMap<u64, TurnId> = HashMap::new();
        let mut day = None;
        for batch in list(&read(&chat.path().join("chat.json"))?) {
            for message in list(&batch["turns"]).flat_map(list) {
                if let Some(anchor) = dates_in(&text(&message["time_anchor"]).replace('-', " "), Date::MAX).first() {
                    day = Some(anchor.first);
                }
                let content = text(&message["content"]);
                let content = content.rsplit_once("->->").map_or(content, |(words, _)| words);
                let id = conversation.add(&batch["batch_number"].to_string(), text(&message["role"]), day, content);
                ids.extend(message["id"].as_u64().map(|number| (number, id)));
            }
        }
        let probes = read(&chat.path().join("probing_questions.json"))?;
        for (kind, questions) in probes.as_object().into_iter().flatten() {
            for question in list(questions) {
                let mut evidence = BTreeSet::new();
                numbers(&question["source_chat_ids"], &mut |id| evidence.extend(ids.get(&id).copied()));
                if !evidence.is_empty() {
                    let text = text(&question["question"]).to_owned();
                    let evidence = evidence.into_iter().collect();
                    conversation.questions.push(Question { text, kind: kind.clone(), evidence, audited: None });
                }
            }
        }
        out.push(conversation);
    }
    Ok(out)
}

/// Every number in a nest of lists and objects.
fn numbers(value: &Value, take: &mut impl FnMut(u64)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| numbers(item, take)),
        Value::Object(fields) => fields.values().for_each(|field| numbers(field, take)),
        other => other.as_u64().into_iter().for_each(take),
    }
}
