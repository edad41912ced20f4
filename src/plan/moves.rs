//! `moved` blocks and a state → the same state under today's addresses.
//!
//! Blocks are followed in the order of their chains (what moves to a place before what moves on from there), each over the
//! whole state. An object without `count` and the first of `count` are each other's successor, as in Terraform.

use super::dependents;
use super::evaluation::Evaluation;
use crate::addr::{ModulePath, ModuleStep, Name, ObjectAddr, ObjectKey};
use crate::config::{Config, Endpoint, Module, ModuleId, Moved, Repetition};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::graph::{Dag, Node};
use crate::state::{Event, State};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// One block's statement, from the root's point of view. A module that has several instances speaks for each.
struct Statement<'c> {
    /// The names of the module that the block stands in.
    inside: &'c [Name],
    moved: &'c Moved,
}

/// What moved.
#[derive(Clone, Debug, Default)]
pub struct Moves {
    pairs: Vec<(ObjectAddr, ObjectAddr)>,
    /// Old addresses by new ones.
    previous: BTreeMap<ObjectAddr, ObjectAddr>,
}

impl Moves {
    pub fn new(pairs: Vec<(ObjectAddr, ObjectAddr)>) -> Self {
        let previous = pairs.iter().map(|(from, to)| (to.clone(), from.clone())).collect();
        Self { pairs, previous }
    }

    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Old and new address of each, in the order in which they can be written.
    pub fn pairs(&self) -> &[(ObjectAddr, ObjectAddr)] {
        &self.pairs
    }

    /// What the object was called before.
    pub fn previous(&self, addr: &ObjectAddr) -> Option<&ObjectAddr> {
        self.previous.get(addr)
    }

    /// What records the moves, and the new names in what depends on the moved objects. `state` is as it was before.
    pub fn events(&self, state: &State) -> Vec<Event> {
        let event =
            |(from, to): &(ObjectAddr, ObjectAddr)| Event::Moved { from: from.clone(), to: to.clone() };
        self.pairs.iter().map(event).chain(dependents::renamed(&self.pairs, state)).collect()
    }
}

/// Moves the objects of a state, and says which.
pub(super) fn follow<'s>(
    config: &Config,
    mut state: Cow<'s, State>,
    diags: &mut Diagnostics,
) -> Result<(Cow<'s, State>, Moves), Reported> {
    let moves = moves(config, &state, diags)?;
    if !moves.is_empty() {
        let events = moves.events(&state);
        let state = state.to_mut();
        events.iter().for_each(|event| state.fold(event));
    }
    Ok((state, moves))
}

fn moves(config: &Config, state: &State, diags: &mut Diagnostics) -> Result<Moves, Reported> {
    let statements = statements(config);
    let recorded = || state.records.keys().chain(state.deposed.keys().map(|(addr, _)| addr));
    if statements.is_empty() && recorded().all(|addr| implied(config, addr).is_none()) {
        return Ok(Moves::default());
    }
    let order = ordered(&statements, diags)?;
    // Each object by its address today, with the one it has in the state.
    let mut places: BTreeMap<ObjectAddr, ObjectAddr> =
        recorded().map(|addr| (addr.clone(), addr.clone())).collect();
    let mut blocked = Vec::new();
    for at in order {
        step(&mut places, &mut blocked, |addr| {
            let Statement { inside, moved } = &statements[at];
            renamed(inside, &moved.from, &moved.to, addr)
        });
    }
    step(&mut places, &mut Vec::new(), |addr| implied(config, addr));
    for (from, to) in blocked {
        diags.push(unresolved(&from, &to));
    }
    Ok(Moves::new(writable(places.into_iter().map(|(to, from)| (from, to)))))
}

/// The objects that a move by hand is about, with their new addresses.
pub fn renames<'a>(
    from: &Endpoint,
    to: &Endpoint,
    all: impl Iterator<Item = &'a ObjectAddr>,
) -> Vec<(ObjectAddr, ObjectAddr)> {
    all.filter_map(|addr| Some((addr.clone(), renamed(&[], from, to, addr)?))).collect()
}

/// Renames what a statement speaks of, unless the new place is taken.
fn step(
    places: &mut BTreeMap<ObjectAddr, ObjectAddr>,
    blocked: &mut Vec<(ObjectAddr, ObjectAddr)>,
    rename: impl Fn(&ObjectAddr) -> Option<ObjectAddr>,
) {
    let all: Vec<ObjectAddr> = places.keys().cloned().collect();
    for from in all {
        let Some(to) = rename(&from).filter(|to| *to != from) else { continue };
        if places.contains_key(&to) {
            blocked.push((from, to));
        } else if let Some(original) = places.remove(&from) {
            places.insert(to, original);
        }
    }
}

/// The pairs that differ, in an order in which no move lands on an address that is still taken.
fn writable(pairs: impl Iterator<Item = (ObjectAddr, ObjectAddr)>) -> Vec<(ObjectAddr, ObjectAddr)> {
    let left: Vec<_> = pairs.filter(|(from, to)| from != to).collect();
    let leaving: BTreeMap<&ObjectAddr, usize> =
        left.iter().enumerate().map(|(at, (from, _))| (from, at)).collect();
    let arriving: BTreeMap<&ObjectAddr, usize> =
        left.iter().enumerate().map(|(at, (_, to))| (to, at)).collect();
    // The first that can be written comes first; each that leaves makes room for one that arrives.
    let mut free: BTreeSet<usize> =
        (0..left.len()).filter(|at| !leaving.contains_key(&left[*at].1)).collect();
    let mut done = Vec::with_capacity(left.len());
    while let Some(at) = free.pop_first() {
        free.extend(arriving.get(&left[at].0));
        done.push(left[at].clone());
    }
    done
}

fn statements(config: &Config) -> Vec<Statement<'_>> {
    let blocks =
        config.modules.iter().flat_map(|module| module.moved.iter().map(move |moved| (module, moved)));
    blocks.map(|(module, moved)| Statement { inside: &module.path, moved }).collect()
}

/// The statements in the order of their chains.
fn ordered(statements: &[Statement<'_>], diags: &mut Diagnostics) -> Result<Vec<usize>, Reported> {
    let mut dag = Dag::new();
    let nodes: Vec<Node> = (0..statements.len()).map(|at| dag.add(at)).collect();
    for (a, one) in statements.iter().enumerate() {
        for (b, other) in statements.iter().enumerate().filter(|(b, _)| *b != a) {
            let (to, next) = (full(one, &one.moved.to), full(other, &other.moved.from));
            let leaves_first =
                nested(&full(one, &one.moved.from), &next) && !one.is_module() && other.is_module();
            if nested(&to, &next) || nested(&next, &to) || leaves_first {
                dag.needs(nodes[b], nodes[a]);
            }
        }
    }
    let order = dag.order().map_err(|cycles| {
        let spans: Vec<Span> =
            cycles.iter().flatten().map(|node| statements[*dag.get(*node)].moved.span).collect();
        let mut diagnostic = Diagnostic::error("Cyclic dependency in move statements").detail(
            "The following chained move statements form a cycle, and so there is no final location to move objects to.",
        );
        for span in spans {
            diagnostic = match diagnostic.span {
                None => diagnostic.at(span).label("moves on to where it came from"),
                Some(_) => diagnostic.related(span, "part of the cycle"),
            };
        }
        diags.error(diagnostic)
    })?;
    Ok(order.into_iter().map(|node| *dag.get(node)).collect())
}

impl Statement<'_> {
    fn is_module(&self) -> bool {
        matches!(self.moved.from, Endpoint::Module(_))
    }
}

/// An endpoint with the names of the modules around it; keys as written.
fn full(of: &Statement<'_>, endpoint: &Endpoint) -> (Vec<ModuleStep>, Option<ObjectAddr>) {
    let single = |name: &Name| ModuleStep { name: name.clone(), key: ObjectKey::Single };
    let around = of.inside.iter().map(single);
    match endpoint {
        Endpoint::Module(path) => (around.chain(path.0.iter().cloned()).collect(), None),
        Endpoint::Object(addr) => (around.chain(addr.module.0.iter().cloned()).collect(), Some(addr.clone())),
    }
}

/// Whether `inner` is `outer`, or in it.
fn nested(
    inner: &(Vec<ModuleStep>, Option<ObjectAddr>),
    outer: &(Vec<ModuleStep>, Option<ObjectAddr>),
) -> bool {
    match (&inner.1, &outer.1) {
        (_, None) => inner.0.starts_with(&outer.0),
        (None, Some(_)) => false,
        (Some(one), Some(other)) => {
            inner.0 == outer.0
                && one.resource == other.resource
                && (one.key == other.key || other.key == ObjectKey::Single || one.key == ObjectKey::Single)
        }
    }
}

/// Where a statement sends an object, if it speaks of it. `inside` is the module that the statement stands in.
fn renamed(inside: &[Name], from: &Endpoint, to: &Endpoint, addr: &ObjectAddr) -> Option<ObjectAddr> {
    let depth = inside.len();
    let here = addr.module.names().take(depth).eq(inside.iter().map(|name| &**name));
    if !here || addr.module.0.len() < depth {
        return None;
    }
    let (around, rest) = addr.module.0.split_at(depth);
    let place = |steps: &[ModuleStep]| ModulePath(around.iter().chain(steps).cloned().collect());
    match (from, to) {
        (Endpoint::Object(from), Endpoint::Object(to)) => {
            // Without a key on either side it is about all objects of the block.
            let whole = from.key == ObjectKey::Single && to.key == ObjectKey::Single;
            let matches =
                *rest == *from.module.0 && addr.resource == from.resource && (whole || addr.key == from.key);
            let key = if whole { addr.key.clone() } else { to.key.clone() };
            let to = ObjectAddr { module: place(&to.module.0), resource: to.resource.clone(), key };
            matches.then_some(to)
        }
        (Endpoint::Module(from), Endpoint::Module(to)) => {
            let ((last, above), (new, new_above)) = (from.0.split_last()?, to.0.split_last()?);
            let whole = last.key == ObjectKey::Single && new.key == ObjectKey::Single;
            let (inner, below) = rest.split_at_checked(from.0.len())?;
            let (own, own_above) = inner.split_last()?;
            if own_above != above || own.name != last.name || !(whole || own.key == last.key) {
                return None;
            }
            let key = if whole { own.key.clone() } else { new.key.clone() };
            let mut steps = new_above.to_vec();
            steps.push(ModuleStep { name: new.name.clone(), key });
            steps.extend(below.iter().cloned());
            Some(ObjectAddr { module: place(&steps), ..addr.clone() })
        }
        _ => None,
    }
}

/// `a` → `a[0]` when the block has a `count` now, `a[0]` → `a` when it has none any more.
fn implied(config: &Config, addr: &ObjectAddr) -> Option<ObjectAddr> {
    let (_, module) = config.module_at(addr.module.names())?;
    let key = match (&module.resources.get(&addr.resource)?.repetition, &addr.key) {
        (Repetition::Count(_), ObjectKey::Single) => ObjectKey::Index(0),
        (Repetition::Single, ObjectKey::Index(0)) => ObjectKey::Single,
        _ => return None,
    };
    Some(ObjectAddr { key, ..addr.clone() })
}

fn unresolved(from: &ObjectAddr, to: &ObjectAddr) -> Diagnostic {
    Diagnostic::warning("Unresolved resource instance address changes")
        .detail(format!("Isotope tried to adjust resource instance addresses in the prior state based on change information recorded in the configuration, but some adjustments did not succeed due to existing objects already at the intended addresses:\n  - {from} could not move to {to}"))
        .help(format!("the object at {to} is kept; `isotope state mv` or `state rm` settles which is which"))
}

/// What is wrong with the blocks themselves, now that it is known which objects are declared.
pub(super) fn check(config: &Config, evaluation: &Evaluation<'_>, diags: &mut Diagnostics) {
    let all = statements(config);
    for (at, one) in all.iter().enumerate() {
        alone(config, evaluation, one, diags);
        for other in &all[..at] {
            ambiguous(one, other, diags);
        }
    }
}

fn alone(config: &Config, evaluation: &Evaluation<'_>, one: &Statement<'_>, diags: &mut Diagnostics) {
    let Moved { from, to, span } = one.moved;
    if from == to {
        diags.error(
            Diagnostic::error("Redundant move statement")
                .at(*span)
                .label("moves an object to where it is")
                .detail(format!("This statement declares a move from {from} to the same address, which is the same as not declaring this move at all.")),
        );
        return;
    }
    if let (Endpoint::Object(a), Endpoint::Object(b)) = (from, to)
        && a.resource.kind != b.resource.kind
    {
        diags.error(
            Diagnostic::error("Resource type mismatch")
                .at(*span)
                .label(format!("`{}` cannot become `{}`", a.resource.kind, b.resource.kind))
                .detail(format!("This statement declares a move from {from} to {to}, which is a resource of a different type.")),
        );
    }
    if let Some(place) = still_declared(config, evaluation, one) {
        diags.error(
            Diagnostic::error("Moved object still exists")
                .at(*span)
                .label(format!("`{from}` is still declared"))
                .related(place, "here")
                .detail(format!("This statement declares a move from {from}, but that is still declared.\n\nChange your configuration so that it will be declared as {to} instead.")),
        );
    }
}

/// Where what is moved away is declared all the same.
fn still_declared(config: &Config, evaluation: &Evaluation<'_>, one: &Statement<'_>) -> Option<Span> {
    let keyed = |from: &ObjectKey, to: &ObjectKey| *from != ObjectKey::Single || *to != ObjectKey::Single;
    match (&one.moved.from, &one.moved.to) {
        (Endpoint::Object(from), Endpoint::Object(to)) => {
            let (_, module) = module_of(config, one, from.module.names())?;
            let resource = module.resources.get(&from.resource)?;
            if keyed(&from.key, &to.key) {
                let around: Vec<ModuleStep> = full(one, &one.moved.from).0;
                let expansion = evaluation.expansion(&ModulePath(around.into()), &from.resource)?;
                return expansion.has(&from.key).then_some(resource.span);
            }
            Some(resource.span)
        }
        (Endpoint::Module(from), Endpoint::Module(to)) => {
            let ((last, above), (new, _)) = (from.0.split_last()?, to.0.split_last()?);
            let (_, parent) = module_of(config, one, above.iter().map(|step| &*step.name))?;
            let call = parent.calls.get(&last.name)?;
            if keyed(&last.key, &new.key) {
                let wanted = ModulePath(full(one, &one.moved.from).0.into());
                return evaluation.module_instances(call.module).contains(&wanted).then_some(call.span);
            }
            Some(call.span)
        }
        _ => None,
    }
}

/// The module at the end of some names, seen from where the statement stands.
fn module_of<'c, 'n>(
    config: &'c Config,
    one: &'n Statement<'_>,
    names: impl Iterator<Item = &'n str>,
) -> Option<(ModuleId, &'c Module)> {
    config.module_at(one.inside.iter().map(|name| &**name).chain(names))
}

fn ambiguous(one: &Statement<'_>, other: &Statement<'_>, diags: &mut Diagnostics) {
    if one.inside != other.inside {
        return;
    }
    let (a, b) = (other.moved, one.moved);
    let detail = if a.from == b.from && a.to != b.to {
        format!(
            "A statement declared that {} moved to {}, but this statement instead declares that it moved to {}.\n\nEach resource can have moved to only one new location.",
            a.from, a.to, b.to
        )
    } else if a.to == b.to && a.from != b.from {
        format!(
            "A statement declared that {} moved to {}, but this statement instead declares that {} moved there.\n\nEach resource can have moved from only one source location.",
            a.from, a.to, b.from
        )
    } else {
        return;
    };
    diags.error(
        Diagnostic::error("Ambiguous move statements")
            .at(b.span)
            .label("contradicts an earlier block")
            .related(a.span, "this one")
            .detail(detail),
    );
}
