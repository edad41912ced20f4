use super::*;
use crate::kind::catalogue::Catalogue;

#[tokio::test]
async fn the_catalogue_is_read_by_key_and_by_number() {
    let api = api().await;
    api.check(&[
        (
            "GET /elements/freshdesk",
            Value::Null,
            200,
            json!({ "key": "freshdesk", "id": 144, "authentication": { "type": "basic" } }),
        ),
        ("GET /elements/144", Value::Null, 200, json!({ "key": "freshdesk" })),
        ("GET /elements/nosuch", Value::Null, 404, json!({ "message": "No element found" })),
        ("GET /elements/nosuch/configuration", Value::Null, 404, json!({})),
        (
            "GET /elements/zendesk/oauth/url?apiKey=a&apiSecret=b&callbackUrl=c",
            Value::Null,
            200,
            json!({ "element": "zendesk", "oauthUrl": "https://" }),
        ),
        (
            "GET /elements/zendesk/oauth/url?apiKey=a",
            Value::Null,
            400,
            json!({ "message": "apiSecret, callbackUrl" }),
        ),
        ("GET /elements/zendesk/oauth/token", Value::Null, 400, json!({ "message": "OAuth 1" })),
        ("GET /elements?where=key%20like%20'x'", Value::Null, 400, json!({ "message": "where" })),
        ("GET /elements?where=key='none'", Value::Null, 404, json!({ "message": "No elements found" })),
    ])
    .await;
    let entries = api.call("GET /elements/freshdesk/configuration", None).await.body;
    let password = entries.as_array().unwrap().iter().find(|entry| entry["key"] == "password").unwrap();
    assert!(contains(password, &json!({ "type": "PASSWORD", "required": true, "hideFromConsole": false })));
}

#[tokio::test]
async fn elements_are_listed_in_pages() {
    let api = api().await;
    let keys = api.call("GET /elements/keys", None).await;
    assert_eq!(keys.body.as_array().unwrap().len(), 164);
    assert_eq!(keys.header("elements-next-page-token"), None);
    let first = api.call("GET /elements?pageSize=100&abridged=true", None).await;
    assert!(first.body[0].get("configuration").is_none());
    let token = first.header("elements-next-page-token").unwrap();
    let second = api.call(&format!("GET /elements?nextPage={token}"), None).await;
    assert_eq!(second.body.as_array().unwrap().len(), 64);
    let two = api.call("GET /elements?where=key%20in%20('zendesk',%20'freshdesk')", None).await;
    assert_eq!(two.header("elements-total-count"), Some("2"));
}

#[tokio::test]
async fn the_listing_carries_what_the_catalogue_learns_from_an_account() {
    let answer = api().await.call("GET /elements", None).await.body;
    let learned = Catalogue::default().with_answer(&answer);
    let builtin = Catalogue::builtin();
    assert_eq!(learned.elements().len(), builtin.elements().len());
    for element in builtin.elements() {
        let other = learned.element(&element.key).unwrap();
        let missing = |element: &crate::kind::catalogue::Element| -> Vec<String> {
            element.missing(&Default::default()).required.iter().map(|entry| entry.key.clone()).collect()
        };
        assert_eq!((other.auth, missing(other)), (element.auth, missing(element)), "{}", element.key);
    }
}
