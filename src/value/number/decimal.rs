//! Numbers as decimal text.
//!
//! Printing gives the shortest decimal that reads back as the same number at the number's own precision: the digits of
//! the value and of the middles towards its two neighbours are compared from the left, and the first place where
//! cutting or rounding up stays between the middles ends the text. This follows the method, and the corner cases,
//! of Go's `big.Float`, because the last digit is visible to users.

use super::float::{Float, Rounded};
use num_bigint::BigUint;
use num_traits::Zero;

/// `0.d₁d₂d₃… × 10^point`, exactly; digits are ASCII, without zeros at either end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Decimal {
    pub point: i64,
    pub digits: Vec<u8>,
}

impl Decimal {
    /// The decimal expansion of `mantissa × 2^exponent`, which is always finite.
    fn new(mantissa: &BigUint, exponent: i64) -> Self {
        if mantissa.is_zero() {
            return Self { digits: Vec::new(), point: 0 };
        }
        let power = exponent.unsigned_abs();
        let (scaled, places) = if exponent >= 0 {
            (mantissa << power, 0)
        } else {
            let zeros = mantissa.trailing_zeros().unwrap_or(0).min(power);
            let power = power - zeros;
            ((mantissa >> zeros) * BigUint::from(5u32).pow(power as u32), power as i64)
        };
        let digits = scaled.to_str_radix(10).into_bytes();
        let point = digits.len() as i64 - places;
        Self { digits, point }.trimmed()
    }

    fn trimmed(mut self) -> Self {
        let kept = self.digits.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
        self.digits.truncate(kept);
        if kept == 0 {
            self.point = 0;
        }
        self
    }

    fn digit(&self, place: usize) -> u8 {
        self.digits.get(place).copied().unwrap_or(b'0')
    }

    /// Rounds to the nearest with this many digits, halves to even.
    pub fn round(self, count: usize) -> Self {
        if count >= self.digits.len() {
            return self;
        }
        let half = self.digits[count] == b'5' && count + 1 == self.digits.len();
        let up = if half {
            count > 0 && (self.digits[count - 1] - b'0') % 2 == 1
        } else {
            self.digits[count] >= b'5'
        };
        if up { self.round_up(count) } else { self.round_down(count) }
    }

    fn round_down(mut self, count: usize) -> Self {
        self.digits.truncate(count);
        self.trimmed()
    }

    fn round_up(mut self, count: usize) -> Self {
        self.digits.truncate(count);
        while self.digits.last() == Some(&b'9') {
            self.digits.pop();
        }
        match self.digits.last_mut() {
            Some(last) => *last += 1,
            None => {
                self.digits.push(b'1');
                self.point += 1;
            }
        }
        self
    }

    /// Positional notation without an exponent.
    pub fn plain(&self) -> String {
        let mut text = String::new();
        if self.point <= 0 {
            text.push('0');
        }
        for place in 0..self.point.max(0) {
            text.push(char::from(self.digit(place as usize)));
        }
        let fraction = self.digits.len() as i64 - self.point;
        if fraction > 0 && !self.digits.is_empty() {
            text.push('.');
            text.extend(std::iter::repeat_n('0', (-self.point).max(0) as usize));
            text.extend(self.digits.iter().skip(self.point.max(0) as usize).map(|&digit| char::from(digit)));
        }
        text
    }

    /// At most ten digits, with an exponent where C's `%.10g` has one: the key by which cty orders sets of collections.
    pub fn general(self) -> String {
        const DIGITS: usize = 10;
        let rounded = self.round(DIGITS);
        let length = rounded.digits.len();
        let limit = if length < DIGITS && length as i64 >= rounded.point { length } else { DIGITS };
        let exponent = if length == 0 { 0 } else { rounded.point - 1 };
        if (-4..limit as i64).contains(&exponent) || length == 0 {
            return rounded.plain();
        }
        let (first, rest) = rounded.digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign = if exponent < 0 { '-' } else { '+' };
        let text = |digits: &[u8]| String::from_utf8_lossy(digits).into_owned();
        format!("{}{point}{}e{sign}{:02}", text(first), text(rest), exponent.unsigned_abs())
    }
}

/// All digits of the value, without its sign.
pub(super) fn exact(float: &Float) -> Decimal {
    Decimal::new(&float.mantissa, float.exponent)
}

/// The shortest digits that read back as the value at its precision, without its sign.
pub(super) fn shortest(float: &Float) -> Decimal {
    if float.is_zero() {
        return exact(float);
    }
    // One bit more than the precision, so that the middles towards the neighbours are whole numbers.
    let (mantissa, exponent) = float.normalized(float.precision + 1);
    let value = exact(float);
    let lower = Decimal::new(&(&mantissa - 1u32), exponent);
    let upper = Decimal::new(&(&mantissa + 1u32), exponent);
    let inclusive = !mantissa.bit(1);
    for place in 0..value.digits.len() {
        let (low, digit, high) = (lower.digit(place), value.digit(place), upper.digit(place));
        let down = low != digit || inclusive && place + 1 == lower.digits.len();
        let up = digit != high && (inclusive || digit + 1 < high || place + 1 < upper.digits.len());
        match (down, up) {
            (true, true) => return value.round(place + 1),
            (true, false) => return value.round_down(place + 1),
            (false, true) => return value.round_up(place + 1),
            (false, false) => {}
        }
    }
    value
}

/// The most digits of a number's text. Reading takes quadratic time, and nothing beyond 512 bits is kept of a fraction.
const MAX_DIGITS: usize = 100_000;

/// What number text says.
pub(super) enum Parsed {
    Finite(Float),
    Infinite { negative: bool },
}

/// Reads `[+-] digits [. digits] [(e|p) [+-] digits]` or `[+-] Inf`, at the precision given.
///
/// An `e` counts powers of ten, a `p` powers of two. `None` where the text is anything else, or where the exponent has no 32 bits.
pub(super) fn parse(text: &str, precision: u32) -> Option<Parsed> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if matches!(text, "Inf" | "inf") {
        return Some(Parsed::Infinite { negative });
    }
    let (number, exponent) = split_exponent(text)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mantissa = BigUint::parse_bytes(digits.as_bytes(), 10)?;
    let places = i64::try_from(fraction.len()).ok()?;
    Some(match exponent {
        Exponent::Ten(power) => scale(negative, mantissa, 0, power - places, precision),
        Exponent::Two(power) => scale(negative, mantissa, power, -places, precision),
    })
}

enum Exponent {
    Ten(i64),
    Two(i64),
}

/// Cuts the exponent off. It is limited to 32 bits, as Go's is.
fn split_exponent(text: &str) -> Option<(&str, Exponent)> {
    let Some(at) = text.find(['e', 'E', 'p', 'P']) else { return Some((text, Exponent::Ten(0))) };
    let (number, exponent) = text.split_at(at);
    let digits = &exponent[1..];
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let power = i64::from(digits.parse::<i32>().ok()?);
    let binary = exponent.starts_with(['p', 'P']);
    Some((number, if binary { Exponent::Two(power) } else { Exponent::Ten(power) }))
}

/// `mantissa × 2^two × 10^ten`, rounded as Go's parser rounds it.
fn scale(negative: bool, mantissa: BigUint, two: i64, ten: i64, precision: u32) -> Parsed {
    if mantissa.is_zero() {
        return Parsed::Finite(Float::zero(negative, precision));
    }
    let exact = Float::exact(negative, mantissa, two + ten, precision);
    let result = if ten == 0 {
        exact.with_precision(precision)
    } else {
        match Float::power_of_five(ten.unsigned_abs(), precision + 64) {
            Rounded::Finite(power) if ten > 0 => exact.mul(&power, precision),
            Rounded::Finite(power) => exact.div(&power, precision),
            Rounded::Infinite { .. } if ten > 0 => Rounded::Infinite { negative },
            Rounded::Infinite { .. } => Rounded::Finite(Float::zero(negative, precision)),
        }
    };
    match result {
        Rounded::Finite(float) => Parsed::Finite(float),
        Rounded::Infinite { negative } => Parsed::Infinite { negative },
    }
}
