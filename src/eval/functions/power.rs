//! Powers and logarithms in double precision, computed by the steps that Go takes.
//!
//! The platform's own are rounded better in the last digit, and a configuration would then give a value other than
//! Terraform's, and so a change to every object made from it. A power is made by repeated squaring; a logarithm by
//! the series of Sun's fdlibm (`e_log.c`); an exponential by a Taylor series for a sixteenth of the argument, squared
//! four times (N. Shibata, "Efficient evaluation methods of elementary functions suitable for SIMD computation").

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
        mantissa = exponential(part * logarithm(x));
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

/// Returns the natural logarithm.
pub(super) fn logarithm(x: f64) -> f64 {
    const HIGH: f64 = 6.931_471_803_691_238e-1;
    const LOW: f64 = 1.908_214_929_270_587_7e-10;
    const SERIES: [f64; 7] = [
        6.666_666_666_666_735e-1,
        3.999_999_999_940_942e-1,
        2.857_142_874_366_239e-1,
        2.222_219_843_214_978_4e-1,
        1.818_357_216_161_805e-1,
        1.531_383_769_920_937_3e-1,
        1.479_819_860_511_658_6e-1,
    ];
    if x.is_nan() || x <= 0.0 || x.is_infinite() {
        return x.ln();
    }
    let (mut mantissa, mut exponent) = split(x);
    if mantissa < std::f64::consts::FRAC_1_SQRT_2 {
        mantissa *= 2.0;
        exponent -= 1;
    }
    let (f, k) = (mantissa - 1.0, exponent as f64);
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let odd = s2 * (SERIES[0] + s4 * (SERIES[2] + s4 * (SERIES[4] + s4 * SERIES[6])));
    let even = s4 * (SERIES[1] + s4 * (SERIES[3] + s4 * SERIES[5]));
    let half = 0.5 * f * f;
    k * HIGH - ((half - (s * (half + (odd + even)) + k * LOW)) - f)
}

/// Returns e to the power of `x`, with fused multiplications as processors of today do it.
fn exponential(x: f64) -> f64 {
    const HIGH: f64 = 0.693_147_180_559_663;
    const LOW: f64 = 0.282_352_905_630_315_77e-12;
    const SERIES: [f64; 7] = [
        1.984_126_984_126_984e-4,
        1.388_888_888_888_889e-3,
        8.333_333_333_333_333e-3,
        4.166_666_666_666_666_4e-2,
        1.666_666_666_666_666_6e-1,
        0.5,
        1.0,
    ];
    if !x.is_finite() || x.abs() > 700.0 {
        return x.exp();
    }
    let exponent = (x * std::f64::consts::LOG2_E).round_ties_even();
    let rest = (-exponent).mul_add(HIGH, x);
    let rest = (-exponent).mul_add(LOW, rest) * 0.0625;
    let series = SERIES.iter().fold(2.480_158_730_158_73e-5, |sum, term| f64::mul_add(sum, rest, *term));
    let mut less_one = rest * series;
    for _ in 0..3 {
        less_one *= less_one + 2.0;
    }
    scale(less_one.mul_add(less_one + 2.0, 1.0), exponent as i64)
}
