//! `plan -json` and `apply -json`: one message a line, in Terraform's shapes.

use super::diagnostic::diagnostic;
use super::plan::{action_reason, output_action};
use crate::addr::{Name, ObjectAddr};
use crate::apply::Event;
use crate::diag::{Diagnostic, Severity, Sources};
use crate::plan::{Action, Counts, Plan, Subject, Verb};
use crate::render::event::{Words, event, name, seconds};
use crate::value::{Marks, Secrets, Value, to_json};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The first message of every stream.
pub fn version_message(timestamp: &str) -> Json {
    let version = env!("CARGO_PKG_VERSION");
    let rest = [("isotope", version.into()), ("type", "version".into()), ("ui", "1.2".into())];
    message("info", &format!("Isotope {version}"), timestamp, rest)
}

/// A message for each object that changes or moves.
pub fn planned_changes(plan: &Plan, timestamp: &str) -> Vec<Json> {
    let imports: BTreeMap<&ObjectAddr, &str> = plan.imports().map(|(addr, id)| (addr, &**id)).collect();
    let changes = plan.changes.iter().filter_map(|(subject, change)| {
        let (action, verb) = match &change.action {
            Action::NoOp { .. } if change.previous.is_some() => ("move", "move"),
            Action::NoOp { .. } if imports.contains_key(&subject.addr) => ("import", "import"),
            Action::NoOp { .. } => return None,
            Action::Create { .. } => ("create", "create"),
            Action::Update { .. } => ("update", "update"),
            Action::Replace { .. } => ("replace", "replace"),
            Action::Delete { .. } => ("delete", "delete"),
            Action::Forget { .. } => ("remove", "remove"),
            Action::Read { .. } => ("read", "read"),
        };
        let mut of = json!({ "resource": resource(&subject.addr) });
        if let Some(previous) = &change.previous {
            of["previous_resource"] = resource(previous);
        }
        of["action"] = action.into();
        if let Some(reason) = action_reason(change) {
            of["reason"] = reason_word(reason).into();
        }
        if let Some(id) = imports.get(&subject.addr) {
            of["importing"] = json!({ "id": **id });
        }
        let text = format!("{}: Plan to {verb}", name(subject));
        Some(message("info", &text, timestamp, [("change", of), ("type", "planned_change".into())]))
    });
    changes.collect()
}

/// The stream has shorter words for replacements than the plan's document.
fn reason_word(reason: &'static str) -> &'static str {
    match reason {
        "replace_because_cannot_update" => "cannot_update",
        "replace_because_tainted" => "tainted",
        "replace_by_request" => "requested",
        "replace_by_triggers" => "replace_triggered_by",
        deletion => deletion,
    }
}

/// A message for each object that was changed outside.
pub fn resource_drift(plan: &Plan, timestamp: &str) -> Vec<Json> {
    let drifts = plan.drift.iter().map(|drift| {
        let action = if drift.current.is_some() { "update" } else { "delete" };
        let change = json!({ "resource": resource(&drift.addr), "action": action });
        let text = format!("{}: Drift detected ({action})", drift.addr);
        message("info", &text, timestamp, [("change", change), ("type", "resource_drift".into())])
    });
    drifts.collect()
}

/// The summary line as a message; `operation` is `plan`, `apply` or `destroy`.
pub fn change_summary(counts: Counts, operation: &str, timestamp: &str) -> Json {
    let Counts { import, add, change, destroy } = counts;
    let imported = |words: &str| if import > 0 { format!("{import} {words}, ") } else { String::new() };
    let text = match operation {
        "apply" => format!(
            "Apply complete! Resources: {}{add} added, {change} changed, {destroy} destroyed.",
            imported("imported")
        ),
        "destroy" => format!("Destroy complete! Resources: {destroy} destroyed."),
        _ => crate::render::plan::summary_line(counts),
    };
    let changes =
        json!({ "add": add, "change": change, "import": import, "remove": destroy, "operation": operation });
    message("info", &text, timestamp, [("changes", changes), ("type", "change_summary".into())])
}

/// `apply_start`, `apply_progress`, `apply_complete` or `apply_errored`; `None` for a step that sends nothing.
pub fn event_message(of: &Event, timestamp: &str) -> Option<Json> {
    let (subject, verb, id, elapsed, kind) = match of {
        Event::Adopted { addr, id } => return Some(adopted(of, addr, id, timestamp)),
        Event::Imported { addr, id } => return Some(imported(of, addr, id, timestamp)),
        Event::Started { subject, verb, id } => (subject, verb, id, None, "apply_start"),
        Event::Still { subject, verb, id, elapsed } => (subject, verb, id, Some(elapsed), "apply_progress"),
        Event::Done { subject, verb, id, elapsed } => (subject, verb, id, Some(elapsed), "apply_complete"),
        Event::Failed { subject, verb, id, elapsed, .. } => {
            (subject, verb, id, Some(elapsed), "apply_errored")
        }
    };
    let text = match of {
        Event::Failed { .. } => {
            let words = Words::of(*verb)?;
            format!("{}: {} errored after {}", name(subject), words.done, seconds(*elapsed?))
        }
        _ => event(of)?,
    };
    let id = id.as_deref().filter(|_| !(kind == "apply_complete" && *verb == Verb::Delete));
    let hook = hook(subject, action(*verb)?, id, elapsed.copied());
    Some(message("info", &text, timestamp, [("hook", hook), ("type", kind.into())]))
}

fn adopted(of: &Event, addr: &ObjectAddr, id: &str, timestamp: &str) -> Json {
    let text = event(of).unwrap_or_default();
    let hook = json!({ "resource": resource(addr), "action": "adopt", "id_key": "id", "id_value": id });
    message("info", &text, timestamp, [("hook", hook), ("type", "adopted".into())])
}

fn imported(of: &Event, addr: &ObjectAddr, id: &str, timestamp: &str) -> Json {
    let hook = json!({ "resource": resource(addr), "id_value": id });
    message(
        "info",
        &event(of).unwrap_or_default(),
        timestamp,
        [("hook", hook), ("type", "import_complete".into())],
    )
}

fn action(verb: Verb) -> Option<&'static str> {
    match verb {
        Verb::Create => Some("create"),
        Verb::Update => Some("update"),
        Verb::Delete => Some("delete"),
        Verb::Read => Some("read"),
        Verb::Forget | Verb::Record => None,
    }
}

fn hook(subject: &Subject, action: &str, id: Option<&str>, elapsed: Option<Duration>) -> Json {
    let mut hook = json!({ "resource": resource(&subject.addr), "action": action });
    if let Some(id) = id {
        hook["id_key"] = "id".into();
        hook["id_value"] = id.into();
    }
    if let Some(elapsed) = elapsed {
        hook["elapsed_seconds"] = (elapsed.as_secs() + u64::from(elapsed.subsec_millis() >= 500)).into();
    }
    if let Some(key) = &subject.deposed {
        hook["deposed_key"] = (&**key).into();
    }
    hook
}

/// The outputs at the end; of a sensitive one there is no value.
pub fn outputs_message(outputs: &BTreeMap<Name, Value>, timestamp: &str) -> Json {
    let shown = outputs.iter().map(|(name, value)| {
        let sensitive = value.contains_marks(Marks::SENSITIVE);
        let mut output = json!({ "sensitive": sensitive, "type": value.ty().to_json() });
        if !sensitive {
            output["value"] = to_json(value, Secrets::Mask);
        }
        (name.to_string(), output)
    });
    outputs_of(shown.collect(), timestamp)
}

/// What becomes of each output.
pub fn planned_outputs_message(plan: &Plan, timestamp: &str) -> Json {
    let shown = plan.outputs.iter().map(|(name, change)| {
        let secret =
            |value: &Option<Value>| value.as_ref().is_some_and(|v| v.contains_marks(Marks::SENSITIVE));
        let sensitive = secret(&change.before) || secret(&change.after);
        (name.to_string(), json!({ "sensitive": sensitive, "action": output_action(change, "noop") }))
    });
    outputs_of(shown.collect(), timestamp)
}

fn outputs_of(outputs: Map<String, Json>, timestamp: &str) -> Json {
    let text = format!("Outputs: {}", outputs.len());
    message("info", &text, timestamp, [("outputs", outputs.into()), ("type", "outputs".into())])
}

/// A complaint.
pub fn diagnostic_message(of: &Diagnostic, sources: &Sources, timestamp: &str) -> Json {
    let (level, word) = match of.severity {
        Severity::Error => ("error", "Error"),
        Severity::Warning => ("warn", "Warning"),
    };
    let text = format!("{word}: {}", of.summary);
    let rest = [("diagnostic", diagnostic(of, sources)), ("type", "diagnostic".into())];
    message(level, &text, timestamp, rest)
}

fn message<const N: usize>(level: &str, text: &str, timestamp: &str, rest: [(&str, Json); N]) -> Json {
    let mut message = json!({
        "@level": level,
        "@message": text,
        "@module": "isotope.ui",
        "@timestamp": timestamp,
    });
    for (name, value) in rest {
        message[name] = value;
    }
    message
}

fn resource(addr: &ObjectAddr) -> Json {
    let inside = ObjectAddr { module: crate::addr::ModulePath::root(), ..addr.clone() };
    let kind = &*addr.resource.kind;
    json!({
        "addr": addr.to_string(),
        "module": addr.module.to_string(),
        "resource": inside.to_string(),
        "implied_provider": kind.split('_').next().unwrap_or(kind),
        "resource_type": kind,
        "resource_name": &*addr.resource.name,
        "resource_key": super::state::index(&addr.key),
    })
}
