//! Equality, order and hash of numbers, which agree with each other.

use super::float::Float;
use super::{Number, Repr, decimal};
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

impl Number {
    fn compare(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Small(a, _), Repr::Small(b, _)) => a.cmp(b),
            (Repr::Infinite { negative, .. }, _) if self == other || *negative => {
                if self == other {
                    Ordering::Equal
                } else {
                    Ordering::Less
                }
            }
            (Repr::Infinite { .. }, _) => Ordering::Greater,
            (_, Repr::Infinite { negative, .. }) => {
                if *negative {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
            (Repr::Big(a), Repr::Big(b)) => compare_floats(a, b),
            _ => match (self.finite(), other.finite()) {
                (Some(a), Some(b)) => compare_floats(&a, &b),
                _ => Ordering::Equal, // infinities are dealt with above
            },
        }
    }
}

/// Numbers of different precision can read the same, and then are equal; ordering such by what they read keeps
/// order and equality one thing. An integer never reads like a fraction, so the values decide for these.
fn compare_floats(a: &Float, b: &Float) -> Ordering {
    let same_precision = a.precision == b.precision;
    if same_precision || a.is_integer() || b.is_integer() || a.negative != b.negative {
        return a.compare(b);
    }
    let (negative, a, b) = (a.negative, decimal::shortest(a), decimal::shortest(b));
    if negative { b.cmp(&a) } else { a.cmp(&b) }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Infinite { negative: a, .. }, Repr::Infinite { negative: b, .. }) => a == b,
            (Repr::Infinite { .. }, _) | (_, Repr::Infinite { .. }) => false,
            _ => self.compare(other).is_eq(),
        }
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.compare(other)
    }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match (&self.0, self.as_i64()) {
            (_, Some(value)) => value.hash(state),
            (Repr::Big(float), _) if float.is_integer() => float.truncated().0.hash(state),
            _ => self.to_string().hash(state),
        }
    }
}
