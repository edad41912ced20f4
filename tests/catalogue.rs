//! Every element of the catalogue, once through: a generated block validates, plans, applies and destroys on the emulator, and the body
//! that creates it is exactly what the catalogue asks for.
//!
//! `cargo test --test catalogue -- --nocapture` prints what was sent for a few.

mod support;

use isotope::kind::catalogue::{Catalogue, Element, Entry, EntryType};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use support::sandbox::Sandbox;

/// Whose requests are printed.
const SHOWN: [&str; 3] = ["freshdesk", "autotaskhelpdesk", "connectwisehd"];

/// What a block gives an element: what is required, surely or likely.
fn entries(element: &Element) -> Vec<&Entry> {
    let missing = element.missing(&BTreeSet::new());
    missing.required.into_iter().chain(missing.likely).collect()
}

/// A value of the entry's type, as JSON, which is also how the language writes it.
fn value(element: &Element, entry: &Entry) -> Value {
    let secret = if Catalogue::builtin().is_secret(Some(element), &entry.key) { "s3cret" } else { "plain" };
    match (entry.allowed.first(), entry.ty) {
        (Some(allowed), _) => json!(allowed),
        (None, EntryType::Boolean) => json!(true),
        (None, EntryType::Number) => json!(7),
        (None, EntryType::Json) => json!({ "a": { "url": "/a" } }),
        (None, EntryType::String | EntryType::Any) => json!(format!("{secret}-{}", entry.key)),
    }
}

fn block(element: &Element) -> String {
    let lines = entries(element)
        .into_iter()
        .map(|entry| format!("    {:?} = {}\n", entry.key, value(element, entry)));
    let configuration: String = lines.collect();
    let handed: String =
        element.provider_data.iter().map(|key| format!("    {key:?} = \"s3cret-{key}\"\n")).collect();
    let handed =
        if handed.is_empty() { String::new() } else { format!("  provider_data = {{\n{handed}  }}\n") };
    format!(
        "instance \"e-{key}\" {{\n  element = {key:?}\n  configuration = {{\n{configuration}  }}\n{handed}}}\n",
        key = element.key
    )
}

/// The body that creates it, but for the marker.
fn body(element: &Element) -> Value {
    let configuration: Map<String, Value> =
        entries(element).into_iter().map(|entry| (entry.key.clone(), value(element, entry))).collect();
    let handed: Map<String, Value> =
        element.provider_data.iter().map(|key| (key.clone(), json!(format!("s3cret-{key}")))).collect();
    let mut body = json!({ "element": { "key": element.key }, "name": format!("e-{}", element.key), "configuration": configuration });
    if !handed.is_empty() {
        body["providerData"] = Value::Object(handed);
    }
    body
}

#[test]
fn every_element_is_created_with_what_it_asks_for() {
    let catalogue = Catalogue::builtin();
    let mut sandbox = Sandbox::new();
    let text: String = catalogue.elements().map(block).collect();
    sandbox.write("main.hcl", &text);
    let run = |sandbox: &mut Sandbox, line: &str, expected: &str| {
        let shown = sandbox.line(line);
        let text = shown.lines.join("\n");
        assert!(shown.status == 0 && text.contains(expected), "{line}: {text}");
    };
    let count = catalogue.elements().len();
    assert_eq!(count, 164);
    run(&mut sandbox, "isotope validate", "Success!");
    run(&mut sandbox, "isotope plan", &format!("Plan: {count} to add, 0 to change, 0 to destroy."));
    run(&mut sandbox, "isotope apply -auto-approve", &format!("Resources: {count} added"));
    let mut sent: BTreeMap<String, Value> = BTreeMap::new();
    for mut body in sandbox.bodies("POST") {
        let tags = body.as_object_mut().and_then(|body| body.remove("tags")).unwrap_or_default();
        assert!(tags[0].as_str().is_some_and(|tag| tag.starts_with("isotope:")), "{tags}");
        sent.insert(body["element"]["key"].as_str().unwrap_or_default().to_owned(), body);
    }
    let expected: BTreeMap<String, Value> =
        catalogue.elements().map(|element| (element.key.clone(), body(element))).collect();
    for (key, expected) in &expected {
        assert_eq!(sent.get(key), Some(expected), "{key}");
        if SHOWN.contains(&key.as_str()) {
            println!("| {key} | `{expected}` |");
        }
    }
    assert_eq!(sent.len(), expected.len());
    run(&mut sandbox, "isotope plan", "No changes.");
    run(&mut sandbox, "isotope destroy -auto-approve", &format!("Resources: {count} destroyed."));
    assert_eq!(sandbox.leaks(), [] as [String; 0]);
}
