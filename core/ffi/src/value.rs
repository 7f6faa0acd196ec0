//! Attribute values of every shape: nested ones as a tree, written as a list of nodes, each before its children.

use crate::bytes::{polyspan_bytes, slice};
use crate::failure::Failure;
use polyspan::Value;

/// `polyspan_node.kind`: no value.
pub const POLYSPAN_EMPTY: u32 = 0;
/// `polyspan_node.kind`: `integer` is 0 or 1.
pub const POLYSPAN_BOOL: u32 = 1;
/// `polyspan_node.kind`: `integer`.
pub const POLYSPAN_INT: u32 = 2;
/// `polyspan_node.kind`: `real`.
pub const POLYSPAN_DOUBLE: u32 = 3;
/// `polyspan_node.kind`: `text`, which is UTF-8.
pub const POLYSPAN_STRING: u32 = 4;
/// `polyspan_node.kind`: `text`, which is any bytes.
pub const POLYSPAN_BYTES: u32 = 6;
/// `polyspan_node.kind`: the next `children` nodes, with all that is below them, are the elements.
pub const POLYSPAN_ARRAY: u32 = 7;
/// `polyspan_node.kind`: the next `children` nodes, with all that is below them, are the members, each with its `key`.
pub const POLYSPAN_MAP: u32 = 8;

/// A value, or the head of a list or map whose parts follow it.
///
/// `{"a": [1, "x"], "b": true}` as attributes is four nodes: array (key a, 2 children), int, string, bool (key b).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct polyspan_node {
    /// One of `POLYSPAN_EMPTY` to `POLYSPAN_MAP`: the numbers of the span batch.
    pub kind: u32,
    /// How many of the nodes that follow belong to this array or map directly.
    pub children: u32,
    /// The value of an int or bool.
    pub integer: i64,
    /// The value of a double.
    pub real: f64,
    /// The value of a string or of bytes.
    pub text: polyspan_bytes,
    /// The name, for attributes and members of a map.
    pub key: polyspan_bytes,
}

/// Attributes of an event, a link or a measurement: what to pass on as `&[(&str, Value)]`.
///
/// # Safety
///
/// `nodes` points to `count` nodes that, with all they refer to, do not change for as long as the result lives.
pub(crate) unsafe fn attributes<'a>(
    nodes: *const polyspan_node,
    count: usize,
) -> Result<Vec<(&'a str, Value<'a>)>, Failure> {
    // SAFETY: handed on.
    let nodes = unsafe { slice(nodes, count, "attributes")? };
    let mut reader = Reader { rest: nodes };
    let mut attributes = Vec::new();
    while let Some(node) = reader.next() {
        // SAFETY: handed on.
        let key = unsafe { node.key.text("attributes[].key")? };
        attributes.push((key, reader.value(node, 1)?));
    }
    Ok(attributes)
}

/// One value.
///
/// # Safety
///
/// As for [`attributes`].
pub(crate) unsafe fn value<'a>(
    nodes: *const polyspan_node,
    count: usize,
) -> Result<Value<'a>, Failure> {
    // SAFETY: handed on.
    let nodes = unsafe { slice(nodes, count, "nodes")? };
    let mut reader = Reader { rest: nodes };
    let Some(node) = reader.next() else {
        return Ok(Value::Empty);
    };
    let value = reader.value(node, 1)?;
    if reader.rest.is_empty() {
        Ok(value)
    } else {
        Err(Failure::Argument {
            argument: "nodes",
            must: "be one value; nodes are left over",
        })
    }
}

/// Reads nodes one after the other. Each takes at least one of those that are there, so that claimed numbers of children
/// cost nothing.
struct Reader<'a> {
    rest: &'a [polyspan_node],
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a polyspan_node> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn child(&mut self) -> Result<&'a polyspan_node, Failure> {
        self.next().ok_or(Failure::Argument {
            argument: "nodes[].children",
            must: "not be more than the nodes that follow",
        })
    }

    /// What nests deeper than allowed becomes empty, as in every language; its parts are read all the same.
    fn pass_over(&mut self, node: &polyspan_node) -> Result<Value<'a>, Failure> {
        let mut open = u64::from(node.children);
        while open > 0 {
            let child = self.child()?;
            open -= 1;
            if matches!(child.kind, POLYSPAN_ARRAY | POLYSPAN_MAP) {
                open += u64::from(child.children);
            }
        }
        Ok(Value::Empty)
    }

    fn value(&mut self, node: &'a polyspan_node, depth: usize) -> Result<Value<'a>, Failure> {
        if depth >= Value::MAX_DEPTH && matches!(node.kind, POLYSPAN_ARRAY | POLYSPAN_MAP) {
            return self.pass_over(node);
        }
        // SAFETY: whoever made this reader promised that what the nodes refer to is there.
        Ok(match node.kind {
            POLYSPAN_EMPTY => Value::Empty,
            POLYSPAN_BOOL => Value::Bool(node.integer != 0),
            POLYSPAN_INT => Value::Int(node.integer),
            POLYSPAN_DOUBLE => Value::Double(node.real),
            // SAFETY: as above.
            POLYSPAN_STRING => Value::Str(unsafe { node.text.text("nodes[].text")? }),
            // SAFETY: as above.
            POLYSPAN_BYTES => Value::Bytes(unsafe { node.text.slice("nodes[].text")? }),
            POLYSPAN_ARRAY => {
                let mut elements = Vec::new();
                for _ in 0..node.children {
                    let child = self.child()?;
                    elements.push(self.value(child, depth + 1)?);
                }
                Value::Array(elements)
            }
            POLYSPAN_MAP => {
                let mut members = Vec::new();
                for _ in 0..node.children {
                    let child = self.child()?;
                    // SAFETY: as above.
                    let key = unsafe { child.key.text("nodes[].key")? };
                    members.push((key, self.value(child, depth + 1)?));
                }
                Value::Map(members)
            }
            _ => {
                return Err(Failure::Argument {
                    argument: "nodes[].kind",
                    must: "be one of POLYSPAN_EMPTY to POLYSPAN_MAP",
                });
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &'static str) -> polyspan_bytes {
        polyspan_bytes {
            data: text.as_ptr(),
            len: text.len(),
        }
    }

    fn node(
        kind: u32,
        children: u32,
        integer: i64,
        text: &'static str,
        key: &'static str,
    ) -> polyspan_node {
        polyspan_node {
            kind,
            children,
            integer,
            real: 0.5,
            text: bytes(text),
            key: bytes(key),
        }
    }

    #[test]
    fn the_documented_example_reads_as_documented() {
        let nodes = [
            node(POLYSPAN_ARRAY, 2, 0, "", "a"),
            node(POLYSPAN_INT, 0, 1, "", ""),
            node(POLYSPAN_STRING, 0, 0, "x", ""),
            node(POLYSPAN_BOOL, 0, 1, "", "b"),
        ];
        // SAFETY: the nodes and their literals outlive the call.
        let attributes = unsafe { attributes(nodes.as_ptr(), nodes.len()) }.unwrap();
        let array = Value::Array(vec![Value::Int(1), Value::Str("x")]);
        assert_eq!(attributes, [("a", array), ("b", Value::Bool(true))]);
    }

    #[test]
    fn a_map_in_a_map_keeps_its_keys() {
        let nodes = [
            node(POLYSPAN_MAP, 2, 0, "", ""),
            node(POLYSPAN_MAP, 1, 0, "", "inner"),
            node(POLYSPAN_DOUBLE, 0, 0, "", "half"),
            node(POLYSPAN_BYTES, 0, 0, "raw", "bytes"),
        ];
        // SAFETY: as above.
        let value = unsafe { value(nodes.as_ptr(), nodes.len()) }.unwrap();
        let inner = Value::Map(vec![("half", Value::Double(0.5))]);
        let expected = Value::Map(vec![("inner", inner), ("bytes", Value::Bytes(b"raw"))]);
        assert_eq!(value, expected);
    }

    #[test]
    fn trees_that_do_not_add_up_are_refused() {
        let claims_too_much = [node(POLYSPAN_ARRAY, u32::MAX, 0, "", "")];
        let two_values = [node(POLYSPAN_EMPTY, 0, 0, "", ""); 2];
        let unknown = [node(9, 0, 0, "", "")];
        let deep = [node(POLYSPAN_ARRAY, 1, 0, "", ""); 200];
        let trees: [&[polyspan_node]; 4] = [&claims_too_much, &two_values, &unknown, &deep];
        for nodes in trees {
            // SAFETY: as above.
            let result = unsafe { value(nodes.as_ptr(), nodes.len()) };
            assert!(
                matches!(result, Err(Failure::Argument { .. })),
                "{result:?}"
            );
        }
    }
}
