//! Formats any text.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| isotope_fuzz::targets::format(text));
