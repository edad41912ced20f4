//! What the tests of this module are made of: plans, records and values in a few words.

use crate::addr::{ObjectAddr, ObjectKey, ResourceAddr};
use crate::diag::{FileId, Sources, Span};
use crate::graph::Dag;
use crate::plan::{
    Action, Answers, Cause, Change, ConfigDigest, Edit, Meta, Mode, Plan, Planned, Reading, Subject,
};
use crate::state::{ProviderAddr, Record, StateVersion, Status};
use crate::value::{Path, Type, Value, from_json_text};
use std::collections::BTreeMap;
use std::time::Duration;

/// A configuration of ten lines, each the place of an object.
pub(super) fn sources() -> Sources {
    let mut sources = Sources::new();
    sources.add("main.hcl", "#\n".repeat(10));
    sources
}

fn line(line: usize) -> Span {
    Span::new(FileId(0), (line - 1) * 2..(line - 1) * 2 + 1)
}

/// A value from JSON; the string `?` is not known yet, and one that starts with `!` is sensitive.
pub(super) fn value(json: &str) -> Value {
    crate::value::transform(&from_json_text(json).unwrap(), &mut |_, value| match value.as_str() {
        Some("?") => Value::unknown(Type::String),
        Some(text) if text.starts_with('!') => Value::string(&text[1..]).sensitive(),
        _ => value,
    })
}

/// `name` or `name/key`.
pub(super) fn addr(name: &str) -> ObjectAddr {
    let (name, key) = match name.split_once('/') {
        Some((name, key)) => (name, ObjectKey::Name(key.into())),
        None => (name, ObjectKey::Single),
    };
    ObjectAddr::root(ResourceAddr::managed("instance", name), key)
}

fn provider() -> ProviderAddr {
    ProviderAddr { name: "cloudelements".into(), alias: None }
}

pub(super) fn record(id: &str, json: &str) -> Record {
    Record {
        provider: provider(),
        id: id.into(),
        values: value(json),
        fingerprints: BTreeMap::new(),
        bound: None,
        status: Status::Ready,
        depends_on: Vec::new(),
        create_before_destroy: false,
        prevent_destroy: false,
        marker: None,
    }
}

pub(super) fn planned(json: &str) -> Planned {
    let meta = Meta {
        provider: provider(),
        depends_on: Vec::new(),
        create_before_destroy: false,
        prevent_destroy: false,
    };
    Planned { values: value(json), desired: value(json), meta }
}

/// An edit of `configuration["key"]`, or of the attribute `key` itself.
pub(super) fn edit(path: &str, before: &str, after: &str) -> Edit {
    let path = match path.split_once('.') {
        Some((attribute, key)) => Path::root().child_attr(attribute).child_index(Value::string(key)),
        None => Path::root().child_attr(path),
    };
    let side = |json: &str| (!json.is_empty()).then(|| value(json));
    Edit {
        path,
        before: side(before),
        after: side(after),
        cause: Cause::Configuration(None),
        forces_replace: false,
    }
}

/// A plan with these objects: name, line (0: not declared) and action.
pub(super) fn plan_of(actions: Vec<(&str, usize, Action)>) -> Plan {
    let change = |(name, at, action): (&str, usize, Action)| {
        let place = (at > 0).then(|| line(at));
        (Subject::current(addr(name)), Box::new(Change { action, place, previous: None }))
    };
    Plan {
        data: std::collections::BTreeMap::new(),
        moves: Default::default(),
        mode: Mode::Normal,
        base: StateVersion { lineage: "00000000".into(), serial: 1 },
        config: ConfigDigest("".into()),
        variables: BTreeMap::new(),
        changes: actions.into_iter().map(change).collect(),
        steps: Dag::new(),
        drift: Vec::new(),
        outputs: BTreeMap::new(),
        checks: Vec::new(),
        answers: Answers::default(),
        reading: Reading { objects: 3, requests: 1, took: Duration::ZERO },
    }
}
