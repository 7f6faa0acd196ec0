//! Environment variables as the carrier between a process and the ones that it starts.
//!
//! A header becomes a variable: letters in upper case, everything but ASCII letters, digits and `_` replaced by `_`, and a
//! `_` before a leading digit; so `TRACEPARENT`, `TRACESTATE`, `BAGGAGE`. Only variables with such a name are read; values
//! pass through untouched, the propagators judge them. A process reads its own variables once at its start and never
//! changes them. The environment for a child is a copy that is first rid of [`names`], or the trace state of one trace
//! would reach the child beside the ids of another.
//!
//! ```
//! use polyspan::propagate::{Propagators, environment};
//! use std::collections::BTreeMap;
//!
//! let propagators = Propagators::default();
//! let (parent, baggage) = propagators.extract(&environment::get);
//!
//! let mut child: BTreeMap<String, String> = std::env::vars().collect();
//! for name in environment::names(propagators.fields()) {
//!     child.remove(&name);
//! }
//! let mut set = |name: &str, value: &str| {
//!     child.insert(environment::name(name), value.to_owned());
//! };
//! if let Some(context) = parent {
//!     propagators.inject(&context, &baggage, &|_, value| value.into(), &mut set);
//! }
//! ```
//!
//! Source: OpenTelemetry specification, "Environment Variables as Context Propagation Carriers".

/// The variable that carries `field`.
pub fn name(field: &str) -> String {
    let digit_first = field.starts_with(|first: char| first.is_ascii_digit());
    let prefix = digit_first.then_some('_');
    let letters = field.chars().map(|letter| {
        if letter.is_ascii_alphanumeric() {
            letter.to_ascii_uppercase()
        } else {
            '_'
        }
    });
    prefix.into_iter().chain(letters).collect()
}

/// The variables that carry `fields`.
pub fn names(fields: &[&'static str]) -> impl Iterator<Item = String> {
    fields.iter().map(|field| name(field))
}

/// Reads a field from this process's own variables, for `Propagators::extract`.
///
/// A variable that is unset, empty or not Unicode is absent.
pub fn get(field: &str) -> Vec<String> {
    get_from(field, |name| std::env::var(name).ok())
}

/// Reads a field from any map of variables.
pub fn get_from(field: &str, variable: impl FnOnce(&str) -> Option<String>) -> Vec<String> {
    variable(&name(field))
        .filter(|value| !value.is_empty())
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::propagate::Propagators;
    use std::collections::BTreeMap;

    #[test]
    fn the_standard_headers_have_the_standard_names() {
        let propagators = Propagators::default();
        let names: Vec<_> = names(propagators.fields()).collect();
        assert_eq!(names, ["TRACEPARENT", "TRACESTATE", "BAGGAGE"]);
    }

    #[test]
    fn a_name_has_only_upper_case_letters_digits_and_underscores() {
        for (field, variable) in [
            ("x-b3-traceid", "X_B3_TRACEID"),
            ("a.b c\u{1}=d", "A_B_C__D"),
            ("3way", "_3WAY"),
            ("é1", "_1"),
            ("", ""),
        ] {
            assert_eq!(name(field), variable);
            assert_eq!(name(variable), variable);
        }
    }

    #[test]
    fn only_a_variable_with_the_normal_name_is_read() {
        let variables = BTreeMap::from([("traceparent", "lower"), ("BAGGAGE", "k=v")]);
        let get =
            |field: &str| get_from(field, |name| variables.get(name).map(|v| (*v).to_owned()));
        assert_eq!(get("traceparent"), Vec::<String>::new());
        assert_eq!(get("baggage"), ["k=v"]);
    }

    #[test]
    fn an_empty_variable_is_absent() {
        assert!(get_from("tracestate", |_| Some(String::new())).is_empty());
    }

    #[test]
    fn the_process_itself_is_read_by_its_own_variables() {
        assert!(get("polyspan-no-such-field").is_empty());
        assert_eq!(get("path"), [std::env::var("PATH").unwrap()]);
    }

    #[test]
    fn a_context_goes_through_an_environment_unchanged() {
        let propagators = Propagators::default();
        let variables = BTreeMap::from([
            (
                "TRACEPARENT",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03",
            ),
            ("TRACESTATE", "a=1,b=2"),
            ("BAGGAGE", "k=v%20w;p=q"),
        ]);
        let (context, baggage) = propagators
            .extract(&|field| get_from(field, |name| variables.get(name).map(|v| (*v).to_owned())));
        let mut child = BTreeMap::new();
        propagators.inject(
            &context.unwrap(),
            &baggage,
            &|_, value| value.into(),
            &mut |field, value| {
                child.insert(name(field), value.to_owned());
            },
        );
        let child: BTreeMap<_, _> = child
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(child, variables);
    }
}
