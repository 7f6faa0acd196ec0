//! Providers and tracers of the `opentelemetry` crate's API.

use super::local::{self, Parentage};
use super::{Span, convert};
use crate::trace::{Link, Parent, Provider, Scope};
use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace as api;
use opentelemetry::{Context, InstrumentationScope};

/// Implements [`opentelemetry::trace::TracerProvider`] by a [`Provider`].
#[derive(Clone, Copy, Debug)]
pub struct TracerProvider(Provider);

impl From<Provider> for TracerProvider {
    fn from(provider: Provider) -> Self {
        Self(provider)
    }
}

impl api::TracerProvider for TracerProvider {
    type Tracer = Tracer;

    fn tracer_with_scope(&self, scope: InstrumentationScope) -> Tracer {
        let tracer = convert::attributes(scope.attributes(), |attributes| {
            self.0.tracer(Scope {
                name: scope.name(),
                version: scope.version().unwrap_or_default(),
                schema_url: scope.schema_url().unwrap_or_default(),
                attributes,
            })
        });
        Tracer(tracer)
    }
}

/// Implements [`opentelemetry::trace::Tracer`] by a [`Tracer`](crate::Tracer).
#[derive(Clone, Copy, Debug)]
pub struct Tracer(crate::Tracer);

impl From<crate::Tracer> for Tracer {
    fn from(tracer: crate::Tracer) -> Self {
        Self(tracer)
    }
}

impl api::Tracer for Tracer {
    type Span = Span;

    /// The sampler, not the builder, decides about the span. A context in which telemetry is suppressed gives a span that
    /// neither records nor propagates.
    fn build_with_context(&self, builder: api::SpanBuilder, parent_cx: &Context) -> Span {
        if parent_cx.is_telemetry_suppressed() {
            return Span::new(self.0.span("").pass_through());
        }
        let parentage = local::parentage(parent_cx);
        let mut span = self.start(&builder, parent_cx, parentage.as_ref());
        if span.is_recording() {
            for event in builder.events.unwrap_or_default() {
                let time = convert::unix_nanos(event.timestamp);
                convert::attributes(&event.attributes, |attributes| {
                    span.add_event_at(&event.name, attributes, time);
                });
            }
        }
        Span::new(span)
    }
}

impl Tracer {
    fn start(
        &self,
        builder: &api::SpanBuilder,
        parent_cx: &Context,
        parentage: Option<&Parentage>,
    ) -> crate::Span {
        let given = builder.attributes.as_deref().unwrap_or_default();
        let links = convert::links(builder.links.as_deref().unwrap_or_default());
        let links: Vec<_> = links
            .iter()
            .map(|(context, attributes)| Link {
                context,
                attributes,
            })
            .collect();
        convert::attributes(given, |attributes| {
            let mut span = self
                .0
                .span(&builder.name)
                .kind(convert::kind(builder.span_kind.as_ref()))
                .attributes(attributes)
                .links(&links);
            if let Some(parentage) = parentage {
                span = span.parent(Parent::Context(&parentage.context));
                if let Some(elder) = parentage.elder {
                    span = span.under(elder);
                }
            }
            if let Some(time) = builder.start_time {
                span = span.start_time(time);
            }
            if self.0.provider().baggage_attributes().is_empty() {
                span.start()
            } else {
                let baggage = convert::baggage_from_api(parent_cx.baggage());
                span.baggage(&baggage).start()
            }
        })
    }
}
