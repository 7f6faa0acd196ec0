//! Configuration files as their users write them, one subject a file.

mod create;
mod errors;
mod parse;
mod plugins;
mod policies;
mod precedence;
mod samplers;
mod substitution;

use std::ffi::OsString;
use std::path::PathBuf;

use super::super::Config;
use super::yaml::{self, Node, Value};

const VARIABLES: &[(&str, &str)] = &[
    ("STRING_VALUE", "value"),
    ("BOOL_VALUE", "true"),
    ("INT_VALUE", "1"),
    ("FLOAT_VALUE", "1.1"),
    ("HEX_VALUE", "0xdeadbeef"),
    ("INVALID_MAP_VALUE", "value\nkey:value"),
    ("DO_NOT_REPLACE_ME", "Never use this value"),
    ("REPLACE_ME", "${DO_NOT_REPLACE_ME}"),
    ("VALUE_WITH_ESCAPE", "value$$"),
    ("EMPTY", ""),
];

fn lookup(variable: &str) -> Option<OsString> {
    let found = VARIABLES.iter().find(|(name, _)| *name == variable);
    found.map(|(_, value)| OsString::from(value))
}

fn parse(text: &str) -> Node {
    yaml::parse(text, &lookup).unwrap_or_else(|error| panic!("{error:?} in {text}"))
}

fn unreadable(text: &str) -> String {
    match yaml::parse(text, &lookup) {
        Ok(node) => panic!("{node:?} of {text}"),
        Err(error) => format!("{}: {}", error.line, error.problem),
    }
}

/// A file that is gone when the test is over.
struct Written(PathBuf);

impl Written {
    fn new(text: &str) -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("polyspan-{}-{number}.yaml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn name(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The configuration of a file of this text; variables as in the specification's table.
fn load(text: &str) -> Config {
    let file = Written::new(text);
    super::load(file.name(), &lookup)
}

/// Errors, then warnings.
fn problems(config: &Config) -> Vec<String> {
    let errors = config.errors().map(ToString::to_string);
    errors.chain(config.warnings().iter().cloned()).collect()
}

/// What is said about a file of this text: one sentence each, without the name of the file.
fn said(text: &str) -> Vec<String> {
    let file = Written::new(text);
    let config = super::load(file.name(), &lookup);
    problems(&config)
        .iter()
        .map(|sentence| sentence.replace(file.name(), "FILE"))
        .collect()
}

/// A file whose tracer provider has these lines beside a console exporter.
fn provider(lines: &str) -> String {
    let mut text = "file_format: \"1.1\"\ntracer_provider:\n  processors:\n    - simple:\n        exporter:\n          console:\n".to_owned();
    for line in lines.lines() {
        text += &format!("  {line}\n");
    }
    text
}
