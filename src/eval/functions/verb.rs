//! The format strings of `format`: text with verbs such as `%-8.3f`, in Go's notation.
//!
//! A verb is `%`, flags, a width, a precision, the number of an argument in brackets, and a letter. Widths and
//! precisions of text count grapheme clusters.

use crate::value::{Number, Type, Value, convert, go_quote, graphemes, to_json_text};

use super::arguments::Arguments;
use super::call::CallError;
use super::digits::{Decimal, general, radix, scientific};
use super::text::MAX_PADDING;

/// One verb of a format string.
struct Verb<'a> {
    /// As written, for messages.
    raw: &'a str,
    offset: usize,
    flags: &'a str,
    width: Option<usize>,
    precision: Option<usize>,
    /// Counted from one.
    argument: usize,
    letter: char,
}

impl Verb<'_> {
    fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }
}

/// Formats the values; every value must be used.
pub(super) fn format_text(args: &Arguments, format: &str, values: &[Value]) -> Result<String, CallError> {
    let mut out = String::with_capacity(format.len());
    let (mut at, mut next, mut highest) = (0, 1, 0);
    while let Some(start) = format[at..].find('%').map(|found| at + found) {
        out.push_str(&format[at..start]);
        if format[start + 1..].starts_with('%') {
            out.push('%');
            at = start + 2;
            continue;
        }
        let verb = read_verb(format, start, next)?;
        at = start + verb.raw.len();
        next = verb.argument + 1;
        highest = highest.max(verb.argument);
        out.push_str(&apply(&verb, values)?);
    }
    out.push_str(&format[at..]);
    match highest {
        used if used >= values.len() => Ok(out),
        0 => Err(too_many(args, 1, "too many arguments; no verbs in format string".to_owned())),
        used => {
            Err(too_many(args, used + 1, format!("too many arguments; only {used} used by format string")))
        }
    }
}

fn too_many(args: &Arguments, index: usize, message: String) -> CallError {
    if index < args.len() { CallError::argument(index, message) } else { CallError::failed(message) }
}

/// Reads the verb that starts at `start`.
fn read_verb(format: &str, start: usize, argument: usize) -> Result<Verb<'_>, CallError> {
    let mut reader = Reader { text: format, at: start + 1 };
    let flags = reader.take_while(|c| "0#+- ".contains(c));
    let width = reader.number()?;
    let precision = match reader.skip('.') {
        true => Some(reader.number()?.unwrap_or(0)),
        false => None,
    };
    let argument = reader.index()?.unwrap_or(argument);
    let letter = reader.expect(|c| c.is_ascii_alphabetic())?;
    let raw = &format[start..reader.at];
    Ok(Verb { raw, offset: start, flags, width, precision, argument, letter })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let end = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn skip(&mut self, c: char) -> bool {
        let found = self.text[self.at..].starts_with(c);
        self.at += if found { c.len_utf8() } else { 0 };
        found
    }

    fn number(&mut self) -> Result<Option<usize>, CallError> {
        let digits = self.take_while(|c| c.is_ascii_digit());
        if digits.is_empty() {
            return Ok(None);
        }
        let number = digits.parse().ok().filter(|number| *number <= MAX_PADDING);
        let too_large =
            || CallError::failed(format!("the number {digits} in the format string is too large"));
        number.map(Some).ok_or_else(too_large)
    }

    /// Reads `[n]`, the number of an argument, counted from one.
    fn index(&mut self) -> Result<Option<usize>, CallError> {
        if !self.skip('[') {
            return Ok(None);
        }
        let first = self.expect(|c| matches!(c, '1'..='9'))?;
        self.at -= first.len_utf8();
        let index = self.number()?;
        self.expect(|c| c == ']')?;
        Ok(index)
    }

    fn expect(&mut self, accept: impl Fn(char) -> bool) -> Result<char, CallError> {
        match self.text[self.at..].chars().next() {
            Some(c) if accept(c) => {
                self.at += c.len_utf8();
                Ok(c)
            }
            Some(c) => {
                Err(CallError::failed(format!("unrecognized format character '{c}' at offset {}", self.at)))
            }
            None => Err(CallError::failed(format!(
                "invalid format string starting at offset {}",
                self.text.len()
            ))),
        }
    }
}

fn apply(verb: &Verb, values: &[Value]) -> Result<String, CallError> {
    let Some(value) = values.get(verb.argument - 1) else {
        return Err(CallError::failed(format!(
            "not enough arguments for {} at {}: need index {} but have {} total",
            go_quote(verb.raw),
            verb.offset,
            verb.argument,
            values.len()
        )));
    };
    if verb.letter != 'v' && value.is_null() {
        return Err(unsupported(verb, "null value cannot be formatted"));
    }
    match verb.letter {
        'v' => default(verb, value),
        't' => Ok(convert_to(verb, value, &Type::Bool)?.as_bool().unwrap_or_default().to_string()),
        'b' | 'd' | 'o' | 'x' | 'X' => integer(verb, &number(verb, value)?),
        'e' | 'E' | 'f' | 'g' | 'G' => Ok(float(verb, &number(verb, value)?)),
        's' | 'q' => text(verb, value),
        letter => Err(CallError::failed(format!(
            "unsupported format verb '{letter}' in {} at offset {}",
            go_quote(verb.raw),
            verb.offset
        ))),
    }
}

fn unsupported(verb: &Verb, why: &str) -> CallError {
    CallError::failed(format!("unsupported value for {} at {}: {why}", go_quote(verb.raw), verb.offset))
}

fn convert_to(verb: &Verb, value: &Value, ty: &Type) -> Result<Value, CallError> {
    convert(value, ty).map_err(|error| unsupported(verb, &error.message))
}

fn number(verb: &Verb, value: &Value) -> Result<Number, CallError> {
    match convert_to(verb, value, &Type::Number)? {
        Value::Number(number) => Ok(number),
        _ => Err(unsupported(verb, "a number is required")),
    }
}

/// `%v`: text as it is, numbers as `%g`, all else as JSON; `%#v`: all as JSON.
fn default(verb: &Verb, value: &Value) -> Result<String, CallError> {
    let text = match value {
        Value::String(text) if !verb.has('#') => text.to_string(),
        Value::Number(number) if !verb.has('#') => general(number, None),
        value => to_json_text(value).map_err(|error| unsupported(verb, &error.message))?,
    };
    Ok(pad(verb, text))
}

fn text(verb: &Verb, value: &Value) -> Result<String, CallError> {
    let converted = convert_to(verb, value, &Type::String)?;
    let mut text = converted.as_str().unwrap_or_default().to_owned();
    if let Some(limit) = verb.precision.filter(|limit| *limit > 0) {
        text = graphemes(&text).take(limit).collect();
    }
    if verb.letter == 'q' {
        text = to_json_text(&Value::string(text)).map_err(|error| unsupported(verb, &error.message))?;
    }
    Ok(pad(verb, text))
}

/// Pads to the width, on the side that the flags say, with zeros if they say so.
fn pad(verb: &Verb, text: String) -> String {
    let length = graphemes(&text).count();
    let missing = verb.width.unwrap_or(0).saturating_sub(length);
    let padding = if verb.has('0') { "0" } else { " " }.repeat(missing);
    if verb.has('-') { text + &padding } else { padding + &text }
}

fn integer(verb: &Verb, number: &Number) -> Result<String, CallError> {
    let Some(whole) = number.to_bigint().filter(|_| number.is_integer()) else {
        return Err(unsupported(verb, "an integer is required"));
    };
    let mut digits = radix(&whole, verb.letter);
    match verb.precision {
        Some(0) if digits == "0" => return Ok(String::new()),
        Some(least) => digits.insert_str(0, &"0".repeat(least.saturating_sub(digits.len()))),
        None => {}
    }
    let prefix = match verb.letter {
        _ if !verb.has('#') => "",
        'b' => "0b",
        'o' => "0",
        'x' => "0x",
        'X' => "0X",
        _ => "",
    };
    let sign = sign(verb, whole.sign() == num_bigint::Sign::Minus);
    Ok(signed(verb, &format!("{sign}{prefix}"), &digits, verb.has('0') && verb.precision.is_none()))
}

fn sign(verb: &Verb, negative: bool) -> &'static str {
    match negative {
        true => "-",
        false if verb.has('+') => "+",
        false if verb.has(' ') => " ",
        false => "",
    }
}

/// Pads a number; zeros go between the sign and the digits.
fn signed(verb: &Verb, sign: &str, digits: &str, zeros: bool) -> String {
    let missing = verb.width.unwrap_or(0).saturating_sub(sign.len() + digits.len());
    match missing {
        0 => format!("{sign}{digits}"),
        _ if verb.has('-') => format!("{sign}{digits}{}", " ".repeat(missing)),
        _ if zeros => format!("{sign}{}{digits}", "0".repeat(missing)),
        _ => format!("{}{sign}{digits}", " ".repeat(missing)),
    }
}

fn float(verb: &Verb, number: &Number) -> String {
    if number.is_infinite() {
        let sign = if number.is_negative() {
            "-"
        } else if verb.has(' ') {
            " "
        } else {
            "+"
        };
        return signed(verb, sign, "Inf", false);
    }
    let size = number.abs();
    let digits = match verb.letter {
        'f' => Decimal::exact(&size).fixed(verb.precision.unwrap_or(6)),
        'g' | 'G' => general(&size, verb.precision),
        _ => scientific(&Decimal::exact(&size), verb.precision.unwrap_or(6)),
    };
    let digits = if verb.letter.is_ascii_uppercase() { digits.to_uppercase() } else { digits };
    // Unlike for integers, `0` wins over `-`; and zero has a sign.
    let sign = sign(verb, number.to_string().starts_with('-'));
    match verb.width.unwrap_or(0).saturating_sub(sign.len() + digits.len()) {
        missing if verb.has('0') => format!("{sign}{}{digits}", "0".repeat(missing)),
        _ => signed(verb, sign, &digits, false),
    }
}
