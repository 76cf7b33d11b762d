//! Plugins, and the tools they bring.

use super::Shared;
use super::wire::{Answer, Json, List, Path};
use crate::openapi::{Conflict, Missing};
use crate::{GrantRequest, PluginInfo, ToolCall, ToolInfo, ToolOutput};
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(plugin_list))
        .routes(routes!(plugin_info))
        .routes(routes!(plugin_grant))
        .routes(routes!(plugin_revoke))
        .routes(routes!(plugin_trust))
        .routes(routes!(plugin_disable))
        .routes(routes!(plugin_enable))
        .routes(routes!(plugin_mute))
        .routes(routes!(plugin_unmute))
        .routes(routes!(tool_list))
        .routes(routes!(tool_call))
}

/// All plugins, by name, also those that don't run.
#[utoipa::path(get, path = "/v1/plugins")]
async fn plugin_list(State(c): State<Shared>) -> Answer<List<PluginInfo>> {
    c.plugin_list().await.map(List)
}

/// One plugin.
#[utoipa::path(get, path = "/v1/plugins/{name}")]
async fn plugin_info(State(c): State<Shared>, Path(name): Path<String>) -> Answer<Json<PluginInfo>> {
    c.plugin_info(&name).await.map(Json)
}

/// Grants this very file what it asks for, or a part of it. Takes effect at once.
///
/// A conflict where it can't be loaded, or asks for what this version can't give.
#[utoipa::path(post, path = "/v1/plugins/{name}/grant", responses(Conflict))]
async fn plugin_grant(
    State(c): State<Shared>,
    Path(name): Path<String>,
    Json(grant): Json<GrantRequest>,
) -> Answer<Json<PluginInfo>> {
    c.plugin_grant(&name, grant).await.map(Json)
}

/// Takes all grants back. Takes effect at once, also for a call in flight.
///
/// A conflict where it can't be loaded.
#[utoipa::path(post, path = "/v1/plugins/{name}/revoke", responses(Conflict))]
async fn plugin_revoke(State(c): State<Shared>, Path(name): Path<String>) -> Answer<Json<PluginInfo>> {
    c.plugin_revoke(&name).await.map(Json)
}

/// Later files at the same path keep the grants as long as they ask for no more.
///
/// A conflict where it can't be loaded.
#[utoipa::path(post, path = "/v1/plugins/{name}/trust", responses(Conflict))]
async fn plugin_trust(State(c): State<Shared>, Path(name): Path<String>) -> Answer<Json<PluginInfo>> {
    c.plugin_trust(&name).await.map(Json)
}

/// No longer called, until enabled.
#[utoipa::path(post, path = "/v1/plugins/{name}/disable")]
async fn plugin_disable(State(c): State<Shared>, Path(name): Path<String>) -> Answer<Json<PluginInfo>> {
    c.plugin_disable(&name).await.map(Json)
}

/// Called again; ends a quarantine, too.
#[utoipa::path(post, path = "/v1/plugins/{name}/enable")]
async fn plugin_enable(State(c): State<Shared>, Path(name): Path<String>) -> Answer<Json<PluginInfo>> {
    c.plugin_enable(&name).await.map(Json)
}

/// What it finds goes to the inbox silently from now on, critical findings apart.
#[utoipa::path(post, path = "/v1/plugins/{name}/mute")]
async fn plugin_mute(State(c): State<Shared>, Path(name): Path<String>) -> Answer<Json<PluginInfo>> {
    c.plugin_mute(&name).await.map(Json)
}

/// It may speak again; what was dismissed so far is forgiven.
#[utoipa::path(post, path = "/v1/plugins/{name}/unmute")]
async fn plugin_unmute(State(c): State<Shared>, Path(name): Path<String>) -> Answer<Json<PluginInfo>> {
    c.plugin_unmute(&name).await.map(Json)
}

/// All tools that can be called.
#[utoipa::path(get, path = "/v1/tools")]
async fn tool_list(State(c): State<Shared>) -> Answer<List<ToolInfo>> {
    c.tool_list().await.map(List)
}

/// Calls a tool. That the tool fails is no error of the API: see `is_error`.
#[utoipa::path(post, path = "/v1/tools/call", responses(Missing))]
async fn tool_call(State(c): State<Shared>, Json(call): Json<ToolCall>) -> Answer<Json<ToolOutput>> {
    c.tool_call(call).await.map(Json)
}
