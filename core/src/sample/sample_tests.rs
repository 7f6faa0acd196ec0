//! One test per rule of the samplers as a whole, of `always_record`, `probability` and custom ones; the others have their own.

use super::*;
use crate::trace::SpanId;

fn decide(sampler: &Sampler, parent: Option<&SpanContext>) -> Decision {
    sampler.decide(&Candidate {
        parent,
        name: "GET /",
        kind: SpanKind::Server,
        ..Candidate::root(parent.map_or(TraceId::from_parts(1, 1), |parent| parent.trace_id))
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

/// A context with the lower 56 bits of its trace id and this trace state.
fn consistent(flags: u8, low: u64, state: &str) -> SpanContext {
    SpanContext {
        trace_id: TraceId::from_parts(1, low),
        state: TraceState::parse(state),
        ..parent(true, flags)
    }
}

fn state(decision: &Decision) -> Option<&str> {
    decision.state.as_ref().map(TraceState::as_str)
}

const HALF: u64 = 1 << 55;

#[test]
fn always_record_turns_drop_into_record_only_and_nothing_else() {
    #[derive(Debug)]
    struct Says(Verdict);
    impl CustomSampler for Says {
        fn should_sample(&self, _: &Candidate<'_>) -> SamplingResult {
            self.0.into()
        }
        fn description(&self) -> String {
            format!("{:?}", self.0)
        }
    }
    for (inside, expected) in [
        (Verdict::Drop, Verdict::RecordOnly),
        (Verdict::RecordOnly, Verdict::RecordOnly),
        (Verdict::Sample, Verdict::Sample),
    ] {
        let decision = decide(&Sampler::always_record(Sampler::custom(Says(inside))), None);
        assert_eq!(decision.verdict, expected);
        assert_eq!(decision.flags.is_sampled(), expected == Verdict::Sample);
    }
}

#[test]
fn always_record_is_asked_as_often_as_the_sampler_inside() {
    let recorded = Sampler::always_record(Sampler::default());
    assert_eq!(recorded.mask(), always::MASK);
    assert!(
        recorded
            .describe()
            .starts_with("AlwaysRecord{root:ParentBased{")
    );
    // A child of a root that is recorded only would be dropped: it must be asked about.
    let inside = Sampler::parent_based(Sampler::always_record(Sampler::AlwaysOff));
    assert!(!inside.mask().inheritable);
}

#[test]
fn a_probability_samples_what_reaches_its_threshold_and_says_so() {
    let half = Sampler::probability(0.5).unwrap();
    let sampled = half.decide(&Candidate::root(TraceId::from_parts(1, HALF)));
    assert_eq!(sampled.verdict, Verdict::Sample);
    assert_eq!(
        (state(&sampled), sampled.threshold),
        (Some("ot=th:8"), Some(HALF))
    );
    let dropped = half.decide(&Candidate::root(TraceId::from_parts(1, HALF - 1)));
    assert_eq!(dropped.verdict, Verdict::Drop);
    assert_eq!((state(&dropped), dropped.threshold), (None, None));
}

#[test]
fn a_probability_ignores_the_parent_s_flag_and_keeps_its_trace_state() {
    let half = Sampler::probability(0.5).unwrap();
    let sampled = decide(&half, Some(&consistent(2, HALF, "vendor=1,ot=x:y")));
    assert_eq!(sampled.verdict, Verdict::Sample);
    assert_eq!(state(&sampled), Some("ot=th:8;x:y,vendor=1"));
    let dropped = decide(&half, Some(&consistent(3, 1, "vendor=1")));
    assert_eq!((dropped.verdict, state(&dropped)), (Verdict::Drop, None));
}

#[test]
fn explicit_randomness_decides_and_is_passed_on_as_it_is() {
    let half = Sampler::probability(0.5).unwrap();
    let high = consistent(0, 1, "ot=rv:80000000000000");
    assert_eq!(
        state(&decide(&half, Some(&high))),
        Some("ot=th:8;rv:80000000000000")
    );
    let low = consistent(1, u64::MAX, "ot=rv:7fffffffffffff;th:0");
    let dropped = decide(&half, Some(&low));
    assert_eq!(dropped.verdict, Verdict::Drop);
    assert_eq!(state(&dropped), Some("ot=rv:7fffffffffffff"));
}

#[test]
fn what_is_not_sampled_carries_no_threshold() {
    for sampler in [
        Sampler::AlwaysOff,
        Sampler::default(),
        Sampler::probability(0.0).unwrap(),
        Sampler::composite(Composable::AlwaysOff),
    ] {
        let decision = decide(&sampler, Some(&consistent(0, 1, "ot=th:c,vendor=1")));
        assert_eq!(decision.verdict, Verdict::Drop, "{sampler}");
        assert_eq!(state(&decision), Some("vendor=1"), "{sampler}");
    }
}

#[test]
fn a_sampler_that_decides_on_its_own_erases_the_parent_s_threshold() {
    let sampled = consistent(3, u64::MAX, "ot=th:c;rv:ffffffffffffff");
    for sampler in [Sampler::AlwaysOn, named("traceidratio", 1.0)] {
        let decision = decide(&sampler, Some(&sampled));
        assert_eq!(state(&decision), Some("ot=rv:ffffffffffffff"), "{sampler}");
        assert_eq!(decision.threshold, None);
    }
}

#[test]
fn a_child_of_a_sampled_parent_has_its_threshold() {
    let decision = decide(
        &Sampler::default(),
        Some(&consistent(3, u64::MAX, "ot=th:c")),
    );
    assert_eq!(decision.state, None, "the parent's state goes on as it is");
    assert_eq!(decision.threshold, Some(0xc0_0000_0000_0000));
}

#[test]
fn a_threshold_that_contradicts_the_sampled_flag_is_erased() {
    let decision = decide(&Sampler::default(), Some(&consistent(3, 1, "ot=th:c")));
    assert_eq!(
        (decision.verdict, state(&decision)),
        (Verdict::Sample, Some(""))
    );
    assert_eq!(decision.threshold, None);
}

#[test]
fn a_probability_that_no_threshold_expresses_is_refused() {
    for ratio in [1.5, -0.1, f64::NAN, 1e-18] {
        let message = Sampler::probability(ratio).unwrap_err().to_string();
        assert!(message.contains("from 2^-56"), "{message}");
    }
    assert_eq!(
        Sampler::probability(-0.0).unwrap().describe(),
        "ProbabilitySampler{0}"
    );
}

#[test]
fn a_ratio_that_judges_a_child_is_told() {
    let notice = |sampler: &Sampler, parent: &SpanContext| {
        let candidate = Candidate {
            parent: Some(parent),
            ..Candidate::root(parent.trace_id)
        };
        sampler.decide_with_notice(&candidate).1
    };
    let alone = named("traceidratio", 0.5);
    assert_eq!(notice(&alone, &parent(true, 1)), Some(Notice::RatioOfChild));
    let consistent_parent = consistent(3, u64::MAX, "ot=th:c");
    assert_eq!(
        notice(&alone, &consistent_parent),
        Some(Notice::RatioOfConsistentChild)
    );
    let at_roots = named("parentbased_traceidratio", 0.5);
    assert_eq!(notice(&at_roots, &parent(true, 1)), None);
    let mut undecided = parent(true, 0);
    undecided.state = TraceState::parse("polyspan=u");
    assert_eq!(notice(&at_roots, &undecided), None);
    let root = Candidate::root(TraceId::from_parts(1, 1));
    assert_eq!(alone.decide_with_notice(&root).1, None);
}

#[test]
fn a_probability_that_presumes_randomness_is_told() {
    let notice = |parent: &SpanContext| {
        let candidate = Candidate {
            parent: Some(parent),
            ..Candidate::root(parent.trace_id)
        };
        let half = Sampler::probability(0.5).unwrap();
        half.decide_with_notice(&candidate).1
    };
    assert_eq!(notice(&consistent(1, 1, "")), Some(Notice::PresumedRandom));
    assert_eq!(notice(&consistent(3, 1, "")), None);
    assert_eq!(notice(&consistent(1, 1, "ot=rv:80000000000000")), None);
}

#[derive(Debug)]
struct ByName(Option<TraceState>);

impl CustomSampler for ByName {
    fn should_sample(&self, span: &Candidate<'_>) -> SamplingResult {
        assert_ne!(span.name, "panic", "by request");
        SamplingResult {
            verdict: Verdict::Sample,
            attributes: Some([("rule".to_owned(), OwnedValue::Str(span.name.to_owned()))].into()),
            state: self.0.clone(),
            threshold: None,
        }
    }

    fn description(&self) -> String {
        "ByName".to_owned()
    }
}

#[test]
fn a_custom_sampler_decides_attributes_and_trace_state() {
    let sampler = Sampler::custom(ByName(Some(TraceState::parse("mine=1"))));
    let decision = decide(&sampler, Some(&parent(true, 0)));
    assert_eq!(decision.verdict, Verdict::Sample);
    assert_eq!(state(&decision), Some("mine=1"));
    let set = decision.attributes.unwrap();
    assert_eq!(
        set[0],
        ("rule".to_owned(), OwnedValue::Str("GET /".to_owned()))
    );
    assert_eq!(
        (sampler.describe().as_str(), sampler.mask()),
        ("ByName", Mask::EVERYTHING)
    );
    assert_eq!(sampler, sampler.clone());
    assert_ne!(sampler, Sampler::custom(ByName(None)));
}

#[test]
fn an_empty_trace_state_of_a_custom_sampler_clears_the_parent_s() {
    let clears = Sampler::custom(ByName(Some(TraceState::EMPTY)));
    assert_eq!(state(&decide(&clears, Some(&parent(true, 1)))), Some(""));
    let keeps = Sampler::custom(ByName(None));
    assert_eq!(state(&decide(&keeps, Some(&parent(true, 1)))), None);
}

#[test]
fn a_custom_sampler_that_panics_samples_nothing_and_harms_nobody() {
    let sampler = Sampler::custom(ByName(None));
    let candidate = Candidate {
        name: "panic",
        ..Candidate::root(TraceId::from_parts(1, 1))
    };
    let (decision, notice) = sampler.decide_with_notice(&candidate);
    assert_eq!(
        (decision.verdict, notice),
        (Verdict::Drop, Some(Notice::Panicked))
    );
}

#[test]
fn a_custom_sampler_sees_the_whole_of_what_is_known() {
    #[derive(Debug)]
    struct Sees;
    impl CustomSampler for Sees {
        fn should_sample(&self, span: &Candidate<'_>) -> SamplingResult {
            let tenant = span.baggage.and_then(|baggage| baggage.get("tenant"));
            let all = span.parent.is_some_and(|parent| parent.remote)
                && tenant == Some("acme")
                && span.name == "work"
                && span.kind == SpanKind::Consumer
                && span.attributes == [("k", Value::Int(1))]
                && span.links.len() == 1;
            if all {
                Verdict::Sample.into()
            } else {
                Verdict::Drop.into()
            }
        }
        fn description(&self) -> String {
            "Sees".to_owned()
        }
    }
    let provider =
        crate::Provider::new(crate::Config::default().sampler(Sampler::custom(Sees))).unwrap();
    let mut baggage = Baggage::default();
    baggage.set("tenant", "acme");
    let other = parent(true, 1);
    let span = provider
        .tracer("test")
        .span("work")
        .kind(SpanKind::Consumer)
        .parent(&other)
        .baggage(&baggage)
        .attributes(&[("k", Value::Int(1))])
        .links(&[Link::from(&other)])
        .start();
    assert!(span.is_recording());
}
