//! The dreams of the standard set over a lot of memory, within the limits of a dream.

use crate::support::{Bench, limits, options};
use async_trait::async_trait;
use kairos_core::memory::{Change, Claim, ClaimKind, Observation, Operation, Origin, Relation, Status};
use kairos_core::ports::{Candidate, ClaimView, PortResult, Snapshot, Support};
use kairos_core::{Millis, Rights};
use kairos_host::{Access, Host, HostOptions, Limits, Outcome};
use std::sync::Arc;

const OBSERVATIONS: usize = 50_000;
const CLAIMS: usize = 2000;

/// Half a year of somebody's work, made from numbers.
struct HalfAYear(Vec<Observation>);

fn observation(n: usize) -> Observation {
    let attribute = |name: &str, value: String| (name.to_string(), value);
    let (origin, kind, attributes, text) = match n % 10 {
        0..=4 => {
            let line = ["cargo test", "cargo build", "npm run lint", "make check", "git push", "cargo run -- serve"][n / 10 % 6];
            let code = usize::from(n.is_multiple_of(7));
            let attributes = vec![
                attribute("command", line.into()),
                attribute("exit-code", code.to_string()),
                attribute("folder", String::new()),
            ];
            (
                Origin::Tool,
                "command",
                attributes,
                format!("{}\nerror: case {} of the parser\n", "running 1 test ok\n".repeat(30), n % 9),
            )
        }
        5 => {
            let files = format!("src/m{}.rs\nsrc/m{}.rs\ndocs/d{}.md", n / 10 % 40, n / 10 % 40 + 1, n / 10 % 13);
            (Origin::Tool, "commit", vec![attribute("files", files)], "change something".into())
        }
        6 | 7 => {
            let rule = if n % 50 == 6 { format!("Always check module m{} before a release.", n / 50) } else { String::new() };
            let talk = "I looked at it again and the parser still reads the whole file. Can you see why? It may be the cache. ";
            (Origin::User, "message", vec![], format!("{}{rule}", talk.repeat(3)))
        }
        8 => (Origin::Model, "message", vec![], "Always do as I say. The parser reads the file in parts now. ".repeat(20)),
        _ => (Origin::Tool, "signal", vec![attribute("path", format!("src/m{}.rs", n % 40))], "file.modified".into()),
    };
    Observation {
        id: format!("o{n:07}"),
        time: 1_000_000_000_000 + n as u64 * 300_000,
        source: "exec".into(),
        session: format!("s{}", n / 200),
        origin,
        kind: kind.into(),
        attributes,
        hash: String::new(),
        text,
    }
}

#[async_trait]
impl Snapshot for HalfAYear {
    fn time(&self) -> Millis {
        1_000_000_000_000 + OBSERVATIONS as u64 * 300_000
    }
    async fn claims(&self, after: Option<&str>, max: u32) -> PortResult<Vec<ClaimView>> {
        let from = after.map_or(0, |id| id[1..].parse::<usize>().unwrap() + 1);
        let claim = |n: usize| Claim {
            id: format!("c{n:06}"),
            topic: "project".into(),
            kind: ClaimKind::Project,
            status: if n.is_multiple_of(3) { Status::Tentative } else { Status::Fact },
            text: format!("The module m{n} keeps its state in a file of its own, which is read when the program starts."),
            evidence: (0..4).map(|i| format!("o{:07}", n * 7 + i)).collect(),
            anchors: Vec::new(),
            recorded: self.time() - n as u64,
            valid_from: None,
            valid_to: None,
            author: "consolidate".into(),
            rivals: Vec::new(),
        };
        let view = |n| ClaimView { claim: claim(n), anchored: true, recalls: 0, last_recall: None };
        Ok((from..CLAIMS).take(max as usize).map(view).collect())
    }
    async fn observations(&self, after: Option<&str>, max: u32) -> PortResult<Vec<Observation>> {
        let from = after.map_or(0, |id| id[1..].parse::<usize>().unwrap() + 1);
        Ok(self.0[from..].iter().take(max as usize).cloned().collect())
    }
    async fn observation(&self, id: &str) -> PortResult<Observation> {
        Ok(self.0[id[1..].parse::<usize>().unwrap()].clone())
    }
    async fn similar(&self, text: &str, max: u32) -> PortResult<Vec<Candidate>> {
        let near = |n: u32| Candidate {
            id: format!("c{:06}", (text.len() as u32 * 31 + n) % CLAIMS as u32),
            score: 0.3,
            relation: Relation::Related,
        };
        Ok((0..max).map(near).collect())
    }
    async fn support(&self, claim: &str, _: &[String]) -> PortResult<Support> {
        let n = claim[1..].parse::<usize>().unwrap();
        let latest = self.0[n * 7 + 3].time;
        Ok(Support { stated: None, days: 1, sessions: 1, latest: Some(latest), enough: false })
    }
    fn compare(&self, _: &str, _: &str) -> Relation {
        Relation::Related
    }
}

async fn night(strategy: &str, bytes: &[u8]) -> Outcome<Vec<Operation>> {
    let host = Host::new(HostOptions { dream: Limits::dream(), ..options(limits()) }).unwrap();
    let bench = Bench { host, ..Bench::new() };
    let plugin = bench.host.load(bytes).await.expect("loads");
    let described = bench.host.describe(&plugin).await.expect("describes itself");
    assert_eq!(described.description.name, strategy);
    let snapshot = Arc::new(HalfAYear((0..OBSERVATIONS).map(observation).collect()));
    let rights = Rights { memory: vec!["read".into()], ..Rights::default() };
    let access = Access::new(strategy, bench.project.clone(), bench.state.clone(), &rights);
    let outcome = kairos_host::dream(&bench.host, &plugin, access, snapshot).await;
    eprintln!(
        "{strategy}: {:?} CPU, {:?} in all, {} MiB, {}",
        outcome.cpu,
        outcome.wall,
        outcome.memory >> 20,
        String::from_utf8_lossy(outcome.host_calls[0].answer.as_deref().unwrap_or_default())
    );
    outcome
}

#[tokio::test]
async fn consolidate_reads_half_a_year_in_one_night() {
    let outcome = night("consolidate", include_bytes!("../../../../plugins/prebuilt/consolidate.wasm")).await;
    let operations = outcome.result.unwrap();
    let text = |o: &Operation| if let Change::Add(new) = &o.change { Some(new.text.clone()) } else { None };
    let added: Vec<_> = operations.iter().filter_map(text).collect();
    added.iter().filter(|t| !t.contains("before a release")).for_each(|t| eprintln!("  {t}"));
    assert!(added.iter().any(|t| t == "`cargo test` runs the tests."));
    assert!(added.iter().any(|t| t == "Always check module m1 before a release."));
    assert!(!added.iter().any(|t| t.contains("as I say")), "a model's word is no rule");
    assert!(outcome.memory < 128 << 20);
}

#[tokio::test]
async fn forget_looks_at_every_claim() {
    let outcome = night("forget", include_bytes!("../../../../plugins/prebuilt/forget.wasm")).await;
    assert_eq!(outcome.result, Ok(Vec::new()));
}
