//! The console as a person at a terminal meets it: editing, completing, expressions over several lines, and what is remembered.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The console in a terminal of its own.
struct Session {
    child: Child,
    person: File,
    shown: Arc<Mutex<Vec<u8>>>,
    /// How much of what was shown has been looked at.
    seen: usize,
}

fn terminal() -> (File, File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&person).and_then(|()| unlockpt(&person)).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap().into_string().unwrap();
    (File::from(person), File::options().read(true).write(true).open(name).unwrap())
}

impl Session {
    fn start(dir: &Path) -> Self {
        let (person, process) = terminal();
        let end = || Stdio::from(process.try_clone().unwrap());
        let mut command = Command::new(env!("CARGO_BIN_EXE_isotope"));
        command.arg("console").current_dir(dir).env_clear().env("HOME", dir).env("TERM", "xterm");
        command.env("ISOTOPE_VAR_password", "pa55-of-the-user");
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (into, mut from) = (shown.clone(), person.try_clone().unwrap());
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // An error is the end: nobody holds the other side any more.
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                into.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        let mut session = Self { child, person, shown, seen: 0 };
        session.expect("> ");
        session
    }

    /// Types, and waits until the answer is shown.
    fn answers(&mut self, typed: &str, answer: &str) {
        self.person.write_all(typed.as_bytes()).unwrap();
        self.expect(answer);
        self.expect("> ");
    }

    fn expect(&mut self, text: &str) {
        let start = Instant::now();
        loop {
            let shown = String::from_utf8_lossy(&self.shown.lock().unwrap()[self.seen..]).into_owned();
            if let Some(at) = shown.find(text) {
                self.seen += at + text.len();
                return;
            }
            assert!(start.elapsed() < PATIENCE, "no {text:?} in {shown:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Says that it is enough, again and again: what is typed while nobody reads may be lost.
    fn end(mut self) {
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < PATIENCE, "it does not end");
            self.person.write_all(b"\x04").unwrap();
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(self.child.wait().unwrap().success());
    }
}

const CONFIGURATION: &str = r#"
variable "password" {
  sensitive = true
}

locals {
  region = "eu"
}
"#;

#[test]
fn lines_are_edited_and_remembered_but_no_secrets() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path();
    std::fs::write(dir.join("main.hcl"), CONFIGURATION).unwrap();
    let mut session = Session::start(dir);
    session.answers("1 +\r 41\r", "\n42\r\n");
    session.answers("[\r1,\r]\r", "[\r\n  1,\r\n]\r\n");
    session.answers("upper(\"remember\")\r", "\n\"REMEMBER\"\r\n");
    // Two steps left, and a digit between.
    session.answers("10 + 3\x1b[D\x1b[D\x1b[D\x1b[D0\r", "\n103\r\n");
    session.answers("length(\"pa55-of-the-user\")\r", "\n16\r\n");
    session.answers("sensitive(\"an0ther\")\r", "(sensitive value)");
    session.answers("  \"kept to myself\"\r", "\n\"kept to myself\"\r\n");
    session.answers("var.password\r", "(sensitive value)");
    session.answers("upp\tlocal.reg\t)\r", "\n\"EU\"\r\n");
    session.answers("nope.x\r", "Reference to undeclared resource");
    // Dropped, not run.
    session.answers("1 + \x03", "");
    session.end();

    let file = dir.join(".local/state/isotope/console-history");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.contains("upper(\"remember\")") && kept.contains("var.password"), "{kept}");
    for secret in ["pa55", "an0ther", "kept to myself"] {
        assert!(!kept.contains(secret), "{kept}");
    }

    let mut session = Session::start(dir);
    session.answers("\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\r", "\n\"REMEMBER\"\r\n");
    session.person.write_all(b"exit\r").unwrap();
    session.end();
}
