//! Plan, Event, Diagnostic → text for people or JSON for machines. Returns strings, prints nothing, decides nothing.
//!
//! Texts end without a line break, except [`diagnostics`]. Everything reads well without colour; nothing here puts a sensitive value into
//! any text. Numbers in JSON are numbers while 64-bit integers or floats hold them exactly, otherwise strings of their digits.

mod diagnostic;
mod event;
pub mod graph;
pub mod json;
mod outcome;
mod outputs;
mod paint;
mod past;
mod plan;
mod progress;
mod record;
mod rows;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod testing;
mod unified;
mod value;

pub use diagnostic::{diagnostics, error_count};
pub use event::event;
pub use outcome::outcome;
pub use outputs::outputs;
pub use paint::{columns, count};
pub use past::{difference, history};
pub use plan::{Detail, LONGEST, markdown, plan};
pub use progress::{Progress, reading};
pub use record::{record, state};
pub use unified::unified;

/// How a text may look.
#[derive(Clone, Debug, Default)]
pub struct Style {
    pub color: bool,
    /// A terminal's width in columns; `None`: never wrap.
    pub width: Option<usize>,
}
