//! tonic with the layers of `tonic-tracing-opentelemetry`, which know `tracing-opentelemetry` and polyspan behind that.

use polyspan::opentelemetry::Tracer;
use polyspan_rust_frameworks::{Backend, assert_chain, the};
use tonic::transport::{Channel, Server};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_tracing_opentelemetry::middleware::{client, server};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

#[tokio::test]
async fn one_trace_across_a_call() {
    let backend = Backend::start();
    polyspan::opentelemetry::install(backend.provider);
    let layer = tracing_opentelemetry::layer()
        .with_tracer(Tracer::from(backend.provider.tracer("app")))
        // The layers' own target, and this test's; not what h2 says of its frames.
        .with_filter(Targets::new().with_targets([
            ("otel::tracing", tracing::Level::TRACE),
            (module_path!(), tracing::Level::TRACE),
        ]));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();

    let (_reporter, health) = tonic_health::server::health_reporter();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let incoming = tonic::transport::server::TcpIncoming::from(listener);
    tokio::spawn(
        Server::builder()
            .layer(server::OtelGrpcLayer::default())
            .add_service(health)
            .serve_with_incoming(incoming),
    );

    let channel = Channel::from_shared(format!("http://{address}")).unwrap();
    let channel = channel.connect().await.unwrap();
    let channel = instrumented(channel);
    let caller = tracing::info_span!("caller");
    let call = async {
        let request = HealthCheckRequest::default();
        HealthClient::new(channel).check(request).await.unwrap()
    };
    tracing::Instrument::instrument(call, caller).await;

    let spans = tokio::task::spawn_blocking(move || backend.wait_for(3))
        .await
        .unwrap();
    let caller = the(&spans, 1, "caller");
    let client = the(&spans, 3, "grpc.health.v1.Health/Check");
    let server = the(&spans, 2, "grpc.health.v1.Health/Check");
    assert_chain(&[caller, client, server]);
    assert_eq!(server.flags & 0x300, 0x300, "the client is remote");
}

fn instrumented(channel: Channel) -> client::OtelGrpcService<Channel> {
    tower_layer::Layer::layer(&client::OtelGrpcLayer, channel)
}
