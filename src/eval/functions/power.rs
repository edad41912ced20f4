//! `x` to the power of `y` in double precision, by repeated squaring as Go computes it.
//!
//! The platform's `pow` is rounded better in the last digit, and a configuration would then give a value other than
//! Terraform's, and so a change to every object made from it.

/// Returns `x` to the power of `y`.
pub(super) fn power(x: f64, y: f64) -> f64 {
    if let Some(known) = special(x, y) {
        return known;
    }
    let (mut whole, mut part) = (y.abs().trunc(), y.abs().fract());
    if part != 0.0 && x < 0.0 {
        return f64::NAN;
    }
    if whole >= 9.223_372_036_854_776e18 {
        return huge(x, y);
    }
    let (mut mantissa, mut exponent) = (1.0, 0i64);
    if part != 0.0 {
        if part > 0.5 {
            part -= 1.0;
            whole += 1.0;
        }
        mantissa = (part * x.ln()).exp();
    }
    let (squared, squared_exponent) = square_and_multiply(x, whole as i64);
    mantissa *= squared;
    exponent += squared_exponent;
    if y < 0.0 {
        mantissa = 1.0 / mantissa;
        exponent = -exponent;
    }
    scale(mantissa, exponent)
}

/// Returns `x` to a whole power, as a mantissa and a power of two, so that no step overflows.
fn square_and_multiply(x: f64, power: i64) -> (f64, i64) {
    let (mut mantissa, mut exponent) = (1.0, 0i64);
    let (mut x, mut x_exponent) = split(x);
    let mut left = power;
    while left != 0 {
        if !(-(1 << 12)..=1 << 12).contains(&x_exponent) {
            return (mantissa, exponent + x_exponent); // Beyond any double: overflow, or nothing left.
        }
        if left & 1 == 1 {
            mantissa *= x;
            exponent += x_exponent;
        }
        x *= x;
        x_exponent <<= 1;
        if x < 0.5 {
            x += x;
            x_exponent -= 1;
        }
        left >>= 1;
    }
    (mantissa, exponent)
}

fn special(x: f64, y: f64) -> Option<f64> {
    if y == 0.0 || x == 1.0 {
        return Some(1.0);
    }
    if x.is_nan() || y.is_nan() || x == 0.0 || x.is_infinite() || y.is_infinite() || y == 1.0 {
        return Some(x.powf(y));
    }
    match y {
        0.5 => Some(x.sqrt()),
        -0.5 => Some(1.0 / x.sqrt()),
        _ => None,
    }
}

/// A power so large that only the size of `x` matters.
fn huge(x: f64, y: f64) -> f64 {
    match (x.abs() < 1.0) == (y > 0.0) {
        _ if x == -1.0 => 1.0,
        true => 0.0,
        false => f64::INFINITY,
    }
}

/// Splits a finite number into a mantissa from a half to one, and a power of two.
fn split(x: f64) -> (f64, i64) {
    let normal = if x.abs() < f64::MIN_POSITIVE { x * 2f64.powi(52) } else { x };
    let shift = if x.abs() < f64::MIN_POSITIVE { -52 } else { 0 };
    let bits = normal.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1022;
    (f64::from_bits((bits & !(0x7ff << 52)) | (1022 << 52)), exponent + shift)
}

/// Returns `mantissa` times two to the power of `exponent`.
fn scale(mantissa: f64, exponent: i64) -> f64 {
    let exponent = exponent.clamp(-2200, 2200) as i32;
    // In two steps: a result below the normal range must be rounded once, at the end.
    let half = exponent / 2;
    mantissa * 2f64.powi(half) * 2f64.powi(exponent - half)
}
