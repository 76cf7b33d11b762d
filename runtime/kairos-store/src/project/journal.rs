//! The tick journal: what went into a tick and came out of it, enough to play it again. What is large is stored once, by
//! its hash, and cut at a limit; the whole is bounded by [`ProjectDb::prune`].

use super::{ProjectDb, usage};
use crate::error::StoreError;
use crate::sql::{json, number, to_json, unsigned};
use kairos_core::{Millis, Signal};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::ops::Range;

// `bodies.last_tick` is the newest tick that refers to a body. Ticks go oldest first, so that is all that has to be
// known to drop a body with its last user, without counting. `bytes` (ticks) and `stored` (bodies) are for the size limit.
pub(super) const V1: &str = "
CREATE TABLE ticks (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    started     INTEGER NOT NULL,
    duration_us INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    overruns    TEXT NOT NULL,
    bytes       INTEGER NOT NULL
) STRICT;
CREATE INDEX ticks_started ON ticks (started);
CREATE TABLE deliveries (
    tick          INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    plugin        TEXT NOT NULL,
    content_hash  TEXT NOT NULL,
    signals       TEXT NOT NULL,
    outcome       TEXT NOT NULL,
    cpu_us        INTEGER NOT NULL,
    calls_dropped INTEGER NOT NULL,
    PRIMARY KEY (tick, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE host_calls (
    tick     INTEGER NOT NULL,
    delivery INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    function TEXT NOT NULL,
    args     TEXT NOT NULL,
    answer   INTEGER NOT NULL,
    PRIMARY KEY (tick, delivery, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE signals (
    id         INTEGER PRIMARY KEY,
    tick       INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    time       INTEGER NOT NULL,
    source     TEXT NOT NULL,
    attributes TEXT NOT NULL,
    body       INTEGER
) STRICT;
CREATE INDEX signals_tick ON signals (tick);
CREATE TABLE bodies (
    id        INTEGER PRIMARY KEY,
    last_tick INTEGER NOT NULL,
    size      INTEGER NOT NULL,
    stored    INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    bytes     BLOB NOT NULL,
    UNIQUE (hash, size)
) STRICT;
CREATE INDEX bodies_last_tick ON bodies (last_tick, stored);
";

/// What is kept of one answer.
const MAX_ANSWER: usize = 64 * 1024;
/// What is kept of the host calls of one tick, arguments and answers; calls over that are counted in `calls_dropped`.
const MAX_TICK: usize = 16 * 1024 * 1024;

/// A tick that was not quiet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TickRecord {
    /// Given by [`ProjectDb::append`]; rises, never reused.
    pub id: u64,
    /// When it began.
    pub started: Millis,
    /// Microseconds that it took.
    pub duration_us: u64,
    /// Why it was run, such as `interval` or `urgent`.
    pub reason: String,
    /// Plugins that went over the shared CPU time.
    pub overruns: Vec<String>,
    /// All that were collected, numbered. A signal that two ticks record belongs to the later one, but is found from both.
    pub signals: Vec<Signal>,
    /// One for each call of a plugin, in their order.
    pub deliveries: Vec<Delivery>,
}

/// A tick without its contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickSummary {
    /// For [`ProjectDb::tick`].
    pub id: u64,
    /// When it began.
    pub started: Millis,
    /// Microseconds that it took.
    pub duration_us: u64,
    /// Why it was run.
    pub reason: String,
    /// Plugins that went over the shared CPU time.
    pub overruns: Vec<String>,
    /// How many calls of plugins.
    pub deliveries: u32,
}

/// One call of a plugin.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its name.
    pub plugin: String,
    /// Hash of its bytes.
    pub content_hash: String,
    /// Ids of what it got, in that order.
    pub signals: Vec<u64>,
    /// A report or a fault.
    pub outcome: serde_json::Value,
    /// Microseconds of CPU.
    pub cpu_us: u64,
    /// What it asked the host, in that order.
    pub calls: Vec<HostCall>,
    /// Calls that were not kept, because the tick's record had reached 16 MiB.
    pub calls_dropped: u32,
}

/// A question to the host with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostCall {
    /// Such as `project.read`.
    pub function: String,
    /// JSON text; kept and compared as text.
    pub args: String,
    /// What the plugin was told.
    pub answer: Answer,
}

/// The bytes of an answer: what encoding they have is between who writes and who replays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The first 64 KiB of it.
    pub bytes: Vec<u8>,
    /// Its whole length.
    pub size: u64,
}

impl Answer {
    /// A whole answer.
    pub fn new(bytes: Vec<u8>) -> Self {
        let size = bytes.len() as u64;
        Self { bytes, size }
    }

    /// Only its beginning was kept.
    pub fn is_truncated(&self) -> bool {
        self.size > self.bytes.len() as u64
    }
}

/// What [`ProjectDb::prune`] took out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// Ticks that are gone.
    pub ticks: u64,
    /// About how many bytes remain.
    pub bytes: u64,
}

impl ProjectDb {
    /// Writes a tick, all or nothing, and returns its id.
    pub async fn append(&self, record: TickRecord) -> Result<u64, StoreError> {
        self.db.write(move |tx| append(tx, &record)).await
    }

    /// The ticks that began in a time, oldest first, at most `limit` of the newest.
    pub async fn ticks(&self, range: Range<Millis>, limit: u32) -> Result<Vec<TickSummary>, StoreError> {
        self.db
            .read(move |c| {
                let mut query = c.prepare_cached(
                    "SELECT id, started, duration_us, reason, overruns, (SELECT count(*) FROM deliveries WHERE tick = ticks.id)
                     FROM ticks WHERE started >= ?1 AND started < ?2 ORDER BY started DESC, id DESC LIMIT ?3",
                )?;
                let rows = query.query_map((number(range.start), number(range.end), limit), summary)?;
                let mut found = rows.collect::<Result<Vec<_>, _>>()?;
                found.reverse();
                Ok(found)
            })
            .await
    }

    /// A tick as it was recorded; none if it was quiet or is gone.
    pub async fn tick(&self, id: u64) -> Result<Option<TickRecord>, StoreError> {
        self.db.read(move |c| read(c, id)).await
    }
}

fn summary(r: &Row<'_>) -> rusqlite::Result<TickSummary> {
    Ok(TickSummary {
        id: unsigned(r, 0)?,
        started: unsigned(r, 1)?,
        duration_us: unsigned(r, 2)?,
        reason: r.get(3)?,
        overruns: json(r, 4)?,
        deliveries: r.get(5)?,
    })
}

fn append(tx: &Connection, record: &TickRecord) -> rusqlite::Result<u64> {
    let mut new = tx.prepare_cached(
        "INSERT INTO ticks (started, duration_us, reason, overruns, bytes) VALUES (?1, ?2, ?3, ?4, 0) RETURNING id",
    )?;
    let overruns = to_json(&record.overruns)?;
    let values = (number(record.started), number(record.duration_us), &record.reason, &overruns);
    let tick = new.query_row(values, |r| r.get::<_, i64>(0))?;
    let mut bytes = 64 + overruns.len();

    let mut signal = tx.prepare_cached(
        "INSERT INTO signals VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET tick = excluded.tick",
    )?;
    for s in &record.signals {
        let attributes = to_json(&s.attributes)?;
        bytes += 64 + attributes.len();
        let body = if s.body.is_empty() { None } else { Some(body(tx, tick, s.body.as_bytes(), s.body.len() as u64)?) };
        signal.execute((number(s.id), tick, &s.kind, number(s.time), &s.source, attributes, body))?;
    }

    let mut delivery = tx.prepare_cached("INSERT INTO deliveries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    let mut call = tx.prepare_cached("INSERT INTO host_calls VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let mut left = MAX_TICK;
    for (at, d) in (0_i64..).zip(&record.deliveries) {
        let mut kept = 0_u32;
        for c in &d.calls {
            let answer = &c.answer.bytes[..c.answer.bytes.len().min(MAX_ANSWER)];
            let Some(rest) = left.checked_sub(64 + c.args.len() + answer.len()) else { break };
            left = rest;
            bytes += 64 + c.args.len();
            call.execute((tick, at, kept, &c.function, &c.args, body(tx, tick, &c.answer.bytes, c.answer.size)?))?;
            kept += 1;
        }
        let dropped = d.calls_dropped.saturating_add(u32::try_from(d.calls.len()).unwrap_or(u32::MAX) - kept);
        let (signals, outcome) = (to_json(&d.signals)?, to_json(&d.outcome)?);
        bytes += 128 + signals.len() + outcome.len();
        delivery.execute((tick, at, &d.plugin, &d.content_hash, signals, outcome, number(d.cpu_us), dropped))?;
        usage::count(tx, record.started, &d.plugin, d.cpu_us)?;
    }
    usage::count(tx, record.started, usage::TICKS, record.duration_us)?;
    tx.prepare_cached("UPDATE ticks SET bytes = ?2 WHERE id = ?1")?.execute((tick, number(bytes as u64)))?;
    Ok(tick.unsigned_abs())
}

/// The row of these bytes, now needed by `tick`.
fn body(tx: &Connection, tick: i64, bytes: &[u8], size: u64) -> rusqlite::Result<i64> {
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    let mut known = tx.prepare_cached("UPDATE bodies SET last_tick = ?3 WHERE hash = ?1 AND size = ?2 RETURNING id")?;
    if let Some(id) = known.query_row((&hash, number(size), tick), |r| r.get(0)).optional()? {
        return Ok(id);
    }
    let kept = &bytes[..bytes.len().min(MAX_ANSWER)];
    tx.prepare_cached("INSERT INTO bodies (last_tick, size, stored, hash, bytes) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id")?
        .query_row((tick, number(size), number(kept.len() as u64), &hash, kept), |r| r.get(0))
}

fn read(c: &Connection, id: u64) -> rusqlite::Result<Option<TickRecord>> {
    let tick = number(id);
    let mut query = c.prepare_cached("SELECT id, started, duration_us, reason, overruns, 0 FROM ticks WHERE id = ?1")?;
    let Some(s) = query.query_row([tick], summary).optional()? else { return Ok(None) };

    let mut query = c.prepare_cached(
        "SELECT plugin, content_hash, signals, outcome, cpu_us, calls_dropped FROM deliveries WHERE tick = ?1 ORDER BY seq",
    )?;
    let rows = query.query_map([tick], |r| {
        Ok(Delivery {
            plugin: r.get(0)?,
            content_hash: r.get(1)?,
            signals: json(r, 2)?,
            outcome: json(r, 3)?,
            cpu_us: unsigned(r, 4)?,
            calls: Vec::new(),
            calls_dropped: r.get(5)?,
        })
    })?;
    let mut deliveries = rows.collect::<Result<Vec<_>, _>>()?;

    let mut query = c.prepare_cached(
        "SELECT delivery, function, args, bytes, size FROM host_calls JOIN bodies ON bodies.id = answer
         WHERE tick = ?1 ORDER BY delivery, seq",
    )?;
    let mut rows = query.query([tick])?;
    while let Some(r) = rows.next()? {
        if let Some(delivery) = deliveries.get_mut(usize::try_from(unsigned(r, 0)?).unwrap_or(usize::MAX)) {
            let answer = Answer { bytes: r.get(3)?, size: unsigned(r, 4)? };
            delivery.calls.push(HostCall { function: r.get(1)?, args: r.get(2)?, answer });
        }
    }
    drop(rows);

    let mut query = c.prepare_cached("SELECT id FROM signals WHERE tick = ?1")?;
    let mut ids: BTreeSet<u64> = query.query_map([tick], |r| unsigned(r, 0))?.collect::<Result<_, _>>()?;
    ids.extend(deliveries.iter().flat_map(|d| &d.signals));
    let mut query = c.prepare_cached(
        "SELECT signals.id, kind, time, source, attributes, bytes FROM signals LEFT JOIN bodies ON bodies.id = body
         WHERE signals.id = ?1",
    )?;
    let mut signals = Vec::with_capacity(ids.len());
    for id in ids {
        signals.extend(query.query_row([number(id)], signal).optional()?);
    }
    Ok(Some(TickRecord {
        id,
        started: s.started,
        duration_us: s.duration_us,
        reason: s.reason,
        overruns: s.overruns,
        signals,
        deliveries,
    }))
}

fn signal(r: &Row<'_>) -> rusqlite::Result<Signal> {
    let body: Option<Vec<u8>> = r.get(5)?;
    Ok(Signal {
        id: unsigned(r, 0)?,
        kind: r.get(1)?,
        time: unsigned(r, 2)?,
        source: r.get(3)?,
        attributes: json(r, 4)?,
        body: String::from_utf8_lossy(&body.unwrap_or_default()).into_owned(),
    })
}
