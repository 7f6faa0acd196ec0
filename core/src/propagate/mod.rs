//! How a trace and its baggage get from one process into the next.
//!
//! A *propagator* knows one family of headers; [`Propagators`] is the list that the policy names, each at most once.
//! Carriers are functions: `get` returns all lines of a header in their order, `set` takes a header and its value. A
//! process that starts another uses [`environment`], where headers are variables.
//!
//! Nothing that arrives can make reading fail: a header is what its standard says or it is absent, and what is kept of
//! it is bounded ([`trace_state`](crate::trace::trace_state): 512 characters, [`baggage`]: 8192 bytes).

pub mod baggage;
pub mod environment;
pub mod w3c;

#[cfg(test)]
mod properties;

pub use baggage::{Baggage, Redact};

use crate::choices::choices;
use crate::trace::SpanContext;
use std::fmt;

choices! {
    /// One family of headers, under its name in `OTEL_PROPAGATORS`.
    pub enum Propagator {
        /// W3C Trace Context: `traceparent` and `tracestate`.
        TraceContext = "tracecontext",
        /// W3C Baggage.
        Baggage = "baggage",
    }
    later: ["b3", "b3multi", "jaeger", "xray", "ottrace"]
}

impl Propagator {
    /// The headers that this propagator reads and writes.
    pub const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::TraceContext => &[w3c::TRACEPARENT, w3c::TRACESTATE],
            Self::Baggage => &[baggage::BAGGAGE],
        }
    }
}

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Propagators {
    list: Vec<Propagator>,
    fields: Vec<&'static str>,
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
        let fields = list
            .iter()
            .flat_map(|propagator| propagator.fields())
            .copied();
        Self {
            fields: fields.collect(),
            list,
        }
    }

    /// No propagators: nothing is read, nothing is sent.
    pub const fn none() -> Self {
        Self {
            list: Vec::new(),
            fields: Vec::new(),
        }
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

    /// The headers that may be read or written; a carrier that is used again is cleared of them first.
    pub fn fields(&self) -> &[&'static str] {
        &self.fields
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

    /// Hands the headers for a call from `context` to `set`, and tells how many baggage entries are left out.
    ///
    /// Baggage passes `redact` first. An invalid context and empty baggage set nothing.
    pub fn inject(
        &self,
        context: &SpanContext,
        baggage: &Baggage,
        redact: &Redact<'_>,
        set: &mut dyn FnMut(&str, &str),
    ) -> usize {
        let mut left_out = 0;
        for propagator in &self.list {
            match propagator {
                Propagator::TraceContext => w3c::inject(context, set),
                Propagator::Baggage => {
                    let (header, missing) = baggage::format(baggage, redact);
                    left_out += missing;
                    if !header.is_empty() {
                        set(baggage::BAGGAGE, &header);
                    }
                }
            }
        }
        left_out
    }

    /// Reads the caller's context and baggage; `get` returns all lines of a header in their order.
    pub fn extract(&self, get: &dyn Fn(&str) -> Vec<String>) -> (Option<SpanContext>, Baggage) {
        let mut context = None;
        let mut baggage = Baggage::new();
        for propagator in &self.list {
            match propagator {
                Propagator::TraceContext => context = w3c::extract(get),
                Propagator::Baggage => {
                    let lines = get(baggage::BAGGAGE);
                    baggage = baggage::parse(lines.iter().map(String::as_str));
                }
            }
        }
        (context, baggage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;
    use std::collections::BTreeMap;

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
                "\"b5\" is not a propagator; allowed are tracecontext, baggage, or none alone",
                "\"none\" is not a propagator; allowed are tracecontext, baggage, or none alone",
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
