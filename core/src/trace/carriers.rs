//! How a provider's contexts and baggage go into headers and come out of them.

use super::SpanContext;
use super::provider::Provider;
use crate::diagnostics::Cause;
use crate::propagate::{Baggage, BaggageAttributes, Getter};

impl Provider {
    /// Writes a context and baggage into headers, by the configured propagators. Baggage is redacted; entries that no
    /// header can carry are left out, which is told as a diagnostic.
    ///
    /// ```
    /// # use polyspan::{Baggage, Config, Provider};
    /// # let provider = Provider::new(Config::default().exporter(&[]))?;
    /// let span = provider.tracer("checkout").start("charge");
    /// let baggage = Baggage::from_iter([("tenant", "acme")]);
    ///
    /// let mut headers = Vec::new();
    /// provider.inject(span.context(), &baggage, &mut |name, value| {
    ///     headers.push((name.to_owned(), value.to_owned()));
    /// });
    /// assert_eq!(headers[0].0, "traceparent");
    /// assert_eq!(headers[1], ("baggage".to_owned(), "tenant=acme".to_owned()));
    /// # Ok::<(), polyspan::ConfigError>(())
    /// ```
    pub fn inject(
        &self,
        context: &SpanContext,
        baggage: &Baggage,
        set: &mut dyn FnMut(&str, &str),
    ) {
        let pipeline = self.pipeline();
        let redactor = &self.inner.policy.redactor;
        let left_out = self.inner.policy.propagators.inject(
            context,
            baggage,
            &|key, value| redactor.baggage(key, value, &pipeline.redacted),
            set,
        );
        if left_out > 0 && pipeline.diagnostics.wants(Cause::Baggage) {
            pipeline
                .diagnostics
                .report(Cause::Baggage, baggage_left_out(left_out));
        }
    }

    /// Reads a context and baggage from headers. `get` returns all lines of a header, in order.
    pub fn extract(&self, get: &dyn Fn(&str) -> Vec<String>) -> (Option<SpanContext>, Baggage) {
        self.inner.policy.propagators.extract(get)
    }

    /// Reads a context and baggage from any carrier; needed by formats that put data into names (`jaeger`: baggage).
    ///
    /// ```
    /// # use polyspan::{Config, Provider, SpanKind};
    /// # let provider = Provider::new(Config::default().exporter(&[]))?;
    /// use polyspan::propagate::Pairs;
    ///
    /// let headers = [("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")];
    /// let (caller, _baggage) = provider.extract_from(&Pairs(&headers));
    /// let span = provider
    ///     .tracer("checkout")
    ///     .span("POST /orders")
    ///     .kind(SpanKind::Server)
    ///     .parent(caller.as_ref())
    ///     .start();
    /// assert_eq!(span.context().trace_id.to_string(), "0af7651916cd43dd8448eb211c80319c");
    /// # Ok::<(), polyspan::ConfigError>(())
    /// ```
    pub fn extract_from(&self, carrier: &dyn Getter) -> (Option<SpanContext>, Baggage) {
        self.inner.policy.propagators.extract_from(carrier)
    }

    /// The headers that the propagators write.
    pub fn fields(&self) -> &[&'static str] {
        self.inner.policy.propagators.fields()
    }

    /// The headers that the propagators read; a name that ends with `*` stands for all that start like it.
    pub fn headers(&self) -> &[&'static str] {
        self.inner.policy.propagators.headers()
    }

    /// Which baggage entries a host that keeps its spans itself copies to each of them when it starts; see
    /// [`SpanBuilder::baggage`](super::SpanBuilder::baggage).
    pub fn baggage_attributes(&self) -> &'static BaggageAttributes {
        &self.inner.policy.baggage_attributes
    }
}

fn baggage_left_out(entries: usize) -> String {
    let (were, keys) = if entries == 1 {
        (
            "entry was",
            "its key is not an HTTP token or holds a secret",
        )
    } else {
        ("entries were", "keys are not HTTP tokens or hold a secret")
    };
    format!(
        "{entries} baggage {were} not sent: {keys}, or there are more than 64 entries or 8192 bytes; use short keys of \
         letters, digits, '-', '_' and '.'"
    )
}
