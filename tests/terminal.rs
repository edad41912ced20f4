//! What a person sees at a terminal while an apply runs: the binary on a pseudo-terminal, its bytes drawn on a small screen.

use isotope::emulator;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const COLUMNS: usize = 44;
const PATIENCE: Duration = Duration::from_secs(60);

const CONFIGURATION: &str = r#"
instance "pool" {
  count   = 3
  element = "freshdesk"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-pool"
    subdomain = "example"
  }
}
"#;

/// A screen that is as high as it must be. It knows what the program sends and panics at anything else.
#[derive(Default)]
struct Screen {
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
    cursor_is_hidden: bool,
}

impl Screen {
    fn of(bytes: &str) -> Self {
        let mut screen = Self::default();
        let mut chars = bytes.chars();
        while let Some(char) = chars.next() {
            match char {
                '\r' => screen.column = 0,
                '\n' => screen.row += 1,
                '\x1b' => {
                    assert_eq!(chars.next(), Some('['), "{bytes:?}");
                    let mut argument = String::new();
                    let end = loop {
                        match chars.next().expect("a whole control sequence") {
                            end if end.is_ascii_alphabetic() => break end,
                            char => argument.push(char),
                        }
                    };
                    screen.control(&argument, end);
                }
                char => screen.put(char),
            }
        }
        screen
    }

    fn put(&mut self, char: char) {
        if self.column >= COLUMNS {
            self.row += 1;
            self.column = 0;
        }
        while self.rows.len() <= self.row {
            self.rows.push(Vec::new());
        }
        let row = &mut self.rows[self.row];
        while row.len() <= self.column {
            row.push(' ');
        }
        row[self.column] = char;
        self.column += 1;
    }

    fn control(&mut self, argument: &str, end: char) {
        match (argument, end) {
            (_, 'm') => {}
            ("?25", 'l') => self.cursor_is_hidden = true,
            ("?25", 'h') => self.cursor_is_hidden = false,
            ("", 'K') => self.rows.get_mut(self.row).into_iter().for_each(|row| row.truncate(self.column)),
            ("", 'J') => {
                self.rows.get_mut(self.row).into_iter().for_each(|row| row.truncate(self.column));
                self.rows.truncate(self.row + 1);
            }
            (up, 'A') => {
                let up: usize = up.parse().expect("a number of rows");
                assert!(up <= self.row, "above the top of the screen");
                self.row -= up;
            }
            other => panic!("unexpected control sequence {other:?}"),
        }
    }

    fn text(&self) -> String {
        let rows: Vec<String> = self.rows.iter().map(|row| row.iter().collect::<String>()).collect();
        rows.iter().map(|row| format!("{}\n", row.trim_end())).collect()
    }
}

/// A run on a terminal of its own.
struct Seen {
    child: Child,
    bytes: Receiver<Vec<u8>>,
    text: String,
    _home: tempfile::TempDir,
}

impl Seen {
    fn start(base_url: &str) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        std::fs::write(home.path().join("main.hcl"), CONFIGURATION).expect("a file");
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&person).and_then(|()| unlockpt(&person)).expect("a terminal of our own");
        let name = ptsname(&person, Vec::new()).expect("it has a name").into_string().expect("an ASCII name");
        let end = || Stdio::from(File::options().read(true).write(true).open(&name).expect("the other end"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_isotope"));
        command.current_dir(home.path()).env_clear().args(["apply", "-auto-approve", "-parallelism=2"]);
        command.env("HOME", home.path()).env("TERM", "xterm").env("COLUMNS", COLUMNS.to_string());
        command.env("CLOUD_ELEMENTS_BASE_URL", base_url);
        command.env("CLOUD_ELEMENTS_USER_SECRET", "user").env("CLOUD_ELEMENTS_ORGANIZATION_SECRET", "org");
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("the binary starts");
        drop(command);
        let (sender, bytes) = channel();
        let mut person = File::from(person);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // At the end of the run the terminal hangs up, which reads as an error.
            while let Ok(read @ 1..) = person.read(&mut buffer) {
                let _ = sender.send(buffer[..read].to_vec());
            }
        });
        Self { child, bytes, text: String::new(), _home: home }
    }

    /// Reads until the text has come, or the end.
    fn until(&mut self, wanted: &str) {
        let start = Instant::now();
        while !self.text.contains(wanted) {
            assert!(start.elapsed() < PATIENCE, "no {wanted:?} in {:?}", self.text);
            match self.bytes.recv_timeout(PATIENCE) {
                Ok(bytes) => self.text.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => return,
            }
        }
    }

    fn interrupt(&self) {
        let killed = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(killed.expect("there is `kill`").success());
    }

    /// Everything that was sent, and the exit status.
    fn end(mut self) -> (String, i32) {
        self.until("\u{0}never");
        let status = self.child.wait().expect("it is our child");
        (self.text.clone(), status.code().unwrap_or(-1))
    }
}

fn emulated() -> (tokio::runtime::Runtime, String) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    let options =
        emulator::Options { latency: Duration::from_millis(700), ..emulator::Options::new([7; 32]) };
    let running = runtime.block_on(emulator::start(options)).expect("the emulator starts");
    let base_url = running.base_url();
    // It runs as long as the runtime.
    std::mem::forget(running);
    (runtime, base_url)
}

#[test]
fn a_frame_lives_below_what_is_done_and_goes_at_the_end() {
    let (_runtime, base_url) = emulated();
    let mut seen = Seen::start(&base_url);
    seen.until("of 3, ");
    let (text, status) = seen.end();
    assert_eq!(status, 0, "{text:?}");
    // While it runs: a line for each operation, and the bar.
    assert!(text.contains("\x1b[?25l"), "{text:?}");
    assert!(text.contains("instance.pool[0]: Creating... 0s"), "{text:?}");
    assert!(text.contains("░"), "{text:?}");
    assert!(!text.contains("Still creating"), "{text:?}");
    // At the end: only what is done.
    let screen = Screen::of(&text);
    let shown = screen.text();
    assert!(!screen.cursor_is_hidden);
    assert!(!shown.contains('░') && !shown.contains("Creating..."), "{shown}");
    let done = shown.lines().filter(|line| line.contains(": Creation complete after")).count();
    assert_eq!(done, 3, "{shown}");
    assert!(shown.contains("Apply complete! Resources: 3 added,"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn an_interrupt_leaves_a_sound_terminal() {
    let (_runtime, base_url) = emulated();
    let mut seen = Seen::start(&base_url);
    seen.until("of 3, ");
    seen.interrupt();
    let (text, status) = seen.end();
    assert_eq!(status, 1, "{text:?}");
    let screen = Screen::of(&text);
    let shown = screen.text();
    assert!(!screen.cursor_is_hidden);
    assert!(shown.contains("Interrupted: what is in flight finishes"), "{shown}");
    assert!(shown.contains("Apply incomplete: 2 created, 1 not"), "{shown}");
    assert!(!shown.contains('░') && !shown.contains("Creating..."), "{shown}");
}
