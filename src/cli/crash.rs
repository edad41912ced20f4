//! A bug that ends the program: said as such, through the redactor.

use crate::secret::Redactor;
use std::panic::PanicHookInfo;

/// Says what a panic says, from here on, without what is secret.
pub fn watch(redactor: Redactor) {
    std::panic::set_hook(Box::new(move |info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("{}", said(message(info), &place, &redactor));
    }));
}

fn message<'i>(info: &'i PanicHookInfo<'_>) -> &'i str {
    let payload = info.payload();
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("it does not say why")
}

fn said(message: &str, place: &str, redactor: &Redactor) -> String {
    let text = format!(
        "Error: Isotope crashed\n  {message}\n  at {place}\n  help: this is a bug, please report it; the next run settles what was in flight"
    );
    redactor.redact(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_shows_no_secret() {
        let redactor = Redactor::new();
        redactor.add("s3cret-in-a-panic");
        let text = said("index out of bounds: \"s3cret-in-a-panic\"", "src/x.rs:1:2", &redactor);
        assert!(text.contains("index out of bounds") && text.contains("src/x.rs:1:2"), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}
