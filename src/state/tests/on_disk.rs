//! What only a store with files can suffer, and what must not be left behind.

use super::*;
use crate::state::format::{read_line, write_line};
use std::path::Path as File;

/// Ways to the state in `at`.
pub(super) fn stores(at: &File, history: usize) -> Stores {
    let (open, damaged) = (at.to_path_buf(), at.to_path_buf());
    let damage = move |key: &str| {
        let log = fs::read_to_string(damaged.join("log")).unwrap();
        let row = format!("\"at\":\"{key}\",\"is\"");
        fs::write(damaged.join("log"), log.replace(&row, &row.replace("\"is\"", "\"iz\""))).unwrap();
        fs::write(damaged.join("db/db"), "").unwrap();
    };
    Stores {
        open: Box::new(move || Box::new(SledStore::open(&open).with_history(history))),
        damage: Box::new(damage),
    }
}

struct Disk {
    dir: tempfile::TempDir,
    history: usize,
}

impl Disk {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), history: 100 }
    }

    /// With one commit for each name.
    async fn with(names: &[&str]) -> Self {
        let disk = Self::new();
        let stores = disk.stores();
        for name in names {
            stores.commit(&[recorded(name)]).await;
        }
        disk
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join("state").join(name)
    }

    fn stores(&self) -> Stores {
        stores(&self.dir.path().join("state"), self.history)
    }

    /// Keeps a copy of a file or directory, to be put back.
    fn keep(&self, name: &str) -> tempfile::TempDir {
        let kept = tempfile::tempdir().unwrap();
        copy(&self.at(name), &kept.path().join("kept"));
        kept
    }

    fn put_back(&self, name: &str, kept: &tempfile::TempDir) {
        if self.at(name).exists() {
            self.lose(name);
        }
        if name == "log" && self.at("log.end").exists() {
            self.lose("log.end"); // which the log put back never reached
        }
        copy(&kept.path().join("kept"), &self.at(name));
    }

    fn lose(&self, name: &str) {
        let at = self.at(name);
        if at.is_dir() { fs::remove_dir_all(at).unwrap() } else { fs::remove_file(at).unwrap() }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.at("log")).unwrap()
    }

    /// Changes the log's lines as if they had been written so.
    fn forge(&self, change: impl Fn(&str, &str) -> String) {
        let log = self.log();
        let lines = log.lines().map(|text| {
            let line = read_line(text).unwrap();
            write_line(line.word, line.serial, &change(line.word, line.json)) + "\n"
        });
        fs::write(self.at("log"), lines.collect::<String>()).unwrap();
    }

    async fn names(&self) -> Vec<String> {
        names(&self.stores().state().await)
    }

    /// What is said where a commit must not succeed.
    async fn refused(&self, events: &[Event]) -> String {
        let written = match self.stores().open().lock(&holder("apply"), NOW).await {
            Ok(mut writer) => writer.commit(events, &stamp("apply")).await,
            Err(error) => Err(error),
        };
        written.map_or_else(|error| error.to_string(), |serial| format!("written as {serial}"))
    }
}

pub(super) fn copy(from: &File, to: &File) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

/// Every file and directory below, with its mode, its bytes and when it was changed.
fn everything(dir: &File) -> Vec<(PathBuf, u32, Vec<u8>, std::time::SystemTime)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let about = fs::metadata(&path).unwrap();
        let bytes = if about.is_dir() { Vec::new() } else { fs::read(&path).unwrap() };
        found.push((path.clone(), about.permissions().mode() & 0o777, bytes, about.modified().unwrap()));
        if about.is_dir() {
            found.extend(everything(&path));
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn looking_and_planning_leave_no_trace() {
    let disk = Disk::new();
    let stores = disk.stores();
    let writer = stores.writer().await;
    assert!(disk.at("lock").exists());
    assert_eq!(stores.open().holder().await.unwrap(), Some(holder("apply")));
    drop(writer);
    stores.state().await;
    assert_eq!(everything(disk.dir.path()), []);
    assert_eq!(stores.open().holder().await.unwrap(), None);

    stores.commit(&[recorded("a")]).await;
    let before = everything(&disk.at("db"));
    let log = fs::metadata(disk.at("log")).unwrap().modified().unwrap();
    stores.state().await;
    drop(stores.writer().await);
    assert!(!disk.at("lock").exists());
    assert_eq!(everything(&disk.at("db")), before);
    assert_eq!(fs::metadata(disk.at("log")).unwrap().modified().unwrap(), log);
}

#[tokio::test]
async fn a_lineage_is_made_once() {
    let disk = Disk::new();
    let open = |lineage| {
        let mut store = disk.stores().open();
        store.begin_with(lineage);
        store
    };
    assert_eq!(&*open("0000aaaa").snapshot().await.unwrap().version.lineage, "0000aaaa");
    let mut writer = open("0000aaaa").lock(&holder("apply"), NOW).await.unwrap();
    writer.commit(&[recorded("a")], &stamp("apply")).await.unwrap();
    drop(writer);
    assert_eq!(&*open("0000bbbb").snapshot().await.unwrap().version.lineage, "0000aaaa");
}

#[tokio::test]
async fn a_lock_file_without_its_process_stops_nobody() {
    let disk = Disk::with(&["a"]).await;
    fs::write(disk.at("lock"), serde_json::to_string(&holder("killed")).unwrap()).unwrap();
    disk.stores().commit(&[recorded("b")]).await;
}

#[tokio::test]
async fn everything_is_its_owners_alone_and_small() {
    let disk = Disk::with(&["a", "b", "c"]).await;
    for (path, mode, ..) in everything(disk.dir.path()) {
        assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
    }
    let size: usize = everything(disk.dir.path()).iter().map(|(_, _, bytes, _)| bytes.len()).sum();
    assert!(size < 8 << 20, "{size} bytes for three objects");
}

#[tokio::test]
async fn no_file_holds_a_secret() {
    let disk = Disk::with(&["other"]).await;
    let lineage = disk.stores().state().await.version.lineage;
    let mut writer = disk.stores().open_with_key(&lineage).lock(&holder("apply"), NOW).await.unwrap();
    let secret = Value::string("s3cr3t-output").sensitive();
    let events = [
        Event::Recorded(addr("a"), Box::new(record("a"))),
        Event::Intended(Box::new(intent("0123456789abcdef", "a"))),
        Event::Output("o".into(), Some(secret)),
    ];
    writer.commit(&events, &stamp("apply")).await.unwrap();
    drop(writer);
    for (path, _, bytes, _) in everything(disk.dir.path()) {
        assert!(!bytes.windows(6).any(|part| part == b"s3cr3t"), "{}", path.display());
    }
}

#[tokio::test]
async fn killed_between_log_and_database_the_commit_counts() {
    for commits in [1, 3] {
        let disk = Disk::with(&["a", "b", "c"][..commits - 1]).await;
        let kept = (commits > 1).then(|| disk.keep("db"));
        disk.stores().commit(&[recorded("late"), Event::Output("o".into(), Some(Value::bool(true)))]).await;
        match &kept {
            Some(kept) => disk.put_back("db", kept),
            None => disk.lose("db"),
        }
        assert!(disk.names().await.contains(&"instance.late".into()));
        assert_eq!(disk.stores().commit(&[recorded("next")]).await, commits as u64 + 1);
        // The database has all of it: it stands in when the log is gone.
        let whole = disk.stores().state().await;
        disk.lose("log");
        let state = disk.stores().state().await;
        assert_eq!((state.records, state.outputs), (whole.records, whole.outputs));
    }
}

#[tokio::test]
async fn when_the_database_fails_the_log_has_it() {
    let disk = Disk::with(&["a"]).await;
    let mut writer = disk.stores().writer().await;
    writer.commit(&[recorded("b")], &stamp("apply")).await.unwrap();
    fs::rename(disk.at("db/db"), disk.at("db/away")).unwrap();
    assert_eq!(writer.commit(&[recorded("c")], &stamp("apply")).await.unwrap(), 3);
    let refused = writer.commit(&[recorded("d")], &stamp("apply")).await.unwrap_err().to_string();
    assert!(refused.starts_with("cannot write the state in"), "{refused}");
    drop(writer);
    fs::rename(disk.at("db/away"), disk.at("db/db")).unwrap();
    assert_eq!(disk.names().await, ["instance.a", "instance.b", "instance.c"]);
    assert_eq!(disk.stores().commit(&[recorded("e")]).await, 4);
}

#[tokio::test]
async fn killed_while_it_makes_its_files_nothing_is_lost() {
    let disk = Disk::with(&["a"]).await;
    disk.lose("db");
    fs::create_dir(disk.at("db")).unwrap();
    fs::write(disk.at("db/db"), "").unwrap();
    fs::write(disk.at("db/conf"), "").unwrap();
    assert_eq!(disk.stores().commit(&[recorded("b")]).await, 2);
    assert_eq!(disk.names().await, ["instance.a", "instance.b"]);
}

#[tokio::test]
async fn a_commit_that_was_cut_off_anywhere_never_happened() {
    let disk = Disk::with(&["a"]).await;
    let (db, before, end) = (disk.keep("db"), disk.log().len(), disk.keep("log.end"));
    disk.stores().commit(&[recorded("b")]).await;
    let log = disk.log();
    disk.put_back("log.end", &end);
    for len in before..log.len() {
        fs::write(disk.at("log"), &log[..len]).unwrap();
        assert_eq!(disk.names().await, ["instance.a"], "cut at {len} of {}", log.len());
    }
    for len in [before + 1, before + 200, log.len() - 1] {
        disk.put_back("db", &db);
        disk.put_back("log.end", &end);
        fs::write(disk.at("log"), &log[..len]).unwrap();
        assert_eq!(disk.stores().commit(&[recorded("c")]).await, 2);
        assert_eq!(disk.names().await, ["instance.a", "instance.c"]);
        assert_eq!(disk.stores().open().history().await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_log_that_lost_its_end_is_seen_before_anything_is_written() {
    let disk = Disk::with(&["a"]).await;
    let short = disk.keep("log");
    disk.stores().commit(&[recorded("b")]).await;
    disk.stores().commit(&[recorded("c")]).await;
    disk.put_back("log", &short);
    assert!(disk.refused(&[recorded("d")]).await.contains("run the command again"));
    assert_eq!(disk.names().await, ["instance.a", "instance.b", "instance.c"]);
    assert_eq!(disk.stores().commit(&[recorded("d")]).await, 4);
}

#[tokio::test]
async fn a_log_that_was_cut_between_two_commits_is_seen_by_readers() {
    let disk = Disk::with(&["a"]).await;
    let short = disk.log();
    disk.stores().commit(&[recorded("b")]).await;
    disk.stores().commit(&[recorded("c")]).await;
    fs::write(disk.at("log"), &short).unwrap();
    assert_eq!(disk.names().await, ["instance.a", "instance.b", "instance.c"], "read from the database");
    assert_eq!(disk.stores().commit(&[recorded("d")]).await, 4, "and the log is written anew");
    assert_eq!(disk.names().await.len(), 4);

    fs::write(disk.at("log"), &short).unwrap();
    fs::write(disk.at("db/db"), "").unwrap();
    let state = disk.stores().state().await;
    assert_eq!(state.damaged["the log's end"], "it ends at serial 1, and serial 4 was committed");
    assert!(disk.refused(&[recorded("e")]).await.contains("serial 4 was committed"));
    let repaired = disk.stores().open().repair(&holder("state restore"), NOW).await.unwrap();
    assert_eq!(repaired, Rebuilt::Salvaged { serial: 5, damaged: Vec::new() });
    assert_eq!(disk.stores().commit(&[recorded("e")]).await, 6);
    assert_eq!(disk.names().await, ["instance.a", "instance.e"]);
}

#[tokio::test]
async fn a_lost_end_mark_says_nothing() {
    let disk = Disk::with(&["a"]).await;
    let old = disk.keep("log.end");
    disk.stores().commit(&[recorded("b")]).await;
    for text in ["", "reached 1 7 00000000 {}", "\u{0}\u{0}"] {
        fs::write(disk.at("log.end"), text).unwrap();
        assert!(disk.stores().state().await.damaged.is_empty());
    }
    disk.put_back("log.end", &old);
    assert_eq!(disk.names().await.len(), 2, "it may lag");
    disk.lose("log.end");
    assert_eq!(disk.stores().commit(&[recorded("c")]).await, 3);
}

#[tokio::test]
async fn a_directory_that_is_removed_underneath_stops_the_writer() {
    let disk = Disk::with(&["a"]).await;
    let mut writer = disk.stores().writer().await;
    writer.commit(&[recorded("b")], &stamp("apply")).await.unwrap();
    fs::remove_dir_all(disk.dir.path().join("state")).unwrap();
    let refused = writer.commit(&[recorded("c")], &stamp("apply")).await.unwrap_err().to_string();
    assert!(refused.contains("was removed while it was in use"), "{refused}");
    // What it knew is not lost with the files.
    let image = Image::from_document(&writer.image().unwrap().document(None).unwrap(), None).unwrap();
    drop(writer);
    assert_eq!(disk.stores().writer().await.replace(&image, &stamp("state push")).await.unwrap(), 2);
    assert_eq!(disk.names().await, ["instance.a", "instance.b"]);
}

#[tokio::test]
async fn a_database_behind_its_log_is_damaged_and_never_new() {
    let disk = Disk::with(&["a"]).await;
    let old = disk.keep("db");
    disk.stores().commit(&[recorded("b")]).await;
    disk.stores().commit(&[recorded("c")]).await;
    disk.put_back("db", &old);
    assert!(disk.refused(&[recorded("d")]).await.contains("its database ends at serial 1, its log at 3"));
    disk.lose("db");
    assert!(disk.refused(&[recorded("d")]).await.contains("its database is missing"));
    fs::create_dir(disk.at("db")).unwrap();
    assert!(disk.refused(&[recorded("d")]).await.contains("its database is missing"));
    assert_eq!(disk.names().await.len(), 3, "reading goes on");
    let rebuilt = disk.stores().open().repair(&holder("state restore"), NOW).await.unwrap();
    assert_eq!(rebuilt, Rebuilt::Database { serial: 3 });
    assert_eq!(disk.stores().commit(&[recorded("d")]).await, 4);
    disk.lose("log");
    assert_eq!(disk.names().await.len(), 4);
}

#[tokio::test]
async fn another_history_is_damage() {
    let (disk, other) = (Disk::with(&["a", "b"]).await, Disk::with(&["a", "b"]).await);
    disk.put_back("db", &other.keep("db"));
    assert!(disk.refused(&[recorded("d")]).await.contains("belongs to the lineage"));
}

#[tokio::test]
async fn a_damaged_log_is_replaced_by_the_database() {
    let disk = Disk::with(&["a", "b"]).await;
    let whole = disk.stores().state().await;
    let log = fs::read(disk.at("log")).unwrap();
    for at in (0..log.len() - 1).step_by(37) {
        let mut bytes = log.clone();
        bytes[at] ^= 4;
        fs::write(disk.at("log"), &bytes).unwrap();
        let read = disk.stores().open().snapshot().await.unwrap();
        assert_eq!((&read.version, &read.records), (&whole.version, &whole.records), "byte {at}");
        assert!(read.damaged.is_empty());
    }
    assert_eq!(disk.stores().commit(&[recorded("c")]).await, 3);
    assert_eq!(disk.names().await.len(), 3);
    assert!(fs::read(disk.at("log")).unwrap().starts_with(b"base 1 2 "));
}

#[tokio::test]
async fn damage_of_both_is_named_and_the_rest_stays_usable() {
    let disk = Disk::with(&["a", "b"]).await;
    fs::write(disk.at("db/db"), "").unwrap();
    let log = disk.log().replacen("\"id\":\"a\"", "\"id\":\"x\"", 1);
    fs::write(disk.at("log"), log).unwrap();
    let state = disk.stores().state().await;
    assert_eq!(names(&state), ["instance.b"]);
    assert_eq!(state.damaged["instance.a"], "its checksum does not agree");
    assert!(disk.refused(&[recorded("c")]).await.contains("is damaged"));
    let repaired = disk.stores().open().repair(&holder("state restore"), NOW).await.unwrap();
    assert_eq!(repaired, Rebuilt::Salvaged { serial: 3, damaged: vec!["instance.a".into()] });
    assert_eq!(disk.stores().commit(&[recorded("c")]).await, 4);
    assert_eq!(disk.names().await, ["instance.b", "instance.c"]);
    fs::write(disk.at("log"), "").unwrap();
    fs::write(disk.at("db/db"), "").unwrap();
    let nothing = disk.stores().open().repair(&holder("state restore"), NOW).await;
    assert!(nothing.is_err(), "there is nothing whole to make it from");
}

#[tokio::test]
async fn a_damaged_database_is_an_error_and_not_a_panic() {
    let disk = Disk::with(&["a", "b", "c"]).await;
    let db = disk.keep("db");
    let file = fs::read(disk.at("db/db")).unwrap();
    let used = file.iter().rposition(|byte| *byte != 0).unwrap();
    let log = disk.keep("log");
    let mut refused = 0;
    for keep in (0..used).step_by(97) {
        disk.put_back("db", &db);
        fs::write(disk.at("db/db"), &file[..keep]).unwrap();
        match disk.refused(&[recorded("d")]).await {
            // What was cut off was not needed: then all is there.
            said if said == "written as 4" => {
                disk.lose("log");
                assert_eq!(disk.names().await.len(), 4, "{keep} of {used} bytes");
            }
            problem => {
                assert!(problem.contains("is damaged"), "{keep} of {used} bytes: {problem}");
                assert_eq!(disk.names().await.len(), 3);
                refused += 1;
            }
        }
        disk.put_back("log", &log);
    }
    assert!(refused > 10, "{refused}");
    fs::write(disk.at("db/db"), "").unwrap();
    disk.stores().open().repair(&holder("state restore"), NOW).await.unwrap();
    assert_eq!(disk.stores().commit(&[recorded("d")]).await, 4);
}

#[tokio::test]
async fn a_damaged_snapshot_of_sled_is_done_without() {
    let disk = Disk::with(&["a", "b", "c"]).await;
    let snapshots: Vec<_> = fs::read_dir(disk.at("db"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("snap."))
        .collect();
    assert!(!snapshots.is_empty());
    snapshots.iter().for_each(|path| fs::write(path, "").unwrap());
    assert_eq!(disk.stores().commit(&[recorded("d")]).await, 4);
    assert_eq!(disk.names().await.len(), 4);
}

#[tokio::test]
async fn large_values_stay_in_the_database_file() {
    let disk = Disk::new();
    let large = |size: usize| {
        let values = object(&[("name", Value::string("x".repeat(size)))]);
        Event::Recorded(addr("large"), Box::new(Record { values, ..plain("large") }))
    };
    for size in [300_000, 10, 100_000, 2_000_000] {
        disk.stores().commit(&[large(size), recorded("small")]).await;
        let log = disk.keep("log");
        disk.lose("log");
        let state = disk.stores().state().await;
        let name = state.records[&addr("large")].values.at(&Path::root().child_attr("name")).unwrap();
        assert_eq!(name.as_str().map(str::len), Some(size));
        disk.put_back("log", &log);
        let blobs = fs::read_dir(disk.at("db/blobs")).map_or(0, Iterator::count);
        assert_eq!(blobs, 0, "after {size}");
    }
}

#[tokio::test]
async fn the_history_is_bounded_and_can_be_visited() {
    let mut disk = Disk::with(&["a"]).await;
    disk.history = 5;
    let stores = disk.stores();
    let lineage = stores.state().await.version.lineage;
    let mut writer = stores.open_with_key(&lineage).lock(&holder("apply"), NOW).await.unwrap();
    writer.commit(&[Event::Recorded(addr("s"), Box::new(record("s")))], &stamp("apply")).await.unwrap();
    drop(writer);
    for step in 0..30 {
        stores
            .commit(&[recorded(&format!("n{step}")), Event::Removed(addr(&format!("n{}", step - 1)))])
            .await;
    }
    let history = stores.open().history().await.unwrap();
    assert!((5..=10).contains(&history.len()), "{}", history.len());
    assert_eq!(history.last().unwrap().serial, 32);
    assert_eq!(history.last().unwrap().changes[1].did, Did::Removed);
    let first = history.first().unwrap().serial;
    for serial in first - 1..=32 {
        let past = stores.open().image(Some(serial)).await.unwrap().unwrap();
        let past = past.open(Some(&sealer(&lineage))).unwrap();
        let newest = format!("instance.n{}", serial - 3);
        assert_eq!(names(&past), ["instance.a".to_string(), newest, "instance.s".to_string()]);
        assert_eq!(past.version.serial, serial);
        assert_eq!(past.records[&addr("s")], record("s"), "cut without the key, and not lost");
    }
    assert!(stores.open().image(Some(first - 2)).await.unwrap().is_none());
    assert!(stores.open().image(Some(33)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_secret_in_a_strange_place_does_not_open() {
    let disk = Disk::with(&["z"]).await;
    let lineage = disk.stores().state().await.version.lineage;
    let mut writer = disk.stores().open_with_key(&lineage).lock(&holder("apply"), NOW).await.unwrap();
    writer.commit(&[Event::Recorded(addr("a"), Box::new(record("a")))], &stamp("apply")).await.unwrap();
    drop(writer);
    disk.lose("db");
    disk.forge(|_, json| json.replace("record instance.a\"", "record instance.b\""));
    let state = disk.stores().open_with_key(&lineage).snapshot().await.unwrap();
    let token = state.records[&addr("b")].values.at(&Path::root().child_attr("token"));
    assert_eq!(token, Some(Value::unknown(Type::String).sensitive()));
    assert!(state.damaged["instance.b"].contains("`.token` does not open"), "{:?}", state.damaged);
}

#[tokio::test]
async fn what_cannot_be_read_is_said() {
    let disk = Disk::with(&["a"]).await;
    fs::write(disk.at("log"), disk.log().replacen("base 1", "base 2", 1)).unwrap();
    let error = disk.stores().open().snapshot().await.unwrap_err();
    assert!(matches!(error, StoreError::TooNew { found: 2, known: 1, .. }), "{error}");
    fs::write(disk.dir.path().join("file"), "").unwrap();
    let error = SledStore::open(disk.dir.path().join("file/state")).snapshot().await.unwrap_err();
    assert!(error.to_string().starts_with("cannot read the state in "), "{error}");
}

#[tokio::test]
async fn what_is_held_is_known_before_it_is_read() {
    let disk = Disk::with(&["a", "b"]).await;
    let store = disk.stores().open();
    let told = store.outline().unwrap();
    let writer = store.lock(&holder("plan"), NOW).await.unwrap();
    let kinds = writer.state().records.keys().map(|addr| (addr.resource.kind.clone(), 2)).collect();
    assert_eq!(told.await, Ok(Outline { kinds, is_open: false }));
    drop(writer);
    disk.stores().commit(&[Event::Intended(Box::new(intent("0123456789abcdef", "c")))]).await;
    let (store, other) = (disk.stores().open(), disk.stores().open());
    let told = store.outline().unwrap();
    drop(store.lock(&holder("plan"), NOW).await.unwrap());
    assert!(told.await.unwrap().is_open);
    // A lock that is not had says nothing.
    let _held = store.lock(&holder("plan"), NOW).await.unwrap();
    let mut told = other.outline().unwrap();
    assert!(other.lock(&holder("plan"), NOW).await.is_err() && told.try_recv().is_err());
}

#[tokio::test]
async fn what_was_read_early_counts_only_as_long_as_it_is_so() {
    let disk = Disk::with(&["a"]).await;
    let early = || EarlyRead::begin(disk.dir.path().join("state")).unwrap();
    let (mut store, mut late, mut elsewhere) =
        (disk.stores().open(), disk.stores().open(), stores_in_memory().open());
    store.take(early());
    late.take(early());
    elsewhere.take(early());
    assert_eq!(names(&store.snapshot().await.unwrap()), ["instance.a"]);
    disk.stores().commit(&[recorded("b")]).await;
    assert_eq!(names(&late.snapshot().await.unwrap()), ["instance.a", "instance.b"]);
    assert_eq!(names(&elsewhere.snapshot().await.unwrap()), [""; 0]);
    let empty = tempfile::tempdir().unwrap();
    assert!(EarlyRead::begin(empty.path().to_path_buf()).is_none());
    let mut other = SledStore::open(empty.path());
    other.take(early());
    assert_eq!(names(&other.snapshot().await.unwrap()), [""; 0]);
}
