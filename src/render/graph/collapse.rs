//! Entries → a picture that can be looked at: beyond [`LEGIBLE`] boxes the objects of a block share one, then the innermost modules
//! become boxes, and so on outwards.

use super::entries::{Entries, Entry};
use super::{Group, Picture, Tile, Tone};
use crate::addr::ModulePath;
use crate::graph::{Dag, Node};
use crate::render::paint::count;
use std::collections::{BTreeMap, BTreeSet};

/// More boxes than this cannot be taken in.
const LEGIBLE: usize = 200;

/// Nor can more lines.
const TRACEABLE: usize = 600;

/// How much is put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// A box for each entry.
    Whole,
    /// The objects of a block share a box.
    Blocks,
    /// So do all objects of the modules at this depth and below.
    Modules(usize),
}

/// Where an entry goes: the module around its box, and what the box stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    module: ModulePath,
    name: String,
    /// The box stands for modules.
    whole: bool,
}

/// The picture of all entries, or a smaller one that is legible, or the smallest.
pub(super) fn picture(entries: &Entries) -> Picture {
    let depth = entries.all.iter().map(|entry| entry.module.0.len()).max().unwrap_or(0);
    let stages = [Stage::Whole, Stage::Blocks].into_iter();
    let stages = stages.chain((1..=depth).rev().map(Stage::Modules));
    let mut drawn = None;
    for stage in stages {
        let picture = draw(entries, stage);
        let legible = picture.boxes.len() <= LEGIBLE && picture.needs.len() <= TRACEABLE;
        drawn = Some(picture);
        if legible {
            break;
        }
    }
    drawn.unwrap_or_else(|| draw(entries, Stage::Whole))
}

fn place(entry: &Entry, stage: Stage) -> Place {
    let of = |module: &ModulePath, name: String, whole| Place { module: module.clone(), name, whole };
    match stage {
        Stage::Whole => of(&entry.module, entry.name(), false),
        Stage::Modules(depth) if entry.module.0.len() >= depth => {
            let (around, inner) = entry.module.0.split_at(depth - 1);
            of(&ModulePath(around.into()), format!("module.{}", inner[0].name), true)
        }
        Stage::Blocks | Stage::Modules(_) => of(&entry.module, entry.resource.to_string(), false),
    }
}

fn draw(entries: &Entries, stage: Stage) -> Picture {
    let mut members: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
    for (at, entry) in entries.all.iter().enumerate() {
        members.entry(place(entry, stage)).or_default().push(at);
    }
    let (groups, numbers) = groups(entries, members.keys());
    let mut own = vec![0; entries.all.len()];
    let mut boxes = Vec::new();
    for (place, of_box) in &members {
        of_box.iter().for_each(|at| own[*at] = boxes.len());
        let group = numbers.get(&place.module).copied();
        boxes.push(tile(entries, place, of_box, stage, group));
    }
    let needs = reduced(boxes.len(), entries.needs.iter().map(|(from, to)| (own[*from], own[*to])));
    let note = note(entries, stage, boxes.len());
    Picture { title: entries.title.clone(), note, boxes, groups, needs }
}

fn note(entries: &Entries, stage: Stage, boxes: usize) -> Option<String> {
    let number = entries.all.len();
    let together = match stage {
        Stage::Whole => return None,
        _ if boxes == number => return None,
        Stage::Blocks => "the objects of a block share a box",
        Stage::Modules(_) => "objects of a block share a box, inner modules are boxes",
    };
    Some(format!("{} in {}: {together}", count(number, entries.noun), count_boxes(boxes)))
}

fn count_boxes(number: usize) -> String {
    if number == 1 { "1 box".to_owned() } else { format!("{number} boxes") }
}

/// The modules around the boxes, outer ones first, and the number of each.
fn groups<'p>(
    entries: &Entries,
    places: impl Iterator<Item = &'p Place>,
) -> (Vec<Group>, BTreeMap<ModulePath, usize>) {
    let mut paths = BTreeSet::new();
    for place in places {
        let steps = &place.module.0;
        paths.extend((1..=steps.len()).map(|depth| ModulePath(steps[..depth].into())));
    }
    let numbers: BTreeMap<ModulePath, usize> = paths.into_iter().zip(0..).collect();
    let group = |path: &ModulePath| {
        let around = ModulePath(path.0[..path.0.len() - 1].into());
        let id = path.to_string();
        let text = remarked(id.clone(), entries.remarks.get(path).copied());
        Group { id, text, parent: numbers.get(&around).copied() }
    };
    (numbers.keys().map(group).collect(), numbers)
}

fn remarked(text: String, remark: Option<&str>) -> String {
    match remark {
        Some(remark) => format!("{text} ({remark})"),
        None => text,
    }
}

fn tile(entries: &Entries, place: &Place, of_box: &[usize], stage: Stage, group: Option<usize>) -> Tile {
    let members = || of_box.iter().map(|at| &entries.all[*at]);
    let path = ModulePath(place.module.0.clone());
    let around = if path.is_root() { String::new() } else { format!("{path}.") };
    let id = format!("{around}{}", place.name);
    let tones: BTreeSet<Tone> = members().map(|entry| entry.tone).collect();
    let tone = match tones.first() {
        Some(tone) if tones.len() == 1 => *tone,
        _ => Tone::Mixed,
    };
    let data = members().all(Entry::is_data);
    let text = match (of_box, place.whole) {
        ([at], false) => {
            let entry = &entries.all[*at];
            let name = if stage == Stage::Whole { place.name.clone() } else { entry.name() };
            remarked(name, entry.remark)
        }
        _ => several(entries, place, of_box, &tones),
    };
    Tile { id, text, tone, data, group }
}

/// `instance.desk ×40`, `module.crm ×3, 24 objects: +20 ~4`.
fn several(entries: &Entries, place: &Place, of_box: &[usize], tones: &BTreeSet<Tone>) -> String {
    let members = || of_box.iter().map(|at| &entries.all[*at]);
    let mut text = if place.whole {
        let depth = place.module.0.len();
        let modules: BTreeSet<_> = members().map(|entry| &entry.module.0[..=depth]).collect();
        let times = if modules.len() > 1 { format!(" ×{}", modules.len()) } else { String::new() };
        format!("{}{times}, {}", place.name, count(of_box.len(), entries.noun))
    } else {
        format!("{} ×{}", place.name, of_box.len())
    };
    if tones.len() > 1 {
        let number = |tone: &Tone| members().filter(|entry| entry.tone == *tone).count();
        let parts: Vec<String> = tones.iter().map(|t| format!("{}{}", t.symbol(), number(t))).collect();
        text.push_str(&format!(": {}", parts.join(" ")));
    }
    text
}

/// The edges between different boxes, each once, without those that follow from others.
fn reduced(boxes: usize, needs: impl Iterator<Item = (usize, usize)>) -> Vec<(usize, usize)> {
    let mut dag = Dag::new();
    let nodes: Vec<Node> = (0..boxes).map(|_| dag.add(())).collect();
    needs.for_each(|(from, to)| dag.needs(nodes[from], nodes[to]));
    dag.reduced().into_iter().map(|(from, to)| (from.0 as usize, to.0 as usize)).collect()
}
