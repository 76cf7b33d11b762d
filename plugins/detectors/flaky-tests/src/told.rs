//! What was told, so that it is taken back when nobody saw it again. Pure.

/// A test that wasn't seen to flicker for so long is no longer called flaky.
pub const QUIET: u64 = 7 * 24 * 3600 * 1000;
/// Facts that are remembered.
const MOST: usize = 50;

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fact {
    last: u64,
    id: u64,
    key: String,
}

/// All facts, the latest last.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told(Vec<Fact>);

impl Told {
    /// Reads what [`text`](Self::text) wrote.
    pub fn parse(text: &str) -> Self {
        let fact = |line: &str| {
            let mut parts = line.splitn(3, ' ');
            let last = parts.next()?.parse().ok()?;
            let id = u64::from_str_radix(parts.next()?, 16).ok()?;
            Some(Fact { last, id, key: parts.next()?.to_string() })
        };
        Self(text.lines().filter_map(fact).collect())
    }

    /// As text, under 16 KiB.
    pub fn text(&self) -> String {
        self.0.iter().map(|fact| format!("{} {:x} {}\n", fact.last, fact.id, fact.key)).collect()
    }

    /// It was told now, because of the command `id`. Returns a key that is pushed out and has to be cleared.
    pub fn add(&mut self, key: &str, id: u64, now: u64) -> Option<String> {
        self.0.retain(|fact| fact.key != key);
        self.0.push(Fact { last: now, id, key: key.into() });
        (self.0.len() > MOST).then(|| self.0.remove(0).key)
    }

    /// Forgets what nobody saw for a week, and names it.
    pub fn expire(&mut self, now: u64) -> Vec<String> {
        self.take(|fact| now.saturating_sub(fact.last) >= QUIET)
    }

    /// Forgets what was told of a command since `from`, because its runs say nothing after all, and names it.
    pub fn withdraw(&mut self, id: u64, from: u64) -> Vec<String> {
        self.take(|fact| fact.id == id && fact.last >= from)
    }

    /// When the next fact expires.
    pub fn next(&self) -> Option<u64> {
        self.0.iter().map(|fact| fact.last + QUIET).min()
    }

    fn take(&mut self, gone: impl Fn(&Fact) -> bool) -> Vec<String> {
        let keys = self.0.iter().filter(|fact| gone(fact)).map(|fact| fact.key.clone()).collect();
        self.0.retain(|fact| !gone(fact));
        keys
    }
}
