//! The tables and examples of the specification, and what is not well-formed.

use super::*;
use proptest::prelude::*;

fn with(header: &str, threshold: Option<u64>) -> String {
    let state = TraceState::parse(header);
    let (changed, fits) = with_threshold(&state, threshold);
    assert!(fits);
    changed.unwrap_or(state).as_str().to_owned()
}

#[test]
fn shares_give_the_thresholds_of_the_specification_s_table() {
    for (one_in, expected) in [
        (1.0, "0"),
        (2.0, "8"),
        (3.0, "aaab"),
        (4.0, "c"),
        (5.0, "cccd"),
        (8.0, "e"),
        (10.0, "e666"),
        (16.0, "f"),
        (100.0, "fd70a"),
        (1000.0, "ffbe77"),
        (10_000.0, "fff9724"),
        (100_000.0, "ffff583a"),
        (1_000_000.0, "ffffef39"),
    ] {
        assert_eq!(digits(of_share(1.0 / one_in)), expected, "1 in {one_in}");
    }
}

#[test]
fn the_smallest_share_lets_one_value_pass_and_none_no_value() {
    assert_eq!(of_share(1.0 / RANGE as f64), RANGE - 1);
    assert_eq!(of_share(0.0), RANGE);
    assert_eq!(share_of(RANGE), 0.0);
    assert_eq!(share_of(0xc0_0000_0000_0000), 0.25);
}

#[test]
fn trailing_zeroes_are_not_written_and_leading_ones_are() {
    assert_eq!(digits(0), "0");
    assert_eq!(digits(0x00_1000_0000_0000), "001");
    assert_eq!(digits(RANGE - 1), "ffffffffffffff");
}

#[test]
fn the_sub_keys_are_read_from_anywhere_in_the_entry() {
    for (header, threshold, randomness) in [
        ("ot=th:c", Some(0xc0_0000_0000_0000), None),
        (
            "a=1,ot=rv:6e6d1a75832a2f",
            None,
            Some(0x006e_6d1a_7583_2a2f),
        ),
        ("ot=p:8;rv:00000000000001;th:0", Some(0), Some(1)),
        ("ot=th:8;th:c", Some(0x80_0000_0000_0000), None),
        ("vendor=th:c", None, None),
        ("", None, None),
    ] {
        let read = OtelState::of(&TraceState::parse(header));
        assert_eq!(
            (read.threshold, read.randomness),
            (threshold, randomness),
            "{header}"
        );
    }
}

#[test]
fn a_sub_key_that_is_not_well_formed_is_not_there() {
    for header in [
        "ot=th:",
        "ot=th:C",
        "ot=th:0x1",
        "ot=th:+1",
        "ot=th:123456789012345",
        "ot=th",
        "ot=rv:6e6d1a75832a2",
        "ot=rv:6E6D1A75832A2F",
        "ot=rv:6e6d1a75832a2ff",
    ] {
        let read = OtelState::of(&TraceState::parse(header));
        assert_eq!(read, OtelState::default(), "{header}");
    }
}

#[test]
fn explicit_randomness_goes_before_the_trace_id() {
    let trace_id = TraceId::from_parts(0, 0xffff_0000_0000_0001);
    let own = OtelState::of(&TraceState::parse("ot=rv:00000000000002"));
    assert_eq!(own.randomness_of(trace_id), 2);
    assert_eq!(
        OtelState::default().randomness_of(trace_id),
        0xff_0000_0000_0001
    );
}

#[test]
fn a_threshold_is_set_beside_what_others_wrote() {
    let quarter = Some(0xc0_0000_0000_0000);
    assert_eq!(with("", quarter), "ot=th:c");
    assert_eq!(with("a=1", quarter), "ot=th:c,a=1");
    assert_eq!(
        with("a=1,ot=p:8;rv:6e6d1a75832a2f", quarter),
        "ot=th:c;p:8;rv:6e6d1a75832a2f,a=1"
    );
    assert_eq!(with("ot=p:8;th:8;r:62", quarter), "ot=th:c;p:8;r:62");
}

#[test]
fn a_threshold_that_is_there_already_changes_nothing() {
    let state = TraceState::parse("a=1,ot=rv:6e6d1a75832a2f;th:c");
    assert_eq!(
        with_threshold(&state, Some(0xc0_0000_0000_0000)),
        (None, true)
    );
    assert_eq!(with_threshold(&TraceState::EMPTY, None), (None, true));
}

#[test]
fn erasing_a_threshold_leaves_the_rest() {
    assert_eq!(with("ot=th:c,a=1", None), "a=1");
    assert_eq!(
        with("ot=rv:6e6d1a75832a2f;th:c", None),
        "ot=rv:6e6d1a75832a2f"
    );
    assert_eq!(with("ot=th:NOT", None), "");
    assert_eq!(with("ot=x:1", None), "ot=x:1");
}

#[test]
fn an_entry_without_room_loses_its_threshold_and_nothing_else() {
    let long = format!("x:{}", "y".repeat(250));
    let state = TraceState::parse(&format!("ot=th:8;{long}")[..]);
    assert!(
        state.is_empty(),
        "an entry of more than 256 characters is malformed"
    );
    let state = TraceState::parse(&format!("ot=th:;{}", &long[..250]));
    let (changed, fits) = with_threshold(&state, Some(RANGE - 1));
    assert!(!fits);
    assert_eq!(changed.unwrap().as_str(), format!("ot={}", &long[..250]));
}

proptest! {
    #[test]
    fn every_threshold_reads_back_as_itself(threshold in 0..RANGE) {
        let (state, fits) = with_threshold(&TraceState::EMPTY, Some(threshold));
        prop_assert!(fits);
        prop_assert_eq!(OtelState::of(&state.unwrap()).threshold, Some(threshold));
    }

    #[test]
    fn a_threshold_is_as_exact_as_its_share(exponent in -40.0..0.0f64) {
        let share = exponent.exp2();
        let actual = share_of(of_share(share));
        prop_assert!((actual / share - 1.0).abs() < 1.0 / 4000.0, "{} is {}", share, actual);
    }

    #[test]
    fn no_trace_state_makes_reading_or_writing_crash(header: String, threshold in 0..RANGE) {
        let state = TraceState::parse(&header);
        let _ = OtelState::of(&state);
        let _ = with_threshold(&state, Some(threshold));
    }
}
