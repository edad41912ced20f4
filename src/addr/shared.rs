//! Names that come again and again, held once.

use super::Name;
use rustc_hash::FxHashSet;
use std::cell::RefCell;

/// How many are remembered: more than there are kinds and their arguments, few enough to forget nothing of weight.
const REMEMBERED: usize = 1024;

thread_local! {
    static NAMES: RefCell<FxHashSet<Name>> = RefCell::default();
}

/// The name, the same in memory as whenever it was asked for before: for those that many objects have in common.
pub fn shared(name: &str) -> Name {
    NAMES.with_borrow_mut(|names| {
        if let Some(known) = names.get(name) {
            return known.clone();
        }
        if names.len() >= REMEMBERED {
            names.clear();
        }
        let new = Name::from(name);
        names.insert(new.clone());
        new
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_name_is_held_once() {
        assert!(Arc::ptr_eq(&shared("instance"), &shared("instance")));
        assert_eq!(&*shared("element"), "element");
        (0..2 * REMEMBERED).for_each(|at| drop(shared(&at.to_string())));
        assert!(NAMES.with_borrow(|names| names.len() <= REMEMBERED));
    }
}
