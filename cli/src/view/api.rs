//! Questions about what was received: `GET /api/…` and `GET /healthz`, all JSON.
//!
//! `/api/traces/{id}` is OTLP/JSON `TracesData`; the others are polyspan's own and described in
//! `docs/view.md`.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::json::{hex, traces_data};
use super::shared::Shared;
use super::trace::{Ending, Summary, TraceId, regroup};

/// How many traces the list shows unless `?limit=` says otherwise.
const LISTED: usize = 100;

/// `GET /healthz`
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /api/traces`: the newest first, `?limit=` of them.
pub(crate) async fn traces(State(shared): State<Shared>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let limit = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("limit="));
    let limit = match limit.map(str::parse) {
        None => LISTED,
        Some(Ok(limit)) => limit,
        Some(Err(_)) => {
            return problem(
                StatusCode::BAD_REQUEST,
                format!("limit in {query:?} is not a whole number"),
            );
        }
    };
    let summaries = shared.lock().summaries(limit);
    let traces: Value = summaries.iter().map(summary).collect();
    respond(StatusCode::OK, &json!({ "traces": traces }))
}

fn summary(trace: &Summary) -> Value {
    let nanos = trace.end_nanos.saturating_sub(trace.start_nanos);
    json!({
        "traceId": hex(&trace.id),
        "root": trace.root,
        "complete": trace.root.is_some(),
        "printed": match trace.told_as {
            Some(Ending::Complete) => "complete",
            Some(Ending::Incomplete) => "incomplete",
            Some(Ending::Late) | None => "no",
        },
        "spans": trace.spans,
        "errors": trace.errors,
        "startTimeUnixNano": trace.start_nanos.to_string(),
        "durationMs": nanos as f64 / 1e6,
        "services": trace.services,
        "languages": trace.languages,
    })
}

/// `GET /api/traces/{id}`
pub(crate) async fn trace(
    State(shared): State<Shared>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let text = id.map_or_else(|rejection| rejection.body_text(), |Path(id)| id);
    let Some(id) = trace_id(&text) else {
        return problem(
            StatusCode::BAD_REQUEST,
            format!("{text:?} is not a trace id of 32 hexadecimal digits"),
        );
    };
    let spans = shared.lock().trace(&id);
    match spans {
        Some(spans) => respond(StatusCode::OK, &traces_data(&regroup(spans))),
        None => problem(
            StatusCode::NOT_FOUND,
            format!("no trace {text}; it did not arrive or was evicted"),
        ),
    }
}

fn trace_id(text: &str) -> Option<TraceId> {
    let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u128::from_str_radix(text, 16).ok().filter(|_| is_id)?;
    Some(number.to_be_bytes())
}

/// `GET /api/metrics`
pub(crate) async fn metrics(State(shared): State<Shared>) -> Response {
    let metrics = shared.lock().metrics.list();
    respond(StatusCode::OK, &json!({ "metrics": metrics }))
}

/// `GET /api/stats`
pub(crate) async fn stats(State(shared): State<Shared>) -> Response {
    let store = shared.lock();
    let (size, counts, metrics) = (store.size(), store.counts(), &store.metrics);
    let stats = json!({
        "requests": { "received": counts.requests, "rejected": counts.rejected_requests },
        "spans": {
            "received": counts.received_spans,
            "kept": size.spans,
            "duplicate": counts.duplicate_spans,
            "evicted": counts.evicted_spans,
            "refused": counts.refused_spans,
            "invalid": counts.invalid_spans,
        },
        "traces": { "kept": size.traces, "evicted": counts.evicted_traces },
        "memory": { "bytes": size.bytes, "limitBytes": size.limit_bytes },
        "metrics": {
            "receivedPoints": metrics.received_points,
            "series": metrics.len(),
            "ignoredMetrics": metrics.ignored_metrics,
            "refusedPoints": metrics.refused_points,
        },
    });
    drop(store);
    respond(StatusCode::OK, &stats)
}

/// Any other path.
pub(crate) async fn unknown(uri: Uri) -> Response {
    let message = format!(
        "nothing at {}; there are POST /v1/traces, POST /v1/metrics, GET /api/traces, /api/traces/{{id}}, /api/metrics, /api/stats, /healthz",
        uri.path()
    );
    problem(StatusCode::NOT_FOUND, message)
}

/// An error as a person or a program can read it.
pub(crate) fn problem(status: StatusCode, message: String) -> Response {
    respond(status, &json!({ "message": message }))
}

fn respond(status: StatusCode, body: &Value) -> Response {
    (
        status,
        [(CONTENT_TYPE, "application/json")],
        body.to_string() + "\n",
    )
        .into_response()
}
