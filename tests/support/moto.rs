//! A server that speaks S3 and honours conditional writes: PyPI's moto, in a process of its own, for as long as a test needs it.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The server while it runs.
pub struct Server {
    shell: Child,
    address: SocketAddr,
    buckets: AtomicU32,
}

/// Where the program is: on the path, or where `.ci/servers` puts it.
fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|dir| dir.join("moto_server")).find(|program| program.is_file())
}

impl Server {
    /// Starts one; `None`, with a line saying so, where none is installed and none is asked for.
    pub fn start() -> Option<Self> {
        let Some(program) = installed() else {
            let must = std::env::var("ISOTOPE_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
            assert!(!must, "moto_server is not installed");
            eprintln!("skipped: moto_server is not installed (pip install 'moto[server]')");
            return None;
        };
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let address = free.expect("a free port");
        // The shell ends the server when this process ends, however that happens.
        let script = r#""$0" -H 127.0.0.1 -p "$1" & server=$!; cat; kill $server; wait $server"#;
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(script).arg(program).arg(address.port().to_string());
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Self { shell: shell.spawn().expect("a shell"), address, buckets: AtomicU32::new(0) };
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(120), "moto_server does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the environment must say for a state to be kept there, in a new bucket.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("STATE_BUCKET", self.bucket()),
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_ACCESS_KEY_ID", "ann".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "s3cret-key".to_owned()),
        ]
    }

    /// A new bucket.
    pub fn bucket(&self) -> String {
        let name = format!("team-{}", self.buckets.fetch_add(1, Ordering::Relaxed));
        call(self.address, "PUT", &format!("/{name}"), "");
        name
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// One request as somebody else makes it; gives the body of the answer.
pub fn call(address: SocketAddr, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=ann/20250101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.contains(" 200 "), "{method} {path}: {head}\n{body}");
    body.to_owned()
}
