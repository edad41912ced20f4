//! A plan for a person: what changes by order of risk, then the details, then the line that scripts read.
//!
//! [`summary`] has a line an object, [`object`] the details of one, [`edits`], [`content`] and [`text`] the lines of its edits, [`notes`] what an
//! earlier run or somebody else did. [`markdown`] is the same for a pull request.

pub(super) mod content;
mod edits;
mod markdown;
mod notes;
mod object;
mod summary;
mod text;
#[cfg(test)]
mod tests;

pub use markdown::{LONGEST, markdown};
pub(super) use summary::summary_line;

use super::Style;
use super::paint::{Ink, wrap};
use super::rows::{Row, lay_out};
use crate::addr::{self, ObjectAddr};
use crate::diag::Sources;
use crate::kind::Kinds;
use crate::plan::{Action, Change, DeleteReason, Mode, Plan, Subject};
use std::collections::{BTreeMap, BTreeSet};

const ONLY_REFRESHES: &str = "This is a refresh-only plan: nothing is done to undo these changes. Apply it to record them in the \
                              state, without changing any real infrastructure.";
const ONLY_OUTPUTS: &str = "You can apply this plan to save these new output values to the state, without changing any real \
                            infrastructure.";

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
    /// What is adopted, and its id.
    imports: BTreeMap<&'p ObjectAddr, &'p str>,
}

/// The plan as text, ending with the summary line or with `No changes. …`.
pub fn plan(plan: &Plan, sources: &Sources, kinds: &Kinds, detail: Detail, style: &Style) -> String {
    let page = Page::new(plan, sources, kinds, detail, style);
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
        parts.extend(groups.iter().filter_map(|group| object::details(&page, group, several)));
    }
    parts.extend(drift);
    parts.extend(outputs);
    parts.extend(page.everything_goes().map(|text| page.style.paint(Ink::Removed, &page.sentence(&text))));
    parts.push(page.end(groups.is_empty()));
    parts.join("\n\n")
}

impl<'p> Page<'p> {
    fn new(plan: &'p Plan, sources: &'p Sources, kinds: &'p Kinds, detail: Detail, style: &'p Style) -> Self {
        let gone = plan.drift.iter().filter(|drift| drift.current.is_none()).map(|drift| &drift.addr);
        let imports = plan.imports().map(|(addr, id)| (addr, &**id));
        Self { plan, sources, kinds, detail, style, gone: gone.collect(), imports: imports.collect() }
    }
}

impl Page<'_> {
    /// A row for each root output that changes.
    fn output_rows(&self) -> Vec<Row> {
        let changed = self.plan.outputs.iter().filter(|(_, change)| change.is_change());
        let row = |(name, change): (&crate::addr::Name, &crate::plan::OutputChange)| {
            content::change(name, change.before.as_ref(), change.after.as_ref(), self.style)
        };
        changed.map(row).collect()
    }

    /// The changes of root outputs.
    fn outputs(&self) -> Option<String> {
        let rows = self.output_rows();
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
            return self.sentence(ONLY_OUTPUTS);
        }
        summary_line(self.plan.counts())
    }

    fn only_refreshes(&self) -> String {
        self.sentence(ONLY_REFRESHES)
    }

    /// Said when nothing that is managed would be left.
    fn everything_goes(&self) -> Option<String> {
        let goes = |change: &Change| matches!(&change.action, Action::Delete { because, .. } if *because != DeleteReason::Deposed);
        let going = self.plan.changes.values().filter(|change| goes(change)).count();
        let recorded = self.plan.reading.objects;
        let all = self.plan.mode != Mode::RefreshOnly && recorded > 0 && going >= recorded;
        let noun = self.noun(going);
        let what = if going == 1 { format!("the only {noun}") } else { format!("all {going} {noun}") };
        all.then(|| format!("This plan destroys everything that is managed here: {what}."))
    }

    /// Whether anything is sent for it, or the state learns something that a person asked for: it has a line of its own.
    fn is_shown(&self, subject: &Subject, change: &Change) -> bool {
        match &change.action {
            Action::NoOp { .. } => change.previous.is_some() || self.imports.contains_key(&subject.addr),
            // Gone from the world and from the configuration: told as a change outside.
            Action::Forget { .. } => !self.gone.contains(&subject.addr),
            _ => true,
        }
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
