//! Files that change in the same commits.

use crate::lesson::{Lesson, Seen, best};
use kairos_plugin::memory::Kind;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A commit of more files is a rename, a format, a merge: it says nothing about any two of them.
const MOST_FILES: usize = 20;
/// Commits that hold both. Three happen by chance in a busy folder.
const SUPPORT: u32 = 4;
/// Of ten commits with the one, eight have the other: below, whoever heeds the claim is wrong too often.
const CONFIDENCE: f64 = 0.8;
/// A file in more than a third of all commits (a changelog, a version) goes with everything.
const HUB: f64 = 1.0 / 3.0;
/// Below so many commits no file can be told to be a hub.
const HUB_FROM: usize = 12;
/// The files that changed most: bounds the number of pairs.
const MOST_TRACKED: usize = 2000;
/// At most so many of these lessons in one dream: they are the least urgent to know.
const MOST: usize = 8;

pub fn is_one_change(files: usize) -> bool {
    (2..=MOST_FILES).contains(&files)
}

/// Not what a program writes beside another file, which everybody knows.
pub fn is_telling(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let written = name.ends_with(".lock") || name.ends_with(".sum") || name.contains("-lock.") || name.ends_with(".snap");
    !path.is_empty() && path.len() <= 200 && !path.contains('`') && !written
}

pub fn lessons(commits: &[(Seen, Vec<Rc<str>>)]) -> Vec<Lesson> {
    let mut alone: BTreeMap<&str, u32> = BTreeMap::new();
    commits.iter().flat_map(|(_, files)| files).for_each(|f| *alone.entry(f).or_default() += 1);
    let is_hub = |count: u32| commits.len() >= HUB_FROM && f64::from(count) > HUB * commits.len() as f64;
    let mut tracked: Vec<(&str, u32)> = alone.into_iter().filter(|(_, n)| *n >= SUPPORT && !is_hub(*n)).collect();
    tracked.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    tracked.truncate(MOST_TRACKED);
    let number: BTreeMap<&str, usize> = tracked.iter().enumerate().map(|(i, (f, _))| (*f, i)).collect();
    let mut both: BTreeMap<(usize, usize), u32> = BTreeMap::new();
    for (_, files) in commits {
        each_pair(files, &number, |pair| *both.entry(pair).or_default() += 1);
    }
    both.retain(|(a, b), n| {
        let least = tracked[*a].1.min(tracked[*b].1);
        is_apart(tracked[*a].0, tracked[*b].0) && *n >= SUPPORT && f64::from(*n) >= CONFIDENCE * f64::from(least)
    });
    let mut seen: BTreeMap<(usize, usize), Vec<Seen>> = BTreeMap::new();
    for (commit, files) in commits {
        each_pair(files, &number, |pair| {
            if both.contains_key(&pair) {
                seen.entry(pair).or_default().push(commit.clone());
            }
        });
    }
    let lesson = |((a, b), seen): ((usize, usize), Vec<Seen>)| {
        let ((a, of_a), (b, of_b)) = (tracked[a], tracked[b]);
        let follows = |count: u32| seen.len() as f64 >= CONFIDENCE * f64::from(count);
        let (first, second) = if a < b { (a, b) } else { (b, a) };
        let text = match (follows(of_a), follows(of_b)) {
            (true, true) => format!("`{first}` and `{second}` change together."),
            (true, false) => format!("When `{a}` changes, `{b}` changes too."),
            _ => format!("When `{b}` changes, `{a}` changes too."),
        };
        let mut lesson = Lesson::new(Kind::Project, text, seen, "they were in the same commits");
        lesson.anchors = vec![first.into(), second.into()];
        lesson
    };
    best(seen.into_iter().map(lesson).collect(), MOST)
}

/// A program's commits say what that program does.
pub fn is_by_hand(author: &str) -> bool {
    !["[bot]", "-bot@", "bot <"].iter().any(|mark| author.contains(mark))
}

/// Files in one folder lie side by side for whoever changes one of them: that tells him nothing.
fn is_apart(a: &str, b: &str) -> bool {
    a.rsplit_once('/').map(|(folder, _)| folder) != b.rsplit_once('/').map(|(folder, _)| folder)
}

fn each_pair(files: &[Rc<str>], number: &BTreeMap<&str, usize>, mut see: impl FnMut((usize, usize))) {
    let mut of: Vec<usize> = files.iter().filter_map(|f| number.get(&**f).copied()).collect();
    of.sort_unstable();
    for (i, a) in of.iter().enumerate() {
        of[i + 1..].iter().for_each(|b| see((*a, *b)));
    }
}
