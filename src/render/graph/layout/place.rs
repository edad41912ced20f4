//! Columns → coordinates: each column as wide as its widest box, and every vertex as near to the height of its neighbours as the
//! others of its column allow.
//!
//! For one column that is a least-squares problem with an order to keep, which pooling neighbours solves exactly (isotonic regression);
//! sweeps over the columns bring them together.

use super::level::{Level, Link, Port, Side, Vertex};
use super::{Child, HEIGHT, Inner, Input, Layout, Line, PADDING, Rect, TITLE};
use std::collections::BTreeMap;

/// Room between two boxes of a column, and beside a gap.
const APART: f64 = 12.0;
const NARROW: f64 = 5.0;

/// Room between two columns; more where many lines turn.
const BETWEEN: f64 = 44.0;
const TURN: f64 = 1.5;
const MOST: f64 = 130.0;

/// How often the columns are brought together.
const SWEEPS: usize = 12;

struct Placing<'p> {
    level: &'p Level,
    frames: &'p BTreeMap<usize, Inner>,
    /// The size of each vertex.
    sizes: Vec<(f64, f64)>,
    /// The upper edge of each vertex.
    tops: Vec<f64>,
    /// The least width of the frame around it, if there is one.
    least: Option<f64>,
}

/// Gives coordinates to a level, and the height of each of its ports.
pub(super) fn place(
    input: &Input<'_>,
    level: &Level,
    frames: &BTreeMap<usize, Inner>,
    least: Option<f64>,
) -> Inner {
    let sizes = sizes(input, level, frames);
    let tops = vec![0.0; level.vertices.len()];
    let mut placing = Placing { level, frames, sizes, tops, least };
    placing.stack();
    placing.straighten();
    placing.draw()
}

/// The size of each vertex. The boxes of a column are equally wide.
fn sizes(input: &Input<'_>, level: &Level, frames: &BTreeMap<usize, Inner>) -> Vec<(f64, f64)> {
    let mut sizes: Vec<(f64, f64)> = level.vertices.iter().map(|v| size(input, frames, *v)).collect();
    let is_box = |at: &&usize| matches!(level.vertices[**at], Vertex::Child(Child::Box(_)));
    for column in &level.columns {
        let widest = column.iter().filter(is_box).map(|at| sizes[*at].0).fold(0.0, f64::max);
        column.iter().filter(is_box).for_each(|at| sizes[*at].0 = widest);
    }
    sizes
}

fn size(input: &Input<'_>, frames: &BTreeMap<usize, Inner>, vertex: Vertex) -> (f64, f64) {
    match vertex {
        Vertex::Child(Child::Box(at)) => (input.boxes[at].0, HEIGHT),
        Vertex::Child(Child::Frame(at)) => {
            let inner = &frames[&at].layout;
            (inner.width, inner.height)
        }
        Vertex::Port(_) | Vertex::Gap { .. } => (0.0, 0.0),
    }
}

impl Placing<'_> {
    fn is_line(&self, vertex: usize) -> bool {
        !matches!(self.level.vertices[vertex], Vertex::Child(_))
    }

    /// The room that two neighbours of a column need between them.
    fn apart(&self, one: usize, other: usize) -> f64 {
        if self.is_line(one) && self.is_line(other) { NARROW } else { APART }
    }

    /// Puts the vertices of each column one below the other.
    fn stack(&mut self) {
        for column in &self.level.columns {
            let mut y = 0.0;
            for (at, vertex) in column.iter().enumerate() {
                self.tops[*vertex] = y;
                let next = column.get(at + 1).map_or(0.0, |next| self.apart(*vertex, *next));
                y += self.sizes[*vertex].1 + next;
            }
        }
    }

    /// How far below its upper edge a link meets a vertex.
    fn attach(&self, vertex: usize, side: Side, link: &Link) -> f64 {
        let Vertex::Child(Child::Frame(frame)) = self.level.vertices[vertex] else {
            return self.sizes[vertex].1 / 2.0;
        };
        // A line goes out on the side that it leads to, and comes in on the other.
        let out = (side == Side::Left) == link.leftwards;
        let port = Port { target: link.target, side, out };
        self.frames[&frame].ports.get(&port).copied().unwrap_or(TITLE / 2.0)
    }

    fn ends(&self, link: &Link) -> (f64, f64) {
        let left = self.tops[link.left] + self.attach(link.left, Side::Right, link);
        let right = self.tops[link.right] + self.attach(link.right, Side::Left, link);
        (left, right)
    }

    fn straighten(&mut self) {
        let mut of = vec![Vec::new(); self.level.vertices.len()];
        for link in &self.level.links {
            of[link.left].push(*link);
            of[link.right].push(*link);
        }
        let columns = self.level.columns.len();
        for sweep in 0..SWEEPS {
            for at in 0..columns {
                let at = if sweep % 2 == 0 { at } else { columns - 1 - at };
                self.settle(&self.level.columns[at].clone(), &of);
            }
        }
        let top = self.tops.iter().copied().fold(f64::INFINITY, f64::min);
        self.tops.iter_mut().for_each(|y| *y -= top);
    }

    /// Moves a column as near to where its links lead as its order allows.
    fn settle(&mut self, column: &[usize], of: &[Vec<Link>]) {
        // Where each would stand if all were pushed together: what is left is a sequence that must not fall.
        let mut offset = 0.0;
        let mut wanted = Vec::with_capacity(column.len());
        let mut offsets = Vec::with_capacity(column.len());
        for (at, vertex) in column.iter().enumerate() {
            let (ideal, weight) = self.ideal(*vertex, &of[*vertex]);
            wanted.push((ideal - offset, weight));
            offsets.push(offset);
            let next = column.get(at + 1).map_or(0.0, |next| self.apart(*vertex, *next));
            offset += self.sizes[*vertex].1 + next;
        }
        for ((vertex, y), offset) in column.iter().zip(rising(&wanted)).zip(offsets) {
            self.tops[*vertex] = y + offset;
        }
    }

    /// Where a vertex would stand best, and how much that matters.
    fn ideal(&self, vertex: usize, links: &[Link]) -> (f64, f64) {
        if links.is_empty() {
            return (self.tops[vertex], 0.1);
        }
        let shift = |link: &Link| {
            let (left, right) = self.ends(link);
            if link.left == vertex { right - left } else { left - right }
        };
        let mean = links.iter().map(shift).sum::<f64>() / links.len() as f64;
        // Bends in a long line look worse than at a box.
        let weight = if self.is_line(vertex) { 4.0 } else { 1.0 };
        (self.tops[vertex] + mean, weight)
    }

    /// The left edge of each column and its width; and the width of all.
    fn columns(&self, column_of: &[usize]) -> (Vec<(f64, f64)>, f64) {
        let mut turns = vec![0usize; self.level.columns.len()];
        for link in &self.level.links {
            let (left, right) = self.ends(link);
            turns[column_of[link.left]] += usize::from((left - right).abs() > 1.0);
        }
        let last = turns.len() - 1;
        let mut x: f64 = 0.0;
        let mut found = Vec::new();
        for (at, column) in self.level.columns.iter().enumerate() {
            let width = column.iter().map(|vertex| self.sizes[*vertex].0).fold(0.0, f64::max);
            if at == last {
                x = self.least.map_or(x, |least| x.max(least));
            }
            found.push((x, width));
            let beside_border = at == 0 || at + 1 == last;
            x += width
                + match (beside_border, self.least.is_some(), turns[at]) {
                    _ if at == last => 0.0,
                    (true, false, _) => 0.0,
                    (true, true, 0) => PADDING,
                    (true, true, _) => BETWEEN,
                    (false, ..) => (BETWEEN + TURN * turns[at] as f64).min(MOST),
                };
        }
        (found, x)
    }

    fn column_of(&self) -> Vec<usize> {
        let mut column_of = vec![0; self.level.vertices.len()];
        for (at, column) in self.level.columns.iter().enumerate() {
            column.iter().for_each(|vertex| column_of[*vertex] = at);
        }
        column_of
    }

    fn draw(&self) -> Inner {
        let column_of = self.column_of();
        let (columns, width) = self.columns(&column_of);
        let (above, below) = if self.least.is_some() { (TITLE, PADDING) } else { (0.0, 0.0) };
        let bottoms = self.tops.iter().zip(&self.sizes).map(|(top, (_, height))| top + height);
        let height = bottoms.fold(0.0, f64::max) + above + below;
        let mut inner =
            Inner { layout: Layout { width, height, ..Layout::default() }, ports: BTreeMap::new() };
        for (at, vertex) in self.level.vertices.iter().enumerate() {
            let (x, wide) = columns[column_of[at]];
            let y = self.tops[at] + above;
            let (width, height) = self.sizes[at];
            match vertex {
                Vertex::Child(Child::Box(at)) => {
                    inner.layout.boxes.insert(*at, Rect { x, y, width, height });
                }
                Vertex::Child(Child::Frame(at)) => inner.layout.embed(*at, (x, y), &self.frames[at].layout),
                Vertex::Port(port) => {
                    inner.ports.insert(*port, y);
                }
                Vertex::Gap { .. } => {
                    inner.layout.lines.push(Line { from: (x, y), to: (x + wide, y), arrow: false });
                }
            }
        }
        for link in &self.level.links {
            let ends = self.ends(link);
            let (x, wide) = columns[column_of[link.left]];
            let (right, _) = columns[column_of[link.right]];
            let own = x + self.own_width(link.left, wide);
            let left = [(own, ends.0 + above), (x + wide, ends.0 + above)];
            inner.layout.lines.extend(self.pieces(link, left, (right, ends.1 + above)));
        }
        inner
    }

    /// How wide a vertex is where a line leaves it: a gap goes through its whole column.
    fn own_width(&self, vertex: usize, column: f64) -> f64 {
        if self.is_line(vertex) { column } else { self.sizes[vertex].0 }
    }

    /// A link as lines: straight to the edge of the left column, then to the right one; or the other way.
    fn pieces(&self, link: &Link, [own, edge]: [(f64, f64); 2], right: (f64, f64)) -> Vec<Line> {
        let end = if link.leftwards { link.left } else { link.right };
        let arrow = self.level.vertices[end] == Vertex::Child(Child::Box(link.target));
        let bridged = edge.0 - own.0 > 0.5;
        let points = if bridged { vec![own, edge, right] } else { vec![own, right] };
        let points: Vec<_> = if link.leftwards { points.into_iter().rev().collect() } else { points };
        let last = points.len() - 2;
        let pairs = points.windows(2).enumerate();
        pairs.map(|(at, pair)| Line { from: pair[0], to: pair[1], arrow: arrow && at == last }).collect()
    }
}

impl Layout {
    /// Takes a frame with all that is in it.
    fn embed(&mut self, frame: usize, (x, y): (f64, f64), inner: &Layout) {
        let moved = |rect: &Rect| Rect { x: rect.x + x, y: rect.y + y, ..*rect };
        let shifted = |(a, b): (f64, f64)| (a + x, b + y);
        self.frames.insert(frame, Rect { x, y, width: inner.width, height: inner.height });
        self.frames.extend(inner.frames.iter().map(|(at, rect)| (*at, moved(rect))));
        self.boxes.extend(inner.boxes.iter().map(|(at, rect)| (*at, moved(rect))));
        let line = |line: &Line| Line { from: shifted(line.from), to: shifted(line.to), ..*line };
        self.lines.extend(inner.lines.iter().map(line));
    }
}

/// The sequence that never falls and is nearest to the wanted one, each with its weight: neighbours in the wrong order are pooled.
fn rising(wanted: &[(f64, f64)]) -> Vec<f64> {
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for (value, weight) in wanted {
        let mut pool = (*value, *weight, 1);
        while let Some((before, heavy, count)) = pools.pop_if(|(before, ..)| *before > pool.0) {
            let both = heavy + pool.1;
            pool = ((before * heavy + pool.0 * pool.1) / both, both, count + pool.2);
        }
        pools.push(pool);
    }
    pools.into_iter().flat_map(|(value, _, count)| std::iter::repeat_n(value, count)).collect()
}
