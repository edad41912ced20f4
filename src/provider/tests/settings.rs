//! What a provider block, the environment and the defaults make together.

use super::super::{ProviderSettings, Source, settings};
use super::value;
use crate::diag::{Diagnostic, Diagnostics, FileId, Span};
use crate::value::{Path, Type, Value};
use std::time::Duration;

fn read(provider: &str, given: &Value, env: &[(&str, &str)]) -> Result<ProviderSettings, Vec<Diagnostic>> {
    let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    let place = |_: &Path| Span::new(FileId(0), 1..2);
    let source = Source { place: &place, block: Some(Span::new(FileId(0), 0..1)), env: &env };
    let mut diags = Diagnostics::new();
    settings(provider, given, &source, &mut diags).map_err(|_| diags.take())
}

const SECRETS: [(&str, &str); 2] =
    [("CLOUD_ELEMENTS_USER_SECRET", "from-env"), ("CLOUD_ELEMENTS_ORGANIZATION_SECRET", "org-env")];

fn base_url(given: &str, env: &[(&str, &str)]) -> Result<String, String> {
    let env: Vec<_> = env.iter().chain(&SECRETS).copied().collect();
    let settings = read("cloudelements", &value(given), &env).expect("they are right");
    settings.endpoint().map(|endpoint| endpoint.base_url)
}

#[test]
fn the_address_may_have_the_apis_path_or_not() {
    let whole = "https://api.example.com/elements/api-v2";
    for given in [whole, "https://api.example.com", "https://api.example.com/", &format!("{whole}/")] {
        assert_eq!(base_url(&format!(r#"{{ base_url = "{given}" }}"#), &[]), Ok(whole.to_owned()));
    }
    let default = "https://api.cloud-elements.com/elements/api-v2";
    assert_eq!(base_url("{}", &[]), Ok(default.to_owned()));
    let env = [("CLOUD_ELEMENTS_BASE_URL", "http://localhost:8080")];
    let local = "http://localhost:8080/elements/api-v2";
    assert_eq!(base_url("{ base_url = null }", &env), Ok(local.to_owned()));
    assert_eq!(base_url(&format!(r#"{{ base_url = "{whole}" }}"#), &env), Ok(whole.to_owned()));
    for wrong in ["api.example.com", "ftp://x", "https:///x"] {
        assert!(base_url(&format!(r#"{{ base_url = "{wrong}" }}"#), &[]).is_err(), "{wrong}");
    }
}

#[test]
fn secrets_come_from_the_block_or_the_environment() {
    let given = value(r#"{ user_secret = "from-block" }"#);
    let settings = read("cloudelements", &given, &SECRETS).expect("they are right");
    let endpoint = settings.endpoint().expect("it has an address");
    let header = ("Authorization".to_owned(), "User from-block, Organization org-env".to_owned());
    assert_eq!(endpoint.headers, [header]);
    assert_eq!(settings.secrets(), ["org-env", "from-block"]);
    assert!(settings.arguments.get_attr("user_secret").expect("it is there").is_sensitive());
}

#[test]
fn missing_secrets_name_argument_and_variable() {
    let found = read("cloudelements", &value("{}"), &[]).expect_err("nothing is there");
    let said: Vec<_> =
        found.iter().map(|d| (d.summary.as_str(), d.label.as_str(), d.help[0].as_str())).collect();
    assert_eq!(
        said,
        [
            (
                "Missing required argument",
                "provider `cloudelements` needs `organization_secret`",
                "set `organization_secret` in `provider \"cloudelements\"`, or CLOUD_ELEMENTS_ORGANIZATION_SECRET in the environment",
            ),
            (
                "Missing required argument",
                "provider `cloudelements` needs `user_secret`",
                "set `user_secret` in `provider \"cloudelements\"`, or CLOUD_ELEMENTS_USER_SECRET in the environment",
            ),
        ]
    );
}

#[test]
fn the_emulator_accepts_any_secrets() {
    let settings =
        read("cloudelements", &value(r#"{ base_url = "emulator" }"#), &[]).expect("they are right");
    assert!(settings.is_emulated());
    let started = settings.at("http://127.0.0.1:4711");
    assert!(!started.is_emulated());
    let endpoint = started.endpoint().expect("it has an address");
    assert_eq!(endpoint.base_url, "http://127.0.0.1:4711/elements/api-v2");
}

#[test]
fn what_every_provider_takes_is_read() {
    let given = value(r#"{ max_requests_per_second = "2.5", marker = "none", settle = "1m" }"#);
    let settings = read("cloudelements", &given, &SECRETS).expect("they are right");
    assert_eq!(settings.max_requests_per_second, Some(2.5));
    assert!(!settings.marker);
    assert_eq!(settings.settle, Duration::from_secs(60));
    let settings = read("cloudelements", &value("{}"), &SECRETS).expect("they are right");
    assert_eq!((settings.max_requests_per_second, settings.marker), (None, true));
    assert_eq!(settings.settle, Duration::from_secs(5));
}

#[test]
fn mistakes_are_reported_together() {
    let cases = [
        (
            r#"{ user_secrt = "x" }"#,
            "provider `cloudelements` has no argument `user_secrt`; did you mean `user_secret`?",
        ),
        (r#"{ base_url = ["x"] }"#, "string required"),
        (r#"{ max_requests_per_second = 0 }"#, "expected a number above 0"),
        (r#"{ max_requests_per_second = "fast" }"#, "a number is required"),
        (r#"{ marker = "yes" }"#, "expected \"tag\" or \"none\""),
        (r#"{ settle = "soon" }"#, "expected a duration such as \"5s\" or \"1m\""),
    ];
    for (given, label) in cases {
        let found = read("cloudelements", &value(given), &SECRETS).expect_err(given);
        assert_eq!(found.iter().map(|d| d.label.as_str()).collect::<Vec<_>>(), [label], "{given}");
    }
    let unknown = Value::object([("base_url".into(), Value::unknown(Type::String))].into());
    let found = read("cloudelements", &unknown, &SECRETS).expect_err("it is not known");
    assert_eq!(found[0].label, "known only after apply, but reading the objects needs it now");
    let found = read("cloudelement", &value("{}"), &[]).expect_err("there is none");
    assert_eq!(found[0].label, "there is no provider `cloudelement`; did you mean `cloudelements`?");
}
