//! What detectors look at: files below a root, environment variables, and what the system says of this process.
//!
//! Every read is bounded, and none is fatal. That something is not there says nothing; that it is there and cannot be read
//! is kept as a problem.

use std::cell::RefCell;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The most that is read of one file. A `mountinfo` of a busy node is large; what is looked for stands near its start.
const MOST_BYTES: u64 = 256 * 1024;

/// The most characters of one detected value: a variable may hold anything.
const MOST_CHARACTERS: usize = 1024;

/// Reads a variable; nothing if it is not set.
type Lookup<'s> = dyn Fn(&str) -> Option<String> + 's;

/// Where detectors look.
pub(crate) struct Surroundings<'s> {
    root: PathBuf,
    lookup: Box<Lookup<'s>>,
    /// Whether this is the process's own root, so that what the system says without files belongs to it.
    is_own: bool,
    problems: RefCell<Vec<String>>,
}

impl<'s> Surroundings<'s> {
    /// Those of this process.
    pub(crate) fn own() -> Self {
        Self {
            root: PathBuf::from("/"),
            lookup: Box::new(|variable| std::env::var(variable).ok()),
            is_own: true,
            problems: RefCell::default(),
        }
    }

    /// Made-up ones: files below `root`, variables from `lookup`.
    #[cfg(test)]
    pub(crate) fn fake(root: &Path, lookup: impl Fn(&str) -> Option<String> + 's) -> Self {
        Self {
            root: root.to_owned(),
            lookup: Box::new(lookup),
            is_own: false,
            problems: RefCell::default(),
        }
    }

    /// A variable that is set to something.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        (self.lookup)(name)
            .map(|value| bounded(value.trim()))
            .filter(|value| !value.is_empty())
    }

    /// The first of several variables that is set to something.
    pub(crate) fn first_variable(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.variable(name))
    }

    /// The content of a file, as far as it may be read.
    pub(crate) fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        // Elsewhere a drive's root has other things in these places.
        if !cfg!(unix) {
            return None;
        }
        let mut content = Vec::new();
        let read = File::open(self.path(path))
            .and_then(|file| file.take(MOST_BYTES).read_to_end(&mut content));
        match read {
            Ok(_) => Some(content),
            Err(error) => {
                self.note(path, &error);
                None
            }
        }
    }

    /// The same as text.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        let content = self.bytes(path)?;
        Some(String::from_utf8_lossy(&content).into_owned())
    }

    /// The one line of a file, if it holds something.
    pub(crate) fn line(&self, path: &str) -> Option<String> {
        let text = self.text(path)?;
        let line = text.lines().next()?.trim();
        (!line.is_empty()).then(|| bounded(line))
    }

    /// Where a link leads.
    pub(crate) fn link(&self, path: &str) -> Option<PathBuf> {
        std::fs::read_link(self.path(path)).ok()
    }

    /// Whether a file is there.
    pub(crate) fn has(&self, path: &str) -> bool {
        cfg!(unix) && self.path(path).exists()
    }

    pub(crate) fn is_own(&self) -> bool {
        self.is_own
    }

    /// What could not be read, one sentence each.
    pub(crate) fn into_problems(self) -> Vec<String> {
        self.problems.into_inner()
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root
            .join(Path::new(path).strip_prefix("/").unwrap_or(Path::new(path)))
    }

    fn note(&self, path: &str, error: &std::io::Error) {
        let says_nothing = [
            ErrorKind::NotFound,
            ErrorKind::NotADirectory,
            ErrorKind::PermissionDenied,
        ];
        if !says_nothing.contains(&error.kind()) {
            let problem = format!("{path} cannot be read for the resource: {error}");
            self.problems.borrow_mut().push(problem);
        }
    }
}

/// As much of a value as is kept.
pub(super) fn bounded(value: &str) -> String {
    match value.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => value[..end].to_owned(),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_no_problem_and_one_that_cannot_be_read_is() {
        let root = tempfile::tempdir().unwrap();
        let around = Surroundings::fake(root.path(), |_| None);
        assert_eq!(around.text("/etc/machine-id"), None);
        std::fs::create_dir_all(root.path().join("etc/machine-id")).unwrap();
        assert_eq!(around.text("/etc/machine-id"), None);
        let problems = around.into_problems();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with("/etc/machine-id cannot be read"));
    }

    #[test]
    fn reads_are_bounded() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("large"), vec![b'x'; 1 << 20]).unwrap();
        let around = Surroundings::fake(root.path(), |_| Some("v".repeat(1 << 20)));
        assert_eq!(around.bytes("/large").unwrap().len() as u64, MOST_BYTES);
        assert_eq!(around.line("/large").unwrap().len(), MOST_CHARACTERS);
        assert_eq!(around.variable("V").unwrap().len(), MOST_CHARACTERS);
    }

    #[test]
    fn a_blank_variable_is_not_set() {
        let around = Surroundings::fake(Path::new("/nowhere"), |name| {
            Some(if name == "A" { " " } else { " b " }.to_owned())
        });
        assert_eq!(around.variable("A"), None);
        assert_eq!(around.first_variable(&["A", "B"]).as_deref(), Some("b"));
    }
}
