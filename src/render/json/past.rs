//! The past of a state: commits, and what differs between two.

use super::mask::sensitive;
use super::secrets;
use crate::render::past::counts;
use crate::state::history::Entry;
use crate::state::{Difference, ObjectDifference, Record};
use crate::value::{Marks, Secrets, Value, to_json};
use serde_json::{Map, Value as Json, json};

/// `[{ "serial", "time", "who", "command", "pid", "counts": { … }, "changes": [{ "did", "at", "to" }] }]`, the oldest first.
pub fn history(entries: &[Entry]) -> Json {
    entries.iter().map(entry).collect()
}

fn entry(entry: &Entry) -> Json {
    let time = jiff::Timestamp::from_second(entry.stamp.at).map(|at| at.to_string()).ok();
    json!({
        "serial": entry.serial,
        "time": time,
        "who": &*entry.stamp.who,
        "command": &*entry.stamp.command,
        "pid": entry.stamp.pid,
        "counts": counts(entry),
        "changes": entry.changes,
    })
}

/// `{ "format_version", "from", "to", "resource_changes": [{ "address", "deposed", "change" }], "output_changes": { … } }`, a change
/// as plans have them.
pub fn difference(difference: &Difference, from: u64, to: u64, reveal: bool) -> Json {
    let secrets = secrets(reveal);
    let outputs = difference
        .outputs
        .iter()
        .map(|(name, before, after)| (name.to_string(), change(before.as_ref(), after.as_ref(), secrets)));
    json!({
        "format_version": "1.0",
        "from": from,
        "to": to,
        "resource_changes": difference.objects.iter().map(|object| one(object, secrets)).collect::<Json>(),
        "output_changes": outputs.collect::<Map<_, _>>(),
    })
}

fn one(object: &ObjectDifference, secrets: Secrets) -> Json {
    let values = |record: &Option<Record>| record.as_ref().map(|record| record.values.clone());
    let (before, after) = (values(&object.before), values(&object.after));
    let mut json = json!({
        "address": object.addr.to_string(),
        "change": change(before.as_ref(), after.as_ref(), secrets),
    });
    if let Some(key) = &object.deposed {
        json["deposed"] = (&**key).into();
    }
    json
}

fn change(before: Option<&Value>, after: Option<&Value>, secrets: Secrets) -> Json {
    let action = match (before, after) {
        (None, _) => "create",
        (Some(_), Some(_)) => "update",
        (Some(_), None) => "delete",
    };
    let json = |value: Option<&Value>| value.map(|value| to_json(value, secrets));
    let mask = |value: Option<&Value>| {
        value.map_or(false.into(), |value| match value.contains_marks(Marks::SENSITIVE) {
            true => sensitive(value),
            false => false.into(),
        })
    };
    json!({
        "actions": [action],
        "before": json(before),
        "after": json(after),
        "before_sensitive": mask(before),
        "after_sensitive": mask(after),
    })
}
