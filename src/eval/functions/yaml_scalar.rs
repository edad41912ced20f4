//! What a plain scalar of YAML means: null, a bool, a number, a time, or text.
//!
//! The rules are those Terraform applies, between YAML 1.1 and 1.2: `yes` is true and `0o17` is 15, but `017` is 17
//! and `1_000` is text.

use crate::value::{Number, Type, Value, go_quote};

use super::date::Moment;
use super::encoding::from_base64;

const CORE: &str = "tag:yaml.org,2002:";

/// Returns the value of a scalar with a tag, or with none if `tag` is empty.
///
/// As in Terraform, a tag does not reach what is quoted but would need none: `!!int "12"` is text.
pub(super) fn resolve(tag: &str, text: &str, quoted: bool) -> Result<Value, String> {
    let kind = match tag.strip_prefix(CORE) {
        _ if tag.is_empty() => "",
        Some(kind @ ("str" | "bool" | "int" | "float" | "null" | "timestamp" | "binary")) => kind,
        _ => return Err(format!("unsupported tag {}", go_quote(tag))),
    };
    let wrong = || format!("cannot parse {} as {tag}", go_quote(text));
    match kind {
        "str" => Ok(Value::string(text)),
        "binary" if from_base64(text).is_none() => Err(format!("{}: not valid base64", wrong())),
        "binary" => Ok(Value::string(text)),
        kind => match implicit(kind, text)? {
            Some(_) if quoted => Ok(Value::string(text)),
            Some(value) => Ok(value),
            None => explicit(kind, text).ok_or_else(wrong),
        },
    }
}

/// Reads what needs no tag; `None` is text.
fn implicit(kind: &str, text: &str) -> Result<Option<Value>, String> {
    Ok(Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Value::bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Value::bool(false)
        }
        "" | "~" | "null" | "Null" | "NULL" => Value::null(Type::Dynamic),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Number(Number::infinity()),
        "-.inf" | "-.Inf" | "-.INF" => Value::Number(Number::infinity().neg()),
        ".nan" | ".NaN" | ".NAN" => return Err("floating point NaN is not supported".to_owned()),
        text => return number_or_time(kind, text),
    }))
}

fn number_or_time(kind: &str, text: &str) -> Result<Option<Value>, String> {
    if matches!(kind, "" | "timestamp")
        && let Some(moment) = timestamp(text)
    {
        return Ok(Some(Value::string(moment.to_string())));
    }
    if is_decimal(text) {
        return Ok(decimal(text));
    }
    let Some((digits, radix)) = prefixed(text) else {
        return Ok(None);
    };
    let wrong = || format!("cannot parse {} as {CORE}int", go_quote(text));
    i64::from_str_radix(digits, radix).map(|n| Some(Value::number(n))).map_err(|_| wrong())
}

/// Splits an integer in base 8 or 16 from its prefix.
fn prefixed(text: &str) -> Option<(&str, u32)> {
    let of_radix = |digits: &str, radix| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    let octal = text.strip_prefix("0o").filter(|digits| of_radix(digits, 8)).map(|digits| (digits, 8));
    octal.or_else(|| text.strip_prefix("0x").filter(|digits| of_radix(digits, 16)).map(|digits| (digits, 16)))
}

/// Reads what a tag asks for; numbers may have underscores then.
fn explicit(kind: &str, text: &str) -> Option<Value> {
    match kind {
        "" => Some(Value::string(text)),
        "null" => Some(Value::null(Type::Dynamic)),
        "int" | "float" => {
            let plain = text.replace('_', "");
            let binary = plain.strip_prefix("0b").and_then(|digits| i64::from_str_radix(digits, 2).ok());
            let negative = plain.strip_prefix("-0b").and_then(|digits| i64::from_str_radix(digits, 2).ok());
            let signed = binary.or(negative.map(|n| -n)).or_else(|| integer(&plain));
            decimal(&plain).or_else(|| signed.map(Value::number))
        }
        _ => None,
    }
}

fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (digits, radix) = prefixed(digits)?;
    let size = i64::from_str_radix(digits, radix).ok()?;
    Some(if negative { -size } else { size })
}

fn decimal(text: &str) -> Option<Value> {
    if !is_decimal(text) {
        return None;
    }
    // The language's own notation has no number that starts or ends with the point.
    let unsigned = text.trim_start_matches(['+', '-']);
    let sign = if text.starts_with('-') { "-" } else { "" };
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => unsigned.split_at(at),
        None => (unsigned, ""),
    };
    let zero = if mantissa.starts_with('.') { "0" } else { "" };
    let mantissa = mantissa.trim_end_matches('.');
    Number::parse(&format!("{sign}{zero}{mantissa}{exponent}")).map(Value::Number)
}

/// Returns whether the text is digits with at most a sign, a point and an exponent.
fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let some = !whole.is_empty() || !part.is_empty();
    some && digits(whole) && digits(part) && !exponent.is_empty() && digits(exponent)
}

/// Reads a date, or a date and time, in the forms of YAML that Terraform knows.
fn timestamp(text: &str) -> Option<Moment> {
    let start = text.bytes().take_while(u8::is_ascii_digit).count();
    if start != 4 || !text[4..].starts_with('-') {
        return None;
    }
    let (date, rest) = match text.find(['T', 't', ' ']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let mut parts = date.split('-');
    let year = parts.next()?;
    let month = padded(parts.next()?)?;
    let day = padded(parts.next()?)?;
    if parts.next().is_some() {
        return None;
    }
    let time = match rest.chars().next() {
        None => "T00:00:00Z".to_owned(),
        Some(' ') => format!("T{}Z", padded_time(&rest[1..])?),
        Some(_) => {
            let zone = rest.rfind(['Z', '+', '-'])?;
            format!("T{}{}", padded_time(&rest[1..zone])?, &rest[zone..])
        }
    };
    Moment::parse(&format!("{year}-{month}-{day}{time}")).ok()
}

fn padded_time(time: &str) -> Option<String> {
    let (clock, fraction) = match time.find('.') {
        Some(at) => time.split_at(at),
        None => (time, ""),
    };
    let parts = clock.split(':').map(padded).collect::<Option<Vec<_>>>()?;
    (parts.len() == 3).then(|| parts.join(":") + fraction)
}

fn padded(part: &str) -> Option<String> {
    let digits = part.bytes().all(|b| b.is_ascii_digit());
    (digits && (1..=2).contains(&part.len())).then(|| format!("{part:0>2}"))
}
