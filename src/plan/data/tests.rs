//! What data sources ask, and what they make of answers.

use super::ask::{fewest, known};
use super::{About, Answers, Question, found};
use crate::addr::{ObjectAddr, ObjectKey, ResourceAddr};
use crate::diag::{Diagnostics, Sources};
use crate::eval::constant;
use crate::kind::{Kinds, Source};
use crate::provider::Object;
use crate::state::ProviderAddr;
use crate::syntax;
use crate::value::{Str, Type, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

fn source(name: &str) -> &'static Source {
    Kinds::builtin().source(name).expect("it is built in")
}

fn value(text: &str) -> Value {
    let mut sources = Sources::new();
    let file = sources.add("main.hcl", text);
    let mut diags = Diagnostics::new();
    let expr = syntax::parse_expression(&sources, file, &mut diags).expect(text);
    constant(&expr, &mut diags).expect(text)
}

/// All arguments of a source, those that the text leaves out null.
fn arguments(source: &Source, text: &str) -> Value {
    let given = value(text);
    let argument = |attribute: &crate::kind::Attribute| {
        let value = given.get_attr(&attribute.name).map(|value| attribute.convert(value).expect(text));
        (Str::new(&attribute.name), value.unwrap_or_else(|| Value::null(attribute.ty())))
    };
    Value::object(source.arguments().map(argument).collect())
}

fn question(name: &str, text: &str) -> Question {
    let provider = ProviderAddr { name: "cloudelements".into(), alias: None };
    Question::of(source(name), provider, &arguments(source(name), text))
}

fn object(id: &str, text: &str) -> Object {
    let given = value(text);
    let field = |attribute: &crate::kind::Attribute| {
        let value = given.get_attr(&attribute.name).map(|value| attribute.convert(value).expect(text));
        (Str::new(&attribute.name), value.unwrap_or_else(|| Value::null(attribute.ty())))
    };
    let mut fields: std::collections::BTreeMap<Str, Value> =
        source("instance").kind.attributes.values().map(field).collect();
    fields.insert("id".into(), Value::number(id.parse::<u64>().expect(id)));
    Object { id: id.into(), values: Value::object(fields.into()), marker: None }
}

fn addr(name: &str) -> ObjectAddr {
    ObjectAddr::root(ResourceAddr::data(name, "x"), ObjectKey::Single)
}

#[test]
fn an_id_is_read_and_everything_else_is_searched() {
    assert_eq!(question("instance", "{ id = 7, name = \"a\" }").about, About::One("7".into()));
    assert_eq!(question("element", "{ key = \"freshdesk\" }").about, About::One("freshdesk".into()));
    assert!(matches!(question("instance", "{ name = \"a\" }").about, About::Search(_)));
    assert_eq!(question("instance", "{ element = \"freshdesk\" }").about, About::All);
    assert!(matches!(question("elements", "{ key = \"freshdesk\" }").about, About::Search(_)));
}

#[test]
fn several_searches_of_a_collection_are_one_reading() {
    let one = question("instance", "{ name = \"a\" }");
    let other = question("instance", "{ name = \"b\" }");
    assert_eq!(fewest(&BTreeSet::from([one.clone()])), BTreeSet::from([one.clone()]));
    let asked = fewest(&BTreeSet::from([one.clone(), other.clone(), question("instance", "{ id = 1 }")]));
    let all = question("instances", "{}");
    assert_eq!(asked, BTreeSet::from([all.clone(), question("instance", "{ id = 1 }")]));
    let answers = Answers::from([(all, Ok(Arc::from([])))]);
    assert!(one.answer(&answers).is_some() && other.answer(&answers).is_some());
    assert!(question("instance", "{ id = 1 }").answer(&answers).is_none());
}

#[test]
fn nothing_is_known_of_what_nobody_read() {
    let asked = BTreeSet::from([question("instance", "{ id = 1 }")]);
    assert!(known(&asked, &Default::default(), &Default::default()).is_empty());
}

#[test]
fn objects_agree_with_all_that_is_said_of_them() {
    let objects = [
        object(
            "1002",
            "{ element = \"freshdesk\", name = \"b\", tags = [\"x\", \"y\"], configuration = { a = \"1\" } }",
        ),
        object("999", "{ element = \"freshdesk\", name = \"a\", tags = [\"x\"] }"),
        object("1001", "{ element = \"dropbox\", name = \"a\" }"),
    ];
    let ids = |text: &str| {
        let source = source("instances");
        let value = found(source, &addr("instances"), &arguments(source, text), &objects).expect(text);
        let ids = value.get_attr("ids").cloned().expect("every plural has them");
        ids.elements()
            .map(|(_, id)| crate::value::convert(&id, &Type::String).expect(text))
            .collect::<Vec<_>>()
    };
    let strings = |ids: &[&str]| ids.iter().map(|id| Value::string(*id)).collect::<Vec<_>>();
    assert_eq!(ids("{}"), strings(&["999", "1001", "1002"]));
    assert_eq!(ids("{ name = \"a\" }"), strings(&["999", "1001"]));
    assert_eq!(ids("{ tags = [\"x\"] }"), strings(&["999", "1002"]));
    assert_eq!(ids("{ tags = [\"y\", \"x\"], element = \"freshdesk\" }"), strings(&["1002"]));
    assert_eq!(ids("{ configuration = { a = 1 } }"), strings(&["1002"]));
    assert_eq!(ids("{ configuration = { a = 1, b = 2 } }"), strings(&[]));
}

#[test]
fn one_object_must_match_and_marks_stay() {
    let objects = [object("2", "{ name = \"a\" }"), object("1", "{ name = \"a\" }")];
    let one = |text: &str| {
        found(source("instance"), &addr("instance"), &arguments(source("instance"), text), &objects)
    };
    let several = one("{ name = \"a\" }").expect_err("there are two");
    assert_eq!(
        (&*several.summary, &*several.label),
        ("Several objects match data.instance.x", "2 match: 1, 2")
    );
    let none = one("{ name = \"b\" }").expect_err("there is none");
    assert_eq!(none.label, "there is no `instance` with name = \"b\"");
    let secret = arguments(source("instance"), "{ id = 1 }");
    let Value::Object(fields) = &secret else { panic!("an object") };
    let mut fields = fields.to_map();
    fields.insert("name".into(), Value::string("a").sensitive());
    let read = found(source("instance"), &addr("instance"), &Value::object(fields.into()), &objects[1..])
        .expect("it matches");
    assert!(read.get_attr("name").is_some_and(Value::is_sensitive));
}

#[test]
fn what_is_masked_is_null_and_secret() {
    let mut masked = object("1", "{ name = \"a\" }");
    let Value::Object(fields) = &masked.values else { panic!("an object") };
    let mut fields = fields.to_map();
    fields.insert("token".into(), Value::unknown(Type::String).sensitive());
    masked.values = Value::object(fields.into());
    let read =
        found(source("instance"), &addr("instance"), &arguments(source("instance"), "{ id = 1 }"), &[masked]);
    let token = read.expect("it matches").get_attr("token").cloned().expect("it is an attribute");
    assert!(token.is_null() && token.is_sensitive());
}
