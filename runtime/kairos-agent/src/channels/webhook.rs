//! Posts findings to an address of the user's, signed as Standard Webhooks (www.standardwebhooks.com) describe it.

mod key;

use super::message::Message;
use super::settings::WebhookSettings;
use super::worker::{Channel, Failure};
use crate::ledger::Book;
use crate::now;
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use kairos_core::Millis;
use kairos_core::finding::one_line;
use kairos_net::{Allow, Answer, Net, Post, Reach, SecretPlace, Timeouts, host_of};
use kairos_store::UserDb;
use sha2::Sha256;
use std::sync::Arc;
use std::time::Duration;

/// How long it may take to get a connection, and between two pieces of an answer.
const CONNECT: Duration = Duration::from_secs(5);
/// So much of an answer is read, in bytes: its first line may say what is wrong.
const MAX_ANSWER: usize = 1024;
/// Characters of it that are told.
const MAX_TOLD: usize = 60;

pub(super) struct Webhook {
    url: String,
    secret: SecretPlace,
    net: Net,
}

impl Webhook {
    pub(super) fn new(settings: &WebhookSettings, user: UserDb) -> Self {
        // The user's own settings name this host, so it may be this machine. What is no URL is told at the first delivery.
        let allow = host_of(&settings.url).map(|host| Allow::default().host(&host, Reach::Anywhere)).unwrap_or_default();
        let connect = CONNECT.min(settings.timeout);
        let timeouts = Timeouts { connect, read: settings.timeout, total: settings.timeout };
        let net = Net::new(allow, timeouts, Arc::new(Book(user)));
        Self { url: settings.url.clone(), secret: settings.secret.clone(), net }
    }
}

#[async_trait]
impl Channel for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn setting(&self) -> &'static str {
        "channels.webhook-url"
    }

    fn to(&self) -> String {
        host_of(&self.url).unwrap_or_else(|e| e.to_string())
    }

    /// Its other side may be away for a night.
    fn keeps(&self) -> bool {
        true
    }

    async fn deliver(&self, message: &Message) -> Result<(), Failure> {
        // Read each time: a new key counts at once, and none is kept in memory.
        let key = key::read(&self.secret).map_err(Failure::Never)?;
        let time = now();
        let body = message.document();
        let seconds = (time / 1000).to_string();
        let signature = sign(&key, &message.id, &seconds, &body);
        let headers = vec![
            ("content-type".into(), "application/json".into()),
            ("webhook-id".into(), message.id.clone()),
            ("webhook-timestamp".into(), seconds),
            ("webhook-signature".into(), signature),
        ];
        let why = format!("webhook: {}", message.ids());
        let post = Post { url: self.url.clone(), headers, body, why, redacted: 0, max_answer: MAX_ANSWER };
        match self.net.post(post).await {
            Ok(answer) => judge(&answer, time),
            Err(e) if e.is_passing() => Err(Failure::Later { why: e.to_string(), after: None }),
            Err(e) => Err(Failure::Never(e.to_string())),
        }
    }
}

/// What a status means for a message. Only a 2xx is a delivery.
fn judge(answer: &Answer, now: Millis) -> Result<(), Failure> {
    let status = answer.status;
    match status {
        200..=299 => Ok(()),
        300..=399 => Err(Failure::Never(format!("its address answers with a redirect ({status}), which is not followed"))),
        // Too slow, too early, too often, out of order: the other side's trouble, which passes.
        408 | 425 | 429 | 500..=599 => Err(Failure::Later { why: said(answer), after: answer.retry_after(now) }),
        _ => Err(Failure::Never(said(answer))),
    }
}

/// The status, and the beginning of what stands below it.
fn said(answer: &Answer) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    let first: String = one_line(text.lines().next().unwrap_or_default()).chars().take(MAX_TOLD).collect();
    let status = answer.status;
    if first.is_empty() {
        format!("it answers with status {status}")
    } else {
        format!("it answers with status {status}: {first}")
    }
}

/// The signature of a body, as its header has it. `id` and `seconds` are those of the other two headers.
fn sign(key: &[u8], id: &str, seconds: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key may be of any length");
    for part in [id.as_bytes(), b".", seconds.as_bytes(), b".", body] {
        mac.update(part);
    }
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_standard() {
        let key = STANDARD.decode("C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        let signature = sign(&key, "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", "1649367553", body);
        assert_eq!(signature, "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
    }
}
