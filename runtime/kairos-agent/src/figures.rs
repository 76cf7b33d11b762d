//! Figures of one plugin since the process began.

use std::time::Duration;

/// Latencies in buckets of powers of two, microseconds; enough for a p50 and a p99 without keeping the samples.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    pub(crate) calls: u64,
    pub(crate) faults: u64,
    pub(crate) last_fault: Option<String>,
    pub(crate) memory: usize,
    pub(crate) cpu: Duration,
    buckets: [u64; 40],
}

impl Default for Figures {
    fn default() -> Self {
        Self { calls: 0, faults: 0, last_fault: None, memory: 0, cpu: Duration::ZERO, buckets: [0; 40] }
    }
}

impl Figures {
    pub(crate) fn add(&mut self, wall: Duration, cpu: Duration, memory: usize) {
        self.calls += 1;
        self.cpu += cpu;
        self.memory = memory;
        // Two buckets an octave: a quantile is right within a half.
        let us = wall.as_micros().max(1) as f64;
        let bucket = (us.log2() * 2.0) as usize;
        self.buckets[bucket.min(39)] += 1;
    }

    /// The upper end of the bucket that holds the quantile, in microseconds.
    pub(crate) fn quantile(&self, q: f64) -> u64 {
        let total: u64 = self.buckets.iter().sum();
        let mut left = (total as f64 * q).ceil() as u64;
        for (i, n) in self.buckets.iter().enumerate() {
            if *n >= left && total > 0 {
                return 2f64.powf((i as f64 + 1.0) / 2.0).round() as u64;
            }
            left -= n;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_near_the_truth() {
        let mut f = Figures::default();
        assert_eq!(f.quantile(0.5), 0);
        for us in 1..=1000 {
            f.add(Duration::from_micros(us), Duration::ZERO, 0);
        }
        assert!((400..=750).contains(&f.quantile(0.5)), "{}", f.quantile(0.5));
        assert!((900..=1500).contains(&f.quantile(0.99)), "{}", f.quantile(0.99));
    }
}
