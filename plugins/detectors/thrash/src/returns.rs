//! A file whose content comes back to what it was, again and again. Pure: hashes and times in.

/// Content that comes back so often, within [`WINDOW`], is told.
pub const TIMES: usize = 3;
/// As long as a stubborn hour.
pub const WINDOW: u64 = 3_600_000;
/// From the first of the states to the last: trying three colours in five minutes is a way of working.
pub const SPAN: u64 = 10 * 60_000;
/// States that are kept of a file, and files.
const MOST_STATES: usize = 20;
const MOST_FILES: usize = 60;

/// A file that goes in circles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circle {
    /// How often it came back to this content.
    pub returns: usize,
    /// Since when, in milliseconds since 1970.
    pub since: u64,
    /// What it was in between, counted without repetitions.
    pub others: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct File {
    path: String,
    told: bool,
    /// Hash and time of each state, oldest first; never twice the same in a row.
    states: Vec<(u64, u64)>,
}

/// The states of the files that were edited lately.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Files(Vec<File>);

impl Files {
    /// Reads what [`text`](Self::text) wrote; lines that make no sense are dropped.
    pub fn parse(text: &str) -> Self {
        let file = |line: &str| {
            let mut parts = line.splitn(3, '\t');
            let told = parts.next()? == "1";
            let state = |state: &str| {
                let (hash, time) = state.split_once(' ')?;
                Some((u64::from_str_radix(hash, 16).ok()?, u64::from_str_radix(time, 16).ok()?))
            };
            let states = parts.next()?.split(',').filter_map(state).take(MOST_STATES).collect();
            Some(File { path: parts.next()?.to_string(), told, states })
        };
        Self(text.lines().filter_map(file).take(MOST_FILES).collect())
    }

    /// As text, under 60 KiB with paths of up to 300 bytes.
    pub fn text(&self) -> String {
        let line = |file: &File| {
            let states: Vec<String> = file.states.iter().map(|(hash, time)| format!("{hash:x} {time:x}")).collect();
            format!("{}\t{}\t{}\n", u8::from(file.told), states.join(","), file.path)
        };
        self.0.iter().map(line).collect()
    }

    /// Nothing is known of that file yet.
    pub fn is_new(&self, path: &str) -> bool {
        !self.0.iter().any(|file| file.path == path)
    }

    /// A file has this content now. A circle is told once, until [`expire`](Self::expire) or [`forget`](Self::forget) ends it.
    pub fn state(&mut self, path: &str, hash: u64, now: u64) -> Option<Circle> {
        let at = self.0.iter().position(|file| file.path == path);
        let mut file = at.map(|at| self.0.remove(at)).unwrap_or_else(|| File { path: path.into(), ..File::default() });
        file.states.retain(|(_, time)| now.saturating_sub(*time) <= WINDOW);
        if file.states.last().is_none_or(|(last, _)| *last != hash) {
            file.states.push((hash, now));
        }
        if file.states.len() > MOST_STATES {
            file.states.remove(0);
        }
        let circle = circle(&file.states, hash, now).filter(|_| !file.told);
        file.told |= circle.is_some();
        // The one that was edited last stands last, so the first is the one to forget.
        self.0.push(file);
        if self.0.len() > MOST_FILES
            && let Some(oldest) = self.0.iter().position(|file| !file.told)
        {
            self.0.remove(oldest);
        }
        circle
    }

    /// What was known of a file no longer counts. True when it was told.
    pub fn forget(&mut self, path: &str) -> bool {
        let told = self.0.iter().any(|file| file.path == path && file.told);
        self.0.retain(|file| file.path != path);
        told
    }

    /// Forgets everything; names what was told.
    pub fn clear(&mut self) -> Vec<String> {
        std::mem::take(&mut self.0).into_iter().filter(|file| file.told).map(|file| file.path).collect()
    }

    /// Forgets files that were left alone for an hour; names what was told.
    pub fn expire(&mut self, now: u64) -> Vec<String> {
        let over = |file: &File| file.states.last().is_none_or(|(_, time)| now.saturating_sub(*time) >= WINDOW);
        let told = self.0.iter().filter(|file| over(file) && file.told).map(|file| file.path.clone()).collect();
        self.0.retain(|file| !over(file));
        told
    }

    /// When the next told one is over.
    pub fn next(&self) -> Option<u64> {
        let end = |file: &File| file.states.last().map(|(_, time)| time + WINDOW);
        self.0.iter().filter(|file| file.told).filter_map(end).min()
    }
}

fn circle(states: &[(u64, u64)], hash: u64, now: u64) -> Option<Circle> {
    let (_, since) = *states.iter().find(|(state, _)| *state == hash)?;
    let returns = states.iter().filter(|(state, _)| *state == hash).count() - 1;
    if returns < TIMES || now.saturating_sub(since) < SPAN {
        return None;
    }
    let mut others: Vec<u64> = states.iter().map(|(state, _)| *state).filter(|state| *state != hash).collect();
    others.sort_unstable();
    others.dedup();
    Some(Circle { returns, since, others: others.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    /// One state each `minutes`; the index of the state at which it is told.
    fn told_at(states: &str, minutes: u64) -> Option<usize> {
        let mut files = Files::default();
        states
            .bytes()
            .enumerate()
            .position(|(n, state)| files.state("a.rs", u64::from(state), n as u64 * minutes * MINUTE).is_some())
    }

    #[test]
    fn circles_are_told() {
        assert_eq!(told_at("ABABABA", 2), Some(6));
        assert_eq!(told_at("ABACADA", 2), Some(6));
        assert_eq!(told_at("XABCABCABCA", 3), Some(10));
        // Saved without a change.
        assert_eq!(told_at("AABBAABBAABBAA", 1), Some(12));
    }

    #[test]
    fn work_is_not_told() {
        for (states, minutes) in [("ABCDEFGHIJ", 2), ("ABA", 5), ("ABABA", 5), ("ABCDCEFEG", 5), ("ABABABA", 1), ("ABABABA", 15)]
        {
            assert_eq!(told_at(states, minutes), None, "{states} each {minutes} minutes");
        }
    }

    #[test]
    fn once_and_over_after_an_hour() {
        let mut files = Files::default();
        let told = (0..9).filter(|n| files.state("a.rs", n % 2, n * 3 * MINUTE).is_some()).count();
        assert_eq!((told, files.next()), (1, Some(24 * MINUTE + WINDOW)));
        assert_eq!(Files::parse(&files.text()), files);
        assert!(files.expire(24 * MINUTE + WINDOW - 1).is_empty());
        assert_eq!(files.expire(24 * MINUTE + WINDOW), ["a.rs"]);
        assert!(files.is_new("a.rs"));
    }

    #[test]
    fn the_memory_stays_small() {
        let mut files = Files::default();
        for n in 0..2_000 {
            files.state(&format!("{:0300}", n % 70), u64::MAX - n, 1_800_000_000_000 + n);
        }
        assert!(files.text().len() < 60 * 1024, "{}", files.text().len());
        assert_eq!(Files::parse(&files.text()), files);
    }
}
