//! Numeric functions: `abs`, `ceil`, `floor`, `log`, `max`, `min`, `parseint`, `pow`, `signum`, `sum`.

use crate::value::{Number, Type, Value, convert};
use num_bigint::BigInt;

use super::arguments::{Arguments, integer, is_sequence, items};
use super::call::CallError;
use super::power::{logarithm, power};
use super::{Function, Param, number};

const NUM: &[Param] = &[Param::number("num")];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("abs", NUM, number, |a| Ok(Value::Number(a.number(0).abs()))),
    Function::new("ceil", NUM, number, |a| Ok(whole(a.number(0), Number::ceil))),
    Function::new("floor", NUM, number, |a| Ok(whole(a.number(0), Number::floor))),
    Function::new("log", &[Param::number("num"), Param::number("base")], number, log),
    Function::new("max", &[], number, |a| extreme(a, |new, best| new > best))
        .variadic(Param::number("numbers")),
    Function::new("min", &[], number, |a| extreme(a, |new, best| new < best))
        .variadic(Param::number("numbers")),
    Function::new("parseint", &[Param::any("number"), Param::number("base")], number, parseint),
    Function::new("pow", &[Param::number("num"), Param::number("power")], number, pow),
    Function::new("signum", NUM, number, signum),
    Function::new("sum", &[Param::any("list")], number, sum),
];

fn whole(number: &Number, round: fn(&Number) -> Number) -> Value {
    Value::Number(if number.is_infinite() { number.clone() } else { round(number) })
}

fn log(args: &Arguments) -> Result<Value, CallError> {
    from_float(logarithm(float(args, 0)?) / logarithm(float(args, 1)?))
}

fn pow(args: &Arguments) -> Result<Value, CallError> {
    from_float(power(float(args, 0)?, float(args, 1)?))
}

/// Returns an argument in double precision, unless it is beyond that.
fn float(args: &Arguments, index: usize) -> Result<f64, CallError> {
    let number = args.number(index);
    match number.to_f64() {
        float if float.is_infinite() && !number.is_infinite() => {
            let most = f64::MAX;
            Err(CallError::failed(format!(
                "value must be between -{most}.000000 and {most}.000000 inclusive"
            )))
        }
        float => Ok(float),
    }
}

fn from_float(result: f64) -> Result<Value, CallError> {
    let number = Number::from_f64(result).ok_or_else(|| CallError::failed("the result is not a number"))?;
    Ok(Value::Number(number))
}

fn extreme(args: &Arguments, better: fn(&Number, &Number) -> bool) -> Result<Value, CallError> {
    let numbers = (0..args.len()).map(|i| args.number(i));
    let best = numbers.reduce(|best, new| if better(new, best) { new } else { best });
    let best = best.ok_or_else(|| CallError::failed("must pass at least one number"))?;
    Ok(Value::Number(best.clone()))
}

fn signum(args: &Arguments) -> Result<Value, CallError> {
    Ok(Value::number(args.integer(0)?.signum()))
}

fn parseint(args: &Arguments) -> Result<Value, CallError> {
    let given = args.get(0).ty();
    if given != Type::String {
        let message = format!("first argument must be a string, not {}", given.friendly_name());
        return Err(CallError::argument(0, message));
    }
    let base = integer(args.number(1)).map_err(|message| CallError::argument(1, message))?;
    if !(2..=62).contains(&base) {
        return Err(CallError::argument(1, "base must be a whole number between 2 and 62 inclusive"));
    }
    let text = args.text(0);
    let parsed = parse_integer(text, base as u32).ok_or_else(|| {
        let (text, base) = (args.quoted(0, text), args.shown(1, base));
        CallError::argument(0, format!("cannot parse {text} as a base {base} integer"))
    })?;
    Ok(Value::Number(Number::from_bigint(&parsed)))
}

/// Parses digits of a base up to 62, in which `A` to `Z` follow `z`; up to base 36 case does not matter.
fn parse_integer(text: &str, base: u32) -> Option<BigInt> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    let digits = digits.bytes().map(|b| digit(b, base)).collect::<Option<Vec<u8>>>()?;
    let size = BigInt::from_radix_be(num_bigint::Sign::Plus, &digits, base)?;
    Some(if negative { -size } else { size })
}

fn digit(byte: u8, base: u32) -> Option<u8> {
    let value = match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'z' => byte - b'a' + 10,
        b'A'..=b'Z' if base <= 36 => byte - b'A' + 10,
        b'A'..=b'Z' => byte - b'A' + 36,
        _ => return None,
    };
    (u32::from(value) < base).then_some(value)
}

fn sum(args: &Arguments) -> Result<Value, CallError> {
    let list = args.get(0);
    let wrong = |message: &str| Err(CallError::argument(0, message));
    match list.length() {
        None => return wrong("cannot sum noniterable"),
        Some(0) => return wrong("cannot sum an empty list"),
        Some(_) => {}
    }
    let ty = list.ty();
    if !is_sequence(&ty) {
        let name = ty.friendly_name();
        return wrong(&format!("argument must be list, set, or tuple. Received {name}"));
    }
    if !list.is_wholly_known() {
        return Ok(Value::unknown(Type::Number));
    }
    let mut total: Option<Number> = None;
    for item in items(list) {
        let Ok(Value::Number(term)) = convert(item, &Type::Number) else {
            return wrong("argument must be list, set, or tuple of number values");
        };
        total = Some(match total {
            None => term,
            Some(sum) => {
                sum.add(&term).map_err(|_| CallError::failed("can't compute sum of opposing infinities"))?
            }
        });
    }
    Ok(total.map_or_else(|| Value::unknown(Type::Number), Value::Number))
}
