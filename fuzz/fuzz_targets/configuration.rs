//! See `polyspan::fuzz::configuration`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| polyspan::fuzz::configuration(input));
