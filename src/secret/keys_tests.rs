//! Sources of keys, each in an environment of its own.

use super::*;
use std::collections::BTreeMap;
use tempfile::TempDir;

const LINEAGE: &str = "3f0a";

struct Home {
    dir: TempDir,
    variables: BTreeMap<String, String>,
}

impl Home {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), variables: BTreeMap::new() }
    }

    fn with_key(mut self, text: &str) -> Self {
        self.variables.insert(KEY_VARIABLE.to_owned(), text.to_owned());
        self
    }

    fn env(&self) -> Environment {
        let variables = self.variables.clone();
        Environment::new(move |name| variables.get(name).cloned(), Some(self.dir.path().join("isotope")))
    }

    fn new_key(&self, choice: &KeyChoice) -> Result<(Key, KeySlot), KeyError> {
        new_key(choice, LINEAGE, &self.env())
    }

    fn open(&self, choice: &KeyChoice, slot: &KeySlot) -> Result<KeyId, KeyError> {
        open_key(choice, slot, LINEAGE, &self.env()).map(|key| key.id())
    }

    fn has_files(&self) -> bool {
        self.dir.path().join("isotope").exists()
    }
}

fn passphrase(text: &str) -> KeyChoice {
    KeyChoice::Passphrase(Zeroizing::new(text.to_owned()))
}

fn command(script: &str) -> KeyChoice {
    KeyChoice::Command(["sh", "-c", script].map(str::to_owned).to_vec())
}

/// A slot of a passphrase that is quick to stretch.
fn quick_slot(phrase: &str, source: KeySource) -> KeySlot {
    let stretch = Stretch { salt: random_hex(32), memory_kib: 8, passes: 1, lanes: 1 };
    KeySlot { key: stretch.key(phrase).unwrap().id(), source, stretch: Some(stretch) }
}

#[test]
fn a_new_state_gets_a_key_file_and_opens_with_it() {
    let home = Home::new();
    let (key, slot) = home.new_key(&KeyChoice::File).unwrap();
    assert_eq!(slot, KeySlot { key: key.id(), source: KeySource::File, stretch: None });
    assert_eq!(home.open(&KeyChoice::File, &slot).unwrap(), key.id());
    // Killed before the state was written: the next run finds the same key.
    assert_eq!(home.new_key(&KeyChoice::File).unwrap().0.id(), key.id());
}

#[test]
fn an_existing_state_never_makes_a_key() {
    let home = Home::new();
    let slot = KeySlot { key: Key::random().id(), source: KeySource::File, stretch: None };
    let error = home.open(&KeyChoice::File, &slot).unwrap_err();
    assert!(matches!(error, KeyError::Missing { .. }), "{error}");
    let said = error.to_string();
    for part in [slot.key.to_string().as_str(), "`ISOTOPE_ENCRYPTION_KEY`", "isotope/keys/3f0a.key`"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!home.has_files());
}

#[test]
fn the_environment_comes_first_and_writes_nothing() {
    let given = Key::random();
    let home = Home::new().with_key(&given.to_base64());
    let (key, slot) = home.new_key(&passphrase("never stretched")).unwrap();
    assert_eq!((key.id(), slot.source), (given.id(), KeySource::Environment));
    assert_eq!(home.open(&KeyChoice::File, &slot).unwrap(), given.id());
    assert!(!home.has_files());
}

#[test]
fn a_bad_variable_is_an_error_and_shows_no_value() {
    let slot = KeySlot { key: Key::random().id(), source: KeySource::File, stretch: None };
    let cases = [("", "is empty"), ("hunter42!", "is not base64"), ("c2hvcnQ=", "is base64 of 5 bytes")];
    for (text, expected) in cases {
        let home = Home::new().with_key(text);
        for error in
            [home.open(&KeyChoice::File, &slot).unwrap_err(), home.new_key(&KeyChoice::File).unwrap_err()]
        {
            let said = error.to_string();
            assert!(said.starts_with("`ISOTOPE_ENCRYPTION_KEY` ") && said.contains(expected), "{said}");
            assert!(!said.contains("hunter42") && said.contains("openssl rand -base64 32"), "{said}");
        }
        assert!(!home.has_files());
    }
}

#[test]
fn a_foreign_key_in_the_environment_does_not_hide_the_right_one() {
    let mut home = Home::new();
    let (key, slot) = home.new_key(&KeyChoice::File).unwrap();
    home = home.with_key(&Key::random().to_base64());
    assert_eq!(home.open(&KeyChoice::File, &slot).unwrap(), key.id());
    let elsewhere = Home::new().with_key(&Key::random().to_base64());
    let error = elsewhere.open(&KeyChoice::File, &slot).unwrap_err();
    assert!(matches!(error, KeyError::Other { wanted, .. } if wanted == key.id()), "{error}");
    assert!(error.to_string().contains("`ISOTOPE_ENCRYPTION_KEY` gives another one"), "{error}");
}

#[test]
fn a_passphrase_opens_its_slot_alone() {
    let home = Home::new();
    let slot = quick_slot("correct horse", KeySource::Passphrase);
    assert_eq!(home.open(&passphrase("correct horse"), &slot).unwrap(), slot.key);
    let error = home.open(&passphrase("battery staple"), &slot).unwrap_err();
    assert!(matches!(error, KeyError::Other { .. }), "{error}");
    assert!(!error.to_string().contains("staple"));
    assert!(matches!(home.open(&KeyChoice::File, &slot), Err(KeyError::Missing { .. })));
    assert!(!home.has_files());
}

#[test]
fn a_slot_survives_its_text_and_holds_no_secret() {
    let slot = quick_slot("correct horse", KeySource::Passphrase);
    let text = serde_json::to_string(&slot).unwrap();
    assert!(!text.contains("horse"));
    assert_eq!(serde_json::from_str::<KeySlot>(&text).unwrap(), slot);
    let file = r#"{"key":"00112233445566ff","source":"file"}"#;
    let slot: KeySlot = serde_json::from_str(file).unwrap();
    assert_eq!(serde_json::to_string(&slot).unwrap(), file);
}

#[test]
fn a_new_passphrase_is_stretched_with_a_salt_of_its_own() {
    let home = Home::new();
    let (key, slot) = home.new_key(&passphrase("correct horse")).unwrap();
    let stretch = slot.stretch.clone().unwrap();
    assert_eq!((stretch.memory_kib, stretch.passes, stretch.salt.len()), (64 * 1024, 3, 32));
    assert_eq!(home.open(&passphrase("correct horse"), &slot).unwrap(), key.id());
    assert_ne!(Stretch::new().salt, stretch.salt);
    assert!(matches!(home.new_key(&passphrase("short")), Err(KeyError::Unusable { .. })));
}

/// The same passphrase has to give the same key for as long as there are states.
#[test]
fn the_stretching_is_settled() {
    let stretch =
        Stretch { salt: "00112233445566778899aabbccddeeff".to_owned(), memory_kib: 64, passes: 2, lanes: 1 };
    assert_eq!(stretch.key("correct horse").unwrap().id().to_string(), "9d30b001b9248146");
}

#[test]
fn a_damaged_slot_is_refused_before_it_costs_anything() {
    let fine = Stretch { salt: random_hex(32), memory_kib: 8, passes: 1, lanes: 1 };
    let cases = [
        Stretch { memory_kib: u32::MAX, ..fine.clone() },
        Stretch { passes: u32::MAX, ..fine.clone() },
        Stretch { lanes: 1000, ..fine.clone() },
        Stretch { memory_kib: 0, ..fine.clone() },
        Stretch { salt: String::new(), ..fine },
    ];
    for stretch in cases {
        let error = stretch.key("correct horse").unwrap_err();
        assert!(error.to_string().starts_with("the state's key slot "), "{error}");
    }
}

#[test]
fn a_command_gives_a_key_or_a_passphrase() {
    let home = Home::new();
    let given = Key::random();
    let prints_key = command(&format!("echo {}", given.to_base64().as_str()));
    let (key, slot) = home.new_key(&prints_key).unwrap();
    assert_eq!((key.id(), slot.source, &slot.stretch), (given.id(), KeySource::Command, &None));
    assert_eq!(home.open(&prints_key, &slot).unwrap(), given.id());

    let slot = quick_slot("correct horse", KeySource::Command);
    assert_eq!(home.open(&command("echo correct horse"), &slot).unwrap(), slot.key);
    let error = home.open(&command("exit 7"), &slot).unwrap_err();
    assert_eq!(error.to_string(), "the encryption command `sh` gave no key: it failed (exit status: 7)");
    assert!(!home.has_files());
}

#[test]
fn a_state_opens_with_its_file_until_it_is_rekeyed() {
    let home = Home::new();
    let (key, slot) = home.new_key(&KeyChoice::File).unwrap();
    assert_eq!(home.open(&passphrase("just added"), &slot).unwrap(), key.id());
    assert_eq!(home.open(&command("echo just added"), &slot).unwrap(), key.id());
}

#[test]
fn rekeying_keeps_the_old_key_until_the_state_has_the_new_one() {
    let home = Home::new();
    let (old, old_slot) = home.new_key(&KeyChoice::File).unwrap();
    let (new, new_slot) = next_key(&KeyChoice::File, LINEAGE, &home.env()).unwrap();
    assert_ne!(old.id(), new.id());
    assert_eq!(home.open(&KeyChoice::File, &old_slot).unwrap(), old.id());
    assert_eq!(home.open(&KeyChoice::File, &new_slot).unwrap(), new.id());
}

#[test]
fn a_key_is_changed_from_any_source_to_any_other() {
    let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let mut home = Home::new();
    let (file, file_slot) = home.new_key(&KeyChoice::File).unwrap();
    // What is asked for while the key is changed comes before all else.
    home.variables.insert(NEW_KEY_VARIABLE.to_owned(), zeros.to_owned());
    let (zero, zero_slot) = next_key(&passphrase("not asked"), LINEAGE, &home.env()).unwrap();
    assert_eq!(
        (zero.id(), zero_slot.source),
        (Key::from_base64(zeros).unwrap().id(), KeySource::Environment)
    );
    assert_eq!(old_key(&KeyChoice::File, &file_slot, LINEAGE, &home.env()).unwrap().id(), file.id());
    home.variables.insert(NEW_KEY_VARIABLE.to_owned(), "abc".to_owned());
    let bad = next_key(&KeyChoice::File, LINEAGE, &home.env()).unwrap_err().to_string();
    assert!(bad.starts_with("`ISOTOPE_ENCRYPTION_KEY_NEW` is base64 of 2 bytes"), "{bad}");
    home.variables.remove(NEW_KEY_VARIABLE);

    // The old one is a key or a passphrase, as the slot says.
    home.variables.insert(OLD_KEY_VARIABLE.to_owned(), zeros.to_owned());
    assert_eq!(old_key(&passphrase("a new one"), &zero_slot, LINEAGE, &home.env()).unwrap().id(), zero.id());
    let other = old_key(&KeyChoice::File, &file_slot, LINEAGE, &home.env()).unwrap_err().to_string();
    assert!(other.contains("`ISOTOPE_ENCRYPTION_KEY_OLD` gives another one"), "{other}");
    let slot = quick_slot("the phrase that was", KeySource::Passphrase);
    home.variables.insert(OLD_KEY_VARIABLE.to_owned(), "the phrase that was".to_owned());
    assert_eq!(old_key(&passphrase("a new one"), &slot, LINEAGE, &home.env()).unwrap().id(), slot.key);
    let bad = old_key(&KeyChoice::File, &file_slot, LINEAGE, &home.env()).unwrap_err().to_string();
    assert!(
        bad.starts_with("`ISOTOPE_ENCRYPTION_KEY_OLD` is not base64") && !bad.contains("phrase"),
        "{bad}"
    );
}

#[test]
fn without_a_home_there_is_no_key_file() {
    let env = Environment::new(|_| None, None);
    assert!(matches!(new_key(&KeyChoice::File, LINEAGE, &env), Err(KeyError::NoHome)));
    let slot = KeySlot { key: Key::random().id(), source: KeySource::File, stretch: None };
    assert!(matches!(open_key(&KeyChoice::File, &slot, LINEAGE, &env), Err(KeyError::Missing { .. })));
}

#[test]
fn the_configuration_directory_follows_the_xdg_rules() {
    let cases = [
        (Some("/x"), Some("/home/me"), Some("/x/isotope")),
        (None, Some("/home/me"), Some("/home/me/.config/isotope")),
        (Some("relative"), Some("/home/me"), Some("/home/me/.config/isotope")),
        (Some(""), Some(""), None),
        (None, None, None),
    ];
    for (xdg, home, expected) in cases {
        let get = |name: &str| match name {
            "XDG_CONFIG_HOME" => xdg.map(str::to_owned),
            "HOME" => home.map(str::to_owned),
            _ => None,
        };
        assert_eq!(config_dir(get).as_deref(), expected.map(Path::new), "{xdg:?} {home:?}");
    }
}

#[test]
fn nothing_secret_is_shown() {
    let shown = format!("{:?} {:?}", passphrase("correct horse"), command("echo correct horse"));
    assert!(!shown.contains("horse"), "{shown}");
}
