//! reqwest with `reqwest-tracing` and axum with the trace layer of `tower-http`: both know the `tracing` crate only.

use axum::Router;
use axum::http::{HeaderMap, Request};
use axum::routing::get;
use polyspan::propagate::Getter;
use polyspan::tracing::SpanExt;
use polyspan_rust_frameworks::{Backend, assert_chain, the};
use reqwest_middleware::{ClientBuilder, Middleware, Next};
use reqwest_tracing::TracingMiddleware;
use tower_http::trace::TraceLayer;
use tracing::Span;
use tracing_subscriber::layer::SubscriberExt;

/// Headers of a request that came in.
struct Headers<'a>(&'a HeaderMap);

impl Getter for Headers<'_> {
    fn get(&self, name: &str) -> Vec<String> {
        let lines = self.0.get_all(name).iter();
        lines
            .map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
            .collect()
    }
}

/// Writes the span around it into the headers of a request that goes out.
struct Propagate;

#[async_trait::async_trait]
impl Middleware for Propagate {
    async fn handle(
        &self,
        mut request: reqwest::Request,
        extensions: &mut axum::http::Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<reqwest::Response> {
        let headers = request.headers_mut();
        Span::current().inject(&mut |name, value| {
            if let (Ok(name), Ok(value)) = (
                axum::http::HeaderName::from_bytes(name.as_bytes()),
                value.parse(),
            ) {
                headers.insert(name, value);
            }
        });
        next.run(request, extensions).await
    }
}

#[tokio::test]
async fn one_trace_from_the_caller_through_the_handler() {
    let backend = Backend::start();
    let layer = polyspan::tracing::layer(backend.provider.tracer("app"));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();

    let traced = TraceLayer::new_for_http().make_span_with(|request: &Request<_>| {
        let span = tracing::info_span!(
            "request",
            otel.kind = "server",
            otel.name = format!("{} {}", request.method(), request.uri().path()),
        );
        let _ = span.extract(&Headers(request.headers()));
        span
    });
    let handler = async || {
        tracing::info!(items = 3, "priced");
        "42"
    };
    let app = Router::new().route("/orders", get(handler)).layer(traced);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/orders", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });

    let client = ClientBuilder::new(reqwest::Client::new())
        .with(TracingMiddleware::default())
        .with(Propagate)
        .build();
    let caller = tracing::info_span!("caller");
    let answer = async { client.get(&url).send().await.unwrap().text().await.unwrap() };
    assert_eq!(tracing::Instrument::instrument(answer, caller).await, "42");

    let spans = tokio::task::spawn_blocking(move || backend.wait_for(3))
        .await
        .unwrap();
    let server = the(&spans, 2, "GET /orders");
    assert_chain(&[the(&spans, 1, "caller"), the(&spans, 3, "*"), server]);
    assert!(
        server.events.iter().any(|event| event.name == "priced"),
        "{server:?}"
    );
}
