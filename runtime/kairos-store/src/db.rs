//! A database with one writer: a thread that owns the connection and does one closure after the other.

use crate::error::{StoreError, beside};
use crate::{migrate, private};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// How long another process may keep the file locked before we give up.
const BUSY: Duration = Duration::from_secs(5);
/// Work that may wait before callers have to.
const QUEUE: usize = 256;
/// A file up to this size is checked whenever it is opened; a larger one when it was not closed well, or will be migrated.
const ALWAYS_CHECKED: u64 = 2 * 1024 * 1024;

/// What makes a kind of database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec {
    /// Stands in the file's header, so that no other database is taken for it.
    pub application_id: u32,
    /// What a power cut may cost.
    pub synchronous: Synchronous,
    /// `steps[n]` brings schema `n` to `n + 1`. What was released is never edited; a change is a further step.
    pub steps: &'static [&'static [&'static str]],
}

/// SQLite's word for what a power cut may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Synchronous {
    /// The last transactions.
    Normal,
    /// Nothing that was answered.
    Full,
}

enum Job {
    Run(Box<dyn FnOnce(&mut Connection) + Send>),
    Close(oneshot::Sender<()>),
}

/// A handle to the writer.
#[derive(Clone, Debug)]
pub(crate) struct Db {
    file: Arc<Path>,
    jobs: mpsc::Sender<Job>,
}

impl Db {
    pub(crate) async fn open(file: PathBuf, spec: Spec) -> Result<Self, StoreError> {
        let (jobs, mut queue) = mpsc::channel(QUEUE);
        let (opened, wait) = oneshot::channel();
        let path: Arc<Path> = file.clone().into();
        let writer = move || {
            let mut connection = match open(&file, spec) {
                Ok(connection) => connection,
                Err(e) => return drop(opened.send(Err(e))),
            };
            if opened.send(Ok(())).is_err() {
                return;
            }
            let mut closing = None;
            while let Some(job) = queue.blocking_recv() {
                match job {
                    // Only the caller of a closure that panics hears of it; its transaction was rolled back on the way.
                    Job::Run(run) => drop(catch_unwind(AssertUnwindSafe(|| run(&mut connection)))),
                    Job::Close(done) => {
                        closing = Some(done);
                        break;
                    }
                }
            }
            drop(connection);
            if let Some(done) = closing {
                // Nobody may be waiting any more.
                let _ = done.send(());
            }
        };
        std::thread::Builder::new()
            .name("kairos-store".into())
            .stack_size(1024 * 1024)
            .spawn(writer)
            .map_err(|e| StoreError::from_io(&path, &e))?;
        wait.await.map_err(|_| StoreError::Closed { file: path.to_path_buf() })??;
        Ok(Self { file: path, jobs })
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Runs a closure on the writer's thread. Waits while the queue is full.
    pub(crate) async fn call<T, F>(&self, run: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, wait) = oneshot::channel();
        let job = Job::Run(Box::new(move |c| drop(answer.send(run(c)))));
        let closed = || StoreError::Closed { file: self.file.to_path_buf() };
        self.jobs.send(job).await.map_err(|_| closed())?;
        wait.await.map_err(|_| closed())?.map_err(|e| StoreError::from_sql(&self.file, e))
    }

    /// Reads, seeing one state of the database throughout.
    pub(crate) async fn read<T, F>(&self, run: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.call(move |c| run(&c.transaction()?)).await
    }

    /// Writes all or nothing. The lock is taken first, so that a transaction never fails half-way because another process wrote.
    pub(crate) async fn write<T, F>(&self, run: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.call(move |c| {
            let tx = c.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = run(&tx)?;
            tx.commit()?;
            Ok(value)
        })
        .await
    }

    pub(crate) async fn close(&self) {
        let (done, wait) = oneshot::channel();
        if self.jobs.send(Job::Close(done)).await.is_ok() {
            // An error means that another clone closed it first.
            drop(wait.await);
        }
    }
}

fn open(file: &Path, spec: Spec) -> Result<Connection, StoreError> {
    let io = |e: std::io::Error| StoreError::from_io(file, &e);
    if let Some(folder) = file.parent().filter(|f| !f.as_os_str().is_empty()) {
        private::folder(folder).map_err(io)?;
    }
    let start = Instant::now();
    loop {
        // Two processes that make the same file at once meet a lock that SQLite's own patience doesn't cover.
        match look(file, spec).and_then(|()| make(file, spec)) {
            Err(StoreError::Busy { .. }) if start.elapsed() < BUSY => std::thread::sleep(Duration::from_millis(20)),
            done => return done,
        }
    }
}

/// Looks at a file that is there without a write to it, so that one that we refuse stays as it is.
fn look(file: &Path, spec: Spec) -> Result<(), StoreError> {
    let size = match file.metadata() {
        Ok(found) if found.is_file() => found.len(),
        Ok(_) => return Err(StoreError::Io { file: file.into(), detail: "it is not a file".into() }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(StoreError::from_io(file, &e)),
    };
    if size == 0 {
        return Ok(());
    }
    let unclean = beside(file, "-wal").metadata().is_ok_and(|log| log.len() > 0);
    let c = read_only(file)?;
    let version = migrate::version(&c, file, spec)?;
    if size <= ALWAYS_CHECKED || unclean || version < spec.steps.len() {
        quick_check(&c, file)?;
    }
    Ok(())
}

/// Looks through a whole file without a write to it, beside a process that has it open.
pub(crate) fn check(file: &Path, spec: Spec) -> Result<(), StoreError> {
    let c = read_only(file)?;
    migrate::version(&c, file, spec)?;
    quick_check(&c, file)
}

fn read_only(file: &Path) -> Result<Connection, StoreError> {
    let sql = |e| StoreError::from_sql(file, e);
    let c = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(sql)?;
    c.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(sql)?;
    c.busy_timeout(BUSY).map_err(sql)?;
    Ok(c)
}

fn quick_check(c: &Connection, file: &Path) -> Result<(), StoreError> {
    let verdict: String = c.query_row("PRAGMA quick_check(1)", [], |r| r.get(0)).map_err(|e| StoreError::from_sql(file, e))?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::corrupt(file.into(), verdict.replace('\n', " "))) }
}

fn make(file: &Path, spec: Spec) -> Result<Connection, StoreError> {
    private::file(file).map_err(|e| StoreError::from_io(file, &e))?;
    let sql = |e| StoreError::from_sql(file, e);
    let mut c =
        Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(sql)?;
    c.busy_timeout(BUSY).map_err(sql)?;
    let synchronous = match spec.synchronous {
        Synchronous::Normal => "NORMAL",
        Synchronous::Full => "FULL",
    };
    // auto_vacuum counts only before the first table. A small cache: most of what is read is small and read once.
    // The size limit cuts a log that one large transaction has grown.
    c.execute_batch(&format!(
        "PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = {synchronous};
         PRAGMA cache_size = -512;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA journal_size_limit = 1048576;"
    ))
    .map_err(sql)?;
    migrate::run(&mut c, file, spec)?;
    Ok(c)
}

#[cfg(test)]
#[path = "db_tests.rs"]
mod tests;
