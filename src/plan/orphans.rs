//! Objects that the API holds for a state which does not record them: found by the marker they carry, and matched with the
//! addresses of the configuration by the hash in it (engine.md §4).

use super::{Evaluation, Meta, Providers, desired_of, provider_of, record_of, visit_of};
use crate::addr::ObjectAddr;
use crate::diag::{Diagnostic, Diagnostics};
use crate::kind::Kind;
use crate::provider::{Object, Search};
use crate::secret::Sealer;
use crate::state::{ProviderAddr, Record, State, address_hash};
use crate::value::{Str, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An object with a marker, and the addresses it may belong to.
#[derive(Clone, Debug)]
pub struct Orphan {
    pub kind: Arc<Kind>,
    pub object: Object,
    pub lineage: String,
    /// Declared, not recorded, and of the marker's hash.
    pub fits: Vec<ObjectAddr>,
}

/// Every address that the configuration declares, in order.
pub fn declared(evaluation: &Evaluation<'_>) -> Vec<ObjectAddr> {
    let mut found = Vec::new();
    for (id, module) in evaluation.config.modules() {
        for path in evaluation.module_instances(id) {
            for resource in module.resources.keys() {
                let Some(expansion) = evaluation.expansion(path, resource) else { continue };
                let addr = |key| ObjectAddr { module: path.clone(), resource: resource.clone(), key };
                found.extend(expansion.keys().into_iter().map(addr));
            }
        }
    }
    found.sort();
    found
}

/// Lists every collection that the configuration uses and whose objects can carry a marker. A collection that cannot be listed is an
/// error: an object in it would be missed.
pub async fn orphans(
    evaluation: &Evaluation<'_>,
    providers: &Providers,
    state: &State,
    lineage: Option<&str>,
) -> Result<Vec<Orphan>, Diagnostic> {
    let known = recorded_ids(state);
    let open: BTreeSet<&str> = state.intents.values().filter_map(|intent| intent.marker.as_deref()).collect();
    let mut free: BTreeMap<String, Vec<ObjectAddr>> = BTreeMap::new();
    for addr in declared(evaluation).into_iter().filter(|addr| !state.records.contains_key(addr)) {
        free.entry(address_hash(&addr)).or_default().push(addr);
    }
    let mut found = Vec::new();
    for (kind, provider) in collections(evaluation) {
        for object in list(&kind, &provider, providers).await? {
            let Some((of, hash)) = object.marker.as_deref().and_then(marked) else { continue };
            let is_known = known.contains(&(&*kind.name, &*object.id));
            let is_open = object.marker.as_deref().is_some_and(|marker| open.contains(marker));
            if is_known || is_open || lineage.is_some_and(|lineage| lineage != of) {
                continue;
            }
            let fits = free.get(hash).into_iter().flatten().filter(|addr| addr.resource.kind == kind.name);
            let (lineage, fits) = (of.to_owned(), fits.cloned().collect());
            found.push(Orphan { kind: kind.clone(), object, lineage, fits });
        }
    }
    Ok(found)
}

/// The record that adopts an orphan as one of its addresses.
pub fn adopted(
    orphan: &Orphan,
    addr: &ObjectAddr,
    evaluation: &Evaluation<'_>,
    sealer: &Sealer,
    diags: &mut Diagnostics,
) -> Option<Record> {
    let visit = visit_of(addr, evaluation)?;
    let lifecycle = &visit.resource.lifecycle;
    let meta = Meta {
        provider: provider_of(evaluation.kinds, evaluation.config.module(visit.module), visit.resource),
        depends_on: Vec::new(),
        create_before_destroy: lifecycle.create_before_destroy,
        prevent_destroy: lifecycle.prevent_destroy,
    };
    let desired = desired_of(addr, None, evaluation, diags)?;
    Some(record_of(addr, &orphan.kind, &desired, &meta, &orphan.object, Some(sealer)))
}

/// `isotope:<lineage>:<intent>` → lineage, hash of the address.
pub(super) fn marked(marker: &str) -> Option<(&str, &str)> {
    let (lineage, intent) = marker.strip_prefix("isotope:")?.split_once(':')?;
    Some((lineage, intent.get(..8)?))
}

fn recorded_ids(state: &State) -> BTreeSet<(&str, &str)> {
    let current = state.records.iter();
    let deposed = state.deposed.iter().map(|((addr, _), record)| (addr, record));
    current.chain(deposed).map(|(addr, record)| (&*addr.resource.kind, &*record.id)).collect()
}

/// The kinds in use that have a place for a marker, with the providers that their objects are at.
fn collections(evaluation: &Evaluation<'_>) -> Vec<(Arc<Kind>, ProviderAddr)> {
    let mut found: BTreeMap<(String, ProviderAddr), Arc<Kind>> = BTreeMap::new();
    for (_, module) in evaluation.config.modules() {
        for resource in module.resources.values() {
            let Some(kind) = evaluation.kinds.get(&resource.addr.kind) else { continue };
            if kind.marker.is_some() && kind.provider.is_some() {
                let provider = provider_of(evaluation.kinds, module, resource);
                found.insert((kind.name.to_string(), provider), kind.clone());
            }
        }
    }
    found.into_iter().map(|((_, provider), kind)| (kind, provider)).collect()
}

async fn list(kind: &Kind, addr: &ProviderAddr, providers: &Providers) -> Result<Vec<Object>, Diagnostic> {
    let failed = |problem: String| {
        Diagnostic::error("Collection cannot be searched")
            .detail(format!("The objects of the kind {} cannot be listed: {problem}.", kind.name))
            .help("nothing was changed; try again when the API can be reached")
    };
    let provider = providers.of(kind, addr).ok_or_else(|| failed("its provider is not configured".into()))?;
    let nothing = kind.attributes.values().map(|a| (Str::new(&a.name), Value::null(a.ty())));
    let values = Value::object(nothing.collect());
    provider.list(kind, Search::All { values: &values }).await.map_err(|error| failed(error.to_string()))
}
