//! axum with the tower layer of the OpenTelemetry project, called by reqwest: both know the `opentelemetry` crate only.

use axum::Router;
use axum::routing::get;
use opentelemetry::global;
use opentelemetry::trace::{FutureExt, SpanKind, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::HeaderInjector;
use opentelemetry_instrumentation_tower as tower_instrumentation;
use polyspan_rust_frameworks::{Backend, assert_chain, the};
use tracing_subscriber::layer::SubscriberExt;

/// Behind the macros of `tracing`, below a span that the tower layer has started.
#[tracing::instrument]
async fn price(id: u64) -> u64 {
    id * 2
}

async fn call(url: &str) -> String {
    let tracer = global::tracer("client");
    let span = tracer
        .span_builder("GET")
        .with_kind(SpanKind::Client)
        .start(&tracer);
    let context = Context::current_with_span(span);
    let mut request = reqwest::Client::new().get(url).build().unwrap();
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut HeaderInjector(request.headers_mut()));
    });
    async {
        let response = reqwest::Client::new().execute(request).await.unwrap();
        let status = i64::from(response.status().as_u16());
        let span = Context::current();
        span.span()
            .set_attribute(KeyValue::new("http.response.status_code", status));
        response.text().await.unwrap()
    }
    .with_context(context.clone())
    .await
}

#[tokio::test]
async fn one_trace_from_the_client_through_the_handler() {
    let backend = Backend::start();
    polyspan::opentelemetry::install(backend.provider);
    let layer = polyspan::tracing::layer(backend.provider.tracer("app"));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();

    let instrumentation = tower_instrumentation::http::server::Layer::new();
    let app = Router::new()
        .route(
            "/orders/{id}",
            get(async |axum::extract::Path(id): axum::extract::Path<u64>| {
                price(id).await.to_string()
            }),
        )
        .layer(instrumentation);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/orders/21", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });

    assert_eq!(call(&url).await, "42");
    let spans = tokio::task::spawn_blocking(move || backend.wait_for(3))
        .await
        .unwrap();
    let client = the(&spans, 3, "GET");
    let server = the(&spans, 2, "GET /orders/{id}");
    let inside = the(&spans, 1, "price");
    assert_chain(&[client, server, inside]);
    assert_eq!(server.flags & 0x300, 0x300, "the client is remote");
    assert_eq!(inside.flags & 0x300, 0x100, "the server span is local");
    let keys: Vec<_> = server
        .attributes
        .iter()
        .map(|one| one.key.as_str())
        .collect();
    for key in [
        "http.request.method",
        "http.route",
        "http.response.status_code",
    ] {
        assert!(keys.contains(&key), "{keys:?}");
    }
}
