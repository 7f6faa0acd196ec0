//! Samplers of a file.

use super::*;
use crate::sample::{Candidate, Verdict};
use crate::trace::{SpanKind, TraceId, Value as Attribute};

#[test]
fn every_sampler_of_the_schema_but_the_remote_one_is_made() {
    for (sampler, described) in [
        ("{always_on: }", "AlwaysOnSampler"),
        ("{always_off: {}}", "AlwaysOffSampler"),
        (
            "{trace_id_ratio_based: {ratio: 0.5}}",
            "TraceIdRatioBased{0.5}",
        ),
        ("{trace_id_ratio_based: }", "TraceIdRatioBased{1}"),
        ("{probability/development: {ratio: 0.25}}", "0.25"),
        (
            "{always_record: {root: {always_off: }}}",
            "AlwaysOffSampler",
        ),
        ("{composite/development: {always_on: }}", "AlwaysOn"),
        (
            "{composite/development: {parent_threshold: {root: {probability: {ratio: 0.125}}}}}",
            "0.125",
        ),
    ] {
        let config = load(&provider(&format!("sampler: {sampler}")));
        assert_eq!(problems(&config), Vec::<String>::new(), "{sampler}");
        let shown = config.get("sampler").unwrap();
        assert!(shown.contains(described), "{sampler}: {shown}");
    }
}

#[test]
fn rules_choose_by_attributes_kind_and_parent() {
    let config = load(&provider(
        r#"sampler:
  composite/development:
    rule_based:
      rules:
        - {attribute_values: {key: http.route, values: [/healthz, /livez]}, sampler: {always_off: }}
        - attribute_patterns: {key: http.path, included: [/internal/*], excluded: [/internal/special/*]}
          sampler: {always_on: }
        - {parent: [none], span_kinds: [client, producer], sampler: {always_on: }}
        - {parent: [remote, local], sampler: {always_on: }}"#,
    ));
    assert_eq!(problems(&config), Vec::<String>::new());
    let sampler = config.head_sampler().unwrap();
    let verdict = |kind, attributes: &[(&str, Attribute<'_>)]| {
        let mut candidate = Candidate::root(TraceId::from_parts(1, 1));
        candidate.kind = kind;
        candidate.attributes = attributes;
        sampler.decide(&candidate).verdict
    };
    let text = |key, value| [(key, Attribute::from(value))];
    assert_eq!(
        verdict(SpanKind::Client, &text("http.route", "/livez")),
        Verdict::Drop
    );
    assert_eq!(
        verdict(SpanKind::Server, &text("http.path", "/internal/a")),
        Verdict::Sample
    );
    assert_eq!(
        verdict(SpanKind::Server, &text("http.path", "/internal/special/a")),
        Verdict::Drop
    );
    assert_eq!(verdict(SpanKind::Producer, &[]), Verdict::Sample);
    assert_eq!(verdict(SpanKind::Server, &[]), Verdict::Drop);
}
