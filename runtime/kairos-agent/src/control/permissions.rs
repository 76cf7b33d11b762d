//! What waits for the user's word, what he said, and the conversations that he can go on with.

use super::internal;
use crate::agent::Agent;
use crate::now;
use kairos_api::{ApiError, ApiResult, Conversation, Permission, PermissionAnswer, ProjectFilter};
use kairos_core::permission::Scope;

impl Agent {
    pub(super) async fn settle(&self, id: &str, answer: PermissionAnswer) -> ApiResult<()> {
        for project in self.projects() {
            let waits = project.thinker.waiting().into_iter().find(|w| w.id == id);
            if answer.scope == Scope::Conversation && waits.is_some_and(|w| w.is_of_tick()) {
                return Err(ApiError::invalid("a turn that nobody asked for is no conversation")
                    .with_hint(format!("kairos-run permission allow {id} --for day")));
            }
            if project.thinker.permit(id, answer).await? {
                return Ok(());
            }
        }
        Err(nothing(id, "waits for an answer"))
    }

    pub(super) async fn list_permissions(&self, filter: ProjectFilter) -> ApiResult<Vec<Permission>> {
        let (mut waiting, mut answered) = (Vec::new(), Vec::new());
        for p in self.projects_named(filter.project.as_deref()) {
            let project = p.inbox.project.clone();
            waiting.extend(p.thinker.waiting().into_iter().map(|w| Permission {
                project: project.clone(),
                session: w.session().to_owned(),
                answer: None,
                until: Some(w.until),
                id: w.id,
                action: w.action,
                at: w.at,
                preview: w.preview,
            }));
            let rows = p.inbox.db.permissions(now()).await.map_err(internal)?;
            answered.extend(rows.into_iter().map(|row| Permission {
                id: row.id,
                project: project.clone(),
                action: row.action,
                session: row.session,
                answer: Some(PermissionAnswer { allow: row.allow, scope: row.scope }),
                at: row.at,
                until: row.until,
                preview: String::new(),
            }));
        }
        waiting.sort_by_key(|w| std::cmp::Reverse(w.at));
        answered.sort_by_key(|row| std::cmp::Reverse(row.at));
        waiting.extend(answered);
        Ok(waiting)
    }

    pub(super) async fn list_conversations(&self, filter: ProjectFilter) -> ApiResult<Vec<Conversation>> {
        let mut all = Vec::new();
        for p in self.projects_named(filter.project.as_deref()) {
            all.extend(p.thinker.conversations().await?.into_iter().map(|c| Conversation {
                id: c.id,
                project: p.inbox.project.clone(),
                title: c.title,
                began: c.began,
                at: c.at,
                turns: c.turns,
                bytes: c.bytes,
            }));
        }
        all.sort_by_key(|c| std::cmp::Reverse(c.at));
        Ok(all)
    }

    pub(super) async fn take_back(&self, id: &str) -> ApiResult<()> {
        for project in self.projects() {
            if project.inbox.db.forget_permission(id).await.map_err(internal)? {
                return Ok(());
            }
        }
        Err(nothing(id, "is remembered"))
    }
}

fn nothing(id: &str, what: &str) -> ApiError {
    ApiError::not_found(format!("nothing of the id {id} {what}")).with_hint("`kairos-run permission list` shows what there is")
}
