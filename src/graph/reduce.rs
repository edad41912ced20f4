//! Which edges say something that no path of other edges says (the transitive reduction).

use super::{Dag, Node};

/// Larger graphs are given whole: what a node reaches is a bit for each node.
const LARGEST: usize = 10_000;

/// The nodes that each node reaches, as bits.
struct Reach {
    words: usize,
    bits: Vec<u64>,
}

impl Reach {
    fn new(nodes: usize) -> Self {
        let words = nodes.div_ceil(64);
        Self { words, bits: vec![0; words * nodes] }
    }

    fn has(&self, from: Node, to: Node) -> bool {
        let to = to.0 as usize;
        self.bits[from.0 as usize * self.words + to / 64] >> (to % 64) & 1 == 1
    }

    /// `from` reaches `to`, and all that `to` reaches.
    fn join(&mut self, from: Node, to: Node) {
        let (from, at) = (from.0 as usize * self.words, to.0 as usize);
        for word in 0..self.words {
            self.bits[from + word] |= self.bits[at * self.words + word];
        }
        self.bits[from + at / 64] |= 1 << (at % 64);
    }
}

impl<T> Dag<T> {
    /// The edges without those that a longer path makes superfluous, by number. All of them in a graph with cycles.
    pub fn reduced(&self) -> Vec<(Node, Node)> {
        let all = self.edges();
        let Some(order) = self.order().ok().filter(|order| order.len() <= LARGEST) else { return all };
        // Hubs have numbers too.
        let numbers = self.graph.node_count();
        let mut place = vec![0; numbers];
        order.iter().enumerate().for_each(|(at, node)| place[node.0 as usize] = at);
        let mut reach = Reach::new(numbers);
        let mut kept = Vec::new();
        for node in order {
            // The latest first: what an earlier one gives may be reached through it, never the other way round.
            let mut needed = self.dependencies(node);
            needed.sort_by_key(|need| std::cmp::Reverse(place[need.0 as usize]));
            for need in needed {
                if !reach.has(node, need) {
                    kept.push((node, need));
                    reach.join(node, need);
                }
            }
        }
        kept.sort_unstable();
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn dag(edges: &[(u32, u32)], nodes: u32) -> Dag<()> {
        let mut dag = Dag::new();
        for _ in 0..nodes {
            dag.add(());
        }
        edges.iter().for_each(|(a, b)| dag.needs(Node(*a), Node(*b)));
        dag
    }

    fn reaches(edges: &[(Node, Node)], from: Node) -> BTreeSet<Node> {
        let mut found = BTreeSet::new();
        let mut frontier = vec![from];
        while let Some(at) = frontier.pop() {
            let next = edges.iter().filter(|(a, _)| *a == at).map(|(_, b)| *b);
            frontier.extend(next.filter(|b| found.insert(*b)));
        }
        found
    }

    #[test]
    fn a_shortcut_is_left_out() {
        let reduced = dag(&[(2, 1), (1, 0), (2, 0)], 3).reduced();
        assert_eq!(reduced, [(Node(1), Node(0)), (Node(2), Node(1))]);
    }

    #[test]
    fn hubs_are_seen_through() {
        let mut dag = dag(&[(2, 0)], 3);
        let hub = dag.hub();
        dag.add(());
        [(Node(1), hub), (Node(2), hub), (Node(4), Node(2)), (Node(4), Node(0)), (hub, Node(0))]
            .into_iter()
            .for_each(|(a, b)| dag.needs(a, b));
        assert_eq!(dag.reduced(), [(1, 0), (2, 0), (4, 2)].map(|(a, b)| (Node(a), Node(b))));
    }

    proptest! {
        #[test]
        fn the_same_is_reached_by_the_fewest_edges(pairs in prop::collection::vec((0u32..70, 0u32..70), 0..150)) {
            let edges: Vec<_> = pairs.into_iter().filter(|(a, b)| a > b).collect();
            let whole = dag(&edges, 70);
            let reduced = whole.reduced();
            for node in (0..70).map(Node) {
                prop_assert_eq!(reaches(&whole.edges(), node), reaches(&reduced, node));
            }
            for edge in &reduced {
                let without: Vec<_> = reduced.iter().copied().filter(|other| other != edge).collect();
                prop_assert!(!reaches(&without, edge.0).contains(&edge.1), "{edge:?} is superfluous");
            }
        }
    }
}
