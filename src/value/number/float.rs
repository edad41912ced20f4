//! Binary floating point of any precision: sign, mantissa, exponent, rounded half to even.
//!
//! A value is `± mantissa × 2^exponent` with an odd mantissa (or zero) of at most `precision` bits. Every operation
//! computes the exact result, or enough bits of it and one sticky bit, and rounds once; so results agree bit for bit
//! with any other correctly rounded implementation, which is what lets Terraform's numbers be reproduced.

use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{ToPrimitive, Zero};
use std::cmp::Ordering;

/// The greatest magnitude of a binary exponent. Beyond it numbers overflow to infinity or underflow to zero, so that
/// `1e999999999` costs nothing to keep or print. (About 39,000 decimal digits.)
pub(super) const MAX_EXPONENT: i64 = 1 << 17;

/// A finite number, zero included.
#[derive(Clone, Debug)]
pub(super) struct Float {
    pub negative: bool,
    pub mantissa: BigUint,
    pub exponent: i64,
    pub precision: u32,
}

/// What an operation gives: a finite number, or an infinity by overflow.
pub(super) enum Rounded {
    Finite(Float),
    Infinite { negative: bool },
}

impl Float {
    pub fn zero(negative: bool, precision: u32) -> Self {
        Self { negative, mantissa: BigUint::ZERO, exponent: 0, precision }
    }

    pub fn from_i64(value: i64, precision: u32) -> Self {
        Self::exact(value < 0, BigUint::from(value.unsigned_abs()), 0, precision)
    }

    /// The number as given, where it is known to fit the precision.
    pub fn exact(negative: bool, mantissa: BigUint, exponent: i64, precision: u32) -> Self {
        let zeros = mantissa.trailing_zeros().unwrap_or(0);
        let exponent = if mantissa.is_zero() { 0 } else { exponent + zeros as i64 };
        Self { negative, mantissa: mantissa >> zeros, exponent, precision }
    }

    /// Rounds `± mantissa × 2^exponent` to `precision` bits. `sticky` says that the true value lies a little beyond
    /// the mantissa (less than one unit of it); the mantissa then must have at least two bits more than `precision`.
    pub fn round(negative: bool, mantissa: BigUint, exponent: i64, sticky: bool, precision: u32) -> Rounded {
        let excess = mantissa.bits() as i64 - i64::from(precision);
        let rounded = if excess <= 0 {
            Self::exact(negative, mantissa, exponent, precision)
        } else {
            let shift = excess as u64;
            let kept = &mantissa >> shift;
            let half = mantissa.bit(shift - 1);
            let beyond = sticky || mantissa.trailing_zeros().is_some_and(|zeros| zeros < shift - 1);
            let up = half && (beyond || kept.bit(0));
            Self::exact(negative, if up { kept + 1u32 } else { kept }, exponent + excess, precision)
        };
        rounded.within_range()
    }

    fn within_range(self) -> Rounded {
        match self.magnitude() {
            _ if self.mantissa.is_zero() => Rounded::Finite(self),
            high if high > MAX_EXPONENT => Rounded::Infinite { negative: self.negative },
            high if high < -MAX_EXPONENT => Rounded::Finite(Self::zero(self.negative, self.precision)),
            _ => Rounded::Finite(self),
        }
    }

    /// The exponent of the power of two just above the value.
    fn magnitude(&self) -> i64 {
        self.exponent + self.mantissa.bits() as i64
    }

    pub fn is_zero(&self) -> bool {
        self.mantissa.is_zero()
    }

    pub fn is_integer(&self) -> bool {
        self.exponent >= 0
    }

    /// The integer towards zero, and whether something was cut off.
    pub fn truncated(&self) -> (BigInt, bool) {
        let (magnitude, cut) = match u64::try_from(self.exponent) {
            Ok(shift) => (&self.mantissa << shift, false),
            Err(_) => (&self.mantissa >> self.exponent.unsigned_abs(), true),
        };
        let sign = if self.negative { Sign::Minus } else { Sign::Plus };
        (BigInt::from_biguint(sign, magnitude), cut)
    }

    pub fn with_precision(&self, precision: u32) -> Rounded {
        Self::round(self.negative, self.mantissa.clone(), self.exponent, false, precision)
    }

    pub fn negated(&self) -> Self {
        Self { negative: !self.negative, ..self.clone() }
    }

    pub fn add(&self, other: &Self) -> Rounded {
        let precision = self.precision.max(other.precision);
        if self.is_zero() && other.is_zero() {
            return Rounded::Finite(Self::zero(self.negative && other.negative, precision));
        }
        let exponent = self.exponent.min(other.exponent);
        let aligned = |float: &Self| {
            let sign = if float.negative { Sign::Minus } else { Sign::Plus };
            BigInt::from_biguint(sign, &float.mantissa << (float.exponent - exponent) as u64)
        };
        let (sign, magnitude) = (aligned(self) + aligned(other)).into_parts();
        Self::round(sign == Sign::Minus, magnitude, exponent, false, precision)
    }

    /// The product at the given precision.
    pub fn mul(&self, other: &Self, precision: u32) -> Rounded {
        let negative = self.negative != other.negative;
        let mantissa = &self.mantissa * &other.mantissa;
        Self::round(negative, mantissa, self.exponent + other.exponent, false, precision)
    }

    /// The quotient at the given precision. The divisor is not zero.
    pub fn div(&self, other: &Self, precision: u32) -> Rounded {
        let negative = self.negative != other.negative;
        let wanted = u64::from(precision) + 2 + other.mantissa.bits();
        let shift = wanted.saturating_sub(self.mantissa.bits());
        let dividend = &self.mantissa << shift;
        let quotient = &dividend / &other.mantissa;
        let sticky = &quotient * &other.mantissa != dividend;
        Self::round(negative, quotient, self.exponent - other.exponent - shift as i64, sticky, precision)
    }

    /// Compares the numbers themselves, whatever their precisions.
    pub fn compare(&self, other: &Self) -> Ordering {
        let sign = |float: &Self| {
            if float.is_zero() {
                0
            } else if float.negative {
                -1
            } else {
                1
            }
        };
        let by_sign = sign(self).cmp(&sign(other));
        if by_sign.is_ne() || self.is_zero() {
            return by_sign;
        }
        let magnitudes = self.magnitude().cmp(&other.magnitude()).then_with(|| {
            let exponent = self.exponent.min(other.exponent);
            let aligned = |float: &Self| &float.mantissa << (float.exponent - exponent) as u64;
            aligned(self).cmp(&aligned(other))
        });
        if self.negative { magnitudes.reverse() } else { magnitudes }
    }

    /// The nearest 64-bit float.
    pub fn to_f64(&self) -> f64 {
        // Numbers near the smallest floats are rounded a second time by the multiplication; nobody can tell.
        let Rounded::Finite(short) = self.with_precision(53) else { return f64::INFINITY };
        let mantissa = short.mantissa.to_f64().unwrap_or(f64::INFINITY);
        let half = (short.exponent / 2).clamp(-2000, 2000) as i32;
        let rest = (short.exponent - i64::from(half)).clamp(-2000, 2000) as i32;
        let magnitude = mantissa * 2f64.powi(half) * 2f64.powi(rest);
        if self.negative { -magnitude } else { magnitude }
    }

    /// The 64-bit float as it is. Infinities and NaN have no such form.
    pub fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        let bits = value.to_bits();
        let biased = (bits >> 52 & 0x7ff) as i64;
        let fraction = bits & ((1 << 52) - 1);
        let mantissa = if biased == 0 { fraction } else { fraction | 1 << 52 };
        Some(Self::exact(value.is_sign_negative(), mantissa.into(), biased.max(1) - 1075, 53))
    }

    /// `5^power`, rounded the way Go's parser rounds it: by repeated squaring at 64 bits more than asked for.
    /// Exact for every power a person writes; beyond that the last bit of a literal depends on it.
    pub fn power_of_five(power: u64, precision: u32) -> Rounded {
        const EXACT: u64 = 27; // the greatest power of five in 64 bits
        let start = power.min(EXACT);
        let mut result = Self::exact(false, BigUint::from(5u64.pow(start as u32)), 0, precision);
        let mut rest = power - start;
        let mut square = Self::exact(false, BigUint::from(5u32), 0, precision + 64);
        while rest > 0 {
            if rest & 1 == 1 {
                result = match result.mul(&square, precision) {
                    Rounded::Finite(product) => product,
                    infinite => return infinite,
                };
            }
            rest >>= 1;
            if rest > 0 {
                square = match square.mul(&square, precision + 64) {
                    Rounded::Finite(product) => product,
                    infinite => return infinite,
                };
            }
        }
        Rounded::Finite(result)
    }

    /// How many bits the value needs.
    pub fn needed_precision(&self) -> u32 {
        self.mantissa.bits() as u32
    }

    /// The mantissa with exactly `bits` bits, and its exponent. The value is not zero.
    pub fn normalized(&self, bits: u32) -> (BigUint, i64) {
        let shift = u64::from(bits) - self.mantissa.bits();
        (&self.mantissa << shift, self.exponent - shift as i64)
    }
}
