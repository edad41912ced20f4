//! A picture in Graphviz's language: what `terraform graph` writes, with colours and symbols.

use super::{Picture, Tile, Tone};

pub(super) fn write(picture: &Picture) -> String {
    let mut lines = vec![
        "digraph G {".to_owned(),
        "  rankdir = \"RL\";".to_owned(),
        format!("  label = {};", quote(&title(picture))),
        "  labelloc = \"t\";".to_owned(),
        "  fontname = \"sans-serif\";".to_owned(),
        "  node [shape = rect, fontname = \"sans-serif\"];".to_owned(),
    ];
    inside(picture, None, 1, &mut lines);
    for (from, to) in &picture.needs {
        let [from, to] = [from, to].map(|at| quote(&picture.boxes[*at].id));
        lines.push(format!("  {from} -> {to};"));
    }
    lines.push("}".to_owned());
    lines.join("\n")
}

fn title(picture: &Picture) -> String {
    match &picture.note {
        Some(note) => format!("{}\n{note}", picture.title),
        None => picture.title.clone(),
    }
}

fn inside(picture: &Picture, group: Option<usize>, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let (groups, boxes) = picture.inside(group);
    for tile in boxes.into_iter().map(|at| &picture.boxes[at]) {
        lines.push(format!("{indent}{} [label={}{}];", quote(&tile.id), quote(&tile.label()), looks(tile)));
    }
    for at in groups {
        let group = &picture.groups[at];
        lines.push(format!("{indent}subgraph {} {{", quote(&format!("cluster_{}", group.id))));
        lines.push(format!("{indent}  label = {};", quote(&group.text)));
        inside(picture, Some(at), depth + 1, lines);
        lines.push(format!("{indent}}}"));
    }
}

fn looks(tile: &Tile) -> String {
    let styles: Vec<&str> =
        [(tile.tone != Tone::Declared).then_some("filled"), tile.data.then_some("dashed")]
            .into_iter()
            .flatten()
            .collect();
    let mut text = String::new();
    if tile.tone != Tone::Declared {
        let (fill, line) = tile.tone.colors();
        text = format!(", fillcolor=\"{fill}\", color=\"{line}\"");
    }
    if !styles.is_empty() {
        text.push_str(&format!(", style=\"{}\"", styles.join(",")));
    }
    text
}

/// A string of the language. Only quotes need an escape there, but labels also read `\n`, `\l`, `\G` and the like.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
