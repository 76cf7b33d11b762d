//! How a request is read and how it is answered. A handler's signature says both, to axum and to the description.

use crate::{ApiError, ErrorKind, MAX_BODY};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::marker::PhantomData;
use tokio::sync::mpsc::Receiver;
use utoipa::openapi::response::Response as Described;
use utoipa::openapi::{Array, Content, Object, Ref, RefOr, ResponseBuilder, Schema, Type};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

/// What a handler answers.
pub(super) type Answer<T> = Result<T, ApiError>;

/// A JSON body, in either direction.
pub(super) struct Json<T>(pub T);

/// Many of a kind, as a JSON array.
pub(super) struct List<T>(pub Vec<T>);

/// Done, and nothing to tell: `null`.
pub(super) struct Done;

/// One JSON object a line, for as long as somebody reads.
pub(super) struct Lines<T>(pub Body, pub PhantomData<T>);

/// Parts of the address.
pub(super) struct Path<T>(pub T);

/// What stands behind the `?`.
pub(super) struct Query<T>(pub T);

/// A body as it is.
pub(super) struct Raw(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        Bytes::from_request(request, state).await.map(Self).map_err(|e| match e.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(ErrorKind::TooLarge, format!("the request is over {MAX_BODY} bytes")),
            _ => ApiError::invalid("the request ended early"),
        })
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let Raw(bytes) = Raw::from_request(request, state).await?;
        // Else an array would do, of the fields in their order.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(ApiError::invalid("the request is malformed: it is no JSON object"));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|e| ApiError::invalid(format!("the request is malformed: {e}")))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let found = axum::extract::Path::from_request_parts(parts, state).await;
        found.map(|axum::extract::Path(found)| Self(found)).map_err(|e| ApiError::invalid(e.body_text()))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let found = axum::extract::Query::from_request_parts(parts, state).await;
        found.map(|axum::extract::Query(found)| Self(found)).map_err(|e| ApiError::invalid(e.body_text()))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: Serialize> IntoResponse for List<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        axum::Json(()).into_response()
    }
}

impl<T: Serialize + Send + 'static> Lines<T> {
    /// What comes, for as long as it comes.
    pub(super) fn of(events: Receiver<T>) -> Self {
        let lines = futures_util::stream::unfold(events, async |mut events| {
            let event = events.recv().await?;
            let mut line = serde_json::to_vec(&event).unwrap_or_default();
            line.push(b'\n');
            Some((Ok::<_, Infallible>(Bytes::from(line)), events))
        });
        Self(Body::from_stream(lines), PhantomData)
    }
}

impl<T> IntoResponse for Lines<T> {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/x-ndjson")], self.0).into_response()
    }
}

impl<T: ToSchema> IntoResponses for Json<T> {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        ok(&about::<T>(), "application/json", name::<T>())
    }
}

impl<T: ToSchema> IntoResponses for List<T> {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        // What has no words of its own, as plain text, stands where it is used.
        let (about, each) = match about::<T>() {
            about if about.is_empty() => ("A list.".to_owned(), T::schema()),
            about => (format!("A list; each is this: {about}"), name::<T>().into()),
        };
        ok(&about, "application/json", Array::new(each))
    }
}

impl IntoResponses for Done {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        ok("Done.", "application/json", Object::with_type(Type::Null))
    }
}

impl<T: ToSchema> IntoResponses for Lines<T> {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        let about = format!("Until the process ends, one JSON object a line; each is this: {}", about::<T>());
        ok(&about, "application/x-ndjson", name::<T>())
    }
}

impl IntoResponses for ApiError {
    /// Which errors a route has follows from what it takes: see [`crate::openapi`].
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        BTreeMap::new()
    }
}

/// The one good answer.
pub(super) fn ok(about: &str, kind: &str, schema: impl Into<RefOr<Schema>>) -> BTreeMap<String, RefOr<Described>> {
    let answer = ResponseBuilder::new().description(about).content(kind, Content::new(Some(schema)));
    BTreeMap::from([("200".to_string(), answer.build().into())])
}

fn name<T: ToSchema>() -> Ref {
    Ref::from_schema_name(T::name())
}

/// What the type's own documentation says.
fn about<T: PartialSchema>() -> String {
    let json = serde_json::to_value(T::schema()).unwrap_or_default();
    json["description"].as_str().unwrap_or_default().to_string()
}
