//! What happens during an apply, a line each: the lines that other people's scripts read.

use crate::apply::Event;
use crate::plan::{Subject, Verb};
use std::time::Duration;

/// The line that tells of an event; `None` for one that needs none. A failure is told by its diagnostic, at the end.
pub fn event(event: &Event) -> Option<String> {
    match event {
        Event::Adopted { addr, id } => {
            Some(format!("{addr}: Adopted [id={id}], created by an earlier run that did not finish"))
        }
        Event::Imported { addr, id } => Some(format!("{addr}: Import complete [id={id}]")),
        Event::Started { subject, verb, id } => {
            let words = Words::of(*verb)?;
            Some(format!("{}: {}...{}", name(subject), words.doing, bracket(id.as_deref())))
        }
        Event::Still { subject, verb, id, elapsed } => {
            let words = Words::of(*verb)?;
            let doing = words.doing.to_lowercase();
            let id = id.as_deref().map(|id| format!("id={id}, ")).unwrap_or_default();
            Some(format!("{}: Still {doing}... [{id}{} elapsed]", name(subject), seconds(*elapsed)))
        }
        Event::Done { subject, verb, id, elapsed } => {
            let words = Words::of(*verb)?;
            // The object is gone: its id says nothing any more.
            let id = id.as_deref().filter(|_| *verb != Verb::Delete);
            let elapsed = seconds(*elapsed);
            Some(format!("{}: {} complete after {elapsed}{}", name(subject), words.done, bracket(id)))
        }
        Event::Failed { .. } => None,
    }
}

/// How a verb is spoken of.
pub(super) struct Words {
    /// `Creating`
    pub doing: &'static str,
    /// `Creation`
    pub done: &'static str,
}

impl Words {
    /// `None` for a verb that sends nothing.
    pub(super) fn of(verb: Verb) -> Option<Self> {
        match verb {
            Verb::Create => Some(Self { doing: "Creating", done: "Creation" }),
            Verb::Update => Some(Self { doing: "Modifying", done: "Modifications" }),
            Verb::Delete => Some(Self { doing: "Destroying", done: "Destruction" }),
            Verb::Read => Some(Self { doing: "Reading", done: "Read" }),
            Verb::Forget | Verb::Record => None,
        }
    }
}

/// `instance.support`, `instance.support (deposed object 0a1b2c3d)`.
pub(super) fn name(subject: &Subject) -> String {
    match &subject.deposed {
        Some(key) => format!("{} (deposed object {key})", subject.addr),
        None => subject.addr.to_string(),
    }
}

fn bracket(id: Option<&str>) -> String {
    id.map(|id| format!(" [id={id}]")).unwrap_or_default()
}

/// Whole seconds as Go prints them: `9s`, `1m10s`, `1h0m5s`.
pub(super) fn seconds(elapsed: Duration) -> String {
    let all = elapsed.as_secs() + u64::from(elapsed.subsec_millis() >= 500);
    match (all / 3600, all / 60 % 60, all % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::{ObjectAddr, ObjectKey, ResourceAddr};
    use crate::diag::Diagnostic;

    fn subject(deposed: Option<&str>) -> Subject {
        let addr = ObjectAddr::root(ResourceAddr::managed("instance", "desk"), ObjectKey::Name("eu".into()));
        Subject { addr, deposed: deposed.map(Into::into) }
    }

    /// The lines at the start, after a while and at the end of a step.
    fn check(verb: Verb, id: Option<&str>, deposed: Option<&str>, lines: [Option<&str>; 3]) {
        let id = || id.map(std::sync::Arc::from);
        let subject = || subject(deposed);
        let while_running = Duration::from_secs(10);
        let elapsed = Duration::from_millis(1_600);
        let events = [
            Event::Started { subject: subject(), verb, id: id() },
            Event::Still { subject: subject(), verb, id: id(), elapsed: while_running },
            Event::Done { subject: subject(), verb, id: id(), elapsed },
        ];
        let shown = events.each_ref().map(event);
        assert_eq!(shown.each_ref().map(Option::as_deref), lines);
    }

    #[test]
    fn the_fixed_lines() {
        let made = r#"instance.desk["eu"]: Creation complete after 2s [id=42]"#;
        check(
            Verb::Create,
            Some("42"),
            None,
            [
                Some(r#"instance.desk["eu"]: Creating... [id=42]"#),
                Some(r#"instance.desk["eu"]: Still creating... [id=42, 10s elapsed]"#),
                Some(made),
            ],
        );
        check(
            Verb::Create,
            None,
            None,
            [
                Some(r#"instance.desk["eu"]: Creating..."#),
                Some(r#"instance.desk["eu"]: Still creating... [10s elapsed]"#),
                Some(r#"instance.desk["eu"]: Creation complete after 2s"#),
            ],
        );
        check(
            Verb::Update,
            Some("42"),
            None,
            [
                Some(r#"instance.desk["eu"]: Modifying... [id=42]"#),
                Some(r#"instance.desk["eu"]: Still modifying... [id=42, 10s elapsed]"#),
                Some(r#"instance.desk["eu"]: Modifications complete after 2s [id=42]"#),
            ],
        );
        check(
            Verb::Delete,
            Some("42"),
            Some("abcd1234"),
            [
                Some(r#"instance.desk["eu"] (deposed object abcd1234): Destroying... [id=42]"#),
                Some(
                    r#"instance.desk["eu"] (deposed object abcd1234): Still destroying... [id=42, 10s elapsed]"#,
                ),
                Some(r#"instance.desk["eu"] (deposed object abcd1234): Destruction complete after 2s"#),
            ],
        );
        check(Verb::Record, None, None, [None, None, None]);
    }

    #[test]
    fn adoption_and_failure() {
        let addr = subject(None).addr;
        let adopted = Event::Adopted { addr, id: "1001".into() };
        let line = r#"instance.desk["eu"]: Adopted [id=1001], created by an earlier run that did not finish"#;
        assert_eq!(event(&adopted).as_deref(), Some(line));
        let failed = Event::Failed {
            subject: subject(None),
            verb: Verb::Create,
            id: None,
            elapsed: Duration::ZERO,
            problem: Box::new(Diagnostic::error("x")),
        };
        assert_eq!(event(&failed), None);
    }

    #[test]
    fn durations_read_as_go_prints_them() {
        for (millis, text) in [(0, "0s"), (499, "0s"), (500, "1s"), (70_000, "1m10s"), (3_605_000, "1h0m5s")]
        {
            assert_eq!(seconds(Duration::from_millis(millis)), text);
        }
    }
}
