//! What one instance may use. Every limit has a value; none means unlimited.

use std::time::Duration;
use wasmtime::{ResourceLimiter, Result};

/// Limits of a call and of the instance it runs in.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of all linear memories of an instance together.
    pub memory: usize,
    /// CPU time of the calling thread, guest and conversions; not time in which others had the processor.
    pub call_cpu: Duration,
    /// Wall-clock time, waits in host calls included.
    pub call_wall: Duration,
    /// Host calls in one call.
    pub host_calls: u32,
    /// Bytes that host calls hand to the guest in one call.
    pub host_bytes: u64,
    /// Bytes that a guest hands over in one host call, or as a result. Above it the engine traps while it copies.
    pub transfer: usize,
    /// Elements of all tables together.
    pub table_elements: usize,
    /// Calls after which a warm instance is replaced by a fresh one, so that a slow leak has an end.
    pub warm_calls: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            call_cpu: Duration::from_millis(500),
            call_wall: Duration::from_secs(10),
            host_calls: 20_000,
            host_bytes: 64 << 20,
            transfer: 4 << 20,
            table_elements: 100_000,
            warm_calls: 10_000,
        }
    }
}

impl Limits {
    /// For a dream: it reads all that is remembered, nobody waits for it, and there is one at a time.
    pub fn dream() -> Self {
        Self {
            memory: 256 << 20,
            call_cpu: Duration::from_secs(20),
            call_wall: Duration::from_secs(60),
            // Each claim is compared with its neighbours, and the evidence of some is looked up.
            host_calls: 100_000,
            // 50,000 observations of a few KiB, and all claims.
            host_bytes: 1 << 30,
            // A thousand operations with long texts and much evidence.
            transfer: 8 << 20,
            ..Self::default()
        }
    }
}

/// What grew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Growth {
    Memory,
    Table,
}

/// Counts what an instance holds. The engine's own `memory_size` limits each memory; this limits their sum.
#[derive(Debug)]
pub(crate) struct Meter {
    max_memory: usize,
    max_table: usize,
    /// Bytes of linear memory now.
    pub memory: usize,
    table: usize,
    /// A growth was refused; a trap that follows is a lack of memory, not a bug.
    pub refused: Option<Growth>,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { max_memory: limits.memory, max_table: limits.table_elements, memory: 0, table: 0, refused: None }
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        // The guest's own limit. The engine would refuse it after it was counted here.
        if maximum.is_some_and(|m| desired > m) {
            return Ok(false);
        }
        let total = self.memory - current.min(self.memory) + desired;
        if total > self.max_memory {
            self.refused = Some(Growth::Memory);
            return Ok(false);
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let total = self.table - current.min(self.table) + desired;
        // The maximum is the pool's, where the guest has none or a larger one.
        if total > self.max_table || maximum.is_some_and(|m| desired > m) {
            self.refused = Some(Growth::Table);
            return Ok(false);
        }
        self.table = total;
        Ok(true)
    }

    // A component made from a dynamic language consists of several core instances; these are the largest seen, times four.
    fn instances(&self) -> usize {
        64
    }
    fn tables(&self) -> usize {
        32
    }
    fn memories(&self) -> usize {
        8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_limited_as_a_sum() {
        let mut m = Meter::new(&Limits { memory: 200, ..Limits::default() });
        assert!(m.memory_growing(0, 100, None).unwrap());
        assert!(m.memory_growing(0, 60, None).unwrap());
        assert!(!m.memory_growing(60, 120, None).unwrap());
        assert_eq!(m.refused, Some(Growth::Memory));
        assert!(m.memory_growing(100, 140, None).unwrap());
        assert_eq!(m.memory, 200);
    }
}
