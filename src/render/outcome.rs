//! How an apply ended: one line when all went well, else a ledger of what was done, what was not, and what happens next.

use super::Style;
use super::event::name;
use super::paint::{enumerate, wrap};
use crate::addr::ObjectAddr;
use crate::apply::{Outcome, Stop};
use crate::plan::{Action, Mode, Plan, ReplaceOrder, Subject, Verb};

/// How many skipped steps are named one by one.
const NAMED: usize = 3;

/// The end of an apply, without the outputs.
pub fn outcome(outcome: &Outcome, plan: &Plan, style: &Style) -> String {
    let verb = if plan.mode == Mode::Destroy { "Destroy" } else { "Apply" };
    if outcome.is_complete() {
        return format!("{verb} complete! Resources: {}.", totals(outcome, plan.mode));
    }
    let mut lines = vec![format!("{verb} incomplete: {}.", ledger(outcome, plan))];
    lines.extend(halves(outcome, plan));
    lines.extend(saved(outcome));
    lines.extend(open(outcome));
    lines.extend(interrupted(outcome, plan));
    wrap(&lines.join("\n"), style.width)
}

pub(super) fn totals(outcome: &Outcome, mode: Mode) -> String {
    let Outcome { added, changed, destroyed, imported, .. } = outcome;
    if mode == Mode::Destroy {
        return format!("{destroyed} destroyed");
    }
    let imported = if *imported > 0 { format!("{imported} imported, ") } else { String::new() };
    format!("{imported}{added} added, {changed} changed, {destroyed} destroyed")
}

fn ledger(outcome: &Outcome, plan: &Plan) -> String {
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
        parts.push(format!("{} skipped ({})", outcome.skipped.len(), skipped(outcome, plan)));
    }
    if !outcome.not_started.is_empty() {
        parts.push(format!("{} not started", outcome.not_started.len()));
    }
    if parts.is_empty() { "nothing was done".to_owned() } else { parts.join(", ") }
}

fn skipped(outcome: &Outcome, plan: &Plan) -> String {
    let named = outcome.skipped.iter().take(NAMED);
    let mut parts: Vec<String> =
        named.map(|(subject, verb, needed)| why_skipped(subject, *verb, needed, plan)).collect();
    if outcome.skipped.len() > NAMED {
        parts.push(format!("and {} more", outcome.skipped.len() - NAMED));
    }
    parts.join("; ")
}

fn why_skipped(subject: &Subject, verb: Verb, needed: &ObjectAddr, plan: &Plan) -> String {
    let addr = &subject.addr;
    match (order(subject, plan), verb) {
        (Some(_), Verb::Create) if addr == needed => format!("the new {addr} needs the old one gone"),
        (Some(_), Verb::Delete) if addr == needed => format!("the old {addr} stays until there is a new one"),
        _ => format!("{} needs {needed}", step_name(subject, verb, plan)),
    }
}

fn order(subject: &Subject, plan: &Plan) -> Option<ReplaceOrder> {
    match &plan.changes.get(subject)?.action {
        Action::Replace { order, .. } => Some(*order),
        _ => None,
    }
}

/// The two halves of a replacement have names of their own.
fn step_name(subject: &Subject, verb: Verb, plan: &Plan) -> String {
    match (order(subject, plan), verb) {
        (Some(_), Verb::Create) => format!("the new {}", subject.addr),
        (Some(_), Verb::Delete) => format!("the old {}", subject.addr),
        _ => name(subject),
    }
}

/// What there is now of each object whose replacement came to half.
fn halves(outcome: &Outcome, plan: &Plan) -> Vec<String> {
    let stands = outcome.failed.iter().filter(|failure| failure.stands && failure.verb == Verb::Create);
    let stands = stands.filter_map(|failure| {
        let subject = &failure.subject;
        Some(beside(&subject.addr, order(subject, plan)?))
    });
    let failed = outcome.failed.iter().filter(|failure| !failure.stands);
    let failed = failed.map(|failure| (&failure.subject, failure.verb));
    let waiting = outcome.not_started.iter().map(|(subject, verb)| (subject, *verb));
    let both_wait = |(subject, verb): &(&Subject, Verb)| {
        let other = if *verb == Verb::Create { Verb::Delete } else { Verb::Create };
        outcome.not_started.iter().any(|(waits, verb)| waits == *subject && *verb == other)
    };
    // Of what may have happened the line on open ends speaks.
    let known = |(subject, _): &(&Subject, Verb)| !outcome.open.contains(&subject.addr);
    let half = failed.chain(waiting.filter(|half| !both_wait(half))).filter(known);
    let half = half.filter_map(|(subject, verb)| half_done(&subject.addr, verb, order(subject, plan)?));
    half.chain(stands).collect()
}

/// What there is of an object whose new form was made and failed.
fn beside(addr: &ObjectAddr, order: ReplaceOrder) -> String {
    match order {
        ReplaceOrder::DeleteFirst => {
            format!("The old {addr} is destroyed; the new one was made, and failed.")
        }
        ReplaceOrder::CreateFirst => {
            format!("The old {addr} stays beside the new one, which was made, and failed.")
        }
        ReplaceOrder::ForgetFirst => {
            format!("The old {addr} is no longer managed; the new one was made, and failed.")
        }
    }
}

fn half_done(addr: &ObjectAddr, verb: Verb, order: ReplaceOrder) -> Option<String> {
    match (verb, order) {
        (Verb::Create, ReplaceOrder::DeleteFirst) => Some(format!(
            "The old {addr} is destroyed and the new one was not made: there is none until the next apply."
        )),
        (Verb::Create, ReplaceOrder::CreateFirst) => {
            Some(format!("The old {addr} stays: the new one was not made."))
        }
        (Verb::Create, ReplaceOrder::ForgetFirst) => Some(format!(
            "The old {addr} is no longer managed and the new one was not made: the next apply makes it."
        )),
        (Verb::Delete, ReplaceOrder::DeleteFirst) => {
            Some(format!("The old {addr} stays, and the new one was not begun."))
        }
        (Verb::Delete, ReplaceOrder::CreateFirst) => Some(format!(
            "The new {addr} stands; the old one is still there, and the next apply destroys it."
        )),
        _ => None,
    }
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

fn interrupted(outcome: &Outcome, plan: &Plan) -> Option<String> {
    let names: Vec<String> =
        outcome.not_started.iter().map(|(subject, verb)| step_name(subject, *verb, plan)).collect();
    match (outcome.stopped, names.is_empty()) {
        (Stop::No, true) => None,
        (_, true) => Some("The run was interrupted.".to_owned()),
        (_, false) => Some(format!("Not started because the run was interrupted: {}.", names.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::{ObjectKey, ResourceAddr};
    use crate::apply::Failure;
    use crate::diag::Diagnostic;
    use crate::plan::ReplaceReason;
    use crate::render::testing::{plan_of, planned, record};

    fn addr(name: &str) -> ObjectAddr {
        ObjectAddr::root(ResourceAddr::managed("instance", name), ObjectKey::Single)
    }

    fn failure(name: &str) -> Failure {
        let subject = Subject::current(addr(name));
        Failure { subject, verb: Verb::Create, stands: false, problem: Diagnostic::error("The API refused") }
    }

    fn skip(name: &str, needed: &str) -> (Subject, Verb, ObjectAddr) {
        (Subject::current(addr(name)), Verb::Create, addr(needed))
    }

    fn check(of: Outcome, mode: Mode, text: &str) {
        let plan = Plan { mode, ..plan_of(Vec::new()) };
        assert_eq!(outcome(&of, &plan, &Style::default()), text);
    }

    /// The ledger of a plan that replaces `instance.a`.
    fn check_replacement(order: ReplaceOrder, of: Outcome, text: &str) {
        let (prior, because) = (record("1", "{}"), ReplaceReason::Tainted);
        let replace = Action::Replace { prior, planned: planned("{}"), edits: Vec::new(), order, because };
        assert_eq!(outcome(&of, &plan_of(vec![("a", 1, replace)]), &Style::default()), text);
    }

    #[test]
    fn the_halves_of_a_replacement_are_told_apart() {
        let failed = |verb| vec![Failure { verb, ..failure("a") }];
        let skip = |verb| vec![(Subject::current(addr("a")), verb, addr("a"))];
        check_replacement(
            ReplaceOrder::DeleteFirst,
            Outcome { destroyed: 1, failed: failed(Verb::Create), ..Outcome::default() },
            "Apply incomplete: 1 destroyed, 1 failed.\nThe old instance.a is destroyed and the new one was not made: \
             there is none until the next apply.\nWhat was done is in the state.",
        );
        check_replacement(
            ReplaceOrder::DeleteFirst,
            Outcome { failed: failed(Verb::Delete), skipped: skip(Verb::Create), ..Outcome::default() },
            "Apply incomplete: 1 failed, 1 skipped (the new instance.a needs the old one gone).\n\
             The old instance.a stays, and the new one was not begun.",
        );
        check_replacement(
            ReplaceOrder::CreateFirst,
            Outcome { failed: failed(Verb::Create), skipped: skip(Verb::Delete), ..Outcome::default() },
            "Apply incomplete: 1 failed, 1 skipped (the old instance.a stays until there is a new one).\n\
             The old instance.a stays: the new one was not made.",
        );
        let flawed = vec![Failure { stands: true, ..failure("a") }];
        check_replacement(
            ReplaceOrder::CreateFirst,
            Outcome { failed: flawed, skipped: skip(Verb::Delete), ..Outcome::default() },
            "Apply incomplete: 1 failed, 1 skipped (the old instance.a stays until there is a new one).\n\
             The old instance.a stays beside the new one, which was made, and failed.",
        );
        let half = vec![(Subject::current(addr("a")), Verb::Delete)];
        check_replacement(
            ReplaceOrder::CreateFirst,
            Outcome { added: 1, not_started: half, stopped: Stop::Soon, ..Outcome::default() },
            "Apply incomplete: 1 created, 1 not started.\nThe new instance.a stands; the old one is still there, and the \
             next apply destroys it.\nWhat was created is in the state.\n\
             Not started because the run was interrupted: the old instance.a.",
        );
    }

    #[test]
    fn long_lines_are_wrapped() {
        let of = Outcome { open: vec![addr("a"), addr("b")], ..Outcome::default() };
        let style = Style { color: false, width: Some(40) };
        let text = outcome(&of, &plan_of(Vec::new()), &style);
        assert!(text.lines().count() > 2 && text.lines().all(|line| line.len() <= 40), "{text}");
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
