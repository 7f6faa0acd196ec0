//! See `polyspan::fuzz::propagators`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| polyspan::fuzz::propagators(input));
