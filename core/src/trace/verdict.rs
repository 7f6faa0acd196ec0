//! The verdicts on local roots: counted for the actual sampling rate, and told to those who look for a fault.

use super::SpanContext;
use super::inner::Inner;
use crate::diagnostics::Cause;
use crate::redact::Counts;
use crate::sample::{Candidate, Verdict};

impl Inner {
    /// The sampler has decided on a span. Only local roots are of interest here: what they decide is decided for all.
    #[inline]
    pub(super) fn decided(&self, candidate: &Candidate<'_>, verdict: Verdict) {
        let is_local_root = candidate.parent.is_none_or(|parent| parent.remote);
        if self.disabled || !is_local_root {
            return;
        }
        let pipeline = self.pipeline();
        let local = crate::pipeline::local(pipeline);
        local.local_roots.add(1);
        if verdict == Verdict::Sample {
            local.local_roots_sampled.add(1);
        }
        if pipeline.diagnostics.wants(Cause::Verdict) {
            let words = || self.in_words(candidate, verdict);
            pipeline.diagnostics.report_made(Cause::Verdict, words);
        }
    }

    #[cold]
    fn in_words(&self, candidate: &Candidate<'_>, verdict: Verdict) -> String {
        let trace = candidate.trace_id;
        // What is removed from a span's name must not stand in a log either; it is counted where the span is exported.
        let name = self
            .policy
            .redactor
            .text(candidate.name, &Counts::default());
        let is = match verdict {
            Verdict::Sample => "sampled",
            Verdict::RecordOnly => "recorded, not sampled",
            Verdict::Drop => "not sampled",
        };
        let parent = match candidate.parent.map(SpanContext::is_sampled) {
            None => "no parent",
            Some(true) => "remote parent, sampled",
            Some(false) => "remote parent, not sampled",
        };
        let sampler = self.policy.sampler.describe();
        format!("trace {trace}: local root \"{name}\" is {is} by {sampler} ({parent})")
    }
}
