//! Pages of the web for a turn, judged where they are asked for: each address by itself, those of redirects, too.

use super::effects::Effects;
use crate::ledger::Book;
use async_trait::async_trait;
use kairos_core::config::Config;
use kairos_core::ports::{PortResult, Web, WebAnswer, WebBody};
use kairos_core::{ErrorCode, PortError};
use kairos_exec::redact::Redactor;
use kairos_net::{Allow, Incoming, Net, NetError, Reach, Target, Timeouts};
use kairos_permit::{Action, is_among};
use kairos_store::UserDb;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How long a page may take.
const TIMEOUTS: Timeouts =
    Timeouts { connect: Duration::from_secs(10), read: Duration::from_secs(10), total: Duration::from_secs(20) };
/// Most bytes of a page.
const MAX_PAGE: usize = 2 << 20;
/// What a plugin is told of an answer.
const HEADERS: [&str; 3] = ["content-type", "content-encoding", "location"];

/// What the user's settings say of the web, and where requests are written down.
pub(super) struct WebSettings {
    /// Hosts that the user named himself, some with the one port that is meant.
    local: Vec<(Target, Option<u16>)>,
    redactor: Redactor,
    ledger: Arc<Book>,
}

impl WebSettings {
    pub(super) fn new(config: &Config, user: UserDb) -> Self {
        let named = |host: String| {
            let port = host.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
            let target = Target::parse(&format!("http://{host}"));
            let target = target.inspect_err(|e| tracing::warn!("`{host}` of `web.local-hosts` in kairos.toml: {e}"));
            Some((target.ok()?, port))
        };
        let redactor = Redactor::from_env().with_patterns(&config.list("redact.patterns"));
        Self {
            local: config.list("web.local-hosts").into_iter().filter_map(named).collect(),
            // A pattern that can't be used is told of where a model is asked.
            redactor: redactor.unwrap_or_else(|_| Redactor::from_env()),
            ledger: Arc::new(Book(user)),
        }
    }

    /// How far the host may be looked for; why not at all, if the address already says so.
    fn reach(&self, target: &Target) -> Result<Reach, String> {
        let (host, port) = (target.host(), target.port());
        if self.local.iter().any(|(local, only)| local.host() == host && only.is_none_or(|only| only == port)) {
            Ok(Reach::Anywhere)
        } else if target.is_plainly_private() {
            Err(NetError::Private(host.into()).to_string())
        } else if !target.has_usual_port() {
            Err(format!("port {port} is not used on the internet, only the usual ones"))
        } else {
            Ok(Reach::Public)
        }
    }
}

#[async_trait]
impl Web for Effects {
    fn patience(&self) -> Duration {
        TIMEOUTS.total + self.users_patience()
    }

    async fn get(&self, url: &str, accept: &str, hosts: &[String]) -> PortResult<WebAnswer> {
        let denied = |text: String| PortError::new(ErrorCode::Denied, text);
        let target = Target::parse(url).map_err(error)?;
        let host = target.host();
        if !is_among(host, hosts) {
            return Err(denied(format!("{host} is outside of what the plugin may reach: {}", hosts.join(", "))));
        }
        let reach = self.web.reach(&target).map_err(denied)?;
        if target.readings().iter().any(|text| self.web.redactor.redact(text) != *text) {
            return Err(denied(format!("this address of {host} has a secret in it")));
        }
        let verdict = self.rules.judge_real(&Action::Fetch(host));
        let origin = target.origin();
        let action = format!("ask {origin} for a page");
        self.permit(Some(verdict), BTreeSet::from([origin]), action, &format!("GET {target}\n")).await?;
        let net = Net::new(Allow::default().host(host, reach), TIMEOUTS, self.web.ledger.clone());
        let incoming = net.fetch(&target, accept, format!("{}, a page", self.session), MAX_PAGE).await.map_err(error)?;
        let told = |name: &'static str| Some((name, incoming.header(name)?.to_owned()));
        let headers = HEADERS.into_iter().filter_map(told).collect();
        Ok(WebAnswer { status: incoming.status, headers, body: Box::new(Pieces(incoming)) })
    }
}

struct Pieces(Incoming);

#[async_trait]
impl WebBody for Pieces {
    async fn piece(&mut self) -> PortResult<Option<Vec<u8>>> {
        self.0.piece().await.map_err(error)
    }
}

fn error(error: NetError) -> PortError {
    let code = match &error {
        NetError::Url | NetError::Refused(_) | NetError::Request(_) => ErrorCode::Invalid,
        NetError::NotAllowed(_) | NetError::Private(_) => ErrorCode::Denied,
        NetError::TooLong(_) => ErrorCode::TooLarge,
        _ => ErrorCode::Unavailable,
    };
    PortError::new(code, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_core::config::Trust;

    #[tokio::test]
    async fn the_local_network_is_reached_where_the_user_named_it() {
        let dir = tempfile::tempdir().unwrap();
        let user = UserDb::open(dir.path().join("state.db")).await.unwrap();
        let mut config = Config::default();
        let hosts = "web.local-hosts = [\"Wiki.lan\", \"127.0.0.1:80\", \"[::1]:8080\", \"a@b\"]";
        config.merge("kairos.toml", hosts, Trust::User).unwrap();
        let settings = WebSettings::new(&config, user);
        let reach = |url: &str| settings.reach(&Target::parse(url).unwrap());
        for named in ["http://wiki.lan/", "https://wiki.lan:8443/", "http://127.1/", "http://[0::1]:8080/"] {
            assert_eq!(reach(named), Ok(Reach::Anywhere), "{named}");
        }
        for private in ["https://127.0.0.1/", "http://127.0.0.1:81/", "http://[::1]/", "http://localhost/", "http://10.0.0.1/"] {
            assert!(reach(private).unwrap_err().contains("private network"), "{private}");
        }
        assert_eq!(reach("https://a.wiki.lan/"), Ok(Reach::Public), "its addresses are looked at");
        assert!(reach("https://example.org:22/").unwrap_err().contains("port 22"));
    }
}
