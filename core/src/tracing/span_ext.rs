//! What polyspan can do with a span of `tracing` that `tracing` itself does not know of.

use super::layer::Layer;
use super::open::Open;
use crate::propagate::Getter;
use crate::{Baggage, SpanContext, Status, Value};
use std::fmt;
use std::sync::Arc;

/// Context and baggage of a [`tracing::Span`], and what is not a field.
///
/// On a span that is filtered out, or that no [`Layer`] of the subscriber exports, reading gives nothing and writing does
/// nothing.
///
/// ```
/// # use polyspan::{Config, Provider, Value};
/// # use polyspan::propagate::Pairs;
/// # use tracing_subscriber::layer::SubscriberExt;
/// use polyspan::tracing::SpanExt;
///
/// # let provider = Provider::noop();
/// # let layer = polyspan::tracing::layer(provider.tracer("shop"));
/// # tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
/// // A request has come in: its headers name the caller's span.
/// let headers = [("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")];
/// let span = tracing::info_span!("GET /orders", otel.kind = "server");
/// span.extract(&Pairs(&headers))?;
///
/// // Another request goes out: its headers name this span.
/// let mut outgoing = Vec::new();
/// span.in_scope(|| {
///     tracing::Span::current().inject(&mut |name, value| {
///         outgoing.push((name.to_owned(), value.to_owned()));
///     });
/// });
/// assert!(outgoing[0].1.contains("0af7651916cd43dd8448eb211c80319c"));
/// # Ok::<(), polyspan::tracing::SetParentError>(())
/// # }).unwrap();
/// ```
pub trait SpanExt: sealed::Sealed {
    /// Makes this span continue a span of another process.
    ///
    /// # Errors
    ///
    /// See [`SetParentError`].
    fn set_parent(&self, context: SpanContext) -> Result<(), SetParentError>;

    /// Reads context and baggage from the headers of a request, by the propagators of the layer's provider. Without a
    /// context in them the parent stays as it is.
    ///
    /// # Errors
    ///
    /// See [`SetParentError`].
    fn extract(&self, carrier: &dyn Getter) -> Result<(), SetParentError>;

    /// Writes context and baggage into the headers of a request.
    fn inject(&self, set: &mut dyn FnMut(&str, &str));

    /// The span's context; from then on its parent is fixed. Invalid for a span that is not exported.
    fn context(&self) -> SpanContext;

    /// What is passed along with requests. A child starts with the baggage of its parent.
    fn baggage(&self) -> Baggage;

    /// Sets what is passed along with requests.
    fn set_baggage(&self, baggage: Baggage);

    /// Sets an attribute that is not among the fields with which the span was declared.
    fn set_attribute<'v>(&self, key: &str, value: impl Into<Value<'v>>);

    /// Sets the status; see [`Span::set_status`](crate::Span::set_status).
    fn set_status(&self, status: Status<'_>);

    /// Links the span to another.
    fn add_link(&self, context: &SpanContext, attributes: &[(&str, Value<'_>)]);

    /// Adds an event, now, that only polyspan sees.
    fn add_event(&self, name: &str, attributes: &[(&str, Value<'_>)]);
}

/// Why a span could not be given a parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetParentError {
    /// The subscriber has no layer of polyspan.
    NoLayer,
    /// The span is filtered out.
    NotExported,
    /// The span was entered, has a child or was asked for its context.
    TooLate,
}

impl fmt::Display for SetParentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoLayer => {
                "the subscriber has no layer of polyspan; add polyspan::tracing::layer(…) to it"
            }
            Self::NotExported => {
                "the span is filtered out, so it can have no parent; lower the level of the filter or let it be a root"
            }
            Self::TooLate => {
                "the span was already entered, has a child or was asked for its context; set its parent right after it \
                 was made"
            }
        })
    }
}

impl std::error::Error for SetParentError {}

impl SpanExt for tracing::Span {
    fn set_parent(&self, context: SpanContext) -> Result<(), SetParentError> {
        with_layer(self, |layer, id| {
            let set = layer.with_open(id, |open| open.continue_from(context));
            as_result(set)
        })
    }

    fn extract(&self, carrier: &dyn Getter) -> Result<(), SetParentError> {
        with_layer(self, |layer, id| {
            let (context, baggage) = layer.tracer().provider().extract_from(carrier);
            let set = layer.with_open(id, |open| {
                if !baggage.is_empty() {
                    open.baggage = Some(Arc::new(baggage));
                }
                context.is_none_or(|context| open.continue_from(context))
            });
            as_result(set)
        })
    }

    fn inject(&self, set: &mut dyn FnMut(&str, &str)) {
        let _ = with_layer(self, |layer, id| {
            let found = layer.with_open(id, |open| {
                let context = open.settled().context.clone();
                (context, open.baggage.clone())
            });
            if let Some((context, baggage)) = found {
                let none = Baggage::new();
                let baggage = baggage.as_deref().unwrap_or(&none);
                layer.tracer().provider().inject(&context, baggage, set);
            }
            Ok(())
        });
    }

    fn context(&self) -> SpanContext {
        with_open(self, |open| open.settled().context.clone()).unwrap_or_default()
    }

    fn baggage(&self) -> Baggage {
        let baggage = with_open(self, |open| open.baggage.clone()).flatten();
        baggage.map_or_else(Baggage::new, Arc::unwrap_or_clone)
    }

    fn set_baggage(&self, baggage: Baggage) {
        with_open(self, |open| open.baggage = Some(Arc::new(baggage)));
    }

    fn set_attribute<'v>(&self, key: &str, value: impl Into<Value<'v>>) {
        let value = value.into();
        with_open(self, |open| open.set_attribute(key, &value));
    }

    fn set_status(&self, status: Status<'_>) {
        with_open(self, |open| open.set_status(status));
    }

    fn add_link(&self, context: &SpanContext, attributes: &[(&str, Value<'_>)]) {
        with_open(self, |open| open.add_link(context, attributes));
    }

    fn add_event(&self, name: &str, attributes: &[(&str, Value<'_>)]) {
        with_open(self, |open| open.add_event(name, attributes));
    }
}

fn as_result(set: Option<bool>) -> Result<(), SetParentError> {
    match set {
        Some(true) => Ok(()),
        Some(false) => Err(SetParentError::TooLate),
        None => Err(SetParentError::NotExported),
    }
}

fn with_layer<R>(
    span: &tracing::Span,
    work: impl FnOnce(&Layer, &tracing::Id) -> Result<R, SetParentError>,
) -> Result<R, SetParentError> {
    span.with_subscriber(
        |(id, subscriber)| match subscriber.downcast_ref::<Layer>() {
            Some(layer) => work(layer, id),
            None => Err(SetParentError::NoLayer),
        },
    )
    .unwrap_or(Err(SetParentError::NotExported))
}

fn with_open<R>(span: &tracing::Span, work: impl FnOnce(&mut Open) -> R) -> Option<R> {
    with_layer(span, |layer, id| Ok(layer.with_open(id, work)))
        .ok()
        .flatten()
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for tracing::Span {}
}
