//! What depends on what, as a picture: dot, Mermaid, or an SVG that is laid out here.
//!
//! A configuration ([`blocks`]) or a plan ([`objects`]) becomes a [`Picture`]: boxes, the modules around them, and who needs whom. One with
//! too many boxes is made smaller in [`collapse`]; then a writer for each format puts it into text. The same picture gives the same bytes.

mod collapse;
mod dot;
mod entries;
mod layout;
mod mermaid;
mod svg;

use crate::config::Config;
use crate::plan::{Plan, Walk};
use entries::Entries;

/// The language a picture is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Dot,
    Svg,
    Mermaid,
}

/// A graph as it will be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Picture {
    title: String,
    /// What is not as one might expect: that several objects share a box.
    note: Option<String>,
    boxes: Vec<Tile>,
    /// Modules, each behind the one around it.
    groups: Vec<Group>,
    /// Pairs of boxes: the first needs the second. Without those that follow from others.
    needs: Vec<(usize, usize)>,
}

/// A box: a block, an object, or several of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tile {
    /// Its address, which no other box has.
    id: String,
    /// What stands in it, behind the symbol.
    text: String,
    tone: Tone,
    /// Only read, never changed by us.
    data: bool,
    group: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    id: String,
    text: String,
    parent: Option<usize>,
}

/// What happens to what a box stands for. Each has a symbol, so that colour is never needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tone {
    /// A block of a configuration: nothing is known of what happens to it.
    Declared,
    Read,
    Create,
    Update,
    Replace,
    ReplaceFirst,
    ReplaceKeep,
    Delete,
    Forget,
    Unchanged,
    /// Several objects to which different things happen.
    Mixed,
}

impl Tone {
    fn symbol(self) -> &'static str {
        match self {
            Self::Declared => "",
            Self::Read => "<=",
            Self::Create => "+",
            Self::Update => "~",
            Self::Replace => "-/+",
            Self::ReplaceFirst => "+/-",
            Self::ReplaceKeep => "./+",
            Self::Delete => "-",
            Self::Forget => ".",
            Self::Unchanged => "=",
            Self::Mixed => "*",
        }
    }

    /// What a legend says of it.
    fn meaning(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Read => "read during apply",
            Self::Create => "create",
            Self::Update => "update in place",
            Self::Replace => "delete, then create",
            Self::ReplaceFirst => "create, then delete",
            Self::ReplaceKeep => "forget, then create",
            Self::Delete => "delete",
            Self::Forget => "forget, leave in place",
            Self::Unchanged => "unchanged",
            Self::Mixed => "several, see the numbers",
        }
    }

    /// Fill and outline. Dark text on every fill has a contrast of at least 7 to 1.
    fn colors(self) -> (&'static str, &'static str) {
        match self {
            Self::Declared => ("#ffffff", "#57606a"),
            Self::Read => ("#eaeef2", "#0969da"),
            Self::Create => ("#dafbe1", "#1a7f37"),
            Self::Update => ("#fff8c5", "#9a6700"),
            Self::Replace | Self::ReplaceFirst | Self::ReplaceKeep => ("#fbefff", "#8250df"),
            Self::Delete => ("#ffebe9", "#cf222e"),
            Self::Forget => ("#f6f8fa", "#8c959f"),
            Self::Unchanged => ("#ffffff", "#afb8c1"),
            Self::Mixed => ("#ddf4ff", "#0969da"),
        }
    }
}

impl Tile {
    /// Everything that stands in the box.
    fn label(&self) -> String {
        match self.tone.symbol() {
            "" => self.text.clone(),
            symbol => format!("{symbol} {}", self.text),
        }
    }
}

impl Picture {
    /// The tones that it has, each once.
    fn tones(&self) -> std::collections::BTreeSet<Tone> {
        self.boxes.iter().map(|tile| tile.tone).collect()
    }

    /// The groups directly in `parent`, and the boxes.
    fn inside(&self, parent: Option<usize>) -> (Vec<usize>, Vec<usize>) {
        let groups = (0..self.groups.len()).filter(|at| self.groups[*at].parent == parent).collect();
        let boxes = (0..self.boxes.len()).filter(|at| self.boxes[*at].group == parent).collect();
        (groups, boxes)
    }
}

/// What the blocks of a configuration need.
pub fn blocks(config: &Config, walk: &Walk, format: Format) -> String {
    write(entries::of_blocks(config, walk), format)
}

/// What the objects of a plan need, and what happens to each.
pub fn objects(plan: &Plan, format: Format) -> String {
    write(entries::of_objects(plan), format)
}

fn write(entries: Entries, format: Format) -> String {
    let picture = collapse::picture(&entries);
    match format {
        Format::Dot => dot::write(&picture),
        Format::Svg => svg::write(&picture),
        Format::Mermaid => mermaid::write(&picture),
    }
}

#[cfg(test)]
mod tests;
