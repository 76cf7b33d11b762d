//! How much a dream may change, and what a promotion needs. The numbers are the defaults of the settings under `[dream]`.

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// Most claims that one dream takes words from (merge, supersede, reword, retire), as a share of those it finds, 0 to 1.
    pub max_changed: f64,
    /// Most claims that one dream adds, as a share of those it finds.
    pub max_added: f64,
    /// Both shares never mean less than this, so that a young memory can grow at all.
    pub min_allowed: usize,
    /// An inference needs evidence of so many days.
    pub days: usize,
    /// And of so many sessions.
    pub sessions: usize,
    /// What a program was seen to do needs so many sessions.
    pub tool_sessions: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self { max_changed: 0.2, max_added: 0.25, min_allowed: 30, days: 2, sessions: 2, tool_sessions: 2 }
    }
}

impl Policy {
    /// How many of `claims` may be changed, and how many added.
    pub fn allowance(&self, claims: usize) -> (usize, usize) {
        let share = |share: f64| ((claims as f64 * share).floor() as usize).max(self.min_allowed);
        (share(self.max_changed), share(self.max_added))
    }
}
