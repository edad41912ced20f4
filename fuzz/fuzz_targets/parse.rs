//! Reads any text as every form of the language.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| isotope_fuzz::targets::parse(text));
