//! What a `lifecycle` block changes of a plan: what is ignored, what makes an object be replaced, and in which order.

use super::evaluation::{Evaluation, Visit};
use super::nodes::Walk;
use super::{Action, Change, Changes, Edit};
use crate::addr::{ObjectAddr, ObjectKey, ResourceAddr};
use crate::config::{Config, Ignore, ModuleId, Resource};
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::{self, Subject as Refers};
use crate::kind::Kind;
use crate::state::Record;
use crate::syntax::{Expr, ExprKind, Step};
use crate::value::{Path, PathStep, Type, Value, convert, replace_at};
use std::collections::BTreeSet;

/// The blocks whose replacements are created first: those that say so, and all that they depend on.
pub(super) fn create_first(config: &Config, walk: &Walk) -> BTreeSet<(ModuleId, ResourceAddr)> {
    let says_so = |(module, addr): &(ModuleId, ResourceAddr)| {
        config.module(*module).resources.get(addr).is_some_and(|r| r.lifecycle.create_before_destroy)
    };
    let mut frontier: Vec<_> = walk.needs.keys().filter(|block| says_so(block)).collect();
    let mut found = BTreeSet::new();
    while let Some(block) = frontier.pop() {
        if found.insert(block.clone()) {
            frontier.extend(walk.needs.get(block).into_iter().flatten());
        }
    }
    found
}

/// What is desired, with what `ignore_changes` names as the object has it.
pub(super) fn ignoring(resource: &Resource, desired: Value, prior: Option<&Record>) -> Value {
    let Some(prior) = prior else { return desired };
    let Value::Object(wanted) = &desired else { return desired };
    let mut fields = wanted.to_map();
    match &resource.lifecycle.ignore_changes {
        Ignore::All => {
            for (name, value) in &mut fields {
                *value =
                    merged(Some(value), prior.values.get_attr(name), &[]).unwrap_or_else(|| value.clone());
            }
        }
        Ignore::Paths(paths) => {
            for (path, _) in paths {
                let Some((PathStep::Attr(name), rest)) = path.0.split_first() else { continue };
                let Some(value) = fields.get_mut(name) else { continue };
                let kept = merged(Some(value), prior.values.get_attr(name), rest);
                *value = kept.unwrap_or_else(|| Value::null(value.ty()));
            }
        }
    }
    Value::object(fields.into())
}

/// `want` with the part at `steps` as `have` has it, present or absent. What is recorded only as a fingerprint stays as wanted.
fn merged(want: Option<&Value>, have: Option<&Value>, steps: &[PathStep]) -> Option<Value> {
    let Some((PathStep::Index(key), rest)) = steps.split_first() else {
        return match have {
            Some(have) if !have.is_wholly_known() => want.cloned(),
            have => have.cloned(),
        };
    };
    match (want?, key) {
        (whole @ (Value::Map(_, fields) | Value::Object(fields)), Value::String(name)) => {
            let have = have.and_then(|have| entry(have, key));
            let mut fields = fields.to_map();
            match merged(fields.get(name), have.as_ref(), rest) {
                Some(value) => drop(fields.insert(name.clone(), value)),
                None => drop(fields.remove(name)),
            }
            Some(match whole {
                Value::Map(ty, _) => Value::map(ty.clone(), fields.into()),
                _ => Value::object(fields.into()),
            })
        }
        (whole @ (Value::List(..) | Value::Tuple(_)), Value::Number(_)) => {
            let path = Path(vec![PathStep::Index(key.clone())]);
            let (Some(own), Some(have)) = (whole.at(&path), have.and_then(|have| entry(have, key))) else {
                return Some(whole.clone());
            };
            Some(replace_at(whole, &path, merged(Some(&own), Some(&have), rest)?))
        }
        (whole, _) => Some(whole.clone()),
    }
}

/// What stands at a key, whether the value is a map, an object, a list or a tuple.
fn entry(of: &Value, key: &Value) -> Option<Value> {
    match (of.unmarked(), key) {
        (Value::Map(_, fields) | Value::Object(fields), Value::String(name)) => fields.get(name).cloned(),
        (whole, Value::Number(_)) => whole.at(&Path(vec![PathStep::Index(key.clone())])),
        _ => None,
    }
}

/// Drops the edits of what is ignored: those that cannot be seen in the values, since only fingerprints are kept.
pub(super) fn heeded(resource: &Resource, edits: Vec<Edit>) -> Vec<Edit> {
    match &resource.lifecycle.ignore_changes {
        Ignore::All => Vec::new(),
        Ignore::Paths(paths) => {
            let ignored = |edit: &Edit| paths.iter().any(|(path, _)| path.is_prefix_of(&edit.path));
            edits.into_iter().filter(|edit| !ignored(edit)).collect()
        }
    }
}

/// Checks that what `ignore_changes` names exists.
pub(super) fn check(resource: &Resource, kind: &Kind, diags: &mut Diagnostics) {
    let Ignore::Paths(paths) = &resource.lifecycle.ignore_changes else { return };
    for (path, span) in paths {
        let Some(PathStep::Attr(name)) = path.0.first() else { continue };
        match kind.attributes.get(&**name) {
            None => {
                diags.error(
                    Diagnostic::error("Unsupported attribute")
                        .at(*span)
                        .label(format!("`{}` has no attribute `{name}`", kind.name))
                        .detail(format!("This object has no argument, nested block, or exported attribute named \"{name}\".")),
                );
            }
            Some(attribute) if !super::settable(attribute) => diags.push(
                Diagnostic::warning("Redundant ignore_changes element")
                    .at(*span)
                    .label("the API alone decides this attribute")
                    .detail(format!("Adding an attribute name to ignore_changes tells Isotope to ignore future changes to the argument in configuration after the object has been created, retaining the value originally configured.\n\nThe attribute {name} is decided by the provider alone and therefore there can be no configured value to compare with. Including this attribute in ignore_changes has no effect.")),
            ),
            Some(_) => {}
        }
    }
}

/// Whether a planned change is one that `replace_triggered_by` names.
pub(super) fn triggered(
    visit: &Visit<'_>,
    changes: &Changes,
    evaluation: &Evaluation<'_>,
    diags: &mut Diagnostics,
) -> bool {
    let triggers = &visit.resource.lifecycle.replace_triggered_by;
    triggers.iter().any(|expr| trigger(expr, visit, changes, evaluation, diags).unwrap_or(false))
}

fn trigger(
    expr: &Expr,
    visit: &Visit<'_>,
    changes: &Changes,
    evaluation: &Evaluation<'_>,
    diags: &mut Diagnostics,
) -> Option<bool> {
    let (resource, mut steps) = spelled(expr, visit, evaluation, diags)?;
    let mut key = None;
    if let Some(PathStep::Index(value)) = steps.first() {
        key = Some(object_key(value)?);
        steps.remove(0);
    }
    let wanted = |addr: &ObjectAddr| {
        addr.module == visit.addr.module
            && addr.resource == resource
            && key.as_ref().is_none_or(|key| *key == addr.key)
    };
    let mut of_block =
        changes.iter().filter(|(subject, _)| subject.deposed.is_none() && wanted(&subject.addr));
    if steps.is_empty() {
        return Some(of_block.any(|(_, change)| sides(change).is_some()));
    }
    let (before, after) = sides(of_block.next()?.1)?;
    Some(follow(before, &steps) != follow(after, &steps))
}

/// An object's values before and after an update or a replacement: only these trigger.
fn sides(change: &Change) -> Option<(&Value, &Value)> {
    match &change.action {
        Action::Update { prior, planned, .. } | Action::Replace { prior, planned, .. } => {
            Some((&prior.values, &planned.values))
        }
        _ => None,
    }
}

fn follow(value: &Value, steps: &[PathStep]) -> Option<Value> {
    let mut current = value.clone();
    for step in steps {
        let plain = current.unmarked().clone();
        if !plain.is_known() {
            return Some(Value::unknown(Type::Dynamic));
        }
        current = match step {
            PathStep::Attr(name) => entry(&plain, &Value::string(name.clone()))?,
            PathStep::Index(key) => entry(&plain, key)?,
        };
    }
    Some(current)
}

fn object_key(value: &Value) -> Option<ObjectKey> {
    match value.unmarked() {
        Value::String(name) => Some(ObjectKey::Name((&**name).into())),
        Value::Number(number) => u32::try_from(number.as_i64()?).ok().map(ObjectKey::Index),
        _ => None,
    }
}

/// The resource that a reference names and the steps after it, computed keys evaluated.
fn spelled(
    expr: &Expr,
    visit: &Visit<'_>,
    evaluation: &Evaluation<'_>,
    diags: &mut Diagnostics,
) -> Option<(ResourceAddr, Vec<PathStep>)> {
    let step = |step: &Step| match step {
        Step::Attr(name) => PathStep::Attr((&*name.name).into()),
        Step::Index(key, _) => PathStep::Index(key.clone()),
    };
    match &expr.kind {
        ExprKind::Traversal { root, steps } => {
            let reference = eval::reference(root, steps).ok()?;
            let Refers::Resource(addr) = reference.subject else { return None };
            Some((addr, reference.rest.iter().map(step).collect()))
        }
        ExprKind::Relative { base, steps } => {
            let (addr, mut all) = spelled(base, visit, evaluation, diags)?;
            all.extend(steps.iter().map(step));
            Some((addr, all))
        }
        ExprKind::Index { base, key } => {
            let (addr, mut all) = spelled(base, visit, evaluation, diags)?;
            let scope = evaluation.scope(visit.module, &visit.addr.module, &visit.repeat);
            let (key, _) = eval::evaluate(key, &scope, diags).ok()?.unmark();
            let number = convert(&key, &Type::Number).ok().filter(|_| !matches!(key, Value::String(_)));
            all.push(PathStep::Index(number.unwrap_or(key)));
            Some((addr, all))
        }
        _ => None,
    }
}
