//! What was found besides the changes: operations that an earlier run left open, and what was changed outside.

use super::{Detail, Page, content, edits};
use crate::addr::ObjectAddr;
use crate::plan::{Action, Drift, Edit, Finding, Mode, Plan, Subject, Verdict};
use crate::render::paint::{Ink, fold, wrap};
use crate::render::rows::{Row, Symbol, lay_out};

/// A sentence or two for each operation that was open.
pub(super) fn findings(page: &Page<'_>) -> Option<String> {
    let texts = finding_texts(page);
    let texts: Vec<String> = texts.iter().map(|text| wrap(text, page.style.width)).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

pub(super) fn finding_texts(page: &Page<'_>) -> Vec<String> {
    page.plan.answers.findings.iter().map(finding).collect()
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
    let title = page.style.paint(Ink::Strong, DRIFTED);
    let blocks: Vec<String> = drifted(page).iter().map(|block| block.text(page)).collect();
    (!blocks.is_empty()).then(|| format!("{title}\n{}", blocks.join("\n")))
}

pub(super) const DRIFTED: &str = "Changed outside since the last apply:";

/// An object that was changed outside.
pub(super) struct Drifted<'p> {
    addr: &'p ObjectAddr,
    id: &'p str,
    is_gone: bool,
    pub rows: Vec<Row>,
}

impl Drifted<'_> {
    fn text(&self, page: &Page<'_>) -> String {
        let (sign, ink) = if self.is_gone { ("-", Ink::Removed) } else { ("~", Ink::Changed) };
        let header = format!("  {} {}", page.style.paint(ink, sign), self.header());
        let mut lines = vec![fold(&header, page.style.width, 6)];
        lines.extend(lay_out(&self.rows, 6, page.style));
        lines.join("\n")
    }

    /// Without the symbol.
    pub(super) fn header(&self) -> String {
        let gone = if self.is_gone { "   deleted" } else { "" };
        format!("{}  [id={}]{gone}", self.addr, self.id)
    }

    pub(super) fn symbol(&self) -> Symbol {
        if self.is_gone { Symbol::Remove } else { Symbol::Change }
    }
}

pub(super) fn drifted<'p>(page: &Page<'p>) -> Vec<Drifted<'p>> {
    let plan: &'p Plan = page.plan;
    plan.drift.iter().filter_map(|drift| block(page, drift)).collect()
}

fn block<'p>(page: &Page<'_>, drift: &'p Drift) -> Option<Drifted<'p>> {
    let addr = &drift.addr;
    let Some(current) = &drift.current else {
        let gone = Drifted { addr, id: &drift.prior.id, is_gone: true, rows: Vec::new() };
        return is_left_gone(page, drift).then_some(gone);
    };
    let left: Vec<Edit> = drift.edits.iter().filter(|edit| is_left(page, drift, edit)).cloned().collect();
    if left.is_empty() {
        return None;
    }
    let kind = page.kinds.get(&addr.resource.kind).map(|kind| &**kind);
    // The heading has said that it is drift.
    let plain = |edit: Edit| Edit { cause: crate::plan::Cause::Computed, ..edit };
    let left: Vec<Edit> = left.into_iter().map(plain).collect();
    let rows = match page.detail {
        Detail::Concise => Vec::new(),
        Detail::Normal | Detail::Full => edits::rows(page, kind, &left, &current.values),
    };
    Some(Drifted { addr, id: &current.id, is_gone: false, rows })
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
    let change = page.plan.changes.get(&Subject::current(drift.addr.clone())).map(|change| &**change);
    chosen && !content::is_put_back(change, &edit.path)
}
