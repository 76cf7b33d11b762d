//! Dreams.

use super::Shared;
use super::wire::{Answer, Json, List, Path, Query};
use crate::openapi::{Conflict, Missing};
use crate::{DreamFilter, DreamRequest, DreamSteps, DreamStrategies, DreamSummary};
use axum::extract::State;
use kairos_core::dream::{Dream, Reverted};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(dreams, dream))
        .routes(routes!(dream_strategies, use_strategies))
        .routes(routes!(dream_show))
        .routes(routes!(dream_accept))
        .routes(routes!(dream_reject))
        .routes(routes!(dream_revert))
}

/// Dreams, newest first.
#[utoipa::path(get, path = "/v1/dreams", params(DreamFilter), responses(Conflict, Missing))]
async fn dreams(State(c): State<Shared>, Query(filter): Query<DreamFilter>) -> Answer<List<DreamSummary>> {
    c.dreams(filter).await.map(List)
}

/// Dreams now, and answers with what was proposed, why it passed or not, and what became of it. Takes up to a few minutes, and is given
/// up when the client no longer waits.
///
/// A conflict while another dream is under way, or where a strategy fails.
#[utoipa::path(post, path = "/v1/dreams", responses(Conflict, Missing))]
async fn dream(State(c): State<Shared>, Json(request): Json<DreamRequest>) -> Answer<Json<Dream>> {
    c.dream(request).await.map(Json)
}

/// The strategies of the next dream, in their order.
#[utoipa::path(get, path = "/v1/dreams/strategies", params(DreamFilter), responses(Conflict, Missing))]
async fn dream_strategies(State(c): State<Shared>, Query(filter): Query<DreamFilter>) -> Answer<List<String>> {
    c.dream_strategies(filter).await.map(List)
}

/// Uses other strategies from the next dream on; answers them. Where dreaming unasked has stopped, it goes on.
#[utoipa::path(put, path = "/v1/dreams/strategies", responses(Conflict, Missing))]
async fn use_strategies(State(c): State<Shared>, Json(request): Json<DreamStrategies>) -> Answer<List<String>> {
    c.use_strategies(request).await.map(List)
}

/// One dream: each operation, why, on which evidence, and what became of it.
#[utoipa::path(get, path = "/v1/dreams/{dream}", params(DreamFilter), responses(Conflict))]
async fn dream_show(
    State(c): State<Shared>,
    Path(dream): Path<String>,
    Query(filter): Query<DreamFilter>,
) -> Answer<Json<Dream>> {
    c.dream_show(&dream, filter).await.map(Json)
}

/// Does operations that wait. A conflict where none of them does.
#[utoipa::path(post, path = "/v1/dreams/{dream}/accept", responses(Conflict))]
async fn dream_accept(State(c): State<Shared>, Path(dream): Path<String>, Json(steps): Json<DreamSteps>) -> Answer<Json<Dream>> {
    c.dream_accept(&dream, steps).await.map(Json)
}

/// Lets operations be that wait. A conflict where none of them does.
#[utoipa::path(post, path = "/v1/dreams/{dream}/reject", responses(Conflict))]
async fn dream_reject(State(c): State<Shared>, Path(dream): Path<String>, Json(steps): Json<DreamSteps>) -> Answer<Json<Dream>> {
    c.dream_reject(&dream, steps).await.map(Json)
}

/// Undoes operations that were done. What was changed since is left, and answered. A conflict where none of them was done.
#[utoipa::path(post, path = "/v1/dreams/{dream}/revert", responses(Conflict))]
async fn dream_revert(
    State(c): State<Shared>,
    Path(dream): Path<String>,
    Json(steps): Json<DreamSteps>,
) -> Answer<Json<Reverted>> {
    c.dream_revert(&dream, steps).await.map(Json)
}
