//! Arguments in, exit status out.

use std::process::ExitCode;

/// Plans are made of many small values: of planning 10,000 of them, a quarter of the time was the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    isotope::cli::main(std::env::args_os())
}
