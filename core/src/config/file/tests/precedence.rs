//! Code over the file, the file instead of the environment.

use super::*;
use crate::config::{Destination, Signal, Source, environment};

fn environment_with(file: &str, variables: &[(&str, &str)]) -> Config {
    environment::read(&|wanted| {
        if wanted == "OTEL_CONFIG_FILE" {
            return Some(OsString::from(file));
        }
        let found = variables.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| OsString::from(value))
    })
}

#[test]
fn the_file_hides_the_environment_but_for_its_own_references() {
    let text = provider("limits:\n  event_count_limit: 5\n  link_count_limit: ${LIMIT}");
    let file = Written::new(&text);
    let config = environment_with(
        file.name(),
        &[
            ("LIMIT", "6"),
            ("OTEL_SERVICE_NAME", "hidden"),
            ("OTEL_TRACES_SAMPLER", "wrong"),
            ("OTEL_SPAN_EVENT_COUNT_LIMIT", "9"),
        ],
    );
    assert_eq!(problems(&config), Vec::<String>::new());
    assert_eq!((config.event_count_limit, config.link_count_limit), (5, 6));
    assert_eq!(config.service_name, None);
    assert_eq!(
        config.source("config_file"),
        Some(&Source::Environment {
            variable: "OTEL_CONFIG_FILE"
        })
    );
}

#[test]
fn the_deprecated_name_of_the_variable_works_and_the_new_one_wins() {
    let (old, new) = (
        Written::new("file_format: \"1.1\"\nlog_level: warn\n"),
        Written::new("file_format: \"1.1\"\nlog_level: error\n"),
    );
    let with = |both: bool| {
        environment::read(&|wanted| match wanted {
            "OTEL_EXPERIMENTAL_CONFIG_FILE" => Some(old.name().into()),
            "OTEL_CONFIG_FILE" if both => Some(new.name().into()),
            _ => None,
        })
    };
    assert_eq!(with(false).get("log_level").unwrap(), "warn");
    assert_eq!(with(true).get("log_level").unwrap(), "error");
}

#[test]
fn an_empty_variable_names_no_file() {
    let config = environment_with(" ", &[("OTEL_SERVICE_NAME", "s")]);
    assert_eq!(config.get("service_name").unwrap(), "s");
    assert!(config.validate().is_ok());
}

#[test]
fn own_variables_that_are_hidden_are_named_once_and_strict_is_not() {
    let file = Written::new("file_format: \"1.1\"\n");
    let variables = [
        ("POLYSPAN_REDACTION", "off"),
        ("POLYSPAN_PROFILE", "x"),
        ("POLYSPAN_NATIVE_PATH", "/x"),
    ];
    let config = environment_with(file.name(), &variables);
    assert_eq!(
        config.warnings(),
        [format!(
            "the configuration file hides POLYSPAN_REDACTION, POLYSPAN_PROFILE; set it in {}",
            file.name()
        )]
    );
    assert_eq!(config.get("redaction").unwrap(), "default");
    let strict = [variables[0], ("POLYSPAN_STRICT", "true")];
    assert!(environment_with(file.name(), &strict).validate().is_err());
}

#[test]
fn two_files_at_once_are_an_error() {
    let file = Written::new("file_format: \"1.1\"\n");
    let config = environment_with(file.name(), &[("POLYSPAN_POLICY_FILE", "/p.yaml")]);
    let said = config.validate().unwrap_err().to_string();
    assert!(
        said.starts_with("POLYSPAN_POLICY_FILE is \"/p.yaml\", and the configuration file is "),
        "{said}"
    );
    assert!(said.ends_with("under distribution.polyspan"), "{said}");
}

const FILE: &str = "file_format: \"1.1\"\nresource: {attributes: [{name: a, value: file}, {name: b, value: file}]}\n\
    tracer_provider:\n  processors:\n    - batch: {exporter: {otlp_http: {endpoint: 'http://file/v1/traces', timeout: 1, headers_list: 'a=file'}}}\n  \
    limits: {attribute_count_limit: 1, event_count_limit: 1}\n  sampler: {always_off: }\n";

fn endpoint(config: &Config) -> String {
    config
        .destinations(Signal::Traces)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn code_wins_over_the_file_whichever_comes_first() {
    let file = Written::new(FILE);
    let options = [
        ("attribute_count_limit", "2"),
        ("sampler", "always_on"),
        ("endpoint", "http://code"),
        ("resource_attributes", "b=code,c=code"),
        ("service_name", "code"),
    ];
    for file_first in [true, false] {
        let mut config =
            Config::from_lookup(&|name| (name == "OTEL_SERVICE_NAME").then(|| "hidden".to_owned()));
        if file_first {
            config.set("config_file", file.name()).unwrap();
        }
        for (name, value) in options {
            config.set(name, value).unwrap();
        }
        if !file_first {
            config.set("config_file", file.name()).unwrap();
        }
        assert_eq!(problems(&config), Vec::<String>::new());
        assert_eq!(config.limits().attribute_count, 2);
        assert_eq!(config.event_count_limit, 1);
        assert_eq!(config.get("sampler").unwrap(), "always_on");
        assert_eq!(config.get("service_name").unwrap(), "code");
        assert_eq!(endpoint(&config), "http://code/v1/traces");
        let attributes: Vec<_> = config
            .resource_attributes
            .iter()
            .map(|(key, value)| format!("{key}={value:?}"))
            .collect();
        assert_eq!(
            attributes,
            ["a=Str(\"file\")", "b=Str(\"code\")", "c=Str(\"code\")"]
        );
    }
}

#[test]
fn code_changes_one_part_of_a_destination_of_the_file_and_leaves_the_rest() {
    let file = Written::new(FILE);
    let mut config = Config::default();
    config.set("config_file", file.name()).unwrap();
    config.set("traces_timeout", "9").unwrap();
    let destinations = config.destinations(Signal::Traces);
    let Destination::Otlp(otlp) = &destinations[0] else {
        panic!()
    };
    assert_eq!(otlp.endpoint, "http://file/v1/traces");
    assert_eq!(otlp.timeout.millis(), 9);
    assert_eq!(otlp.headers.to_string(), "a=***");
    config.set("exporter", "console").unwrap();
    assert_eq!(endpoint(&config), "console");
    config.set("config_file", file.name()).unwrap();
    assert_eq!(endpoint(&config), "console");
}

#[test]
fn code_bounds_the_requests_in_flight_to_a_destination_of_the_file() {
    let file = Written::new(FILE);
    for file_first in [true, false] {
        let mut options = [
            ("config_file", file.name()),
            ("max_concurrent_requests", "7"),
        ];
        if !file_first {
            options.reverse();
        }
        let mut config = Config::default();
        for (name, value) in options {
            config.set(name, value).unwrap();
        }
        let destinations = config.destinations(Signal::Traces);
        let [Destination::Otlp(otlp)] = destinations.as_slice() else {
            panic!("{destinations:?}")
        };
        assert_eq!(otlp.concurrency, 7);
    }
}

#[test]
fn proxies_come_from_where_the_file_is_named() {
    let file = Written::new(FILE);
    let proxy = [("HTTP_PROXY", "http://proxy:1")];
    let config = environment_with(file.name(), &proxy);
    let destinations = config.destinations(Signal::Traces);
    let [Destination::Otlp(otlp)] = destinations.as_slice() else {
        panic!("{destinations:?}")
    };
    assert!(otlp.proxies.apply_to(&otlp.endpoint));
    assert_eq!(config.proxies, otlp.proxies);
}

#[test]
fn destinations_in_code_win_over_the_file() {
    let file = Written::new(FILE);
    let mut config = Config::default().trace_destinations([Destination::Console]);
    config.set("config_file", file.name()).unwrap();
    assert_eq!(endpoint(&config), "console");
}

#[test]
fn a_policy_file_named_in_code_is_under_the_other_options_of_code() {
    let file = Written::new("sampler: {always_off: }\nlimits: {event_count_limit: 3}\n");
    let mut config = Config::default();
    config.set("event_count_limit", "5").unwrap();
    config.set("policy_file", file.name()).unwrap();
    assert_eq!(config.get("sampler").unwrap(), "AlwaysOffSampler");
    assert_eq!(config.event_count_limit, 5);
}

#[test]
fn what_is_wrong_in_a_file_that_code_names_is_told_when_a_provider_is_made() {
    let file = Written::new("file_format: \"2.0\"\n");
    let mut config = Config::default();
    config.set("config_file", file.name()).unwrap();
    assert_eq!(problems(&config).len(), 1);
    let policy = Written::new("redaction: x\n");
    let mut config = Config::default();
    config.set("policy_file", policy.name()).unwrap();
    config.set("service_name", "s").unwrap();
    assert_eq!(problems(&config).len(), 1);
    assert!(config.validate().is_err());
}

#[test]
fn two_files_in_code_are_an_error_too() {
    let (file, policy) = (
        Written::new("file_format: \"1.1\"\n"),
        Written::new("redaction: default\n"),
    );
    for order in [
        ["config_file", "policy_file"],
        ["policy_file", "config_file"],
    ] {
        let mut config = Config::default();
        for option in order {
            let name = if option == "config_file" {
                file.name()
            } else {
                policy.name()
            };
            config.set(option, name).unwrap();
        }
        let said = config.validate().unwrap_err().to_string();
        assert!(said.starts_with("policy_file is "), "{said}");
    }
}

#[test]
fn strict_stays_when_code_names_a_file() {
    let file = Written::new("file_format: \"1.1\"\n");
    let strict = |name: &str| (name == "POLYSPAN_STRICT").then(|| OsString::from("true"));
    let mut config = environment::read(&strict);
    config.config_file = Some(file.name().to_owned());
    config.load_what_code_named("config_file", &strict);
    assert_eq!(config.get("strict").as_deref(), Some("true"));
    assert_eq!(config.get("propagators").as_deref(), Some("none"));
}
