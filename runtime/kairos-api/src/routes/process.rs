//! The process itself.

use super::Shared;
use super::wire::{Answer, Done, Json, Lines, ok};
use crate::{Event, Status, openapi};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use utoipa::IntoResponses;
use utoipa::openapi::{Object, RefOr};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::default().routes(routes!(status)).routes(routes!(events)).routes(routes!(stop)).routes(routes!(description))
}

/// How the process and its projects are.
#[utoipa::path(get, path = "/v1/status")]
async fn status(State(c): State<Shared>) -> Answer<Json<Status>> {
    c.status().await.map(Json)
}

/// What happens from now on, until the process ends or nobody reads.
///
/// Who reads too slowly misses events, and is told by a `dropped` event how many.
#[utoipa::path(get, path = "/v1/events")]
async fn events(State(c): State<Shared>) -> Answer<Lines<Event>> {
    Ok(Lines::of(c.events()))
}

/// Asks the process to end in order. Answers before it has ended.
#[utoipa::path(post, path = "/v1/stop")]
async fn stop(State(c): State<Shared>) -> Answer<Done> {
    c.stop().await.map(|()| Done)
}

/// This description.
#[utoipa::path(get, path = "/v1/openapi.json")]
async fn description() -> Answer<Description> {
    Ok(Description)
}

struct Description;

impl IntoResponse for Description {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/json")], openapi::document()).into_response()
    }
}

impl IntoResponses for Description {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        ok("An OpenAPI document.", "application/json", Object::new())
    }
}
