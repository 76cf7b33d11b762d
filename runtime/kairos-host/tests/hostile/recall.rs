//! What is remembered is looked up by who may, within the contract's limits, and leaves nothing in the journal.

use crate::support::{Bench, signals, text};
use async_trait::async_trait;
use kairos_core::memory::{Anchor, Claim, ClaimKind, Observation, Origin, Status};
use kairos_core::ports::{ClaimView, PortResult};
use kairos_core::recall::{Hit, Owner, Question, Recall, Turn};
use kairos_core::{ErrorCode, PortError, Rights};
use kairos_host::Access;
use std::sync::{Arc, Mutex};

/// Memory that answers more than it is asked for.
#[derive(Default)]
struct Overflowing {
    asked: Mutex<u32>,
}

#[async_trait]
impl Recall for Overflowing {
    async fn search(&self, question: Question) -> PortResult<Vec<Hit>> {
        *self.asked.lock().unwrap() += 1;
        let turn = |n: usize| Turn { id: format!("t{n}"), origin: Origin::Web, text: "é".repeat(1 << 10) };
        let hit = |n: usize| Hit {
            id: format!("h{n}"),
            status: Some(Status::Stale),
            origin: None,
            kind: "project".into(),
            session: "project".into(),
            time: 1,
            score: 1000,
            doubt: Some("old\u{1b}[2J\nnews".into()),
            text: if question.owner == Owner::User { "short".into() } else { "é".repeat(2 << 10) },
            before: (0..9).map(turn).collect(),
            after: Vec::new(),
        };
        Ok((0..question.max as usize * 2).map(hit).collect())
    }
    async fn claim(&self, _owner: Owner, id: &str) -> PortResult<ClaimView> {
        *self.asked.lock().unwrap() += 1;
        let anchor = Anchor { path: "a".into(), blob: None, symbol: None, quote: None };
        let claim = Claim {
            id: id.into(),
            topic: "project".into(),
            kind: ClaimKind::Project,
            status: Status::Fact,
            text: "secret".into(),
            evidence: (0..300).map(|n| format!("o{n}")).collect(),
            anchors: vec![anchor; 99],
            recorded: 1,
            valid_from: None,
            valid_to: None,
            author: "user".into(),
            rivals: Vec::new(),
        };
        Ok(ClaimView { claim, anchored: true, recalls: 1, last_recall: Some(1) })
    }
    async fn observation(&self, id: &str) -> PortResult<Observation> {
        *self.asked.lock().unwrap() += 1;
        if id != "o1" {
            return Err(PortError::new(ErrorCode::NotFound, "no such observation"));
        }
        Ok(Observation {
            id: id.into(),
            time: 1,
            source: "test".into(),
            session: "s".into(),
            origin: Origin::User,
            kind: "message".into(),
            attributes: vec![("a".into(), "b".into()); 99],
            hash: String::new(),
            text: "secret".into(),
        })
    }
}

/// What the plugin was told, what reached the port, and the journal.
async fn look_up(scopes: &[&str]) -> (Vec<String>, u32, String) {
    let bench = Bench::new();
    let memory = scopes.iter().map(ToString::to_string).collect();
    let rights = Rights { signals: vec!["*".into()], memory, ..Rights::default() };
    let port = Arc::new(Overflowing::default());
    let access = Access::new("hostile", bench.project.clone(), bench.state.clone(), &rights).with_recall(port.clone());
    let outcome = bench.detector_with("recall", access).await.detect(&signals(1)).await;
    let told = text(&outcome).lines().map(String::from).collect();
    let asked = *port.asked.lock().unwrap();
    (told, asked, format!("{:?}", outcome.host_calls))
}

#[tokio::test]
async fn without_the_right_nothing_is_asked() {
    let (told, asked, _) = look_up(&[]).await;
    assert!(told.iter().all(|line| line.contains("denied")), "{told:?}");
    assert_eq!(asked, 0);
    let (told, asked, _) = look_up(&["user"]).await;
    assert!(told[0] == "project: denied" && told[1].starts_with("user: 10 hits"), "{told:?}");
    assert_eq!(asked, 1, "only the user's");
}

#[tokio::test]
async fn limits_are_kept_whatever_the_port_answers() {
    let (told, asked, journal) = look_up(&["read"]).await;
    assert_eq!(
        told,
        [
            "project: 10 hits, 2048 bytes, cut true, beside Some(1024), old[2J news",
            "user: denied",
            "what he said: denied",
            "nothing: invalid",
            "a book: invalid",
            "all: invalid",
            "claim: Ok(256)",
            "observation: Ok(64)",
            "long id: Err(\"invalid\")",
            "too often: exhausted",
        ]
    );
    assert_eq!(asked, 64);
    assert!(journal.contains("recall.search") && !journal.contains("secret") && !journal.contains("port"), "{journal}");
}

#[tokio::test]
async fn the_users_memory_is_of_claims_alone() {
    let (told, ..) = look_up(&["read", "user"]).await;
    assert_eq!(told[1], "user: 10 hits, 5 bytes, cut false, beside Some(1024), old[2J news");
    assert_eq!(told[2], "what he said: invalid");
}
