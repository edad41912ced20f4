//! A last question before every attempt at a request that changes something: may it be sent at all?

use super::request::Request;

/// Says whether requests that change something may still be sent.
#[async_trait::async_trait]
pub trait Gate: Send + Sync + std::fmt::Debug {
    /// Lets the request through, or says why not.
    async fn pass(&self) -> Result<(), String>;
}

/// Asks the gate, where there is one and the request is more than a question.
pub(super) async fn pass(gate: Option<&dyn Gate>, request: &Request) -> Result<(), String> {
    match gate {
        Some(gate) if !matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS") => gate.pass().await,
        _ => Ok(()),
    }
}
