//! Values of any depth in a request that every reader of protobuf takes: prost, which decodes here, is one of those that
//! refuse more than 100 messages inside each other.

use polyspan::config::{Destination, Signal};
use polyspan::export::memory::InMemory;
use polyspan::trace::OwnedValue;
use polyspan::{Config, Provider, Value};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

fn lists(levels: usize, inside: Value<'static>) -> Value<'static> {
    (0..levels).fold(inside, |value, _| Value::Array(vec![value]))
}

fn maps(levels: usize, inside: Value<'static>) -> Value<'static> {
    (0..levels).fold(inside, |value, _| Value::Map(vec![("k", value)]))
}

/// How many lists or maps are around what is inside, and that.
fn unwrapped(value: &OwnedValue) -> (usize, &OwnedValue) {
    let (mut levels, mut value) = (0, value);
    loop {
        value = match value {
            OwnedValue::Array(values) => &values[0],
            OwnedValue::Map(members) => &members[0].1,
            inside => return (levels, inside),
        };
        levels += 1;
    }
}

fn text(text: &str) -> OwnedValue {
    OwnedValue::Str(text.to_owned())
}

#[test]
fn what_lies_too_deep_for_readers_is_json_text_wherever_it_stands() {
    let memory = InMemory::new();
    let config = Config::default()
        .resource_attribute("resource", lists(60, "bottom".into()))
        .trace_destinations([Destination::from(&memory)]);
    let provider = Provider::new(config).unwrap();
    let mut span = provider.tracer("test").start("deep");
    span.set_attribute("lists", lists(63, "bottom".into()));
    span.set_attribute("maps", maps(40, 7.into()));
    span.set_attribute("fits", lists(46, "bottom".into()));
    span.set_attribute("beside", true);
    span.add_event("event", &[("lists", lists(47, "bottom".into()))]);
    span.end();
    provider.flush(SOON).unwrap();

    assert_eq!(memory.requests(Signal::Traces).len(), 1);
    let spans = memory.spans();
    let attribute = |key| unwrapped(spans[0].attribute(key).unwrap());
    let brackets = |levels| {
        text(&format!(
            "{}\"bottom\"{}",
            "[".repeat(levels),
            "]".repeat(levels)
        ))
    };
    assert_eq!(attribute("lists"), (46, &brackets(17)));
    assert_eq!(attribute("fits"), (46, &text("bottom")));
    let members = format!("{}7{}", "{\"k\":".repeat(9), "}".repeat(9));
    assert_eq!(attribute("maps"), (31, &text(&members)));
    assert_eq!(attribute("beside"), (0, &OwnedValue::Bool(true)));
    let event = &spans[0].events[0].attributes[0].1;
    assert_eq!(unwrapped(event), (46, &brackets(1)));
    let resource = spans[0].resource.iter().find(|(key, _)| key == "resource");
    assert_eq!(unwrapped(&resource.unwrap().1), (46, &brackets(14)));
    assert_eq!(provider.stats().delivered, 1);
}

#[test]
fn a_secret_is_removed_however_deep_it_lies() {
    let memory = InMemory::new();
    let config = Config::default().trace_destinations([Destination::from(&memory)]);
    let provider = Provider::new(config).unwrap();
    let secrets = Value::Map(vec![
        ("password", "hunter2-secret".into()),
        ("mail", "ada@example.com".into()),
    ]);
    let mut span = provider.tracer("test").start("deep");
    span.set_attribute("value", maps(40, secrets));
    span.end();
    provider.flush(SOON).unwrap();
    let request = &memory.requests(Signal::Traces)[0];
    for secret in ["hunter2-secret", "ada@example.com"] {
        let found = request
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} left the process");
    }
}
