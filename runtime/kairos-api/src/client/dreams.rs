//! Asking about dreams.

use super::{ANSWER, Client, ClientResult, SLOW, encode, of_project, protocol};
use crate::{DreamFilter, DreamRequest, DreamSteps, DreamStrategies, DreamSummary};
use axum::body::Body;
use hyper::Method;
use kairos_core::dream::{Dream, Reverted};
use std::time::Duration;

/// A chain of strategies over a large memory.
const DREAM: Duration = Duration::from_secs(600);

impl Client {
    /// See [`crate::Control::dream`]. Waits up to ten minutes.
    pub async fn dream(&self, request: &DreamRequest) -> ClientResult<Dream> {
        self.post("/v1/dreams", request, DREAM).await
    }

    /// See [`crate::Control::dreams`].
    pub async fn dreams(&self, filter: &DreamFilter) -> ClientResult<Vec<DreamSummary>> {
        self.get(&format!("/v1/dreams{}", of_project(filter.project.as_deref()))).await
    }

    /// See [`crate::Control::dream_show`].
    pub async fn dream_show(&self, id: &str, filter: &DreamFilter) -> ClientResult<Dream> {
        self.get(&format!("/v1/dreams/{}{}", encode(id), of_project(filter.project.as_deref()))).await
    }

    /// See [`crate::Control::dream_accept`]. Waits up to 60 s, as do the next two.
    pub async fn dream_accept(&self, id: &str, steps: &DreamSteps) -> ClientResult<Dream> {
        self.post(&format!("/v1/dreams/{}/accept", encode(id)), steps, SLOW).await
    }

    /// See [`crate::Control::dream_reject`].
    pub async fn dream_reject(&self, id: &str, steps: &DreamSteps) -> ClientResult<Dream> {
        self.post(&format!("/v1/dreams/{}/reject", encode(id)), steps, SLOW).await
    }

    /// See [`crate::Control::dream_revert`].
    pub async fn dream_revert(&self, id: &str, steps: &DreamSteps) -> ClientResult<Reverted> {
        self.post(&format!("/v1/dreams/{}/revert", encode(id)), steps, SLOW).await
    }

    /// See [`crate::Control::dream_strategies`].
    pub async fn dream_strategies(&self, filter: &DreamFilter) -> ClientResult<Vec<String>> {
        self.get(&format!("/v1/dreams/strategies{}", of_project(filter.project.as_deref()))).await
    }

    /// See [`crate::Control::use_strategies`].
    pub async fn use_strategies(&self, request: &DreamStrategies) -> ClientResult<Vec<String>> {
        let body = serde_json::to_vec(request).map_err(protocol)?;
        self.request(Method::PUT, "/v1/dreams/strategies", Body::from(body), ANSWER).await
    }
}
