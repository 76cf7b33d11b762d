//! Numbers by chance that are the same in every run.

/// `SplitMix64` (Steele et al. 2014), from a seed.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `n` - 1; `n` is not 0.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }

    /// `count` of them, in an order by chance.
    pub(super) fn draw<'a, T>(&mut self, from: &'a [T], count: usize) -> Vec<&'a T> {
        let mut order: Vec<(u64, &T)> = from.iter().map(|item| (self.roll(), item)).collect();
        order.sort_by_key(|(number, _)| *number);
        order.into_iter().take(count).map(|(_, item)| item).collect()
    }
}
