//! `show -json PLAN`: Terraform's plan format 1.2.

use super::checks::checks;
use super::configuration::configuration;
use super::mask::{planned, sensitive, unknown};
use super::relevant::relevant;
use super::secrets;
use super::state::{Modules, identify, prior_state, recorded, resource};
use crate::addr::{Name, ObjectAddr};
use crate::config::Config;
use crate::kind::Kinds;
use crate::plan::{
    Action, Because, Change, DeleteReason, Drift, Mode, OutputChange, Plan, Planned, ReplaceOrder,
    ReplaceReason, Subject,
};
use crate::state::{ProviderAddr, Record, State};
use crate::value::{Marks, Path, PathStep, Secrets, Value, to_json};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// The whole document. `prior` is the state that the plan was made from, `timestamp` when that was (RFC 3339).
pub fn plan(
    plan: &Plan,
    config: &Config,
    prior: &State,
    kinds: &Kinds,
    timestamp: &str,
    reveal: bool,
) -> Json {
    let shown = secrets(reveal);
    let mut changes: Vec<Json> =
        changes(plan).map(|(subject, of)| resource_change(subject, of, shown)).collect();
    for (addr, id) in plan.imports() {
        let of_addr =
            |change: &&mut Json| change["address"] == addr.to_string() && change.get("deposed").is_none();
        if let Some(change) = changes.iter_mut().find(of_addr) {
            change["change"]["importing"] = json!({ "id": &**id });
        }
    }
    let mut document = json!({
        "format_version": "1.2",
        "isotope_version": env!("CARGO_PKG_VERSION"),
        "variables": variables(&plan.variables, shown),
        "planned_values": planned_values(plan, shown),
        "resource_changes": changes,
    });
    if !plan.drift.is_empty() {
        document["resource_drift"] = plan.drift.iter().map(|drift| drifted(drift, shown)).collect();
    }
    document["output_changes"] = output_changes(plan, shown);
    document["prior_state"] = prior_state(&known_before(plan, prior), &plan.data, kinds, reveal);
    document["configuration"] = configuration(config, kinds, reveal);
    let relevant = relevant(plan, config);
    if relevant.as_array().is_some_and(|all| !all.is_empty()) {
        document["relevant_attributes"] = relevant;
    }
    if !plan.checks.is_empty() {
        document["checks"] = checks(&plan.checks);
    }
    document["timestamp"] = timestamp.into();
    document["applyable"] = plan.writes_anything().into();
    document["complete"] = true.into();
    document["errored"] = false.into();
    document
}

/// The state as it was read before anything is done: moved, imported and refreshed, with the outputs that are known already.
fn known_before(plan: &Plan, prior: &State) -> State {
    let mut known = prior.clone();
    for (from, _) in plan.moves.pairs() {
        known.records.remove(from);
    }
    let gone = plan.drift.iter().filter(|drift| drift.current.is_none()).map(|drift| &drift.addr);
    let gone: BTreeSet<&ObjectAddr> = gone.collect();
    for (subject, change) in plan.changes.iter().filter(|(subject, _)| subject.deposed.is_none()) {
        let addr = &subject.addr;
        match recorded_before(&change.action).filter(|_| !gone.contains(addr)) {
            Some(record) => drop(known.records.insert(addr.clone(), record.clone())),
            None => drop(known.records.remove(addr)),
        }
    }
    for (name, change) in &plan.outputs {
        if let Some(after) = change.after.as_ref().filter(|after| after.is_wholly_known()) {
            known.outputs.insert(name.clone(), after.clone());
        }
    }
    known
}

fn recorded_before(action: &Action) -> Option<&Record> {
    match action {
        Action::Create { .. } | Action::Read { .. } => None,
        Action::NoOp { record: prior, .. }
        | Action::Update { prior, .. }
        | Action::Replace { prior, .. }
        | Action::Delete { prior, .. }
        | Action::Forget { prior } => Some(prior),
    }
}

/// What is listed as a change. A plan that only refreshes has none: what it found is drift.
fn changes(plan: &Plan) -> impl Iterator<Item = (&Subject, &Change)> {
    let all = plan.changes.iter().map(|(subject, change)| (subject, &**change));
    all.filter(|_| plan.mode != Mode::RefreshOnly)
}

fn variables(variables: &BTreeMap<Name, Value>, secrets: Secrets) -> Json {
    let shown =
        variables.iter().map(|(name, value)| (name.to_string(), json!({ "value": to_json(value, secrets) })));
    shown.collect::<Map<_, _>>().into()
}

fn planned_values(plan: &Plan, secrets: Secrets) -> Json {
    let mut modules = Modules::default();
    for (subject, change) in &plan.changes {
        match &change.action {
            Action::NoOp { record, .. } => {
                modules.add(&subject.addr, unchanged(&subject.addr, record, secrets))
            }
            Action::Create { planned } | Action::Update { planned, .. } | Action::Replace { planned, .. } => {
                modules.add(&subject.addr, future(&subject.addr, planned, secrets));
            }
            Action::Read { later } => modules.add(
                &subject.addr,
                read(&subject.addr, &later.provider, planned(&later.values, secrets), &later.values),
            ),
            Action::Delete { .. } | Action::Forget { .. } => {}
        }
    }
    let mut values = Map::new();
    let outputs = plan.outputs.iter().filter_map(|(name, change)| Some((name, change.after.as_ref()?)));
    let outputs: Map<String, Json> =
        outputs.map(|(name, value)| (name.to_string(), planned_output(value, secrets))).collect();
    if !outputs.is_empty() {
        values.insert("outputs".to_owned(), outputs.into());
    }
    values.insert("root_module".to_owned(), modules.tree());
    Json::Object(values)
}

/// A plan says nothing of dependencies and taints.
fn unchanged(addr: &ObjectAddr, record: &Record, secrets: Secrets) -> Map<String, Json> {
    let mut resource = recorded(addr, record, secrets);
    resource.retain(|name, _| name != "depends_on" && name != "tainted");
    resource
}

fn future(addr: &ObjectAddr, of: &Planned, secrets: Secrets) -> Map<String, Json> {
    resource(addr, &of.meta.provider.name, planned(&of.values, secrets), sensitive(&of.values))
}

/// A data source, as `planned_values` and `prior_state` show it.
fn read(addr: &ObjectAddr, provider: &ProviderAddr, values: Json, of: &Value) -> Map<String, Json> {
    resource(addr, &provider.name, values, sensitive(of))
}

fn planned_output(value: &Value, secrets: Secrets) -> Json {
    let mut output = json!({ "sensitive": value.contains_marks(Marks::SENSITIVE) });
    if value.is_wholly_known() {
        output["type"] = value.ty().to_json();
        output["value"] = to_json(value, secrets);
    }
    output
}

fn resource_change(subject: &Subject, change: &Change, secrets: Secrets) -> Json {
    let addr = &subject.addr;
    let mut entry = Map::new();
    entry.insert("address".to_owned(), addr.to_string().into());
    if let Some(previous) = &change.previous {
        entry.insert("previous_address".to_owned(), previous.to_string().into());
    }
    if !addr.module.is_root() {
        entry.insert("module_address".to_owned(), addr.module.to_string().into());
    }
    identify(addr, &mut entry);
    if let Some(key) = &subject.deposed {
        entry.insert("deposed".to_owned(), (&**key).into());
    }
    entry.insert("provider_name".to_owned(), provider(&change.action).into());
    entry.insert("change".to_owned(), action(&change.action, secrets));
    if let Some(reason) = action_reason(change) {
        entry.insert("action_reason".to_owned(), reason.into());
    }
    Json::Object(entry)
}

fn provider(action: &Action) -> &str {
    match (action, recorded_before(action)) {
        (Action::Read { later }, _) => &later.provider.name,
        (Action::Create { planned }, _) => &planned.meta.provider.name,
        (_, Some(prior)) => &prior.provider.name,
        (_, None) => "",
    }
}

/// One side of a change: values, and which are sensitive.
struct Side {
    values: Json,
    sensitive: Json,
    unknown: Json,
}

impl Side {
    fn none() -> Self {
        Self { values: Json::Null, sensitive: false.into(), unknown: json!({}) }
    }

    fn recorded(record: &Record, secrets: Secrets) -> Self {
        Self {
            values: to_json(&record.values, secrets),
            sensitive: sensitive(&record.values),
            unknown: json!({}),
        }
    }

    fn planned(of: &Planned, secrets: Secrets) -> Self {
        Self::of(&of.values, secrets)
    }

    fn of(values: &Value, secrets: Secrets) -> Self {
        Self { values: planned(values, secrets), sensitive: sensitive(values), unknown: unknown(values) }
    }
}

fn action(action: &Action, secrets: Secrets) -> Json {
    let prior = |record: &Record| Side::recorded(record, secrets);
    let future = |planned: &Planned| Side::planned(planned, secrets);
    let names = actions(action);
    match action {
        Action::NoOp { record, .. } => change(names, prior(record), prior(record)),
        Action::Create { planned } => change(names, Side::none(), future(planned)),
        Action::Read { later } => change(names, Side::none(), Side::of(&later.values, secrets)),
        Action::Update { prior: before, planned, .. } => change(names, prior(before), future(planned)),
        Action::Replace { prior: before, planned, because, .. } => {
            let mut change = change(names, prior(before), future(planned));
            if let ReplaceReason::CannotUpdate(paths) = because {
                change["replace_paths"] = paths.iter().map(path).collect();
            }
            change
        }
        Action::Delete { prior: before, .. } | Action::Forget { prior: before } => {
            change(names, prior(before), Side::none())
        }
    }
}

fn change(actions: &[&str], before: Side, after: Side) -> Json {
    json!({
        "actions": actions,
        "before": before.values,
        "after": after.values,
        "after_unknown": after.unknown,
        "before_sensitive": before.sensitive,
        "after_sensitive": after.sensitive,
    })
}

fn actions(action: &Action) -> &'static [&'static str] {
    match action {
        Action::NoOp { .. } => &["no-op"],
        Action::Create { .. } => &["create"],
        Action::Update { .. } => &["update"],
        Action::Replace { order: ReplaceOrder::DeleteFirst, .. } => &["delete", "create"],
        Action::Replace { order: ReplaceOrder::CreateFirst, .. } => &["create", "delete"],
        Action::Replace { order: ReplaceOrder::ForgetFirst, .. } => &["forget", "create"],
        Action::Delete { .. } => &["delete"],
        Action::Forget { .. } => &["forget"],
        Action::Read { .. } => &["read"],
    }
}

/// Terraform's words for why.
pub(super) fn action_reason(change: &Change) -> Option<&'static str> {
    match &change.action {
        Action::Replace { because, .. } => Some(match because {
            ReplaceReason::CannotUpdate(_) => "replace_because_cannot_update",
            ReplaceReason::Tainted => "replace_because_tainted",
            ReplaceReason::Requested => "replace_by_request",
            ReplaceReason::Triggered => "replace_by_triggers",
        }),
        Action::Delete { because, .. } => match because {
            DeleteReason::NoResourceConfig if change.previous.is_some() => {
                Some("delete_because_no_move_target")
            }
            DeleteReason::NoResourceConfig => Some("delete_because_no_resource_config"),
            DeleteReason::NoModule => Some("delete_because_no_module"),
            DeleteReason::WrongRepetition => Some("delete_because_wrong_repetition"),
            DeleteReason::CountIndex => Some("delete_because_count_index"),
            DeleteReason::EachKey => Some("delete_because_each_key"),
            DeleteReason::Requested | DeleteReason::Deposed => None,
        },
        Action::Forget { .. } => Some("delete_because_no_resource_config"),
        Action::Read { later } => Some(match later.because {
            Because::ConfigUnknown => "read_because_config_unknown",
            Because::DependencyPending => "read_because_dependency_pending",
            Because::CheckNested => "read_because_check_nested",
        }),
        _ => None,
    }
}

/// `["configuration", "password"]`.
fn path(path: &Path) -> Json {
    let step = |step: &PathStep| match step {
        PathStep::Attr(name) => Json::String(name.to_string()),
        PathStep::Index(key) => to_json(key, Secrets::Mask),
    };
    path.0.iter().map(step).collect()
}

fn drifted(drift: &Drift, secrets: Secrets) -> Json {
    let addr = &drift.addr;
    let mut entry = Map::new();
    entry.insert("address".to_owned(), addr.to_string().into());
    if !addr.module.is_root() {
        entry.insert("module_address".to_owned(), addr.module.to_string().into());
    }
    identify(addr, &mut entry);
    entry.insert("provider_name".to_owned(), (&*drift.prior.provider.name).into());
    let before = Side::recorded(&drift.prior, secrets);
    let of = match &drift.current {
        Some(current) => change(&["update"], before, Side::recorded(current, secrets)),
        None => change(&["delete"], before, Side::none()),
    };
    entry.insert("change".to_owned(), of);
    Json::Object(entry)
}

fn output_changes(plan: &Plan, secrets: Secrets) -> Json {
    let changes =
        plan.outputs.iter().map(|(name, change)| (name.to_string(), output_change(change, secrets)));
    changes.collect::<Map<_, _>>().into()
}

fn output_change(of: &OutputChange, secrets: Secrets) -> Json {
    let side = |value: &Option<Value>| value.as_ref().map_or(Json::Null, |value| planned(value, secrets));
    let secret = |value: &Option<Value>| value.as_ref().is_some_and(|v| v.contains_marks(Marks::SENSITIVE));
    let sensitive = secret(&of.before) || secret(&of.after);
    let mut change = json!({ "actions": [output_action(of, "no-op")], "before": side(&of.before) });
    if of.after.as_ref().is_none_or(|after| after.unmarked().is_known()) {
        change["after"] = side(&of.after);
    }
    change["after_unknown"] = of.after.as_ref().map_or(Json::Bool(false), output_unknown);
    change["before_sensitive"] = sensitive.into();
    change["after_sensitive"] = sensitive.into();
    change
}

/// `false` when all is known, else a mask.
fn output_unknown(value: &Value) -> Json {
    if value.is_wholly_known() { false.into() } else { unknown(value) }
}

pub(super) fn output_action(of: &OutputChange, nothing: &'static str) -> &'static str {
    match (&of.before, &of.after) {
        (None, Some(_)) => "create",
        (Some(_), None) => "delete",
        _ if of.is_change() => "update",
        _ => nothing,
    }
}
