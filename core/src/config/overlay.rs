//! Code over everything outside, in whatever order a program sets things.
//!
//! A program may name a configuration file after it has set options, and set options after that. What code has set is kept
//! apart from what comes from outside by [`Source`], and put on top again.

use super::environment::{self, Lookup};
use super::{Config, ConfigOption, Destination, Signal, Source, aliases, file};

/// Options that stand for what is read from elsewhere.
const FILES: [&str; 3] = ["config_file", "policy_file", "aliases"];

impl Config {
    /// Reads what an option stands for that code has set: the file that it names, or other systems' variables.
    pub(super) fn load_what_code_named(&mut self, option: &str, lookup: &Lookup<'_>) {
        match option {
            "config_file" => {
                if let Some(name) = self.config_file.clone() {
                    self.under_code(|config| {
                        *config = environment::read_beside_file(&name, config, lookup);
                    });
                }
            }
            "policy_file" => {
                if let Some(name) = self.policy_file.clone() {
                    self.under_code(|config| file::load_policy(config, &name, lookup));
                }
            }
            "aliases" => self.under_code(|config| aliases::read(config, lookup)),
            "sentry_dsn" => self.keep_metrics_from_sentry(),
            _ => {}
        }
    }

    fn under_code(&mut self, change: impl FnOnce(&mut Config)) {
        let before = self.clone();
        change(self);
        for (key, value) in &before.code_attributes {
            self.put_resource_attribute(key.clone(), value.clone());
        }
        self.code_attributes.clone_from(&before.code_attributes);
        for (name, source) in &before.sources {
            if *source != Source::Code {
                continue;
            }
            if let Some(option) = ConfigOption::find(name)
                && option.name != "resource_attributes"
            {
                option.field.copy(&before, self);
            }
            if FILES.contains(name) {
                // What is wrong in it was found just now.
                self.note_source(name, Source::Code);
            } else {
                self.settle_in_code(name);
            }
        }
        if before.source("trace_destinations") == Some(&Source::Code) {
            self.trace_destinations
                .clone_from(&before.trace_destinations);
        }
        if before.source("metric_destinations") == Some(&Source::Code) {
            self.metric_destinations
                .clone_from(&before.metric_destinations);
        }
    }

    /// Puts what code has said about OTLP over the destinations of a configuration file.
    pub(super) fn change_destinations_of_file(&mut self, option: &str) {
        for (signal, list, own) in [
            (Signal::Traces, "exporter", "traces_"),
            (Signal::Metrics, "metrics_exporter", "metrics_"),
        ] {
            let from_file = matches!(self.source(list), Some(Source::File { .. }));
            let code = self.otlp_of_options(signal);
            let place = match signal {
                Signal::Traces => &mut self.trace_destinations,
                Signal::Metrics => &mut self.metric_destinations,
            };
            if option == list {
                // Named by code now, by name: the options describe them.
                *place = None;
            }
            if !from_file {
                continue;
            }
            for destination in place.iter_mut().flatten() {
                let Destination::Otlp(otlp) = destination else {
                    continue;
                };
                match option.strip_prefix(own).unwrap_or(option) {
                    "endpoint" => otlp.endpoint.clone_from(&code.endpoint),
                    "protocol" => otlp.protocol = code.protocol,
                    "headers" => otlp.headers = code.headers.clone(),
                    "timeout" => otlp.timeout = code.timeout,
                    "compression" => otlp.compression = code.compression,
                    "certificate" | "client_certificate" | "client_key" | "insecure" => {
                        otlp.tls = code.tls.clone();
                    }
                    _ => {}
                }
            }
        }
    }
}
