//! Changes → steps in order. Decided once, here: apply walks what this gives.
//!
//! Creation follows dependencies, deletion runs against them. Something that is deleted for good is deleted after what used it was
//! updated; something that is replaced, delete first, before what uses it is updated with the new one.

use super::{Action, Change, Changes, ReplaceOrder, Step, Subject, Verb};
use crate::addr::{ModulePath, ObjectAddr, ResourceAddr};
use crate::graph::{Dag, Node};
use crate::state::{Dependency, Record};
use std::collections::BTreeMap;

#[derive(Default)]
struct Nodes {
    /// Create or update of a subject: what dependents wait for.
    forward: BTreeMap<Dependency, Vec<Node>>,
    /// Deletions by resource.
    deletes: BTreeMap<Dependency, Vec<(Node, Kind)>>,
    hubs: Hubs,
}

/// Between the objects of two blocks stands a hub: an edge for each pair would make the plan of two large blocks quadratic.
#[derive(Default)]
struct Hubs {
    /// All of a block is made.
    made: BTreeMap<Dependency, Node>,
    /// Everything that used a block is deleted, and everything updated.
    left: BTreeMap<Dependency, (Node, Node)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Gone for good, or after its replacement stands.
    Last,
    /// The first half of a replacement.
    First,
}

/// Orders the steps of all changes.
///
/// `last` says which readings come after everything: those of checks.
pub(super) fn order(changes: &Changes, last: impl Fn(&ObjectAddr) -> bool) -> Dag<Step> {
    let mut dag = Dag::new();
    let mut nodes = Nodes::default();
    for (subject, change) in changes {
        add(&mut dag, &mut nodes, subject, change);
    }
    for (subject, change) in changes {
        connect(&mut dag, &mut nodes, subject, change);
    }
    after_all(&mut dag, &nodes, changes, last);
    dag
}

/// Makes the readings of checks wait for everything but each other.
fn after_all(dag: &mut Dag<Step>, nodes: &Nodes, changes: &Changes, last: impl Fn(&ObjectAddr) -> bool) {
    let is_last = |step: &Step| step.verb == Verb::Read && last(&step.subject.addr);
    let subjects = changes.iter().filter(|(_, change)| matches!(change.action, Action::Read { .. }));
    let subjects = subjects.map(|(subject, _)| subject).filter(|subject| last(&subject.addr));
    let readings = subjects.flat_map(|subject| own(dag, nodes.forward.get(&block(subject)), subject, |n| *n));
    let readings: Vec<Node> = readings.collect();
    if readings.is_empty() {
        return;
    }
    let others: Vec<Node> = dag.nodes().filter(|(_, step)| !is_last(step)).map(|(node, _)| node).collect();
    let all = dag.hub();
    others.into_iter().for_each(|other| dag.needs(all, other));
    readings.into_iter().for_each(|reading| dag.needs(reading, all));
}

fn block(subject: &Subject) -> Dependency {
    Dependency { module: subject.addr.module.clone(), resource: subject.addr.resource.clone() }
}

fn add(dag: &mut Dag<Step>, nodes: &mut Nodes, subject: &Subject, change: &Change) {
    let mut step = |verb| dag.add(Step { subject: subject.clone(), verb });
    let of = block(subject);
    match &change.action {
        Action::NoOp { write: false, .. } => {}
        Action::NoOp { write: true, .. } => {
            step(Verb::Record);
        }
        Action::Forget { .. } => {
            step(Verb::Forget);
        }
        Action::Read { .. } => nodes.forward.entry(of).or_default().push(step(Verb::Read)),
        Action::Create { .. } => nodes.forward.entry(of).or_default().push(step(Verb::Create)),
        Action::Update { .. } => nodes.forward.entry(of).or_default().push(step(Verb::Update)),
        Action::Delete { .. } => nodes.deletes.entry(of).or_default().push((step(Verb::Delete), Kind::Last)),
        Action::Replace { order: ReplaceOrder::DeleteFirst, .. } => {
            let delete = step(Verb::Delete);
            let create = step(Verb::Create);
            dag.needs(create, delete);
            nodes.deletes.entry(of.clone()).or_default().push((delete, Kind::First));
            nodes.forward.entry(of).or_default().push(create);
        }
        Action::Replace { order: ReplaceOrder::ForgetFirst, .. } => {
            let forget = step(Verb::Forget);
            let create = step(Verb::Create);
            dag.needs(create, forget);
            nodes.forward.entry(of).or_default().push(create);
        }
        Action::Replace { order: ReplaceOrder::CreateFirst, .. } => {
            // The create makes the current object a deposed one, in the commit of its own intent.
            let create = step(Verb::Create);
            let delete = step(Verb::Delete);
            dag.needs(delete, create);
            nodes.deletes.entry(of.clone()).or_default().push((delete, Kind::Last));
            nodes.forward.entry(of).or_default().push(create);
        }
    }
}

fn connect(dag: &mut Dag<Step>, nodes: &mut Nodes, subject: &Subject, change: &Change) {
    let of = block(subject);
    let (wanted, prior): (&[Dependency], _) = match &change.action {
        Action::Create { planned } => (&planned.meta.depends_on, None),
        Action::Update { prior, planned, .. } | Action::Replace { prior, planned, .. } => {
            (&planned.meta.depends_on, Some(prior))
        }
        Action::Delete { prior, .. } => (&[], Some(prior)),
        Action::Read { later } => (&later.depends_on, None),
        Action::NoOp { .. } | Action::Forget { .. } => (&[], None),
    };
    let forward = own(dag, nodes.forward.get(&of), subject, |node| *node);
    let deletes = own(dag, nodes.deletes.get(&of), subject, |(node, _)| *node);
    let Nodes { forward: all_forward, deletes: all_deletes, hubs } = nodes;
    for dependency in wanted {
        let Some(targets) = all_forward.get(dependency) else { continue };
        let made = match targets.as_slice() {
            [one] => *one,
            many => hubs.made(dag, dependency, many),
        };
        forward.iter().for_each(|node| dag.needs(*node, made));
    }
    // A block that took over another's objects may be recorded as needing itself.
    let used = prior.map(|record: &Record| record.depends_on.as_slice()).unwrap_or_default();
    for dependency in used.iter().filter(|used| **used != of) {
        let Some(targets) = all_deletes.get(dependency) else { continue };
        let (deleted, updated) = hubs.left(dag, dependency, targets);
        deletes.iter().for_each(|(node, _)| dag.needs(deleted, *node));
        forward.iter().for_each(|node| dag.needs(updated, *node));
    }
}

/// The nodes of a subject among those of its block, which are in the order of subjects.
fn own<N: Copy>(
    dag: &Dag<Step>,
    of_block: Option<&Vec<N>>,
    subject: &Subject,
    node: impl Fn(&N) -> Node,
) -> Vec<N> {
    let Some(of_block) = of_block else { return Vec::new() };
    let from = of_block.partition_point(|found| dag.get(node(found)).subject < *subject);
    let mine = |found: &&N| dag.get(node(found)).subject == *subject;
    of_block[from..].iter().take_while(mine).copied().collect()
}

impl Hubs {
    fn made(&mut self, dag: &mut Dag<Step>, block: &Dependency, targets: &[Node]) -> Node {
        *self.made.entry(block.clone()).or_insert_with(|| {
            let hub = dag.hub();
            targets.iter().for_each(|target| dag.needs(hub, *target));
            hub
        })
    }

    fn left(&mut self, dag: &mut Dag<Step>, block: &Dependency, targets: &[(Node, Kind)]) -> (Node, Node) {
        *self.left.entry(block.clone()).or_insert_with(|| {
            let (deleted, updated) = (dag.hub(), dag.hub());
            for (target, kind) in targets {
                dag.needs(*target, deleted);
                if *kind == Kind::Last {
                    dag.needs(*target, updated);
                }
            }
            (deleted, updated)
        })
    }
}

/// The instances of modules in which a block's dependencies stand, seen from one instance of its module: those on the same path.
pub(super) fn instances(
    path: &ModulePath,
    module: &[ModulePath],
    resource: &ResourceAddr,
) -> Vec<Dependency> {
    let shared = |other: &&ModulePath| {
        let common = path.0.iter().zip(other.0.iter()).take_while(|(a, b)| a.name == b.name);
        common.into_iter().all(|(a, b)| a.key == b.key)
    };
    let found = module.iter().filter(shared);
    found.map(|module| Dependency { module: module.clone(), resource: resource.clone() }).collect()
}
