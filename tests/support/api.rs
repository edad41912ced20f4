//! The emulator as a process of its own.

use super::outside;
use serde_json::Value as Json;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub struct Api {
    child: Child,
    pub address: SocketAddr,
}

impl Api {
    /// Starts it with these arguments: what goes wrong (`-fault=…`), how long answers take.
    pub fn start(home: &Path, args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_isotope"));
        command.args(["emulator", "-listen=127.0.0.1:0"]).args(args);
        command.env_clear().env("HOME", home).current_dir(home);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
        let (_, rest) = line.split_once("http://").expect("an address");
        let address = rest.split('/').next().and_then(|address| address.parse().ok());
        Self { child, address: address.expect("a host and a port") }
    }

    /// All there is, asked as somebody else, as often as it takes.
    pub fn objects(&self) -> Vec<Json> {
        loop {
            let ask = || outside::call(self.address, "User u, Organization o", "GET", "/instances", None);
            if let Ok(text) = std::panic::catch_unwind(ask) {
                let found: Json = serde_json::from_str(&text).unwrap_or_default();
                return found.as_array().cloned().unwrap_or_default();
            }
        }
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        // It may have ended by itself, which is no matter here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
