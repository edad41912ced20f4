//! The same for machines, in Terraform's shapes, so that its tools work unchanged.
//!
//! Sensitive values are the string `"(sensitive)"` everywhere, but for [`outputs`] (that is what `output -json` is for) and where the
//! caller says `reveal`. Numbers that 64 bits cannot hold exactly are strings of their digits.

mod checks;
mod configuration;
mod diagnostic;
mod mask;
mod past;
mod plan;
mod relevant;
mod state;
mod stream;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::document as plan_document;

pub use diagnostic::{diagnostic, validate};
pub use past::{difference, history};
pub use plan::plan;
pub use state::{outputs, record, state};
pub use stream::{
    change_summary, diagnostic_message, event_message, outputs_message, planned_changes,
    planned_outputs_message, resource_drift, version_message,
};

use crate::value::Secrets;

fn secrets(reveal: bool) -> Secrets {
    if reveal { Secrets::Reveal } else { Secrets::Mask }
}
