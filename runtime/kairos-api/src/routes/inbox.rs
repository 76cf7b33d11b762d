//! What was found, what of it is said, and what it cost.

use super::Shared;
use super::wire::{Answer, Json, List, Path, Query};
use crate::openapi::{Conflict, Missing};
use crate::{
    ChannelInfo, ChannelTest, ChannelTestRequest, Digest, DigestFilter, InboxDecision, InboxFilter, InboxItem, ProactiveRequest,
    ProactiveStatus,
};
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(inbox_list))
        .routes(routes!(inbox_get))
        .routes(routes!(inbox_act))
        .routes(routes!(proactive, set_proactive))
        .routes(routes!(channels))
        .routes(routes!(test_channels))
        .routes(routes!(digest))
}

/// Findings, the most urgent first, then the newest.
#[utoipa::path(get, path = "/v1/inbox", params(InboxFilter))]
async fn inbox_list(State(c): State<Shared>, Query(filter): Query<InboxFilter>) -> Answer<List<InboxItem>> {
    c.inbox_list(filter).await.map(List)
}

/// One finding.
#[utoipa::path(get, path = "/v1/inbox/{id}")]
async fn inbox_get(State(c): State<Shared>, Path(id): Path<String>) -> Answer<Json<InboxItem>> {
    c.inbox_get(&id).await.map(Json)
}

/// Decides about a finding; answers how it is then. A conflict where it no longer holds.
#[utoipa::path(post, path = "/v1/inbox/{id}/action", responses(Conflict))]
async fn inbox_act(
    State(c): State<Shared>,
    Path(id): Path<String>,
    Json(decision): Json<InboxDecision>,
) -> Answer<Json<InboxItem>> {
    c.inbox_act(&id, decision).await.map(Json)
}

/// What may be announced now.
#[utoipa::path(get, path = "/v1/proactive")]
async fn proactive(State(c): State<Shared>) -> Answer<Json<ProactiveStatus>> {
    c.proactive().await.map(Json)
}

/// Announces more or less for a while; outlives a restart. Answers as it is then.
#[utoipa::path(post, path = "/v1/proactive")]
async fn set_proactive(State(c): State<Shared>, Json(request): Json<ProactiveRequest>) -> Answer<Json<ProactiveStatus>> {
    c.set_proactive(request).await.map(Json)
}

/// The ways to the user, also those that are off. A conflict while no project is watched.
#[utoipa::path(get, path = "/v1/channels", responses(Conflict))]
async fn channels(State(c): State<Shared>) -> Answer<List<ChannelInfo>> {
    c.channels().await.map(List)
}

/// Sends a test message through each of them that is on, or through the one that is named; each is tried once.
///
/// A conflict while no project is watched.
#[utoipa::path(post, path = "/v1/channels/test", responses(Conflict, Missing))]
async fn test_channels(State(c): State<Shared>, Json(request): Json<ChannelTestRequest>) -> Answer<List<ChannelTest>> {
    c.test_channels(request).await.map(List)
}

/// What was said since a time, what became of it, and what it cost.
#[utoipa::path(get, path = "/v1/digest", params(DigestFilter))]
async fn digest(State(c): State<Shared>, Query(filter): Query<DigestFilter>) -> Answer<Json<Digest>> {
    c.digest(filter.since).await.map(Json)
}
