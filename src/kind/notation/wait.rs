//! `wait` blocks: what is waited for after a request, how often it is looked at and how long.

use super::super::Wait;
use crate::config::duration;
use crate::config::fields::{Fields, missing};
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::syntax::Block;
use crate::value::Type;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(2);
const TIMEOUT: Duration = Duration::from_secs(600);

/// Reads a `wait` block. After a delete there need be no `until`: it lasts until the object is gone.
pub(super) fn wait(block: &Block, delete: bool, diags: &mut Diagnostics) -> Result<Wait, Reported> {
    let mut fields = Fields::new("wait", block.header, &block.body);
    let until = fields.take("until").map(|a| a.expr.clone());
    let fail = fields.take("fail").map(|a| a.expr.clone());
    let every = limit(&mut fields, "every", diags).unwrap_or(EVERY);
    let timeout = limit(&mut fields, "timeout", diags).unwrap_or(TIMEOUT);
    fields.finish(diags);
    if until.is_none() && !delete {
        return Err(missing("wait", "until", block.header, diags));
    }
    Ok(Wait { until, fail, every, timeout })
}

/// A length of time.
pub(super) fn limit(
    fields: &mut Fields<'_>,
    name: &'static str,
    diags: &mut Diagnostics,
) -> Option<Duration> {
    let (value, span) = fields.constant(name, &Type::String, diags)?;
    let found = value.as_str().and_then(duration);
    if found.is_none() {
        let label = "expected a duration such as \"500ms\", \"5s\" or \"10m\"";
        diags.error(Diagnostic::error("Invalid duration").at(span).label(label));
    }
    found
}
