//! `regex`, `regexall`, and `replace` with a pattern, in RE2's syntax.

use crate::value::{Str, Type, Value};

use super::arguments::Arguments;
use super::call::CallError;
use super::pattern::{Pattern, PatternError, compile};
use super::{Function, Param};

const PARAMS: &[Param] = &[Param::text("pattern"), Param::text("string")];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::typed("regex", PARAMS, match_type, regex),
    Function::typed("regexall", PARAMS, |a| Ok(Type::list(match_type(a)?)), regexall),
];

/// Returns the type of one match: a string, a tuple of the groups, or an object of the named groups.
fn match_type(args: &Arguments) -> Result<Type, CallError> {
    if !args.get(0).is_known() {
        return Ok(Type::Dynamic);
    }
    let groups = pattern(args)?.names;
    if groups.is_empty() {
        return Ok(Type::String);
    }
    match groups.iter().flatten().count() {
        0 => Ok(Type::tuple(vec![Type::String; groups.len()])),
        named if named == groups.len() => {
            let fields = groups.iter().flatten().map(|name| (Str::new(name), Type::String));
            Ok(Type::object(fields.collect()))
        }
        _ => {
            let message = "invalid regexp pattern: cannot mix both named and unnamed capture groups";
            Err(CallError::argument(0, message))
        }
    }
}

fn pattern(args: &Arguments) -> Result<Pattern, CallError> {
    compile(args.text(0)).map_err(|PatternError { what, at }| {
        let at = args.shown(0, at);
        CallError::argument(0, format!("invalid regexp pattern: {what} in {at}"))
    })
}

fn regex(args: &Arguments) -> Result<Value, CallError> {
    let Pattern { regex, names } = pattern(args)?;
    let found = regex.captures(args.text(1)).map(|found| value(&found, &names));
    found.ok_or_else(|| CallError::failed("pattern did not match any part of the given string"))
}

fn regexall(args: &Arguments) -> Result<Value, CallError> {
    let ty = args.result.element_type().cloned().unwrap_or(Type::String);
    let Pattern { regex, names } = pattern(args)?;
    let matches = regex.captures_iter(args.text(1)).map(|found| value(&found, &names)).collect();
    Ok(Value::list(ty, matches))
}

/// A match: the whole, or its groups. Of two groups with one name the later counts.
fn value(found: &regex::Captures, names: &[Option<String>]) -> Value {
    let group = |group: Option<regex::Match>| match group {
        Some(group) => Value::string(group.as_str()),
        None => Value::null(Type::String),
    };
    let groups = found.iter().skip(1).map(group);
    match names.first() {
        None => group(found.get(0)),
        Some(None) => Value::tuple(groups.collect()),
        Some(Some(_)) => {
            let names = names.iter().flatten().map(|name| Str::new(name));
            Value::object(names.zip(groups).collect())
        }
    }
}

/// Replaces every match of the pattern; `$1` and `${name}` in the replacement stand for groups.
pub(super) fn replace_matches(
    args: &Arguments,
    text: &str,
    pattern: &str,
    replacement: &str,
) -> Result<String, CallError> {
    let Pattern { regex, names } = compile(pattern).map_err(|PatternError { what, at }| {
        CallError::failed(format!("error parsing regexp: {what}: {}", args.shown(1, format!("`{at}`"))))
    })?;
    Ok(regex.replace_all(text, |found: &regex::Captures| expanded(replacement, found, &names)).into_owned())
}

/// The replacement of one match, as Go expands it: a `$` that names nothing stands for itself, a group that is not there for
/// nothing.
fn expanded(replacement: &str, found: &regex::Captures, names: &[Option<String>]) -> String {
    let mut out = String::new();
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = group_name(rest) {
            out.push_str(group_text(name, found, names));
            rest = after;
        } else {
            out.push('$');
        }
    }
    out + rest
}

/// Cuts the name of a group off, with or without braces.
fn group_name(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('{');
    let start = inner.unwrap_or(text);
    let end = start.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(start.len());
    let (name, after) = start.split_at(end);
    let after = if inner.is_some() { after.strip_prefix('}')? } else { after };
    (!name.is_empty()).then_some((name, after))
}

/// What a group matched, by its number or its name. A number with a zero before it is none.
fn group_text<'t>(name: &str, found: &regex::Captures<'t>, names: &[Option<String>]) -> &'t str {
    let number = name.parse::<usize>().ok().filter(|number| number.to_string() == name);
    let group = match number {
        Some(number) => found.get(number),
        None => {
            let named = (1..).zip(names).filter(|(_, of)| of.as_deref() == Some(name));
            named.filter_map(|(number, _)| found.get(number)).next()
        }
    };
    group.map_or("", |group| group.as_str())
}
