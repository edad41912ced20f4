//! Starts the binary: its surroundings, what it reads, how it ends.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long any run may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a run reads.
pub enum Input {
    Nothing,
    /// Text through a pipe.
    Text(String),
    /// A person at a terminal who types this.
    Typed(String),
}

pub struct Ran {
    pub stdout: String,
    pub stderr: String,
    /// 137 when it was killed, as a shell says.
    pub status: i32,
}

impl Ran {
    /// Of a run that goes on.
    pub fn nothing() -> Self {
        Self { stdout: String::new(), stderr: String::new(), status: 0 }
    }
}

/// A run under way.
pub struct Started {
    child: Child,
    stdout: Stream,
    stderr: Stream,
    /// The other end of the terminal; closing it hangs up.
    terminal: Option<File>,
}

/// What a run says, while it says it.
struct Stream {
    said: Arc<Mutex<Vec<u8>>>,
    reader: std::thread::JoinHandle<()>,
}

pub fn start(dir: &Path, args: &[String], env: &BTreeMap<String, String>, input: Input) -> Started {
    let mut command = Command::new(env!("CARGO_BIN_EXE_isotope"));
    command.current_dir(dir).args(args).env_clear().envs(env);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut terminal = None;
    let mut text = None;
    match input {
        Input::Nothing => drop(command.stdin(Stdio::null())),
        Input::Text(given) => {
            command.stdin(Stdio::piped());
            text = Some(given);
        }
        Input::Typed(line) => {
            let (mut person, process) = open_terminal();
            command.stdin(process);
            writeln!(person, "{line}").expect("a terminal takes a line");
            terminal = Some(person);
        }
    }
    let mut child = command.spawn().expect("the binary starts");
    if let (Some(text), Some(mut stdin)) = (text, child.stdin.take()) {
        // A process that reads nothing is no fault.
        let _ = stdin.write_all(text.as_bytes());
    }
    let stdout = Stream::of(child.stdout.take().expect("it is piped"));
    let stderr = Stream::of(child.stderr.take().expect("it is piped"));
    Started { child, stdout, stderr, terminal }
}

impl Started {
    /// Waits for the end; a run that never ends is killed and the test fails.
    pub fn wait(mut self) -> Ran {
        let start = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("it is our child") {
                Some(status) => break status,
                None if start.elapsed() > PATIENCE => {
                    self.child.kill().expect("it is our child");
                    panic!("a run took longer than {} s", PATIENCE.as_secs());
                }
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        drop(self.terminal);
        Ran { stdout: self.stdout.end(), stderr: self.stderr.end(), status: status.code().unwrap_or(137) }
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it is our child").is_some()
    }

    /// `kill -INT` and the like.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().expect("`kill` is there");
        assert!(sent.success(), "there is nobody to signal");
    }

    /// Waits until it has said a word to the terminal, `count` times in all.
    pub fn hears(&self, word: &str, count: usize) {
        let start = Instant::now();
        while self.stderr.so_far().matches(word).count() < count {
            assert!(start.elapsed() < PATIENCE, "it never said `{word}`: {}", self.stderr.so_far());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// `kill -9`, unless it has ended.
    pub fn kill(mut self) -> Ran {
        self.child.kill().expect("it is our child");
        self.wait()
    }
}

impl Stream {
    fn of(mut from: impl Read + Send + 'static) -> Self {
        let said = Arc::new(Mutex::new(Vec::new()));
        let hearing = said.clone();
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                match from.read(&mut bytes).expect("a pipe can be read") {
                    0 => return,
                    read => hearing.lock().expect("nobody panics").extend_from_slice(&bytes[..read]),
                }
            }
        });
        Self { said, reader }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().expect("nobody panics")).into_owned()
    }

    fn end(self) -> String {
        self.reader.join().expect("reading does not panic");
        String::from_utf8_lossy(&self.said.lock().expect("nobody panics")).into_owned()
    }
}

/// A terminal's two ends: the person's, and the one that is a process's standard input.
fn open_terminal() -> (File, Stdio) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&person).and_then(|()| unlockpt(&person)).expect("a terminal of our own");
    let name = ptsname(&person, Vec::new()).expect("it has a name").into_string().expect("an ASCII name");
    let process = File::options().read(true).write(true).open(name).expect("the terminal's other end");
    (File::from(person), Stdio::from(process))
}
