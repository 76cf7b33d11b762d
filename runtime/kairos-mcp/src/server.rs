//! What we offer to other agents, on standard input and output.
//!
//! Who is at the other end is a program that a model drives: it is told what it asks for, and what it wants is judged by the
//! [`Desk`] as the wish of a program, never as the user's own.

use async_trait::async_trait;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Resource, ResourceContents,
    ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use serde_json::{Value, json};
use std::sync::Arc;

/// Characters of the other program's name that are kept.
const MAX_NAME: usize = 60;

/// What calling it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing changes.
    Reads,
    /// Something is added.
    Adds,
    /// Something is decided; it can be undone.
    Decides,
}

/// One thing that can be called.
#[derive(Debug, Clone)]
pub struct Offer {
    /// In snake case, as is usual here.
    pub name: &'static str,
    /// For a model: what it does, and when it is of use.
    pub description: &'static str,
    /// JSON Schemas by name.
    pub properties: Value,
    /// The properties that have to be there.
    pub required: &'static [&'static str],
    /// What calling it does.
    pub effect: Effect,
}

/// A text that can be read by its address.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// Its address.
    pub uri: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What is in it.
    pub description: &'static str,
    /// Its type.
    pub mime: &'static str,
}

/// What answers.
#[async_trait]
pub trait Desk: Send + Sync + 'static {
    /// For the model at the other end: what this is, and how to take what it says.
    fn instructions(&self) -> String;
    /// All that can be called.
    fn offers(&self) -> Vec<Offer>;
    /// Calls it, for the program of that name; an object, or why not and what to do. None where nothing has that name.
    async fn call(&self, caller: &str, name: &str, input: Value) -> Option<Result<Value, String>>;
    /// All that can be read.
    fn sheets(&self) -> Vec<Sheet>;
    /// Reads it. None where nothing has that address.
    async fn read(&self, uri: &str) -> Option<Result<String, String>>;
}

/// Why no more is answered.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The other side does not speak the protocol, or another version of it.
    #[error("the other side does not speak the Model Context Protocol: {0}")]
    Greeting(String),
    /// The task ended that answers.
    #[error("the server ended: {0}")]
    Ended(String),
}

/// Answers on standard input and output until the other side closes them.
///
/// # Errors
/// If the other side does not begin as the protocol says.
pub async fn serve(desk: Arc<dyn Desk>) -> Result<(), ServeError> {
    let running = Server(desk).serve(rmcp::transport::io::stdio()).await.map_err(|e| ServeError::Greeting(e.to_string()))?;
    running.waiting().await.map_err(|e| ServeError::Ended(e.to_string()))?;
    Ok(())
}

struct Server(Arc<dyn Desk>);

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_resources().build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("kairos-run", env!("CARGO_PKG_VERSION")))
            .with_instructions(self.0.instructions())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.0.offers().into_iter().map(tool).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let caller = caller(&context);
        let input = Value::Object(request.arguments.unwrap_or_default());
        let answer = self.0.call(&caller, &request.name, input).await;
        let answer = answer.ok_or_else(|| ErrorData::invalid_params(format!("there is no tool `{}`", request.name), None))?;
        Ok(match answer {
            Ok(value) => CallToolResult::structured(value),
            Err(why) => CallToolResult::error(vec![ContentBlock::text(why)]),
        }
        .into())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let resource =
            |sheet: Sheet| Resource::new(sheet.uri, sheet.name).with_description(sheet.description).with_mime_type(sheet.mime);
        Ok(ListResourcesResult::with_all_items(self.0.sheets().into_iter().map(resource).collect()))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let missing = || ErrorData::resource_not_found(format!("there is no {}", request.uri), None);
        let text = self.0.read(&request.uri).await.ok_or_else(missing)?;
        let text = text.map_err(|why| ErrorData::internal_error(why, None))?;
        Ok(ReadResourceResult::new(vec![ResourceContents::text(text, request.uri)]).into())
    }
}

fn tool(offer: Offer) -> Tool {
    let schema = json!({
        "type": "object", "properties": offer.properties, "required": offer.required, "additionalProperties": false,
    });
    let Value::Object(schema) = schema else { unreachable!("an object was written") };
    let reads = offer.effect == Effect::Reads;
    let annotations = ToolAnnotations::from_raw(None, Some(reads), Some(false), Some(offer.effect != Effect::Adds), Some(false));
    Tool::new(offer.name, offer.description, schema).with_annotations(annotations)
}

/// As the other program calls itself.
fn caller(context: &RequestContext<RoleServer>) -> String {
    let name = context.peer.peer_info().map(|info| info.client_info.name.clone()).unwrap_or_default();
    let name: String = name.chars().filter(|c| c.is_alphanumeric() || "-_. ".contains(*c)).take(MAX_NAME).collect();
    if name.trim().is_empty() { "a program".into() } else { name.trim().into() }
}
