//! How well anchors tell, over a real git history, that a claim is no longer so.
//!
//! At some commits claims are made of what stands there: that a file exists, that it defines a name, that it has a line, and the
//! sentences of the project's own documentation. Each claim is then checked at later commits. What is true there is decided without
//! any code of the checker: files by `git ls-tree`, renames by `git log -M` along the first parents, definitions by universal-ctags,
//! quotations by `grep`. Wanted: `git`, `grep` and `ctags` on the path.

mod ground;

use super::{Figure, Row, bootstrap};
use crate::anchors::{Checked, Finder, Lost, Verdict, check, check_all};
use ground::{Clone, Tree};
use kairos_core::memory::{Anchor, Claim, ClaimKind, Status};
use kairos_project::{OpenError, Project};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Commits along the first parents from the making of a claim to each of its checks.
const STEPS: [usize; 4] = [25, 100, 300, 900];
/// Commits at which claims are made, evenly over the history.
const STARTS: usize = 16;
/// Claims of each kind at each of them.
const CLAIMS: usize = 40;
/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub enum DriftError {
    /// A program could not be run or failed.
    #[error("`{program}` failed: {message}; is it installed, and is the argument a git repository?")]
    Program {
        /// With its arguments.
        program: String,
        /// What it said.
        message: String,
    },
    /// The clone can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// No folder for the clone.
    #[error("no folder for a clone of the repository: {0}; is the disk full?")]
    Folder(#[from] std::io::Error),
    /// The history has too few commits.
    #[error("the history has {0} commits along the first parents; at least 100 are needed")]
    Short(usize),
}

/// The figures, and what is behind them.
#[derive(Debug, Default)]
pub struct Drift {
    /// Precision and recall by kind of claim.
    pub rows: Vec<Row>,
    /// Where the checker and the truth differ, for a person to judge.
    pub misses: Vec<String>,
    /// Of one check each, ascending.
    pub times: Vec<Duration>,
    /// Of one look at all claims whose files changed, with how many claims there were, ascending.
    pub ticks: Vec<(Duration, usize)>,
}

/// What is true of an anchor, or what the checker says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    Holds,
    Moved(String),
    Gone,
    Unknown,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds => f.write_str("holds"),
            Self::Moved(path) => write!(f, "moved to {path}"),
            Self::Gone => f.write_str("gone"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// Measures over a repository's history; `folder` is for a clone of it and must be empty. Takes a minute or some.
pub async fn run(repository: &Path, folder: &Path) -> Result<Drift, DriftError> {
    let clone = Clone::make(repository, folder)?;
    let line = clone.git(&["rev-list", "--first-parent", "--reverse", "HEAD"])?;
    let commits: Vec<&str> = line.lines().collect();
    if commits.len() < 100 {
        return Err(DriftError::Short(commits.len()));
    }
    let (mut drift, mut score) = (Drift::default(), Score::default());
    // The first fifth of a history is often a project that isn't one yet.
    let first = commits.len() / 5;
    for start in 0..STARTS {
        let from = first + (commits.len() - first - STEPS[0] - 1) * start / STARTS;
        let before = clone.at(commits[from])?;
        let claims = claims(&before, start as u64, &mut score).await?;
        for step in STEPS.iter().filter(|step| from + **step < commits.len()) {
            let after = clone.at(commits[from + step])?;
            judge(&claims, &before, &after, start, &mut score, &mut drift).await?;
        }
    }
    drift.times.sort();
    drift.ticks.sort();
    drift.rows = score.rows();
    Ok(drift)
}

/// The claims of one commit with their kinds.
async fn claims(tree: &Tree<'_>, seed: u64, score: &mut Score) -> Result<Vec<(&'static str, Claim)>, DriftError> {
    let project = Project::open(&tree.clone.root, &[])?;
    let mut finder = Finder::new(&project);
    let mut dice = Dice(seed);
    let mut claims = Vec::new();
    let paths: Vec<&String> = tree.files.iter().collect();
    for path in dice.draw(&paths, CLAIMS) {
        let wanted = (path.as_str(), None, None);
        claims.extend(made("path", &format!("Part of this is in `{path}`."), wanted, &mut finder, seed, score).await);
    }
    let names: Vec<(&String, &String)> =
        tree.tags.iter().flat_map(|(path, names)| names.keys().map(move |name| (path, name))).collect();
    let names: Vec<_> = names.into_iter().filter(|(path, name)| tree.is_claimed(path, name)).collect();
    for (path, name) in dice.draw(&names, CLAIMS) {
        let wanted = (path.as_str(), Some(name.as_str()), None);
        claims.extend(made("symbol", &format!("`{name}` is in {path}."), wanted, &mut finder, seed, score).await);
    }
    for path in dice.draw(&paths, 3 * CLAIMS).into_iter() {
        let lines = tree.read(path).unwrap_or_default();
        let lines: Vec<&str> = lines.lines().map(str::trim).filter(|line| is_quotable(line)).collect();
        if let Some(&&line) = dice.draw(&lines, 1).first() {
            let wanted = (path.as_str(), None, Some(line));
            claims.extend(made("quote", &format!("`{path}` says “{line}”."), wanted, &mut finder, seed, score).await);
        }
        if claims.iter().filter(|(kind, _)| *kind == "quote").count() >= CLAIMS {
            break;
        }
    }
    let sentences = tree.sentences();
    let mut documented = 0;
    for sentence in dice.draw(&sentences, 10 * CLAIMS) {
        if documented == CLAIMS {
            break;
        }
        let anchors = finder.find(sentence).await;
        if !anchors.is_empty() {
            documented += 1;
            claims.push(("sentence", claim(sentence, anchors)));
        }
    }
    Ok(claims)
}

type Wanted<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

/// A claim of the form that one makes up; none if its anchor isn't found.
async fn made(
    kind: &'static str,
    text: &str,
    wanted: Wanted<'_>,
    finder: &mut Finder<'_>,
    group: u64,
    score: &mut Score,
) -> Option<(&'static str, Claim)> {
    let mut anchors = finder.find(text).await;
    anchors.retain(|a| (a.path.as_str(), a.symbol.as_deref(), a.quote.as_deref()) == wanted);
    score.add("anchored as meant", kind, group as usize, !anchors.is_empty());
    (!anchors.is_empty()).then(|| (kind, claim(text, anchors)))
}

fn claim(text: &str, anchors: Vec<Anchor>) -> Claim {
    Claim {
        id: text.to_owned(),
        topic: "project".to_owned(),
        kind: ClaimKind::Project,
        status: Status::Fact,
        text: text.to_owned(),
        evidence: Vec::new(),
        anchors,
        recorded: 0,
        valid_from: None,
        valid_to: None,
        author: "user".to_owned(),
        rivals: Vec::new(),
    }
}

/// Words of a sentence or a statement, without marks that would end the quotation.
fn is_quotable(line: &str) -> bool {
    (24..=120).contains(&line.len())
        && !line.contains(['"', '`', '“', '”', '\\'])
        && line.is_ascii()
        && line.split_whitespace().count() >= 3
        && line.bytes().filter(u8::is_ascii_alphabetic).count() * 2 > line.len()
}

/// Checks all claims in the tree that is checked out now.
async fn judge(
    claims: &[(&'static str, Claim)],
    before: &Tree<'_>,
    after: &Tree<'_>,
    group: usize,
    score: &mut Score,
    drift: &mut Drift,
) -> Result<(), DriftError> {
    let project = Project::open(&after.clone.root, &[])?;
    let renames = after.renames_since(before)?;
    for (kind, claim) in claims {
        for anchor in &claim.anchors {
            let begun = Instant::now();
            let verdict = check(anchor, &project).await;
            drift.times.push(begun.elapsed());
            let said = match &verdict {
                Verdict::Holds => Fate::Holds,
                Verdict::Moved(path) => Fate::Moved(path.clone()),
                Verdict::Gone { .. } => Fate::Gone,
                Verdict::Unknown(_) => Fate::Unknown,
            };
            let truth = truth(anchor, before, after, &renames);
            score.add_verdict(kind, group, &said, &truth);
            if said != truth {
                let of = (&anchor.path, anchor.symbol.as_deref(), anchor.quote.as_deref());
                let lost = match verdict {
                    Verdict::Gone { what: Lost::Path } => " (path)",
                    _ => "",
                };
                let (a, b) = (&before.commit[..8], &after.commit[..8]);
                drift.misses.push(format!("{kind} {of:?} {a}..{b}: said {said}{lost}, is {truth}"));
            }
        }
    }
    let all: Vec<Claim> = claims.iter().map(|(_, claim)| claim.clone()).collect();
    let changed = after.clone.git(&["diff", "--no-renames", "--name-only", &before.commit, &after.commit])?;
    let changed: Vec<String> = changed.lines().map(str::to_owned).collect();
    let begun = Instant::now();
    let found = check_all(&all, Some(&changed), &project).await;
    drift.ticks.push((begun.elapsed(), all.len()));
    let whole = check_all(&all, None, &project).await;
    // What a tick had no time for is left to the next.
    let named = |checked: &Checked| -> BTreeSet<String> {
        checked.changes.iter().map(|change| change.claim.clone()).chain(checked.left.iter().cloned()).collect()
    };
    score.add("changed files name every claim that a whole check does", "all", group, named(&whole).is_subset(&named(&found)));
    Ok(())
}

/// What became of an anchor, by other means than the checker's.
fn truth(anchor: &Anchor, before: &Tree<'_>, after: &Tree<'_>, renames: &HashMap<String, String>) -> Fate {
    let renamed = renames.get(&anchor.path).filter(|path| after.has(path));
    let place = if after.has(&anchor.path) { Some(&anchor.path) } else { renamed };
    let at = |path: &String| if *path == anchor.path { Fate::Holds } else { Fate::Moved(path.clone()) };
    if let Some(symbol) = &anchor.symbol {
        let name = symbol.rsplit([':', '.', '#']).next().unwrap_or(symbol);
        if let Some(path) = place
            && after.defines(path, name)
        {
            return at(path);
        }
        // Where it is defined now and was not before.
        let mut new = after.tags.keys().filter(|path| after.defines(path, name) && !before.defines(path, name));
        return match (new.next(), new.next()) {
            (Some(path), None) => Fate::Moved(path.clone()),
            _ => Fate::Gone,
        };
    }
    match (&anchor.quote, place) {
        (_, None) => Fate::Gone,
        (None, Some(path)) => at(path),
        (Some(quote), Some(path)) if after.has_words(path, quote) => at(path),
        (Some(_), Some(_)) => Fate::Gone,
    }
}

/// SplitMix64: the same repository gives the same claims.
struct Dice(u64);

impl Dice {
    fn draw<'a, T>(&mut self, from: &'a [T], count: usize) -> Vec<&'a T> {
        let mut order: Vec<(u64, &T)> = from.iter().map(|item| (self.roll(), item)).collect();
        order.sort_by_key(|(number, _)| *number);
        order.into_iter().take(count).map(|(_, item)| item).collect()
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Right and wrong by measure, kind and start.
#[derive(Default)]
struct Score {
    answers: BTreeMap<(&'static str, &'static str), BTreeMap<usize, Vec<f64>>>,
}

const DEFINITION: &[(&str, &str)] = &[
    ("anchored as meant", "claims made up whose anchor is found, of all"),
    ("stale precision", "said gone and is gone (neither there nor moved), of all said gone"),
    ("stale recall", "said gone and is gone, of all that is gone"),
    ("lost precision", "said gone or moved, and no longer holds at its path, of all said gone or moved"),
    ("lost recall", "said gone or moved, of all that no longer holds at its path"),
    ("moved precision", "said moved to where it is, of all said moved"),
    ("moved recall", "said moved to where it is, of all that moved"),
    ("changed files name every claim that a whole check does", "looks at changed files alone that find the same, of all"),
];

impl Score {
    fn add(&mut self, measure: &'static str, kind: &'static str, group: usize, right: bool) {
        self.answers.entry((measure, kind)).or_default().entry(group).or_default().push(f64::from(u8::from(right)));
    }

    fn add_verdict(&mut self, kind: &'static str, group: usize, said: &Fate, truth: &Fate) {
        let is_lost = |fate: &Fate| matches!(fate, Fate::Gone | Fate::Moved(_));
        let is_moved = |fate: &Fate| matches!(fate, Fate::Moved(_));
        for kind in [kind, "all"] {
            let mut pair = |precision, recall, said_so, is_so, right| {
                if said_so {
                    self.add(precision, kind, group, right);
                }
                if is_so {
                    self.add(recall, kind, group, right);
                }
            };
            let both = *said == Fate::Gone && *truth == Fate::Gone;
            pair("stale precision", "stale recall", *said == Fate::Gone, *truth == Fate::Gone, both);
            pair("lost precision", "lost recall", is_lost(said), is_lost(truth), is_lost(said) && is_lost(truth));
            pair("moved precision", "moved recall", is_moved(said), is_moved(truth), said == truth && is_moved(said));
        }
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (measure, definition) in DEFINITION {
            for ((_, kind), groups) in self.answers.iter().filter(|((name, _), _)| name == measure) {
                let figure: Figure = bootstrap(&groups.values().cloned().collect::<Vec<_>>());
                let reach = (*kind == "all" && measure.starts_with("stale")).then_some(0.95);
                rows.push(Row { measure: format!("{measure}, {kind}"), definition, figures: vec![figure], reach, less: false });
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `DRIFT_REPOSITORY=folder cargo test -p kairos-memory drift -- --ignored --nocapture`
    #[tokio::test]
    #[ignore = "needs a repository with a history, git, grep and ctags"]
    async fn over_a_repository() {
        let repository = std::env::var("DRIFT_REPOSITORY").expect("DRIFT_REPOSITORY names a repository");
        let folder = tempfile::tempdir().unwrap();
        let begun = Instant::now();
        let drift = run(Path::new(&repository), folder.path()).await.unwrap();
        for row in &drift.rows {
            let Figure { mean, low, high, questions } = row.figures[0];
            println!("{:<70} {mean:.3} [{low:.3}, {high:.3}] of {questions}", row.measure);
        }
        let at = |share: f64| (drift.times.len().saturating_sub(1) as f64 * share) as usize;
        let tick = |share: f64| (drift.ticks.len().saturating_sub(1) as f64 * share) as usize;
        println!("a check: p50 {:?}, p95 {:?}, max {:?}", drift.times[at(0.5)], drift.times[at(0.95)], drift.times[at(1.0)]);
        println!("a tick: p50 {:?}, max {:?}", drift.ticks[tick(0.5)], drift.ticks[tick(1.0)]);
        println!("{:?} in all, {} misses", begun.elapsed(), drift.misses.len());
        drift.misses.iter().for_each(|miss| println!("{miss}"));
    }
}
