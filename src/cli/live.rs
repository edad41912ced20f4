//! An apply while it runs: on a terminal lines that are drawn anew at the bottom, elsewhere a line at the start and the end of each step.
//!
//! A frame is one write: up to the first of its lines, each line over the old one, then what is left over is erased. So nothing
//! flickers, and what stays ("… complete after 2s") scrolls away above.

use super::environment::Environment;
use super::output::{self, Output, timestamp};
use super::signals;
use crate::apply::{Event, Stop};
use crate::plan::Plan;
use crate::render::{self, Progress, Style, json};
use std::cell::RefCell;
use std::future::Future;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How often the frame may change.
const TICK: Duration = Duration::from_millis(200);

/// What takes less is not worth a line.
const LONG: Duration = Duration::from_secs(1);

const HIDE_CURSOR: &str = "\x1b[?25l";
const SHOW_CURSOR: &str = "\x1b[?25h";
const ERASE_LINE: &str = "\x1b[K";
const ERASE_BELOW: &str = "\x1b[J";

/// Tells of an apply.
pub struct Live<'o> {
    output: &'o mut Output,
    /// `None`: nobody sees a frame.
    frame: Option<Frame>,
}

struct Frame {
    progress: Progress,
    start: Instant,
    /// What stands on the terminal now.
    drawn: Vec<String>,
}

impl<'o> Live<'o> {
    pub fn new(plan: &Plan, environment: &Environment, output: &'o mut Output) -> Self {
        let new = || Frame { progress: Progress::new(plan), start: Instant::now(), drawn: Vec::new() };
        let frame = may_draw(environment, output).then(new);
        Self { output, frame }
    }

    pub fn tell(&mut self, event: &Event) {
        let Some(frame) = &mut self.frame else { return tell(event, self.output) };
        let now = frame.start.elapsed();
        let line = frame.progress.take(event, now);
        self.draw(line.as_deref());
    }

    /// Draws the frame anew if it differs, below a line that stays.
    fn draw(&mut self, line: Option<&str>) {
        let Some(frame) = &mut self.frame else { return };
        let (width, height) = output::terminal();
        let style = Style { color: self.output.out.color, width: Some(width) };
        let redactor = self.output.redactor();
        let redact = |text: &str| redactor.redact(text).into_owned();
        let lines = frame.progress.lines(frame.start.elapsed(), height, &style);
        let lines: Vec<String> = lines.iter().map(|line| redact(line)).collect();
        if line.is_none() && lines == frame.drawn {
            return;
        }
        let mut text = String::new();
        if frame.drawn.is_empty() && !lines.is_empty() {
            text.push_str(HIDE_CURSOR);
        }
        text.push_str(&over(&frame.drawn, width));
        if let Some(line) = line {
            text.push_str(&format!("{}{ERASE_LINE}\n", redact(line)));
        }
        text.push_str(&lines.join(&format!("{ERASE_LINE}\n")));
        text.push_str(&format!("{ERASE_LINE}{ERASE_BELOW}"));
        if lines.is_empty() && !frame.drawn.is_empty() {
            text.push_str(SHOW_CURSOR);
        }
        frame.drawn = lines;
        self.output.data(&text);
    }

    /// Takes the frame away, so that something else can be said.
    fn clear(&mut self) {
        let Some(frame) = &mut self.frame else { return };
        if !frame.drawn.is_empty() {
            let (width, _) = output::terminal();
            let text = format!("{}{ERASE_BELOW}{SHOW_CURSOR}", over(&frame.drawn, width));
            frame.drawn.clear();
            self.output.data(&text);
        }
    }

    fn say(&mut self, text: &str) {
        self.clear();
        self.output.say(text);
        self.draw(None);
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Whether there is a terminal on which lines can be drawn over.
fn may_draw(environment: &Environment, output: &Output) -> bool {
    let dumb = environment.var("TERM").is_none_or(|term| term == "dumb");
    // A log on the same terminal would be drawn over.
    let set = |name| environment.var(name).is_some_and(|value| !value.is_empty());
    let logs = environment.stderr_is_terminal && set("ISOTOPE_LOG") && !set("ISOTOPE_LOG_PATH");
    environment.stdout_is_terminal && !dumb && !logs && !output.json
}

/// Waits for something that nobody tells of; where it takes long, one line says what it is.
pub async fn waiting<F: Future>(
    environment: &Environment,
    output: &mut Output,
    what: impl Fn(Duration) -> String,
    work: F,
) -> F::Output {
    if !may_draw(environment, output) {
        return work.await;
    }
    let mut work = std::pin::pin!(work);
    let start = Instant::now();
    let mut tick = tokio::time::interval(TICK);
    let mut drawn = String::new();
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut work => break ended,
            _ = tick.tick() => {
                let text = what(start.elapsed());
                if start.elapsed() >= LONG && text != drawn {
                    output.data(&format!("\r{text}{ERASE_LINE}"));
                    drawn = text;
                }
            }
        }
    };
    if !drawn.is_empty() {
        output.data(&format!("\r{ERASE_LINE}"));
    }
    ended
}

/// Leads from the end of what is drawn back to its start. A terminal that became narrower has broken its lines.
fn over(drawn: &[String], width: usize) -> String {
    let rows: usize = drawn.iter().map(|line| render::columns(line).div_ceil(width).max(1)).sum();
    match rows {
        0 | 1 => "\r".to_owned(),
        rows => format!("\r\x1b[{}A", rows - 1),
    }
}

/// Waits for the end of an apply, keeps its frame alive meanwhile, and answers interrupts.
pub async fn watch<F: Future>(
    live: &RefCell<Live<'_>>,
    mut stop: watch::Receiver<Stop>,
    applying: F,
) -> F::Output {
    let mut applying = std::pin::pin!(applying);
    let mut tick = tokio::time::interval(TICK);
    let mut answered = Stop::No;
    let mut answer = |asked: Stop| {
        if asked > std::mem::replace(&mut answered, asked) {
            live.borrow_mut().say(signals::words(asked));
        }
    };
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut applying => break ended,
            Ok(()) = stop.changed() => answer(*stop.borrow_and_update()),
            _ = tick.tick() => live.borrow_mut().draw(None),
        }
    };
    // The apply may have seen it first.
    answer(*stop.borrow());
    ended
}

fn tell(event: &Event, output: &mut Output) {
    if output.json {
        if let Some(message) = json::event_message(event, &timestamp()) {
            output.message(&message);
        }
    } else if let Some(line) = render::event(event) {
        output.print(&line);
    }
}
