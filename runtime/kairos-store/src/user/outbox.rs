//! Messages that a channel has not delivered yet: they outlive the process. What they hold is in an inbox as well.

use super::UserDb;
use crate::error::StoreError;
use crate::project::forget::holding;
use crate::sql::{number, unsigned};
use kairos_core::Millis;
use rusqlite::OptionalExtension;

pub(super) const V6: &str = "
CREATE TABLE outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id     TEXT NOT NULL UNIQUE,
    at     INTEGER NOT NULL,
    body   TEXT NOT NULL
) STRICT;
";

/// Most messages, and bytes of all of them; the oldest go first.
const KEPT: i64 = 200;
const KEPT_BYTES: i64 = 8 * 1024 * 1024;
/// What is older is no news.
const MAX_AGE: Millis = 24 * 3_600_000;

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    /// Names it, for whoever receives it.
    pub id: String,
    /// Since when it waits.
    pub at: Millis,
    /// As its owner wrote it.
    pub body: String,
}

impl UserDb {
    /// Keeps a message behind those that wait: at most 200, and 8 MiB together. Answers how many had to go for it.
    pub async fn keep_unsent(&self, message: Unsent) -> Result<usize, StoreError> {
        self.db
            .write(move |tx| {
                let values = (message.id, number(message.at), message.body);
                tx.execute("INSERT OR IGNORE INTO outbox (id, at, body) VALUES (?1, ?2, ?3)", values)?;
                tx.execute(
                    "DELETE FROM outbox WHERE number IN (SELECT number FROM
                        (SELECT number, row_number() OVER newest AS place, sum(length(body)) OVER newest AS bytes
                         FROM outbox WINDOW newest AS (ORDER BY number DESC)) WHERE place > ?1 OR bytes > ?2)",
                    (KEPT, KEPT_BYTES),
                )
            })
            .await
    }

    /// The one that waits longest. Those older than a day are dropped, and so are those of a clock that was ahead by as much.
    pub async fn first_unsent(&self, now: Millis) -> Result<Option<Unsent>, StoreError> {
        self.db
            .write(move |tx| {
                let (oldest, newest) = (now.saturating_sub(MAX_AGE), now.saturating_add(MAX_AGE));
                tx.execute("DELETE FROM outbox WHERE at NOT BETWEEN ?1 AND ?2", (number(oldest), number(newest)))?;
                let mut query = tx.prepare_cached("SELECT id, at, body FROM outbox ORDER BY number LIMIT 1")?;
                query.query_row([], |r| Ok(Unsent { id: r.get(0)?, at: unsigned(r, 1)?, body: r.get(2)? })).optional()
            })
            .await
    }

    /// It waits no longer: it has arrived, or never will.
    pub async fn forget_unsent(&self, id: &str) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.db.write(move |tx| tx.execute("DELETE FROM outbox WHERE id = ?1", [id]).map(drop)).await
    }

    /// Takes out the messages that hold such words, the bodies of requests that do, and what is left of them in the file. Answers how
    /// many of each; `dry_run` only counts.
    pub async fn forget_words(&self, words: Vec<String>, dry_run: bool) -> Result<(u64, u64), StoreError> {
        let counts = self
            .db
            .write(move |tx| {
                let mut counts = [0, 0];
                for (count, (table, id)) in counts.iter_mut().zip([("outbox", "number"), ("egress_bodies", "id")]) {
                    let found = holding(tx, table, id, &["body"], &words)?;
                    let mut delete = tx.prepare(&format!("DELETE FROM {table} WHERE {id} = ?1"))?;
                    found.iter().filter(|_| !dry_run).try_for_each(|number| delete.execute([number]).map(drop))?;
                    *count = found.len() as u64;
                }
                Ok(counts)
            })
            .await?;
        if !dry_run {
            self.db.scour(&[]).await?;
        }
        Ok((counts[0], counts[1]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u64, at: Millis, size: usize) -> Unsent {
        Unsent { id: format!("m{number}"), at, body: "x".repeat(size) }
    }

    #[tokio::test]
    async fn messages_wait_in_their_order_across_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state.db");
        let db = UserDb::open(&file).await.unwrap();
        for number in 1..=3 {
            assert_eq!(db.keep_unsent(message(number, 10, 1)).await.unwrap(), 0);
        }
        db.forget_unsent("m1").await.unwrap();
        db.close().await;
        let db = UserDb::open(&file).await.unwrap();
        assert_eq!(db.first_unsent(11).await.unwrap(), Some(message(2, 10, 1)));
        db.forget_unsent("m2").await.unwrap();
        assert_eq!(db.first_unsent(10 + MAX_AGE).await.unwrap(), Some(message(3, 10, 1)));
        assert_eq!(db.first_unsent(11 + MAX_AGE).await.unwrap(), None, "a day old");
        db.keep_unsent(message(4, 2 * MAX_AGE, 1)).await.unwrap();
        assert_eq!(db.first_unsent(1).await.unwrap(), None, "from a clock that was ahead");
    }

    #[tokio::test]
    async fn neither_many_nor_large_ones_fill_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        let db = UserDb::open(dir.path().join("state.db")).await.unwrap();
        let mut gone = 0;
        for number in 1..=203 {
            gone += db.keep_unsent(message(number, 1, 1)).await.unwrap();
        }
        assert_eq!((gone, db.first_unsent(1).await.unwrap().unwrap().id), (3, "m4".to_string()));
        let large = usize::try_from(KEPT_BYTES).unwrap() - 10;
        assert_eq!(db.keep_unsent(message(204, 1, large)).await.unwrap(), 190);
        assert_eq!(db.first_unsent(1).await.unwrap().unwrap().id, "m194");
    }
}
