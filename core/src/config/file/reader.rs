//! Walks the tree of a file and puts what it finds into a configuration.
//!
//! Every node that is looked at is marked. What is left unmarked at the end has no effect, which is told as an error with its
//! path: a setting that somebody wrote down is never dropped in silence.

use super::super::option::ConfigOption;
use super::super::origin::Source;
use super::super::{Config, ConfigError};
use super::problem::{Path, Problem};
use super::schema::shown;
use super::yaml::{Node, Value};

/// A node and where it stands.
#[derive(Clone)]
pub(super) struct At<'n> {
    pub(super) node: &'n Node,
    pub(super) path: Path,
}

impl<'n> At<'n> {
    pub(super) fn new(node: &'n Node, path: Path) -> Self {
        node.used.set(true);
        Self { node, path }
    }

    /// The member of that name, which may be null.
    pub(super) fn get(&self, key: &str) -> Option<At<'n>> {
        let node = self.node.get(key)?;
        Some(At::new(node, self.path.key(key)))
    }

    /// The member of that name, if it is there and not null.
    pub(super) fn some(&self, key: &str) -> Option<At<'n>> {
        self.get(key).filter(|at| at.node.value != Value::Null)
    }

    /// The only member of a map in which one key says what it is.
    pub(super) fn only(&self) -> Option<(&'n str, At<'n>)> {
        match &self.node.value {
            Value::Map(members) => {
                let (key, node) = members.first()?;
                Some((key, At::new(node, self.path.key(key))))
            }
            _ => None,
        }
    }

    /// The entries of a list.
    pub(super) fn items(&self) -> Vec<At<'n>> {
        match &self.node.value {
            Value::List(items) => items
                .iter()
                .enumerate()
                .map(|(index, node)| At::new(node, self.path.item(index)))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// A scalar as the text that options are read from.
    pub(super) fn scalar(&self) -> Option<String> {
        match &self.node.value {
            Value::Bool(value) => Some(value.to_string()),
            Value::Int(value) => Some(value.to_string()),
            // A whole number may be written with a point.
            Value::Float(value) => Some(value.to_string()),
            Value::Text(text) => Some(text.clone()),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    pub(super) fn text(&self) -> Option<&'n str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match self.node.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self.node.value {
            Value::Int(value) => Some(value as f64),
            Value::Float(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn whole(&self) -> Option<u64> {
        match self.node.value {
            Value::Int(value) => u64::try_from(value).ok(),
            Value::Float(value) if value >= 0.0 && value.fract() == 0.0 => Some(value as u64),
            _ => None,
        }
    }

    pub(super) fn texts(&self) -> Vec<String> {
        let items = self.items();
        items.iter().filter_map(At::scalar).collect()
    }

    /// Marks all of it, because something else will make use of it.
    pub(super) fn leave(&self) {
        fn mark(node: &Node) {
            node.used.set(true);
            match &node.value {
                Value::List(items) => items.iter().for_each(mark),
                Value::Map(members) => members.iter().for_each(|(_, member)| mark(member)),
                _ => {}
            }
        }
        mark(self.node);
    }
}

/// The configuration that a file is read into.
pub(super) struct Reader<'c> {
    pub(super) config: &'c mut Config,
    pub(super) file: &'c str,
    pub(super) problems: Vec<Problem>,
    /// What the file says and this version does not do yet.
    pub(super) awaited: Vec<String>,
}

impl<'c> Reader<'c> {
    pub(super) fn new(config: &'c mut Config, file: &'c str) -> Self {
        Self {
            config,
            file,
            problems: Vec::new(),
            awaited: Vec::new(),
        }
    }

    /// Sets an option, where there is a value.
    pub(super) fn put(&mut self, option: &str, at: Option<At<'_>>) {
        let Some(at) = at else {
            return;
        };
        if let Some(text) = at.scalar() {
            return self.put_text(option, &text, &at);
        }
        at.leave();
        let allowed = ConfigOption::find(option).map(ConfigOption::allowed);
        self.refuse_as(&at, &allowed.unwrap_or_default());
    }

    pub(super) fn put_text(&mut self, option: &str, text: &str, at: &At<'_>) {
        let Some(option) = ConfigOption::find(option) else {
            return;
        };
        let source = self.source(at);
        let path = at.path.to_string();
        match option.field.read(self.config, text, &source, &path) {
            Ok(()) => {
                self.config.note_source(option.name, source);
                if option.awaits.is_some() {
                    self.awaited.push(path);
                }
            }
            Err(ConfigError::Invalid {
                value,
                reason,
                allowed,
                ..
            }) => {
                let found = match value {
                    Some(value) => format!("is \"{value}\""),
                    None => "is something that is not shown".to_owned(),
                };
                let reason = reason.map_or_else(String::new, |reason| format!(", {reason}"));
                self.refuse(at, format!("{found}{reason}; it must be {allowed}"));
            }
            Err(error) => self.refuse(at, error.to_string()),
        }
    }

    /// Where a value of this place comes from.
    pub(super) fn source(&self, at: &At<'_>) -> Source {
        Source::File {
            file: self.file.to_owned(),
            path: at.path.to_string(),
        }
    }

    pub(super) fn refuse(&mut self, at: &At<'_>, what: impl Into<String>) {
        let problem = Problem::said(&at.path, at.node, what.into());
        self.problems.push(problem);
    }

    /// Says what stands there and what should.
    pub(super) fn refuse_as(&mut self, at: &At<'_>, allowed: &str) {
        let found = shown(at.node, &at.path);
        self.refuse(at, format!("{found}; it must be {allowed}"));
    }

    /// Tells of everything that nothing asked for.
    pub(super) fn tell_unused(&mut self, node: &Node, path: &Path) {
        if !node.used.get() {
            let what = "is not supported; remove it".to_owned();
            return self.problems.push(Problem::said(path, node, what));
        }
        match &node.value {
            Value::Map(members) => {
                for (key, member) in members {
                    self.tell_unused(member, &path.key(key));
                }
            }
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.tell_unused(item, &path.item(index));
                }
            }
            _ => {}
        }
    }
}
