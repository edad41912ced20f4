//! Arbitrary-precision numbers, as Terraform has them.
//!
//! A number is a binary float that carries its own precision: 512 bits for what is written in a configuration, 64 for
//! lengths, 53 for what a 64-bit float gave. Arithmetic keeps the greater precision of its operands, and text is the shortest
//! decimal that reads back at that precision, so `1/3` has 155 digits. Integers of 64 bits, which is nearly all
//! there are, are kept apart and never touch the big arithmetic; the results are the same.

use num_bigint::{BigInt, BigUint};
use num_traits::ToPrimitive;
use std::fmt;
use std::sync::Arc;

mod decimal;
mod float;
mod order;
#[cfg(test)]
mod tests;

use decimal::Parsed;
use float::{Float, Rounded};

/// The precision of number literals, in bits.
const PRECISION: u32 = 512;

/// The most bits that are read back: what the greatest exponent allows an integer.
const MAX_PRECISION: u32 = 1 << 17;

/// A number. Equality is the language's: integers are equal when they are the same, other numbers when they read the
/// same; `-0` equals `0`. Order and hash agree with it.
#[derive(Clone)]
pub struct Number(Repr);

#[derive(Clone)]
enum Repr {
    /// An integer, except negative zero. The precision is enough to hold it.
    Small(i64, u32),
    Big(Arc<Float>),
    Infinite {
        negative: bool,
        precision: u32,
    },
}

/// An operation that has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    #[error("can't compute sum of opposing infinities")]
    Sum,
    #[error("can't subtract infinity from itself")]
    Difference,
    #[error("can't multiply zero by infinity")]
    Product,
    #[error("can't divide zero by zero or infinity by infinity")]
    Quotient,
    #[error("can't use modulo with zero and infinity")]
    Remainder,
}

impl Number {
    pub const ZERO: Self = Self(Repr::Small(0, PRECISION));
    pub const ONE: Self = Self(Repr::Small(1, PRECISION));

    /// Reads decimal text as Terraform does wherever a string becomes a number: sign, fraction and exponent are
    /// allowed, spaces and digit separators are not. An exponent beyond what is kept gives infinity or zero.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(small) = parse_small(text) {
            return Some(Self(Repr::Small(small, PRECISION)));
        }
        decimal::parse(text, PRECISION).map(|parsed| match parsed {
            Parsed::Finite(float) => Self::from_float(float),
            Parsed::Infinite { negative } => Self(Repr::Infinite { negative, precision: PRECISION }),
        })
    }

    /// Reads back what [`Number`] displays, at the precision it had.
    pub fn parse_with_precision(text: &str, bits: u32) -> Option<Self> {
        if !(1..=MAX_PRECISION).contains(&bits) {
            return None;
        }
        decimal::parse(text, bits).map(|parsed| match parsed {
            Parsed::Finite(float) => Self::from_float(float),
            Parsed::Infinite { negative } => Self(Repr::Infinite { negative, precision: bits }),
        })
    }

    /// The float as it is, with its 53 bits. `None` for NaN.
    pub fn from_f64(value: f64) -> Option<Self> {
        if value.is_infinite() {
            return Some(Self(Repr::Infinite { negative: value < 0.0, precision: 53 }));
        }
        Float::from_f64(value).map(Self::from_float)
    }

    /// The integer, with as many bits as it needs and at least 64.
    pub fn from_bigint(value: &BigInt) -> Self {
        let precision = u32::try_from(value.bits()).unwrap_or(u32::MAX).max(64);
        let negative = value.sign() == num_bigint::Sign::Minus;
        Self::rounded(Float::round(negative, value.magnitude().clone(), 0, false, precision), precision)
    }

    /// An integer with 64 bits of precision, as lengths and positions have.
    pub fn from_usize_64(value: usize) -> Self {
        Self::from(value).with_precision(64)
    }

    pub fn infinity() -> Self {
        Self(Repr::Infinite { negative: false, precision: PRECISION })
    }

    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Repr::Small(..) => true,
            Repr::Big(float) => float.is_integer(),
            Repr::Infinite { .. } => false,
        }
    }

    /// Whether the number is below zero; negative zero is not.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Repr::Small(value, _) => *value < 0,
            Repr::Big(float) => float.negative && !float.is_zero(),
            Repr::Infinite { negative, .. } => *negative,
        }
    }

    pub fn is_zero(&self) -> bool {
        match &self.0 {
            Repr::Small(value, _) => *value == 0,
            Repr::Big(float) => float.is_zero(),
            Repr::Infinite { .. } => false,
        }
    }

    pub fn is_infinite(&self) -> bool {
        matches!(self.0, Repr::Infinite { .. })
    }

    /// The integer, if it is one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Small(value, _) => Some(*value),
            Repr::Big(float) if float.is_zero() => Some(0),
            _ => None, // whatever fits is small
        }
    }

    /// The integer, if it is one and fits.
    pub fn as_usize(&self) -> Option<usize> {
        self.to_bigint()?.to_usize()
    }

    /// The nearest 64-bit float.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            Repr::Small(value, _) => *value as f64,
            Repr::Big(float) => float.to_f64(),
            Repr::Infinite { negative: false, .. } => f64::INFINITY,
            Repr::Infinite { negative: true, .. } => f64::NEG_INFINITY,
        }
    }

    /// The integer, if it is one.
    pub fn to_bigint(&self) -> Option<BigInt> {
        match &self.0 {
            Repr::Small(value, _) => Some((*value).into()),
            Repr::Big(float) if float.is_integer() => Some(float.truncated().0),
            _ => None,
        }
    }

    /// The precision in bits.
    pub fn precision(&self) -> u32 {
        match &self.0 {
            Repr::Small(_, precision) | Repr::Infinite { precision, .. } => *precision,
            Repr::Big(float) => float.precision,
        }
    }

    /// The number rounded to a precision, which it carries from then on.
    pub fn with_precision(&self, bits: u32) -> Self {
        match &self.0 {
            Repr::Infinite { negative, .. } => Self(Repr::Infinite { negative: *negative, precision: bits }),
            Repr::Small(value, _) if bits >= 64 => Self(Repr::Small(*value, bits)),
            Repr::Small(value, _) => {
                Self::rounded(Float::from_i64(*value, bits.max(64)).with_precision(bits), bits)
            }
            Repr::Big(float) => Self::rounded(float.with_precision(bits), bits),
        }
    }

    pub fn add(&self, other: &Self) -> Result<Self, NumberError> {
        let precision = self.precision().max(other.precision());
        match (&self.0, &other.0) {
            (Repr::Small(a, _), Repr::Small(b, _)) if precision >= 64 => match a.checked_add(*b) {
                Some(sum) => Ok(Self(Repr::Small(sum, precision))),
                None => Ok(self.add_floats(other)),
            },
            (Repr::Infinite { negative: a, .. }, Repr::Infinite { negative: b, .. }) if a != b => {
                Err(NumberError::Sum)
            }
            (Repr::Infinite { negative, .. }, _) | (_, Repr::Infinite { negative, .. }) => {
                Ok(Self(Repr::Infinite { negative: *negative, precision }))
            }
            _ => Ok(self.add_floats(other)),
        }
    }

    pub fn sub(&self, other: &Self) -> Result<Self, NumberError> {
        match (&self.0, &other.0) {
            (Repr::Small(a, _), Repr::Small(b, _)) if self.precision().max(other.precision()) >= 64 => {
                match a.checked_sub(*b) {
                    Some(difference) => {
                        Ok(Self(Repr::Small(difference, self.precision().max(other.precision()))))
                    }
                    None => Ok(self.add_floats(&other.neg())),
                }
            }
            _ => self.add(&other.neg()).map_err(|_| NumberError::Difference),
        }
    }

    /// The product: computed with 512 bits, then kept with the operands' greater precision or what it needs.
    pub fn mul(&self, other: &Self) -> Result<Self, NumberError> {
        let precision = self.precision().max(other.precision());
        let negative = self.sign_bit() != other.sign_bit();
        if let (Repr::Small(a, _), Repr::Small(b, _)) = (&self.0, &other.0)
            && let Some(product) = a.checked_mul(*b)
            && (product != 0 || !negative)
            && precision >= 64
        {
            return Ok(Self(Repr::Small(product, precision)));
        }
        let (Some(a), Some(b)) = (self.finite(), other.finite()) else {
            let undefined = self.is_zero() || other.is_zero();
            return if undefined {
                Err(NumberError::Product)
            } else {
                Ok(Self(Repr::Infinite { negative, precision }))
            };
        };
        Ok(match a.mul(&b, PRECISION) {
            Rounded::Infinite { negative } => Self(Repr::Infinite { negative, precision }),
            Rounded::Finite(product) => {
                let precision = precision.max(product.needed_precision());
                Self::from_float(Float { precision, ..product })
            }
        })
    }

    /// The quotient. Division of anything else by zero gives an infinity.
    pub fn div(&self, other: &Self) -> Result<Self, NumberError> {
        let precision = self.precision().max(other.precision());
        let negative = self.sign_bit() != other.sign_bit();
        if let (Repr::Small(a, _), Repr::Small(b, _)) = (&self.0, &other.0)
            && let Some(0) = a.checked_rem(*b)
            && (*a != 0 || !negative)
            && precision >= 64
        {
            return Ok(Self(Repr::Small(a / b, precision)));
        }
        match (self.finite(), other.finite()) {
            (None, None) => Err(NumberError::Quotient),
            (Some(a), Some(b)) if a.is_zero() && b.is_zero() => Err(NumberError::Quotient),
            (None, _) => Ok(Self(Repr::Infinite { negative, precision })),
            (_, None) => Ok(Self::from_float(Float::zero(negative, precision))),
            (_, Some(b)) if b.is_zero() => Ok(Self(Repr::Infinite { negative, precision })),
            (Some(a), Some(b)) => Ok(Self::rounded(a.div(&b, precision), precision)),
        }
    }

    /// The remainder of the division rounded towards zero; with zero as divisor the number itself.
    pub fn rem(&self, other: &Self) -> Result<Self, NumberError> {
        if other.is_zero() {
            return Ok(self.clone());
        }
        if let (Repr::Small(a, precision), Repr::Small(b, _)) = (&self.0, &other.0)
            && *precision >= 64
        {
            return Ok(Self(Repr::Small(a.checked_rem(*b).unwrap_or(0), *precision)));
        }
        let (Some(a), Some(b)) = (self.finite(), other.finite()) else { return Err(NumberError::Remainder) };
        // Each step rounds to the dividend's precision, as the reference implementation does.
        let whole = match a.div(&b, a.precision.max(b.precision)) {
            Rounded::Finite(quotient) => quotient.truncated().0,
            Rounded::Infinite { .. } => return Err(NumberError::Remainder),
        };
        let negative = whole.sign() == num_bigint::Sign::Minus;
        let steps = Float::round(negative, whole.magnitude().clone(), 0, false, a.precision);
        let Rounded::Finite(steps) = steps else { return Err(NumberError::Remainder) };
        let Rounded::Finite(taken) = b.mul(&steps, a.precision) else { return Err(NumberError::Remainder) };
        Ok(Self::rounded(a.add(&taken.negated()), a.precision))
    }

    pub fn neg(&self) -> Self {
        match &self.0 {
            Repr::Small(value, precision) if *value != 0 && *value != i64::MIN => {
                Self(Repr::Small(-value, *precision))
            }
            Repr::Infinite { negative, precision } => {
                Self(Repr::Infinite { negative: !negative, precision: *precision })
            }
            _ => self.finite().map_or_else(|| self.clone(), |float| Self::from_float(float.negated())),
        }
    }

    pub fn abs(&self) -> Self {
        if self.sign_bit() { self.neg() } else { self.clone() }
    }

    /// The greatest integer that is not above.
    pub fn floor(&self) -> Self {
        self.to_whole(|whole, negative| if negative { whole - 1 } else { whole })
    }

    /// The least integer that is not below.
    pub fn ceil(&self) -> Self {
        self.to_whole(|whole, negative| if negative { whole } else { whole + 1 })
    }

    /// The text by which cty orders sets of collections: ten digits at most.
    pub(crate) fn sort_text(&self) -> String {
        match &self.0 {
            Repr::Small(value, _) if value.unsigned_abs() < 10_000_000_000 => value.to_string(),
            Repr::Infinite { .. } => self.to_string(),
            _ => self.finite().map_or_else(String::new, |float| {
                let sign = if float.negative { "-" } else { "" };
                format!("{sign}{}", decimal::exact(&float).general())
            }),
        }
    }

    fn to_whole(&self, adjust: impl Fn(BigInt, bool) -> BigInt) -> Self {
        let Repr::Big(float) = &self.0 else { return self.clone() };
        match float.truncated() {
            (_, false) => self.clone(),
            (whole, true) => {
                let (sign, magnitude) = adjust(whole, float.negative).into_parts();
                let negative = sign == num_bigint::Sign::Minus;
                Self::rounded(Float::round(negative, magnitude, 0, false, float.precision), float.precision)
            }
        }
    }

    fn add_floats(&self, other: &Self) -> Self {
        match (self.finite(), other.finite()) {
            (Some(a), Some(b)) => Self::rounded(a.add(&b), a.precision.max(b.precision)),
            (None, _) => self.clone(),
            (_, None) => other.clone(),
        }
    }

    /// Whether a minus sign stands before it, be it a zero's.
    fn sign_bit(&self) -> bool {
        match &self.0 {
            Repr::Small(value, _) => *value < 0,
            Repr::Big(float) => float.negative,
            Repr::Infinite { negative, .. } => *negative,
        }
    }

    fn finite(&self) -> Option<Float> {
        match &self.0 {
            Repr::Small(value, precision) => Some(Float::from_i64(*value, *precision)),
            Repr::Big(float) => Some(Float::clone(float)),
            Repr::Infinite { .. } => None,
        }
    }

    fn rounded(result: Rounded, precision: u32) -> Self {
        match result {
            Rounded::Finite(float) => Self::from_float(float),
            Rounded::Infinite { negative } => Self(Repr::Infinite { negative, precision }),
        }
    }

    /// Keeps what fits as a small integer, so that one value has one representation.
    fn from_float(float: Float) -> Self {
        let fits = float.is_integer() && float.exponent < 64 && !(float.negative && float.is_zero());
        if fits && let Some(value) = float.truncated().0.to_i64() {
            return Self(Repr::Small(value, float.precision));
        }
        Self(Repr::Big(Arc::new(float)))
    }
}

/// Reads a plain integer that surely fits. Negative zero is none of these.
fn parse_small(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() > 18 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: i64 = digits.parse().ok()?;
    match (digits.len() == text.len(), value) {
        (true, _) => Some(value),
        (false, 0) => None,
        (false, _) => Some(-value),
    }
}

impl fmt::Display for Number {
    /// Decimal digits without an exponent, as short as reads back; `+Inf` and `-Inf`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            // Rounding to fewer than 64 bits can shorten the digits of an integer; it is exact otherwise.
            Repr::Small(value, precision) if *precision >= 64 => write!(f, "{value}"),
            Repr::Infinite { negative, .. } => f.write_str(if *negative { "-Inf" } else { "+Inf" }),
            _ => {
                let Some(float) = self.finite() else { return Ok(()) };
                let sign = if float.negative { "-" } else { "" };
                write!(f, "{sign}{}", decimal::shortest(&float).plain())
            }
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(Repr::Small(value, PRECISION))
    }
}

impl From<i32> for Number {
    fn from(value: i32) -> Self {
        Self::from(i64::from(value))
    }
}

impl From<u32> for Number {
    fn from(value: u32) -> Self {
        Self::from(i64::from(value))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self::from_float(Float::exact(false, BigUint::from(value), 0, PRECISION))
    }
}

impl From<usize> for Number {
    fn from(value: usize) -> Self {
        Self::from(value as u64)
    }
}
