//! Complaints → text: the source with the place underlined, drawn by `annotate-snippets`.
//!
//! That crate panics at spans outside the text and splits whole files into lines, so it only ever sees a window of lines and spans
//! clamped into it.

use super::Style;
use super::paint::{Ink, count, visible, wrap};
use crate::diag::{Diagnostic, FileId, Severity, Sources, Span};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::ops::Range;

/// Places of one file that are at most so many lines apart are shown in one piece.
const NEAR: usize = 50;
/// Of a longer place only the first lines are shown.
const LONGEST: usize = 40;

/// All complaints, in the order given, with an empty line between them. Ends with a line break unless it is empty.
pub fn diagnostics(all: &[Diagnostic], sources: &Sources, style: &Style) -> String {
    let texts: Vec<String> = all.iter().map(|diagnostic| one(diagnostic, sources, style)).collect();
    texts.join("\n")
}

/// What stands below the complaints when nothing was begun.
pub fn error_count(errors: usize) -> String {
    format!("{}; nothing was sent and nothing was changed.", count(errors, "error"))
}

fn one(diagnostic: &Diagnostic, sources: &Sources, style: &Style) -> String {
    match diagnostic.span {
        Some(span) => with_source(diagnostic, span, sources, style),
        None => without_source(diagnostic, style),
    }
}

fn without_source(diagnostic: &Diagnostic, style: &Style) -> String {
    let (name, ink) = match diagnostic.severity {
        Severity::Error => ("Error", Ink::Removed),
        Severity::Warning => ("Warning", Ink::Changed),
    };
    let summary = style.paint(Ink::Strong, &visible(&diagnostic.summary));
    let mut lines = vec![format!("{}: {summary}", style.paint(ink, name))];
    let body =
        detail(diagnostic).or_else(|| (!diagnostic.label.is_empty()).then(|| visible(&diagnostic.label)));
    lines.extend(body.map(|body| indented(&body, style)));
    lines.extend(diagnostic.help.iter().map(|help| indented(&format!("help: {}", visible(help)), style)));
    lines.join("\n") + "\n"
}

fn indented(text: &str, style: &Style) -> String {
    let text: Vec<String> = text.lines().map(|line| format!("  {line}")).collect();
    wrap(&text.join("\n"), style.width)
}

fn with_source(diagnostic: &Diagnostic, span: Span, sources: &Sources, style: &Style) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR.with_name("Error"),
        Severity::Warning => Level::WARNING.with_name("Warning"),
    };
    let mut group: Group<'_> = Group::with_title(level.primary_title(visible(&diagnostic.summary)));
    for window in windows(diagnostic, span, sources) {
        group = group.element(window.snippet(sources));
    }
    if let Some(detail) = detail(diagnostic) {
        let room = style.width.map(|width| width.saturating_sub(14));
        group = group.element(Level::NOTE.message(wrap(&detail, room)));
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(visible(help)));
    }
    // Without a terminal, too, a line of thousands of columns is cut around the place.
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(style.width.unwrap_or(300));
    let text = renderer.render(&[group]);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

/// The detail, unless the label has said it.
fn detail(diagnostic: &Diagnostic) -> Option<String> {
    let detail = visible(diagnostic.detail.trim());
    let said = !diagnostic.label.is_empty() && says_no_more(&detail, &diagnostic.label);
    (!detail.is_empty() && !said).then_some(detail)
}

/// A sentence of at most so many bytes is Terraform's wording of what the label says in ours: JSON keeps it.
const BRIEF: usize = 110;

/// Whether a one-sentence detail has no more than a few words that the label lacks, or is brief.
fn says_no_more(detail: &str, label: &str) -> bool {
    let (detail_words, label_words) = (words(detail), words(label));
    let new = detail_words.iter().filter(|word| !label_words.contains(word)).count();
    let sentences = detail.trim_end_matches('.').split(". ").count();
    sentences == 1 && !detail.contains('\n') && (new * 2 <= detail_words.len() || detail.len() <= BRIEF)
}

fn words(text: &str) -> Vec<String> {
    let separate = |char: char| !char.is_alphanumeric() && char != '_';
    text.split(separate).filter(|word| word.len() > 2).map(str::to_lowercase).collect()
}

/// Lines of one file and what is marked in them.
struct Window {
    file: FileId,
    /// From 1, both inclusive.
    lines: (usize, usize),
    marks: Vec<(AnnotationKind, Span, String)>,
}

fn windows(diagnostic: &Diagnostic, span: Span, sources: &Sources) -> Vec<Window> {
    let mut windows: Vec<Window> = Vec::new();
    let first = (AnnotationKind::Primary, span, diagnostic.label.clone());
    let others =
        diagnostic.related.iter().map(|(span, label)| (AnnotationKind::Context, *span, label.clone()));
    for mark in std::iter::once(first).chain(others) {
        let lines = lines(mark.1, sources);
        match windows.iter_mut().find(|window| window.is_near(mark.1.file, lines)) {
            Some(window) => {
                window.lines = (window.lines.0.min(lines.0), window.lines.1.max(lines.1));
                window.marks.push(mark);
            }
            None => windows.push(Window { file: mark.1.file, lines, marks: vec![mark] }),
        }
    }
    windows
}

fn lines(span: Span, sources: &Sources) -> (usize, usize) {
    let first = sources.position(span.file, span.start as usize).line;
    let last = sources.position(span.file, (span.end as usize).max(span.start as usize)).line;
    (first, last.min(first + LONGEST))
}

impl Window {
    fn is_near(&self, file: FileId, lines: (usize, usize)) -> bool {
        file == self.file && lines.0 <= self.lines.1 + NEAR && self.lines.0 <= lines.1 + NEAR
    }

    fn snippet<'s>(&self, sources: &'s Sources) -> Snippet<'s, annotate_snippets::Annotation<'s>> {
        let text = sources.text(self.file);
        let range = bytes(text, self.lines);
        let source = &text[range.clone()];
        let path = visible(&sources.path(self.file).display().to_string());
        let marks = self.marks.iter().map(|(kind, span, label)| {
            let label = (!label.is_empty()).then(|| visible(label));
            kind.span(within(source, range.start, *span)).label(label)
        });
        Snippet::source(source).path(path).line_start(self.lines.0).annotations(marks)
    }
}

/// The bytes of lines `first..=last`, without the last line break.
fn bytes(text: &str, (first, last): (usize, usize)) -> Range<usize> {
    let mut starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    let start = starts.by_ref().nth(first - 1).unwrap_or(text.len());
    let end = if last == first { starts.next() } else { starts.nth(last - first) };
    start..end.map_or(text.len(), |end| end - 1)
}

/// The span as a range of the window's text: inside it, on character boundaries, and not empty where there is text.
fn within(source: &str, start: usize, span: Span) -> Range<usize> {
    let clamp =
        |byte: u32| source.floor_char_boundary((byte as usize).saturating_sub(start).min(source.len()));
    let from = clamp(span.start);
    let to = clamp(span.end).max(from);
    // An underlined line break would reach into the next line.
    let to = from + source[from..to].trim_end_matches(['\n', '\r']).len();
    from..to
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Renders `diagnostic` at the part of `text` that `marked` is.
    fn render(text: &str, marked: &str, make: impl Fn(Diagnostic) -> Diagnostic) -> String {
        let mut sources = Sources::new();
        let file = sources.add("main.hcl", text);
        let start = text.find(marked).unwrap();
        let diagnostic =
            Diagnostic::error("Unsupported argument").at(Span::new(file, start..start + marked.len()));
        diagnostics(&[make(diagnostic)], &sources, &Style::default())
    }

    fn check(text: &str, marked: &str, make: impl Fn(Diagnostic) -> Diagnostic, expected: &str) {
        assert_eq!(render(text, marked, make), expected);
    }

    const BLOCK: &str = "instance \"support\" {\n  elment = \"freshdesk\"\n}\n";

    #[test]
    fn the_label_stands_under_the_place() {
        check(
            BLOCK,
            "elment",
            |d| d.label("`instance` has no argument `elment`; did you mean `element`?"),
            r#"Error: Unsupported argument
 --> main.hcl:2:3
  |
2 |   elment = "freshdesk"
  |   ^^^^^^ `instance` has no argument `elment`; did you mean `element`?
"#,
        );
    }

    #[test]
    fn details_and_help_stand_below() {
        check(
            BLOCK,
            "elment",
            |d| d.label("unknown").detail("Arguments are listed\nin the manual.").help("see `kinds show`"),
            r#"Error: Unsupported argument
 --> main.hcl:2:3
  |
2 |   elment = "freshdesk"
  |   ^^^^^^ unknown
  |
  = note: Arguments are listed
          in the manual.
  = help: see `kinds show`
"#,
        );
    }

    #[test]
    fn a_detail_that_repeats_the_label_is_left_out() {
        let label = "number required";
        let text = render(BLOCK, "elment", |d| d.label(label).detail("Number is required here."));
        assert!(!text.contains("here"), "{text}");
        let text = render(BLOCK, "elment", |d| d.label(label).detail("Number required. Convert it first."));
        assert!(text.contains("note: Number required. Convert it first."), "{text}");
    }

    #[test]
    fn without_a_place() {
        let stale = Diagnostic::error("Saved plan is stale")
            .detail("It was made from serial 12;\nit is at 14 now.")
            .help("make a new plan");
        let warning = Diagnostic::warning("Old\x1b[2J").label("said briefly");
        assert_eq!(
            diagnostics(&[stale, warning], &Sources::new(), &Style::default()),
            "Error: Saved plan is stale\n  It was made from serial 12;\n  it is at 14 now.\n  help: make a new plan\n\
             \nWarning: Old␛[2J\n  said briefly\n"
        );
        assert_eq!(diagnostics(&[], &Sources::new(), &Style::default()), "");
    }

    #[test]
    fn spans_outside_the_text_do_no_harm() {
        let texts = ["", "é", "a\n", "\r\n\r\n", "x = \"日本\"\n# é", "\u{202e}\x1b[0m\n"];
        for text in texts {
            let mut sources = Sources::new();
            let file = sources.add("main.hcl", text);
            for start in 0..12 {
                for end in start..14 {
                    let span = Span { file, start, end };
                    let diagnostic = Diagnostic::error("x").at(span).label("y").related(span, "z");
                    let shown = diagnostics(&[diagnostic], &sources, &Style::default());
                    assert!(shown.starts_with("Error: x\n"), "{text:?} {start}..{end}");
                    assert!(!shown.contains('\x1b'), "{shown:?}");
                }
            }
        }
    }

    #[test]
    fn places_far_apart_are_shown_in_two_pieces() {
        let text = format!("first\n{}second\n", "\n".repeat(5_000));
        let mut sources = Sources::new();
        let file = sources.add("main.hcl", text.as_str());
        let at = |word: &str| {
            let start = text.find(word).unwrap();
            Span::new(file, start..start + word.len())
        };
        let diagnostic =
            Diagnostic::error("Duplicate").at(at("second")).label("again").related(at("first"), "here");
        assert_eq!(
            diagnostics(&[diagnostic], &sources, &Style::default()),
            "Error: Duplicate\n    --> main.hcl:5002:1\n     |\n5002 | second\n     | ^^^^^^ again\n     |\n    ::: main.hcl:1:1\n     |\n   1 | first\n     | ----- here\n"
        );
    }

    #[test]
    fn errors_are_counted() {
        assert_eq!(error_count(1), "1 error; nothing was sent and nothing was changed.");
        assert_eq!(error_count(3), "3 errors; nothing was sent and nothing was changed.");
    }
}
