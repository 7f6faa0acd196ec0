//! See `polyspan::fuzz::baggage`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| polyspan::fuzz::baggage(input));
