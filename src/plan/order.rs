//! Changes → steps in order. Decided once, here: apply walks what this gives.
//!
//! Creation follows dependencies, deletion runs against them. Something that is deleted for good is deleted after what used it was
//! updated; something that is replaced, delete first, before what uses it is updated with the new one.

use super::{Action, Change, ReplaceOrder, Step, Subject, Verb};
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
pub(super) fn order(changes: &BTreeMap<Subject, Change>, last: impl Fn(&ObjectAddr) -> bool) -> Dag<Step> {
    let mut dag = Dag::new();
    let mut nodes = Nodes::default();
    for (subject, change) in changes {
        add(&mut dag, &mut nodes, subject, change);
    }
    for (subject, change) in changes {
        connect(&mut dag, &nodes, subject, change);
    }
    for (subject, _) in changes.iter().filter(|(_, change)| matches!(change.action, Action::Read { .. })) {
        if last(&subject.addr) {
            after_all(&mut dag, &nodes, subject, &last);
        }
    }
    dag
}

/// Makes the reading of a check wait for everything but its like.
fn after_all(dag: &mut Dag<Step>, nodes: &Nodes, subject: &Subject, last: impl Fn(&ObjectAddr) -> bool) {
    let mine = |node: &Node| dag.get(*node).subject == *subject;
    let own = nodes.forward.get(&block(subject)).into_iter().flatten().copied().find(mine);
    let others = dag.nodes().filter(|(_, step)| step.verb != Verb::Read || !last(&step.subject.addr));
    let others: Vec<Node> = others.map(|(node, _)| node).collect();
    for (node, other) in own.into_iter().flat_map(|node| others.iter().map(move |other| (node, *other))) {
        dag.needs(node, other);
    }
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

fn connect(dag: &mut Dag<Step>, nodes: &Nodes, subject: &Subject, change: &Change) {
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
    let mine = |node: &Node| dag.get(*node).subject == *subject;
    let forward: Vec<Node> = nodes.forward.get(&of).into_iter().flatten().copied().filter(mine).collect();
    let own = nodes.deletes.get(&of).into_iter().flatten().copied();
    let deletes: Vec<(Node, Kind)> = own.filter(|(node, _)| mine(node)).collect();
    for dependency in wanted {
        for node in &forward {
            for target in nodes.forward.get(dependency).into_iter().flatten() {
                dag.needs(*node, *target);
            }
        }
    }
    for dependency in prior.map(|record: &Record| record.depends_on.as_slice()).unwrap_or_default() {
        for (target, kind) in nodes.deletes.get(dependency).into_iter().flatten() {
            for (node, _) in &deletes {
                dag.needs(*target, *node);
            }
            if *kind == Kind::Last {
                for node in &forward {
                    dag.needs(*target, *node);
                }
            }
        }
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
