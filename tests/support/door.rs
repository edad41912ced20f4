//! A door between the binary and a server that lets everything through up to one request, whose answer it keeps:
//! the effect has happened, and whoever asked is killed before knowing it.

use super::run::Started;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};

/// Which request is the last one: the n-th with this method and path, from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Last {
    /// As the request begins: `POST /elements/api-v2/instances`.
    start: String,
    number: usize,
    /// Whether the request still reaches the emulator.
    arrives: bool,
}

impl Last {
    /// Reads `POST` and `/instances#2`. In `before`, the request never arrives.
    pub fn parse(method: &str, target: &str, arrives: bool) -> Self {
        let (path, number) = target.split_once('#').unwrap_or((target, "1"));
        let number = number.parse().expect("`#` and a number");
        Self { start: format!("{method} {}{path}", isotope::emulator::BASE_PATH), number, arrives }
    }

    /// The n-th request of all, whatever it is.
    pub fn nth(number: usize, arrives: bool) -> Self {
        Self { start: String::new(), number, arrives }
    }

    fn fits(&self, chunk: &[u8]) -> bool {
        if self.start.is_empty() {
            let line = chunk.split(|byte| *byte == b'\r').next().unwrap_or_default();
            return line.ends_with(b" HTTP/1.1");
        }
        let Some(rest) = chunk.strip_prefix(self.start.as_bytes()) else { return false };
        rest.starts_with(b" ") || rest.starts_with(b"?")
    }
}

/// An open door.
pub struct Door {
    pub address: SocketAddr,
    shut: mpsc::Receiver<()>,
    shared: Arc<Shared>,
}

struct Shared {
    last: Last,
    behind: SocketAddr,
    seen: AtomicUsize,
    shut: mpsc::Sender<()>,
    /// What is held goes on when this is notified, if ever.
    released: Notify,
}

impl Door {
    pub async fn open(behind: SocketAddr, last: Last) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (sender, shut) = mpsc::channel(1);
        let shared =
            Shared { last, behind, seen: AtomicUsize::new(0), shut: sender, released: Notify::new() };
        let shared = Arc::new(shared);
        tokio::spawn(serve(listener, shared.clone()));
        Self { address, shut, shared }
    }

    /// Lets what was held go on.
    pub fn release(&self) {
        self.shared.released.notify_one();
    }

    /// Waits until the last request was passed on and answered. `false` if that takes too long.
    pub async fn shut(&mut self) -> bool {
        matches!(tokio::time::timeout(Duration::from_secs(30), self.shut.recv()).await, Ok(Some(())))
    }
}

/// Starts a run at a door and kills it at that request; false if it ends before.
pub async fn killed(behind: SocketAddr, last: Last, start: impl FnOnce(SocketAddr) -> Started) -> bool {
    let mut door = Door::open(behind, last).await;
    let mut started = start(door.address);
    let reached = loop {
        tokio::select! {
            shut = door.shut() => break shut,
            () = tokio::time::sleep(Duration::from_millis(5)) => {
                if started.has_ended() {
                    break false;
                }
            }
        }
    };
    started.kill();
    reached
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(pass(client, shared.clone()));
    }
}

/// Passes one connection's bytes. A request begins a chunk: clients send the next one only after an answer.
async fn pass(mut client: TcpStream, shared: Arc<Shared>) -> std::io::Result<()> {
    let mut server = TcpStream::connect(shared.behind).await?;
    let (mut from_client, mut from_server) = ([0; 65536], [0; 65536]);
    let mut held = false;
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let chunk = &from_client[..read?];
                if chunk.is_empty() {
                    return Ok(());
                }
                if shared.last.fits(chunk) {
                    held = shared.seen.fetch_add(1, Ordering::SeqCst) + 1 == shared.last.number;
                }
                if held && !shared.last.arrives {
                    held = false;
                    shut(&shared).await;
                }
                server.write_all(chunk).await?;
            }
            read = server.read(&mut from_server) => {
                let chunk = &from_server[..read?];
                if std::mem::take(&mut held) {
                    shut(&shared).await;
                }
                if chunk.is_empty() {
                    return Ok(());
                }
                client.write_all(chunk).await?;
            }
        }
    }
}

async fn shut(shared: &Shared) {
    // The other end is gone if the run was given up.
    let _ = shared.shut.send(()).await;
    shared.released.notified().await;
}
