//! The order within each column so that few lines cross: sweeps that put every vertex at the mean place of its neighbours in the
//! column before (Sugiyama's barycentres), as often as it helps.

use super::level::Level;

/// Sweeps without a better order before it is given up.
const PATIENCE: usize = 4;

/// At most so many sweeps: each takes time in proportion to the lines.
const SWEEPS: usize = 24;

/// Sorts the columns of a level.
pub(super) fn sort(level: &mut Level) {
    let neighbours = Neighbours::new(level);
    let mut best = level.columns.clone();
    let mut fewest = crossings(level, &best);
    let mut columns = best.clone();
    let mut idle = 0;
    for sweep in 0..SWEEPS {
        neighbours.sweep(&mut columns, sweep % 2 == 0);
        let found = crossings(level, &columns);
        if found < fewest {
            (fewest, best, idle) = (found, columns.clone(), 0);
        } else {
            idle += 1;
        }
        if fewest == 0 || idle == PATIENCE {
            break;
        }
    }
    level.columns = best;
}

/// What each vertex is linked with on either side.
struct Neighbours {
    left: Vec<Vec<usize>>,
    right: Vec<Vec<usize>>,
}

impl Neighbours {
    fn new(level: &Level) -> Self {
        let mut left = vec![Vec::new(); level.vertices.len()];
        let mut right = left.clone();
        for link in &level.links {
            left[link.right].push(link.left);
            right[link.left].push(link.right);
        }
        Self { left, right }
    }

    /// Sorts every column after the one before it, from the left or from the right.
    fn sweep(&self, columns: &mut [Vec<usize>], from_left: bool) {
        let mut places = vec![0.0; self.left.len()];
        for column in columns.iter() {
            self.number(column, &mut places);
        }
        let sides = if from_left { &self.left } else { &self.right };
        let order: Vec<usize> =
            if from_left { (0..columns.len()).collect() } else { (0..columns.len()).rev().collect() };
        for at in order {
            let column = &mut columns[at];
            let mut keyed: Vec<(f64, usize)> = column
                .iter()
                .map(|vertex| (self.wanted(*vertex, &sides[*vertex], &places), *vertex))
                .collect();
            // Stable: what is equal stays in its order.
            keyed.sort_by(|(one, _), (other, _)| one.total_cmp(other));
            *column = keyed.into_iter().map(|(_, vertex)| vertex).collect();
            self.number(column, &mut places);
        }
    }

    fn wanted(&self, vertex: usize, neighbours: &[usize], places: &[f64]) -> f64 {
        match neighbours {
            // What nothing is linked with stands below the rest.
            [] if self.left[vertex].is_empty() && self.right[vertex].is_empty() => f64::INFINITY,
            [] => places[vertex],
            _ => neighbours.iter().map(|at| places[*at]).sum::<f64>() / neighbours.len() as f64,
        }
    }

    /// Places from 0 to 1, so that columns of different heights compare.
    fn number(&self, column: &[usize], places: &mut [f64]) {
        let height = column.len() as f64;
        for (at, vertex) in column.iter().enumerate() {
            places[*vertex] = (at as f64 + 0.5) / height;
        }
    }
}

/// How many pairs of links cross.
pub(super) fn crossings(level: &Level, columns: &[Vec<usize>]) -> usize {
    let mut place = vec![(0, 0); level.vertices.len()];
    for (column, vertices) in columns.iter().enumerate() {
        vertices.iter().enumerate().for_each(|(at, vertex)| place[*vertex] = (column, at));
    }
    let mut between = vec![Vec::new(); columns.len()];
    for link in &level.links {
        let (column, left) = place[link.left];
        between[column].push((left, place[link.right].1));
    }
    between.into_iter().map(inversions).sum()
}

/// Pairs whose ends are in the other order than their starts, counted with a binary indexed tree.
fn inversions(mut pairs: Vec<(usize, usize)>) -> usize {
    pairs.sort_unstable();
    let size = pairs.iter().map(|(_, right)| right + 1).max().unwrap_or(0);
    let mut tree = vec![0usize; size + 1];
    let mut crossing = 0;
    for (seen, (_, right)) in pairs.iter().enumerate() {
        let mut at = right + 1;
        let mut below = 0;
        while at > 0 {
            below += tree[at];
            at &= at - 1;
        }
        crossing += seen - below;
        at = right + 1;
        while at <= size {
            tree[at] += 1;
            at += at & at.wrapping_neg();
        }
    }
    crossing
}
