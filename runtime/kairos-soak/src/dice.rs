//! Numbers that look random and are the same for the same seed on every machine.

/// splitmix64.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `n` - 1; 0 where `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.roll() % (n as u64).max(1)) as usize
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// True once in `n`.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// A word that stands in no dictionary.
    pub fn word(&mut self) -> String {
        const START: [&str; 12] = ["br", "tor", "vel", "kas", "mir", "dov", "lun", "pex", "zan", "gor", "fil", "hux"];
        const MIDDLE: [&str; 8] = ["a", "e", "i", "o", "u", "an", "or", "il"];
        const END: [&str; 10] = ["dis", "mek", "vor", "lin", "tax", "bor", "nel", "rup", "zik", "gam"];
        format!("{}{}{}", self.pick(&START), self.pick(&MIDDLE), self.pick(&END))
    }

    /// Shuffled in place.
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, self.below(at + 1));
        }
    }
}
