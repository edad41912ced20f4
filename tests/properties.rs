//! What holds for every graph of objects, tried on random ones: after an apply nothing is left to do, every dependency is respected,
//! the order of blocks does not matter, targets are closed, and the counts are those of the steps.

#![allow(clippy::unwrap_used, reason = "a command that cannot be run is a failure")]

use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// For each object the earlier objects that it refers to.
type Graph = Vec<BTreeSet<usize>>;

fn graphs() -> impl Strategy<Value = Graph> {
    proptest::collection::vec(proptest::collection::vec(any::<proptest::sample::Index>(), 0..4), 1..30)
        .prop_map(|objects| {
            let needs = |(at, picks): (usize, Vec<proptest::sample::Index>)| {
                picks.iter().filter(|_| at > 0).map(|pick| pick.index(at)).collect()
            };
            objects.into_iter().enumerate().map(needs).collect()
        })
}

/// The blocks of a graph, one a text; `version` is what every object is made from.
fn blocks(graph: &Graph, version: u32) -> Vec<String> {
    let block = |(at, needs): (usize, &BTreeSet<usize>)| {
        let refers: Vec<String> = needs.iter().map(|need| format!("value.v{need}.id")).collect();
        format!(
            "value \"v{at}\" {{\n  input            = [{}]\n  triggers_replace = {version}\n}}\n",
            refers.join(", ")
        )
    };
    graph.iter().enumerate().map(block).collect()
}

fn isotope(dir: &Path, args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_isotope"))
        .args(args)
        .current_dir(dir)
        .env_clear()
        .env("HOME", dir)
        .env("XDG_CONFIG_HOME", dir)
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Applies, and gives the messages of the stream.
fn apply(dir: &Path, extra: &[&str]) -> Vec<Json> {
    let (code, stream) = isotope(dir, &[&["apply", "-json", "-auto-approve"], extra].concat());
    assert_eq!(code, Some(0), "{stream}");
    stream.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Where in the stream an operation starts or is complete.
fn at(messages: &[Json], kind: &str, action: &str, object: usize) -> Option<usize> {
    let addr = format!("value.v{object}");
    messages.iter().position(|message| {
        let hook = &message["hook"];
        message["type"] == kind && hook["action"] == action && hook["resource"]["addr"] == addr.as_str()
    })
}

/// What a plan changes, without places.
fn changes(dir: &Path, extra: &[&str]) -> Json {
    let (code, stream) = isotope(dir, &[&["plan", "-json", "-out=p.bin"], extra].concat());
    assert_eq!(code, Some(0), "{stream}");
    let shown: Json = serde_json::from_str(&isotope(dir, &["show", "-json", "p.bin"]).1).unwrap();
    shown["resource_changes"].clone()
}

/// Every edge is respected: creations follow it, deletions run against it; and the counts are those of the steps.
fn respects(graph: &Graph, messages: &[Json]) {
    for (object, needs) in graph.iter().enumerate() {
        for need in needs {
            let made = (
                at(messages, "apply_complete", "create", *need),
                at(messages, "apply_start", "create", object),
            );
            if let (Some(first), Some(second)) = made {
                assert!(first < second, "v{object} was created before v{need}");
            }
            let gone = (
                at(messages, "apply_complete", "delete", object),
                at(messages, "apply_start", "delete", *need),
            );
            if let (Some(first), Some(second)) = gone {
                assert!(first < second, "v{need} was deleted before v{object}");
            }
        }
    }
    let done = |action: &str| {
        let of = |m: &&Json| m["type"] == "apply_complete" && m["hook"]["action"] == action;
        messages.iter().filter(of).count()
    };
    let summary = messages.iter().rfind(|message| message["type"] == "change_summary").unwrap();
    let said = ["add", "change", "remove"].map(|what| summary["changes"][what].as_u64().unwrap() as usize);
    assert_eq!(said, [done("create"), done("update"), done("delete")]);
}

/// All that an object needs, itself included.
fn closure(graph: &Graph, object: usize) -> BTreeSet<String> {
    let mut frontier = vec![object];
    let mut found = BTreeSet::new();
    while let Some(object) = frontier.pop() {
        if found.insert(format!("value.v{object}")) {
            frontier.extend(&graph[object]);
        }
    }
    found
}

fn holds(graph: &Graph, target: usize) {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let write = |name: &str, text: &str| std::fs::write(dir.join(name), text).unwrap();
    write("main.hcl", &blocks(graph, 1).concat());
    let planned = changes(dir, &[]);
    let mut turned = blocks(graph, 1);
    turned.reverse();
    let (first, second) = turned.split_at(turned.len() / 2);
    write("main.hcl", &first.concat());
    write("another.hcl", &second.concat());
    assert_eq!(planned, changes(dir, &[]), "the order of blocks and files matters");
    let target_option = format!("-target=value.v{target}");
    let targeted = changes(dir, &[&target_option]);
    let addresses = targeted.as_array().unwrap().iter().map(|c| c["address"].as_str().unwrap().to_owned());
    assert_eq!(addresses.collect::<BTreeSet<_>>(), closure(graph, target), "the target is not closed");
    respects(graph, &apply(dir, &[]));
    assert_eq!(isotope(dir, &["state", "list"]).1.lines().count(), graph.len());
    assert_eq!(isotope(dir, &["plan", "-detailed-exitcode"]).0, Some(0), "something is left to do");
    write("another.hcl", "");
    write("main.hcl", &blocks(graph, 2).concat());
    respects(graph, &apply(dir, &[]));
    assert_eq!(isotope(dir, &["plan", "-detailed-exitcode"]).0, Some(0), "something is left to do");
    respects(graph, &apply(dir, &["-destroy"]));
    assert_eq!(isotope(dir, &["state", "list"]).1, "");
}

proptest! {
    #![proptest_config(Config { cases: 8, max_shrink_iters: 40, failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_graph_is_applied_in_order(graph in graphs(), target in any::<proptest::sample::Index>()) {
        let target = target.index(graph.len());
        holds(&graph, target);
    }
}

/// A provider whose API is on this machine.
const EMULATED: &str = "provider \"cloudelements\" {\n  base_url = \"emulator\"\n  user_secret = \"u\"\n  organization_secret = \"o\"\n}\n";

/// The same graphs with a data source between each object and what it refers to.
fn read_between(graph: &Graph, version: u32) -> String {
    let block = |(at, needs): (usize, &BTreeSet<usize>)| {
        let refers: Vec<String> = needs.iter().map(|need| format!("value.v{need}")).collect();
        format!(
            "data \"element\" \"d{at}\" {{\n  key        = \"freshdesk\"\n  depends_on = [{}]\n}}\n\
             value \"v{at}\" {{\n  input            = data.element.d{at}.hub\n  triggers_replace = {version}\n}}\n",
            refers.join(", ")
        )
    };
    EMULATED.to_owned() + &graph.iter().enumerate().map(block).collect::<String>()
}

/// What is read while applying is read after what it waits for, and before what refers to it; in the end nothing is left to do.
fn reads_in_place(graph: &Graph) {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for version in [1, 2] {
        std::fs::write(dir.join("main.hcl"), read_between(graph, version)).unwrap();
        let messages = apply(dir, &[]);
        respects(graph, &messages);
        let read = |kind: &str, object: usize| {
            let addr = format!("data.element.d{object}");
            messages.iter().position(|m| m["type"] == kind && m["hook"]["resource"]["addr"] == addr.as_str())
        };
        for (object, needs) in graph.iter().enumerate().filter(|(_, needs)| !needs.is_empty()) {
            let (started, ended) =
                (read("apply_start", object).unwrap(), read("apply_complete", object).unwrap());
            for need in needs {
                let made = at(&messages, "apply_complete", "create", *need).unwrap();
                assert!(made < started, "d{object} was read before v{need} was made");
            }
            let made = at(&messages, "apply_start", "create", object).unwrap();
            assert!(ended < made, "v{object} was made before d{object} was read");
        }
        assert_eq!(isotope(dir, &["plan", "-detailed-exitcode"]).0, Some(0), "something is left to do");
    }
}

proptest! {
    #![proptest_config(Config { cases: 4, failure_persistence: None, ..Config::default() })]

    #[test]
    fn what_is_put_off_is_read_in_its_place(graph in graphs()) {
        reads_in_place(&graph);
    }
}
