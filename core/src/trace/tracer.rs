//! Starts spans for one instrumentation scope.

use super::clock::Anchor;
use super::provider::{Inner, Provider};
use super::span::{LocalTrace, Recording};
use super::{Limits, Parent, Span, SpanContext, SpanId, SpanKind, TraceId, Value};
use crate::propagate::Baggage;
use crate::sample::{Decision, Verdict};
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// Whose spans a tracer starts (OpenTelemetry specification, "Instrumentation Scope").
#[derive(Clone, Copy, Debug, Default)]
pub struct Scope<'a> {
    /// The instrumentation's name; may be empty.
    pub name: &'a str,
    /// Its version; may be empty.
    pub version: &'a str,
    /// The schema that its attributes follow; may be empty.
    pub schema_url: &'a str,
    /// Attributes of the scope itself.
    pub attributes: &'a [(&'a str, Value<'a>)],
}

impl<'a> From<&'a str> for Scope<'a> {
    fn from(name: &'a str) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }
}

/// Starts spans. Small and free to copy; lives as long as the process.
#[derive(Clone, Copy)]
pub struct Tracer {
    pub(crate) provider: &'static Inner,
    pub(crate) index: u32,
}

impl Tracer {
    /// Starts the root of a new trace.
    #[inline]
    pub fn start(&self, name: &str) -> Span {
        self.span(name).start()
    }

    /// A span to be started, with more said about it first.
    #[inline]
    pub fn span<'a>(&self, name: &'a str) -> SpanBuilder<'a> {
        SpanBuilder {
            tracer: *self,
            name,
            kind: SpanKind::Internal,
            parent: Parent::Root,
            start: None,
            attributes: &[],
            baggage: None,
        }
    }

    /// The number of this tracer within its provider, as batch records name it.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// The provider of this tracer.
    pub fn provider(&self) -> Provider {
        Provider::of(self.provider)
    }

    #[inline]
    pub(crate) fn limits(&self) -> &'static Limits {
        &self.provider.policy.limits
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tracer").field(&self.index).finish()
    }
}

/// A span that is about to start.
#[derive(Clone, Copy, Debug)]
pub struct SpanBuilder<'a> {
    tracer: Tracer,
    name: &'a str,
    kind: SpanKind,
    parent: Parent<'a>,
    start: Option<u64>,
    attributes: &'a [(&'a str, Value<'a>)],
    baggage: Option<&'a Baggage>,
}

impl<'a> SpanBuilder<'a> {
    /// What part the span plays; internal if not said.
    #[inline]
    pub fn kind(mut self, kind: SpanKind) -> Self {
        self.kind = kind;
        self
    }

    /// What the span continues; without it the span is the root of a new trace.
    #[inline]
    pub fn parent(mut self, parent: impl Into<Parent<'a>>) -> Self {
        self.parent = parent.into();
        self
    }

    /// Attributes that are there from the start, so that a sampler can see them.
    #[inline]
    pub fn attributes(mut self, attributes: &'a [(&'a str, Value<'a>)]) -> Self {
        self.attributes = attributes;
        self
    }

    /// The baggage of the context in which the span starts. Entries that the option `baggage_attributes` names become
    /// attributes `baggage.<key>`: [`Span::copy_baggage`].
    #[inline]
    pub fn baggage(mut self, baggage: &'a Baggage) -> Self {
        self.baggage = Some(baggage);
        self
    }

    /// When the span started, if that is not now.
    pub fn start_time(self, time: SystemTime) -> Self {
        let nanos = time
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos() as u64);
        self.start_unix_nanos(nanos)
    }

    /// As [`start_time`](Self::start_time), in nanoseconds since the Unix epoch.
    pub fn start_unix_nanos(mut self, nanos: u64) -> Self {
        self.start = Some(nanos);
        self
    }

    /// Starts the span.
    #[inline]
    pub fn start(self) -> Span {
        let provider = self.tracer.provider;
        let Some(generation) = provider.started() else {
            return self.pass_through();
        };
        let span_id = provider.ids.span_id();
        let (parent, remote) = match self.parent {
            Parent::Root => (None, false),
            Parent::Local(span) => (Some(&span.context), false),
            Parent::Context(context) => (Some(context), context.remote),
        };
        let parent = parent.filter(|context| context.is_valid());
        let trace_id = parent.map_or_else(|| provider.ids.trace_id(), |context| context.trace_id);
        let (context, verdict) = self.decide(parent, trace_id, span_id);
        let local = match self.parent {
            Parent::Local(span) if parent.is_some() => span.local,
            _ => LocalTrace {
                root: span_id,
                anchor: Anchor::now(),
            },
        };
        let recording = provider.records(verdict).then(|| {
            let start = self.start.unwrap_or_else(|| {
                if local.root == span_id {
                    local.anchor.wall()
                } else {
                    local.anchor.elapsed()
                }
            });
            let mut recording = Recording::take();
            recording.parent = parent.map_or(SpanId::INVALID, |context| context.span_id);
            recording.parent_is_remote = remote && parent.is_some();
            recording.start = start;
            recording.recorder.set_name(self.name);
            recording.recorder.set_kind(self.kind);
            for (key, value) in self.attributes {
                recording
                    .recorder
                    .set_attribute(key, value, &provider.policy.limits);
            }
            recording
        });
        let mut span = Span {
            context,
            tracer: self.tracer,
            local,
            recording,
            open: Some(generation),
        };
        if let Some(baggage) = self.baggage {
            span.copy_baggage(baggage);
        }
        span
    }

    /// The context and the verdict: inherited from a local parent where the sampler allows it, else asked for.
    #[inline]
    fn decide(
        &self,
        parent: Option<&SpanContext>,
        trace_id: TraceId,
        span_id: SpanId,
    ) -> (SpanContext, Verdict) {
        let provider = self.tracer.provider;
        if let (Parent::Local(_), Some(parent)) = (self.parent, parent)
            && provider.policy.mask.inheritable
        {
            let verdict = if parent.is_sampled() {
                Verdict::Sample
            } else {
                Verdict::Drop
            };
            let context = SpanContext {
                trace_id,
                span_id,
                flags: parent.flags,
                remote: false,
                state: parent.state.clone(),
            };
            return (context, verdict);
        }
        let Decision {
            verdict,
            flags,
            state,
            ..
        } = provider.sample(parent, trace_id, self.name, self.kind);
        let state = state.unwrap_or_else(|| {
            parent.map_or_else(Default::default, |context| context.state.clone())
        });
        let context = SpanContext {
            trace_id,
            span_id,
            flags,
            remote: false,
            state,
        };
        (context, verdict)
    }

    /// What a disabled or closed provider starts: the parent's context goes on, nothing is counted.
    #[cold]
    fn pass_through(self) -> Span {
        let (context, local) = match self.parent {
            Parent::Local(span) => (span.context.clone(), Some(span.local)),
            Parent::Context(context) => (context.clone(), None),
            Parent::Root => (SpanContext::INVALID, None),
        };
        Span {
            local: local.unwrap_or_else(|| LocalTrace {
                root: context.span_id,
                anchor: Anchor::never(),
            }),
            context,
            tracer: self.tracer,
            recording: None,
            open: None,
        }
    }
}
