//! Which request means which method of [`Control`].

use crate::control::Control;
use crate::digest::DigestFilter;
use crate::signals::{PauseRequest, SignalFilter};
use crate::types::{
    ApiError, CommandReport, ErrorKind, GrantRequest, InboxAction, InboxFilter, ProjectAdd, ToolCall, TrustRequest,
};
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The header in which both sides name their version.
pub const VERSION_HEADER: &str = "kairos-run-version";
/// The version that this side names.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Most bytes of a request's body. A command's tail (16 KiB) and a tool's input stay far below.
pub const MAX_BODY: usize = 1024 * 1024;

/// Where to ask the process to end.
pub(crate) const STOP: &str = "/v1/stop";

type Shared = Arc<dyn Control>;
type Answer = Result<Response, ApiError>;

/// Paths begin with `/v1`, so that a later API can stand beside this one.
pub(crate) fn router(control: Shared) -> Router {
    Router::new()
        .route("/v1/status", get(status))
        .route("/v1/inbox", get(inbox_list))
        .route("/v1/inbox/{id}", get(inbox_get))
        .route("/v1/inbox/{id}/action", post(inbox_act))
        .route("/v1/plugins", get(plugin_list))
        .route("/v1/plugins/{name}", get(plugin_info))
        .route("/v1/plugins/{name}/grant", post(plugin_grant))
        .route("/v1/plugins/{name}/{verb}", post(plugin_verb))
        .route("/v1/digest", get(digest))
        .route("/v1/projects", get(project_list).post(project_add))
        .route("/v1/projects/{project}", axum::routing::delete(project_remove))
        .route("/v1/events", get(events))
        .route(STOP, post(stop))
        .route("/v1/projects/{project}/trust", get(project_trust).post(trust_project).delete(distrust_project))
        .route("/v1/commands", post(command_finished))
        .route("/v1/projects/{project}/ci", post(ci_finished))
        .route("/v1/signals", get(signals))
        .route("/v1/signals/pause", post(pause_signals))
        .route("/v1/tools", get(tool_list))
        .route("/v1/tools/call", post(tool_call))
        .fallback(async || ApiError::not_found("there is no such address").into_response())
        .method_not_allowed_fallback(async || ApiError::invalid("this address takes another method").into_response())
        .layer(axum::middleware::from_fn(versions))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(control)
}

/// `0.3.1` -> `0.3`: what has to be the same on both sides.
pub(crate) fn compatible(a: &str, b: &str) -> bool {
    let minor = |v: &str| v.splitn(3, '.').take(2).map(String::from).collect::<Vec<_>>();
    minor(a) == minor(b)
}

/// A client that names a version must have ours; one that names none (`curl`) is on its own.
async fn versions(request: Request, next: Next) -> Response {
    // Whatever its version, a client may ask us to end, so that it can start its own.
    let refusable = request.uri().path() != STOP;
    let theirs = request.headers().get(VERSION_HEADER).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
    let mut response = match theirs {
        Some(theirs) if refusable && !compatible(&theirs, VERSION) => {
            let error = format!("kairos-run {VERSION} is running, but version {theirs:?} asks");
            ApiError::new(ErrorKind::Version, error).with_hint("kairos-run restart").into_response()
        }
        _ => next.run(request).await,
    };
    response.headers_mut().insert(VERSION_HEADER, HeaderValue::from_static(VERSION));
    response
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = match self.kind {
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Invalid => StatusCode::BAD_REQUEST,
            ErrorKind::Conflict => StatusCode::CONFLICT,
            ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorKind::Version => StatusCode::UPGRADE_REQUIRED,
            ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, axum::Json(self)).into_response()
    }
}

/// A JSON body, with errors as [`ApiError`]. An empty body stands for `{}`.
struct Json<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await.map_err(|e| match e.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(ErrorKind::TooLarge, format!("the request is over {MAX_BODY} bytes")),
            _ => ApiError::invalid("the request ended early"),
        })?;
        let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(bytes).map(Self).map_err(|e| ApiError::invalid(format!("the request is malformed: {e}")))
    }
}

fn json(value: impl Serialize) -> Answer {
    Ok(axum::Json(value).into_response())
}

async fn status(State(c): State<Shared>) -> Answer {
    json(c.status().await?)
}

async fn inbox_list(
    State(c): State<Shared>,
    filter: Result<Query<InboxFilter>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let Query(filter) = filter.map_err(|e| ApiError::invalid(e.body_text()))?;
    json(c.inbox_list(filter).await?)
}

async fn inbox_get(State(c): State<Shared>, Path(id): Path<String>) -> Answer {
    json(c.inbox_get(&id).await?)
}

async fn inbox_act(State(c): State<Shared>, Path(id): Path<String>, Json(action): Json<InboxAction>) -> Answer {
    json(c.inbox_act(&id, action).await?)
}

async fn plugin_list(State(c): State<Shared>) -> Answer {
    json(c.plugin_list().await?)
}

async fn plugin_info(State(c): State<Shared>, Path(name): Path<String>) -> Answer {
    json(c.plugin_info(&name).await?)
}

async fn plugin_grant(State(c): State<Shared>, Path(name): Path<String>, Json(grant): Json<GrantRequest>) -> Answer {
    json(c.plugin_grant(&name, grant).await?)
}

async fn plugin_verb(State(c): State<Shared>, Path((name, verb)): Path<(String, String)>) -> Answer {
    json(match verb.as_str() {
        "revoke" => c.plugin_revoke(&name).await?,
        "trust" => c.plugin_trust(&name).await?,
        "disable" => c.plugin_disable(&name).await?,
        "enable" => c.plugin_enable(&name).await?,
        "mute" => c.plugin_mute(&name).await?,
        "unmute" => c.plugin_unmute(&name).await?,
        _ => return Err(ApiError::not_found("there is no such address")),
    })
}

async fn digest(
    State(c): State<Shared>,
    filter: Result<Query<DigestFilter>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let Query(filter) = filter.map_err(|e| ApiError::invalid(e.body_text()))?;
    json(c.digest(filter.since).await?)
}

async fn project_list(State(c): State<Shared>) -> Answer {
    json(c.status().await?.projects)
}

async fn project_add(State(c): State<Shared>, Json(project): Json<ProjectAdd>) -> Answer {
    json(c.project_add(&project.path).await?)
}

async fn project_remove(State(c): State<Shared>, Path(project): Path<String>) -> Answer {
    json(c.project_remove(&project).await?)
}

/// One event a line, as JSON, for as long as somebody reads.
async fn events(State(c): State<Shared>) -> Answer {
    let lines = futures_util::stream::unfold(c.events(), async |mut events| {
        let event = events.recv().await?;
        let mut line = serde_json::to_vec(&event).unwrap_or_default();
        line.push(b'\n');
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(line)), events))
    });
    let body = axum::body::Body::from_stream(lines);
    Ok(([(axum::http::header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

async fn stop(State(c): State<Shared>) -> Answer {
    json(c.stop().await?)
}

async fn project_trust(State(c): State<Shared>, Path(project): Path<String>) -> Answer {
    json(c.project_trust(&project).await?)
}

async fn trust_project(State(c): State<Shared>, Path(project): Path<String>, Json(request): Json<TrustRequest>) -> Answer {
    json(c.trust_project(&project, request).await?)
}

async fn distrust_project(State(c): State<Shared>, Path(project): Path<String>) -> Answer {
    json(c.distrust_project(&project).await?)
}

async fn command_finished(State(c): State<Shared>, Json(report): Json<CommandReport>) -> Answer {
    json(c.command_finished(report).await?)
}

async fn signals(
    State(c): State<Shared>,
    filter: Result<Query<SignalFilter>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let Query(filter) = filter.map_err(|e| ApiError::invalid(e.body_text()))?;
    json(c.signals(filter.project).await?)
}

async fn pause_signals(State(c): State<Shared>, Json(request): Json<PauseRequest>) -> Answer {
    json(c.pause_signals(request).await?)
}

/// The body is a report as CI systems write them, so whoever has `curl` needs no more.
async fn ci_finished(State(c): State<Shared>, Path(project): Path<String>, report: Result<Bytes, BytesRejection>) -> Answer {
    let report = report.map_err(|_| ApiError::new(ErrorKind::TooLarge, format!("the report is over {MAX_BODY} bytes")))?;
    json(c.ci_finished(&project, &report).await?)
}

async fn tool_list(State(c): State<Shared>) -> Answer {
    json(c.tool_list().await?)
}

async fn tool_call(State(c): State<Shared>, Json(call): Json<ToolCall>) -> Answer {
    json(c.tool_call(call).await?)
}

#[cfg(test)]
mod tests {
    use super::compatible;

    #[test]
    fn a_patch_release_is_no_other_version() {
        assert!(compatible("0.1.0", "0.1.9"));
        assert!(!compatible("0.1.0", "0.2.0"));
        assert!(!compatible("", "0.1.0"));
    }
}
