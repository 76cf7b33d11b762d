//! Measures of retrieval, and how sure one may be of them.

use super::dice::Dice;

/// The share of `evidence` that is among `found`, 0 to 1; nothing asked for is nothing missed.
pub fn recall<T: PartialEq>(found: &[T], evidence: &[T]) -> f64 {
    if evidence.is_empty() {
        return 1.0;
    }
    evidence.iter().filter(|e| found.contains(e)).count() as f64 / evidence.len() as f64
}

/// 1 where the first found is evidence, else 0.
pub fn hit_at_1<T: PartialEq>(found: &[T], evidence: &[T]) -> f64 {
    f64::from(u8::from(found.first().is_some_and(|first| evidence.contains(first))))
}

/// A mean over items with the interval that holds 95% of the resampled means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// The mean over all questions.
    pub mean: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// How many items.
    pub count: usize,
}

/// How often the conversations are drawn anew.
const DRAWS: usize = 2000;

/// The mean of all values, and its interval by drawing whole groups (conversations) with replacement: questions on one
/// conversation stand or fall together, and drawing them singly would pretend to more than is known.
pub fn bootstrap(groups: &[Vec<f64>]) -> Figure {
    let sums: Vec<(f64, usize)> = groups.iter().filter(|g| !g.is_empty()).map(|g| (g.iter().sum(), g.len())).collect();
    let mean = |total: (f64, usize)| if total.1 == 0 { 0.0 } else { total.0 / total.1 as f64 };
    let add = |a: (f64, usize), b: &(f64, usize)| (a.0 + b.0, a.1 + b.1);
    let all = sums.iter().fold((0.0, 0), add);
    // A fixed seed: the same data gives the same interval.
    let mut dice = Dice(0x6b61_6972_6f73);
    let mut draw = |n: usize| dice.roll() as usize % n;
    let mut means: Vec<f64> = (0..if sums.is_empty() { 1 } else { DRAWS })
        .map(|_| mean((0..sums.len()).map(|_| &sums[draw(sums.len())]).fold((0.0, 0), add)))
        .collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[((means.len() - 1) as f64 * share).round() as usize];
    Figure { mean: mean(all), low: at(0.025), high: at(0.975), count: all.1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recall_is_a_share_and_a_hit_is_the_first() {
        assert_eq!(recall(&[3, 1], &[1, 2]), 0.5);
        assert_eq!(hit_at_1(&[3, 1], &[1, 2]), 0.0);
        assert_eq!(hit_at_1(&[1, 3], &[1, 2]), 1.0);
        assert_eq!(hit_at_1::<u8>(&[], &[]), 0.0);
    }

    #[test]
    fn the_interval_is_as_wide_as_conversations_differ() {
        let alike = bootstrap(&[vec![0.0, 1.0], vec![1.0, 0.0], vec![0.0, 1.0]]);
        assert_eq!((alike.low, alike.mean, alike.high), (0.5, 0.5, 0.5));
        let apart = bootstrap(&[vec![0.0, 0.0], vec![1.0, 1.0], vec![1.0, 1.0]]);
        assert!(apart.low < 0.4 && apart.high > 0.9 && apart.count == 6);
        assert_eq!(apart, bootstrap(&[vec![0.0, 0.0], vec![1.0, 1.0], vec![1.0, 1.0]]));
        assert_eq!(bootstrap(&[]).count, 0);
    }
}
