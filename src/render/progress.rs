//! What runs at the moment → a few lines at the bottom of a terminal: one for each operation with its age, then a bar.
//!
//! Times are given as what has passed since the start, so that nothing here asks a clock.

use super::Style;
use super::event::{Words, event, name, seconds};
use super::paint::{Ink, columns, count, cut, cut_middle};
use crate::apply::Event;
use crate::plan::{Plan, Subject, Verb};
use std::time::Duration;

/// At most so many operations have a line of their own.
const ROWS: usize = 10;
/// Columns of the bar, if there is room.
const BAR: usize = 30;
/// A narrower bar says nothing.
const LEAST_BAR: usize = 8;
/// Before that, nobody can tell how long the rest takes.
const GUESS_AFTER: Duration = Duration::from_secs(2);

/// What is said while the world is read and that takes long.
pub fn reading(requests: u64, elapsed: Duration) -> String {
    let requests = count(usize::try_from(requests).unwrap_or(usize::MAX), "request");
    format!("Reading... {requests}, {}", seconds(elapsed))
}

/// How far an apply is.
pub struct Progress {
    total: usize,
    done: usize,
    failed: usize,
    /// In the order they were started.
    running: Vec<Running>,
}

struct Running {
    subject: Subject,
    verb: Verb,
    started: Duration,
}

impl Progress {
    pub fn new(plan: &Plan) -> Self {
        let steps = plan.steps.nodes().filter(|(_, step)| Words::of(step.verb).is_some());
        Self { total: steps.count(), done: 0, failed: 0, running: Vec::new() }
    }

    /// Takes note of an event; gives the line that stays when it has ended.
    pub fn take(&mut self, of: &Event, now: Duration) -> Option<String> {
        match of {
            Event::Adopted { .. } | Event::Imported { .. } => event(of),
            Event::Started { subject, verb, .. } => {
                self.running.push(Running { subject: subject.clone(), verb: *verb, started: now });
                None
            }
            Event::Still { .. } => None,
            Event::Done { subject, verb, .. } => {
                self.end(subject, *verb);
                self.done += 1;
                event(of)
            }
            Event::Failed { subject, verb, elapsed, .. } => {
                self.end(subject, *verb);
                self.failed += 1;
                let words = Words::of(*verb)?;
                Some(format!("{}: {} failed after {}", name(subject), words.done, seconds(*elapsed)))
            }
        }
    }

    fn end(&mut self, subject: &Subject, verb: Verb) {
        self.running.retain(|running| running.subject != *subject || running.verb != verb);
    }

    /// The lines, none wider than the terminal; nothing while nothing runs.
    pub fn lines(&self, now: Duration, height: usize, style: &Style) -> Vec<String> {
        if self.running.is_empty() {
            return Vec::new();
        }
        let width = style.width.unwrap_or(80);
        let rows = ROWS.min(height.saturating_sub(3)).max(1);
        let shown = if self.running.len() > rows { rows - 1 } else { self.running.len() };
        let mut lines: Vec<String> =
            self.running.iter().take(shown).map(|running| running.line(now, width, style)).collect();
        if self.running.len() > shown {
            lines.push(cut(&format!("  … and {} more", self.running.len() - shown), width - 1));
        }
        lines.push(self.bar(now, width, style));
        lines
    }

    fn bar(&self, now: Duration, width: usize, style: &Style) -> String {
        let ended = self.done + self.failed;
        let mut text = format!("{ended} of {}", self.total);
        if self.failed > 0 {
            text.push_str(&format!(", {} failed", self.failed));
        }
        text.push_str(&format!(", {}", seconds(now)));
        if let Some(left) = self.left(now) {
            text.push_str(&format!(", about {} left", seconds(left)));
        }
        // The last column stays free: some terminals wrap as soon as it is written.
        let room = width.saturating_sub(columns(&text) + 3).min(BAR);
        if room < LEAST_BAR || self.total == 0 {
            return cut(&text, width - 1);
        }
        let full = room * ended.min(self.total) / self.total;
        let (full, rest) = ("█".repeat(full), "░".repeat(room - full));
        format!("{}{}  {text}", style.paint(Ink::Good, &full), style.paint(Ink::Faint, &rest))
    }

    /// How long the rest takes if it goes on like this.
    fn left(&self, now: Duration) -> Option<Duration> {
        let ended = u32::try_from(self.done + self.failed).ok().filter(|ended| *ended > 0)?;
        let rest = u32::try_from(self.total.saturating_sub(self.done + self.failed)).ok()?;
        (now >= GUESS_AFTER && rest > 0).then(|| now / ended * rest)
    }
}

impl Running {
    fn line(&self, now: Duration, width: usize, style: &Style) -> String {
        let doing = Words::of(self.verb).map_or("", |words| words.doing);
        let age = seconds(now.saturating_sub(self.started));
        let tail = format!(": {doing}... {age}");
        let room = (width - 1).saturating_sub(2 + columns(&tail));
        let (ink, sign) = match self.verb {
            Verb::Create => (Ink::Added, "+"),
            Verb::Read => (Ink::Faint, "<="),
            Verb::Delete => (Ink::Removed, "-"),
            Verb::Update | Verb::Forget | Verb::Record => (Ink::Changed, "~"),
        };
        let name = name(&self.subject);
        // Where not even that fits, the address says more than the age.
        match room >= LEAST_BAR || columns(&name) <= room {
            true => format!("{} {}{tail}", style.paint(ink, sign), cut_middle(&name, room)),
            false => cut_middle(&format!("{sign} {name}"), width - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Action, Step};
    use crate::render::testing::{addr, plan_of, planned};

    fn progress(names: &[&str]) -> Progress {
        let create = |name: &&'static str| (*name, 1, Action::Create { planned: planned("{}") });
        let names: Vec<&'static str> = names.iter().map(|name| &*Box::leak((*name).into())).collect();
        let mut plan = plan_of(names.iter().map(create).collect());
        for name in names {
            plan.steps.add(Step { subject: Subject::current(addr(name)), verb: Verb::Create });
        }
        Progress::new(&plan)
    }

    fn started(name: &str) -> Event {
        Event::Started { subject: Subject::current(addr(name)), verb: Verb::Create, id: None }
    }

    fn done(name: &str) -> Event {
        let (subject, elapsed) = (Subject::current(addr(name)), Duration::from_secs(2));
        Event::Done { subject, verb: Verb::Create, id: Some("42".into()), elapsed }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn check(of: &Progress, now: u64, width: usize, height: usize, text: &[&str]) {
        let lines = of.lines(at(now), height, &Style { color: false, width: Some(width) });
        assert_eq!(lines, text);
        assert!(lines.iter().all(|line| columns(line) < width), "{lines:?}");
    }

    #[test]
    fn each_operation_has_a_line_with_its_age_above_the_bar() {
        let mut of = progress(&["a", "b", "c", "d"]);
        check(&of, 0, 60, 24, &[]);
        assert_eq!(of.take(&started("a"), at(0)), None);
        assert_eq!(of.take(&started("b"), at(1)), None);
        let bar = "░".repeat(30);
        check(
            &of,
            3,
            60,
            24,
            &["+ instance.a: Creating... 3s", "+ instance.b: Creating... 2s", &format!("{bar}  0 of 4, 3s")],
        );
        assert_eq!(
            of.take(&done("a"), at(4)).as_deref(),
            Some("instance.a: Creation complete after 2s [id=42]")
        );
        let bar = format!("{}{}", "█".repeat(7), "░".repeat(23));
        check(
            &of,
            4,
            80,
            24,
            &["+ instance.b: Creating... 3s", &format!("{bar}  1 of 4, 4s, about 12s left")],
        );
    }

    #[test]
    fn nothing_is_wider_or_higher_than_the_terminal() {
        let names: Vec<String> =
            (0..30).map(|at| format!("a_rather_long_name_of_an_instance_{at}")).collect();
        let mut of = progress(&names.iter().map(String::as_str).collect::<Vec<_>>());
        for name in &names {
            of.take(&started(name), at(0));
        }
        for width in 2..120 {
            for height in 1..30 {
                let style = Style { color: false, width: Some(width) };
                let lines = of.lines(at(9), height, &style);
                assert!(lines.iter().all(|line| columns(line) < width), "{width}: {lines:?}");
                assert!(lines.len() < height.max(4), "{height}: {lines:?}");
            }
        }
    }

    #[test]
    fn failures_are_told_and_counted() {
        let mut of = progress(&["a", "b"]);
        of.take(&started("a"), at(0));
        of.take(&started("b"), at(0));
        let failed = Event::Failed {
            subject: Subject::current(addr("a")),
            verb: Verb::Create,
            id: None,
            elapsed: at(1),
            problem: Box::new(crate::diag::Diagnostic::error("x")),
        };
        assert_eq!(of.take(&failed, at(1)).as_deref(), Some("instance.a: Creation failed after 1s"));
        check(&of, 1, 30, 24, &["+ instance.b: Creating... 1s", "1 of 2, 1 failed, 1s"]);
    }
}
