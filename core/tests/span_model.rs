//! The span model of the OpenTelemetry specification, as a Rust program sees it: one test per row of its compliance matrix
//! (section Traces) that is about providers, tracers, spans, attributes, links, events and exceptions. `docs/compliance.md` names
//! them; `tests/compliance/rows.toml` says which is for which row.

use polyspan::config::Destination;
use polyspan::export::memory::{FinishedSpan, FinishedStatus, InMemory};
use polyspan::sample::{Composable, CustomSampler, Sampler, SamplingResult, Verdict};
use polyspan::trace::{IdGenerator, Link, OwnedValue, SharedSpan, TraceState, current_span};
use polyspan::{
    Config, Parent, Provider, Scope, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId,
    Tracer, Value,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const SECOND: Duration = Duration::from_secs(5);

/// A provider whose spans stay here.
struct Kept {
    provider: Provider,
    memory: InMemory,
}

impl Kept {
    fn new() -> Self {
        Self::with(Config::default())
    }

    fn with(config: Config) -> Self {
        let memory = InMemory::new();
        let config = config.trace_destinations([Destination::from(&memory)]);
        let provider = Provider::new(config).unwrap();
        Self { provider, memory }
    }

    fn tracer(&self) -> Tracer {
        self.provider.tracer("test")
    }

    fn spans(&self) -> Vec<FinishedSpan> {
        self.provider.flush(SECOND).unwrap();
        self.memory.spans()
    }

    fn only(&self) -> FinishedSpan {
        let mut spans = self.spans();
        assert_eq!(spans.len(), 1);
        spans.remove(0)
    }
}

fn text(text: &str) -> OwnedValue {
    OwnedValue::Str(text.to_owned())
}

fn remote(flags: u8, state: &str) -> SpanContext {
    SpanContext {
        trace_id: TraceId::from_parts(1, 2),
        span_id: SpanId::from_u64(3),
        flags: TraceFlags::new(flags),
        remote: true,
        state: TraceState::parse(state),
    }
}

fn unix_nanos(time: SystemTime) -> u128 {
    time.duration_since(UNIX_EPOCH).unwrap().as_nanos()
}

// Providers and tracers.

#[test]
fn providers_are_made_as_often_as_wanted_and_know_nothing_of_each_other() {
    let (one, other) = (Kept::new(), Kept::new());
    one.tracer().start("one").end();
    assert_eq!(one.spans().len(), 1);
    assert_eq!(other.spans().len(), 0);
}

#[test]
fn a_tracer_has_name_version_schema_url_and_attributes_of_its_scope() {
    let kept = Kept::new();
    let scope = Scope {
        name: "shop",
        version: "1.2",
        schema_url: "https://opentelemetry.io/schemas/1.44.0",
        attributes: &[("team", Value::Str("checkout"))],
    };
    kept.provider.tracer(scope).start("work").end();
    let scope = kept.only().scope;
    assert_eq!(
        (scope.name.as_str(), scope.version.as_str()),
        ("shop", "1.2")
    );
    assert_eq!(scope.schema_url, "https://opentelemetry.io/schemas/1.44.0");
    assert_eq!(scope.attributes, [("team".to_owned(), text("checkout"))]);
}

#[test]
fn equal_scopes_are_one_tracer_and_others_are_not() {
    let provider = Kept::new().provider;
    let with = |attributes| {
        let scope = Scope {
            name: "shop",
            attributes,
            ..Scope::default()
        };
        provider.tracer(scope).index()
    };
    assert_eq!(with(&[]), provider.tracer("shop").index());
    assert_ne!(with(&[]), with(&[("a", Value::Int(1))]));
}

#[test]
fn providers_and_tracers_serve_many_threads_at_once() {
    let kept = Kept::new();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let provider = kept.provider;
            scope.spawn(move || {
                for number in 0..50 {
                    let name = format!("scope {}", (thread + number) % 3);
                    provider.tracer(name.as_str()).start("work").end();
                }
            });
        }
    });
    let spans = kept.spans();
    assert_eq!(spans.len(), 200);
    let mut ids: Vec<_> = spans.iter().map(|span| span.span_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 200);
}

#[test]
fn after_shutdown_spans_are_not_recorded_and_what_had_ended_is_exported() {
    let kept = Kept::new();
    kept.tracer().start("before").end();
    assert!(kept.tracer().is_enabled());
    kept.provider.shutdown(SECOND).unwrap();
    assert!(!kept.tracer().is_enabled());
    let late = kept.tracer().start("after");
    assert!(!late.is_recording());
    late.end();
    assert_eq!(kept.memory.spans().len(), 1);
    assert!(
        kept.provider.shutdown(SECOND).is_ok(),
        "once more does nothing"
    );
}

#[test]
fn a_flush_exports_all_that_has_ended() {
    let kept = Kept::new();
    let open = kept.tracer().start("open");
    kept.tracer().start("ended").end();
    assert_eq!(kept.only().name, "ended");
    open.end();
    assert_eq!(kept.spans().len(), 2);
}

#[test]
fn a_tracer_is_enabled_where_a_span_could_be_recorded() {
    assert!(Kept::new().tracer().is_enabled());
    assert!(!Provider::noop().tracer("test").is_enabled());
    let nowhere = Provider::new(Config::default().exporter(&[])).unwrap();
    assert!(!nowhere.tracer("test").is_enabled());
}

// The current span.

#[test]
fn a_span_is_current_as_long_as_it_is_activated() {
    let kept = Kept::new();
    assert!(current_span().is_none());
    let outer = SharedSpan::from(kept.tracer().start("outer"));
    let inner = SharedSpan::from(kept.tracer().start("inner"));
    let of_outer = outer.activate();
    let of_inner = inner.activate();
    assert_eq!(current_span().unwrap().context(), inner.context());
    drop(of_outer);
    assert_eq!(
        current_span().unwrap().context(),
        inner.context(),
        "in any order"
    );
    drop(of_inner);
    assert!(current_span().is_none());
    std::thread::spawn(|| assert!(current_span().is_none()))
        .join()
        .unwrap();
}

#[test]
fn the_current_span_is_the_parent_where_that_is_asked_for() {
    let kept = Kept::new();
    kept.tracer().span("root").start_in_current().end();
    let parent = SharedSpan::from(kept.tracer().start("parent"));
    let current = parent.activate();
    kept.tracer().span("child").start_in_current().end();
    kept.tracer().start("another root").end();
    drop(current);
    let spans = kept.spans();
    let named = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    assert_eq!(named("root").parent_span_id, None);
    assert_eq!(
        named("child").parent_span_id,
        Some(parent.context().span_id)
    );
    assert_eq!(named("another root").parent_span_id, None);
}

// Span contexts.

#[test]
fn a_context_is_valid_with_both_ids_and_says_whether_it_is_remote() {
    let kept = Kept::new();
    let span = kept.tracer().start("work");
    assert!(span.context().is_valid() && !span.context().remote);
    assert!(remote(1, "").is_valid() && remote(1, "").remote);
    assert!(!SpanContext::INVALID.is_valid());
}

#[test]
fn roots_have_the_random_flag_and_children_that_of_their_parent() {
    let kept = Kept::new();
    kept.tracer().start("root").end();
    for flags in [1, 3] {
        let parent = remote(flags, "");
        kept.tracer().span("child").parent(&parent).start().end();
    }
    let random: Vec<_> = kept
        .spans()
        .iter()
        .map(|span| span.flags.is_random())
        .collect();
    assert_eq!(random, [true, false, true]);
}

// Starting spans.

#[test]
fn a_span_without_a_parent_is_the_root_of_a_new_trace() {
    let kept = Kept::new();
    let (one, other) = (kept.tracer().start("a"), kept.tracer().start("b"));
    assert_ne!(one.context().trace_id, other.context().trace_id);
    let invalid = kept
        .tracer()
        .span("c")
        .parent(&SpanContext::INVALID)
        .start();
    assert!(invalid.context().is_valid());
    invalid.end();
    assert_eq!(kept.only().parent_span_id, None);
}

#[test]
fn a_span_continues_a_live_parent_or_a_context() {
    let kept = Kept::new();
    let context = remote(1, "vendor=1");
    let server = kept.tracer().span("server").parent(&context).start();
    let child = kept.tracer().span("child").parent(&server).start();
    assert_eq!(child.context().trace_id, context.trace_id);
    assert_eq!(child.context().state, context.state);
    child.end();
    let id = server.context().span_id;
    server.end();
    let [child, server] = &kept.spans()[..] else {
        panic!()
    };
    assert_eq!(
        (child.parent_span_id, child.parent_is_remote),
        (Some(id), Some(false))
    );
    assert_eq!(
        (server.parent_span_id, server.parent_is_remote),
        (Some(context.span_id), Some(true))
    );
}

#[test]
fn no_parent_can_be_said_expressly() {
    let kept = Kept::new();
    let outer = SharedSpan::from(kept.tracer().start("outer"));
    let _current = outer.activate();
    kept.tracer()
        .span("root")
        .parent(Parent::Root)
        .start()
        .end();
    assert_eq!(kept.only().parent_span_id, None);
}

#[test]
fn kind_name_and_times_are_what_was_said() {
    let kept = Kept::new();
    let at = |seconds: u64| UNIX_EPOCH + Duration::new(1_700_000_000 + seconds, 123_456_789);
    let mut span = kept
        .tracer()
        .span("before")
        .kind(SpanKind::Producer)
        .start_time(at(0))
        .start();
    span.add_event_at("halfway", &[], unix_nanos(at(1)) as u64);
    span.update_name("after");
    span.end_at(at(2));
    let span = kept.only();
    assert_eq!(
        (span.name.as_str(), span.kind),
        ("after", SpanKind::Producer)
    );
    assert_eq!((span.start, span.end), (at(0), at(2)));
    assert_eq!(span.events[0].time, at(1));
}

#[test]
fn times_that_nobody_said_are_in_order() {
    let kept = Kept::new();
    let before = SystemTime::now();
    let parent = kept.tracer().start("parent");
    let mut child = kept.tracer().span("child").parent(&parent).start();
    child.add_event("event", &[]);
    child.end();
    parent.end();
    let [child, parent] = &kept.spans()[..] else {
        panic!()
    };
    // The wall clock of a virtual machine may be set back by a little.
    assert!(parent.start + Duration::from_secs(60) > before);
    assert!(parent.start <= child.start && child.start <= child.events[0].time);
    assert!(child.events[0].time <= child.end && child.end <= parent.end);
}

#[test]
fn an_end_before_the_start_is_the_start() {
    let kept = Kept::new();
    let start = UNIX_EPOCH + Duration::from_secs(2_000_000_000);
    let span = kept.tracer().span("work").start_time(start).start();
    span.end_at(start - SECOND);
    assert_eq!(kept.only().end, start);
}

#[test]
fn a_span_is_recording_until_it_ends_and_never_changes_after() {
    let kept = Kept::new();
    let mut span = kept.tracer().start("work");
    assert!(span.is_recording());
    assert!(span.finish());
    assert!(!span.is_recording());
    span.set_attribute("late", 1);
    span.add_event("late", &[]);
    span.add_link(&remote(1, ""), &[]);
    span.set_status(Status::Ok);
    span.update_name("late");
    assert!(!span.finish(), "it ends once");
    let span = kept.only();
    assert_eq!(
        (span.name.as_str(), &span.status),
        ("work", &FinishedStatus::Unset)
    );
    assert!(span.attributes.is_empty() && span.events.is_empty() && span.links.is_empty());
}

#[test]
fn ok_is_final_and_only_an_error_has_a_description() {
    let kept = Kept::new();
    let ended = |statuses: &[Status<'_>]| {
        let mut span = kept.tracer().start("work");
        for status in statuses {
            span.set_status(*status);
        }
        span.end();
        kept.spans().pop().unwrap().status
    };
    let error = |text: &str| FinishedStatus::Error(text.to_owned());
    assert_eq!(ended(&[]), FinishedStatus::Unset);
    assert_eq!(ended(&[Status::Error("a"), Status::Unset]), error("a"));
    assert_eq!(ended(&[Status::Error("a"), Status::Error("b")]), error("b"));
    assert_eq!(ended(&[Status::Error("a"), Status::Ok]), FinishedStatus::Ok);
    assert_eq!(ended(&[Status::Ok, Status::Error("a")]), FinishedStatus::Ok);
}

#[test]
fn many_threads_work_on_one_span() {
    const EACH: usize = 25;
    let kept = Kept::new();
    let span = SharedSpan::from(kept.tracer().start("shared"));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let span = span.clone();
            scope.spawn(move || {
                for number in 0..EACH {
                    span.set_attribute(&format!("{thread}.{number}"), number as i64);
                    span.add_event("event", &[("thread", Value::Int(thread))]);
                    span.set_attribute("common", thread);
                }
            });
        }
    });
    assert!(span.end() && !span.end());
    let span = kept.only();
    assert_eq!(span.attributes.len(), 4 * EACH + 1);
    assert_eq!(span.events.len(), 4 * EACH);
    for thread in 0..4 {
        let of_thread = |number: &usize| {
            span.attribute(&format!("{thread}.{number}")) == Some(&OwnedValue::Int(*number as i64))
        };
        assert_eq!((0..EACH).filter(of_thread).count(), EACH);
    }
}

#[test]
fn ending_and_setting_at_once_harms_nobody() {
    let kept = Kept::new();
    for _ in 0..50 {
        let span = SharedSpan::from(kept.tracer().start("raced"));
        std::thread::scope(|scope| {
            let other = span.clone();
            scope.spawn(move || other.set_attribute("a", 1));
            let other = span.clone();
            scope.spawn(move || other.end());
        });
    }
    assert_eq!(kept.spans().len(), 50);
}

// Limits.

#[test]
fn what_is_beyond_a_count_is_dropped_and_counted() {
    let kept = Kept::with(
        Config::default()
            .attribute_count_limit(2)
            .event_count_limit(1)
            .link_count_limit(1)
            .event_attribute_count_limit(1)
            .link_attribute_count_limit(1),
    );
    let two = [("a", Value::Int(1)), ("b", Value::Int(2))];
    let other = remote(1, "");
    let link = Link {
        context: &other,
        attributes: &two,
    };
    let mut span = kept
        .tracer()
        .span("work")
        .attributes(&two)
        .links(&[link])
        .start();
    span.set_attribute("c", 3);
    span.set_attribute("a", "again");
    span.add_event("one", &two);
    span.add_event("two", &[]);
    span.add_link(&other, &[]);
    span.end();
    let span = kept.only();
    let (a, b) = (
        ("a".to_owned(), text("again")),
        ("b".to_owned(), OwnedValue::Int(2)),
    );
    assert_eq!(
        (&span.attributes[..], span.dropped_attributes),
        (&[a, b][..], 1)
    );
    assert_eq!((span.events.len(), span.dropped_events), (1, 1));
    assert_eq!((span.links.len(), span.dropped_links), (1, 1));
    let (event, link) = (&span.events[0], &span.links[0]);
    assert_eq!((event.attributes.len(), event.dropped_attributes), (1, 1));
    assert_eq!((link.attributes.len(), link.dropped_attributes), (1, 1));
}

#[test]
fn texts_are_cut_by_characters_and_bytes_by_bytes_at_any_depth() {
    let kept = Kept::with(Config::default().attribute_value_length_limit(3));
    let mut span = kept.tracer().start("a long name stays");
    span.set_attribute("text", "añ😀bc");
    span.set_attribute("bytes", &b"12345"[..]);
    span.set_attribute("number", 12345);
    span.set_attribute(
        "deep",
        Value::Array(vec![Value::Map(vec![("a long key", Value::Str("12345"))])]),
    );
    span.add_event("a long event", &[("text", Value::Str("12345"))]);
    span.end();
    let span = kept.only();
    assert_eq!(span.name, "a long name stays");
    assert_eq!(span.attribute("text"), Some(&text("añ😀")));
    assert_eq!(
        span.attribute("bytes"),
        Some(&OwnedValue::Bytes(b"123".to_vec()))
    );
    assert_eq!(span.attribute("number"), Some(&OwnedValue::Int(12345)));
    let member = ("a long key".to_owned(), text("123"));
    let deep = OwnedValue::Array(vec![OwnedValue::Map(vec![member])]);
    assert_eq!(span.attribute("deep"), Some(&deep));
    assert_eq!(span.events[0].name, "a long event");
    assert_eq!(span.events[0].attributes[0].1, text("123"));
}

#[test]
fn values_nest_sixty_four_levels_and_no_further() {
    let nested =
        |levels| (1..levels).fold(Value::Str("core"), |value, _| Value::Array(vec![value]));
    let kept = Kept::new();
    let mut span = kept.tracer().start("work");
    span.set_attribute("fits", nested(Value::MAX_DEPTH));
    span.set_attribute("too deep", nested(Value::MAX_DEPTH + 1));
    // Read back here: `deep_values.rs` is about how far receivers follow.
    let attributes = span.attributes();
    let core = |key: &str| {
        let mut value = &attributes.iter().find(|one| one.0 == key).unwrap().1;
        let mut levels = 1;
        while let OwnedValue::Array(values) = value {
            value = &values[0];
            levels += 1;
        }
        (levels, value.clone())
    };
    assert_eq!(core("fits"), (Value::MAX_DEPTH, text("core")));
    assert_eq!(core("too deep"), (Value::MAX_DEPTH, OwnedValue::Empty));
}

// Attributes.

#[test]
fn an_attribute_holds_any_type_of_value() {
    let kept = Kept::new();
    let mut span = kept.tracer().start("work");
    span.set_attribute("text", "Grüße, 世界 😀");
    span.set_attribute("ключ", "unicode in the key");
    span.set_attribute("bool", true);
    span.set_attribute("double", 0.1);
    span.set_attribute("int", i64::MIN);
    span.set_attribute("bytes", &[0u8, 255][..]);
    span.set_attribute("texts", vec!["a", "b"]);
    span.set_attribute(
        "mixed",
        Value::Array(vec![Value::Int(1), Value::Bool(false), Value::Empty]),
    );
    span.set_attribute("map", Value::Map(vec![("k", Value::Double(1.5))]));
    span.set_attribute("", "no key, no attribute");
    span.end();
    let span = kept.only();
    let expected = [
        ("text", text("Grüße, 世界 😀")),
        ("ключ", text("unicode in the key")),
        ("bool", OwnedValue::Bool(true)),
        ("double", OwnedValue::Double(0.1)),
        ("int", OwnedValue::Int(i64::MIN)),
        ("bytes", OwnedValue::Bytes(vec![0, 255])),
        ("texts", OwnedValue::Array(vec![text("a"), text("b")])),
        (
            "mixed",
            OwnedValue::Array(vec![
                OwnedValue::Int(1),
                OwnedValue::Bool(false),
                OwnedValue::Empty,
            ]),
        ),
        (
            "map",
            OwnedValue::Map(vec![("k".to_owned(), OwnedValue::Double(1.5))]),
        ),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value));
    assert_eq!(span.attributes, expected);
}

// Links and events.

#[test]
fn links_stand_in_the_order_in_which_they_came_at_the_start_and_after() {
    let kept = Kept::new();
    let mut contexts = [remote(1, "vendor=1"), remote(0, ""), remote(3, "")];
    for (number, context) in contexts.iter_mut().enumerate() {
        context.span_id = SpanId::from_u64(number as u64 + 10);
    }
    let [first, second, third] = &contexts;
    let at_start = [
        Link::from(first),
        Link {
            context: second,
            attributes: &[("k", Value::Int(1))],
        },
    ];
    let mut span = kept.tracer().span("work").links(&at_start).start();
    span.add_link(third, &[]);
    span.end();
    let links = kept.only().links;
    let ids: Vec<_> = links.iter().map(|link| link.span_id.as_u64()).collect();
    assert_eq!(ids, [10, 11, 12]);
    assert_eq!(
        (links[0].trace_state.as_str(), links[0].is_remote),
        ("vendor=1", Some(true))
    );
    assert_eq!(links[1].attributes, [("k".to_owned(), OwnedValue::Int(1))]);
    assert_eq!(links[2].flags.bits(), 3);
}

#[test]
fn events_stand_in_the_order_in_which_they_were_added() {
    let kept = Kept::new();
    let mut span = kept.tracer().start("work");
    span.add_event_at("late", &[], 2_000);
    span.add_event_at("early", &[("k", Value::Int(1))], 1_000);
    span.end();
    let events = kept.only().events;
    assert_eq!(
        (events[0].name.as_str(), events[1].name.as_str()),
        ("late", "early")
    );
    assert_eq!(events[1].attributes, [("k".to_owned(), OwnedValue::Int(1))]);
}

#[test]
fn an_exception_is_an_event_and_what_is_given_wins() {
    let kept = Kept::with(Config::default().event_attribute_count_limit(3));
    let mut span = kept.tracer().start("work");
    span.record_exception("Declined", "no funds", Some("at pay()"), &[]);
    let given = [
        ("exception.message", Value::Str("mine")),
        ("retry", Value::Bool(true)),
    ];
    span.record_exception("Declined", "no funds", Some("at pay()"), &given);
    span.end();
    let span = kept.only();
    assert_eq!(
        span.status,
        FinishedStatus::Unset,
        "an exception may be expected"
    );
    let attributes = |event: usize| -> Vec<_> {
        let event = &span.events[event];
        assert_eq!(event.name, "exception");
        event
            .attributes
            .iter()
            .map(|(key, _)| key.as_str())
            .collect()
    };
    assert_eq!(
        attributes(0),
        [
            "exception.type",
            "exception.message",
            "exception.stacktrace"
        ]
    );
    // The attributes that were given come last: the limit drops of them.
    assert_eq!(
        attributes(1),
        [
            "exception.type",
            "exception.stacktrace",
            "exception.message"
        ]
    );
    assert_eq!(span.events[1].attributes[2].1, text("mine"));
    assert_eq!(span.events[1].dropped_attributes, 1);
}

// Sampling, as spans show it.

#[test]
fn a_span_that_is_not_sampled_has_an_id_of_its_own_and_records_nothing() {
    let kept = Kept::with(Config::default().sampler(Sampler::AlwaysOff));
    let parent = remote(1, "vendor=1");
    let span = kept.tracer().span("work").parent(&parent).start();
    assert!(!span.is_recording() && !span.context().is_sampled());
    assert_eq!(span.context().trace_id, parent.trace_id);
    assert_ne!(span.context().span_id, parent.span_id);
    assert_eq!(span.context().state, parent.state);
    span.end();
    assert!(kept.spans().is_empty());
    assert_eq!(kept.provider.stats().sampled_out, 1);
}

#[test]
fn a_span_that_is_recorded_only_takes_everything_and_is_not_exported() {
    let kept = Kept::with(Config::default().sampler(Sampler::always_record(Sampler::AlwaysOff)));
    let mut parent = kept.tracer().start("parent");
    parent.set_attribute("seen", true);
    assert!(parent.is_recording() && !parent.context().is_sampled());
    assert_eq!(parent.attributes().len(), 1);
    let child = kept.tracer().span("child").parent(&parent).start();
    assert!(
        child.is_recording(),
        "it inherits the verdict, not the flag"
    );
    child.end();
    parent.end();
    assert!(kept.spans().is_empty());
    assert_eq!(kept.provider.stats().sampled_out, 2);
    assert_eq!(kept.provider.stats().live, 0);
}

#[test]
fn the_sampler_s_attributes_and_trace_state_are_the_span_s() {
    #[derive(Debug)]
    struct Tells;
    impl CustomSampler for Tells {
        fn should_sample(&self, _: &polyspan::sample::Candidate<'_>) -> SamplingResult {
            SamplingResult {
                attributes: Some(
                    [
                        ("a".to_owned(), text("sampler")),
                        ("rule".to_owned(), text("r1")),
                    ]
                    .into(),
                ),
                state: Some(TraceState::parse("mine=1")),
                ..Verdict::Sample.into()
            }
        }
        fn description(&self) -> String {
            "Tells".to_owned()
        }
    }
    let kept = Kept::with(Config::default().sampler(Sampler::custom(Tells)));
    let own = [("a", Value::Str("own")), ("b", Value::Int(1))];
    let span = kept.tracer().span("work").attributes(&own).start();
    assert_eq!(span.context().state.as_str(), "mine=1");
    span.end();
    let span = kept.only();
    assert_eq!(span.trace_state, "mine=1");
    let expected = [
        ("a", text("sampler")),
        ("b", OwnedValue::Int(1)),
        ("rule", text("r1")),
    ];
    assert_eq!(
        span.attributes,
        expected.map(|(key, value)| (key.to_owned(), value))
    );
}

#[test]
fn a_consistent_threshold_stands_on_every_span_of_the_trace() {
    let annotated =
        Composable::annotating([("kept".to_owned(), text("root"))], Composable::AlwaysOn);
    let sampler = Sampler::composite(Composable::parent_threshold(annotated));
    let kept = Kept::with(Config::default().sampler(sampler));
    let root = kept.tracer().start("root");
    kept.tracer().span("child").parent(&root).start().end();
    root.end();
    let [child, root] = &kept.spans()[..] else {
        panic!()
    };
    assert_eq!(
        (child.trace_state.as_str(), root.trace_state.as_str()),
        ("ot=th:0", "ot=th:0")
    );
    assert!(child.attributes.is_empty());
    assert_eq!(root.attribute("kept"), Some(&text("root")));
}

#[test]
fn a_sampler_that_panics_is_told_once_and_the_program_goes_on() {
    #[derive(Debug)]
    struct Panics;
    impl CustomSampler for Panics {
        fn should_sample(&self, _: &polyspan::sample::Candidate<'_>) -> SamplingResult {
            panic!("a bug of the program")
        }
        fn description(&self) -> String {
            "Panics".to_owned()
        }
    }
    let kept = Kept::with(Config::default().sampler(Sampler::custom(Panics)));
    for _ in 0..3 {
        assert!(!kept.tracer().start("work").is_recording());
    }
    let told = kept.provider.take_diagnostics();
    assert_eq!(
        told.iter().filter(|line| line.contains("panicked")).count(),
        1,
        "{told:?}"
    );
}

#[test]
fn ids_come_from_the_program_s_generator() {
    #[derive(Debug)]
    struct Counted(AtomicU64);
    impl IdGenerator for Counted {
        fn trace_id(&self) -> TraceId {
            TraceId::from_parts(7, self.0.fetch_add(1, Ordering::Relaxed))
        }
        fn span_id(&self) -> SpanId {
            SpanId::from_u64(self.0.fetch_add(1, Ordering::Relaxed))
        }
    }
    let kept = Kept::with(Config::default().id_generator(Counted(AtomicU64::new(1))));
    kept.tracer().start("work").end();
    let span = kept.only();
    assert_eq!(
        (span.span_id, span.trace_id),
        (SpanId::from_u64(1), TraceId::from_parts(7, 2))
    );
    assert!(
        !span.flags.is_random(),
        "nobody said that these ids are random"
    );
}

#[test]
fn the_documentation_prefers_attributes_at_the_start() {
    let source = include_str!("../src/trace/tracer.rs");
    let method = source.find("pub fn attributes(").unwrap();
    let docs = &source[source[..method].rfind("\n\n").unwrap()..method];
    assert!(
        docs.contains("Better than setting them afterwards"),
        "{docs}"
    );
}

#[test]
fn the_documentation_says_what_no_value_is() {
    let rules = include_str!("../../docs/behaviour.md");
    assert!(rules.contains("no value (`None`, `null`, `undefined`) | no attribute"));
}
