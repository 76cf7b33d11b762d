//! A host to abuse, and the guest that does it.

use crate::ports::{FakeProject, FakeState};
use kairos_core::{Millis, Report, Rights, Signal};
use kairos_host::{Access, CallError, Detector, Fault, FaultKind, Host, HostOptions, Limits, Outcome, Plugin, SharedSignal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The hostile guest in the given mode: its prebuilt file with the mode patched in.
pub fn hostile(mode: &str) -> Vec<u8> {
    const MARK: &[u8] = b"HOSTILE-MODE";
    const ROOM: usize = 32;
    let mut bytes = include_bytes!("../../../../plugins/prebuilt/hostile.wasm").to_vec();
    let places: Vec<_> = bytes.windows(MARK.len()).enumerate().filter(|(_, w)| *w == MARK).map(|(i, _)| i).collect();
    let [place] = places[..] else { panic!("the mark is {} times in hostile.wasm", places.len()) };
    let field = &mut bytes[place + MARK.len()..][..ROOM];
    assert!(field.starts_with(b"well-behaved") && mode.len() < ROOM);
    field.fill(0);
    field[..mode.len()].copy_from_slice(mode.as_bytes());
    bytes
}

/// The program that compiles: an example of this crate, which `cargo test` builds beside the tests.
pub fn compiler() -> PathBuf {
    let exe = std::env::current_exe().expect("the test's own path");
    let program = exe.parent().and_then(Path::parent).expect("target/debug").join("examples/compile_component");
    assert!(program.exists(), "{} is missing: cargo build -p kairos-host --example compile_component", program.display());
    program
}

/// Limits small enough for quick tests.
pub fn limits() -> Limits {
    Limits { call_cpu: Duration::from_millis(200), call_wall: Duration::from_secs(30), ..Limits::default() }
}

/// Options with those limits; compiled components are kept from one run to the next.
pub fn options(limits: Limits) -> HostOptions {
    HostOptions {
        cache: Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-cache"),
        compiler: compiler(),
        dream: Limits { call_cpu: Duration::from_secs(1), ..Limits::dream() },
        limits,
        max_component: 4 << 20,
        max_instances: 256,
    }
}

/// A host, a project and a state.
pub struct Bench {
    pub host: Host,
    pub project: Arc<FakeProject>,
    pub state: Arc<FakeState>,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(limits())
    }

    pub fn with(limits: Limits) -> Self {
        let host = Host::new(options(limits)).expect("a host");
        Self { host, project: Arc::default(), state: Arc::default() }
    }

    pub async fn load(&self, mode: &str) -> Arc<Plugin> {
        Arc::new(self.host.load(&hostile(mode)).await.expect("loads"))
    }

    /// Access to all of the project.
    pub fn access(&self) -> Access {
        self.access_to(&["**"])
    }

    pub fn access_to(&self, globs: &[&str]) -> Access {
        let project = globs.iter().map(ToString::to_string).collect();
        let rights = Rights { signals: vec!["*".into()], project, ..Rights::default() };
        Access::new("hostile", self.project.clone(), self.state.clone(), &rights)
    }

    pub async fn detector(&self, mode: &str) -> Detector {
        self.detector_with(mode, self.access()).await
    }

    pub async fn detector_with(&self, mode: &str, access: Access) -> Detector {
        Detector::new(&self.host, self.load(mode).await, access).expect("a detector")
    }

    /// One call of a fresh detector.
    pub async fn detect(&self, mode: &str) -> Outcome<Report> {
        self.detector(mode).await.detect(&signals(1)).await
    }

    /// One call of a fresh detector that ends in a fault and leaves the host as it was.
    pub async fn detect_fault(&self, mode: &str, kind: FaultKind) -> Outcome<Report> {
        let mut detector = self.detector(mode).await;
        let outcome = detector.detect(&signals(1)).await;
        assert_eq!(fault(&outcome).kind, kind, "{}", fault(&outcome));
        assert!(!detector.is_warm(), "an instance outlived its fault");
        self.is_well().await;
        outcome
    }

    /// The same as a tool.
    pub async fn call(&self, mode: &str) -> Outcome<kairos_host::ToolOutput> {
        let plugin = self.load(mode).await;
        let input = serde_json::json!({ "a": 1 });
        kairos_host::call_tool(&self.host, &plugin, self.access(), "misbehave", &input).await
    }

    pub async fn call_fault(&self, mode: &str, kind: FaultKind) -> Fault {
        let outcome = self.call(mode).await;
        let fault = fault(&outcome).clone();
        assert_eq!(fault.kind, kind, "{fault}");
        self.is_well().await;
        fault
    }

    /// A well-behaved plugin does its work.
    pub async fn is_well(&self) {
        let outcome = self.detect("well-behaved").await;
        assert_eq!(text(&outcome), "call 1, 1 signals");
    }
}

/// So many signals.
pub fn signals(count: u64) -> Vec<SharedSignal> {
    let signal = |id| Signal {
        id,
        kind: "kairos.loaded".into(),
        time: Millis::default(),
        source: "kairos".into(),
        attributes: Vec::new(),
        body: String::new(),
    };
    (1..=count).map(|id| kairos_host::share(&signal(id))).collect()
}

/// The fault that a call ended in.
pub fn fault<T: std::fmt::Debug>(outcome: &Outcome<T>) -> &Fault {
    match &outcome.result {
        Err(CallError::Fault(fault)) => fault,
        other => panic!("no fault but {other:?}"),
    }
}

/// What a detector told in its first finding.
pub fn text(outcome: &Outcome<Report>) -> &str {
    match &outcome.result {
        Ok(report) => &report.findings[0].detail,
        Err(e) => panic!("a fault or an error: {e:?}"),
    }
}
