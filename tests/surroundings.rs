//! What may go wrong around the program: full and read-only disks, a state that is taken away, names that do not resolve,
//! certificates that nobody vouches for, proxies. Each says what it was, ends with status 1 and loses nothing.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use support::sandbox::Sandbox;

const DESKS: &str = r#"
instance "a" {
  element       = "freshdesk"
  configuration = { username = "ops@example.com", password = "s3cret-a", subdomain = "a" }
}

instance "b" {
  element       = "freshdesk"
  configuration = { username = "ops@example.com", password = "s3cret-b", subdomain = "b" }
  tags          = [instance.a.id]
}
"#;

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.write("main.hcl", DESKS);
    sandbox
}

/// The names of all instances there are.
fn names(sandbox: &mut Sandbox) -> Vec<String> {
    let all: serde_json::Value = serde_json::from_str(&sandbox.dump()).unwrap();
    let all = all["instances"].as_array().cloned().unwrap_or_default();
    let mut names: Vec<String> = all.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// After whatever went wrong, one further run: everything is there, once, and nothing is left to do.
fn mends(sandbox: &mut Sandbox) {
    let mended = sandbox.line("isotope apply -auto-approve");
    assert_eq!(mended.status, 0, "{}", mended.lines.join("\n"));
    assert_eq!(names(sandbox), ["a", "b"]);
    assert_eq!(sandbox.line("isotope state list").lines, ["instance.a", "instance.b"]);
    assert_eq!(sandbox.line("isotope plan -detailed-exitcode").status, 0);
}

fn fails(sandbox: &mut Sandbox, line: &str, words: &[&str]) {
    let failed = sandbox.line(line);
    let text = failed.lines.join("\n");
    assert_eq!(failed.status, 1, "{text}");
    for word in words {
        assert!(text.contains(word), "`{word}` is not in:\n{text}");
    }
}

/// A limit for the size of files stands for a full disk: writing fails from some byte on.
#[test]
fn a_full_disk_loses_nothing() {
    let mut stopped = 0;
    for kilobytes in [0, 1, 2, 3, 4, 6, 8, 12, 16, 64, 512, 1024, 4096] {
        let mut sandbox = sandbox();
        let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec isotope apply -auto-approve");
        let ran = sandbox.shell(&script);
        let text = ran.lines.join("\n");
        assert!([0, 1].contains(&ran.status), "{kilobytes} kB: {} {text}", ran.status);
        if ran.status == 1 {
            stopped += 1;
            assert!(text.contains("Error: "), "{kilobytes} kB: {text}");
        }
        assert!(!text.contains("panicked"), "{kilobytes} kB: {text}");
        mends(&mut sandbox);
    }
    assert!(stopped >= 3, "the limits were too high to be met");
}

#[test]
fn a_directory_that_cannot_be_written_is_named_before_anything_is_sent() {
    let mut sandbox = sandbox();
    let script = "chmod 755 .. ../.. ; chmod 555 . ; if [ $(id -u) = 0 ]; then \
                  exec setpriv --reuid=65534 --regid=65534 --clear-groups isotope apply -auto-approve; \
                  else exec isotope apply -auto-approve; fi";
    let ran = sandbox.shell(script);
    let text = ran.lines.join("\n");
    assert_eq!(ran.status, 1, "{text}");
    assert!(text.contains("ermission denied"), "{text}");
    assert_eq!(names(&mut sandbox), [""; 0]);
    sandbox.shell("chmod 755 .");
    mends(&mut sandbox);
}

#[test]
fn a_state_that_is_taken_away_is_noticed() {
    let mut sandbox = sandbox();
    sandbox.line("hold POST /instances isotope apply -auto-approve");
    std::fs::rename(sandbox.dir.join("state"), sandbox.dir.join("elsewhere")).unwrap();
    fails(&mut sandbox, "release", &["state", "removed while it was in use", "nothing more was sent"]);
    assert_eq!(names(&mut sandbox), ["a"]);
    // It comes back: what was in flight is found.
    let _ = std::fs::remove_dir_all(sandbox.dir.join("state"));
    std::fs::rename(sandbox.dir.join("elsewhere"), sandbox.dir.join("state")).unwrap();
    mends(&mut sandbox);
}

#[test]
fn a_name_that_does_not_resolve_is_named() {
    let mut sandbox = sandbox();
    let line = "CLOUD_ELEMENTS_BASE_URL=https://api.example.invalid isotope apply -auto-approve";
    fails(
        &mut sandbox,
        line,
        &["could not be asked to create instance.a", "`api.example.invalid` could not be resolved"],
    );
    mends(&mut sandbox);
}

/// A server whose certificate nobody vouches for.
fn strange_server() -> u16 {
    let certificate = rustls_pemfile(include_str!("support/tls/certificate.pem"));
    let key = rustls_pemfile(include_str!("support/tls/key.pem"));
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], rustls::pki_types::PrivatePkcs8KeyDer::from(key).into())
        .unwrap();
    let config = std::sync::Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let session = rustls::ServerConnection::new(config.clone()).unwrap();
            // The other side goes away as soon as it sees the certificate.
            let _ = rustls::StreamOwned::new(session, stream).read(&mut [0; 1]);
        }
    });
    port
}

/// The bytes between the lines of a PEM file.
fn rustls_pemfile(text: &str) -> Vec<u8> {
    use base64::Engine;
    let lines: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    base64::engine::general_purpose::STANDARD.decode(lines).unwrap()
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    let mut sandbox = sandbox();
    let line =
        format!("CLOUD_ELEMENTS_BASE_URL=https://localhost:{} isotope apply -auto-approve", strange_server());
    fails(&mut sandbox, &line, &["no secure connection (TLS) to `localhost:", "could not be asked"]);
    mends(&mut sandbox);
}

#[test]
fn a_proxy_is_gone_through() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            sender.send(line).unwrap();
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let mut sandbox = sandbox();
    let line = format!(
        "HTTPS_PROXY=http://127.0.0.1:{port} CLOUD_ELEMENTS_BASE_URL=https://api.example.invalid isotope apply -auto-approve"
    );
    fails(&mut sandbox, &line, &["could not be asked to create instance.a", "api.example.invalid"]);
    assert!(asked.recv().unwrap().starts_with("CONNECT api.example.invalid:443 HTTP/1.1"));
    mends(&mut sandbox);
}
