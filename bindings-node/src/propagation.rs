//! Headers in and out. Span contexts go through the exchange, the rest as flat arrays of strings.

use crate::exchange::slot;
use crate::span::{read_context, write_context};
use crate::{Call, Outcome, value};
use napi_sys as sys;
use polyspan::propagate::Getter;
use polyspan::{Baggage, TraceState};

/// `inject(traceState, baggage)`: the headers for the context in the exchange, as name, value, name …
pub(crate) fn inject(call: Call<'_>, [state, entries]: [sys::napi_value; 2]) -> Outcome {
    let env = call.env;
    let mut headers = Vec::new();
    if let Some(open) = &call.instance.open {
        let flags = open.exchange.get(slot::FLAGS) as u32;
        let mut context = read_context(&open.exchange, flags, || value::read_text(env, state));
        if flags & crate::exchange::HAS_PARENT == 0 {
            context = polyspan::SpanContext::default();
        }
        let mut baggage = Baggage::new();
        for entry in value::read_texts(env, entries).chunks_exact(3) {
            baggage.set_with_metadata(&*entry[0], &*entry[1], &*entry[2]);
        }
        open.provider
            .inject(&context, &baggage, &mut |name, value| {
                headers.push(name.to_owned());
                headers.push(value.to_owned());
            });
    }
    Ok(value::texts(env, headers.iter().map(String::as_str)))
}

/// `extract(headers)`: writes the context to the exchange; returns the tracestate, then key, value and metadata of each
/// baggage entry. A header that came in several lines stands there several times.
pub(crate) fn extract(call: Call<'_>, [headers]: [sys::napi_value; 1]) -> Outcome {
    let env = call.env;
    let Some(open) = &call.instance.open else {
        return Ok(value::texts(env, []));
    };
    let headers = value::read_texts(env, headers);
    let (headers, _) = headers.as_chunks::<2>();
    let (context, baggage) = open.provider.extract_from(&Headers(headers));
    write_context(&open.exchange, context.as_ref());
    let state = context
        .as_ref()
        .map_or("", |context| context.state.as_str());
    let entries = baggage
        .iter()
        .flat_map(|entry| [entry.key(), entry.value(), entry.metadata()]);
    Ok(value::texts(env, std::iter::once(state).chain(entries)))
}

/// Names and values, a name as often as it came.
struct Headers<'a>(&'a [[String; 2]]);

impl Getter for Headers<'_> {
    fn get(&self, name: &str) -> Vec<String> {
        let named = self
            .0
            .iter()
            .filter(|[key, _]| key.eq_ignore_ascii_case(name));
        named.map(|[_, value]| value.clone()).collect()
    }

    fn keys(&self, visit: &mut dyn FnMut(&str)) {
        self.0.iter().for_each(|[name, _]| visit(name));
    }
}

/// `copies(key)`: whether the baggage entry with this key becomes an attribute of spans.
pub(crate) fn copies(call: Call<'_>, [key]: [sys::napi_value; 1]) -> Outcome {
    let copies = call.instance.open.as_ref().is_some_and(|open| {
        let key = value::read_text(call.env, key);
        open.provider.baggage_attributes().matches(&key)
    });
    Ok(value::boolean(call.env, copies))
}

/// `parseTraceState(list)`: the list as the core holds it, empty if it is malformed.
pub(crate) fn parse_trace_state(call: Call<'_>, [list]: [sys::napi_value; 1]) -> Outcome {
    let parsed = TraceState::parse(&value::read_text(call.env, list));
    Ok(value::text(call.env, parsed.as_str()))
}
