//! A valve between clients and a server: bytes pass both ways until it is shut, as when a server goes away or a network breaks. For servers
//! that lose what they hold when they end.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How often it is looked whether somebody comes.
const GLANCE: Duration = Duration::from_millis(2);

/// An address behind which a server is, or seems to be.
pub struct Valve {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    behind: SocketAddr,
    /// Whether it is to be open, and whether it is.
    wanted: AtomicBool,
    open: AtomicBool,
    ended: AtomicBool,
    /// Both ends of all connections there were.
    streams: Mutex<Vec<TcpStream>>,
}

impl Valve {
    /// An open one.
    pub fn new(behind: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            behind,
            wanted: AtomicBool::new(true),
            open: AtomicBool::new(true),
            ended: AtomicBool::new(false),
            streams: Mutex::default(),
        });
        let serving = shared.clone();
        std::thread::spawn(move || serving.serve(address, listener));
        Self { address, shared }
    }

    /// Breaks all connections.
    pub fn cut(&self) {
        for stream in self.shared.streams.lock().expect("nobody panics").drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Breaks all connections and refuses new ones.
    pub fn shut(&self) {
        self.turn(false);
        self.cut();
    }

    pub fn open(&self) {
        self.turn(true);
    }

    fn turn(&self, open: bool) {
        self.shared.wanted.store(open, Ordering::SeqCst);
        while self.shared.open.load(Ordering::SeqCst) != open {
            std::thread::sleep(GLANCE);
        }
    }
}

impl Drop for Valve {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.cut();
    }
}

impl Shared {
    /// Listens while it is to be open: a port that nobody listens at refuses.
    fn serve(self: Arc<Self>, address: SocketAddr, first: TcpListener) {
        let mut listener = Some(first);
        while !self.ended.load(Ordering::SeqCst) {
            match (self.wanted.load(Ordering::SeqCst), &listener) {
                (false, _) => listener = None,
                (true, None) => listener = TcpListener::bind(address).ok(),
                (true, Some(listener)) => {
                    listener.set_nonblocking(true).expect("a sound socket");
                    while let Ok((client, _)) = listener.accept() {
                        self.pass(client);
                    }
                }
            }
            self.open.store(listener.is_some(), Ordering::SeqCst);
            std::thread::sleep(GLANCE);
        }
    }

    fn pass(&self, client: TcpStream) {
        client.set_nonblocking(false).expect("a sound socket");
        let Ok(server) = TcpStream::connect(self.behind) else { return };
        let copy = |stream: &TcpStream| stream.try_clone().expect("a sound socket");
        // What waits for more than is in a packet would be slow.
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let mut streams = self.streams.lock().expect("nobody panics");
        streams.extend([copy(&client), copy(&server)]);
        for (mut from, mut to) in [(copy(&client), copy(&server)), (server, client)] {
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
    }
}
