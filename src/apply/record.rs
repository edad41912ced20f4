//! What an answer of the API makes of a plan: the record to keep.

use crate::addr::ObjectAddr;
use crate::kind::{self, Kind};
use crate::plan::{Meta, keep, settable};
use crate::provider::Object;
use crate::secret::Sealer;
use crate::state::{Record, Status};
use crate::value::{Str, Value};
use std::sync::Arc;

/// Whose record it is, and what keeps its secrets.
#[derive(Clone, Copy)]
pub(super) struct Of<'o> {
    pub addr: &'o ObjectAddr,
    pub sealer: &'o Sealer,
}

/// The record of an object that was made or changed. Without `object`, a draft for the intent: what is only known
/// from an answer is unknown in it.
pub(super) fn record(
    kind: &Kind,
    meta: &Meta,
    desired: &Value,
    object: Option<&Object>,
    prior: Option<&Record>,
    marker: Option<&str>,
    of: Of<'_>,
) -> Record {
    let answered = |name: &str| object.and_then(|object| object.values.get_attr(name)).cloned();
    let before = |name: &str| prior.and_then(|prior| prior.values.get_attr(name)).cloned();
    let field = |attribute: &kind::Attribute| {
        if settable(attribute) {
            return desired.get_attr(&attribute.name).cloned().unwrap_or_else(|| Value::null(attribute.ty()));
        }
        let known = answered(&attribute.name).filter(|value| value.is_wholly_known());
        known.or_else(|| before(&attribute.name)).unwrap_or_else(|| Value::unknown(attribute.ty()))
    };
    let fields = kind.attributes.values().map(|a| (Str::from(&a.name), field(a))).collect();
    let values = kind::secrets(kind, Value::object(fields));
    let addr = of.addr.to_string();
    let (values, fingerprints) = keep(kind, &values, of.sealer, &addr);
    // An update changes no identity, whatever its answer carries.
    let id = prior.map(|prior| prior.id.clone()).or_else(|| object.map(|object| object.id.clone()));
    Record {
        provider: meta.provider.clone(),
        id: id.unwrap_or_else(|| Arc::from("")),
        values,
        fingerprints,
        bound: Some(addr.into()),
        status: Status::Ready,
        depends_on: meta.depends_on.clone(),
        create_before_destroy: meta.create_before_destroy,
        prevent_destroy: meta.prevent_destroy,
        marker: marker.map(Arc::from).or_else(|| prior.and_then(|prior| prior.marker.clone())),
    }
}

/// What expressions see of an object that was just made or changed: secrets included, in the clear under their marks.
pub(super) fn visible(kind: &Kind, desired: &Value, record: &Record) -> Value {
    let field = |attribute: &kind::Attribute| {
        let from = if settable(attribute) { desired } else { &record.values };
        from.get_attr(&attribute.name).cloned().unwrap_or_else(|| Value::null(attribute.ty()))
    };
    Value::object(kind.attributes.values().map(|a| (Str::from(&a.name), field(a))).collect())
}
