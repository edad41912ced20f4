//! Complaints, with the place in lines, columns and bytes, and the source around it.

use crate::diag::{Diagnostic, LineColumn, Severity, Sources, Span};
use serde_json::{Value as Json, json};

/// `validate -json`.
pub fn validate(all: &[Diagnostic], sources: &Sources) -> Json {
    let errors = all.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    json!({
        "format_version": "1.0",
        "valid": errors == 0,
        "error_count": errors,
        "warning_count": all.len() - errors,
        "diagnostics": all.iter().map(|of| diagnostic(of, sources)).collect::<Vec<_>>(),
    })
}

/// `{ "severity", "summary", "detail", "address", "range", "snippet" }`; the last three only where there is one.
pub fn diagnostic(of: &Diagnostic, sources: &Sources) -> Json {
    let severity = match of.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut document = json!({ "severity": severity, "summary": of.summary, "detail": detail(of) });
    if let Some(address) = &of.address {
        document["address"] = (&**address).into();
    }
    if let Some(span) = of.span {
        let (start, end) = (sources.position(span.file, span.start as usize), end(span, sources));
        document["range"] = json!({
            "filename": sources.path(span.file).display().to_string(),
            "start": position(start),
            "end": position(end),
        });
        document["snippet"] = snippet(span, start, end, sources);
    }
    document
}

fn detail(of: &Diagnostic) -> String {
    let said = if of.detail.is_empty() { &of.label } else { &of.detail };
    let help = of.help.iter().map(|help| format!("help: {help}"));
    std::iter::once(said.clone()).filter(|said| !said.is_empty()).chain(help).collect::<Vec<_>>().join("\n")
}

fn end(span: Span, sources: &Sources) -> LineColumn {
    sources.position(span.file, span.end.max(span.start) as usize)
}

fn position(at: LineColumn) -> Json {
    json!({ "line": at.line, "column": at.column, "byte": at.byte })
}

/// The whole lines of the place; the offsets are bytes within `code`.
fn snippet(span: Span, start: LineColumn, end: LineColumn, sources: &Sources) -> Json {
    let text = &**sources.text(span.file);
    let first = text[..start.byte].rfind('\n').map_or(0, |at| at + 1);
    let last = text[end.byte..].find('\n').map_or(text.len(), |at| end.byte + at);
    json!({
        "context": context(text, first),
        "code": text[first..last].trim_end_matches('\r'),
        "start_line": start.line,
        "highlight_start_offset": start.byte - first,
        "highlight_end_offset": end.byte - first,
        "values": [],
    })
}

/// The header of the outermost block around a line: `instance "support"`. `None` outside of blocks.
fn context(text: &str, line: usize) -> Option<&str> {
    let own = text[line..].lines().next().into_iter();
    let mut above = own.chain(text[..line].lines().rev());
    let header = above.find(|line| line.starts_with(|first: char| first.is_alphabetic() || first == '}'))?;
    let (header, _) = header.split_once('{')?;
    Some(header.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_said_in_lines_columns_and_bytes() {
        let text = "variable \"x\" {\n  type = string\n é_npt = 3\n}\n";
        let mut sources = Sources::new();
        let file = sources.add("main.hcl", text);
        let start = text.find("é").unwrap();
        let complaint = Diagnostic::error("Unsupported argument")
            .at(Span::new(file, start..start + 6))
            .label("unknown")
            .help("see the manual")
            .about("instance.a");
        assert_eq!(
            diagnostic(&complaint, &sources),
            json!({
                "severity": "error",
                "summary": "Unsupported argument",
                "detail": "unknown\nhelp: see the manual",
                "address": "instance.a",
                "range": {
                    "filename": "main.hcl",
                    "start": { "line": 3, "column": 2, "byte": 32 },
                    "end": { "line": 3, "column": 7, "byte": 38 },
                },
                "snippet": {
                    "context": "variable \"x\"",
                    "code": " é_npt = 3",
                    "start_line": 3,
                    "highlight_start_offset": 1,
                    "highlight_end_offset": 7,
                    "values": [],
                },
            })
        );
    }

    #[test]
    fn spans_outside_the_text_do_no_harm() {
        let mut sources = Sources::new();
        let file = sources.add("main.hcl", "é\r\n}\nx = 1");
        for start in 0..14 {
            for end in 0..14 {
                let document = diagnostic(&Diagnostic::error("x").at(Span { file, start, end }), &sources);
                assert!(document["snippet"]["code"].is_string());
            }
        }
        let at = Span { file, start: 6, end: 7 };
        assert_eq!(diagnostic(&Diagnostic::error("x").at(at), &sources)["snippet"]["context"], Json::Null);
    }

    #[test]
    fn warnings_leave_a_configuration_valid() {
        let document = validate(&[Diagnostic::warning("Old")], &Sources::new());
        assert_eq!(document["valid"], true);
        assert_eq!((&document["error_count"], &document["warning_count"]), (&json!(0), &json!(1)));
        assert_eq!(document["diagnostics"], json!([{"severity": "warning", "summary": "Old", "detail": ""}]));
        assert_eq!(validate(&[Diagnostic::error("x")], &Sources::new())["valid"], false);
    }
}
