//! A measurement from the public API to the bytes that a backend receives.

mod sink;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{AggregationTemporality, Metric, NumberDataPoint};
use polyspan::{Config, Provider, Scope, Value};
use sink::Sink;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(10);

fn provider(url: &str, options: &[(&str, &str)]) -> Provider {
    let mut config = Config::default();
    config.set("endpoint", url).unwrap();
    for (name, value) in options {
        config.set(name, value).unwrap();
    }
    Provider::new(config).unwrap()
}

/// The metrics of the last request.
fn last(sink: &Sink) -> Vec<Metric> {
    let request = sink.metrics().pop().expect("a request with metrics");
    let scopes = request
        .resource_metrics
        .into_iter()
        .flat_map(|r| r.scope_metrics);
    scopes.flat_map(|scope| scope.metrics).collect()
}

fn points(metric: &Metric) -> &[NumberDataPoint] {
    let Some(Data::Sum(sum)) = &metric.data else {
        panic!("{metric:?} is no sum")
    };
    assert!(sum.is_monotonic);
    assert_eq!(
        sum.aggregation_temporality(),
        AggregationTemporality::Cumulative
    );
    &sum.data_points
}

fn sums(sink: &Sink) -> Vec<Number> {
    let metrics = last(sink);
    let points = metrics.iter().flat_map(points);
    points.map(|point| point.value.unwrap()).collect()
}

fn text(point: &NumberDataPoint, key: &str) -> String {
    let attribute = point.attributes.iter().find(|a| a.key == key);
    match attribute.and_then(|a| a.value.as_ref()?.value.as_ref()) {
        Some(Any::StringValue(text)) => text.clone(),
        other => panic!("{key} is {other:?}"),
    }
}

#[test]
fn a_counter_arrives_at_flush_with_all_that_describes_it() {
    let sink = Sink::start();
    let provider = provider(&sink.url(), &[("service_name", "shop")]);
    let scope = Scope {
        name: "checkout",
        version: "1.2",
        ..Scope::default()
    };
    let orders = provider.counter(scope, "orders", "{order}", "Orders taken");
    orders.add_u64(2, &[("country", "de".into())]);
    orders.add_u64(3, &[("country", "fr".into())]);
    orders.add_u64(5, &[("country", "de".into())]);
    provider.flush(SOON).unwrap();

    let requests = sink.metrics();
    let [request] = requests.as_slice() else {
        panic!("one request, not {}", requests.len())
    };
    let resource = &request.resource_metrics[0];
    let attributes = &resource.resource.as_ref().unwrap().attributes;
    let get = |key: &str| attributes.iter().find(|attribute| attribute.key == key);
    assert_eq!(
        get("service.name").unwrap().value.as_ref().unwrap().value,
        Some(Any::StringValue("shop".into()))
    );
    assert!(get("polyspan.binding").is_some());
    assert!(get("process.pid").is_some());
    assert!(
        get("polyspan.policy").is_none(),
        "the policy is said on spans only"
    );
    let scope = resource.scope_metrics[0].scope.as_ref().unwrap();
    assert_eq!((&*scope.name, &*scope.version), ("checkout", "1.2"));
    let metric = &resource.scope_metrics[0].metrics[0];
    assert_eq!(metric.name, "orders");
    assert_eq!(metric.unit, "{order}");
    assert_eq!(metric.description, "Orders taken");
    let mut points: Vec<_> = points(metric)
        .iter()
        .map(|point| (text(point, "country"), point.value.unwrap()))
        .collect();
    points.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        points,
        [
            ("de".to_owned(), Number::AsInt(7)),
            ("fr".to_owned(), Number::AsInt(3)),
        ]
    );
}

#[test]
fn the_resource_is_that_of_the_spans_but_for_the_policy() {
    let sink = Sink::start();
    let options = [("resource_attributes", "team=a%20b,owner=ann@example.com")];
    let provider = provider(&sink.url(), &options);
    provider.tracer("t").start("span").end();
    provider.counter("t", "c", "", "").add_u64(1, &[]);
    provider.flush(SOON).unwrap();

    let sorted = |resource: &opentelemetry_proto::tonic::resource::v1::Resource| {
        let mut attributes = resource.attributes.clone();
        attributes.retain(|attribute| attribute.key != "polyspan.policy");
        attributes.sort_by(|a, b| a.key.cmp(&b.key));
        attributes
    };
    let spans = sink.traces()[0].resource_spans[0].resource.clone().unwrap();
    let metrics = sink.metrics()[0].resource_metrics[0].resource.clone();
    assert_eq!(sorted(&metrics.unwrap()), sorted(&spans));
}

#[test]
fn sums_grow_from_export_to_export() {
    let sink = Sink::start();
    let provider = provider(&sink.url(), &[]);
    let counter = provider.counter("t", "c", "", "");
    counter.add_u64(1, &[]);
    provider.flush(SOON).unwrap();
    assert_eq!(sums(&sink), [Number::AsInt(1)]);
    let same = provider.counter("t", "c", "", "");
    same.add_u64(2, &[]);
    provider.flush(SOON).unwrap();
    assert_eq!(sums(&sink), [Number::AsInt(3)]);
    provider.flush(SOON).unwrap();
    assert_eq!(sums(&sink), [Number::AsInt(3)]);
}

#[test]
fn metrics_go_out_at_intervals() {
    let sink = Sink::start();
    let provider = provider(&sink.url(), &[("metric_export_interval", "20")]);
    let counter = provider.counter("t", "c", "", "");
    counter.add_f64(0.5, &[]);
    assert!(sink.wait_for(1, SOON));
    assert_eq!(sums(&sink), [Number::AsDouble(0.5)]);
    counter.add_f64(1.0, &[]);
    let until = Instant::now() + SOON;
    while sums(&sink) != [Number::AsDouble(1.5)] {
        assert!(Instant::now() < until, "{:?}", sums(&sink));
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn shutdown_exports_what_was_not_exported_and_ends_the_counter() {
    let sink = Sink::start();
    let provider = provider(&sink.url(), &[]);
    let counter = provider.counter("t", "c", "", "");
    counter.add_u64(1, &[]);
    provider.shutdown(SOON).unwrap();
    assert_eq!(sums(&sink), [Number::AsInt(1)]);
    counter.add_u64(1, &[]);
    provider.flush(SOON).unwrap();
    assert_eq!(sink.metrics().len(), 1);
}

#[test]
fn what_is_no_growth_is_ignored() {
    let sink = Sink::start();
    let provider = provider(&sink.url(), &[]);
    let counter = provider.counter("t", "c", "", "");
    for wrong in [-1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        counter.add_f64(wrong, &[]);
    }
    counter.add_u64(u64::MAX, &[]);
    counter.add_f64(2.5, &[]);
    counter.add_u64(2, &[]);
    provider.flush(SOON).unwrap();
    assert_eq!(sums(&sink), [Number::AsDouble(4.5)]);
}

#[test]
fn secrets_in_attributes_stay_in_the_process() {
    let sink = Sink::start();
    let provider = provider(&sink.url(), &[]);
    let counter = provider.counter("t", "c", "", "");
    counter.add_u64(
        1,
        &[
            ("password", "hunter2".into()),
            ("user", "ann@example.com".into()),
            ("users", vec!["x", "ann@example.com"].into()),
            ("plain", "kept".into()),
        ],
    );
    provider.flush(SOON).unwrap();
    let point = points(&last(&sink)[0])[0].clone();
    assert_eq!(text(&point, "password"), "[REDACTED]");
    assert_eq!(text(&point, "plain"), "kept");
    for body in sink.bodies() {
        for secret in ["hunter2", "ann@example"] {
            let leaked = body.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!leaked, "{secret}");
        }
    }
    let redacted = provider.stats().to_json();
    assert!(redacted.contains(r#""email":2"#), "{redacted}");
}

#[test]
fn with_redaction_off_attributes_leave_as_they_are() {
    let sink = Sink::start();
    let provider = provider(&sink.url(), &[("redaction", "off")]);
    let attributes = [("password", "hunter2".into()), ("n", Value::Int(7))];
    provider.counter("t", "c", "", "").add_u64(1, &attributes);
    provider.flush(SOON).unwrap();
    let point = points(&last(&sink)[0])[0].clone();
    assert_eq!(text(&point, "password"), "hunter2");
}

#[test]
fn nothing_is_measured_where_nothing_is_wanted() {
    let sink = Sink::start();
    for option in [("disabled", "true"), ("metrics_exporter", "none")] {
        let provider = provider(&sink.url(), &[option]);
        let counter = provider.counter("t", "c", "", "");
        counter.add_u64(1, &[]);
        assert_eq!(counter.index(), None, "{option:?}");
        assert!(!provider.has_metrics(), "{option:?}");
        provider.shutdown(SOON).unwrap();
    }
    // Only made, never used: no thread, no request.
    let provider = provider(&sink.url(), &[]);
    provider.counter("t", "c", "", "");
    provider.shutdown(SOON).unwrap();
    assert_eq!(sink.bodies().len(), 0);
}

#[test]
fn a_wrong_name_is_told_and_counts_nothing() {
    let sink = Sink::start();
    let provider = provider(&sink.url(), &[]);
    let counter = provider.counter("shop", "9 lives", "", "");
    counter.add_u64(1, &[]);
    assert_eq!(counter.index(), None);
    let told = provider.take_diagnostics().join("\n");
    assert!(told.contains("9 lives") && told.contains("shop"), "{told}");
    assert!(told.contains("starts with an ASCII letter"), "{told}");
}

#[test]
fn the_index_leads_back_to_the_counter() {
    let sink = Sink::start();
    let provider = provider(&sink.url(), &[]);
    provider.counter("t", "other", "", "");
    let counter = provider.counter("t", "c", "", "");
    let again = provider.counter_at(counter.index().unwrap()).unwrap();
    again.add_u64(4, &[]);
    counter.add_u64(4, &[]);
    assert!(provider.counter_at(99).is_none());
    provider.flush(SOON).unwrap();
    assert_eq!(sums(&sink), [Number::AsInt(8)]);
}

#[test]
fn threads_add_to_one_sum() {
    let sink = Sink::start();
    let provider = provider(&sink.url(), &[("metric_export_interval", "1")]);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(move || {
                let counter = provider.counter("t", "c", "", "");
                for _ in 0..1_000 {
                    counter.add_u64(1, &[("a", "b".into())]);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|t| t.join().unwrap());
    provider.shutdown(SOON).unwrap();
    assert_eq!(sums(&sink), [Number::AsInt(4_000)]);
}

#[test]
fn too_many_sets_of_attributes_end_in_one_sum() {
    let sink = Sink::start();
    let provider = provider(&sink.url(), &[]);
    let counter = provider.counter("t", "c", "", "");
    for number in 0..5_000 {
        counter.add_u64(1, &[("number", Value::Int(number))]);
    }
    provider.flush(SOON).unwrap();
    let metrics = last(&sink);
    let points = points(&metrics[0]);
    assert!(points.len() <= 2_001, "{}", points.len());
    let overflow = points.iter().find(|point| {
        let mut keys = point.attributes.iter().map(|a| a.key.as_str());
        keys.any(|key| key == "otel.metric.overflow")
    });
    assert!(overflow.is_some());
    let sum: i64 = points
        .iter()
        .map(|point| match point.value {
            Some(Number::AsInt(value)) => value,
            other => panic!("{other:?}"),
        })
        .sum();
    assert_eq!(sum, 5_000);
}

/// An address where nobody listens.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A server that takes connections and never answers.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

/// Waits for a request; its connection stays open as long as the stream that is returned.
fn request_to(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    let until = Instant::now() + SOON;
    let mut stream = loop {
        match listener.accept() {
            Ok((stream, _)) => break stream,
            Err(error) => assert!(Instant::now() < until, "no connection: {error}"),
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
    stream
}

#[test]
fn a_flush_says_that_metrics_did_not_arrive() {
    let options = [("metrics_timeout", "200")];
    let provider = provider(&nowhere(), &options);
    provider.counter("t", "c", "", "").add_u64(1, &[]);
    let error = provider.flush(SOON).unwrap_err().to_string();
    assert!(error.contains("/v1/metrics"), "{error}");
}

#[test]
fn a_backend_that_holds_metrics_up_does_not_hold_spans_up() {
    let sink = Sink::start();
    let (silent, url) = silent();
    let options = [
        ("metrics_endpoint", &*url),
        ("metrics_timeout", "60000"),
        ("metric_export_interval", "1"),
        ("schedule_delay", "50"),
    ];
    let provider = provider(&sink.url(), &options);
    provider.counter("t", "c", "", "").add_u64(1, &[]);
    // From here on the worker waits for an answer about metrics.
    let _unanswered = request_to(&silent);
    provider.tracer("t").start("span").end();
    assert!(sink.wait_for(1, SOON));
    assert_eq!(sink.traces().len(), 1);
}

#[test]
fn shutdown_keeps_its_deadline_while_metrics_are_held_up() {
    let (_silent, url) = silent();
    let provider = provider(&url, &[]);
    provider.counter("t", "c", "", "").add_u64(1, &[]);
    let begin = Instant::now();
    let ended = provider.shutdown(Duration::from_millis(300));
    assert!(ended.is_err());
    assert!(
        begin.elapsed() < Duration::from_secs(3),
        "{:?}",
        begin.elapsed()
    );
}
