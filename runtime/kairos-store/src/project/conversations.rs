//! Conversations with a model, so that they can be gone on with.

use super::ProjectDb;
use crate::error::StoreError;
use crate::sql::{number, unsigned};
use kairos_core::Millis;
use rusqlite::{OptionalExtension, Row};

pub(super) const V4: &str = "
CREATE TABLE conversations (
    id    TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    began INTEGER NOT NULL,
    at    INTEGER NOT NULL,
    turns INTEGER NOT NULL,
    body  TEXT NOT NULL
) STRICT;
CREATE INDEX conversations_at ON conversations (at);
";

/// The model that the user chose.
pub(super) const V5: &str = "ALTER TABLE conversations ADD COLUMN model TEXT;";

/// Most conversations of a project, their bytes together, and how long one is kept after its last turn; the longest unused go first.
const KEPT: u32 = 100;
const SIZE: u32 = 16 << 20;
const AGE: Millis = 30 * 86_400_000;
/// Most bytes of one.
const MAX_BODY: usize = 2 << 20;

/// A conversation, without what was said in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Names it.
    pub id: String,
    /// The first words of the user.
    pub title: String,
    /// When it began.
    pub began: Millis,
    /// When something was said last.
    pub at: Millis,
    /// How often the user spoke.
    pub turns: u64,
    /// How long it is.
    pub bytes: u64,
}

/// What is kept of one, so that it can be gone on with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeptConversation {
    /// What was said.
    pub body: String,
    /// The model that the user chose for it; none: that of the settings.
    pub model: Option<String>,
}

impl ProjectDb {
    /// A new one, with what was said so far; those that are old, and those that are too many, go.
    pub async fn begin_conversation(
        &self,
        id: &str,
        title: String,
        kept: KeptConversation,
        now: Millis,
    ) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.db
            .write(move |tx| {
                let began = number(now);
                tx.execute(
                    "INSERT INTO conversations VALUES (?1, ?2, ?3, ?3, 1, ?4, ?5)",
                    (&id, title, began, kept.body, kept.model),
                )?;
                tx.execute("DELETE FROM conversations WHERE at < ?1", [number(now.saturating_sub(AGE))])?;
                tx.execute(
                    "DELETE FROM conversations WHERE id <> ?1 AND id IN (
                        SELECT id FROM (SELECT id, row_number() OVER newest AS place, sum(octet_length(body)) OVER newest AS size
                            FROM conversations WINDOW newest AS (ORDER BY at DESC, id DESC))
                        WHERE place > ?2 OR size > ?3)",
                    (&id, KEPT, SIZE),
                )
                .map(drop)
            })
            .await
    }

    /// What was said by now, in one more turn or in the same. False where it was forgotten meanwhile: then it stays so.
    pub async fn keep_conversation(
        &self,
        id: &str,
        kept: KeptConversation,
        is_new_turn: bool,
        now: Millis,
    ) -> Result<bool, StoreError> {
        if kept.body.len() > MAX_BODY {
            return Ok(true);
        }
        let values = (id.to_owned(), kept.body, is_new_turn, number(now), kept.model);
        self.db
            .write(move |tx| {
                let sql = "UPDATE conversations SET body = ?2, turns = turns + ?3, at = ?4, model = ?5 WHERE id = ?1";
                Ok(tx.execute(sql, values)? > 0)
            })
            .await
    }

    /// What was said in one; none if there is none of that id.
    pub async fn conversation(&self, id: &str) -> Result<Option<KeptConversation>, StoreError> {
        let id = id.to_owned();
        let read = |r: &Row<'_>| Ok(KeptConversation { body: r.get(0)?, model: r.get(1)? });
        self.db.read(move |c| c.query_row("SELECT body, model FROM conversations WHERE id = ?1", [id], read).optional()).await
    }

    /// All of them, the last used first.
    pub async fn conversations(&self) -> Result<Vec<Conversation>, StoreError> {
        self.db
            .read(|c| {
                let sql = "SELECT id, title, began, at, turns, octet_length(body) FROM conversations ORDER BY at DESC, id DESC";
                c.prepare_cached(sql)?.query_map([], row)?.collect()
            })
            .await
    }
}

fn row(r: &Row<'_>) -> rusqlite::Result<Conversation> {
    let (began, at, turns, bytes) = (unsigned(r, 2)?, unsigned(r, 3)?, unsigned(r, 4)?, unsigned(r, 5)?);
    Ok(Conversation { id: r.get(0)?, title: r.get(1)?, began, at, turns, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn those_used_last_are_kept_within_bounds() {
        let dir = tempfile::tempdir().unwrap();
        let db = ProjectDb::open(dir.path().join("state.db")).await.unwrap();
        let begin = async |id: &str, size: usize, at: Millis| {
            db.begin_conversation(id, "hi".into(), KeptConversation { body: "x".repeat(size), model: None }, at).await.unwrap();
        };
        let ids = async || db.conversations().await.unwrap().into_iter().map(|c| c.id).collect::<Vec<_>>();
        begin("a", 10, 1000).await;
        begin("b", 10, 2000).await;
        let more = KeptConversation { body: "more".into(), model: Some("fable".into()) };
        assert!(db.keep_conversation("a", more.clone(), true, 3000).await.unwrap());
        assert!(!db.keep_conversation("gone", more.clone(), true, 3000).await.unwrap());
        assert_eq!(db.conversation("a").await.unwrap(), Some(more));
        let all = db.conversations().await.unwrap();
        assert_eq!((all[0].id.as_str(), all[0].began, all[0].at, all[0].turns, all[0].bytes), ("a", 1000, 3000, 2, 4));
        begin("c", 10, AGE + 2500).await;
        assert_eq!(ids().await, ["c", "a"], "b is too old");
        begin("d", SIZE as usize - 12, AGE + 2600).await;
        assert_eq!(ids().await, ["d", "c"], "together they are too long");
        for n in 0..u64::from(KEPT) {
            begin(&format!("e{n:03}"), 1, AGE + 2700 + n).await;
        }
        let left = ids().await;
        assert_eq!((left.len(), left[0].as_str(), left[99].as_str()), (100, "e099", "e000"));
    }
}
