//! What a developer sees.

use super::*;
use crate::config::{Config, Destination};
use crate::export::memory::InMemory;
use crate::trace::{Provider, SpanKind, Status};

const SOON: Duration = Duration::from_secs(10);

/// A provider whose requests are kept, and where.
fn provider() -> (Provider, InMemory) {
    let memory = InMemory::new();
    let config = Config::default()
        .service_name("shop")
        .trace_destinations([Destination::from(&memory)]);
    (Provider::new(config).unwrap(), memory)
}

fn console(colours: bool) -> Console {
    Console {
        paint: Paint { colours },
        ..Console::new(Signal::Traces)
    }
}

/// What is printed of each request, with durations and ids made the same.
fn printed(console: &mut Console, memory: &InMemory) -> String {
    let requests = memory.requests(Signal::Traces);
    memory.reset();
    let now = Instant::now();
    let text = requests.iter().map(|body| console.traces(body, now));
    same(&text.collect::<Result<String, _>>().unwrap())
}

fn same(text: &str) -> String {
    let durations = regex::Regex::new(r"\d+(\.\d)? (ns|µs|ms)").unwrap();
    let ids = regex::Regex::new(r"\b([0-9a-f]{32}|[0-9a-f]{16})\b").unwrap();
    let text = durations.replace_all(text, "T");
    ids.replace_all(&text, "ID").into_owned()
}

#[test]
fn a_local_trace_is_a_tree_with_all_that_its_spans_say() {
    let (provider, memory) = provider();
    let tracer = provider.tracer("test");
    let mut parent = tracer.span("POST /orders").kind(SpanKind::Server).start();
    parent.set_attribute("http.request.method", "POST");
    parent.set_attribute("tags", vec!["a", "b"]);
    let mut child = tracer
        .span("charge")
        .kind(SpanKind::Client)
        .parent(&parent)
        .start();
    child.record_exception("Declined", "no funds", None, &[]);
    child.set_status(Status::Error("no funds"));
    child.add_link(parent.context(), &[]);
    child.end();
    let mut last = tracer.span("notify").parent(&parent).start();
    last.set_status(Status::Ok);
    last.end();
    parent.end();
    provider.flush(SOON).unwrap();
    assert_eq!(
        printed(&mut console(false), &memory),
        "\
trace ID  shop  3 spans  T
● POST /orders  SERVER  T
│   http.request.method = POST
│   tags = [a, b]
├╴charge  CLIENT  T  ERROR no funds
│     @T exception  exception.type = Declined  exception.message = no funds
│     → ID ID
└╴notify  T  OK
"
    );
}

#[test]
fn a_child_that_ends_before_waits_for_its_root() {
    let (provider, memory) = provider();
    let tracer = provider.tracer("test");
    let mut console = console(false);
    let root = tracer.start("root");
    tracer.span("first").parent(&root).start().end();
    provider.flush(SOON).unwrap();
    assert_eq!(printed(&mut console, &memory), "");
    let other = tracer.start("other");
    other.end();
    root.end();
    provider.flush(SOON).unwrap();
    let text = printed(&mut console, &memory);
    assert!(
        text.ends_with("● root  T\n└╴first  T\n") || text.contains("└╴first  T\ntrace"),
        "{text}"
    );
    assert_eq!(text.matches("trace ID").count(), 2, "{text}");
    assert_eq!(console.spans, 0);
}

#[test]
fn what_has_waited_for_too_long_is_printed_without_its_root() {
    let (provider, memory) = provider();
    let tracer = provider.tracer("test");
    let mut console = console(false);
    let root = tracer.start("session");
    tracer.span("step").parent(&root).start().end();
    provider.flush(SOON).unwrap();
    assert_eq!(printed(&mut console, &memory), "");
    let later = Instant::now() + PATIENCE + Duration::from_secs(1);
    let text = same(&console.traces(&[], later).unwrap());
    assert_eq!(text, "trace ID  shop  1 span  T\n○ step  T\n");
    root.end();
}

#[test]
fn text_from_outside_cannot_drive_the_terminal_and_is_bounded() {
    let (provider, memory) = provider();
    let mut span = provider.tracer("test").start("a\u{1b}[31m\nb");
    span.set_attribute("long", "x".repeat(5000).as_str());
    span.end();
    provider.flush(SOON).unwrap();
    let text = printed(&mut console(false), &memory);
    assert!(text.contains("a\\u{1b}[31m\\nb"), "{text}");
    assert!(text.len() < 1000 && text.contains("x…"), "{}", text.len());
}

#[test]
fn errors_are_red_where_there_are_colours() {
    let (provider, memory) = provider();
    let mut span = provider.tracer("test").start("pay");
    span.set_status(Status::Error("declined"));
    span.end();
    provider.flush(SOON).unwrap();
    let text = printed(&mut console(true), &memory);
    assert!(text.contains("\x1b[31mERROR declined\x1b[0m"), "{text:?}");
}

#[test]
fn spans_that_wait_are_bounded_in_number() {
    let (provider, memory) = provider();
    let tracer = provider.tracer("test");
    let mut console = console(false);
    let root = tracer.start("root");
    for _ in 0..=MOST_WAITING {
        tracer.span("child").parent(&root).start().end();
    }
    provider.flush(SOON).unwrap();
    let text = printed(&mut console, &memory);
    assert!(text.matches("○ child").count() > MOST_WAITING / 2);
    assert!(console.spans <= MOST_WAITING);
}

#[test]
fn metrics_are_printed_one_point_a_line() {
    let memory = InMemory::new();
    let config = Config::default()
        .service_name("shop")
        .metric_destinations([Destination::from(&memory)]);
    let provider = Provider::new(config).unwrap();
    let orders = provider.counter("test", "orders", "{order}", "");
    orders.add_u64(3, &[("kind", "new".into())]);
    provider.flush(SOON).unwrap();
    let requests = memory.requests(Signal::Metrics);
    let text = metrics::text(&requests[0], Paint { colours: false }).unwrap();
    assert_eq!(text, "metrics  shop\n  orders  3 {order}  kind = new\n");
}
