//! What a user does with a conversation beside going on with it: he has it summed up, chooses who answers, calls a skill, leaves.

use super::ask::{CONTEXT, EVENTS};
use super::sessions::Session;
use super::{Inner, Thinker};
use crate::models::Kind;
use crate::skills::{Skills, Whose};
use kairos_api::{ApiError, ApiResult, AskEvent, AskRequest, CompactRequest, Leaving, ModelFilter, ModelInfo, Models, SkillInfo};
use kairos_core::model::Part;
use kairos_core::ports::{ErrorCode, PortError, PortResult};
use kairos_model::Provider;
use kairos_net::host_of;
use kairos_turn::{Compacted, compact_all};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Names the models of the settings.
pub(super) const DEFAULT: &str = "default";

impl Thinker {
    /// Sums a conversation up. When nobody waits for it any more, it is left as it was.
    pub(crate) async fn compact(&self, id: &str, request: CompactRequest) -> ApiResult<Receiver<AskEvent>> {
        let mut session = self.0.sessions.open(Some(id.to_owned())).await?;
        let (user, events) = channel(EVENTS);
        let thinker = self.clone();
        tokio::spawn(async move {
            let _ = user.send(AskEvent::Began { session: session.id.clone() }).await;
            let gone = user.clone();
            let done = tokio::select! {
                done = thinker.0.sum_up(&mut session, &request.focus, &user) => done,
                () = gone.closed() => return,
            };
            thinker.0.sessions.keep(&mut session, None).await;
            drop(session);
            let _ = user.send(done.unwrap_or_else(|e| AskEvent::Failed { error: e.message })).await;
        });
        Ok(events)
    }

    /// Tells the user's hooks, in a task of their own.
    pub(crate) async fn leave(&self, id: &str, why: Leaving) -> ApiResult<()> {
        let session = id.to_owned();
        self.0.sessions.model(id).await?;
        let thinker = self.clone();
        tokio::spawn(async move {
            match thinker.0.governed(&session, false).await {
                Ok((_, hooks)) => hooks.at_end(why).await,
                Err(e) => tracing::warn!("hooks are not told that a conversation ended: {}", e.message),
            }
        });
        Ok(())
    }

    /// Who answers.
    pub(crate) async fn models(&self, filter: ModelFilter) -> ApiResult<Models> {
        let inner = &self.0;
        let chosen = match (filter.name, filter.session) {
            (Some(name), _) => Some(name).filter(|name| name != DEFAULT),
            (None, Some(session)) => inner.sessions.model(&session).await?,
            (None, None) => None,
        };
        let all = inner.registry.models.providers(&inner.config).await.map_err(ApiError::invalid)?;
        let first = match &chosen {
            Some(name) => inner.chosen(name).await?,
            None => all.first().cloned().ok_or_else(|| ApiError::invalid("no model is set up"))?,
        };
        Ok(Models { chosen, models: all.iter().map(info).collect(), first: info(&first) })
    }

    /// What can be read of how work is done.
    pub(crate) async fn skills(&self) -> Vec<SkillInfo> {
        let skills = self.0.skills().await;
        let info = |s: &crate::Skill| SkillInfo {
            name: s.name.clone(),
            description: s.description.clone(),
            is_projects: s.whose == Whose::Project,
        };
        skills.list().iter().map(info).collect()
    }
}

impl Inner {
    async fn sum_up(&self, session: &mut Session, focus: &str, user: &Sender<AskEvent>) -> PortResult<AskEvent> {
        let (_, hooks) = self.governed(&session.id, false).await?;
        hooks.before_compact("manual", focus).await.map_err(|why| PortError::new(ErrorCode::Denied, why))?;
        let occasion = self.occasion(Kind::Ask, session.id.clone());
        let mind = self.registry.models.mind(&self.config, occasion, session.model.clone());
        Ok(match compact_all(&mut session.talk, &mind, CONTEXT, focus).await? {
            Some(done) => {
                let _ = user.send(compacted(done)).await;
                AskEvent::Ended { text: String::new(), why: None, summary: String::new() }
            }
            None => {
                let why = format!("its {} bytes are less than a summary would have: it stays as it is", session.talk.size());
                AskEvent::Ended { text: String::new(), why: Some(why), summary: String::new() }
            }
        })
    }

    /// The model of that name.
    ///
    /// # Errors
    /// There is none.
    pub(super) async fn chosen(&self, name: &str) -> ApiResult<Provider> {
        let hint = "/model in `kairos-run chat` shows who answers";
        let chosen = self.registry.models.choose(&self.config, name).await;
        chosen.map_err(|why| ApiError::invalid(why).with_hint(hint))
    }

    /// The skill that the user calls: by its own field, or by `/name` in front of what he says.
    ///
    /// # Errors
    /// There is none of the name in the field.
    pub(super) async fn called(&self, request: &AskRequest) -> ApiResult<Option<Part>> {
        let in_front = request.text.split_whitespace().next().and_then(|word| word.strip_prefix('/'));
        let Some(name) = request.skill.as_deref().or(in_front) else { return Ok(None) };
        let skills = self.skills().await;
        match skill(&skills, name) {
            Ok(part) => Ok(Some(part)),
            Err(_) if request.skill.is_none() => Ok(None),
            Err(why) => Err(ApiError::not_found(why).with_hint("kairos-run skill list")),
        }
    }
}

fn skill(skills: &Skills, name: &str) -> Result<Part, String> {
    let text = skills.text(name, None)?;
    let of_project = skills.list().iter().any(|s| s.name == name && s.whose == Whose::Project);
    let whose = if of_project { "that the project brings" } else { "of the user's" };
    Ok(Part::Untrusted { source: format!("skill {name} {whose}, by which the user wants this done"), text })
}

pub(super) fn compacted(done: Compacted) -> AskEvent {
    AskEvent::Compacted { before: done.before as u64, after: done.after as u64 }
}

fn info(provider: &Provider) -> ModelInfo {
    let host = host_of(&provider.url).unwrap_or_default();
    ModelInfo { provider: provider.preset.as_str().into(), model: provider.model.clone(), host }
}
