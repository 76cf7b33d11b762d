//! The data sets, read into conversations with questions. What does not fit the format is an error; what is absent is skipped.

use super::BenchError;
use super::files::{json, list, name, named, string};
use crate::recall::{Index, Table, Turn, TurnId, dates_in};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kairos_core::memory::{Observation, Origin};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The sets' names.
pub const LOCOMO: &str = "LoCoMo";
/// BEAM's chats of 100,000 tokens.
pub const BEAM: &str = "BEAM";

/// One conversation with the questions on it.
#[derive(Debug)]
pub struct Conversation {
    /// [`LOCOMO`] or [`BEAM`].
    pub set: &'static str,
    /// The set's own name for it.
    pub name: String,
    /// What was said, in order.
    pub turns: Vec<Said>,
    /// The speaker that "I" means.
    pub asker: Option<&'static str>,
    /// What is asked.
    pub questions: Vec<Question>,
    /// Turns labelled to contradict each other, either side.
    pub contradictions: Vec<(Vec<TurnId>, Vec<TurnId>)>,
}

/// One turn.
#[derive(Debug)]
pub struct Said {
    /// 0 for the first session, and so on.
    pub session: u32,
    /// Who said it.
    pub speaker: String,
    /// When.
    pub day: Option<Date>,
    /// What.
    pub text: String,
}

/// A question with the turns that answer it.
#[derive(Debug)]
pub struct Question {
    /// The words.
    pub text: String,
    /// The set's own name for its kind.
    pub kind: String,
    /// As labelled.
    pub evidence: Vec<TurnId>,
    /// What the audit of the labels names instead, where it names anything.
    pub audited: Option<Vec<TurnId>>,
}

impl Conversation {
    fn new(set: &'static str, name: &str, asker: Option<&'static str>) -> Self {
        Self { set, name: name.to_owned(), turns: vec![], asker, questions: vec![], contradictions: vec![] }
    }

    fn add(&mut self, session: u32, speaker: &str, day: Option<Date>, text: &str) -> TurnId {
        self.turns.push(Said { session, speaker: speaker.to_owned(), day, text: text.to_owned() });
        TurnId::try_from(self.turns.len() - 1).unwrap_or(TurnId::MAX)
    }

    /// All of it in memory.
    pub fn index(&self, table: Option<&Arc<Table>>) -> Index {
        let mut index = table.map_or_else(Index::new, |table| Index::with_table(table.clone()));
        for turn in &self.turns {
            let session = turn.session.to_string();
            index.add(Turn { session: &session, speaker: &turn.speaker, day: turn.day, text: &turn.text });
        }
        index
    }
}

impl Said {
    /// As it would stand in a transcript, at noon of its day.
    pub fn observation(&self, number: TurnId) -> Observation {
        let noon = self.day.and_then(|day| day.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).ok());
        let noon = noon.and_then(|noon| u64::try_from(noon.timestamp().as_millisecond()).ok());
        Observation {
            id: number.to_string(),
            time: noon.unwrap_or(0) + u64::from(number),
            source: "bench".into(),
            session: self.session.to_string(),
            origin: Origin::User,
            kind: "message".into(),
            attributes: vec![("speaker".into(), self.speaker.clone())],
            hash: String::new(),
            text: self.text.clone(),
        }
    }
}

/// Every set that `data` holds; what is missing is named in `skipped`.
///
/// # Errors
/// Where a file is there and can't be read.
pub fn load(data: &Path, skipped: &mut Vec<String>) -> Result<Vec<Conversation>, BenchError> {
    let mut out = vec![];
    let folder = data.join("locomo");
    let found = named(&folder, "locomo", ".json")?;
    if found.is_empty() {
        skipped.push(format!("LoCoMo: no {}", folder.join("locomo*.json").display()));
    }
    for file in found {
        let audit = file.with_file_name(name(&file).replacen("locomo", "audit_errors", 1));
        out.extend(locomo(&file, audit.exists().then_some(&audit))?);
    }
    let mut found = 0;
    for folder in named(data, "beam", "")? {
        let chats = beam(&folder)?;
        found += chats.len();
        out.extend(chats);
    }
    if found == 0 {
        skipped.push(format!("BEAM: no {}", data.join("beam*/*/chat.json").display()));
    }
    Ok(out)
}

/// LoCoMo: a turn is one utterance, its image's caption with it. Evidence ids that name no turn are left out.
fn locomo(file: &Path, audit: Option<&PathBuf>) -> Result<Vec<Conversation>, BenchError> {
    let corrections: HashMap<String, Vec<String>> = match audit {
        Some(path) => list(&json(path)?)
            .filter(|e| e["correct_evidence"] != e["cited_evidence"] && list(&e["correct_evidence"]).next().is_some())
            .map(|e| {
                (string(&e["question_id"]).to_owned(), list(&e["correct_evidence"]).map(|id| string(id).to_owned()).collect())
            })
            .collect(),
        None => HashMap::new(),
    };
    // A part of the set says in its name with which conversation it begins; the audit counts through all of it.
    let digits: String = name(file).chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    let first: usize = digits.parse().unwrap_or(0);
    let mut out = vec![];
    for (number, sample) in (first..).zip(list(&json(file)?)) {
        let mut conversation = Conversation::new(LOCOMO, string(&sample["sample_id"]), None);
        let mut ids: HashMap<String, TurnId> = HashMap::new();
        for session in 1.. {
            let key = format!("session_{session}");
            let Some(turns) = sample["conversation"].get(&key) else { break };
            let said = string(&sample["conversation"][format!("{key}_date_time")]);
            let day = dates_in(said, Date::MAX).first().map(|days| days.first);
            for turn in list(turns) {
                let words = match turn.get("blip_caption") {
                    Some(caption) => format!("{}\n{}", string(&turn["text"]), string(caption)),
                    None => string(&turn["text"]).to_owned(),
                };
                let id = conversation.add(session - 1, string(&turn["speaker"]), day, &words);
                ids.insert(string(&turn["dia_id"]).to_owned(), id);
            }
        }
        for (at, qa) in list(&sample["qa"]).enumerate() {
            let find = |cited: &str| cited.split([';', ' ']).filter_map(|id| ids.get(id).copied()).collect::<Vec<TurnId>>();
            let evidence: BTreeSet<TurnId> = list(&qa["evidence"]).flat_map(|id| find(string(id))).collect();
            let audited = corrections
                .get(&format!("locomo_{number}_qa{at}"))
                .map(|cited| cited.iter().flat_map(|id| ids.get(id).copied()).collect::<Vec<_>>())
                .filter(|cited| !cited.is_empty());
            if evidence.is_empty() {
                continue;
            }
            conversation.questions.push(Question {
                text: string(&qa["question"]).to_owned(),
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
fn beam(folder: &Path) -> Result<Vec<Conversation>, BenchError> {
    let mut chats = named(folder, "", "")?;
    chats.retain(|chat| chat.join("chat.json").exists() && chat.join("probing_questions.json").exists());
    chats.sort_by_key(|chat| name(chat).parse::<u32>().unwrap_or(u32::MAX));
    let mut out = vec![];
    for chat in chats {
        let mut conversation = Conversation::new(BEAM, &name(&chat), Some("user"));
        let mut ids: HashMap<u64, TurnId> = HashMap::new();
        let mut day = None;
        for (session, batch) in (0..).zip(list(&json(&chat.join("chat.json"))?)) {
            for message in list(&batch["turns"]).flat_map(list) {
                if let Some(anchor) = dates_in(&string(&message["time_anchor"]).replace('-', " "), Date::MAX).first() {
                    day = Some(anchor.first);
                }
                let content = string(&message["content"]);
                let content = content.rsplit_once("->->").map_or(content, |(words, _)| words);
                let id = conversation.add(session, string(&message["role"]), day, content);
                ids.extend(message["id"].as_u64().map(|number| (number, id)));
            }
        }
        let probes = json(&chat.join("probing_questions.json"))?;
        for (kind, questions) in probes.as_object().into_iter().flatten() {
            for question in list(questions) {
                let turns = |cited: &Value| {
                    let mut turns = BTreeSet::new();
                    numbers(cited, &mut |id| turns.extend(ids.get(&id).copied()));
                    turns
                };
                let cited = &question["source_chat_ids"];
                let sides = (turns(&cited["first_statement"]), turns(&cited["second_statement"]));
                if kind == "contradiction_resolution" && !sides.0.is_empty() && !sides.1.is_empty() {
                    conversation.contradictions.push((sides.0.into_iter().collect(), sides.1.into_iter().collect()));
                }
                let evidence = turns(cited);
                if !evidence.is_empty() {
                    let text = string(&question["question"]).to_owned();
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
