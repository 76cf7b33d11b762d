//! Dreams.

use super::Shared;
use super::wire::{Answer, Json};
use crate::DreamRequest;
use crate::openapi::{Conflict, Missing};
use axum::extract::State;
use kairos_core::dream::Dream;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::default().routes(routes!(dream))
}

/// Dreams now, and answers with what was proposed, why it passed or not, and what became of it. Takes up to a few minutes.
///
/// A conflict while another dream is under way, or where a strategy fails.
#[utoipa::path(post, path = "/v1/dreams", responses(Conflict, Missing))]
async fn dream(State(c): State<Shared>, Json(request): Json<DreamRequest>) -> Answer<Json<Dream>> {
    c.dream(request).await.map(Json)
}
