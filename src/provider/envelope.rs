//! What a kind puts around an object: the body that carries it, and the answer that it is taken out of.

use super::Update;
use super::mapping::{self, at, json};
use crate::kind::words::Words;
use crate::kind::{Envelope, Kind, Request};
use crate::value::{Fields, Str, Type, Value, to_json_text};

/// Returns the body of a request that makes an object.
pub(super) fn of_create(
    kind: &Kind,
    request: &Request,
    words: Words,
    desired: &Value,
    marker: Option<&str>,
) -> Result<String, String> {
    let object = mapping::whole(kind, desired, marker)?;
    match &request.body {
        Envelope::At(keys) => text(&under(keys, object)),
        Envelope::Made(expr) => {
            text(&words.with("object", object.clone()).with("changes", object).value(expr)?)
        }
    }
}

/// Returns the body of a request that changes an object; `None` if nothing of it travels in one.
pub(super) fn of_update(
    kind: &Kind,
    request: &Request,
    words: Words,
    update: &Update<'_>,
) -> Result<Option<String>, String> {
    let whole = || mapping::replacement(kind, update);
    let changes = || mapping::changes(kind, update);
    let body = match (&request.body, request.method.as_str()) {
        (Envelope::At(keys), "PATCH") => changes()?.map(|changes| under(keys, changes)),
        (Envelope::At(keys), _) => Some(under(keys, whole()?)),
        (Envelope::Made(expr), _) => {
            let changes = changes()?.unwrap_or_else(|| Value::object(Fields::default()));
            Some(words.with("object", whole()?).with("changes", changes).value(expr)?)
        }
    };
    body.as_ref().map(text).transpose()
}

/// Returns the body of a request that deletes an object: there is none, unless the kind makes one.
pub(super) fn of_delete(
    kind: &Kind,
    request: &Request,
    words: Words,
    current: &Value,
) -> Result<Option<String>, String> {
    let Some(expr) = request.body.made() else { return Ok(None) };
    let object = mapping::whole(kind, current, None)?;
    text(&words.with("object", object).with("changes", Value::object(Fields::default())).value(expr)?)
        .map(Some)
}

/// What leaves is the author's to say: no mark keeps it.
fn text(body: &Value) -> Result<String, String> {
    let plain = body.unmark_deep().0;
    if !plain.is_wholly_known() {
        return Err("a part of the body is not known".to_owned());
    }
    to_json_text(&plain).map_err(|error| error.to_string())
}

fn under(keys: &[String], object: Value) -> Value {
    let put = |value, key: &String| Value::object([(Str::from(key.as_str()), value)].into());
    keys.iter().rev().fold(object, put)
}

/// Takes the object out of an answer that must have one in it; null from an expression means that there is none.
pub(super) fn inside(answer: &Value, envelope: &Envelope) -> Result<Value, String> {
    match envelope {
        Envelope::At(keys) => {
            at(answer, keys).cloned().ok_or_else(|| format!("the answer has no `{}`", keys.join(".")))
        }
        Envelope::Made(expr) => {
            let found = Words::new().with("object", answer.clone()).value(expr);
            found.map_err(|problem| format!("the answer has another shape: {problem}"))
        }
    }
}

/// The same for an answer that may have no body; null stands for that.
pub(super) fn of_answer(text: &str, envelope: &Envelope) -> Result<Value, String> {
    match text.trim().is_empty() {
        true => Ok(Value::null(Type::Dynamic)),
        false => inside(&json(text)?, envelope),
    }
}
