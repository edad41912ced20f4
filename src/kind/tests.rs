//! What a resource block may say, and how its values are converted, hidden and compared.

use super::testing::compare;
use super::*;
use crate::addr::ObjectKey;
use crate::diag::{Diagnostics, Sources};
use crate::eval::constant;
use crate::syntax::{self, Block, ExprKind, ObjectKey as Key};
use crate::value::{Path, PathStep, Str, Type, Value};

fn instance() -> &'static Kind {
    Kinds::builtin().get("instance").expect("it is built in")
}

/// A value of the language, from its text.
fn value(text: &str) -> Value {
    let mut sources = Sources::new();
    let file = sources.add("main.hcl", text);
    let mut diags = Diagnostics::new();
    let expr = syntax::parse_expression(&sources, file, &mut diags).expect(text);
    constant(&expr, &mut diags).expect(text)
}

/// Where a value of a block stands.
fn place(block: &Block, path: &Path) -> Span {
    let mut steps = path.0.iter();
    let Some(PathStep::Attr(name)) = steps.next() else { return block.header };
    let attribute = block.body.attributes.iter().find(|a| *a.name.name == **name);
    let Some(attribute) = attribute else { return block.header };
    let (Some(PathStep::Index(key)), ExprKind::Object(items)) = (steps.next(), &attribute.expr.kind) else {
        return attribute.expr.span;
    };
    let found = items.iter().find(|(item, _)| match item {
        Key::Word(word) => Some(&*word.name) == key.as_str(),
        Key::Expr(expr) => matches!(&expr.kind, ExprKind::Literal(value) if value == key),
    });
    found.map_or(attribute.expr.span, |(_, expr)| expr.span)
}

/// Holds an `instance` block, whose comments say what is wrong with it, against its kind, as planning does.
fn check_block(text: &str) {
    let mut sources = Sources::new();
    let file = sources.add("main.hcl", text);
    let mut diags = Diagnostics::new();
    let body = syntax::parse(&sources, file, &mut diags);
    let block = &body.blocks[0];
    let names: Vec<_> = block.body.attributes.iter().map(|attribute| &*attribute.name.name).collect();
    missing(instance(), &names).into_iter().for_each(|diagnostic| diags.push(diagnostic.at(block.header)));
    let mut desired = BTreeMap::new();
    for given in &block.body.attributes {
        match argument(instance(), &given.name.name) {
            Err(diagnostic) => diags.push(diagnostic.at(given.name.span)),
            Ok(attribute) => {
                let value = constant(&given.expr, &mut diags).expect("tests hold constants");
                let value = attribute.convert(&value).expect("tests hold values of the right type");
                desired.insert(Str::from(&*attribute.name), value);
            }
        }
    }
    let place = |path: &Path| place(block, path);
    let desired = Value::object(desired.into());
    check(instance(), &desired, &place, block.header, "instance.x", &mut diags);
    login(instance(), &desired, block.header).into_iter().for_each(|warning| diags.push(warning));
    compare(text, &diags.take(), &sources);
}

#[test]
fn a_right_block_has_nothing_said_of_it() {
    check_block(
        r#"
        instance "support" {
          element = "freshdesk"
          name    = "Support desk"
          configuration = {
            username                     = "ops@example.com"
            password                     = "s3cret"
            subdomain                    = "example"
            "event.notification.enabled" = true
          }
          tags    = ["helpdesk"]
          enabled = false
        }"#,
    );
}

#[test]
fn arguments_are_held_against_the_kind() {
    check_block(
        r#"
        instance "support" {
          elment = "freshdesk"
        # ^^^^^^ Unsupported argument: `instance` has no argument `elment`; did you mean `element`?
          token  = "t"
        # ^^^^^ Value for unconfigurable attribute: the API decides `token`
        }"#,
    );
}

#[test]
fn what_is_required_is_missed() {
    check_block(
        r#"
        instance "support" {
      # ^^^^^^^^^^^^^^^^^^ Missing required argument: `instance` needs `element`
          name = "Support"
        }"#,
    );
}

#[test]
fn missing_entries_are_listed_at_once() {
    check_block(
        r#"
        instance "connectwise" {
      # ^^^^^^^^^^^^^^^^^^^^^^ Missing configuration entries: `freshdesk` also needs `password` and `subdomain`
          element = "freshdesk"
          configuration = { username = "ops@example.com", password = null }
        }"#,
    );
    check_block(
        r#"
        instance "zendesk" {
      # ^^^^^^^^^^^^^^^^^^ (warning) Configuration entries that are probably needed: `zendesk` usually also needs `oauth.callback.url` and `zendesk.subdomain`
          element       = "zendesk"
          provider_data = { code = "c" }
          configuration = { "oauth.api.key" = "k", "oauth.api.secret" = "s" }
        }"#,
    );
}

#[test]
fn entries_are_held_against_the_catalogue() {
    check_block(
        r#"
        instance "support" {
          element = "freshdesk"
          configuration = {
            username                     = "ops@example.com"
            password                     = "********"
                                         # ^^^^^^^^^^ Masked value: the service shows secrets so: this is no value
            subdomain                    = "example"
            subdomian                    = "example"
                                         # ^^^^^^^^^ (warning) Unknown configuration entry: `freshdesk` has no entry `subdomian`; did you mean `subdomain`?
            "event.notification.enabled" = "maybe"
                                         # ^^^^^^^ Incorrect configuration value type: `event.notification.enabled` takes a boolean
            "event.poller.configuration" = { a = 1 }
            "event.notification.type"    = ["webhook"]
                                         # ^^^^^^^^^^^ Incorrect configuration value type: `event.notification.type` takes a string
          }
        }"#,
    );
}

#[test]
fn elements_are_held_against_the_catalogue() {
    check_block(
        r#"
        instance "support" {
          element = "freshdsk"
                  # ^^^^^^^^^^ (warning) Unknown element: no element `freshdsk` is known; did you mean `freshdesk`?
        }"#,
    );
    check_block(r#"instance "support" { element = "our-own-element" }"#);
}

#[test]
fn a_login_in_a_browser_is_explained() {
    check_block(
        r#"
        instance "crm" {
      # ^^^^^^^^^^^^^^ (warning) Missing login: `zendesk` needs `provider_data` from a login in a browser, or tokens from an earlier one
          element       = "zendesk"
          configuration = {
            "oauth.api.key"      = "k"
            "oauth.api.secret"   = "s"
            "oauth.callback.url" = "https://example.com"
            "zendesk.subdomain"  = "example"
          }
        }"#,
    );
    check_block(
        r#"
        instance "crm" {
          element       = "zendesk"
          configuration = {
            "oauth.api.key"            = "k"
            "oauth.api.secret"         = "s"
            "oauth.callback.url"       = "https://example.com"
            "oauth.user.refresh_token" = "t"
            "zendesk.subdomain"        = "example"
          }
        }"#,
    );
}

#[test]
fn unknown_values_are_passed_over() {
    let desired = Value::object(
        [
            ("element".into(), Value::string("freshdesk")),
            ("configuration".into(), Value::unknown(Type::Dynamic).sensitive()),
        ]
        .into(),
    );
    let mut diags = Diagnostics::new();
    let span = Span::new(Sources::new().add("main.hcl", ""), 0..0);
    check(instance(), &desired, &|_| span, span, "instance.x", &mut diags);
    assert!(diags.is_empty());
}

#[test]
fn the_generated_is_nobodys_to_set() {
    let kind = Kinds::builtin().get("value").expect("it is built in");
    let label = argument(kind, "output").expect_err("it is computed").label;
    assert_eq!(label, "Isotope decides `output`");
    assert!(argument(kind, "input").is_ok());
}

#[test]
fn arguments_are_converted() {
    let convert = |name: &str, text: &str| {
        let converted = instance().attributes[name].convert(&value(text));
        converted.map_err(|problem| problem.to_string())
    };
    assert_eq!(
        convert("tags", r#"["b", "a", "b"]"#),
        Ok(Value::set(Type::String, vec!["a".into(), "b".into()]))
    );
    assert_eq!(convert("enabled", r#""true""#), Ok(Value::bool(true)));
    assert_eq!(convert("tags", r#"{ a = 1 }"#), Err("set of string required".to_owned()));
    assert_eq!(convert("name", r#"["a"]"#), Err("string required".to_owned()));
    let mixed = r#"{ a = 1, b = true, c = { d = [] } }"#;
    assert_eq!(convert("configuration", mixed), Ok(value(mixed)));
    assert_eq!(convert("configuration", "null"), Ok(Value::null(Type::Dynamic)));
    assert_eq!(convert("configuration", r#""x""#), Err("map of any single type required".to_owned()));
}

#[test]
fn names_default_to_the_blocks() {
    let name = &instance().attributes["name"];
    let cases = [
        (ObjectKey::Single, "desk"),
        (ObjectKey::Index(2), "desk-2"),
        (ObjectKey::Name("eu".into()), "desk-eu"),
    ];
    for (key, expected) in cases {
        assert_eq!(default_value(name, "desk", &key), Ok(Some(Value::string(expected))));
    }
    assert_eq!(default_value(&instance().attributes["tags"], "desk", &ObjectKey::Single), Ok(None));
}

#[test]
fn values_are_compared_as_the_api_gives_them_back() {
    let configuration = &instance().attributes["configuration"];
    let same = [
        (r#"{ a = 30 }"#, r#"{ a = "30" }"#),
        (r#"{ a = true, b = null }"#, r#"{ a = "true", b = null }"#),
        (r#"{ a = { x = [1, "2"], b = null } }"#, r#"{ a = "{ \"b\": null, \"x\": [1,\"2\"] }" }"#),
        (r#"{ a = 12345678901234567890123 }"#, r#"{ a = "12345678901234567890123" }"#),
        (r#"{ a = "{not json" }"#, r#"{ a = "{not json" }"#),
    ];
    for (ours, theirs) in same {
        assert_eq!(
            normalise(configuration, &value(ours)),
            normalise(configuration, &value(theirs)),
            "{ours}"
        );
    }
    let different = [
        (r#"{ a = "x" }"#, r#"{ a = "y" }"#),
        (r#"{ a = "" }"#, r#"{ a = null }"#),
        (r#"{ a = "{}" }"#, r#"{ a = "[]" }"#),
    ];
    for (ours, theirs) in different {
        assert_ne!(
            normalise(configuration, &value(ours)),
            normalise(configuration, &value(theirs)),
            "{ours}"
        );
    }
    let tags = &instance().attributes["tags"];
    assert_eq!(normalise(tags, &value(r#"["b", "a"]"#)), normalise(tags, &value(r#"["a", "b"]"#)));
    let secret = Value::object([("a".into(), Value::number(1).sensitive())].into());
    let normal = normalise(configuration, &secret);
    assert_eq!(normal.get_attr("a"), Some(&Value::string("1").sensitive()));
}

#[test]
fn secrets_are_marked_wherever_they_come_from() {
    let object = value(
        r#"{
          element       = "freshdesk"
          configuration = { username = "u", password = "p", my_api_key = "k", password2 = null }
          provider_data = { code = "c" }
          token         = "t"
          tags          = ["token"]
        }"#,
    );
    let hidden = secrets(instance(), object);
    let is_hidden = |name: &str| hidden.get_attr(name).expect(name).is_sensitive();
    assert!(is_hidden("token") && is_hidden("provider_data"));
    assert!(
        !is_hidden("element")
            && !is_hidden("configuration")
            && !hidden.get_attr("tags").expect("tags").has_marks()
    );
    let entry = |name: &str| {
        hidden.get_attr("configuration").and_then(|map| map.get_attr(name)).expect(name).is_sensitive()
    };
    assert_eq!(["username", "password", "my_api_key", "password2"].map(entry), [false, true, true, false]);
}

#[test]
fn the_schema_names_every_attribute() {
    let Type::Object(attributes) = schema_type(instance()) else { panic!("an object") };
    assert_eq!(attributes["id"], Type::Number);
    assert_eq!(attributes["configuration"], Type::Dynamic);
    assert_eq!(attributes["tags"], Type::set(Type::String));
    assert_eq!(attributes.len(), 11);
}

/// The values of an object of which only some are said, the others being null.
fn object_of(kind: &Kind, said: &[(&str, &str)]) -> Value {
    let field = |attribute: &Attribute| {
        let text = said.iter().find(|(name, _)| *name == &*attribute.name).map(|(_, text)| *text);
        let value = text.map(|text| attribute.convert(&Value::string(text)).expect("a value of its type"));
        (Str::from(&*attribute.name), value.unwrap_or_else(|| Value::null(attribute.ty())))
    };
    Value::object(kind.attributes.values().map(field).collect())
}

#[test]
fn ids_are_written_as_they_are_read() {
    type Case<'c> = (&'c str, &'c str, &'c [(&'c str, &'c str)], Option<&'c str>);
    let cases: [Case<'_>; 8] = [
        ("instance", "7", &[], Some("7")),
        ("formula_instance", "301", &[("formula", "201")], Some("201/301")),
        ("formula_instance", "301", &[], None),
        ("object_definition", "contact", &[("name", "contact")], Some("contact")),
        (
            "object_definition",
            "contact",
            &[("name", "contact"), ("account", "4")],
            Some("accounts/4/contact"),
        ),
        ("object_definition", "a/b", &[("name", "a/b")], None),
        (
            "transformation",
            "contact",
            &[("object", "contact"), ("element", "zendesk")],
            Some("zendesk/contact"),
        ),
        (
            "transformation",
            "contact",
            &[("object", "contact"), ("instance", "7")],
            Some("instances/7/contact"),
        ),
    ];
    for (kind, id, said, expected) in cases {
        let kind = Kinds::builtin().get(kind).expect("it is built in");
        let values = object_of(kind, said);
        let written = kind.import_id(id, &values);
        assert_eq!(written.as_deref(), expected, "{} {id} {said:?}", kind.name);
        if let Some(written) = written {
            let named = kind.named(&written).expect("it was written by a pattern");
            assert!(kind.is_named(&named, id, &values), "{written}");
        }
    }
}

#[test]
fn objects_stand_below_what_their_lists_need() {
    let cases: [(&str, &[&[&str]]); 6] = [
        ("instance", &[&[]]),
        ("formula_instance", &[&["formula"]]),
        ("user", &[&[], &["account"]]),
        ("object_definition", &[&[], &["account"], &["instance"]]),
        ("transformation", &[&["element"], &["account", "element"], &["instance"]]),
        ("value", &[]),
    ];
    for (kind, expected) in cases {
        let kind = Kinds::builtin().get(kind).expect("it is built in");
        let places: Vec<Vec<&str>> = kind
            .places()
            .iter()
            .map(|place| place.iter().map(|attribute| &*attribute.name).collect())
            .collect();
        assert_eq!(places, expected, "{}", kind.name);
    }
}
