//! Code wins over the environment, a signal's own setting over the general one.

use super::*;
use crate::sample::Sampler;

#[test]
fn code_wins_over_the_environment_also_where_that_is_more_specific() {
    let mut config = environment(&[
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://env/t"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=env"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "1"),
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.5"),
    ]);
    assert_eq!(config.endpoint_of(Signal::Traces), "http://env/t");
    for (name, value) in [
        ("endpoint", "http://code"),
        ("headers", "a=code"),
        ("timeout", "2"),
        ("sampler", "parentbased_traceidratio"),
    ] {
        config.set(name, value).unwrap();
    }
    let target = otlp(&config, Signal::Traces);
    assert_eq!(target.endpoint, "http://code/v1/traces");
    assert_eq!(target.headers.iter().next().unwrap().1, "code");
    assert_eq!(target.timeout, Timeout::from_millis(2));
    assert_eq!(
        config.head_sampler(),
        Sampler::from_spec("parentbased_traceidratio", 1.0).map_err(|_| unreachable!())
    );
}

#[test]
fn what_code_sets_specifically_stays_when_code_sets_the_general() {
    let config = Config::default()
        .traces_endpoint("http://special/x")
        .endpoint("http://general");
    assert_eq!(config.endpoint_of(Signal::Traces), "http://special/x");
    assert_eq!(
        config.endpoint_of(Signal::Metrics),
        "http://general/v1/metrics"
    );
}

#[test]
fn a_signals_own_settings_win_over_the_general_ones() {
    let config = environment(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:1/otlp/"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://m"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "k=all"),
        ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "k=metrics"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
    ]);
    let (traces, metrics) = (
        otlp(&config, Signal::Traces),
        otlp(&config, Signal::Metrics),
    );
    assert_eq!(traces.endpoint, "http://c:1/otlp/v1/traces");
    assert_eq!(metrics.endpoint, "http://m/");
    assert_eq!(traces.headers.iter().next().unwrap().1, "all");
    assert_eq!(metrics.headers.iter().next().unwrap().1, "metrics");
    assert_eq!(traces.timeout, Timeout::Unlimited);
}

#[test]
fn the_specific_limit_wins_and_an_unusable_one_falls_back_to_the_general() {
    let limit = |specific| {
        environment(&[
            ("OTEL_ATTRIBUTE_COUNT_LIMIT", "9"),
            ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", specific),
        ])
    };
    assert_eq!(limit("5").limits().attribute_count, 5);
    let config = limit("-5");
    assert_eq!(config.limits().attribute_count, 9);
    assert!(config.warnings()[0].ends_with("; using that of attribute_count_limit"));
}

#[test]
fn headers_in_code_replace_those_of_the_environment() {
    let config = environment(&[("OTEL_EXPORTER_OTLP_HEADERS", "a=1")])
        .header("b", "2")
        .header("c", "3");
    assert_eq!(config.get("headers").unwrap(), "b=***,c=***");
}

#[test]
fn resource_attributes_in_code_are_added_to_those_of_the_environment() {
    let mut config = environment(&[("OTEL_RESOURCE_ATTRIBUTES", "a=env,b=env")]);
    config.set("resource_attributes", "b=code,c=code").unwrap();
    let of = |key: &str| {
        config
            .resource_attributes
            .iter()
            .find(|(k, _)| k == key)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(of("a"), OwnedValue::Str("env".into()));
    assert_eq!(of("b"), OwnedValue::Str("code".into()));
    assert_eq!(of("c"), OwnedValue::Str("code".into()));
}
