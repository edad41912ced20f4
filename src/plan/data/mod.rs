//! `data` blocks: what they ask, and what becomes of the answer.
//!
//! Evaluation is a plain function, asking is not. So a walk that comes to a data source whose answer is not there takes it for unknown and
//! notes the [`Question`]; when the walk is done all of them are asked at once ([`ask`]), and it is walked again with the [`Answers`],
//! until nothing new is asked: as often as data sources hang on each other, plus once. [`matching`] finds the objects that are meant in an
//! answer, [`planner`] decides whether a source is read now or while applying.

use super::desired::{Argument, argument};
use super::evaluation::{Evaluation, Visit};
use crate::addr::{Name, ObjectAddr};
use crate::config::Resource;
use crate::diag::{Diagnostic, Diagnostics, did_you_mean};
use crate::eval;
use crate::kind::{Kinds, Shape, Source};
use crate::provider::{CallError, Object};
use crate::state::{Dependency, ProviderAddr};
use crate::value::{Str, Type, Value, convert, typed_to_json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

mod ask;
mod matching;
mod planner;
#[cfg(test)]
mod tests;

pub use ask::{ask, known};
use matching::found;
pub use planner::read_answer;

/// One thing that an API is asked. What several data sources ask alike is asked once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    pub provider: ProviderAddr,
    pub kind: Name,
    /// The arguments that the request names, as JSON that keeps their types.
    pub words: String,
    pub about: About,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// The object of this id.
    One(Arc<str>),
    /// A collection.
    All,
    /// What a collection has for these arguments.
    Search(String),
}

/// What an API answered.
pub type Answer = Result<Arc<[Object]>, CallError>;

pub type Answers = BTreeMap<Question, Answer>;

/// A data source that is read while applying.
#[derive(Clone, Debug)]
pub struct Later {
    /// What is known of it.
    pub values: Value,
    pub because: Because,
    pub provider: ProviderAddr,
    /// What it is read after.
    pub depends_on: Vec<Dependency>,
}

/// Terraform's `action_reason`s of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// An argument is known only after apply.
    ConfigUnknown,
    /// Something it depends on changes.
    DependencyPending,
    /// It belongs to a check, which looks again when everything is done.
    CheckNested,
}

impl Question {
    /// What a data source with these arguments asks; they are known.
    pub fn of(source: &Source, provider: ProviderAddr, arguments: &Value) -> Self {
        let kind = &source.kind;
        let list = kind.list.as_ref().map(|list| list.request.names()).unwrap_or_default();
        let question = |names: &BTreeSet<Name>, about| Self {
            provider,
            kind: kind.name.clone(),
            words: words(arguments, names),
            about,
        };
        if let Some(id) = identity(source, arguments) {
            let read = kind.read.as_ref().map(|request| request.names()).unwrap_or_default();
            return question(&read, About::One(id.into()));
        }
        let search: BTreeSet<Name> = kind.lookup.search.values().flat_map(eval::roots).collect();
        match search.iter().any(|name| given(arguments, name).is_some()) {
            true => question(&list, About::Search(words(arguments, &search))),
            false => question(&list, About::All),
        }
    }

    /// The question whose answer holds that of this one.
    fn whole(&self) -> Self {
        Self { about: About::All, ..self.clone() }
    }

    /// The answer to it, if it or a wider one was asked.
    pub fn answer<'a>(&self, answers: &'a Answers) -> Option<&'a Answer> {
        let wider = || matches!(self.about, About::Search(_)).then(|| answers.get(&self.whole())).flatten();
        answers.get(self).or_else(wider)
    }
}

/// An argument that is given, without marks.
fn given(arguments: &Value, name: &str) -> Option<Value> {
    arguments.get_attr(name).map(|value| value.unmark_deep().0).filter(|value| !value.is_null())
}

/// The id that an argument leads to. One of several parts stands in no path: it is found in the list.
fn identity(source: &Source, arguments: &Value) -> Option<String> {
    if source.kind.key.len() > 1 {
        return None;
    }
    let by = source.kind.lookup.by.iter().filter(|_| source.shape == Shape::One);
    let value = by.filter_map(|name| given(arguments, name)).next()?;
    Some(convert(&value, &Type::String).ok()?.as_str()?.to_owned())
}

/// Those arguments that a request names.
fn words(arguments: &Value, names: &BTreeSet<Name>) -> String {
    let word = |name: &Name| {
        let value = arguments.get_attr(name).map(|value| value.unmark_deep().0);
        (Str::new(name), value.unwrap_or_else(Value::dynamic_null))
    };
    typed_to_json(&Value::object(names.iter().map(word).collect())).to_string()
}

/// What a data source looks for: its arguments, null where none is given. `None` after a complaint.
pub(super) fn arguments(
    source: &Source,
    visit: &Visit<'_>,
    evaluation: &Evaluation<'_>,
    diags: &mut Diagnostics,
) -> Option<Value> {
    let before = diags.errors();
    let mut fields = BTreeMap::new();
    for attribute in source.arguments() {
        let value = match argument(attribute, visit, evaluation, diags) {
            Argument::Given(value) => value,
            Argument::Absent => Value::null(attribute.ty()),
            Argument::Wrong => Value::unknown(attribute.ty()),
        };
        fields.insert(Str::new(&attribute.name), value);
    }
    let arguments = Value::object(fields.into());
    let set: Vec<&str> =
        source.arguments().map(|a| &*a.name).filter(|name| is_set(&arguments, name)).collect();
    for missing in source.missing(&set) {
        // What is missing altogether was reported with the block.
        let null = visit.resource.arguments.attributes.iter().find(|a| source.argument(&a.name.name).is_ok());
        if let Some(null) = null {
            diags.error(missing.at(null.expr.span));
        }
    }
    (diags.errors() == before).then_some(arguments)
}

fn is_set(arguments: &Value, name: &str) -> bool {
    arguments.get_attr(name).is_some_and(|value| !value.is_null())
}

/// The arguments once more, with what is known by now.
pub fn arguments_of(
    addr: &ObjectAddr,
    evaluation: &Evaluation<'_>,
    diags: &mut Diagnostics,
) -> Option<(Source, Value)> {
    let source = evaluation.kinds.source(&addr.resource.kind)?;
    let visit = super::visit_of(addr, evaluation)?;
    Some((source.clone(), arguments(source, &visit, evaluation, diags)?))
}

/// What references see of a data source before it is read: its arguments, and unknown what only the answer says.
pub(super) fn expected(source: &Source, arguments: &Value) -> Value {
    if source.shape == Shape::Many {
        let Type::Object(types) = source.ty() else { return Value::unknown(Type::Dynamic) };
        let of = |name: &Str, ty: &Type| {
            arguments.get_attr(name).cloned().unwrap_or_else(|| Value::unknown(ty.clone()))
        };
        return Value::object(
            types.iter().map(|(name, of_name)| (name.clone(), of(name, of_name))).collect(),
        );
    }
    let field = |attribute: &crate::kind::Attribute| {
        let given = arguments.get_attr(&attribute.name).filter(|value| !value.is_null()).cloned();
        (Str::new(&attribute.name), given.unwrap_or_else(|| super::desired::unknown(attribute)))
    };
    Value::object(source.attributes().map(field).collect())
}

/// What validation sees of a data source.
pub(super) fn rehearsed(
    visit: &Visit<'_>,
    evaluation: &Evaluation<'_>,
    diags: &mut Diagnostics,
) -> Option<Value> {
    let source = evaluation.kinds.source(&visit.addr.resource.kind)?;
    Some(expected(source, &arguments(source, visit, evaluation, diags)?))
}

/// What was read, or an unknown value of its type.
pub(super) fn read_or_unknown(
    addr: &ObjectAddr,
    read: &BTreeMap<ObjectAddr, Value>,
    evaluation: &Evaluation<'_>,
) -> Value {
    let unknown = || evaluation.kinds.source(&addr.resource.kind).map_or(Type::Dynamic, Source::ty);
    read.get(addr).cloned().unwrap_or_else(|| Value::unknown(unknown()))
}

/// One `data` block: there is such a source, and its arguments are the source's.
pub(super) fn check(resource: &Resource, kinds: &Kinds, diags: &mut Diagnostics) {
    let Some(source) = kinds.source(&resource.addr.kind) else {
        diags.error(no_source(resource, kinds));
        return;
    };
    let given = &resource.arguments.attributes;
    for argument in given {
        if let Err(diagnostic) = source.argument(&argument.name.name) {
            diags.error(diagnostic.at(argument.name.span));
        }
    }
    // A misspelt argument was meant to be there.
    let misspelt = given.iter().any(|a| source.argument(&a.name.name).is_err());
    let names: Vec<&str> = given.iter().map(|a| &*a.name.name).collect();
    for diagnostic in source.missing(&names).into_iter().filter(|_| !misspelt) {
        diags.error(diagnostic.at(resource.span));
    }
    for extra in &resource.arguments.blocks {
        diags.error(
            Diagnostic::error("Unsupported block type")
                .at(extra.kind.span)
                .label(format!("`data \"{}\"` has no block `{}`", source.name(), extra.kind.name))
                .detail(format!("Blocks of type {:?} are not expected here.", &*extra.kind.name)),
        );
    }
}

fn no_source(resource: &Resource, kinds: &Kinds) -> Diagnostic {
    let name = &resource.addr.kind;
    let label = match kinds.get(name) {
        Some(_) => format!("things of kind `{name}` are kept in the state alone: refer to them"),
        None => {
            let near = did_you_mean(name, kinds.source_names());
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            format!("there is no data source `{name}`{hint}")
        }
    };
    Diagnostic::error("Invalid data source")
        .at(resource.kind_span)
        .label(label)
        .detail(format!("There is no data source {:?}.", &**name))
}
