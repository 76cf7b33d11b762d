//! A server that answers over HTTP: each request through [`kairos_net`], and so in the egress ledger.

use super::ServerError;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, unfold};
use http::{HeaderName, HeaderValue};
use kairos_net::{Allow, Incoming, Ledger, Net, NetError, Post, Reach, Timeouts, host_of};
use rmcp::model::ClientJsonRpcMessage;
use rmcp::transport::streamable_http_client::{StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse};
use sse_stream::{Error as SseError, Sse, SseStream};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// A call may work for long; what it says while it does is read as it comes.
const TIMEOUTS: Timeouts =
    Timeouts { connect: Duration::from_secs(10), read: Duration::from_secs(300), total: Duration::from_secs(600) };
/// Bytes of one answer.
const MAX_ANSWER: usize = 4 << 20;
const SESSION: &str = "mcp-session-id";

/// Sends to one server.
#[derive(Clone)]
pub(super) struct Over {
    net: Arc<Net>,
    headers: Arc<Vec<(String, String)>>,
    why: Arc<str>,
}

impl Over {
    /// The user trusts this very address, so it may be on this machine.
    pub(super) fn new(
        url: &str,
        headers: Vec<(String, String)>,
        ledger: Arc<dyn Ledger>,
        why: String,
    ) -> Result<Self, ServerError> {
        let host = host_of(url).map_err(|e| ServerError::Spec(e.to_string()))?;
        let net = Net::new(Allow::default().host(&host, Reach::Anywhere), TIMEOUTS, ledger);
        Ok(Self { net: Arc::new(net), headers: Arc::new(headers), why: why.into() })
    }

    fn post(&self, uri: &str, session: Option<&str>, own: HashMap<HeaderName, HeaderValue>, body: Vec<u8>) -> Post {
        let mut headers: Vec<_> = self.headers.iter().map(|(name, value)| (name.clone().into(), value.clone())).collect();
        headers.push(("content-type".into(), "application/json".into()));
        headers.push(("accept".into(), "text/event-stream, application/json".into()));
        headers.extend(session.map(|session| (SESSION.into(), session.to_owned())));
        let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
        headers.extend(own.iter().filter_map(|(name, value)| Some((name.as_str().to_owned().into(), text(value)?))));
        Post { url: uri.into(), headers, body, why: self.why.to_string(), redacted: 0, max_answer: MAX_ANSWER }
    }
}

type Answered<T> = Result<T, StreamableHttpError<NetError>>;

impl StreamableHttpClient for Over {
    type Error = NetError;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        _: Option<String>,
        own: HashMap<HeaderName, HeaderValue>,
    ) -> Answered<StreamableHttpPostResponse> {
        let asks = matches!(message, ClientJsonRpcMessage::Request(_));
        let post = self.post(&uri, session.as_deref(), own, serde_json::to_vec(&message)?);
        let answer = self.net.open(post).await.map_err(StreamableHttpError::Client)?;
        let header = |name: &str| answer.header(name).map(str::to_owned);
        let (kind, new_session) = (header("content-type").unwrap_or_default(), header(SESSION));
        match answer.status {
            202 | 204 => return Ok(StreamableHttpPostResponse::Accepted),
            404 if session.is_some() => return Err(StreamableHttpError::SessionExpired),
            200..300 => {}
            status => {
                let said = answer.rest().await.body;
                let said = String::from_utf8_lossy(&said[..said.len().min(300)]).into_owned();
                return Err(StreamableHttpError::UnexpectedServerResponse(format!("HTTP {status}: {said}").into()));
            }
        }
        if kind.starts_with("text/event-stream") {
            return Ok(StreamableHttpPostResponse::Sse(events(answer), new_session));
        }
        let body = answer.rest().await.body;
        match serde_json::from_slice(&body) {
            Ok(message) => Ok(StreamableHttpPostResponse::Json(message, new_session)),
            Err(_) if !asks => Ok(StreamableHttpPostResponse::Accepted),
            Err(_) if !kind.starts_with("application/json") => Err(StreamableHttpError::UnexpectedContentType(Some(kind))),
            Err(e) => Err(e.into()),
        }
    }

    /// Ends with us: the server forgets a session that nobody uses.
    async fn delete_session(
        &self,
        _: Arc<str>,
        _: Arc<str>,
        _: Option<String>,
        _: HashMap<HeaderName, HeaderValue>,
    ) -> Answered<()> {
        Ok(())
    }

    /// No stream is kept open only to hear of changes: an idle connection costs more than asking again does.
    async fn get_stream(
        &self,
        _: Arc<str>,
        _: Option<Arc<str>>,
        _: Option<String>,
        _: Option<String>,
        _: HashMap<HeaderName, HeaderValue>,
    ) -> Answered<BoxStream<'static, Result<Sse, SseError>>> {
        Err(StreamableHttpError::ServerDoesNotSupportSse)
    }
}

/// The events of an answer as they come.
fn events(answer: Incoming) -> BoxStream<'static, Result<Sse, SseError>> {
    let bytes = unfold(Some(answer), |answer| async {
        let mut answer = answer?;
        match answer.piece().await {
            Ok(Some(piece)) => Some((Ok(bytes::Bytes::from(piece)), Some(answer))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    });
    SseStream::from_bytes_stream(bytes).boxed()
}
