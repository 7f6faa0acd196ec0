//! The policy, under `distribution.polyspan` or in its own file.

use super::*;
use crate::config::environment;

/// The configuration of an environment with this policy file and these variables.
fn with_policy(text: &str, variables: &[(&str, &str)]) -> (Config, String) {
    let file = Written::new(text);
    let config = environment::read(&|wanted| {
        if wanted == "POLYSPAN_POLICY_FILE" {
            return Some(OsString::from(file.name()));
        }
        let found = variables.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| OsString::from(value))
    });
    (config, file.name().to_owned())
}

const POLICY: &str = "redaction: \"off\"\nsampler: {always_off: }\nlimits: {event_count_limit: 3}\npropagator: {composite: [{baggage: }]}\n";

#[test]
fn a_policy_file_sets_the_policy_and_hides_nothing() {
    let (config, _) = with_policy(
        POLICY,
        &[("OTEL_SERVICE_NAME", "s"), ("OTEL_BSP_SCHEDULE_DELAY", "7")],
    );
    assert_eq!(problems(&config), Vec::<String>::new());
    assert_eq!(config.get("redaction").unwrap(), "off");
    assert_eq!(config.get("sampler").unwrap(), "AlwaysOffSampler");
    assert_eq!(config.get("propagators").unwrap(), "baggage");
    assert_eq!(config.event_count_limit, 3);
    assert_eq!(config.get("service_name").unwrap(), "s");
    assert_eq!(config.get("schedule_delay").unwrap(), "7");
}

#[test]
fn a_policy_file_wins_over_variables_and_names_them() {
    let (config, file) = with_policy(
        POLICY,
        &[
            ("OTEL_TRACES_SAMPLER", "always_on"),
            ("OTEL_SPAN_EVENT_COUNT_LIMIT", "9"),
        ],
    );
    assert_eq!(config.get("sampler").unwrap(), "AlwaysOffSampler");
    assert_eq!(
        config.warnings(),
        [format!(
            "{file} wins over OTEL_TRACES_SAMPLER, OTEL_SPAN_EVENT_COUNT_LIMIT, which has no effect"
        )]
    );
}

#[test]
fn what_is_no_policy_is_refused() {
    for (text, expected) in [
        ("[]", "is not a map of keys and values"),
        (
            "redact: x\n",
            ", line 1: redact is unknown; a policy has redaction, sampler, limits, propagator, baggage",
        ),
        (
            "redaction: strikt\n",
            ", line 1: redaction is \"strikt\"; it must be off or default",
        ),
        (
            "limits: {event_count_limit: x}\n",
            "limits.event_count_limit is \"x\"; it must be a whole number",
        ),
        (
            "sampler: {always_off: {x: 1}}\n",
            "sampler.always_off.x is unknown",
        ),
        ("memory_limit: 1\n", "memory_limit is unknown"),
        (
            "redaction: []\n",
            ", line 1: redaction is a list; it must be off or default",
        ),
        (
            "baggage: user.*\n",
            ", line 1: baggage is \"user.*\"; it must be a map with the key attributes",
        ),
        (
            "baggage: []\n",
            ", line 1: baggage is a list; it must be a map with the key attributes",
        ),
    ] {
        let (config, _) = with_policy(text, &[]);
        let said = config.validate().unwrap_err().to_string();
        assert!(said.contains(expected), "{said}");
    }
    let missing =
        environment::read(&|name| (name == "POLYSPAN_POLICY_FILE").then(|| "/nowhere.yaml".into()));
    assert!(missing.validate().is_err());
}

#[test]
fn the_policy_may_stand_in_the_configuration_file_but_no_part_of_it_twice() {
    let both = provider("limits: {event_count_limit: 1}\nsampler: {always_on: }")
        + "distribution: {polyspan: {sampler: {always_off: }, limits: {link_count_limit: 2}}}\n";
    let said = said(&both);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].contains("distribution.polyspan.sampler stands in tracer_provider.sampler too")
    );
    let once = provider("") + "distribution: {polyspan: {sampler: {always_off: }}}\n";
    let config = load(&once);
    assert_eq!(problems(&config), Vec::<String>::new());
    assert_eq!(config.get("sampler").unwrap(), "AlwaysOffSampler");
}

#[test]
fn a_wrong_policy_in_a_configuration_file_is_told_with_its_path() {
    let said = said(
        "file_format: \"1.1\"\ndistribution: {polyspan: {redaktion: x, sampler: {always_on: [1]}}}\n",
    );
    assert!(
        said[0].contains("distribution.polyspan.redaktion is unknown"),
        "{said:?}"
    );
    assert!(
        said[1].contains("distribution.polyspan.sampler.always_on is a list"),
        "{said:?}"
    );
}

#[test]
fn a_policy_names_the_baggage_that_becomes_attributes() {
    let (config, _) = with_policy("baggage: {attributes: [tenant, \"user.*\"]}\n", &[]);
    assert_eq!(problems(&config), Vec::<String>::new());
    assert_eq!(config.get("baggage_attributes").unwrap(), "tenant,user.*");
    for (text, expected) in [
        (
            "baggage: {attributes: tenant}\n",
            "baggage.attributes is \"tenant\"; it must be a list of patterns",
        ),
        (
            "baggage: {attributes: [a b]}\n",
            "whose pattern number 1 no baggage key could match",
        ),
        (
            "baggage: {attributes: [a, {}]}\n",
            "baggage.attributes[1] is a map; it must be a pattern such as \"user.*\"",
        ),
        (
            "baggage: {keys: [a]}\n",
            "baggage.keys is not supported; remove it",
        ),
    ] {
        let problems = problems(&with_policy(text, &[]).0);
        assert!(problems[0].contains(expected), "{problems:?}");
    }
}
