//! Which request means which method of [`Control`]. A route and its description are one registration: neither can be without
//! the other.

mod ask;
mod dreams;
mod inbox;
mod mcp;
mod plugins;
mod process;
mod projects;
mod schedule;
mod signals;
mod wire;

use crate::control::Control;
use crate::{ApiError, ErrorKind};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// The header in which both sides name their version.
pub const VERSION_HEADER: &str = "kairos-run-version";
/// The version that this side names.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Most bytes of a request's body. A command's tail (16 KiB) and a tool's input stay far below.
pub const MAX_BODY: usize = 1024 * 1024;

/// Where to ask the process to end.
pub(crate) const STOP: &str = "/v1/stop";

pub(crate) use signals::CiStatus;

type Shared = Arc<dyn Control>;

/// All that can be asked. Paths begin with `/v1`, so that a later API can stand beside this one.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .merge(process::router())
        .merge(inbox::router())
        .merge(plugins::router())
        .merge(projects::router())
        .merge(signals::router())
        .merge(dreams::router())
        .merge(ask::router())
        .merge(mcp::router())
        .merge(schedule::router())
}

pub(crate) fn router(control: Shared) -> Router {
    Router::from(routes())
        .fallback(async || ApiError::not_found("there is no such address"))
        .method_not_allowed_fallback(async || {
            (StatusCode::METHOD_NOT_ALLOWED, axum::Json(ApiError::invalid("this address takes another method")))
        })
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
