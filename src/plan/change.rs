//! What an object shall be against what it is → the edits that lead there.
//!
//! Only what is declared is compared, after the API's own normalisation. A secret is compared by fingerprint: the
//! **secret unit** is the outermost value that is marked, or a list or set that holds a mark; a record has `Unknown` in its place.

use super::desired::{assemble, settable, unknown};
use super::{Cause, Edit};
use crate::addr::{Name, ObjectAddr};
use crate::diag::Span;
use crate::kind::{self, Attribute, Generate, Kind, Role};
use crate::provider::Object;
use crate::secret::{Fingerprint, Sealer};
use crate::state::Record;
use crate::syntax::{Expr, ExprKind, Step};
use crate::value::{Fields, Marks, Path, PathStep, Str, Type, Value, typed_to_json};
use std::collections::BTreeMap;

/// What the comparison may ask about an argument.
pub(super) trait Blame {
    /// The place of the argument, or of the entry that is written out in it.
    fn place(&self, path: &Path) -> Option<Span>;
    /// The changing object whose values flow into what stands there, if one does.
    fn upstream(&self, path: &Path) -> Option<ObjectAddr>;
}

/// One comparison: of an object's kind, with the state's key.
pub(super) struct Comparison<'c> {
    pub kind: &'c Kind,
    pub sealer: Option<&'c Sealer>,
    pub blame: &'c dyn Blame,
}

/// Two sides and how it was when last recorded.
struct Sides<'v> {
    want: Option<&'v Value>,
    have: Option<&'v Value>,
    was: Option<&'v Value>,
}

impl Comparison<'_> {
    /// The edits from `current` (as read) to `desired`; `recorded` is the state's, to tell drift from a new wish.
    pub(super) fn edits(&self, desired: &Value, current: &Record, recorded: &Record) -> Vec<Edit> {
        let mut edits = Vec::new();
        for attribute in self.kind.attributes.values().filter(|a| settable(a) && !a.write_only) {
            let want = desired.get_attr(&attribute.name);
            let have = current.values.get_attr(&attribute.name);
            let was = recorded.values.get_attr(&attribute.name);
            let declared = want.is_some_and(|w| !w.is_null()) || was.is_some_and(|w| !w.is_null());
            if !declared {
                continue;
            }
            let path = Path::root().child_attr(&attribute.name);
            let sides = Sides { want: present(want), have: present(have), was: present(was) };
            let before = edits.len();
            self.value(attribute, &path, sides, (current, recorded), &mut edits);
            if attribute.replace {
                edits[before..].iter_mut().for_each(|edit| edit.forces_replace = true);
            }
        }
        edits
    }

    fn value(
        &self,
        attribute: &Attribute,
        path: &Path,
        sides: Sides<'_>,
        records: (&Record, &Record),
        edits: &mut Vec<Edit>,
    ) {
        if sides.want.zip(sides.have).is_some_and(|(want, have)| is_plainly(want, have)) {
            return;
        }
        if let (Some(want), Some(have)) = (sides.want, sides.have)
            && let (Some(wants), Some(haves)) = (fields(want), fields(have))
        {
            return self.fields(attribute, path, (wants, haves, sides.was), records, edits);
        }
        if self.same(attribute, path, sides.want, sides.have, records.0) {
            return;
        }
        let drifted = self.same(attribute, path, sides.want, sides.was, records.1);
        edits.push(Edit {
            path: path.clone(),
            before: sides.have.map(|have| shown(attribute, sides.want, have)),
            after: sides.want.cloned(),
            cause: self.cause(path, drifted),
            forces_replace: false,
        });
    }

    fn fields(
        &self,
        attribute: &Attribute,
        path: &Path,
        (wants, haves, was): (&Fields, &Fields, Option<&Value>),
        records: (&Record, &Record),
        edits: &mut Vec<Edit>,
    ) {
        let was = was.and_then(fields);
        let keys: std::collections::BTreeSet<&Str> = wants.keys().chain(haves.keys()).collect();
        for key in keys {
            let sides =
                Sides { want: wants.get(key), have: haves.get(key), was: was.and_then(|was| was.get(key)) };
            let path = path.child_index(Value::string(key.clone()));
            self.value(attribute, &path, sides, records, edits);
        }
    }

    /// Whether a wish and a recorded (or read) value are the same to the API.
    fn same(
        &self,
        attribute: &Attribute,
        path: &Path,
        want: Option<&Value>,
        have: Option<&Value>,
        record: &Record,
    ) -> bool {
        match (want, have) {
            (None, None) => true,
            (Some(want), Some(have)) if is_unit(want) => {
                have.contains_marks(Marks::SENSITIVE)
                    && want.is_wholly_known()
                    && record.fingerprints.contains_key(path)
                    && record.fingerprints.get(path)
                        == self.fingerprint(attribute, path, want, record.bound.as_deref()).as_ref()
            }
            (Some(want), Some(have)) => {
                want.is_wholly_known() && have.is_wholly_known() && agree(attribute, want, have)
            }
            (Some(one), None) | (None, Some(one)) => one.is_null(),
        }
    }

    fn fingerprint(
        &self,
        attribute: &Attribute,
        path: &Path,
        value: &Value,
        bound: Option<&str>,
    ) -> Option<Fingerprint> {
        Some(fingerprint(&Printing { sealer: self.sealer?, kind: self.kind, bound }, attribute, path, value))
    }

    fn cause(&self, path: &Path, drifted: bool) -> Cause {
        if drifted {
            return Cause::Drift;
        }
        match self.blame.upstream(path) {
            Some(addr) => Cause::Upstream(addr),
            None => Cause::Configuration(self.blame.place(path)),
        }
    }
}

/// Whether two values are the same without any question of normalising or of secrets: most of most plans.
fn is_plainly(want: &Value, have: &Value) -> bool {
    want == have && !want.contains_marks(Marks::SENSITIVE) && want.is_wholly_known()
}

/// Whether a known value is to the API what another one is; of a partial one, whether everything declared in it is.
fn agree(attribute: &Attribute, want: &Value, have: &Value) -> bool {
    let (want, have) = (kind::normalise(attribute, want), kind::normalise(attribute, have));
    want == have || (attribute.partial && kind::covers(&want, &have))
}

/// What an edit shows of what there is: of something partial, what is declared of it.
fn shown(attribute: &Attribute, want: Option<&Value>, have: &Value) -> Value {
    match want.filter(|want| attribute.partial && want.is_wholly_known()) {
        Some(want) => kind::declared(want, have),
        None => have.clone(),
    }
}

/// A value that is there: not null.
fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

/// The entries of an unmarked, known map or object.
fn fields(value: &Value) -> Option<&Fields> {
    match value {
        Value::Map(_, fields) | Value::Object(fields) => Some(fields),
        _ => None,
    }
}

/// Whether a value is one secret, compared and kept as a whole.
fn is_unit(value: &Value) -> bool {
    let whole = matches!(value, Value::List(..) | Value::Set(..) | Value::Tuple(_));
    value.is_sensitive() || (whole && value.contains_marks(Marks::SENSITIVE))
}

/// What a fingerprint is made with beside the value: the key, and what it is bound to.
#[derive(Clone, Copy)]
struct Printing<'p> {
    sealer: &'p Sealer,
    kind: &'p Kind,
    /// `Record::bound`: so that nobody sees that two objects have the same secret.
    bound: Option<&'p str>,
}

fn fingerprint(with: &Printing<'_>, attribute: &Attribute, path: &Path, value: &Value) -> Fingerprint {
    let (plain, _) = kind::normalise(attribute, value).unmark_deep();
    let canonical = typed_to_json(&plain).to_string();
    let path = path.to_string();
    let context = [&*with.kind.name, &path].into_iter().chain(with.bound);
    with.sealer.fingerprint(&context.collect::<Vec<_>>(), canonical.as_bytes())
}

/// The part of a value that a fingerprint's path names: an entry of a map, or an attribute of the object that stands for one.
fn part(value: &Value, path: &Path) -> Option<Value> {
    path.0.iter().try_fold(value.clone(), |value, step| match step {
        PathStep::Attr(name) => value.unmarked().get_attr(name).cloned(),
        PathStep::Index(index) => value.unmarked().get_attr(index.as_str()?).cloned(),
    })
}

/// The fingerprints of a record made anew with another key, from the values that the configuration gives today. A secret whose
/// value is another one by now, or is not known, loses its fingerprint: the next plan sees it as changed. Its path is returned.
pub fn refit(
    kind: &Kind,
    desired: Option<&Value>,
    record: &mut Record,
    old: &Sealer,
    new: &Sealer,
    addr: &str,
) -> Vec<Path> {
    let before = Printing { sealer: old, kind, bound: record.bound.as_deref() };
    let after = Printing { sealer: new, kind, bound: Some(addr) };
    let mut made = BTreeMap::new();
    let mut lost = Vec::new();
    for (path, print) in &record.fingerprints {
        let attribute = match path.0.first() {
            Some(PathStep::Attr(name)) => kind.attributes.get(&**name),
            _ => None,
        };
        let value = desired.and_then(|desired| part(desired, path)).filter(Value::is_wholly_known);
        match (attribute, value) {
            (Some(attribute), Some(value)) if fingerprint(&before, attribute, path, &value) == *print => {
                made.insert(path.clone(), fingerprint(&after, attribute, path, &value));
            }
            _ => lost.push(path.clone()),
        }
    }
    record.fingerprints = made;
    record.bound = Some(addr.into());
    lost
}

/// An object's values as a record keeps them: each secret the configuration gave is replaced by an unknown, and fingerprinted.
pub fn keep(
    kind: &Kind,
    values: &Value,
    sealer: &Sealer,
    addr: &str,
) -> (Value, BTreeMap<Path, Fingerprint>) {
    let with = Printing { sealer, kind, bound: Some(addr) };
    let mut fingerprints = BTreeMap::new();
    let mut field = |attribute: &Attribute| {
        let path = Path::root().child_attr(&attribute.name);
        let value = values.get_attr(&attribute.name).cloned();
        let value = value.unwrap_or_else(|| Value::null(attribute.ty()));
        if attribute.write_only {
            return Value::null(attribute.ty());
        }
        if settable(attribute) {
            keep_value(&with, attribute, &path, value, &mut fingerprints)
        } else {
            value
        }
    };
    let fields = kind.attributes.values().map(|a| (Str::from(&a.name), field(a))).collect();
    (Value::object(fields), fingerprints)
}

fn keep_value(
    with: &Printing<'_>,
    attribute: &Attribute,
    path: &Path,
    value: Value,
    fingerprints: &mut BTreeMap<Path, Fingerprint>,
) -> Value {
    if is_unit(&value) {
        if value.is_wholly_known() && !value.is_null() {
            fingerprints.insert(path.clone(), fingerprint(with, attribute, path, &value));
        }
        return if value.is_null() { value.unmark().0 } else { hidden(&value.unmark().0) };
    }
    let mut inner = |key: &Str, value: &Value| {
        let path = path.child_index(Value::string(key.clone()));
        keep_value(with, attribute, &path, value.clone(), fingerprints)
    };
    match &value {
        Value::Map(ty, fields) => {
            let kept = fields.iter().map(|(key, value)| (key.clone(), inner(key, value))).collect();
            Value::map(ty.clone(), kept)
        }
        Value::Object(fields) => {
            Value::object(fields.iter().map(|(key, value)| (key.clone(), inner(key, value))).collect())
        }
        _ => value,
    }
}

/// An object's values with every secret that the configuration gave left out.
pub(super) fn without_secrets(kind: &Kind, values: &Value) -> Value {
    crate::value::transform(values, &mut |path, value| {
        let attribute = match path.0.first() {
            Some(PathStep::Attr(name)) => kind.attributes.get(&**name),
            _ => None,
        };
        if attribute.is_some_and(settable) && is_unit(&value) { hidden(&value.unmark().0) } else { value }
    })
}

/// What stands for a secret that is there but not kept.
fn hidden(value: &Value) -> Value {
    Value::unknown(value.ty()).sensitive()
}

/// A record brought up to date with what the API says of the object.
pub(super) fn refreshed(kind: &Kind, record: &Record, object: &Object, sealer: Option<&Sealer>) -> Record {
    let mut current = record.clone();
    let mut fingerprints = record.fingerprints.clone();
    let with = sealer.map(|sealer| Printing { sealer, kind, bound: record.bound.as_deref() });
    let field = |attribute: &Attribute, kept: Value, fingerprints: &mut BTreeMap<Path, Fingerprint>| match (
        &attribute.role,
        object.values.get_attr(&attribute.name),
    ) {
        (_, None) | (Role::Generated(_), _) => kept,
        (Role::Computed, Some(read)) if read.is_wholly_known() => read.clone(),
        (Role::Computed, Some(_)) => kept,
        (_, Some(_)) if kept.is_null() || attribute.write_only => kept,
        (_, Some(read)) => {
            let path = Path::root().child_attr(&attribute.name);
            merge(&Merge { attribute, with }, &path, &kept, read, fingerprints)
        }
    };
    let mut fields = Vec::with_capacity(kind.attributes.len());
    let mut is_same = true;
    for attribute in kind.attributes.values() {
        let recorded = record.values.get_attr(&attribute.name);
        let kept = recorded.cloned().unwrap_or_else(|| Value::null(attribute.ty()));
        let now = field(attribute, kept, &mut fingerprints);
        is_same &= recorded == Some(&now);
        fields.push((Str::from(&attribute.name), now));
    }
    // Nearly always; what is shared is compared at a glance.
    if !is_same || record.values.length() != Some(fields.len()) {
        current.values = Value::object(fields.into_iter().collect());
    }
    current.fingerprints = fingerprints;
    current.id = object.id.clone();
    current.marker = object.marker.clone().or_else(|| record.marker.clone());
    current
}

struct Merge<'m> {
    attribute: &'m Attribute,
    /// `None` without the key.
    with: Option<Printing<'m>>,
}

/// `kept` where the API says the same or does not tell, else what was read.
fn merge(
    of: &Merge<'_>,
    path: &Path,
    kept: &Value,
    read: &Value,
    fingerprints: &mut BTreeMap<Path, Fingerprint>,
) -> Value {
    if let (Some(kepts), Some(reads)) = (fields(kept), fields(read)) {
        let null = Value::null(Type::Dynamic);
        let mut merged: Vec<(Str, Value)> = Vec::with_capacity(kepts.len());
        for (key, kept) in kepts {
            let path = path.child_index(Value::string(key.clone()));
            let value = merge(of, &path, kept, reads.get(key).unwrap_or(&null), fingerprints);
            merged.push((key.clone(), value));
        }
        if !of.attribute.partial {
            let more = reads.iter().filter(|(key, _)| !kepts.contains_key(*key));
            merged.extend(more.map(|(key, value)| (key.clone(), value.clone())));
        }
        if merged.len() == kepts.len() && merged.iter().map(|(_, value)| value).eq(kepts.values()) {
            return kept.clone();
        }
        return match kept {
            Value::Map(ty, _) if merged.iter().all(|(_, v)| v.ty() == *ty || v.is_null()) => {
                let typed = |v: Value| if v.is_null() { Value::null(ty.clone()) } else { v };
                Value::map(ty.clone(), merged.into_iter().map(|(k, v)| (k, typed(v))).collect())
            }
            _ => Value::object(merged.into_iter().collect()),
        };
    }
    if !read.is_wholly_known() {
        return kept.clone();
    }
    if let Some(known) = fingerprints.get(path).cloned() {
        let same = of.with.is_some_and(|with| fingerprint(&with, of.attribute, path, read) == known);
        if same {
            return kept.clone();
        }
        fingerprints.remove(path);
        return read.clone();
    }
    if agree(of.attribute, kept, read) { kept.clone() } else { read.clone() }
}

/// What changed outside: the edits that lead from the record to what was read.
pub(super) fn drift(recorded: &Record, current: &Record) -> Vec<Edit> {
    let mut edits = Vec::new();
    difference(&Path::root(), Some(&recorded.values), Some(&current.values), &mut edits);
    edits
}

fn difference(path: &Path, before: Option<&Value>, after: Option<&Value>, edits: &mut Vec<Edit>) {
    if let (Some(one), Some(other)) = (before.and_then(fields), after.and_then(fields)) {
        let keys: std::collections::BTreeSet<&Str> = one.keys().chain(other.keys()).collect();
        for key in keys {
            let path = match path.0.is_empty() {
                true => path.child_attr(key),
                false => path.child_index(Value::string(key.clone())),
            };
            difference(&path, one.get(key), other.get(key), edits);
        }
    } else if before != after {
        edits.push(Edit {
            path: path.clone(),
            before: before.cloned(),
            after: after.cloned(),
            cause: Cause::Drift,
            forces_replace: false,
        });
    }
}

/// What an object will be after an update: what is desired, and the rest as it is, but for what is derived from an edit.
pub(super) fn updated(kind: &Kind, desired: &Value, current: &Record, edits: &[Edit]) -> Value {
    let touched = |name: &str| {
        edits.iter().any(|edit| matches!(edit.path.0.first(), Some(PathStep::Attr(attr)) if **attr == *name))
    };
    assemble(kind, desired, |attribute| {
        let stale = match &attribute.role {
            Role::Generated(Generate::From(expr)) => sources(expr).iter().any(|name| touched(name)),
            _ => false,
        };
        let kept = current.values.get_attr(&attribute.name).cloned();
        if stale { unknown(attribute) } else { kept.unwrap_or_else(|| unknown(attribute)) }
    })
}

/// What an update sends: whole attributes, or single keys of a partial map.
pub fn sent(kind: &Kind, edits: &[Edit]) -> Vec<Path> {
    let mut paths: Vec<Path> = edits
        .iter()
        .filter_map(|edit| {
            let Some(PathStep::Attr(name)) = edit.path.0.first() else { return None };
            let partial = kind.attributes.get(&**name).is_some_and(|a| a.partial);
            let depth = if partial { 2 } else { 1 };
            Some(Path(edit.path.0.iter().take(depth).cloned().collect()))
        })
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

/// The object's attributes that an expression of its kind reads: `object.NAME`.
fn sources(expr: &Expr) -> Vec<Name> {
    let mut names = Vec::new();
    if let ExprKind::Traversal { root, steps } = &expr.kind
        && let ("object", Some(Step::Attr(attribute))) = (&*root.name, steps.first())
    {
        names.push(attribute.name.clone());
    }
    names
}
