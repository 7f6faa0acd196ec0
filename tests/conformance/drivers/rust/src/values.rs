//! The vectors' typed values as Rust has them.

use crate::Done;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use polyspan::Value;
use polyspan::trace::OwnedValue;
use serde_json::Value as Json;

type Attributes = Vec<(String, OwnedValue)>;

pub(crate) fn nanos(step: &Json) -> u64 {
    step["at"].as_u64().unwrap_or_default() * 1000
}

pub(crate) fn text(given: &Json) -> Done<&str> {
    if given.is_null() {
        return Ok("");
    }
    Ok(given.as_str().ok_or("a str of Rust is always UTF-8")?)
}

pub(crate) fn pairs(list: &Json) -> Done<Vec<(String, String)>> {
    let pair = |pair: &Json| Ok((text(&pair[0])?.to_owned(), text(&pair[1])?.to_owned()));
    list.as_array()
        .ok_or("no pairs")?
        .iter()
        .map(pair)
        .collect()
}

pub(crate) fn attributes(step: &Json) -> Done<Attributes> {
    step["attributes"]
        .as_array()
        .map_or_else(|| Ok(Vec::new()), |list| members(list))
}

fn members(list: &[Json]) -> Done<Attributes> {
    list.iter()
        .map(|member| Ok((text(&member[0])?.to_owned(), value(&member[1])?)))
        .collect()
}

pub(crate) fn borrowed(attributes: &Attributes) -> Vec<(&str, Value<'_>)> {
    attributes
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_value()))
        .collect()
}

pub(crate) fn value(given: &Json) -> Done<OwnedValue> {
    if let Some(depth) = given["deep"].as_u64() {
        return (0..depth).try_fold(value(&given["in"])?, |inner, _| {
            Ok(OwnedValue::Array(vec![inner]))
        });
    }
    let (kind, content) = given
        .as_object()
        .and_then(|one| one.iter().next())
        .ok_or("no value")?;
    let list = || content.as_array().ok_or("no list");
    Ok(match kind.as_str() {
        "string" => OwnedValue::Str(text(content)?.to_owned()),
        "bool" => OwnedValue::Bool(content == true),
        "int" => OwnedValue::Int(
            text(content)?
                .parse()
                .map_err(|_| "an integer of Value is an i64")?,
        ),
        "double" => OwnedValue::Double(text(content)?.parse()?),
        "bytes" => OwnedValue::Bytes(BASE64_STANDARD.decode(text(content)?)?),
        "array" => OwnedValue::Array(list()?.iter().map(value).collect::<Done<_>>()?),
        "map" => OwnedValue::Map(members(list()?)?),
        "empty" => OwnedValue::Empty,
        _ => return Err("a str of Rust is always UTF-8".into()),
    })
}
