//! The table of faults, line by line, against a scripted server on real sockets; waits are milliseconds.

use super::server::{Server, Step, half, hang_up, nowhere, ok, say};
use super::*;
use crate::secret::{Redactor, SENSITIVE};
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn options() -> ClientOptions {
    ClientOptions {
        answer_timeout: Duration::from_secs(5),
        back_off: Duration::from_millis(2),
        max_back_off: Duration::from_millis(4),
        body_limit: 100_000,
        seed: Some(1),
        ..ClientOptions::default()
    }
}

fn request(server: &Server, repeat: Repeat) -> Request {
    let method = if repeat == Repeat::Idempotent { Method::GET } else { Method::POST };
    Request::new(method, server.url("/instances?page=2"), repeat)
}

/// A call's end in a few words: `200 body, 2 attempts`, or the error's.
fn told(result: Result<Response, CallError>) -> String {
    match result {
        Ok(answer) => {
            format!(
                "{} {}, {} attempts",
                answer.status,
                String::from_utf8_lossy(&answer.body),
                answer.attempts
            )
        }
        Err(CallError::Rejected { status, body, .. }) => {
            format!("rejected {status} {}", String::from_utf8_lossy(&body))
        }
        Err(CallError::Unreached(cause)) => format!("unreached: {cause}"),
        Err(CallError::Indeterminate(Cause::Answer { status, body, .. })) => {
            format!("indeterminate {status} {}", String::from_utf8_lossy(&body))
        }
        Err(CallError::Indeterminate(cause)) => format!("indeterminate: {cause}"),
    }
}

/// Sends against `script` in every way of repeating; `expected` holds the end and the number of requests that arrived,
/// for idempotent, create, never. `HOST` stands for the server's.
async fn check(script: &[Step], expected: [(&str, usize); 3]) {
    check_with(&options(), script, expected).await;
}

async fn check_with(options: &ClientOptions, script: &[Step], expected: [(&str, usize); 3]) {
    for (repeat, (end, arrived)) in
        [Repeat::Idempotent, Repeat::Create, Repeat::Never].into_iter().zip(expected)
    {
        let server = Server::start(script.iter().cloned());
        let client = Client::new(options.clone()).unwrap();
        let result = client.send(&request(&server, repeat)).await;
        let told = told(result).replace(&server.address.to_string(), "HOST");
        assert!(told.starts_with(end), "{repeat:?}: {told}, expected {end}");
        assert_eq!(server.arrived_soon(arrived).await, arrived, "{repeat:?}: {told}");
    }
}

#[tokio::test]
async fn a_whole_answer_is_done() {
    for (step, end) in [
        (ok("{}"), "200 {}, 1 attempts"),
        (say("201 Created", "", "x"), "201 x, 1 attempts"),
        (say("204 No Content", "", ""), "204 , 1 attempts"),
        // Whether it is JSON is the caller's business.
        (ok("<html>"), "200 <html>, 1 attempts"),
    ] {
        check(&[step], [(end, 1); 3]).await;
    }
}

#[tokio::test]
async fn a_refusal_is_reported_at_once() {
    for status in
        ["400 B", "401 U", "403 F", "404 N", "409 C", "415 U", "418 T", "422 U", "301 M", "304 N", "308 P"]
    {
        let body = if status.starts_with("304") { "" } else { "why" };
        let end = format!("rejected {} {body}", &status[..3]);
        check(&[say(status, "location: /elsewhere\r\n", body), ok("")], [(&end, 1); 3]).await;
    }
}

#[tokio::test]
async fn a_post_that_was_redirected_may_have_been_done() {
    for status in ["302", "303"] {
        let (rejected, open) = (format!("rejected {status}"), format!("indeterminate {status}"));
        let step = say(&format!("{status} X"), "location: /elsewhere\r\n", "");
        check(&[step, ok("")], [(&rejected, 1), (&open, 1), (&open, 1)]).await;
    }
}

#[tokio::test]
async fn too_many_requests_are_repeated_by_all_that_may_be() {
    let script = [say("429 Slow down", "", ""), ok("x")];
    check(&script, [("200 x, 2 attempts", 2), ("200 x, 2 attempts", 2), ("rejected 429", 1)]).await;
    check(&script[..1], [("rejected 429", 6), ("rejected 429", 6), ("rejected 429", 1)]).await;
}

#[tokio::test]
async fn a_server_error_is_repeated_or_left_open() {
    for status in ["500 I", "502 B", "503 U", "504 G", "599 X", "408 T"] {
        let script = [say(status, "", "why"), say(status, "", "why"), ok("x")];
        let open = format!("indeterminate {} why", &status[..3]);
        check(&script, [("200 x, 3 attempts", 3), (&open, 1), (&open, 1)]).await;
        let rejected = format!("rejected {} why", &status[..3]);
        check(&script[..1], [(&rejected, 6), (&open, 1), (&open, 1)]).await;
    }
}

#[tokio::test]
async fn a_lost_answer_is_repeated_or_left_open() {
    let lost = "indeterminate: the connection to `HOST` was lost before it answered: ";
    check(&[hang_up(), ok("x")], [("200 x, 2 attempts", 2), (lost, 1), (lost, 1)]).await;
    check(&[hang_up()], [(lost, 6), (lost, 1), (lost, 1)]).await;
    let garbage = Step::SayAndClose(b"no HTTP at all\r\n\r\n".to_vec());
    check(&[garbage, ok("x")], [("200 x, 2 attempts", 2), (lost, 1), (lost, 1)]).await;
}

#[tokio::test]
async fn half_an_answer_is_repeated_or_left_open() {
    let cut = "indeterminate: the answer of `HOST` ended in the middle: ";
    check(&[half("200 OK"), ok("x")], [("200 x, 2 attempts", 2), (cut, 1), (cut, 1)]).await;
    check(&[half("200 OK")], [(cut, 6), (cut, 1), (cut, 1)]).await;
    // A refusal is one, however little of its reason arrives.
    check(&[half("400 B")], [("rejected 400 {\"half\":", 1); 3]).await;
    check(&[half("429 S"), ok("x")], [("200 x, 2", 2), ("200 x, 2", 2), ("rejected 429", 1)]).await;
    let open = "indeterminate 500 {\"half\":";
    check(&[half("500 I"), ok("x")], [("200 x, 2", 2), (open, 1), (open, 1)]).await;
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let large = "indeterminate: the answer of `HOST` is larger than 100000 bytes";
    check(&[Step::Endless, ok("x")], [(large, 1); 3]).await;
}

#[tokio::test]
async fn the_limit_counts_what_was_compressed() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&[b'x'; 1_000_000]).unwrap();
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 2000);
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", packed.len());
    let step = Step::Say([head.into_bytes(), packed].concat());
    let large = "indeterminate: the answer of `HOST` is larger than 100000 bytes";
    check(std::slice::from_ref(&step), [(large, 1); 3]).await;
    let all = "200 xxxxxxxx";
    check_with(&ClientOptions { body_limit: 1_000_000, ..options() }, &[step], [(all, 1); 3]).await;
}

#[tokio::test]
async fn silence_is_repeated_or_left_open() {
    let options = ClientOptions { answer_timeout: Duration::from_millis(800), ..options() };
    let silent = "indeterminate: `HOST` did not answer within 0.8 s";
    let script = [Step::Silence, ok("x")];
    check_with(&options, &script, [("200 x, 2 attempts", 2), (silent, 1), (silent, 1)]).await;
    // In the middle of a body it is the same.
    let head = Step::Say(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_vec());
    check_with(&options, &[head, ok("x")], [("200 x, 2 attempts", 2), (silent, 1), (silent, 1)]).await;
}

#[tokio::test]
async fn a_request_may_bring_its_own_time() {
    let server = Server::start([Step::Silence]);
    let mut request = request(&server, Repeat::Create);
    request.timeout = Some(Duration::from_millis(50));
    let error = Client::new(options()).unwrap().send(&request).await.unwrap_err();
    assert!(error.to_string().ends_with("did not answer within 0.05 s"), "{error}");
}

#[tokio::test]
async fn where_nothing_listens_nothing_is_sent() {
    for repeat in [Repeat::Idempotent, Repeat::Create, Repeat::Never] {
        let address = nowhere();
        let url = format!("http://{address}/");
        let error =
            Client::new(options()).unwrap().send(&Request::new(Method::POST, url, repeat)).await.unwrap_err();
        let expected = format!("unreached: `{address}` refused the connection; nothing listens there");
        assert_eq!(told(Err(error)), expected, "{repeat:?}");
    }
}

#[tokio::test]
async fn a_create_waits_for_a_server_that_comes_up() {
    let address = nowhere();
    let options = ClientOptions { repeats: 10_000, ..options() };
    let request = Request::new(Method::POST, format!("http://{address}/"), Repeat::Create);
    let client = Client::new(options).unwrap();
    let sending = tokio::spawn(async move { client.send(&request).await });
    tokio::time::sleep(Duration::from_millis(30)).await;
    let server = Server::start_at(address, [ok("x")]);
    let answer = sending.await.unwrap().unwrap();
    assert!(answer.attempts > 1);
    assert_eq!(server.arrived().len(), 1);
}

#[tokio::test]
async fn other_ways_to_have_no_connection_are_told_apart() {
    let once = ClientOptions { repeats: 0, connect_timeout: Duration::from_millis(150), ..options() };
    let client = Client::new(once).unwrap();
    let send = |url: String| {
        let client = client.clone();
        async move { told(client.send(&Request::new(Method::POST, url, Repeat::Create)).await) }
    };
    let tls = send(format!("https://{}/", tls_refuser())).await;
    assert!(tls.starts_with("unreached: no secure connection (TLS) to `127.0.0.1:"), "{tls}");
    // Takes connections (the system does, for it) and never looks at them.
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = send(format!("https://{}/", deaf.local_addr().unwrap())).await;
    assert!(silent.ends_with("took no connection within 0.15 s"), "{silent}");
    let unknown = send("http://name.invalid/".to_owned()).await;
    assert!(
        unknown.starts_with("unreached: the name of `name.invalid` could not be resolved: ")
            // Where the machine has no resolver at all it only stays silent.
            || unknown.ends_with("took no connection within 0.15 s"),
        "{unknown}"
    );
}

/// Answers a TLS greeting with plain text.
fn tls_refuser() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // Closing with something unread would take the answer along.
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    address
}

#[tokio::test]
async fn a_request_that_cannot_be_sent_says_why_without_its_secrets() {
    let redactor = Redactor::new();
    redactor.add("hunter42");
    let client = Client::new(ClientOptions { redactor, ..options() }).unwrap();
    let cases = [
        ("no address", "bad address: relative URL without a base"),
        ("ftp://host/", "the address has no host; it starts with `https://` or `http://`"),
        ("http://", "bad address: empty host"),
        ("file:///etc/passwd", "the address has no host; it starts with `https://` or `http://`"),
    ];
    for (url, expected) in cases {
        let error = client.send(&Request::new(Method::GET, url, Repeat::Idempotent)).await.unwrap_err();
        assert_eq!(told(Err(error)), format!("unreached: the request cannot be sent: {expected}"), "{url}");
    }
    for (name, value, expected) in [
        ("X-Key", "hunter42\n", "the header `X-Key` has a value with characters that no header may have"),
        ("hunter42 x", "", "the header `(sensitive value) x` has a name that no header may have"),
    ] {
        let mut request = Request::new(Method::GET, "http://127.0.0.1:1/", Repeat::Idempotent);
        request.headers = vec![(name.to_owned(), value.to_owned())];
        let error = client.send(&request).await.unwrap_err();
        assert_eq!(told(Err(error)), format!("unreached: the request cannot be sent: {expected}"));
    }
}

#[tokio::test]
async fn what_was_asked_for_is_what_arrives() {
    let server = Server::start([say("200 OK", "X-Total: 7\r\n", "{}")]);
    let mut request = Request::new(Method::PATCH, server.url("/a%20b?q=1"), Repeat::Idempotent);
    request.headers = vec![("Authorization".to_owned(), "User xyz".to_owned())];
    request.body = Some(b"{\"a\": 1}".to_vec());
    let answer = Client::new(options()).unwrap().send(&request).await.unwrap();
    assert_eq!(answer.headers.get("x-total"), Some("7"));
    let arrived = &server.arrived()[0];
    assert_eq!(arrived.line, "PATCH /a%20b?q=1 HTTP/1.1");
    assert_eq!(arrived.body, b"{\"a\": 1}");
    let agent = concat!("user-agent: isotope/", env!("CARGO_PKG_VERSION"));
    for header in ["authorization: user xyz", agent, "accept-encoding: gzip"] {
        assert!(arrived.headers.iter().any(|it| it == header), "{header} in {:?}", arrived.headers);
    }
}

/// The time between the first two requests that arrive.
async fn gap(first: Step, options: ClientOptions) -> Duration {
    let server = Server::start([first, ok("x")]);
    Client::new(options).unwrap().send(&request(&server, Repeat::Create)).await.unwrap();
    let arrived = server.arrived();
    arrived[1].at - arrived[0].at
}

#[tokio::test]
async fn the_server_says_how_long_to_wait() {
    let seconds = say("429 S", "Retry-After: 1\r\n", "");
    let told = gap(seconds, options()).await;
    assert!(told >= Duration::from_secs(1), "{told:?}");
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_millis(2999);
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap();
    let waited = gap(say("429 S", &format!("Retry-After: {date}\r\n"), ""), options()).await;
    assert!(waited >= Duration::from_millis(100), "{waited:?}");
    let nonsense = gap(say("429 S", "Retry-After: soon\r\n", ""), options()).await;
    assert!(nonsense < told, "{nonsense:?}");
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let step = say("429 S", "Retry-After: 3600\r\n", "come back tomorrow");
    let end = "rejected 429 come back tomorrow";
    let steps = [step, ok("x")];
    let told = tokio::time::timeout(Duration::from_secs(600), check(&steps, [(end, 1); 3]));
    assert!(told.await.is_ok(), "somebody waits the hour that the server asks for");
}

#[tokio::test]
async fn what_one_was_told_holds_for_all() {
    let server = Server::start([say("429 S", "Retry-After: 1\r\n", ""), ok("x")]);
    let client = Client::new(options()).unwrap();
    let told = request(&server, Repeat::Create);
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.send(&told).await }
    });
    // Until the answer got there, well within the second it asks for.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.arrived().len(), 1);
    client.send(&request(&server, Repeat::Idempotent)).await.unwrap();
    first.await.unwrap().unwrap();
    let arrived = server.arrived();
    assert!(arrived[1].at - arrived[0].at >= Duration::from_secs(1));
}

#[tokio::test]
async fn repeats_end_with_the_time_for_them() {
    let options = ClientOptions {
        answer_timeout: Duration::from_millis(60),
        repeat_within: Duration::from_millis(100),
        ..options()
    };
    // The first repeat is always due: else a time-out longer than the whole span would never be repeated.
    let silent = "indeterminate: `HOST` did not answer";
    check_with(&options, &[Step::Silence], [(silent, 2), (silent, 1), (silent, 1)]).await;
    let options = ClientOptions { repeat_within: Duration::ZERO, ..options };
    check_with(&options, &[Step::Silence], [(silent, 2), (silent, 1), (silent, 1)]).await;
}

#[tokio::test]
async fn no_more_are_in_flight_than_the_user_allows() {
    let server = Server::start([ok("x")]);
    let client = Client::new(ClientOptions { parallelism: Some(2), ..options() }).unwrap();
    let tasks = (0..20).map(|_| {
        let (client, request) = (client.clone(), request(&server, Repeat::Idempotent));
        tokio::spawn(async move { client.send(&request).await.map(|answer| answer.status) })
    });
    for task in tasks.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap(), Ok(200));
    }
    assert_eq!(server.arrived().len(), 20);
}

#[tokio::test]
async fn the_rate_has_a_ceiling() {
    let server = Server::start([ok("x")]);
    let client = Client::new(ClientOptions { max_requests_per_second: Some(100.0), ..options() }).unwrap();
    let begin = Instant::now();
    for _ in 0..11 {
        client.send(&request(&server, Repeat::Idempotent)).await.unwrap();
    }
    assert!(begin.elapsed() >= Duration::from_millis(95), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn options_that_make_no_sense_are_refused() {
    for rate in [0.0, -1.0, f64::NAN, 1e-300] {
        let options = ClientOptions { max_requests_per_second: Some(rate), ..options() };
        assert!(matches!(Client::new(options), Err(OptionsError::Rate(_))), "{rate}");
    }
    let options = ClientOptions { user_agent: "a\nb".to_owned(), ..options() };
    assert!(matches!(Client::new(options), Err(OptionsError::UserAgent(_))));
}

#[tokio::test]
async fn secrets_leave_no_complaint() {
    let redactor = Redactor::new();
    redactor.add("hunter42");
    let options = ClientOptions { redactor, ..options() };
    let said = "bad password hunter42";
    for (status, open) in [("400 B", false), ("500 I", true)] {
        let server = Server::start([say(status, "", said)]);
        let result = Client::new(options.clone()).unwrap().send(&request(&server, Repeat::Create)).await;
        let error = told(result);
        assert!(error.ends_with(&format!("bad password {SENSITIVE}")), "{error}");
        assert_eq!(error.starts_with("indeterminate"), open, "{error}");
    }
    // A result is the caller's, whole: the token in it has to be sealed.
    let server = Server::start([ok(said)]);
    let answer = Client::new(options).unwrap().send(&request(&server, Repeat::Create)).await.unwrap();
    assert_eq!(answer.body, said.as_bytes());
}

/// Where the traces of a test go.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn every_attempt_is_traced_without_its_secrets() {
    // With one subscriber alone, `tracing` asks the thread that comes to an event first, which may be another test's
    // without any, and remembers its no for all.
    let _second = tracing::Dispatch::new(tracing_subscriber::fmt().with_writer(std::io::sink).finish());
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _traced = tracing::subscriber::set_default(subscriber);

    let redactor = Redactor::new();
    redactor.add("hunter42");
    let server = Server::start([say("503 U", "", "no hunter42"), ok("yes unheard1")]);
    let url = server.url("/a?key=hunter42").replace("//", "//me:unregistered@");
    let mut request = Request::new(Method::PUT, url, Repeat::Idempotent);
    request.body = Some(b"my hunter42".to_vec());
    request.headers = vec![("X-Key".to_owned(), "hunter42".to_owned())];
    let client = Client::new(ClientOptions { redactor, ..options() }).unwrap();
    client.send(&request).await.unwrap();

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let ours: Vec<_> = text.lines().filter(|line| line.contains("isotope::http")).collect();
    let address = format!("url=http://{}/a?key={SENSITIVE}", server.address);
    for part in ["status=503 attempt=1", "status=200 attempt=2", "method=PUT", &address] {
        assert!(ours.iter().any(|line| line.contains("DEBUG") && line.contains(part)), "{part} in {text}");
    }
    // Bodies are counted and never shown: they may hold secrets that nobody knows of yet.
    assert!(ours.iter().any(|line| line.contains("TRACE") && line.contains("sent=11 received=12")), "{text}");
    assert!(
        !text.contains("hunter42") && !text.contains("unregistered") && !text.contains("unheard1"),
        "{text}"
    );
}
