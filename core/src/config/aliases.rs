//! Variables of other systems, read only if `POLYSPAN_ALIASES` names their group: a machine that has a DSN for something else
//! must not start to send traces there.
//!
//! group    | variable                                           | sets
//! ---------|----------------------------------------------------|---------------------------------------------
//! `trace`  | `TRACING_ENABLED`                                  | the opposite of `OTEL_SDK_DISABLED`
//!          | `TRACE_SAMPLE_RATE`                                | a parent-based sampler with this ratio at roots
//!          | `TRACE_SERVICE_NAME`, else `SERVICE_NAME`          | `OTEL_SERVICE_NAME`
//!          | `TRACE_SERVICE_VERSION`, else `SERVICE_VERSION`    | `service.version`
//!          | `TRACE_ENVIRONMENT`, else `ENVIRONMENT`            | `deployment.environment.name`
//! `sentry` | `SENTRY_DSN`                                       | where spans go; empty: nowhere
//! `otlp`   | `OTLP_EXPORTER_ENDPOINT`                           | `OTEL_EXPORTER_OTLP_ENDPOINT`
//!
//! All are weaker than the standard's variables. A wrong one is an error, as they are asked for by name.

use super::environment::{Lookup, is_blank};
use super::field::flag;
use super::option::ConfigOption;
use super::{Config, ConfigError, Exporters, Source, readable};
use crate::choices::choices;
use crate::trace::OwnedValue;

choices! {
    /// A group of other systems' variables.
    pub enum Alias {
        /// `TRACING_ENABLED`, `TRACE_SAMPLE_RATE` and their like.
        Trace = "trace",
        /// `SENTRY_DSN`.
        Sentry = "sentry",
        /// `OTLP_EXPORTER_ENDPOINT`.
        Otlp = "otlp",
    }
    later: []
}

/// Reads the variables of the groups that are switched on.
pub(super) fn read(config: &mut Config, lookup: &Lookup<'_>) {
    let mut reader = Reader { config, lookup };
    for group in reader.config.aliases.clone() {
        match group {
            Alias::Trace => reader.trace(),
            Alias::Sentry => reader.sentry(),
            Alias::Otlp => {
                reader.set("endpoint", &["OTLP_EXPORTER_ENDPOINT"]);
            }
        }
    }
}

struct Reader<'r> {
    config: &'r mut Config,
    lookup: &'r Lookup<'r>,
}

impl Reader<'_> {
    fn trace(&mut self) {
        if let Some((variable, text)) = self.first(&["TRACING_ENABLED"]) {
            match flag(&text) {
                Some(enabled) if self.is_free("disabled") => {
                    self.config.disabled = !enabled;
                    self.config
                        .note_source("disabled", Source::Environment { variable });
                }
                Some(_) => {}
                None => self.refuse("disabled", variable, &text, "true or false"),
            }
        }
        if self.is_free("sampler")
            && self.is_free("sampler_arg")
            && self.set("sampler_arg", &["TRACE_SAMPLE_RATE"])
        {
            let variable = "TRACE_SAMPLE_RATE";
            self.read("sampler", variable, "parentbased_traceidratio");
        }
        if !self.has_attribute("service.name") {
            self.set("service_name", &["TRACE_SERVICE_NAME", "SERVICE_NAME"]);
        }
        self.attribute(
            "service.version",
            &["TRACE_SERVICE_VERSION", "SERVICE_VERSION"],
        );
        self.attribute(
            "deployment.environment.name",
            &["TRACE_ENVIRONMENT", "ENVIRONMENT"],
        );
    }

    fn sentry(&mut self) {
        let variable = "SENTRY_DSN";
        let Some(text) = (self.lookup)(variable) else {
            return;
        };
        if !is_blank(&text) {
            self.set("sentry_dsn", &[variable]);
            return self.config.keep_metrics_from_sentry();
        }
        if ["exporter", "endpoint", "traces_endpoint"]
            .iter()
            .all(|option| self.is_free(option))
        {
            self.config.exporter = Exporters::new([]);
            self.config
                .note_source("exporter", Source::Environment { variable });
        }
    }

    /// Sets an option from the first of these variables that has a value, unless a stronger setting has. Tells whether it
    /// did.
    fn set(&mut self, option: &str, variables: &[&'static str]) -> bool {
        match self.first(variables) {
            Some((variable, text)) => self.read(option, variable, &text),
            None => false,
        }
    }

    fn read(&mut self, option: &str, variable: &'static str, text: &str) -> bool {
        let Some(option) = ConfigOption::find(option) else {
            return false;
        };
        let free = self.is_free(option.name);
        let source = Source::Environment { variable };
        // A wrong value is told also where it would not have counted.
        let mut scratch = Config::default();
        let place = if free {
            &mut *self.config
        } else {
            &mut scratch
        };
        match option.field.read(place, text, &source, variable) {
            Ok(()) if free => self.config.note_source(option.name, source),
            Ok(()) => return false,
            Err(error) => {
                self.config.problems.refuse(option.name, error);
                return false;
            }
        }
        true
    }

    fn attribute(&mut self, key: &str, variables: &[&'static str]) {
        if let Some((_, text)) = self.first(variables)
            && !self.has_attribute(key)
        {
            self.config
                .put_resource_attribute(key.to_owned(), OwnedValue::Str(text));
        }
    }

    fn has_attribute(&self, key: &str) -> bool {
        self.config
            .resource_attributes
            .iter()
            .any(|(known, _)| known == key)
    }

    fn is_free(&self, option: &str) -> bool {
        self.config.source(option).is_none()
    }

    fn first(&mut self, variables: &[&'static str]) -> Option<(&'static str, String)> {
        for variable in variables {
            match (self.lookup)(variable) {
                Some(text) if !is_blank(&text) => match text.into_string() {
                    Ok(text) => return Some((variable, text.trim().to_owned())),
                    Err(text) => {
                        self.refuse("aliases", variable, &text.to_string_lossy(), "valid UTF-8");
                        return None;
                    }
                },
                _ => {}
            }
        }
        None
    }

    fn refuse(&mut self, option: &'static str, variable: &str, text: &str, allowed: &str) {
        let error = ConfigError::Invalid {
            field: variable.to_owned(),
            value: Some(readable(text, 100)),
            reason: None,
            allowed: allowed.to_owned(),
        };
        self.config.problems.refuse(option, error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Signal;

    fn environment(variables: &[(&str, &str)]) -> Config {
        Config::from_lookup(&|wanted| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn trace(variables: &[(&str, &str)]) -> Config {
        let mut all = vec![("POLYSPAN_ALIASES", "trace")];
        all.extend(variables);
        environment(&all)
    }

    fn attribute(config: &Config, key: &str) -> Option<OwnedValue> {
        let found = config
            .resource_attributes
            .iter()
            .find(|(known, _)| known == key);
        found.map(|(_, value)| value.clone())
    }

    fn text(text: &str) -> Option<OwnedValue> {
        Some(OwnedValue::Str(text.to_owned()))
    }

    #[test]
    fn variables_of_others_mean_nothing_unless_their_group_is_named() {
        for groups in [&[][..], &[("POLYSPAN_ALIASES", "")]] {
            let mut all = groups.to_vec();
            all.extend([
                ("TRACING_ENABLED", "false"),
                ("TRACE_SAMPLE_RATE", "x"),
                ("SENTRY_DSN", "https://abc@s/7"),
                ("OTLP_EXPORTER_ENDPOINT", "http://c"),
                ("SERVICE_NAME", "s"),
            ]);
            let config = environment(&all);
            assert_eq!(config.describe(), "");
            assert!(config.validate().is_ok());
        }
    }

    #[test]
    fn the_trace_group_sets_what_the_standard_variables_set() {
        let config = trace(&[
            ("TRACING_ENABLED", "False"),
            ("TRACE_SAMPLE_RATE", "0.25"),
            ("TRACE_ENVIRONMENT", "staging"),
            ("TRACE_SERVICE_NAME", "s"),
            ("TRACE_SERVICE_VERSION", "1.0"),
        ]);
        assert!(config.disabled);
        assert_eq!(config.get("sampler").unwrap(), "parentbased_traceidratio");
        assert_eq!(config.get("sampler_arg").unwrap(), "0.25");
        assert_eq!(config.get("service_name").unwrap(), "s");
        assert_eq!(attribute(&config, "service.version"), text("1.0"));
        assert_eq!(
            attribute(&config, "deployment.environment.name"),
            text("staging")
        );
        assert_eq!(
            config.source("sampler_arg"),
            Some(&Source::Environment {
                variable: "TRACE_SAMPLE_RATE"
            })
        );
        assert!(config.validate().is_ok());
        assert!(!trace(&[("TRACING_ENABLED", "true")]).disabled);
    }

    #[test]
    fn general_names_stand_in_for_those_of_tracing() {
        let general = [
            ("ENVIRONMENT", "e"),
            ("SERVICE_NAME", "g"),
            ("SERVICE_VERSION", "2"),
        ];
        let config = trace(&general);
        assert_eq!(config.get("service_name").unwrap(), "g");
        assert_eq!(attribute(&config, "service.version"), text("2"));
        assert_eq!(attribute(&config, "deployment.environment.name"), text("e"));
        let config = trace(&[
            general[0],
            general[1],
            general[2],
            ("TRACE_SERVICE_NAME", "t"),
            ("TRACE_ENVIRONMENT", ""),
        ]);
        assert_eq!(config.get("service_name").unwrap(), "t");
        assert_eq!(attribute(&config, "deployment.environment.name"), text("e"));
    }

    #[test]
    fn the_standard_variables_win() {
        let config = trace(&[
            ("OTEL_SDK_DISABLED", "false"),
            ("TRACING_ENABLED", "false"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
            ("TRACE_SAMPLE_RATE", "0.25"),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "service.name=r,service.version=r,deployment.environment.name=r",
            ),
            ("TRACE_SERVICE_NAME", "s"),
            ("TRACE_SERVICE_VERSION", "s"),
            ("TRACE_ENVIRONMENT", "s"),
        ]);
        assert!(!config.disabled);
        assert_eq!(config.get("sampler").unwrap(), "always_on");
        assert_eq!(config.service_name, None);
        for key in [
            "service.name",
            "service.version",
            "deployment.environment.name",
        ] {
            assert_eq!(attribute(&config, key), text("r"));
        }
        let config = environment(&[
            ("POLYSPAN_ALIASES", "otlp"),
            ("OTLP_EXPORTER_ENDPOINT", "http://alias"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://standard"),
        ]);
        assert_eq!(config.get("endpoint").unwrap(), "http://standard/");
    }

    #[test]
    fn a_wrong_value_is_an_error_that_names_the_variable() {
        for (variable, value) in [
            ("TRACING_ENABLED", "1"),
            ("TRACE_SAMPLE_RATE", "25"),
            ("TRACE_SAMPLE_RATE", "half"),
            ("OTLP_EXPORTER_ENDPOINT", "c:4317"),
            ("SENTRY_DSN", "https://s/7"),
        ] {
            let error =
                environment(&[("POLYSPAN_ALIASES", "trace,sentry,otlp"), (variable, value)])
                    .validate()
                    .unwrap_err();
            assert_eq!(error.field(), variable);
        }
        let error = environment(&[("POLYSPAN_ALIASES", "trace,datadog")])
            .validate()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "POLYSPAN_ALIASES is \"trace,datadog\", where \"datadog\" is unknown; it must be a list of trace, sentry, otlp, or none"
        );
    }

    #[test]
    fn a_dsn_says_where_spans_go_and_an_empty_one_nowhere() {
        let sentry = |dsn, more: &[(&str, &str)]| {
            let mut all = vec![("POLYSPAN_ALIASES", "Sentry"), ("SENTRY_DSN", dsn)];
            all.extend(more);
            environment(&all)
        };
        let to = |config: Config| {
            config
                .destinations(Signal::Traces)
                .iter()
                .map(ToString::to_string)
                .collect::<String>()
        };
        assert_eq!(
            to(sentry("https://abc@s/7", &[])),
            "https://s/api/7/integration/otlp/v1/traces/"
        );
        assert!(!sentry("https://abc@s/7", &[]).exports(Signal::Metrics));
        assert!(!sentry("", &[]).exports(Signal::Traces));
        assert!(sentry("", &[]).exports(Signal::Metrics));
        let standard = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c")];
        assert_eq!(
            to(sentry("https://abc@s/7", &standard)),
            "http://c/v1/traces"
        );
        assert!(sentry("", &standard).exports(Signal::Traces));
        assert_eq!(
            to(sentry(
                "https://abc@s/7",
                &[("OTEL_TRACES_EXPORTER", "none")]
            )),
            ""
        );
    }

    #[test]
    fn code_may_switch_on_the_groups_and_wins_over_them() {
        let mut config = Config::default();
        config.set("aliases", "trace,otlp").unwrap();
        assert_eq!(config.get("aliases").unwrap(), "trace,otlp");
        config.set("aliases", "none").unwrap();
        assert_eq!(config.get("aliases").unwrap(), "none");
        let mut config = trace(&[("TRACE_SAMPLE_RATE", "0.25"), ("TRACING_ENABLED", "false")]);
        config.set("disabled", "false").unwrap();
        config.set("sampler", "always_on").unwrap();
        assert!(!config.disabled);
        assert_eq!(config.get("sampler_arg").unwrap(), "1");
    }
}
