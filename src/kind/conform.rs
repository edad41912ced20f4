//! A resource block's evaluated arguments → the object that its kind wants: every argument there, each of its type.

use super::check::arguments;
use super::{Attribute, Kind, Role, argument};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span, did_you_mean};
use crate::value::{ConvertError, Path, Str, Type, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the object of all arguments, converted; null where nothing is given (defaults are [`super::default_value`]'s).
/// Computed attributes are not in it.
///
/// `given` is an object of the arguments as written, which may hold unknowns and marks; `place` finds where one stands.
pub fn conform(
    kind: &Kind,
    given: &Value,
    place: &dyn Fn(&Path) -> Span,
    block: Span,
    addr: &str,
    diags: &mut Diagnostics,
) -> Result<Value, Reported> {
    let given = given.unmark().0;
    let mut whole = BTreeMap::new();
    let mut failed = foreign(kind, &given, place, addr, diags);
    let misspelt = misspelt(kind, &given);
    for attribute in kind.attributes.values().filter(|attribute| attribute.is_argument()) {
        let value = given.get_attr(&attribute.name);
        match one(kind, attribute, value, place, block) {
            Ok(value) => drop(whole.insert(Str::from(&*attribute.name), value)),
            // It is there under a wrong name, of which a complaint was made: one mistake, one complaint.
            Err(_) if value.is_none() && misspelt.contains(&*attribute.name) => {}
            Err(diagnostic) => failed = Some(diags.error(diagnostic.about(addr))),
        }
    }
    failed.map_or(Ok(Value::object(whole)), Err)
}

/// The arguments that foreign names were probably meant to be.
fn misspelt<'k>(kind: &'k Kind, given: &Value) -> BTreeSet<&'k str> {
    let foreign = given.elements().filter_map(|(name, _)| name.as_str().map(str::to_owned));
    let foreign = foreign.filter(|name| !kind.attributes.contains_key(&**name));
    foreign.filter_map(|name| did_you_mean(&name, arguments(kind))).collect()
}

/// Arguments that the kind does not have.
fn foreign(
    kind: &Kind,
    given: &Value,
    place: &dyn Fn(&Path) -> Span,
    addr: &str,
    diags: &mut Diagnostics,
) -> Option<Reported> {
    let mut reported = None;
    for (name, _) in given.elements() {
        let Some(name) = name.as_str() else { continue };
        if let Err(diagnostic) = argument(kind, name) {
            let span = place(&Path::root().child_attr(name));
            reported = Some(diags.error(diagnostic.at(span).about(addr)));
        }
    }
    reported
}

#[expect(clippy::result_large_err, reason = "the error is reported at once and never passed on")]
fn one(
    kind: &Kind,
    attribute: &Attribute,
    value: Option<&Value>,
    place: &dyn Fn(&Path) -> Span,
    block: Span,
) -> Result<Value, Diagnostic> {
    let required = matches!(attribute.role, Role::Required);
    match value.filter(|value| !value.is_null()) {
        None if required => Err(missing(kind, attribute).at(block)),
        None => Ok(Value::null(attribute.ty())),
        Some(value) => apply(attribute, value).map_err(|problem| {
            let path = Path::root().child_attr(&attribute.name);
            Diagnostic::error("Incorrect attribute value type")
                .at(place(&path))
                .label(problem.to_string())
                .detail(format!("Inappropriate value for attribute {:?}: {problem}.", attribute.name))
        }),
    }
}

/// An argument that the user must give and did not.
pub(super) fn missing(kind: &Kind, attribute: &Attribute) -> Diagnostic {
    Diagnostic::error("Missing required argument")
        .label(format!("`{}` needs `{}`", kind.name, attribute.name))
        .detail(format!("The argument {:?} is required, but no definition was found.", attribute.name))
}

/// Converts a value to the attribute's type. In a map of anything, each value keeps its own.
fn apply(attribute: &Attribute, value: &Value) -> Result<Value, ConvertError> {
    let ty = value.unmark().0.ty();
    if attribute.is_free_map() && matches!(ty, Type::Object(_) | Type::Map(_) | Type::Dynamic) {
        return Ok(value.clone());
    }
    attribute.constraint.apply(value)
}
