//! Whether a piece of text is a whole expression, or a console should wait for the next line.

use super::scan::{self, Kind};

/// Whether every bracket, quote, template sequence and heredoc that opens is closed, and no operator waits for its right side.
pub fn is_complete(text: &str) -> bool {
    let mut open = 0i64;
    let mut last = None;
    for token in scan::code(text, 0) {
        match token.kind {
            Kind::OBrace | Kind::OBrack | Kind::OParen | Kind::OQuote | Kind::OHeredoc => open += 1,
            Kind::Interp | Kind::Control => open += 1,
            Kind::CBrace | Kind::CBrack | Kind::CParen | Kind::CQuote | Kind::CHeredoc => open -= 1,
            Kind::SeqEnd => open -= 1,
            _ => {}
        }
        // A quoted string does not span lines: a missing quote is a mistake, not a wish to go on.
        if token.kind == Kind::OQuote {
            let rest = &text[token.range().end..];
            if !rest.contains(['"', '{']) {
                return true;
            }
        }
        if !matches!(token.kind, Kind::Newline | Kind::Comment) && !token.range().is_empty() {
            last = Some(token.kind);
        }
    }
    let waits = matches!(
        last,
        Some(
            Kind::Plus
                | Kind::Minus
                | Kind::Star
                | Kind::Slash
                | Kind::Percent
                | Kind::EqualOp
                | Kind::NotEqual
                | Kind::Less
                | Kind::LessEq
                | Kind::Greater
                | Kind::GreaterEq
                | Kind::And
                | Kind::Or
                | Kind::Question
                | Kind::Colon
        )
    );
    open <= 0 && !waits
}

#[cfg(test)]
mod tests {
    use super::is_complete;

    #[test]
    fn waits_for_what_is_open_only() {
        for (text, expected) in [
            ("1 + 2", true),
            ("[1,", false),
            ("[1,\n2]", true),
            ("{ a = \"}\" }", true),
            ("\"${upper(", false),
            ("\"open", true),
            ("<<EOT\nx\n", false),
            ("<<EOT\nx\nEOT\n", true),
            ("f(1))", true),
            ("1 +", false),
        ] {
            assert_eq!(is_complete(text), expected, "{text}");
        }
    }
}
