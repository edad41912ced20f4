//! Parts of an object that have requests of their own: switches, and sets whose elements are put in and taken out one by one.

use super::request::words_of;
use super::rest::{RestProvider, fill};
use super::{CallError, Object, envelope, mapping};
use crate::http::Repeat;
use crate::kind::{Attribute, Kind, Members, secrets};
use crate::value::{Path, Str, Type, Value};
use std::collections::BTreeSet;

impl RestProvider {
    /// Switches every toggle that is wanted otherwise than it is. At an update only those that `paths` names are looked at.
    pub(super) async fn toggle(
        &self,
        kind: &Kind,
        id: &str,
        current: &Value,
        desired: &Value,
        paths: Option<&[Path]>,
    ) -> Result<bool, CallError> {
        let mut toggled = false;
        for attribute in kind.attributes.values() {
            let path = Path::root().child_attr(&attribute.name);
            let wanted = flag(desired, &attribute.name);
            let (Some(toggle), Some(wanted)) = (&attribute.toggle, wanted) else { continue };
            let due = match paths {
                Some(paths) => paths.contains(&path),
                None => flag(current, &attribute.name) != Some(wanted),
            };
            if due {
                let request = if wanted { &toggle.on } else { &toggle.off };
                let call = fill(request, &words_of(id, desired))?;
                let answer = self.send(&call, Repeat::Idempotent).await?;
                self.accept(kind, request, &answer)?;
                toggled = true;
            }
        }
        Ok(toggled)
    }

    /// Puts in and takes out what makes the sets with members as they are wanted; `prior` is what was recorded.
    pub(super) async fn join(
        &self,
        kind: &Kind,
        id: &str,
        prior: Option<&Value>,
        desired: &Value,
    ) -> Result<bool, CallError> {
        let mut joined = false;
        for (attribute, members) in with_members(kind) {
            let wanted = strings(desired, attribute);
            if desired.get_attr(&attribute.name).is_none_or(Value::is_null) && prior.is_none() {
                continue;
            }
            let prior = prior.map(|prior| strings(prior, attribute)).unwrap_or_default();
            let calls = wanted.difference(&prior).map(|value| (&members.add, value));
            for (request, value) in
                calls.chain(prior.difference(&wanted).map(|value| (&members.remove, value)))
            {
                let call = fill(request, &words_of(id, desired).with("value", Value::string(value.clone())))?;
                let answer = self.send(&call, Repeat::Idempotent).await?;
                if !request.gone.contains(&answer.status) || std::ptr::eq(request, &members.add) {
                    self.accept(kind, request, &answer)?;
                }
                joined = true;
            }
        }
        Ok(joined)
    }

    /// The object with its members read.
    pub(super) async fn with_members(&self, kind: &Kind, object: Object) -> Result<Object, CallError> {
        let Value::Object(mut values) = object.values.clone() else { return Ok(object) };
        let mut read = false;
        for (attribute, members) in with_members(kind) {
            let call = fill(&members.list, &words_of(&object.id, &object.values))?;
            let set = self.ask(kind, &call, |answer| {
                let found = || {
                    let json = envelope::inside(&mapping::json(&answer.body)?, &members.list.answer)?;
                    mapping::members(attribute, &json)
                };
                match members.list.gone.contains(&answer.status) {
                    true => Some(Ok(Value::set(Type::String, Vec::new()))),
                    false => members.list.is_success(answer.status).then(found),
                }
            });
            let set = set.await?;
            values = values.with([(Str::from(&*attribute.name), set)]);
            read = true;
        }
        if !read {
            return Ok(object);
        }
        let values = secrets(kind, Value::Object(values));
        self.learn(&values);
        Ok(Object { values, ..object })
    }
}

fn with_members(kind: &Kind) -> impl Iterator<Item = (&Attribute, &Members)> {
    kind.attributes.values().filter_map(|attribute| Some((attribute, attribute.members.as_ref()?)))
}

/// The known strings of a set.
fn strings(values: &Value, attribute: &Attribute) -> BTreeSet<Str> {
    let set = values.unmarked().get_attr(&attribute.name).map(|set| set.unmark_deep().0);
    let set = set.filter(Value::is_wholly_known);
    set.iter().flat_map(Value::elements).filter_map(|(_, value)| Some(Str::from(value.as_str()?))).collect()
}

/// A known `bool` among an object's values.
fn flag(values: &Value, name: &str) -> Option<bool> {
    values.unmarked().get_attr(name)?.unmarked().as_bool()
}
