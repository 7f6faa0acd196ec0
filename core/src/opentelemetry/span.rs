//! Spans of the `opentelemetry` crate's API.

use super::{convert, local};
use opentelemetry::KeyValue;
use opentelemetry::trace as api;
use std::borrow::Cow;
use std::error::Error;
use std::time::SystemTime;

/// Implements [`opentelemetry::trace::Span`] by a [`Span`](crate::Span).
#[derive(Debug)]
pub struct Span {
    inner: crate::Span,
    context: api::SpanContext,
    /// Children find it by its context.
    is_known: bool,
}

impl Span {
    pub(super) fn new(inner: crate::Span) -> Self {
        let context = convert::to_api(&inner.context);
        // What a closed or disabled provider hands on is its parent's context, which is known by the parent.
        let elder = inner.elder();
        let is_known = elder.is_some();
        if let Some(elder) = elder {
            local::remember(&inner.context, elder);
        }
        Self {
            inner,
            context,
            is_known,
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if self.is_known {
            local::forget(self.inner.context.span_id);
        }
    }
}

impl api::Span for Span {
    fn add_event<T>(&mut self, name: T, attributes: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        if self.inner.is_recording() {
            convert::attributes(&attributes, |attributes| {
                self.inner.add_event(&name.into(), attributes);
            });
        }
    }

    fn record_error(&mut self, err: &dyn Error) {
        if self.inner.is_recording() {
            self.inner.record_exception("", &err.to_string(), None, &[]);
        }
    }

    fn add_event_with_timestamp<T>(
        &mut self,
        name: T,
        timestamp: SystemTime,
        attributes: Vec<KeyValue>,
    ) where
        T: Into<Cow<'static, str>>,
    {
        if self.inner.is_recording() {
            let time = convert::unix_nanos(timestamp);
            convert::attributes(&attributes, |attributes| {
                self.inner.add_event_at(&name.into(), attributes, time);
            });
        }
    }

    fn span_context(&self) -> &api::SpanContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.inner.is_recording()
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        if self.inner.is_recording() {
            self.inner
                .set_attribute(attribute.key.as_str(), convert::value(&attribute.value));
        }
    }

    fn set_status(&mut self, status: api::Status) {
        self.inner.set_status(convert::status(&status));
    }

    fn update_name<T>(&mut self, new_name: T)
    where
        T: Into<Cow<'static, str>>,
    {
        self.inner.update_name(&new_name.into());
    }

    fn add_link(&mut self, span_context: api::SpanContext, attributes: Vec<KeyValue>) {
        if self.inner.is_recording() {
            let context = convert::from_api(&span_context);
            convert::attributes(&attributes, |attributes| {
                self.inner.add_link(&context, attributes);
            });
        }
    }

    fn end(&mut self) {
        self.inner.finish();
    }

    fn end_with_timestamp(&mut self, timestamp: SystemTime) {
        self.inner.finish_at(convert::unix_nanos(timestamp));
    }
}
