//! The calls of a counter. Unlike spans, measurements cross one by one: only sums leave the process, and the core adds up.

use crate::{Call, NOTHING, Outcome, attributes, value};
use napi_sys as sys;
use polyspan::{Scope, Value};

/// The number of a counter: `counter(meter, version, schemaUrl, name, unit, description)`; -1 if it ignores what it is given.
pub(crate) fn counter(
    call: Call<'_>,
    [meter, version, schema_url, name, unit, description]: [sys::napi_value; 6],
) -> Outcome {
    let env = call.env;
    let text = |value| value::read_text(env, value);
    let index = call.instance.open.as_ref().and_then(|open| {
        let scope = Scope {
            name: &text(meter),
            version: &text(version),
            schema_url: &text(schema_url),
            attributes: &[],
        };
        let (name, unit, description) = (text(name), text(unit), text(description));
        let counter = open.provider.counter(scope, &name, &unit, &description);
        counter.index()
    });
    Ok(value::number(env, index.map_or(-1.0, f64::from)))
}

/// Adds a measurement: `add(counter, whole, value, attributes)`. The core ignores what a sum cannot take.
pub(crate) fn add(
    call: Call<'_>,
    [counter, whole, number, attributes]: [sys::napi_value; 4],
) -> Outcome {
    let env = call.env;
    let index = value::read_number(env, counter) as u32;
    let Some(counter) = call
        .instance
        .open
        .as_ref()
        .and_then(|open| open.provider.counter_at(index))
    else {
        return NOTHING;
    };
    let number = value::read_number(env, number);
    let attributes = attributes::read(env, attributes);
    let attributes: Vec<(&str, Value<'_>)> = attributes
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_value()))
        .collect();
    if value::read_boolean(env, whole) {
        counter.add_u64(number as u64, &attributes);
    } else {
        counter.add_f64(number, &attributes);
    }
    NOTHING
}
