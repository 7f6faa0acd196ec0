//! Options in code: how they are named, typed and refused.

use super::*;
use crate::propagate::Propagator;
use crate::sample::Sampler;

#[test]
fn an_option_is_found_in_the_spelling_of_each_language() {
    let mut config = Config::default();
    for name in [
        "max_queue_size",
        "maxQueueSize",
        "MaxQueueSize",
        "max-queue-size",
    ] {
        config.set(name, "7").unwrap();
    }
    assert_eq!(config.max_queue_size, Some(7));
}

#[test]
fn an_unknown_option_is_refused_and_the_probable_one_is_named() {
    assert_eq!(
        refused("schedule_dealy", "1"),
        "there is no option \"schedule_dealy\"; did you mean \"schedule_delay\"?"
    );
    assert!(!refused("frobnicate", "1").contains("did you mean"));
    let long = "x".repeat(100_000);
    assert!(
        Config::default()
            .set(&long, "1")
            .unwrap_err()
            .to_string()
            .len()
            < 500
    );
    assert!(Config::default().set("é", "1").is_err());
}

#[test]
fn a_refused_option_changes_nothing() {
    let mut config = Config::default();
    config
        .set("propagators", "tracecontext,ottrace")
        .unwrap_err();
    config.set("headers", "a=1,b").unwrap_err();
    assert_eq!(config.describe(), "");
}

#[test]
fn known_propagators_beside_unknown_ones_are_used() {
    let config = environment(&[("OTEL_PROPAGATORS", "ottrace,tracecontext")]);
    assert_eq!(config.propagators.list(), [Propagator::TraceContext]);
    assert_eq!(
        config.warnings(),
        [
            "OTEL_PROPAGATORS is \"ottrace,tracecontext\", where ottrace comes in a later version; \
             it must be a list of tracecontext, baggage, b3, b3multi, jaeger, xray, datadog, sentry, or none; using \
             tracecontext"
        ]
    );
}

#[test]
fn no_propagators_can_be_asked_for() {
    assert!(
        environment(&[("OTEL_PROPAGATORS", "none")])
            .propagators
            .list()
            .is_empty()
    );
    assert!(
        Config::default()
            .propagators(&[])
            .propagators
            .list()
            .is_empty()
    );
}

#[test]
fn a_typed_option_out_of_range_is_reported_when_the_configuration_is_used() {
    let error = Config::default().sampler_arg(1.5).validate().unwrap_err();
    assert_eq!(
        error.to_string(),
        "sampler_arg is \"1.5\"; it must be a number from 0 to 1"
    );
    assert!(Config::default().header("a b", "c").validate().is_err());
    assert!(Config::default().memory_limit(1).validate().is_err());
    assert!(
        Config::default()
            .sampler_arg(1.5)
            .sampler_arg(0.5)
            .validate()
            .is_ok()
    );
}

#[test]
fn typed_options_arrive() {
    let config = Config::default()
        .schedule_delay(Duration::from_secs(1))
        .export_timeout(Timeout::Unlimited)
        .sampler(Sampler::AlwaysOff)
        .propagators(&[Propagator::Baggage])
        .id_seed(u64::MAX)
        .validate()
        .unwrap();
    assert_eq!(config.schedule_delay, Duration::from_secs(1));
    assert_eq!(config.export_timeout.limit(), None);
    assert_eq!(config.head_sampler(), Ok(Sampler::AlwaysOff));
    assert_eq!(config.get("sampler").unwrap(), "AlwaysOffSampler");
    assert_eq!(config.propagators.list(), [Propagator::Baggage]);
    assert_eq!(config.id_seed, Some(u64::MAX));
}

#[test]
fn names_in_the_table_are_unique_and_every_default_is_allowed() {
    for option in ConfigOption::all() {
        let found = ConfigOption::find(option.name).unwrap();
        assert!(std::ptr::eq(found, option), "{}", option.name);
        if let Some(general) = option.general {
            assert!(ConfigOption::find(general).is_some(), "{general}");
        }
        if option.unset.is_empty() {
            let default = option.show(&Config::default());
            Config::default().set(option.name, &default).unwrap();
        }
        assert!(option.doc.ends_with('.'), "{}", option.name);
    }
}
