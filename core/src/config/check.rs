//! What is wrong with a configuration, and what no option can check alone.

use super::otlp::OtlpSettings;
use super::{Config, ConfigError, Protocol, Source, readable};
use crate::export::endpoint::{Address, Signal};

/// What is wrong with a configuration. Setting an option in code makes what was said about it irrelevant.
#[derive(Clone, Default)]
pub(super) struct Problems {
    pub(super) warnings: Vec<String>,
    /// The option that each warning is about.
    warned: Vec<&'static str>,
    errors: Vec<(&'static str, ConfigError)>,
}

impl Problems {
    pub(super) fn warn(&mut self, option: &'static str, warning: String) {
        self.warned.push(option);
        self.warnings.push(warning);
    }

    pub(super) fn refuse(&mut self, option: &'static str, error: ConfigError) {
        self.errors.push((option, error));
    }

    pub(super) fn forget(&mut self, option: &str) {
        let mut about = self.warned.iter();
        self.warnings
            .retain(|_| about.next().is_none_or(|name| *name != option));
        self.warned.retain(|name| *name != option);
        self.errors.retain(|(name, _)| *name != option);
    }
}

impl Config {
    /// What making a provider of this configuration fails with; all of it, though it would tell the first alone.
    pub fn errors(&self) -> impl Iterator<Item = &ConfigError> {
        self.problems.errors.iter().map(|(_, error)| error)
    }

    /// This configuration with what no option can check alone checked as well: what is wrong there is among its
    /// [`errors`](Self::errors) and [`warnings`](Self::warnings) then. Making a provider does this by itself.
    #[must_use]
    pub fn settled(mut self) -> Self {
        self.fit_batches();
        self.fit_addresses();
        if let (Some(file), Some(policy)) = (&self.config_file, &self.policy_file) {
            let error = ConfigError::Invalid {
                field: "policy_file".to_owned(),
                value: Some(readable(policy, 100)),
                reason: Some(format!("and config_file is \"{}\"", readable(file, 100))),
                allowed: "unset then: the policy stands in that file, under distribution.polyspan"
                    .to_owned(),
            };
            self.problems.refuse("policy_file", error);
        }
        let given = [&self.trace_destinations, &self.metric_destinations];
        for destination in given.into_iter().flatten().flatten() {
            if let Err(error) = destination.check() {
                self.problems.refuse("destinations", error);
            }
        }
        self
    }

    /// Checks what no option can check alone, and reports what earlier steps could not: the configuration to build from.
    ///
    /// # Errors
    /// The first error, or with `strict` all errors and warnings in one.
    pub(crate) fn validate(self) -> Result<Self, ConfigError> {
        let mut config = self.settled();
        if config.strict {
            let errors = config.errors().map(ToString::to_string);
            let all: Vec<_> = errors.chain(config.warnings().iter().cloned()).collect();
            if !all.is_empty() {
                return Err(ConfigError::Several { problems: all });
            }
        }
        if config.problems.errors.is_empty() {
            Ok(config)
        } else {
            Err(config.problems.errors.remove(0).1)
        }
    }

    /// A host and a port without a scheme are an address for gRPC only.
    fn fit_addresses(&mut self) {
        let is_bare =
            |settings: &OtlpSettings| matches!(settings.endpoint, Some(Address::HostPort(_)));
        let mut wrong = Vec::new();
        for signal in [Signal::Traces, Signal::Metrics] {
            let settings = self.otlp_settings(signal);
            let option = match (signal, &settings.endpoint) {
                (_, None) if is_bare(&self.otlp) => "endpoint",
                (Signal::Traces, Some(Address::HostPort(_))) => "traces_endpoint",
                (Signal::Metrics, Some(Address::HostPort(_))) => "metrics_endpoint",
                _ => continue,
            };
            if settings.protocol != Some(Protocol::Grpc) && !wrong.contains(&option) {
                wrong.push(option);
            }
        }
        for option in wrong {
            self.refuse_address(option);
        }
    }

    fn refuse_address(&mut self, option: &'static str) {
        let source = self.source(option).cloned();
        let error = |field: &str| ConfigError::Invalid {
            field: field.to_owned(),
            value: self.get(option),
            reason: Some("which has no scheme".to_owned()),
            allowed: "an address such as http://localhost:4318; only grpc takes host:port"
                .to_owned(),
        };
        let variable = match source {
            Some(Source::Environment { variable }) => variable,
            _ => option,
        };
        let error = error(variable);
        // Those of other systems fail fast, as all that was asked for by name.
        if !variable.starts_with("OTEL_") {
            return self.problems.refuse(option, error);
        }
        let settings = match option {
            "traces_endpoint" => &mut self.otlp_traces,
            "metrics_endpoint" => &mut self.otlp_metrics,
            _ => &mut self.otlp,
        };
        settings.endpoint = None;
        self.problems
            .warn(option, format!("{error}; it is ignored"));
    }

    /// No batch is larger than the queue it is taken from.
    fn fit_batches(&mut self) {
        if let Some(queue) = self.max_queue_size
            && self.max_export_batch_size > queue
        {
            self.tell_that_batch_is_cut("max_export_batch_size", "max_queue_size", queue);
            self.max_export_batch_size = queue;
        }
        if let Some(queue) = self.log_max_queue_size
            && self.log_max_export_batch_size > queue
        {
            self.tell_that_batch_is_cut("log_max_export_batch_size", "log_max_queue_size", queue);
            self.log_max_export_batch_size = queue;
        }
    }

    fn tell_that_batch_is_cut(&mut self, batch: &'static str, queue_name: &str, queue: u32) {
        // Nobody asked for the default size.
        let Some(source) = self.source(batch).cloned() else {
            return;
        };
        let error = |field: &str, queue_name: &str| ConfigError::Invalid {
            field: field.to_owned(),
            value: self.get(batch),
            reason: None,
            allowed: format!("at most {queue_name}, which is {queue}"),
        };
        if let Source::Environment { variable } = source {
            let queue_variable = match self.source(queue_name) {
                Some(Source::Environment { variable }) => variable,
                _ => queue_name,
            };
            let warning = format!("{}; using {queue}", error(variable, queue_variable));
            self.problems.warn(batch, warning);
        } else {
            let error = error(batch, queue_name);
            self.problems.refuse(batch, error);
        }
    }
}
