//! Values that stay as they were found: for ever if they are wholly known, else until an object changes.

use crate::diag::Reported;
use crate::value::Value;
use std::cell::{Cell, RefCell};

/// How often an object has changed since the tables were filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Age(u64);

impl Age {
    pub fn advance(&mut self) {
        self.0 += 1;
    }
}

/// How long a value holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Term {
    Always,
    At(Age),
    /// It stands for a value that could not be found.
    Never,
}

/// A value of a table. How long it holds is asked at every lookup, and may take long to find out.
pub struct Held {
    value: RefCell<Value>,
    term: Cell<Term>,
}

impl Held {
    /// Keeps what was found at an age.
    pub fn new(value: Value, age: Age) -> Self {
        Self { term: Cell::new(term(&value, age)), value: RefCell::new(value) }
    }

    /// Keeps what stands for a value that could not be found: whoever asks for it tries, and complains, again.
    pub fn failed(value: Value) -> Self {
        Self { term: Cell::new(Term::Never), value: RefCell::new(value) }
    }

    /// The value, whether or not it holds still.
    pub fn value(&self) -> Value {
        self.value.borrow().clone()
    }

    /// The value, if it holds at that age.
    pub fn at(&self, age: Age) -> Option<Value> {
        let holds = match self.term.get() {
            Term::Always => true,
            Term::At(then) => then == age,
            Term::Never => false,
        };
        holds.then(|| self.value())
    }

    /// The value if it holds at that age, else what is found afresh, which is kept.
    pub fn at_or(&self, age: Age, find: impl FnOnce() -> Result<Value, Reported>) -> Result<Value, Reported> {
        if let Some(value) = self.at(age) {
            return Ok(value);
        }
        let value = find()?;
        self.term.set(term(&value, age));
        self.value.replace(value.clone());
        Ok(value)
    }
}

fn term(value: &Value, age: Age) -> Term {
    if value.is_wholly_known() { Term::Always } else { Term::At(age) }
}

#[cfg(test)]
mod tests {
    use super::{Age, Held};
    use crate::value::{Type, Value};

    #[test]
    fn what_is_known_stays_and_what_is_not_is_found_once_an_age() {
        let (mut age, unknown) = (Age::default(), Value::unknown(Type::String));
        let held = Held::new(unknown.clone(), age);
        let never = || unreachable!("it holds still");
        assert_eq!(held.at_or(age, never), Ok(unknown.clone()));
        age.advance();
        assert_eq!(held.at(age), None);
        assert_eq!(held.at_or(age, || Ok(unknown.clone())), Ok(unknown.clone()));
        assert_eq!(held.at_or(age, never), Ok(unknown));
        age.advance();
        assert_eq!(held.at_or(age, || Ok(Value::string("a"))), Ok(Value::string("a")));
        age.advance();
        assert_eq!(held.at_or(age, never), Ok(Value::string("a")));
    }

    #[test]
    fn what_failed_is_tried_each_time() {
        let held = Held::failed(Value::string("stands for it"));
        assert_eq!(held.at(Age::default()), None);
        assert_eq!(held.value(), Value::string("stands for it"));
    }
}
