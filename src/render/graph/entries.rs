//! A configuration or a plan → what is to be drawn, before anything is put together.

use super::Tone;
use crate::addr::{Mode, ModulePath, ObjectAddr, ObjectKey, ResourceAddr};
use crate::config::{Config, ModuleId, Repetition};
use crate::plan::{Action, Change, Plan, ReplaceOrder, Subject, Walk};
use crate::render::paint::count;
use crate::render::plan::summary_line;
use crate::state::Dependency;
use std::collections::BTreeMap;

/// One block or object.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub module: ModulePath,
    pub resource: ResourceAddr,
    /// What tells it from the others of its block: a key, a word.
    pub rest: String,
    /// What is said of it beside its address.
    pub remark: Option<&'static str>,
    pub tone: Tone,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    pub title: String,
    /// What one of them is called.
    pub noun: &'static str,
    pub all: Vec<Entry>,
    /// Pairs: the first needs the second.
    pub needs: Vec<(usize, usize)>,
    /// What is said of a module beside its path.
    pub remarks: BTreeMap<ModulePath, &'static str>,
}

impl Entry {
    /// The address within its module.
    pub fn name(&self) -> String {
        format!("{}{}", self.resource, self.rest)
    }

    pub fn is_data(&self) -> bool {
        self.resource.mode == Mode::Data
    }
}

fn remark(repetition: &Repetition) -> Option<&'static str> {
    match repetition {
        Repetition::Single => None,
        Repetition::Count(_) => Some("count"),
        Repetition::ForEach(_) => Some("for_each"),
    }
}

/// The blocks of all modules.
pub(super) fn of_blocks(config: &Config, walk: &Walk) -> Entries {
    let mut entries = Entries { noun: "block", ..Entries::default() };
    let mut places: BTreeMap<(ModuleId, &ResourceAddr), usize> = BTreeMap::new();
    for (id, module) in config.modules() {
        let path = module.path.iter().fold(ModulePath::root(), |path, n| path.child(n, ObjectKey::Single));
        for call in module.calls.values() {
            if let Some(remark) = remark(&call.repetition) {
                entries.remarks.insert(path.child(&call.name, ObjectKey::Single), remark);
            }
        }
        for (addr, resource) in &module.resources {
            places.insert((id, addr), entries.all.len());
            entries.all.push(Entry {
                module: path.clone(),
                resource: addr.clone(),
                rest: String::new(),
                remark: remark(&resource.repetition),
                tone: Tone::Declared,
            });
        }
    }
    for ((module, addr), needs) in &walk.needs {
        let Some(from) = places.get(&(*module, addr)) else { continue };
        let found = needs.iter().filter_map(|(module, addr)| places.get(&(*module, addr)));
        entries.needs.extend(found.map(|to| (*from, *to)));
    }
    let number = entries.all.len();
    entries.title = format!("isotope graph · {}", count(number, "block"));
    entries
}

/// Every object that a plan speaks of.
pub(super) fn of_objects(plan: &Plan) -> Entries {
    let mut entries = Entries { noun: "object", title: summary_line(plan.counts()), ..Entries::default() };
    let mut places: BTreeMap<Dependency, Vec<usize>> = BTreeMap::new();
    for (subject, change) in &plan.changes {
        let ObjectAddr { module, resource, key } = &subject.addr;
        if subject.deposed.is_none() {
            let block = Dependency { module: module.clone(), resource: resource.clone() };
            places.entry(block).or_default().push(entries.all.len());
        }
        let deposed = subject.deposed.as_ref().map(|key| format!(" (deposed {key})"));
        entries.all.push(Entry {
            module: module.clone(),
            resource: resource.clone(),
            rest: format!("{key}{}", deposed.unwrap_or_default()),
            remark: imported(plan, subject).then_some("import"),
            tone: tone(&change.action),
        });
    }
    for (at, change) in plan.changes.values().enumerate() {
        let found = dependencies(change).iter().filter_map(|block| places.get(block)).flatten();
        entries.needs.extend(found.filter(|to| **to != at).map(|to| (at, *to)));
    }
    entries
}

fn imported(plan: &Plan, subject: &Subject) -> bool {
    subject.deposed.is_none() && plan.answers.imports.contains_key(&subject.addr)
}

fn tone(action: &Action) -> Tone {
    match action {
        Action::NoOp { .. } => Tone::Unchanged,
        Action::Create { .. } => Tone::Create,
        Action::Read { .. } => Tone::Read,
        Action::Update { .. } => Tone::Update,
        Action::Replace { order: ReplaceOrder::DeleteFirst, .. } => Tone::Replace,
        Action::Replace { order: ReplaceOrder::CreateFirst, .. } => Tone::ReplaceFirst,
        Action::Replace { order: ReplaceOrder::ForgetFirst, .. } => Tone::ReplaceKeep,
        Action::Delete { .. } => Tone::Delete,
        Action::Forget { .. } => Tone::Forget,
    }
}

/// The blocks that an object needs: as planned, or as recorded when it goes.
fn dependencies(change: &Change) -> &[Dependency] {
    match &change.action {
        Action::Create { planned } | Action::Update { planned, .. } | Action::Replace { planned, .. } => {
            &planned.meta.depends_on
        }
        Action::Read { later } => &later.depends_on,
        Action::NoOp { record: prior, .. } | Action::Delete { prior, .. } | Action::Forget { prior } => {
            &prior.depends_on
        }
    }
}
