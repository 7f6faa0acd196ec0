//! The macros of the `tracing` crate with polyspan behind them, read at a backend.

mod sink;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::{Span, span::Event};
use polyspan::propagate::Pairs;
use polyspan::sample::{Candidate, CustomSampler, Sampler, SamplingResult, Verdict};
use polyspan::tracing::{Layer, SetParentError, SpanExt, layer};
use polyspan::{Baggage, Config, Provider, SpanContext, SpanKind, Status};
use sink::Sink;
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;
use tracing::{Span as Traced, error, field, info, info_span, warn};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer as _, registry};

const SOON: Duration = Duration::from_secs(10);
const CALLER: [(&str, &str); 2] = [
    (
        "traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ),
    ("baggage", "tenant=acme"),
];

fn provider(sink: &Sink, options: &[(&str, &str)]) -> Provider {
    let mut config = Config::default();
    config.set("endpoint", &sink.url()).unwrap();
    for (name, value) in options {
        config.set(name, value).unwrap();
    }
    Provider::new(config).unwrap()
}

/// What arrives of what `work` traces, by name.
fn traced_by(
    options: &[(&str, &str)],
    set: impl FnOnce(Layer) -> Layer,
    work: impl FnOnce(),
) -> HashMap<String, Span> {
    let sink = Sink::start();
    let provider = provider(&sink, options);
    let layer = set(layer(provider.tracer("test")));
    tracing::subscriber::with_default(registry().with(layer), work);
    provider.flush(SOON).unwrap();
    let stats = provider.stats();
    assert!(stats.is_balanced(), "{stats:?}");
    assert_eq!(stats.live, 0, "every span was closed");
    let requests = sink.traces();
    let resources = requests.iter().flat_map(|request| &request.resource_spans);
    let scopes = resources.flat_map(|resource| &resource.scope_spans);
    let spans = scopes.flat_map(|scope| &scope.spans);
    spans
        .map(|span| (span.name.clone(), span.clone()))
        .collect()
}

fn traced(work: impl FnOnce()) -> HashMap<String, Span> {
    traced_by(&[], |layer| layer.with_target(false), work)
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    match value(attributes, key)? {
        Any::StringValue(text) => Some(text.clone()),
        other => Some(format!("{other:?}")),
    }
}

fn value<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Any> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    found.value.as_ref()?.value.as_ref()
}

fn keys(attributes: &[KeyValue]) -> Vec<&str> {
    attributes.iter().map(|one| one.key.as_str()).collect()
}

fn event<'a>(span: &'a Span, name: &str) -> &'a Event {
    let found = span.events.iter().find(|event| event.name == name);
    found.unwrap_or_else(|| panic!("no {name} in {:?}", span.events))
}

fn status(span: &Span) -> (i32, &str) {
    let status = span.status.as_ref();
    status.map_or((0, ""), |status| (status.code, status.message.as_str()))
}

#[test]
fn spans_nest_and_fields_become_attributes() {
    let spans = traced(|| {
        let outer = info_span!("outer", number = 5, huge = u64::MAX, late = field::Empty);
        let _entered = outer.enter();
        let debugged: Option<u8> = Some(1);
        let inner = info_span!("inner", yes = true, half = 0.5, name = "ada", ?debugged);
        inner.in_scope(|| ());
        outer.record("late", "came");
        outer.record("number", 6);
    });
    let (outer, inner) = (&spans["outer"], &spans["inner"]);
    assert_eq!(inner.parent_span_id, outer.span_id);
    assert_eq!(inner.trace_id, outer.trace_id);
    assert_eq!((outer.kind, status(outer)), (1, (0, "")));
    assert!(outer.start_time_unix_nano <= inner.start_time_unix_nano);
    assert!(inner.end_time_unix_nano <= outer.end_time_unix_nano);
    assert_eq!(keys(&outer.attributes), ["number", "huge", "late"]);
    assert_eq!(value(&outer.attributes, "number"), Some(&Any::IntValue(6)));
    assert_eq!(
        text(&outer.attributes, "huge").unwrap(),
        u64::MAX.to_string()
    );
    assert_eq!(value(&inner.attributes, "yes"), Some(&Any::BoolValue(true)));
    assert_eq!(
        value(&inner.attributes, "half"),
        Some(&Any::DoubleValue(0.5))
    );
    assert_eq!(text(&inner.attributes, "debugged").unwrap(), "Some(1)");
}

#[test]
fn special_fields_say_what_a_span_is() {
    let spans = traced(|| {
        let span = info_span!(
            "route",
            otel.name = "GET /orders",
            otel.kind = "Server",
            otel.status_code = field::Empty,
            otel.status_description = field::Empty,
        );
        span.in_scope(|| ());
        span.record("otel.status_description", "no funds");
        span.record("otel.status_code", "ERROR");
        let fine = info_span!("fine", otel.status_code = "ok", otel.kind = ?SpanKind::Client);
        fine.record("otel.status_code", "error");
        let renamed = info_span!("before", otel.name = field::Empty);
        renamed.in_scope(|| ());
        renamed.record("otel.name", "after");
    });
    let span = &spans["GET /orders"];
    assert_eq!((span.kind, status(span)), (2, (2, "no funds")));
    assert!(span.attributes.is_empty());
    assert_eq!((spans["fine"].kind, status(&spans["fine"])), (3, (1, "")));
    assert!(spans.contains_key("after"));
}

#[test]
fn events_become_events_of_their_span() {
    let spans = traced(|| {
        info!("outside of all spans");
        let span = info_span!("span");
        info!(parent: &span, amount = 9.5, "paid {}", "at once");
        let _entered = span.enter();
        info!(step = 3);
    });
    let span = &spans["span"];
    assert_eq!(span.events.len(), 2);
    let paid = event(span, "paid at once");
    assert_eq!(keys(&paid.attributes), ["amount"]);
    assert!(
        span.events[1].name.starts_with("event "),
        "{:?}",
        span.events[1]
    );
    assert!(paid.time_unix_nano >= span.start_time_unix_nano);
    assert_eq!(status(span), (0, ""));
}

#[derive(Debug)]
struct Declined(std::io::Error);
impl fmt::Display for Declined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("declined")
    }
}
impl std::error::Error for Declined {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn errors_become_exceptions_and_the_status() {
    let declined = Declined(std::io::Error::other("no funds"));
    let spans = traced(|| {
        let as_error = &declined as &(dyn std::error::Error + 'static);
        // As `#[instrument(err)]` does it.
        info_span!("instrumented").in_scope(|| error!(error = %declined));
        info_span!("told").in_scope(|| warn!(error = as_error, "charge failed"));
        info_span!("failed").in_scope(|| error!(error = as_error, "charge failed"));
        info_span!("plain").in_scope(|| error!("charge failed"));
        info_span!("recorded", error = as_error).in_scope(|| ());
    });
    let instrumented = &spans["instrumented"];
    assert_eq!(status(instrumented), (2, "declined"));
    let exception = event(instrumented, "exception");
    assert_eq!(keys(&exception.attributes), ["exception.message"]);
    assert_eq!(status(&spans["told"]), (0, ""));
    assert_eq!(status(&spans["failed"]), (2, "declined"));
    let failed = event(&spans["failed"], "charge failed");
    assert_eq!(
        text(&failed.attributes, "exception.message").unwrap(),
        "declined"
    );
    assert_eq!(
        text(&failed.attributes, "exception.stacktrace").unwrap(),
        "Caused by: no funds"
    );
    assert_eq!(status(&spans["plain"]), (2, ""));
    assert_eq!(
        keys(&spans["recorded"].attributes),
        ["exception.message", "exception.stacktrace", "error"]
    );
}

#[test]
fn the_place_and_the_level_are_exported_if_asked_for() {
    let all = |layer: Layer| layer.with_location(true).with_level(true);
    let spans = traced_by(&[], all, || {
        info_span!(target: "shop", "span").in_scope(|| info!("event"));
    });
    let span = &spans["span"];
    let expected = [
        "target",
        "level",
        "code.file.path",
        "code.module.name",
        "code.line.number",
    ];
    assert_eq!(keys(&span.attributes), expected);
    assert_eq!(keys(&span.events[0].attributes), expected);
    assert_eq!(text(&span.attributes, "target").unwrap(), "shop");
    assert_eq!(text(&span.attributes, "level").unwrap(), "INFO");
    let spans = traced_by(&[], |layer| layer, || drop(info_span!("span")));
    assert_eq!(keys(&spans["span"].attributes), ["target"]);
}

#[test]
fn what_follows_is_linked() {
    let spans = traced(|| {
        let first = info_span!("first");
        let second = info_span!(parent: None, "second");
        second.follows_from(&first);
        second.in_scope(|| second.follows_from(&first));
    });
    let (first, second) = (&spans["first"], &spans["second"]);
    assert_ne!(first.trace_id, second.trace_id);
    assert_eq!(second.links.len(), 2);
    assert_eq!(second.links[0].span_id, first.span_id);
}

#[test]
fn a_remote_parent_is_taken_before_the_span_is_entered() {
    let spans = traced(|| {
        let span = info_span!("server", otel.kind = "server", route = "/");
        span.extract(&Pairs(&CALLER)).unwrap();
        span.in_scope(|| {
            let mut sent = HashMap::new();
            info_span!("client").inject(&mut |name, value| {
                sent.insert(name.to_owned(), value.to_owned());
            });
            assert!(sent["traceparent"].starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
            assert_eq!(sent["baggage"], "tenant=acme");
        });
        assert_eq!(
            span.set_parent(SpanContext::INVALID),
            Err(SetParentError::TooLate)
        );
        assert!(span.context().is_sampled());
    });
    let (server, client) = (&spans["server"], &spans["client"]);
    assert_eq!(
        server.parent_span_id,
        [0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31]
    );
    assert_eq!(server.flags & 0x300, 0x300, "the parent is remote");
    assert_eq!(keys(&server.attributes), ["route"]);
    assert_eq!(client.parent_span_id, server.span_id);
    assert_eq!(client.flags & 0x300, 0x100, "the parent is local");
}

#[test]
fn a_remote_parent_brings_its_verdict() {
    let unsampled = [(
        "traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
    )];
    let never = [("sampler", "parentbased_always_off")];
    let spans = traced_by(
        &never,
        |layer| layer,
        || {
            let root = info_span!("quiet root");
            let _entered = root.enter();
            assert!(!root.context().is_sampled() && root.context().is_valid());
            // Its parent in the process is not recorded, its parent elsewhere is.
            let kept = info_span!("kept");
            kept.extract(&Pairs(&CALLER)).unwrap();
            kept.in_scope(|| info!("seen"));
            drop(info_span!("quiet child"));
        },
    );
    assert_eq!(spans.keys().collect::<Vec<_>>(), ["kept"]);
    assert_eq!(spans["kept"].events.len(), 1);
    let spans = traced(|| {
        let span = info_span!("dropped");
        span.extract(&Pairs(&unsampled)).unwrap();
        span.in_scope(|| drop(info_span!("its child")));
    });
    assert!(spans.is_empty());
}

#[test]
fn a_span_ends_when_it_was_left_last_and_not_when_its_children_close() {
    let spans = traced(|| {
        let request = info_span!("request");
        let background = request.in_scope(|| info_span!("background"));
        drop(request);
        background.in_scope(|| ());
    });
    let (request, background) = (&spans["request"], &spans["background"]);
    assert!(request.end_time_unix_nano < background.end_time_unix_nano);
}

#[test]
fn what_is_no_field_can_be_set_too() {
    let spans = traced_by(
        &[("baggage_attributes", "tenant")],
        |layer| layer,
        || {
            let span = info_span!("span");
            span.set_attribute("undeclared", 1);
            span.set_baggage(Baggage::from_iter([("tenant", "acme")]));
            let linked = info_span!("other").context();
            span.add_link(&linked, &[]);
            span.add_event("only here", &[]);
            span.set_status(Status::Error("broken"));
            span.in_scope(|| assert_eq!(Traced::current().baggage().get("tenant"), Some("acme")));
        },
    );
    let span = &spans["span"];
    assert_eq!(
        keys(&span.attributes),
        ["target", "undeclared", "baggage.tenant"]
    );
    assert_eq!((span.links.len(), span.events.len()), (1, 1));
    assert_eq!(status(span), (2, "broken"));
}

#[test]
fn a_span_that_is_filtered_out_is_skipped_in_the_tree() {
    let sink = Sink::start();
    let provider = provider(&sink, &[]);
    let layer = layer(provider.tracer("test")).with_filter(LevelFilter::INFO);
    tracing::subscriber::with_default(registry().with(layer), || {
        let outer = info_span!("outer").entered();
        let hidden = tracing::debug_span!("hidden").entered();
        assert_eq!(
            hidden.set_parent(SpanContext::INVALID),
            Err(SetParentError::NotExported)
        );
        assert_eq!(Traced::none().context(), SpanContext::INVALID);
        assert_eq!(
            info_span!("inner").context().trace_id,
            outer.context().trace_id
        );
    });
    provider.flush(SOON).unwrap();
    assert_eq!(provider.stats().delivered, 2);
    let error = tracing::subscriber::with_default(registry(), || {
        info_span!("alone").set_parent(SpanContext::INVALID)
    });
    assert_eq!(error, Err(SetParentError::NoLayer));
}

#[test]
fn threads_share_a_span() {
    let spans = traced(|| {
        let span = info_span!("shared");
        let subscriber = tracing::dispatcher::get_default(Clone::clone);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    tracing::dispatcher::with_default(&subscriber, || {
                        for _ in 0..20 {
                            span.in_scope(|| info!("from a thread"));
                            drop(info_span!(parent: &span, "child"));
                        }
                    });
                });
            }
        });
    });
    assert_eq!(spans["shared"].events.len(), 80);
}

/// Chooses servers only, whoever called them.
#[derive(Debug)]
struct Servers;

impl CustomSampler for Servers {
    fn should_sample(&self, candidate: &Candidate<'_>) -> SamplingResult {
        SamplingResult::from(match candidate.kind {
            SpanKind::Server => Verdict::Sample,
            _ => Verdict::Drop,
        })
    }

    fn description(&self) -> String {
        "servers".to_owned()
    }
}

#[test]
fn a_sampler_that_is_asked_about_every_span_sees_those_below_a_dropped_one_whole() {
    let sink = Sink::start();
    let mut config = Config::default().sampler(Sampler::custom(Servers));
    config.set("endpoint", &sink.url()).unwrap();
    let provider = Provider::new(config).unwrap();
    let subscriber = registry().with(layer(provider.tracer("test")));
    tracing::subscriber::with_default(subscriber, || {
        let _dropped = info_span!("dropped").entered();
        info_span!("served", otel.kind = "server", items = 3).in_scope(|| info!("done"));
    });
    provider.flush(SOON).unwrap();
    let requests = sink.traces();
    let spans: Vec<_> = requests
        .iter()
        .flat_map(|request| &request.resource_spans)
        .flat_map(|resource| &resource.scope_spans)
        .flat_map(|scope| &scope.spans)
        .collect();
    let [span] = spans[..] else {
        panic!("{spans:?}")
    };
    assert_eq!(span.name, "served");
    assert_eq!(value(&span.attributes, "items"), Some(&Any::IntValue(3)));
    assert_eq!(span.events.len(), 1);
}
