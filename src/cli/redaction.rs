//! What a run knows → the texts that nothing may print.
//!
//! A text that is secret in itself is unprintable wherever it stands. An object or list that is marked as a whole (a sensitive output of
//! an instance, say) also holds names and ids that stand in the open elsewhere: those stay printable, or half of every message would go
//! with them.

use crate::plan::{Action, OutputChange, Plan};
use crate::secret::Redactor;
use crate::state::State;
use crate::value::{Marks, Value, walk};
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;

/// Makes every secret that a plan, and the state it was made from, knows of unprintable from here on.
pub fn of_plan(plan: &Plan, state: &State, redactor: &Redactor) {
    learn(&values_of_plan(plan).chain(values_of_state(state)).collect::<Vec<_>>(), redactor);
}

/// How many values are looked through before whatever else is under way has its turn.
const STRETCH: usize = 32;

/// Makes the secrets in records unprintable while the API is asked for the same objects: what they are then found to hold is known.
pub async fn of_records(state: &State, redactor: &Redactor) {
    for (at, record) in state.records.values().enumerate() {
        if at.is_multiple_of(STRETCH) {
            tokio::task::yield_now().await;
        }
        let mut texts = Texts::default();
        texts.take(&record.values);
        texts.own.iter().for_each(|text| redactor.add(text));
    }
}

/// The same of a state.
pub fn of_state(state: &State, redactor: &Redactor) {
    learn(&values_of_state(state).collect::<Vec<_>>(), redactor);
}

/// The same of values that stand for themselves.
pub fn of_values<'a>(values: impl IntoIterator<Item = &'a Value>, redactor: &Redactor) {
    learn(&values.into_iter().collect::<Vec<_>>(), redactor);
}

fn values_of_state(state: &State) -> impl Iterator<Item = &Value> {
    let records = state.records.values().chain(state.deposed.values());
    records.map(|record| &record.values).chain(state.outputs.values())
}

fn values_of_plan(plan: &Plan) -> impl Iterator<Item = &Value> {
    let outputs = plan.outputs.values().flat_map(|OutputChange { before, after }| before.iter().chain(after));
    let objects = plan.changes.values().map(|change| match &change.action {
        Action::Create { planned } | Action::Update { planned, .. } | Action::Replace { planned, .. } => {
            &planned.values
        }
        Action::NoOp { record, .. } => &record.values,
        Action::Read { later } => &later.values,
        Action::Delete { prior, .. } | Action::Forget { prior } => &prior.values,
    });
    plan.variables.values().chain(objects).chain(plan.data.values()).chain(outputs)
}

fn learn(values: &[&Value], redactor: &Redactor) {
    let values = distinct(values);
    let mut texts = Texts::default();
    values.iter().for_each(|value| texts.take(value));
    texts.own.iter().for_each(|text| redactor.add(text));
    if texts.around.is_empty() {
        return;
    }
    values.iter().for_each(|value| texts.leave_open(value));
    texts.around.iter().for_each(|text| redactor.add(text));
}

/// The values without those that share what they hold with an earlier one, as an unchanged object does with its record.
fn distinct<'a>(values: &[&'a Value]) -> Vec<&'a Value> {
    let mut seen = FxHashSet::default();
    let is_new = |value: &&&Value| match value {
        Value::Object(fields) => seen.insert(fields.place()),
        _ => true,
    };
    values.iter().filter(is_new).copied().collect()
}

#[derive(Default)]
struct Texts {
    /// Marked themselves.
    own: BTreeSet<String>,
    /// In something that is marked as a whole.
    around: BTreeSet<String>,
}

impl Texts {
    /// Takes every text at or below a sensitive mark.
    fn take(&mut self, value: &Value) {
        walk(value, &mut |_, value| {
            if !value.is_sensitive() {
                return value.contains_marks(Marks::SENSITIVE);
            }
            let (inner, _) = value.unmark();
            match inner.as_str() {
                Some(text) => drop(self.own.insert(text.to_owned())),
                None => self.take_whole(&inner),
            }
            false
        });
    }

    fn take_whole(&mut self, value: &Value) {
        walk(value, &mut |_, inner| {
            let (plain, marks) = inner.unmark();
            if let Some(text) = plain.as_str() {
                let set = if marks.contains(Marks::SENSITIVE) { &mut self.own } else { &mut self.around };
                set.insert(text.to_owned());
            }
            true
        });
    }

    /// Leaves out what stands in the open in a value.
    fn leave_open(&mut self, value: &Value) {
        walk(value, &mut |_, value| {
            if let Some(text) = value.as_str().filter(|_| !value.is_sensitive()) {
                self.around.remove(text);
            }
            !value.is_sensitive()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(fields: &[(&str, Value)]) -> Value {
        Value::object(fields.iter().map(|(name, value)| ((*name).into(), value.clone())).collect())
    }

    /// What becomes of a text that all these values are known beside.
    fn check(values: &[Value], text: &str, shown: &str) {
        let redactor = Redactor::new();
        learn(&values.iter().collect::<Vec<_>>(), &redactor);
        assert_eq!(redactor.redact(text), shown);
    }

    #[test]
    fn an_object_that_is_marked_as_a_whole_hides_only_its_secrets() {
        let instance =
            || object(&[("name", "helpdesk".into()), ("token", Value::string("t0ken-of-it").sensitive())]);
        let values = [instance(), instance().sensitive()];
        check(&values, "helpdesk has t0ken-of-it", "helpdesk has (sensitive value)");
    }

    #[test]
    fn what_stands_nowhere_in_the_open_stays_hidden() {
        let credentials = object(&[("user", "somebody".into()), ("password", "hunter2x".into())]).sensitive();
        check(&[credentials], "somebody hunter2x", "(sensitive value) (sensitive value)");
    }

    #[test]
    fn a_secret_is_hidden_even_where_the_same_text_stands_in_the_open() {
        let values = [Value::string("opensesame").sensitive(), Value::string("opensesame")];
        check(&values, "opensesame", "(sensitive value)");
    }
}
