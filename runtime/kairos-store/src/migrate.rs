//! From one schema to the next, with a copy of what was there before.

use crate::db::Spec;
use crate::error::{StoreError, beside};
use crate::private;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// The file's schema; 0 for a new one. Refuses what is newer than this program, and what is not of this kind.
pub(crate) fn version(c: &Connection, file: &Path, spec: Spec) -> Result<usize, StoreError> {
    let sql = |e| StoreError::from_sql(file, e);
    let version: u32 = c.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(sql)?;
    let kind: u32 = c.pragma_query_value(None, "application_id", |r| r.get(0)).map_err(sql)?;
    let tables: u32 = c.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0)).map_err(sql)?;
    if kind != spec.application_id && (tables > 0 || version > 0 || kind != 0) {
        return Err(StoreError::Foreign { file: file.into() });
    }
    let known = spec.steps.len();
    match usize::try_from(version) {
        Ok(version) if version <= known => Ok(version),
        _ => Err(StoreError::Newer { file: file.into(), found: version, known: u32::try_from(known).unwrap_or(u32::MAX) }),
    }
}

/// Takes all steps that are missing, in one transaction: the file has its old schema or the new one, nothing between.
pub(crate) fn run(c: &mut Connection, file: &Path, spec: Spec) -> Result<(), StoreError> {
    let from = version(c, file, spec)?;
    if from == spec.steps.len() {
        return Ok(());
    }
    if from > 0 {
        back_up(c, file, from)?;
    }
    let sql = |e| StoreError::from_sql(file, e);
    let tx = c.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
    // Another process may have done it while we waited for the lock.
    let from = version(&tx, file, spec)?;
    for statements in spec.steps.iter().skip(from).copied().flatten() {
        tx.execute_batch(statements).map_err(sql)?;
    }
    tx.pragma_update(None, "application_id", spec.application_id).map_err(sql)?;
    tx.pragma_update(None, "user_version", u32::try_from(spec.steps.len()).unwrap_or(u32::MAX)).map_err(sql)?;
    tx.commit().map_err(sql)
}

/// `state.db.v3.bak`: complete or not there.
fn back_up(c: &Connection, file: &Path, version: usize) -> Result<(), StoreError> {
    let done = beside(file, &format!(".v{version}.bak"));
    let partial = beside(file, &format!(".v{version}.bak.{}", std::process::id()));
    let io = |e: std::io::Error| StoreError::from_io(&partial, &e);
    match std::fs::remove_file(&partial) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(io(e)),
        _ => {}
    }
    // SQLite copies into a file that is there if it is empty; so it is private from its first byte on.
    private::file(&partial).map_err(io)?;
    let target =
        partial.to_str().ok_or_else(|| StoreError::Io { file: partial.clone(), detail: "its path is not UTF-8".into() })?;
    let copied = c
        .execute("VACUUM INTO ?1", [target])
        .map_err(|e| StoreError::from_sql(file, e))
        .and_then(|_| std::fs::File::open(&partial).and_then(|f| f.sync_all()).map_err(io))
        .and_then(|()| std::fs::rename(&partial, &done).map_err(io));
    if copied.is_err() {
        // The copy's error is the one to tell.
        drop(std::fs::remove_file(&partial));
    }
    copied
}
