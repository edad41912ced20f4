//! One call to the API, and how its end is read (engine.md §7).

use super::read::Answered;
use super::record::{Of, record};
use crate::diag::Diagnostic;
use crate::kind::Kind;
use crate::plan::{self, Looking, Meta, Verdict, look};
use crate::provider::{CallError, Object, ObjectRef, Problem, Provider, Update};
use crate::secret::Sealer;
use crate::state::{Intent, Record, Status, journal};
use crate::value::{Path, Value};
use std::sync::Arc;

/// What one step sends. Owned, so that it can run beside others.
pub(super) struct Call {
    pub kind: Arc<Kind>,
    pub provider: Arc<dyn Provider>,
    pub intent: Intent,
    pub work: Work,
}

pub(super) enum Work {
    /// Nothing is sent yet: what is there that looks like the object of a create without a marker?
    Survey,
    Create {
        desired: Value,
        meta: Meta,
    },
    Update {
        prior: Box<Record>,
        desired: Value,
        meta: Meta,
        paths: Vec<Path>,
    },
    Delete {
        prior: Box<Record>,
    },
}

/// How a call ended.
pub(super) enum End {
    /// It stands as this record, made from the answer or found by a look.
    Stands(Box<Record>),
    /// It was made and stands as this record, but not all of it is as it should be: the next run changes it or, if the record is
    /// tainted, replaces it.
    Flawed(Box<Record>, Box<Diagnostic>),
    /// The ids of what looks like it already; `None` if nobody can tell.
    Surveyed(Option<Vec<Arc<str>>>),
    Gone,
    /// Refused, or it provably did not happen: nothing changed.
    Refused(Box<Diagnostic>),
    /// A create that was not taken up, found by a look: it may be sent again, with a new intent.
    Again(String),
    /// A data source was answered.
    Answered(Answered),
    /// Nobody knows; the intent stays open.
    Open(Box<Diagnostic>),
}

impl End {
    /// The same in the journal's words.
    pub(super) fn journal(&self) -> journal::End {
        match self {
            Self::Stands(record) | Self::Flawed(record, _) => journal::End::Stands(record.clone()),
            Self::Gone => journal::End::Gone,
            Self::Refused(_) | Self::Again(_) => journal::End::Undone,
            Self::Open(_) | Self::Surveyed(_) | Self::Answered(_) => journal::End::Unknown,
        }
    }
}

/// Sends the call. What comes back without a usable answer is looked at, never repeated blindly.
pub(super) async fn run(call: &Call, looking: &Looking<'_>, sealer: &Sealer) -> End {
    let marker = call.intent.marker.as_deref();
    let result = match &call.work {
        Work::Survey => plan::survey(&call.kind, &call.provider, &call.intent).await.map(End::Surveyed),
        Work::Create { desired, meta } => call
            .provider
            .create(&call.kind, desired, marker)
            .await
            .map(|object| made(call, meta, desired, &object, None, sealer)),
        Work::Update { prior, desired, meta, paths } => {
            let object = ObjectRef { id: &prior.id, values: &prior.values };
            let update = Update { prior: &prior.values, desired, paths, marker: prior.marker.as_deref() };
            let answer = call.provider.update(&call.kind, object, update).await;
            answer.map(|object| made(call, meta, desired, &object, Some(prior), sealer))
        }
        Work::Delete { prior } => {
            let object = ObjectRef { id: &prior.id, values: &prior.values };
            call.provider.delete(&call.kind, object).await.map(|()| End::Gone)
        }
    };
    match result {
        Ok(end) => end,
        Err(CallError::Rejected(problem)) => End::Refused(Box::new(refused(call, &problem))),
        Err(CallError::Unreached(cause)) => End::Refused(Box::new(unreached(call, &cause))),
        Err(CallError::Indeterminate(cause)) => settle(call, looking, sealer, &cause).await,
        Err(CallError::Unusable(object, cause)) => unusable(call, &object, &cause, sealer),
    }
}

fn made(
    call: &Call,
    meta: &Meta,
    desired: &Value,
    object: &Object,
    prior: Option<&Record>,
    sealer: &Sealer,
) -> End {
    let marker = call.intent.marker.as_deref();
    let of = Of { addr: &call.intent.addr, sealer };
    End::Stands(Box::new(record(&call.kind, meta, desired, Some(object), prior, marker, of)))
}

/// The object of a create that made it and left it unusable: its record says so.
fn unusable(call: &Call, object: &Object, cause: &str, sealer: &Sealer) -> End {
    let diagnostic = Box::new(useless(call, object, cause));
    match &call.work {
        Work::Create { desired, meta } => match made(call, meta, desired, object, None, sealer) {
            End::Stands(mut record) => {
                record.status = Status::Tainted;
                End::Flawed(record, diagnostic)
            }
            other => other,
        },
        _ => End::Refused(diagnostic),
    }
}

fn useless(call: &Call, object: &Object, cause: &str) -> Diagnostic {
    let addr = &call.intent.addr;
    Diagnostic::error(format!("{addr} was created, but it is not usable"))
        .label(cause.to_owned())
        .detail(format!("It exists with the id {}: {cause}. It is recorded as tainted.", object.id))
        .help("the next apply replaces it; `isotope untaint` keeps it as it is")
        .about(addr)
}

async fn settle(call: &Call, looking: &Looking<'_>, sealer: &Sealer, cause: &str) -> End {
    let prior = match &call.work {
        Work::Update { prior, .. } => Some(prior.as_ref()),
        Work::Create { .. } | Work::Delete { .. } => None,
        // A list that failed has changed nothing.
        Work::Survey => return End::Refused(Box::new(unreached(call, cause))),
    };
    match look(looking, &call.intent, prior).await {
        Ok(Verdict::Adopted(record)) if record.status == Status::Tainted => {
            let object = Object { id: record.id.clone(), values: record.values.clone(), marker: None };
            let diagnostic = useless(call, &object, "it never became what its kind waits for");
            End::Flawed(record, Box::new(diagnostic))
        }
        Ok(Verdict::Adopted(record)) => complete(call, record, sealer, cause).await,
        Ok(Verdict::Updated(record)) => End::Stands(record),
        Ok(Verdict::Gone) => End::Gone,
        Ok(Verdict::NotDone) => match &call.work {
            Work::Create { .. } => End::Again(cause.to_owned()),
            _ => End::Refused(Box::new(undone(call, cause))),
        },
        Err(diagnostic) => {
            End::Open(Box::new(diagnostic.detail(format!(
                "The request was sent, but no usable answer came ({cause}), and a look gave none either. The next run will look again."
            ))))
        }
    }
}

/// Brings an object that a look found to what was asked: the create may have ended before all of its requests were sent.
async fn complete(call: &Call, record: Box<Record>, sealer: &Sealer, cause: &str) -> End {
    let Work::Create { desired, meta } = &call.work else { return End::Stands(record) };
    let paths = plan::differences(&call.kind, &call.intent, &record.values);
    if paths.is_empty() {
        return End::Stands(record);
    }
    let object = ObjectRef { id: &record.id, values: &record.values };
    let marker = record.marker.as_deref();
    let update = Update { prior: &record.values, desired, paths: &paths, marker };
    match call.provider.update(&call.kind, object, update).await {
        Ok(object) => made(call, meta, desired, &object, Some(&record), sealer),
        Err(_) => {
            let problem = Box::new(flawed(call, &record, cause));
            End::Flawed(record, problem)
        }
    }
}

impl Call {
    fn verb(&self) -> &'static str {
        match self.work {
            Work::Create { .. } | Work::Survey => "create",
            Work::Update { .. } => "change",
            Work::Delete { .. } => "delete",
        }
    }
}

fn refused(call: &Call, problem: &Problem) -> Diagnostic {
    let addr = &call.intent.addr;
    let said = problem.to_string();
    Diagnostic::error(format!("The API refused to {} {addr}", call.verb()))
        .label(said.clone())
        .detail(said)
        .help(advice(problem.status))
        .about(addr)
}

fn advice(status: u16) -> &'static str {
    match status {
        401 | 403 => "check the credentials, then apply again: only what is missing will be done",
        404 => "plan again: what is gone is created anew",
        400 | 422 => "correct the arguments, then apply again: only what is missing will be done",
        _ => "apply again when the cause is gone: only what is missing will be done",
    }
}

fn unreached(call: &Call, cause: &str) -> Diagnostic {
    let addr = &call.intent.addr;
    Diagnostic::error(format!("The API could not be asked to {} {addr}", call.verb()))
        .label(cause.to_owned())
        .detail("Nothing was changed.")
        .help("apply again when the API can be reached: only what is missing will be done")
        .about(addr)
}

/// An update or a delete that was sent and, as a look shows, not done.
fn undone(call: &Call, cause: &str) -> Diagnostic {
    let addr = &call.intent.addr;
    Diagnostic::error(format!("The API did not {} {addr}", call.verb()))
        .label(cause.to_owned())
        .detail(format!(
            "The request was sent, no usable answer came ({cause}), and a look shows that it was not done."
        ))
        .help("apply again when the API is well: only what is missing will be done")
        .about(addr)
}

fn flawed(call: &Call, record: &Record, cause: &str) -> Diagnostic {
    let addr = &call.intent.addr;
    Diagnostic::error(format!("{addr} was created, but not all of it is set"))
        .label(cause.to_owned())
        .detail(format!("It exists with the id {} and is in the state: {cause}.", record.id))
        .help("the next apply changes what is missing")
        .about(addr)
}
