//! How well anchors tell, over a real git history, that a claim is no longer so.
//!
//! At some commits claims are made of what stands there: that a file exists, that it defines a name, that it has a line, and the
//! sentences of the project's own documentation. Each claim is then checked at later commits. What is true there is decided without
//! any code of the checker: files by `git ls-tree`, renames by `git log -M`, definitions by universal-ctags, quotations by `grep`.
//! Wanted: `git`, `grep` and `ctags` on the path.

mod ground;
mod score;

use super::dice::Dice;
use super::scratch::Scratch;
use super::{BenchError, Options, Row};
use crate::anchors::{Checked, Finder, Lost, Verdict, check, check_all};
use ground::{Clone, Tree};
use kairos_core::memory::{Anchor, Claim, ClaimKind, Status};
use kairos_project::{OpenError, Project};
use score::Score;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Commits along the first parents from the making of a claim to each of its checks.
const STEPS: [usize; 4] = [25, 100, 300, 900];
/// Commits at which claims are made, evenly over the history.
const STARTS: usize = 16;
/// Claims of each kind at each of them.
const CLAIMS: usize = 40;
/// How often an anchor is looked at again of which nothing could be said.
const TRIES: usize = 20;

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

/// The rows over every repository, and where there are several over all of them.
///
/// # Errors
/// Where a repository can't be cloned or its history is too short, or `git` or `ctags` fails.
pub async fn rows(options: &Options) -> Result<Vec<Row>, BenchError> {
    let (mut rows, mut all) = (vec![], Score::default());
    for repository in &options.repositories {
        let failed = |error| BenchError::Drift(repository.clone(), error);
        let name = repository.canonicalize().map_err(|error| failed(error.into()))?;
        let name = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (options.progress)(&format!("drift over the history of {name}"));
        let scratch = Scratch::new()?;
        let drift = run(repository, &scratch.0).await.map_err(failed)?;
        rows.extend(drift.score.rows(&name));
        all.take(drift.score);
    }
    if options.repositories.len() > 1 {
        rows.extend(all.rows("all repositories"));
    }
    Ok(rows)
}

/// What a history gave.
#[derive(Debug, Default)]
pub struct Drift {
    score: Score,
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
///
/// # Errors
/// As [`rows`].
pub async fn run(repository: &Path, folder: &Path) -> Result<Drift, DriftError> {
    let clone = Clone::make(repository, folder)?;
    let line = clone.git(&["rev-list", "--first-parent", "--reverse", "HEAD"])?;
    let commits: Vec<&str> = line.lines().collect();
    if commits.len() < 100 {
        return Err(DriftError::Short(commits.len()));
    }
    let mut drift = Drift::default();
    // The first fifth of a history is often a project that isn't one yet.
    let first = commits.len() / 5;
    for start in 0..STARTS {
        let from = first + (commits.len() - first - STEPS[0] - 1) * start / STARTS;
        let before = clone.at(commits[from])?;
        let claims = claims(&before, start as u64, &mut drift.score).await?;
        for step in STEPS.iter().filter(|step| from + **step < commits.len()) {
            let after = clone.at(commits[from + step])?;
            judge(&claims, &before, &after, start, &mut drift).await?;
        }
    }
    drift.times.sort();
    drift.ticks.sort();
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
    drift: &mut Drift,
) -> Result<(), DriftError> {
    let project = Project::open(&after.clone.root, &[])?;
    let renames = after.renames_since(before)?;
    for (kind, claim) in claims {
        for anchor in &claim.anchors {
            let begun = Instant::now();
            let mut verdict = check(anchor, &project).await;
            drift.times.push(begun.elapsed());
            // What there was no time for is looked at again, as in the next tick; so a busy machine changes no figure.
            for _ in 0..TRIES {
                let Verdict::Unknown(_) = verdict else { break };
                verdict = check(anchor, &project).await;
            }
            let said = match &verdict {
                Verdict::Holds => Fate::Holds,
                Verdict::Moved(path) => Fate::Moved(path.clone()),
                Verdict::Gone { .. } => Fate::Gone,
                Verdict::Unknown(_) => Fate::Unknown,
            };
            let truth = truth(anchor, before, after, &renames);
            drift.score.add_verdict(kind, group, &said, &truth);
            drift.score.add_plain(group, after.has(&anchor.path), &truth);
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
    let named = |checked: &Checked| checked.changes.iter().map(|change| change.claim.clone()).collect::<BTreeSet<String>>();
    // What a tick had no time for is left to the next.
    let seen: BTreeSet<String> = named(&found).into_iter().chain(found.left.iter().cloned()).collect();
    drift.score.add("ticks that miss nothing", "all", group, named(&whole).is_subset(&seen));
    Ok(())
}

/// What became of an anchor, by other means than the checker's.
fn truth(anchor: &Anchor, before: &Tree<'_>, after: &Tree<'_>, renames: &HashMap<String, Vec<String>>) -> Fate {
    let renamed = renames.get(&anchor.path).into_iter().flatten().find(|path| after.has(path));
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
