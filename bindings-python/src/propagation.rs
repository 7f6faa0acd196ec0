//! Trace context and baggage in headers, by the core's propagators.

use crate::api::{Api, api};
use crate::context::{self, ParentSpan};
use crate::value::text_of;
use polyspan::Baggage;
use polyspan::propagate::Getter;
use polyspan::trace::{Provider, SpanContext};
use pyo3::prelude::*;
use pyo3::types::PyString;
use std::collections::HashMap;

/// A baggage entry of an application: key, value, properties.
pub(crate) type Given<'py> = (Bound<'py, PyString>, Bound<'py, PyString>, String);
/// A baggage entry that was received.
pub(crate) type Entry = (String, String, String);

/// The headers for a call from `context` with this baggage.
pub(crate) fn inject(
    py: Python<'_>,
    provider: Provider,
    context: Option<&Bound<'_, PyAny>>,
    baggage: &[Given<'_>],
) -> PyResult<Vec<(String, String)>> {
    let span = match context::parent(py, api(py)?, context)? {
        ParentSpan::Ours(span) => span.get().core_context(py),
        ParentSpan::Foreign(context) => context,
        ParentSpan::None => SpanContext::INVALID,
    };
    let mut entries = Baggage::new();
    for (key, value, metadata) in baggage {
        entries.set_with_metadata(text_of(key), text_of(value), metadata);
    }
    let mut headers = Vec::new();
    provider.inject(&span, &entries, &mut |name, value| {
        headers.push((name.to_owned(), value.to_owned()));
    });
    Ok(headers)
}

/// All lines of each header, under its name in lower case.
struct Headers<'py>(HashMap<String, Vec<Bound<'py, PyString>>>);

impl Getter for Headers<'_> {
    fn get(&self, name: &str) -> Vec<String> {
        let lines = self.0.get(name).into_iter().flatten();
        lines.map(|line| text_of(line).into_owned()).collect()
    }

    fn keys(&self, visit: &mut dyn FnMut(&str)) {
        self.0.keys().for_each(|name| visit(name));
    }
}

/// The entries of a context's baggage, as the API shows them.
pub(crate) fn baggage_of(
    py: Python<'_>,
    api: &Api,
    context: Option<&Bound<'_, PyAny>>,
) -> PyResult<Baggage> {
    let mut entries = Baggage::new();
    let all = api.get_all_baggage.bind(py).call1((context,))?;
    for entry in all.call_method0("items")?.try_iter()? {
        let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = entry?.extract()?;
        entries.set(text_of(&key.str()?), text_of(&value.str()?));
    }
    Ok(entries)
}

/// The span context and the baggage that stand in headers, given with all their lines.
pub(crate) fn extract<'py>(
    py: Python<'py>,
    provider: Provider,
    headers: HashMap<String, Vec<Bound<'py, PyString>>>,
) -> PyResult<(Option<Bound<'py, PyAny>>, Vec<Entry>)> {
    let (span, baggage) = provider.extract_from(&Headers(headers));
    let api = api(py)?;
    let span = span.map(|span| context::to_python(py, api, &span));
    let entries = baggage.iter().map(|entry| {
        (
            entry.key().to_owned(),
            entry.value().to_owned(),
            entry.metadata().to_owned(),
        )
    });
    Ok((span.transpose()?, entries.collect()))
}
