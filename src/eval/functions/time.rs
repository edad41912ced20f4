//! Functions of time: `formatdate`, `plantimestamp`, `timeadd`, `timecmp`, `timestamp`.

use crate::value::{Type, Value, go_quote};

use super::arguments::Arguments;
use super::call::CallError;
use super::date::{Civil, Moment, duration};
use super::{Function, Param, number, text};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("formatdate", &[Param::text("format"), Param::text("time")], text, format_date),
    Function::new("plantimestamp", &[], text, |a| Ok(clock(a.host.plan_time()))),
    Function::new("timeadd", &[Param::text("timestamp"), Param::text("duration")], text, time_add),
    Function::new("timecmp", &[Param::text("timestamp_a"), Param::text("timestamp_b")], number, time_cmp),
    Function::new("timestamp", &[], text, |a| Ok(clock(a.host.now()))),
];

fn clock(time: Option<jiff::Timestamp>) -> Value {
    let known = |time| Value::string(Moment::from(time).to_string());
    time.map_or_else(|| Value::unknown(Type::String), known)
}

fn moment(args: &Arguments, index: usize) -> Result<Moment, CallError> {
    read(args, index, Moment::parse)
}

fn read(
    args: &Arguments,
    index: usize,
    parse: fn(&str) -> Result<Moment, String>,
) -> Result<Moment, CallError> {
    let generic = "not a valid RFC3339 timestamp".to_owned();
    let shown = |why| if args.is_secret(index) { generic } else { why };
    parse(args.text(index)).map_err(|why| CallError::argument(index, shown(why)))
}

fn time_add(args: &Arguments) -> Result<Value, CallError> {
    let start = moment(args, 0).map_err(|error| match error {
        CallError::Argument { message, .. } => CallError::Failed(message),
        failed => failed,
    })?;
    let shown = args.quoted(1, args.text(1));
    let added = duration(args.text(1), &shown).map_err(CallError::Failed)?;
    let sum = Moment { nanoseconds: start.nanoseconds + added, ..start };
    Ok(Value::string(sum.to_string()))
}

fn time_cmp(args: &Arguments) -> Result<Value, CallError> {
    let (a, b) = (read(args, 0, Moment::parse_loosely)?, read(args, 1, Moment::parse_loosely)?);
    Ok(Value::number(a.nanoseconds.cmp(&b.nanoseconds) as i64))
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

fn format_date(args: &Arguments) -> Result<Value, CallError> {
    let moment = moment(args, 1)?;
    let civil = moment.civil();
    let mut out = String::new();
    let mut rest = args.text(0);
    while let Some(first) = rest.chars().next() {
        let length = if first == '\'' {
            quoted(rest).ok_or_else(|| CallError::argument(0, "unterminated literal '"))?
        } else if first.is_ascii_alphabetic() {
            rest.find(|c| c != first).unwrap_or(rest.len())
        } else {
            rest.find(|c: char| c == '\'' || c.is_ascii_alphabetic()).unwrap_or(rest.len())
        };
        let (token, after) = rest.split_at(length);
        match first {
            '\'' if token == "''" => out.push('\''),
            '\'' => out.push_str(&token[1..length - 1].replace("''", "'")),
            c if c.is_ascii_alphabetic() => {
                let verb = verb(token, &moment, &civil).map_err(|hint| {
                    let token = args.shown(0, go_quote(token));
                    CallError::argument(0, format!("invalid date format verb {token}{hint}"))
                })?;
                out.push_str(&verb);
            }
            _ => out.push_str(token),
        }
        rest = after;
    }
    Ok(Value::string(out))
}

/// Returns the length of the quoted text at the start; two quotes in it stand for one.
fn quoted(text: &str) -> Option<usize> {
    if text.starts_with("''") {
        return Some(2);
    }
    let mut at = 1;
    loop {
        at += text[at..].find('\'')? + 1;
        if !text[at..].starts_with('\'') {
            return Some(at);
        }
        at += 1;
    }
}

/// Writes what a verb stands for; the error is the hint after its name.
fn verb(token: &str, moment: &Moment, civil: &Civil) -> Result<String, String> {
    let count = token.len();
    let number = |value: i64, hint: &str| match count {
        1 => Ok(value.to_string()),
        2 => Ok(format!("{value:02}")),
        _ => Err(format!(": {hint}")),
    };
    let hour12 = if civil.hour % 12 == 0 { 12 } else { civil.hour % 12 };
    let half = if civil.hour < 12 { "am" } else { "pm" };
    match (&token[..1], count) {
        ("Y", 2) => Ok(format!("{:02}", civil.year % 100)),
        ("Y", 4) => Ok(format!("{:04}", civil.year)),
        ("Y", _) => Err(": year must either be \"YY\" or \"YYYY\"".to_owned()),
        ("M", 3) => Ok(MONTHS[civil.month - 1][..3].to_owned()),
        ("M", 4) => Ok(MONTHS[civil.month - 1].to_owned()),
        ("M", _) => number(civil.month as i64, "month must be \"M\", \"MM\", \"MMM\", or \"MMMM\""),
        ("D", _) => number(civil.day, "day of month must either be \"D\" or \"DD\""),
        ("E", 3) => Ok(DAYS[civil.weekday][..3].to_owned()),
        ("E", 4) => Ok(DAYS[civil.weekday].to_owned()),
        ("E", _) => Err(": day of week must either be \"EEE\" or \"EEEE\"".to_owned()),
        ("h", _) => number(civil.hour, "24-hour must either be \"h\" or \"hh\""),
        ("H", _) => number(hour12, "12-hour must either be \"H\" or \"HH\""),
        ("A", 2) => Ok(half.to_uppercase()),
        ("a", 2) => Ok(half.to_owned()),
        (letter @ ("A" | "a"), _) => Err(format!(": must be \"{letter}{letter}\"")),
        ("m", _) => number(civil.minute, "minute must either be \"m\" or \"mm\""),
        ("s", _) => number(civil.second, "second must either be \"s\" or \"ss\""),
        ("Z", _) => zone(count, moment),
        _ => Err(String::new()),
    }
}

fn zone(count: usize, moment: &Moment) -> Result<String, String> {
    match count {
        1 if moment.offset == 0 => Ok("Z".to_owned()),
        3 if moment.offset == 0 => Ok("UTC".to_owned()),
        3 | 4 => Ok(moment.zone("")),
        1 | 5 => Ok(moment.zone(":")),
        _ => Err(": timezone must be Z, ZZZZ, or ZZZZZ".to_owned()),
    }
}
