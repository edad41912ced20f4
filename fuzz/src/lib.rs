//! What the fuzz targets run; `tests/fuzz.rs` runs the same on the seeds and on mutations of them, without a fuzzer.

pub mod targets;
