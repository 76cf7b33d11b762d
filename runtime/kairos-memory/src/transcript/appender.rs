//! Appending without waiting for the disk: a thread stores what comes, and makes it last every 50 ms.

use super::error::{Error, Result};
use super::{New, Transcripts};
use kairos_core::memory::Observation;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long what comes is gathered before it is written and made durable together: what a crash may lose.
const GROUP: Duration = Duration::from_millis(50);
/// Most observations that wait.
const MAX_QUEUED: usize = 32 << 10;
/// Most text that waits, in bytes.
const MAX_BYTES: usize = 16 << 20;
/// How long to wait after a failure before the same is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// How it went so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Stored.
    pub stored: u64,
    /// Was there before.
    pub known: u64,
    /// Not taken, as too many were waiting. Whoever gave them was told.
    pub refused: u64,
    /// Wait to be stored.
    pub queued: usize,
    /// Why nothing is stored at the moment.
    pub trouble: Option<String>,
}

/// Takes observations from any thread and stores them in its own. While nothing comes it sleeps.
#[derive(Debug)]
pub struct Appender {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    transcripts: Arc<Transcripts>,
    state: Mutex<State>,
    /// Something came, or is to be done at once.
    work: Condvar,
    /// Something was stored, or could not be.
    done: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<New>,
    bytes: usize,
    /// How many were taken in all, and how many of them are stored.
    taken: u64,
    finished: u64,
    /// What was taken up to here is wanted at once.
    wanted: u64,
    /// Attempts that failed, in all: who waits sees that another did.
    failures: u64,
    closing: bool,
    figures: Figures,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Appender {
    /// Starts the thread.
    pub fn start(transcripts: Arc<Transcripts>) -> Result<Self> {
        let shared = Arc::new(Shared { transcripts, state: Mutex::default(), work: Condvar::new(), done: Condvar::new() });
        let thread = std::thread::Builder::new().name("transcripts".into()).spawn({
            let shared = shared.clone();
            move || shared.run()
        });
        match thread {
            Ok(thread) => Ok(Self { shared, thread: Some(thread) }),
            Err(source) => {
                Err(Error::Io { path: shared.transcripts.dir().into(), action: "start the thread that stores", source })
            }
        }
    }

    /// Takes an observation, to be stored within a moment. Never waits: where too many are waiting it is refused, counted, and an
    /// error.
    pub fn push(&self, new: New) -> Result<()> {
        let bytes = size(&new);
        let mut state = self.shared.state();
        if state.queue.len() >= MAX_QUEUED || state.bytes + bytes > MAX_BYTES && !state.queue.is_empty() {
            state.figures.refused += 1;
            return Err(Error::QueueFull { queued: state.queue.len(), trouble: state.figures.trouble.clone() });
        }
        state.bytes += bytes;
        state.taken += 1;
        state.queue.push_back(new);
        if state.queue.len() == 1 {
            self.shared.work.notify_one();
        }
        Ok(())
    }

    /// Waits until everything that was taken so far is on the disk. An error if it can't be stored now; it is tried again all the
    /// same.
    pub fn flush(&self) -> Result<()> {
        let mut state = self.shared.state();
        let (target, failures) = (state.taken, state.failures);
        state.wanted = state.wanted.max(target);
        self.shared.work.notify_one();
        while state.finished < target {
            if state.failures > failures {
                let trouble = state.figures.trouble.clone().unwrap_or_default();
                return Err(Error::NotStored { count: target - state.finished, trouble });
            }
            state = self.shared.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// How it went so far.
    pub fn figures(&self) -> Figures {
        let state = self.shared.state();
        Figures { queued: (state.taken - state.finished) as usize, ..state.figures.clone() }
    }

    /// Stores what waits and ends the thread. An error tells how many observations are lost, and why.
    pub fn close(mut self) -> Result<Figures> {
        self.end();
        let figures = self.figures();
        match &figures.trouble {
            Some(trouble) if figures.queued > 0 => {
                Err(Error::NotStored { count: figures.queued as u64, trouble: trouble.clone() })
            }
            _ => Ok(figures),
        }
    }

    fn end(&mut self) {
        self.shared.state().closing = true;
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            self.shared.state().figures.trouble = Some("the thread that stores has failed".into());
        }
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.end();
            let figures = self.figures();
            if figures.queued > 0 {
                let trouble = figures.trouble.unwrap_or_default();
                tracing::error!(count = figures.queued, trouble, "observations are not stored");
            }
        }
    }
}

impl Shared {
    fn run(&self) {
        while let Some(batch) = self.gather() {
            let count = batch.len() as u64;
            let redactor = &self.transcripts.redactor;
            let batch: Vec<Observation> = batch.into_iter().map(|new| new.observe(redactor)).collect();
            if !self.store(&batch, count) {
                return;
            }
        }
    }

    /// What came within 50 ms of the first; none when it is time to end.
    fn gather(&self) -> Option<VecDeque<New>> {
        let mut state = self.state();
        while state.queue.is_empty() {
            if state.closing {
                return None;
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let until = Instant::now() + GROUP;
        while !state.closing && state.wanted <= state.finished {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.work.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.bytes = 0;
        Some(std::mem::take(&mut state.queue))
    }

    /// Tries until it is stored; false where it is not and the end has come.
    fn store(&self, batch: &[Observation], count: u64) -> bool {
        loop {
            let stored = self.transcripts.store(batch);
            let mut state = self.state();
            match stored {
                Ok(new) => {
                    let new = new.iter().filter(|new| **new).count() as u64;
                    state.figures.stored += new;
                    state.figures.known += count - new;
                    state.figures.trouble = None;
                    state.finished += count;
                    self.done.notify_all();
                    return true;
                }
                Err(error) => {
                    let text = error.to_string();
                    if state.figures.trouble.as_ref() != Some(&text) {
                        tracing::error!(waiting = count, "{text}");
                    }
                    state.figures.trouble = Some(text);
                    state.failures += 1;
                    self.done.notify_all();
                    if state.closing {
                        return false;
                    }
                    let until = Instant::now() + RETRY;
                    while !state.closing && Instant::now() < until {
                        let left = until.saturating_duration_since(Instant::now());
                        state = self.work.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
                    }
                }
            }
        }
    }
}

/// What it takes in memory, roughly.
fn size(new: &New) -> usize {
    200 + new.text.len() + new.attributes.iter().map(|(name, value)| 48 + name.len() + value.len()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_core::memory::Origin;
    use kairos_exec::redact::Redactor;
    use std::io::Write;

    /// `cargo test --release -p kairos-memory -- --ignored --nocapture appending_is_quick`: at least 20,000 a second, with
    /// secrets looked for, ids made, and what is known left out, beside a file to which the same lines are appended as they are.
    #[test]
    #[ignore = "measures; optimised builds only"]
    fn appending_is_quick() {
        const COUNT: u64 = 400_000;
        let dir = tempfile::tempdir().unwrap();
        let day = 20_000 * 86_400_000;
        let new = |at: u64| {
            let text = format!(
                "error[E0308]: mismatched types in crates/parser/src/lib.rs:{at}: expected `usize`, found `&str`; {}",
                "the session token of the caller is passed on ".repeat(3)
            );
            let (session, attributes) =
                ("terminal-1".into(), vec![("command".into(), "cargo check".into()), ("exit-code".into(), "101".into())]);
            New {
                time: day + at / 100,
                source: "exec".into(),
                session,
                origin: Origin::Tool,
                kind: "command".into(),
                attributes,
                text,
            }
        };
        let transcripts = Arc::new(Transcripts::open(dir.path(), Redactor::from_env()));
        let appender = Appender::start(transcripts.clone()).unwrap();
        let (began, mut waits) = (Instant::now(), 0);
        for at in 0..COUNT {
            while appender.push(new(at)).is_err() {
                waits += 1;
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        let figures = appender.close().unwrap();
        let ours = COUNT as f64 / began.elapsed().as_secs_f64();
        assert_eq!(figures.stored, COUNT);

        let lines = std::fs::read(dir.path().join("2024-10-04.jsonl")).unwrap();
        let mut plain = std::fs::File::create(dir.path().join("plain")).unwrap();
        let (began, mut synced) = (Instant::now(), Instant::now());
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            plain.write_all(line).unwrap();
            if synced.elapsed() >= GROUP {
                plain.sync_data().unwrap();
                synced = Instant::now();
            }
        }
        plain.sync_data().unwrap();
        let theirs = COUNT as f64 / began.elapsed().as_secs_f64();
        let size = lines.len() / COUNT as usize;
        println!(
            "{ours:.0} observations/s of {size} bytes ({waits} waits); plain appends with the same fsync {theirs:.0}/s; ratio {:.2}",
            ours / theirs
        );
        let began = Instant::now();
        let page = transcripts.since(&Default::default(), 100_000).unwrap();
        println!("reading: {:.0}/s", page.observations.len() as f64 / began.elapsed().as_secs_f64());
        let ids: Vec<&str> = page.observations.iter().rev().step_by(1000).map(|o| o.id.as_str()).collect();
        let began = Instant::now();
        assert_eq!(transcripts.get(&ids).unwrap().found.len(), ids.len());
        println!("{} by id: {:?} of {} MB", ids.len(), began.elapsed(), lines.len() >> 20);
        let began = Instant::now();
        let found = transcripts.grep("lib.rs:123456:", true, 10).unwrap().len();
        println!("exact search: {:?}, {found} found", began.elapsed());
        assert!(cfg!(debug_assertions) || ours > 20_000.0, "{ours}");
    }
}
