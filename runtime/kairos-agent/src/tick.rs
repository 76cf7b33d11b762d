//! One tick: collect, detect, govern, journal.

use crate::backlog::Delivered;
use crate::now;
use crate::project_loop::ProjectLoop;
use crate::slots::Slot;
use futures_util::StreamExt;
use kairos_api::{Event, PluginChange};
use kairos_core::{PluginKind, Report, Signal, Urgency};
use kairos_host::{CallError, FaultKind, Outcome};
use kairos_store::{Answer, Delivery, HostCall, StoreError, TickRecord};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Detectors that are under way at once: one that waits for the disk, or sleeps, must not hold up the others.
const AT_ONCE: usize = 8;

/// Calls a detector, unless the tick's time is used up before its turn comes.
async fn call(index: usize, slot: &mut Slot, spent: &AtomicU64, budget: u64) -> Option<Called> {
    if spent.load(Relaxed) > budget {
        return None;
    }
    let (batch, outcome) = slot.call().await;
    spent.fetch_add(outcome.cpu.as_nanos() as u64, Relaxed);
    Some(Called { slot: index, batch, outcome })
}

/// A call that was made.
struct Called {
    slot: usize,
    batch: Vec<Delivered>,
    outcome: Outcome<Report>,
}

/// Does somebody work here? A log that grows and a server that runs do so by themselves.
fn is_activity(signal: &Signal) -> bool {
    matches!(signal.source.as_str(), "files" | "git" | "exec" | "shell")
}

impl ProjectLoop {
    /// Runs one tick. An error means that our own database can't be used.
    pub(crate) async fn tick(&mut self, reason: &str) -> Result<(), StoreError> {
        let (started, begin) = (now(), Instant::now());
        self.tell_watch();
        self.upkeep.iter().for_each(|upkeep| upkeep.tick(&self.project));
        self.sync_plugins().await?;
        let signals = self.collect(started).await?;
        self.project.begin_tick();
        let calls = if self.slots.iter().any(|s| s.is_due(begin)) { self.detect(begin).await } else { (Vec::new(), Vec::new()) };
        let (called, overruns) = calls;
        let deliveries: u64 = called.iter().map(|c| c.batch.len() as u64).sum();
        let mut record = TickRecord { started, reason: reason.into(), overruns, ..TickRecord::default() };
        if !called.is_empty() {
            record.signals = recorded_signals(&called);
        }
        let mut news = Vec::new();
        for call in called {
            record.deliveries.push(self.settle(call, started, &mut news).await?);
        }
        self.thinker.tick(&news, started).await;
        self.inbox.release(started).await?;
        let duration = begin.elapsed();
        if !record.deliveries.is_empty() {
            record.duration_us = duration.as_micros() as u64;
            self.db.append(record).await?;
            self.open = self.inbox.open().await?;
        }
        let dropped: u64 = self.slots.iter_mut().map(|s| std::mem::take(&mut s.backlog.dropped)).sum();
        if dropped > 0 {
            self.status().dropped += dropped;
            self.events.send(Event::Dropped { count: dropped });
        }
        let number = {
            let mut status = self.status();
            status.ticks += 1;
            status.last_tick = Some(started);
            status.ticks
        };
        self.events.send(Event::Tick {
            project: self.inbox.project.clone(),
            number,
            started,
            signals,
            deliveries,
            duration_us: duration.as_micros() as u64,
            reason: reason.into(),
            open: self.open,
        });
        Ok(())
    }

    /// Takes what the watchers brought, adds what time brings, and gives it to those who want it.
    async fn collect(&mut self, time: u64) -> Result<u64, StoreError> {
        let drained = self.queue.drain();
        if drained.dropped > 0 {
            self.status().dropped += drained.dropped;
            self.events.send(Event::Dropped { count: drained.dropped });
        }
        if self.queue.paused_until().is_some() {
            // Time brings nothing either: who was woken would look at the project.
            return Ok(0);
        }
        let mut signals = drained.signals;
        if signals.iter().any(is_activity) {
            self.status().last_activity = time;
            if let Some(ended) = self.idle.activity(time) {
                signals.insert(0, ended);
            }
        } else {
            signals.extend(self.idle.check(time));
        }
        self.recorder.signals(&signals, &self.project);
        self.thinker.signals(&signals);
        self.drift.signals(&signals, &self.project);
        let count = signals.len() as u64;
        for signal in signals {
            // An unwanted signal costs no number and no copy.
            let wanted = self.matcher.detectors(&signal);
            if wanted.is_empty() {
                continue;
            }
            let delivered = self.number(signal).await?;
            for slot in wanted {
                self.slots[slot].backlog.give(&delivered);
            }
        }
        if self.next_wake.is_some_and(|due| due <= time) {
            for (plugin, _) in self.db.take_due_wakes(time).await? {
                let wake = self.number(Signal::new("kairos.wake", "kairos", time)).await?;
                if let Some(slot) = self.slots.iter_mut().find(|s| s.name == plugin) {
                    slot.backlog.give(&wake);
                }
            }
            self.next_wake = self.db.next_wake().await?;
        }
        Ok(count)
    }

    /// Calls all detectors that have something to see, until the tick's CPU time is used up; the rest come first next time.
    /// Answers the calls, and the names of those that used the time up.
    async fn detect(&mut self, begin: Instant) -> (Vec<Called>, Vec<String>) {
        let spent = AtomicU64::new(0);
        let budget = self.pace.tick_cpu.as_nanos() as u64;
        let first = self.first;
        let mut due: Vec<(usize, &mut Slot)> = self.slots.iter_mut().enumerate().filter(|(_, s)| s.is_due(begin)).collect();
        // Those that got no time in the last tick come first in this one.
        due.sort_by_key(|(i, _)| (*i < first, *i));
        let order: Vec<usize> = due.iter().map(|(i, _)| *i).collect();
        let calls: Vec<_> = due.into_iter().map(|(index, slot)| call(index, slot, &spent, budget)).collect();
        let calls = futures_util::stream::iter(calls).buffer_unordered(AT_ONCE);
        let mut called: Vec<Called> = calls.filter_map(|c| async { c }).collect().await;
        called.sort_by_key(|c| c.slot);
        let skipped = order.into_iter().find(|i| called.binary_search_by_key(i, |c| c.slot).is_err());
        self.first = skipped.unwrap_or(0);
        let mut overruns = Vec::new();
        if spent.into_inner() > budget {
            // Named are those that used more than their share, were the time shared among eight.
            let share = self.pace.tick_cpu / AT_ONCE as u32;
            let greedy = called.iter().filter(|c| c.outcome.cpu > share);
            overruns = greedy.map(|c| self.slots[c.slot].name.clone()).collect();
            tracing::warn!("the tick's CPU time ({:?}) is used up; most of it by: {}", self.pace.tick_cpu, overruns.join(", "));
        }
        (called, overruns)
    }

    /// Counts a call, draws the consequences of a fault, takes the report in, adds to the news; answers what the journal keeps.
    async fn settle(&mut self, call: Called, time: u64, news: &mut Vec<(u64, Urgency)>) -> Result<Delivery, StoreError> {
        let Called { slot, batch, mut outcome } = call;
        if let Err(CallError::Fault(fault)) = &mut outcome.result
            && fault.kind == FaultKind::Timeout
            && !self.project.answers()
        {
            // Who waits for a folder that hangs is not at fault.
            fault.kind = FaultKind::HostError;
        }
        let quarantine = self.slots[slot].settle(&batch, &outcome);
        let (name, hash) = (self.slots[slot].name.clone(), self.slots[slot].hash.clone());
        let fault = match &outcome.result {
            Err(CallError::Fault(fault)) => Some(fault.clone()),
            _ => None,
        };
        self.registry.count(&name, outcome.wall, outcome.cpu, outcome.memory, fault.as_ref());
        if let Some(fault) = &fault {
            let event = Event::Plugin { name: name.clone(), change: PluginChange::Fault, why: Some(fault.message.clone()) };
            self.events.send(event);
        }
        if let Err(CallError::Guest(error)) = &outcome.result
            && self.slots[slot].gave_up()
        {
            let why = Some(format!("answers with an error: {error}"));
            self.events.send(Event::Plugin { name: name.clone(), change: PluginChange::Fault, why });
        }
        if let Some((fault, time)) = quarantine {
            let strikes = self.slots[slot].strikes();
            self.registry.quarantine(&name, &hash, PluginKind::Detector, strikes, &fault, time).await;
        }
        let kept = match &outcome.result {
            Ok(report) => serde_json::json!({ "report": report }),
            Err(CallError::Fault(fault)) => serde_json::json!({ "fault": fault }),
            Err(CallError::Guest(error)) => serde_json::json!({ "error": error }),
        };
        let calls = std::mem::take(&mut outcome.host_calls);
        let cpu = outcome.cpu;
        if let Ok(report) = outcome.result {
            news.extend(self.take(&name, report, time).await?);
        }
        Ok(delivery(name, hash, &batch, kept, cpu, calls))
    }

    async fn take(&mut self, name: &str, report: Report, time: u64) -> Result<Vec<(u64, Urgency)>, StoreError> {
        match report.wake_after {
            None => {}
            Some(0) => self.db.cancel_wake(name).await?,
            // From now, as the detector reckoned: a tick early, it would find that it has to wait for another.
            Some(seconds) => self.db.set_wake(name, now() + u64::from(seconds) * 1000).await?,
        }
        if report.wake_after.is_some() {
            self.next_wake = self.db.next_wake().await?;
        }
        self.inbox.take(name, report, time).await
    }
}

fn recorded_signals(called: &[Called]) -> Vec<Signal> {
    let mut all: Vec<_> = called.iter().flat_map(|c| &c.batch).map(|d| &d.signal).collect();
    all.sort_by_key(|s| s.id);
    all.dedup_by_key(|s| s.id);
    all.into_iter().map(|s| Signal::clone(s)).collect()
}

fn delivery(
    plugin: String,
    content_hash: String,
    batch: &[Delivered],
    outcome: serde_json::Value,
    cpu: Duration,
    calls: Vec<kairos_host::HostCall>,
) -> Delivery {
    let signals = batch.iter().map(|d| d.signal.id).collect();
    let mut delivery = Delivery { plugin, content_hash, signals, outcome, cpu_us: cpu.as_micros() as u64, ..Delivery::default() };
    for call in calls {
        match call.answer {
            Some(answer) => delivery.calls.push(HostCall {
                function: call.function.into(),
                args: call.arguments,
                answer: Answer::new(answer),
            }),
            None => delivery.calls_dropped += 1,
        }
    }
    delivery
}
