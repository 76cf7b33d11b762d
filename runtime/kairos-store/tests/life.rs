//! The life of a finding against a model of it that is as plain as can be: whatever a detector, the user, time and
//! restarts do, in whatever order, the inbox shows what the model says.

use kairos_core::{Evidence, Finding, Millis, Report, Urgency};
use kairos_store::{Change, Decided, Filter, InboxItem, ProjectDb, Status};
use proptest::prelude::*;

const PLUGINS: [&str; 2] = ["p", "q"];
const KEYS: [&str; 4] = ["a:1", "a:12", "b", "b:1"];
const PATTERNS: [&str; 6] = ["a:1", "a:1*", "a:*", "b", "b*", "*"];

#[derive(Debug, Clone)]
enum Step {
    /// A detector's report: what is gone, and what holds.
    Report { plugin: usize, cleared: Vec<usize>, findings: Vec<(usize, u8, Urgency)> },
    /// The user's answer to the row of that number, counted round.
    Answer { row: usize, answer: Answer },
    /// Time passes, and snoozes are looked at.
    Wait { ms: Millis },
    /// What has not been told yet is told.
    Tell,
    /// The plugin is gone.
    Remove { plugin: usize },
    /// The program ends and starts again.
    Restart,
}

/// What the user said about a finding.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Answer {
    Accept,
    Dismiss,
    /// For so many milliseconds; in the model's facts: until then.
    Snooze(Millis),
}

/// What the model knows of a finding. It holds or it doesn't; apart from that, the user has answered or hasn't.
#[derive(Debug, Clone)]
struct Fact {
    plugin: &'static str,
    key: &'static str,
    text: u8,
    urgency: Urgency,
    /// Since when and why it no longer holds.
    gone: Option<(Millis, &'static str)>,
    answer: Option<Answer>,
    /// How urgent it was when the user put it aside. Only what is more urgent than that breaks a dismissal or a snooze.
    put_aside: Urgency,
    first_seen: Millis,
    last_seen: Millis,
    /// When it came, or came back.
    opened_at: Millis,
    occurrences: u64,
    came_back: u64,
    told: bool,
}

impl Fact {
    fn status(&self) -> Status {
        match (self.gone, self.answer) {
            (_, Some(Answer::Dismiss)) => Status::Dismissed,
            (Some(_), _) => Status::Resolved,
            (None, Some(Answer::Accept)) => Status::Accepted,
            (None, Some(Answer::Snooze(_))) => Status::Snoozed,
            (None, None) => Status::Open,
        }
    }

    fn say(&mut self, text: u8, urgency: Urgency, now: Millis) -> Change {
        let was_gone = self.gone.take().is_some();
        let rises = urgency > self.urgency;
        self.came_back += u64::from(was_gone);
        self.opened_at = if was_gone { now } else { self.opened_at };
        (self.text, self.urgency, self.last_seen) = (text, urgency, now);
        self.occurrences += 1;
        let quiet = match self.answer {
            None => false,
            Some(Answer::Accept) => true,
            Some(Answer::Dismiss) => urgency <= self.put_aside,
            Some(Answer::Snooze(until)) => urgency <= self.put_aside && until > now,
        };
        if quiet {
            return Change::Quiet;
        }
        let back = self.answer.take().is_some() || was_gone;
        self.told &= !(back || rises);
        if back { Change::Reopened } else { Change::Again }
    }

    fn clear(&mut self, now: Millis, why: &'static str) {
        if self.gone.is_none() {
            self.gone = Some((now, why));
            // Done is done; a dismissal and a snooze outlive that the fact goes and comes.
            if self.answer == Some(Answer::Accept) {
                self.answer = None;
            }
        }
    }

    fn answer(&mut self, answer: Answer) {
        if answer == Answer::Dismiss || self.gone.is_none() {
            (self.answer, self.put_aside) = (Some(answer), self.urgency);
        } else if self.answer == Some(Answer::Dismiss) {
            // There is nothing to decide, but the user no longer wants it kept away.
            self.answer = None;
        }
    }

    fn item(&self, id: u64) -> InboxItem {
        let told = finding(self.key, self.text, self.urgency);
        InboxItem {
            id,
            plugin: self.plugin.into(),
            key: told.key,
            title: told.title,
            detail: told.detail,
            urgency: told.urgency,
            evidence: told.evidence,
            remedy: told.remedy,
            status: self.status(),
            snoozed_until: if let Some(Answer::Snooze(until)) = self.answer { Some(until) } else { None },
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            resolved_at: self.gone.map(|(at, _)| at),
            resolved_reason: self.gone.map(|(_, why)| why.into()),
            times_reopened: self.came_back,
            occurrences: self.occurrences,
            decision: self.told.then(|| "because".into()),
            announced_at: None,
            kept_by: self.told.then(|| "rule".into()),
            opened_at: self.opened_at,
        }
    }
}

fn finding(key: &str, text: u8, urgency: Urgency) -> Finding {
    let evidence = vec![Evidence { kind: "file".into(), subject: format!("{text}.rs"), line: None, excerpt: String::new() }];
    let remedy = (text > 0).then(|| "mend it".into());
    Finding { key: key.into(), title: format!("title {text}"), detail: format!("detail {text}"), urgency, evidence, remedy }
}

/// Rows by id, which begins at 1.
#[derive(Debug, Default)]
struct Model {
    facts: Vec<Fact>,
}

impl Model {
    fn report(&mut self, plugin: &'static str, report: &Report, texts: &[u8], now: Millis) -> (Vec<u64>, Vec<Change>) {
        let mut resolved = Vec::new();
        for (id, fact) in (1..).zip(&mut self.facts).filter(|(_, f)| f.plugin == plugin) {
            let named = report.cleared.iter().any(|c| match c.strip_suffix('*') {
                Some(prefix) => fact.key.starts_with(prefix),
                None => fact.key == c,
            });
            if named && !report.findings.iter().any(|f| f.key == fact.key) {
                resolved.extend((fact.status() != Status::Dismissed && fact.gone.is_none()).then_some(id));
                fact.clear(now, "no longer holds");
            }
        }
        let changes = report.findings.iter().zip(texts).map(|(f, text)| {
            if let Some(fact) = self.facts.iter_mut().find(|x| x.plugin == plugin && x.key == f.key) {
                return fact.say(*text, f.urgency, now);
            }
            self.facts.push(Fact {
                plugin,
                key: KEYS.into_iter().find(|k| *k == f.key).unwrap(),
                text: *text,
                urgency: f.urgency,
                gone: None,
                answer: None,
                put_aside: f.urgency,
                first_seen: now,
                last_seen: now,
                opened_at: now,
                occurrences: 1,
                came_back: 0,
                told: false,
            });
            Change::New
        });
        let changes = changes.collect();
        (resolved, changes)
    }

    /// As the inbox lists them: the most urgent first, then those seen last.
    fn list(&self, wanted: impl Fn(&Fact) -> bool) -> Vec<InboxItem> {
        let mut all: Vec<_> = (1..).zip(&self.facts).filter(|(_, f)| wanted(f)).map(|(id, f)| f.item(id)).collect();
        all.sort_by_key(|i| std::cmp::Reverse((i.urgency, i.last_seen, i.id)));
        all
    }
}

struct World {
    dir: tempfile::TempDir,
    db: ProjectDb,
    model: Model,
    now: Millis,
}

impl World {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let db = ProjectDb::open(dir.path().join("state.db")).await.unwrap();
        Self { dir, db, model: Model::default(), now: 1_000 }
    }

    async fn take(&mut self, step: Step) {
        self.now += 1;
        let now = self.now;
        match step {
            Step::Report { plugin, cleared, findings } => {
                let plugin = PLUGINS[plugin];
                let report = Report {
                    cleared: cleared.into_iter().map(|c| PATTERNS[c].to_string()).collect(),
                    findings: findings.iter().map(|(key, text, urgency)| finding(KEYS[*key], *text, *urgency)).collect(),
                    wake_after: None,
                };
                let texts: Vec<u8> = findings.iter().map(|f| f.1).collect();
                let (resolved, changes) = self.model.report(plugin, &report, &texts, now);
                let applied = self.db.apply_report(plugin, report, now).await.unwrap();
                assert_eq!(ids(&applied.resolved), resolved);
                assert_eq!(applied.seen.iter().map(|s| s.change).collect::<Vec<_>>(), changes);
            }
            Step::Answer { row, answer } => {
                let Some(index) = row.checked_rem(self.model.facts.len()) else { return };
                let (fact, id) = (&mut self.model.facts[index], index as u64 + 1);
                let shown = match answer {
                    Answer::Accept => self.db.accept(id).await,
                    Answer::Dismiss => self.db.dismiss(id).await,
                    Answer::Snooze(ms) => self.db.snooze(id, now + ms).await,
                };
                fact.answer(if let Answer::Snooze(ms) = answer { Answer::Snooze(now + ms) } else { answer });
                assert_eq!(shown.unwrap().unwrap().status, fact.status());
            }
            Step::Wait { ms } => {
                self.now += ms;
                let mut due = Vec::new();
                for (id, fact) in (1_u64..).zip(&mut self.model.facts).filter(|(_, f)| f.status() == Status::Snoozed) {
                    if matches!(fact.answer, Some(Answer::Snooze(until)) if until <= self.now) {
                        (fact.answer, fact.told) = (None, false);
                        due.push(id);
                    }
                }
                assert_eq!(ids(&self.db.due_snoozed(self.now).await.unwrap()), due);
            }
            Step::Tell => {
                let untold = self.model.list(|f| f.status() == Status::Open && !f.told);
                let found = self.db.undecided().await.unwrap();
                assert_eq!(ids(&found), ids(&untold));
                for item in found {
                    let kept = Decided { id: item.id, decision: "because".into(), kept_by: Some("rule".into()) };
                    self.db.decide(vec![kept], now).await.unwrap();
                    self.model.facts[item.id as usize - 1].told = true;
                }
            }
            Step::Remove { plugin } => {
                let facts = self.model.facts.iter_mut().filter(|f| f.plugin == PLUGINS[plugin]);
                facts.for_each(|f| f.clear(now, "removed"));
                self.db.resolve_all_of(PLUGINS[plugin], now, "removed").await.unwrap();
            }
            Step::Restart => {
                self.db.close().await;
                self.db = ProjectDb::open(self.dir.path().join("state.db")).await.unwrap();
            }
        }
    }

    async fn compare(&self) {
        let listed = |status: &[Status]| self.db.list(Filter { status: status.to_vec(), ..Filter::default() });
        let all = listed(&[]).await.unwrap();
        assert_eq!(all, self.model.list(|_| true));
        for item in all {
            assert_eq!(self.db.get(item.id).await.unwrap(), Some(item));
        }
        for status in Status::ALL {
            assert_eq!(listed(&[status]).await.unwrap(), self.model.list(|f| f.status() == status));
        }
        let counts = self.db.open_counts().await.unwrap();
        for (urgency, n) in [(Urgency::Low, counts.low), (Urgency::Normal, counts.normal), (Urgency::High, counts.high)] {
            assert_eq!(n as usize, self.model.list(|f| f.status() == Status::Open && f.urgency == urgency).len());
        }
    }
}

fn ids(rows: &[InboxItem]) -> Vec<u64> {
    let mut ids: Vec<u64> = rows.iter().map(|r| r.id).collect();
    ids.sort_unstable();
    ids
}

fn step() -> impl Strategy<Value = Step> {
    let urgency = prop_oneof![Just(Urgency::Low), Just(Urgency::Normal), Just(Urgency::High)];
    let findings = prop::collection::vec((0..KEYS.len(), 0..3_u8, urgency), 0..3);
    let cleared = prop::collection::vec(0..PATTERNS.len(), 0..2);
    let answer = prop_oneof![Just(Answer::Accept), Just(Answer::Dismiss), (0..50_u64).prop_map(Answer::Snooze)];
    prop_oneof![
        6 => (0..PLUGINS.len(), cleared, findings).prop_map(|(plugin, cleared, findings)| Step::Report { plugin, cleared, findings }),
        5 => (0..8_usize, answer).prop_map(|(row, answer)| Step::Answer { row, answer }),
        3 => (0..40_u64).prop_map(|ms| Step::Wait { ms }),
        2 => Just(Step::Tell),
        1 => (0..PLUGINS.len()).prop_map(|plugin| Step::Remove { plugin }),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_inbox_shows_what_the_model_says(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in steps {
                world.take(step).await;
                world.compare().await;
            }
        });
    }
}
