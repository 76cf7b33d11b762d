//! The branches that are told: only the one that is checked out can be looked at, so the others are remembered. Pure.

const DAY: u64 = 24 * 3_600_000;
/// A branch that wasn't checked out for so long may be pushed or deleted by now.
pub const AWAY: u64 = 14 * DAY;
/// Branches that are remembered.
const MOST: usize = 30;

/// Names, and when they were last seen to wait, in milliseconds since 1970.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Branches(Vec<(u64, String)>);

impl Branches {
    /// Reads what [`text`](Self::text) wrote.
    pub fn parse(text: &str) -> Self {
        let branch = |line: &str| line.split_once(' ').and_then(|(time, name)| Some((time.parse().ok()?, name.to_string())));
        Self(text.lines().filter_map(branch).collect())
    }

    /// As text.
    pub fn text(&self) -> String {
        self.0.iter().map(|(time, name)| format!("{time} {name}\n")).collect()
    }

    /// A branch is told. Returns one that is pushed out.
    pub fn told(&mut self, name: &str, now: u64) -> Option<String> {
        match self.0.iter_mut().find(|(_, known)| known == name) {
            // Written down once a day, not at each look.
            Some((time, _)) if now.saturating_sub(*time) < DAY => {}
            Some((time, _)) => *time = now,
            None => self.0.push((now, name.into())),
        }
        (self.0.len() > MOST).then(|| self.0.remove(0).1)
    }

    /// A branch is well. True when it was told.
    pub fn settled(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|(_, known)| known != name);
        self.0.len() < before
    }

    /// Forgets branches that weren't checked out for long, and names them.
    pub fn expire(&mut self, now: u64) -> Vec<String> {
        let away = |(time, _): &(u64, String)| now.saturating_sub(*time) >= AWAY;
        let names = self.0.iter().filter(|branch| away(branch)).map(|(_, name)| name.clone()).collect();
        self.0.retain(|branch| !away(branch));
        names
    }

    /// When the next one is forgotten.
    pub fn next(&self) -> Option<u64> {
        self.0.iter().map(|(time, _)| time + AWAY).min()
    }
}
