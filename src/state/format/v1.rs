//! Format 1: records, intents, outputs and the key's slot as JSON; secrets in it are sealed.
//!
//! A value is written by [`typed_to_json`], after two things were taken out: what is ephemeral becomes null, and every
//! part that is marked sensitive and known is sealed on its own, bound to the lineage, the address and its path, and an
//! unknown of its type is left in its place. Reading puts back what opens. What stays closed is an unknown,
//! marked sensitive, and its sealed bytes are handed out beside it, so that writing the record again keeps them.

use crate::addr::{ModulePath, Name, ObjectAddr, ObjectKey};
use crate::secret::{Fingerprint, OpenError, Sealed, Sealer};
use crate::state::rows::RowKey;
use crate::state::{Dependency, Intent, IntentId, Operation, ProviderAddr, Record, Stamp, Status};
use crate::value::{
    Marks, Path, PathStep, Str, Value, typed_from_json, typed_from_text, typed_to_json, walk,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use serde_json::value::RawValue;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What sealing needs to know: the key, if there is one, and where the value belongs.
#[derive(Clone, Copy)]
pub(crate) struct Seal<'a> {
    pub sealer: Option<&'a Sealer>,
    pub lineage: &'a str,
    /// The address, or `output.NAME`.
    pub place: &'a str,
}

/// A part of a value that could not be opened, as it was stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SealedPart {
    /// The path: a string for an attribute, a typed value for an index.
    pub at: Vec<Json>,
    #[serde(rename = "box")]
    pub sealed: Sealed,
}

/// What was read, and the parts of it that stayed closed.
pub(crate) struct Opened<T> {
    pub what: T,
    pub closed: Vec<SealedPart>,
    /// A part that no key opens: it was changed, or belongs elsewhere.
    pub tampered: Option<String>,
}

/// A value and its sealed parts. What is written has a tree in `V`, what is read the text, from which a value is made at once.
#[derive(Serialize, Deserialize)]
struct SecretValue<V> {
    value: V,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sealed: Vec<SealedPart>,
}

#[derive(Serialize, Deserialize)]
struct RecordV1<V> {
    provider: (String, Option<String>),
    id: String,
    values: SecretValue<V>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fingerprints: Vec<(Vec<Json>, Fingerprint)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bound: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    tainted: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    create_before_destroy: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    prevent_destroy: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct IntentV1<V> {
    addr: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deposed: Option<String>,
    operation: Operation,
    record: RecordV1<V>,
    fingerprint: Fingerprint,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Vec<Arc<str>>>,
    stamp: Stamp,
}

/// What is written of a record. `closed` is what an earlier reading could not open.
pub(crate) fn written_record(
    record: &Record,
    seal: Seal<'_>,
    closed: &[SealedPart],
) -> impl Serialize + use<> {
    record_v1(record, seal, closed)
}

pub(crate) fn read_record(json: &str, seal: Seal<'_>) -> Result<Opened<Record>, String> {
    record_from(serde_json::from_str(json).map_err(|e| e.to_string())?, seal)
}

pub(crate) fn written_intent(
    intent: &Intent,
    seal: Seal<'_>,
    closed: &[SealedPart],
) -> impl Serialize + use<> {
    IntentV1 {
        addr: intent.addr.to_string(),
        deposed: intent.deposed.as_deref().map(Into::into),
        operation: intent.operation,
        record: record_v1(&intent.record, seal, closed),
        fingerprint: intent.fingerprint,
        marker: intent.marker.as_deref().map(Into::into),
        before: intent.before.clone(),
        stamp: intent.stamp.clone(),
    }
}

/// The address of an intent: where its secrets belong.
pub(crate) fn intent_place(json: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct AddrText {
        addr: String,
    }
    serde_json::from_str(json).ok().map(|AddrText { addr }| addr)
}

pub(crate) fn read_intent(id: IntentId, json: &str, seal: Seal<'_>) -> Result<Opened<Intent>, String> {
    let read: IntentV1<&RawValue> = serde_json::from_str(json).map_err(|e| e.to_string())?;
    let addr = read.addr.parse().map_err(|e| format!("{e}"))?;
    let Opened { what: record, closed, tampered } = record_from(read.record, seal)?;
    let intent = Intent {
        id,
        addr,
        deposed: read.deposed.map(Into::into),
        operation: read.operation,
        record,
        fingerprint: read.fingerprint,
        marker: read.marker.map(Into::into),
        before: read.before,
        stamp: read.stamp,
    };
    Ok(Opened { what: intent, closed, tampered })
}

pub(crate) fn written_value(value: &Value, seal: Seal<'_>, closed: &[SealedPart]) -> impl Serialize + use<> {
    seal_value(value, seal, closed)
}

pub(crate) fn read_value(json: &str, seal: Seal<'_>) -> Result<Opened<Value>, String> {
    open_value(serde_json::from_str(json).map_err(|e| e.to_string())?, seal)
}

/// Puts what opens into the JSON of a row, in the clear under its marks.
pub(crate) fn reveal(key: &RowKey, is: &mut Json, seal: Seal<'_>) -> Result<(), String> {
    let values = match key {
        RowKey::Record(_) | RowKey::Deposed(..) => is.get_mut("values"),
        RowKey::Intent(_) => is.get_mut("record").and_then(|record| record.get_mut("values")),
        RowKey::Output(_) => Some(is),
        RowKey::Key => None,
    };
    let Some(values) = values else { return Ok(()) };
    let stored = values.take().to_string();
    let Opened { what, closed, .. } = read_value(&stored, seal)?;
    let open = SecretValue { value: typed_to_json(&what), sealed: closed };
    *values = serde_json::to_value(open).map_err(|e| e.to_string())?;
    Ok(())
}

fn record_v1(record: &Record, seal: Seal<'_>, closed: &[SealedPart]) -> RecordV1<Json> {
    RecordV1 {
        provider: (record.provider.name.to_string(), record.provider.alias.as_deref().map(Into::into)),
        id: record.id.to_string(),
        values: seal_value(&record.values, seal, closed),
        fingerprints: record.fingerprints.iter().map(|(path, print)| (path_to_json(path), *print)).collect(),
        bound: record.bound.as_deref().map(Into::into),
        tainted: record.status == Status::Tainted,
        depends_on: record.depends_on.iter().map(dependency_text).collect(),
        create_before_destroy: record.create_before_destroy,
        prevent_destroy: record.prevent_destroy,
        marker: record.marker.as_deref().map(Into::into),
    }
}

fn record_from(read: RecordV1<&RawValue>, seal: Seal<'_>) -> Result<Opened<Record>, String> {
    let Opened { what: values, closed, tampered } = open_value(read.values, seal)?;
    let fingerprints = read.fingerprints.into_iter().map(|(path, print)| {
        let path = path_from_json(&path).ok_or("a fingerprint's path cannot be read")?;
        Ok::<_, String>((path, print))
    });
    let (name, alias) = read.provider;
    let record = Record {
        provider: ProviderAddr { name: name.into(), alias: alias.map(Name::from) },
        id: read.id.into(),
        values,
        fingerprints: fingerprints.collect::<Result<_, _>>()?,
        bound: read.bound.map(Into::into),
        status: if read.tainted { Status::Tainted } else { Status::Ready },
        depends_on: read.depends_on.iter().map(|text| dependency(text)).collect::<Result<_, _>>()?,
        create_before_destroy: read.create_before_destroy,
        prevent_destroy: read.prevent_destroy,
        marker: read.marker.map(Into::into),
    };
    Ok(Opened { what: record, closed, tampered })
}

/// As an object address without a key: the same grammar, hence the same parser.
fn dependency_text(dependency: &Dependency) -> String {
    let Dependency { module, resource } = dependency.clone();
    ObjectAddr { module, resource, key: ObjectKey::Single }.to_string()
}

fn dependency(text: &str) -> Result<Dependency, String> {
    let ObjectAddr { module, resource, .. } = text.parse().map_err(|e| format!("{e}"))?;
    let module: ModulePath = module;
    Ok(Dependency { module, resource })
}

fn seal_value(value: &Value, seal: Seal<'_>, closed: &[SealedPart]) -> SecretValue<Json> {
    let mut open = without_ephemeral(value);
    let mut sealed = Vec::new();
    for (path, secret) in sensitive_parts(&open) {
        let hole = Value::unknown(secret.ty()).sensitive();
        let at = path_to_json(&path);
        if !secret.is_known() {
            // What no key opened so far stays as it was stored.
            sealed.extend(closed.iter().find(|part| part.at == at).cloned());
            continue;
        }
        if let Some(sealer) = seal.sealer {
            let plain = Zeroizing::new(typed_to_json(&secret).to_string());
            sealed
                .push(SealedPart { sealed: sealer.seal(&aad(seal, &path_text(&at)), plain.as_bytes()), at });
        }
        // Without a key, the hole is all that is kept: a secret is never written in the clear.
        open = crate::value::replace_at(&open, &path, hole);
    }
    SecretValue { value: typed_to_json(&open), sealed }
}

fn open_value(stored: SecretValue<&RawValue>, seal: Seal<'_>) -> Result<Opened<Value>, String> {
    let mut what = typed_from_text(stored.value.get()).ok_or("its value cannot be read")?;
    let (mut closed, mut tampered) = (Vec::new(), None);
    for part in stored.sealed {
        let path = path_from_json(&part.at).ok_or("the path of a sealed value cannot be read")?;
        match open_part(&part, seal) {
            Ok(Some(value)) => what = crate::value::replace_at(&what, &path, value),
            Ok(None) => closed.push(part),
            Err(problem) => {
                tampered = Some(format!("`{path}` does not open: {problem}"));
                closed.push(part);
            }
        }
    }
    Ok(Opened { what, closed, tampered })
}

/// `None` where the key is missing or another one.
fn open_part(part: &SealedPart, seal: Seal<'_>) -> Result<Option<Value>, String> {
    let Some(sealer) = seal.sealer else { return Ok(None) };
    match sealer.open(&aad(seal, &path_text(&part.at)), &part.sealed) {
        Ok(plain) => {
            let json = serde_json::from_slice(&plain).map_err(|e| e.to_string())?;
            let value = typed_from_json(&json).ok_or("what was sealed is not a value")?;
            Ok(Some(value.mark(Marks::SENSITIVE)))
        }
        Err(OpenError::WrongKey { .. }) => Ok(None),
        Err(error @ OpenError::Damaged) => Err(error.to_string()),
    }
}

fn aad<'a>(seal: Seal<'a>, path: &'a str) -> [&'a str; 3] {
    [seal.lineage, seal.place, path]
}

fn path_text(at: &[Json]) -> String {
    Json::from(at).to_string()
}

/// The outermost parts that are marked sensitive, without that mark.
fn sensitive_parts(value: &Value) -> Vec<(Path, Value)> {
    let mut found = Vec::new();
    walk(value, &mut |path, part| {
        let secret = part.marks().contains(Marks::SENSITIVE);
        if secret {
            found.push((path.clone(), part.unmark().0));
        }
        !secret
    });
    found
}

fn without_ephemeral(value: &Value) -> Value {
    if !value.contains_marks(Marks::EPHEMERAL) {
        return value.clone();
    }
    crate::value::transform(value, &mut |_, part| {
        let marks = part.marks();
        if !marks.contains(Marks::EPHEMERAL) {
            return part;
        }
        let null = Value::null(part.ty());
        if marks.contains(Marks::SENSITIVE) { null.sensitive() } else { null }
    })
}

fn path_to_json(path: &Path) -> Vec<Json> {
    let step = |step: &PathStep| match step {
        PathStep::Attr(name) => Json::from(name.as_str()),
        PathStep::Index(index) => typed_to_json(index),
    };
    path.0.iter().map(step).collect()
}

fn path_from_json(steps: &[Json]) -> Option<Path> {
    let step = |step: &Json| match step {
        Json::String(name) => Some(PathStep::Attr(Str::new(name))),
        index => typed_from_json(index).map(PathStep::Index),
    };
    steps.iter().map(step).collect::<Option<Vec<_>>>().map(Path)
}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Key;
    use crate::value::{Type, from_json_text};
    use std::collections::BTreeMap;

    const LINEAGE: &str = "9b1f03aa";

    fn seal<'a>(sealer: Option<&'a Sealer>, place: &'a str) -> Seal<'a> {
        Seal { sealer, lineage: LINEAGE, place }
    }

    fn secret() -> Value {
        Value::string("s3cr3t").sensitive()
    }

    fn check(value: Value, parts: usize) {
        let sealer = Sealer::new(&Key::from_bytes([7; 32]), LINEAGE);
        let write = |value: &Value, seal, closed: &[SealedPart]| {
            serde_json::to_value(written_value(value, seal, closed)).unwrap()
        };
        let json = write(&value, seal(Some(&sealer), "instance.a"), &[]);
        assert!(!json.to_string().contains("s3cr3t"), "{json}");
        let open = read_value(&json.to_string(), seal(Some(&sealer), "instance.a")).unwrap();
        assert!(open.what == value && open.closed.is_empty() && open.tampered.is_none(), "{json}");
        let closed = read_value(&json.to_string(), seal(None, "instance.a")).unwrap();
        assert_eq!(closed.closed.len(), parts, "{json}");
        let kept = write(&closed.what, seal(None, "instance.a"), &closed.closed);
        assert_eq!(kept, json, "what stays closed is kept as it is");
        let elsewhere = read_value(&json.to_string(), seal(Some(&sealer), "instance.b")).unwrap();
        assert_eq!((elsewhere.closed.len(), elsewhere.tampered.is_some()), (parts, parts > 0));
    }

    #[test]
    fn secrets_are_sealed_wherever_they_stand() {
        let named = |value| BTreeMap::from([(Str::new("a.b[\"c\"]"), value)]);
        check(Value::string("open"), 0);
        check(secret(), 1);
        check(Value::list(Type::String, vec![Value::string("a"), secret(), secret()]), 2);
        check(Value::map(Type::String, named(secret()).into()), 1);
        check(Value::object(named(secret()).into()), 1);
        check(Value::tuple(vec![Value::bool(true), Value::object(named(secret()).into())]), 1);
        check(Value::set(Type::String, vec![secret(), Value::string("a")]), 1);
        // The outermost mark is sealed, with all that is in it.
        check(
            Value::object(named(Value::tuple(vec![secret(), Value::unknown(Type::Bool)])).into()).sensitive(),
            1,
        );
        check(Value::null(Type::Number).sensitive(), 1);
        check(Value::unknown(Type::Number).sensitive(), 0);
        check(from_json_text(r#"{"a": [1.50, {"b": null}]}"#).unwrap().sensitive(), 1);
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for json in ["null", "{}", r#"{"provider":["p",null],"id":"1","values":{"value":1}}"#] {
            assert!(read_record(json, seal(None, "instance.a")).is_err());
        }
    }
}
