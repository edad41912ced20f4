//! Points in time as RFC 3339 writes them, and durations in Go's notation.
//!
//! Own arithmetic on days, because a sum may lie beyond the year 9999, where libraries end.

use std::fmt;
use std::ops::RangeInclusive;

use crate::value::go_quote;

/// A point in time, and the offset from UTC in which it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Nanoseconds since 1970.
    pub nanoseconds: i128,
    /// Seconds east of UTC.
    pub offset: i64,
}

/// How closely the letter of RFC 3339 is followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Strict,
    Loose,
}

/// The parts of a point in time on the wall, in its own offset.
pub(super) struct Civil {
    pub year: i64,
    pub month: usize,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    /// Days since Sunday.
    pub weekday: usize,
}

const NANO: i128 = 1_000_000_000;

/// The longest duration, in nanoseconds: what 64 bits hold, below zero.
const LONGEST: i128 = 1 << 63;

impl From<jiff::Timestamp> for Moment {
    fn from(time: jiff::Timestamp) -> Self {
        Self { nanoseconds: time.as_nanosecond(), offset: 0 }
    }
}

impl Moment {
    /// Parses a timestamp of RFC 3339; the error says what is wrong with it, in Terraform's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::read(text, Manner::Strict)
    }

    /// The same, with what Go lets pass: an hour of one digit, a comma before the fraction, an offset of a whole day.
    pub fn parse_loosely(text: &str) -> Result<Self, String> {
        Self::read(text, Manner::Loose)
    }

    fn read(text: &str, manner: Manner) -> Result<Self, String> {
        parse(text, manner).map_err(|why| format!("not a valid RFC3339 timestamp: {why}"))
    }

    pub fn civil(&self) -> Civil {
        let local = self.nanoseconds.div_euclid(NANO) as i64 + self.offset;
        let (days, second) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = date_of(days);
        Civil {
            year,
            month,
            day,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
            weekday: (days + 4).rem_euclid(7) as usize,
        }
    }

    /// Returns the offset as `+02:00`, with the given text between hours and minutes.
    pub fn zone(&self, colon: &str) -> String {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.abs() / 60;
        format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
    }
}

impl fmt::Display for Moment {
    /// Writes RFC 3339 in whole seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second, .. } = self.civil();
        let zone = if self.offset == 0 { "Z".to_owned() } else { self.zone(":") };
        let year = if year < 0 { format!("{year:05}") } else { format!("{year:04}") };
        write!(f, "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}")
    }
}

/// Returns the days since 1970 of a date. The years are counted from March, which puts the leap day at their end.
fn days_of(year: i64, month: usize, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month as i64 - 3) } else { (year - 1, month as i64 + 9) };
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + year * 365 + year / 4 - year / 100 + (153 * month + 2) / 5 + day - 1 - 719_468
}

fn date_of(days: i64) -> (i64, usize, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + carry, month as usize, day)
}

fn days_in_month(year: i64, month: usize) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn parse(text: &str, manner: Manner) -> Result<Moment, String> {
    let mut reader = Reader { rest: text, manner };
    let year = reader.digits(4, "year")?;
    reader.expect('-')?;
    let month = reader.digits(2, "month")?;
    let month = reader.within(month, 1..=12, "month", None)? as usize;
    reader.expect('-')?;
    let day = reader.digits(2, "day of month")?;
    reader.introducer()?;
    let hour = reader.hour()?;
    let hour = reader.within(hour, 0..=23, "hour", Some("hour must be between 0 and 23 inclusive"))?;
    reader.expect(':')?;
    let minute = reader.digits(2, "minute")?;
    let minute = reader.within(minute, 0..=59, "minute", Some("minute must have exactly two digits"))?;
    reader.expect(':')?;
    let second = reader.digits(2, "second")?;
    let second = reader.within(second, 0..=59, "second", None)?;
    let fraction = reader.fraction();
    let offset = reader.offset()?;
    if !reader.rest.is_empty() {
        return Err(format!("cannot use {} as timestamp segment", go_quote(reader.rest)));
    }
    if day < 1 || day > days_in_month(year, month) {
        return Err("day out of range".to_owned());
    }
    let seconds = days_of(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Ok(Moment { nanoseconds: i128::from(seconds) * NANO + fraction, offset })
}

struct Reader<'a> {
    rest: &'a str,
    manner: Manner,
}

impl Reader<'_> {
    fn misused(&self, what: &str) -> String {
        match self.rest {
            "" => format!("end of string before {what}"),
            rest => format!("cannot use {} as {what}", go_quote(rest)),
        }
    }

    fn digits(&mut self, count: usize, what: &str) -> Result<i64, String> {
        let digits = self.rest.get(..count).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        let number = digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| self.misused(what))?;
        self.rest = &self.rest[count..];
        Ok(number)
    }

    /// Refuses what was read and lies outside a range; `strict` are the words for it where they are others.
    fn within(
        &self,
        value: i64,
        range: RangeInclusive<i64>,
        what: &str,
        strict: Option<&str>,
    ) -> Result<i64, String> {
        if range.contains(&value) {
            return Ok(value);
        }
        let strict = strict.filter(|_| self.manner == Manner::Strict);
        Err(strict.map_or_else(|| self.misused(what), str::to_owned))
    }

    /// Reads the hour, of which one digit is a mistake with words of its own.
    fn hour(&mut self) -> Result<i64, String> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        match (digits, self.manner) {
            (1, Manner::Strict) => Err("hour must have exactly two digits".to_owned()),
            (1, Manner::Loose) => self.digits(1, "hour"),
            _ => self.digits(2, "hour"),
        }
    }

    fn expect(&mut self, c: char) -> Result<(), String> {
        let wanted = go_quote(&c.to_string());
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None if self.rest.is_empty() => Err(format!("end of string where {wanted} is expected")),
            None => Err(format!("found {} where {wanted} is expected", go_quote(self.rest))),
        }
    }

    fn introducer(&mut self) -> Result<(), String> {
        let rest = self.rest.strip_prefix('T');
        self.rest = rest.ok_or("missing required time introducer 'T'")?;
        Ok(())
    }

    /// Reads a fraction of a second, if there is one, in nanoseconds.
    fn fraction(&mut self) -> i128 {
        let comma = self.manner == Manner::Loose;
        let Some(rest) = self.rest.strip_prefix(|c| c == '.' || c == ',' && comma) else { return 0 };
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        if end == 0 {
            return 0;
        }
        self.rest = &rest[end..];
        format!("{:0<9.9}", &rest[..end]).parse().unwrap_or(0)
    }

    fn offset(&mut self) -> Result<i64, String> {
        if self.rest.starts_with(',') {
            return Err("cannot use \",\" as timestamp segment".to_owned());
        }
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Ok(0);
        }
        let parts = |text: &str| {
            let sign = match text.as_bytes().first()? {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            let (hours, minutes) = text.get(1..6)?.split_once(':')?;
            let number = |text: &str| Some(text).filter(|text| text.len() == 2)?.parse::<u8>().ok();
            Some((sign, i64::from(number(hours)?), i64::from(number(minutes)?)))
        };
        let misused = || self.misused("UTC offset");
        let (sign, hours, minutes) = parts(self.rest).ok_or_else(misused)?;
        if hours > 24 || minutes > 60 {
            return Err("end of string before UTC offset".to_owned());
        }
        if self.manner == Manner::Strict && (hours == 24 || minutes == 60) {
            return Err(misused());
        }
        let offset = sign * (hours * 3600 + minutes * 60);
        self.rest = &self.rest[6..];
        Ok(offset)
    }
}

/// Parses a duration such as `-1h30m` or `1.5s`, in nanoseconds; `shown` is the text as the error names it.
pub(super) fn duration(text: &str, shown: &str) -> Result<i128, String> {
    let invalid = || format!("time: invalid duration {shown}");
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0i128;
    while !rest.is_empty() {
        let number = prefix(rest, |c| c.is_ascii_digit() || c == '.');
        let unit = prefix(&rest[number.len()..], |c| !c.is_ascii_digit() && c != '.');
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && part.is_empty() || part.contains('.') {
            return Err(invalid());
        }
        let unit_size = match unit {
            "" => return Err(format!("time: missing unit in duration {shown}")),
            unit => unit_size(unit)
                .ok_or_else(|| format!("time: unknown unit {} in duration {shown}", go_quote(unit)))?,
        };
        total += amount(whole, part, unit_size).ok_or_else(invalid)?;
        rest = &rest[number.len() + unit.len()..];
    }
    // Below zero there is one more.
    let most = if sign < 0 { LONGEST } else { LONGEST - 1 };
    if total > most { Err(invalid()) } else { Ok(sign * total) }
}

fn prefix(text: &str, accept: impl Fn(char) -> bool) -> &str {
    &text[..text.find(|c| !accept(c)).unwrap_or(text.len())]
}

fn unit_size(unit: &str) -> Option<i128> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => NANO,
        "m" => 60 * NANO,
        "h" => 3600 * NANO,
        _ => return None,
    })
}

fn amount(whole: &str, part: &str, unit: i128) -> Option<i128> {
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    // More digits than a nanosecond of an hour has make no difference.
    let part = &part[..part.len().min(18)];
    let scale = 10i128.pow(part.len() as u32);
    let part: i128 = if part.is_empty() { 0 } else { part.parse().ok()? };
    let size = i128::from(whole).checked_mul(unit)? + part * unit / scale;
    (size <= LONGEST).then_some(size)
}
