//! Projects, and whether what they bring is trusted.

use super::Shared;
use super::wire::{Answer, Done, Json, List, Path};
use crate::openapi::Conflict;
use crate::{PluginInfo, ProjectAdd, ProjectStatus, ProjectTrust, TrustRequest};
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::default().routes(routes!(project_list, project_add)).routes(routes!(project_remove)).routes(routes!(
        project_trust,
        trust_project,
        distrust_project
    ))
}

/// The projects that are watched, or should be.
#[utoipa::path(get, path = "/v1/projects")]
async fn project_list(State(c): State<Shared>) -> Answer<List<ProjectStatus>> {
    c.status().await.map(|status| List(status.projects))
}

/// Watches one more project, now and after each start; answers as it is. A conflict where it can't be watched.
#[utoipa::path(post, path = "/v1/projects", responses(Conflict))]
async fn project_add(State(c): State<Shared>, Json(project): Json<ProjectAdd>) -> Answer<Json<ProjectStatus>> {
    c.project_add(&project.path).await.map(Json)
}

/// Watches a project no longer, neither now nor after a start; its data stay.
#[utoipa::path(delete, path = "/v1/projects/{project}")]
async fn project_remove(State(c): State<Shared>, Path(project): Path<String>) -> Answer<Done> {
    c.project_remove(&project).await.map(|()| Done)
}

/// The plugins that a project brings.
#[utoipa::path(get, path = "/v1/projects/{project}/trust")]
async fn project_trust(State(c): State<Shared>, Path(project): Path<String>) -> Answer<Json<ProjectTrust>> {
    c.project_trust(&project).await.map(Json)
}

/// Trusts exactly these files; they are loaded, and answered as they are then. A conflict if others lie there by now.
#[utoipa::path(post, path = "/v1/projects/{project}/trust", responses(Conflict))]
async fn trust_project(
    State(c): State<Shared>,
    Path(project): Path<String>,
    Json(request): Json<TrustRequest>,
) -> Answer<List<PluginInfo>> {
    c.trust_project(&project, request).await.map(List)
}

/// Takes the trust back. The plugins end at once.
#[utoipa::path(delete, path = "/v1/projects/{project}/trust")]
async fn distrust_project(State(c): State<Shared>, Path(project): Path<String>) -> Answer<Json<ProjectTrust>> {
    c.distrust_project(&project).await.map(Json)
}
