//! A generic directed acyclic graph: build, cycles, order, ready queue; knows no resource.
//!
//! Nodes are numbered as they were added and every answer is in that order where the edges leave a choice, so the same
//! input gives the same walk. `petgraph` holds the edges and finds the cycles; `kosaraju_scc` because it does not recurse.

mod reduce;

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A node's number within its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(pub u32);

/// A graph whose edges say "needs": the node at the tail needs the one at the head done first.
///
/// Where many nodes need the same many, a [`hub`](Dag::hub) between them spares an edge for each pair. Hubs are no nodes: nobody sees
/// them but who made them.
#[derive(Clone, Debug)]
pub struct Dag<T> {
    /// A hub has no weight.
    graph: DiGraph<Option<T>, ()>,
    hubs: usize,
}

impl<T> Default for Dag<T> {
    fn default() -> Self {
        Self { graph: DiGraph::new(), hubs: 0 }
    }
}

fn index(node: Node) -> NodeIndex {
    NodeIndex::new(node.0 as usize)
}

fn number(index: NodeIndex) -> Node {
    Node(u32::try_from(index.index()).unwrap_or(u32::MAX))
}

impl<T> Dag<T> {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(&mut self, weight: T) -> Node {
        number(self.graph.add_node(Some(weight)))
    }

    /// Adds a hub: it is done as soon as all that it needs is, and what needs it waits for that.
    pub fn hub(&mut self) -> Node {
        self.hubs += 1;
        number(self.graph.add_node(None))
    }

    /// States that `node` needs `dependency`. A node never needs itself through this.
    pub fn needs(&mut self, node: Node, dependency: Node) {
        if node == dependency {
            return;
        }
        match &self.graph[index(node)] {
            Some(_) => self.graph.update_edge(index(node), index(dependency), ()),
            // Looking whether the edge is there takes as long as the hub has edges; one that is there twice says nothing else.
            None => self.graph.add_edge(index(node), index(dependency), ()),
        };
    }

    pub fn get(&self, node: Node) -> &T {
        self.graph[index(node)].as_ref().expect("a hub is never handed out as a node")
    }

    pub fn len(&self) -> usize {
        self.graph.node_count() - self.hubs
    }

    /// How many edges it takes, those of hubs included: what the graph costs.
    pub fn size(&self) -> usize {
        self.graph.edge_count()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn nodes(&self) -> impl Iterator<Item = (Node, &T)> {
        self.graph.node_indices().filter_map(|at| Some((number(at), self.graph[at].as_ref()?)))
    }

    /// What `node` needs directly, by number.
    pub fn dependencies(&self, node: Node) -> Vec<Node> {
        self.neighbours(node, Direction::Outgoing)
    }

    /// What needs `node` directly, by number.
    pub fn dependents(&self, node: Node) -> Vec<Node> {
        self.neighbours(node, Direction::Incoming)
    }

    fn neighbours(&self, node: Node, direction: Direction) -> Vec<Node> {
        let mut found = Vec::new();
        let mut through = vec![index(node)];
        while let Some(at) = through.pop() {
            for next in self.graph.neighbors_directed(at, direction) {
                match &self.graph[next] {
                    Some(_) => found.push(number(next)),
                    None => through.push(next),
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Every edge as (node, what it needs), by number.
    pub fn edges(&self) -> Vec<(Node, Node)> {
        let of = |(node, _)| self.dependencies(node).into_iter().map(move |needed| (node, needed));
        self.nodes().flat_map(of).collect()
    }

    /// All nodes, dependencies first; of those that may come next, always the lowest number. `Err` holds each cycle as a path
    /// in which every node needs the next and the last needs the first.
    pub fn order(&self) -> Result<Vec<Node>, Vec<Vec<Node>>> {
        let mut queue = Ready::new(self);
        let mut order = Vec::with_capacity(self.len());
        while let Some(node) = queue.next() {
            order.push(node);
            queue.done(self, node);
        }
        if order.len() == self.len() { Ok(order) } else { Err(self.cycles()) }
    }

    fn cycles(&self) -> Vec<Vec<Node>> {
        let mut cycles: Vec<_> = kosaraju_scc(&self.graph)
            .into_iter()
            .filter(|component| component.len() > 1)
            .map(|component| component.into_iter().filter(|at| self.graph[*at].is_some()).collect::<Vec<_>>())
            .map(|component| self.path_through(&component))
            .collect();
        cycles.sort_unstable();
        cycles
    }

    /// A shortest closed path from the lowest node of a strongly connected component, by breadth-first search.
    fn path_through(&self, component: &[NodeIndex]) -> Vec<Node> {
        let members: std::collections::BTreeSet<Node> = component.iter().copied().map(number).collect();
        let Some(start) = members.first().copied() else { return Vec::new() };
        let mut came_from = std::collections::BTreeMap::new();
        let mut frontier = std::collections::VecDeque::from([start]);
        while let Some(node) = frontier.pop_front() {
            for next in self.dependencies(node) {
                if next == start {
                    return walk_back(&came_from, start, node);
                }
                if members.contains(&next) && !came_from.contains_key(&next) {
                    came_from.insert(next, node);
                    frontier.push_back(next);
                }
            }
        }
        members.into_iter().collect()
    }
}

fn walk_back(came_from: &std::collections::BTreeMap<Node, Node>, start: Node, end: Node) -> Vec<Node> {
    let mut path = vec![end];
    let mut at = end;
    while at != start {
        at = came_from[&at];
        path.push(at);
    }
    path.reverse();
    path
}

/// Which nodes may start now: all of whose dependencies are done.
#[derive(Clone, Debug)]
pub struct Ready {
    waiting_for: Vec<usize>,
    ready: BinaryHeap<Reverse<Node>>,
}

impl Ready {
    pub fn new<T>(dag: &Dag<T>) -> Self {
        let waiting_for: Vec<usize> =
            dag.graph.node_indices().map(|at| dag.graph.neighbors(at).count()).collect();
        let free = |node: &Node| waiting_for[node.0 as usize] == 0;
        let ready = dag.nodes().map(|(node, _)| node).filter(free).map(Reverse).collect();
        let hubs = dag.graph.node_indices().filter(|at| dag.graph[*at].is_none()).map(number);
        let idle: Vec<Node> = hubs.filter(free).collect();
        let mut queue = Self { ready, waiting_for };
        idle.into_iter().for_each(|hub| queue.done(dag, hub));
        queue
    }

    /// Takes the lowest node that may start.
    #[allow(clippy::should_implement_trait)] // not an iterator: it yields more after `done`
    pub fn next(&mut self) -> Option<Node> {
        self.ready.pop().map(|Reverse(node)| node)
    }

    /// Puts a node that was taken back: it will be tried again.
    pub fn again(&mut self, node: Node) {
        self.ready.push(Reverse(node));
    }

    /// Says that `node` is done, which may make its dependents ready.
    pub fn done<T>(&mut self, dag: &Dag<T>, node: Node) {
        let mut done = vec![index(node)];
        while let Some(at) = done.pop() {
            for dependent in dag.graph.neighbors_directed(at, Direction::Incoming) {
                let left = &mut self.waiting_for[dependent.index()];
                *left -= 1;
                match &dag.graph[dependent] {
                    Some(_) if *left == 0 => self.ready.push(Reverse(number(dependent))),
                    None if *left == 0 => done.push(dependent),
                    _ => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn graph(edges: &[(u32, u32)], nodes: u32) -> Dag<u32> {
        let mut dag = Dag::new();
        for node in 0..nodes {
            dag.add(node);
        }
        for (tail, head) in edges {
            dag.needs(Node(*tail), Node(*head));
        }
        dag
    }

    #[test]
    fn a_hub_stands_for_an_edge_each() {
        let mut dag = graph(&[], 5);
        let (one, other) = (dag.hub(), dag.hub());
        for (tail, head) in [(one, Node(3)), (one, Node(4)), (other, one), (Node(0), other), (Node(1), one)] {
            dag.needs(tail, head);
        }
        let edges = [(0, 3), (0, 4), (1, 3), (1, 4)].map(|(tail, head)| (Node(tail), Node(head)));
        assert_eq!((dag.edges(), dag.len()), (edges.to_vec(), 5));
        assert_eq!(dag.dependents(Node(3)), [Node(0), Node(1)]);
        assert_eq!(dag.order(), Ok([2, 3, 4, 0, 1].map(Node).to_vec()));
        dag.needs(Node(4), Node(1));
        assert_eq!(dag.order(), Err(vec![vec![Node(1), Node(4)]]));
    }

    #[test]
    fn a_cycle_is_named_as_a_path() {
        let dag = graph(&[(0, 1), (1, 2), (2, 0), (3, 0)], 4);
        assert_eq!(dag.order(), Err(vec![vec![Node(0), Node(1), Node(2)]]));
    }

    proptest! {
        #[test]
        fn the_ready_queue_agrees_with_a_naive_model(pairs in prop::collection::vec((0u32..12, 0u32..12), 0..40)) {
            let edges: Vec<_> = pairs.into_iter().filter(|(a, b)| a > b).collect();
            let dag = graph(&edges, 12);
            let mut naive: Vec<u32> = Vec::new();
            while naive.len() < 12 {
                let free = |n: &u32| !naive.contains(n) && edges.iter().all(|(a, b)| a != n || naive.contains(b));
                naive.push((0..12).find(free).expect("no cycle: every edge goes down"));
            }
            let order: Vec<u32> = dag.order().expect("no cycle").into_iter().map(|n| n.0).collect();
            prop_assert_eq!(order, naive);
        }

        #[test]
        fn order_respects_every_edge_or_names_a_cycle(pairs in prop::collection::vec((0u32..9, 0u32..9), 0..30)) {
            let dag = graph(&pairs, 9);
            match dag.order() {
                Ok(order) => for (node, dependency) in dag.edges() {
                    let at = |n| order.iter().position(|o| *o == n);
                    prop_assert!(at(dependency) < at(node));
                },
                Err(cycles) => for cycle in cycles {
                    for (at, node) in cycle.iter().enumerate() {
                        let next = cycle[(at + 1) % cycle.len()];
                        prop_assert!(dag.dependencies(*node).contains(&next));
                    }
                },
            }
        }
    }
}
