//! What was found besides the changes: operations that an earlier run left open, and what was changed outside.

use super::{Detail, Page, content, edits};
use crate::plan::{Action, Drift, Edit, Finding, Mode, Subject, Verdict};
use crate::render::paint::{Ink, wrap};
use crate::render::rows::lay_out;

/// A sentence or two for each operation that was open.
pub(super) fn findings(page: &Page<'_>) -> Option<String> {
    let texts: Vec<String> =
        page.plan.answers.findings.iter().map(|found| wrap(&finding(found), page.style.width)).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn finding(found: &Finding) -> String {
    let addr = &found.addr;
    match &found.verdict {
        Verdict::Adopted(record) => {
            let how = if record.marker.is_some() { "carries its marker" } else { "is what was asked for" };
            format!(
                "An earlier run ended while it was creating {addr}. It was found: id {} {how} and will be adopted.",
                record.id
            )
        }
        Verdict::NotDone => {
            format!(
                "An earlier run ended while it was working on {addr}. Nothing came of it; it is planned anew."
            )
        }
        Verdict::Gone => format!("An earlier run ended while it was destroying {addr}. The object is gone."),
        Verdict::Updated(record) => {
            format!(
                "An earlier run ended while it was modifying {addr}. The change was made (id {}).",
                record.id
            )
        }
    }
}

/// What was changed outside and is not put back.
pub(super) fn drift(page: &Page<'_>) -> Option<String> {
    let blocks: Vec<String> = page.plan.drift.iter().filter_map(|drift| block(page, drift)).collect();
    if blocks.is_empty() {
        return None;
    }
    let title = page.style.paint(Ink::Strong, "Changed outside since the last apply:");
    Some(format!("{title}\n{}", blocks.join("\n")))
}

fn block(page: &Page<'_>, drift: &Drift) -> Option<String> {
    let addr = &drift.addr;
    let Some(current) = &drift.current else {
        return is_left_gone(page, drift).then(|| {
            format!("  {} {addr}  [id={}]   deleted", page.style.paint(Ink::Removed, "-"), drift.prior.id)
        });
    };
    let left: Vec<Edit> = drift.edits.iter().filter(|edit| is_left(page, drift, edit)).cloned().collect();
    if left.is_empty() {
        return None;
    }
    let header = format!("  {} {addr}  [id={}]", page.style.paint(Ink::Changed, "~"), current.id);
    if page.detail == Detail::Concise {
        return Some(header);
    }
    let kind = page.kinds.get(&addr.resource.kind).map(|kind| &**kind);
    // The heading has said that it is drift.
    let plain = |edit: Edit| Edit { cause: crate::plan::Cause::Computed, ..edit };
    let left: Vec<Edit> = left.into_iter().map(plain).collect();
    let rows = edits::rows(page, kind, &left, &current.values);
    Some(format!("{header}\n{}", lay_out(&rows, 6, page.style).join("\n")))
}

/// Whether the plan leaves it gone.
fn is_left_gone(page: &Page<'_>, drift: &Drift) -> bool {
    let change = page.plan.changes.get(&Subject::current(drift.addr.clone()));
    !change.is_some_and(|change| matches!(change.action, Action::Create { .. }))
}

/// Whether an edit from outside is kept, and worth telling: values that the API chooses are merely read again.
fn is_left(page: &Page<'_>, drift: &Drift, edit: &Edit) -> bool {
    if page.plan.mode == Mode::RefreshOnly || page.detail == Detail::Full {
        return true;
    }
    let attribute = match edit.path.0.first() {
        Some(crate::value::PathStep::Attr(name)) => name,
        _ => return true,
    };
    let kind = page.kinds.get(&drift.addr.resource.kind);
    let chosen = kind.and_then(|kind| kind.attributes.get(&**attribute)).is_some_and(|a| a.is_argument());
    chosen && !content::is_put_back(page.plan.changes.get(&Subject::current(drift.addr.clone())), &edit.path)
}
