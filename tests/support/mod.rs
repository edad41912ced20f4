//! What all end-to-end tests share: a sandbox that runs the binary against an emulator in this process, and the
//! transcripts that say what it prints.
//!
//! [`api`] is that emulator as a process, [`transcript`] reads a Markdown page into pieces and writes it back, [`sandbox`] is a home, a directory, an API
//! and the commands a page may use, [`line`] splits a command line, [`run`] starts the binary, [`mock`] is a REST server of no
//! API in particular, [`moto`] is a server of buckets, [`gitlab`] one of states, [`valve`] shuts
//! such servers off, [`outside`] is somebody
//! else who uses the API, [`door`] holds an answer back so that a run can be killed at a known place, [`normal`] takes
//! out what differs from run to run, [`leaks`] looks for secrets, [`page`] plays a whole page, [`postgres`] is a real server of that name, [`compare`] says what differs.

// Each test binary uses a part of it.
#![allow(dead_code)]

pub mod api;
pub mod compare;
pub mod door;
pub mod gitlab;
pub mod leaks;
pub mod line;
pub mod mock;
pub mod moto;
pub mod normal;
pub mod outside;
pub mod page;
pub mod postgres;
pub mod run;
pub mod sandbox;
pub mod transcript;
pub mod valve;

use std::path::{Path, PathBuf};

/// A place in the repository.
pub fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Whether what differs is to be rewritten instead of reported.
pub fn updating() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| value == "1")
}

/// The text of a file that must be there.
pub fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
