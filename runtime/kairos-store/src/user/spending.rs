//! Tokens of language models: reserved before a question is sent, settled after its answer came. What was reserved and never settled,
//! because we ended in between, counts as used: it may have been.

use super::UserDb;
use crate::error::StoreError;
use crate::sql::{number, unsigned};
use kairos_core::Millis;
use rusqlite::params;

pub(super) const V7: &str = "
CREATE TABLE spending (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    plugin   TEXT NOT NULL,
    occasion TEXT NOT NULL,
    model    TEXT NOT NULL,
    tokens   INTEGER NOT NULL,
    input    INTEGER,
    output   INTEGER
) STRICT;
CREATE INDEX spending_at ON spending (at);
";

/// Most rows; the oldest go first. Far more than budgets allow within a day.
const KEPT: i64 = 100_000;
/// The time over which a day's budget goes, in milliseconds.
const DAY: Millis = 24 * 3600 * 1000;

/// A wish to use tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// When.
    pub at: Millis,
    /// Who asks.
    pub plugin: String,
    /// On which occasion, such as a dream: it has a budget of its own.
    pub occasion: String,
    /// Which model.
    pub model: String,
    /// So many at most.
    pub tokens: u64,
}

/// What may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budgets {
    /// By all plugins within 24 hours.
    pub day: u64,
    /// By this plugin within 24 hours.
    pub plugin: u64,
    /// On this occasion.
    pub occasion: u64,
}

/// A budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Budget {
    Day,
    Plugin,
    Occasion,
}

/// What came of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// They are set aside, under this number.
    Yes(u64),
    /// This budget is not enough: so many of its tokens are left.
    No(Budget, u64),
}

impl UserDb {
    /// Sets tokens aside, if every budget has that many left. Reserving is one transaction: two who ask at once can't both have the
    /// last ones. What a clock that was ahead has kept counts, too: rather too little is used than too much.
    pub async fn reserve(&self, wish: Reservation, budgets: Budgets) -> Result<Reserved, StoreError> {
        self.db
            .write(move |tx| {
                let mut query = tx.prepare_cached(
                    "SELECT coalesce(sum(tokens), 0), coalesce(sum(tokens) FILTER (WHERE plugin = ?2), 0),
                            coalesce(sum(tokens) FILTER (WHERE occasion = ?3), 0)
                     FROM spending WHERE at > ?1",
                )?;
                let since = number(wish.at.saturating_sub(DAY));
                let row = |r: &rusqlite::Row<'_>| Ok((unsigned(r, 0)?, unsigned(r, 1)?, unsigned(r, 2)?));
                let (day, plugin, occasion) = query.query_row(params![since, wish.plugin, wish.occasion], row)?;
                for (budget, allowed, used) in [
                    (Budget::Plugin, budgets.plugin, plugin),
                    (Budget::Occasion, budgets.occasion, occasion),
                    (Budget::Day, budgets.day, day),
                ] {
                    let left = allowed.saturating_sub(used);
                    if wish.tokens > left {
                        return Ok(Reserved::No(budget, left));
                    }
                }
                tx.execute(
                    "INSERT INTO spending (at, plugin, occasion, model, tokens) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![number(wish.at), wish.plugin, wish.occasion, wish.model, number(wish.tokens)],
                )?;
                let id = tx.last_insert_rowid();
                tx.execute("DELETE FROM spending WHERE id <= ?1", [id - KEPT])?;
                Ok(Reserved::Yes(id.unsigned_abs()))
            })
            .await
    }

    /// So many were used, as the provider counts: from now on these count instead of what was set aside.
    pub async fn settle(&self, id: u64, input: u64, output: u64) -> Result<(), StoreError> {
        self.db
            .write(move |tx| {
                let statement = "UPDATE spending SET input = ?2, output = ?3, tokens = ?4 WHERE id = ?1";
                let sum = number(input.saturating_add(output));
                tx.execute(statement, params![number(id), number(input), number(output), sum]).map(drop)
            })
            .await
    }

    /// Tokens that were used or set aside within 24 hours.
    pub async fn spent(&self, now: Millis) -> Result<u64, StoreError> {
        self.db
            .read(move |c| {
                let mut query = c.prepare_cached("SELECT coalesce(sum(tokens), 0) FROM spending WHERE at > ?1")?;
                query.query_row([number(now.saturating_sub(DAY))], |r| unsigned(r, 0))
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(at: Millis, plugin: &str, occasion: &str, tokens: u64) -> Reservation {
        Reservation { at, plugin: plugin.into(), occasion: occasion.into(), model: "m".into(), tokens }
    }

    #[tokio::test]
    async fn no_budget_is_overdrawn_and_what_was_not_used_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state.db");
        let db = UserDb::open(&file).await.unwrap();
        let budgets = Budgets { day: 100, plugin: 60, occasion: 50 };
        let Reserved::Yes(first) = db.reserve(wish(10, "a", "d1", 40), budgets).await.unwrap() else { panic!("refused") };
        assert_eq!(db.reserve(wish(11, "a", "d1", 20), budgets).await.unwrap(), Reserved::No(Budget::Occasion, 10));
        assert_eq!(db.reserve(wish(11, "a", "d2", 21), budgets).await.unwrap(), Reserved::No(Budget::Plugin, 20));
        db.settle(first, 10, 5).await.unwrap();
        assert_eq!(db.spent(11).await.unwrap(), 15);
        assert!(matches!(db.reserve(wish(12, "a", "d1", 35), budgets).await.unwrap(), Reserved::Yes(_)));
        assert!(matches!(db.reserve(wish(12, "b", "d3", 50), budgets).await.unwrap(), Reserved::Yes(_)));
        db.close().await;
        // A restart gives nothing back, a day does.
        let db = UserDb::open(&file).await.unwrap();
        assert_eq!(db.reserve(wish(13, "c", "d4", 1), budgets).await.unwrap(), Reserved::No(Budget::Day, 0));
        assert!(matches!(db.reserve(wish(12 + DAY, "c", "d4", 50), budgets).await.unwrap(), Reserved::Yes(_)));
    }

    #[tokio::test]
    async fn two_who_ask_at_once_can_not_both_have_the_last_ones() {
        let dir = tempfile::tempdir().unwrap();
        let db = UserDb::open(dir.path().join("state.db")).await.unwrap();
        let budgets = Budgets { day: 100, plugin: 100, occasion: 100 };
        let both =
            [db.clone(), db.clone()].map(|db| tokio::spawn(async move { db.reserve(wish(1, "a", "d", 60), budgets).await }));
        let mut granted = 0;
        for one in both {
            granted += u32::from(matches!(one.await.unwrap().unwrap(), Reserved::Yes(_)));
        }
        assert_eq!(granted, 1);
    }
}
