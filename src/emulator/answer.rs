//! What goes back: an answer (always 200) or a refusal with the service's error body.

use serde::Serialize;
use serde_json::json;

use super::collection::Page;
use crate::database::DbError;

/// A request that succeeded.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// JSON, or empty.
    pub(super) body: Vec<u8>,
    pub(super) headers: Vec<(&'static str, String)>,
    /// What the request made: collection and id, for faults that delay its visibility.
    pub(super) created: Option<(&'static str, u64)>,
}

/// A request that was refused; nothing has changed.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) message: String,
    /// What the service behind the element said.
    pub(super) provider: Option<String>,
}

impl Answer {
    /// Answers with an empty body, as deletions do.
    pub(super) fn empty() -> Self {
        Self::default()
    }

    pub(super) fn json(body: &impl Serialize) -> Result<Self, Refusal> {
        let body = serde_json::to_vec(body).map_err(|error| Refusal::new(500, error.to_string()))?;
        Ok(Self { body, ..Self::default() })
    }

    /// Answers with one page. An empty list is refused: the service answers 404 when nothing is found.
    pub(super) fn page<T>(
        page: Page<'_, T>,
        things: &str,
        show: impl Fn(&T) -> Result<Vec<u8>, Refusal>,
    ) -> Result<Self, Refusal> {
        if page.total == 0 {
            return Err(Refusal::new(404, format!("No {things} found")));
        }
        Self::list(page, show)
    }

    /// Answers with one page, an empty one included: not all collections refuse.
    pub(super) fn list<T>(
        page: Page<'_, T>,
        show: impl Fn(&T) -> Result<Vec<u8>, Refusal>,
    ) -> Result<Self, Refusal> {
        let mut body = vec![b'['];
        for (index, record) in page.records.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            body.extend(show(record)?);
        }
        body.push(b']');
        let mut headers = vec![
            ("elements-returned-count", page.records.len().to_string()),
            ("elements-total-count", page.total.to_string()),
        ];
        headers.extend(page.next.map(|token| ("elements-next-page-token", token)));
        Ok(Self { body, headers, created: None })
    }
}

impl Refusal {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), provider: None }
    }

    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    /// The verb is not offered at that path.
    pub(super) fn method(method: &str) -> Self {
        Self::new(405, format!("Method {method} is not supported here"))
    }

    pub(super) fn no_path() -> Self {
        Self::new(404, "No such resource")
    }

    /// Returns the error body: `{ "requestId", "message"[, "providerMessage"] }`.
    pub(super) fn body(&self, request_id: &str) -> Vec<u8> {
        let mut body = json!({ "requestId": request_id, "message": self.message });
        if let Some(provider) = &self.provider {
            body["providerMessage"] = provider.as_str().into();
        }
        body.to_string().into_bytes()
    }
}

impl From<DbError> for Refusal {
    fn from(error: DbError) -> Self {
        Self::new(500, format!("The emulator cannot keep its data: {error}"))
    }
}
