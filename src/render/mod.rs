//! Plans, events and diagnostics as text or JSON; returns strings, prints nothing.
