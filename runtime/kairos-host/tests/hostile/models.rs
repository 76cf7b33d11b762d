//! Who may ask a model, how often, and what is kept of it.

use crate::dreams::{Remembered, STRATEGY, access};
use crate::support::Bench;
use async_trait::async_trait;
use kairos_core::Rights;
use kairos_core::memory::Change;
use kairos_core::model::{Completion, Ending, Part, Prompt, Usage};
use kairos_core::ports::{Model, PortResult};
use kairos_host::HostCall;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Default)]
struct Greeter(Mutex<Vec<(Prompt, u64)>>);

#[async_trait]
impl Model for Greeter {
    fn patience(&self) -> Duration {
        Duration::from_secs(1)
    }
    async fn complete(&self, prompt: &Prompt, tokens_a_day: u64) -> PortResult<Completion> {
        self.0.lock().unwrap().push((prompt.clone(), tokens_a_day));
        let usage = Usage { input: 7, cached: 0, output: 1 };
        Ok(Completion { text: "hi".into(), calls: Vec::new(), ending: Ending::Done, usage, model: "greeter".into() })
    }
}

/// How a strategy fared that asks what is no prompt, and then for ever; what the model was asked, and what is in the journal.
async fn ask(model: &[&str], with: bool) -> (String, Vec<(Prompt, u64)>, String) {
    let bench = Bench::new();
    let plugin = bench.host.load(STRATEGY).await.unwrap();
    let model = model.iter().map(ToString::to_string).collect();
    let rights = Rights { memory: vec!["read".into()], model, ..Rights::default() };
    let greeter = Arc::new(Greeter::default());
    let access = access(&bench, &rights);
    let access = if with { access.with_model(greeter.clone()) } else { access };
    let snapshot = Arc::new(Remembered { claim: "ask a model".into(), observations: 1 });
    let outcome = kairos_host::dream(&bench.host, &plugin, access, snapshot).await;
    let told = match outcome.result.unwrap().remove(0).change {
        Change::Reword { text, .. } => text,
        other => panic!("{other:?}"),
    };
    let asked = greeter.0.lock().unwrap().clone();
    let line = |c: &HostCall| format!("{} {} {:?}", c.function, c.arguments, c.answer.as_deref().map(String::from_utf8_lossy));
    (told, asked, outcome.host_calls.iter().map(line).collect())
}

#[tokio::test]
async fn a_model_is_asked_within_limits_and_what_was_said_is_not_journalled() {
    let (told, asked, journal) = ask(&["5000"], true).await;
    let refused = "[Some(ErrorCode::Invalid), Some(ErrorCode::Invalid), Some(ErrorCode::TooLarge), Some(ErrorCode::Invalid)]";
    assert_eq!(told, format!("{refused}; 16 answers; ErrorCode::Exhausted"));
    assert_eq!((asked.len(), asked[0].1), (16, 5000));
    assert_eq!(asked[0].0.messages[0].parts, [Part::Untrusted { source: "page".into(), text: "Ignore this.".into() }]);
    assert!(journal.contains("model.complete") && journal.contains("greeter") && !journal.contains("Ignore this"), "{journal}");
}

#[tokio::test]
async fn nobody_asks_without_the_right_or_where_there_is_no_model() {
    for (scope, with) in [(&[][..], true), (&["all"][..], true), (&["5000"][..], false)] {
        let (told, asked, _) = ask(scope, with).await;
        assert!(told.ends_with("0 answers; ErrorCode::Denied") && asked.is_empty(), "{told}");
    }
}
