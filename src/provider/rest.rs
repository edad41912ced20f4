//! Drives any [`Kind`] over HTTP: fills in its requests, sends them, and reads the answers as the kind says.
//!
//! What an answer means for the engine follows engine.md §7; repeats and limits are `http`'s.

use super::request::{Call, words_of};
use super::settings::{Endpoint, ProviderSettings};
use super::{
    CallError, Object, ObjectRef, Problem, Provider, Search, Update, mapping, paging, problem, request,
};
use crate::diag::Diagnostic;
use crate::http::{self, Cause, ClientOptions, Method, Repeat};
use crate::kind::words::Words;
use crate::kind::{Kind, Request, secrets};
use crate::secret::Redactor;
use crate::value::{Path, Value, walk};
use std::sync::Arc;

/// How often an answer to a read that makes no sense is asked for again.
const REREADS: usize = 2;

/// One API, reached with one set of credentials.
pub struct RestProvider {
    endpoint: Endpoint,
    client: http::Client,
    redactor: Redactor,
    marker: bool,
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
    Ok(Arc::new(RestProvider { endpoint, client, redactor, marker: settings.marker }))
}

#[async_trait::async_trait]
impl Provider for RestProvider {
    async fn read(&self, kind: &Kind, object: ObjectRef<'_>) -> Result<Option<Object>, CallError> {
        let request = needed(&kind.read, "read")?;
        let call = fill(request, &words_of(object.id, object.values))?;
        let read = self.ask(kind, &call, |answer| {
            if request.gone.contains(&answer.status) {
                return Some(Ok(None));
            }
            answer.is_success().then(|| self.object_in(kind, &answer.body).map(Some))
        });
        read.await
    }

    async fn list(&self, kind: &Kind, search: Search<'_>) -> Result<Vec<Object>, CallError> {
        paging::list(self, kind, needed(&kind.list, "list")?, &search).await
    }

    async fn create(&self, kind: &Kind, desired: &Value, marker: Option<&str>) -> Result<Object, CallError> {
        let request = needed(&kind.create, "create")?;
        self.learn(&secrets(kind, desired.clone()));
        let mut call = fill(request, &Words::new().with_all(desired))?;
        let marker = marker.filter(|_| self.marker);
        call.body = Some(mapping::whole(kind, desired, marker).map_err(CallError::Unreached)?);
        let answer = self.send(&call, Repeat::Create).await?;
        self.accept(kind, &answer)?;
        let made = self.object_in(kind, &answer.body).map_err(CallError::Indeterminate)?;
        // The object exists from here on: whatever fails now must make the engine look for it, never forget it.
        let toggled = self.toggle(kind, &made.id, &made.values, desired, None).await;
        match toggled.map_err(unfinished)? {
            true => self.read_back(kind, &made.id, desired).await.map_err(unfinished),
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
        match changed {
            Some(object) if !toggled => Ok(object),
            _ => self.read_back(kind, object.id, update.desired).await,
        }
    }

    async fn delete(&self, kind: &Kind, object: ObjectRef<'_>) -> Result<(), CallError> {
        let request = needed(&kind.delete, "delete")?;
        let call = fill(request, &words_of(object.id, object.values))?;
        let answer = self.send(&call, Repeat::Idempotent).await?;
        if request.gone.contains(&answer.status) {
            return Ok(());
        }
        self.accept(kind, &answer)
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
    fn new(status: u16, headers: http::Headers, body: &[u8]) -> Self {
        Self { status, body: String::from_utf8_lossy(body).into_owned(), headers }
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
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
        let mut nonsense = String::new();
        for _ in 0..=REREADS {
            let answer = self.send(call, Repeat::Idempotent).await?;
            match make(&answer) {
                Some(Ok(made)) => return Ok(made),
                Some(Err(problem)) => nonsense = problem,
                None => return Err(CallError::Rejected(self.problem(kind, &answer))),
            }
        }
        Err(CallError::Indeterminate(nonsense))
    }

    fn accept(&self, kind: &Kind, answer: &Answer) -> Result<(), CallError> {
        if answer.is_success() { Ok(()) } else { Err(self.refusal(kind, answer)) }
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
        problem::problem(&kind.errors, answer.status, &answer.body, &self.redactor)
    }

    /// Sends what an update changes in the body; `None` if nothing does or the answer has no object in it.
    async fn change(
        &self,
        kind: &Kind,
        object: &ObjectRef<'_>,
        update: &Update<'_>,
    ) -> Result<Option<Object>, CallError> {
        let request = needed(&kind.update, "update")?;
        let body = match request.method.as_str() {
            "PATCH" => mapping::changes(kind, update),
            _ => mapping::whole(kind, update.desired, update.marker).map(Some),
        };
        let Some(body) = body.map_err(CallError::Unreached)? else { return Ok(None) };
        let mut call = fill(request, &words_of(object.id, update.desired))?;
        call.body = Some(body);
        let answer = self.send(&call, Repeat::Idempotent).await?;
        self.accept(kind, &answer)?;
        if answer.body.trim().is_empty() {
            return Ok(None);
        }
        self.object_in(kind, &answer.body).map(Some).map_err(CallError::Indeterminate)
    }

    /// Switches every toggle that is wanted otherwise than it is. At an update only those that `paths` names are looked at.
    async fn toggle(
        &self,
        kind: &Kind,
        id: &str,
        current: &Value,
        desired: &Value,
        paths: Option<&[Path]>,
    ) -> Result<bool, CallError> {
        let mut toggled = false;
        for attribute in kind.attributes.values() {
            let path = Path::root().child_attr(&attribute.name);
            let wanted = flag(desired, &attribute.name);
            let (Some(toggle), Some(wanted)) = (&attribute.toggle, wanted) else { continue };
            let due = match paths {
                Some(paths) => paths.contains(&path),
                None => flag(current, &attribute.name) != Some(wanted),
            };
            if due {
                let request = if wanted { &toggle.on } else { &toggle.off };
                let call = fill(request, &words_of(id, desired))?;
                let answer = self.send(&call, Repeat::Idempotent).await?;
                self.accept(kind, &answer)?;
                toggled = true;
            }
        }
        Ok(toggled)
    }

    async fn read_back(&self, kind: &Kind, id: &str, values: &Value) -> Result<Object, CallError> {
        let gone = || CallError::Indeterminate(format!("the object {id} was gone right after the request"));
        self.read(kind, ObjectRef { id, values }).await?.ok_or_else(gone)
    }

    /// Sends a call and gives whatever status comes back; repeats are the client's.
    async fn send(&self, call: &Call, repeat: Repeat) -> Result<Answer, CallError> {
        let request = self.request(call, repeat)?;
        match self.client.send(&request).await {
            Ok(response) => Ok(Answer::new(response.status, response.headers, &response.body)),
            Err(http::CallError::Rejected { status, headers, body })
            | Err(http::CallError::Indeterminate(Cause::Answer { status, headers, body, .. })) => {
                Ok(Answer::new(status, headers, &body))
            }
            Err(http::CallError::Unreached(cause)) => Err(CallError::Unreached(cause.to_string())),
            Err(http::CallError::Indeterminate(cause)) => Err(CallError::Indeterminate(cause.to_string())),
        }
    }

    fn request(&self, call: &Call, repeat: Repeat) -> Result<http::Request, CallError> {
        let method = Method::from_bytes(call.method.as_bytes());
        let method = method.map_err(|error| CallError::Unreached(error.to_string()))?;
        let url = format!("{}{}", self.endpoint.base_url, call.target);
        let json = |name: &str| (name.to_owned(), "application/json".to_owned());
        let mut headers = vec![json("Accept"), json("Content-Type")];
        for (name, value) in self.endpoint.headers.iter().chain(&call.headers) {
            headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
            headers.push((name.clone(), value.clone()));
        }
        let body = call.body.as_ref().map(|body| body.clone().into_bytes());
        Ok(http::Request { headers, body, ..http::Request::new(method, url, repeat) })
    }

    /// Makes the redactor know every secret of an object, before an answer can quote one.
    fn learn(&self, values: &Value) {
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

    /// The object in an answer.
    fn object_in(&self, kind: &Kind, body: &str) -> Result<Object, String> {
        self.object(kind, &mapping::json(body)?)
    }

    pub(super) fn object(&self, kind: &Kind, answer: &Value) -> Result<Object, String> {
        let object = mapping::object(kind, answer)?;
        self.learn(&object.values);
        Ok(object)
    }
}

fn needed<'k, T>(part: &'k Option<T>, what: &str) -> Result<&'k T, CallError> {
    part.as_ref().ok_or_else(|| {
        let message = format!("this kind has no `{what}`");
        CallError::Rejected(Problem { status: 0, message, detail: None, request_id: None })
    })
}

fn fill(request: &Request, words: &Words) -> Result<Call, CallError> {
    request::call(request, words, &[]).map_err(CallError::Unreached)
}

/// A known `bool` among an object's values.
fn flag(values: &Value, name: &str) -> Option<bool> {
    values.unmarked().get_attr(name)?.unmarked().as_bool()
}

/// Something failed after the object was made.
fn unfinished(error: CallError) -> CallError {
    let what = match error {
        CallError::Unreached(what) | CallError::Indeterminate(what) => what,
        CallError::Rejected(problem) => format!("{}: {}", problem.status, problem.message),
    };
    CallError::Indeterminate(format!("it was created, but not all of it is set: {what}"))
}
