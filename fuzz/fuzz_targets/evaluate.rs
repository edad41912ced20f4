//! Evaluates any text as an expression and as a template.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| isotope_fuzz::targets::evaluate(text));
