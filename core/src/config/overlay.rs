//! Code over everything outside, in whatever order a program sets things.
//!
//! A program may name a configuration file after it has set options, and set options after that. What code has set is kept
//! apart from what comes from outside by [`Source`], and put on top again.

use super::environment::{self, Lookup};
use super::{Config, ConfigOption, Destination, Otlp, Signal, Source, aliases, file};

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
            if option == list {
                // Named by code now, by name: the options describe them.
                *self.given_destinations(signal) = None;
                continue;
            }
            let Some(change) = change(option.strip_prefix(own).unwrap_or(option)) else {
                continue;
            };
            if !matches!(self.source(list), Some(Source::File { .. })) {
                continue;
            }
            let code = self.otlp_of_options(signal);
            for destination in self.given_destinations(signal).iter_mut().flatten() {
                if let Destination::Otlp(otlp) = destination {
                    change(otlp, &code);
                }
            }
        }
    }

    fn given_destinations(&mut self, signal: Signal) -> &mut Option<Vec<Destination>> {
        match signal {
            Signal::Traces => &mut self.trace_destinations,
            Signal::Metrics => &mut self.metric_destinations,
        }
    }
}

/// How an option changes a destination to what the options describe; `None` if it is about something else.
fn change(option: &str) -> Option<fn(&mut Otlp, &Otlp)> {
    Some(match option {
        "endpoint" => |otlp, code| otlp.endpoint.clone_from(&code.endpoint),
        "protocol" => |otlp, code| otlp.protocol = code.protocol,
        "headers" => |otlp, code| otlp.headers = code.headers.clone(),
        "timeout" => |otlp, code| otlp.timeout = code.timeout,
        "compression" => |otlp, code| otlp.compression = code.compression,
        "certificate" | "client_certificate" | "client_key" | "insecure" => {
            |otlp, code| otlp.tls = code.tls.clone()
        }
        "max_concurrent_requests" => |otlp, code| otlp.concurrency = code.concurrency,
        _ => return None,
    })
}
