//! All kinds of a configuration: those that ship with the product and those that its `kind` blocks define.

use super::catalogue::Catalogue;
use super::{Kind, Source, notation};
use crate::addr::{Mode, Name, ResourceAddr};
use crate::diag::{Diagnostic, Diagnostics, Sources};
use crate::syntax;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, OnceLock};

/// The files of the built-in kinds, one kind in each.
const FILES: [&str; 10] = [
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

/// A kind inside the binary, as far as its file tells at a glance.
struct Builtin {
    name: &'static str,
    /// The data source of many; a kind that has it has the data source of its own name too.
    plural: Option<&'static str>,
    text: &'static str,
}

static BUILTIN: LazyLock<[Builtin; FILES.len()]> = LazyLock::new(|| FILES.map(Builtin::at_a_glance));

impl Builtin {
    /// The first name in quotes is the kind's. A test holds this against what reading the files gives.
    fn at_a_glance(text: &'static str) -> Self {
        let quoted = |text: &'static str| text.split('"').nth(1);
        let plural = text.split_once("plural =").and_then(|(_, rest)| quoted(rest));
        Self { name: quoted(text).unwrap_or_default(), plural, text }
    }
}

/// The built-in kinds. Each is read when it is first asked for: reading all takes longer than planning a hundred objects.
#[derive(Debug, Default)]
struct Shelf {
    /// The account's own, in place of the one inside the binary.
    catalogue: Option<Arc<Catalogue>>,
    read: [OnceLock<Read>; FILES.len()],
}

#[derive(Debug)]
struct Read {
    kind: Arc<Kind>,
    sources: Vec<(Name, Source)>,
}

impl Shelf {
    fn kind(&self, name: &str) -> Option<&Arc<Kind>> {
        let at = BUILTIN.iter().position(|builtin| builtin.name == name)?;
        self.read(at).map(|read| &read.kind)
    }

    fn source(&self, name: &str) -> Option<&Source> {
        let is_its =
            |builtin: &Builtin| builtin.plural.is_some_and(|plural| plural == name || builtin.name == name);
        let read = self.read(BUILTIN.iter().position(is_its)?)?;
        read.sources.iter().find(|(source, _)| **source == *name).map(|(_, source)| source)
    }

    fn read(&self, at: usize) -> Option<&Read> {
        let (builtin, place) = BUILTIN.get(at).zip(self.read.get(at))?;
        Some(place.get_or_init(|| {
            let mut diags = Diagnostics::new();
            let kind = read(builtin.text, &mut diags).into_iter().next().filter(|_| diags.is_empty());
            let mut kind = kind.unwrap_or_else(|| panic!("a built-in kind is wrong: {:?}", diags.take()));
            if let (Some(used), Some(catalogue)) = (&mut kind.catalogue, &self.catalogue) {
                used.synced = Some(Arc::clone(catalogue));
            }
            let kind = Arc::new(kind);
            Read { sources: Source::of(&kind), kind }
        }))
    }
}

/// Kinds by name. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    /// `None`: without those that ship with the product.
    builtin: Option<Arc<Shelf>>,
    own: BTreeMap<Name, Arc<Kind>>,
    /// What `data` blocks may read of the own kinds.
    sources: BTreeMap<Name, Source>,
}

impl Kinds {
    /// Returns the kinds inside the binary.
    pub fn builtin() -> &'static Kinds {
        static KINDS: OnceLock<Kinds> = OnceLock::new();
        KINDS.get_or_init(|| Kinds { builtin: Some(Arc::default()), ..Kinds::default() })
    }

    /// Returns the kind of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<Kind>> {
        self.own.get(name).or_else(|| self.builtin.as_ref()?.kind(name))
    }

    /// Returns these kinds with the account's own catalogue in place of the one inside the binary.
    pub fn with_catalogue(&self, catalogue: &Arc<Catalogue>) -> Kinds {
        let shelf = || Arc::new(Shelf { catalogue: Some(Arc::clone(catalogue)), ..Shelf::default() });
        let mut all = Kinds { builtin: self.builtin.as_ref().map(|_| shelf()), ..self.clone() };
        for kind in all.own.values_mut().filter(|kind| kind.catalogue.is_some()) {
            if let Some(used) = &mut Arc::make_mut(kind).catalogue {
                used.synced = Some(Arc::clone(catalogue));
            }
        }
        all
    }

    /// Returns all kinds, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.names().filter_map(|name| self.get(name))
    }

    /// Returns the data source of that name.
    pub fn source(&self, name: &str) -> Option<&Source> {
        self.sources.get(name).or_else(|| self.builtin.as_ref()?.source(name))
    }

    /// Returns the names of all data sources, sorted.
    pub fn source_names(&self) -> impl Iterator<Item = &str> {
        let builtin = self.shipped().filter_map(|builtin| Some([builtin.name, builtin.plural?])).flatten();
        builtin.chain(self.sources.keys().map(|name| &**name)).collect::<BTreeSet<_>>().into_iter()
    }

    fn shipped(&self) -> impl Iterator<Item = &'static Builtin> {
        self.builtin.iter().flat_map(|_| BUILTIN.iter())
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
        let builtin = self.shipped().map(|builtin| builtin.name);
        builtin.chain(self.own.keys().map(|name| &**name)).collect::<BTreeSet<_>>().into_iter()
    }

    /// Returns these kinds and more; a name that is taken is reported.
    pub fn with(&self, more: Vec<Kind>, diags: &mut Diagnostics) -> Kinds {
        let mut all = self.clone();
        let mut new = Vec::new();
        for kind in more {
            let complaint = Diagnostic::error("Duplicate kind").at(kind.span);
            // The place of a built-in kind is in a file that the user does not have.
            if self.shipped().any(|builtin| *builtin.name == *kind.name) {
                diags.error(complaint.label(format!("there is a built-in kind `{}`", kind.name)));
                continue;
            }
            if let Some(first) = all.own.get(&kind.name) {
                let again = complaint.label(format!("`{}` is defined a second time", kind.name));
                diags.error(again.related(first.span, "the first one"));
                continue;
            }
            let kind = Arc::new(kind);
            all.own.insert(kind.name.clone(), kind.clone());
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
        if let Some(other) = self.source(&name) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_the_built_in_kinds_is_what_their_files_say() {
        let kinds = Kinds::builtin();
        let mut diags = Diagnostics::new();
        let mut sources = BTreeSet::new();
        for builtin in BUILTIN.iter() {
            let found = read(builtin.text, &mut diags);
            assert_eq!(found.iter().map(|kind| &*kind.name).collect::<Vec<_>>(), [builtin.name]);
            kinds.check_references(&found[0], &mut diags);
            let its = Source::of(&Arc::new(found[0].clone()));
            sources.extend(its.into_iter().map(|(name, _)| name.to_string()));
        }
        assert!(diags.is_empty(), "{:?}", diags.take());
        assert_eq!(kinds.source_names().map(str::to_owned).collect::<BTreeSet<_>>(), sources);
        assert!(
            sources.iter().all(|name| kinds.source(name).is_some_and(|source| **source.name() == **name))
        );
    }
}
