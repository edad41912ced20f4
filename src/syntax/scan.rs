//! Text → tokens, modelled on HCL's scanner: identifiers, numbers, operators, quoted and heredoc templates with nested
//! `${ }` and `%{ }`, three kinds of comment, newlines.
//!
//! One pass with an explicit stack of modes, so that no nesting can exhaust the call stack. Nothing is refused here: a
//! character that means nothing becomes a token that [`super::complain`] words.

use super::heredoc;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Ident,
    Number,
    OBrace,
    CBrace,
    OBrack,
    CBrack,
    OParen,
    CParen,
    OQuote,
    CQuote,
    /// `<<NAME` or `<<-NAME` with its newline.
    OHeredoc,
    /// The closing line, without its newline.
    CHeredoc,
    /// A run of characters of a quoted template, escapes unprocessed.
    QuotedLit,
    /// At most one line of a heredoc or bare template, with its newline.
    StringLit,
    /// `${` or `${~`.
    Interp,
    /// `%{` or `%{~`.
    Control,
    /// `}` or `~}`.
    SeqEnd,
    Star,
    Slash,
    Percent,
    Plus,
    Minus,
    Equal,
    EqualOp,
    NotEqual,
    Less,
    LessEq,
    Greater,
    GreaterEq,
    And,
    Or,
    Bang,
    Dot,
    Comma,
    DoubleColon,
    Ellipsis,
    FatArrow,
    Question,
    Colon,
    Newline,
    /// Without the newline that ends it.
    Comment,
    BitAnd,
    BitOr,
    BitXor,
    BitNot,
    Apostrophe,
    Backtick,
    Semicolon,
    /// A line break inside quotes; the string is taken to end here.
    QuotedNewline,
    Invalid,
    Eof,
}

impl Kind {
    /// Whether it is wrong wherever it stands.
    pub(super) fn is_invalid(self) -> bool {
        use Kind::*;
        matches!(
            self,
            BitAnd | BitOr | BitXor | BitNot | Apostrophe | Backtick | Semicolon | QuotedNewline | Invalid
        )
    }
}

/// A token and its bytes, `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
}

impl Token {
    pub(super) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

enum Mode {
    /// Expressions and bodies; how many braces are open decides what `}` closes.
    Code {
        braces: usize,
    },
    Quoted,
    Heredoc {
        marker: std::ops::Range<usize>,
        line_start: bool,
    },
    Bare,
}

/// Scans a file, or an expression, from byte `at` to the end. The last token is [`Kind::Eof`].
pub(super) fn code(text: &str, at: usize) -> Vec<Token> {
    run(text, at, Mode::Code { braces: 0 })
}

/// Scans a text that is a template as a whole.
pub(super) fn template(text: &str) -> Vec<Token> {
    run(text, 0, Mode::Bare)
}

fn run(text: &str, at: usize, mode: Mode) -> Vec<Token> {
    let mut scanner = Scanner { text, at, tokens: Vec::new(), modes: vec![mode], comment_ends: true };
    while scanner.at < text.len() {
        scanner.step();
    }
    scanner.push(Kind::Eof, text.len());
    scanner.tokens
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    modes: Vec<Mode>,
    /// Whether a `*/` may still follow; spares searching the rest of the file for every `/*`.
    comment_ends: bool,
}

impl<'a> Scanner<'a> {
    fn step(&mut self) {
        match self.modes.last() {
            Some(Mode::Quoted) => self.quoted(),
            Some(Mode::Heredoc { .. }) => self.heredoc(),
            Some(Mode::Bare) => self.bare(),
            Some(Mode::Code { .. }) | None => self.code(),
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Emits the token that ends at `end`, and goes there.
    fn push(&mut self, kind: Kind, end: usize) {
        let clamp = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        self.tokens.push(Token { kind, start: clamp(self.at), end: clamp(end) });
        self.at = end;
    }

    fn code(&mut self) {
        match self.byte(0) {
            b' ' | b'\t' => self.at += 1,
            b'\n' => self.push(Kind::Newline, self.at + 1),
            b'\r' if self.byte(1) == b'\n' => self.push(Kind::Newline, self.at + 2),
            b'#' => self.line_comment(),
            b'/' if self.byte(1) == b'/' => self.line_comment(),
            b'/' if self.byte(1) == b'*' => self.inline_comment(),
            b'"' => {
                self.push(Kind::OQuote, self.at + 1);
                self.modes.push(Mode::Quoted);
            }
            b'0'..=b'9' => self.push(Kind::Number, self.at + number_len(self.rest().as_bytes())),
            b'{' | b'}' => self.brace(),
            b'~' if self.byte(1) == b'}' => self.strip_end(),
            b'<' if self.byte(1) == b'<' && self.heredoc_start() => {}
            _ => self.word_or_operator(),
        }
    }

    fn line_comment(&mut self) {
        let line = self.rest().split('\n').next().unwrap_or_default();
        let ended = line.len() < self.rest().len();
        let line = if ended { line.strip_suffix('\r').unwrap_or(line) } else { line };
        self.push(Kind::Comment, self.at + line.len());
    }

    fn inline_comment(&mut self) {
        let found = if self.comment_ends { self.rest()[2..].find("*/") } else { None };
        match found {
            Some(len) => self.push(Kind::Comment, self.at + len + 4),
            None => {
                self.comment_ends = false;
                self.push(Kind::Slash, self.at + 1);
            }
        }
    }

    fn brace(&mut self) {
        let open = self.byte(0) == b'{';
        let in_template = self.modes.len() > 1;
        let Some(Mode::Code { braces }) = self.modes.last_mut() else { return };
        match (open, *braces) {
            (true, _) => {
                *braces += 1;
                self.push(Kind::OBrace, self.at + 1);
            }
            (false, 0) if in_template => {
                self.modes.pop();
                self.push(Kind::SeqEnd, self.at + 1);
            }
            (false, _) => {
                *braces = braces.saturating_sub(1);
                self.push(Kind::CBrace, self.at + 1);
            }
        }
    }

    /// `~}` ends a template sequence. Where it does not, it still becomes that token: the parser then says what is wrong.
    fn strip_end(&mut self) {
        let in_template = self.modes.len() > 1;
        if let Some(Mode::Code { braces }) = self.modes.last_mut() {
            match *braces {
                0 if in_template => drop(self.modes.pop()),
                _ => *braces = braces.saturating_sub(1),
            }
        }
        self.push(Kind::SeqEnd, self.at + 2);
    }

    fn heredoc_start(&mut self) -> bool {
        let Some(start) = heredoc::introducer(self.rest()) else { return false };
        let marker = self.at + start.marker.start..self.at + start.marker.end;
        self.push(Kind::OHeredoc, self.at + start.len);
        self.modes.push(Mode::Heredoc { marker, line_start: true });
        true
    }

    fn word_or_operator(&mut self) {
        let first = self.rest().chars().next().unwrap_or_default();
        if is_word_start(first) {
            let rest = self.rest();
            let len = rest.find(|c| !is_word_part(c)).unwrap_or(rest.len());
            return self.push(Kind::Ident, self.at + len);
        }
        let (kind, len) = operator(self.rest().as_bytes()).unwrap_or((Kind::Invalid, first.len_utf8()));
        self.push(kind, self.at + len);
    }

    fn quoted(&mut self) {
        match self.byte(0) {
            b'"' => {
                self.modes.pop();
                self.push(Kind::CQuote, self.at + 1);
            }
            b'\n' | b'\r' => {
                self.modes.pop();
                self.push(Kind::QuotedNewline, self.at);
            }
            _ if self.sequence() => {}
            _ => {
                let len = quoted_literal_len(self.rest());
                self.push(Kind::QuotedLit, self.at + len);
            }
        }
    }

    /// Opens `${` or `%{`, if one is here.
    fn sequence(&mut self) -> bool {
        let kind = match (self.byte(0), self.byte(1)) {
            (b'$', b'{') => Kind::Interp,
            (b'%', b'{') => Kind::Control,
            _ => return false,
        };
        let strip = usize::from(self.byte(2) == b'~');
        self.push(kind, self.at + 2 + strip);
        self.modes.push(Mode::Code { braces: 0 });
        true
    }

    fn heredoc(&mut self) {
        let rest = self.rest();
        let text = self.text;
        let Some(Mode::Heredoc { marker, line_start }) = self.modes.last_mut() else { return };
        if *line_start && let Some(len) = heredoc::closing_line(rest, &text[marker.clone()]) {
            self.modes.pop();
            return self.push(Kind::CHeredoc, self.at + len);
        }
        let len = line_literal_len(rest);
        if len > 0 {
            *line_start = rest.as_bytes()[len - 1] == b'\n';
            return self.push(Kind::StringLit, self.at + len);
        }
        *line_start = false;
        self.sequence();
    }

    fn bare(&mut self) {
        if !self.sequence() {
            self.push(Kind::StringLit, self.at + line_literal_len(self.rest()));
        }
    }
}

pub(super) fn is_word_start(c: char) -> bool {
    c == '_' || unicode_ident::is_xid_start(c)
}

pub(super) fn is_word_part(c: char) -> bool {
    c == '-' || unicode_ident::is_xid_continue(c)
}

/// The length of `12.5e-3` and the like at the start of `bytes`. Also of `1.2.3`, which is one wrong number; a dot at the
/// end is not part of it.
fn number_len(bytes: &[u8]) -> usize {
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let (mut at, mut len) = (0, 0);
    loop {
        match bytes.get(at) {
            Some(b'.') => at += 1,
            Some(b'0'..=b'9') => {
                at += 1;
                len = at;
            }
            Some(b'e' | b'E') => {
                let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
                if !digit(at + 1 + sign) {
                    return len;
                }
                at += 1 + sign;
            }
            _ => return len,
        }
    }
}

/// The operator or mark at the start of `bytes`, longest first.
fn operator(bytes: &[u8]) -> Option<(Kind, usize)> {
    use Kind::*;
    let three = bytes.starts_with(b"...").then_some((Ellipsis, 3));
    let two = || {
        let pair = bytes.get(..2)?;
        let kind = match pair {
            b"==" => EqualOp,
            b"!=" => NotEqual,
            b"<=" => LessEq,
            b">=" => GreaterEq,
            b"&&" => And,
            b"||" => Or,
            b"=>" => FatArrow,
            b"::" => DoubleColon,
            _ => return None,
        };
        Some((kind, 2))
    };
    three.or_else(two).or_else(|| bytes.first().and_then(|byte| Some((single(*byte)?, 1))))
}

fn single(byte: u8) -> Option<Kind> {
    use Kind::*;
    Some(match byte {
        b'[' => OBrack,
        b']' => CBrack,
        b'(' => OParen,
        b')' => CParen,
        b'*' => Star,
        b'/' => Slash,
        b'%' => Percent,
        b'+' => Plus,
        b'-' => Minus,
        b'=' => Equal,
        b'<' => Less,
        b'>' => Greater,
        b'!' => Bang,
        b'.' => Dot,
        b',' => Comma,
        b'?' => Question,
        b':' => Colon,
        b'&' => BitAnd,
        b'|' => BitOr,
        b'^' => BitXor,
        b'~' => BitNot,
        b'\'' => Apostrophe,
        b'`' => Backtick,
        b';' => Semicolon,
        _ => return None,
    })
}

/// How much of a quoted template, from its start, is literal: up to a sequence, the closing quote or the line's end.
fn quoted_literal_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        at += match bytes[at] {
            b'"' | b'\n' | b'\r' => break,
            b'\\' if !matches!(bytes.get(at + 1), None | Some(b'\n' | b'\r')) => 2,
            b'$' | b'%' => match marker_len(&bytes[at..]) {
                Some(len) => len,
                None => break,
            },
            _ => 1,
        };
    }
    text.ceil_char_boundary(at)
}

/// How much of a heredoc or bare template is literal: up to a sequence, or through the line's end.
fn line_literal_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        at += match bytes[at] {
            b'\n' => return at + 1,
            b'$' | b'%' => match marker_len(&bytes[at..]) {
                Some(len) => len,
                None => break,
            },
            _ => 1,
        };
    }
    at
}

/// The literal length of a `$` or `%`: three for the escape `$${`, none when it opens a sequence, else one.
fn marker_len(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [_, b'{', ..] => None,
        [a, b, b'{', ..] if a == b => Some(3),
        _ => Some(1),
    }
}
