//! See `polyspan::fuzz::batch`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| polyspan::fuzz::batch(input));
