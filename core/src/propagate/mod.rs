//! How a trace and its baggage get from one process into the next.
//!
//! A *propagator* knows one family of headers; [`Propagators`] is the list that the policy names, each at most once.
//!
//! | name in `OTEL_PROPAGATORS` | headers | file |
//! |---|---|---|
//! | `tracecontext` | `traceparent`, `tracestate` | [`w3c`] |
//! | `baggage` | `baggage` | [`mod@baggage`] |
//! | `b3`, `b3multi` | `b3`; `x-b3-traceid` and others | [`b3`] |
//! | `jaeger` | `uber-trace-id`, `uberctx-*` | [`jaeger`] |
//! | `xray` | `x-amzn-trace-id` | [`xray`] |
//! | `datadog` | `x-datadog-trace-id` and others | [`datadog`] |
//! | `sentry` | `sentry-trace`, `baggage` | [`sentry`] |
//!
//! [`attributes`] copies baggage to spans. [`composite`] tells which wins when several headers name a caller, [`carrier`] what headers can be in. A process that
//! starts another uses [`environment`], where headers are variables.
//!
//! Nothing that arrives can make reading fail: a header is what its standard says or it is absent, and what is kept of
//! it is bounded ([`trace_state`](crate::trace::trace_state): 512 characters, [`mod@baggage`]: 64 entries of together 8192
//! bytes in each format).

pub mod attributes;
pub mod b3;
pub mod baggage;
pub mod carrier;
pub mod composite;
pub mod datadog;
pub mod environment;
mod found;
pub mod jaeger;
pub(crate) mod marks;
pub mod sentry;
pub mod w3c;
pub mod xray;

#[cfg(test)]
mod properties;

pub use attributes::BaggageAttributes;
pub use baggage::{Baggage, Redact};
pub use carrier::{Getter, Pairs};

use crate::choices::choices;
use std::fmt;
use std::sync::Arc;

choices! {
    /// One family of headers, under its name in `OTEL_PROPAGATORS`.
    pub enum Propagator {
        /// W3C Trace Context: `traceparent` and `tracestate`.
        TraceContext = "tracecontext",
        /// W3C Baggage.
        Baggage = "baggage",
        /// B3 in one header.
        B3 = "b3",
        /// B3 in several headers.
        B3Multi = "b3multi",
        /// Jaeger's headers, baggage included.
        Jaeger = "jaeger",
        /// AWS X-Ray's header.
        Xray = "xray",
        /// Datadog's headers.
        Datadog = "datadog",
        /// Sentry's header, and its entries in `baggage`.
        Sentry = "sentry",
    }
    later: ["ottrace"]
}

impl Propagator {
    /// The headers that this propagator writes.
    pub const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::TraceContext => &[w3c::TRACEPARENT, w3c::TRACESTATE],
            Self::Baggage => &[baggage::BAGGAGE],
            Self::B3 => &[b3::B3],
            Self::B3Multi => &[b3::TRACE_ID, b3::SPAN_ID, b3::SAMPLED, b3::FLAGS],
            Self::Jaeger => &[jaeger::UBER_TRACE_ID],
            Self::Xray => &[xray::TRACE_HEADER],
            Self::Datadog => &[
                datadog::TRACE_ID,
                datadog::PARENT_ID,
                datadog::SAMPLING_PRIORITY,
                datadog::ORIGIN,
                datadog::TAGS,
            ],
            Self::Sentry => &[sentry::SENTRY_TRACE, baggage::BAGGAGE],
        }
    }

    /// The headers that this propagator reads; a name that ends with `*` stands for all that start like it.
    pub const fn headers(self) -> &'static [&'static str] {
        match self {
            Self::B3 | Self::B3Multi => {
                &[b3::B3, b3::TRACE_ID, b3::SPAN_ID, b3::SAMPLED, b3::FLAGS]
            }
            Self::Jaeger => &[jaeger::UBER_TRACE_ID, jaeger::JAEGER_BAGGAGE, "uberctx-*"],
            Self::Sentry => &[
                sentry::SENTRY_TRACE,
                baggage::BAGGAGE,
                sentry::SENTRY_BAGGAGE,
            ],
            _ => self.fields(),
        }
    }
}

/// The examples of `docs/propagation.md`.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/propagation.md")]
struct Examples;

/// A name that is not a propagator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPropagator {
    /// As it was given.
    pub name: String,
}

impl fmt::Display for UnknownPropagator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a propagator; allowed are ", self.name)?;
        for name in Propagator::NAMES {
            write!(f, "{name}, ")?;
        }
        f.write_str("or none alone")
    }
}

impl std::error::Error for UnknownPropagator {}

/// The propagators of a policy, in order, each at most once.
#[derive(Clone, Debug, PartialEq)]
pub struct Propagators {
    list: Vec<Propagator>,
    fields: Vec<&'static str>,
    headers: Vec<&'static str>,
    sentry: Option<Arc<sentry::Head>>,
}

impl Default for Propagators {
    /// `tracecontext,baggage`.
    fn default() -> Self {
        Self::new([Propagator::TraceContext, Propagator::Baggage])
    }
}

impl Propagators {
    /// These propagators; a later duplicate is left out.
    pub fn new(propagators: impl IntoIterator<Item = Propagator>) -> Self {
        let mut list = Vec::new();
        for propagator in propagators {
            if !list.contains(&propagator) {
                list.push(propagator);
            }
        }
        Self {
            fields: distinct(&list, Propagator::fields),
            headers: distinct(&list, Propagator::headers),
            list,
            sentry: None,
        }
    }

    /// No propagators: nothing is read, nothing is sent.
    pub const fn none() -> Self {
        Self {
            list: Vec::new(),
            fields: Vec::new(),
            headers: Vec::new(),
            sentry: None,
        }
    }

    /// The same propagators, of which `sentry` says this of the traces that begin here.
    pub fn with_sentry_head(mut self, head: sentry::Head) -> Self {
        self.sentry = Some(Arc::new(head));
        self
    }

    pub(super) fn sentry_head(&self) -> Option<&sentry::Head> {
        self.sentry.as_deref()
    }

    /// Reads a list such as `tracecontext,baggage` or `none`, and returns what can be used and what is wrong with it.
    ///
    /// What a wrong name means is the caller's to decide: the specification asks to warn and go on for an environment
    /// variable, code fails. `none` beside other names is such a wrong name.
    pub fn parse(names: &str) -> (Self, Vec<UnknownPropagator>) {
        let names = || {
            names
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
        };
        if names().count() == 1 && names().all(|name| name.eq_ignore_ascii_case("none")) {
            return (Self::none(), Vec::new());
        }
        let known = Self::new(names().filter_map(Propagator::from_name));
        let unknown = names().filter(|name| Propagator::from_name(name).is_none());
        let unknown = unknown.map(|name| UnknownPropagator {
            name: name.to_owned(),
        });
        (known, unknown.collect())
    }

    /// The propagators in order.
    pub fn list(&self) -> &[Propagator] {
        &self.list
    }

    /// The headers that may be written; a carrier that is used again is cleared of them first. Jaeger's baggage, whose
    /// names nobody knows before, is not among them.
    pub fn fields(&self) -> &[&'static str] {
        &self.fields
    }

    /// The headers that may be read; a name that ends with `*` stands for all that start like it.
    pub fn headers(&self) -> &[&'static str] {
        &self.headers
    }

    /// The list as it is configured: `tracecontext,baggage`, or `none`.
    pub fn describe(&self) -> String {
        if self.list.is_empty() {
            return "none".to_owned();
        }
        let names: Vec<_> = self
            .list
            .iter()
            .map(|propagator| propagator.name())
            .collect();
        names.join(",")
    }
}

fn distinct(
    list: &[Propagator],
    names: fn(Propagator) -> &'static [&'static str],
) -> Vec<&'static str> {
    let mut all = Vec::new();
    for name in list.iter().flat_map(|propagator| names(*propagator)) {
        if !all.contains(name) {
            all.push(*name);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::marks::Marks;
    use super::*;
    use crate::trace::{SpanContext, TraceFlags};
    use std::borrow::Cow;
    use std::collections::BTreeMap;

    /// `0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331`.
    pub(super) fn context(sampled: bool, marks: Marks) -> SpanContext {
        let context = SpanContext {
            trace_id: "0af7651916cd43dd8448eb211c80319c".parse().unwrap(),
            span_id: "b7ad6b7169203331".parse().unwrap(),
            flags: TraceFlags::default().with_sampled(sampled),
            remote: marks.undecided,
            ..SpanContext::INVALID
        };
        SpanContext {
            state: marks.on(&context.state),
            ..context
        }
    }

    /// What one propagator reads: `<trace id>-<span id>`, flags, and the mark `d` or `u`.
    pub(super) fn read(
        propagator: Propagator,
        headers: &[(&str, &str)],
    ) -> Option<(String, u8, &'static str)> {
        let (context, _) = Propagators::new([propagator]).extract_from(&Pairs(headers));
        context.map(|context| {
            assert!(context.remote);
            let marks = Marks::of(&context.state);
            let mark = match (marks.debug, marks.undecided) {
                (true, _) => "d",
                (_, true) => "u",
                _ => "",
            };
            let ids = format!("{}-{}", context.trace_id, context.span_id);
            (ids, context.flags.bits(), mark)
        })
    }

    /// What one propagator writes for a context without baggage.
    pub(super) fn written(propagator: Propagator, context: &SpanContext) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        Propagators::new([propagator]).inject(
            context,
            &Baggage::new(),
            &|_, value| Cow::Borrowed(value),
            &mut |name, value| headers.push((name.to_owned(), value.to_owned())),
        );
        headers
    }

    const HEADER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03";

    fn get(name: &str) -> Vec<String> {
        let value = match name {
            "traceparent" => HEADER,
            "tracestate" => "a=1",
            "baggage" => "k=v",
            _ => return Vec::new(),
        };
        vec![value.to_owned()]
    }

    fn sent(propagators: &Propagators) -> BTreeMap<String, String> {
        let (context, baggage) = Propagators::default().extract(&get);
        let mut headers = BTreeMap::new();
        propagators.inject(
            &context.unwrap(),
            &baggage,
            &|_, value| Cow::Borrowed(value),
            &mut |name, value| {
                headers.insert(name.to_owned(), value.to_owned());
            },
        );
        headers
    }

    #[test]
    fn trace_context_and_baggage_are_the_default() {
        let headers = sent(&Propagators::default());
        assert_eq!(
            headers.into_values().collect::<Vec<_>>(),
            ["k=v", HEADER, "a=1"]
        );
        assert_eq!(Propagators::default().describe(), "tracecontext,baggage");
    }

    #[test]
    fn a_list_names_what_is_read_and_sent() {
        let (only, unknown) = Propagators::parse("baggage");
        assert_eq!((only.fields(), unknown.len()), (&["baggage"][..], 0));
        assert_eq!(sent(&only).into_keys().collect::<Vec<_>>(), ["baggage"]);
        assert_eq!(only.extract(&get).0, None);
    }

    #[test]
    fn names_are_read_in_any_case_and_only_once() {
        let (propagators, unknown) =
            Propagators::parse(" Baggage, tracecontext,,BAGGAGE,tracecontext ");
        assert_eq!(
            propagators.list(),
            [Propagator::Baggage, Propagator::TraceContext]
        );
        assert_eq!(
            propagators.fields(),
            ["baggage", "traceparent", "tracestate"]
        );
        assert_eq!(unknown, []);
    }

    #[test]
    fn none_sends_and_reads_nothing() {
        let (none, unknown) = Propagators::parse("None");
        assert_eq!(
            (none.fields().len(), unknown.len(), none.describe()),
            (0, 0, "none".to_owned())
        );
        assert!(sent(&none).is_empty());
        assert_eq!(none.extract(&get), (None, Baggage::new()));
    }

    #[test]
    fn an_unknown_name_is_reported_and_the_others_are_used() {
        let (propagators, unknown) = Propagators::parse("tracecontext,b5,none");
        assert_eq!(propagators.describe(), "tracecontext");
        let messages: Vec<_> = unknown.iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
            [
                "\"b5\" is not a propagator; allowed are tracecontext, baggage, b3, b3multi, jaeger, xray, \
                 datadog, sentry, or none alone",
                "\"none\" is not a propagator; allowed are tracecontext, baggage, b3, b3multi, jaeger, xray, \
                 datadog, sentry, or none alone",
            ]
        );
    }

    #[test]
    fn baggage_travels_without_a_trace() {
        let mut headers = Vec::new();
        let baggage: Baggage = [("k", "v")].into_iter().collect();
        Propagators::default().inject(
            &SpanContext::INVALID,
            &baggage,
            &|_, value| Cow::Borrowed(value),
            &mut |name, _| {
                headers.push(name.to_owned());
            },
        );
        assert_eq!(headers, ["baggage"]);
    }

    #[test]
    fn entries_that_are_left_out_are_told() {
        let baggage: Baggage = [("not a token", "v")].into_iter().collect();
        let left_out = Propagators::default().inject(
            &SpanContext::INVALID,
            &baggage,
            &|_, value| Cow::Borrowed(value),
            &mut |name, _| panic!("{name}"),
        );
        assert_eq!(left_out, 1);
    }
}
