//! Objects to bodies and answers to objects, as tables.

use super::super::{Update, envelope, mapping};
use super::{desired, instance, kind_of, paths, value};
use crate::kind::words::Words;
use crate::kind::{Kind, secrets};
use crate::value::{Str, Type, Value, to_json_text};

const MARKER: &str = "isotope:7f3c9a1e:5d20c4b19f0e6a37";

#[test]
fn a_create_sends_what_is_set() {
    let cases = [
        (r#"{ element = "freshdesk", name = "x" }"#, None, r#"{"element":{"key":"freshdesk"},"name":"x"}"#),
        (
            r#"{ element = "e", configuration = { a = 1, b = true, c = null, password = "p", d = "********" } }"#,
            None,
            r#"{"configuration":{"a":1,"b":true,"password":"p"},"element":{"key":"e"}}"#,
        ),
        (
            r#"{ element = "e", provider_data = { code = "c" }, tags = ["b", "a"], enabled = false }"#,
            None,
            r#"{"element":{"key":"e"},"providerData":{"code":"c"},"tags":["a","b"]}"#,
        ),
        (
            r#"{ element = "e", tags = ["a"] }"#,
            Some(MARKER),
            r#"{"element":{"key":"e"},"tags":["a","MARKER"]}"#,
        ),
        (r#"{ element = "e" }"#, Some(MARKER), r#"{"element":{"key":"e"},"tags":["MARKER"]}"#),
        (r#"{ element = "e", tags = [] }"#, None, r#"{"element":{"key":"e"},"tags":[]}"#),
    ];
    for (text, marker, body) in cases {
        let sent = mapping::whole(instance(), &desired(text), marker).map(text_of);
        assert_eq!(sent, Ok(body.replace("MARKER", MARKER)), "{text}");
    }
}

fn text_of(json: Value) -> String {
    to_json_text(&json).unwrap()
}

#[test]
fn what_is_not_known_is_never_sent() {
    let Value::Object(fields) = desired(r#"{ element = "e" }"#) else { panic!("an object") };
    let mut fields = fields.to_map();
    fields.insert("name".into(), Value::unknown(Type::String));
    let sent = mapping::whole(instance(), &Value::object(fields.into()), None);
    assert_eq!(sent, Err("`name` is not known, so it cannot be sent".to_owned()));
}

#[test]
fn an_update_sends_only_what_changes() {
    let prior =
        r#"{ element = "e", name = "a", tags = ["x"], configuration = { a = "1", b = "2", c = "3" } }"#;
    let wanted =
        r#"{ element = "e", name = "b", tags = ["y"], configuration = { a = "1", b = 4, d = "********" } }"#;
    let bare = r#"{ element = "e", name = "b" }"#;
    let cases: &[(&str, &[&str], Option<&str>)] = &[
        (wanted, &["name"], Some(r#"{"name":"b"}"#)),
        (wanted, &["configuration.b"], Some(r#"{"configuration":{"b":4}}"#)),
        (
            wanted,
            &["configuration.b", "configuration.c", "name"],
            Some(r#"{"configuration":{"b":4,"c":null},"name":"b"}"#),
        ),
        (wanted, &["configuration"], Some(r#"{"configuration":{"a":"1","b":4,"c":null}}"#)),
        (wanted, &["configuration.d"], None),
        (wanted, &["tags"], Some(r#"{"tags":["y","MARKER"]}"#)),
        (bare, &["tags"], Some(r#"{"tags":["MARKER"]}"#)),
        (bare, &["configuration.a"], Some(r#"{"configuration":{"a":null}}"#)),
        (wanted, &["enabled"], None),
        (wanted, &[], None),
    ];
    for (wanted, changed, body) in cases {
        let update = Update {
            prior: &desired(prior),
            desired: &desired(wanted),
            paths: &paths(changed),
            marker: Some(MARKER),
        };
        let sent = mapping::changes(instance(), &update).expect("all is known").map(text_of);
        assert_eq!(sent, body.map(|body| body.replace("MARKER", MARKER)), "{changed:?}");
    }
    let update =
        Update { prior: &desired(prior), desired: &desired(bare), paths: &paths(&["tags"]), marker: None };
    let sent = mapping::changes(instance(), &update).expect("all is known").map(text_of);
    assert_eq!(sent.as_deref(), Some(r#"{"tags":[]}"#));
}

fn read(answer: &str) -> Result<super::super::Object, String> {
    let known = mapping::Known { id: None, values: &Value::null(Type::Dynamic) };
    mapping::object(instance(), &mapping::json(answer)?, known)
}

#[test]
fn an_answer_becomes_an_object() {
    let object = read(
        r#"{"id": 51234, "name": "support-eu", "token": "b3BhcXVl", "createdDate": "2018-08-28T10:15:30Z",
            "element": {"id": 144, "key": "freshdesk"}, "disabled": false, "providerData": {"code": "x"},
            "tags": ["team", "isotope:7f3c9a1e:5d20c4b19f0e6a37", "alpha"],
            "configuration": {"username": "ops", "password": "********", "pagination.max": "30", "event.notification.callback.url": null, "n": 7}}"#,
    )
    .expect("it is an instance");
    assert_eq!((&*object.id, object.marker.as_deref()), ("51234", Some(MARKER)));
    let get = |name: &str| object.values.get_attr(name).expect(name).clone();
    assert_eq!(get("id"), Value::number(51234));
    assert_eq!(get("element"), Value::string("freshdesk"));
    assert_eq!(get("enabled"), Value::bool(true));
    assert_eq!(get("tags"), Value::set(Type::String, vec!["alpha".into(), "team".into()]));
    assert_eq!(get("token"), Value::string("b3BhcXVl").sensitive());
    assert_eq!(get("created_date"), Value::string("2018-08-28T10:15:30Z"));
    assert!(get("provider_data").is_null());
    let configuration = get("configuration");
    let entry = |name: &str| configuration.get_attr(name).expect(name).clone();
    assert_eq!(entry("username"), Value::string("ops"));
    assert_eq!(entry("password"), Value::unknown_not_null(Type::String).sensitive());
    assert_eq!(entry("pagination.max"), Value::string("30"));
    assert_eq!(entry("n"), Value::string("7"));
    assert_eq!(entry("event.notification.callback.url"), Value::null(Type::String));
}

#[test]
fn the_odd_is_understood() {
    let ids = [
        (r#"{"id": 123456789012345678901234567890}"#, "123456789012345678901234567890"),
        (r#"{"id": "12"}"#, "12"),
    ];
    for (answer, id) in ids {
        assert_eq!(read(answer).map(|object| object.id.to_string()), Ok(id.to_owned()));
    }
    let tags = read(r#"{"id": 1, "tags": [{"id": 9, "name": "b"}, {"id": 8, "name": "isotope:a:b"}, "a"]}"#);
    let tags = tags.expect("objects and strings");
    assert_eq!(tags.marker.as_deref(), Some("isotope:a:b"));
    assert_eq!(tags.values.get_attr("tags"), Some(&Value::set(Type::String, vec!["a".into(), "b".into()])));
    let bare = read(r#"{"id": 1}"#).expect("everything else may be missing");
    let unsaid = |value: &Value| value.is_null() || !value.is_known();
    assert!(bare.values.elements().all(|(name, value)| name.as_str() == Some("id") || unsaid(&value)));
}

#[test]
fn the_wrong_is_refused() {
    let cases = [
        ("", "the answer is not JSON"),
        ("<html>", "the answer is not JSON"),
        ("[]", "the answer is not an object"),
        (r#"{"name": "x"}"#, "the answer has no `id`"),
        (r#"{"id": ""}"#, "the answer has no `id`"),
        (r#"{"id": 1, "name": {"a": 1}}"#, "`name` in the answer is of another type: string required"),
    ];
    for (answer, problem) in cases {
        let found = read(answer).expect_err(answer);
        assert!(found.starts_with(problem), "{found}");
    }
}

#[test]
fn short_forms_are_told_from_whole_ones() {
    for (answer, short) in [
        (r#"{ id = 1 }"#, true),
        (r#"{ id = 1, configuration = null }"#, false),
        (r#"{ id = 1, configuration = {} }"#, false),
    ] {
        assert_eq!(mapping::is_short(instance(), &value(answer)), short, "{answer}");
    }
}

/// A kind whose values travel in every way that there is.
const WAYS: &str = r#"kind "thing" {
  provider   = "rest"
  collection = "/owners/${owner}/things"
  key        = "name"
  attribute "name" {
    type     = string
    required = true
    replace  = true
  }
  attribute "owner" {
    type   = number
    parent = true
  }
  attribute "labels" {
    type   = set(string)
    wrap   = "key"
    unwrap = "key"
  }
  attribute "steps" {
    type    = list(object({ name = string, size = optional(number), properties = optional(map(any)) }))
    partial = true
  }
  attribute "settings" {
    type    = map(any)
    partial = true
    masked  = "***"
  }
  attribute "code" {
    type       = string
    sensitive  = true
    write_only = true
    resend     = ["settings", "code_version"]
  }
  attribute "code_version" {
    type  = number
    local = true
  }
  attribute "note" {
    type = string
    echo = false
  }
  computed "key" {
    type      = string
    sensitive = true
    once      = true
  }
  create { request = "PUT object" }
  update {
    request = "PUT object"
    body    = "thing.data"
  }
}"#;

/// A thing's arguments, converted, secrets marked.
fn thing(kind: &Kind, text: &str) -> Value {
    let given = value(text);
    let arguments = kind.attributes.values().filter(|attribute| attribute.is_argument());
    let fields = arguments.map(|attribute| {
        let value = given.get_attr(&attribute.name).map(|value| attribute.convert(value).expect(text));
        (Str::from(&*attribute.name), value.unwrap_or_else(|| Value::null(attribute.ty())))
    });
    secrets(kind, Value::object(fields.collect()))
}

#[test]
fn values_travel_as_their_kind_says() {
    let kind = kind_of(WAYS);
    let cases = [
        (r#"{ name = "n", owner = 7, code = "c", code_version = 1 }"#, r#"{"code":"c","name":"n"}"#),
        (r#"{ name = "n", labels = ["a", "b"] }"#, r#"{"labels":[{"key":"a"},{"key":"b"}],"name":"n"}"#),
        (
            r#"{ name = "n", steps = [{ name = "a", properties = { x = null, y = [1] } }, { name = "b", size = 2 }] }"#,
            r#"{"name":"n","steps":[{"name":"a","properties":{"x":null,"y":[1]}},{"name":"b","size":2}]}"#,
        ),
    ];
    for (text, body) in cases {
        let sent = mapping::whole(&kind, &thing(&kind, text), None).map(text_of);
        assert_eq!(sent, Ok(body.to_owned()), "{text}");
    }
}

#[test]
fn what_is_write_only_is_sent_again_with_its_reasons_alone() {
    let kind = kind_of(WAYS);
    let request = kind.update.as_ref().unwrap();
    let wanted = thing(
        &kind,
        r#"{ name = "n", code = "c", code_version = 2, settings = { password = "p", plain = "x" } }"#,
    );
    let prior = thing(&kind, r#"{ name = "n", settings = { gone = "y" } }"#);
    let cases: &[(&[&str], bool)] = &[
        (&["settings.password"], true),
        (&["settings.plain"], false),
        (&["settings.gone"], false),
        (&["code_version"], true),
        (&["labels"], false),
    ];
    for (changed, resent) in cases {
        let paths = paths(changed);
        let update = Update { prior: &prior, desired: &wanted, paths: &paths, marker: None };
        let patch = mapping::changes(&kind, &update).unwrap().map(text_of).unwrap_or_default();
        assert_eq!(patch.contains(r#""code":"c""#), *resent, "{changed:?}: {patch}");
        let put = envelope::of_update(&kind, request, Words::new(), &update).unwrap().unwrap();
        assert!(put.starts_with(r#"{"thing":{"data":{"#), "{put}");
        assert_eq!(put.contains(r#""code":"c""#), *resent, "{changed:?}: {put}");
    }
}

#[test]
fn what_an_answer_leaves_out_is_known_from_the_path() {
    let kind = kind_of(WAYS);
    let asked = thing(&kind, r#"{ name = "n", owner = 7 }"#);
    let known = mapping::Known { id: Some("n"), values: &asked };
    let answer = r#"{"labels":[{"key":"b"},{"key":"a"}],"settings":{"password":"***"},"steps":[{"name":"a","more":1}]}"#;
    let found = mapping::object(&kind, &mapping::json(answer).unwrap(), known).unwrap();
    assert_eq!(&*found.id, "n");
    let get = |name: &str| found.values.get_attr(name).unwrap().clone();
    assert_eq!((get("owner"), get("name")), (Value::number(7u32), "n".into()));
    assert_eq!(get("labels"), Value::set(Type::String, vec!["a".into(), "b".into()]));
    assert_eq!(
        get("steps"),
        thing(&kind, r#"{ name = "n", steps = [{ name = "a" }] }"#).get_attr("steps").unwrap().clone()
    );
    for unsaid in ["note", "code_version", "key"] {
        assert!(!get(unsaid).is_known(), "{unsaid}: {:?}", get(unsaid));
    }
    assert!(mapping::object(&kind, &value("[1]"), known).is_err());
}
