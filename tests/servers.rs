//! The examples that have a server of their own, against that server: the example's script starts it, the built binary uses it.
//!
//! Each is played whole: created, changed, meddled with by somebody else, taken out of the state and imported again, destroyed; and
//! killed at every request of an apply. What the server itself holds is looked at after each step. Where a server is not
//! installed its tests are skipped with a line that says so, unless `ISOTOPE_REQUIRE_SERVERS=1`.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::door::{self, Last};
use support::run::{self, Input};
use support::sandbox::Sandbox;
use support::{compare, outside, page, read, repository};

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);
const NOTHING: &str = "No changes. Your infrastructure matches the configuration.\n";

/// An example and what becomes of it.
struct Case {
    example: &'static str,
    /// What requests of somebody else carry.
    headers: &'static [(&'static str, &'static str)],
    /// What the server holds, a line for each object.
    holds: fn(&Server) -> Vec<String>,
    made: [&'static str; 4],
    /// Texts in `main.hcl`, and others in their place.
    edits: &'static [(&'static str, &'static str)],
    edited: [&'static str; 4],
    /// Somebody else changes one object and deletes another.
    meddle: fn(&Server),
    imported: &'static str,
    /// The id of that object.
    id: fn(&Server) -> String,
}

const POWERDNS: Case = Case {
    example: "powerdns",
    headers: &[("X-API-Key", "not-a-secret")],
    holds: |server| zones(server).iter().flat_map(|zone| zone_lines(server, zone)).collect(),
    made: [
        "example.org. NS 3600 ns1.example.org.",
        "example.org. zone of web",
        "mail.example.org. A 300 192.0.2.25",
        "www.example.org. A 300 192.0.2.10 192.0.2.11",
    ],
    edits: &[(r#"account = "web""#, r#"account = "ops""#), (r#", "192.0.2.11""#, "")],
    edited: [
        "example.org. NS 3600 ns1.example.org.",
        "example.org. zone of ops",
        "mail.example.org. A 300 192.0.2.25",
        "www.example.org. A 300 192.0.2.10",
    ],
    meddle: |server| {
        let change = r#"{"rrsets": [
            {"name": "www.example.org.", "type": "A", "ttl": 60, "changetype": "REPLACE", "records": [{"content": "192.0.2.99"}]},
            {"name": "mail.example.org.", "type": "A", "changetype": "DELETE"}]}"#;
        server.ask("PATCH", &format!("{ZONES}/example.org."), Some(change));
    },
    imported: r#"record_set.host["www"]"#,
    id: |_| "example.org./www.example.org./A".to_owned(),
};

const ZONES: &str = "/api/v1/servers/localhost/zones";

fn zones(server: &Server) -> Vec<Json> {
    server.json(ZONES).as_array().unwrap().clone()
}

/// A zone and the record sets in it, but for the one that the server makes.
fn zone_lines(server: &Server, zone: &Json) -> Vec<String> {
    let name = text(&zone["name"]);
    let whole = server.json(&format!("{ZONES}/{name}"));
    let own = whole["rrsets"].as_array().unwrap().iter().filter(|set| set["type"] != "SOA");
    let line = |set: &Json| {
        let mut records: Vec<String> =
            set["records"].as_array().unwrap().iter().map(|record| text(&record["content"])).collect();
        records.sort();
        format!("{} {} {} {}", text(&set["name"]), text(&set["type"]), set["ttl"], records.join(" "))
    };
    let mut lines: Vec<String> = own.map(line).collect();
    lines.push(format!("{name} zone of {}", text(&zone["account"])));
    lines.sort();
    lines
}

const JSON_SERVER: Case = Case {
    example: "json-server",
    headers: &[],
    holds: |server| {
        let posts = rows(server, "posts");
        let title = |id: &Json| {
            let id = id.as_str().map_or(id.to_string(), str::to_owned);
            posts
                .iter()
                .find(|post| format!("{}", post["id"]) == id)
                .map(|post| text(&post["title"]))
                .unwrap()
        };
        let comments = rows(server, "comments");
        let comments =
            comments.iter().map(|row| format!("on {}: {}", title(&row["postId"]), text(&row["text"])));
        let mut lines: Vec<String> = posts.iter().map(post_line).chain(comments).collect();
        lines.sort();
        lines
    },
    made: [
        "Hello by Ada: The first one. (news)",
        "Releases by Ada: What changed. (news)",
        "on Hello: Welcome!",
        "on Releases: At last.",
    ],
    edits: &[("\"Ada\"", "\"Grace\""), ("Welcome!", "Hello, you!")],
    edited: [
        "Hello by Grace: The first one. (news)",
        "Releases by Grace: What changed. (news)",
        "on Hello: Hello, you!",
        "on Releases: At last.",
    ],
    meddle: |server| {
        let post = &rows(server, "posts")[0]["id"];
        server.ask("PATCH", &format!("/posts/{post}"), Some(r#"{"title": "Meddled", "tags": []}"#));
        let comment = &rows(server, "comments")[0]["id"];
        server.ask("DELETE", &format!("/comments/{comment}"), None);
    },
    imported: r#"post.all["Hello"]"#,
    id: |server| {
        let posts = rows(server, "posts");
        posts.iter().find(|post| post["title"] == "Hello").unwrap()["id"].to_string()
    },
};

fn rows(server: &Server, table: &str) -> Vec<Json> {
    server.json("/db")[table].as_array().unwrap().clone()
}

fn post_line(post: &Json) -> String {
    let tags = post["tags"].as_array().unwrap().iter().map(text);
    let tags: Vec<String> = tags.filter(|tag| !tag.starts_with("isotope:")).collect();
    let (title, author, body) = (text(&post["title"]), text(&post["author"]["name"]), text(&post["body"]));
    format!("{title} by {author}: {body} ({})", tags.join(", "))
}

fn text(value: &Json) -> String {
    value.as_str().unwrap().to_owned()
}

/// A real server.
struct Server {
    child: Child,
    address: SocketAddr,
    headers: &'static [(&'static str, &'static str)],
    _said: tempfile::TempDir,
}

impl Server {
    /// Starts it as its example says. `None` where it is not installed and need not be.
    fn start(case: &Case) -> Option<Self> {
        let said = tempfile::tempdir().unwrap();
        let log = said.path().join("log");
        let [port, other] = free_ports();
        let mut command = Command::new(repository("examples").join(case.example).join("start"));
        command.args([port.to_string(), other.to_string()]).stdin(Stdio::null());
        command.stdout(File::create(&log).unwrap()).stderr(File::options().append(true).open(&log).unwrap());
        let child = command.spawn().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut server = Self { child, address, headers: case.headers, _said: said };
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            let words = read(&log);
            if server.child.try_wait().unwrap().is_some() {
                let required = std::env::var_os("ISOTOPE_REQUIRE_SERVERS").is_some_and(|value| value == "1");
                assert!(words.contains("is not installed") && !required, "{}: {words}", case.example);
                eprintln!("skipped: {}", words.trim());
                return None;
            }
            assert!(begin.elapsed() < PATIENCE, "{} does not start: {words}", case.example);
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(server)
    }

    /// Somebody else's request, which must succeed.
    fn ask(&self, method: &str, path: &str, body: Option<&str>) -> String {
        let (status, body) = outside::ask(self.address, self.headers, method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {body}");
        body
    }

    fn json(&self, path: &str) -> Json {
        serde_json::from_str(&self.ask("GET", path, None)).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        // The script ends its server and removes the data when it is told to end.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// A copy of an example, used with a server.
struct Place<'s> {
    _temp: tempfile::TempDir,
    dir: PathBuf,
    server: &'s Server,
}

impl<'s> Place<'s> {
    fn new(case: &Case, server: &'s Server) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().canonicalize().unwrap();
        let from = repository("examples").join(case.example);
        for file in support::leaks::files(&from) {
            let to = dir.join(file.strip_prefix(&from).unwrap());
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(&file, to).unwrap();
        }
        let place = Self { _temp: temp, dir, server };
        // Both servers show at once what was made.
        place.edit("provider \"rest\" {", "provider \"rest\" {\n  settle = \"20ms\"");
        place
    }

    fn edit(&self, old: &str, new: &str) {
        let file = self.dir.join("main.hcl");
        let text = read(&file);
        assert!(text.contains(old), "{old}");
        std::fs::write(file, text.replace(old, new)).unwrap();
    }

    fn start(&self, address: SocketAddr, args: &[&str]) -> run::Started {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let env = [
            ("HOME".to_owned(), self.dir.display().to_string()),
            ("ISOTOPE_VAR_server".to_owned(), format!("http://{address}")),
        ];
        run::start(&self.dir, &args, &BTreeMap::from(env), Input::Nothing)
    }

    /// Runs it to an end that must be this one, and gives what it prints.
    fn run(&self, args: &[&str], status: i32) -> String {
        let ran = self.start(self.server.address, args).wait();
        assert_eq!(ran.status, status, "{args:?}: {}{}", ran.stdout, ran.stderr);
        ran.stdout
    }

    fn agrees(&self) {
        assert_eq!(self.run(&["plan", "-detailed-exitcode"], 0), NOTHING);
    }
}

/// The life of an example's objects, from the first apply to the end.
fn lives(case: &Case) {
    let Some(server) = Server::start(case) else { return };
    let place = Place::new(case, &server);
    assert_eq!((case.holds)(&server), [] as [&str; 0]);
    place.run(&["apply", "-auto-approve"], 0);
    assert_eq!((case.holds)(&server), case.made);
    place.agrees();

    case.edits.iter().for_each(|(old, new)| place.edit(old, new));
    place.run(&["plan", "-detailed-exitcode"], 2);
    place.run(&["apply", "-auto-approve"], 0);
    assert_eq!((case.holds)(&server), case.edited);
    place.agrees();

    (case.meddle)(&server);
    assert_ne!((case.holds)(&server), case.edited);
    let plan = place.run(&["plan"], 0);
    for words in ["drift: changed outside, will be put back", "Plan: 1 to add, 1 to change, 0 to destroy."] {
        assert!(plan.contains(words), "{plan}");
    }
    place.run(&["apply", "-auto-approve"], 0);
    assert_eq!((case.holds)(&server), case.edited);

    place.run(&["state", "rm", case.imported], 0);
    place.run(&["import", case.imported, &(case.id)(&server)], 0);
    place.agrees();
    assert_eq!((case.holds)(&server), case.edited);

    place.run(&["destroy", "-auto-approve"], 0);
    assert_eq!((case.holds)(&server), [] as [&str; 0]);
    assert_eq!(place.run(&["state", "list"], 0), "");
}

/// An apply that is killed at each of its requests, before or after it has its effect, and the clean run that follows.
fn survives(case: &Case) {
    let Some(server) = Server::start(case) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    for (number, arrives) in (1..).flat_map(|number| [(number, false), (number, true)]) {
        let place = Place::new(case, &server);
        let apply = |address| place.start(address, &["apply", "-auto-approve"]);
        let reached = runtime.block_on(door::killed(server.address, Last::nth(number, arrives), apply));
        place.run(&["apply", "-auto-approve"], 0);
        assert_eq!((case.holds)(&server), case.made, "killed at request {number}, {arrives}");
        place.agrees();
        place.run(&["destroy", "-auto-approve"], 0);
        assert_eq!((case.holds)(&server), [] as [&str; 0], "killed at request {number}, {arrives}");
        if !reached {
            assert!(number > case.made.len(), "an apply of {number} requests");
            return;
        }
    }
}

/// What the example's page shows is what happens.
fn reads(case: &Case) {
    let Some(server) = Server::start(case) else { return };
    let example = repository("examples").join(case.example);
    let mut sandbox = Sandbox::new();
    sandbox.copy(&example, "", &[]);
    sandbox.line(&format!("export ISOTOPE_VAR_server=http://{}", server.address));
    let path = example.join("README.md");
    let played = page::play(&read(&path), &mut sandbox);
    let found = compare::file(&path, &played);
    assert!(found.is_none(), "{}", found.unwrap_or_default());
    assert_eq!((case.holds)(&server), [] as [&str; 0]);
}

#[test]
fn zones_live_on_a_real_server() {
    lives(&POWERDNS);
}

#[test]
fn zones_survive_a_kill() {
    survives(&POWERDNS);
}

#[test]
fn the_page_on_zones_is_true() {
    reads(&POWERDNS);
}

#[test]
fn posts_live_on_a_real_server() {
    lives(&JSON_SERVER);
}

#[test]
fn posts_survive_a_kill() {
    survives(&JSON_SERVER);
}

#[test]
fn the_page_on_posts_is_true() {
    reads(&JSON_SERVER);
}
