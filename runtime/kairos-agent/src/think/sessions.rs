//! Conversations that can be gone on with, also after a restart.
//!
//! What was said is read from the database before each turn and written back after it, so that what is forgotten there is forgotten.
//! Where the user wants nothing of his work kept, they are in memory alone, and end with us.

use super::toolbox::redacted;
use crate::control::internal;
use crate::now;
use kairos_api::{ApiError, ApiResult, ErrorKind};
use kairos_core::finding::one_line;
use kairos_core::model::{Call, Message, Part};
use kairos_exec::redact::Redactor;
use kairos_store::{KeptConversation, ProjectDb};
use kairos_turn::{Conversation, TASK};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;

/// So long a turn may take to end whose reader has gone.
const HANGING_UP: Duration = Duration::from_secs(1);
/// Conversations that are in memory alone; the longest unused goes first.
const IN_MEMORY: usize = 32;
/// Characters of a title.
const TITLE: usize = 80;

/// The conversations of one project.
pub(super) struct Sessions {
    /// None where they are in memory alone.
    db: Option<ProjectDb>,
    /// The same that transcripts are written with: who forgets words finds them here, too.
    redactor: Redactor,
    held: Mutex<HashMap<String, Held>>,
}

#[derive(Default)]
struct Held {
    /// One turn at a time.
    turn: Arc<tokio::sync::Mutex<()>>,
    talk: Option<Conversation>,
    model: Option<String>,
    used: u64,
}

/// A conversation for one turn.
pub(super) struct Session {
    pub(super) id: String,
    pub(super) talk: Conversation,
    /// The model that the user chose for it; none: those of the settings.
    pub(super) model: Option<String>,
    is_new: bool,
    _turn: OwnedMutexGuard<()>,
}

impl Sessions {
    pub(super) fn new(db: Option<ProjectDb>) -> Self {
        Self { db, redactor: Redactor::from_env(), held: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one of that id, or a new one; an error while it is being answered.
    pub(super) async fn open(&self, id: Option<String>) -> ApiResult<Session> {
        let Some(id) = id else { return self.begin() };
        let turn = tokio::time::timeout(HANGING_UP, self.turn_of(&id).lock_owned()).await;
        let turn = turn.map_err(|_| ApiError::new(ErrorKind::Conflict, "this conversation is being answered"))?;
        self.read(id, turn).await
    }

    /// The same, after the turn that is under way.
    pub(super) async fn open_later(&self, id: String) -> ApiResult<Session> {
        let turn = self.turn_of(&id).lock_owned().await;
        self.read(id, turn).await
    }

    fn begin(&self) -> ApiResult<Session> {
        let mut held = self.held();
        let mut id = format!("ask-{}", now());
        while held.contains_key(&id) {
            id += "x";
        }
        let one = Held { used: now(), ..Held::default() };
        let turn = one.turn.clone().try_lock_owned().map_err(|e| ApiError::internal(e.to_string()))?;
        held.insert(id.clone(), one);
        Ok(Session { id, talk: Conversation::new(TASK), model: None, is_new: true, _turn: turn })
    }

    fn turn_of(&self, id: &str) -> Arc<tokio::sync::Mutex<()>> {
        self.held().entry(id.to_owned()).or_default().turn.clone()
    }

    async fn read(&self, id: String, turn: OwnedMutexGuard<()>) -> ApiResult<Session> {
        let found = match &self.db {
            None => self.held().get(&id).and_then(|held| Some((held.talk.clone()?, held.model.clone()))),
            Some(db) => match db.conversation(&id).await.map_err(internal)? {
                Some(kept) => {
                    let messages: Vec<Message> =
                        serde_json::from_str(&kept.body).map_err(|e| ApiError::internal(format!("{id} can't be read: {e}")))?;
                    Some((Conversation::resumed(TASK, messages), kept.model))
                }
                None => None,
            },
        };
        let Some((talk, model)) = found else {
            self.held().remove(&id);
            return Err(none(&id));
        };
        Ok(Session { id, talk, model, is_new: false, _turn: turn })
    }

    /// The model that the user chose for a conversation; an error where there is no such conversation.
    pub(super) async fn model(&self, id: &str) -> ApiResult<Option<String>> {
        let found = match &self.db {
            None => self.held().get(id).filter(|held| held.talk.is_some()).map(|held| held.model.clone()),
            Some(db) => db.conversation(id).await.map_err(internal)?.map(|kept| kept.model),
        };
        found.ok_or_else(|| none(id))
    }

    /// What was said by now. `said`: the user's words, where a turn begins with them.
    pub(super) async fn keep(&self, session: &mut Session, said: Option<&str>) {
        let Some(db) = &self.db else { return self.keep_in_memory(session) };
        let messages: Vec<Message> = session.talk.messages().iter().map(|m| self.redacted(m)).collect();
        let Ok(body) = serde_json::to_string(&messages) else { return };
        let kept = KeptConversation { body, model: session.model.clone() };
        let kept = if std::mem::take(&mut session.is_new) {
            let title = one_line(&self.redactor.redact(said.unwrap_or_default())).chars().take(TITLE).collect();
            db.begin_conversation(&session.id, title, kept, now()).await
        } else {
            // Where it was forgotten meanwhile, it stays so.
            db.keep_conversation(&session.id, kept, said.is_some(), now()).await.map(drop)
        };
        if let Err(e) = kept {
            tracing::error!("a conversation can't be kept: {e}");
        }
        self.held().retain(|_, held| Arc::strong_count(&held.turn) > 1);
    }

    fn keep_in_memory(&self, session: &mut Session) {
        let mut held = self.held();
        if let Some(one) = held.get_mut(&session.id) {
            one.talk = Some(session.talk.clone());
            one.model = session.model.clone();
            one.used = now();
        }
        if held.len() > IN_MEMORY
            && let Some(oldest) = held.iter().min_by_key(|(_, one)| one.used).map(|(id, _)| id.clone())
        {
            held.remove(&oldest);
        }
    }

    /// All that are kept, the last used first.
    pub(super) async fn list(&self) -> ApiResult<Vec<kairos_store::Conversation>> {
        match &self.db {
            Some(db) => db.conversations().await.map_err(internal),
            None => Ok(Vec::new()),
        }
    }

    fn redacted(&self, message: &Message) -> Message {
        let text = |text: &str| self.redactor.redact(text);
        let part = |part: &Part| match part {
            Part::Text(said) => Part::Text(text(said)),
            Part::Untrusted { source, text: said } => Part::Untrusted { source: source.clone(), text: text(said) },
            Part::Call(Call { id, name, input }) => {
                Part::Call(Call { id: id.clone(), name: name.clone(), input: redacted(&self.redactor, input.clone()) })
            }
            Part::Outcome { id, text: said, is_error } => Part::Outcome { id: id.clone(), text: text(said), is_error: *is_error },
        };
        Message { role: message.role, parts: message.parts.iter().map(part).collect() }
    }
}

fn none(id: &str) -> ApiError {
    let error = ApiError::not_found(format!("there is no conversation {id}"));
    error.with_hint("`kairos-run ask --list` shows them; one begins anew without --session")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_conversation_goes_on_after_a_restart_without_secrets_and_not_after_it_was_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state.db");
        let db = ProjectDb::open(&file).await.unwrap();
        let sessions = Sessions::new(Some(db.clone()));
        let mut session = sessions.open(None).await.unwrap();
        let id = session.id.clone();
        let key = format!("sk-ant-{}", "a1B2".repeat(12));
        session.talk.say(vec![Part::Text(format!("the key is {key}, and the bird is blue"))]);
        session.model = Some("ollama/qwen3".into());
        sessions.keep(&mut session, Some("the bird\nis blue")).await;
        assert!(sessions.open(Some(id.clone())).await.is_err(), "it is being answered");
        drop(session);
        db.close().await;

        let db = ProjectDb::open(&file).await.unwrap();
        let sessions = Sessions::new(Some(db.clone()));
        let mut session = sessions.open(Some(id.clone())).await.unwrap();
        assert_eq!(session.model.as_deref(), Some("ollama/qwen3"));
        let said = format!("{:?}", session.talk.messages());
        assert!(said.contains("the bird is blue") && !said.contains(&key), "{said}");
        assert_eq!(sessions.list().await.unwrap()[0].title, "the bird is blue");
        let what = kairos_store::Forget { words: vec!["bird is blue".into()], ..Default::default() };
        assert_eq!(db.forget(what, false).await.unwrap().conversations, 1);
        sessions.keep(&mut session, None).await;
        drop(session);
        assert!(sessions.open(Some(id)).await.is_err() && sessions.list().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn where_nothing_is_kept_it_goes_on_until_we_end() {
        let sessions = Sessions::new(None);
        let mut session = sessions.open(None).await.unwrap();
        session.talk.say(vec![Part::Text("hi".into())]);
        sessions.keep(&mut session, Some("hi")).await;
        let id = session.id.clone();
        drop(session);
        assert_eq!(sessions.open(Some(id)).await.unwrap().talk.messages().len(), 1);
        for _ in 0..2 * IN_MEMORY {
            let mut session = sessions.open(None).await.unwrap();
            sessions.keep(&mut session, Some("hi")).await;
        }
        assert_eq!(sessions.held().len(), IN_MEMORY);
    }
}
