//! One request, from the check of its address to its answer.

use crate::addresses::is_public;
use crate::allow::{Allow, Reach};
use crate::answer::{Answer, Incoming};
use crate::ledger::{Egress, Entry, Ledger};
use crate::target::Target;
use kairos_core::Millis;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response, Url};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::error::Error;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{Instant, timeout};

/// Most bytes of a request's body: far over what a finding or a question to a model needs.
pub const MAX_BODY: usize = 1024 * 1024;

/// How long each part may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// To find the host's addresses, and to connect to one of them.
    pub connect: Duration,
    /// Between two pieces of the answer; up to the first one, `total` holds.
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
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// At most [`MAX_BODY`] bytes.
    pub body: Vec<u8>,
    /// For the ledger.
    pub why: String,
    /// Secrets that were taken out of the body, for the ledger.
    pub redacted: u32,
    /// So much of the answer's body is read at most, in bytes.
    pub max_answer: usize,
}

/// Why there is no answer. No message holds a URL's path, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// It can't be understood, or is neither http nor https.
    #[error("the address is no http or https URL")]
    Url,
    /// It is written so that it is better not used: this is what is wrong with it.
    #[error("this address is not used: {0}")]
    Refused(&'static str),
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
    /// It is longer than what was wanted.
    #[error("the answer of {0} is too long")]
    TooLong(String),
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

    /// Sends it once, and waits for all of the answer. What comes back is an answer whatever its status; a redirect is one, too, and is
    /// not followed.
    ///
    /// # Errors
    /// Where no answer begins.
    pub async fn post(&self, post: Post) -> Result<Answer, NetError> {
        Ok(self.open(post).await?.rest().await)
    }

    /// Asks for what is there, and waits for all of it, up to `max_answer` bytes.
    ///
    /// # Errors
    /// Where no answer begins.
    pub async fn get(&self, url: String, why: &str, max_answer: usize) -> Result<Answer, NetError> {
        let request = Post { url, why: why.into(), max_answer, ..Post::default() };
        Ok(self.send(Method::GET, request, None).await?.rest().await)
    }

    /// Sends it once, and waits until the answer begins.
    ///
    /// # Errors
    /// Where none does.
    pub async fn open(&self, post: Post) -> Result<Incoming, NetError> {
        self.send(Method::POST, post, None).await
    }

    /// Asks for a page that somebody else named, and waits until the answer begins. What it asks for is on record, as a body would be: an
    /// address can carry something away.
    ///
    /// # Errors
    /// Where none does.
    pub async fn fetch(&self, target: &Target, accept: &str, why: String, max_answer: usize) -> Result<Incoming, NetError> {
        let headers = vec![("accept".into(), accept.to_owned())];
        let get = Post { url: target.as_str().into(), headers, why, max_answer, ..Post::default() };
        self.send(Method::GET, get, Some(target.request_line().into_bytes())).await
    }

    /// On record is `told`, or else the body.
    async fn send(&self, method: Method, post: Post, told: Option<Vec<u8>>) -> Result<Incoming, NetError> {
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
        let sent = told.unwrap_or_else(|| post.body.clone());
        let hash = hash(&sent);
        let egress = Egress { at: now(), to, why: post.why, body: sent, hash, redacted: post.redacted };
        let mut entry = Entry::begin(self.ledger.clone(), egress).await.map_err(NetError::Ledger)?;
        let total = self.timeouts.total;
        let end = Instant::now() + total;
        let begun = timeout(total, self.begin((method, &url), (host, port, reach), headers, post.body)).await;
        match begun.unwrap_or_else(|_| Err(NetError::Timeout(host.into(), total))) {
            Ok(response) => Ok(Incoming::new(response, host.into(), (self.timeouts, end), post.max_answer, entry)),
            Err(error) => {
                entry.end(&error.to_string()).await;
                Err(error)
            }
        }
    }

    async fn begin(
        &self,
        (method, url): (Method, &Url),
        (host, port, reach): (&str, u16, Reach),
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Response, NetError> {
        let addresses = self.resolve(host, port, reach).await?;
        let client = self.client(url.scheme() == "https", addresses).await?;
        let request = client.request(method, url.clone()).headers(headers).body(body);
        request.send().await.map_err(|e| self.failure(host, e))
    }

    /// The addresses of a host, of which none lies where it must not. They are looked up once and then connected to: a name
    /// that points elsewhere a moment later gains nothing.
    async fn resolve(&self, host: &str, port: u16, reach: Reach) -> Result<Vec<SocketAddr>, NetError> {
        let name = host.trim_start_matches('[').trim_end_matches(']').to_string();
        let found = timeout(self.timeouts.connect, tokio::net::lookup_host((name, port))).await;
        let addresses: Vec<SocketAddr> = match found {
            Ok(Ok(addresses)) => addresses.collect(),
            Ok(Err(_)) => return Err(NetError::Resolve(host.into())),
            Err(_) => return Err(NetError::Timeout(host.into(), self.timeouts.connect)),
        };
        if addresses.is_empty() {
            return Err(NetError::Resolve(host.into()));
        }
        if may_connect(&addresses, reach) { Ok(addresses) } else { Err(NetError::Private(host.into())) }
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
            NetError::Timeout(host.into(), self.timeouts.connect)
        } else if error.is_connect() {
            NetError::Connect(host.into(), why)
        } else if error.is_builder() {
            NetError::Request(why)
        } else {
            NetError::Broken(host.into(), why)
        }
    }
}

/// A name that leads to the internet and into the local network does so on purpose.
fn may_connect(addresses: &[SocketAddr], reach: Reach) -> bool {
    reach == Reach::Anywhere || addresses.iter().all(|a| is_public(a.ip()))
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
pub(crate) fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

fn headers(pairs: &[(Cow<'static, str>, String)]) -> Result<HeaderMap, NetError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    struct NoBook;

    #[async_trait::async_trait]
    impl Ledger for NoBook {
        async fn begin(&self, _: Egress) -> Result<u64, String> {
            Ok(1)
        }
        async fn end(&self, _: u64, _: &str, _: u64) {}
    }

    /// A name is looked up once, and what was found is judged; whatever it would answer the next time is never asked.
    #[tokio::test]
    async fn what_is_connected_to_is_what_was_judged() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let judged = listener.local_addr().unwrap();
        let second = Duration::from_secs(5);
        let net = Net::new(Allow::default(), Timeouts { connect: second, read: second, total: second }, Arc::new(NoBook));
        let client = net.client(false, vec![judged]).await.unwrap();
        // No system finds this name, so whoever comes has not looked it up.
        let asked = tokio::spawn(client.get(format!("http://rebinding.invalid:{}/", judged.port())).send());
        let (accepted, _) = timeout(second, listener.accept()).await.expect("it led elsewhere").unwrap();
        drop(accepted);
        assert!(asked.await.unwrap().is_err());
    }

    #[test]
    fn one_private_address_of_a_name_is_enough() {
        let all = |addresses: &[&str]| addresses.iter().map(|a| a.parse().unwrap()).collect::<Vec<SocketAddr>>();
        assert!(may_connect(&all(&["1.1.1.1:80", "[2606:4700::1111]:80"]), Reach::Public));
        for mixed in [["1.1.1.1:80", "127.0.0.1:80"], ["[::1]:80", "1.1.1.1:80"], ["1.1.1.1:80", "[::ffff:10.0.0.1]:80"]] {
            assert!(!may_connect(&all(&mixed), Reach::Public) && may_connect(&all(&mixed), Reach::Anywhere), "{mixed:?}");
        }
    }
}
