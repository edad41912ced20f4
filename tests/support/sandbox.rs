//! A home, a directory, an API, and the commands a page may use in them.
//!
//! | command | does |
//! | --- | --- |
//! | `[NAME=value …] isotope …` | runs the binary; with `<<EOF` the lines below are its standard input |
//! | `answer WORD \| isotope …` | the same at a terminal where somebody types the word |
//! | `isotope … \| json /pointer …` | shows these parts of the JSON it prints; of each line's, if there are many |
//! | `isotope … \| lines WORD` | shows only the lines that hold the word |
//! | `kill-at METHOD /path#n isotope …` | kills it when the API has done the n-th such request, before the answer arrives |
//! | `kill-before METHOD /path#n isotope …` | kills it when it has sent that request, before it arrives |
//! | `hold METHOD /path#n isotope …` | lets it wait for that answer while the next lines run; `kill-held` kills it, `release` lets it go on to its end |
//! | `signal INT METHOD /path#n isotope …` | sends it a signal while it waits for that answer, then lets the answer through; of `INT,TERM` both, and no answer |
//! | `start isotope …` | lets it run beside the next lines; `finish` waits for its end, and what any of them asked the API is noted there |
//! | `api METHOD /path [BODY]` | somebody else changes something |
//! | `mock` | starts a REST server of no API in particular ([`super::mock`]), whose address is in `MOCK` |
//! | `mock METHOD /path [BODY]` | somebody else changes something there |
//! | `asked` | shows what that server was asked since the last time |
//! | `faults SPEC` | the API misbehaves from here on; nothing ends it |
//! | `cat > FILE <<EOF`, `sed -i 's/a/b/' FILE`, `rm`, `mkdir`, `cp`, `cat`, `ls` | files; `a` and `b` are plain text |
//! | `isotope … > FILE` | the same; what it prints on standard output goes to the file |
//! | `rm -r DIR`, `chmod MODE FILE` | a directory with all in it; the mode in octal |
//! | `link FILE TARGET`, `bytes FILE HEX` | a symbolic link, a file of any bytes |
//! | `export NAME=value`, `unset NAME` | the environment of what follows |

use super::door::{Door, Last};
use super::leaks::{self, Leaks};
use super::mock::Mock;
use super::normal::Normaliser;
use super::run::{self, Input, Ran, Started};
use super::transcript::{Command, Shown};
use super::{line, outside};
use isotope::emulator::{self, Call, Running};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tokio::runtime::Runtime;

const USER: &str = "s3cret-user";
const ORGANIZATION: &str = "s3cret-organization";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a runtime starts")
});

/// Where one case runs.
pub struct Sandbox {
    temp: tempfile::TempDir,
    /// The directory commands start in.
    pub dir: PathBuf,
    env: BTreeMap<String, String>,
    emulator: Running,
    mock: Option<Mock>,
    /// A run that waits for an answer, and the door that keeps it.
    held: Option<(Started, Door)>,
    /// A run beside the others.
    beside: Option<Started>,
    misbehaving: bool,
    normal: Normaliser,
    leaks: Leaks,
    /// How many entries of the emulator's log are accounted for.
    seen: usize,
    calls: Vec<String>,
}

impl Sandbox {
    pub fn new() -> Self {
        let temp = tempfile::tempdir().expect("a temporary directory");
        let root = temp.path().canonicalize().expect("it exists");
        let (dir, home) = (root.join("work"), root.join("home"));
        for made in [&dir, &home] {
            std::fs::create_dir(made).expect("an empty directory");
        }
        let options = emulator::Options {
            seed: 1,
            accept: Some((USER.to_owned(), ORGANIZATION.to_owned())),
            record: 100_000,
            // Stands still, and later than any run: what a run makes is younger than the run.
            now: Some("2100-01-01T00:00:00Z".parse().expect("a time")),
            ..emulator::Options::new([7; 32])
        };
        let emulator = RUNTIME.block_on(emulator::start(options)).expect("the emulator starts");
        let env = [
            ("HOME", home.display().to_string()),
            ("XDG_CONFIG_HOME", home.join(".config").display().to_string()),
            ("PATH", "/usr/bin:/bin".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
            ("USER", "ann".to_owned()),
            ("CLOUD_ELEMENTS_BASE_URL", emulator.base_url()),
            ("CLOUD_ELEMENTS_USER_SECRET", USER.to_owned()),
            ("CLOUD_ELEMENTS_ORGANIZATION_SECRET", ORGANIZATION.to_owned()),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value)).into();
        let mut normal = Normaliser::default();
        normal.literal(dir.display().to_string(), "<dir>");
        normal.literal(home.display().to_string(), "<home>");
        let mut leaks = Leaks::default();
        leaks.learn(USER);
        leaks.learn(ORGANIZATION);
        Self {
            temp,
            dir,
            env,
            emulator,
            mock: None,
            held: None,
            beside: None,
            misbehaving: false,
            normal,
            leaks,
            seen: 0,
            calls: Vec::new(),
        }
    }

    /// Puts a copy of a directory into the sandbox, leaving out what `skip` names at its top.
    pub fn copy(&mut self, from: &Path, to: &str, skip: &[&str]) {
        for file in leaks::files(from) {
            let name = file.strip_prefix(from).expect("it is below");
            if skip.iter().any(|skipped| name == Path::new(skipped)) {
                continue;
            }
            let target = self.dir.join(to).join(name);
            std::fs::create_dir_all(target.parent().expect("it is below")).expect("a directory");
            std::fs::copy(&file, &target).expect("a copy");
            self.leaks.given(&target);
        }
    }

    /// An entry of the environment of all that runs from here on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.env.insert(name.to_owned(), value.to_owned());
    }

    /// Lets `name` stand for `text` in all that is shown.
    pub fn literal(&mut self, text: &str, name: &str) {
        self.normal.literal(text, name);
    }

    /// Something that nothing may show or write.
    pub fn secret(&mut self, text: &str) {
        self.leaks.learn(text);
    }

    /// Objects the API holds before anything runs.
    pub fn load(&self, objects: &Value) {
        RUNTIME.block_on(self.emulator.load(objects)).expect("objects as `api.json` may hold them");
    }

    /// What the API holds now.
    pub fn dump(&mut self) -> String {
        let text = serde_json::to_string_pretty(&self.emulator.dump()).expect("JSON");
        self.normal.apply(&text) + "\n"
    }

    /// All requests so far, a line each under the command that made them.
    pub fn calls(&self) -> String {
        self.calls.iter().map(|line| format!("{line}\n")).collect()
    }

    /// The bodies of all requests of a method so far.
    pub fn bodies(&self, method: &str) -> Vec<Value> {
        let log = self.emulator.log();
        log.into_iter().filter(|call| call.method == method).filter_map(|call| call.body).collect()
    }

    pub fn leaks(&self) -> Vec<String> {
        self.leaks.found(self.temp.path())
    }

    pub fn write(&mut self, file: &str, text: &str) {
        let path = self.dir.join(file);
        std::fs::create_dir_all(path.parent().expect("it is below")).expect("a directory");
        std::fs::write(&path, text).expect("a file");
        self.leaks.given(&path);
    }

    /// Runs one line of a page.
    pub fn run(&mut self, command: &Command) -> Shown {
        let input =
            command.input.as_ref().map(|lines| lines.iter().map(|line| format!("{line}\n")).collect());
        let mut pipe = line::pipe(&command.line);
        let words = pipe.remove(0);
        self.leaks.learn(&command.line);
        let shown = match words[0].as_str() {
            "answer" => self.isotope(&command.line, pipe.remove(0), Input::Typed(words[1].clone())),
            "isotope" | "kill-at" | "kill-before" | "hold" | "kill-held" | "release" | "signal" | "start"
            | "finish" => self.isotope(&command.line, words, input.map_or(Input::Nothing, Input::Text)),
            word if word.contains('=') => {
                self.isotope(&command.line, words, input.map_or(Input::Nothing, Input::Text))
            }
            _ => self.helper(&words, input),
        };
        pipe.iter().fold(shown, |shown, filter| filtered(shown, filter))
    }

    /// Runs one line without input.
    pub fn line(&mut self, line: &str) -> Shown {
        self.run(&Command { line: line.to_owned(), input: None, shown: Shown::default() })
    }

    /// Runs a script of the shell, in which `isotope` is the binary.
    pub fn shell(&mut self, script: &str) -> Shown {
        let binary = Path::new(env!("CARGO_BIN_EXE_isotope")).parent().expect("it is in a directory");
        let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", binary.display());
        let ran = std::process::Command::new("bash")
            .args(["-c", script])
            .current_dir(&self.dir)
            .env_clear()
            .envs(&self.env)
            .env("PATH", path)
            .stdin(std::process::Stdio::null())
            .output()
            .expect("there is a shell");
        self.account(script);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Shown::new(
            &self.normal.apply(&(text(&ran.stdout) + &text(&ran.stderr))),
            ran.status.code().unwrap_or(137),
        )
    }

    fn isotope(&mut self, line: &str, words: Vec<String>, input: Input) -> Shown {
        let mut env = self.env.clone();
        let settings = words.iter().take_while(|word| word.contains('=')).count();
        env.extend(
            words[..settings]
                .iter()
                .filter_map(|word| word.split_once('='))
                .map(|(n, v)| (n.into(), v.into())),
        );
        let mut words = &words[settings..];
        let mut into = None;
        if let [command @ .., arrow, file] = words
            && arrow == ">"
        {
            (words, into) = (command, Some(self.dir.join(file)));
        }
        let mut ran = match words[0].as_str() {
            "isotope" => run::start(&self.dir, &words[1..], &env, input).wait(),
            "kill-held" => self.held.take().expect("a run that is held").0.kill(),
            "release" => {
                let (started, door) = self.held.take().expect("a run that is held");
                door.release();
                started.wait()
            }
            "start" => {
                self.beside = Some(run::start(&self.dir, &words[2..], &env, input));
                Ran::nothing()
            }
            "finish" => self.beside.take().expect("a run that was started").wait(),
            "signal" => self.signalled(&words[1], &words[2..], env, input),
            how => self.stopped(how, &words[1..], env, input),
        };
        self.account(line);
        let asked = ["-raw", "output -json", "-reveal-sensitive", "nonsensitive"];
        if !asked.iter().any(|word| line.contains(word)) {
            self.leaks.printed(line, &ran.stdout);
            self.leaks.printed(line, &ran.stderr);
        }
        if let Some(file) = into {
            std::fs::write(file, std::mem::take(&mut ran.stdout)).expect("a file");
        }
        let gap = if ran.stdout.is_empty() || ran.stdout.ends_with('\n') { "" } else { "\n" };
        Shown::new(&self.normal.apply(&format!("{}{gap}{}", ran.stdout, ran.stderr)), ran.status)
    }

    /// `METHOD /path#n isotope …`, killed or held there.
    fn stopped(&mut self, how: &str, words: &[String], env: BTreeMap<String, String>, input: Input) -> Ran {
        let (started, door) = self.halted(words, how != "kill-before", env, input);
        if how == "hold" {
            self.held = Some((started, door));
            return Ran::nothing();
        }
        started.kill()
    }

    /// The same with signals: after one, the answer comes and the run ends by itself; after more, it does not wait for it.
    fn signalled(
        &mut self,
        names: &str,
        words: &[String],
        env: BTreeMap<String, String>,
        input: Input,
    ) -> Ran {
        let (started, door) = self.halted(words, true, env, input);
        let names: Vec<&str> = names.split(',').collect();
        for (index, name) in names.iter().enumerate() {
            started.signal(name);
            started.hears(["Interrupted:", "Stopped:"][index], 1);
        }
        if names.len() == 1 {
            door.release();
        }
        started.wait()
    }

    /// Starts `METHOD /path#n isotope …` and lets it come that far.
    fn halted(
        &mut self,
        words: &[String],
        arrives: bool,
        mut env: BTreeMap<String, String>,
        input: Input,
    ) -> (Started, Door) {
        let last = Last::parse(&words[0], &words[1], arrives);
        let mut door = RUNTIME.block_on(Door::open(self.emulator.address, last));
        env.insert(
            "CLOUD_ELEMENTS_BASE_URL".to_owned(),
            format!("http://{}{}", door.address, emulator::BASE_PATH),
        );
        let started = run::start(&self.dir, &words[3..], &env, input);
        assert!(RUNTIME.block_on(door.shut()), "{words:?}: it never sent that request");
        (started, door)
    }

    /// Notes what the API was asked by a command, and every token that exists now. While a run is beside the others, that
    /// waits for its end: until then its requests come whenever they come.
    fn account(&mut self, line: &str) {
        if self.beside.is_some() {
            return;
        }
        let log = self.emulator.log();
        let new = &log[self.seen..];
        let mut lines: Vec<String> = new.iter().map(|call| self.normal.apply(&shown(call))).collect();
        let first = new.first().filter(|_| self.calls.is_empty());
        self.calls.extend(first.map(|call| format!("Authorization: {} …", call.authorization.join(" …, "))));
        self.seen = log.len();
        settle_reads(&mut lines);
        if !lines.is_empty() {
            self.calls.push(format!("$ {line}"));
            self.calls.extend(lines);
        }
        if !self.misbehaving {
            let found: Value =
                serde_json::from_str(&self.outside("GET", "/instances", None)).unwrap_or_default();
            for token in
                found.as_array().into_iter().flatten().filter_map(|instance| instance["token"].as_str())
            {
                self.leaks.secret(token);
            }
        }
    }

    fn outside(&mut self, method: &str, path: &str, body: Option<&str>) -> String {
        let authorization = format!("User {USER}, Organization {ORGANIZATION}");
        let answer = outside::call(self.emulator.address, &authorization, method, path, body);
        self.seen = self.emulator.log().len();
        answer
    }

    fn helper(&mut self, words: &[String], input: Option<String>) -> Shown {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let path = |name: &str| self.dir.join(name);
        match words[..] {
            ["cat", ">", file] => self.write(file, &input.expect("`cat >` takes lines")),
            ["sed", "-i", edit, file] => self.edit(file, edit),
            ["rm", file] => std::fs::remove_file(path(file)).expect("a file to remove"),
            ["rm", "-r", dir] => std::fs::remove_dir_all(path(dir)).expect("a directory to remove"),
            ["chmod", mode, file] => {
                use std::os::unix::fs::PermissionsExt;
                let mode = u32::from_str_radix(mode, 8).expect("an octal mode");
                std::fs::set_permissions(path(file), std::fs::Permissions::from_mode(mode)).expect("a file");
            }
            ["mkdir", dir] => std::fs::create_dir_all(path(dir)).expect("a new directory"),
            ["cp", from, to] => drop(std::fs::copy(path(from), path(to)).expect("a file to copy")),
            ["link", file, to] => std::os::unix::fs::symlink(to, path(file)).expect("a new link"),
            ["cat", file] => return Shown::new(&std::fs::read_to_string(path(file)).expect("a text"), 0),
            ["ls"] => return self.list(),
            ["bytes", file, hex] => std::fs::write(path(file), bytes(hex)).expect("a file"),
            ["api", method, path] => drop(self.outside(method, path, None)),
            ["api", method, path, body] => drop(self.outside(method, path, Some(body))),
            ["mock"] => {
                let mock = RUNTIME.block_on(Mock::start());
                self.env.insert("MOCK".to_owned(), mock.url.clone());
                self.mock = Some(mock);
            }
            ["mock", method, path] => self.mocked().outside(method, path, None),
            ["mock", method, path, body] => self.mocked().outside(method, path, Some(body)),
            ["asked"] => {
                let mut lines = self.mocked().asked();
                settle_reads(&mut lines);
                // What goes out side by side arrives in any order.
                let method = |line: &String| line.split(' ').next().map(str::to_owned);
                lines.chunk_by_mut(|a, b| method(a) == method(b)).for_each(<[String]>::sort);
                return Shown::new(&self.normal.apply(&lines.join("\n")), 0);
            }
            ["faults", spec] => {
                self.misbehaving = spec != "none";
                let spec = if self.misbehaving { spec } else { "" };
                self.emulator.set_faults(spec.parse().expect("faults as the emulator knows them"));
            }
            ["export", setting] => {
                let (name, value) = setting.split_once('=').expect("`NAME=value`");
                self.env.insert(name.to_owned(), value.to_owned());
            }
            ["unset", name] => drop(self.env.remove(name)),
            _ => panic!("there is no command `{}`", words.join(" ")),
        }
        Shown::default()
    }

    fn mocked(&self) -> &Mock {
        self.mock.as_ref().expect("`mock` starts it")
    }

    fn edit(&mut self, file: &str, edit: &str) {
        let mut parts =
            edit.strip_prefix('s').and_then(|edit| edit.get(1..)).unwrap_or_default().split(&edit[1..2]);
        let (Some(from), Some(to), Some("")) = (parts.next(), parts.next(), parts.next()) else {
            panic!("expected `s/from/to/`, not `{edit}`")
        };
        let text = std::fs::read_to_string(self.dir.join(file)).expect("a text to edit");
        let (from, to) = (from.replace("\\n", "\n"), to.replace("\\n", "\n"));
        assert!(text.contains(&from), "{file} has no `{from}`");
        self.write(file, &text.replace(&from, &to));
    }

    /// The files of the directory and its subdirectories, without what is inside the state.
    fn list(&self) -> Shown {
        let files = leaks::files(&self.dir);
        let names = files.iter().filter_map(|file| file.strip_prefix(&self.dir).ok());
        let names: Vec<String> =
            names.map(|name| name.display().to_string()).filter(|name| !name.starts_with("state/")).collect();
        Shown::new(&names.join("\n"), 0)
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(digits).collect()
}

fn shown(call: &Call) -> String {
    match &call.body {
        Some(body) => format!("{} {} {body}", call.method, call.path),
        None => format!("{} {}", call.method, call.path),
    }
}

/// Reads go out side by side, and some again until something shows: their order and number are chance.
fn settle_reads(lines: &mut Vec<String>) {
    let is_read = |line: &str| line.starts_with("GET ");
    for reads in lines.chunk_by_mut(|a, b| is_read(a) && is_read(b)) {
        reads.sort();
    }
    lines.dedup_by(|a, b| is_read(a) && a == b);
}

fn filtered(shown: Shown, filter: &[String]) -> Shown {
    let text = shown.lines.join("\n");
    match filter[0].as_str() {
        "json" => Shown::new(&pick(&text, &filter[1..]), shown.status),
        "lines" => {
            let lines =
                shown.lines.into_iter().filter(|line| filter[1..].iter().any(|word| line.contains(word)));
            Shown { lines: lines.collect(), status: shown.status }
        }
        other => panic!("there is no filter `{other}`"),
    }
}

/// Of one document its parts, as JSON; of many lines their parts, a line each.
fn pick(text: &str, pointers: &[String]) -> String {
    let part = |value: &Value, pointer: &String| value.pointer(pointer).cloned().unwrap_or_default();
    if let Ok(document) = serde_json::from_str::<Value>(text) {
        let parts = pointers
            .iter()
            .map(|pointer| serde_json::to_string_pretty(&part(&document, pointer)).expect("JSON"));
        return parts.collect::<Vec<_>>().join("\n");
    }
    let lines = text.lines().map(|line| match serde_json::from_str::<Value>(line) {
        Ok(value) => {
            let parts = pointers.iter().map(|pointer| part(&value, pointer)).filter(|part| !part.is_null());
            parts.map(|part| part.to_string()).collect::<Vec<_>>().join(" ")
        }
        Err(_) => format!("not JSON: {line}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}
