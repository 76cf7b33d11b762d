//! Asking the model.

use super::Shared;
use super::wire::{Answer, Done, Json, Lines, Path};
use crate::openapi::Missing;
use crate::{AskEvent, AskRequest, PermissionAnswer};
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::default().routes(routes!(ask)).routes(routes!(permit))
}

/// Asks the model, and tells what happens until it is done. Who no longer reads stops it.
#[utoipa::path(post, path = "/v1/ask", responses(Missing))]
async fn ask(State(c): State<Shared>, Json(request): Json<AskRequest>) -> Answer<Lines<AskEvent>> {
    c.ask(request).await.map(Lines::of)
}

/// Answers what the model may only do if the user agrees.
#[utoipa::path(post, path = "/v1/permissions/{id}", responses(Missing))]
async fn permit(State(c): State<Shared>, Path(id): Path<String>, Json(answer): Json<PermissionAnswer>) -> Answer<Done> {
    c.permit(&id, answer).await.map(|()| Done)
}
