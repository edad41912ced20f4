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
    /// How the object stands in the body. A request whose verb carries none has one only if an expression makes it.
    pub body: Envelope,
    /// How the object stands in the answer.
    pub answer: Envelope,
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

/// How an object stands in a body or an answer.
#[derive(Clone, Debug)]
pub enum Envelope {
    /// Under these JSON keys; without any, it is the whole.
    At(Vec<String>),
    /// Of a body: this expression over the attributes, `id`, and two pieces of JSON, `object` (what a whole body would be) and `changes`
    /// (what changes of it). Of an answer: over `object`, its JSON; null means that there is none.
    Made(Expr),
}

impl Envelope {
    /// The object and nothing around it.
    pub(super) fn none() -> Self {
        Self::At(Vec::new())
    }

    /// The expression, if there is one.
    pub fn made(&self) -> Option<&Expr> {
        match self {
            Self::At(_) => None,
            Self::Made(expr) => Some(expr),
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
