//! From an event to a channel that may fail.

use super::message::tests::announced;
use super::worker::{Channel, Failure};
use super::*;
use async_trait::async_trait;
use kairos_api::OpenFindings;
use kairos_core::{Report, Urgency};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Keeps the ids of the findings in each message, or refuses it.
#[derive(Clone, Default)]
struct Fake {
    got: Arc<Mutex<Vec<String>>>,
    refuses: Arc<AtomicBool>,
    /// It may be tried again, also after a restart.
    keeps: bool,
}

#[async_trait]
impl Channel for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn setting(&self) -> &'static str {
        "channels.fake"
    }

    fn to(&self) -> String {
        "me".into()
    }

    fn keeps(&self) -> bool {
        self.keeps
    }

    async fn deliver(&self, message: &Message) -> Result<(), Failure> {
        if self.refuses.load(Relaxed) && self.keeps {
            return Err(Failure::Later { why: "it is away".into(), after: None });
        }
        if self.refuses.load(Relaxed) {
            return Err(Failure::Never("it refuses".into()));
        }
        self.got.lock().unwrap().push(message.ids());
        Ok(())
    }
}

/// What was said to the inboxes: the project, and the keys that were cleared and found.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl Inboxes for Said {
    async fn take(&self, project: &str, report: Report) {
        let report = report.validate().unwrap();
        let found = report.findings.iter().map(|f| format!("{project} +{}", f.key));
        self.0.lock().unwrap().extend(report.cleared.iter().map(|k| format!("{project} -{k}")).chain(found));
    }
}

fn finding(number: u32, project: &str) -> Event {
    let Announced { change, mut item } = announced(number, Urgency::High, "t");
    item.project = project.into();
    Event::Finding { change, item: Box::new(item), announced: true, why: String::new(), group: None }
}

fn tick(project: &str) -> Event {
    let (reason, open) = (String::new(), OpenFindings::default());
    Event::Tick { project: project.into(), number: 1, started: 0, signals: 0, deliveries: 0, duration_us: 0, reason, open }
}

async fn wait_until(holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < end, "waited in vain");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_tick_is_one_message_and_trouble_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let user = UserDb::open(dir.path().join("state.db")).await.unwrap();
    let (fake, said, events) = (Fake::default(), Said::default(), Events::default());
    let mut dispatcher = Dispatcher::new(user.clone(), Arc::new(said.clone()));
    dispatcher.workers.push(Worker::start(Box::new(fake.clone()), Urgency::Normal, Arc::new(said.clone()), &user));
    let (orders, received) = mpsc::channel(4);
    tokio::spawn(dispatcher.run(Settings::default(), events.subscribe(), received));
    let channels = Channels { orders };
    let got = || fake.got.lock().unwrap().clone();
    let told = || said.0.lock().unwrap().clone();

    for event in [finding(1, "/a"), finding(2, "/b"), finding(3, "/a"), tick("/c"), tick("/a")] {
        events.send(event);
    }
    wait_until(|| !got().is_empty()).await;
    assert_eq!(got(), ["1 3"], "the other project's tick goes on");
    events.send(tick("/b"));
    // Outside of a tick.
    events.send(finding(4, "/a"));
    wait_until(|| got().len() == 3).await;
    assert_eq!(got()[1..], ["2", "4"]);
    let forgotten = ["/c -channel:*", "/a -channel:*", "/b -channel:*"];
    assert_eq!(told(), forgotten, "of an earlier run, once");

    fake.refuses.store(true, Relaxed);
    for event in [finding(5, "/a"), tick("/a"), finding(6, "/b"), tick("/b")] {
        events.send(event);
    }
    wait_until(|| told().len() == 4).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    fake.refuses.store(false, Relaxed);
    events.send(finding(7, "/b"));
    // The end does not wait for the tick's.
    channels.finish().await;
    assert_eq!(got()[3..], ["7"]);
    assert_eq!(told()[3..], ["/a +channel:fake", "/a -channel:fake"]);
}

#[tokio::test]
async fn what_was_not_delivered_waits_for_the_next_start_and_comes_once_in_its_order() {
    let dir = tempfile::tempdir().unwrap();
    let user = UserDb::open(dir.path().join("state.db")).await.unwrap();
    let fake = Fake { keeps: true, ..Fake::default() };
    let start = || Worker::start(Box::new(fake.clone()), Urgency::Normal, Arc::new(Said::default()), &user);
    let got = || fake.got.lock().unwrap().clone();
    fake.refuses.store(true, Relaxed);
    let worker = start();
    for number in 1..=2 {
        worker.give(&Message::group("/a", vec![announced(number, Urgency::High, "t")])[0]).await;
    }
    let begin = Instant::now();
    worker.finish(LAST).await;
    assert!(begin.elapsed() < LAST, "it does not try to the end");
    let first: Message = serde_json::from_str(&user.first_unsent(crate::now()).await.unwrap().unwrap().body).unwrap();
    assert_eq!(first.ids(), "1");

    fake.refuses.store(false, Relaxed);
    let worker = start();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(got().is_empty(), "not before the project is watched, where trouble could be told");
    worker.wake();
    wait_until(|| got().len() == 2).await;
    worker.give(&Message::group("/a", vec![announced(3, Urgency::High, "t")])[0]).await;
    worker.finish(LAST).await;
    assert_eq!(got(), ["1", "2", "3"]);
    assert_eq!(user.first_unsent(crate::now()).await.unwrap(), None);
}
