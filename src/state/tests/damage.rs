//! Damage of every kind, by seed: bytes flipped, files cut, emptied or deleted, in the log, the mark of its end, and sled's files.
//!
//! Whatever is damaged: nothing panics, no state with a past looks new, nothing is shown that was never recorded; a single damage is
//! always noticed or harmless; and what the log still has can always be written on after `state restore`. `DAMAGES=10000` runs more.

use super::on_disk::{copy, stores};
use super::*;
use std::path::Path as File;

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

async fn original() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let stores = stores(dir.path(), 100);
    for name in ["a", "b", "c", "d"] {
        stores.commit(&[recorded(name), Event::Output(name.into(), Some(Value::string(name)))]).await;
    }
    stores.commit(&[Event::Removed(addr("a"))]).await;
    stores.commit(&[Event::Moved { from: addr("b"), to: addr("e") }]).await;
    dir
}

/// Damages one file and says how.
fn damage(dir: &File, random: &mut Random) -> String {
    let mut files: Vec<PathBuf> = ["log", "log.end"].map(|name| dir.join(name)).into();
    files.extend(
        fs::read_dir(dir.join("db"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file()),
    );
    files.sort();
    files.retain(|file| file.exists());
    let file = files[random.below(files.len())].clone();
    let mut bytes = fs::read(&file).unwrap();
    // A sled file is mostly zeros behind its end.
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    let at = random.below(used);
    let how = match random.below(6) {
        0 => {
            fs::remove_file(&file).unwrap();
            return format!("{} deleted", file.display());
        }
        1 => {
            bytes.truncate(at);
            format!("cut at {at}")
        }
        2 => {
            let end = (at + 1 + random.below(64)).min(bytes.len());
            bytes[at..end].fill(0);
            format!("zeros from {at} to {end}")
        }
        3 => {
            bytes.extend((0..random.below(100)).map(|_| 0xA5));
            "garbage appended".to_owned()
        }
        _ => {
            for _ in 0..=random.below(4) {
                let (at, bit) = (random.below(used), random.below(8));
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            "bits flipped".to_owned()
        }
    };
    fs::write(&file, bytes).unwrap();
    format!("{}: {how}", file.display())
}

#[tokio::test]
async fn damage_is_noticed_or_harmless_and_never_makes_a_state_new() {
    let number = std::env::var("DAMAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(300);
    let whole = original().await;
    let truth = stores(whole.path(), 100).state().await;
    let mut repaired = 0;
    for seed in 1..=number {
        let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ (seed * 0x2545_F491));
        let dir = tempfile::tempdir().unwrap();
        copy(whole.path(), &dir.path().join("state"));
        let at = dir.path().join("state");
        let damages = 1 + random.below(3);
        let said: Vec<String> = (0..damages).map(|_| damage(&at, &mut random)).collect();
        let said = format!("seed {seed}: {}", said.join("; "));
        look(&at, &truth, damages, &said).await;
        repaired += usize::from(repair(&at, &truth, &said).await);
    }
    assert!(repaired * 10 > number as usize * 8, "{repaired} of {number} could be repaired");
}

async fn look(at: &File, truth: &State, damages: usize, said: &str) {
    // A mark that is damaged itself says nothing.
    let database = fs::read_dir(at.join("db")).is_ok_and(|mut files| files.next().is_some());
    let files = at.join("log").exists() || database;
    match stores(at, 100).open().snapshot().await {
        Ok(state) => {
            let named = !state.damaged.is_empty();
            assert!(state.version.serial > 0 || named || !files, "{said}: it looks new");
            only_what_was(&state, said);
            if damages == 1 && state.damaged.is_empty() {
                assert_eq!(
                    (&state.version, &state.records, &state.outputs),
                    (&truth.version, &truth.records, &truth.outputs),
                    "{said}"
                );
            }
        }
        Err(StoreError::Damaged { .. } | StoreError::TooNew { .. }) => {}
        Err(error) => panic!("{said}: {error}"),
    }
}

/// Every record is one that was recorded at some time.
fn only_what_was(state: &State, said: &str) {
    for (addr, record) in &state.records {
        let of = if &*addr.resource.name == "e" { "b" } else { &*addr.resource.name };
        assert_eq!(*record, plain(of), "{said}: {addr}");
    }
}

/// Whether `state restore` did it; then the state can be written on.
async fn repair(at: &File, truth: &State, said: &str) -> bool {
    let log_is_whole = |state: &State| state.version == truth.version && state.damaged.is_empty();
    let before = stores(at, 100).open().snapshot().await.ok();
    let rebuilt = match stores(at, 100).open().repair(&holder("state restore"), NOW).await {
        Ok(rebuilt) => rebuilt,
        Err(StoreError::Damaged { .. } | StoreError::TooNew { .. }) => return false,
        Err(error) => panic!("{said}: {error}"),
    };
    let mut writer = match stores(at, 100).open().lock(&holder("apply"), NOW).await {
        Ok(writer) => writer,
        Err(error) => panic!("{said}: after {rebuilt:?}: {error}"),
    };
    if before.is_some_and(|state| log_is_whole(&state)) {
        assert_eq!(writer.state().records, truth.records, "{said}: after {rebuilt:?}");
    }
    only_what_was(writer.state(), said);
    let serial = writer.commit(&[recorded("z")], &stamp("apply")).await;
    let serial = serial.unwrap_or_else(|error| panic!("{said}: after {rebuilt:?}: {error}"));
    assert!(serial > 1, "{said}");
    drop(writer);
    assert!(names(&stores(at, 100).state().await).contains(&"instance.z".to_owned()), "{said}");
    true
}
