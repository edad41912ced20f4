//! A plan for a person: what changes by order of risk, then the details, then the line that scripts read.
//!
//! [`summary`] has a line an object, [`object`] the details of one, [`edits`], [`content`] and [`text`] the lines of its edits, [`notes`] what an
//! earlier run or somebody else did.

mod content;
mod edits;
mod notes;
mod object;
mod summary;
mod text;
#[cfg(test)]
mod tests;

pub(super) use summary::summary_line;

use super::Style;
use super::paint::{Ink, wrap};
use super::rows::lay_out;
use crate::addr::{self, ObjectAddr};
use crate::diag::Sources;
use crate::kind::Kinds;
use crate::plan::{Action, Mode, Plan, Subject};
use std::collections::BTreeSet;

/// How much is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    #[default]
    Normal,
    /// Only a line for each object.
    Concise,
    /// Every attribute, every object, nothing grouped.
    Full,
}

/// What writing a plan needs everywhere.
struct Page<'p> {
    plan: &'p Plan,
    sources: &'p Sources,
    kinds: &'p Kinds,
    detail: Detail,
    style: &'p Style,
    /// The objects that were deleted outside.
    gone: BTreeSet<&'p ObjectAddr>,
}

/// The plan as text, ending with the summary line or with `No changes. …`.
pub fn plan(plan: &Plan, sources: &Sources, kinds: &Kinds, detail: Detail, style: &Style) -> String {
    let gone = plan.drift.iter().filter(|drift| drift.current.is_none()).map(|drift| &drift.addr).collect();
    let page = Page { plan, sources, kinds, detail, style, gone };
    let groups = object::groups(&page);
    let outputs = page.outputs();
    let mut parts = Vec::new();
    parts.extend(notes::findings(&page));
    let drift = notes::drift(&page);
    if groups.is_empty() && outputs.is_none() {
        let changed_outside = drift.is_some();
        parts.extend(drift);
        parts.push(page.nothing(changed_outside));
        return parts.join("\n\n");
    }
    parts.insert(0, summary::header(&page));
    let several = groups.iter().map(|group| group.subjects.len()).sum::<usize>() > 1;
    if several || detail == Detail::Concise {
        parts.extend(summary::lines(&page, &groups));
    }
    if detail != Detail::Concise {
        parts.extend(
            groups
                .iter()
                .filter(|group| group.has_details(several, detail))
                .map(|g| object::details(&page, g)),
        );
    }
    parts.extend(drift);
    parts.extend(outputs);
    parts.push(page.end(groups.is_empty()));
    parts.join("\n\n")
}

impl Page<'_> {
    /// The changes of root outputs.
    fn outputs(&self) -> Option<String> {
        let changed = self.plan.outputs.iter().filter(|(_, change)| change.is_change());
        let rows: Vec<_> = changed
            .map(|(name, change)| {
                content::change(name, change.before.as_ref(), change.after.as_ref(), self.style)
            })
            .collect();
        if rows.is_empty() {
            return None;
        }
        let mut lines = vec![self.style.paint(Ink::Strong, "Changes to outputs:")];
        lines.extend(lay_out(&rows, 2, self.style));
        Some(lines.join("\n"))
    }

    /// The text of a plan that has nothing to do.
    fn nothing(&self, changed_outside: bool) -> String {
        let good = self.style.paint(Ink::Good, "No changes.");
        match self.plan.mode {
            Mode::RefreshOnly if changed_outside => self.only_refreshes(),
            Mode::RefreshOnly => format!("{good} Your infrastructure still matches the configuration."),
            Mode::Destroy => format!("{good} No objects need to be destroyed."),
            Mode::Normal => format!("{good} Your infrastructure matches the configuration."),
        }
    }

    fn end(&self, only_outputs: bool) -> String {
        if self.plan.mode == Mode::RefreshOnly {
            return self.only_refreshes();
        }
        if only_outputs {
            return self.sentence(
                "You can apply this plan to save these new output values to the state, without changing any real \
                 infrastructure.",
            );
        }
        summary_line(self.plan.counts())
    }

    fn only_refreshes(&self) -> String {
        self.sentence(
            "This is a refresh-only plan: nothing is done to undo these changes. Apply it to record them in the \
             state, without changing any real infrastructure.",
        )
    }

    fn sentence(&self, text: &str) -> String {
        wrap(text, self.style.width)
    }

    /// The objects that are managed.
    fn objects(&self) -> impl Iterator<Item = &Subject> {
        self.plan.changes.keys().filter(|subject| subject.addr.resource.mode == addr::Mode::Managed)
    }

    /// The one kind of all objects, in the plural if need be; `objects` when there are several kinds.
    fn noun(&self, number: usize) -> String {
        let mut kinds: Vec<&str> = self.objects().map(|subject| &*subject.addr.resource.kind).collect();
        kinds.dedup();
        kinds.sort_unstable();
        kinds.dedup();
        let kind = if let [kind] = kinds.as_slice() { kind } else { "object" };
        if number == 1 { kind.to_owned() } else { plural(kind) }
    }
}

/// The plural of a kind's name.
fn plural(kind: &str) -> String {
    match kind.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if kind.ends_with(['s', 'x', 'z']) || kind.ends_with("ch") || kind.ends_with("sh") => {
            format!("{kind}es")
        }
        _ => format!("{kind}s"),
    }
}

/// Whether anything is sent for it, or it is renamed: it has a line of its own.
fn is_shown(action: &Action, moved: bool) -> bool {
    match action {
        Action::NoOp { .. } => moved,
        // Gone from the world and from the configuration: told as a change outside.
        Action::Forget { .. } => false,
        _ => true,
    }
}
