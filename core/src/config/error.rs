//! What a wrong setting is answered with: a sentence that names the setting, what it was, and what it may be.

use std::fmt;

/// Why a [`Config`](super::Config) cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A setting has a value that it cannot have.
    Invalid {
        /// The option or the environment variable, spelled as the user spelled it.
        field: String,
        /// What the user wrote, cut to a readable length; `None` where it may hold secrets.
        value: Option<String>,
        /// What exactly is wrong, if `allowed` alone does not tell: a clause that follows the value.
        reason: Option<String>,
        /// What the setting may be.
        allowed: String,
    },
    /// There is no such option.
    Unknown {
        /// The name as the user spelled it.
        field: String,
        /// The option that was probably meant.
        similar: Option<&'static str>,
    },
    /// A configuration or policy file cannot be used.
    InFile {
        /// The file, as it was named.
        file: String,
        /// The line of the value that is wrong, counted from 1; 0 if it is the file as a whole.
        line: usize,
        /// Where in the file, such as `tracer_provider.processors[0]`; empty if it is the file as a whole.
        path: String,
        /// What is wrong, and what to do: a clause that follows the path.
        what: String,
    },
    /// Several settings are wrong, and `POLYSPAN_STRICT` (or the option `strict`) asks for all of them at once.
    Several {
        /// One sentence for each.
        problems: Vec<String>,
    },
}

impl ConfigError {
    /// One header that cannot be sent; neither name nor value is shown.
    pub(super) fn of_header(why: &str) -> Self {
        ConfigError::Invalid {
            field: "header".to_owned(),
            value: None,
            reason: Some(format!("which {why}")),
            allowed: "a name and a value that HTTP allows".to_owned(),
        }
    }

    /// The option or environment variable that is wrong; empty if there are several.
    pub fn field(&self) -> &str {
        match self {
            ConfigError::Invalid { field, .. } | ConfigError::Unknown { field, .. } => field,
            ConfigError::InFile { path, file, .. } if path.is_empty() => file,
            ConfigError::InFile { path, .. } => path,
            ConfigError::Several { .. } => "",
        }
    }

    /// What the user wrote, if it can be shown.
    pub fn value(&self) -> Option<&str> {
        match self {
            ConfigError::Invalid { value, .. } => value.as_deref(),
            _ => None,
        }
    }

    /// What the field may be.
    pub fn allowed(&self) -> Option<&str> {
        match self {
            ConfigError::Invalid { allowed, .. } => Some(allowed),
            _ => None,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Invalid {
                field,
                value,
                reason,
                allowed,
            } => {
                match value {
                    Some(value) => write!(f, "{field} is \"{value}\"")?,
                    None => write!(
                        f,
                        "{field} is set to something that is not shown, as it may hold secrets"
                    )?,
                }
                if let Some(reason) = reason {
                    write!(f, ", {reason}")?;
                }
                write!(f, "; it must be {allowed}")
            }
            ConfigError::Unknown { field, similar } => {
                write!(f, "there is no option \"{field}\"")?;
                match similar {
                    Some(similar) => write!(f, "; did you mean \"{similar}\"?"),
                    None => write!(
                        f,
                        "; see the reference of options for the names that there are"
                    ),
                }
            }
            ConfigError::InFile {
                file,
                line,
                path,
                what,
            } => {
                f.write_str(file)?;
                if *line > 0 {
                    write!(f, ", line {line}")?;
                }
                if !path.is_empty() {
                    write!(f, ": {path}")?;
                }
                write!(f, " {what}")
            }
            ConfigError::Several { problems } => {
                let count = problems.len();
                let (noun, verb) = if count == 1 {
                    ("setting", "is")
                } else {
                    ("settings", "are")
                };
                write!(f, "{count} {noun} {verb} wrong and strict is on:")?;
                problems
                    .iter()
                    .try_for_each(|problem| write!(f, "\n- {problem}"))
            }
        }
    }
}

impl std::error::Error for ConfigError {}

/// Text from a user or a server made fit for one line of a message: control characters escaped, long text cut.
pub(crate) fn readable(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most));
    for (count, character) in text.chars().enumerate() {
        if count == most {
            out.push('…');
            break;
        }
        if character.is_control() {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_on_one_line_and_not_at_any_length() {
        assert_eq!(readable("a\nb\u{1b}[31m", 20), "a\\nb\\u{1b}[31m");
        assert_eq!(readable("äöü…", 3), "äöü…");
        assert_eq!(readable("äöü", 3), "äöü");
    }

    #[test]
    fn several_problems_stand_one_under_the_other() {
        let error = ConfigError::Several {
            problems: vec!["a is wrong".into(), "b is wrong".into()],
        };
        assert_eq!(
            error.to_string(),
            "2 settings are wrong and strict is on:\n- a is wrong\n- b is wrong"
        );
    }
}
