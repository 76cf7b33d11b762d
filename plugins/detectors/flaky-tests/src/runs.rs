//! The runs that can be compared, and what they say together. Pure.

/// Runs that are kept.
const MOST: usize = 80;
/// Runs further apart are not compared: dates, certificates, updates of the machine lie between them.
pub const WINDOW: u64 = 8 * 3600 * 1000;
/// More names than this failed at once: rather a service, a port or a clock than that many flaky tests.
pub const MOST_NAMED: usize = 3;
/// A change of a file is told so long after it happened; a tree that was looked at meanwhile was another one.
const LATE: u64 = 1_000;

/// One run of a test command on a known tree. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Hash of command and folder.
    pub id: u64,
    /// The tree's number.
    pub tree: u64,
    /// When it began.
    pub start: u64,
    /// When it ended.
    pub end: u64,
    /// When the tree was looked at.
    pub seen: u64,
    /// All tests passed.
    pub passed: bool,
    /// How many failed tests the output named.
    pub failed: usize,
    /// Their names, if they are [`MOST_NAMED`] or fewer.
    pub names: Vec<String>,
}

/// What the runs of a command on one tree say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaky {
    /// Runs that passed, and that failed.
    pub passed: usize,
    /// See `passed`.
    pub failed: usize,
    /// How often the result changed from one run to the next.
    pub flips: usize,
    /// Tests that failed, if each failing run named a few.
    pub names: Vec<String>,
    /// A run failed with so many tests at once that something around them is the likelier cause.
    pub many: bool,
    /// Minutes between the first and the last of the runs.
    pub minutes: u64,
}

/// All runs that can still be compared, oldest first.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Runs(Vec<Run>);

impl Runs {
    /// Reads what [`text`](Self::text) wrote; lines that make no sense are dropped.
    pub fn parse(text: &str) -> Self {
        let run = |line: &str| {
            let mut parts = line.split('\t');
            let mut numbers = parts.next()?.split(' ');
            let mut hex = || u64::from_str_radix(numbers.next()?, 16).ok();
            let (id, tree, start, end, seen, passed, failed) = (hex()?, hex()?, hex()?, hex()?, hex()?, hex()?, hex()?);
            let names = parts.map(String::from).take(MOST_NAMED).collect();
            Some(Run { id, tree, start, end, seen, passed: passed == 1, failed: usize::try_from(failed).ok()?, names })
        };
        Self(text.lines().filter_map(run).collect())
    }

    /// As text, under 60 KiB.
    pub fn text(&self) -> String {
        let line = |run: &Run| {
            let numbers = [run.id, run.tree, run.start, run.end, run.seen, u64::from(run.passed), run.failed as u64];
            let numbers: Vec<String> = numbers.iter().map(|number| format!("{number:x}")).collect();
            let names: String = run.names.iter().map(|name| format!("\t{name}")).collect();
            format!("{}{names}\n", numbers.join(" "))
        };
        self.0.iter().map(line).collect()
    }

    /// Something was edited: a run, or a look at the tree, that it fell into says nothing. Returns the commands whose results
    /// no longer differ without these runs, each with the beginning of the run.
    pub fn edited(&mut self, at: u64) -> Vec<(u64, u64)> {
        let spoilt = |run: &Run| run.start <= at && at <= run.seen + LATE;
        let struck: Vec<(u64, u64, u64)> =
            self.0.iter().filter(|run| spoilt(run)).map(|run| (run.id, run.tree, run.start)).collect();
        self.0.retain(|run| !spoilt(run));
        struck.into_iter().filter(|(id, tree, _)| self.judge(*id, *tree).is_none()).map(|(id, _, start)| (id, start)).collect()
    }

    /// Something around the tests may have changed: what ran before can't be compared with what comes.
    pub fn disturbed(&mut self, at: u64) {
        self.0.retain(|run| run.start > at);
    }

    /// Remembers a run. One that overlaps another is left out, and so is the other: they may have got in each other's way.
    pub fn add(&mut self, run: Run) {
        let oldest = run.end.saturating_sub(WINDOW);
        let before = self.0.len();
        let overlaps = |other: &Run| other.id == run.id && other.start < run.end && run.start < other.end;
        self.0.retain(|other| !overlaps(other));
        if self.0.len() == before {
            self.0.push(run);
        }
        self.0.retain(|run| run.start >= oldest);
        if self.0.len() > MOST {
            self.0.remove(0);
        }
    }

    /// Compares the runs of a command on a tree. None while they agree.
    pub fn judge(&self, id: u64, tree: u64) -> Option<Flaky> {
        let runs: Vec<&Run> = self.0.iter().filter(|run| run.id == id && run.tree == tree).collect();
        let failing: Vec<&Run> = runs.iter().copied().filter(|run| !run.passed).collect();
        let (failed, passed) = (failing.len(), runs.len() - failing.len());
        if failed == 0 || passed == 0 {
            return None;
        }
        let mut names: Vec<String> = failing.iter().flat_map(|run| run.names.iter().cloned()).collect();
        names.sort_unstable();
        names.dedup();
        let (first, last) = (runs.first()?, runs.last()?);
        Some(Flaky {
            passed,
            failed,
            flips: runs.windows(2).filter(|pair| pair[0].passed != pair[1].passed).count(),
            many: names.len() > MOST_NAMED || failing.iter().any(|run| run.failed > MOST_NAMED),
            names,
            minutes: last.end.saturating_sub(first.start) / 60_000,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(tree: u64, start: u64, passed: bool) -> Run {
        Run { id: 1, tree, start, end: start + 10, seen: start + 20, passed, failed: 0, names: vec![] }
    }

    #[test]
    fn only_other_results_on_the_same_tree_count() {
        let mut runs = Runs::default();
        runs.add(run(7, 1_000, true));
        runs.add(run(8, 2_000, false));
        assert_eq!(runs.judge(1, 7), None);
        runs.add(run(7, 3_000, false));
        let flaky = runs.judge(1, 7).unwrap();
        assert_eq!((flaky.passed, flaky.failed, flaky.flips), (1, 1, 1));
        runs.add(run(7, 4_000, true));
        assert_eq!(runs.judge(1, 7).unwrap().flips, 2);
        assert_eq!(runs.judge(1, 8), None);
        runs.disturbed(3_500);
        assert_eq!(runs.judge(1, 7), None);
    }

    #[test]
    fn a_run_that_an_edit_fell_into_is_dropped() {
        let mut runs = Runs::default();
        runs.add(run(7, 1_000, true));
        runs.add(run(7, 20_000, false));
        // Between the two: both trees were looked at, and are the same.
        assert!(runs.edited(10_000).is_empty());
        assert!(runs.judge(1, 7).is_some());
        // Told late: it may have happened before the tree was looked at.
        assert_eq!(runs.edited(20_500), [(1, 20_000)]);
        assert_eq!(runs.judge(1, 7), None);
    }

    #[test]
    fn runs_at_the_same_time_and_long_ago_are_not_compared() {
        let mut runs = Runs::default();
        runs.add(run(7, 1_000, true));
        runs.add(run(7, 1_005, false));
        assert_eq!(runs, Runs::default());
        runs.add(run(7, 2_000, true));
        runs.add(run(7, 2_000 + WINDOW, false));
        assert_eq!(runs.judge(1, 7), None);
    }

    #[test]
    fn the_memory_survives_and_stays_small() {
        let mut runs = Runs::default();
        for n in 0..500 {
            runs.add(Run {
                names: vec!["é".repeat(80); 3],
                failed: 3,
                id: u64::MAX - n,
                ..run(u64::MAX, 1_800_000_000_000 + n, false)
            });
        }
        let text = runs.text();
        assert!(text.len() < 60 * 1024, "{}", text.len());
        assert_eq!(Runs::parse(&format!("{text}nonsense\n1 2\n")), runs);
    }
}
