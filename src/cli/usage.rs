//! A command line that cannot be understood → a complaint in the program's own form, in the stream where `-json` asks for one.

use super::args;
use super::environment::Environment;
use super::output::{Output, timestamp};
use crate::diag::{Diagnostic, Sources};
use crate::render::json;
use clap::error::ErrorKind;
use std::ffi::OsString;

/// Says what is wrong, and gives the exit status. Help and version go to stdout with status 0.
pub fn usage(error: &clap::Error, args: &[OsString], environment: &Environment) -> u8 {
    if is_help(error.kind()) {
        // Nothing can be done about a closed terminal.
        let _: std::io::Result<()> = error.print();
        return u8::from(error.use_stderr());
    }
    let is = |name: &str| args.iter().any(|arg| arg.to_string_lossy().trim_start_matches('-') == name);
    let command = args::command(args);
    // A word that is no command has no help of its own.
    let helpful = command.as_deref().filter(|_| error.kind() != ErrorKind::InvalidSubcommand);
    let complaint = complaint(&error.render().to_string(), helpful);
    let mut output = Output::new(environment, is("no-color"));
    match command.as_deref() {
        Some("plan" | "apply" | "destroy" | "refresh") if is("json") => {
            output.json = true;
            output.message(&json::version_message(&timestamp()));
            output.fail(complaint);
        }
        Some("validate") if is("json") => {
            output.message(&json::validate(&[complaint], &Sources::new()));
        }
        _ => drop(output.fail(complaint)),
    }
    1
}

fn is_help(kind: ErrorKind) -> bool {
    use ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};
    matches!(kind, DisplayHelp | DisplayVersion | DisplayHelpOnMissingArgumentOrSubcommand)
}

/// `error: …`, then perhaps `  tip: …` and the usage, which `-help` shows better.
fn complaint(text: &str, command: Option<&str>) -> Diagnostic {
    let mut paragraphs = text.split("\n\n").map(str::trim);
    let first = paragraphs.next().unwrap_or_default();
    let said = sentence(first.strip_prefix("error:").unwrap_or(first));
    let mut complaint = Diagnostic::error("Invalid command line").detail(said);
    for tip in paragraphs.flat_map(str::lines).filter_map(|line| line.trim().strip_prefix("tip:")) {
        complaint = complaint.help(quoted(tip.trim()));
    }
    let of = command.map(|command| format!(" {command}")).unwrap_or_default();
    complaint.help(format!("`isotope{of} -help` shows what there is"))
}

/// One line that begins with a capital letter and ends with a full stop.
fn sentence(text: &str) -> String {
    let text = text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let text = quoted(text.trim());
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let rest = chars.as_str();
    let end = if rest.ends_with('.') || rest.is_empty() { "" } else { "." };
    format!("{first}{rest}{end}")
}

/// Names stand in backticks everywhere else.
fn quoted(text: &str) -> String {
    text.replace('\'', "`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, command: Option<&str>, detail: &str, help: &[&str]) {
        let complaint = complaint(text, command);
        assert_eq!(complaint.detail, detail);
        assert_eq!(complaint.help, help);
    }

    #[test]
    fn what_the_parser_says_becomes_a_complaint() {
        check(
            "error: unexpected argument '--targt' found\n\n  tip: a similar argument exists: '--target'\n\n\
             Usage: isotope plan --target <ADDR>\n\nFor more information, try '--help'.\n",
            Some("plan"),
            "Unexpected argument `--targt` found.",
            &["a similar argument exists: `--target`", "`isotope plan -help` shows what there is"],
        );
        check(
            "error: the following required arguments were not provided:\n  <ADDRESS>\n  <ID>\n\nUsage: isotope import\n",
            None,
            "The following required arguments were not provided: <ADDRESS> <ID>.",
            &["`isotope -help` shows what there is"],
        );
    }
}
