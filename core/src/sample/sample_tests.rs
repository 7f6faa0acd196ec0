//! One test per rule of the samplers as a whole; `ratio.rs` has its own.

use super::*;
use crate::trace::SpanId;

fn decide(sampler: &Sampler, parent: Option<&SpanContext>) -> Decision {
    sampler.decide(&Candidate {
        parent,
        trace_id: parent.map_or(TraceId::from_parts(1, 1), |parent| parent.trace_id),
        name: "GET /",
        kind: SpanKind::Server,
        attributes: &[],
    })
}

fn parent(remote: bool, flags: u8) -> SpanContext {
    SpanContext {
        trace_id: TraceId::from_parts(1, 1),
        span_id: SpanId::from_u64(1),
        flags: TraceFlags::new(flags),
        remote,
        state: TraceState::parse("vendor=1"),
    }
}

fn named(name: &str, ratio: f64) -> Sampler {
    Sampler::from_spec(name, ratio).unwrap()
}

#[test]
fn always_on_samples_whatever_the_parent_says() {
    for parent in [None, Some(&parent(true, 0)), Some(&parent(false, 0))] {
        assert_eq!(decide(&Sampler::AlwaysOn, parent).verdict, Verdict::Sample);
    }
}

#[test]
fn always_off_drops_whatever_the_parent_says() {
    for parent in [None, Some(&parent(true, 1)), Some(&parent(false, 1))] {
        assert_eq!(decide(&Sampler::AlwaysOff, parent).verdict, Verdict::Drop);
    }
}

#[test]
fn a_ratio_alone_judges_children_by_their_trace_id() {
    assert_eq!(
        decide(&named("traceidratio", 0.5), Some(&parent(true, 1))).verdict,
        Verdict::Drop
    );
    assert_eq!(
        decide(&named("traceidratio", 1.0), Some(&parent(true, 0))).verdict,
        Verdict::Sample
    );
}

#[test]
fn a_parent_based_sampler_follows_any_parent() {
    for name in [
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio",
    ] {
        for remote in [true, false] {
            assert_eq!(
                decide(&named(name, 0.5), Some(&parent(remote, 1))).verdict,
                Verdict::Sample
            );
            assert_eq!(
                decide(&named(name, 0.5), Some(&parent(remote, 0))).verdict,
                Verdict::Drop
            );
        }
    }
}

#[test]
fn a_parent_based_sampler_asks_its_root_sampler_at_a_root() {
    assert_eq!(
        decide(&named("parentbased_always_on", 1.0), None).verdict,
        Verdict::Sample
    );
    assert_eq!(
        decide(&named("parentbased_always_off", 1.0), None).verdict,
        Verdict::Drop
    );
    assert_eq!(
        decide(&named("parentbased_traceidratio", 0.5), None).verdict,
        Verdict::Drop
    );
    assert_eq!(
        decide(&named("parentbased_traceidratio", 1.0), None).verdict,
        Verdict::Sample
    );
}

#[test]
fn each_kind_of_parent_has_its_own_sampler() {
    let contrary = Sampler::ParentBased(Arc::new(ParentBased {
        root: Sampler::AlwaysOff,
        remote_sampled: Sampler::AlwaysOff,
        remote_unsampled: Sampler::AlwaysOn,
        local_sampled: Sampler::AlwaysOn,
        local_unsampled: Sampler::AlwaysOn,
    }));
    let verdict = |remote, flags| decide(&contrary, Some(&parent(remote, flags))).verdict;
    assert_eq!(decide(&contrary, None).verdict, Verdict::Drop);
    assert_eq!(
        (verdict(true, 1), verdict(true, 0)),
        (Verdict::Drop, Verdict::Sample)
    );
    assert_eq!(
        (verdict(false, 1), verdict(false, 0)),
        (Verdict::Sample, Verdict::Sample)
    );
}

#[test]
fn the_sampled_flag_is_the_verdict() {
    assert!(decide(&Sampler::AlwaysOn, None).flags.is_sampled());
    assert!(
        !decide(&Sampler::AlwaysOff, Some(&parent(true, 1)))
            .flags
            .is_sampled()
    );
}

#[test]
fn a_root_has_the_random_flag_and_a_child_that_of_its_parent() {
    for sampler in [Sampler::AlwaysOn, Sampler::AlwaysOff, Sampler::default()] {
        assert!(decide(&sampler, None).flags.is_random());
        assert!(decide(&sampler, Some(&parent(true, 2))).flags.is_random());
        assert!(!decide(&sampler, Some(&parent(true, 1))).flags.is_random());
    }
}

#[test]
fn the_standard_samplers_leave_the_trace_state_alone() {
    for name in NAMES {
        let decision = decide(&named(name, 0.5), Some(&parent(true, 3)));
        assert_eq!(
            (decision.state, decision.threshold, decision.attributes),
            (None, None, None)
        );
    }
}

#[test]
fn every_name_of_the_list_is_known_in_any_case() {
    for name in NAMES {
        assert_eq!(
            named(name, 0.5),
            named(&format!(" {} ", name.to_uppercase()), 0.5)
        );
    }
}

#[test]
fn parentbased_always_on_is_the_default() {
    assert_eq!(Sampler::default(), named("parentbased_always_on", 1.0));
}

#[test]
fn only_a_ratio_sampler_looks_at_the_ratio() {
    assert_eq!(named("always_on", f64::NAN), Sampler::AlwaysOn);
    assert!(Sampler::from_spec("parentbased_traceidratio", f64::NAN).is_err());
}

#[test]
fn an_unknown_name_is_refused_with_what_is_allowed() {
    for name in [
        "sometimes",
        "parentbased_",
        "parentbased_jaeger_remote",
        "xray",
        "",
    ] {
        let message = Sampler::from_spec(name, 1.0).unwrap_err().to_string();
        assert_eq!(
            message,
            format!(
                "sampler is {name:?}; it must be one of always_on, always_off, traceidratio, parentbased_always_on, \
                 parentbased_always_off, parentbased_traceidratio"
            )
        );
    }
}

#[test]
fn descriptions_are_those_of_the_specification() {
    assert_eq!(Sampler::AlwaysOn.describe(), "AlwaysOnSampler");
    assert_eq!(Sampler::AlwaysOff.describe(), "AlwaysOffSampler");
    assert_eq!(
        named("parentbased_traceidratio", 0.25).describe(),
        "ParentBased{root:TraceIdRatioBased{0.25},remoteParentSampled:AlwaysOnSampler,\
         remoteParentNotSampled:AlwaysOffSampler,localParentSampled:AlwaysOnSampler,\
         localParentNotSampled:AlwaysOffSampler}"
    );
}

#[test]
fn every_standard_sampler_needs_to_be_asked_once_per_local_root() {
    for name in NAMES {
        assert_eq!(named(name, 0.5).mask(), always::MASK);
    }
}

#[test]
fn a_parent_based_sampler_that_contradicts_local_parents_is_not_inheritable() {
    let mut sampler = ParentBased::new(Sampler::AlwaysOn);
    sampler.local_sampled = named("traceidratio", 0.5);
    assert!(!Sampler::ParentBased(Arc::new(sampler)).mask().inheritable);
}

#[test]
fn equal_samplers_have_equal_fingerprints_and_others_have_not() {
    let mut prints: Vec<_> = NAMES.map(|name| named(name, 0.5).fingerprint()).to_vec();
    prints.push(named("traceidratio", 0.25).fingerprint());
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), NAMES.len() + 1);
    assert_eq!(
        named("traceidratio", 0.5).fingerprint(),
        named("TraceIdRatio", 0.5).fingerprint()
    );
}

#[test]
fn samplers_are_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Sampler>();
    shared::<Decision>();
}

#[test]
fn a_parent_that_left_the_decision_to_us_is_judged_like_a_root() {
    let mut undecided = parent(true, 0);
    undecided.state = undecided.state.with("polyspan", "u").unwrap();
    let [on, off] = [Sampler::AlwaysOn, Sampler::AlwaysOff].map(Sampler::parent_based);
    assert_eq!(decide(&on, Some(&undecided)).verdict, Verdict::Sample);
    assert_eq!(decide(&off, Some(&undecided)).verdict, Verdict::Drop);
    assert_eq!(decide(&on, Some(&parent(true, 0))).verdict, Verdict::Drop);
}
