//! Words for what is wrong in itself, wherever it stands: characters the language does not use, and marks other tools leave.

use super::ast::Ident;
use super::scan::{Kind, Token};
use crate::diag::{Diagnostic, Diagnostics, FileId, Span};

const CHARACTER: &str = "Invalid character";
const UNUSED: &str = "This character is not used within the language.";

/// Reports the invalid tokens among `tokens`, each kind once. Tells whether there were any.
pub(super) fn invalid_tokens(text: &str, file: FileId, tokens: &[Token], diags: &mut Diagnostics) -> bool {
    let mut told = Vec::new();
    for token in tokens.iter().filter(|token| token.kind.is_invalid()) {
        if !told.contains(&token.kind) {
            told.push(token.kind);
            let diagnostic = invalid_token(text, file, *token);
            diags.push(with_hints(diagnostic, text));
        }
    }
    !told.is_empty()
}

fn invalid_token(text: &str, file: FileId, token: Token) -> Diagnostic {
    let span = Span { file, start: token.start, end: token.end };
    match token.kind {
        Kind::BitAnd => bitwise(span, "Did you mean boolean AND (\"&&\")?"),
        Kind::BitOr => bitwise(span, "Did you mean boolean OR (\"||\")?"),
        Kind::BitNot => bitwise(span, "Did you mean boolean NOT (\"!\")?"),
        Kind::BitXor => bitwise(span, ""),
        Kind::QuotedNewline => open_quote(text, span),
        Kind::Apostrophe => character(
            span,
            "use `\"` instead",
            "Single quotes are not valid. Use double quotes (\") to enclose strings.",
        ),
        Kind::Backtick => character(
            span,
            "not used in the language",
            "The \"`\" character is not valid. To create a multi-line string, use the \"heredoc\" syntax, like \"<<EOT\".",
        ),
        Kind::Semicolon => character(
            span,
            "use a newline or `,` instead",
            "The \";\" character is not valid. Use newlines to separate arguments and blocks, and commas to separate items in \
             collection values.",
        ),
        _ => unused(text, span),
    }
}

fn character(span: Span, label: &str, detail: &str) -> Diagnostic {
    Diagnostic::error(CHARACTER).at(span).label(label).detail(detail)
}

fn bitwise(span: Span, suggestion: &str) -> Diagnostic {
    let detail = format!("Bitwise operators are not supported. {suggestion}");
    Diagnostic::error("Unsupported operator").at(span).label("not an operator here").detail(detail.trim_end())
}

/// A string that its line does not end: what is underlined is the string, the end of a line cannot be seen.
fn open_quote(text: &str, span: Span) -> Diagnostic {
    let line_start = text[..span.start as usize].rfind('\n').map_or(0, |at| at + 1);
    let line = &text[line_start..span.start as usize];
    let start = line.rfind('"').map_or(line_start, |at| line_start + at);
    Diagnostic::error("Invalid multi-line string")
        .at(Span::new(span.file, start..span.start as usize))
        .label("no closing quote on this line")
        .detail(
            "Quoted strings may not be split over multiple lines. To produce a multi-line string, either use the \\n escape to \
             represent a newline character or use the \"heredoc\" multi-line template syntax.",
        )
}

fn unused(text: &str, span: Span) -> Diagnostic {
    let c = text[span.range()].chars().next().unwrap_or_default();
    match c {
        '“' | '”' | '„' | '«' | '»' => character(
            span,
            "use `\"` instead",
            "\"Curly quotes\" are not valid here. These can sometimes be inadvertently introduced when sharing code via documents \
             or discussion forums. It might help to replace the character with a \"straight quote\".",
        ),
        '‘' | '’' => character(span, "use `\"` instead", UNUSED),
        '\u{feff}' => character(span, "byte order mark (U+FEFF)", UNUSED)
            .help("delete it; only a file's start may have one"),
        c if c.is_whitespace() || c.is_control() || is_invisible(c) => character(span, &name_of(c), UNUSED)
            .help(match c {
                '\u{a0}' => "replace it by an ordinary space",
                '\r' => "a carriage return must be followed by a line feed",
                _ => "delete it; it cannot be seen in most editors",
            }),
        _ => character(span, "not used in the language", UNUSED),
    }
}

/// A name for a character that cannot be seen.
fn name_of(c: char) -> String {
    match c {
        '\0' => "a NUL character".into(),
        '\r' => "a carriage return".into(),
        '\u{a0}' => "a no-break space (U+00A0)".into(),
        c => format!("the invisible character U+{:04X}", u32::from(c)),
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}')
}

/// Adds help where the line shows what happened.
pub(super) fn with_hints(diagnostic: Diagnostic, text: &str) -> Diagnostic {
    let Some(span) = diagnostic.span else { return diagnostic };
    let start = text.floor_char_boundary(span.start as usize);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let is_conflict = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|mark| line.starts_with(mark));
    if is_conflict {
        return diagnostic
            .help("this line is a mark of a merge conflict: settle the conflict, then delete the marks");
    }
    if line[start - line_start..].starts_with("* ") && line[..start - line_start].ends_with('*') {
        return diagnostic.help("there is no power operator; use `pow(base, exponent)`");
    }
    if line[start - line_start..].starts_with("/*") {
        return diagnostic.help("the comment that begins here never ends; close it with `*/`");
    }
    diagnostic
}

/// An argument that was set before.
pub(super) fn redefined(name: &Ident, first: Span) -> Diagnostic {
    Diagnostic::error("Attribute redefined")
        .at(name.span)
        .label("set again here")
        .detail(format!(
            "The argument {:?} was already set. Each argument may be set only once.",
            &*name.name
        ))
        .related(first, "first set here")
}
