//! A real PostgreSQL of the test's own: Debian's package, in a temporary directory, gone with the process that started it.
//!
//! Where it is not installed the test is skipped, and says so; `ISOTOPE_REQUIRE_SERVERS=1` makes that a failure.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A server, listening on a socket in its directory and on a port of 127.0.0.1.
pub struct Server {
    dir: tempfile::TempDir,
    bin: PathBuf,
    /// Who runs it: it refuses to run as root.
    user: Option<(u32, u32)>,
    port: u16,
    running: Option<Child>,
    databases: AtomicU32,
}

/// Where the newest of the installed versions is.
fn installed() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).max_by_key(number)?;
    Some(newest.join("bin")).filter(|bin| bin.join("postgres").exists())
}

/// User and group of an unprivileged user, if this process is root.
fn unprivileged() -> Option<(u32, u32)> {
    let root =
        std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let users = std::fs::read_to_string("/etc/passwd").ok().filter(|_| root)?;
    let of = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    of("postgres").or_else(|| of("nobody"))
}

impl Server {
    /// Starts one; `None`, with a line saying so, where none is installed and none is asked for.
    pub fn start() -> Option<Self> {
        Self::start_with(&["-c", "fsync=off"])
    }

    /// The same with more options of the server.
    pub fn start_with(options: &[&str]) -> Option<Self> {
        let Some(bin) = installed() else {
            let must = std::env::var("ISOTOPE_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
            assert!(!must, "PostgreSQL is not installed");
            eprintln!("skipped: PostgreSQL is not installed (apt-get install postgresql)");
            return None;
        };
        let dir = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").expect("a directory");
        let user = unprivileged();
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(dir.path(), Some(uid), Some(gid)).expect("root may");
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = port.expect("a free port").port();
        let mut server = Self { dir, bin, user, port, running: None, databases: AtomicU32::new(0) };
        server.make(options);
        server.up();
        Some(server)
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command
            .current_dir(self.dir.path())
            .env("PGDATA", self.data())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    fn make(&self, options: &[&str]) {
        let mut initdb = self.command("initdb");
        let made =
            initdb.args(["-U", "isotope", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"]).status();
        assert!(made.expect("initdb runs").success());
        let pairs = options.chunks(2).filter_map(|pair| pair.get(1));
        let more: String = pairs.map(|setting| setting.replacen('=', " = '", 1) + "'\n").collect();
        let socket = self.dir.path().display();
        let file = self.data().join("postgresql.auto.conf");
        let settings = format!(
            "unix_socket_directories = '{socket}'\nport = {}\nlisten_addresses = '127.0.0.1'\nmax_connections = 200\nlog_min_messages = fatal\n{more}",
            self.port
        );
        std::fs::write(file, settings).expect("a file");
    }

    /// Starts the server. A shell beside it ends it when this process ends, however that happens.
    pub fn up(&mut self) {
        let script = r#""$0" & server=$!; cat; kill -QUIT $server; wait $server"#;
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(script).arg(self.bin.join("postgres")).env("PGDATA", self.data());
        shell.current_dir(self.dir.path()).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((uid, gid)) = self.user {
            shell.uid(uid).gid(gid);
        }
        self.running = Some(shell.spawn().expect("a shell"));
        let begin = Instant::now();
        while !self.is_up() {
            assert!(begin.elapsed() < Duration::from_secs(60), "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn is_up(&self) -> bool {
        let mut ready = self.command("pg_isready");
        ready.args(["-q", "-h"]).arg(self.dir.path()).args(["-p", &self.port.to_string()]);
        ready.status().is_ok_and(|status| status.success())
    }

    /// Ends the server as a crash would.
    pub fn down(&mut self) {
        if let Some(mut shell) = self.running.take() {
            drop(shell.stdin.take());
            let _ = shell.wait();
        }
    }

    /// Runs a statement; gives what it prints.
    pub fn sql(&self, statement: &str) -> String {
        let mut psql = self.command("psql");
        psql.args(["-qAt", "-U", "isotope", "-d", "postgres", "-h"]).arg(self.dir.path());
        let ran = psql.args(["-p", &self.port.to_string(), "-c", statement]).stdout(Stdio::piped()).output();
        String::from_utf8_lossy(&ran.expect("psql runs").stdout).trim().to_owned()
    }

    /// Ends all connections but the one that asks for it.
    pub fn cut(&self) {
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'");
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The connection string, over the socket.
    pub fn conn_str(&self) -> String {
        format!("host={} port={} user=isotope dbname=postgres", self.dir.path().display(), self.port)
    }

    /// The same over TCP, as a URL.
    pub fn url(&self, host: &str, rest: &str) -> String {
        format!("postgres://isotope:s3cret-pg@{host}:{}/postgres{rest}", self.port)
    }

    /// The name of a schema that nobody has used.
    pub fn schema(&self) -> String {
        format!("s{}", self.databases.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes it talk TLS with this certificate and key; it must be started again.
    pub fn with_tls(&mut self, certificate: &Path, key: &Path) {
        use std::os::unix::fs::{PermissionsExt, chown};
        self.down();
        for (from, name) in [(certificate, "server.crt"), (key, "server.key")] {
            let to = self.data().join(name);
            std::fs::copy(from, &to).expect("a copy");
            std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o600)).expect("our own file");
            if let Some((uid, gid)) = self.user {
                chown(&to, Some(uid), Some(gid)).expect("root may");
            }
        }
        let file = self.data().join("postgresql.auto.conf");
        let text = std::fs::read_to_string(&file).expect("it was written");
        std::fs::write(file, text + "ssl = on\n").expect("our own file");
        self.up();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.down();
    }
}
