//! What it takes to judge whether something may be done.

use crate::plugins::Result;
use crate::report::{Row, Sample, Target, Unit};
use kairos_permit::{Action, Decision, Line, Own, Place, Rules};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// More than anybody writes.
const RULES: usize = 100;
const RUNS: usize = 2000;
/// Judged together, since one is over before a clock has moved.
const BATCH: usize = 20;
const MOST: f64 = 10_000.0;

pub fn measure() -> Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    std::fs::create_dir(folder.path().join("src"))?;
    let numbered = |form: &str| (0..RULES / 4).map(|n| form.replace('N', &n.to_string())).collect::<Vec<_>>();
    let allow =
        [numbered("Bash(toolN *)"), numbered("Edit(folderN/**)"), vec!["Bash(git *)".into(), "Edit(src/**)".into()]].concat();
    let deny = [numbered("Bash(git pushN *)"), numbered("WebFetch(domain:*.hostN.example)")].concat();
    let own = Own { file: "kairos.toml".into(), allow, deny, ..Own::default() };
    let place = Place { project: folder.path(), home: folder.path(), trusted: false };
    let (rules, problems) = Rules::load(place, &[own], Arc::new(|_| false));
    if !problems.is_empty() {
        return Err(format!("the rules are wrong: {problems:?}").into());
    }
    let parsed = |text: &str| Line::parse(text, folder.path(), folder.path());
    let text = "git add -A && git commit -m 'a b' | tee log";
    let (one, three) = (parsed("git status --short"), parsed(text));
    let judge = |action: Action<'_>| rules.judge_real(&action).decision;
    // Not judged: what it costs to know what there is to judge.
    let apart = |line: &Line| if std::hint::black_box(line).doubts().is_empty() { Decision::Ask } else { Decision::Deny };
    type Judge<'a> = &'a dyn Fn() -> Decision;
    let cases: [(&str, Judge<'_>, Decision); 7] = [
        ("a command: the verdict", &|| judge(Action::Command(&one)), Decision::Allow),
        ("three commands in a line: the verdict", &|| judge(Action::Command(&three)), Decision::Ask),
        ("a change of a file: the verdict", &|| judge(Action::Edit(Path::new("src/a.rs"))), Decision::Allow),
        ("a host: the verdict", &|| judge(Action::Fetch("a.host7.example")), Decision::Deny),
        ("a command, its line taken apart", &|| judge(Action::Command(&parsed("git log --oneline -n 5"))), Decision::Allow),
        ("three commands, their line taken apart", &|| judge(Action::Command(&parsed(text))), Decision::Ask),
        ("of that: a line of three commands is taken apart", &|| apart(&parsed(text)), Decision::Ask),
    ];
    let measured = cases.into_iter().map(|(name, judge, expected)| {
        if judge() != expected {
            return Err(format!("{name} is judged otherwise: {:?}", judge()).into());
        }
        let mut times = Vec::with_capacity(RUNS);
        for _ in 0..RUNS {
            let start = Instant::now();
            for _ in 0..BATCH {
                std::hint::black_box(judge());
            }
            times.push(start.elapsed().as_nanos() as f64 / BATCH as f64);
        }
        let row = Row::new("permit", format!("{name}, {RULES} rules"), Unit::Time, Sample::of(times));
        Ok(if name.ends_with("apart") { row } else { row.target(Target::AtMost(MOST)) })
    });
    measured.collect()
}
