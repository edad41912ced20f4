//! A picture as a Mermaid flowchart: GitHub and GitLab draw it where it stands in a page.

use super::{Picture, Tone};

pub(super) fn write(picture: &Picture) -> String {
    let title = serde_json::Value::from(picture.title.as_str()).to_string();
    let mut lines = vec!["---".to_owned(), format!("title: {title}"), "---".to_owned()];
    lines.push("flowchart RL".to_owned());
    lines.extend(picture.note.iter().map(|note| format!("  %% {note}")));
    inside(picture, None, 1, &mut lines);
    lines.extend(picture.needs.iter().map(|(from, to)| format!("  n{from} --> n{to}")));
    for tone in picture.tones().into_iter().filter(|tone| *tone != Tone::Declared) {
        let (fill, line) = tone.colors();
        let name = class(tone);
        lines.push(format!("  classDef {name} fill:{fill},stroke:{line},color:#1f2328"));
        let of_tone = |at: &usize| picture.boxes[*at].tone == tone;
        let members: Vec<String> =
            (0..picture.boxes.len()).filter(of_tone).map(|at| format!("n{at}")).collect();
        lines.push(format!("  class {} {name}", members.join(",")));
    }
    lines.join("\n")
}

fn inside(picture: &Picture, group: Option<usize>, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let (groups, boxes) = picture.inside(group);
    for at in boxes {
        let tile = &picture.boxes[at];
        let label = quote(&tile.label());
        // Rounded: only read.
        let shape = if tile.data { format!("([{label}])") } else { format!("[{label}]") };
        lines.push(format!("{indent}n{at}{shape}"));
    }
    for at in groups {
        lines.push(format!("{indent}subgraph g{at}[{}]", quote(&picture.groups[at].text)));
        inside(picture, Some(at), depth + 1, lines);
        lines.push(format!("{indent}end"));
    }
}

/// Words that are no keywords of the language.
fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Declared => "declared",
        Tone::Create => "created",
        Tone::Update => "updated",
        Tone::Replace | Tone::ReplaceFirst | Tone::ReplaceKeep => "replaced",
        Tone::Delete => "deleted",
        Tone::Read => "read",
        Tone::Forget => "forgotten",
        Tone::Unchanged => "unchanged",
        Tone::Mixed => "mixed",
    }
}

/// Text between quotes. What would end it, or be read as HTML, Markdown or an entity, becomes an entity of the language; so does what
/// stands first, since a label that begins like a list is refused.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for (at, c) in text.chars().enumerate() {
        match c {
            c if c.is_control() => quoted.push(' '),
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | '*' | '_' | ';' => entity(c, &mut quoted),
            '+' | '-' | '~' if at == 0 => entity(c, &mut quoted),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn entity(c: char, quoted: &mut String) {
    quoted.push_str(&format!("#{};", u32::from(c)));
}
