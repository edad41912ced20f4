//! Which column each vertex stands in: right of everything it needs, no column much higher than the picture is wide.
//!
//! Longest paths from the left, with a bound on the height of a column (Coffman and Graham's idea). Cycles, which putting objects
//! together can make, lose the edges that lead back in a depth-first search.

use std::cmp::Reverse;

/// How many rows of boxes give about the shape of a screen, with columns six times as wide as rows are high.
const SHAPE: usize = 7;

/// Columns of fewer rows are not broken.
const LEAST: usize = 8;

/// Vertices with their heights in rows, and pairs: the first needs the second.
pub(super) struct Weighted {
    pub weights: Vec<usize>,
    pub needs: Vec<(usize, usize)>,
}

/// How high a column may be when there are so many rows in all.
pub(super) fn rows(total: usize) -> usize {
    (total * SHAPE).isqrt().min(total)
}

/// The column of each vertex.
pub(super) fn ranks(graph: &Weighted) -> Vec<usize> {
    let count = graph.weights.len();
    let mut needs = vec![Vec::new(); count];
    let mut needed = vec![Vec::new(); count];
    for (from, to) in forward(count, &graph.needs) {
        needs[from].push(to);
        needed[to].push(from);
    }
    let limit = rows(graph.weights.iter().sum()).max(LEAST);
    let alone = |at: &usize| needs[*at].is_empty() && needed[*at].is_empty();
    let mut columns = Columns { limit, filled: Vec::new(), ranks: vec![0; count] };
    for at in topological(&needs, &needed).into_iter().filter(|at| !alone(at)) {
        let first = needs[at].iter().map(|need| columns.ranks[*need] + 1).max().unwrap_or(0);
        columns.put(at, first, graph.weights[at]);
    }
    columns.pull(&needs, &needed, &graph.weights);
    for at in (0..count).filter(alone) {
        columns.put(at, 0, graph.weights[at]);
    }
    columns.ranks
}

struct Columns {
    limit: usize,
    /// How high each is.
    filled: Vec<usize>,
    ranks: Vec<usize>,
}

impl Columns {
    /// Puts a vertex into the first column from `first` on that has room.
    fn put(&mut self, at: usize, first: usize, weight: usize) {
        let has_room = |column: &usize| {
            self.filled.get(*column).is_none_or(|filled| *filled == 0 || filled + weight <= self.limit)
        };
        let column = (first..).find(has_room).unwrap_or(first);
        if self.filled.len() <= column {
            self.filled.resize(column + 1, 0);
        }
        self.filled[column] += weight;
        self.ranks[at] = column;
    }

    /// What needs nothing comes near what needs it: shorter lines.
    fn pull(&mut self, needs: &[Vec<usize>], needed: &[Vec<usize>], weights: &[usize]) {
        for at in (0..weights.len()).filter(|at| needs[*at].is_empty()) {
            let Some(next) = needed[at].iter().map(|by| self.ranks[*by]).min() else { continue };
            let old = self.ranks[at];
            let has_room = |column: &usize| self.filled[*column] + weights[at] <= self.limit;
            if let Some(column) = (old + 1..next).rev().find(has_room) {
                self.filled[old] -= weights[at];
                self.filled[column] += weights[at];
                self.ranks[at] = column;
            }
        }
    }
}

/// What others need first; of those that may come next, the one that most others need, then the lowest number.
fn topological(needs: &[Vec<usize>], needed: &[Vec<usize>]) -> Vec<usize> {
    let mut waiting: Vec<usize> = needs.iter().map(Vec::len).collect();
    let key = |at: usize| (needed[at].len(), Reverse(at));
    let free = (0..needs.len()).filter(|at| waiting[*at] == 0);
    let mut ready: std::collections::BinaryHeap<_> = free.map(key).collect();
    let mut order = Vec::new();
    while let Some((_, Reverse(at))) = ready.pop() {
        order.push(at);
        for by in &needed[at] {
            waiting[*by] -= 1;
            if waiting[*by] == 0 {
                ready.push(key(*by));
            }
        }
    }
    order
}

/// The edges without cycles: those that lead back in a depth-first search are turned round.
fn forward(count: usize, edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut next = vec![Vec::new(); count];
    edges.iter().for_each(|(from, to)| next[*from].push(*to));
    let mut open = vec![false; count];
    let mut seen = vec![false; count];
    let mut kept = Vec::new();
    for start in 0..count {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        open[start] = true;
        let mut path = vec![(start, 0)];
        while let Some((at, place)) = path.last_mut() {
            let Some(to) = next[*at].get(*place).copied() else {
                open[*at] = false;
                path.pop();
                continue;
            };
            *place += 1;
            kept.push(if open[to] { (to, *at) } else { (*at, to) });
            if !std::mem::replace(&mut seen[to], true) {
                open[to] = true;
                path.push((to, 0));
            }
        }
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}
