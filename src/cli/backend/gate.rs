//! The lock, as the HTTP client asks for it: a process that was frozen for long may have lost it to another, and must send nothing more.

use crate::http::Gate;
use crate::state::Hold;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Open until a lock is taken that can be lost.
#[derive(Default)]
pub struct LockGate(Mutex<Option<Arc<dyn Hold>>>);

impl LockGate {
    pub fn guard(&self, hold: Option<Arc<dyn Hold>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = hold;
    }

    fn hold(&self) -> Option<Arc<dyn Hold>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for LockGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockGate")
    }
}

#[async_trait::async_trait]
impl Gate for LockGate {
    async fn pass(&self) -> Result<(), String> {
        match self.hold() {
            Some(hold) => hold.confirm().await.map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }
}
