//! What is printed where: data and the fixed lines to stdout, all else to stderr; every text passes the redactor.

use super::environment::Environment;
use crate::diag::{Diagnostic, Diagnostics, Reported, Severity, Sources};
use crate::render::{self, Style, json};
use crate::secret::Redactor;
use std::io::Write;

/// The two streams of a command.
pub struct Output {
    redactor: Redactor,
    pub out: Style,
    err: Style,
    /// Complaints are part of the JSON stream on stdout instead of text on stderr.
    pub json: bool,
    pub compact_warnings: bool,
    /// Something that was to be printed could not be.
    lost: bool,
}

impl Output {
    pub fn new(environment: &Environment, no_color: bool) -> Self {
        let plain = no_color || environment.var("NO_COLOR").is_some_and(|v| !v.is_empty());
        let style = |terminal: bool| Style { color: terminal && !plain, width: terminal.then(width) };
        Self {
            redactor: Redactor::new(),
            out: style(environment.stdout_is_terminal),
            err: style(environment.stderr_is_terminal),
            json: false,
            compact_warnings: false,
            lost: false,
        }
    }

    pub fn redactor(&self) -> Redactor {
        self.redactor.clone()
    }

    /// A line (or several) on stdout.
    pub fn print(&mut self, text: &str) {
        let redactor = self.redactor();
        self.write(&[&redactor.redact(text), "\n"]);
    }

    /// Exactly this on stdout, unredacted: what the user asked to see.
    pub fn data(&mut self, text: &str) {
        self.write(&[text]);
    }

    fn write(&mut self, parts: &[&str]) {
        let mut stdout = std::io::stdout().lock();
        let mut write = |part: &&str| stdout.write_all(part.as_bytes());
        let written = parts.iter().try_for_each(&mut write).and_then(|()| stdout.flush());
        drop(stdout);
        match written {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe && !self.lost => {
                self.lost = true;
                self.say(&format!("Error: Output cannot be written\n  {error}."));
            }
            // Nobody reads any more: the work goes on all the same.
            _ => {}
        }
    }

    /// Whether something that was to be printed was lost.
    pub fn lost(&self) -> bool {
        self.lost
    }

    /// A line (or several) on stderr.
    pub fn say(&mut self, text: &str) {
        let text = self.redactor.redact(text);
        let mut stderr = std::io::stderr().lock();
        let _: std::io::Result<()> = writeln!(stderr, "{text}");
    }

    /// A message of the JSON stream.
    pub fn message(&mut self, message: &serde_json::Value) {
        self.print(&message.to_string());
    }

    /// Shows all complaints gathered so far and forgets them.
    pub fn show(&mut self, diags: &mut Diagnostics, sources: &Sources) {
        for diagnostic in self.take(diags, sources) {
            self.message(&diagnostic);
        }
    }

    fn take(&mut self, diags: &mut Diagnostics, sources: &Sources) -> Vec<serde_json::Value> {
        let all = diags.take();
        if all.is_empty() {
            return Vec::new();
        }
        if self.json {
            return all.iter().map(|d| json::diagnostic_message(d, sources, &timestamp())).collect();
        }
        let (warnings, errors): (Vec<Diagnostic>, Vec<Diagnostic>) =
            all.into_iter().partition(|d| self.compact_warnings && d.severity == Severity::Warning);
        let mut text = render::diagnostics(&errors, sources, &self.err);
        for warning in &warnings {
            text.push_str(&format!("Warning: {}\n", warning.summary));
        }
        self.say(text.trim_end_matches('\n'));
        Vec::new()
    }

    /// Shows all complaints and ends the command if one was an error, saying how many and that nothing happened.
    pub fn check(&mut self, diags: &mut Diagnostics, sources: &Sources) -> Result<(), Reported> {
        let errors = diags.errors();
        let checked = diags.check();
        self.show(diags, sources);
        if checked.is_err() && !self.json {
            self.say(&format!("\n{}", render::error_count(errors)));
        }
        checked
    }

    /// Shows one complaint that has no place in the configuration, and gives the proof.
    pub fn fail(&mut self, diagnostic: Diagnostic) -> Reported {
        let mut diags = Diagnostics::new();
        let reported = diags.error(diagnostic);
        self.show(&mut diags, &Sources::new());
        reported
    }
}

/// The time as JSON messages carry it.
pub fn timestamp() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// Seconds since 1970 as JSON documents carry them: `2026-01-31T08:00:00Z`.
pub fn rfc3339(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}

/// Columns of the terminal, as the shell says; 80 if it does not.
fn width() -> usize {
    terminal_width().unwrap_or(80).max(40)
}

/// Columns and rows of the terminal at this moment.
pub fn terminal() -> (usize, usize) {
    match terminal_size::terminal_size() {
        Some((width, height)) => (usize::from(width.0).max(2), usize::from(height.0)),
        None => (width(), 24),
    }
}

fn terminal_width() -> Option<usize> {
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).or_else(|| {
        let (width, _) = terminal_size::terminal_size()?;
        Some(usize::from(width.0))
    })
}
