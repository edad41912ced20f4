//! `isotope emulator`: the Cloud Elements API on this machine, until it is interrupted.

use super::args;
use super::environment::Environment;
use super::output::Output;
use super::providers::{emulator_key, not_started};
use super::{Exit, Outcome, signals};
use crate::diag::Diagnostic;
use crate::emulator::{self, Faults, Options};
use crate::secret::random_bytes;

pub async fn run(args: &args::Emulator, environment: &Environment, output: &mut Output) -> Outcome {
    let faults: Faults = match &args.fault {
        None => Faults::default(),
        Some(spec) => spec.parse().map_err(|error: emulator::FaultError| {
            output.fail(Diagnostic::error("Invalid -fault option").detail(error.to_string()))
        })?,
    };
    let key = match &args.data {
        None => random_bytes(),
        Some(_) => emulator_key(environment).map_err(|error| {
            output.fail(Diagnostic::error("The emulator has no key").detail(error.to_string()))
        })?,
    };
    let options = Options {
        listen: args.listen,
        data: args.data.as_ref().map(|dir| environment.dir.join(dir)),
        latency: args.latency,
        faults,
        ..Options::new(key)
    };
    let running = emulator::start(options).await.map_err(|error| output.fail(not_started(&error)))?;
    output.print(&format!("Serving the Cloud Elements API at {}; Ctrl-C ends.", running.base_url()));
    let mut stop = signals::watch();
    // An error means that nothing can be signalled any more: then there is nothing to wait for either.
    let _: Result<(), _> = stop.changed().await;
    running.stop().await;
    Ok(Exit::Done)
}
