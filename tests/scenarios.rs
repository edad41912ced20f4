//! Plan scenarios with Terraform 1.11's own answers (`scenarios/*.json`): each runs through the binary, step by step.
//!
//! The files are in Terraform's language with `terraform_data` as the only resource type; they are rewritten into ours, where
//! `value` is its counterpart. Everything a step expects is compared: actions, reasons, values, unknowns, diagnostics, what apply
//! leaves in the state, how often it did what, and in which order.

#![allow(clippy::unwrap_used, reason = "a scenario that cannot be run is a failure")]

use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// How many scenarios run at a time: most of one is waiting for the disk.
const WORKERS: usize = 4;

#[test]
fn every_scenario_gives_terraforms_answers() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "json"));
    files.sort();
    let only = std::env::var("SCENARIO").ok();
    files.retain(|file| only.as_ref().is_none_or(|only| file.to_string_lossy().contains(only.as_str())));
    assert!(!files.is_empty(), "no scenario was found");
    let (queue, failures) = (Mutex::new(files.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some(file) = next else { return };
                    let found = scenario(file);
                    failures.lock().unwrap().extend(found);
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
}

/// Runs one scenario; gives what differs.
fn scenario(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let scenario = translate(&serde_json::from_str(&text).unwrap());
    let name = scenario["id"].as_str().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut run = Run { dir: dir.path(), ids: Vec::new(), failures: Vec::new(), place: String::new() };
    for (at, step) in scenario["steps"].as_array().unwrap().iter().enumerate() {
        run.place = format!("{name}, step {}", at + 1);
        run.step(step);
    }
    run.failures
}

// --- from Terraform's language to ours

/// The same scenario in our words: in files, addresses and arguments.
fn translate(of: &Json) -> Json {
    match of {
        Json::String(text) => translate_text(text).into(),
        Json::Array(elements) => elements.iter().map(translate).collect(),
        Json::Object(fields) => {
            let field = |(key, value): (&String, &Json)| (translate_text(key), translate(value));
            Json::Object(fields.iter().map(field).collect())
        }
        other => other.clone(),
    }
}

fn translate_text(text: &str) -> String {
    let block = regex::Regex::new(r#"\bresource\s+"terraform_data"\s+"#).unwrap();
    let reference = regex::Regex::new(r"\bterraform_data\.").unwrap();
    let file = regex::Regex::new(r"^([\w./-]+)\.tf(vars)?(\.json)?$").unwrap();
    let text = block.replace_all(text, "value ");
    let text = reference.replace_all(&text, "value.");
    let text = text.replace("terraform.workspace", "isotope.workspace");
    let renamed = file.replace(&text, |found: &regex::Captures<'_>| {
        let vars = found.get(2).map_or("", |_| ".vars");
        let base = if &found[1] == "terraform" && !vars.is_empty() { "isotope" } else { &found[1] };
        format!("{base}{vars}.hcl{}", found.get(3).map_or("", |json| json.as_str()))
    });
    renamed.into_owned()
}

// --- running

struct Run<'r> {
    dir: &'r Path,
    /// Every id that was seen, with the addresses that had it, oldest first.
    ids: Vec<(String, Vec<String>)>,
    failures: Vec<String>,
    place: String,
}

/// What a command gave.
struct Done {
    ok: bool,
    messages: Vec<Json>,
    stdout: String,
    stderr: String,
}

impl Run<'_> {
    fn step(&mut self, step: &Json) {
        self.write(step["files"].as_object().unwrap());
        let expect = &step["expect"];
        let mut args = vec!["plan", "-json", "-out=plan.bin", "-input=false"];
        args.extend(step["plan_args"].as_array().into_iter().flatten().filter_map(Json::as_str));
        let planned = self.isotope(&args);
        self.same("plan", &json!(if planned.ok { "ok" } else { "error" }), &expect["plan"]);
        self.diagnostics(&planned, "error", &expect["errors"]);
        self.diagnostics(&planned, "warning", &expect["warnings"]);
        if !planned.ok {
            if expect["plan"] == "ok" {
                self.failures.push(format!("{}\n{}", planned.stdout, planned.stderr));
            }
            return;
        }
        let shown = self.isotope(&["show", "-json", "-reveal-sensitive", "plan.bin"]);
        let plan: Json = serde_json::from_str(&shown.stdout)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.place, shown.stderr));
        self.plan(&plan, expect);
        if let Some(apply) = expect.get("apply") {
            self.apply(apply);
        }
    }

    /// Replaces the configuration; the state stays.
    fn write(&self, files: &Map<String, Json>) {
        for entry in std::fs::read_dir(self.dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            match (name.as_str(), path.is_dir()) {
                ("state" | "home", _) => {}
                (_, true) => std::fs::remove_dir_all(path).unwrap(),
                (_, false) => std::fs::remove_file(path).unwrap(),
            }
        }
        for (name, text) in files {
            let path = self.dir.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text.as_str().unwrap()).unwrap();
        }
    }

    fn isotope(&self, args: &[&str]) -> Done {
        let home = self.dir.join("home");
        std::fs::create_dir_all(&home).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_isotope"))
            .args(args)
            .current_dir(self.dir)
            .env_clear()
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", &home)
            .output()
            .unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let messages = stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Done { ok: output.status.success(), messages, stdout, stderr }
    }

    fn apply(&mut self, expect: &Json) {
        let applied = self.isotope(&["apply", "-json", "plan.bin"]);
        self.same("apply", &json!(if applied.ok { "ok" } else { "error" }), &expect["result"]);
        self.diagnostics(&applied, "error", &expect["errors"]);
        if !applied.ok && expect["result"] == "ok" {
            self.failures.push(format!("{}\n{}", applied.stdout, applied.stderr));
        }
        let done = operations(&applied.messages, "apply_complete");
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, operation) in &done {
            *counts.entry(operation.split(' ').next().unwrap()).or_default() += 1;
        }
        self.same("counts", &json!(counts), &expect["counts"]);
        self.order(&done, &operations(&applied.messages, "apply_start"), &expect["order"]);
        let shown = self.isotope(&["show", "-json", "-reveal-sensitive"]);
        let state: Json = serde_json::from_str(&shown.stdout)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.place, shown.stderr));
        self.state(&state["values"], expect);
    }

    /// Of each pair the first operation is complete before the second starts.
    fn order(&mut self, done: &[(usize, String)], started: &[(usize, String)], expect: &Json) {
        let at = |all: &[(usize, String)], what: &Json| {
            all.iter().find(|(_, operation)| what == operation).map(|(at, _)| *at)
        };
        for pair in expect.as_array().into_iter().flatten() {
            match (at(done, &pair[0]), at(started, &pair[1])) {
                (Some(first), Some(second)) if first < second => {}
                _ => self.fail("order", &format!("{pair} does not hold in {done:?}")),
            }
        }
    }

    // --- comparing

    fn plan(&mut self, plan: &Json, expect: &Json) {
        let mut resources = Map::new();
        for change in plan["resource_changes"].as_array().into_iter().flatten() {
            let address = change["address"].as_str().unwrap().to_owned();
            resources.insert(address, planned_resource(change));
        }
        let none = json!({});
        let wanted = expect.get("resources").unwrap_or(&none);
        self.same("resources", &Json::Object(resources), wanted);
        let mut outputs = Map::new();
        for (name, change) in plan["output_changes"].as_object().into_iter().flatten() {
            let mut output = json!({ "actions": change["actions"] });
            values(change, &mut output);
            outputs.insert(name.clone(), output);
        }
        let wanted = expect.get("outputs").cloned().unwrap_or(none);
        // Terraform says nothing of null outputs, nor of unchanged ones where it was not asked to.
        outputs.retain(|name, of| wanted.get(name).is_some() || of["actions"] != json!(["no-op"]));
        self.same("outputs", &Json::Object(outputs), &wanted);
    }

    fn state(&mut self, values: &Json, expect: &Json) {
        let mut resources = Map::new();
        collect(&values["root_module"], &mut resources);
        for (address, of) in &resources {
            if let Some(id) = of["id"].as_str() {
                self.learn(id, address);
            }
        }
        for of in resources.values_mut().filter_map(Json::as_object_mut) {
            of.remove("id");
        }
        self.same("state", &Json::Object(resources), &expect["state"]);
        let outputs = values["outputs"].as_object().into_iter().flatten();
        let outputs: Map<String, Json> =
            outputs.map(|(name, of)| (name.clone(), of["value"].clone())).collect();
        self.same("state_outputs", &Json::Object(outputs), &expect["state_outputs"]);
    }

    fn learn(&mut self, id: &str, address: &str) {
        match self.ids.iter_mut().find(|(known, _)| known == id) {
            Some((_, addresses)) if addresses.last().is_some_and(|last| last == address) => {}
            Some((_, addresses)) => addresses.push(address.to_owned()),
            None => self.ids.push((id.to_owned(), vec![address.to_owned()])),
        }
    }

    fn diagnostics(&mut self, of: &Done, severity: &str, expect: &Json) {
        let mut summaries: Vec<&str> = of
            .messages
            .iter()
            .map(|message| &message["diagnostic"])
            .filter(|diagnostic| diagnostic["severity"] == severity)
            .filter_map(|diagnostic| diagnostic["summary"].as_str())
            .collect();
        summaries.sort_unstable();
        // Terraform may say the same mistake once for each of its passes, and it has another name.
        summaries.dedup();
        let wanted = expect.as_array().into_iter().flatten().filter_map(Json::as_str);
        let mut wanted: Vec<String> = wanted.map(|text| text.replace("Terraform", "Isotope")).collect();
        wanted.sort_unstable();
        wanted.dedup();
        self.same(&format!("{severity}s"), &json!(summaries), &json!(wanted));
    }

    /// Compares, with every id known by the oldest or by the newest address that had it.
    fn same(&mut self, what: &str, actual: &Json, expect: &Json) {
        let oldest = named(actual, &self.ids, |addresses| addresses.first());
        let newest = named(actual, &self.ids, |addresses| addresses.last());
        if oldest != *expect && newest != *expect {
            self.fail(what, &format!("expected {expect:#}\n  found {newest:#}"));
        }
    }

    fn fail(&mut self, what: &str, how: &str) {
        self.failures.push(format!("{}: {what}: {how}", self.place));
    }
}

/// `<id of ADDRESS>` in the place of every id.
fn named(
    of: &Json,
    ids: &[(String, Vec<String>)],
    choose: for<'a> fn(&'a Vec<String>) -> Option<&'a String>,
) -> Json {
    match of {
        Json::String(text) => {
            let replace = |text: String, (id, addresses): &(String, Vec<String>)| match choose(addresses) {
                Some(address) => text.replace(id.as_str(), &format!("<id of {address}>")),
                None => text,
            };
            ids.iter().fold(text.clone(), replace).into()
        }
        Json::Array(elements) => elements.iter().map(|element| named(element, ids, choose)).collect(),
        Json::Object(fields) => {
            Json::Object(fields.iter().map(|(key, of)| (key.clone(), named(of, ids, choose))).collect())
        }
        other => other.clone(),
    }
}

/// A change as the scenarios write one.
fn planned_resource(change: &Json) -> Json {
    let mut of = json!({ "actions": change["change"]["actions"] });
    for (from, to) in [("action_reason", "reason"), ("previous_address", "previous_address")] {
        if let Some(value) = change.get(from) {
            of[to] = value.clone();
        }
    }
    for name in ["replace_paths", "importing"] {
        let empty = |value: &Json| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if let Some(value) = change["change"].get(name).filter(|value| !empty(value)) {
            of[name] = value.clone();
        }
    }
    values(&change["change"], &mut of);
    of
}

/// `after` and its two masks, without what they need not say.
fn values(change: &Json, of: &mut Json) {
    let deleted = |action: &str| of["actions"] == json!([action]);
    let gone = deleted("delete") || deleted("forget");
    let unknown = prune(&change["after_unknown"]);
    if !gone && unknown != Some(Json::Bool(true)) {
        of["after"] = change["after"].clone();
    }
    for (name, mask) in [("after_unknown", unknown), ("after_sensitive", prune(&change["after_sensitive"]))] {
        if let Some(mask) = mask.filter(|_| !gone) {
            of[name] = mask;
        }
    }
}

/// A mask with only what is `true`.
fn prune(mask: &Json) -> Option<Json> {
    match mask {
        Json::Bool(true) => Some(mask.clone()),
        Json::Array(elements) => elements.iter().any(|e| prune(e).is_some()).then(|| mask.clone()),
        Json::Object(fields) => {
            let kept = fields.iter().filter_map(|(key, of)| Some((key.clone(), prune(of)?)));
            let kept: Map<_, _> = kept.collect();
            (!kept.is_empty()).then_some(Json::Object(kept))
        }
        _ => None,
    }
}

/// The values of all resources in a module and below.
fn collect(module: &Json, into: &mut Map<String, Json>) {
    for resource in module["resources"].as_array().into_iter().flatten() {
        into.insert(resource["address"].as_str().unwrap().to_owned(), resource["values"].clone());
    }
    module["child_modules"].as_array().into_iter().flatten().for_each(|child| collect(child, into));
}

/// `create value.a` and the like, with the place in the stream.
fn operations(messages: &[Json], kind: &str) -> Vec<(usize, String)> {
    let of_kind = messages.iter().enumerate().filter(|(_, message)| message["type"] == kind);
    let operation = |(at, message): (usize, &Json)| {
        let hook = &message["hook"];
        let (action, addr) = (hook["action"].as_str()?, hook["resource"]["addr"].as_str()?);
        Some((at, format!("{action} {addr}")))
    };
    of_kind.filter_map(operation).collect()
}
