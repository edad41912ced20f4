//! `isotope completions SHELL`.

use super::args::Cli;
use super::output::Output;
use super::{Exit, Outcome};
use clap::CommandFactory;

pub fn run(shell: clap_complete::Shell, output: &mut Output) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "isotope", &mut script);
    output.data(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
