//! Data sources: what a `data` block of some name takes and gives, which follows from the kind whose objects it reads.
//!
//! A kind `thing` has the source `thing`, which gives one object, and, if it names a plural, `things`, which gives all that match. What
//! an object is found by are its own attributes: those that lead to it (`by`), those that its path needs, and, where the kind can be
//! listed, every other one that is no secret.

use super::{Attribute, Kind, Request, Role};
use crate::addr::Name;
use crate::diag::{Diagnostic, did_you_mean};
use crate::eval;
use crate::value::{Str, Type};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Request {
    /// The arguments that it names.
    pub fn names(&self) -> BTreeSet<Name> {
        let parts = std::iter::once(&self.path).chain(self.query.values()).chain(self.headers.values());
        parts.flat_map(eval::roots).filter(|name| &**name != "id").collect()
    }
}

/// One data source.
#[derive(Clone, Debug)]
pub struct Source {
    pub kind: Arc<Kind>,
    pub shape: Shape,
}

/// How many objects a data source gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The one that matches.
    One,
    /// All that match.
    Many,
}

impl Shape {
    /// What a source of many has beside its arguments: the ids, and the objects whole.
    pub const OF_MANY: [&str; 2] = ["ids", "objects"];
}

impl Source {
    /// The sources that a kind gives rise to, by name.
    pub(super) fn of(kind: &Arc<Kind>) -> Vec<(Name, Source)> {
        if kind.read.is_none() {
            return Vec::new();
        }
        let source = |shape| Source { kind: kind.clone(), shape };
        let one = (kind.name.clone(), source(Shape::One));
        let many = kind.lookup.plural.clone().map(|name| (name, source(Shape::Many)));
        std::iter::once(one).chain(many).collect()
    }

    /// What the source is called.
    pub fn name(&self) -> &Name {
        match (self.shape, &self.kind.lookup.plural) {
            (Shape::Many, Some(plural)) => plural,
            _ => &self.kind.name,
        }
    }

    /// The attributes of an object that is read: those that the service never gives back are left out.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.kind.attributes.values().filter(|attribute| !attribute.write_only)
    }

    /// What a block may say of what it looks for.
    pub fn arguments(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes().filter(|attribute| self.takes(attribute))
    }

    fn takes(&self, attribute: &Attribute) -> bool {
        let found_by = self.shape == Shape::One && self.kind.lookup.by.contains(&attribute.name);
        let of_path = self.parents().contains(&*attribute.name);
        found_by || of_path || (self.kind.list.is_some() && !attribute.sensitive)
    }

    /// The names in the paths of the requests, which lead to the collection; a name that an object goes by is none of them.
    pub fn parents(&self) -> BTreeSet<Name> {
        let list = self.kind.list.as_ref().map(|list| &list.request);
        let requests = self.kind.read.iter().chain(list);
        let names = requests.flat_map(|request| eval::roots(&request.path));
        let own = |name: &Name| self.kind.is_key(name) || self.kind.lookup.by.contains(name);
        names.filter(|name| &**name != "id" && !own(name)).collect()
    }

    /// Whether a block must say it: a path may go without what a resource need not say.
    fn is_needed(&self, parent: &Name) -> bool {
        let attribute = self.kind.attributes.get(parent);
        attribute.is_none_or(|attribute| !matches!(attribute.role, Role::Optional | Role::Defaulted(_)))
    }

    /// The argument of that name, or why there is none; the caller adds the place.
    #[expect(clippy::result_large_err, reason = "the error is reported at once and never passed on")]
    pub fn argument(&self, name: &str) -> Result<&Attribute, Diagnostic> {
        if let Some(argument) = self.arguments().find(|attribute| &*attribute.name == name) {
            return Ok(argument);
        }
        let near = did_you_mean(name, self.arguments().map(|attribute| &*attribute.name));
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let known = self.kind.attributes.contains_key(name);
        let label = match known {
            true => format!("`{}` cannot be found by `{name}`", self.name()),
            false => format!("`data \"{}\"` has no argument `{name}`{hint}", self.name()),
        };
        Err(Diagnostic::error("Unsupported argument")
            .label(label)
            .detail(format!("An argument named {name:?} is not expected here.")))
    }

    /// Returns a complaint for each argument that is needed and not among the names `given`; the caller adds the place.
    pub fn missing(&self, given: &[&str]) -> Vec<Diagnostic> {
        let parents = self.parents();
        let missing = |label: String, name: &str| {
            Diagnostic::error("Missing required argument")
                .label(label)
                .detail(format!("The argument {name:?} is required, but no definition was found."))
        };
        let needed = parents.iter().filter(|name| self.is_needed(name));
        let names = needed.filter(|name| !given.contains(&&***name));
        let mut found: Vec<Diagnostic> =
            names.map(|name| missing(format!("`data \"{}\"` needs `{name}`", self.name()), name)).collect();
        let says_which = given.iter().any(|name| !parents.contains(*name));
        if self.shape == Shape::One && !says_which && found.is_empty() {
            let by: Vec<String> = self.kind.lookup.by.iter().map(|name| format!("`{name}`")).collect();
            let others = if self.kind.list.is_some() { " or another attribute" } else { "" };
            let label = format!("say which one, by {}{others}", by.join(", "));
            found.extend(self.kind.lookup.by.first().map(|name| missing(label, name)));
        }
        found
    }

    /// The type that references to what it gives have.
    pub fn ty(&self) -> Type {
        let object = || Type::object(self.attributes().map(|a| (Str::from(&*a.name), a.ty())).collect());
        if self.shape == Shape::One {
            return object();
        }
        let arguments = self.arguments().map(|a| (Str::from(&*a.name), a.ty()));
        let mut fields: BTreeMap<Str, Type> = arguments.collect();
        let [ids, objects] = Shape::OF_MANY.map(Str::from);
        fields.insert(ids, Type::list(self.id_type()));
        // Objects with parts of any type are a tuple, whose elements may differ.
        let object = object();
        let objects_type = if object.has_dynamic() { Type::Dynamic } else { Type::list(object) };
        fields.insert(objects, objects_type);
        Type::object(fields)
    }

    /// The type of the objects' ids.
    pub fn id_type(&self) -> Type {
        self.kind.attributes.get("id").map_or(Type::String, Attribute::ty)
    }
}
