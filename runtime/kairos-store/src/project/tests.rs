use super::inbox::{Change, Decided, Filter, Seen, Status};
use super::journal::{Answer, Delivery, HostCall, TickRecord};
use super::usage::TICKS;
use super::*;
use kairos_core::ports::StateStore;
use kairos_core::{Evidence, Finding, Report, Signal, Urgency};
use std::time::Duration;

async fn open() -> (tempfile::TempDir, ProjectDb) {
    let dir = tempfile::tempdir().unwrap();
    let db = ProjectDb::open(dir.path().join("state.db")).await.unwrap();
    (dir, db)
}

fn finding(key: &str, urgency: Urgency) -> Finding {
    let evidence = vec![Evidence { kind: "file".into(), subject: "a.rs".into(), line: Some(3), excerpt: "x".into() }];
    Finding { key: key.into(), title: "t".into(), detail: "d".into(), urgency, evidence, remedy: None }
}

async fn report(db: &ProjectDb, plugin: &str, finding: Finding, now: u64) -> Seen {
    let report = Report { findings: vec![finding], ..Report::default() };
    db.apply_report(plugin, report, now).await.unwrap().seen[0]
}

/// Answers how many findings it resolved.
async fn clear(db: &ProjectDb, plugin: &str, key: &str, now: u64) -> usize {
    let report = Report { cleared: vec![key.into()], ..Report::default() };
    db.apply_report(plugin, report, now).await.unwrap().resolved.len()
}

enum Step {
    Report(Urgency, Change),
    Resolve(usize),
    Accept,
    Dismiss,
    Snooze(u64),
    Due(usize),
}

#[tokio::test]
async fn the_life_of_a_finding() {
    use Change::{Again, New, Quiet, Reopened};
    use Step::{Accept, Dismiss, Due, Report, Resolve, Snooze};
    use Urgency::{High, Low, Normal};
    // The clock is the number of the step, from 1; a finding is reported first.
    let lives: &[(&str, &[Step], Status)] = &[
        ("open stays open", &[Report(Low, New), Report(High, Again), Report(Low, Again)], Status::Open),
        ("resolved reopens", &[Report(Low, New), Resolve(1), Resolve(0), Report(Low, Reopened)], Status::Open),
        ("dismissed is quiet", &[Report(Normal, New), Dismiss, Report(Low, Quiet), Report(Normal, Quiet)], Status::Dismissed),
        ("dismissed outlives resolution", &[Report(Low, New), Dismiss, Resolve(0), Report(Low, Quiet)], Status::Dismissed),
        ("dismissed and risen", &[Report(Low, New), Dismiss, Report(High, Reopened), Report(High, Again)], Status::Open),
        ("accepted is quiet", &[Report(Low, New), Accept, Report(High, Quiet)], Status::Accepted),
        ("accepted, gone and back", &[Report(Low, New), Accept, Resolve(1), Report(Low, Reopened)], Status::Open),
        ("resolved can't be taken on", &[Report(Low, New), Resolve(1), Accept, Snooze(99)], Status::Resolved),
        ("snoozed is quiet", &[Report(Low, New), Snooze(99), Report(Low, Quiet), Due(0)], Status::Snoozed),
        ("a snooze ends", &[Report(Low, New), Snooze(4), Due(0), Due(1), Due(0), Report(Low, Again)], Status::Open),
        ("a snooze ends at a report", &[Report(Low, New), Snooze(3), Report(Low, Reopened), Due(0)], Status::Open),
        ("a snooze outlives resolution", &[Report(Low, New), Snooze(99), Resolve(1), Report(Low, Quiet)], Status::Snoozed),
        ("a snoozed one rises", &[Report(Low, New), Snooze(99), Report(High, Reopened)], Status::Open),
    ];
    for (name, steps, end) in lives {
        let (_dir, db) = open().await;
        let mut id = 0;
        for (step, now) in steps.iter().zip(1_u64..) {
            match step {
                Report(urgency, change) => {
                    let seen = report(&db, "p", finding("a:1", *urgency), now).await;
                    assert_eq!(seen.change, *change, "{name}, step {now}");
                    assert!(id == 0 || id == seen.id);
                    id = seen.id;
                }
                Resolve(n) => {
                    assert_eq!(clear(&db, "p", "a:*", now).await, *n, "{name}, step {now}");
                }
                Accept => drop(db.accept(id).await.unwrap().unwrap()),
                Dismiss => drop(db.dismiss(id).await.unwrap().unwrap()),
                Snooze(until) => drop(db.snooze(id, *until).await.unwrap().unwrap()),
                Due(n) => assert_eq!(db.due_snoozed(now).await.unwrap().len(), *n, "{name}, step {now}"),
            }
        }
        assert_eq!(db.get(id).await.unwrap().unwrap().status, *end, "{name}");
    }
}

#[tokio::test]
async fn a_report_that_clears_and_repeats_resolves_only_what_is_gone() {
    let (_dir, db) = open().await;
    let say = |cleared: &[&str], keys: &[&str]| Report {
        cleared: cleared.iter().map(ToString::to_string).collect(),
        findings: keys.iter().map(|k| finding(k, Urgency::High)).collect(),
        wake_after: None,
    };
    db.apply_report("p", say(&[], &["a:1", "a:2", "b:1"]), 1).await.unwrap();
    report(&db, "other", finding("a:2", Urgency::Low), 1).await;
    let applied = db.apply_report("p", say(&["a:*"], &["a:1"]), 2).await.unwrap();
    assert_eq!(applied.resolved.iter().map(|r| r.key.as_str()).collect::<Vec<_>>(), ["a:2"]);
    assert_eq!(applied.resolved[0].resolved_at, Some(2));
    assert_eq!(applied.seen[0].change, Change::Again);
    let counts = db.open_counts().await.unwrap();
    assert_eq!((counts.high, counts.low), (2, 1));
    let open = db.list(Filter { status: vec![Status::Open], plugin: Some("p".into()), limit: 9 }).await.unwrap();
    assert_eq!(open.iter().map(|r| r.key.as_str()).collect::<Vec<_>>(), ["a:1", "b:1"]);
    assert_eq!(open[0].evidence, finding("", Urgency::Low).evidence);
    assert_eq!(db.resolve_all_of("p", 3, "unloaded").await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_plugin_can_not_fill_the_inbox() {
    let (_dir, db) = open().await;
    for block in 0..11 {
        let findings = (0..100).map(|n| finding(&format!("{block}:{n}"), Urgency::Low)).collect();
        let applied = db.apply_report("p", Report { findings, ..Report::default() }, 1).await.unwrap();
        let expected = if block < 10 { Change::New } else { Change::Refused };
        assert!(applied.seen.iter().all(|s| s.change == expected), "{block}");
    }
    assert_eq!(report(&db, "q", finding("k", Urgency::Low), 1).await.change, Change::New);
}

#[tokio::test]
async fn what_is_no_longer_alive_is_kept_up_to_a_bound() {
    let (_dir, db) = open().await;
    let fill = |status: &'static str| {
        db.db.call(move |c| {
            c.execute(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
                 INSERT INTO inbox (plugin, key, title, detail, urgency, evidence, status, first_seen, last_seen, resolved_at)
                 SELECT 'old', ?1 || i, 't', 'd', 'low', '[]', ?1, i, i, iif(?1 = 'resolved', i, NULL) FROM n",
                (status, inbox::KEPT),
            )
        })
    };
    for status in ["resolved", "dismissed"] {
        fill(status).await.unwrap();
    }
    let now = u64::from(inbox::KEPT) + 1;
    let mut last = 0;
    for n in 0..3 {
        last = report(&db, "p", finding(&format!("a:{n}"), Urgency::Low), now).await.id;
    }
    let kept = |status| db.list(Filter { status: vec![status], ..Filter::default() });
    assert_eq!(clear(&db, "p", "a:1*", now).await, 1);
    assert_eq!(clear(&db, "p", "a:*", now).await, 2);
    let resolved = kept(Status::Resolved).await.unwrap();
    assert_eq!(resolved.len(), inbox::KEPT as usize);
    assert_eq!((resolved[0].key.as_str(), resolved.last().map(|r| r.last_seen)), ("a:2", Some(4)), "the oldest went");
    assert_eq!(kept(Status::Dismissed).await.unwrap().len(), inbox::KEPT as usize);
    db.dismiss(last).await.unwrap();
    let dismissed = kept(Status::Dismissed).await.unwrap();
    assert_eq!((dismissed.len(), dismissed[0].id), (inbox::KEPT as usize, last));
}

#[tokio::test]
async fn an_older_inbox_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("state.db");
    let older = Db::open(file.clone(), Spec { steps: &SPEC.steps[..1], ..SPEC }).await.unwrap();
    older
        .call(|c| {
            c.execute_batch(
                "INSERT INTO inbox (plugin, key, title, detail, urgency, evidence, status, first_seen, last_seen, resolved_at)
                 VALUES ('p', 'a:1', 't', 'd', 'high', '[]', 'dismissed', 1, 1, NULL),
                        ('p', 'a:2', 't', 'd', 'high', '[]', 'accepted', 1, 1, 1)",
            )
        })
        .await
        .unwrap();
    older.close().await;
    let db = ProjectDb::open(file).await.unwrap();
    assert_eq!(clear(&db, "p", "a:*", 2).await, 1, "the accepted one; a dismissal outlives that");
    assert_eq!(report(&db, "p", finding("a:1", Urgency::Low), 3).await.change, Change::Quiet);
    assert_eq!(report(&db, "p", finding("a:1", Urgency::High), 4).await.change, Change::Quiet);
    assert_eq!(report(&db, "p", finding("a:1", Urgency::Critical), 5).await.change, Change::Reopened);
}

#[tokio::test]
async fn decisions_are_kept_and_what_waits_is_found_again() {
    let (_dir, db) = open().await;
    let mut ids = Vec::new();
    for key in ["a", "b", "c"] {
        ids.push(report(&db, "p", finding(key, Urgency::Low), 1).await.id);
    }
    let decided = |id: u64, kept_by: Option<&str>| Decided { id, decision: "why".into(), kept_by: kept_by.map(Into::into) };
    db.decide(vec![decided(ids[0], None), decided(ids[1], Some("away")), decided(ids[2], Some("daily-cap"))], 10).await.unwrap();
    let kept = async |rules: &'static [&'static str]| db.kept_by(rules).await.unwrap().iter().map(|r| r.id).collect::<Vec<_>>();
    assert_eq!(kept(&["quiet-hours", "away"]).await, [ids[1]]);
    let first = db.get(ids[0]).await.unwrap().unwrap();
    assert_eq!((first.decision.as_deref(), first.announced_at, first.kept_by), (Some("why"), Some(10), None));
    // Said once, and kept the next time: when it was said is still known.
    db.decide(vec![decided(ids[0], Some("away"))], 20).await.unwrap();
    assert_eq!(db.get(ids[0]).await.unwrap().unwrap().announced_at, Some(10));
    db.dismiss(ids[1]).await.unwrap();
    assert_eq!(kept(&["quiet-hours", "away"]).await, [ids[0]], "answered ones wait for nothing");
}

#[tokio::test]
async fn what_nobody_answers_expires_by_how_long_it_holds() {
    let (_dir, db) = open().await;
    let id = report(&db, "p", finding("grant:a", Urgency::Low), 1).await.id;
    report(&db, "p", finding("other", Urgency::Low), 1).await;
    assert_eq!(db.expire("p", "grant:", 1, 5, "late").await.unwrap(), []);
    clear(&db, "p", "grant:a", 6).await;
    report(&db, "p", finding("grant:a", Urgency::Low), 7).await;
    assert_eq!(db.expire("p", "grant:", 7, 8, "late").await.unwrap(), [], "it was gone for a while");
    let gone = db.expire("p", "grant:", 8, 9, "late").await.unwrap();
    assert_eq!(gone.iter().map(|i| (i.id, i.resolved_reason.as_deref())).collect::<Vec<_>>(), [(id, Some("late"))]);
    assert_eq!(db.expire("p", "grant:", 8, 10, "late").await.unwrap(), []);
}

#[tokio::test]
async fn an_inbox_of_an_older_version_keeps_its_reasons() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("state.db");
    let older = crate::db::Db::open(file.clone(), crate::db::Spec { steps: &SPEC.steps[..2], ..SPEC }).await.unwrap();
    let rows =
        "INSERT INTO inbox (id, plugin, key, title, detail, urgency, evidence, status, first_seen, last_seen, decision) VALUES
        (1, 'p', '1', 't', 'd', 'low', '[]', 'open', 5, 9, 'announced'), (2, 'p', '2', 't', 'd', 'low', '[]', 'open', 5, 9, NULL),
        (3, 'p', '3', 't', 'd', 'low', '[]', 'open', 5, 9, 'of low urgency: listed, never announced'),
        (4, 'p', '4', 't', 'd', 'low', '[]', 'open', 5, 9, 'this detector announced 3 findings within the hour'),
        (5, 'p', '5', 't', 'd', 'low', '[]', 'open', 5, 9, '5 findings were announced today, `surfacing.daily-cap` allows 5')";
    older.write(move |tx| tx.execute(rows, []).map(drop)).await.unwrap();
    older.close().await;
    let db = ProjectDb::open(file).await.unwrap();
    for (id, rule) in (1..).zip([None, None, Some("low-urgency"), Some("detector-rate"), Some("daily-cap")]) {
        let row = db.get(id).await.unwrap().unwrap();
        assert_eq!((row.kept_by.as_deref(), row.opened_at), (rule, 5), "{id}");
    }
}

#[tokio::test]
async fn costs_are_summed_up_by_the_hour_and_outlive_the_journal() {
    let (_dir, db) = open().await;
    const HOUR: u64 = 3_600_000;
    for started in [0, HOUR - 1, HOUR, 400 * 24 * HOUR] {
        db.append(tick(started + 1, started, Vec::new())).await.unwrap();
        db.prune(started + 1, Duration::ZERO, 0).await.unwrap();
    }
    let calls = async |since| db.usage(since).await.unwrap().iter().map(|u| (u.plugin.clone(), u.calls)).collect::<Vec<_>>();
    assert_eq!(calls(0).await, [(TICKS.to_string(), 1), ("p".to_string(), 1)], "a year is kept");
    assert_eq!(calls(401 * 24 * HOUR).await, []);
}

fn tick(first_signal: u64, started: u64, answer: Vec<u8>) -> TickRecord {
    let mut signal = Signal::new("file.modified", "files", started).with("path", "a.rs").with_body("some text");
    signal.id = first_signal;
    let calls = vec![HostCall { function: "project.read".into(), args: "[\"a.rs\"]".into(), answer: Answer::new(answer) }];
    let delivery = Delivery {
        plugin: "p".into(),
        content_hash: "h".into(),
        signals: vec![first_signal],
        outcome: serde_json::json!({"report": {"findings": []}}),
        cpu_us: 12,
        calls,
        calls_dropped: 0,
    };
    let (reason, overruns) = ("interval".to_string(), vec!["q".to_string()]);
    TickRecord { id: 0, started, duration_us: 900, reason, overruns, signals: vec![signal], deliveries: vec![delivery] }
}

#[tokio::test]
async fn a_tick_is_read_back_as_it_was_written() {
    let (_dir, db) = open().await;
    let first = db.reserve_signal_ids(10).await.unwrap();
    assert_eq!((first, db.reserve_signal_ids(1).await.unwrap()), (1, 11));
    let mut record = tick(first, 1000, b"content".to_vec());
    record.id = db.append(record.clone()).await.unwrap();
    assert_eq!(db.tick(record.id).await.unwrap(), Some(record.clone()));
    assert_eq!(db.ticks(0..1000, 10).await.unwrap(), []);
    assert_eq!(db.ticks(1000..2000, 10).await.unwrap()[0].deliveries, 1);

    let long = db.append(tick(2, 2000, vec![7; 100_000])).await.unwrap();
    let answer = db.tick(long).await.unwrap().unwrap().deliveries[0].calls[0].answer.clone();
    assert_eq!((answer.bytes.len(), answer.size, answer.is_truncated()), (64 * 1024, 100_000, true));
}

#[tokio::test]
async fn calls_that_one_tick_can_not_keep_are_counted() {
    let (_dir, db) = open().await;
    let mut record = tick(1, 1000, Vec::new());
    let call = |n: u64| {
        let answer = Answer::new([&n.to_le_bytes()[..], &[0; 80_000]].concat());
        HostCall { function: "project.read".into(), args: n.to_string(), answer }
    };
    record.deliveries[0].calls = (0..300).map(call).collect();
    record.deliveries[0].calls_dropped = 7;
    let id = db.append(record).await.unwrap();
    let kept = db.tick(id).await.unwrap().unwrap().deliveries.remove(0);
    assert_eq!(kept.calls.len() as u32 + kept.calls_dropped, 307);
    assert!((200..=256).contains(&kept.calls.len()), "{}", kept.calls.len());
    assert_eq!(kept.calls.last().map(|c| c.args.clone()), Some((kept.calls.len() - 1).to_string()), "the first are kept");
}

#[tokio::test]
async fn the_journal_stays_within_its_bounds() {
    let (_dir, db) = open().await;
    for n in 0..60_u64 {
        let mut answer = vec![1; 50_000];
        answer[..8].copy_from_slice(&n.to_le_bytes());
        let mut record = tick(n + 1, n * 1000, answer);
        // One body that all ticks share.
        record.deliveries[0].calls.push(HostCall { function: "f".into(), args: "[]".into(), answer: Answer::new(vec![9; 1000]) });
        db.append(record).await.unwrap();
    }
    let pruned = db.prune(60_000, Duration::from_secs(50), u64::MAX).await.unwrap();
    assert_eq!(pruned.ticks, 10);
    let pruned = db.prune(60_000, Duration::from_secs(50), 1_000_000).await.unwrap();
    assert!(pruned.bytes <= 1_000_000 && pruned.bytes > 900_000, "{pruned:?}");
    let left = db.ticks(0..u64::MAX, 100).await.unwrap();
    assert_eq!(left.len(), 50 - usize::try_from(pruned.ticks).unwrap());
    for t in &left {
        let record = db.tick(t.id).await.unwrap().unwrap();
        assert_eq!(record.deliveries[0].calls.len(), 2);
        assert_eq!(record.signals[0].body, "some text");
    }
    db.close().await;
    assert!(db.file().metadata().unwrap().len() < 1_500_000, "freed space goes back");
}

#[tokio::test]
async fn a_journal_is_cut_beside_the_one_who_uses_it() {
    let (_dir, db) = open().await;
    for n in 0..40_u64 {
        let mut answer = vec![1; 50_000];
        answer[..8].copy_from_slice(&n.to_le_bytes());
        db.append(tick(n + 1, n * 1000, answer)).await.unwrap();
    }
    let other = ProjectDb::open(db.file()).await.unwrap();
    let all = other.cut_journal(u64::MAX).await.unwrap();
    assert!(all > 2_000_000 && db.ticks(0..u64::MAX, 100).await.unwrap().len() == 40, "{all}");
    let left = other.cut_journal(all / 2).await.unwrap();
    assert!(left <= all / 2 && left > all / 3, "{left}");
    other.close().await;
    assert!(db.file().metadata().unwrap().len() < 1_500_000);
    assert_eq!(db.ticks(0..u64::MAX, 1).await.unwrap()[0].id, 40, "the newest stay");
    assert!(db.append(tick(50, 50_000, vec![2])).await.is_ok());
}

#[tokio::test]
async fn plugin_state_changes_all_or_nothing() {
    let (_dir, db) = open().await;
    db.apply("p", vec![("a".into(), Some(vec![1])), ("b".into(), Some(vec![2]))]).await.unwrap();
    db.apply("q", vec![("a".into(), Some(vec![3]))]).await.unwrap();
    db.db
        .call(|c| {
            c.execute_batch(
                "CREATE TRIGGER t BEFORE INSERT ON plugin_state WHEN NEW.key = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END",
            )
        })
        .await
        .unwrap();
    let error =
        db.apply("p", vec![("a".into(), None), ("bad".into(), Some(vec![])), ("c".into(), Some(vec![]))]).await.unwrap_err();
    assert!(!error.message.contains("state.db"), "no path for a guest: {error}");
    assert_eq!(db.load("p").await.unwrap(), [("a".to_string(), vec![1]), ("b".to_string(), vec![2])]);
    db.apply("p", vec![("a".into(), None)]).await.unwrap();
    assert_eq!(db.load("p").await.unwrap(), [("b".to_string(), vec![2])]);
}

#[tokio::test]
async fn a_wake_is_taken_once() {
    let (_dir, db) = open().await;
    for (plugin, due) in [("a", 30), ("b", 20), ("c", 50), ("a", 10)] {
        db.set_wake(plugin, due).await.unwrap();
    }
    db.cancel_wake("b").await.unwrap();
    assert_eq!(db.next_wake().await.unwrap(), Some(10));
    assert_eq!(db.take_due_wakes(40).await.unwrap(), [("a".to_string(), 10)]);
    assert_eq!(db.take_due_wakes(40).await.unwrap(), []);
}
