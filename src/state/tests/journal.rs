//! The journal's table, cell by cell.

use super::*;
use crate::state::journal::End;

const OPERATIONS: [(Operation, Option<&str>); 5] = [
    (Operation::Create, None),
    (Operation::Create, Some("d1")),
    (Operation::Update, None),
    (Operation::Delete, None),
    (Operation::Delete, Some("d1")),
];

fn bare(id: &str) -> Record {
    Record { fingerprints: BTreeMap::new(), ..plain(id) }
}

fn secret(text: &str, id: &str) -> Record {
    let sealer = Sealer::new(&Key::from_bytes([1; 32]), "l");
    let path = Path::root().child_attr("password");
    let print = sealer.fingerprint(&["password"], text.as_bytes());
    Record { fingerprints: [(path, print)].into(), ..bare(id) }
}

/// The state in which the operation is about to begin.
fn before(operation: Operation, deposed: Option<&str>) -> (State, Intent) {
    let meant = secret("new", "i");
    let intent = Intent { operation, deposed: deposed.map(Arc::from), record: meant, ..intent("1", "a") };
    let mut state = State::empty("l");
    let addr = intent.addr.clone();
    if operation != Operation::Create || deposed.is_some() {
        state.fold(&Event::Recorded(addr.clone(), Box::new(secret("old", "old"))));
    }
    if let (Operation::Delete, Some(key)) = (operation, deposed) {
        state.fold(&Event::Deposed(addr.clone(), key.into()));
        state.fold(&Event::Recorded(addr, Box::new(bare("current"))));
    }
    (state, intent)
}

/// The state in a few words: ids of the current and the deposed object, whether a secret is known, open intents.
fn told(state: &State, addr: &ObjectAddr) -> String {
    let shown = |record: &Record| match record.fingerprints.len() {
        0 => record.id.to_string(),
        _ => format!("{}!", record.id),
    };
    let current = state.records.get(addr).map_or("-".to_owned(), shown);
    let deposed: Vec<String> = state.deposed.values().map(shown).collect();
    format!("{current} [{}] {}", deposed.join(","), state.intents.len())
}

#[test]
fn every_cell_of_the_table() {
    let ends = || [End::Stands(Box::new(bare("made"))), End::Gone, End::Undone, End::Unknown];
    let expected = [
        // opened, then stands, gone, undone, unknown
        ("- [] 1", ["made [] 0", "- [] 0", "- [] 0", "- [] 1"]),
        ("- [old!] 1", ["made [old!] 0", "old! [] 0", "old! [] 0", "- [old!] 1"]),
        ("old! [] 1", ["made [] 0", "old! [] 0", "old [] 0", "old! [] 1"]),
        ("old! [] 1", ["old! [] 0", "- [] 0", "old! [] 0", "old! [] 1"]),
        ("current [old!] 1", ["current [old!] 0", "current [] 0", "current [old!] 0", "current [old!] 1"]),
    ];
    for ((operation, deposed), (opened, closed)) in OPERATIONS.into_iter().zip(expected) {
        let (mut state, intent) = before(operation, deposed);
        state.opening(&intent).iter().for_each(|event| state.fold(event));
        assert_eq!(told(&state, &intent.addr), opened, "{operation:?} {deposed:?}");
        for (end, expected) in ends().into_iter().zip(closed) {
            let mut state = state.clone();
            let events = state.closing(&intent, &end);
            assert!(events.iter().all(|event| state.loses(event).is_none()), "{operation:?} {end:?}");
            events.iter().for_each(|event| state.fold(event));
            assert_eq!(told(&state, &intent.addr), expected, "{operation:?} {deposed:?} {end:?}");
        }
    }
}

#[test]
fn only_the_object_that_the_create_replaces_is_restored() {
    let (mut state, intent) = before(Operation::Create, Some("d1"));
    let addr = intent.addr.clone();
    // An older one, whose deletion failed, waits too.
    state.fold(&Event::Deposed(addr.clone(), "d9".into()));
    state.fold(&Event::Recorded(addr.clone(), Box::new(bare("newer"))));
    state.opening(&intent).iter().for_each(|event| state.fold(event));
    state.closing(&intent, &End::Undone).iter().for_each(|event| state.fold(event));
    assert_eq!(told(&state, &addr), "newer [old!] 0");
}

#[test]
fn a_secret_that_the_update_left_alone_is_not_doubted() {
    let (state, intent) = before(Operation::Update, None);
    let same = Intent { record: secret("old", "i"), ..intent };
    assert_eq!(state.closing(&same, &End::Undone), [Event::Settled("1".into())]);
}
