//! `isotope version`.

use super::args::Json;
use super::output::Output;
use super::{Exit, Outcome};

pub fn run(args: &Json, output: &mut Output) -> Outcome {
    let version = env!("CARGO_PKG_VERSION");
    if args.json {
        let platform = format!("{}_{}", std::env::consts::OS, std::env::consts::ARCH);
        output.print(&serde_json::json!({"isotope_version": version, "platform": platform}).to_string());
    } else {
        output.print(&format!("Isotope v{version}"));
    }
    Ok(Exit::Done)
}
