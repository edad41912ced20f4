//! Somebody else who uses the API: one request, one answer, without a client library.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// Sends one request and returns the body of the answer. Panics on anything but success.
pub fn call(
    address: SocketAddr,
    authorization: &str,
    method: &str,
    path: &str,
    body: Option<&str>,
) -> String {
    let body = body.unwrap_or_default();
    let request = format!(
        "{method} {}{path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {authorization}\r\nAccept: application/json\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        isotope::emulator::BASE_PATH,
        body.len()
    );
    let mut stream = TcpStream::connect(address).expect("the emulator listens");
    stream.write_all(request.as_bytes()).expect("the emulator reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the emulator answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    assert!(
        head.starts_with("HTTP/1.1 200") || head.starts_with("HTTP/1.1 404"),
        "{method} {path}: {answer}"
    );
    body.to_owned()
}
