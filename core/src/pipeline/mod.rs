//! From a finished span to the backend.
//!
//! | part | does |
//! |---|---|
//! | [`chunk`](self) | gathers a thread's finished spans |
//! | `budget` | bounds the memory of everything below |
//! | `worker` | one thread: reads batches, has them redacted and encoded, sends them to every destination |
//! | `backlog`, `lane` | what one destination still has to get, and how it takes it |
//! | `outlet` | its far end: a receiver, the console, a file, memory |
//! | `canary` | tells whether a host has closed the worker's descriptors under it |
//! | [`delivery`] | decides, per answer of the backend, what happens next |
//!
//! A `Pipeline` is the mutable state of one provider in one process generation.

mod backlog;
pub mod backoff;
mod budget;
mod canary;
mod chunk;
pub mod delivery;
mod flush;
mod lane;
mod outlet;
mod signal;
mod turns;
mod verdict;
mod worker;

pub use flush::FlushError;

pub(crate) use chunk::{Local, local};
pub(crate) use outlet::{CloseBy, Outlet, cancelled};
pub(crate) use signal::Signal;

use crate::config::{self, Config, Destination};
use crate::diagnostics::{Cause, Diagnostics};
use crate::metrics::Metrics;
use crate::process;
use crate::redact;
use crate::resource::Resource;
use crate::stats::{Counters, DropCause, Stats};
use crate::trace::{Batch, Identity, Inner, Recorder};
use budget::Budget;
use flush::Waiting;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Longer than any process runs. Not `Duration::MAX`, which no clock can add.
const NO_BOUND: std::time::Duration = std::time::Duration::from_secs(30 * 365 * 24 * 3600);

/// Mutable state of one provider in one process generation.
pub(crate) struct Pipeline {
    pub(crate) generation: u64,
    /// Tells pipelines apart in thread-local caches.
    uid: u64,
    pub(crate) instance_id: u128,
    locals: boxcar::Vec<Local>,
    queue: Mutex<VecDeque<Batch>>,
    /// Spans in the queue or with the worker.
    waiting_spans: AtomicUsize,
    most_waiting_spans: usize,
    chunk_records: u32,
    export_spans: usize,
    budget: Budget,
    signal: Signal,
    canary: canary::Canary,
    /// A thread has put something into an empty chunk since the worker's timer last went off.
    timer_wanted: AtomicBool,
    worker: AtomicU8,
    waiting: Waiting,
    /// Of what happens before spans go their ways to their destinations.
    pub(crate) counters: Counters,
    destinations: Vec<Counted>,
    pub(crate) redacted: redact::Counts,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) metrics: Metrics,
    resource: OnceLock<Resource>,
}

mod worker_state {
    pub(super) const ABSENT: u8 = 0;
    pub(super) const RUNNING: u8 = 1;
    pub(super) const ENDED: u8 = 2;
    pub(super) const FAILED: u8 = 3;
}

/// A destination and what became of the spans for it.
struct Counted {
    name: String,
    over_network: bool,
    counters: Counters,
}

impl Counted {
    fn new(destination: &Destination) -> Self {
        Self {
            name: destination.to_string(),
            over_network: matches!(destination, Destination::Otlp(_)),
            counters: Counters::default(),
        }
    }
}

impl Pipeline {
    /// `taken`: the host takes the diagnostics itself.
    pub(crate) fn new(config: &Config, generation: u64, taken: bool) -> Self {
        static NEXT_UID: AtomicU64 = AtomicU64::new(1);
        let export_spans = config.max_export_batch_size.max(1) as usize;
        let most_waiting_spans = config
            .max_queue_size
            .map_or(usize::MAX, |spans| spans as usize);
        let destinations = config.destinations(config::Signal::Traces);
        Self {
            generation,
            uid: NEXT_UID.fetch_add(1, Ordering::Relaxed),
            instance_id: crate::trace::random_u128(),
            locals: boxcar::Vec::new(),
            queue: Mutex::new(VecDeque::new()),
            waiting_spans: AtomicUsize::new(0),
            most_waiting_spans,
            chunk_records: export_spans.min(most_waiting_spans).clamp(1, 256) as u32,
            export_spans,
            budget: Budget::new(config.memory_limit),
            signal: Signal::default(),
            canary: canary::Canary::default(),
            timer_wanted: AtomicBool::new(false),
            worker: AtomicU8::new(worker_state::ABSENT),
            waiting: Waiting::default(),
            counters: Counters::default(),
            destinations: destinations.iter().map(Counted::new).collect(),
            redacted: redact::Counts::new(),
            diagnostics: Diagnostics::new(config.log_level, taken),
            metrics: Metrics::default(),
            resource: OnceLock::new(),
        }
    }

    /// A recorded span has ended on this thread.
    #[inline]
    pub(crate) fn append(
        &'static self,
        provider: &'static Inner,
        recorder: &Recorder,
        identity: &Identity<'_>,
    ) {
        let local = local(self);
        local.ended.add(1);
        local.live.subtract(1);
        if self.is_closed() {
            return self.counters.dropped(DropCause::Shutdown, 1);
        }
        let mut chunk = local.chunk();
        let was_empty = chunk.is_empty();
        if !chunk.append(self, recorder, identity) {
            drop(chunk);
            local.dropped.add(1);
            return;
        }
        drop(chunk);
        if was_empty {
            self.want_timer(provider);
        }
    }

    /// A host submits spans that it kept.
    pub(crate) fn submit(&'static self, provider: &'static Inner, batch: Batch) {
        process::check_pid();
        let records = u64::from(batch.records);
        if self.is_closed() {
            return self.counters.dropped(DropCause::Shutdown, records);
        }
        if !self.budget.charge(batch.bytes()) {
            return self.counters.dropped(DropCause::QueueFull, records);
        }
        self.enqueue(batch);
        self.want_timer(provider);
    }

    /// Buffers for a host's next batch, not charged until they come back.
    pub(crate) fn take_buffers(&self) -> (Vec<u64>, Vec<u8>) {
        let (slots, text) = self.budget.recycled().unwrap_or_default();
        self.budget.release(slots.capacity() * 8 + text.capacity());
        (slots, text)
    }

    /// Puts a charged batch into the queue, or drops it if more spans wait than the user wants.
    fn enqueue(&self, batch: Batch) {
        let records = batch.records as usize;
        let waiting = self.waiting_spans.fetch_add(records, Ordering::Relaxed) + records;
        if waiting > self.most_waiting_spans {
            self.waiting_spans.fetch_sub(records, Ordering::Relaxed);
            self.counters.dropped(DropCause::QueueFull, records as u64);
            self.budget.recycle(batch.slots, batch.text);
            return;
        }
        self.queue().push_back(batch);
        if waiting >= self.export_spans || (self.destinations.len() > 1 && self.is_crowded()) {
            // Not `wake`: its look at the descriptors is for the first of many; the waker looks again.
            self.signal.raise();
        }
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Batch>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes sure that what lies in a chunk or in the queue goes out when the schedule delay has passed.
    fn want_timer(&'static self, provider: &'static Inner) {
        let wanted = self.timer_wanted.load(Ordering::Relaxed);
        if !wanted && !self.timer_wanted.swap(true, Ordering::AcqRel) {
            self.ensure_worker(provider);
            if !self.wake() {
                self.give_up_lost();
            }
        }
    }

    /// Starts the worker if there is none; says whether there is one.
    pub(crate) fn ensure_worker(&'static self, provider: &'static Inner) -> bool {
        use worker_state::{ABSENT, FAILED, RUNNING};
        let started =
            self.worker
                .compare_exchange(ABSENT, RUNNING, Ordering::AcqRel, Ordering::Acquire);
        if started.is_err() {
            return self.worker.load(Ordering::Acquire) == RUNNING;
        }
        let spawned = std::thread::Builder::new()
            .name("polyspan".into())
            .spawn(move || worker::run(provider, self));
        if let Err(error) = spawned {
            self.worker.store(FAILED, Ordering::Release);
            self.diagnostics.report(
                Cause::Worker,
                format!("the export thread could not be started ({error}); spans are dropped"),
            );
            return false;
        }
        true
    }

    /// Wakes the worker. `false`: that is not possible any more, as its descriptors were closed under it.
    fn wake(&self) -> bool {
        let alive = !self.canary.is_dead();
        if alive {
            self.signal.raise();
        }
        alive
    }

    /// Whether little is left of the memory, or of the places for spans.
    fn is_crowded(&self) -> bool {
        let waiting = self.waiting_spans.load(Ordering::Relaxed);
        self.budget.is_crowded() || waiting > self.most_waiting_spans / 4 * 3
    }

    /// Gives every thread's chunk to the queue.
    fn collect(&self) {
        for (_, local) in self.locals.iter() {
            let taken = local.chunk().take();
            if let Some(batch) = taken {
                self.enqueue(batch);
            }
        }
    }

    /// What produces the telemetry of this process generation, without the policy. The first one to ask reads the files:
    /// the worker when it starts, unless a host asks before.
    pub(crate) fn resource(&self, provider: &Inner) -> &Resource {
        self.resource.get_or_init(|| {
            let redactor = &provider.policy.redactor;
            let detected = Resource::of_process(&provider.config, self.instance_id, redactor);
            for problem in detected.problems {
                self.diagnostics.report(Cause::Detail, problem);
            }
            detected.resource
        })
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats {
            queue_bytes: self.budget.used() as u64,
            generation: self.generation,
            queue_spans: self.waiting_spans.load(Ordering::Relaxed) as u64,
            queue_capacity: match self.most_waiting_spans {
                usize::MAX => 0,
                most => most as u64,
            },
            memory_limit_bytes: self.budget.limit() as u64,
            ..Stats::default()
        };
        self.counters.add_to(&mut stats);
        for (_, local) in self.locals.iter() {
            stats.started += local.started.get();
            stats.live = stats.live.wrapping_add(local.live.get() as i64);
            stats.ended += local.ended.get();
            stats.sampled_out += local.sampled_out.get();
            stats.dropped[DropCause::QueueFull as usize] += local.dropped.get();
            stats.local_roots += local.local_roots.get();
            stats.local_roots_sampled += local.local_roots_sampled.get();
        }
        stats.destinations = self
            .destinations
            .iter()
            .map(|one| one.counters.of_destination(&one.name, &stats))
            .collect();
        let network = self.destinations.iter().position(|one| one.over_network);
        stats.stand_for(network.unwrap_or(0));
        for (rule, count) in self.redacted.iter() {
            stats.add_redacted(rule.name(), count);
        }
        stats
    }
}
