//! Environment variables in a configuration file: `${VAR}`, `${env:VAR}`, `${VAR:-default}`, and `$$` for a dollar sign.
//!
//! What a variable holds is used as it is: it is not looked at again, so no variable can bring in another one, and it is
//! the content of one scalar, so none can bring in structure.
//!
//! Source: OpenTelemetry specification, "Configuration Data Model", "Environment variable substitution".

use super::super::environment::Lookup;
use super::super::readable;

/// The most characters of a wrong reference that are shown.
const SHOWN: usize = 60;

/// The text with its references replaced. The error says what is wrong with a reference, as a clause.
pub(super) fn substitute(text: &str, lookup: &Lookup<'_>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    for (index, part) in text.split("$$").enumerate() {
        if index > 0 {
            out.push('$');
        }
        replace(part, lookup, &mut out)?;
    }
    Ok(out)
}

/// Replaces the references of a text without escapes.
fn replace(text: &str, lookup: &Lookup<'_>, out: &mut String) -> Result<(), String> {
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, reference) = rest.split_at(start);
        out.push_str(before);
        match content(&reference[2..]) {
            None => {
                out.push_str("${");
                rest = &reference[2..];
            }
            Some(content) => {
                out.push_str(&resolve(content, lookup)?);
                rest = &reference[2 + content.len() + 1..];
            }
        }
    }
    out.push_str(rest);
    Ok(())
}

/// What stands before the closing brace, if this is a reference at all: one character or more on one line.
fn content(text: &str) -> Option<&str> {
    let (content, _) = text.split_once('}')?;
    let printable = |character: char| character == '\t' || !character.is_control();
    (!content.is_empty() && content.chars().all(printable)).then_some(content)
}

fn resolve(content: &str, lookup: &Lookup<'_>) -> Result<String, String> {
    let variable = content.strip_prefix("env:").unwrap_or(content);
    let Some((name, default)) = split(variable) else {
        return Err(format!(
            "has the reference ${{{}}}; a reference is ${{NAME}}, ${{env:NAME}} or ${{NAME:-default}}, and $$ is a dollar sign",
            readable(content, SHOWN)
        ));
    };
    match lookup(name) {
        Some(value) if !value.is_empty() => value
            .into_string()
            .map_err(|_| format!("refers to {name}, which is not valid UTF-8")),
        _ => Ok(default.to_owned()),
    }
}

/// The name of the variable, and what stands in for it.
fn split(reference: &str) -> Option<(&str, &str)> {
    let end = reference
        .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .unwrap_or(reference.len());
    let (name, rest) = reference.split_at(end);
    if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    match rest.strip_prefix(":-") {
        Some(default) => Some((name, default)),
        None => rest.is_empty().then_some((name, "")),
    }
}
