//! Reading the inbox.

use super::life::Status;
use crate::error::StoreError;
use crate::project::ProjectDb;
use crate::sql::{json, maybe_unsigned, named, number, unsigned};
use kairos_core::{Evidence, Millis, Urgency};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use serde::{Deserialize, Serialize};

pub(super) const COLUMNS: &str = "id, plugin, key, title, detail, urgency, evidence, remedy, status, snoozed_until, \
    first_seen, last_seen, resolved_at, resolved_reason, times_reopened, occurrences, decision, announced_at, \
    kept_by, opened_at";

/// A finding in the inbox. Its text comes from a plugin and is untrusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxItem {
    /// Never reused.
    pub id: u64,
    /// Who reported it.
    pub plugin: String,
    /// Names the fact within its plugin.
    pub key: String,
    /// One line.
    pub title: String,
    /// Plain text.
    pub detail: String,
    /// How much it wants to be seen, as reported last.
    pub urgency: Urgency,
    /// Where it can be seen.
    pub evidence: Vec<Evidence>,
    /// What the user can do.
    pub remedy: Option<String>,
    /// Where it is in its life.
    pub status: Status,
    /// When a snooze ends.
    pub snoozed_until: Option<Millis>,
    /// First reported.
    pub first_seen: Millis,
    /// Last reported.
    pub last_seen: Millis,
    /// Since when it no longer holds; also of a dismissed one.
    pub resolved_at: Option<Millis>,
    /// Why not.
    pub resolved_reason: Option<String>,
    /// How often it came back after it was resolved.
    pub times_reopened: u64,
    /// How often it was reported.
    pub occurrences: u64,
    /// `announced`, or why it went to the inbox alone; none while it is news about which nothing is decided yet.
    pub decision: Option<String>,
    /// Last announced.
    pub announced_at: Option<Millis>,
    /// The rule that kept it from being announced; none if it was, or nothing is decided yet.
    pub kept_by: Option<String>,
    /// Since when it holds: it came, or came back.
    pub opened_at: Millis,
}

/// Which rows to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Empty for all.
    pub status: Vec<Status>,
    /// None for all.
    pub plugin: Option<String>,
    /// At most so many; 0 for all.
    pub limit: u32,
}

/// Open findings by urgency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct OpenCounts {
    pub low: u32,
    pub normal: u32,
    pub high: u32,
    pub critical: u32,
}

impl ProjectDb {
    /// The rows that a filter names: the most urgent first, then those seen last.
    pub async fn list(&self, filter: Filter) -> Result<Vec<InboxItem>, StoreError> {
        self.db
            .read(move |c| {
                let mut values: Vec<Value> = filter.status.iter().map(|s| Value::Text(s.as_str().into())).collect();
                let mut conditions = Vec::new();
                if !values.is_empty() {
                    conditions.push(format!("status IN ({})", vec!["?"; values.len()].join(", ")));
                }
                if let Some(plugin) = filter.plugin {
                    conditions.push("plugin = ?".into());
                    values.push(Value::Text(plugin));
                }
                let conditions = if conditions.is_empty() { "1".into() } else { conditions.join(" AND ") };
                values.push(Value::Integer(if filter.limit == 0 { -1 } else { filter.limit.into() }));
                let query = format!(
                    "SELECT {COLUMNS} FROM inbox WHERE {conditions} ORDER BY
                     CASE urgency WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'normal' THEN 2 ELSE 3 END, last_seen DESC, id DESC
                     LIMIT ?"
                );
                c.prepare(&query)?.query_map(params_from_iter(values), item)?.collect()
            })
            .await
    }

    /// One row; none if there is no such id, or no longer.
    pub async fn get(&self, id: u64) -> Result<Option<InboxItem>, StoreError> {
        self.db.read(move |c| fetch(c, id)).await
    }

    /// Open rows that are news and about which nothing is decided, in the order of their ids: the program was stopped, or
    /// the disk was full, between taking a report in and telling it.
    pub async fn undecided(&self) -> Result<Vec<InboxItem>, StoreError> {
        let query = format!("SELECT {COLUMNS} FROM inbox WHERE status = 'open' AND decision IS NULL ORDER BY id");
        self.db.read(move |c| c.prepare_cached(&query)?.query_map([], item)?.collect()).await
    }

    /// How many are open.
    pub async fn open_counts(&self) -> Result<OpenCounts, StoreError> {
        self.db
            .read(|c| {
                let mut counts = OpenCounts::default();
                let mut query = c.prepare_cached("SELECT urgency, count(*) FROM inbox WHERE status = 'open' GROUP BY urgency")?;
                let mut rows = query.query([])?;
                while let Some(row) = rows.next()? {
                    let count = row.get(1)?;
                    match named(row, 0)? {
                        Urgency::Low => counts.low = count,
                        Urgency::Normal => counts.normal = count,
                        Urgency::High => counts.high = count,
                        Urgency::Critical => counts.critical = count,
                    }
                }
                Ok(counts)
            })
            .await
    }
}

pub(super) fn fetch(c: &Connection, id: u64) -> rusqlite::Result<Option<InboxItem>> {
    c.prepare_cached(&format!("SELECT {COLUMNS} FROM inbox WHERE id = ?1"))?.query_row([number(id)], item).optional()
}

pub(super) fn item(r: &Row<'_>) -> rusqlite::Result<InboxItem> {
    Ok(InboxItem {
        id: unsigned(r, 0)?,
        plugin: r.get(1)?,
        key: r.get(2)?,
        title: r.get(3)?,
        detail: r.get(4)?,
        urgency: named(r, 5)?,
        evidence: json(r, 6)?,
        remedy: r.get(7)?,
        status: named(r, 8)?,
        snoozed_until: maybe_unsigned(r, 9)?,
        first_seen: unsigned(r, 10)?,
        last_seen: unsigned(r, 11)?,
        resolved_at: maybe_unsigned(r, 12)?,
        resolved_reason: r.get(13)?,
        times_reopened: unsigned(r, 14)?,
        occurrences: unsigned(r, 15)?,
        decision: r.get(16)?,
        announced_at: maybe_unsigned(r, 17)?,
        kept_by: r.get(18)?,
        opened_at: unsigned(r, 19)?,
    })
}
