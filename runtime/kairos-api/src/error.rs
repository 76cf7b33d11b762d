//! What goes wrong, as it is told to whoever asked.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the API answers.
pub type ApiResult<T> = Result<T, ApiError>;

/// What kind of error; decides the HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// 404: no such finding, plugin, tool.
    NotFound,
    /// 400: what was asked is malformed.
    Invalid,
    /// 409: not possible in this state.
    Conflict,
    /// 413: the request is over [`crate::MAX_BODY`].
    TooLarge,
    /// 426: client and server are of different versions.
    Version,
    /// 500: our own fault.
    Internal,
}

impl ErrorKind {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Version => StatusCode::UPGRADE_REQUIRED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// An error that a person reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, thiserror::Error)]
#[error("{error}")]
pub struct ApiError {
    /// What kind.
    pub kind: ErrorKind,
    /// What is wrong, in one line.
    pub error: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl ApiError {
    /// An error without a hint.
    pub fn new(kind: ErrorKind, error: impl Into<String>) -> Self {
        Self { kind, error: error.into(), hint: None }
    }

    /// There is no such thing.
    pub fn not_found(error: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, error)
    }

    /// The request is malformed.
    pub fn invalid(error: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, error)
    }

    /// Our own fault.
    pub fn internal(error: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, error)
    }

    /// Adds what to do.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.kind.status(), axum::Json(self)).into_response()
    }
}
