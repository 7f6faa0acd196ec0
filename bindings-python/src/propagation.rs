//! Trace context and baggage in headers, by the core's propagators.

use crate::api::api;
use crate::context::{self, ParentSpan};
use crate::value::text_of;
use polyspan::Baggage;
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

/// The span context and the baggage that stand in headers, given with all their lines.
pub(crate) fn extract<'py>(
    py: Python<'py>,
    provider: Provider,
    headers: HashMap<String, Vec<Bound<'py, PyString>>>,
) -> PyResult<(Option<Bound<'py, PyAny>>, Vec<Entry>)> {
    let lines: HashMap<String, Vec<String>> = headers
        .into_iter()
        .map(|(name, lines)| {
            let lines = lines.iter().map(|line| text_of(line).into_owned());
            (name, lines.collect())
        })
        .collect();
    let (span, baggage) = provider.extract(&|name| lines.get(name).cloned().unwrap_or_default());
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
