use super::grants::{GrantRow, Identity};
use super::quarantine::Quarantine;
use super::trust::TrustedProject;
use super::*;
use kairos_core::{Asked, Grant, Request};

async fn open() -> (tempfile::TempDir, UserDb) {
    let dir = tempfile::tempdir().unwrap();
    let db = UserDb::open(dir.path().join("state.db")).await.unwrap();
    (dir, db)
}

fn grant(hash: &str, granted_at: u64, follow_updates: bool) -> GrantRow {
    let asked = Asked::new(&[Request { capability: "project".into(), scope: vec!["**".into()], reason: "r".into() }], &[]);
    let identity = Identity { origin: "/plugins".into(), file_name: "a.wasm".into(), content_hash: hash.into() };
    GrantRow { identity, grant: Grant::all_of(&asked), asked, granted_at, follow_updates }
}

#[tokio::test]
async fn a_grant_is_for_one_identity_and_a_revocation_leaves_nothing_to_inherit() {
    let (_dir, db) = open().await;
    let (first, second) = (grant("h1", 1, true), grant("h2", 2, true));
    db.put_grant(first.clone()).await.unwrap();
    assert_eq!(db.grant(&first.identity).await.unwrap(), Some(first.clone()));
    assert_eq!(db.grant(&second.identity).await.unwrap(), None);
    assert_eq!(db.find_followed("/plugins", "a.wasm").await.unwrap(), Some(first));
    assert_eq!(db.find_followed("/other", "a.wasm").await.unwrap(), None);
    db.put_grant(second.clone()).await.unwrap();
    assert_eq!(db.find_followed("/plugins", "a.wasm").await.unwrap(), Some(second));
    // The newest answer counts: an older trust is not found behind it.
    db.put_grant(grant("h3", 3, false)).await.unwrap();
    assert_eq!(db.find_followed("/plugins", "a.wasm").await.unwrap(), None);
    assert_eq!(db.grants().await.unwrap().len(), 3);
    assert_eq!(db.revoke("/plugins", "a.wasm").await.unwrap(), 3);
    assert_eq!(db.grants().await.unwrap(), []);
}

#[tokio::test]
async fn trust_quarantine_and_descriptions_are_kept_across_a_restart() {
    let (_dir, db) = open().await;
    let project = TrustedProject { path: "/p".into(), digest: "d".into(), trusted_at: 1 };
    db.trust_project(project.clone()).await.unwrap();
    db.set_disabled("pet", true).await.unwrap();
    db.set_disabled("pet", true).await.unwrap();
    let (content_hash, kind, plugin, reason) = ("h".to_string(), "detector".to_string(), "p".to_string(), "trap".to_string());
    let q = Quarantine { content_hash, kind, plugin, until: None, strikes: 3, reason, last_fault: 5 };
    db.put_quarantine(q.clone()).await.unwrap();
    db.put_description("h", "host 1", "{}").await.unwrap();
    db.put_description("h", "host 1", "{\"a\":1}").await.unwrap();
    db.close().await;

    let db = UserDb::open(db.file()).await.unwrap();
    assert_eq!(db.trusted_project("/p").await.unwrap(), Some(project));
    assert!(db.distrust_project("/p").await.unwrap());
    assert_eq!(db.trusted_project("/p").await.unwrap(), None);
    assert_eq!(db.disabled().await.unwrap(), ["pet"]);
    db.set_disabled("pet", false).await.unwrap();
    assert!(db.disabled().await.unwrap().is_empty());
    assert_eq!(db.quarantine("h").await.unwrap(), std::slice::from_ref(&q));
    assert_eq!(db.quarantined().await.unwrap(), [q]);
    assert!(db.clear_quarantine("h").await.unwrap());
    assert!(!db.clear_quarantine("h").await.unwrap());
    assert_eq!(db.description("h", "host 1").await.unwrap().as_deref(), Some("{\"a\":1}"));
    assert_eq!(db.description("h", "host 2").await.unwrap(), None);
}
