//! Connections: takes requests off the wire, lets faults strike, puts answers on it.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::answer::{Answer, Refusal};
use super::fault::{Effect, Fault, Faults, Injector, mix};
use super::log::{Call, Log};
use super::request::Request;
use super::store::Store;
use super::world::World;
use super::{Options, StartError};
use crate::database::DbError;

/// The largest request the service takes.
const LARGEST: usize = 8 << 20;

/// What all connections share.
pub(super) struct Shared {
    /// `None` once the emulator has stopped: the data are free for another process.
    world: Mutex<Option<World>>,
    injector: Mutex<Injector>,
    log: Mutex<Log>,
    latency: Duration,
    seed: u64,
    requests: AtomicU64,
    /// How many are being answered; those that a fault refuses at once do not count.
    running: AtomicUsize,
}

/// One request that is being answered.
struct Answering<'a>(&'a AtomicUsize);

impl<'a> Answering<'a> {
    fn begin(running: &'a AtomicUsize) -> Self {
        running.fetch_add(1, Ordering::SeqCst);
        Self(running)
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Borrowed access to the world.
pub(super) struct WorldGuard<'a>(MutexGuard<'a, Option<World>>);

/// Serves until `stopped` is sent or dropped, then finishes what is under way.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>, stopped: oneshot::Receiver<()>) {
    let app = Router::new().fallback(answer).with_state(shared);
    let service = app.into_make_service_with_connect_info::<Cut>();
    let server = axum::serve(Wires(listener), service).with_graceful_shutdown(async {
        // Dropping the sender stops the emulator as sending does.
        let _ = stopped.await;
    });
    if let Err(error) = server.await {
        tracing::warn!("the emulator stopped: {error}");
    }
}

impl Shared {
    pub(super) fn open(options: &Options) -> Result<Self, StartError> {
        let path = options.data.clone().unwrap_or_default();
        let failed = |error| match error {
            DbError::Io(source) => StartError::Data { path, source },
            DbError::Broken(problem) => StartError::Damaged { path, problem },
        };
        Ok(Self {
            world: Mutex::new(Some(World::open(options).map_err(failed)?)),
            injector: Mutex::new(Injector::new(options.faults.clone(), options.seed)),
            log: Mutex::new(Log::new(options.record)),
            latency: options.latency,
            seed: options.seed,
            requests: AtomicU64::new(0),
            running: AtomicUsize::new(0),
        })
    }

    pub(super) fn world(&self) -> WorldGuard<'_> {
        WorldGuard(lock(&self.world))
    }

    pub(super) fn close(&self) {
        lock(&self.world).take();
    }

    pub(super) fn log(&self) -> Vec<Call> {
        lock(&self.log).calls()
    }

    pub(super) fn set_faults(&self, faults: Faults) {
        lock(&self.injector).replace(faults);
    }

    pub(super) async fn flush(&self) -> Result<(), DbError> {
        let store = self.store();
        store.flush().await
    }

    fn store(&self) -> Store {
        lock(&self.world).as_ref().map(World::store).unwrap_or_default()
    }

    /// Lets a request take effect and makes that durable.
    async fn perform(&self, request: &Request) -> Result<Answer, Refusal> {
        let stopping = || Refusal::new(503, "The emulator is stopping");
        let answer = lock(&self.world).as_mut().ok_or_else(stopping)?.handle(request)?;
        if request.method != "GET" {
            self.flush().await?;
        }
        Ok(answer)
    }

    /// Returns 24 hexadecimal digits, the same for the same request of the same run.
    fn request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}{number:08x}", mix(self.seed ^ number))
    }
}

impl std::ops::Deref for WorldGuard<'_> {
    type Target = World;

    fn deref(&self) -> &World {
        self.0.as_ref().expect("only `Running::stop`, which consumes it, closes the world")
    }
}

impl std::ops::DerefMut for WorldGuard<'_> {
    fn deref_mut(&mut self) -> &mut World {
        self.0.as_mut().expect("only `Running::stop`, which consumes it, closes the world")
    }
}

/// Locks, whatever became of an earlier holder.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    http: HttpRequest,
) -> Response {
    let request_id = shared.request_id();
    let (parts, body) = http.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST).await else {
        return response(&request_id, Err(Refusal::new(413, "The request is larger than 8 MB")));
    };
    let answer = take(&shared, &Request::new(&parts, body), &request_id).await;
    answer.unwrap_or_else(|| {
        cut.now();
        Response::new(Body::empty())
    })
}

/// By how much a timer may go off late: it is as fine as a millisecond, and so is the wait of the system below it.
const LATE: Duration = Duration::from_millis(2);

/// Lets faults strike one request and notes it; `None` if there is to be no answer.
async fn take(shared: &Shared, request: &Request, request_id: &str) -> Option<Response> {
    let number = lock(&shared.log).arrived(request);
    let running = shared.running.load(Ordering::SeqCst);
    let fault = lock(&shared.injector).strike(&request.method, &request.path(), running);
    let refused = matches!(fault, Some(Fault::Status { effect: Effect::Before, .. }));
    let _answering = (!refused).then(|| Answering::begin(&shared.running));
    let begun = Instant::now();
    let response = respond(shared, request, fault, request_id).await;
    if !shared.latency.is_zero() {
        // What the emulator itself took is part of it.
        tokio::time::sleep(shared.latency.saturating_sub(begun.elapsed() + LATE)).await;
        while begun.elapsed() < shared.latency {
            tokio::task::yield_now().await;
        }
    }
    let response = response?;
    lock(&shared.log).answered(number, response.status().as_u16());
    Some(response)
}

/// Answers one request that came without a connection.
pub(super) async fn answer_here(shared: &Shared, request: &Request) -> Option<Response> {
    take(shared, request, &shared.request_id()).await
}

/// Returns the answer a fault leaves of a request's own; `None` drops the connection.
async fn respond(
    shared: &Shared,
    request: &Request,
    fault: Option<Fault>,
    request_id: &str,
) -> Option<Response> {
    match fault {
        Some(Fault::Drop(Effect::Before)) => return None,
        Some(Fault::Status { status, effect: Effect::Before, retry_after }) => {
            return Some(failure(request_id, status, retry_after));
        }
        Some(Fault::Slow(time)) => pause(time).await,
        _ => {}
    }
    let outcome = shared.perform(request).await;
    if let (Some(Fault::Late(lateness)), Ok(Answer { created: Some(created), .. })) = (fault, &outcome) {
        shared.world().hide(*created, lateness);
    }
    match fault {
        Some(Fault::Drop(Effect::After)) => None,
        Some(Fault::Status { status, retry_after, .. }) => Some(failure(request_id, status, retry_after)),
        Some(Fault::Truncated) => Some(truncated(response(request_id, outcome)).await),
        Some(Fault::NonJson) => Some(page_of_a_proxy()),
        _ => Some(response(request_id, outcome)),
    }
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

fn response(request_id: &str, outcome: Result<Answer, Refusal>) -> Response {
    let (status, body, headers) = match outcome {
        Ok(answer) => (200, answer.body, answer.headers),
        Err(refusal) => (refusal.status, refusal.body(request_id), Vec::new()),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    insert(&mut response, header::CONTENT_TYPE, "application/json;charset=UTF-8");
    insert(&mut response, HeaderName::from_static("elements-request-id"), request_id);
    for (name, value) in headers {
        insert(&mut response, HeaderName::from_static(name), &value);
    }
    response
}

/// Returns a refusal that a fault asked for.
fn failure(request_id: &str, status: u16, retry_after: Option<u32>) -> Response {
    let message = match status {
        429 => "Too many requests",
        _ => "The request could not be processed",
    };
    let mut response = response(request_id, Err(Refusal::new(status, message)));
    if let Some(seconds) = retry_after {
        insert(&mut response, header::RETRY_AFTER, &seconds.to_string());
    }
    response
}

fn insert(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn page_of_a_proxy() -> Response {
    let mut response = Response::new(Body::from("<html><body><h1>Please stand by</h1></body></html>"));
    insert(&mut response, header::CONTENT_TYPE, "text/html");
    response
}

/// Announces the whole body, sends half of it and breaks off.
async fn truncated(whole: Response) -> Response {
    let (mut parts, body) = whole.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len().max(2)));
    let half = body.slice(..body.len() / 2);
    let steps = futures_util::stream::unfold(0u8, move |step| {
        let half = half.clone();
        async move {
            if step == 0 {
                return Some((Ok::<Bytes, io::Error>(half), 1));
            }
            // A breath, so that the half is on the wire before the connection goes.
            tokio::task::yield_now().await;
            Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), 1))
        }
    });
    Response::from_parts(parts, Body::from_stream(steps))
}

/// A listener whose connections can be cut.
struct Wires(TcpListener);

/// A connection, and the switch that cuts it.
struct Wire {
    stream: TcpStream,
    cut: Cut,
}

/// The switch: once thrown, nothing more is written and the connection closes.
#[derive(Clone, Default)]
struct Cut(Arc<AtomicBool>);

impl Cut {
    fn now(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::SeqCst) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Listener for Wires {
    type Io = Wire;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Wire, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Small answers must not wait for more of the kind; a connection that refuses works all the same.
        let _ = stream.set_nodelay(true);
        (Wire { stream, cut: Cut::default() }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Wires>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Wires>) -> Self {
        stream.io().cut.clone()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
