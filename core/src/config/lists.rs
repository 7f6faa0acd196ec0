//! Settings that are lists of names, and what is said about a name that is none of them.

use super::error::readable;
use super::{Exporter, field::SHOWN};

/// What is wrong with a value beyond not being what is allowed: a clause that follows it.
pub(super) type Refusal = Option<String>;

/// The names of a list, each once, in its order.
pub(super) fn listed(
    text: &str,
    names: &[&'static str],
    later: &[&str],
) -> Result<Vec<&'static str>, Refusal> {
    let mut list = Vec::new();
    let parts = text.split(',').map(str::trim);
    let parts: Vec<_> = parts.filter(|name| !name.is_empty()).collect();
    match parts.as_slice() {
        [] => return Err(None),
        [none] if none.eq_ignore_ascii_case("none") => return Ok(list),
        _ => {}
    }
    for part in parts {
        match names.iter().find(|name| name.eq_ignore_ascii_case(part)) {
            Some(name) if list.contains(name) => {}
            Some(name) => list.push(*name),
            None => return Err(Some(unknown_in_list(part, later))),
        }
    }
    Ok(list)
}

/// What is wrong with the name of an exporter; nothing in particular if it is all that was given.
pub(super) fn unknown_exporter(name: &str, text: &str) -> Refusal {
    if text.contains(',') {
        Some(unknown_in_list(name, Exporter::LATER))
    } else {
        not_built(Exporter::LATER, name)
    }
}

pub(super) fn unknown_in_list(name: &str, later: &[&str]) -> String {
    if name.eq_ignore_ascii_case("none") {
        return "where none stands beside others".to_owned();
    }
    match later.iter().find(|one| one.eq_ignore_ascii_case(name)) {
        Some(later) => format!("where {later} comes in a later version"),
        None => format!("where \"{}\" is unknown", readable(name, SHOWN)),
    }
}

pub(super) fn not_built(later: &[&str], text: &str) -> Refusal {
    later
        .iter()
        .any(|name| name.eq_ignore_ascii_case(text))
        .then(|| "which comes in a later version".to_owned())
}
