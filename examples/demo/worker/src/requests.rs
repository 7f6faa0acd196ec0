//! Server spans for axum: a layer to copy into your own service.

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use polyspan::{Baggage, SpanContext, SpanKind, Status, Tracer};

/// What a handler needs to continue the request's trace; an extension of the request.
#[derive(Clone)]
pub struct Caller {
    /// The server span: the parent of what the handler does.
    pub context: SpanContext,
    /// What came with the trace and goes on with it.
    pub baggage: Baggage,
}

/// Continues the caller's trace with a server span (OpenTelemetry semantic conventions, "HTTP server").
pub async fn trace(State(tracer): State<Tracer>, mut request: Request, next: Next) -> Response {
    let provider = tracer.provider();
    let (parent, baggage) = provider.extract(&|field| lines(request.headers(), field));

    let method = request.method().as_str();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let name = route.as_ref().map_or_else(
        || method.to_owned(),
        |route| format!("{method} {}", route.as_str()),
    );
    let mut span = tracer
        .span(&name)
        .kind(SpanKind::Server)
        .parent(parent.as_ref())
        .start();
    span.set_attribute("http.request.method", method);
    span.set_attribute("url.scheme", "http");
    span.set_attribute("url.path", request.uri().path());
    if let Some(query) = request.uri().query() {
        span.set_attribute("url.query", query);
    }
    if let Some(route) = &route {
        span.set_attribute("http.route", route.as_str());
    }

    request.extensions_mut().insert(Caller {
        context: span.context().clone(),
        baggage,
    });
    let response = next.run(request).await;

    let status = response.status();
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.set_attribute("error.type", status.as_str());
        span.set_status(Status::Error(""));
    }
    span.end();
    response
}

/// All lines of a header in their order.
fn lines(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|line| line.to_str().ok().map(str::to_owned))
        .collect()
}
