//! What one format read, and what it says about sampling.

use super::marks::{self, Marks};
use crate::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// The caller's sampling decision, as far as it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sampling {
    Sampled,
    Unsampled,
    /// Sampled, and to be kept by all means.
    Debug,
    /// The decision is the receiver's.
    Undecided,
}

impl Sampling {
    /// What is to be said of `context`.
    pub(super) fn of(context: &SpanContext) -> Self {
        match context.is_sampled() {
            true if Marks::of(&context.state).debug => Self::Debug,
            true => Self::Sampled,
            false if marks::is_undecided(context) => Self::Undecided,
            false => Self::Unsampled,
        }
    }
}

/// A caller's context with its marks, which are not yet in its trace state.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) context: SpanContext,
    pub(super) marks: Marks,
}

impl Found {
    /// A caller whose format has no trace state; `None` if an id is all zeroes.
    pub(super) fn new(trace_id: TraceId, span_id: SpanId, sampling: Sampling) -> Option<Self> {
        let sampled = matches!(sampling, Sampling::Sampled | Sampling::Debug);
        let context = SpanContext {
            trace_id,
            span_id,
            flags: TraceFlags::default().with_sampled(sampled),
            remote: true,
            state: TraceState::EMPTY,
        };
        let marks = Marks {
            debug: sampling == Sampling::Debug,
            undecided: sampling == Sampling::Undecided,
            has_head: false,
        };
        context.is_valid().then_some(Self { context, marks })
    }

    /// Whether both are of one trace. A format with 64-bit ids knows only the lower half.
    pub(super) fn same_trace(&self, other: &Self) -> bool {
        let (one, two) = (self.context.trace_id, other.context.trace_id);
        one.low() == two.low() && (one == two || one.high() == 0 || two.high() == 0)
    }

    /// Adds what another format knows of the same trace: a debug mark, and trace state that is missing here.
    pub(super) fn complete_from(&mut self, other: &Self) {
        self.marks.debug |= other.marks.debug && self.context.is_sampled();
        for (key, value) in other.context.state.members() {
            if self.context.state.get(key).is_none()
                && let Some(state) = self.context.state.with(key, value)
            {
                self.context.state = state;
            }
        }
    }

    /// The context with its marks; whatever stood in their place came from outside and is not one.
    pub(super) fn into_context(mut self) -> SpanContext {
        self.context.state = self.marks.on(&self.context.state);
        self.context
    }
}

impl From<SpanContext> for Found {
    fn from(mut context: SpanContext) -> Self {
        context.state = marks::without(&context.state);
        Self {
            context,
            marks: Marks::default(),
        }
    }
}
