//! A turn that the user asked for: he sees what happens, and is asked what may be done.

use super::builtin::Builtin;
use super::effects::{Audience, Effects};
use super::governed::home;
use super::log::Log;
use super::sessions::Session;
use super::talks::{DEFAULT, compacted};
use super::{Inner, Thinker, instructions, toolbox};
use crate::look::look;
use crate::models::Kind;
use crate::skills::{Skills, Whose};
use kairos_api::{ApiError, ApiResult, AskEvent, AskRequest};
use kairos_core::model::{Call, Completion, Ending, Part};
use kairos_core::ports::{ErrorCode, PortError, PortResult, ProjectView};
use kairos_project::Project;
use kairos_turn::{End, Limits, Outcome, Turn, Witness, compact, is_long};
use std::sync::Arc;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Events that wait for the reader.
pub(super) const EVENTS: usize = 256;
/// Bytes of a conversation that are sent; over it its beginning is summed up.
pub(super) const CONTEXT: usize = 160 << 10;
/// Bytes of a file that the user names with `@`.
const MAX_NAMED: u32 = 48 << 10;
/// How often hooks may want the model to go on when it has said all.
const MAX_STOPS: usize = 3;
/// Characters of a call's input, and of its outcome, that are shown.
const SHOWN: usize = 400;

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
    pub(crate) async fn ask(&self, request: AskRequest) -> ApiResult<Receiver<AskEvent>> {
        if request.text.trim().is_empty() {
            return Err(ApiError::invalid("there is nothing to answer").with_hint("kairos-run ask \"why does the build fail?\""));
        }
        if let Some(name) = request.model.as_deref().filter(|name| *name != DEFAULT) {
            self.0.chosen(name).await?;
        }
        let skill = self.0.called(&request).await?;
        let mut session = self.0.sessions.open(request.session.clone()).await?;
        if let Some(name) = &request.model {
            session.model = Some(name.clone()).filter(|name| name != DEFAULT);
        }
        let (user, events) = channel(EVENTS);
        let thinker = self.clone();
        tokio::spawn(async move { thinker.answer(skill.into_iter().collect(), request, session, user).await });
        Ok(events)
    }

    /// The user has agreed to what a conversation asked for while he was not there: it goes on, and nobody listens but its transcript.
    pub(super) fn go_on(&self, id: String, action: String) {
        let thinker = self.clone();
        let task = tokio::spawn(async move {
            let session = match thinker.0.sessions.open_later(id).await {
                Ok(session) => session,
                Err(e) => return tracing::warn!("what the user agreed to is not done by itself: {e}"),
            };
            let said = vec![
                Part::Text("The user agrees to what you asked for. Do it now, exactly as you asked, and go on.".into()),
                Part::Untrusted { source: "what the user agreed to".into(), text: action },
            ];
            let (user, mut events) = channel(EVENTS);
            let nobody = async { while events.recv().await.is_some() {} };
            tokio::join!(thinker.answer(said, AskRequest::default(), session, user), nobody);
        });
        let mut state = self.state();
        state.going_on.retain(|turn| !turn.is_finished());
        state.going_on.push(task.abort_handle());
    }

    /// All of one turn, with the conversation kept before and after it, whatever becomes of it. `said` is what the host says in front of
    /// the user's words, or in their place.
    async fn answer(&self, said: Vec<Part>, request: AskRequest, mut session: Session, user: Sender<AskEvent>) {
        let gone = user.clone();
        let event = tokio::select! {
            event = self.turn_of(said, request, &mut session, &user) => Some(event),
            () = gone.closed() => None,
        };
        self.0.sessions.keep(&mut session, None).await;
        drop(session);
        // Who hears that it ended can go on.
        if let Some(event) = event {
            let _ = user.send(event).await;
        }
    }

    async fn turn_of(&self, said: Vec<Part>, request: AskRequest, session: &mut Session, user: &Sender<AskEvent>) -> AskEvent {
        let inner = &self.0;
        let _ = user.send(AskEvent::Began { session: session.id.clone() }).await;
        let told = Told { log: Log::new(inner.recorder.clone(), session.id.clone()), user: user.clone() };
        let audience = if request.attended { Audience::User(user.clone()) } else { Audience::Reader(user.clone()) };
        let end = match inner.begin(session, said, &request.text, &told, audience).await {
            Ok((effects, skills)) => inner.work(session, effects, skills, &told).await,
            Err(e) => Err(e),
        };
        match end {
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
        }
    }
}

impl Inner {
    /// Says it, unless a hook forbids that. `text` is what of it the user has typed; empty where the host speaks in his place.
    async fn begin(
        &self,
        session: &mut Session,
        mut said: Vec<Part>,
        text: &str,
        told: &Told,
        audience: Audience,
    ) -> PortResult<(Arc<Effects>, Arc<Skills>)> {
        let effects = Arc::new(self.effects(&session.id, told.log.speaker(), Vec::new(), audience).await?);
        let skills = self.skills().await;
        let first = session.talk.messages().is_empty();
        if !text.is_empty() {
            said = self.said(text, said, first, &effects.sight).await;
        }
        if first {
            said.splice(0..0, told_of(&skills));
        }
        match text {
            // Those are not his words.
            "" => told.log.told(&said),
            text => {
                let added = effects.hooks.before_prompt(text, first).await;
                said.extend(added.map_err(|why| PortError::new(ErrorCode::Denied, why))?);
                told.log.said(text);
            }
        }
        session.talk.say(said);
        self.sessions.keep(session, Some(text).filter(|text| !text.is_empty())).await;
        Ok((effects, skills))
    }

    async fn work(&self, session: &mut Session, effects: Arc<Effects>, skills: Arc<Skills>, told: &Told) -> PortResult<End> {
        let Session { id, talk, model, .. } = session;
        let mind = self.registry.models.mind(&self.config, self.occasion(Kind::Ask, id.clone()), model.clone());
        if is_long(talk, CONTEXT) {
            match effects.hooks.before_compact("auto", "").await {
                Ok(()) => compact(talk, &mind, CONTEXT).await?.into_iter().for_each(|done| told.tell(compacted(done))),
                Err(why) => tracing::warn!("a conversation of {} bytes is not summed up: {why}", talk.size()),
            }
        }
        let tools = toolbox::ProjectToolbox {
            builtin: self.builtin(Vec::new(), id.clone(), skills, &effects),
            plugins: self.tools.clone().with_effects(effects.clone()),
            remote: self.servers.ready().await,
            effects: effects.clone(),
            only: Vec::new(),
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

    /// What can be read of how work is done.
    pub(super) async fn skills(&self) -> Arc<Skills> {
        let (own, root) = (self.skills.clone(), self.view.root().to_path_buf());
        let loaded = look(self.view.root(), "skills", move || Skills::load(&own, Some(&root))).await;
        let (skills, bad) = loaded.unwrap_or_default();
        bad.iter().for_each(|bad| tracing::warn!("skills: {bad}"));
        Arc::new(skills)
    }

    pub(super) fn builtin(&self, about: Vec<u64>, session: String, skills: Arc<Skills>, effects: &Effects) -> Builtin {
        Builtin {
            view: effects.sight.clone(),
            inbox: self.inbox.clone(),
            recorder: self.recorder.clone(),
            about,
            session,
            skills,
            results: self.results.clone(),
            surfaced: Default::default(),
            noted: Default::default(),
        }
    }

    /// The user's words, with the files that he names in them; at the beginning also what the model should know of the project.
    async fn said(&self, text: &str, in_front: Vec<Part>, first: bool, sight: &Project) -> Vec<Part> {
        let mut parts = Vec::new();
        if first {
            parts.extend(instructions::load(sight, &home()).await);
            let index = self.index().await;
            if !index.trim().is_empty() {
                parts.push(Part::Untrusted { source: "memory".into(), text: index });
            }
        }
        parts.extend(in_front);
        parts.push(Part::Text(text.to_owned()));
        match self.servers.prompt(text).await {
            Some(Ok((source, text))) => parts.push(Part::Untrusted { source, text }),
            Some(Err(why)) => parts.push(Part::Untrusted { source: "kairos-run".into(), text: why }),
            None => {}
        }
        for path in named(text) {
            match sight.read(path, 0, MAX_NAMED).await {
                Ok(bytes) => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    parts.push(Part::Untrusted { source: format!("file {path}"), text });
                }
                // Else it may be no file at all.
                Err(e) if e.code == ErrorCode::Denied => {
                    parts.push(Part::Untrusted { source: "kairos-run".into(), text: e.message });
                }
                Err(_) => {}
            }
        }
        parts
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
