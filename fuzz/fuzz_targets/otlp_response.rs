//! See `polyspan::fuzz::otlp_response`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| polyspan::fuzz::otlp_response(input));
