//! [`Marks`]: why a value must be handled with care, and the questions and changes that concern marks.

use super::Value;
use super::path::transform;
use std::sync::Arc;

/// Why a value must be handled with care. A value may carry several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marks(u8);

impl Marks {
    pub const NONE: Self = Self(0);
    /// Never shown or logged.
    pub const SENSITIVE: Self = Self(1);
    /// Never stored in a plan or state.
    pub const EPHEMERAL: Self = Self(2);

    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These without the others.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of the other's marks are among these.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl Value {
    /// The value with these marks besides those it has.
    pub fn mark(self, marks: Marks) -> Self {
        match self {
            _ if marks.is_empty() => self,
            Self::Marked(inner, before) => Self::Marked(inner, before.union(marks)),
            plain => Self::Marked(Arc::new(plain), marks),
        }
    }

    pub fn sensitive(self) -> Self {
        self.mark(Marks::SENSITIVE)
    }

    /// The marks of the value as a whole.
    pub fn marks(&self) -> Marks {
        match self {
            Self::Marked(_, marks) => *marks,
            _ => Marks::NONE,
        }
    }

    /// The marks of the value and of everything in it.
    pub fn deep_marks(&self) -> Marks {
        match self {
            Self::Marked(inner, marks) => marks.union(inner.deep_marks()),
            _ => self.children().fold(Marks::NONE, |all, child| all.union(child.deep_marks())),
        }
    }

    /// Whether the value as a whole is marked.
    pub fn is_marked(&self) -> bool {
        matches!(self, Self::Marked(..))
    }

    pub fn is_sensitive(&self) -> bool {
        self.marks().contains(Marks::SENSITIVE)
    }

    /// Whether the value or anything in it is marked.
    pub fn has_marks(&self) -> bool {
        self.is_marked() || self.children().any(Self::has_marks)
    }

    /// Whether the value or anything in it has all of these marks.
    pub fn contains_marks(&self, marks: Marks) -> bool {
        match self {
            Self::Marked(inner, own) => own.contains(marks) || inner.contains_marks(marks),
            _ => self.children().any(|child| child.contains_marks(marks)),
        }
    }

    /// The value without the marks it has as a whole, and these.
    pub fn unmark(&self) -> (Self, Marks) {
        match self {
            Self::Marked(inner, marks) => (Self::clone(inner), *marks),
            plain => (plain.clone(), Marks::NONE),
        }
    }

    /// What is under the marks the value has as a whole.
    pub fn unmarked(&self) -> &Self {
        match self {
            Self::Marked(inner, _) => inner,
            plain => plain,
        }
    }

    /// The value without any marks in it, and all there were.
    pub fn unmark_deep(&self) -> (Self, Marks) {
        if !self.has_marks() {
            return (self.clone(), Marks::NONE);
        }
        let plain = transform(self, &mut |_, value| match value {
            Self::Marked(inner, _) => Self::clone(&inner),
            plain => plain,
        });
        (plain, self.deep_marks())
    }
}
