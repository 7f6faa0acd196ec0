//! Follows the parent: a trace is then sampled as a whole or not at all.
//!
//! parent                 | asked              | default
//! -----------------------|--------------------|-----------
//! none                   | `root`             | as configured
//! undecided              | `root`             | as configured
//! remote, sampled        | `remote_sampled`   | always on
//! remote, not sampled    | `remote_unsampled` | always off
//! local, sampled         | `local_sampled`    | always on
//! local, not sampled     | `local_unsampled`  | always off
//!
//! A span that is sampled because its parent was has the parent's threshold, unless that contradicts the parent's flag.

use super::composite::known_threshold;
use super::judgement::{Judgement, Notice};
use super::threshold::OtelState;
use super::{Candidate, Mask, Sampler, Verdict};
use crate::propagate::marks::is_undecided;
use crate::trace::SpanContext;
use std::fmt;

/// One sampler for roots, and one for each kind of parent.
#[derive(Clone, Debug, PartialEq)]
pub struct ParentBased {
    /// Asked where there is no parent, or one whose format left the decision to us (`b3` and others).
    pub root: Sampler,
    /// Asked where the parent is in another process and sampled.
    pub remote_sampled: Sampler,
    /// Asked where the parent is in another process and not sampled.
    pub remote_unsampled: Sampler,
    /// Asked where the parent is in this process and sampled.
    pub local_sampled: Sampler,
    /// Asked where the parent is in this process and not sampled.
    pub local_unsampled: Sampler,
}

impl ParentBased {
    /// Does as the parent does, and asks `root` where there is none.
    pub fn new(root: Sampler) -> Self {
        Self {
            root,
            remote_sampled: Sampler::AlwaysOn,
            remote_unsampled: Sampler::AlwaysOff,
            local_sampled: Sampler::AlwaysOn,
            local_unsampled: Sampler::AlwaysOff,
        }
    }

    /// All five, in the order of the fields.
    pub(super) fn samplers(&self) -> impl Iterator<Item = &Sampler> {
        [
            &self.root,
            &self.remote_sampled,
            &self.remote_unsampled,
            &self.local_sampled,
            &self.local_unsampled,
        ]
        .into_iter()
    }

    pub(super) fn judge(&self, candidate: &Candidate<'_>, otel: &OtelState) -> Judgement<'_> {
        let Some(parent) = candidate.parent else {
            return self.root.judge(candidate, otel);
        };
        if is_undecided(parent) {
            let judgement = self.root.judge(candidate, otel);
            // It is used as a root sampler, which is how it should be used.
            let is_of_child = |notice: &Notice| {
                matches!(
                    notice,
                    Notice::RatioOfChild | Notice::RatioOfConsistentChild
                )
            };
            return Judgement {
                notice: judgement.notice.filter(|notice| !is_of_child(notice)),
                ..judgement
            };
        }
        let delegate = self.delegate(parent);
        let judgement = delegate.judge(candidate, otel);
        if *delegate == Sampler::AlwaysOn && judgement.verdict == Verdict::Sample {
            return Judgement {
                threshold: known_threshold(parent, otel),
                ..judgement
            };
        }
        judgement
    }

    fn delegate(&self, parent: &SpanContext) -> &Sampler {
        match (parent.remote, parent.is_sampled()) {
            (true, true) => &self.remote_sampled,
            (true, false) => &self.remote_unsampled,
            (false, true) => &self.local_sampled,
            (false, false) => &self.local_unsampled,
        }
    }

    pub(super) fn mask(&self) -> Mask {
        let masks = self.samplers().map(Sampler::mask);
        Mask {
            // Children repeat their parent's verdict only if both local samplers do, and if there are but two verdicts.
            inheritable: self.local_sampled == Sampler::AlwaysOn
                && self.local_unsampled == Sampler::AlwaysOff
                && !self.samplers().any(Sampler::may_record_only),
            ..masks.fold(super::always::MASK, Mask::and)
        }
    }
}

impl fmt::Display for ParentBased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ParentBased{{root:{},remoteParentSampled:{},remoteParentNotSampled:{},localParentSampled:{},\
             localParentNotSampled:{}}}",
            self.root,
            self.remote_sampled,
            self.remote_unsampled,
            self.local_sampled,
            self.local_unsampled
        )
    }
}
