//! All kinds of a configuration: those that ship with the product and those that its `kind` blocks define.

use super::catalogue::Catalogue;
use super::{Kind, Source, notation};
use crate::addr::{Mode, Name, ResourceAddr};
use crate::diag::{Diagnostic, Diagnostics, Sources};
use crate::syntax;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// The files of the built-in kinds.
const BUILTIN: &[&str] = &[
    include_str!("builtin/account.hcl"),
    include_str!("builtin/element.hcl"),
    include_str!("builtin/formula.hcl"),
    include_str!("builtin/formula_instance.hcl"),
    include_str!("builtin/instance.hcl"),
    include_str!("builtin/job.hcl"),
    include_str!("builtin/object_definition.hcl"),
    include_str!("builtin/transformation.hcl"),
    include_str!("builtin/user.hcl"),
    include_str!("builtin/value.hcl"),
];

/// Kinds by name. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    by_name: BTreeMap<Name, Arc<Kind>>,
    /// What `data` blocks may read.
    sources: BTreeMap<Name, Source>,
}

impl Kinds {
    /// Returns the kinds inside the binary, read on first use.
    pub fn builtin() -> &'static Kinds {
        static KINDS: OnceLock<Kinds> = OnceLock::new();
        KINDS.get_or_init(|| {
            let mut diags = Diagnostics::new();
            let kinds = BUILTIN.iter().flat_map(|text| read(text, &mut diags)).collect();
            let kinds = Kinds::default().with(kinds, &mut diags);
            assert!(diags.is_empty(), "a built-in kind is wrong: {:?}", diags.take());
            kinds
        })
    }

    /// Returns the kind of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<Kind>> {
        self.by_name.get(name)
    }

    /// Returns these kinds with the account's own catalogue in place of the one inside the binary.
    pub fn with_catalogue(&self, catalogue: &Arc<Catalogue>) -> Kinds {
        let mut all = self.clone();
        for kind in all.by_name.values_mut().filter(|kind| kind.catalogue.is_some()) {
            if let Some(used) = &mut Arc::make_mut(kind).catalogue {
                used.synced = Some(Arc::clone(catalogue));
            }
        }
        all
    }

    /// Returns all kinds, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.by_name.values()
    }

    /// Returns the data source of that name.
    pub fn source(&self, name: &str) -> Option<&Source> {
        self.sources.get(name)
    }

    /// Returns the names of all data sources, sorted.
    pub fn source_names(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(|name| &**name)
    }

    /// Returns the kind of a resource's objects, whether they are managed or only read.
    pub fn of(&self, resource: &ResourceAddr) -> Option<&Arc<Kind>> {
        match resource.mode {
            Mode::Managed => self.get(&resource.kind),
            Mode::Data => self.source(&resource.kind).map(|source| &source.kind),
        }
    }

    /// Returns all names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(|name| &**name)
    }

    /// Returns these kinds and more; a name that is taken is reported.
    pub fn with(&self, more: Vec<Kind>, diags: &mut Diagnostics) -> Kinds {
        let mut all = self.clone();
        let mut new = Vec::new();
        for kind in more {
            if let Some(first) = all.by_name.get(&kind.name) {
                let complaint = Diagnostic::error("Duplicate kind").at(kind.span);
                // The place of a built-in kind is in a file that the user does not have.
                let builtin = self.by_name.contains_key(&kind.name);
                diags.error(match builtin {
                    true => complaint.label(format!("there is a built-in kind `{}`", kind.name)),
                    false => complaint
                        .label(format!("`{}` is defined a second time", kind.name))
                        .related(first.span, "the first one"),
                });
                continue;
            }
            let kind = Arc::new(kind);
            all.by_name.insert(kind.name.clone(), kind.clone());
            for (name, source) in Source::of(&kind) {
                all.add_source(name, source, diags);
            }
            new.push(kind);
        }
        new.iter().for_each(|kind| all.check_references(kind, diags));
        all
    }

    /// Complains about attributes that refer to what there is not.
    fn check_references(&self, kind: &Kind, diags: &mut Diagnostics) {
        for refers in kind.attributes.values().filter_map(|attribute| attribute.refers_to.as_ref()) {
            let label = match self.get(&refers.kind) {
                None => format!("there is no kind `{}`", refers.kind),
                Some(other) if other.attributes.contains_key(&refers.attribute) => continue,
                Some(_) => format!("`{}` has no attribute `{}`", refers.kind, refers.attribute),
            };
            diags.error(Diagnostic::error("Unknown reference").at(refers.span).label(label));
        }
    }

    /// Adds a data source, unless one kind's plural is another's name.
    fn add_source(&mut self, name: Name, source: Source, diags: &mut Diagnostics) {
        if let Some(other) = self.sources.get(&name) {
            let label = format!("`{}` has a data source `{name}` already", other.kind.name);
            diags.error(Diagnostic::error("Duplicate data source").at(source.kind.span).label(label));
            return;
        }
        self.sources.insert(name, source);
    }
}

fn read(text: &str, diags: &mut Diagnostics) -> Vec<Kind> {
    let mut sources = Sources::new();
    let file = sources.add("builtin.hcl", text);
    let body = syntax::parse(&sources, file, diags);
    body.blocks.iter().filter_map(|block| notation::kind(block, diags).ok()).collect()
}
