//! Somebody else who uses an API: one request, one answer, without a client library.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// Sends one request to the emulator and returns the body of the answer. Panics on anything but success.
pub fn call(
    address: SocketAddr,
    authorization: &str,
    method: &str,
    path: &str,
    body: Option<&str>,
) -> String {
    let target = format!("{}{path}", isotope::emulator::BASE_PATH);
    let (status, body) = ask(address, &[("Authorization", authorization)], method, &target, body);
    assert!(status == 200 || status == 404, "{method} {path}: {status} {body}");
    body
}

/// Sends one request to a server and returns the status and the body of the answer, which must say how long it is or end with the connection.
pub fn ask(
    address: SocketAddr,
    headers: &[(&str, &str)],
    method: &str,
    target: &str,
    body: Option<&str>,
) -> (u16, String) {
    let body = body.unwrap_or_default();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {address}\r\n{headers}Accept: application/json\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the server answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, body.to_owned())
}
