//! Documents and messages against Terraform's own for the like.

use super::*;
use crate::apply::Event;
use crate::config;
use crate::diag::{Diagnostic, Diagnostics, Sources};
use crate::kind::Kinds;
use crate::plan::{
    Action, Counts, DeleteReason, Drift, OutputChange, Plan, ReplaceOrder, ReplaceReason, Subject, Verb,
};
use crate::render::testing::{addr, edit, plan_of, planned, record, value};
use crate::state::{State, StateVersion};
use crate::value::{Path, Type, Value};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::time::Duration;

const NOW: &str = "2026-01-02T03:04:05.000006Z";

fn no_state() -> State {
    State {
        version: StateVersion { lineage: "00000000".into(), serial: 0 },
        records: BTreeMap::new(),
        deposed: BTreeMap::new(),
        outputs: BTreeMap::new(),
        intents: BTreeMap::new(),
        key: None,
        damaged: BTreeMap::new(),
        last: None,
    }
}

/// A configuration of one file, or of several as `name: text`.
fn load(files: &[(&str, &str)]) -> config::Config {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut diags = Diagnostics::new();
    let config = config::load(dir.path(), &mut Sources::new(), &mut diags).unwrap();
    assert!(!diags.has_errors(), "{:?}", diags.take());
    config
}

/// A plan's document with an empty configuration and state.
pub(in crate::render) fn document(of: &Plan) -> Json {
    plan(of, &load(&[("main.hcl", "# empty")]), &no_state(), Kinds::builtin(), NOW, false)
}

/// The entry of `resource_changes` that one action gives, without what says which object it is.
#[track_caller]
fn check_change(action: Action, change: Json, reason: Json) {
    let document = document(&plan_of(vec![("support", 1, action)]));
    let entry = &document["resource_changes"][0];
    assert_eq!(entry["change"], change);
    assert_eq!(entry["action_reason"], reason);
    assert_eq!(entry["address"], "instance.support");
    assert_eq!(entry["provider_name"], "cloudelements");
}

#[test]
fn creations_say_what_is_not_known_yet() {
    check_change(
        Action::Create {
            planned: planned(r#"{"id": "?", "name": "n", "password": "!hush", "tags": ["a"]}"#),
        },
        json!({
            "actions": ["create"],
            "before": null,
            "after": { "name": "n", "password": "(sensitive)", "tags": ["a"] },
            "after_unknown": { "id": true, "tags": [false] },
            "before_sensitive": false,
            "after_sensitive": { "password": true, "tags": [false] },
        }),
        Json::Null,
    );
}

#[test]
fn replacements_say_which_attributes_force_them() {
    let paths = vec![Path::root().child_attr("configuration").child_index(Value::string("a.b"))];
    check_change(
        Action::Replace {
            prior: record("1", r#"{"name": "a"}"#),
            planned: planned(r#"{"name": "b"}"#),
            edits: Vec::new(),
            order: ReplaceOrder::CreateFirst,
            because: ReplaceReason::CannotUpdate(paths),
        },
        json!({
            "actions": ["create", "delete"],
            "before": { "name": "a" },
            "after": { "name": "b" },
            "after_unknown": {},
            "before_sensitive": {},
            "after_sensitive": {},
            "replace_paths": [["configuration", "a.b"]],
        }),
        "replace_because_cannot_update".into(),
    );
}

#[test]
fn deletions_say_why() {
    check_change(
        Action::Delete { prior: record("1", r#"{"token": "!t"}"#), because: DeleteReason::EachKey },
        json!({
            "actions": ["delete"],
            "before": { "token": "(sensitive)" },
            "after": null,
            "after_unknown": {},
            "before_sensitive": { "token": true },
            "after_sensitive": false,
        }),
        "delete_because_each_key".into(),
    );
}

#[test]
fn plans_have_every_part() {
    let mut of = plan_of(vec![
        ("desk/eu", 1, Action::NoOp { record: record("1", r#"{"name": "a"}"#), write: false }),
        ("gone", 1, Action::Delete { prior: record("1", "{}"), because: DeleteReason::Requested }),
    ]);
    of.variables =
        [("secret".into(), value(r#""!hush""#)), ("size".into(), value("12345678901234567890123"))].into();
    of.outputs =
        [("id".into(), OutputChange { before: Some(value("1")), after: Some(value(r#""?""#)) })].into();
    let document = document(&of);
    assert_eq!(
        document["variables"],
        json!({ "secret": { "value": "(sensitive)" }, "size": { "value": "12345678901234567890123" } })
    );
    assert_eq!(
        document["planned_values"],
        json!({
            "outputs": { "id": { "sensitive": false } },
            "root_module": { "resources": [{
                "address": "instance.desk[\"eu\"]",
                "mode": "managed",
                "type": "instance",
                "name": "desk",
                "index": "eu",
                "provider_name": "cloudelements",
                "schema_version": 0,
                "values": { "name": "a" },
                "sensitive_values": {},
            }] },
        })
    );
    assert_eq!(
        document["output_changes"]["id"],
        json!({
            "actions": ["update"],
            "before": 1,
            "after_unknown": true,
            "before_sensitive": false,
            "after_sensitive": false,
        })
    );
    assert_eq!(document["resource_changes"][0]["change"]["actions"], json!(["no-op"]));
    // What there is before anything is done: the objects as they were read, without those that are yet to be made.
    let before = &document["prior_state"]["values"]["root_module"]["resources"];
    let before: Vec<&Json> = before.as_array().unwrap().iter().map(|of| &of["address"]).collect();
    assert_eq!(before, ["instance.desk[\"eu\"]", "instance.gone"]);
    assert_eq!((&document["format_version"], &document["errored"]), (&json!("1.2"), &json!(false)));
}

#[test]
fn revealing_reveals() {
    let of = plan_of(vec![("a", 1, Action::Create { planned: planned(r#"{"password": "!hush"}"#) })]);
    let config = load(&[("main.hcl", "variable \"v\" {\n  default = \"hush\"\n  sensitive = true\n}\n")]);
    let document = |reveal| plan(&of, &config, &no_state(), Kinds::builtin(), NOW, reveal);
    assert_eq!(document(true)["resource_changes"][0]["change"]["after"]["password"], "hush");
    assert!(!document(false).to_string().contains("hush"));
    assert!(document(true)["configuration"].to_string().contains("hush"));
}

#[test]
fn states_are_trees_of_modules() {
    let mut of = no_state();
    let mut inner = addr("desk/eu");
    inner.module = inner
        .module
        .child("outer", crate::addr::ObjectKey::Single)
        .child("inner", crate::addr::ObjectKey::Index(0));
    of.records.insert(inner, record("2", r#"{"id": 2}"#));
    of.outputs.insert("token".into(), value(r#""!t""#));
    let document = state(&of, Kinds::builtin(), false);
    let outer = &document["values"]["root_module"]["child_modules"][0];
    assert_eq!(outer["address"], "module.outer");
    let inner = &outer["child_modules"][0];
    assert_eq!(inner["address"], "module.outer.module.inner[0]");
    assert_eq!(inner["resources"][0]["address"], "module.outer.module.inner[0].instance.desk[\"eu\"]");
    assert_eq!(
        document["values"]["outputs"]["token"],
        json!({ "sensitive": true, "type": "string", "value": "(sensitive)" })
    );
}

#[test]
fn outputs_give_true_values() {
    let of = [("token".into(), value(r#""!t""#)), ("ids".into(), value("[1, 2.5]"))].into();
    assert_eq!(
        outputs(&of),
        json!({
            "ids": { "sensitive": false, "type": ["tuple", ["number", "number"]], "value": [1, 2.5] },
            "token": { "sensitive": true, "type": "string", "value": "t" },
        })
    );
}

#[test]
fn configurations_show_constants_and_references() {
    let main = r#"
variable "secret" {
  type      = string
  default   = "hush-default"
  sensitive = true
}
variable "names" { default = ["a"] }
instance "support" {
  for_each      = toset(var.names)
  element       = "freshdesk"
  name          = each.key
  configuration = { password = "hush-literal", subdomain = "example" }
}
instance "feed" {
  count      = 2
  element    = instance.support["a"].token
  depends_on = [instance.support]
}
module "crm" {
  source = "./crm"
  secret = "hush-argument"
}
output "id" {
  value       = instance.support["a"].id
  description = "which"
}
"#;
    let crm = "variable \"secret\" {\n  sensitive = true\n}\noutput \"y\" {\n  value = var.secret\n  sensitive = true\n}\n";
    let config = load(&[("main.hcl", main), ("crm/main.hcl", crm)]);
    let document = configuration::configuration(&config, Kinds::builtin(), false);
    assert!(!document.to_string().contains("hush"), "{document}");
    let root = &document["root_module"];
    assert_eq!(
        root["outputs"]["id"],
        json!({
            "expression": { "references": ["instance.support[\"a\"].id", "instance.support[\"a\"]", "instance.support"] },
            "description": "which",
        })
    );
    assert_eq!(root["variables"]["secret"], json!({ "default": "(sensitive)", "sensitive": true }));
    assert_eq!(
        root["resources"][1],
        json!({
            "address": "instance.support",
            "mode": "managed",
            "type": "instance",
            "name": "support",
            "provider_config_key": "cloudelements",
            "expressions": {
                "configuration": { "constant_value": { "password": "(sensitive)", "subdomain": "example" } },
                "element": { "constant_value": "freshdesk" },
                "name": { "references": ["each.key"] },
            },
            "schema_version": 0,
            "for_each_expression": { "references": ["var.names"] },
        })
    );
    assert_eq!(root["resources"][0]["count_expression"], json!({ "constant_value": 2 }));
    assert_eq!(root["resources"][0]["depends_on"], json!(["instance.support"]));
    let call = &root["module_calls"]["crm"];
    assert_eq!(call["expressions"]["secret"], json!({ "constant_value": "(sensitive)" }));
    assert_eq!(call["module"]["outputs"]["y"]["expression"], json!({ "references": ["var.secret"] }));
}

fn resource(name: &str, key: Json) -> Json {
    let addr = addr(name).to_string();
    json!({
        "addr": addr,
        "module": "",
        "resource": addr,
        "implied_provider": "instance",
        "resource_type": "instance",
        "resource_name": name.split('/').next(),
        "resource_key": key,
    })
}

fn head(message: &str) -> Json {
    json!({ "@level": "info", "@message": message, "@module": "isotope.ui", "@timestamp": NOW })
}

/// The message is the head and this.
#[track_caller]
fn check_message(message: &Json, text: &str, rest: Json) {
    let mut expected = head(text);
    for (name, value) in rest.as_object().unwrap() {
        expected[name] = value.clone();
    }
    assert_eq!(*message, expected);
}

#[test]
fn operations_carry_their_resource_and_action() {
    let subject = Subject::current(addr("desk/us"));
    let id = || Some("42".into());
    let (verb, elapsed) = (Verb::Delete, Duration::from_secs(10));
    let started = Event::Started { subject: subject.clone(), verb, id: id() };
    let hook = json!({ "resource": resource("desk/us", "us".into()), "action": "delete", "id_key": "id", "id_value": "42" });
    check_message(
        &event_message(&started, NOW).unwrap(),
        "instance.desk[\"us\"]: Destroying... [id=42]",
        json!({ "hook": hook, "type": "apply_start" }),
    );
    let done = Event::Done { subject: subject.clone(), verb, id: id(), elapsed };
    let hook =
        json!({ "resource": resource("desk/us", "us".into()), "action": "delete", "elapsed_seconds": 10 });
    check_message(
        &event_message(&done, NOW).unwrap(),
        "instance.desk[\"us\"]: Destruction complete after 10s",
        json!({ "hook": hook, "type": "apply_complete" }),
    );
    let problem = Box::new(Diagnostic::error("x"));
    let failed = Event::Failed { subject: subject.clone(), verb: Verb::Create, id: None, elapsed, problem };
    let message = event_message(&failed, NOW).unwrap();
    assert_eq!((&message["type"], &message["hook"]["action"]), (&json!("apply_errored"), &json!("create")));
    assert_eq!(message["@message"], "instance.desk[\"us\"]: Creation errored after 10s");
    let still = Event::Still { subject: subject.clone(), verb: Verb::Update, id: id(), elapsed };
    assert_eq!(event_message(&still, NOW).unwrap()["hook"]["elapsed_seconds"], 10);
    assert_eq!(event_message(&Event::Started { subject, verb: Verb::Record, id: None }, NOW), None);
    let adopted = Event::Adopted { addr: addr("a"), id: "7".into() };
    assert_eq!(event_message(&adopted, NOW).unwrap()["hook"]["id_value"], "7");
}

#[test]
fn planned_changes_are_announced() {
    let replace = Action::Replace {
        prior: record("1", "{}"),
        planned: planned("{}"),
        edits: Vec::new(),
        order: ReplaceOrder::DeleteFirst,
        because: ReplaceReason::Requested,
    };
    let mut of = plan_of(vec![
        ("net", 1, replace),
        ("same", 1, Action::NoOp { record: record("1", "{}"), write: false }),
        ("moved", 1, Action::NoOp { record: record("1", "{}"), write: true }),
    ]);
    of.changes.get_mut(&Subject::current(addr("moved"))).unwrap().previous = Some(addr("old"));
    let messages = planned_changes(&of, NOW);
    assert_eq!(messages.len(), 2);
    check_message(
        &messages[1],
        "instance.net: Plan to replace",
        json!({
            "change": { "resource": resource("net", Json::Null), "action": "replace", "reason": "requested" },
            "type": "planned_change",
        }),
    );
    assert_eq!(messages[0]["change"]["action"], "move");
    assert_eq!(messages[0]["change"]["previous_resource"], resource("old", Json::Null));
    let edits = vec![edit("name", "1", "2")];
    of.drift = vec![Drift { addr: addr("net"), prior: record("1", "{}"), current: None, edits }];
    check_message(
        &resource_drift(&of, NOW)[0],
        "instance.net: Drift detected (delete)",
        json!({ "change": { "resource": resource("net", Json::Null), "action": "delete" }, "type": "resource_drift" }),
    );
}

#[test]
fn summaries_count() {
    let counts = Counts { import: 0, add: 1, change: 2, destroy: 3 };
    check_message(
        &change_summary(counts, "plan", NOW),
        "Plan: 1 to add, 2 to change, 3 to destroy.",
        json!({
            "changes": { "add": 1, "change": 2, "import": 0, "remove": 3, "operation": "plan" },
            "type": "change_summary",
        }),
    );
    let text = |counts, operation| change_summary(counts, operation, NOW)["@message"].clone();
    assert_eq!(text(counts, "apply"), "Apply complete! Resources: 1 added, 2 changed, 3 destroyed.");
    assert_eq!(text(counts, "destroy"), "Destroy complete! Resources: 3 destroyed.");
    let import = Counts { import: 1, ..counts };
    assert_eq!(text(import, "plan"), "Plan: 1 to import, 1 to add, 2 to change, 3 to destroy.");
}

#[test]
fn outputs_and_complaints_are_part_of_the_stream() {
    let of = [("token".into(), value(r#""!t""#)), ("n".into(), value("1"))].into();
    check_message(
        &outputs_message(&of, NOW),
        "Outputs: 2",
        json!({
            "outputs": {
                "n": { "sensitive": false, "type": "number", "value": 1 },
                "token": { "sensitive": true, "type": "string" },
            },
            "type": "outputs",
        }),
    );
    let mut plan = plan_of(Vec::new());
    plan.outputs = [("n".into(), OutputChange { before: Some(value("1")), after: Some(value("1")) })].into();
    let message = planned_outputs_message(&plan, NOW);
    assert_eq!(message["outputs"], json!({ "n": { "sensitive": false, "action": "noop" } }));
    let message = diagnostic_message(&Diagnostic::warning("Old"), &Sources::new(), NOW);
    assert_eq!((&message["@level"], &message["@message"]), (&json!("warn"), &json!("Warning: Old")));
    assert_eq!(version_message(NOW)["type"], "version");
    let unknown = [("u".into(), Value::unknown(Type::Bool))].into();
    assert_eq!(outputs_message(&unknown, NOW)["outputs"]["u"]["value"], Json::Null);
}
