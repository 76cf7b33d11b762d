//! Asking the model.

use super::Shared;
use super::wire::{Answer, Done, Json, Lines, List, Path, Query};
use crate::openapi::{Conflict, Missing};
use crate::{AskEvent, AskRequest, Conversation, Permission, PermissionAnswer, ProjectFilter};
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(ask))
        .routes(routes!(permit, forget))
        .routes(routes!(permissions))
        .routes(routes!(conversations))
}

/// Asks the model, and tells what happens until it is done. Who no longer reads stops it.
///
/// A conflict while the conversation is being answered.
#[utoipa::path(post, path = "/v1/ask", responses(Missing, Conflict))]
async fn ask(State(c): State<Shared>, Json(request): Json<AskRequest>) -> Answer<Lines<AskEvent>> {
    c.ask(request).await.map(Lines::of)
}

/// Conversations that can be gone on with, the last used first.
#[utoipa::path(get, path = "/v1/conversations", params(ProjectFilter))]
async fn conversations(State(c): State<Shared>, Query(filter): Query<ProjectFilter>) -> Answer<List<Conversation>> {
    c.conversations(filter).await.map(List)
}

/// Answers what the model may only do if the user agrees: at once, or from the inbox.
#[utoipa::path(post, path = "/v1/permissions/{permission}", responses(Missing))]
async fn permit(State(c): State<Shared>, Path(id): Path<String>, Json(answer): Json<PermissionAnswer>) -> Answer<Done> {
    c.permit(&id, answer).await.map(|()| Done)
}

/// What waits for the user's word, then what he answered as far as it still holds, the newest first.
#[utoipa::path(get, path = "/v1/permissions", params(ProjectFilter))]
async fn permissions(State(c): State<Shared>, Query(filter): Query<ProjectFilter>) -> Answer<List<Permission>> {
    c.permissions(filter).await.map(List)
}

/// Takes an answer back: from now on it is asked again.
#[utoipa::path(delete, path = "/v1/permissions/{permission}", responses(Missing))]
async fn forget(State(c): State<Shared>, Path(id): Path<String>) -> Answer<Done> {
    c.forget_permission(&id).await.map(|()| Done)
}
