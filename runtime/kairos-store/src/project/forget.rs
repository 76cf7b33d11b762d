//! Forgetting for good: what the journal, the inbox and the plugins' state still hold of something that is to be nowhere.

use super::ProjectDb;
use crate::db::Db;
use crate::error::StoreError;
use crate::sql::{json, unsigned};
use kairos_core::Millis;
use rusqlite::{Connection, params_from_iter};
use serde::Serialize;
use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

/// What is to be forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forget {
    /// Signals, by when they came and who noticed them.
    pub signals: HashSet<(Millis, String)>,
    /// Words; whatever holds them goes whole.
    pub words: Vec<String>,
}

/// What was forgotten, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// Ticks of the journal: they can't be played again.
    pub ticks: u64,
    /// Findings of the inbox.
    pub findings: u64,
    /// Entries in the state of plugins.
    pub entries: u64,
    /// Answers of the user to what has an effect.
    pub permissions: u64,
    /// Conversations with a model: they can't be gone on with.
    pub conversations: u64,
    /// Copies of the database, as it was before an update of its schema.
    pub backups: Vec<PathBuf>,
}

impl ProjectDb {
    /// Takes out every tick that holds such a signal or such words, and every finding, entry of a plugin's state, answer and
    /// conversation that holds the words, and the copies of older schemas. Then the file is written anew, so that no freed page holds them either.
    pub async fn forget(&self, what: Forget, dry_run: bool) -> Result<Forgotten, StoreError> {
        let mut done = self.db.write(move |tx| forget(tx, &what, dry_run)).await?;
        done.backups = self.db.backups()?;
        if !dry_run {
            self.db.scour(&done.backups).await?;
        }
        Ok(done)
    }
}

fn forget(tx: &Connection, what: &Forget, dry_run: bool) -> rusqlite::Result<Forgotten> {
    let ticks = ticks(tx, what)?;
    let findings = holding(tx, "inbox", "id", &["key", "title", "detail", "evidence", "remedy", "resolved_reason"], &what.words)?;
    let entries = holding(tx, "plugin_state", "rowid", &["key", "value"], &what.words)?;
    let permissions = holding(tx, "permissions", "rowid", &["action"], &what.words)?;
    let conversations = holding(tx, "conversations", "rowid", &["title", "body"], &what.words)?;
    if !dry_run {
        for (table, column, ids) in [
            ("host_calls", "tick", &ticks),
            ("deliveries", "tick", &ticks),
            ("signals", "tick", &ticks),
            ("ticks", "id", &ticks),
            ("inbox", "id", &findings),
            ("plugin_state", "rowid", &entries),
            ("permissions", "rowid", &permissions),
            ("conversations", "rowid", &conversations),
        ] {
            let mut delete = tx.prepare(&format!("DELETE FROM {table} WHERE {column} = ?1"))?;
            ids.iter().try_for_each(|id| delete.execute([id]).map(drop))?;
        }
        tx.execute(
            "DELETE FROM bodies WHERE id NOT IN (SELECT answer FROM host_calls UNION SELECT body FROM signals WHERE body IS NOT NULL)",
            [],
        )?;
    }
    let count = |ids: &BTreeSet<i64>| ids.len() as u64;
    Ok(Forgotten {
        ticks: count(&ticks),
        findings: count(&findings),
        entries: count(&entries),
        permissions: count(&permissions),
        conversations: count(&conversations),
        backups: vec![],
    })
}

/// The ticks that recorded such a signal, gave it to a plugin, or hold the words.
fn ticks(tx: &Connection, what: &Forget) -> rusqlite::Result<BTreeSet<i64>> {
    let bodies = holding(tx, "bodies", "id", &["bytes"], &what.words)?;
    let mut found = holding(tx, "signals", "tick", &["attributes"], &what.words)?;
    let mut signals = HashSet::new();
    let mut query = tx.prepare("SELECT id, tick, time, source, body FROM signals")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let known = what.signals.contains(&(unsigned(row, 2)?, row.get(3)?));
        if known || row.get::<_, Option<i64>>(4)?.is_some_and(|body| bodies.contains(&body)) {
            signals.insert(unsigned(row, 0)?);
            found.insert(row.get(1)?);
        }
    }
    found.append(&mut holding(tx, "deliveries", "tick", &["outcome"], &what.words)?);
    let mut query = tx.prepare("SELECT tick, signals FROM deliveries")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        if json::<Vec<u64>>(row, 1)?.iter().any(|id| signals.contains(id)) {
            found.insert(row.get(0)?);
        }
    }
    found.append(&mut holding(tx, "host_calls", "tick", &["args"], &what.words)?);
    let mut query = tx.prepare("SELECT tick, answer FROM host_calls")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        if bodies.contains(&row.get(1)?) {
            found.insert(row.get(0)?);
        }
    }
    Ok(found)
}

/// The rows of a table that hold such words in one of some columns, as they are or as JSON writes them.
pub(crate) fn holding(
    tx: &Connection,
    table: &str,
    id: &str,
    columns: &[&str],
    words: &[String],
) -> rusqlite::Result<BTreeSet<i64>> {
    let has: Vec<String> =
        columns.iter().map(|c| format!("instr(CAST({c} AS BLOB), ?1) > 0 OR instr(CAST({c} AS BLOB), ?2) > 0")).collect();
    let mut query = tx.prepare(&format!("SELECT {id} FROM {table} WHERE {}", has.join(" OR ")))?;
    let mut found = BTreeSet::new();
    for words in words {
        let quoted = serde_json::Value::from(words.as_str()).to_string();
        let forms = [words.as_bytes(), &quoted.as_bytes()[1..quoted.len() - 1]];
        for id in query.query_map(params_from_iter(forms), |row| row.get(0))? {
            found.insert(id?);
        }
    }
    Ok(found)
}

impl Db {
    /// Copies of this database that were made before its schema was changed.
    pub(crate) fn backups(&self) -> Result<Vec<PathBuf>, StoreError> {
        let file = self.file();
        let (Some(folder), Some(name)) = (file.parent(), file.file_name().and_then(|n| n.to_str())) else { return Ok(vec![]) };
        let io = |e: std::io::Error| StoreError::from_io(folder, &e);
        let mut found = vec![];
        for entry in std::fs::read_dir(folder).map_err(io)? {
            let entry = entry.map_err(io)?;
            let rest = entry.file_name().to_str().and_then(|n| n.strip_prefix(name)).map(str::to_owned);
            if rest.is_some_and(|rest| rest.starts_with(".v") && rest.contains(".bak")) {
                found.push(entry.path());
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Writes the file anew without its freed pages, empties the log, and removes copies.
    pub(crate) async fn scour(&self, copies: &[PathBuf]) -> Result<(), StoreError> {
        for copy in copies {
            std::fs::remove_file(copy).map_err(|e| StoreError::from_io(copy, &e))?;
        }
        // The log is emptied twice: what is in it before belongs into the file that is written anew.
        let empty = |c: &mut Connection| c.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        self.call(move |c| {
            empty(c)?;
            c.execute_batch("VACUUM")?;
            empty(c).map(drop)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Answer, Delivery, HostCall, TickRecord};
    use kairos_core::ports::StateStore;
    use kairos_core::{Finding, Report, Signal, Urgency};

    fn record(id: u64, time: Millis, body: &str, answer: &str) -> TickRecord {
        let mut signal = Signal::new("command.finished", "exec", time).with("command", "make").with_body(body);
        signal.id = id;
        let call = HostCall { function: "project.read".into(), args: "{}".into(), answer: Answer::new(answer.into()) };
        let delivery = Delivery { plugin: "p".into(), signals: vec![id], calls: vec![call], ..Delivery::default() };
        TickRecord { started: time, signals: vec![signal], deliveries: vec![delivery], ..TickRecord::default() }
    }

    #[tokio::test]
    async fn what_is_forgotten_is_in_no_byte_of_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state.db");
        let db = ProjectDb::open(&file).await.unwrap();
        let secret = "the bird is \"blue\"";
        let mut ticks = vec![];
        for (id, body, answer) in [(1, "plain", "other"), (2, secret, "other"), (3, "plain", secret), (4, "said", "x")] {
            ticks.push(db.append(record(id, 1000 * id, body, answer)).await.unwrap());
        }
        let finding = |key: &str, title: &str| Finding {
            key: key.into(),
            title: title.into(),
            detail: String::new(),
            urgency: Urgency::Low,
            evidence: vec![],
            remedy: None,
        };
        let findings = vec![finding("a", secret), finding("b", "kept")];
        db.apply_report("p", Report { findings, ..Report::default() }, 5).await.unwrap();
        let state = [("old", secret.into()), ("new", b"x".to_vec())];
        db.apply("p", state.map(|(key, value): (&str, Vec<u8>)| (key.into(), Some(value))).into()).await.unwrap();
        std::fs::write(dir.path().join("state.db.v1.bak"), secret).unwrap();

        let what = Forget { signals: HashSet::from([(4000, "exec".into())]), words: vec![secret.into()] };
        let planned = db.forget(what.clone(), true).await.unwrap();
        assert_eq!((planned.ticks, planned.findings, planned.entries, planned.backups.len()), (3, 1, 1, 1));
        assert!(db.tick(ticks[1]).await.unwrap().is_some());
        assert_eq!(db.forget(what.clone(), false).await.unwrap(), planned);
        for (at, stays) in [(0, true), (1, false), (2, false), (3, false)] {
            assert_eq!(db.tick(ticks[at]).await.unwrap().is_some(), stays, "{at}");
        }
        assert_eq!(db.tick(ticks[0]).await.unwrap().unwrap().deliveries[0].calls[0].answer.bytes, b"other");
        assert_eq!(db.load("p").await.unwrap(), [("new".to_owned(), b"x".to_vec())]);
        for file in dir.path().read_dir().unwrap().flatten() {
            let bytes = String::from_utf8_lossy(&std::fs::read(file.path()).unwrap()).into_owned();
            assert!(!bytes.contains("the bird is"), "{}", file.path().display());
        }
        assert_eq!(db.forget(what, false).await.unwrap(), Forgotten::default());
    }
}
