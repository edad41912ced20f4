//! Drives any [`Kind`] over HTTP: fills in its requests, sends them, and reads the answers as the kind says.
//!
//! What an answer means for the engine follows engine.md §7; repeats and limits are `http`'s.

use super::mapping::{self, Known};
use super::request::{Call, words_of};
use super::settings::{Endpoint, ProviderSettings};
use super::{
    CallError, Object, ObjectRef, Problem, Provider, Search, Update, envelope, paging, problem, request,
};
use crate::diag::Diagnostic;
use crate::http::{self, Cause, ClientOptions, Method, Repeat};
use crate::kind::words::Words;
use crate::kind::{Kind, Request, secrets};
use crate::secret::Redactor;
use crate::value::{Value, walk};
use std::string::FromUtf8Error;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinHandle;

/// How often an answer to a read that makes no sense is asked for again.
const REREADS: usize = 2;

/// One API, reached with one set of credentials.
pub struct RestProvider {
    pub(super) endpoint: Endpoint,
    client: http::Client,
    redactor: Redactor,
    marker: bool,
    /// Reads that were sent before anybody needed them.
    expected: Mutex<Vec<(Call, Coming)>>,
}

type Sent = Result<http::Response, http::CallError>;

/// A read that is under way by itself: it keeps nobody waiting, whatever else is sent meanwhile. Dropped, it is given up.
pub(super) struct Coming(JoinHandle<Sent>);

impl Drop for Coming {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Makes a provider of its settings; nothing is sent yet.
///
/// `options` are the run's; the provider's own ceiling for the rate is put in, and its secrets are made known to
/// the options' redactor.
#[expect(clippy::result_large_err, reason = "the error is reported at once and never passed on")]
pub fn connect(settings: &ProviderSettings, options: ClientOptions) -> Result<Arc<dyn Provider>, Diagnostic> {
    let refused = |detail: String| Diagnostic::error("Invalid provider configuration").detail(detail);
    let endpoint = settings.endpoint().map_err(refused)?;
    let redactor = options.redactor.clone();
    settings.secrets().iter().for_each(|secret| redactor.add(secret));
    let rate = settings.max_requests_per_second.or(options.max_requests_per_second);
    let options = ClientOptions { max_requests_per_second: rate, ..options };
    let client = http::Client::new(options).map_err(|error| refused(error.to_string()))?;
    let expected = Mutex::default();
    Ok(Arc::new(RestProvider { endpoint, client, redactor, marker: settings.marker, expected }))
}

#[async_trait::async_trait]
impl Provider for RestProvider {
    async fn read(&self, kind: &Kind, object: ObjectRef<'_>) -> Result<Option<Object>, CallError> {
        let Some((found, _)) = self.look(kind, object).await? else { return Ok(None) };
        self.with_members(kind, found).await.map(Some)
    }

    async fn pages(
        &self,
        kind: &Kind,
        search: Search<'_>,
        page: &mut (dyn FnMut(Vec<Object>) + Send),
    ) -> Result<(), CallError> {
        paging::list(self, kind, needed(&kind.list, "list")?, &search, page).await
    }

    async fn create(&self, kind: &Kind, desired: &Value, marker: Option<&str>) -> Result<Object, CallError> {
        let request = needed(&kind.create, "create")?;
        self.learn(&secrets(kind, desired.clone()));
        let chosen = kind.chosen(desired);
        if let Some(id) = chosen.as_deref().filter(|_| matches!(request.method.as_str(), "PUT" | "PATCH")) {
            self.must_be_free(kind, id, desired).await?;
        }
        let words = Words::new().with_all(desired);
        let words = match &chosen {
            Some(id) => words.with("id", Value::string(&**id)),
            None => words,
        };
        let mut call = fill(request, &words)?;
        let marker = marker.filter(|_| self.marker);
        let body = envelope::of_create(kind, request, words, desired, marker);
        call.body = Some(body.map_err(CallError::Unreached)?);
        let answer = self.send(&call, Repeat::Create).await?;
        self.accept(kind, request, &answer)?;
        let made = self.made(kind, request, &answer, desired).await?;
        // The object exists from here on: whatever fails now must make the engine look for it, never forget it.
        let toggled = self.toggle(kind, &made.id, &made.values, desired, None).await;
        let joined = self.join(kind, &made.id, None, desired).await;
        match toggled.and_then(|toggled| Ok(toggled || joined?)).map_err(unfinished)? {
            true => {
                let read = self.read_back(kind, &made.id, desired).await.map_err(unfinished)?;
                Ok(mapping::with_once(kind, read, &made))
            }
            false => Ok(made),
        }
    }

    async fn update(
        &self,
        kind: &Kind,
        object: ObjectRef<'_>,
        update: Update<'_>,
    ) -> Result<Object, CallError> {
        self.learn(&secrets(kind, update.desired.clone()));
        let marker = update.marker.filter(|_| self.marker);
        let update = Update { marker, ..update };
        let changed = self.change(kind, &object, &update).await?;
        let toggled = self.toggle(kind, object.id, update.prior, update.desired, Some(update.paths)).await?;
        let joined = self.join(kind, object.id, Some(update.prior), update.desired).await?;
        match changed {
            Some(object) if !toggled && !joined => Ok(object),
            _ => self.read_back(kind, object.id, update.desired).await,
        }
    }

    async fn delete(&self, kind: &Kind, object: ObjectRef<'_>) -> Result<(), CallError> {
        let request = needed(&kind.delete, "delete")?;
        let words = words_of(object.id, object.values);
        let mut call = fill(request, &words)?;
        call.body = envelope::of_delete(kind, request, words, object.values).map_err(CallError::Unreached)?;
        let answer = self.send(&call, Repeat::Idempotent).await?;
        if request.gone.contains(&answer.status) {
            return Ok(());
        }
        self.accept(kind, request, &answer)?;
        match &request.wait {
            Some(wait) => self.until_gone(kind, wait, object).await,
            None => Ok(()),
        }
    }

    async fn finish(&self, kind: &Kind, object: Object) -> Result<Object, CallError> {
        match kind.create.as_ref().and_then(|create| create.wait.as_ref()) {
            Some(wait) => {
                let (id, values) = (object.id.clone(), object.values.clone());
                self.until_ready(kind, wait, ObjectRef { id: &id, values: &values }, Some(object)).await
            }
            None => Ok(object),
        }
    }

    async fn catalogue(&self, kind: &Kind) -> Result<Option<Vec<Value>>, CallError> {
        let list = kind.catalogue.as_ref().and_then(|used| used.list.as_ref());
        let Some(list) = list else { return Ok(None) };
        paging::values(self, kind, list).await.map(Some)
    }

    fn expect(&self, kind: &Kind) {
        let Some(call) = kind.list.as_ref().and_then(|list| paging::first(self, kind, list)) else { return };
        if let Some(coming) = self.begin(&call) {
            self.expected.lock().unwrap_or_else(PoisonError::into_inner).push((call, coming));
        }
    }

    fn expect_nothing(&self) {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn requests(&self) -> u64 {
        self.client.requests()
    }
}

/// What came back: any status, the whole body as text.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    headers: http::Headers,
}

impl Answer {
    fn new(status: u16, headers: http::Headers, body: Vec<u8>) -> Self {
        let lossy = |error: FromUtf8Error| String::from_utf8_lossy(error.as_bytes()).into_owned();
        Self { status, body: String::from_utf8(body).unwrap_or_else(lossy), headers }
    }

    pub(super) fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(str::to_owned)
    }
}

impl RestProvider {
    /// Sends a read and makes something of its answer: `None` from `make` means that the answer refuses, an error that it makes
    /// no sense, which a further read may mend.
    pub(super) async fn ask<T>(
        &self,
        kind: &Kind,
        call: &Call,
        make: impl Fn(&Answer) -> Option<Result<T, String>>,
    ) -> Result<T, CallError> {
        let answer = self.send(call, Repeat::Idempotent).await?;
        self.understand(kind, call, answer, make).await
    }

    /// The same of a read that was answered.
    pub(super) async fn understand<T>(
        &self,
        kind: &Kind,
        call: &Call,
        mut answer: Answer,
        make: impl Fn(&Answer) -> Option<Result<T, String>>,
    ) -> Result<T, CallError> {
        let mut reads = 0;
        loop {
            match make(&answer) {
                Some(Ok(made)) => return Ok(made),
                Some(Err(nonsense)) if reads == REREADS => return Err(CallError::Indeterminate(nonsense)),
                Some(Err(_)) => answer = self.send(call, Repeat::Idempotent).await?,
                None => return Err(CallError::Rejected(self.problem(kind, &answer))),
            }
            reads += 1;
        }
    }

    pub(super) fn accept(&self, kind: &Kind, request: &Request, answer: &Answer) -> Result<(), CallError> {
        if request.is_success(answer.status) { Ok(()) } else { Err(self.refusal(kind, answer)) }
    }

    /// Asks for one object: what is known of it, and the answer's JSON.
    pub(super) async fn look(
        &self,
        kind: &Kind,
        object: ObjectRef<'_>,
    ) -> Result<Option<(Object, Value)>, CallError> {
        let request = needed(&kind.read, "read")?;
        let call = fill(request, &words_of(object.id, object.values))?;
        let known = Known { id: Some(object.id), values: object.values };
        let read = self.ask(kind, &call, |answer| {
            if request.gone.contains(&answer.status) {
                return Some(Ok(None));
            }
            let found = || {
                let json = envelope::inside(&mapping::json(&answer.body)?, &request.answer)?;
                if json.is_null() && request.answer.made().is_some() {
                    return Ok(None);
                }
                Ok(Some((self.object(kind, &json, known)?, json)))
            };
            request.is_success(answer.status).then(found)
        });
        read.await
    }

    /// What an object is made of is put where no other object is: a PUT would overwrite it.
    async fn must_be_free(&self, kind: &Kind, id: &str, values: &Value) -> Result<(), CallError> {
        if self.look(kind, ObjectRef { id, values }).await?.is_none() {
            return Ok(());
        }
        let message = format!("`{id}` exists already; import it, or choose another name");
        Err(CallError::Rejected(Problem::new(message)))
    }

    /// The object that a create made: from its answer, or read by the identity that the answer or the user gave.
    async fn made(
        &self,
        kind: &Kind,
        request: &Request,
        answer: &Answer,
        desired: &Value,
    ) -> Result<Object, CallError> {
        let id = request.id_header.as_deref().and_then(|name| last_segment(&answer.header(name)?));
        let known = Known { id: id.as_deref(), values: desired };
        let json = envelope::of_answer(&answer.body, &request.answer).map_err(CallError::Indeterminate)?;
        let id = mapping::identity(kind, &json, known).map_err(CallError::Indeterminate)?;
        let whole = !request.reread && !json.is_null();
        let object =
            whole.then(|| self.object(kind, &json, known)).transpose().map_err(CallError::Indeterminate)?;
        let reference = ObjectRef { id: &id, values: desired };
        match &request.wait {
            Some(wait) => self.ready(kind, wait, reference, object.map(|object| (object, json))).await,
            None => match object {
                Some(object) => Ok(object),
                None => self.read_back(kind, &id, desired).await.map_err(unfinished),
            },
        }
    }

    /// Why a change was refused. Of these statuses nobody knows whether anything happened.
    fn refusal(&self, kind: &Kind, answer: &Answer) -> CallError {
        let problem = self.problem(kind, answer);
        match answer.status {
            302 | 303 | 408 | 500.. => {
                CallError::Indeterminate(format!("{}: {}", problem.status, problem.message))
            }
            _ => CallError::Rejected(problem),
        }
    }

    fn problem(&self, kind: &Kind, answer: &Answer) -> Problem {
        let shape = kind.errors.or(&self.endpoint.errors);
        problem::problem(&shape, answer.status, &answer.body, &self.redactor)
    }

    /// Sends what an update changes in the body; `None` if nothing does or the answer has no object in it.
    async fn change(
        &self,
        kind: &Kind,
        object: &ObjectRef<'_>,
        update: &Update<'_>,
    ) -> Result<Option<Object>, CallError> {
        if !mapping::touches_body(kind, update) {
            return Ok(None);
        }
        let request = needed(&kind.update, "update")?;
        let words = Words::new().with_all(object.values).with_all(update.desired);
        let words = words.with("id", Value::string(object.id));
        let mut call = fill(request, &words)?;
        let body = envelope::of_update(kind, request, words, update).map_err(CallError::Unreached)?;
        let Some(body) = body else { return Ok(None) };
        call.body = Some(body);
        let answer = self.send(&call, Repeat::Idempotent).await?;
        self.accept(kind, request, &answer)?;
        let json = envelope::of_answer(&answer.body, &request.answer).map_err(CallError::Indeterminate)?;
        let known = Known { id: Some(object.id), values: update.desired };
        let whole = !request.reread && !json.is_null();
        let changed =
            whole.then(|| self.object(kind, &json, known)).transpose().map_err(CallError::Indeterminate)?;
        match &request.wait {
            Some(wait) => {
                let reference = ObjectRef { id: object.id, values: update.desired };
                let ready = self.ready(kind, wait, reference, changed.map(|object| (object, json))).await;
                ready.map(Some).map_err(refused)
            }
            None => Ok(changed),
        }
    }

    pub(super) async fn read_back(&self, kind: &Kind, id: &str, values: &Value) -> Result<Object, CallError> {
        let gone = || CallError::Indeterminate(format!("the object {id} was gone right after the request"));
        self.read(kind, ObjectRef { id, values }).await?.ok_or_else(gone)
    }

    /// Sends a call and gives whatever status comes back; repeats are the client's.
    pub(super) async fn send(&self, call: &Call, repeat: Repeat) -> Result<Answer, CallError> {
        if let Some(coming) = self.expected(call) {
            return self.end(call, coming).await;
        }
        Self::answer(self.client.send(&self.request(call, repeat)?).await)
    }

    /// Sends a read that is needed later; `None` if it cannot be made, which is for then.
    pub(super) fn begin(&self, call: &Call) -> Option<Coming> {
        let request = self.request(call, Repeat::Idempotent).ok()?;
        let client = self.client.clone();
        Some(Coming(tokio::spawn(async move { client.send(&request).await })))
    }

    /// The answer to a read that was begun.
    pub(super) async fn end(&self, call: &Call, mut coming: Coming) -> Result<Answer, CallError> {
        match (&mut coming.0).await {
            Ok(sent) => Self::answer(sent),
            // It was lost with its task: once more.
            Err(_) => Self::answer(self.client.send(&self.request(call, Repeat::Idempotent)?).await),
        }
    }

    fn answer(sent: Sent) -> Result<Answer, CallError> {
        match sent {
            Ok(response) => Ok(Answer::new(response.status, response.headers, response.body)),
            Err(http::CallError::Rejected { status, headers, body })
            | Err(http::CallError::Indeterminate(Cause::Answer { status, headers, body, .. })) => {
                Ok(Answer::new(status, headers, body))
            }
            Err(http::CallError::Unreached(cause)) => Err(CallError::Unreached(cause.to_string())),
            Err(http::CallError::Indeterminate(cause)) => Err(CallError::Indeterminate(cause.to_string())),
        }
    }

    /// The answer to a read that was sent already.
    fn expected(&self, call: &Call) -> Option<Coming> {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        let at = expected.iter().position(|(sent, _)| sent == call)?;
        Some(expected.swap_remove(at).1)
    }

    fn request(&self, call: &Call, repeat: Repeat) -> Result<http::Request, CallError> {
        let method = Method::from_bytes(call.method.as_bytes());
        let method = method.map_err(|error| CallError::Unreached(error.to_string()))?;
        let url = match &call.url {
            Some(url) => url.clone(),
            None => self.endpoint.address(&call.target),
        };
        let json = |name: &str| (name.to_owned(), "application/json".to_owned());
        let mut headers = vec![json("Accept"), json("Content-Type")];
        for (name, value) in self.endpoint.headers.iter().chain(&call.headers) {
            headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
            headers.push((name.clone(), value.clone()));
        }
        let body = call.body.as_ref().map(|body| body.clone().into_bytes());
        Ok(http::Request { headers, body, timeout: call.timeout, ..http::Request::new(method, url, repeat) })
    }

    /// The address that an answer leads to. Never another server's: the request carries credentials.
    pub(super) fn follow(&self, call: &Call, link: &str) -> Result<String, String> {
        let here = self.endpoint.address(&call.target);
        http::resolve(&here, link)
            .ok_or_else(|| "the next page of the list is said to be on another server".to_owned())
    }

    /// Makes the redactor know every secret of an object, before an answer can quote one.
    pub(super) fn learn(&self, values: &Value) {
        walk(values, &mut |_, value| {
            if !value.is_sensitive() {
                return true;
            }
            walk(&value.unmark_deep().0, &mut |_, part| {
                part.as_str().into_iter().for_each(|secret| self.redactor.add(secret));
                true
            });
            false
        });
    }

    /// The object that an answer describes.
    pub(super) fn object(&self, kind: &Kind, answer: &Value, known: Known<'_>) -> Result<Object, String> {
        let object = mapping::object(kind, answer, known)?;
        self.learn(&object.values);
        Ok(object)
    }
}

fn needed<'k, T>(part: &'k Option<T>, what: &str) -> Result<&'k T, CallError> {
    part.as_ref().ok_or_else(|| CallError::Rejected(Problem::new(format!("this kind has no `{what}`"))))
}

/// The end of the path in a header: `/things/7?x` gives `7`.
fn last_segment(header: &str) -> Option<String> {
    let path = header.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let last = path.rsplit('/').next().filter(|last| !last.is_empty())?;
    Some(request::decode(last))
}

pub(super) fn fill(request: &Request, words: &Words) -> Result<Call, CallError> {
    request::call(request, words, &[]).map_err(CallError::Unreached)
}

/// Something failed after the object was made.
fn unfinished(error: CallError) -> CallError {
    let what = match error {
        CallError::Unreached(what) | CallError::Indeterminate(what) => what,
        CallError::Rejected(problem) => problem.to_string(),
        unusable @ CallError::Unusable(..) => return unusable,
    };
    CallError::Indeterminate(format!("it was created, but not all of it is set: {what}"))
}

/// A change that does not come to its end is a refusal: the object is still there, as it is.
fn refused(error: CallError) -> CallError {
    match error {
        CallError::Unusable(_, cause) => CallError::Rejected(Problem::new(cause)),
        other => other,
    }
}
