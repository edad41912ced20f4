//! The values of the language: cty's types and semantics, as Terraform 1.11 has them.
//!
//! A [`Value`] is its shape; sharing is by `Arc`, so a clone is cheap whatever the size. What is not known until
//! apply is [`Value::Unknown`] with its type and what can be said of it; what must not be shown is
//! [`Value::Marked`]. Both pass **one door**, [`lift`], before an operator's or function's body runs.

mod constraint;
mod convert;
mod data;
mod equality;
mod fields;
mod json;
mod lift;
mod marks;
mod number;
mod path;
mod refinement;
mod set;
mod show;
mod text;
mod types;
#[cfg(test)]
pub(crate) mod testing;

pub use constraint::{Constraint, Field};
pub use convert::{ConvertError, convert, mismatch_message, unify};
pub use data::{STACK_SIZE, Value};
pub use equality::equals;
pub use fields::Fields;
pub use json::{
    JsonError, MAX_DEPTH, Secrets, from_json_text, to_json, to_json_text, typed_from_json, typed_from_text,
    typed_to_json,
};
pub use lift::lift;
pub use marks::Marks;
pub use number::{Number, NumberError};
pub use path::{Path, PathStep, marked_paths, replace_at, transform, walk};
pub use refinement::Refinement;
pub use show::{console, go_quote, quote};
pub use text::{Str, graphemes};
pub use types::Type;
