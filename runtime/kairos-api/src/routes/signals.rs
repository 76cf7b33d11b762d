//! What is watched, and what is reported to us.

use super::Shared;
use super::wire::{Answer, Done, Json, List, Path, Query, Raw};
use crate::openapi::{Conflict, Missing};
use crate::{CommandReport, PauseRequest, ProjectSignals, SignalFilter};
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(signals))
        .routes(routes!(pause_signals))
        .routes(routes!(command_finished))
        .routes(routes!(ci_finished))
}

/// What is watched in all projects, or in one.
#[utoipa::path(get, path = "/v1/signals", params(SignalFilter), responses(Missing))]
async fn signals(State(c): State<Shared>, Query(filter): Query<SignalFilter>) -> Answer<List<ProjectSignals>> {
    c.signals(filter.project).await.map(List)
}

/// Begins or ends a pause; outlives a restart. Answers as it is then, for the projects concerned.
#[utoipa::path(post, path = "/v1/signals/pause", responses(Missing))]
async fn pause_signals(State(c): State<Shared>, Json(request): Json<PauseRequest>) -> Answer<List<ProjectSignals>> {
    c.pause_signals(request).await.map(List)
}

/// A command ended. One outside every watched project is no error: nothing happens.
#[utoipa::path(post, path = "/v1/commands")]
async fn command_finished(State(c): State<Shared>, Json(report): Json<CommandReport>) -> Answer<Done> {
    c.command_finished(report).await.map(|()| Done)
}

/// A run of CI has ended. Answers its status. A conflict where results of CI are switched off.
///
/// The body is a report as CI systems write them, so whoever has `curl` needs no more: JUnit XML, or this JSON. Which of the
/// two it is, is seen in the body itself.
#[utoipa::path(
    post,
    path = "/v1/projects/{project}/ci",
    request_body(content((CiReport = "application/json"), (String = "application/xml"))),
    responses(Conflict)
)]
async fn ci_finished(State(c): State<Shared>, Path(project): Path<String>, Raw(report): Raw) -> Answer<Json<CiStatus>> {
    c.ci_finished(&project, &report).await.map(CiStatus).map(Json)
}

/// `passed`, `failed`, `cancelled`, or `other`.
#[derive(Serialize, ToSchema)]
pub(crate) struct CiStatus(String);

/// How a run of CI ended.
// Only described here: who implements `Control` reads it.
#[derive(ToSchema)]
#[allow(dead_code)]
struct CiReport {
    /// `passed`, `failed`, `cancelled`; the words that CI systems use for these are understood, too.
    #[schema(min_length = 1)]
    status: String,
    /// Of the workflow or job.
    #[schema(required = false)]
    name: String,
    /// Where one can read on: `http` or `https`.
    #[schema(required = false)]
    url: String,
    /// What was tested: the commit's hash.
    #[schema(required = false)]
    commit: String,
    /// And its branch.
    #[schema(required = false)]
    branch: String,
    /// What failed.
    #[schema(required = false)]
    summary: String,
}
