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
    /// Addresses that the user named himself.
    local: Vec<Target>,
    redactor: Redactor,
    ledger: Arc<Book>,
}

impl WebSettings {
    pub(super) fn new(config: &Config, user: UserDb) -> Self {
        let named = |host: String| {
            let target = Target::parse(&format!("http://{host}"));
            target.inspect_err(|e| tracing::warn!("`{host}` of `web.local-hosts` in kairos.toml: {e}")).ok()
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
        let named = |local: &&Target| local.host() == target.host() && (local.port().is_none() || local.port() == target.port());
        match (self.local.iter().find(named), target.port()) {
            (Some(_), _) => Ok(Reach::Anywhere),
            (None, _) if target.is_plainly_private() => Err(NetError::Private(target.host().into()).to_string()),
            (None, Some(port)) => Err(format!("port {port} is not used on the internet, only the usual ones")),
            (None, None) => Ok(Reach::Public),
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
