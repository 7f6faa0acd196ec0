//! Starts spans for one instrumentation scope.

use super::clock::Anchor;
use super::inner::Inner;
use super::provider::Provider;
use super::span::{Elder, LocalTrace, Recording};
use super::{Limits, Link, Parent, Span, SpanContext, SpanId, SpanKind, TraceId, Value};
use crate::propagate::Baggage;
use crate::sample::{Candidate, Decision, SamplerAttributes, Verdict};
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// Starts spans. Small and free to copy; lives as long as the process.
///
/// ```
/// # use polyspan::{Provider, SpanKind, Value};
/// # let provider = Provider::noop();
/// let tracer = provider.tracer("checkout");
/// let order = tracer.start("order");
/// let charge = tracer
///     .span("charge")
///     .kind(SpanKind::Client)
///     .parent(&order)
///     .attributes(&[("server.address", Value::Str("bank.example"))])
///     .start();
/// charge.end();
/// order.end();
/// ```
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
            links: &[],
            baggage: None,
            elder: None,
            anchor: None,
        }
    }

    /// Whether a span that starts now could be recorded: not if the provider is disabled, closed or has no exporter. What
    /// makes a span costly can then be left out (OpenTelemetry specification, "Enabled"). Ask again each time.
    #[inline]
    pub fn is_enabled(&self) -> bool {
        self.provider.is_recording()
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
    links: &'a [Link<'a>],
    baggage: Option<&'a Baggage>,
    elder: Option<Elder>,
    anchor: Option<Anchor>,
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

    /// Attributes that are there from the start. Better than setting them afterwards: a sampler sees only these.
    #[inline]
    pub fn attributes(mut self, attributes: &'a [(&'a str, Value<'a>)]) -> Self {
        self.attributes = attributes;
        self
    }

    /// Spans to which the new one is linked from the start, so that a sampler can see them. Links keep their order.
    #[inline]
    pub fn links(mut self, links: &'a [Link<'a>]) -> Self {
        self.links = links;
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

    /// The parent, which is given as a context, is a span of this process that whoever starts this one cannot reach.
    #[cfg(any(feature = "opentelemetry", feature = "tracing"))]
    #[inline]
    pub(crate) fn under(mut self, elder: Elder) -> Self {
        self.elder = Some(elder);
        self
    }

    /// The clock of the local trace, should this be its root.
    #[cfg(feature = "tracing")]
    #[inline]
    pub(crate) fn anchor(mut self, anchor: Anchor) -> Self {
        self.anchor = Some(anchor);
        self
    }

    /// Starts a span whose name, kind and attributes were recorded before it was known what the span continues. Only a
    /// sampler that asks for them needs them here too.
    #[cfg(feature = "tracing")]
    pub(crate) fn start_recorded(self, recording: Box<Recording>) -> Span {
        self.start_with(Some(recording))
    }

    /// Starts the span.
    #[inline]
    pub fn start(self) -> Span {
        self.start_with(None)
    }

    #[inline(always)]
    fn start_with(self, recorded: Option<Box<Recording>>) -> Span {
        let provider = self.tracer.provider;
        let Some(generation) = provider.started() else {
            if let Some(recording) = recorded {
                recording.give_back();
            }
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
        let (context, verdict, of_sampler) = self.decide(parent, trace_id, span_id);
        let local = match (self.parent, self.elder) {
            (Parent::Local(span), _) if parent.is_some() => span.local,
            (_, Some(elder)) if parent.is_some() => elder.local,
            _ => LocalTrace {
                root: span_id,
                anchor: self.anchor.unwrap_or_else(Anchor::now),
            },
        };
        let recording = if provider.records(verdict) {
            let start = self.start.unwrap_or_else(|| {
                if local.root == span_id {
                    local.anchor.wall()
                } else {
                    local.anchor.elapsed()
                }
            });
            let is_fresh = recorded.is_none();
            let mut recording = recorded.unwrap_or_else(Recording::take);
            recording.parent = parent.map_or(SpanId::INVALID, |context| context.span_id);
            recording.parent_is_remote = remote && parent.is_some();
            recording.start = start;
            if is_fresh {
                recording.recorder.set_name(self.name);
                recording.recorder.set_kind(self.kind);
            }
            self.record(&mut recording, of_sampler);
            Some(recording)
        } else {
            if let Some(recording) = recorded {
                recording.give_back();
            }
            None
        };
        let mut span = Span {
            context,
            tracer: self.tracer,
            verdict,
            local,
            recording,
            open: Some(generation),
        };
        if let Some(baggage) = self.baggage {
            span.copy_baggage(baggage);
        }
        span
    }

    /// What the span has from the start: its own attributes, then the sampler's, which win, and links.
    #[inline]
    fn record(&self, recording: &mut Recording, of_sampler: Option<SamplerAttributes>) {
        let (recorder, limits) = (&mut recording.recorder, self.tracer.limits());
        for (key, value) in self.attributes {
            recorder.set_attribute(key, value, limits);
        }
        for (key, value) in of_sampler.iter().flat_map(|set| set.iter()) {
            recorder.set_attribute(key, &value.as_value(), limits);
        }
        for link in self.links {
            recorder.add_link(link.context, link.attributes, limits);
        }
    }

    /// The context and the verdict: inherited from a local parent where the sampler allows it, else asked for.
    #[inline]
    fn decide(
        &self,
        parent: Option<&SpanContext>,
        trace_id: TraceId,
        span_id: SpanId,
    ) -> (SpanContext, Verdict, Option<SamplerAttributes>) {
        let provider = self.tracer.provider;
        let of_parent = match (self.parent, self.elder) {
            (Parent::Local(span), _) => Some((span.tracer.provider, span.verdict)),
            (_, elder) => elder.map(|elder| (elder.provider, elder.verdict)),
        };
        let of_parent =
            of_parent.and_then(|(its, verdict)| std::ptr::eq(its, provider).then_some(verdict));
        if let (Some(parent), Some(verdict)) = (parent, of_parent)
            && provider.policy.mask.inheritable
        {
            let context = SpanContext {
                trace_id,
                span_id,
                flags: parent.flags,
                remote: false,
                state: parent.state.clone(),
            };
            return (context, verdict, None);
        }
        let Decision {
            verdict,
            flags,
            state,
            attributes,
            ..
        } = provider.sample(&Candidate {
            parent,
            baggage: self.baggage,
            trace_id,
            name: self.name,
            kind: self.kind,
            attributes: self.attributes,
            links: self.links,
        });
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
        (context, verdict, attributes)
    }

    /// What a disabled or closed provider starts: the parent's context goes on, nothing is counted.
    #[cold]
    pub(crate) fn pass_through(self) -> Span {
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
            verdict: Verdict::Drop,
            recording: None,
            open: None,
        }
    }
}
