//! An account of 500 objects of every kind, made by hand: `import -all` writes what declares all of it, the plan that follows imports
//! and changes nothing, and after it there is nothing left to do.

mod support;

use isotope::kind::catalogue::{Catalogue, Element, Entry, EntryType};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use support::sandbox::Sandbox;

const INSTANCES: usize = 300;
const FORMULAS: usize = 30;
const FORMULA_INSTANCES: usize = 60;
const ACCOUNTS: usize = 20;
const USERS: usize = 40;
const DEFINITIONS: usize = 25;
const TRANSFORMATIONS: usize = 20;
const JOBS: usize = 5;
const ALL: usize =
    INSTANCES + FORMULAS + FORMULA_INSTANCES + ACCOUNTS + USERS + DEFINITIONS + TRANSFORMATIONS + JOBS;

/// Every element of the catalogue once, then the helpdesks again and again: those are to be written together.
fn instances() -> Vec<Value> {
    let catalogue = Catalogue::builtin();
    let again =
        ["freshdesk", "zendesk", "connectwisehd"].iter().filter_map(|key| catalogue.element(key)).cycle();
    let elements = catalogue.elements().chain(again).take(INSTANCES);
    let instance = |(at, element): (usize, &Element)| {
        let mut instance = json!({
            "id": 1000 + at,
            "element": element.key,
            "name": format!("{} {}", element.name, at % 7),
            "configuration": configuration(element, at),
            "disabled": at % 11 == 0,
        });
        if at % 3 == 0 {
            instance["tags"] = json!(["by hand", format!("team {}", at % 4)]);
        }
        instance
    };
    elements.enumerate().map(instance).collect()
}

/// What a person gives an instance: what is required, and a little more.
fn configuration(element: &Element, at: usize) -> Map<String, Value> {
    let missing = element.missing(&BTreeSet::new());
    let entries = missing.required.into_iter().chain(missing.likely);
    let mut given: Map<String, Value> =
        entries.map(|entry| (entry.key.clone(), value(element, entry, at))).collect();
    if at.is_multiple_of(5) {
        given.insert("event.notification.enabled".to_owned(), json!(true));
    }
    given
}

fn value(element: &Element, entry: &Entry, at: usize) -> Value {
    let secret = Catalogue::builtin().is_secret(Some(element), &entry.key);
    match (entry.allowed.first(), entry.ty) {
        (Some(allowed), _) => json!(allowed),
        _ if secret => json!(format!("s3cret-{at}-{}", entry.key)),
        (None, EntryType::Boolean) => json!(true),
        (None, EntryType::Number) => json!(at),
        (None, EntryType::Json) => json!({ "a": { "url": format!("/{at}"), "n": [1, at] } }),
        (None, EntryType::String | EntryType::Any) => json!(format!("${{plain}} {at}\n\"{}\"", entry.key)),
    }
}

fn formula(at: usize) -> Value {
    json!({
        "id": 200 + at, "name": format!("formula {at}"), "active": !at.is_multiple_of(4), "engine": "v1",
        "debugLoggingEnabled": true, "singleThreaded": at.is_multiple_of(5),
        "configuration": [
            { "id": 1, "key": "desk", "name": "Desk", "type": "elementInstance", "required": true },
            { "id": 2, "key": "delay", "name": "Delay", "type": "value", "required": false },
        ],
        "triggers": [{ "id": 3, "type": "event", "async": true, "onSuccess": ["say"], "onFailure": [],
                       "properties": { "elementInstanceId": "${desk}" } }],
        "steps": [{ "id": 4, "name": "say", "type": "script", "onSuccess": [], "onFailure": [],
                    "properties": { "body": format!("// {at} %{{x}}\nEOT\ndone({{}});\n") } }],
    })
}

fn world() -> Value {
    let many = |count: usize, one: &dyn Fn(usize) -> Value| (0..count).map(one).collect::<Vec<_>>();
    let level = |at: usize| match at % 3 {
        0 => "organizations".to_owned(),
        1 => format!("accounts/{}", 400 + at % ACCOUNTS),
        _ => format!("instances/{}", 1000 + at),
    };
    let words = ["organization", "account", "instance"];
    let elements: Vec<String> = Catalogue::builtin().elements().map(|element| element.key.clone()).collect();
    json!({
        "instances": instances(),
        "formulas": many(FORMULAS, &formula),
        // Both values of the configuration are numbers of instances; one of them is meant as such.
        "formulaInstances": many(FORMULA_INSTANCES, &|at| json!({
            "id": 2000 + at, "below": format!("{}", 200 + at % FORMULAS), "name": format!("at work {at}"),
            "active": true, "settings": {}, "configuration": { "desk": format!("{}", 1000 + at), "delay": "1001" },
        })),
        "accounts": many(ACCOUNTS, &|at| json!({
            "id": 400 + at, "externalId": format!("account-{at}"), "name": format!("Account {at}"), "active": true,
        })),
        "users": many(USERS, &|at| {
            let below = if at % 4 == 0 { String::new() } else { format!("{}", 400 + at % ACCOUNTS) };
            json!({ "id": 600 + at, "below": below, "email": format!("user.{at}@example.com"), "firstName": "U",
                    "lastName": format!("Number {at}"), "active": true, "roles": ["admin"] })
        }),
        "definitions": many(DEFINITIONS, &|at| json!({
            "id": 1 + at, "below": level(at), "objectName": format!("object{at}"), "level": words[at % 3],
            "fields": [{ "path": "email", "type": "string", "associatedLevel": words[at % 3] }],
        })),
        "transformations": many(TRANSFORMATIONS, &|at| json!({
            "id": 1 + at, "below": level(at), "objectName": format!("object{at}"), "vendorName": "things",
            "element": elements[at], "isLegacy": false, "level": words[at % 3], "configuration": [],
            "fields": [{ "path": "email", "vendorPath": "mail", "level": words[at % 3] }],
        })),
        "jobs": many(JOBS, &|at| json!({ "id": 700 + at, "name": format!("job {at}"), "cron": "0 0 * * * ?" })),
    })
}

fn quoted(line: &str) -> Option<&str> {
    line.split('"').nth(1)
}

/// The keys of each block with `for_each`, from the blocks that import it.
fn keys(imports: &str) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for block in imports.split("\nimport {\n").filter(|block| block.contains("for_each")) {
        let line = |line: &str| line.split_once(" = ").map(|(key, _)| key.trim().to_owned());
        let table = block.lines().skip(1).take_while(|line| !line.starts_with("  }"));
        let to = block.lines().find_map(|line| line.trim().strip_prefix("to ")).unwrap_or_default();
        let to = to.trim_start_matches([' ', '=']).trim_end_matches("[each.key]");
        found.insert(to.to_owned(), table.filter_map(line).collect());
    }
    found
}

/// Values for every variable: any will do, since nothing can tell.
fn values(blocks: &str, imports: &str) -> String {
    let keys = keys(imports);
    // Name, whether it is a map, whether it is a secret.
    let mut open: Vec<(String, bool, bool)> = Vec::new();
    let mut values = String::new();
    for line in blocks.lines() {
        if let Some(name) = line.strip_prefix("variable ").and_then(quoted) {
            open.push((name.to_owned(), false, false));
        } else if line.trim().starts_with("type") && line.contains("map(string)") {
            open.last_mut().expect("it is a variable's").1 = true;
        } else if line.trim().starts_with("sensitive") {
            open.last_mut().expect("it is a variable's").2 = true;
        } else if line.ends_with(" {") && !line.starts_with([' ', '#']) {
            let (kind, rest) = line.split_once(' ').expect("a block's header");
            let block = format!("{kind}.{}", quoted(rest).expect("a name"));
            for (name, several, secret) in open.drain(..) {
                let word = if secret { "s3cret" } else { "plain" };
                let one = |key: &String| format!("  {key} = \"{word}-{name}-{key}\"\n");
                values.push_str(&match several {
                    true => format!("{name} = {{\n{}}}\n", keys[&block].iter().map(one).collect::<String>()),
                    false => format!("{name} = \"{word}-{name}\"\n"),
                });
            }
        }
    }
    values
}

fn run(sandbox: &mut Sandbox, line: &str, expected: &str) {
    let shown = sandbox.line(line);
    let text = shown.lines.join("\n");
    let end: Vec<&str> = text.lines().rev().take(60).collect();
    let end = end.into_iter().rev().collect::<Vec<_>>().join("\n");
    assert!(shown.status == 0 && text.contains(expected), "{line}: expected {expected:?}, found\n{end}");
}

#[test]
fn an_account_of_500_objects_is_adopted_without_a_change() {
    assert_eq!(ALL, 500);
    let mut sandbox = Sandbox::new();
    sandbox.load(&world());
    let before = sandbox.dump();
    run(&mut sandbox, "isotope discover", "500 objects are not in the state.");
    run(&mut sandbox, "isotope import -all", "for 500 objects to adopted.hcl");
    run(&mut sandbox, "isotope fmt -check", "");
    let read = |sandbox: &Sandbox, file: &str| {
        std::fs::read_to_string(sandbox.dir.join(file)).expect("it was written")
    };
    let (blocks, imports) = (read(&sandbox, "adopted.hcl"), read(&sandbox, "adopted.imports.hcl"));
    sandbox.write("isotope.vars.hcl", &values(&blocks, &imports));
    run(&mut sandbox, "isotope validate", "Success!");
    let plan = "Plan: 500 to import, 0 to add, 0 to change, 0 to destroy.";
    run(&mut sandbox, "isotope plan -concise", plan);
    let applied = "Apply complete! Resources: 500 imported, 0 added, 0 changed, 0 destroyed.";
    run(&mut sandbox, "isotope apply -auto-approve -concise", applied);
    run(&mut sandbox, "isotope plan", "No changes.");
    run(&mut sandbox, "isotope discover", "Nothing was found that is not in the state.");
    assert_eq!(sandbox.dump(), before, "nothing was sent that changes anything");
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        assert_eq!(sandbox.bodies(method), Vec::<Value>::new(), "{method}");
    }
    // Not all forms of all tokens in everything that was printed, as elsewhere: that takes minutes.
    for file in support::leaks::files(&sandbox.dir).iter().filter(|file| !file.ends_with("isotope.vars.hcl"))
    {
        let bytes = std::fs::read(file).expect("it was listed");
        assert!(!String::from_utf8_lossy(&bytes).contains("s3cret-"), "{} shows a secret", file.display());
    }
    // What is alike is written once, and what names another object refers to it: of two numbers the one that is meant so.
    let lines = |name: &str, text: &str| {
        blocks.lines().filter(|line| line.trim().starts_with(name) && line.contains(text)).count()
    };
    assert_eq!((lines("desk ", "= instance."), lines("delay ", "= instance.")), (FORMULA_INSTANCES, 0));
    assert_eq!(lines("formula ", "= formula."), FORMULA_INSTANCES);
    let headers = blocks.lines().filter(|line| line.ends_with(" {") && !line.starts_with([' ', '#', 'v']));
    let headers = headers.count();
    assert!(headers < 300, "{headers} blocks for 500 objects");
}
