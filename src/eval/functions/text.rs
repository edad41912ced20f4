//! String functions, all but `format`, `formatlist` and the regular expressions.
//!
//! A character is a grapheme cluster wherever characters are counted. Case follows Go, one character for one.

use crate::value::{Str, Type, Value, graphemes};

use super::arguments::{Arguments, items, text};
use super::call::CallError;
use super::regex::replace_matches;
use super::{Function, Param, boolean, list_of_text};

const STR: &[Param] = &[Param::text("str")];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("chomp", STR, super::text, |a| Ok(Value::string(a.text(0).trim_end_matches(['\r', '\n'])))),
    Function::new("endswith", &[Param::text("str"), Param::text("suffix")], boolean, |a| {
        Ok(Value::bool(a.text(0).ends_with(a.text(1))))
    }),
    Function::new("indent", &[Param::number("spaces"), Param::text("str")], super::text, indent),
    Function::new("join", &[Param::text("separator")], super::text, join)
        .variadic(Param::new("lists", list_of_text).unknown()),
    Function::new("lower", STR, super::text, |a| Ok(map_chars(a.text(0), |c| single(c, c.to_lowercase())))),
    Function::new(
        "replace",
        &[Param::text("str"), Param::text("substr"), Param::text("replace")],
        super::text,
        replace,
    ),
    Function::new("split", &[Param::text("separator"), Param::text("str")], list_of_text, split),
    Function::new("startswith", &[Param::text("str").unknown(), Param::text("prefix")], boolean, starts_with),
    Function::new("strcontains", &[Param::text("str"), Param::text("substr")], boolean, |a| {
        Ok(Value::bool(a.text(0).contains(a.text(1))))
    }),
    Function::new("strrev", STR, super::text, |a| {
        let clusters: Vec<&str> = graphemes(a.text(0)).collect();
        Ok(Value::string(clusters.into_iter().rev().collect::<String>()))
    }),
    Function::new(
        "substr",
        &[Param::text("str"), Param::number("offset"), Param::number("length")],
        super::text,
        substr,
    ),
    Function::new("title", STR, super::text, |a| Ok(Value::string(title(a.text(0))))),
    Function::new("trim", &[Param::text("str"), Param::text("cutset")], super::text, |a| {
        let cut = a.text(1);
        Ok(Value::string(a.text(0).trim_matches(|c| cut.contains(c))))
    }),
    Function::new("trimprefix", &[Param::text("str"), Param::text("prefix")], super::text, |a| {
        Ok(Value::string(a.text(0).strip_prefix(a.text(1)).unwrap_or(a.text(0))))
    }),
    Function::new("trimspace", STR, super::text, |a| Ok(Value::string(a.text(0).trim()))),
    Function::new("trimsuffix", &[Param::text("str"), Param::text("suffix")], super::text, |a| {
        Ok(Value::string(a.text(0).strip_suffix(a.text(1)).unwrap_or(a.text(0))))
    }),
    Function::new("upper", STR, super::text, |a| Ok(map_chars(a.text(0), upper_case))),
];

/// The most text that one call makes out of a number in its arguments.
pub(super) const MAX_PADDING: usize = 1 << 20;

/// Returns the upper case of a character, as [`single`] does; Greek letters with an iota below have one of their own.
fn upper_case(c: char) -> char {
    let shifted = match c {
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => 8,
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => 9,
        c => return single(c, c.to_uppercase()),
    };
    char::from_u32(c as u32 + shifted).unwrap_or(c)
}

fn map_chars(text: &str, map: fn(char) -> char) -> Value {
    Value::string(text.chars().map(map).collect::<String>())
}

/// Returns the other case of a character if that is one character, as in Go: `ß` stays `ß`.
fn single(c: char, mut other: impl Iterator<Item = char>) -> char {
    match (other.next(), other.next()) {
        (Some(one), None) => one,
        _ if c == '\u{130}' => 'i',
        _ => c,
    }
}

/// Raises the first letter of each word; a word starts after anything but a letter, digit or underscore.
fn title(text: &str) -> String {
    let mut previous = ' ';
    let raise = |c: char| {
        let first = separates(previous);
        previous = c;
        if first { title_case(c) } else { c }
    };
    text.chars().map(raise).collect()
}

fn separates(c: char) -> bool {
    if c.is_ascii() { !c.is_ascii_alphanumeric() && c != '_' } else { c.is_whitespace() }
}

/// The four digraphs of Unicode that have a title case of their own; all else is upper case.
fn title_case(c: char) -> char {
    match c {
        'Ǆ' | 'ǅ' | 'ǆ' => 'ǅ',
        'Ǉ' | 'ǈ' | 'ǉ' => 'ǈ',
        'Ǌ' | 'ǋ' | 'ǌ' => 'ǋ',
        'Ǳ' | 'ǲ' | 'ǳ' => 'ǲ',
        c => upper_case(c),
    }
}

fn indent(args: &Arguments) -> Result<Value, CallError> {
    let spaces = args.integer(0)?;
    let spaces = usize::try_from(spaces).ok().filter(|spaces| *spaces <= MAX_PADDING);
    let spaces = spaces.ok_or_else(|| {
        CallError::argument(0, format!("the number of spaces must be between 0 and {MAX_PADDING}"))
    })?;
    Ok(Value::string(args.text(1).replace('\n', &format!("\n{}", " ".repeat(spaces)))))
}

fn join(args: &Arguments) -> Result<Value, CallError> {
    let lists = &args.values[1..];
    if lists.is_empty() {
        return Err(CallError::failed("at least one list is required"));
    }
    if !lists.iter().all(Value::is_wholly_known) {
        return Ok(Value::unknown(Type::String));
    }
    let mut parts = Vec::new();
    for (number, list) in lists.iter().enumerate() {
        for (index, item) in items(list).iter().enumerate() {
            if item.is_null() {
                return Err(null_part(index, number, lists.len()));
            }
            parts.push(text(item));
        }
    }
    Ok(Value::string(parts.join(args.text(0))))
}

fn null_part(index: usize, list: usize, lists: usize) -> CallError {
    let place = if lists == 1 { String::new() } else { format!(" of list {}", list + 1) };
    CallError::argument(list + 1, format!("element {index}{place} is null; cannot concatenate null values"))
}

fn replace(args: &Arguments) -> Result<Value, CallError> {
    let (text, search, replacement) = (args.text(0), args.text(1), args.text(2));
    let pattern = search.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    match pattern {
        Some(pattern) => Ok(Value::string(replace_matches(args, text, pattern, replacement)?)),
        None => Ok(Value::string(text.replace(search, replacement))),
    }
}

fn split(args: &Arguments) -> Result<Value, CallError> {
    let (separator, text) = (args.text(0), args.text(1));
    let parts: Vec<Value> = match separator {
        "" => text.chars().map(|c| Value::string(c.to_string())).collect(),
        _ => text.split(separator).map(Value::string).collect(),
    };
    Ok(Value::list(Type::String, parts))
}

/// Decides by the known start of a string that is not known yet, if that suffices.
fn starts_with(args: &Arguments) -> Result<Value, CallError> {
    let prefix = args.text(1);
    let Value::Unknown(_, known) = args.get(0) else {
        return Ok(Value::bool(args.text(0).starts_with(prefix)));
    };
    let start = known.prefix.as_ref().map_or("", Str::as_str);
    if start.starts_with(prefix) {
        Ok(Value::bool(true))
    } else if prefix.starts_with(start) {
        Ok(Value::unknown(Type::Bool))
    } else {
        Ok(Value::bool(false))
    }
}

/// Returns part of a string; a negative offset counts from the end, a negative length means the rest.
fn substr(args: &Arguments) -> Result<Value, CallError> {
    let (text, mut offset, length) = (args.text(0), args.integer(1)?, args.integer(2)?);
    let count = graphemes(text).count() as i64;
    if offset < 0 {
        offset += count;
    } else if length == 0 {
        return Ok(Value::string(""));
    }
    let skip = usize::try_from(offset).unwrap_or(0);
    // With a negative offset Terraform takes a length of zero for "the rest".
    let take = usize::try_from(length).ok().filter(|length| *length > 0).unwrap_or(usize::MAX);
    Ok(Value::string(graphemes(text).skip(skip).take(take).collect::<String>()))
}
