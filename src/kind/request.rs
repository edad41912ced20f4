//! The requests of a kind, as its blocks describe them; `provider` fills them in and sends them.

use crate::addr::Name;
use crate::diag::Span;
use crate::syntax::Expr;
use std::collections::BTreeMap;
use std::time::Duration;

/// `"PUT /instances/${id}/enabled"` with whatever headers, query and statuses it takes.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// A template over `id` and the attributes' names.
    pub path: Expr,
    pub query: BTreeMap<String, Expr>,
    pub headers: BTreeMap<String, Expr>,
    /// Statuses that mean "done"; empty: any from 200 to 299.
    pub success: Vec<u16>,
    /// Statuses that mean the object is not there (default 404).
    pub gone: Vec<u16>,
    /// Under which JSON keys the object stands in the body; empty: it is the body.
    pub body_at: Vec<String>,
    /// Under which JSON keys the object stands in the answer.
    pub answer_at: Vec<String>,
    /// The header whose value ends in the identity.
    pub id_header: Option<String>,
    /// The answer is not the whole object: it is read again.
    pub reread: bool,
    /// How long an attempt may take, where it is not the client's usual time.
    pub timeout: Option<Duration>,
    /// What is waited for after the answer.
    pub wait: Option<Wait>,
    pub span: Span,
}

impl Request {
    pub fn is_success(&self, status: u16) -> bool {
        match self.success.is_empty() {
            true => (200..300).contains(&status),
            false => self.success.contains(&status),
        }
    }

    /// Sets how long it may take, the wait for its effect included.
    pub(super) fn limit(&mut self, limit: Duration) {
        self.timeout = Some(limit);
        if let Some(wait) = &mut self.wait {
            wait.timeout = limit;
        }
    }
}

/// A request whose effect comes later: the object is read again and again until it is as wanted.
#[derive(Clone, Debug)]
pub struct Wait {
    /// Over `object`, the answer's JSON; `None` after a delete: until it is gone.
    pub until: Option<Expr>,
    /// Over `object`: it will never be.
    pub fail: Option<Expr>,
    pub every: Duration,
    pub timeout: Duration,
}

#[derive(Clone, Debug)]
pub struct List {
    pub request: Request,
    /// Statuses of the first page that mean "nothing matches".
    pub empty: Vec<u16>,
    /// Where the objects are in an answer; empty when it is the array itself.
    pub at: Vec<String>,
    /// The objects come as the values of an object, whose keys are this attribute.
    pub keys: Option<Name>,
    pub page: Option<Page>,
    /// The query parameter that finds a marker; without it, all objects are listed and looked through.
    pub marker_param: Option<String>,
}

/// How a list comes in pages.
#[derive(Clone, Debug)]
pub struct Page {
    /// How many objects are asked for, and by which parameter.
    pub size: Option<(u32, Option<String>)>,
    pub next: Next,
    /// Where an answer says how many objects there are on all pages.
    pub total: Option<Place>,
}

/// How the next page is asked for.
#[derive(Clone, Debug)]
pub enum Next {
    /// By a token that the last page gave.
    Token { param: String, from: Place },
    /// By the address in the last page's `Link` header, or in its body.
    Link(Option<Vec<String>>),
    /// By its number.
    Number { param: String, first: u32 },
    /// By the number of objects before it.
    Offset { param: String },
}

/// Where something stands in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Header(String),
    Body(Vec<String>),
}

/// An attribute that is switched by requests of its own.
#[derive(Clone, Debug)]
pub struct Toggle {
    /// Over `object`, the answer's JSON. Without it, what was last set counts.
    pub read: Option<Expr>,
    pub on: Request,
    pub off: Request,
}

/// A set whose elements are put in and taken out by requests of their own, `value` being the element.
#[derive(Clone, Debug)]
pub struct Members {
    pub list: Request,
    pub add: Request,
    pub remove: Request,
}
