//! Numbers as digits: in other bases, with a fixed number of places, and with an exponent.
//!
//! Rounding is to the nearest, halves to even, of the number's exact binary value: 0.15 is a little less or more
//! than what is written, and that decides.

use num_bigint::{BigInt, BigUint};

use crate::value::Number;

/// A positive number or zero: `0.DIGITS` times ten to the power of `exponent`.
pub(super) struct Decimal {
    digits: String,
    exponent: i64,
}

/// The steps in which an exact form is looked for, in bits after the point.
const STEP: u32 = 512;
/// More bits after the point than any number of the language has.
const MOST_BITS: u32 = 1 << 22;

impl Decimal {
    /// Returns all digits of the number's binary value.
    pub fn exact(number: &Number) -> Self {
        let mut scaled = number.clone();
        let mut bits = 0;
        let step = Number::from_bigint(&(BigInt::from(1) << STEP));
        while !scaled.is_integer() && bits < MOST_BITS {
            match scaled.mul(&step) {
                Ok(larger) => scaled = larger,
                Err(_) => return Self::shortest(number),
            }
            bits += STEP;
        }
        match scaled.to_bigint() {
            Some(whole) => {
                // n / 2^bits = n * 5^bits / 10^bits
                let digits = whole.magnitude() * BigUint::from(5u32).pow(bits);
                Self::new(&digits.to_string(), -i64::from(bits))
            }
            None => Self::shortest(number),
        }
    }

    /// Returns the fewest digits that read back as the number.
    pub fn shortest(number: &Number) -> Self {
        let text = number.to_string();
        let text = text.trim_start_matches('-');
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        Self::new(&format!("{whole}{part}"), -(part.len() as i64))
    }

    /// A whole number in digits, times ten to the power of `shift`.
    fn new(whole: &str, shift: i64) -> Self {
        let digits = whole.trim_start_matches('0');
        let exponent = digits.len() as i64 + shift;
        let digits = digits.trim_end_matches('0').to_owned();
        let exponent = if digits.is_empty() { 0 } else { exponent };
        Self { digits, exponent }
    }

    /// Rounds to `count` digits, halves to even.
    fn round(&self, count: i64) -> Self {
        let Ok(count) = usize::try_from(count) else {
            return Self { digits: String::new(), exponent: 0 };
        };
        if count >= self.digits.len() {
            return Self { digits: self.digits.clone(), exponent: self.exponent };
        }
        let (kept, rest) = self.digits.split_at(count);
        let odd = kept.bytes().last().is_some_and(|b| (b - b'0') % 2 == 1);
        let up = match rest.as_bytes().first() {
            Some(b'5') if rest.len() == 1 => odd,
            Some(first) => *first >= b'5',
            None => false,
        };
        let kept = if up { increment(kept) } else { kept.to_owned() };
        let grown = kept.len() as i64 - count as i64;
        let exponent = self.exponent + grown;
        let digits = kept.trim_end_matches('0').to_owned();
        Self { exponent: if digits.is_empty() { 0 } else { exponent }, digits }
    }

    fn digit(&self, index: i64) -> char {
        let byte = usize::try_from(index).ok().and_then(|index| self.digits.as_bytes().get(index));
        byte.map_or('0', |byte| char::from(*byte))
    }

    /// Writes the number with `places` digits after the point.
    pub fn fixed(&self, places: usize) -> String {
        self.round(self.exponent + places as i64).write_fixed(places)
    }

    fn write_fixed(&self, places: usize) -> String {
        let mut out: String = (0..self.exponent).map(|index| self.digit(index)).collect();
        if self.exponent <= 0 {
            out.push('0');
        }
        if places > 0 {
            out.push('.');
            out.extend((0..places as i64).map(|place| self.digit(self.exponent + place)));
        }
        out
    }

    /// Writes the digits there are, one before the point and `places` after it, and the exponent.
    fn write_scientific(&self, places: usize) -> String {
        let mut out = String::from(self.digit(0));
        if places > 0 {
            out.push('.');
            out.extend((1..=places as i64).map(|index| self.digit(index)));
        }
        let exponent = if self.digits.is_empty() { 0 } else { self.exponent - 1 };
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{out}e{sign}{:02}", exponent.abs())
    }
}

fn increment(digits: &str) -> String {
    let nines = digits.bytes().rev().take_while(|b| *b == b'9').count();
    let (start, _) = digits.split_at(digits.len() - nines);
    let mut out = start.to_owned();
    match out.pop() {
        Some(last) => out.push(char::from(last as u8 + 1)),
        None => out.push('1'),
    }
    out + &"0".repeat(nines)
}

/// Writes the number with an exponent and `places` digits after the point.
pub(super) fn scientific(decimal: &Decimal, places: usize) -> String {
    decimal.round(places as i64 + 1).write_scientific(places)
}

/// Writes the number as `%g` does: with an exponent if it is large or small, with `digits` or as many as needed.
pub(super) fn general(number: &Number, digits: Option<usize>) -> String {
    if number.is_infinite() {
        return if number.is_negative() { "-Inf" } else { "+Inf" }.to_owned();
    }
    let sign = if number.to_string().starts_with('-') { "-" } else { "" };
    let decimal = match digits {
        None => Decimal::shortest(number),
        Some(digits) => Decimal::exact(&number.abs()).round(digits.max(1) as i64),
    };
    let count = decimal.digits.len() as i64;
    let limit = match digits {
        None => 6,
        Some(digits) if digits as i64 > count && count >= decimal.exponent => count,
        Some(digits) => (digits as i64).max(1),
    };
    let exponent = decimal.exponent - 1;
    if !(-4..limit).contains(&exponent) {
        return format!("{sign}{}", decimal.write_scientific((count - 1).max(0) as usize));
    }
    format!("{sign}{}", decimal.write_fixed((count - decimal.exponent).max(0) as usize))
}

/// Writes the size of a whole number in the base of a verb.
pub(super) fn radix(number: &BigInt, verb: char) -> String {
    let size = number.magnitude();
    match verb {
        'b' => size.to_str_radix(2),
        'o' => size.to_str_radix(8),
        'x' => size.to_str_radix(16),
        'X' => size.to_str_radix(16).to_uppercase(),
        _ => size.to_string(),
    }
}
