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

use super::{Mask, Sampler};
use crate::propagate::marks;
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

    pub(super) fn delegate(&self, parent: Option<&SpanContext>) -> &Sampler {
        let Some(parent) = parent else {
            return &self.root;
        };
        if marks::is_undecided(parent) {
            return &self.root;
        }
        match (parent.remote, parent.is_sampled()) {
            (true, true) => &self.remote_sampled,
            (true, false) => &self.remote_unsampled,
            (false, true) => &self.local_sampled,
            (false, false) => &self.local_unsampled,
        }
    }

    pub(super) fn mask(&self) -> Mask {
        let masks = [
            &self.root,
            &self.remote_sampled,
            &self.remote_unsampled,
            &self.local_sampled,
            &self.local_unsampled,
        ]
        .map(Sampler::mask);
        Mask {
            // Children repeat their parent's verdict only if both local samplers do.
            inheritable: self.local_sampled == Sampler::AlwaysOn
                && self.local_unsampled == Sampler::AlwaysOff,
            needs_name_kind: masks.iter().any(|mask| mask.needs_name_kind),
            needs_attributes: masks.iter().any(|mask| mask.needs_attributes),
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
