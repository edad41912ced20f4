//! Whatever the values: no marked secret is in any text or document, and nothing panics.

use super::testing::{addr, plan_of, planned, record, sources};
use super::{Detail, Style, json};
use crate::apply::Outcome;
use crate::kind::Kinds;
use crate::plan::{
    Action, Cause, Change, Drift, Edit, OutputChange, Plan, Planned, ReplaceOrder, ReplaceReason, Subject,
};
use crate::state::Record;
use crate::value::testing::any_value;
use crate::value::{Path, Value, transform};
use proptest::prelude::*;

const SECRET: &str = "s3cr3t\nof two lines";

/// The value with something else, to be looked for, in the place of everything that is marked.
fn with_secrets(value: &Value) -> Value {
    transform(value, &mut |_, value| match value {
        Value::Marked(inner, marks) if inner.is_known() => Value::string(SECRET).mark(marks),
        value => value,
    })
}

fn object(value: &Value) -> Value {
    Value::object([("configuration".into(), value.clone()), ("odd\nname".into(), value.clone())].into())
}

fn all_actions(before: &Value, after: &Value) -> Plan {
    let prior = || Record { values: object(before), ..record("1", "{}") };
    let planned = || Planned { values: object(after), desired: object(after), ..planned("{}") };
    let path = Path::root().child_attr("configuration");
    let edits = || {
        let (before, after) = (Some(before.clone()), Some(after.clone()));
        let edit = Edit { path: path.clone(), before, after, cause: Cause::Drift, forces_replace: false };
        let inner =
            Edit { path: Path::root().child_attr("x").child_index(Value::string("y")), ..edit.clone() };
        vec![edit, inner]
    };
    let because = ReplaceReason::CannotUpdate(vec![path.clone()]);
    let mut plan = plan_of(vec![
        ("a", 1, Action::Create { planned: planned() }),
        ("b", 2, Action::Update { prior: prior(), planned: planned(), edits: edits() }),
        ("d", 4, Action::NoOp { record: prior(), write: true }),
    ]);
    let order = ReplaceOrder::DeleteFirst;
    let action = Action::Replace { prior: prior(), planned: planned(), edits: edits(), order, because };
    let change = Change { action, place: None, previous: Some(addr("z")) };
    plan.changes.insert(Subject::current(addr("c")), Box::new(change));
    plan.drift.push(Drift { addr: addr("d"), prior: prior(), current: Some(prior()), edits: edits() });
    plan.outputs
        .insert("o".into(), OutputChange { before: Some(before.clone()), after: Some(after.clone()) });
    plan
}

fn texts(before: &Value, after: &Value) -> Vec<String> {
    let mut plan = all_actions(before, after);
    let mut texts = Vec::new();
    for detail in [Detail::Normal, Detail::Concise, Detail::Full] {
        let style = Style { color: detail == Detail::Normal, width: Some(60) };
        texts.push(super::plan(&plan, &sources(), Kinds::builtin(), detail, &style));
        texts.push(super::markdown(&plan, &sources(), Kinds::builtin(), detail, 5_000));
    }
    plan.mode = crate::plan::Mode::RefreshOnly;
    texts.push(super::plan(&plan, &sources(), Kinds::builtin(), Detail::Normal, &Style::default()));
    let outputs = [("o".into(), before.clone())].into();
    let recorded = Record { values: object(before), ..record("1", "{}") };
    texts.push(super::record(&addr("a"), &recorded, false));
    texts.push(super::outputs(&outputs));
    texts.push(json::outputs_message(&outputs, "").to_string());
    texts.push(json::planned_outputs_message(&plan, "").to_string());
    texts.extend(json::planned_changes(&plan, "").iter().map(ToString::to_string));
    texts.push(json::plan_document(&plan).to_string());
    texts.push(super::outcome(&Outcome::default(), &plan, &Style::default()));
    texts
}

proptest! {
    #[test]
    fn no_secret_is_rendered(before in any_value(), after in any_value()) {
        for text in texts(&with_secrets(&before), &with_secrets(&after)) {
            prop_assert!(!text.contains("s3cr3t"), "{text}");
        }
    }
}
