//! Kinds that need no API: their objects live in the state alone.

use super::{CallError, Object, ObjectRef, Problem, Provider, Search, Update};
use crate::kind::words::Words;
use crate::kind::{Generate, Kind, Role, secrets};
use crate::value::{Str, Type, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Makes, keeps and forgets objects without asking anybody.
pub struct LocalProvider;

#[async_trait::async_trait]
impl Provider for LocalProvider {
    /// What is recorded is all there is.
    async fn read(&self, kind: &Kind, object: ObjectRef<'_>) -> Result<Option<Object>, CallError> {
        Ok(Some(Object { id: object.id.into(), values: secrets(kind, object.values.clone()), marker: None }))
    }

    async fn pages(
        &self,
        _: &Kind,
        _: Search<'_>,
        _: &mut (dyn FnMut(Vec<Object>) + Send),
    ) -> Result<(), CallError> {
        Ok(())
    }

    async fn create(&self, kind: &Kind, desired: &Value, _: Option<&str>) -> Result<Object, CallError> {
        let id = uuid::Uuid::new_v4().to_string();
        made(kind, &id, desired, |_| Some(Value::string(uuid::Uuid::new_v4().to_string())))
    }

    async fn update(
        &self,
        kind: &Kind,
        object: ObjectRef<'_>,
        update: Update<'_>,
    ) -> Result<Object, CallError> {
        made(kind, object.id, update.desired, |name| object.values.get_attr(name).cloned())
    }

    async fn delete(&self, _: &Kind, _: ObjectRef<'_>) -> Result<(), CallError> {
        Ok(())
    }

    fn requests(&self) -> u64 {
        0
    }
}

/// The object with these arguments. `random` gives what is random once and then stays.
fn made(
    kind: &Kind,
    id: &str,
    desired: &Value,
    random: impl Fn(&str) -> Option<Value>,
) -> Result<Object, CallError> {
    let mut values = BTreeMap::new();
    for attribute in kind.attributes.values() {
        let name = &*attribute.name;
        let value = match &attribute.role {
            Role::Generated(Generate::Uuid) if name == "id" => Some(Value::string(id)),
            Role::Generated(Generate::Uuid) => random(name),
            Role::Generated(Generate::From(_)) => continue,
            _ => desired.get_attr(name).cloned(),
        };
        values.insert(Str::from(name), value.unwrap_or_else(|| Value::null(Type::Dynamic)));
    }
    let words = Words::new().with("object", Value::object(values.clone().into()));
    for attribute in kind.attributes.values() {
        if let Role::Generated(Generate::From(expr)) = &attribute.role {
            let value = words.value(expr).map_err(refused)?;
            values.insert(Str::from(&attribute.name), value);
        }
    }
    Ok(Object { id: Arc::from(id), values: secrets(kind, Value::object(values.into())), marker: None })
}

fn refused(message: String) -> CallError {
    CallError::Rejected(Problem { status: 0, message, detail: None, request_id: None })
}
