//! What language models cost, in tokens and money: reserved before a question is sent, settled after its answer came. What was reserved and never settled,
//! because we ended in between, counts as used: it may have been.

use super::UserDb;
use crate::error::StoreError;
use crate::sql::{maybe_unsigned, number, unsigned};
use kairos_core::Millis;
use rusqlite::{Connection, params};
use serde::Serialize;

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
/// `cost` is in millionths of a dollar; NULL where nobody knows the price.
pub(super) const V8: &str = "
ALTER TABLE spending ADD COLUMN kind TEXT NOT NULL DEFAULT 'plugin';
ALTER TABLE spending ADD COLUMN project TEXT NOT NULL DEFAULT '';
ALTER TABLE spending ADD COLUMN provider TEXT NOT NULL DEFAULT '';
ALTER TABLE spending ADD COLUMN cached INTEGER;
ALTER TABLE spending ADD COLUMN cost INTEGER;
";

/// Most rows; the oldest go first. Far more than budgets allow within a month.
const KEPT: i64 = 100_000;

/// A wish to ask a model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reservation {
    /// When.
    pub at: Millis,
    /// `plugin`, `tick` or `ask`.
    pub kind: String,
    /// Who asks, where it is a plugin.
    pub plugin: String,
    /// For which project; may be none.
    pub project: String,
    /// On which occasion, such as a dream: it has a budget of its own.
    pub occasion: String,
    /// Whom.
    pub provider: String,
    /// Which model.
    pub model: String,
    /// So many tokens at most.
    pub tokens: u64,
    /// They cost at most this, in millionths of a dollar; none where nobody knows the price.
    pub cost: Option<u64>,
}

/// Whose questions count.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Whose {
    All,
    /// All but those of a conversation with the user.
    Unasked,
    Plugin(String),
    Project(String),
    Provider(String),
    Occasion(String),
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// As the providers count them.
    Tokens,
    /// Millionths of a dollar.
    Money,
}

/// So much may be used, and no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// By whom.
    pub whose: Whose,
    /// Up to now, in milliseconds.
    pub within: Millis,
    /// Of what.
    pub unit: Unit,
    /// How much.
    pub allowed: u64,
}

/// What came of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    /// It is set aside, under this number. Of these limits, by their places, 80 % were used before.
    Yes(u64, Vec<usize>),
    /// The limit at this place is not enough: so much of it is left.
    No(usize, u64),
}

/// What an answer took, as the provider counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Tokens of the question.
    pub input: u64,
    /// Those of them that a cache served.
    pub cached: u64,
    /// Tokens of the answer.
    pub output: u64,
    /// In millionths of a dollar; none where nobody knows the price.
    pub cost: Option<u64>,
}

/// By what costs are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum By {
    Day,
    Kind,
    Plugin,
    Project,
    Provider,
    Model,
    Occasion,
}

/// Costs of one day, plugin or whatever was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CostRow {
    /// Which day, plugin, ...; may be empty.
    pub name: String,
    /// Questions.
    pub questions: u64,
    /// Tokens of the questions.
    pub input: u64,
    /// Those of them that a cache served.
    pub cached: u64,
    /// Tokens of the answers.
    pub output: u64,
    /// Tokens that were set aside for questions whose end nobody knows: they count as used.
    pub open: u64,
    /// In millionths of a dollar.
    pub cost: u64,
    /// Questions whose price nobody knows; `cost` leaves them out.
    pub unpriced: u64,
}

impl UserDb {
    /// Sets it aside, if every limit has that much left. Reserving is one transaction: two who ask at once can't both have the
    /// last. What a clock that was ahead has kept counts, too: rather too little is used than too much.
    pub async fn reserve(&self, wish: Reservation, limits: Vec<Limit>) -> Result<Reserved, StoreError> {
        self.db
            .write(move |tx| {
                let mut nearly = Vec::new();
                for (place, limit) in limits.iter().enumerate() {
                    let used = used(tx, limit, wish.at)?;
                    let left = limit.allowed.saturating_sub(used);
                    let wanted = match limit.unit {
                        Unit::Tokens => wish.tokens,
                        Unit::Money => wish.cost.unwrap_or(0),
                    };
                    if wanted > left {
                        return Ok(Reserved::No(place, left));
                    }
                    if wanted > 0 && used >= limit.allowed - limit.allowed / 5 {
                        nearly.push(place);
                    }
                }
                tx.execute(
                    "INSERT INTO spending (at, kind, plugin, project, occasion, provider, model, tokens, cost)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                    params![
                        number(wish.at),
                        wish.kind,
                        wish.plugin,
                        wish.project,
                        wish.occasion,
                        wish.provider,
                        wish.model,
                        number(wish.tokens),
                        wish.cost.map(number)
                    ],
                )?;
                let id = tx.last_insert_rowid();
                tx.execute("DELETE FROM spending WHERE id <= ?1", [id - KEPT])?;
                Ok(Reserved::Yes(id.unsigned_abs(), nearly))
            })
            .await
    }

    /// So much was used: from now on this counts instead of what was set aside.
    pub async fn settle(&self, id: u64, spent: Spent) -> Result<(), StoreError> {
        self.db
            .write(move |tx| {
                let Spent { input, cached, output, cost } = spent;
                tx.execute(
                    "UPDATE spending SET input = ?2, cached = ?3, output = ?4, tokens = ?5, cost = ?6 WHERE id = ?1",
                    params![
                        number(id),
                        number(input),
                        number(cached),
                        number(output),
                        number(input.saturating_add(output)),
                        cost.map(number)
                    ],
                )
                .map(drop)
            })
            .await
    }

    /// What was used or set aside up to now.
    pub async fn spent(&self, limit: Limit, now: Millis) -> Result<u64, StoreError> {
        self.db.read(move |c| used(c, &limit, now)).await
    }

    /// What was used since then, summed up; days are the machine's own.
    pub async fn costs(&self, by: By, since: Millis) -> Result<Vec<CostRow>, StoreError> {
        let name = match by {
            By::Day => "date(at / 1000, 'unixepoch', 'localtime')",
            By::Kind => "kind",
            By::Plugin => "plugin",
            By::Project => "project",
            By::Provider => "provider",
            By::Model => "model",
            By::Occasion => "occasion",
        };
        let query = format!(
            "SELECT {name}, count(*), coalesce(sum(input), 0), coalesce(sum(cached), 0), coalesce(sum(output), 0),
                    coalesce(sum(tokens) FILTER (WHERE input IS NULL), 0), coalesce(sum(cost), 0), sum(cost IS NULL)
             FROM spending WHERE at > ?1 GROUP BY 1 ORDER BY max(at), 1"
        );
        self.db
            .read(move |c| {
                let row = |r: &rusqlite::Row<'_>| {
                    Ok(CostRow {
                        name: r.get(0)?,
                        questions: unsigned(r, 1)?,
                        input: unsigned(r, 2)?,
                        cached: unsigned(r, 3)?,
                        output: unsigned(r, 4)?,
                        open: unsigned(r, 5)?,
                        cost: unsigned(r, 6)?,
                        unpriced: unsigned(r, 7)?,
                    })
                };
                c.prepare_cached(&query)?.query_map([number(since)], row)?.collect()
            })
            .await
    }
}

fn used(c: &Connection, limit: &Limit, now: Millis) -> rusqlite::Result<u64> {
    let (column, value) = match &limit.whose {
        Whose::All => ("''", ""),
        Whose::Unasked => ("iif(kind = 'ask', 'ask', '')", ""),
        Whose::Plugin(name) => ("plugin", name.as_str()),
        Whose::Project(name) => ("project", name.as_str()),
        Whose::Provider(name) => ("provider", name.as_str()),
        Whose::Occasion(name) => ("occasion", name.as_str()),
    };
    let what = match limit.unit {
        Unit::Tokens => "tokens",
        Unit::Money => "cost",
    };
    let query = format!("SELECT sum({what}) FROM spending WHERE at > ?1 AND {column} = ?2");
    let since = number(now.saturating_sub(limit.within));
    Ok(c.prepare_cached(&query)?.query_row(params![since, value], |r| maybe_unsigned(r, 0))?.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Millis = 24 * 3600 * 1000;

    fn wish(at: Millis, plugin: &str, occasion: &str, tokens: u64) -> Reservation {
        let (plugin, occasion, model) = (plugin.into(), occasion.into(), "m".into());
        Reservation {
            at,
            kind: "plugin".into(),
            plugin,
            occasion,
            model,
            tokens,
            cost: Some(tokens * 2),
            ..Reservation::default()
        }
    }

    fn limit(whose: Whose, allowed: u64) -> Limit {
        Limit { whose, within: DAY, unit: Unit::Tokens, allowed }
    }

    fn limits(plugin: &str, occasion: &str) -> Vec<Limit> {
        vec![limit(Whose::Plugin(plugin.into()), 60), limit(Whose::Occasion(occasion.into()), 50), limit(Whose::Unasked, 100)]
    }

    #[tokio::test]
    async fn no_limit_is_overdrawn_and_what_was_not_used_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state.db");
        let db = UserDb::open(&file).await.unwrap();
        let reserve = async |at, plugin: &str, occasion: &str, tokens| {
            db.reserve(wish(at, plugin, occasion, tokens), limits(plugin, occasion)).await.unwrap()
        };
        let Reserved::Yes(first, _) = reserve(10, "a", "d1", 40).await else { panic!("refused") };
        assert_eq!(reserve(11, "a", "d1", 20).await, Reserved::No(1, 10));
        assert_eq!(reserve(11, "a", "d2", 21).await, Reserved::No(0, 20));
        let asked = Reservation { kind: "ask".into(), ..wish(11, "b", "t", 70) };
        let Reserved::Yes(asked, _) = db.reserve(asked, vec![]).await.unwrap() else { panic!("refused") };
        assert_eq!(db.spent(limit(Whose::Unasked, 0), 11).await.unwrap(), 40, "the user's own questions are his");
        db.settle(asked, Spent::default()).await.unwrap();
        db.settle(first, Spent { input: 10, cached: 4, output: 5, cost: Some(7) }).await.unwrap();
        assert_eq!(db.spent(limit(Whose::All, 0), 11).await.unwrap(), 15);
        assert!(matches!(reserve(12, "a", "d1", 35).await, Reserved::Yes(..)));
        assert_eq!(reserve(12, "a", "d2", 1).await, Reserved::Yes(4, vec![0]), "nearly used up");
        assert!(matches!(reserve(12, "b", "d3", 49).await, Reserved::Yes(..)));
        db.close().await;
        // A restart gives nothing back, a day does.
        let db = UserDb::open(&file).await.unwrap();
        assert_eq!(db.reserve(wish(13, "c", "d4", 1), limits("c", "d4")).await.unwrap(), Reserved::No(2, 0));
        assert!(matches!(db.reserve(wish(12 + DAY, "c", "d4", 50), limits("c", "d4")).await.unwrap(), Reserved::Yes(..)));
    }

    #[tokio::test]
    async fn money_is_limited_as_tokens_are_and_summed_up() {
        let dir = tempfile::tempdir().unwrap();
        let db = UserDb::open(dir.path().join("state.db")).await.unwrap();
        let money = vec![Limit { unit: Unit::Money, ..limit(Whose::All, 100) }];
        let Reserved::Yes(first, _) = db.reserve(wish(DAY, "a", "d", 40), money.clone()).await.unwrap() else { panic!() };
        assert_eq!(db.reserve(wish(DAY, "b", "d", 40), money.clone()).await.unwrap(), Reserved::No(0, 20));
        // What nobody knows the price of can't be held to a price.
        let unpriced = Reservation { cost: None, ..wish(DAY, "b", "d", 40) };
        assert!(matches!(db.reserve(unpriced, money).await.unwrap(), Reserved::Yes(..)));
        db.settle(first, Spent { input: 10, cached: 4, output: 5, cost: Some(7) }).await.unwrap();
        let rows = db.costs(By::Plugin, 0).await.unwrap();
        let a = CostRow { name: "a".into(), questions: 1, input: 10, cached: 4, output: 5, cost: 7, ..CostRow::default() };
        let b = CostRow { name: "b".into(), questions: 1, open: 40, unpriced: 1, ..CostRow::default() };
        assert_eq!(rows, [a, b]);
        assert_eq!(db.costs(By::Day, 0).await.unwrap().len(), 1);
        assert!(db.costs(By::Model, DAY).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn two_who_ask_at_once_can_not_both_have_the_last() {
        let dir = tempfile::tempdir().unwrap();
        let db = UserDb::open(dir.path().join("state.db")).await.unwrap();
        let ask = |db: UserDb| async move { db.reserve(wish(1, "a", "d", 60), vec![limit(Whose::All, 100)]).await };
        let both = [db.clone(), db.clone()].map(|db| tokio::spawn(ask(db)));
        let mut granted = 0;
        for one in both {
            granted += u32::from(matches!(one.await.unwrap().unwrap(), Reserved::Yes(..)));
        }
        assert_eq!(granted, 1);
    }
}
