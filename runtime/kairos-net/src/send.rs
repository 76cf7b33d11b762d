//! One request, from the check of its address to its answer.

use crate::addresses::is_public;
use crate::allow::{Allow, Reach};
use crate::ledger::{Egress, Ledger};
use kairos_core::Millis;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url};
use sha2::{Digest, Sha256};
use std::error::Error;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::timeout;

/// Most bytes of a request's body: far over what a finding or a question to a model needs.
pub const MAX_BODY: usize = 1024 * 1024;

/// How long each part may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// To find the host's addresses, and to connect to one of them.
    pub connect: Duration,
    /// Between two pieces of the answer.
    pub read: Duration,
    /// All together.
    pub total: Duration,
}

/// Something to send.
#[derive(Debug, Clone, Default)]
pub struct Post {
    /// `http` or `https`.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// At most [`MAX_BODY`] bytes.
    pub body: Vec<u8>,
    /// For the ledger.
    pub why: String,
    /// So much of the answer's body is read at most, in bytes.
    pub max_answer: usize,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Of HTTP.
    pub status: u16,
    headers: HeaderMap,
    /// As much as was wanted and came.
    pub body: Vec<u8>,
    /// That is all of it: it neither broke off nor was longer than what was wanted.
    pub complete: bool,
}

impl Answer {
    /// The value of a header, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How long the other side wants to be left alone, where it says so: in seconds, or until a date.
    pub fn retry_after(&self, now: Millis) -> Option<Duration> {
        retry_after(self.header("retry-after")?, now)
    }
}

/// Why there is no answer. No message holds a URL's path, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// It can't be understood, or is neither http nor https.
    #[error("the address is no http or https URL")]
    Url,
    /// A header or the body can't be sent.
    #[error("the request can't be sent: {0}")]
    Request(String),
    /// It is not on the list.
    #[error("{0} is not among the hosts that may be reached")]
    NotAllowed(String),
    /// It is on the list, but its addresses are on this machine or in the local network.
    #[error("{0} is in a private network, which only your own settings can allow")]
    Private(String),
    /// It could not be written down, so it was not sent.
    #[error("nothing was sent, because it can't be recorded: {0}")]
    Ledger(String),
    /// TLS can't be set up on this machine.
    #[error("no secure connection is possible: {0}")]
    Tls(String),
    /// The host has no address now.
    #[error("{0} can't be found")]
    Resolve(String),
    /// Nobody answers there.
    #[error("{0} can't be reached: {1}")]
    Connect(String, String),
    /// It took too long.
    #[error("{0} did not answer within {1:?}")]
    Timeout(String, Duration),
    /// The connection broke before there was an answer.
    #[error("{0} broke the connection off: {1}")]
    Broken(String, String),
}

impl NetError {
    /// It may be well later without anyone changing a setting.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Ledger(_) | Self::Resolve(_) | Self::Connect(..) | Self::Timeout(..) | Self::Broken(..) | Self::Tls(_)
        )
    }
}

/// Sends to the hosts that are allowed.
pub struct Net {
    allow: Allow,
    timeouts: Timeouts,
    ledger: Arc<dyn Ledger>,
}

impl Net {
    /// Opens nothing yet.
    pub fn new(allow: Allow, timeouts: Timeouts, ledger: Arc<dyn Ledger>) -> Self {
        Self { allow, timeouts, ledger }
    }

    /// Sends it once. What comes back is an answer whatever its status; a redirect is one, too, and is not followed.
    pub async fn post(&self, post: Post) -> Result<Answer, NetError> {
        let url: Url = post.url.parse().map_err(|_| NetError::Url)?;
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return Err(NetError::Url) };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(NetError::Url);
        }
        let to = format!("{}://{host}:{port}", url.scheme());
        let reach = self.allow.reach(host).ok_or_else(|| NetError::NotAllowed(host.into()))?;
        if post.body.len() > MAX_BODY {
            return Err(NetError::Request(format!("its body is over {MAX_BODY} bytes")));
        }
        let headers = headers(&post.headers)?;
        let entry = Egress { at: now(), to, why: post.why, bytes: post.body.len() as u64, hash: hash(&post.body) };
        let id = self.ledger.begin(entry).await.map_err(NetError::Ledger)?;
        let total = self.timeouts.total;
        let exchange = self.exchange(&url, (host, port, reach), headers, post.body, post.max_answer);
        let result = timeout(total, exchange).await.unwrap_or_else(|_| Err(NetError::Timeout(host.into(), total)));
        let outcome = result.as_ref().map_or_else(ToString::to_string, |answer| answer.status.to_string());
        self.ledger.end(id, &outcome).await;
        result
    }

    async fn exchange(
        &self,
        url: &Url,
        (host, port, reach): (&str, u16, Reach),
        headers: HeaderMap,
        body: Vec<u8>,
        max_answer: usize,
    ) -> Result<Answer, NetError> {
        let addresses = self.resolve(host, port, reach).await?;
        let client = self.client(url.scheme() == "https", addresses).await?;
        let request = client.post(url.clone()).headers(headers).body(body);
        let mut response = request.send().await.map_err(|e| self.failure(host, e))?;
        let headers = response.headers().clone();
        let mut answer = Answer { status: response.status().as_u16(), headers, body: Vec::new(), complete: false };
        // The status is the answer: whoever needs the whole body looks whether it is complete.
        while let Ok(chunk) = response.chunk().await {
            let Some(chunk) = chunk else {
                answer.complete = true;
                break;
            };
            let room = max_answer - answer.body.len();
            answer.body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                break;
            }
        }
        Ok(answer)
    }

    /// The addresses of a host, of which none lies where it must not. They are looked up once and then connected to: a name
    /// that points elsewhere a moment later gains nothing.
    async fn resolve(&self, host: &str, port: u16, reach: Reach) -> Result<Vec<SocketAddr>, NetError> {
        let name = host.trim_start_matches('[').trim_end_matches(']').to_string();
        let found = timeout(self.timeouts.connect, tokio::net::lookup_host((name, port))).await;
        let mut addresses: Vec<SocketAddr> = match found {
            Ok(Ok(addresses)) => addresses.collect(),
            Ok(Err(_)) => return Err(NetError::Resolve(host.into())),
            Err(_) => return Err(NetError::Timeout(host.into(), self.timeouts.connect)),
        };
        if addresses.is_empty() {
            return Err(NetError::Resolve(host.into()));
        }
        if reach == Reach::Public {
            addresses.retain(|a| is_public(a.ip()));
        }
        if addresses.is_empty() { Err(NetError::Private(host.into())) } else { Ok(addresses) }
    }

    /// A client for one request: requests are rare, and between them neither a connection nor certificates are kept.
    async fn client(&self, secure: bool, addresses: Vec<SocketAddr>) -> Result<Client, NetError> {
        // Fails where somebody else has chosen one, which is as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .pool_max_idle_per_host(0)
            .user_agent(concat!("kairos-run/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.timeouts.connect)
            .read_timeout(self.timeouts.read)
            .dns_resolver(Checked(addresses));
        if !secure {
            // The system's certificates take a while to read, and may be missing.
            builder = builder.tls_certs_only([]);
        }
        let built = tokio::task::spawn_blocking(move || builder.build()).await;
        let tls = |e: &dyn Error| NetError::Tls(innermost(e));
        built.map_err(|e| tls(&e))?.map_err(|e| tls(&e))
    }

    fn failure(&self, host: &str, error: reqwest::Error) -> NetError {
        let error = error.without_url();
        let why = innermost(&error);
        if error.is_timeout() {
            let limit = if error.is_connect() { self.timeouts.connect } else { self.timeouts.read };
            NetError::Timeout(host.into(), limit)
        } else if error.is_connect() {
            NetError::Connect(host.into(), why)
        } else if error.is_builder() {
            NetError::Request(why)
        } else {
            NetError::Broken(host.into(), why)
        }
    }
}

/// The addresses that were checked, and no others, whatever name is asked for.
struct Checked(Vec<SocketAddr>);

impl Resolve for Checked {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(self.0.clone().into_iter());
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

/// What went wrong in the end, without what is wrapped around it.
fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

fn headers(pairs: &[(&'static str, String)]) -> Result<HeaderMap, NetError> {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        let wrong = || NetError::Request(format!("the header `{name}` can't be sent"));
        let value = HeaderValue::from_str(value).map_err(|_| wrong())?;
        map.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value);
    }
    Ok(map)
}

fn hash(body: &[u8]) -> String {
    Sha256::digest(body).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn now() -> Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
}

/// The host in a URL, as [`crate::Allow`] wants it.
pub fn host_of(url: &str) -> Result<String, NetError> {
    let url: Url = url.parse().map_err(|_| NetError::Url)?;
    match (url.scheme(), url.host_str()) {
        ("http" | "https", Some(host)) => Ok(host.into()),
        _ => Err(NetError::Url),
    }
}

fn retry_after(text: &str, now: Millis) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond();
    Some(Duration::from_millis(u64::try_from(date).ok()?.saturating_sub(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_side_may_say_when_to_come_back() {
        let now = 784_111_777_000;
        assert_eq!(retry_after(" 120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), Some(Duration::from_secs(10)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-5", now), None);
    }
}
