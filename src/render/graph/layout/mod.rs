//! Boxes and who needs whom → where each stands and how the lines run: a layered layout, module by module.
//!
//! Each module is laid out on its own, then stands as one box in the module around it. Within a module the boxes stand in columns by
//! what they need ([`rank`]), what is needed further left; long lines pass columns through gaps of their own, and all lines to the same
//! box share them. [`order`] sorts each column so that few lines cross, [`place`] straightens them. A line that leaves a module passes a
//! *port*, a place on its frame, so that no line runs through a box.

mod level;
mod order;
mod place;
mod rank;

use level::{Level, Port};
use std::collections::BTreeMap;

/// The height of a box.
pub(super) const HEIGHT: f64 = 26.0;

/// The height of a frame's title, and the room between a frame and what it holds.
pub(super) const TITLE: f64 = 24.0;
pub(super) const PADDING: f64 = 12.0;

/// What is to be laid out.
pub(super) struct Input<'i> {
    /// The width of each box, and the frame around it.
    pub boxes: &'i [(f64, Option<usize>)],
    /// The least width of each frame, for its title, and the frame around it. Outer frames first.
    pub frames: &'i [(f64, Option<usize>)],
    /// Pairs of boxes: the first needs the second.
    pub needs: &'i [(usize, usize)],
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// A piece of a line: from one place to another, with a point at its end or none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    pub from: (f64, f64),
    pub to: (f64, f64),
    pub arrow: bool,
}

/// Where everything is, from the upper left corner.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    pub width: f64,
    pub height: f64,
    pub boxes: BTreeMap<usize, Rect>,
    pub frames: BTreeMap<usize, Rect>,
    pub lines: Vec<Line>,
}

/// A box or a frame within the module that is being laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Child {
    Box(usize),
    Frame(usize),
}

/// What a module looks like from outside: its size, what is in it, and how high its ports are.
struct Inner {
    layout: Layout,
    ports: BTreeMap<Port, f64>,
}

/// Lays out everything.
pub(super) fn layout(input: &Input<'_>) -> Layout {
    inside(input, None, &BTreeMap::new()).layout
}

/// Lays out the inside of a frame, or of the whole picture. `ports` says which boxes inside each port leads to.
fn inside(input: &Input<'_>, frame: Option<usize>, ports: &BTreeMap<Port, Vec<usize>>) -> Inner {
    let mut level = Level::new(input, frame, ports);
    let children = level.ports(input, ports).into_iter();
    let frames = children.map(|(child, ports)| (child, inside(input, Some(child), &ports))).collect();
    order::sort(&mut level);
    place::place(input, &level, &frames, frame.map(|frame| input.frames[frame].0))
}

impl Input<'_> {
    /// The child of `frame` that a box is, or is in; `None` when it is elsewhere.
    fn child(&self, frame: Option<usize>, of: usize) -> Option<Child> {
        let mut at = Child::Box(of);
        let mut around = self.boxes[of].1;
        while around != frame {
            let outer = around?;
            at = Child::Frame(outer);
            around = self.frames[outer].1;
        }
        Some(at)
    }

    /// How many boxes are in a frame, however deep.
    fn content(&self, frame: usize) -> usize {
        let inside = |at: &usize| self.child(Some(frame), *at).is_some();
        (0..self.boxes.len()).filter(inside).count()
    }
}

#[cfg(test)]
mod tests;
