//! The propagators of a provider behind the `opentelemetry` crate's API.

use super::convert;
use super::local::{Extracted, parentage};
use crate::propagate::Getter;
use crate::{Provider, SpanContext};
use opentelemetry::Context;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;

/// Implements [`TextMapPropagator`] by the propagators that the provider's configuration names (`OTEL_PROPAGATORS`): trace
/// context and baggage, which is redacted when it is sent.
#[derive(Debug)]
pub struct Propagator {
    provider: Provider,
    fields: Vec<String>,
}

impl From<Provider> for Propagator {
    fn from(provider: Provider) -> Self {
        let fields = provider.fields().iter();
        Self {
            provider,
            fields: fields.map(|field| (*field).to_owned()).collect(),
        }
    }
}

impl TextMapPropagator for Propagator {
    fn inject_context(&self, cx: &Context, injector: &mut dyn Injector) {
        let context = parentage(cx).map_or(SpanContext::INVALID, |known| known.context);
        let baggage = convert::baggage_from_api(cx.baggage());
        self.provider
            .inject(&context, &baggage, &mut |name, value| {
                injector.set(name, value.to_owned());
            });
    }

    /// What the carrier does not hold stays as it is in `cx`.
    fn extract_with_context(&self, cx: &Context, extractor: &dyn Extractor) -> Context {
        let (context, baggage) = self.provider.extract_from(&Carrier(extractor));
        let mut extracted = cx.clone();
        if let Some(context) = context {
            extracted = extracted
                .with_remote_span_context(convert::to_api(&context))
                .with_value(Extracted(context));
        }
        if !baggage.is_empty() {
            extracted = extracted.with_baggage(convert::baggage_to_api(&baggage));
        }
        extracted
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&self.fields)
    }
}

struct Carrier<'a>(&'a dyn Extractor);

impl Getter for Carrier<'_> {
    fn get(&self, name: &str) -> Vec<String> {
        let lines = self.0.get_all(name).unwrap_or_default();
        lines.into_iter().map(str::to_owned).collect()
    }

    fn keys(&self, visit: &mut dyn FnMut(&str)) {
        self.0.keys().into_iter().for_each(visit);
    }
}
