//! The text of string literals: escapes in quotes, doubled markers everywhere.

use crate::diag::{Diagnostic, Diagnostics, Span};

const SUMMARY: &str = "Invalid escape sequence";

/// Appends what a quoted literal stands for. `span` is its place; `false` if a mistake was reported.
pub(super) fn unescape(raw: &str, span: Span, out: &mut String, diags: &mut Diagnostics) -> bool {
    let mut sound = true;
    let mut rest = raw;
    while let Some(at) = rest.find(['\\', '$', '%']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let len = if rest.starts_with('\\') {
            let start = span.start as usize + raw.len() - rest.len();
            escape(rest, out).unwrap_or_else(|(len, detail)| {
                sound = false;
                let place = Span::new(span.file, start..start + len);
                diags.push(
                    Diagnostic::error(SUMMARY).at(place).label("not an escape sequence").detail(detail),
                );
                len
            })
        } else {
            marker(rest, out)
        };
        rest = &rest[len..];
    }
    out.push_str(rest);
    sound
}

/// Appends what an unquoted literal stands for: only `$${` and `%%{` are special.
pub(super) fn unescape_markers(raw: &str, out: &mut String) {
    let mut rest = raw;
    while let Some(at) = rest.find(['$', '%']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = &rest[marker(rest, out)..];
    }
    out.push_str(rest);
}

/// Reads a `$` or `%`, two of them before `{` standing for one. Gives the length read.
fn marker(text: &str, out: &mut String) -> usize {
    out.push_str(&text[..1]);
    match text.as_bytes() {
        [a, b, b'{', ..] if a == b => {
            out.push('{');
            3
        }
        _ => 1,
    }
}

/// Reads an escape. Gives the length read, or the length to underline and what is wrong.
fn escape(text: &str, out: &mut String) -> Result<usize, (usize, String)> {
    let Some(selector) = text[1..].chars().next() else {
        return Err((1, "The backslash must be followed by an escape sequence selector character.".into()));
    };
    let c = match selector {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '"' => '"',
        '\\' => '\\',
        'u' => {
            return code_point(
                text,
                4,
                "The \\u escape sequence must be followed by four hexadecimal digits.",
                out,
            );
        }
        'U' => {
            return code_point(
                text,
                8,
                "The \\U escape sequence must be followed by eight hexadecimal digits.",
                out,
            );
        }
        _ => {
            let symbol = selector.to_string();
            let detail = format!("The symbol {symbol:?} is not a valid escape sequence selector.");
            return Err((1 + selector.len_utf8(), detail));
        }
    };
    out.push(c);
    Ok(2)
}

fn code_point(text: &str, digits: usize, detail: &str, out: &mut String) -> Result<usize, (usize, String)> {
    let hex = text.get(2..2 + digits).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    let number = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()).ok_or((2, detail.to_owned()))?;
    let c = char::from_u32(number)
        .ok_or_else(|| (2 + digits, format!("Cannot encode character U+{number:04x} in UTF-8.")))?;
    out.push(c);
    Ok(2 + digits)
}
