//! Questions to the person at the terminal.

use super::environment::Environment;
use super::output::Output;
use crate::diag::{Diagnostic, Diagnostics, Reported};
use std::io::BufRead;

/// Asks for a line. `Err` when nobody can be asked; `None` when the input ended.
pub fn ask(
    question: &str,
    input: bool,
    environment: &Environment,
    output: &mut Output,
) -> Result<Option<String>, ()> {
    if !environment.may_ask(input) {
        return Err(());
    }
    output.print(&format!("{question}\n"));
    output.data("  Enter a value: ");
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => Ok(None),
        Ok(_) => Ok(Some(line.trim().to_owned())),
    }
}

/// The proof for a command that ends with status 1 after it has said why in its own words.
pub fn declined() -> Reported {
    Diagnostics::new().error(Diagnostic::error("declined"))
}
