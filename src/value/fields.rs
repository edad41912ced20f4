//! [`Fields`]: values by name, as maps and objects hold them.

use super::{Str, Value};
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Values by name, in the order of the names. Made whole and never changed; cheap to clone.
///
/// Most have a handful: they take the room of what they hold, where a node of a `BTreeMap` has room for eleven.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fields(Arc<[(Str, Value)]>);

impl Fields {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get<Q: Ord + ?Sized>(&self, name: &Q) -> Option<&Value>
    where
        Str: Borrow<Q>,
    {
        let at = self.0.binary_search_by(|(own, _)| own.borrow().cmp(name)).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    pub fn contains_key<Q: Ord + ?Sized>(&self, name: &Q) -> bool
    where
        Str: Borrow<Q>,
    {
        self.get(name).is_some()
    }

    pub fn iter(&self) -> Iter<'_> {
        self.0.iter().map(parts)
    }

    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Str> + ExactSizeIterator + Clone {
        self.0.iter().map(|(name, _)| name)
    }

    pub fn values(&self) -> Values<'_> {
        self.0.iter().map(|(_, value)| value)
    }

    /// The same with these in place of those of the same names, or beside them.
    pub fn with(&self, more: impl IntoIterator<Item = (Str, Value)>) -> Self {
        self.0.iter().cloned().chain(more).collect()
    }

    /// Where they are in memory: equal for those of which one is a clone of the other.
    pub fn place(&self) -> *const (Str, Value) {
        self.0.as_ptr()
    }

    /// The same, to be changed.
    pub fn to_map(&self) -> BTreeMap<Str, Value> {
        self.0.iter().cloned().collect()
    }
}

pub(super) type Values<'f> =
    std::iter::Map<std::slice::Iter<'f, (Str, Value)>, fn(&'f (Str, Value)) -> &'f Value>;

type Iter<'f> =
    std::iter::Map<std::slice::Iter<'f, (Str, Value)>, fn(&'f (Str, Value)) -> (&'f Str, &'f Value)>;

fn parts((name, value): &(Str, Value)) -> (&Str, &Value) {
    (name, value)
}

impl<'f> IntoIterator for &'f Fields {
    type Item = (&'f Str, &'f Value);
    type IntoIter = Iter<'f>;

    fn into_iter(self) -> Iter<'f> {
        self.0.iter().map(parts)
    }
}

/// Of a name that comes twice, the last counts.
impl FromIterator<(Str, Value)> for Fields {
    fn from_iter<I: IntoIterator<Item = (Str, Value)>>(pairs: I) -> Self {
        let mut pairs: Vec<(Str, Value)> = pairs.into_iter().collect();
        if !pairs.is_sorted_by(|(one, _), (other, _)| one < other) {
            pairs.reverse();
            pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
            pairs.dedup_by(|(one, _), (other, _)| one == other);
        }
        Self(pairs.into())
    }
}

impl<const N: usize> From<[(Str, Value); N]> for Fields {
    fn from(pairs: [(Str, Value); N]) -> Self {
        pairs.into_iter().collect()
    }
}

impl From<BTreeMap<Str, Value>> for Fields {
    fn from(map: BTreeMap<Str, Value>) -> Self {
        Self(map.into_iter().collect())
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_what_a_map_of_the_same_pairs_is() {
        let names = ["b", "a", "c", "a", "b", "aa", "é", ""];
        for count in 0..=names.len() {
            let pairs =
                || names[..count].iter().zip(0i64..).map(|(name, at)| (Str::from(*name), Value::number(at)));
            let (fields, map) = (pairs().collect::<Fields>(), pairs().collect::<BTreeMap<_, _>>());
            assert_eq!(fields.to_map(), map);
            assert_eq!(fields, Fields::from(map.clone()));
            assert_eq!((fields.len(), fields.is_empty()), (map.len(), map.is_empty()));
            assert!(names.iter().all(|name| fields.get(*name) == map.get(*name)));
            assert!(fields.keys().eq(map.keys()) && fields.values().eq(map.values()));
        }
    }
}
