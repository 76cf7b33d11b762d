//! Writing the inbox.

use super::life::{self, Answer, Before, Change, Status};
use super::rows::{COLUMNS, InboxItem, fetch, item};
use super::{ALIVE, Applied, KEPT, Seen};
use crate::error::StoreError;
use crate::project::ProjectDb;
use crate::sql::{maybe_unsigned, named, number, to_json, unsigned};
use kairos_core::{Finding, Millis, Report};
use rusqlite::{Connection, OptionalExtension};

impl ProjectDb {
    /// Takes a whole report in at once: first its cleared keys, then its findings. What is cleared and reported again in
    /// the same report was never gone.
    pub async fn apply_report(&self, plugin: &str, report: Report, now: Millis) -> Result<Applied, StoreError> {
        let plugin = plugin.to_owned();
        self.db
            .write(move |tx| {
                let stays = |key: &str| report.findings.iter().any(|f| f.key == key);
                let resolved = resolve(tx, &plugin, now, "no longer holds", |key| report.clears(key) && !stays(key))?;
                let seen = report.findings.iter().map(|f| see(tx, &plugin, f, now)).collect::<Result<_, _>>()?;
                Ok(Applied { resolved, seen })
            })
            .await
    }

    /// Resolves all that a plugin found, because it is gone. Returns the rows that left the inbox.
    pub async fn resolve_all_of(&self, plugin: &str, now: Millis, reason: &str) -> Result<Vec<InboxItem>, StoreError> {
        let (plugin, reason) = (plugin.to_owned(), reason.to_owned());
        self.db.write(move |tx| resolve(tx, &plugin, now, &reason, |_| true)).await
    }

    /// Resolves those open and snoozed findings of a plugin that hold since before `before` and whose key begins so. Returns them.
    pub async fn expire(
        &self,
        plugin: &str,
        prefix: &str,
        before: Millis,
        now: Millis,
        reason: &str,
    ) -> Result<Vec<InboxItem>, StoreError> {
        let (plugin, prefix, reason) = (plugin.to_owned(), prefix.to_owned(), reason.to_owned());
        self.db
            .write(move |tx| {
                let mut query = tx.prepare_cached(
                    "SELECT key FROM inbox WHERE plugin = ?1 AND status IN ('open', 'snoozed') AND opened_at < ?2 AND resolved_at IS NULL",
                )?;
                let keys: Vec<String> = query.query_map((&plugin, number(before)), |r| r.get(0))?.collect::<Result<_, _>>()?;
                resolve(tx, &plugin, now, &reason, |key| key.starts_with(&prefix) && keys.iter().any(|k| k == key))
            })
            .await
    }

    /// The user takes it on. Returns the row as it is now (resolved, if it no longer holds); none if there is no such id.
    pub async fn accept(&self, id: u64) -> Result<Option<InboxItem>, StoreError> {
        self.answer(id, Answer::Accept, None).await
    }

    /// The user doesn't want it: quiet until its urgency rises. Returns the row as it is now; none if there is no such id.
    pub async fn dismiss(&self, id: u64) -> Result<Option<InboxItem>, StoreError> {
        self.answer(id, Answer::Dismiss, None).await
    }

    /// Quiet until then. Returns the row as it is now (resolved, if it no longer holds); none if there is no such id.
    pub async fn snooze(&self, id: u64, until: Millis) -> Result<Option<InboxItem>, StoreError> {
        self.answer(id, Answer::Snooze, Some(until)).await
    }

    /// Snoozed findings whose time has come (`snoozed_until <= now`). They are open again, and returned once.
    pub async fn due_snoozed(&self, now: Millis) -> Result<Vec<InboxItem>, StoreError> {
        self.db
            .write(move |tx| {
                let mut query = tx.prepare_cached(&format!(
                    "UPDATE inbox SET status = 'open', snoozed_until = NULL, decision = NULL, kept_by = NULL
                     WHERE status = 'snoozed' AND snoozed_until <= ?1 RETURNING {COLUMNS}"
                ))?;
                query.query_map([number(now)], item)?.collect()
            })
            .await
    }

    async fn answer(&self, id: u64, answer: Answer, until: Option<Millis>) -> Result<Option<InboxItem>, StoreError> {
        self.db
            .write(move |tx| {
                let Some(before) = fetch(tx, id)? else { return Ok(None) };
                let status = life::answered(before.resolved_at.is_some(), answer);
                if status == Status::Resolved && before.status == Status::Resolved {
                    return Ok(Some(before));
                }
                let until = until.filter(|_| status == Status::Snoozed);
                let values = (number(id), status.as_str(), until.map(number));
                tx.execute("UPDATE inbox SET status = ?2, snoozed_until = ?3, put_aside = urgency WHERE id = ?1", values)?;
                trim(tx, status)?;
                fetch(tx, id)
            })
            .await
    }
}

fn see(tx: &Connection, plugin: &str, finding: &Finding, now: Millis) -> rusqlite::Result<Seen> {
    let mut find = tx.prepare_cached(
        "SELECT id, status, urgency, coalesce(put_aside, urgency), snoozed_until FROM inbox WHERE plugin = ?1 AND key = ?2",
    )?;
    let found = find
        .query_row((plugin, &finding.key), |r| {
            let (status, urgency, put_aside) = (named(r, 1)?, named(r, 2)?, named(r, 3)?);
            Ok((unsigned(r, 0)?, Before { status, urgency, put_aside, snoozed_until: maybe_unsigned(r, 4)? }))
        })
        .optional()?;
    let refused = Seen { id: 0, change: Change::Refused, rose: false };
    let Some((id, before)) = found else {
        if is_full(tx, plugin)? {
            return Ok(refused);
        }
        return insert(tx, plugin, finding, now);
    };
    let (status, change) = life::reported(before, finding.urgency, now);
    if before.status == Status::Resolved && is_full(tx, plugin)? {
        return Ok(refused);
    }
    let rose = change == Change::Again && finding.urgency > before.urgency;
    let is_news = rose || change == Change::Reopened;
    tx.prepare_cached(
        "UPDATE inbox SET title = ?2, detail = ?3, urgency = ?4, evidence = ?5, remedy = ?6, status = ?7,
            snoozed_until = iif(?7 = 'snoozed', snoozed_until, NULL), last_seen = max(last_seen, ?8),
            occurrences = occurrences + 1, times_reopened = times_reopened + (resolved_at IS NOT NULL),
            opened_at = iif(resolved_at IS NULL, opened_at, ?8), resolved_at = NULL, resolved_reason = NULL,
            decision = iif(?9, NULL, decision), kept_by = iif(?9, NULL, kept_by)
         WHERE id = ?1",
    )?
    .execute((
        number(id),
        &finding.title,
        &finding.detail,
        finding.urgency.as_str(),
        to_json(&finding.evidence)?,
        &finding.remedy,
        status.as_str(),
        number(now),
        is_news,
    ))?;
    Ok(Seen { id, change, rose })
}

fn insert(tx: &Connection, plugin: &str, finding: &Finding, now: Millis) -> rusqlite::Result<Seen> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO inbox (plugin, key, title, detail, urgency, evidence, remedy, status, first_seen, last_seen, opened_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'open', ?8, ?8, ?8) RETURNING id",
    )?;
    let values = (
        plugin,
        &finding.key,
        &finding.title,
        &finding.detail,
        finding.urgency.as_str(),
        to_json(&finding.evidence)?,
        &finding.remedy,
        number(now),
    );
    let id = insert.query_row(values, |r| unsigned(r, 0))?;
    Ok(Seen { id, change: Change::New, rose: false })
}

fn is_full(tx: &Connection, plugin: &str) -> rusqlite::Result<bool> {
    let mut query = tx.prepare_cached("SELECT count(*) >= ?2 FROM inbox WHERE plugin = ?1 AND status IN ('open', 'snoozed')")?;
    query.query_row((plugin, ALIVE), |r| r.get(0))
}

fn resolve(
    tx: &Connection,
    plugin: &str,
    now: Millis,
    reason: &str,
    named_by: impl Fn(&str) -> bool,
) -> rusqlite::Result<Vec<InboxItem>> {
    // Most reports resolve nothing of what is there: only ids and keys are read for those.
    let mut query = tx.prepare_cached("SELECT id, key, status FROM inbox WHERE plugin = ?1 AND resolved_at IS NULL")?;
    let candidates: Vec<(u64, String, Status)> =
        query.query_map([plugin], |r| Ok((unsigned(r, 0)?, r.get(1)?, named(r, 2)?)))?.collect::<Result<_, _>>()?;
    let mut update = tx.prepare_cached("UPDATE inbox SET status = ?2, resolved_at = ?3, resolved_reason = ?4 WHERE id = ?1")?;
    let mut resolved = Vec::new();
    for (id, _, before) in candidates.into_iter().filter(|(_, key, _)| named_by(key)) {
        let status = life::cleared(before);
        update.execute((number(id), status.as_str(), number(now), reason))?;
        if status == Status::Resolved {
            resolved.extend(fetch(tx, id)?);
        }
    }
    if !resolved.is_empty() {
        trim(tx, Status::Resolved)?;
    }
    Ok(resolved)
}

/// Keeps a status that is not alive within its bound.
fn trim(tx: &Connection, status: Status) -> rusqlite::Result<()> {
    if matches!(status, Status::Open | Status::Snoozed) {
        return Ok(());
    }
    let mut delete = tx.prepare_cached(
        "DELETE FROM inbox WHERE id IN
         (SELECT id FROM inbox WHERE status = ?1 ORDER BY last_seen DESC, id DESC LIMIT -1 OFFSET ?2)",
    )?;
    delete.execute((status.as_str(), KEPT)).map(drop)
}
