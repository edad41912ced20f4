//! The objects of an answer → what a data source gives: the one that matches its arguments, or all that do.

use crate::addr::ObjectAddr;
use crate::diag::Diagnostic;
use crate::kind::{Attribute, Shape, Source, normalise};
use crate::provider::Object;
use crate::value::{Str, Type, Value, transform};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// How many ids are named when there are too many.
const NAMED: usize = 10;

/// What the data source at `addr` gives, looking for `arguments` among `objects`.
pub(super) fn found(
    source: &Source,
    addr: &ObjectAddr,
    arguments: &Value,
    objects: &[Object],
) -> Result<Value, Box<Diagnostic>> {
    let mut matching: Vec<&Object> =
        objects.iter().filter(|object| fits(source, arguments, object)).collect();
    matching.sort_by(|a, b| by_id(&a.id, &b.id));
    match (source.shape, matching.as_slice()) {
        (Shape::Many, all) => Ok(many(source, arguments, all)),
        (Shape::One, [one]) => Ok(marked(source, arguments, values(source, one))),
        (Shape::One, []) => Err(Box::new(none(source, addr, arguments))),
        (Shape::One, several) => Err(Box::new(too_many(source, addr, several))),
    }
}

/// Numbers by size, everything else as text.
fn by_id(one: &str, other: &str) -> Ordering {
    let key = |id: &str| (id.parse::<u128>().map_err(|_| ()), id.to_owned());
    key(one).cmp(&key(other))
}

/// Whether an object is what all arguments that are given say.
fn fits(source: &Source, arguments: &Value, object: &Object) -> bool {
    source.arguments().all(|attribute| {
        let Some(want) = super::given(arguments, &attribute.name) else { return true };
        let have = object.values.get_attr(&attribute.name);
        have.is_some_and(|have| agrees(attribute, &want, &have.unmark_deep().0))
    })
}

/// Whether a value is the one looked for; a map or set holds at least what is looked for.
fn agrees(attribute: &Attribute, want: &Value, have: &Value) -> bool {
    let (want, have) = (normalise(attribute, want), normalise(attribute, have));
    match (&want, &have) {
        (Value::Object(wanted) | Value::Map(_, wanted), Value::Object(has) | Value::Map(_, has)) => {
            wanted.iter().all(|(key, value)| has.get(key) == Some(value))
        }
        (Value::Set(..), Value::Set(..)) => {
            let has: Vec<Value> = have.elements().map(|(_, element)| element).collect();
            want.elements().all(|(_, element)| has.contains(&element))
        }
        _ => want == have,
    }
}

/// What is seen of an object: what the API masks is not there, rather than unknown for ever.
fn values(source: &Source, object: &Object) -> Value {
    let field = |attribute: &Attribute| {
        let value = object.values.get_attr(&attribute.name).cloned();
        let value = value.unwrap_or_else(|| Value::null(attribute.ty()));
        let shown = transform(&value, &mut |_, part| {
            let (plain, marks) = part.unmark();
            if plain.is_known() { part } else { Value::null(plain.ty()).mark(marks) }
        });
        (Str::new(&attribute.name), shown)
    };
    Value::object(source.attributes().map(field).collect())
}

/// The values with the marks of the arguments on what was looked for.
fn marked(source: &Source, arguments: &Value, values: Value) -> Value {
    let Value::Object(fields) = &values else { return values };
    let mut fields = fields.to_map();
    for attribute in source.arguments() {
        let Some(argument) = arguments.get_attr(&attribute.name).filter(|value| !value.is_null()) else {
            continue;
        };
        let (_, marks) = argument.unmark_deep();
        if let Some(value) = fields.get_mut(&*attribute.name) {
            *value = value.clone().mark(marks);
        }
    }
    Value::object(fields.into())
}

fn many(source: &Source, arguments: &Value, objects: &[&Object]) -> Value {
    let mut fields: BTreeMap<Str, Value> = BTreeMap::new();
    for attribute in source.arguments() {
        let given = arguments.get_attr(&attribute.name).cloned();
        fields.insert(Str::new(&attribute.name), given.unwrap_or_else(|| Value::null(attribute.ty())));
    }
    let all: Vec<Value> = objects.iter().map(|object| values(source, object)).collect();
    let id = |object: &Value| {
        let id = object.get_attr("id").cloned().unwrap_or_else(|| Value::null(source.id_type()));
        crate::value::convert(&id, &source.id_type()).unwrap_or(id)
    };
    let ids = Value::list(source.id_type(), all.iter().map(id).collect());
    let [ids_name, objects_name] = Shape::OF_MANY.map(Str::from);
    fields.insert(ids_name, ids);
    fields.insert(objects_name, collected(source, all));
    Value::object(fields.into())
}

/// A list where all objects have one type, else a tuple.
fn collected(source: &Source, objects: Vec<Value>) -> Value {
    let Type::Object(fields) = source.ty() else { return Value::tuple(objects) };
    match fields.get(Shape::OF_MANY[1]) {
        Some(Type::List(element)) if objects.iter().all(|object| object.has_type(element)) => {
            Value::list((**element).clone(), objects)
        }
        _ => Value::tuple(objects),
    }
}

fn none(source: &Source, addr: &ObjectAddr, arguments: &Value) -> Diagnostic {
    let sought = sought(source, arguments);
    Diagnostic::error(format!("Nothing matches {addr}"))
        .label(format!("there is no `{}` with {sought}", source.kind.name))
        .detail(format!("The API has no {} with {sought}.", source.kind.name))
        .about(addr)
}

fn too_many(source: &Source, addr: &ObjectAddr, several: &[&Object]) -> Diagnostic {
    let mut ids: Vec<&str> = several.iter().take(NAMED).map(|object| &*object.id).collect();
    let more = several.len().saturating_sub(NAMED);
    let rest = format!("{more} more");
    if more > 0 {
        ids.push(&rest);
    }
    let ids = ids.join(", ");
    let diagnostic = Diagnostic::error(format!("Several objects match {addr}"))
        .label(format!("{} match: {ids}", several.len()))
        .detail(format!("{} of kind {} match, with the ids {ids}.", several.len(), source.kind.name))
        .about(addr);
    match &source.kind.lookup.plural {
        Some(plural) => {
            diagnostic.help(format!("say more, name its `id`, or read all of them with `data \"{plural}\"`"))
        }
        None => diagnostic.help("say more, or name its `id`"),
    }
}

/// `name = "Desk"`, without what is sensitive.
fn sought(source: &Source, arguments: &Value) -> String {
    let given = source.arguments().filter_map(|attribute| {
        let value = arguments.get_attr(&attribute.name).filter(|value| !value.is_null())?;
        let shown = if value.contains_marks(crate::value::Marks::SENSITIVE) {
            "(sensitive value)".to_owned()
        } else {
            crate::value::to_json_text(value).unwrap_or_default()
        };
        Some(format!("{} = {shown}", attribute.name))
    });
    given.collect::<Vec<_>>().join(" and ")
}
