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
    counted(messages);
}

/// The reported counts are those of the steps.
fn counted(messages: &[Json]) {
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

/// How many objects a block of a rich graph makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Single,
    Count(u8),
    /// A bit for each of the keys `a`, `b`, `c`.
    ForEach(u8),
}

/// A block of a rich graph.
#[derive(Clone, Debug)]
struct Block {
    shape: Shape,
    /// `None`: the root; else one of two modules.
    module: Option<bool>,
    /// Whether it is an instance on the emulator instead of a value.
    instance: bool,
    create_first: bool,
    /// What it needs is named in `depends_on`, not in its arguments.
    by_name: bool,
    /// It is replaced when the first thing that it needs is replaced.
    triggered: bool,
    needs: BTreeSet<usize>,
}

/// What changes between the first and the second configuration.
#[derive(Clone, Debug)]
struct Edit {
    version: bool,
    shape: Option<Shape>,
}

fn shapes() -> impl Strategy<Value = Shape> {
    prop_oneof![
        3 => Just(Shape::Single),
        1 => (0u8..4).prop_map(Shape::Count),
        1 => (0u8..8).prop_map(Shape::ForEach),
    ]
}

/// Blocks of which each needs earlier ones of its own module, and the edits of each. In the root they may also need whole modules.
fn rich() -> impl Strategy<Value = Vec<(Block, Edit)>> {
    let flags = proptest::collection::vec(any::<bool>(), 5);
    let picks = proptest::collection::vec(any::<proptest::sample::Index>(), 0..3);
    let edit = (any::<bool>(), proptest::option::weighted(0.3, shapes()));
    let block = (shapes(), proptest::option::weighted(0.4, any::<bool>()), flags, picks, edit);
    proptest::collection::vec(block, 1..12).prop_map(|drafts| {
        let mut all: Vec<(Block, Edit)> = Vec::new();
        for (shape, module, flags, picks, (version, new_shape)) in drafts {
            let near: Vec<usize> = (0..all.len()).filter(|at| all[*at].0.module == module).collect();
            let needs: BTreeSet<usize> =
                picks.iter().filter(|_| !near.is_empty()).map(|pick| *pick.get(&near)).collect();
            let block = Block {
                shape,
                module,
                instance: flags[0] && flags[1],
                create_first: flags[2],
                by_name: flags[3],
                triggered: flags[4] && !needs.is_empty(),
                needs,
            };
            all.push((block, Edit { version, shape: new_shape }));
        }
        all
    })
}

fn kind(block: &Block) -> &'static str {
    if block.instance { "instance" } else { "value" }
}

/// The text of a block; `version` is what it is made from.
fn written(all: &[(Block, Edit)], at: usize, shape: Shape, version: u32) -> String {
    let block = &all[at].0;
    let names: Vec<String> =
        block.needs.iter().map(|need| format!("{}.b{need}", kind(&all[*need].0))).collect();
    let mut text = format!("{} \"b{at}\" {{\n", kind(block));
    match shape {
        Shape::Single => {}
        Shape::Count(count) => text.push_str(&format!("  count = {count}\n")),
        Shape::ForEach(keys) => {
            let keys: Vec<&str> = ["\"a\"", "\"b\"", "\"c\""]
                .into_iter()
                .zip(0..)
                .filter(|(_, bit)| keys >> bit & 1 == 1)
                .map(|(k, _)| k)
                .collect();
            text.push_str(&format!("  for_each = toset([{}])\n", keys.join(", ")));
        }
    }
    let refers = if block.by_name { String::new() } else { names.join(", ") };
    if block.instance {
        text.push_str(&format!(
            "  element = \"freshdesk\"\n  name = \"b{at} {version} ${{length([{refers}])}}\"\n"
        ));
        text.push_str("  configuration = {\n    username = \"ops@example.com\"\n    password = \"s3cret-desk\"\n    subdomain = \"example\"\n  }\n");
    } else {
        text.push_str(&format!("  input = [{refers}]\n  triggers_replace = {version}\n"));
    }
    if block.by_name && !names.is_empty() {
        text.push_str(&format!("  depends_on = [{}]\n", names.join(", ")));
    }
    let trigger = names.first().filter(|_| block.triggered);
    let trigger = trigger.map(|name| format!("    replace_triggered_by = [{name}]\n")).unwrap_or_default();
    text.push_str(&format!(
        "  lifecycle {{\n    create_before_destroy = {}\n{trigger}  }}\n}}\n",
        block.create_first
    ));
    text
}

/// Writes a configuration: the root's blocks in two files, and a directory for each module.
fn write_rich(dir: &Path, all: &[(Block, Edit)], edited: bool, turned: bool) {
    let text = |at: usize| {
        let (block, edit) = &all[at];
        let shape = edit.shape.filter(|_| edited).unwrap_or(block.shape);
        written(all, at, shape, if edited && edit.version { 2 } else { 1 })
    };
    let of = |module: Option<bool>| {
        let mut blocks: Vec<String> =
            (0..all.len()).filter(|at| all[*at].0.module == module).map(text).collect();
        if turned {
            blocks.reverse();
        }
        blocks
    };
    let (first, second) = (of(None), of(None));
    let (first, second) = (&first[..first.len() / 2], &second[second.len() / 2..]);
    let mut root = vec!["provider \"cloudelements\" {\n  base_url = \"emulator\"\n}\n".to_owned()];
    for (module, name) in [(false, "m0"), (true, "m1")] {
        std::fs::create_dir_all(dir.join(name)).unwrap();
        std::fs::write(dir.join(name).join("main.hcl"), of(Some(module)).concat()).unwrap();
        root.push(format!("module \"{name}\" {{\n  source = \"./{name}\"\n}}\n"));
    }
    std::fs::write(dir.join("main.hcl"), [&root[..], first].concat().concat()).unwrap();
    std::fs::write(dir.join("other.hcl"), second.concat()).unwrap();
}

fn address(all: &[(Block, Edit)], at: usize) -> String {
    let block = &all[at].0;
    let module = match block.module {
        None => "",
        Some(false) => "module.m0.",
        Some(true) => "module.m1.",
    };
    format!("{module}{}.b{at}", kind(block))
}

/// Where operations of a block's objects start or are complete.
fn places(messages: &[Json], message: &str, action: &str, block: &str) -> Vec<usize> {
    let of_block =
        |addr: &str| addr == block || addr.strip_prefix(block).is_some_and(|rest| rest.starts_with('['));
    let fits = |m: &Json| {
        let hook = &m["hook"];
        m["type"] == message
            && hook["action"] == action
            && hook["resource"]["addr"].as_str().is_some_and(of_block)
    };
    (0..messages.len()).filter(|at| fits(&messages[*at])).collect()
}

/// All objects of a block are made after all objects of what it needs, and deleted before them.
fn ordered(all: &[(Block, Edit)], messages: &[Json]) {
    for at in 0..all.len() {
        for need in &all[at].0.needs {
            let (own, needed) = (address(all, at), address(all, *need));
            let made = places(messages, "apply_complete", "create", &needed).into_iter().max();
            let then = places(messages, "apply_start", "create", &own).into_iter().min();
            assert!(
                made.zip(then).is_none_or(|(made, then)| made < then),
                "{own} was created before {needed}"
            );
            let gone = places(messages, "apply_complete", "delete", &own).into_iter().max();
            let then = places(messages, "apply_start", "delete", &needed).into_iter().min();
            assert!(
                gone.zip(then).is_none_or(|(gone, then)| gone < then),
                "{needed} was deleted before {own}"
            );
        }
    }
    counted(messages);
}

/// A replacement of one object keeps to its order: the new one first, or the old one.
fn replaced(all: &[(Block, Edit)], planned: &Json, messages: &[Json]) {
    for change in planned.as_array().unwrap() {
        let addr = change["address"].as_str().unwrap();
        let actions: Vec<&str> =
            change["change"]["actions"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
        let at = |message, action| {
            messages.iter().position(|m| {
                m["type"] == message && m["hook"]["action"] == action && m["hook"]["resource"]["addr"] == addr
            })
        };
        let ends = match actions.as_slice() {
            ["create", "delete"] => (at("apply_complete", "create"), at("apply_start", "delete")),
            ["delete", "create"] => (at("apply_complete", "delete"), at("apply_start", "create")),
            _ => continue,
        };
        assert!(ends.0.unwrap() < ends.1.unwrap(), "{addr}: {actions:?} was not kept to");
        let declared =
            (0..all.len()).find(|at| addr.starts_with(&address(all, *at)) && all[*at].0.create_first);
        if declared.is_some_and(|at| addr == address(all, at)) {
            assert_eq!(actions, ["create", "delete"], "{addr}");
        }
    }
}

fn holds_for_rich(all: &[(Block, Edit)]) {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_rich(dir, all, false, false);
    let planned = changes(dir, &[]);
    write_rich(dir, all, false, true);
    assert_eq!(planned, changes(dir, &[]), "the order of blocks and files matters");
    ordered(all, &apply(dir, &[]));
    assert_eq!(isotope(dir, &["plan", "-detailed-exitcode"]).0, Some(0), "something is left to do");
    write_rich(dir, all, true, false);
    let planned = changes(dir, &[]);
    let messages = apply(dir, &[]);
    ordered(all, &messages);
    replaced(all, &planned, &messages);
    assert_eq!(isotope(dir, &["plan", "-detailed-exitcode"]).0, Some(0), "something is left to do");
    // Without their blocks the objects are known from the state alone.
    std::fs::write(dir.join("other.hcl"), "").unwrap();
    std::fs::write(dir.join("main.hcl"), "provider \"cloudelements\" {\n  base_url = \"emulator\"\n}\n")
        .unwrap();
    ordered(all, &apply(dir, &[]));
    assert_eq!(isotope(dir, &["state", "list"]).1, "");
}

proptest! {
    #![proptest_config(Config { cases: 6, max_shrink_iters: 40, failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_graph_is_applied_in_order(graph in graphs(), target in any::<proptest::sample::Index>()) {
        let target = target.index(graph.len());
        holds(&graph, target);
    }

    #[test]
    fn every_mixture_of_blocks_is_applied_in_order(all in rich()) {
        holds_for_rich(&all);
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
