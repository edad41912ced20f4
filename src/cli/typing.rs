//! What a person types at the console: lines that can be edited and completed, that go on while a bracket is open, and a
//! history of them.
//!
//! The history stands in the user's own state directory, readable by nobody else. A line that names a secret, or that calls
//! `sensitive`, is kept in no file; nor is one that starts with a blank.

use super::environment::Environment;
use super::words::Words;
use crate::secret::Redactor;
use crate::syntax;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Editor, Helper};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

/// How many expressions are remembered.
const REMEMBERED: usize = 1_000;

/// A person at a terminal.
pub(super) struct Typist {
    editor: Editor<Aid, FileHistory>,
    history: Option<PathBuf>,
    redactor: Redactor,
}

impl Typist {
    /// `None` where the terminal cannot be used for editing.
    pub(super) fn new(environment: &Environment, words: Words, redactor: Redactor) -> Option<Self> {
        let config = Config::builder().max_history_size(REMEMBERED).ok()?.history_ignore_space(true);
        let config = config.completion_type(CompletionType::List).build();
        let kept = FileHistory::with_config(&config);
        let mut editor = Editor::with_history(config, kept).ok()?;
        editor.set_helper(Some(Aid { words }));
        let history = history(environment);
        if let Some(path) = &history {
            // There is none the first time, and without one the console works all the same.
            let _: rustyline::Result<()> = editor.load_history(path);
        }
        Some(Self { editor, history, redactor })
    }

    /// The next expression, which may have several lines; `None` when the person is done. An interrupt drops what was typed, a second one
    /// ends.
    pub(super) fn next(&mut self) -> Option<String> {
        let mut interrupted = false;
        loop {
            match self.editor.readline("> ") {
                Ok(text) if text.trim().is_empty() => interrupted = false,
                Ok(text) => {
                    self.remember(&text);
                    return Some(text);
                }
                Err(ReadlineError::Interrupted) if !interrupted => interrupted = true,
                Err(_) => return None,
            }
        }
    }

    fn remember(&mut self, text: &str) {
        if text.contains("sensitive") || self.redactor.redact(text) != text {
            return;
        }
        let added = self.editor.add_history_entry(text).unwrap_or(false);
        if let Some(path) = self.history.as_ref().filter(|_| added) {
            // What cannot be remembered is no reason to stop.
            let _: rustyline::Result<()> = self.editor.append_history(path);
        }
    }
}

/// The history's file, in a directory that is there and the user's own.
fn history(environment: &Environment) -> Option<PathBuf> {
    let given = |name: &str| environment.var(name).filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let home = || Some(given("HOME")?.join(".local/state"));
    let dir = given("XDG_STATE_HOME").filter(|dir| dir.is_absolute()).or_else(home)?.join("isotope");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir).ok()?;
    Some(dir.join("console-history"))
}

/// Asks for another line until the expression is whole, and completes names.
struct Aid {
    words: Words,
}

impl Validator for Aid {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let text = context.input();
        Ok(match text.trim().is_empty() || syntax::is_complete(&format!("{text}\n")) {
            true => ValidationResult::Valid(None),
            false => ValidationResult::Incomplete,
        })
    }
}

impl Completer for Aid {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.words.after(line, at))
    }
}

impl Hinter for Aid {
    type Hint = String;
}

impl Highlighter for Aid {}

impl Helper for Aid {}
