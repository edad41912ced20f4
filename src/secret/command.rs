//! Runs the program that hands out a key: a secret manager's client.

use std::io::{self, Read};
use std::process::{Command, ExitStatus, Stdio};

use zeroize::Zeroizing;

/// More than any key or passphrase; beyond it the program printed something else.
const LONGEST: u64 = 64 * 1024;

/// Why a program gave no key.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error("no program is named")]
    Empty,
    #[error("it could not be run: {0}")]
    Start(io::Error),
    #[error("its output could not be read: {0}")]
    Read(io::Error),
    #[error("it failed ({0})")]
    Failed(ExitStatus),
    #[error("it printed more than 64 KiB")]
    TooLong,
    #[error("it printed something that is not UTF-8 text")]
    NotText,
    #[error("it printed nothing")]
    Silent,
}

/// Returns what the program prints, without the line end.
///
/// `argv` is the program and its arguments. No shell is involved, so nothing in an argument is ever
/// interpreted; who needs a shell names one. The program shares the terminal's input and error output, so
/// that it can ask for its own password and explain itself. Blocks until it ends.
pub(super) fn output(argv: &[String]) -> Result<Zeroizing<String>, CommandError> {
    let (program, arguments) = argv.split_first().ok_or(CommandError::Empty)?;
    let mut command = Command::new(program);
    let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().map_err(CommandError::Start)?;
    // Never grows, so that no outgrown buffer is left in memory with the secret in it.
    let mut printed = Zeroizing::new(Vec::with_capacity(LONGEST as usize + 64));
    let read = match child.stdout.take() {
        // The pipe closes when this returns, so that a program that prints on does not run forever.
        Some(pipe) => pipe.take(LONGEST + 1).read_to_end(&mut printed),
        None => Ok(0),
    };
    let status = child.wait().map_err(CommandError::Start)?;
    read.map_err(CommandError::Read)?;
    if printed.len() as u64 > LONGEST {
        return Err(CommandError::TooLong);
    }
    if !status.success() {
        return Err(CommandError::Failed(status));
    }
    let text = std::str::from_utf8(&printed).map_err(|_| CommandError::NotText)?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() { Err(CommandError::Silent) } else { Ok(Zeroizing::new(text.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(script: &str, expected: Result<&str, &str>) {
        let printed = output(&["sh".to_owned(), "-c".to_owned(), script.to_owned()]);
        let printed = printed.map(|text| text.to_string()).map_err(|error| error.to_string());
        assert_eq!(printed.as_deref().map_err(String::as_str), expected, "{script}");
    }

    #[test]
    fn takes_what_is_printed() {
        check("echo secret; echo noise >/dev/null", Ok("secret"));
        check("printf 'secret with blanks \\r\\n\\n'", Ok("secret with blanks "));
        check("true", Err("it printed nothing"));
        check("echo", Err("it printed nothing"));
        check("echo secret; exit 3", Err("it failed (exit status: 3)"));
        check("printf '\\377'", Err("it printed something that is not UTF-8 text"));
        check("yes", Err("it printed more than 64 KiB"));
    }

    #[test]
    fn arguments_are_never_interpreted() {
        let argv = ["echo", "$HOME; echo b `id`", "*"].map(str::to_owned);
        assert_eq!(output(&argv).unwrap().as_str(), "$HOME; echo b `id` *");
    }

    #[test]
    fn a_program_that_is_not_there_is_named_as_such() {
        assert!(matches!(output(&[]), Err(CommandError::Empty)));
        assert!(matches!(output(&["/nonexistent/program".to_owned()]), Err(CommandError::Start(_))));
    }
}
