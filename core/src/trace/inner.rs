//! What stands behind a provider and all its tracers and spans.

use super::id_generator::Ids;
use super::record::{Identity, Recorder};
use super::scope::OwnedScope;
use crate::config::{Config, ConfigError, Signal};
use crate::diagnostics::Cause;
use crate::generation::PerGeneration;
use crate::metrics::Definitions;
use crate::pipeline::Pipeline;
use crate::policy::Policy;
use crate::process;
use crate::sample::{Candidate, Decision, Notice, Verdict};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// Everything that is fixed when the provider is made, and one pointer to what changes.
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) policy: Policy,
    pub(crate) ids: Ids,
    pub(crate) scopes: boxcar::Vec<OwnedScope>,
    pub(crate) counters: Definitions,
    pub(crate) disabled: bool,
    /// Without an exporter spans only propagate.
    exports: bool,
    /// Which of the sampler's notices have been told, by their bits.
    notices_told: AtomicU8,
    /// The host takes the diagnostics itself; a forked child need not be told again.
    diagnostics_taken: AtomicBool,
    state: PerGeneration<Pipeline>,
}

impl Inner {
    pub(super) fn new(config: Config) -> Result<Self, ConfigError> {
        Ok(Self {
            policy: Policy::compile(&config)?,
            ids: Ids::new(config.id_seed, config.id_generator.clone()),
            scopes: boxcar::Vec::new(),
            counters: Definitions::new(),
            disabled: config.disabled,
            exports: config.exports(Signal::Traces),
            notices_told: AtomicU8::new(0),
            diagnostics_taken: AtomicBool::new(false),
            state: PerGeneration::new(),
            config,
        })
    }

    /// From now on the host takes the diagnostics itself.
    pub(super) fn diagnostics_are_taken(&self) {
        self.diagnostics_taken.store(true, Ordering::Relaxed);
    }

    /// This generation's mutable state.
    #[inline]
    pub(crate) fn pipeline(&self) -> &'static Pipeline {
        let generation = process::generation();
        self.state.get(generation, || self.new_pipeline(generation))
    }

    #[cold]
    fn new_pipeline(&self, generation: u64) -> Pipeline {
        let taken = self.diagnostics_taken.load(Ordering::Relaxed);
        Pipeline::new(&self.config, generation, taken)
    }

    /// Whether a span that starts now could be recorded.
    #[inline]
    pub(crate) fn is_recording(&self) -> bool {
        !self.disabled && self.exports && !self.pipeline().is_closed()
    }

    #[inline]
    pub(crate) fn sample(&self, candidate: &Candidate<'_>) -> Decision {
        let (mut decision, notice) = self.policy.sampler.decide_with_notice(candidate);
        if let Some(notice) = notice {
            self.tell(notice);
        }
        if candidate.parent.is_none() && !self.ids.are_random() {
            decision.flags = decision.flags.with_random(false);
        }
        self.decided(candidate, decision.verdict);
        if !self.exports {
            // The flags stay: the next service may export.
            decision.verdict = Verdict::Drop;
        }
        decision
    }

    /// Tells what a user should know about the sampler, once.
    #[cold]
    fn tell(&self, notice: Notice) {
        let told = self.notices_told.fetch_or(notice.bit(), Ordering::Relaxed);
        if told & notice.bit() == 0 {
            let diagnostics = &self.pipeline().diagnostics;
            diagnostics.report(Cause::Sampler, notice.to_string());
        }
    }

    /// Whether a span with this verdict is recorded.
    #[inline]
    pub(crate) fn records(&self, verdict: Verdict) -> bool {
        verdict != Verdict::Drop && self.exports
    }

    /// Counts a span that starts and returns the generation it belongs to; `None` if nothing is recorded any more.
    #[inline]
    pub(crate) fn started(&self) -> Option<u64> {
        if self.disabled {
            return None;
        }
        let pipeline = self.pipeline();
        if pipeline.is_closed() {
            return None;
        }
        let local = crate::pipeline::local(pipeline);
        local.started.add(1);
        local.live.add(1);
        Some(pipeline.generation)
    }

    /// A recorded span has ended. One that was started before a fork is its parent's and is left alone.
    #[inline]
    pub(crate) fn ended(
        &'static self,
        generation: u64,
        recorder: &Recorder,
        identity: &Identity<'_>,
    ) {
        let pipeline = self.pipeline();
        if pipeline.generation == generation {
            pipeline.append(self, recorder, identity);
        }
    }

    /// A span will never end. One that was started before a fork is its parent's and is left alone.
    pub(crate) fn abandoned(&self, generation: u64) {
        let pipeline = self.pipeline();
        if pipeline.generation == generation {
            crate::pipeline::local(pipeline).live.subtract(1);
            pipeline.counters.abandoned(1);
        }
    }

    /// A span that was not sampled has ended.
    #[inline]
    pub(crate) fn ended_unrecorded(&self, generation: u64) {
        let pipeline = self.pipeline();
        if pipeline.generation == generation {
            let local = crate::pipeline::local(pipeline);
            local.ended.add(1);
            local.live.subtract(1);
            local.sampled_out.add(1);
        }
    }
}
