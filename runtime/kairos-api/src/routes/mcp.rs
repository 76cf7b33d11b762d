//! MCP servers of others.

use super::Shared;
use super::wire::{Answer, Done, Json, Path, Query};
use crate::openapi::{Conflict, Missing};
use crate::{McpServers, McpTrust, ProjectFilter};
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::default().routes(routes!(servers)).routes(routes!(trust, distrust))
}

/// The servers that the user and the project name, and how they are.
#[utoipa::path(get, path = "/v1/mcp", params(ProjectFilter))]
async fn servers(State(c): State<Shared>, Query(filter): Query<ProjectFilter>) -> Answer<Json<McpServers>> {
    c.mcp_servers(filter).await.map(Json)
}

/// Trusts a server of the project as its file has it. A conflict where the file says something else by now.
#[utoipa::path(post, path = "/v1/mcp/{name}/trust", responses(Conflict, Missing))]
async fn trust(State(c): State<Shared>, Path(name): Path<String>, Json(request): Json<McpTrust>) -> Answer<Done> {
    c.trust_mcp(&name, request).await.map(|()| Done)
}

/// Takes the trust back; a server that runs ends.
#[utoipa::path(delete, path = "/v1/mcp/{name}/trust", params(ProjectFilter), responses(Missing))]
async fn distrust(State(c): State<Shared>, Path(name): Path<String>, Query(filter): Query<ProjectFilter>) -> Answer<Done> {
    c.distrust_mcp(&name, filter).await.map(|()| Done)
}
