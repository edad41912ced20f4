use std::collections::BTreeSet;

use serde_json::json;

use super::*;

fn element(key: &str) -> &'static Element {
    Catalogue::builtin().element(key).unwrap_or_else(|| panic!("no element {key}"))
}

fn keys(entries: &[&Entry]) -> Vec<String> {
    entries.iter().map(|entry| entry.key.clone()).collect()
}

#[test]
fn the_table_is_whole() {
    let catalogue = Catalogue::builtin();
    let entries: Vec<_> = catalogue.elements().flat_map(|element| &element.entries).collect();
    let count = |required| entries.iter().filter(|entry| entry.required == required).count();
    assert_eq!(catalogue.elements().len(), 164);
    assert_eq!(entries.len(), 1802);
    assert_eq!(entries.iter().filter(|entry| entry.secret).count(), 402);
    assert_eq!([count(Required::Yes), count(Required::No)], [22, 138]);
    assert_eq!(catalogue.elements().filter(|element| element.auth == Auth::OAuth2).count(), 70);
    for element in catalogue.elements() {
        let distinct: BTreeSet<_> = element.entries.iter().map(|entry| &entry.key).collect();
        assert_eq!(distinct.len(), element.entries.len(), "{} has an entry twice", element.key);
        assert!(!element.name.is_empty(), "{} has no name", element.key);
    }
    for entry in entries.into_iter().chain(catalogue.common()) {
        assert!(!entry.key.contains(char::is_whitespace) && !entry.key.is_empty(), "{entry:?}");
        assert!(entry.default.as_deref().is_none_or(|text| entry.ty.admits(text)), "{entry:?}");
        assert!(entry.label.as_deref().is_none_or(|text| text == text.trim()), "{entry:?}");
    }
}

#[test]
fn missing_entries_are_told_apart_by_certainty() {
    let freshdesk = element("freshdesk");
    let missing = freshdesk.missing(&BTreeSet::from(["username"]));
    assert_eq!(keys(&missing.required), ["password", "subdomain"]);
    assert!(missing.likely.is_empty());
    let zendesk = element("zendesk").missing(&BTreeSet::from(["oauth.api.key", "oauth.api.secret"]));
    assert!(zendesk.required.is_empty());
    assert_eq!(keys(&zendesk.likely), ["oauth.callback.url", "zendesk.subdomain"]);
}

#[test]
fn common_keys_are_known_and_typing_errors_are_not() {
    let catalogue = Catalogue::builtin();
    let cases = [
        ("subdomain", true, None),
        ("subdomian", false, Some("subdomain")),
        ("event.notification.enabled", true, None),
        ("event.notification.enabld", false, Some("event.notification.enabled")),
        ("event.something.else.entirely", true, None),
        ("filter.response.nulls", true, None),
        ("aws.region", true, None),
        ("colour", false, None),
    ];
    for (key, known, near) in cases {
        assert_eq!(catalogue.knows(element("freshdesk"), key), known, "{key}");
        if !known {
            assert_eq!(catalogue.near_entry(element("freshdesk"), key), near, "{key}");
        }
    }
    assert_eq!(catalogue.near("freshdsk"), Some("freshdesk"));
    assert_eq!(catalogue.near("something-of-our-own"), None);
}

#[test]
fn elements_are_found_by_alias_and_by_name_only() {
    let catalogue = Catalogue::builtin();
    assert_eq!(element("basecrm").key, "base");
    assert!(catalogue.element("woocommerce").is_none() && catalogue.mentions("woocommerce"));
    assert!(!catalogue.mentions("nosuchelement"));
}

#[test]
fn secret_keys_agree_with_the_expression() {
    let expression = regex::Regex::new("(?i)passw|secret|token|(api|private|signature)[._-]?key").unwrap();
    let mut samples: Vec<String> = [
        "",
        "key",
        "x.apikey",
        "API_Key",
        "api--key",
        "apikeykey",
        "mykey.api-key",
        "pasſword",
        "toKen",
        "ap\u{130}key",
    ]
    .map(str::to_owned)
    .to_vec();
    samples.extend(Catalogue::builtin().elements().flat_map(|e| &e.entries).map(|entry| entry.key.clone()));
    for sample in samples {
        assert_eq!(is_secret_key(&sample), expression.is_match(&sample), "{sample}");
    }
}

#[test]
fn secrets_come_from_the_table_or_from_the_key() {
    let catalogue = Catalogue::builtin();
    assert!(catalogue.is_secret(Some(element("freshdesk")), "password"));
    assert!(!catalogue.is_secret(Some(element("freshdesk")), "username"));
    assert!(catalogue.is_secret(None, "my.api-key"));
    assert!(!catalogue.is_secret(None, "base.url"));
    assert!(catalogue.is_secret(Some(element("freshdesk")), "event.notification.signature.key"));
}

#[test]
fn only_browser_logins_need_provider_data() {
    let cases = [
        ("freshdesk", None, false),
        ("zendesk", None, true),
        ("hubspot", Some("apiKey"), false),
        ("hubspot", None, true),
        ("sugarcrmv2", None, false),
        ("quickbooks", Some("oauth2"), true),
    ];
    for (key, variant, expected) in cases {
        assert_eq!(element(key).needs_login(variant), expected, "{key}");
    }
}

#[test]
fn login_steps_name_every_parameter() {
    assert!(element("freshdesk").login_steps().is_empty());
    let zendesk = element("zendesk").login_steps();
    assert_eq!(zendesk.len(), 3);
    assert!(zendesk[0].contains("/elements/zendesk/oauth/url?") && zendesk[0].contains("&siteAddress=…"));
    assert!(zendesk[2].contains("provider_data = { code = \"…\" }"));
    let oauth1 = element("quickbooks").login_steps();
    assert!(oauth1[0].contains("/oauth/token?") && oauth1[1].contains("&requestToken=…"));
    assert_eq!(oauth1[1].matches("requestToken").count(), 1);
}

#[test]
fn types_admit_the_text_of_their_values() {
    let cases = [
        (EntryType::Boolean, "true", true),
        (EntryType::Boolean, "yes", false),
        (EntryType::Number, "15", true),
        (EntryType::Number, "inf", false),
        (EntryType::Number, "soon", false),
        (EntryType::Json, "{\"a\":1}", true),
        (EntryType::Json, "{a:1}", false),
        (EntryType::Any, "", true),
    ];
    for (ty, text, expected) in cases {
        assert_eq!(ty.admits(text), expected, "{ty:?} {text}");
    }
}

#[test]
fn an_accounts_own_answer_makes_requirements_certain() {
    let answer = json!([
        { "key": "zendesk", "name": "Zendesk", "authentication": { "type": "oauth2" }, "configuration": [
            { "key": "zendesk.subdomain", "name": "Subdomain", "type": "TEXTFIELD_32", "required": true },
            { "key": "base.url", "type": "TEXTFIELD_1000", "required": true, "hideFromConsole": true },
            { "key": "page", "type": "TEXTFIELD_32", "required": true, "defaultValue": "10" },
            { "key": "hush", "type": "PASSWORD", "required": false },
        ] },
        { "key": "ours", "name": "Our own", "configuration": [] },
        "noise",
    ]);
    let merged = Catalogue::builtin().with_answer(&answer);
    let zendesk = merged.element("zendesk").unwrap();
    assert_eq!(keys(&zendesk.missing(&BTreeSet::new()).required), ["zendesk.subdomain"]);
    assert_eq!(zendesk.provider_data, ["code"]);
    assert!(zendesk.entry("hush").unwrap().secret);
    assert!(merged.mentions("ours"));
    assert_eq!(merged.elements().len(), 165);
}
