//! No secret stands anywhere: every byte that a long session writes or prints is searched, for each secret, in every form.
//!
//! What is searched: state, log, saved plans, pulled documents, lock files, copies that a repair keeps, the program's own log at
//! `trace`, and both output streams. `support::leaks` says which forms.

#![allow(clippy::unwrap_used)] // a test may

mod support;

use base64::Engine;
use isotope::secret::{Key, Sealer};
use isotope::value::{Value, typed_to_json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use support::leaks;
use support::sandbox::Sandbox;

const MAIN: &str = r#"
variable "password" {
  type      = string
  sensitive = true
  default   = "s3cret-a/b+c=d&e%f!<g>~h"
}

instance "a" {
  element = "freshdesk"
  name    = "A"

  configuration = {
    username  = "ops@example.com"
    password  = var.password
    subdomain = "a"
  }
}

instance "b" {
  element = "freshdesk"
  name    = "B ${instance.a.id}"

  configuration = {
    username  = "ops@example.com"
    password  = var.password
    subdomain = "b"
  }
}

output "token" {
  value     = instance.a.token
  sensitive = true
}

output "derived" {
  value     = jsonencode({ basic = base64encode("ops:${var.password}"), upper = upper(var.password) })
  sensitive = true
}
"#;

/// Commands whatever their outcome; what matters is what they leave behind.
const SESSION: &[&str] = &[
    "isotope validate -json",
    "isotope plan",
    "isotope plan -json",
    "isotope plan -full -out=first.plan",
    "isotope show first.plan",
    "isotope show -json first.plan",
    "isotope apply first.plan",
    "isotope show",
    "isotope show -json",
    "isotope output",
    "isotope state show instance.a",
    "isotope state show -json instance.b",
    "isotope state pull > document.json",
    "isotope state pull",
    "sed -i 's|a/b+c|x/y+z|' main.hcl",
    "sed -i 's/\"A\"/\"Another\"/' main.hcl",
    "isotope plan -json -out=second.plan",
    "kill-at PATCH /instances/1001 isotope apply -auto-approve",
    "isotope plan",
    "isotope apply -auto-approve -json",
    "isotope state history",
    "isotope state history -json",
    "isotope state diff @2",
    "isotope state diff @2 -json",
    "isotope state push -force document.json",
    "isotope state rekey",
    "isotope plan -var password=s3cret-another-one",
    "isotope apply -auto-approve -var password=s3cret-another-one",
    "isotope plan -var passwort=s3cret-misspelt-name",
    "isotope state rollback @3 -auto-approve",
    "isotope console -json",
    "isotope workspace new dev",
    "isotope apply -auto-approve -parallelism=1",
    "isotope workspace select default",
    "bytes state/dev/db/db 00",
    "ISOTOPE_WORKSPACE=dev isotope state restore",
    "ISOTOPE_WORKSPACE=dev isotope apply -auto-approve",
    "faults 400:POST",
    "isotope apply -auto-approve -replace=instance.b",
];

fn session(setup: &[&str]) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.write("main.hcl", MAIN);
    setup.iter().chain(SESSION).for_each(|line| drop(sandbox.line(line)));
    sandbox
}

#[test]
fn no_byte_that_is_written_shows_a_secret() {
    for setup in [
        &["export ISOTOPE_LOG=trace", "export ISOTOPE_LOG_PATH=trace.log"][..],
        &["export ISOTOPE_LOG=trace"],
    ] {
        let sandbox = session(setup);
        let found = sandbox.leaks();
        assert!(found.is_empty(), "{}", found.join("\n"));
        let log = std::fs::read_to_string(sandbox.dir.join("trace.log")).unwrap_or_default();
        assert!(setup.len() == 1 || log.contains("POST"), "the log says what is sent");
        modes(&sandbox.dir.join("state"));
        modes(&sandbox.dir.join("../home/.config/isotope"));
        modes(&sandbox.dir.join(".isotope"));
        for file in ["first.plan", "second.plan"] {
            assert_eq!(mode(&sandbox.dir.join(file)), 0o600, "{file}");
        }
    }
}

/// Directories 0700, files 0600.
fn modes(dir: &Path) {
    assert_eq!(mode(dir), 0o700, "{}", dir.display());
    for file in leaks::files(dir) {
        assert!(mode(&file) == 0o600 || is_snapshot(&file), "{}: {:o}", file.display(), mode(&file));
        let parent = file.parent().unwrap();
        assert_eq!(mode(parent), 0o700, "{}", parent.display());
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_emulator_inside_keeps_no_secret_in_the_clear() {
    let mut sandbox = Sandbox::new();
    sandbox.write("main.hcl", MAIN);
    let provider = "provider \"cloudelements\" {\n  base_url            = \"emulator\"\n  user_secret         = \"s3cret-user-of-emulator\"\n  organization_secret = \"s3cret-organization\"\n}\n";
    sandbox.write("provider.hcl", provider);
    for line in ["isotope apply -auto-approve", "isotope plan", "isotope show -json"] {
        let shown = sandbox.line(line);
        assert_eq!(shown.status, 0, "{line}:\n{}", shown.lines.join("\n"));
    }
    assert!(sandbox.dir.join("state/default/emulator").is_dir());
    let found = sandbox.leaks();
    assert!(found.is_empty(), "{}", found.join("\n"));
    modes(&sandbox.dir.join("state"));
}

/// sled writes one as it closes; the directory covers it.
fn is_snapshot(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("snap."))
}

/// A document of the state, with the key known.
fn keyed() -> (Sandbox, serde_json::Value) {
    let mut sandbox = Sandbox::new();
    sandbox.write("main.hcl", MAIN);
    let key = base64::engine::general_purpose::STANDARD.encode([7; 32]);
    sandbox.line(&format!("export ISOTOPE_ENCRYPTION_KEY={key}"));
    let shown = sandbox.line("isotope apply -auto-approve");
    assert_eq!(shown.status, 0, "{}", shown.lines.join("\n"));
    sandbox.line("isotope state pull > document.json");
    let text = std::fs::read_to_string(sandbox.dir.join("document.json")).unwrap();
    (sandbox, serde_json::from_str(&text).unwrap())
}

#[test]
fn the_same_secret_of_two_objects_has_two_fingerprints() {
    let (mut sandbox, document) = keyed();
    let print = |name: &str| document["rows"][format!("record instance.{name}")]["fingerprints"].clone();
    assert_eq!(print("a")[0][0], print("b")[0][0], "the same path");
    assert_ne!(print("a")[0][1], print("b")[0][1], "and the same password");

    // A fingerprint goes where its object goes.
    sandbox.line("isotope state mv instance.b instance.moved");
    sandbox.line("sed -i 's/instance \"b\"/instance \"moved\"/' main.hcl");
    assert!(sandbox.line("isotope plan").lines[0].starts_with("No changes."));
    sandbox.line("sed -i 's/instance \"moved\"/instance \"again\"/' main.hcl");
    sandbox.write("moved.hcl", "moved {\n  from = instance.moved\n  to   = instance.again\n}\n");
    sandbox.line("isotope apply -auto-approve");
    assert!(sandbox.line("isotope plan").lines[0].starts_with("No changes."));
}

#[test]
fn a_fingerprint_of_before_they_were_bound_still_counts() {
    let (mut sandbox, mut document) = keyed();
    let lineage = document["lineage"].as_str().unwrap().to_owned();
    let sealer = Sealer::new(&Key::from_bytes([7; 32]), &lineage);
    let password = typed_to_json(&Value::string("s3cret-a/b+c=d&e%f!<g>~h")).to_string();
    let old = sealer.fingerprint(&["instance", ".configuration[\"password\"]"], password.as_bytes());
    let record = &mut document["rows"]["record instance.a"];
    assert!(record.as_object_mut().unwrap().remove("bound").is_some());
    record["fingerprints"][0][1] = old.to_string().into();
    document["serial"] = 100.into();
    std::fs::write(sandbox.dir.join("old.json"), document.to_string()).unwrap();
    let pushed = sandbox.line("isotope state push old.json");
    assert_eq!(pushed.lines, ["The state is at serial 100 now."]);
    let plan = sandbox.line("isotope plan").lines.join("\n");
    assert!(plan.starts_with("No changes."), "{plan}");
    let plan = sandbox.line("isotope plan -var password=s3cret-changed").lines.join("\n");
    assert!(plan.contains("~ instance.a"), "{plan}");
}

#[test]
fn what_is_wrong_with_a_key_is_said_and_nothing_is_sent() {
    let mut sandbox = Sandbox::new();
    sandbox.write("main.hcl", MAIN);
    assert_eq!(sandbox.line("isotope apply -auto-approve").status, 0);
    let keys = sandbox.dir.join("../home/.config/isotope/keys");
    let file = leaks::files(&keys).remove(0);
    let text = std::fs::read_to_string(&file).unwrap();
    let change = |text: &str, mode: u32| {
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for (content, mode, expected) in [
        ("", 0o600, "holds no key"),
        ("not a key\n", 0o600, "is not base64"),
        (&*text, 0o644, "can be read by others"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 0o600, "gives another one"),
    ] {
        change(content, mode);
        let listed = sandbox.line("isotope state list");
        let said = listed.lines.join("\n");
        assert!(listed.status == 0 && said.contains(expected), "reading goes on: {said}");
        let applied = sandbox.line("isotope apply -auto-approve -replace=instance.a");
        let said = applied.lines.join("\n");
        assert_eq!(applied.status, 1, "{said}");
        assert!(said.contains("Encryption key is missing") && said.contains(expected), "{said}");
    }
    change(&text, 0o600);
    let plan = sandbox.line("isotope plan").lines.join("\n");
    assert!(plan.starts_with("No changes."), "{plan}");
    assert_eq!(sandbox.leaks(), [] as [String; 0]);
}
