//! Asking the model.

use super::Shared;
use super::wire::{Answer, Done, Json, Lines, List, Path, Query};
use crate::openapi::{Conflict, Missing};
use crate::{
    AskEvent, AskRequest, CompactRequest, Conversation, LeaveRequest, ModelFilter, Models, Permission, PermissionAnswer,
    ProjectFilter, SkillInfo,
};
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(ask))
        .routes(routes!(permit, forget))
        .routes(routes!(permissions))
        .routes(routes!(conversations))
        .routes(routes!(compact))
        .routes(routes!(leave))
        .routes(routes!(models))
        .routes(routes!(skills))
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

/// Sums a conversation up for the model, and tells what happens until it is done. The whole of it stays in the transcript.
///
/// A conflict while the conversation is being answered.
#[utoipa::path(post, path = "/v1/conversations/{conversation}/compact", responses(Missing, Conflict))]
async fn compact(
    State(c): State<Shared>,
    Path(id): Path<String>,
    Json(request): Json<CompactRequest>,
) -> Answer<Lines<AskEvent>> {
    c.compact(&id, request).await.map(Lines::of)
}

/// The user leaves a conversation, which can be gone on with all the same: his `SessionEnd` hooks are told.
#[utoipa::path(post, path = "/v1/conversations/{conversation}/leave", responses(Missing))]
async fn leave(State(c): State<Shared>, Path(id): Path<String>, Json(request): Json<LeaveRequest>) -> Answer<Done> {
    c.leave(&id, request).await.map(|()| Done)
}

/// Who answers in a conversation, or would in a new one.
#[utoipa::path(get, path = "/v1/models", params(ModelFilter), responses(Missing))]
async fn models(State(c): State<Shared>, Query(filter): Query<ModelFilter>) -> Answer<Json<Models>> {
    c.models(filter).await.map(Json)
}

/// Skills that can be used in a project, the user's first.
#[utoipa::path(get, path = "/v1/skills", params(ProjectFilter), responses(Missing))]
async fn skills(State(c): State<Shared>, Query(filter): Query<ProjectFilter>) -> Answer<List<SkillInfo>> {
    c.skills(filter).await.map(List)
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
