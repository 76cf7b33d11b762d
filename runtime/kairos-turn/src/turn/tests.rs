use super::*;
use kairos_core::model::{Prompt, Usage};
use kairos_core::{ErrorCode, PortError};
use serde_json::json;
use std::sync::Mutex;

/// Plays what it was given, and keeps what it was asked.
struct Script {
    lines: Mutex<Vec<PortResult<Completion>>>,
    asked: Mutex<Vec<Prompt>>,
}

#[async_trait]
impl Mind for Script {
    async fn think(&self, prompt: &Prompt, heard: Heard<'_>) -> PortResult<Completion> {
        prompt.check().unwrap();
        self.asked.lock().unwrap().push(prompt.clone());
        let line = self.lines.lock().unwrap().pop().unwrap_or_else(|| Ok(said("")));
        if let Ok(line) = &line {
            heard(&line.text);
        }
        line
    }
}

fn said(text: &str) -> Completion {
    Completion { text: text.into(), calls: vec![], ending: Ending::Done, usage: Usage::default(), model: "script".into() }
}

fn wants(calls: &[(&str, Value)]) -> PortResult<Completion> {
    let call =
        |(n, (name, input)): (usize, &(&str, Value))| Call { id: format!("c{n}"), name: (*name).into(), input: input.clone() };
    Ok(Completion { calls: calls.iter().enumerate().map(call).collect(), ending: Ending::Calls, ..said("") })
}

#[derive(Default)]
struct Bench(Mutex<Vec<String>>);

#[async_trait]
impl Toolbox for Bench {
    fn tools(&self) -> Vec<Tool> {
        Vec::new()
    }
    fn is_read_only(&self, name: &str) -> bool {
        name == "read"
    }
    async fn call(&self, call: &Call) -> Outcome {
        self.0.lock().unwrap().push(format!("{} {}", call.name, call.input));
        match call.name.as_str() {
            "sleep" => Outcome { ends: true, ..Outcome::ok("good night") },
            "read" => Outcome::ok("x".repeat(100)),
            name => Outcome::error(format!("there is no tool `{name}`")),
        }
    }
}

impl Witness for Bench {}

async fn play(
    mut lines: Vec<PortResult<Completion>>,
    limits: Limits,
) -> (PortResult<End>, Conversation, Vec<String>, Vec<Prompt>) {
    lines.reverse();
    let mind = Script { lines: Mutex::new(lines), asked: Mutex::default() };
    let bench = Bench::default();
    let mut talk = Conversation::new("Work.");
    talk.say(vec![Part::Text("begin".into())]);
    let turn = Turn { mind: &mind, tools: &bench, witness: &bench, limits };
    let end = turn.run(&mut talk).await;
    (end, talk, bench.0.into_inner().unwrap(), mind.asked.into_inner().unwrap())
}

#[tokio::test]
async fn it_reads_and_sleeps_and_its_prose_goes_nowhere() {
    let lines = vec![wants(&[("read", json!({"path": "a"})), ("read", json!({"path": "b"}))]), wants(&[("sleep", json!({}))])];
    let (end, talk, done, asked) = play(lines, Limits::TICK).await;
    assert_eq!((end, done.len(), asked.len()), (Ok(End::Slept), 3, 2));
    assert_eq!(talk.messages().len(), 5);
}

#[tokio::test]
async fn long_outcomes_odd_arguments_and_unknown_tools_are_told_to_the_model() {
    let limits = Limits { outcome: 10, calls: 3, input: 50, ..Limits::TICK };
    let big = json!({"text": "x".repeat(100)});
    let lines =
        vec![wants(&[("read", json!({})), ("fly", json!({})), ("read", big), ("read", json!({"late": 1}))]), Ok(said("so"))];
    let (end, talk, done, _) = play(lines, limits).await;
    assert_eq!((end, done.len()), (Ok(End::Said("so".into())), 2));
    let told: Vec<&str> = talk.messages()[2]
        .parts
        .iter()
        .map(|p| match p {
            Part::Outcome { text, .. } => text.as_str(),
            _ => panic!("{p:?}"),
        })
        .collect();
    assert!(told[0].starts_with("xxxxxxxxxx\n[90 more bytes"), "{}", told[0]);
    assert!(told[1].starts_with("there is n\n[12 more"), "{}", told[1]);
    assert!(told[2].contains("no JSON object, or too long"), "{}", told[2]);
    assert!(told[3].contains("at most 3 calls"), "{}", told[3]);
    assert!(talk.size() < 1000, "what is too long is not kept");
}

#[tokio::test]
async fn whoever_calls_the_same_again_and_again_is_stopped() {
    let again = || wants(&[("fly", json!({"to": "moon"}))]);
    let (end, _, done, asked) = play((0..9).map(|_| again()).collect(), Limits::TICK).await;
    assert_eq!((end, done.len(), asked.len()), (Ok(End::Looped("fly".into())), 2, 4));
    let (end, ..) = play((0..99).map(|n| wants(&[("fly", json!({"to": n}))])).collect(), Limits::TICK).await;
    assert_eq!(end, Ok(End::Steps(12)));
}

#[tokio::test]
async fn an_error_in_between_loses_nothing() {
    let broken = Err(PortError::new(ErrorCode::Unavailable, "it broke off"));
    let (end, mut talk, ..) = play(vec![wants(&[("read", json!({}))]), broken], Limits::ASK).await;
    assert_eq!(end.unwrap_err().message, "it broke off");
    talk.say(vec![Part::Text("go on".into())]);
    assert!(talk.messages().len() == 3 && talk.prompt(vec![], 10).check().is_ok());
}

#[tokio::test]
async fn a_task_is_done_apart_and_only_its_result_comes_back() {
    let goal = json!({"goal": "find the cause"});
    let lines = vec![
        wants(&[("task", goal.clone()), ("read", json!({"path": "z"}))]),
        wants(&[("read", json!({"path": "a"})), ("task", goal)]),
        Ok(said("it is in a")),
        Ok(said("so it is a")),
    ];
    let (end, talk, done, asked) = play(lines, Limits::ASK).await;
    assert_eq!(end, Ok(End::Said("so it is a".into())));
    assert_eq!(done, [r#"read {"path":"a"}"#, r#"read {"path":"z"}"#]);
    assert_eq!(talk.messages().len(), 4, "what was asked, the calls, their outcomes, the answer");
    let text = format!("{:?}", talk.messages());
    assert!(text.contains("it is in a") && !text.contains("Leave all else"), "{text}");
    // What is the same can be served from a cache: the tools, the instructions, all that was said before.
    let [main, forked, ..] = &asked[..] else { panic!() };
    assert_eq!((&main.tools, &main.instructions), (&forked.tools, &forked.instructions));
    assert_eq!(forked.messages[0].parts[0], main.messages[0].parts[0]);
    let in_task = format!("{:?}", asked[2].messages);
    assert!(in_task.contains("this is such a task already"), "{in_task}");
}

#[tokio::test]
async fn a_task_has_an_end_and_a_turn_that_nobody_waits_for_has_none_of_them() {
    let mut lines = vec![wants(&[("task", json!({"goal": "go on and on"}))])];
    lines.extend((0..25).map(|n| wants(&[("read", json!({"path": n}))])));
    lines.push(Ok(said("so be it")));
    let (end, talk, done, _) = play(lines, Limits::ASK).await;
    assert_eq!((end, done.len()), (Ok(End::Said("so be it".into())), 25));
    assert!(format!("{:?}", talk.messages()).contains("it is not done after 25 questions"));
    let none = play(vec![wants(&[("task", json!({"goal": "x"}))]), Ok(said(""))], Limits::TICK).await;
    assert!(format!("{:?}", none.1.messages()).contains("there is no tool `task`"));
    let wrong = play(vec![wants(&[("task", json!({"goal": " "}))]), Ok(said(""))], Limits::ASK).await;
    assert!(format!("{:?}", wrong.1.messages()).contains("say in `goal`"));
}
