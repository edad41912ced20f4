//! The last requests, for tests that look at what a client sent.

use std::collections::VecDeque;

use serde_json::Value;

use super::request::Request;

/// One request as it came. Its body may hold secrets: for tests only, never for a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub method: String,
    /// Below the base path, decoded, with the query: `/instances?tags[]=blue`.
    pub path: String,
    /// The words of the `Authorization` header in their order, without what follows them: `["User", …]`.
    pub authorization: Vec<String>,
    pub accept: Option<String>,
    pub content_type: Option<String>,
    /// The body, if there was one; what is not JSON comes as text.
    pub body: Option<Value>,
    /// The answer's status; `None` while it is under way, or if the connection was dropped.
    pub status: Option<u16>,
}

/// A ring of calls.
pub(super) struct Log {
    calls: VecDeque<Call>,
    capacity: usize,
    /// How many calls left the ring: the number of the first one in it.
    gone: usize,
}

impl Log {
    pub(super) fn new(capacity: usize) -> Self {
        Self { calls: VecDeque::new(), capacity, gone: 0 }
    }

    /// Notes a request and returns its number.
    pub(super) fn arrived(&mut self, request: &Request) -> usize {
        if self.capacity > 0 {
            self.calls.push_back(call(request));
        }
        if self.calls.len() > self.capacity {
            self.calls.pop_front();
            self.gone += 1;
        }
        (self.gone + self.calls.len()).wrapping_sub(1)
    }

    pub(super) fn answered(&mut self, number: usize, status: u16) {
        let index = number.checked_sub(self.gone);
        if let Some(call) = index.and_then(|index| self.calls.get_mut(index)) {
            call.status = Some(status);
        }
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.calls.iter().cloned().collect()
    }
}

fn call(request: &Request) -> Call {
    let text = || Value::String(String::from_utf8_lossy(&request.body).into_owned());
    let body =
        (!request.body.is_empty()).then(|| serde_json::from_slice(&request.body).unwrap_or_else(|_| text()));
    Call {
        method: request.method.clone(),
        path: request.line(),
        authorization: request.authorization.schemes(),
        accept: request.accept.clone(),
        content_type: request.content_type.clone(),
        body,
        status: None,
    }
}
