//! MCP servers of others.

use super::{ANSWER, Client, ClientResult, encode};
use crate::{McpFilter, McpServers, McpTrust};
use axum::body::Body;
use hyper::Method;

impl Client {
    /// See [`crate::Control::mcp_servers`].
    pub async fn mcp_servers(&self, filter: &McpFilter) -> ClientResult<McpServers> {
        self.get(&format!("/v1/mcp{}", query(filter))).await
    }

    /// See [`crate::Control::trust_mcp`].
    pub async fn trust_mcp(&self, name: &str, request: &McpTrust) -> ClientResult<()> {
        self.post(&format!("/v1/mcp/{}/trust", encode(name)), request, ANSWER).await
    }

    /// See [`crate::Control::distrust_mcp`].
    pub async fn distrust_mcp(&self, name: &str, filter: &McpFilter) -> ClientResult<()> {
        let path = format!("/v1/mcp/{}/trust{}", encode(name), query(filter));
        self.request(Method::DELETE, &path, Body::empty(), ANSWER).await
    }
}

fn query(filter: &McpFilter) -> String {
    filter.project.as_deref().map(|name| format!("?project={}", encode(name))).unwrap_or_default()
}
