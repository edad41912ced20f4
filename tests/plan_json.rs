//! `show -json PLAN` against what Terraform 1.11.4 says of the same configuration (`terraform_data` is our `value`): the same keys
//! everywhere, and the same values but for those that are listed here with a reason.
//!
//! `plan_json/create.json` and `change.json` are Terraform's own documents: a first plan of `before.tf`, then, after an apply and
//! `terraform taint 'terraform_data.counted[1]'`, a plan of `after.tf`.

#![allow(clippy::unwrap_used, reason = "a document that cannot be made is a failure")]

use regex::Regex;
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Where the two may differ, and why.
const DIFFERENCES: &[(&str, &str)] = &[
    (r"^/isotope_version$|^/prior_state/isotope_version$|^/timestamp$", "the version and the clock"),
    (r"^/configuration/provider_config/|/provider_config_key$", "the provider's name"),
    (r"/for_each_expression$", "calls of functions with constants are constants to us"),
    (r"/(sensitive_values|before_sensitive|after_sensitive)/output", "marks flow into what the engine makes"),
    (r"^/relevant_attributes/.*module\.", "what only outputs of modules take is no cause"),
];

fn data(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plan_json").join(file)).unwrap()
}

/// Terraform's words in ours.
fn ours(text: &str) -> String {
    let block = Regex::new(r#"resource "terraform_data" "#).unwrap();
    let text = block.replace_all(text, "value ");
    let text = text.replace("terraform.io/builtin/terraform", "local");
    text.replace("terraform_version", "isotope_version").replace("terraform_data", "value")
}

struct Directory(tempfile::TempDir);

impl Directory {
    fn write(&self, file: &str, text: &str) {
        let path = self.0.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn run(&self, args: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_isotope"));
        command.current_dir(self.0.path()).env_clear().env("HOME", self.0.path()).args(args);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn document(&self) -> Json {
        self.run(&["plan", "-out=x.plan"]);
        serde_json::from_str(&self.run(&["show", "-json", "x.plan"])).unwrap()
    }
}

#[test]
fn the_documents_have_terraforms_shape() {
    let dir = Directory(tempfile::tempdir().unwrap());
    dir.write("mod/main.hcl", &ours(&data("module.tf")));
    dir.write("main.hcl", &ours(&data("before.tf")));
    let mut found = differences("create", &dir.document());
    dir.run(&["apply", "-auto-approve"]);
    dir.run(&["taint", "value.counted[1]"]);
    dir.write("main.hcl", &ours(&data("after.tf")));
    found.extend(differences("change", &dir.document()));
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
}

fn differences(name: &str, document: &Json) -> Vec<String> {
    let theirs: Json = serde_json::from_str(&ours(&data(&format!("{name}.json")))).unwrap();
    let mut found = Vec::new();
    compare("", &keyed(&theirs), &keyed(document), &mut found);
    let allowed: Vec<Regex> = DIFFERENCES.iter().map(|(path, _)| Regex::new(path).unwrap()).collect();
    found.retain(|(path, _)| !allowed.iter().any(|allowed| allowed.is_match(path)));
    found.into_iter().map(|(path, said)| format!("{name}{path}: {said}")).collect()
}

/// Lists of things with a name become objects, so that they are compared by name.
fn keyed(of: &Json) -> Json {
    let named: Option<Map<String, Json>> =
        of.as_array().map(|all| all.iter().filter_map(|one| Some((name(one)?, keyed(one)))).collect());
    match (of, named) {
        (Json::Array(all), Some(named)) if !all.is_empty() && named.len() == all.len() => Json::Object(named),
        (Json::Array(all), _) => all.iter().map(keyed).collect(),
        (Json::Object(fields), _) => {
            Json::Object(fields.iter().map(|(key, value)| (key.clone(), keyed(value))).collect())
        }
        (other, _) => other.clone(),
    }
}

fn name(of: &Json) -> Option<String> {
    let shown = of.get("address");
    let addr = shown.and_then(|shown| shown.as_str().or_else(|| shown["to_display"].as_str()));
    let relevant = of.get("resource").map(|resource| format!("{resource}{}", of["attribute"]));
    let deposed = of.get("deposed").map(ToString::to_string).unwrap_or_default();
    addr.map(|addr| format!("{addr}{deposed}")).or(relevant)
}

fn compare(path: &str, theirs: &Json, ours: &Json, found: &mut Vec<(String, String)>) {
    match (theirs, ours) {
        (Json::Object(one), Json::Object(other)) => {
            for key in one.keys().chain(other.keys()).collect::<BTreeSet<_>>() {
                let path = format!("{path}/{key}");
                match (one.get(key), other.get(key)) {
                    (Some(one), Some(other)) => compare(&path, one, other, found),
                    (Some(one), None) => found.push((path, format!("only Terraform has {one}"))),
                    (None, other) => found.push((path, format!("only we have {other:?}"))),
                }
            }
        }
        (Json::Array(one), Json::Array(other)) if one.len() == other.len() => {
            for (at, (one, other)) in one.iter().zip(other).enumerate() {
                compare(&format!("{path}/{at}"), one, other, found);
            }
        }
        _ if theirs == ours || both_are_ids(theirs, ours) || *ours == "(sensitive)" => {}
        _ => found.push((path.to_owned(), format!("{theirs} is {ours} to us"))),
    }
}

fn both_are_ids(one: &Json, other: &Json) -> bool {
    let id = Regex::new("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$").unwrap();
    [one, other].iter().all(|value| value.as_str().is_some_and(|text| id.is_match(text)))
}
