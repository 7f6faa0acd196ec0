//! The YAML of a configuration file as a tree, with the line of each node.
//!
//! YAML 1.2 with its core schema, of which JSON is a part. References to environment variables are replaced in scalars,
//! before these get their types; keys are left alone. A file is bounded ([`MOST_BYTES`], [`MOST_NODES`], [`MOST_DEPTH`]), also
//! where aliases repeat a part of it.

use std::cell::Cell;
use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::super::environment::Lookup;
use super::substitute::substitute;

/// A configuration is a few kilobytes.
pub(super) const MOST_BYTES: usize = 1 << 20;
const MOST_NODES: usize = 50_000;
const MOST_DEPTH: usize = 64;

/// A value of the file.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    /// Counted from 1.
    pub(super) line: usize,
    /// Whether something asked for it. What nothing asks for has no effect, and is told.
    pub(super) used: Cell<bool>,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    /// In the order of the file; no key twice.
    Map(Vec<(String, Node)>),
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// Why a file cannot be read.
#[derive(Debug, PartialEq)]
pub(super) struct Unreadable {
    pub(super) line: usize,
    pub(super) problem: String,
}

impl Node {
    pub(super) fn new(value: Value, line: usize) -> Self {
        Self {
            value,
            line,
            used: Cell::new(false),
        }
    }

    /// A value that is not there.
    pub(super) fn null() -> Self {
        Self::new(Value::Null, 0)
    }

    /// How many levels of lists and maps it is made of.
    fn height(&self) -> usize {
        let inside = match &self.value {
            Value::List(items) => items.iter().map(Node::height).max(),
            Value::Map(members) => members.iter().map(|(_, member)| member.height()).max(),
            _ => return 0,
        };
        1 + inside.unwrap_or_default()
    }

    /// The member of a map.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(members) => members.iter().find(|(k, _)| k == key).map(|(_, node)| node),
            _ => None,
        }
    }
}

/// Reads the one document of a file.
pub(super) fn parse(text: &str, lookup: &Lookup<'_>) -> Result<Node, Unreadable> {
    if text.len() > MOST_BYTES {
        return Err(Unreadable {
            line: 1,
            problem: format!("it has more than {MOST_BYTES} bytes"),
        });
    }
    let mut reader = Reader {
        lookup,
        anchors: HashMap::new(),
        nodes: 0,
        kept: 0,
    };
    let mut open: Vec<Open> = Vec::new();
    let mut document = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Unreadable {
            line: error.marker().line(),
            problem: format!("it is not YAML: {}", error.info()),
        })?;
        let Some(node) = reader.take(event, span, &mut open)? else {
            continue;
        };
        match open.last_mut() {
            Some(parent) => parent.add(node)?,
            None if document.is_some() => {
                return Err(Unreadable {
                    line: node.line,
                    problem: "it has more than one document".to_owned(),
                });
            }
            None => document = Some(node),
        }
    }
    document.ok_or_else(|| Unreadable {
        line: 1,
        problem: "it is empty".to_owned(),
    })
}

struct Reader<'l> {
    lookup: &'l Lookup<'l>,
    anchors: HashMap<usize, Anchored>,
    /// Those of the tree, and those that are kept for aliases.
    nodes: usize,
    kept: usize,
}

/// A part that aliases may repeat.
struct Anchored {
    node: Node,
    /// Its nodes, itself included.
    size: usize,
    /// Its levels, none for a scalar.
    height: usize,
}

/// A list or map whose end has not come yet.
struct Open {
    value: Value,
    key: Option<String>,
    line: usize,
    anchor: usize,
    /// How many nodes there were before it.
    before: usize,
}

impl Reader<'_> {
    /// The node that is complete with this event.
    fn take(
        &mut self,
        event: Event<'_>,
        span: Span,
        open: &mut Vec<Open>,
    ) -> Result<Option<Node>, Unreadable> {
        let line = span.start.line();
        let wrong = |problem: String| Unreadable { line, problem };
        let too_deep = || wrong(format!("it is nested deeper than {MOST_DEPTH} levels"));
        let node = match event {
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= MOST_DEPTH => {
                return Err(too_deep());
            }
            Event::SequenceStart(anchor, _) => {
                open.push(self.start(Value::List(Vec::new()), line, anchor));
                return Ok(None);
            }
            Event::MappingStart(anchor, _) => {
                open.push(self.start(Value::Map(Vec::new()), line, anchor));
                return Ok(None);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(ended) = open.pop() else {
                    return Ok(None);
                };
                let node = Node::new(ended.value, ended.line);
                self.remember(ended.anchor, &node, self.nodes - ended.before);
                node
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_key = open.last().is_some_and(Open::expects_key);
                let text = match is_key {
                    true => text.into_owned(),
                    false => substitute(&text, self.lookup).map_err(wrong)?,
                };
                let value = match is_key {
                    true => Value::Text(text),
                    false => resolve(text, style, tag.as_deref()).map_err(wrong)?,
                };
                let node = Node::new(value, line);
                self.nodes += 1;
                self.remember(anchor, &node, 1);
                node
            }
            Event::Alias(anchor) => {
                let anchored = self.anchors.get(&anchor).ok_or_else(|| {
                    wrong("an alias refers to a part that contains it".to_owned())
                })?;
                if open.len() + anchored.height > MOST_DEPTH {
                    return Err(too_deep());
                }
                self.nodes += anchored.size;
                anchored.node.clone()
            }
            _ => return Ok(None),
        };
        if self.nodes > MOST_NODES || self.kept > MOST_NODES {
            return Err(wrong(format!("it has more than {MOST_NODES} values")));
        }
        Ok(Some(node))
    }

    fn start(&mut self, value: Value, line: usize, anchor: usize) -> Open {
        let before = self.nodes;
        self.nodes += 1;
        Open {
            value,
            key: None,
            line,
            anchor,
            before,
        }
    }

    fn remember(&mut self, anchor: usize, node: &Node, size: usize) {
        if anchor == 0 {
            return;
        }
        self.kept += size;
        // What is too much is not copied; the caller refuses the file.
        if self.kept <= MOST_NODES {
            let anchored = Anchored {
                node: node.clone(),
                size,
                height: node.height(),
            };
            self.anchors.insert(anchor, anchored);
        }
    }
}

impl Open {
    fn expects_key(&self) -> bool {
        matches!(self.value, Value::Map(_)) && self.key.is_none()
    }

    fn add(&mut self, node: Node) -> Result<(), Unreadable> {
        let line = node.line;
        let wrong = |problem: String| Err(Unreadable { line, problem });
        match (&mut self.value, self.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(members), Some(key)) => members.push((key, node)),
            (Value::Map(members), None) => match node.value {
                Value::Text(key) if members.iter().any(|(known, _)| *known == key) => {
                    return wrong(format!("the key \"{key}\" stands there twice"));
                }
                Value::Text(key) => self.key = Some(key),
                _ => return wrong("a key is not a text".to_owned()),
            },
            _ => {}
        }
        Ok(())
    }
}

/// The type of a scalar: that of its tag, else that of its text if it is plain, else a text (YAML 1.2.2, 10.3.2).
fn resolve(text: String, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let plain = style == ScalarStyle::Plain;
    let Some(tag) = tag else {
        return Ok(if plain {
            typed(text)
        } else {
            Value::Text(text)
        });
    };
    let name = format!("{}{}", tag.handle, tag.suffix);
    let value = match name.strip_prefix("tag:yaml.org,2002:") {
        _ if name == "!" => return Ok(Value::Text(text)),
        Some("str") => return Ok(Value::Text(text)),
        Some(kind @ ("null" | "bool" | "int" | "float")) => match (kind, typed(text)) {
            ("null", Value::Null) => Some(Value::Null),
            ("bool", value @ Value::Bool(_)) | ("int", value @ Value::Int(_)) => Some(value),
            ("float", value @ Value::Float(_)) => Some(value),
            ("float", Value::Int(number)) => Some(Value::Float(number as f64)),
            _ => None,
        },
        _ => return Err(format!("the tag {tag} is unknown")),
    };
    value.ok_or_else(|| format!("the value does not fit its tag {tag}"))
}

fn typed(text: String) -> Value {
    match text.trim() {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        trimmed => match integer(trimmed).or_else(|| float(trimmed)) {
            Some(number) => number,
            None => Value::Text(text),
        },
    }
}

fn integer(text: &str) -> Option<Value> {
    let number = if let Some(digits) = text.strip_prefix("0x") {
        i64::from_str_radix(unsigned(digits)?, 16)
    } else if let Some(digits) = text.strip_prefix("0o") {
        i64::from_str_radix(unsigned(digits)?, 8)
    } else {
        unsigned(text.strip_prefix(['-', '+']).unwrap_or(text))?;
        text.parse()
    };
    number.ok().map(Value::Int)
}

/// The text, if it starts with a digit and not with another sign.
fn unsigned(text: &str) -> Option<&str> {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        .then_some(text)
}

fn float(text: &str) -> Option<Value> {
    let (sign, size) = match text.strip_prefix('-') {
        Some(size) => (-1.0, size),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if matches!(size, ".inf" | ".Inf" | ".INF") {
        return Some(Value::Float(sign * f64::INFINITY));
    }
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Value::Float(f64::NAN));
    }
    // Rust reads more than YAML: "inf", "nan" and "infinity" are texts here.
    let digits = |character: char| character.is_ascii_digit() || ".eE+-".contains(character);
    let numeric = size.starts_with(|first: char| first == '.' || first.is_ascii_digit())
        && size.contains(|c: char| c.is_ascii_digit())
        && size.chars().all(digits);
    let number = numeric.then(|| size.parse::<f64>().ok()).flatten()?;
    Some(Value::Float(sign * number))
}
