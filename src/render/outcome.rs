//! How an apply ended: one line when all went well, else a ledger of what was done, what was not, and what happens next.

use super::event::name;
use super::paint::enumerate;
use crate::apply::{Outcome, Stop};
use crate::plan::Mode;

/// How many skipped steps are named one by one.
const NAMED: usize = 3;

/// The end of an apply, without the outputs.
pub fn outcome(outcome: &Outcome, mode: Mode) -> String {
    let verb = if mode == Mode::Destroy { "Destroy" } else { "Apply" };
    if outcome.is_complete() {
        return format!("{verb} complete! Resources: {}.", totals(outcome, mode));
    }
    let mut lines = vec![format!("{verb} incomplete: {}.", ledger(outcome))];
    lines.extend(saved(outcome));
    lines.extend(open(outcome));
    lines.extend(interrupted(outcome));
    lines.join("\n")
}

pub(super) fn totals(outcome: &Outcome, mode: Mode) -> String {
    let Outcome { added, changed, destroyed, imported, .. } = outcome;
    if mode == Mode::Destroy {
        return format!("{destroyed} destroyed");
    }
    let imported = if *imported > 0 { format!("{imported} imported, ") } else { String::new() };
    format!("{imported}{added} added, {changed} changed, {destroyed} destroyed")
}

fn ledger(outcome: &Outcome) -> String {
    let counts = [
        (outcome.imported, "imported"),
        (outcome.added, "created"),
        (outcome.changed, "changed"),
        (outcome.destroyed, "destroyed"),
        (outcome.failed.len(), "failed"),
        (outcome.open.len(), "unknown"),
    ];
    let mut parts: Vec<String> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    if !outcome.skipped.is_empty() {
        parts.push(format!("{} skipped ({})", outcome.skipped.len(), skipped(outcome)));
    }
    if !outcome.not_started.is_empty() {
        parts.push(format!("{} not started", outcome.not_started.len()));
    }
    if parts.is_empty() { "nothing was done".to_owned() } else { parts.join(", ") }
}

fn skipped(outcome: &Outcome) -> String {
    let named = outcome.skipped.iter().take(NAMED);
    let mut parts: Vec<String> =
        named.map(|(subject, _, needed)| format!("{} needs {needed}", name(subject))).collect();
    if outcome.skipped.len() > NAMED {
        parts.push(format!("and {} more", outcome.skipped.len() - NAMED));
    }
    parts.join("; ")
}

fn saved(outcome: &Outcome) -> Option<String> {
    let others = outcome.changed + outcome.destroyed + outcome.imported;
    match (outcome.added, others) {
        (0, 0) => None,
        (_, 0) => Some("What was created is in the state.".to_owned()),
        _ => Some("What was done is in the state.".to_owned()),
    }
}

fn open(outcome: &Outcome) -> Option<String> {
    let names: Vec<String> = outcome.open.iter().map(ToString::to_string).collect();
    (!names.is_empty()).then(|| {
        format!("What came of {} is not known yet: the next run looks and settles it.", enumerate(&names))
    })
}

fn interrupted(outcome: &Outcome) -> Option<String> {
    let names: Vec<String> = outcome.not_started.iter().map(|(subject, _)| name(subject)).collect();
    match (outcome.stopped, names.is_empty()) {
        (Stop::No, true) => None,
        (_, true) => Some("The run was interrupted.".to_owned()),
        (_, false) => Some(format!("Not started because the run was interrupted: {}.", names.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::{ObjectAddr, ObjectKey, ResourceAddr};
    use crate::apply::Failure;
    use crate::diag::Diagnostic;
    use crate::plan::{Subject, Verb};

    fn addr(name: &str) -> ObjectAddr {
        ObjectAddr::root(ResourceAddr::managed("instance", name), ObjectKey::Single)
    }

    fn failure(name: &str) -> Failure {
        let subject = Subject::current(addr(name));
        Failure { subject, verb: Verb::Create, problem: Diagnostic::error("The API refused") }
    }

    fn skip(name: &str, needed: &str) -> (Subject, Verb, ObjectAddr) {
        (Subject::current(addr(name)), Verb::Create, addr(needed))
    }

    fn check(of: Outcome, mode: Mode, text: &str) {
        assert_eq!(outcome(&of, mode), text);
    }

    #[test]
    fn all_went_well() {
        let done = || Outcome { added: 3, destroyed: 1, ..Outcome::default() };
        check(done(), Mode::Normal, "Apply complete! Resources: 3 added, 0 changed, 1 destroyed.");
        check(done(), Mode::Destroy, "Destroy complete! Resources: 1 destroyed.");
        let imported = Outcome { imported: 1, ..done() };
        check(
            imported,
            Mode::Normal,
            "Apply complete! Resources: 1 imported, 3 added, 0 changed, 1 destroyed.",
        );
    }

    #[test]
    fn one_was_refused() {
        check(
            Outcome {
                added: 1,
                failed: vec![failure("support")],
                skipped: vec![skip("report_feed", "support")],
                ..Outcome::default()
            },
            Mode::Normal,
            "Apply incomplete: 1 created, 1 failed, 1 skipped (instance.report_feed needs instance.support).\n\
             What was created is in the state.",
        );
        check(
            Outcome { failed: vec![failure("a")], ..Outcome::default() },
            Mode::Destroy,
            "Destroy incomplete: 1 failed.",
        );
    }

    #[test]
    fn many_skipped_are_counted() {
        let skipped = ["b", "c", "d", "e"].map(|name| skip(name, "a")).to_vec();
        check(
            Outcome { changed: 1, failed: vec![failure("a")], skipped, ..Outcome::default() },
            Mode::Normal,
            "Apply incomplete: 1 changed, 1 failed, 4 skipped (instance.b needs instance.a; instance.c needs \
             instance.a; instance.d needs instance.a; and 1 more).\nWhat was done is in the state.",
        );
    }

    #[test]
    fn interrupted_runs_say_what_is_open() {
        let not_started = vec![(Subject::current(addr("b")), Verb::Create)];
        check(
            Outcome { open: vec![addr("a")], not_started, stopped: Stop::Now, ..Outcome::default() },
            Mode::Normal,
            "Apply incomplete: 1 unknown, 1 not started.\n\
             What came of instance.a is not known yet: the next run looks and settles it.\n\
             Not started because the run was interrupted: instance.b.",
        );
        check(
            Outcome { stopped: Stop::Soon, ..Outcome::default() },
            Mode::Normal,
            "Apply incomplete: nothing was done.\nThe run was interrupted.",
        );
    }
}
