//! An answer that refuses → [`Problem`], whatever its body looks like.

use super::{Problem, mapping};
use crate::kind::ErrorShape;
use crate::secret::Redactor;
use crate::value::Value;

/// Where most APIs say what is wrong, asked when neither kind nor provider tells.
const USUAL: [&str; 8] =
    ["message", "error.message", "error_description", "error", "detail", "reason", "title", "msg"];

/// How much of a body that is not JSON is shown.
const SHOWN: usize = 200;

/// Returns what the API says of a refusal. Secrets are taken out; a body that is not JSON (a proxy's page) is shown shortened.
pub(super) fn problem(shape: &ErrorShape, status: u16, body: &str, redactor: &Redactor) -> Problem {
    let json = mapping::json(body).ok();
    let text = |path: &[String]| {
        let found = json.as_ref().filter(|_| !path.is_empty()).and_then(|json| mapping::at(json, path))?;
        let text = match found {
            Value::String(text) => text.to_string(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        (!text.trim().is_empty()).then(|| redactor.redact(text.trim()).into_owned())
    };
    let usual = || USUAL.iter().find_map(|at| text(&at.split('.').map(str::to_owned).collect::<Vec<_>>()));
    let message = if shape.message.is_empty() { usual() } else { text(&shape.message) };
    let message = message.unwrap_or_else(|| redactor.redact(&shortened(body)).into_owned());
    Problem {
        status,
        message: if message.is_empty() { reason(status) } else { message },
        detail: text(&shape.detail),
        request_id: text(&shape.request_id),
    }
}

/// The body on one line, without the tags of a page, and not too long.
fn shortened(body: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for c in body.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                text.push(' ');
            }
            c if in_tag || (c.is_control() && !c.is_whitespace()) => {}
            c => text.push(c),
        }
    }
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What a bare status means.
fn reason(status: u16) -> String {
    let words = match status {
        400 => "the request was not understood",
        401 => "the credentials were not accepted",
        403 => "not allowed",
        404 => "not found",
        409 => "it exists already or is in use",
        429 => "too many requests",
        500..=599 => "the service failed",
        _ => "refused without a reason",
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_all_kinds_become_problems() {
        let path = |text: &str| vec![text.to_owned()];
        let shape = ErrorShape {
            message: path("message"),
            detail: path("providerMessage"),
            request_id: path("requestId"),
        };
        let redactor = Redactor::new();
        redactor.add("hunter2-hunter2");
        let cases = [
            (
                401,
                r#"{"requestId":"5b01","message":"Invalid credentials","providerMessage":"no such user"}"#,
                ("Invalid credentials", Some("no such user"), Some("5b01")),
            ),
            (
                400,
                r#"{"message":"bad password hunter2-hunter2"}"#,
                ("bad password (sensitive value)", None, None),
            ),
            (400, r#"{"message":7}"#, ("7", None, None)),
            (404, "", ("not found", None, None)),
            (502, "<html><h1>Bad\n Gateway</h1></html>", ("Bad Gateway", None, None)),
            (400, r#"["odd"]"#, (r#"["odd"]"#, None, None)),
        ];
        for (status, body, (message, detail, request_id)) in cases {
            let found = problem(&shape, status, body, &redactor);
            assert_eq!(found.message, message);
            assert_eq!(found.detail.as_deref(), detail);
            assert_eq!(found.request_id.as_deref(), request_id);
        }
        let long = problem(&shape, 500, &"é".repeat(1000), &redactor).message;
        assert_eq!(long.chars().count(), SHOWN + 1);
    }
}
