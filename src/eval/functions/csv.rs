//! `csvdecode`: a table with a header line becomes a list of objects. The rules of quoting are RFC 4180's, strictly.

use std::collections::BTreeSet;

use crate::value::{Str, Type, Value, go_quote};

use super::arguments::Arguments;
use super::call::CallError;

pub(super) fn decode(args: &Arguments) -> Result<Value, CallError> {
    let mut reader = Reader { text: args.text(0), line: 0 };
    let header = reader.record()?.ok_or_else(|| CallError::failed("missing header line"))?;
    let names = column_names(args, header)?;
    let ty = Type::object(names.iter().map(|name| (name.clone(), Type::String)).collect());
    let mut rows = Vec::new();
    while let Some(fields) = reader.record()? {
        if fields.len() != names.len() {
            return Err(error(reader.line, "wrong number of fields"));
        }
        let fields = fields.into_iter().map(Value::string);
        rows.push(Value::object(names.iter().cloned().zip(fields).collect()));
    }
    Ok(Value::list(ty, rows))
}

fn column_names(args: &Arguments, header: Vec<String>) -> Result<Vec<Str>, CallError> {
    let names: Vec<Str> = header.into_iter().map(Str::from).collect();
    let mut seen = BTreeSet::new();
    match names.iter().find(|name| !seen.insert(*name)) {
        Some(twice) => {
            let name = args.shown(0, go_quote(twice));
            Err(CallError::failed(format!("duplicate column name {name}")))
        }
        None => Ok(names),
    }
}

fn error(line: usize, what: &str) -> CallError {
    CallError::failed(format!("CSV parse error on line {line}: {what}"))
}

/// Reads records; `line` is the number of the last line read.
struct Reader<'a> {
    text: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    /// Returns the next line without its break.
    fn next_line(&mut self) -> Option<&'a str> {
        if self.text.is_empty() {
            return None;
        }
        let (line, rest) = self.text.split_once('\n').unwrap_or((self.text, ""));
        self.text = rest;
        self.line += 1;
        Some(line.strip_suffix('\r').unwrap_or(line))
    }

    /// Returns the fields of the next line that is not empty; quoted fields may go on over several lines.
    fn record(&mut self) -> Result<Option<Vec<String>>, CallError> {
        let mut line = loop {
            match self.next_line() {
                None => return Ok(None),
                Some("") => {}
                Some(line) => break line,
            }
        };
        let start = self.line;
        let mut fields = Vec::new();
        loop {
            let (field, rest) = match line.strip_prefix('"') {
                Some(quoted) => self.quoted(quoted)?,
                None => bare(line).ok_or_else(|| error(start, "bare \" in non-quoted-field"))?,
            };
            fields.push(field);
            match rest {
                Some(rest) => line = rest,
                None => return Ok(Some(fields)),
            }
        }
    }

    /// Reads what follows an opening quote: the field, and what comes after its comma.
    fn quoted(&mut self, mut line: &'a str) -> Result<(String, Option<&'a str>), CallError> {
        let mut field = String::new();
        loop {
            let Some((part, rest)) = line.split_once('"') else {
                field.push_str(line);
                let last = self.line;
                line = self.next_line().ok_or_else(|| error(last, QUOTE))?;
                field.push('\n');
                continue;
            };
            field.push_str(part);
            if rest.is_empty() {
                return Ok((field, None));
            } else if let Some(rest) = rest.strip_prefix(',') {
                return Ok((field, Some(rest)));
            } else if let Some(rest) = rest.strip_prefix('"') {
                field.push('"');
                line = rest;
            } else {
                return Err(error(self.line, QUOTE));
            }
        }
    }
}

const QUOTE: &str = "extraneous or missing \" in quoted-field";

fn bare(line: &str) -> Option<(String, Option<&str>)> {
    let (field, rest) = match line.split_once(',') {
        Some((field, rest)) => (field, Some(rest)),
        None => (line, None),
    };
    (!field.contains('"')).then(|| (field.to_owned(), rest))
}
