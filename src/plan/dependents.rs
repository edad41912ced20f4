//! Recorded dependencies follow the objects that they name: they are renamed with them, and passed on when one is dropped.
//!
//! Only what a plan does not visit needs this (an object that is no longer declared, or left out by `-target`): for the rest the
//! configuration says anew what they need. Without it such objects would be deleted in the wrong order.

use crate::addr::ObjectAddr;
use crate::state::{Dependency, Event, Record, State};
use std::collections::{BTreeMap, BTreeSet};

/// What a dependency is replaced by.
type Successors = BTreeMap<Dependency, BTreeSet<Dependency>>;

/// The block that an object is of.
fn block(addr: &ObjectAddr) -> Dependency {
    Dependency { module: addr.module.clone(), resource: addr.resource.clone() }
}

/// What records the dependencies anew after these moves; `state` is as it was before them.
pub(super) fn renamed(moves: &[(ObjectAddr, ObjectAddr)], state: &State) -> Vec<Event> {
    let to: BTreeMap<&ObjectAddr, &ObjectAddr> = moves.iter().map(|(from, to)| (from, to)).collect();
    let mut successors = Successors::new();
    for (from, to) in moves.iter().filter(|(from, to)| block(from) != block(to)) {
        successors.entry(block(from)).or_default().insert(block(to));
    }
    for addr in objects(state).filter(|addr| !to.contains_key(addr)) {
        if let Some(next) = successors.get_mut(&block(addr)) {
            next.insert(block(addr));
        }
    }
    recorded(&successors, state, |addr| Some((*to.get(addr).unwrap_or(&addr)).clone()))
}

/// What records the dependencies anew when these objects are dropped from the state: what needed one needs what that one needed.
pub fn dropped(gone: &BTreeSet<ObjectAddr>, state: &State) -> Vec<Event> {
    let left: BTreeSet<Dependency> = objects(state).filter(|addr| !gone.contains(addr)).map(block).collect();
    let mut successors = Successors::new();
    for (addr, record) in state.records.iter().filter(|(addr, _)| gone.contains(addr)) {
        if !left.contains(&block(addr)) {
            successors.entry(block(addr)).or_default().extend(record.depends_on.iter().cloned());
        }
    }
    recorded(&ends(&successors), state, |addr| (!gone.contains(addr)).then(|| addr.clone()))
}

fn objects(state: &State) -> impl Iterator<Item = &ObjectAddr> {
    state.records.keys().chain(state.deposed.keys().map(|(addr, _)| addr))
}

/// The records that change, each under the address that `place` gives it.
fn recorded(
    successors: &Successors,
    state: &State,
    place: impl Fn(&ObjectAddr) -> Option<ObjectAddr>,
) -> Vec<Event> {
    let mut events = Vec::new();
    for (addr, record) in &state.records {
        let Some(depends_on) = followed(successors, &record.depends_on) else { continue };
        if let Some(addr) = place(addr) {
            events.push(Event::Recorded(addr, Box::new(Record { depends_on, ..record.clone() })));
        }
    }
    events
}

/// The dependencies with their successors in their place. `None`: they stay as they are.
fn followed(successors: &Successors, needs: &[Dependency]) -> Option<Vec<Dependency>> {
    if !needs.iter().any(|need| successors.contains_key(need)) {
        return None;
    }
    let mut found = BTreeSet::new();
    for need in needs {
        match successors.get(need) {
            Some(next) => found.extend(next.iter().cloned()),
            None => drop(found.insert(need.clone())),
        }
    }
    Some(found.into_iter().collect())
}

/// The same for chains of what is dropped: all that is left at their ends.
fn ends(successors: &Successors) -> Successors {
    let ends = |first: &Dependency| {
        let (mut found, mut seen, mut frontier) = (BTreeSet::new(), BTreeSet::new(), vec![first]);
        while let Some(at) = frontier.pop() {
            match successors.get(at) {
                Some(next) => frontier.extend(next.iter().filter(|next| seen.insert((*next).clone()))),
                None => drop(found.insert(at.clone())),
            }
        }
        found
    };
    successors.keys().map(|gone| (gone.clone(), ends(gone))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Fields, Value};

    fn addr(text: &str) -> ObjectAddr {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn record(needs: &[&str]) -> Record {
        Record {
            provider: crate::state::ProviderAddr { name: "local".into(), alias: None },
            id: "1".into(),
            values: Value::object(Fields::default()),
            fingerprints: BTreeMap::new(),
            bound: None,
            status: crate::state::Status::Ready,
            depends_on: needs.iter().map(|text| block(&addr(text))).collect(),
            create_before_destroy: false,
            prevent_destroy: false,
            marker: None,
        }
    }

    fn state(records: &[(&str, &[&str])]) -> State {
        let mut state = State::empty("lineage");
        state.records.extend(records.iter().map(|(of, needs)| (addr(of), record(needs))));
        state
    }

    fn shown(events: &[Event]) -> Vec<String> {
        let text = |event: &Event| match event {
            Event::Recorded(addr, record) => {
                let needs = record.depends_on.iter().map(|need| match need.module.is_root() {
                    true => need.resource.to_string(),
                    false => format!("{}.{}", need.module, need.resource),
                });
                format!("{addr} needs {}", needs.collect::<Vec<_>>().join(", "))
            }
            other => format!("{other:?}"),
        };
        events.iter().map(text).collect()
    }

    fn moved(state: &State, moves: &[(&str, &str)]) -> Vec<String> {
        let moves: Vec<_> = moves.iter().map(|(from, to)| (addr(from), addr(to))).collect();
        shown(&renamed(&moves, state))
    }

    #[test]
    fn a_dependency_is_renamed_with_its_block() {
        let state = state(&[("t.a", &[]), ("t.b", &["t.a"]), ("t.c", &["t.b"])]);
        assert_eq!(moved(&state, &[("t.a", "module.m.t.a")]), ["t.b needs module.m.t.a"]);
        // One takes the name that another leaves.
        assert_eq!(moved(&state, &[("t.b", "t.x"), ("t.a", "t.b")]), ["t.x needs t.b", "t.c needs t.x"]);
        assert_eq!(moved(&state, &[("t.a", "t.x"), ("t.b", "t.y")]), ["t.y needs t.x", "t.c needs t.y"]);
    }

    #[test]
    fn a_block_that_is_split_is_needed_in_both_places() {
        let state = state(&[("t.a[0]", &[]), ("t.a[1]", &[]), ("t.b", &["t.a"])]);
        assert_eq!(moved(&state, &[("t.a[0]", "t.x")]), ["t.b needs t.a, t.x"]);
        assert_eq!(moved(&state, &[("t.a[0]", "t.x"), ("t.a[1]", "t.y")]), ["t.b needs t.x, t.y"]);
    }

    #[test]
    fn a_key_alone_changes_no_dependency() {
        let state = state(&[("t.a", &[]), ("t.b", &["t.a"])]);
        assert_eq!(moved(&state, &[("t.a", "t.a[0]")]), [""; 0]);
    }

    #[test]
    fn what_needed_a_dropped_object_needs_what_it_needed() {
        let state = state(&[("t.a", &[]), ("t.b", &["t.a"]), ("t.c", &["t.b"]), ("t.d", &["t.c"])]);
        let gone = |all: &[&str]| all.iter().map(|text| addr(text)).collect();
        assert_eq!(shown(&dropped(&gone(&["t.b"]), &state)), ["t.c needs t.a"]);
        assert_eq!(shown(&dropped(&gone(&["t.b", "t.c"]), &state)), ["t.d needs t.a"]);
        assert_eq!(shown(&dropped(&gone(&["t.d"]), &state)), [""; 0]);
    }
}
