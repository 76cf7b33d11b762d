//! MCP servers of others.

use super::{ANSWER, Client, ClientResult, encode, of_project};
use crate::{McpServers, McpTrust, ProjectFilter};
use axum::body::Body;
use hyper::Method;

impl Client {
    /// See [`crate::Control::mcp_servers`].
    pub async fn mcp_servers(&self, filter: &ProjectFilter) -> ClientResult<McpServers> {
        self.get(&format!("/v1/mcp{}", of_project(filter.project.as_deref()))).await
    }

    /// See [`crate::Control::trust_mcp`].
    pub async fn trust_mcp(&self, name: &str, request: &McpTrust) -> ClientResult<()> {
        self.post(&format!("/v1/mcp/{}/trust", encode(name)), request, ANSWER).await
    }

    /// See [`crate::Control::distrust_mcp`].
    pub async fn distrust_mcp(&self, name: &str, filter: &ProjectFilter) -> ClientResult<()> {
        let path = format!("/v1/mcp/{}/trust{}", encode(name), of_project(filter.project.as_deref()));
        self.request(Method::DELETE, &path, Body::empty(), ANSWER).await
    }
}
