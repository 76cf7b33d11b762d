use super::*;
use kairos_core::config::{Config, Trust};
use kairos_core::{Evidence, Finding};
use kairos_store::UserDb;

fn report(keys: std::ops::Range<u32>, urgency: Urgency) -> Report {
    let evidence = vec![Evidence { kind: "file".into(), subject: "a.rs".into(), line: None, excerpt: String::new() }];
    let finding = |n| Finding {
        key: format!("k{n}"),
        title: "t".into(),
        detail: String::new(),
        urgency,
        evidence: evidence.clone(),
        remedy: None,
    };
    Report { findings: keys.map(finding).collect(), ..Report::default() }
}

/// What was told since the last look: the key, what became of it, and whether it was announced.
fn told(events: &mut tokio::sync::mpsc::Receiver<Event>) -> Vec<(String, FindingChange, bool)> {
    let all = std::iter::from_fn(|| events.try_recv().ok());
    all.filter_map(|e| {
        if let Event::Finding { change, item, announced, .. } = e { Some((item.key, change, announced)) } else { None }
    })
    .collect()
}

async fn open(dir: &std::path::Path) -> (Inbox, tokio::sync::mpsc::Receiver<Event>) {
    let (events, receiver) = Events::channel();
    let user = UserDb::open(dir.join("user.db")).await.unwrap();
    (inbox(dir, "p", events, Arc::new(Manners::new(user, NOW)), "").await, receiver)
}

async fn inbox(dir: &std::path::Path, slug: &str, events: Events, manners: Arc<Manners>, settings: &str) -> Inbox {
    let mut config = Config::default();
    let text = format!("{settings}\n[surfacing]\ndaily-cap = 3\ndetector-rate = 2\n[presence]\naway-after = \"0s\"");
    config.merge("f", &text, Trust::User).unwrap();
    Inbox {
        db: ProjectDb::open(dir.join(format!("{slug}.db"))).await.unwrap(),
        project: format!("/{slug}"),
        slug: slug.into(),
        several: Arc::default(),
        events,
        settings: Arc::new(Settings::of(&config)),
        manners,
        waiting: Arc::new(AtomicBool::new(true)),
        recorder: crate::recorder::Recorder::new(dir, false),
    }
}

const NOW: Millis = 1_750_000_000_000;

#[tokio::test]
async fn what_a_crash_kept_from_being_told_is_told_later_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let (inbox, mut events) = open(dir.path()).await;
    // Taken in, and then the power went.
    inbox.db.apply_report("p", report(0..1, Urgency::High), NOW).await.unwrap();
    inbox.db.close().await;
    let (inbox, mut after) = open(dir.path()).await;
    inbox.take("p", report(0..1, Urgency::High), NOW + 1).await.unwrap();
    assert_eq!(told(&mut after), [], "known already");
    inbox.wake_snoozed(NOW + 2).await.unwrap();
    assert_eq!(told(&mut after), [("k0".into(), FindingChange::New, true)]);
    inbox.db.snooze(1, NOW + 10).await.unwrap();
    for (later, expected) in [(9, 0), (10, 1), (11, 0)] {
        inbox.wake_snoozed(NOW + later).await.unwrap();
        let told = told(&mut after);
        assert_eq!(told.len(), expected, "{told:?}");
        assert!(told.iter().all(|t| t.1 == FindingChange::Reopened));
    }
    assert_eq!(told(&mut events), []);
}

#[tokio::test]
async fn caps_count_messages_over_all_projects_and_what_is_held_back_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let (inbox_p, mut events) = open(dir.path()).await;
    let inbox_q = inbox(dir.path(), "q", inbox_p.events.clone(), inbox_p.manners.clone(), "").await;
    let mut take = async |inbox: &Inbox, plugin: &str, keys, urgency, later| {
        inbox.take(plugin, report(keys, urgency), NOW + later).await.unwrap();
        told(&mut events).iter().filter(|t| t.2).count()
    };
    use Urgency::{Critical, High, Normal};
    assert_eq!(take(&inbox_p, "p", 0..5, Normal, 0).await, 5, "together they are one message");
    assert_eq!(take(&inbox_q, "p", 5..7, Normal, 1).await, 2);
    assert_eq!(take(&inbox_p, "p", 7..8, High, 2).await, 0, "the detector's rate, in whatever project");
    assert_eq!(take(&inbox_q, "q", 0..1, High, 3).await, 1);
    assert_eq!(take(&inbox_p, "r", 0..5, High, 4).await, 0, "the daily cap, over all projects");
    assert_eq!(take(&inbox_p, "r", 5..10, Critical, 5).await, 5, "harm is about to happen");
    let rows = inbox_p.db.list(kairos_store::Filter::default()).await.unwrap();
    for row in rows {
        let announced = row.decision.as_deref() == Some(ANNOUNCED);
        assert_eq!((row.kept_by.is_none(), row.announced_at.is_some()), (announced, announced), "{row:?}");
    }
    // Two days later; also when the clock had been two days ahead and was set right.
    for later in [2 * 86_400_000, 0] {
        inbox_p.take("s", report(later as u32..later as u32 + 1, Normal), NOW - 86_400_000 + later).await.unwrap();
        assert_eq!(told(&mut events).iter().filter(|t| t.2).count(), 1);
    }
}

#[tokio::test]
async fn what_waits_for_the_end_of_quiet_hours_is_said_as_one_message_and_not_lost_with_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let (day, _events) = open(dir.path()).await;
    let (events, mut told_events) = Events::channel();
    // 2025-06-15T15:06:40Z, a Sunday.
    let night =
        inbox(dir.path(), "night", events.clone(), day.manners.clone(), "quiet = { days = [\"sun\"], zone = \"UTC\" }").await;
    night.take("p", report(0..2, Urgency::Normal), NOW).await.unwrap();
    night.take("q", report(0..2, Urgency::High), NOW + 1).await.unwrap();
    night.take("q", report(2..3, Urgency::Critical), NOW + 2).await.unwrap();
    night.take("q", report(3..4, Urgency::Low), NOW + 3).await.unwrap();
    night.release(NOW + 4).await.unwrap();
    assert_eq!(told(&mut told_events).iter().filter(|t| t.2).count(), 1, "the critical one");
    night.db.resolve_all_of("q", NOW + 5, "gone").await.unwrap();
    night.take("q", report(0..1, Urgency::High), NOW + 6).await.unwrap();
    told(&mut told_events);
    night.db.close().await;
    let night = inbox(dir.path(), "night", events, day.manners.clone(), "quiet = { days = [\"sun\"], zone = \"UTC\" }").await;
    night.release(NOW + 12 * 3_600_000).await.unwrap();
    let groups: Vec<_> = std::iter::from_fn(|| told_events.try_recv().ok())
        .filter_map(|e| match e {
            Event::Finding { announced: true, item, group, .. } => {
                Some((item.plugin, item.key, group.map(|g| (g.title, g.place))))
            }
            _ => None,
        })
        .collect();
    let title = "3 findings that waited for you".to_string();
    let expected = [("q", "k0", 1), ("p", "k0", 2), ("p", "k1", 3)];
    assert_eq!(groups, expected.map(|(p, k, place)| (p.into(), k.into(), Some((title.clone(), place)))));
    let today = day.manners.user.announced(None, NOW + 3, NOW + 86_400_000).await.unwrap();
    assert_eq!(today, 1, "one message");
    night.release(NOW + 13 * 3_600_000).await.unwrap();
    assert_eq!(told(&mut told_events), []);
    assert!(!night.waiting.load(Relaxed));
}

#[tokio::test]
async fn a_detector_mostly_dismissed_is_muted_once_and_critical_ones_still_pass() {
    let dir = tempfile::tempdir().unwrap();
    let (inbox, mut events) = open(dir.path()).await;
    inbox.take("p", report(0..11, Urgency::Low), NOW).await.unwrap();
    for id in 1..=11 {
        let what = if id <= 2 { What::Accepted } else { What::Dismissed };
        inbox.answered("p", id, what, NOW + id).await.unwrap();
    }
    let mutings: Vec<_> = told(&mut events).into_iter().filter(|t| t.0.starts_with(feedback::PREFIX)).collect();
    assert_eq!(mutings, [(feedback::key("p", NOW + 10), FindingChange::New, true)]);
    inbox.take("p", report(20..21, Urgency::High), NOW + 20).await.unwrap();
    inbox.take("p", report(21..22, Urgency::Critical), NOW + 21).await.unwrap();
    let passed: Vec<_> = told(&mut events).into_iter().map(|t| t.2).collect();
    assert_eq!(passed, [false, true]);
    assert!(inbox.manners.user.unmute("p", NOW + 22).await.unwrap());
    inbox.answered("p", 11, What::Dismissed, NOW + 23).await.unwrap();
    inbox.take("p", report(22..23, Urgency::High), NOW + 24).await.unwrap();
    assert_eq!(told(&mut events).into_iter().map(|t| t.2).collect::<Vec<_>>(), [true]);
}

#[tokio::test]
async fn a_request_that_nobody_answers_ends_after_a_month() {
    let dir = tempfile::tempdir().unwrap();
    let (inbox, mut events) = open(dir.path()).await;
    let mut asks = report(0..1, Urgency::Normal);
    asks.findings[0].key = "grant:mine".into();
    inbox.take(SELF, asks, NOW).await.unwrap();
    inbox.take(SELF, report(1..2, Urgency::Normal), NOW).await.unwrap();
    inbox.expire_requests(NOW + REQUEST).await.unwrap();
    assert_eq!(told(&mut events).len(), 2);
    inbox.expire_requests(NOW + REQUEST + 1).await.unwrap();
    let Ok(Event::Resolved { item, reason }) = events.try_recv() else { panic!("not resolved") };
    assert_eq!((item.key.as_str(), item.resolved_reason.as_deref()), ("grant:mine", Some(reason.as_str())));
    assert!(events.try_recv().is_err());
}
