//! One module's graph: its children, its ports and the gaps for long lines, in columns, and the links between neighbouring columns.

use super::rank::{self, Weighted};
use super::{Child, Input};
use std::collections::{BTreeMap, BTreeSet};

/// A place on a frame where the lines that lead to a box pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Port {
    /// The box that the lines lead to.
    pub target: usize,
    pub side: Side,
    /// Whether the lines go out of the frame.
    pub out: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Left,
    Right,
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Vertex {
    Child(Child),
    Port(Port),
    /// A gap for the lines to a box. `end` is the child or port that they lead to here.
    Gap {
        target: usize,
        end: usize,
        column: usize,
    },
}

/// Lines between two neighbouring columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    pub left: usize,
    pub right: usize,
    /// The box that the lines lead to, at last.
    pub target: usize,
    /// Whether they lead there to the left, as they do but for cycles.
    pub leftwards: bool,
}

/// A module's graph. Vertices are numbered; the ports on the left are the first column, those on the right the last.
pub(super) struct Level {
    pub vertices: Vec<Vertex>,
    pub columns: Vec<Vec<usize>>,
    pub links: Vec<Link>,
    /// The lines between the children, before they were cut: who needs whom, and for the sake of which box.
    needs: BTreeSet<(Child, Child, usize)>,
    ranks: BTreeMap<Child, usize>,
    frame: Option<usize>,
}

impl Level {
    pub fn new(input: &Input<'_>, frame: Option<usize>, ports: &BTreeMap<Port, Vec<usize>>) -> Self {
        let needs: BTreeSet<(Child, Child, usize)> = input
            .needs
            .iter()
            .filter_map(|(from, to)| Some((input.child(frame, *from)?, input.child(frame, *to)?, *to)))
            .filter(|(from, to, _)| from != to)
            .collect();
        let children = children(input, frame);
        let ranks = ranks(input, &children, &needs);
        let mut level =
            Self { vertices: Vec::new(), columns: Vec::new(), links: Vec::new(), needs, ranks, frame };
        level.fill(&children, ports.keys());
        level.connect(input, ports);
        level
    }

    /// For each frame in this one: its ports and where they lead.
    pub fn ports(
        &self,
        input: &Input<'_>,
        own: &BTreeMap<Port, Vec<usize>>,
    ) -> BTreeMap<usize, BTreeMap<Port, Vec<usize>>> {
        let mut all: BTreeMap<usize, BTreeMap<Port, Vec<usize>>> = BTreeMap::new();
        for child in self.ranks.keys() {
            if let Child::Frame(frame) = child {
                all.entry(*frame).or_default();
            }
        }
        let mut lead = |child: Child, port: Port, inner: usize| {
            if let Child::Frame(frame) = child {
                let boxes = all.entry(frame).or_default().entry(port).or_default();
                if !boxes.contains(&inner) {
                    boxes.push(inner);
                }
            }
        };
        for (from, to) in input.needs {
            let ends = (input.child(self.frame, *from), input.child(self.frame, *to));
            let (Some(needing), Some(needed)) = ends else { continue };
            if needing == needed {
                continue;
            }
            let (near, far) = match self.leftwards(needing, needed) {
                true => (Side::Left, Side::Right),
                false => (Side::Right, Side::Left),
            };
            lead(needing, Port { target: *to, side: near, out: true }, *from);
            lead(needed, Port { target: *to, side: far, out: false }, *to);
        }
        for (port, inner) in own {
            for inner in inner {
                if let Some(child) = input.child(self.frame, *inner) {
                    lead(child, *port, *inner);
                }
            }
        }
        all
    }

    fn leftwards(&self, needing: Child, needed: Child) -> bool {
        self.ranks[&needed] < self.ranks[&needing]
    }

    /// Puts children and ports into columns.
    fn fill<'p>(&mut self, children: &[Child], ports: impl Iterator<Item = &'p Port>) {
        let last = self.ranks.values().max().map_or(0, |rank| rank + 1);
        self.columns = vec![Vec::new(); last + 2];
        for child in children {
            self.add(Vertex::Child(*child), self.ranks[child] + 1);
        }
        for port in ports {
            let column = if port.side == Side::Left { 0 } else { last + 1 };
            self.add(Vertex::Port(*port), column);
        }
    }

    fn add(&mut self, vertex: Vertex, column: usize) -> usize {
        self.vertices.push(vertex);
        self.columns[column].push(self.vertices.len() - 1);
        self.vertices.len() - 1
    }

    /// Makes the links, with a gap in every column that one passes.
    fn connect(&mut self, input: &Input<'_>, ports: &BTreeMap<Port, Vec<usize>>) {
        let at: BTreeMap<Vertex, (usize, usize)> = self
            .columns
            .iter()
            .enumerate()
            .flat_map(|(column, of_column)| of_column.iter().map(move |vertex| (column, *vertex)))
            .map(|(column, vertex)| (self.vertices[vertex], (vertex, column)))
            .collect();
        let mut gaps = BTreeMap::new();
        let mut links = BTreeSet::new();
        for (needing, needed, target) in self.needs.clone() {
            let ends = [needing, needed].map(|child| at[&Vertex::Child(child)]);
            self.line(ends, target, &mut gaps, &mut links);
        }
        for (port, inner) in ports {
            let outside = at[&Vertex::Port(*port)];
            let children: BTreeSet<Child> =
                inner.iter().filter_map(|inner| input.child(self.frame, *inner)).collect();
            for child in children {
                let inside = at[&Vertex::Child(child)];
                let ends = if port.out { [inside, outside] } else { [outside, inside] };
                self.line(ends, port.target, &mut gaps, &mut links);
            }
        }
        self.links = links.into_iter().collect();
    }

    /// A line from one vertex to another, through the gaps that lead there already or new ones.
    fn line(
        &mut self,
        [(from, near), (end, far)]: [(usize, usize); 2],
        target: usize,
        gaps: &mut BTreeMap<Vertex, usize>,
        links: &mut BTreeSet<Link>,
    ) {
        let leftwards = far < near;
        let between: Vec<usize> =
            if leftwards { (far + 1..near).rev().collect() } else { (near + 1..far).collect() };
        let mut at = from;
        for column in between {
            let gap = Vertex::Gap { target, end, column };
            let next = *gaps.entry(gap).or_insert_with(|| self.add(gap, column));
            links.insert(link(at, next, target, leftwards));
            at = next;
        }
        links.insert(link(at, end, target, leftwards));
    }
}

fn link(from: usize, to: usize, target: usize, leftwards: bool) -> Link {
    let (left, right) = if leftwards { (to, from) } else { (from, to) };
    Link { left, right, target, leftwards }
}

fn children(input: &Input<'_>, frame: Option<usize>) -> Vec<Child> {
    let boxes = (0..input.boxes.len()).filter(|at| input.boxes[*at].1 == frame).map(Child::Box);
    let frames = (0..input.frames.len()).filter(|at| input.frames[*at].1 == frame).map(Child::Frame);
    boxes.chain(frames).collect()
}

fn ranks(
    input: &Input<'_>,
    children: &[Child],
    needs: &BTreeSet<(Child, Child, usize)>,
) -> BTreeMap<Child, usize> {
    let at: BTreeMap<Child, usize> = children.iter().copied().zip(0..).collect();
    let weights = children.iter().map(|child| match child {
        Child::Box(_) => 1,
        Child::Frame(frame) => rank::rows(input.content(*frame)) + 1,
    });
    let pairs: BTreeSet<(usize, usize)> = needs.iter().map(|(from, to, _)| (at[from], at[to])).collect();
    let ranks = rank::ranks(&Weighted { weights: weights.collect(), needs: pairs.into_iter().collect() });
    children.iter().copied().zip(ranks).collect()
}
