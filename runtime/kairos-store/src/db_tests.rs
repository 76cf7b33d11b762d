use super::*;

const ONE: Spec = Spec { application_id: 7, synchronous: Synchronous::Normal, steps: &[&["CREATE TABLE a (x INTEGER) STRICT;"]] };
const TWO: Spec = Spec { steps: &[ONE.steps[0], &["ALTER TABLE a ADD COLUMN y INTEGER;", "UPDATE a SET y = x * 2;"]], ..ONE };
const BROKEN: Spec = Spec { steps: &[ONE.steps[0], &["UPDATE a SET x = 0;", "nonsense"]], ..ONE };

async fn insert(db: &Db, x: i64) -> Result<(), StoreError> {
    db.write(move |tx| tx.execute("INSERT INTO a (x) VALUES (?1)", [x]).map(drop)).await
}

async fn sum(db: &Db, column: &str) -> i64 {
    let query = format!("SELECT coalesce(sum({column}), 0) FROM a");
    db.read(move |c| c.query_row(&query, [], |r| r.get(0))).await.unwrap()
}

#[tokio::test]
async fn a_migration_keeps_a_backup_and_a_failed_one_keeps_the_old_schema() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("new/state.db");
    let db = Db::open(file.clone(), ONE).await.unwrap();
    insert(&db, 21).await.unwrap();
    db.close().await;
    assert!(!beside(&file, ".v1.bak").exists());

    assert!(matches!(Db::open(file.clone(), BROKEN).await, Err(StoreError::Sql { .. })));
    let db = Db::open(file.clone(), ONE).await.unwrap();
    assert_eq!(sum(&db, "x").await, 21);
    db.close().await;

    let db = Db::open(file.clone(), TWO).await.unwrap();
    assert_eq!(sum(&db, "y").await, 42);
    db.close().await;
    let backup = Db::open(beside(&file, ".v1.bak"), ONE).await.unwrap();
    assert_eq!(sum(&backup, "x").await, 21);

    let before = std::fs::read(&file).unwrap();
    let refused = Db::open(file.clone(), ONE).await.unwrap_err();
    assert!(matches!(refused, StoreError::Newer { found: 2, known: 1, .. }));
    assert!(refused.to_string().contains("was written by a newer kairos-run (schema 2, this one knows 1)"));
    assert!(matches!(Db::open(file.clone(), Spec { application_id: 8, ..TWO }).await, Err(StoreError::Foreign { .. })));
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn a_damaged_file_is_kept_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("state.db");
    let db = Db::open(file.clone(), ONE).await.unwrap();
    for x in 0..2000 {
        insert(&db, x).await.unwrap();
    }
    db.close().await;
    let good = std::fs::read(&file).unwrap();
    let mut holed = good.clone();
    let middle = good.len() / 2;
    holed[middle..].fill(0xa5);
    let truncated = good[..good.len() / 2].to_vec();
    for (what, bytes) in
        [("garbage", b"not a database, but long enough to be read".repeat(50)), ("holed", holed), ("truncated", truncated)]
    {
        std::fs::write(&file, &bytes).unwrap();
        let error = Db::open(file.clone(), TWO).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{what}: {error:?}");
        let remedy = format!("mv '{0}' '{0}.corrupt'", file.display());
        assert!(error.to_string().contains(&remedy), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), bytes, "{what}");
    }
}

/// What a killed program leaves: the file, and a log that holds the last 50 of 100 rows.
async fn crashed(dir: &Path) -> PathBuf {
    let file = dir.join("state.db");
    let db = Db::open(file.clone(), ONE).await.unwrap();
    for x in 0..50 {
        insert(&db, x).await.unwrap();
    }
    db.call(|c| c.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))).await.unwrap();
    for x in 50..100 {
        insert(&db, x).await.unwrap();
    }
    let left = dir.join("left/state.db");
    std::fs::create_dir(dir.join("left")).unwrap();
    std::fs::copy(&file, &left).unwrap();
    std::fs::copy(beside(&file, "-wal"), beside(&left, "-wal")).unwrap();
    left
}

#[tokio::test]
async fn a_log_that_was_left_behind_is_taken_in_as_far_as_it_is_whole() {
    for (torn, expected) in [(0, 50..=50), (3000, 48..=49), (usize::MAX, 0..=0)] {
        let dir = tempfile::tempdir().unwrap();
        let file = crashed(dir.path()).await;
        let log = std::fs::read(beside(&file, "-wal")).unwrap();
        std::fs::write(beside(&file, "-wal"), &log[..log.len().saturating_sub(torn)]).unwrap();
        let db = Db::open(file, ONE).await.unwrap();
        let rows: i64 = db.read(|c| c.query_row("SELECT count(*) FROM a WHERE x >= 50", [], |r| r.get(0))).await.unwrap();
        assert!(expected.contains(&rows), "{torn} bytes torn off: {rows} rows");
        insert(&db, 1).await.unwrap();
    }
}

#[tokio::test]
async fn a_log_beside_a_damaged_file_is_kept_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = crashed(dir.path()).await;
    let log = beside(&file, "-wal");
    std::fs::write(&file, b"no longer a database".repeat(500)).unwrap();
    let before = (std::fs::read(&file).unwrap(), std::fs::read(&log).unwrap());
    let error = Db::open(file.clone(), TWO).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert_eq!((std::fs::read(&file).unwrap(), std::fs::read(&log).unwrap()), before);
    // The remedy, as the message says it.
    let aside = beside(&file, ".corrupt");
    let moves = [(file.clone(), aside.clone()), (log, beside(&aside, "-wal"))];
    for (from, to) in &moves {
        assert!(error.to_string().contains(&format!("mv '{}' '{}'", from.display(), to.display())), "{error}");
        std::fs::rename(from, to).unwrap();
    }
    let db = Db::open(file, ONE).await.unwrap();
    assert_eq!(sum(&db, "x").await, 0);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_user_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("new/state.db");
    let db = Db::open(file.clone(), ONE).await.unwrap();
    insert(&db, 1).await.unwrap();
    let mode = |p: &Path| p.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir.path().join("new")), 0o700);
    assert_eq!((mode(&file), mode(&beside(&file, "-wal"))), (0o600, 0o600));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_handles_write_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("state.db");
    let (a, b) = tokio::join!(Db::open(file.clone(), ONE), Db::open(file.clone(), ONE));
    let (a, b) = (a.unwrap(), b.unwrap());
    let write = |db: Db| async move {
        for _ in 0..200 {
            insert(&db, 1).await.unwrap();
        }
    };
    tokio::try_join!(tokio::spawn(write(a.clone())), tokio::spawn(write(b)), tokio::spawn(write(a.clone()))).unwrap();
    assert_eq!(sum(&a, "x").await, 600);
}

#[tokio::test]
async fn errors_are_sorted_and_the_writer_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path().join("state.db"), ONE).await.unwrap();
    db.call(|c| c.query_row("PRAGMA max_page_count = 8", [], |_| Ok(()))).await.unwrap();
    let full = db.write(|tx| (0..5000).try_for_each(|x| tx.execute("INSERT INTO a (x) VALUES (?1)", [x]).map(drop)));
    assert!(matches!(full.await, Err(StoreError::Full { .. })));
    let panicked: Result<(), _> = db
        .write(|tx| {
            tx.execute("INSERT INTO a (x) VALUES (5)", [])?;
            panic!("a fault of ours")
        })
        .await;
    assert!(panicked.is_err());
    assert_eq!(sum(&db, "x").await, 0);
    db.close().await;
    assert!(matches!(insert(&db, 1).await, Err(StoreError::Closed { .. })));
}
