//! What the user wants looked at at set times.

use super::Shared;
use super::wire::{Answer, List, Query};
use crate::{ProjectFilter, Schedule};
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::default().routes(routes!(schedules))
}

/// What the model is woken for at set times, the next first.
#[utoipa::path(get, path = "/v1/schedules", params(ProjectFilter))]
async fn schedules(State(c): State<Shared>, Query(filter): Query<ProjectFilter>) -> Answer<List<Schedule>> {
    c.schedules(filter).await.map(List)
}
