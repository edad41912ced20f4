//! What depends on what in a configuration, before anything is evaluated: the order of the walk, the references that name nothing,
//! and the cycles, each as a path with the place of every reference.

use super::scope::declared;
use crate::addr::{Mode, Name, ResourceAddr};
use crate::config::{Config, Module, ModuleId, Repetition, Resource};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::eval::{self, Reference, Subject};
use crate::graph::{Dag, Node};
use crate::syntax::{Body, Expr};
use std::collections::{BTreeMap, BTreeSet};

/// One thing that is evaluated, in every instance of its module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    pub module: ModuleId,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A module call's `count` or `for_each`.
    Call(Name),
    Variable(Name),
    Local(Name),
    Resource(ResourceAddr),
    Output(Name),
    /// After everything its assertions refer to.
    Check(Name),
}

/// The order of evaluation, and which resources each resource needs.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    pub order: Vec<Item>,
    /// For each resource block, the resource blocks that it needs, through whatever is between, data sources included. Sorted.
    pub needs: BTreeMap<Block, Vec<Block>>,
    /// The same for each root output.
    pub outputs: BTreeMap<Name, Vec<Block>>,
    /// For each data source, the managed blocks whose pending changes put the reading off.
    pub waits: BTreeMap<Block, BTreeSet<Block>>,
    /// The part of the order that leads to data sources: what must be evaluated to know what to ask.
    pub ahead: Vec<Item>,
}

/// A resource block, in whatever instances its module has.
pub type Block = (ModuleId, ResourceAddr);

struct Builder<'a> {
    config: &'a Config,
    graph: Dag<Item>,
    at: BTreeMap<Item, Node>,
    /// Where an edge comes from, for complaints about cycles.
    places: BTreeMap<(Node, Node), Span>,
}

/// Orders a configuration. Every reference is held against what is declared.
pub fn order(config: &Config, diags: &mut Diagnostics) -> Result<Walk, Reported> {
    let mut builder = Builder { config, graph: Dag::new(), at: BTreeMap::new(), places: BTreeMap::new() };
    // They come in order: a map made of all at once asks much less of their names than one that grows.
    builder.at = config
        .modules()
        .flat_map(|(id, module)| items(id, module))
        .map(|item| (item.clone(), builder.graph.add(item)))
        .collect();
    for (id, module) in config.modules() {
        builder.connect(id, module, diags);
    }
    let sorted = builder.graph.order();
    match sorted {
        Ok(order) => Ok(builder.walk(&order)),
        Err(cycles) => {
            let reported = cycles.iter().map(|cycle| builder.complain(cycle, diags)).last();
            reported.map_or_else(|| Ok(builder.walk(&[])), Err)
        }
    }
}

impl Builder<'_> {
    fn connect(&mut self, id: ModuleId, module: &Module, diags: &mut Diagnostics) {
        for (name, call) in &module.calls {
            self.link(id, &What::Call(name.clone()), repetition(&call.repetition), diags);
            for attribute in &call.arguments.attributes {
                let child = module_variable(call.module, &attribute.name.name);
                self.link_from(&child, id, &attribute.expr, diags);
            }
            self.needs_call(id, name, call.module);
        }
        for (name, variable) in &module.variables {
            for rule in &variable.validations {
                let own = |reference: &Reference| reference.subject == Subject::Variable(name.clone());
                let item = module_variable(id, name);
                for expr in [&rule.condition, &rule.error_message] {
                    for reference in eval::references(expr).into_iter().filter(|r| !own(r)) {
                        self.reference(&item, id, &reference, diags);
                    }
                }
            }
        }
        for (name, local) in &module.locals {
            self.link(id, &What::Local(name.clone()), [&local.expr], diags);
        }
        for (addr, resource) in &module.resources {
            let what = What::Resource(addr.clone());
            self.link(id, &what, expressions(resource), diags);
            self.wait(id, what, &resource.depends_on);
        }
        for (name, output) in &module.outputs {
            let rules = output.preconditions.iter().flat_map(|r| [&r.condition, &r.error_message]);
            let all = std::iter::once(&output.value).chain(&output.depends_on).chain(rules);
            self.link(id, &What::Output(name.clone()), all, diags);
            self.wait(id, What::Output(name.clone()), &output.depends_on);
        }
        for (name, check) in &module.checks {
            let all = check.asserts.iter().flat_map(|r| [&r.condition, &r.error_message]);
            self.link(id, &What::Check(name.clone()), all, diags);
        }
    }

    /// Everything in a called module waits for the call's expansion, and its resources for the call's `depends_on`.
    fn needs_call(&mut self, parent: ModuleId, name: &Name, child: ModuleId) {
        let Some(call) = self.at.get(&Item { module: parent, what: What::Call(name.clone()) }).copied()
        else {
            return;
        };
        let first = Item { module: child, what: What::Call(Name::from("")) };
        let inside = self.at.range(first..).take_while(|(item, _)| item.module == child);
        let inside: Vec<Node> = inside.map(|(_, node)| *node).collect();
        for node in inside {
            self.graph.needs(node, call);
        }
        let config = self.config;
        self.wait(parent, What::Call(name.clone()), &config.module(parent).calls[name].depends_on);
    }

    /// Makes something wait for all that its `depends_on` names.
    fn wait(&mut self, module: ModuleId, what: What, depends_on: &[Expr]) {
        if depends_on.is_empty() {
            return;
        }
        let Some(node) = self.at.get(&Item { module, what }).copied() else { return };
        for expr in depends_on {
            for target in self.awaited(module, expr).into_iter().filter(|target| *target != node) {
                self.graph.needs(node, target);
                self.places.entry((node, target)).or_insert(expr.span);
            }
        }
    }

    fn link<'e>(
        &mut self,
        module: ModuleId,
        what: &What,
        exprs: impl IntoIterator<Item = &'e Expr>,
        diags: &mut Diagnostics,
    ) {
        let item = Item { module, what: what.clone() };
        for expr in exprs {
            self.link_from(&item, module, expr, diags);
        }
    }

    fn link_from(&mut self, item: &Item, module: ModuleId, expr: &Expr, diags: &mut Diagnostics) {
        for reference in eval::references(expr) {
            self.reference(item, module, &reference, diags);
        }
    }

    fn reference(&mut self, item: &Item, module: ModuleId, reference: &Reference, diags: &mut Diagnostics) {
        if let Err(diagnostic) = declared(self.config.module(module), reference) {
            diags.error(*diagnostic);
            return;
        }
        let Some(node) = self.at.get(item).copied() else { return };
        for target in self.targets(module, reference) {
            if target == node {
                diags.error(self.to_itself(item, reference.span));
                // Without the edge: it would be reported as a cycle once more.
                continue;
            }
            self.graph.needs(node, target);
            self.places.entry((node, target)).or_insert(reference.span);
        }
    }

    fn to_itself(&self, item: &Item, span: Span) -> Diagnostic {
        match &item.what {
            What::Local(name) => {
                Diagnostic::error("Self-referencing local value").label("refers to itself").detail(format!(
                    "Local value local.{name} cannot use its own result as part of its expression."
                ))
            }
            _ => Diagnostic::error("Self-referential block")
                .label("refers to the block it stands in")
                .detail("Configuration for a block may not refer to itself."),
        }
        .at(span)
    }

    /// The nodes that a reference needs.
    fn targets(&self, module: ModuleId, reference: &Reference) -> Vec<Node> {
        let item = |what| self.at.get(&Item { module, what }).copied();
        match &reference.subject {
            Subject::Variable(name) => item(What::Variable(name.clone())).into_iter().collect(),
            Subject::Local(name) => item(What::Local(name.clone())).into_iter().collect(),
            Subject::Resource(addr) => item(What::Resource(addr.clone())).into_iter().collect(),
            Subject::Module(name) => self.outputs(module, name, reference),
            _ => Vec::new(),
        }
    }

    /// `module.NAME.output` needs that output, anything less exact all of them; always the call itself.
    fn outputs(&self, module: ModuleId, name: &Name, reference: &Reference) -> Vec<Node> {
        let Some(call) = self.config.module(module).calls.get(name) else { return Vec::new() };
        let child = self.config.module(call.module);
        let named: Vec<&Name> = child
            .outputs
            .keys()
            .filter(|output| {
                reference.rest.iter().any(|step| match step {
                    crate::syntax::Step::Attr(ident) => ident.name == **output,
                    crate::syntax::Step::Index(..) => false,
                })
            })
            .collect();
        let wanted = if named.is_empty() { child.outputs.keys().collect() } else { named };
        let outputs =
            wanted.into_iter().map(|output| Item { module: call.module, what: What::Output(output.clone()) });
        let call = Item { module, what: What::Call(name.clone()) };
        outputs.chain([call]).filter_map(|item| self.at.get(&item).copied()).collect()
    }

    fn complain(&self, cycle: &[Node], diags: &mut Diagnostics) -> Reported {
        let names: Vec<String> = cycle.iter().map(|node| self.name(*node)).collect();
        let path = names.iter().chain(names.first()).cloned().collect::<Vec<_>>().join(" → ");
        let mut diagnostic = Diagnostic::error(format!("Cycle: {}", names.join(", ")))
            .detail(format!("Each of these needs the next: {path}."))
            .help("remove one of the references, or put what both need into a third block");
        for (at, node) in cycle.iter().enumerate() {
            let next = cycle[(at + 1) % cycle.len()];
            let Some(span) = self.places.get(&(*node, next)) else { continue };
            let label = format!("{} needs {}", self.name(*node), self.name(next));
            diagnostic = if diagnostic.span.is_none() {
                diagnostic.at(*span).label(label)
            } else {
                diagnostic.related(*span, label)
            };
        }
        diags.error(diagnostic)
    }

    fn name(&self, node: Node) -> String {
        let item = self.graph.get(node);
        let path = &self.config.module(item.module).path;
        let prefix: String = path.iter().map(|name| format!("module.{name}.")).collect();
        let own = match &item.what {
            What::Call(name) => format!("module.{name}"),
            What::Variable(name) => format!("var.{name}"),
            What::Local(name) => format!("local.{name}"),
            What::Resource(addr) => addr.to_string(),
            What::Output(name) => format!("output.{name}"),
            What::Check(name) => format!("check.{name}"),
        };
        prefix + &own
    }

    /// The resources each resource needs, gathered along the order so that every node is looked at once.
    fn walk(&self, order: &[Node]) -> Walk {
        let mut reach: BTreeMap<Node, BTreeSet<Block>> = BTreeMap::new();
        let mut walk = Walk { order: self.items(order), ..Walk::default() };
        let (mut managed, mut data) = (Vec::new(), BTreeMap::new());
        for node in order {
            let all = self.needed(*node, &reach, &data);
            let item = self.graph.get(*node);
            match &item.what {
                What::Resource(addr) => {
                    let (block, all) = ((item.module, addr.clone()), all.into_iter().collect());
                    match addr.mode {
                        Mode::Managed => managed.push((block, all)),
                        Mode::Data => drop(data.insert(block, all)),
                    }
                    continue;
                }
                What::Output(name) if item.module == ModuleId(0) => {
                    walk.outputs.insert(name.clone(), all.iter().cloned().collect());
                }
                _ => {}
            }
            reach.insert(*node, all);
        }
        let sources: Vec<Block> = data.keys().cloned().collect();
        walk.needs = managed.into_iter().chain(data).collect();
        let waits = |block: Block| (block.clone(), self.waits(&block, &reach, &walk.needs));
        walk.waits = sources.into_iter().map(waits).collect();
        walk.ahead = self.items(&self.ahead(order));
        walk
    }

    fn items(&self, nodes: &[Node]) -> Vec<Item> {
        nodes.iter().map(|node| self.graph.get(*node).clone()).collect()
    }

    /// The resources that a node needs directly or through what is no resource. What is read brings what it is read after.
    fn needed(
        &self,
        node: Node,
        reach: &BTreeMap<Node, BTreeSet<Block>>,
        needs: &BTreeMap<Block, Vec<Block>>,
    ) -> BTreeSet<Block> {
        let mut all = BTreeSet::new();
        for dependency in self.graph.dependencies(node) {
            let item = self.graph.get(dependency);
            let What::Resource(addr) = &item.what else {
                all.extend(reach.get(&dependency).into_iter().flatten().cloned());
                continue;
            };
            let block = (item.module, addr.clone());
            if addr.mode == Mode::Data {
                all.extend(needs.get(&block).into_iter().flatten().cloned());
            }
            all.insert(block);
        }
        all
    }

    /// The nodes that data sources hang on, and these themselves, in order.
    fn ahead(&self, order: &[Node]) -> Vec<Node> {
        let mut marked: BTreeSet<Node> = BTreeSet::new();
        for node in order.iter().rev() {
            let read = matches!(&self.graph.get(*node).what, What::Resource(addr) if addr.mode == Mode::Data);
            if read || self.graph.dependents(*node).iter().any(|dependent| marked.contains(dependent)) {
                marked.insert(*node);
            }
        }
        order.iter().copied().filter(|node| marked.contains(node)).collect()
    }

    /// What a data source waits for beside its arguments, as in Terraform: what `depends_on` names (also that of the modules around it)
    /// and what it refers to directly; with conditions of its own, everything it hangs on.
    fn waits(
        &self,
        block: &Block,
        reach: &BTreeMap<Node, BTreeSet<Block>>,
        needs: &BTreeMap<Block, Vec<Block>>,
    ) -> BTreeSet<Block> {
        let (module, addr) = block;
        let resource = &self.config.module(*module).resources[addr];
        let mut found: BTreeSet<Block> = BTreeSet::new();
        for reference in expressions(resource).into_iter().flat_map(eval::references) {
            if let Subject::Resource(addr) = reference.subject {
                found.insert((*module, addr));
            }
        }
        let mut explicit: Vec<(ModuleId, &Expr)> = resource.depends_on.iter().map(|e| (*module, e)).collect();
        explicit.extend(self.around(*module));
        for (module, expr) in explicit {
            for node in self.awaited(module, expr) {
                found.extend(reach.get(&node).into_iter().flat_map(|blocks| closure(blocks, needs)));
                if let What::Resource(addr) = &self.graph.get(node).what {
                    found.insert((self.graph.get(node).module, addr.clone()));
                }
            }
        }
        let lifecycle = &resource.lifecycle;
        if !lifecycle.preconditions.is_empty() || !lifecycle.postconditions.is_empty() {
            found.extend(closure(needs.get(block).into_iter().flatten(), needs));
        }
        found.retain(|(_, addr)| addr.mode == Mode::Managed);
        found
    }

    /// The `depends_on` of the calls on the way to a module, each with the module it stands in.
    fn around(&self, module: ModuleId) -> Vec<(ModuleId, &Expr)> {
        let of = self.config.module(module);
        let (Some(parent), Some(name)) = (of.parent, of.path.last()) else { return Vec::new() };
        let Some(call) = self.config.module(parent).calls.get(name) else { return Vec::new() };
        let own = call.depends_on.iter().map(|expr| (parent, expr));
        own.chain(self.around(parent)).collect()
    }

    /// The nodes that an expression of a `depends_on` names: of a module everything in it.
    fn awaited(&self, module: ModuleId, expr: &Expr) -> Vec<Node> {
        let mut nodes = Vec::new();
        for reference in eval::references(expr) {
            nodes.extend(self.targets(module, &reference));
            if let (Subject::Module(name), true) = (&reference.subject, reference.rest.is_empty()) {
                nodes.extend(self.inside(module, name));
            }
        }
        nodes
    }

    /// Everything that stands in a called module, however deep.
    fn inside(&self, module: ModuleId, name: &Name) -> Vec<Node> {
        let Some(call) = self.config.module(module).calls.get(name) else { return Vec::new() };
        let outer = &self.config.module(call.module).path;
        let within = |item: &Item| self.config.module(item.module).path.starts_with(outer);
        self.at.iter().filter(|(item, _)| within(item)).map(|(_, node)| *node).collect()
    }
}

/// Blocks and all that they need, through whatever is between.
fn closure<'b>(
    blocks: impl IntoIterator<Item = &'b Block>,
    needs: &'b BTreeMap<Block, Vec<Block>>,
) -> BTreeSet<Block> {
    let mut frontier: Vec<&Block> = blocks.into_iter().collect();
    let mut found = BTreeSet::new();
    while let Some(block) = frontier.pop() {
        if found.insert(block.clone()) {
            frontier.extend(needs.get(block).into_iter().flatten());
        }
    }
    found
}

/// What is evaluated of a module.
fn items(module: ModuleId, of: &Module) -> impl Iterator<Item = Item> {
    let whats = of
        .calls
        .keys()
        .cloned()
        .map(What::Call)
        .chain(of.variables.keys().cloned().map(What::Variable))
        .chain(of.locals.keys().cloned().map(What::Local))
        .chain(of.resources.keys().cloned().map(What::Resource))
        .chain(of.outputs.keys().cloned().map(What::Output))
        .chain(of.checks.keys().cloned().map(What::Check));
    whats.map(move |what| Item { module, what })
}

fn module_variable(module: ModuleId, name: &Name) -> Item {
    Item { module, what: What::Variable(name.clone()) }
}

fn repetition(repetition: &Repetition) -> Vec<&Expr> {
    repetition.expr().into_iter().collect()
}

/// All expressions of a resource block.
fn expressions(resource: &Resource) -> Vec<&Expr> {
    let mut all = repetition(&resource.repetition);
    all.extend(&resource.depends_on);
    let lifecycle = &resource.lifecycle;
    all.extend(&lifecycle.replace_triggered_by);
    let rules = lifecycle.preconditions.iter().chain(&lifecycle.postconditions);
    all.extend(rules.flat_map(|rule| [&rule.condition, &rule.error_message]));
    body(&resource.arguments, &mut all);
    all
}

fn body<'b>(of: &'b Body, all: &mut Vec<&'b Expr>) {
    all.extend(of.attributes.iter().map(|attribute| &attribute.expr));
    for block in &of.blocks {
        body(&block.body, all);
    }
}
