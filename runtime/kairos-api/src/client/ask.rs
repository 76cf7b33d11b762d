//! Asking the model.

use super::{ANSWER, Client, ClientResult, encode, of_project, protocol};
use crate::{
    AskEvent, AskRequest, CompactRequest, Conversation, LeaveRequest, ModelFilter, Models, Permission, PermissionAnswer,
    ProjectFilter, SkillInfo,
};
use axum::body::Body;
use hyper::Method;
use tokio::sync::mpsc::Receiver;

impl Client {
    /// See [`crate::Control::ask`]. Dropping the receiver stops the model.
    pub async fn ask(&self, request: &AskRequest) -> ClientResult<Receiver<AskEvent>> {
        let body = serde_json::to_vec(request).map_err(protocol)?;
        self.lines(Method::POST, "/v1/ask", Body::from(body)).await
    }

    /// See [`crate::Control::permit`].
    pub async fn permit(&self, id: &str, answer: PermissionAnswer) -> ClientResult<()> {
        self.post(&format!("/v1/permissions/{}", encode(id)), &answer, ANSWER).await
    }

    /// See [`crate::Control::conversations`].
    pub async fn conversations(&self, filter: &ProjectFilter) -> ClientResult<Vec<Conversation>> {
        self.get(&format!("/v1/conversations{}", of_project(filter.project.as_deref()))).await
    }

    /// See [`crate::Control::compact`]. Dropping the receiver stops it.
    pub async fn compact(&self, conversation: &str, request: &CompactRequest) -> ClientResult<Receiver<AskEvent>> {
        let body = serde_json::to_vec(request).map_err(protocol)?;
        self.lines(Method::POST, &format!("/v1/conversations/{}/compact", encode(conversation)), Body::from(body)).await
    }

    /// See [`crate::Control::leave`].
    pub async fn leave(&self, conversation: &str, request: &LeaveRequest) -> ClientResult<()> {
        self.post(&format!("/v1/conversations/{}/leave", encode(conversation)), request, ANSWER).await
    }

    /// See [`crate::Control::models`].
    pub async fn models(&self, filter: &ModelFilter) -> ClientResult<Models> {
        let ModelFilter { project, session, name } = filter;
        let all = [("project", project), ("session", session), ("name", name)];
        let query: Vec<String> =
            all.iter().filter_map(|(key, value)| Some(format!("{key}={}", encode(value.as_deref()?)))).collect();
        self.get(&format!("/v1/models?{}", query.join("&"))).await
    }

    /// See [`crate::Control::skills`].
    pub async fn skills(&self, filter: &ProjectFilter) -> ClientResult<Vec<SkillInfo>> {
        self.get(&format!("/v1/skills{}", of_project(filter.project.as_deref()))).await
    }

    /// See [`crate::Control::permissions`].
    pub async fn permissions(&self, filter: &ProjectFilter) -> ClientResult<Vec<Permission>> {
        self.get(&format!("/v1/permissions{}", of_project(filter.project.as_deref()))).await
    }

    /// See [`crate::Control::forget_permission`].
    pub async fn forget_permission(&self, id: &str) -> ClientResult<()> {
        self.request(Method::DELETE, &format!("/v1/permissions/{}", encode(id)), Body::empty(), ANSWER).await
    }
}
