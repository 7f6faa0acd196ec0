//! Checks a file against the schema of declarative configuration.
//!
//! `schema.json` is `opentelemetry_configuration.json` of `open-telemetry/opentelemetry-configuration` (Apache-2.0) without its
//! descriptions, one definition a line: schema 1.1 with the additions that its main branch had in November 2026
//! (`always_record`, depth and message size limits). Of JSON Schema it uses a dozen words, and those are here.

use std::sync::LazyLock;

use serde_json::Value as Json;

use super::super::option::nearest;
use super::super::readable;
use super::problem::{Path, Problem};
use super::yaml::{Node, Value};

static SCHEMA: LazyLock<Json> =
    LazyLock::new(|| serde_json::from_str(include_str!("schema.json")).unwrap_or_default());

/// Everything that is wrong with a whole file.
pub(super) fn check(document: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    validate(document, &SCHEMA["root"], &Path::root(), &mut problems);
    problems
}

/// Everything that is wrong with a part of a file, by the definition of that name.
pub(super) fn check_part(part: &Node, definition: &str, path: &Path) -> Vec<Problem> {
    let mut problems = Vec::new();
    validate(part, &SCHEMA["$defs"][definition], path, &mut problems);
    problems
}

fn validate(node: &Node, schema: &Json, path: &Path, problems: &mut Vec<Problem>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        // Absent and "nothing given" are the same for a part that is made of optional parts.
        if node.value == Value::Null && !allows_null(&SCHEMA["$defs"][name]) {
            return problems.push(Problem::new(
                path,
                node,
                "is empty".to_owned(),
                kind_of(&SCHEMA["$defs"][name]),
            ));
        }
        return validate(node, &SCHEMA["$defs"][name], path, problems);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = |choice: &Json| {
            let mut problems = Vec::new();
            validate(node, choice, path, &mut problems);
            problems.is_empty()
        };
        if !choices.iter().any(fits) {
            let allowed = "a text, number, true or false, or a list of one of these";
            problems.push(Problem::new(path, node, shown(node, path), allowed));
        }
        return;
    }
    if !has_type(node, &schema["type"]) {
        return problems.push(Problem::new(path, node, shown(node, path), kind_of(schema)));
    }
    match &node.value {
        Value::Map(members) => validate_map(node, members, schema, path, problems),
        Value::List(items) => {
            if items.is_empty() && schema["minItems"].as_u64() > Some(0) {
                problems.push(Problem::new(
                    path,
                    node,
                    "is an empty list".to_owned(),
                    "a list with at least one entry",
                ));
            }
            for (index, item) in items.iter().enumerate() {
                validate(item, &schema["items"], &path.item(index), problems);
            }
        }
        Value::Int(number) => validate_number(node, *number as f64, schema, path, problems),
        Value::Float(number) => validate_number(node, *number, schema, path, problems),
        Value::Text(text) => {
            let names = texts(&schema["enum"]);
            if !names.is_empty() && !names.contains(&text.as_str()) {
                problems.push(Problem::new(path, node, shown(node, path), one_of(&names)));
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn validate_map(
    node: &Node,
    members: &[(String, Node)],
    schema: &Json,
    path: &Path,
    problems: &mut Vec<Problem>,
) {
    let count = members.len() as u64;
    let known: Vec<&str> = match schema["properties"].as_object() {
        Some(properties) => properties.keys().map(String::as_str).collect(),
        None => Vec::new(),
    };
    if schema["maxProperties"]
        .as_u64()
        .is_some_and(|most| count > most)
        || schema["minProperties"]
            .as_u64()
            .is_some_and(|least| count < least)
    {
        let has = format!("has {count} keys");
        let allowed = format!("exactly one of {}", known.join(", "));
        problems.push(Problem::new(path, node, has, allowed));
    }
    for required in texts(&schema["required"]) {
        if node.get(required).is_none() {
            problems.push(Problem::new(
                path,
                node,
                format!("has no {required}"),
                format!("a map with {required}"),
            ));
        }
    }
    for (key, member) in members {
        let path = path.key(key);
        match (
            &schema["properties"][key.as_str()],
            &schema["additionalProperties"],
        ) {
            (Json::Null, Json::Bool(false)) => {
                problems.push(Problem::unknown(&path, member, key, &known))
            }
            (Json::Null, other @ Json::Object(_)) => validate(member, other, &path, problems),
            (Json::Null, _) => {}
            (property, _) => validate(member, property, &path, problems),
        }
    }
}

fn validate_number(
    node: &Node,
    number: f64,
    schema: &Json,
    path: &Path,
    problems: &mut Vec<Problem>,
) {
    let least = schema["minimum"].as_f64();
    let above = schema["exclusiveMinimum"].as_f64();
    let most = schema["maximum"].as_f64();
    let fits = least.is_none_or(|least| number >= least)
        && above.is_none_or(|above| number > above)
        && most.is_none_or(|most| number <= most);
    if fits {
        return;
    }
    let allowed = match (least, above, most) {
        (Some(least), _, Some(most)) => format!("from {least} to {most}"),
        (Some(least), ..) => format!("at least {least}"),
        (_, Some(above), _) => format!("greater than {above}"),
        _ => format!("at most {}", most.unwrap_or_default()),
    };
    problems.push(Problem::new(path, node, shown(node, path), allowed));
}

fn has_type(node: &Node, types: &Json) -> bool {
    let is = |name: &str| match (name, &node.value) {
        ("null", Value::Null)
        | ("boolean", Value::Bool(_))
        | ("integer" | "number", Value::Int(_))
        | ("number", Value::Float(_))
        | ("string", Value::Text(_))
        | ("array", Value::List(_))
        | ("object", Value::Map(_)) => true,
        ("integer", Value::Float(number)) => number.fract() == 0.0,
        _ => false,
    };
    match types {
        Json::String(name) => is(name),
        Json::Array(names) => names.iter().filter_map(Json::as_str).any(is),
        _ => true,
    }
}

fn allows_null(schema: &Json) -> bool {
    let null = Node::null();
    has_type(&null, &schema["type"])
}

/// What a value of the schema must be, in words.
fn kind_of(schema: &Json) -> String {
    let names = match &schema["type"] {
        Json::String(name) => vec![name.as_str()],
        other => texts(other),
    };
    let words: Vec<_> = names
        .into_iter()
        .filter(|name| *name != "null")
        .map(|name| match name {
            "boolean" => "true or false",
            "integer" => "a whole number",
            "number" => "a number",
            "string" => "a text",
            "array" => "a list",
            _ => "a map of keys and values",
        })
        .collect();
    words.join(" or ")
}

fn texts(json: &Json) -> Vec<&str> {
    let items = json.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Json::as_str).collect()
}

fn one_of(names: &[&str]) -> String {
    format!("one of {}", names.join(", "))
}

/// What stands there, as a clause. Headers may hold secrets.
pub(super) fn shown(node: &Node, path: &Path) -> String {
    match &node.value {
        Value::List(_) => "is a list".to_owned(),
        Value::Map(_) => "is a map".to_owned(),
        Value::Null => "is empty".to_owned(),
        _ if path.may_hold_secrets() => "is something that is not shown".to_owned(),
        Value::Bool(value) => format!("is {value}"),
        Value::Int(value) => format!("is {value}"),
        Value::Float(value) => format!("is {value}"),
        Value::Text(text) => format!("is \"{}\"", readable(text, 100)),
    }
}

impl Problem {
    fn unknown(path: &Path, node: &Node, key: &str, known: &[&str]) -> Self {
        let meant = nearest(key, known.iter().copied());
        let allowed = match meant {
            Some(meant) => format!("did you mean {meant}?"),
            None if known.is_empty() => "nothing can stand there".to_owned(),
            None => format!("known are {}", known.join(", ")),
        };
        Problem::said(path, node, format!("is unknown; {allowed}"))
    }
}
