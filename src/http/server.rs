//! A scripted server for the tests: each request that arrives takes the next step; the last step stays.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What happens to a request once it was read.
#[derive(Clone)]
pub(super) enum Step {
    /// These bytes, and the connection stays open.
    Say(Vec<u8>),
    /// These bytes, and the connection is closed.
    SayAndClose(Vec<u8>),
    /// A status and a body without end.
    Endless,
    /// Nothing, until the client goes away.
    Silence,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Arrived {
    /// `POST /path HTTP/1.1`
    pub(super) line: String,
    /// In lower case, with `name: value`.
    pub(super) headers: Vec<String>,
    pub(super) body: Vec<u8>,
    pub(super) at: Instant,
}

#[derive(Clone)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    script: Arc<Mutex<Vec<Step>>>,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

/// An answer with a body of known length.
pub(super) fn say(status: &str, headers: &str, body: &str) -> Step {
    Step::Say(
        format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes(),
    )
}

pub(super) fn ok(body: &str) -> Step {
    say("200 OK", "", body)
}

/// The connection is closed before there is an answer.
pub(super) fn hang_up() -> Step {
    Step::SayAndClose(Vec::new())
}

/// Half of an answer.
pub(super) fn half(status: &str) -> Step {
    Step::SayAndClose(format!("HTTP/1.1 {status}\r\ncontent-length: 100\r\n\r\n{{\"half\":").into_bytes())
}

/// An address where nothing listens.
pub(super) fn nowhere() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Server {
    pub(super) fn start(script: impl IntoIterator<Item = Step>) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), script)
    }

    pub(super) fn start_at(address: SocketAddr, script: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            script: Arc::new(Mutex::new(script.into_iter().collect())),
            arrived: Arc::default(),
        };
        let serving = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                // A client that goes away ends its own thread with an error.
                thread::spawn(move || serving.serve(stream));
            }
        });
        server
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    /// How many requests arrived; gives those under way a moment to make it `expected`.
    pub(super) async fn arrived_soon(&self, expected: usize) -> usize {
        let begin = Instant::now();
        while self.arrived().len() < expected && begin.elapsed().as_secs() < 5 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.arrived().len()
    }

    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut writer = stream;
        while let Some(request) = read_request(&mut reader)? {
            self.arrived.lock().unwrap().push(request);
            match self.next_step() {
                Step::Say(bytes) => writer.write_all(&bytes)?,
                Step::SayAndClose(bytes) => return writer.write_all(&bytes),
                Step::Endless => {
                    writer.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
                    loop {
                        writer.write_all(&[b'x'; 4096])?;
                    }
                }
                Step::Silence => {
                    reader.read_to_end(&mut Vec::new())?;
                }
            }
        }
        Ok(())
    }

    fn next_step(&self) -> Step {
        let mut script = self.script.lock().unwrap();
        if script.len() > 1 { script.remove(0) } else { script[0].clone() }
    }
}

fn read_request(reader: &mut impl BufRead) -> std::io::Result<Option<Arrived>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if line.trim_end().is_empty() {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    let line = lines.remove(0);
    let headers: Vec<String> = lines.iter().map(|header| header.to_lowercase()).collect();
    let length = headers.iter().find_map(|header| header.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    Ok(Some(Arrived { line, headers, body, at: Instant::now() }))
}
