//! A turn that the user asked for: he sees what happens, and is asked what may be done.

use super::builtin::Builtin;
use super::effects::Audience;
use super::log::Log;
use super::{Inner, Thinker, toolbox};
use crate::models::Kind;
use crate::now;
use crate::skills::{Skills, Whose};
use kairos_api::{ApiError, ApiResult, AskEvent, AskRequest};
use kairos_core::model::{Call, Completion, Ending, Part};
use kairos_core::ports::{ErrorCode, PortError, PortResult, ProjectView};
use kairos_turn::{Conversation, End, Limits, Outcome, TASK, Turn, Witness, compact};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Conversations that are remembered while we run; the longest unused goes first.
const SESSIONS: usize = 32;
/// Events that wait for the reader.
const EVENTS: usize = 256;
/// Bytes of a conversation that are sent; over it its beginning is summed up.
const CONTEXT: usize = 160 << 10;
/// Bytes of a file that the user names with `@`.
const MAX_NAMED: u32 = 48 << 10;
/// Bytes of a file with instructions.
const MAX_INSTRUCTIONS: u32 = 24 << 10;
/// Files that say how work is done in a project.
const INSTRUCTIONS: [&str; 4] = ["AGENTS.md", "CLAUDE.md", ".claude/CLAUDE.md", "CLAUDE.local.md"];
/// How often hooks may want the model to go on when it has said all.
const MAX_STOPS: usize = 3;
/// Characters of a call's input, and of its outcome, that are shown.
const SHOWN: usize = 400;

/// A conversation that can go on.
#[derive(Clone)]
struct Session {
    talk: Arc<tokio::sync::Mutex<Conversation>>,
    used: u64,
}

/// Conversations by id.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Session>>);

impl Sessions {
    /// The one of that id, or a new one.
    fn get(&self, id: Option<String>) -> ApiResult<(String, Session)> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = id {
            let session = all.get_mut(&id).ok_or_else(|| {
                ApiError::not_found(format!("there is no conversation {id}")).with_hint("one begins anew without --session")
            })?;
            session.used = now();
            return Ok((id, session.clone()));
        }
        if all.len() >= SESSIONS
            && let Some(oldest) = all.iter().min_by_key(|(_, s)| s.used).map(|(id, _)| id.clone())
        {
            all.remove(&oldest);
        }
        let mut id = format!("ask-{}", now());
        while all.contains_key(&id) {
            id += "x";
        }
        let talk = Arc::new(tokio::sync::Mutex::new(Conversation::new(TASK)));
        let session = Session { talk, used: now() };
        all.insert(id.clone(), session.clone());
        Ok((id, session))
    }
}

/// Tells the user, and the transcript.
struct Told {
    log: Log,
    user: Sender<AskEvent>,
}

impl Told {
    /// Pieces that nobody reads in time are lost to the screen, not to the answer: that comes whole at the end.
    fn tell(&self, event: AskEvent) {
        let _ = self.user.try_send(event);
    }
}

fn shown(text: &str) -> String {
    let short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() { short + "…" } else { short }
}

impl Witness for Told {
    fn heard(&self, piece: &str) {
        self.tell(AskEvent::Text { text: piece.into() });
    }

    fn answered(&self, completion: &Completion) {
        self.log.answered(completion);
    }

    fn called(&self, call: &Call) {
        self.log.called(call);
        self.tell(AskEvent::Call { tool: call.name.clone(), input: shown(&call.input.to_string()) });
    }

    fn came(&self, call: &Call, outcome: &Outcome) {
        self.log.came(call, outcome);
        self.tell(AskEvent::Outcome { tool: call.name.clone(), text: shown(&outcome.text), is_error: outcome.is_error });
    }
}

impl Thinker {
    /// Begins to answer. When nobody reads any more, it stops.
    pub(crate) fn ask(&self, request: AskRequest) -> ApiResult<Receiver<AskEvent>> {
        if request.text.trim().is_empty() {
            return Err(ApiError::invalid("there is nothing to answer").with_hint("kairos-run ask \"why does the build fail?\""));
        }
        let (id, session) = self.0.sessions.get(request.session.clone())?;
        let talk = session.talk.clone().try_lock_owned().map_err(|_| ApiError::invalid("this conversation is being answered"))?;
        let (user, events) = channel(EVENTS);
        let thinker = self.clone();
        tokio::spawn(async move {
            let gone = user.clone();
            let said = thinker.0.said(&request.text, talk.messages().is_empty()).await;
            let answer = thinker.answer(said, request, id, talk, user);
            tokio::select! {
                () = answer => {}
                () = gone.closed() => {}
            }
        });
        Ok(events)
    }

    /// The user has agreed to what a conversation asked for while he was not there: it goes on, and nobody listens but its transcript.
    pub(super) fn go_on(&self, id: String, action: String) {
        let Ok((_, session)) = self.0.sessions.get(Some(id.clone())) else { return };
        let thinker = self.clone();
        let task = tokio::spawn(async move {
            let talk = session.talk.lock_owned().await;
            let said = vec![
                Part::Text("The user agrees to what you asked for. Do it now, exactly as you asked, and go on.".into()),
                Part::Untrusted { source: "what the user agreed to".into(), text: action },
            ];
            let request = AskRequest::default();
            thinker.answer(said, request, id, talk, channel(1).0).await;
        });
        let mut state = self.state();
        state.going_on.retain(|turn| !turn.is_finished());
        state.going_on.push(task.abort_handle());
    }

    async fn answer(
        &self,
        said: Vec<Part>,
        request: AskRequest,
        id: String,
        mut talk: tokio::sync::OwnedMutexGuard<Conversation>,
        user: Sender<AskEvent>,
    ) {
        let inner = &self.0;
        let _ = user.send(AskEvent::Began { session: id.clone() }).await;
        let told = Told { log: Log::new(inner.recorder.clone(), id.clone()), user: user.clone() };
        let audience = if request.attended { Audience::User(user.clone()) } else { Audience::Reader(user.clone()) };
        let end = inner.work(&mut talk, said, &request.text, &told, &id, audience).await;
        let event = match end {
            Ok(end) => {
                let (text, why) = match end {
                    End::Said(text) => (text, None),
                    End::Slept => (String::new(), None),
                    End::Cut(Ending::Refused) => {
                        (String::new(), Some("the model, or who runs it, does not want to answer".to_owned()))
                    }
                    End::Cut(_) => (String::new(), Some("the answer grew too long, and was cut; say \"go on\"".to_owned())),
                    End::Steps(n) => {
                        (String::new(), Some(format!("it asked {n} times, which is all that it may; say \"go on\"")))
                    }
                    End::Looped(tool) => (String::new(), Some(format!("it called {tool} again and again with the same input"))),
                };
                AskEvent::Ended { text, why, summary: told.log.summary() }
            }
            Err(e) => AskEvent::Failed { error: e.message },
        };
        let _ = user.send(event).await;
    }
}

impl Inner {
    /// `text` is what of it the user has typed; empty where the host speaks in his place.
    async fn work(
        &self,
        talk: &mut Conversation,
        mut said: Vec<Part>,
        text: &str,
        told: &Told,
        id: &str,
        audience: Audience,
    ) -> PortResult<End> {
        let effects = Arc::new(self.effects(id, Vec::new(), audience).await?);
        let skills = self.skills().await;
        if talk.messages().is_empty() {
            said.splice(0..0, told_of(&skills));
        }
        match text {
            "" => told.log.told(&said),
            text => {
                let added = effects.hooks.before_prompt(text, talk.messages().is_empty()).await;
                said.extend(added.map_err(|why| PortError::new(ErrorCode::Denied, why))?);
                told.log.said(text);
            }
        }
        talk.say(said);
        let mind = self.registry.models.mind(&self.config, self.occasion(Kind::Ask, id.to_owned()));
        compact(talk, &mind, CONTEXT).await?;
        let tools = toolbox::ProjectToolbox {
            builtin: self.builtin(Vec::new(), id.to_owned(), skills),
            plugins: self.tools.clone().with_effects(effects.clone()),
            effects: effects.clone(),
            asleep: false,
        };
        let turn = Turn { mind: &mind, tools: &tools, witness: told, limits: Limits::ASK };
        let mut end = turn.run(talk).await?;
        for times in 0..MAX_STOPS {
            let End::Said(text) = &end else { break };
            let Some(more) = effects.hooks.before_end(text, times > 0).await else { break };
            talk.say(more);
            end = turn.run(talk).await?;
        }
        Ok(end)
    }

    pub(super) fn builtin(&self, about: Vec<u64>, session: String, skills: Arc<Skills>) -> Builtin {
        Builtin {
            view: self.view.clone(),
            inbox: self.inbox.clone(),
            recorder: self.recorder.clone(),
            about,
            session,
            skills,
            surfaced: Default::default(),
            noted: Default::default(),
        }
    }

    /// The user's words, with the files that he names in them; at the beginning also what the model should know of the project.
    async fn said(&self, text: &str, first: bool) -> Vec<Part> {
        let mut parts = Vec::new();
        if first {
            for path in INSTRUCTIONS {
                if let Some(text) = self.read(path, MAX_INSTRUCTIONS).await {
                    parts.push(Part::Untrusted { source: format!("{path}, how work is done in this project"), text });
                }
            }
            let index = self.index().await;
            if !index.trim().is_empty() {
                parts.push(Part::Untrusted { source: "memory".into(), text: index });
            }
        }
        parts.push(Part::Text(text.to_owned()));
        for path in named(text) {
            if let Some(text) = self.read(path, MAX_NAMED).await {
                parts.push(Part::Untrusted { source: format!("file {path}"), text });
            }
        }
        parts
    }

    async fn read(&self, path: &str, most: u32) -> Option<String> {
        let bytes = self.view.read(path, 0, most).await.ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Names and purposes of skills, in front of a conversation.
fn told_of(skills: &Skills) -> Vec<Part> {
    let part = |whose, source: &str| Some(Part::Untrusted { source: source.into(), text: skills.told(whose)? });
    let own = part(Whose::User, "skills of the user's, to be read with the tool `skill` before such work");
    own.into_iter().chain(part(Whose::Project, "skills that the project brings; anyone may have written them")).collect()
}

/// Paths behind an `@` in the user's words.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split_whitespace().filter_map(|word| word.strip_prefix('@'));
    words.map(|path| path.trim_end_matches([',', ';', ':', '.', '?', '!', ')'])).filter(|path| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn files_are_named_by_an_at() {
        assert_eq!(named("look at @src/lib.rs, and @README.md. me@home").collect::<Vec<_>>(), ["src/lib.rs", "README.md"]);
    }
}
