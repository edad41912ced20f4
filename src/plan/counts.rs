//! What a plan comes to: the numbers of its summary line, and whether applying it does anything.

use super::{Action, Mode, OutputChange, Plan, ReplaceOrder, Subject};
use crate::addr::ObjectAddr;

impl Plan {
    /// How many objects are created, changed and destroyed, as the summary line counts (a replacement is one of each).
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { import: self.imports().count(), ..Counts::default() };
        for change in self.changes.values() {
            match change.action {
                Action::Create { .. } => counts.add += 1,
                Action::Update { .. } => counts.change += 1,
                Action::Delete { .. } => counts.destroy += 1,
                Action::Replace { order, .. } => {
                    counts.add += 1;
                    counts.destroy += usize::from(order != ReplaceOrder::ForgetFirst);
                }
                Action::NoOp { .. } | Action::Forget { .. } | Action::Read { .. } => {}
            }
        }
        counts
    }

    /// The objects that are adopted, with the ids they have.
    pub fn imports(&self) -> impl Iterator<Item = (&ObjectAddr, &std::sync::Arc<str>)> {
        let planned = |addr: &ObjectAddr| self.changes.contains_key(&Subject::current(addr.clone()));
        let imports = self.answers.imports.iter().filter(move |(addr, _)| planned(addr));
        imports.map(|(addr, object)| (addr, &object.id))
    }

    /// Whether applying it does anything to the world or to the outputs.
    pub fn changes_anything(&self) -> bool {
        let objects =
            self.changes.values().any(|c| !matches!(c.action, Action::NoOp { .. } | Action::Forget { .. }));
        let outputs = self.outputs.values().any(OutputChange::is_change);
        objects || outputs || self.forgets() || !self.moves.is_empty() || self.imports().count() > 0
    }

    /// Whether applying it writes anything, if only to the state.
    pub fn writes_anything(&self) -> bool {
        self.changes_anything() || !self.steps.is_empty() || !self.answers.findings.is_empty()
    }

    /// Whether an object is dropped from the state because that was asked for. One that the world has no more, and that nothing
    /// declares, is dropped in passing.
    fn forgets(&self) -> bool {
        let gone = |addr: &ObjectAddr| matches!(self.answers.reads.get(addr), Some(None));
        self.changes.iter().any(|(subject, change)| {
            matches!(change.action, Action::Forget { .. })
                && (self.mode != Mode::Normal || !gone(&subject.addr))
        })
    }
}

/// The numbers of the summary line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub import: usize,
    pub add: usize,
    pub change: usize,
    pub destroy: usize,
}

impl OutputChange {
    pub fn is_change(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => before != after,
            (None, None) => false,
            _ => true,
        }
    }
}
