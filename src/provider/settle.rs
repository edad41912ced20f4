//! Effects that come later: an object is read again and again until it is ready, or gone.

use super::rest::RestProvider;
use super::{CallError, Object, ObjectRef};
use crate::kind::words::Words;
use crate::kind::{Kind, Wait};
use crate::syntax::Expr;
use crate::value::{Type, Value, convert};
use tokio::time::{Instant, sleep};

/// What a look tells of an object that is waited for.
enum Stage {
    Ready,
    Failed,
    NotYet,
}

impl RestProvider {
    /// Returns the object once it is ready. `first` is what the answer to the request said of it.
    pub(super) async fn ready(
        &self,
        kind: &Kind,
        wait: &Wait,
        object: ObjectRef<'_>,
        first: Option<(Object, Value)>,
    ) -> Result<Object, CallError> {
        let last = match first {
            Some((object, json)) => match stage(wait, &json) {
                Stage::Ready => return self.with_members(kind, object).await,
                Stage::Failed => return Err(failed(object)),
                Stage::NotYet => Some(object),
            },
            None => None,
        };
        sleep(wait.every).await;
        self.until_ready(kind, wait, object, last).await
    }

    /// Reads the object until it is ready; `last` is how it was last seen.
    pub(super) async fn until_ready(
        &self,
        kind: &Kind,
        wait: &Wait,
        object: ObjectRef<'_>,
        mut last: Option<Object>,
    ) -> Result<Object, CallError> {
        let begin = Instant::now();
        loop {
            if let Some((found, json)) = self.look(kind, object.clone()).await? {
                match stage(wait, &json) {
                    Stage::Ready => return self.with_members(kind, found).await,
                    Stage::Failed => return Err(failed(found)),
                    Stage::NotYet => last = Some(found),
                }
            }
            if begin.elapsed() + wait.every > wait.timeout {
                let cause = format!("it is not ready after {}", seconds(wait));
                return Err(match last {
                    Some(last) => CallError::Unusable(Box::new(last), cause),
                    None => CallError::Indeterminate(cause),
                });
            }
            sleep(wait.every).await;
        }
    }

    /// Reads the object until it is no more, or as the kind says it is when it is deleted.
    pub(super) async fn until_gone(
        &self,
        kind: &Kind,
        wait: &Wait,
        object: ObjectRef<'_>,
    ) -> Result<(), CallError> {
        let begin = Instant::now();
        loop {
            let Some((_, json)) = self.look(kind, object.clone()).await? else { return Ok(()) };
            match stage(wait, &json) {
                Stage::Ready => return Ok(()),
                Stage::Failed => {
                    let problem = super::Problem::new("the service says that the deletion failed");
                    return Err(CallError::Rejected(problem));
                }
                Stage::NotYet => {}
            }
            if begin.elapsed() + wait.every > wait.timeout {
                return Err(CallError::Indeterminate(format!("it is not gone after {}", seconds(wait))));
            }
            sleep(wait.every).await;
        }
    }
}

fn failed(object: Object) -> CallError {
    CallError::Unusable(Box::new(object), "the service says that it failed".to_owned())
}

fn stage(wait: &Wait, json: &Value) -> Stage {
    let words = Words::new().with("object", json.clone());
    let says = |expr: &Option<Expr>| expr.as_ref().is_some_and(|expr| holds(expr, &words));
    match (says(&wait.until), says(&wait.fail)) {
        (true, _) => Stage::Ready,
        (false, true) => Stage::Failed,
        (false, false) => Stage::NotYet,
    }
}

/// Whether a condition is true; one that cannot be evaluated (an attribute is not there yet) is not.
fn holds(expr: &Expr, words: &Words) -> bool {
    let value = words.value(expr).ok().and_then(|value| convert(&value, &Type::Bool).ok());
    value.and_then(|value| value.unmark().0.as_bool()).unwrap_or(false)
}

fn seconds(wait: &Wait) -> String {
    format!("{} s", wait.timeout.as_secs_f64())
}
