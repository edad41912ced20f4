use std::collections::BTreeSet;

use super::*;

#[tokio::test]
async fn creating_answers_the_whole_instance_masked() {
    let api = api().await;
    let mut body = freshdesk("support-eu");
    body["tags"] = json!(["team", "blue", "team", "isotope:1:2"]);
    body["configuration"]["event.notification.enabled"] = json!(true);
    body["configuration"]["event.poller.refresh_interval"] = json!(30);
    body["configuration"]["event.poller.configuration"] = json!({ "contacts": { "url": "/x" } });
    body["configuration"]["something.new"] = json!("kept");
    body["configuration"]["username.nothing"] = json!(null);
    body["retrieveObjectsAfterInstantiation"] = json!(true);
    body["providerData"] = json!({ "code": "one-time" });
    let reply = api.call("POST /instances", body).await;
    assert_eq!(reply.status, 200);
    let expected = json!({
        "id": 1001, "name": "support-eu", "valid": true, "disabled": false, "eventsEnabled": true,
        "element": { "key": "freshdesk", "id": 144, "hub": "helpdesk" }, "elementId": 144,
        "externalAuthentication": "none", "provisionInteractions": [], "objects": [],
        "user": { "id": 1 },
        "configuration": {
            "username": "ops@example.com", "password": "********", "subdomain": "acme",
            "event.notification.enabled": "true", "event.poller.refresh_interval": "30",
            "event.poller.configuration": "{\"contacts\":{\"url\":\"/x\"}}",
            "something.new": "kept", "base.url": "https://{subdomain}.freshdesk.com",
            "pagination.max": "30", "filter.response.nulls": "true",
        },
    });
    assert!(contains(&reply.body, &expected), "{}", reply.body);
    assert!(reply.body["configuration"].get("username.nothing").is_none());
    let created = reply.body["createdDate"].as_str().unwrap();
    assert!(created.len() == 20 && created.ends_with('Z'), "{created}");
    assert_eq!(reply.body["token"].as_str().unwrap().len(), 44);
    let tags: BTreeSet<_> =
        reply.body["tags"].as_array().unwrap().iter().map(|t| t.as_str().unwrap()).collect();
    assert_eq!(tags, BTreeSet::from(["blue", "isotope:1:2", "team"]));
    assert_eq!(reply.body["tags"].as_array().unwrap().len(), 3);
    let text = reply.body.to_string() + &api.running.dump().to_string();
    assert!(!text.contains("s3cret") && !text.contains("one-time"), "{text}");
    assert_eq!(reply.header("elements-request-id").unwrap().len(), 24);
}

#[tokio::test]
async fn unset_entries_are_null_and_absent_tags_are_the_name() {
    let api = api().await;
    let mut body = freshdesk("<b>Support</b> EU");
    body["element"] = json!({ "key": "autotaskhelpdesk" });
    body["configuration"] = json!({ "helpdesk.autotask.username": "u", "helpdesk.autotask.password": "p",
        "helpdesk.autotask.server.url": "https://x" });
    let reply = api.call("POST /instances", body).await;
    assert_eq!((&reply.body["name"], &reply.body["tags"]), (&json!("Support EU"), &json!(["Support EU"])));
    assert_eq!(reply.body["configuration"]["event.notification.callback.url"], Value::Null);
    assert_eq!(reply.body["configuration"]["event.notification.enabled"], "false");
}

#[tokio::test]
async fn creation_is_refused_with_reasons() {
    let without = |field: &str| {
        let mut body = freshdesk("x");
        body.as_object_mut().unwrap().remove(field);
        body
    };
    let with = |field: &str, value: Value| {
        let mut body = freshdesk("x");
        body[field] = value;
        body
    };
    let zendesk = json!({ "element": { "key": "zendesk" }, "name": "z", "configuration": {} });
    let mut with_tokens = zendesk.clone();
    with_tokens["externalAuthentication"] = json!("initial");
    with_tokens["configuration"] = json!({ "oauth.user.refresh_token": "r" });
    let mut with_code = zendesk.clone();
    with_code["providerData"] = json!({ "code": "c" });
    let message = |text: &str| json!({ "message": text });
    api()
        .await
        .check(&[
            ("POST /instances", without("name"), 400, message("name")),
            ("POST /instances", with("name", json!("  ")), 400, message("name")),
            ("POST /instances", with("name", json!(7)), 400, message("name must be a string")),
            ("POST /instances", without("element"), 400, message("element.key")),
            ("POST /instances", with("element", json!({})), 400, message("key or an ID")),
            ("POST /instances", with("element", json!({"key": "nosuch"})), 404, message("No element found")),
            ("POST /instances", with("tags", json!("one")), 400, message("tags must be a list")),
            ("POST /instances", with("tags", json!([1])), 400, message("tags must be a list")),
            ("POST /instances", with("configuration", json!([])), 400, message("must be an object")),
            ("POST /instances", without("configuration"), 400, message("username, password, subdomain")),
            (
                "POST /instances",
                with("configuration", json!({"username": "u", "password": null, "subdomain": ""})),
                400,
                message("configuration: password, subdomain"),
            ),
            (
                "POST /instances",
                with("configuration", json!({"username": "u", "password": "wrong", "subdomain": "s"})),
                401,
                json!({ "providerMessage": "Invalid", "message": "Freshdesk" }),
            ),
            ("POST /instances", json!([]), 400, message("JSON object")),
            ("POST /instances", zendesk, 400, message("OAuth code")),
            ("GET /instances", Value::Null, 404, message("No element instances found")),
            ("POST /instances", with_tokens, 200, json!({ "externalAuthentication": "initial" })),
            (
                "POST /instances",
                with_code,
                200,
                json!({ "id": 1002, "configuration": { "oauth.callback.url": null } }),
            ),
            (
                "POST /elements/freshdesk/instances",
                without("element"),
                200,
                json!({ "element": { "key": "freshdesk" } }),
            ),
            ("POST /instances", with("element", json!({"id": 144})), 200, json!({ "elementId": 144 })),
        ])
        .await;
}

#[tokio::test]
async fn credentials_and_media_types_are_checked() {
    let api = api_with(Options { accept: Some(("me".into(), "us".into())), ..options() }).await;
    let cases = [
        ("Organization us,User me", "*/*", "application/json", 404),
        ("User me, Organization us, Element x", "application/json", "application/json", 404),
        ("user me, ORGANIZATION us", "text/html, application/*;q=0.5", "application/json", 404),
        ("User me", "*/*", "application/json", 401),
        ("User me, Organization", "*/*", "application/json", 401),
        ("User me, Organization other", "*/*", "application/json", 401),
        ("Bearer me", "*/*", "application/json", 401),
        ("", "*/*", "application/json", 401),
        ("User me, Organization us", "text/html", "application/json", 406),
        ("User me, Organization us", "*/*", "text/plain", 415),
        ("User me, Organization us", "*/*", "application/json; charset=utf-8", 404),
    ];
    for (authorization, accept, content_type, status) in cases {
        let body = json!({ "name": "x", "element": { "key": "nosuch" } }).to_string();
        let url = format!("{}/instances", api.running.base_url());
        let request = api.client.post(url).header("Authorization", authorization).header("Accept", accept);
        let reply = read(request.header("Content-Type", content_type).body(body).send().await.unwrap()).await;
        assert_eq!(reply.status, status, "{authorization} {accept} {content_type}: {}", reply.body);
        assert_eq!(reply.body["requestId"].as_str().unwrap().len(), 24);
    }
}

#[tokio::test]
async fn any_secrets_are_taken_but_an_invalid_one() {
    let api = api().await;
    let send = |authorization: &'static str| {
        let url = format!("{}/elements/keys", api.running.base_url());
        let request = api.client.get(url).header("Authorization", authorization);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(send("User a/b+c==, Organization d").await, 200);
    assert_eq!(send("User invalid, Organization d").await, 401);
}

#[tokio::test]
async fn broken_requests_are_refused() {
    let api = api().await;
    let raw = api.request("POST /instances").header("Content-Type", "application/json").body("{\"name\":");
    let reply = read(raw.send().await.unwrap()).await;
    assert_eq!((reply.status, reply.message().contains("not valid JSON")), (400, true));
    let outside =
        api.client.get(format!("http://{}/other", api.running.address)).header("Authorization", USER);
    assert_eq!(outside.send().await.unwrap().status(), 404);
    api.create("x").await;
    for (line, status) in [
        ("PUT /instances/count", 405),
        ("POST /instances/1001", 405),
        ("POST /instances/1001/enabled", 405),
        ("DELETE /instances/1001/configuration", 405),
        ("PATCH /elements/freshdesk/instances/1001", 405),
        ("POST /elements", 405),
        ("GET /instances/1001/nothing", 404),
        ("GET /instances/7", 404),
        ("GET /instances/abc", 404),
        ("GET /elements/zendesk/instances/1001", 404),
        ("GET /elements/zendesk/instances", 404),
        ("GET /elements/nosuch/instances", 404),
        ("GET /nothing", 404),
        ("GET /instances?pageSize=none", 400),
        ("GET /instances?pageSize=0", 400),
        ("GET /instances?nextPage=none", 400),
        ("PUT /instances", 401),
        ("DELETE /instances", 401),
        ("GET /instances/configuration", 401),
    ] {
        let reply = api.call(line, None).await;
        assert_eq!(reply.status, status, "{line}: {}", reply.body);
        assert!(reply.message().len() > 5 && reply.body["requestId"].is_string(), "{line}");
    }
}

#[tokio::test]
async fn patch_merges_and_put_replaces() {
    let api = api().await;
    let first = api.create("a").await;
    let path = format!("/instances/{}", first.id());
    let patch = format!("PATCH {path}");
    let put = format!("PUT {path}");
    let extra = json!({ "configuration": { "pagination.max": 50, "event.notification.enabled": true } });
    let mut whole = freshdesk("b");
    whole["configuration"]["password"] = json!("********");
    let mut lacking = freshdesk("b");
    lacking["configuration"].as_object_mut().unwrap().remove("password");
    let digest = || api.running.dump()["instances"][0]["configuration"]["password"].clone();
    let secret = digest();
    api.check(&[
        (
            &patch,
            extra,
            200,
            json!({ "name": "a", "configuration": { "pagination.max": "50", "subdomain": "acme" } }),
        ),
        (&patch, json!({ "tags": [] }), 200, json!({ "tags": [], "eventsEnabled": true })),
        (&patch, json!({ "name": "<i>n</i>" }), 200, json!({ "name": "n", "tags": [] })),
        (
            &patch,
            json!({ "configuration": { "pagination.max": null } }),
            200,
            json!({ "configuration": { "pagination.max": "30" } }),
        ),
        (&patch, json!({ "configuration": { "subdomain": null } }), 400, json!({ "message": "subdomain" })),
        (&patch, json!({ "name": "" }), 400, json!({ "message": "name" })),
        (&patch, json!({ "element": { "key": "zendesk" } }), 400, json!({ "message": "element" })),
        (
            &patch,
            json!({ "element": { "id": 144 }, "configuration": { "password": "wrong" } }),
            401,
            json!({ "providerMessage": "I" }),
        ),
        (&put, json!({ "name": "b" }), 400, json!({ "message": "username, password, subdomain" })),
        (&put, lacking.clone(), 400, json!({ "message": "configuration: password" })),
        (
            &put,
            whole,
            200,
            json!({ "name": "b", "eventsEnabled": false, "configuration": { "password": "********" } }),
        ),
        (&format!("{put}?reAuthenticate=false"), lacking, 200, json!({ "name": "b", "tags": [] })),
    ])
    .await;
    assert_eq!(digest(), secret, "a mask and a secret left out keep the secret");
    assert_eq!(api.call(&patch, json!({ "configuration": { "password": "new" } })).await.status, 200);
    assert_ne!(digest(), secret);
    let now = api.call(&format!("GET {path}"), None).await.body;
    assert_eq!(now["token"], first.body["token"], "the token outlives changes");
    assert!(now["updatedDate"].is_string() && now["createdDate"] == first.body["createdDate"]);
}

#[tokio::test]
async fn quirks_turn_the_guesses_round() {
    let quirks = Quirks { put_merges: true, masks_overwrite: true, tags_any: true };
    let api = api_with(Options { quirks, ..options() }).await;
    let mut body = freshdesk("a");
    body["tags"] = json!(["one"]);
    api.call("POST /instances", body.clone()).await;
    body["tags"] = json!(["two"]);
    api.call("POST /instances", body).await;
    let digest = || api.running.dump()["instances"][0]["configuration"]["password"].clone();
    let secret = digest();
    let both = api.call("GET /instances?tags[]=one&tags[]=two", None).await;
    assert_eq!(both.header("elements-total-count"), Some("2"));
    api.check(&[(
        "PUT /instances/1001",
        json!({ "name": "b" }),
        200,
        json!({ "configuration": { "subdomain": "acme" } }),
    )])
    .await;
    assert_eq!(digest(), secret);
    let masked = json!({ "configuration": { "password": "********" } });
    assert_eq!(api.call("PATCH /instances/1001", masked).await.status, 200);
    assert_ne!(digest(), secret);
}

#[tokio::test]
async fn an_oauth_grant_is_renewed_only_with_a_code() {
    let api = api().await;
    let body = json!({ "element": { "key": "zendesk" }, "name": "z", "providerData": { "code": "c" } });
    let created = api.call("POST /instances", body.clone()).await;
    let put = format!("PUT /instances/{}", created.id());
    let without = json!({ "name": "z", "configuration": {} });
    api.check(&[
        (&put, without.clone(), 200, json!({ "name": "z" })),
        (&format!("{put}?reAuthenticate=true"), without, 400, json!({ "message": "OAuth code" })),
        (&format!("{put}?reAuthenticate=true"), body, 200, json!({ "name": "z" })),
    ])
    .await;
}

#[tokio::test]
async fn switches_toggle_and_deletion_is_final() {
    let api = api().await;
    api.create("a").await;
    let shown = |disabled, trace| json!({ "disabled": disabled, "traceLoggingEnabled": trace });
    api.check(&[
        ("DELETE /instances/1001/enabled", Value::Null, 200, json!("")),
        ("DELETE /instances/1001/enabled", Value::Null, 200, json!("")),
        ("PUT /instances/1001/trace-logging?duration=5", Value::Null, 200, json!("")),
        ("GET /instances/1001", Value::Null, 200, shown(true, true)),
        ("PUT /instances/1001/enabled", Value::Null, 200, json!("")),
        ("DELETE /instances/1001/trace-logging", Value::Null, 200, json!("")),
        ("GET /instances/1001", Value::Null, 200, shown(false, false)),
        ("DELETE /instances/1001", Value::Null, 200, json!("")),
        ("DELETE /instances/1001", Value::Null, 404, json!({ "message": "1001" })),
        ("GET /instances/1001", Value::Null, 404, json!({})),
        ("PATCH /instances/1001", json!({}), 404, json!({})),
        ("POST /instances", freshdesk("a"), 200, json!({ "id": 1002 })),
        ("DELETE /elements/freshdesk/instances/1002", Value::Null, 200, json!("")),
    ])
    .await;
}

#[tokio::test]
async fn the_token_addresses_its_instance() {
    let api = api().await;
    let created = api.create("a").await;
    api.create("b").await;
    let token = created.body["token"].as_str().unwrap();
    let send = async |line: &str, body: Option<Value>| {
        let authorization = format!("Element {token}, {USER}");
        let (client, request) = api.request_with(line, body).build_split();
        let mut request = request.unwrap();
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
        read(client.execute(request).await.unwrap()).await
    };
    assert_eq!(send("GET /instances", None).await.id(), 1001);
    assert_eq!(send("PATCH /instances", Some(json!({ "name": "c" }))).await.body["name"], "c");
    assert_eq!(send("PUT /instances", Some(freshdesk("d"))).await.body["name"], "d");
    assert!(send("GET /instances/configuration", None).await.body.is_array());
    assert_eq!(send("DELETE /instances/enabled", None).await.status, 200);
    assert_eq!(send("GET /instances/1002", None).await.id(), 1002, "an id counts more than a stray token");
    assert_eq!(send("DELETE /instances", None).await.status, 200);
    assert_eq!(send("GET /instances", None).await.status, 401, "the token died with its instance");
    assert_eq!(api.running.dump()["instances"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn configuration_entries_are_read_and_changed_one_by_one() {
    let api = api().await;
    api.create("a").await;
    let list = api.call("GET /instances/1001/configuration", None).await.body;
    let number = |key: &str| {
        let entry = list.as_array().unwrap().iter().find(|entry| entry["key"] == key).unwrap();
        entry["id"].as_u64().unwrap()
    };
    let line = |verb: &str, key: &str| format!("{verb} /instances/1001/configuration/{}", number(key));
    let value = |value: Value| json!({ "propertyValue": value });
    let password =
        json!({ "key": "password", "type": "PASSWORD", "propertyValue": "********", "required": true });
    api.check(&[
        (&line("GET", "password"), Value::Null, 200, password),
        (&line("GET", "base.url"), Value::Null, 200, json!({ "hideFromConsole": true })),
        (&line("PATCH", "subdomain"), value(json!("new")), 200, value(json!("new"))),
        (&line("PATCH", "event.notification.enabled"), value(json!(true)), 200, value(json!("true"))),
        (&line("PATCH", "password"), value(json!("wrong")), 401, json!({ "providerMessage": "Invalid" })),
        (&line("PATCH", "subdomain"), json!({}), 400, json!({ "message": "propertyValue" })),
        (
            "GET /instances/1001",
            Value::Null,
            200,
            json!({ "configuration": { "subdomain": "new" }, "eventsEnabled": true }),
        ),
        ("GET /instances/1001/configuration/1", Value::Null, 404, json!({ "message": "No configuration" })),
        ("GET /instances/1001/configuration/x", Value::Null, 404, json!({})),
        ("GET /instances/7/configuration", Value::Null, 404, json!({})),
    ])
    .await;
}

/// Follows the cursors of a list and returns every page's ids.
async fn pages(api: &Api, path: &str) -> Vec<Vec<u64>> {
    let (mut pages, mut token) = (Vec::new(), String::new());
    loop {
        let reply = api.call(&format!("GET {path}&nextPage={token}"), None).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let ids: Vec<_> = reply.body.as_array().unwrap().iter().map(|i| i["id"].as_u64().unwrap()).collect();
        assert_eq!(reply.header("elements-returned-count"), Some(ids.len().to_string().as_str()));
        pages.push(ids);
        match reply.header("elements-next-page-token") {
            Some(next) => token = next.to_owned(),
            None => return pages,
        }
    }
}

#[tokio::test]
async fn lists_come_in_pages_and_in_no_order_of_ids() {
    let api = api().await;
    let objects: Vec<_> =
        (0..450).map(|n| json!({ "element": "freshdesk", "name": format!("n{n}") })).collect();
    api.running.load(&json!({ "instances": objects })).await.unwrap();
    let all = pages(&api, "/instances?pageSize=1000").await;
    assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [200, 200, 50]);
    let flat: Vec<_> = all.into_iter().flatten().collect();
    assert!(!flat.is_sorted() && flat.iter().collect::<BTreeSet<_>>().len() == 450);
    let narrowed = pages(&api, "/instances?pageSize=7&searchText=n44").await.concat();
    assert_eq!(BTreeSet::from_iter(narrowed), BTreeSet::from_iter([1045].into_iter().chain(1441..=1450)));
    let nested = pages(&api, "/elements/144/instances?pageSize=100").await;
    assert_eq!(nested.len(), 5);
}

#[tokio::test]
async fn a_cursor_survives_deletion_of_what_it_points_at() {
    let api = api().await;
    for name in ["a", "b", "c", "d", "e"] {
        api.create(name).await;
    }
    let first = api.call("GET /instances?pageSize=2", None).await;
    let ids: Vec<_> = first.body.as_array().unwrap().iter().map(|i| i["id"].as_u64().unwrap()).collect();
    for id in &ids {
        api.call(&format!("DELETE /instances/{id}"), None).await;
    }
    let token = first.header("elements-next-page-token").unwrap();
    let rest = api.call(&format!("GET /instances?nextPage={token}"), None).await;
    assert_eq!(rest.body.as_array().unwrap().len(), 3);
    assert_eq!(rest.header("elements-total-count"), Some("3"));
}

#[tokio::test]
async fn searches_narrow_by_whole_tags_and_by_part_of_the_name() {
    let api = api().await;
    let seed = |name: &str, tags: &[&str]| json!({ "element": "freshdesk", "name": name, "tags": tags });
    let seeds = [seed("alpha", &["x", "y"]), seed("beta", &["x"]), seed("alphabet", &["xy"])];
    api.running.load(&json!({ "instances": seeds })).await.unwrap();
    api.call("PATCH /instances/1002", json!({ "tags": ["x", "z"] })).await;
    let cases: [(&str, &[u64]); 9] = [
        ("tags[]=x", &[1001, 1002]),
        ("tags%5B%5D=y", &[1001]),
        ("tags[]=x&tags[]=y", &[1001]),
        ("tags[]=z", &[1002]),
        ("tags[]=none", &[]),
        ("searchText=alpha", &[1001, 1003]),
        ("searchText=Alpha", &[]),
        ("searchText=alpha&tags[]=xy", &[1003]),
        ("searchText=beta&tags[]=xy", &[]),
    ];
    for (query, expected) in cases {
        let reply = api.call(&format!("GET /instances?{query}"), None).await;
        let found: BTreeSet<_> =
            reply.body.as_array().into_iter().flatten().map(|i| i["id"].as_u64().unwrap()).collect();
        assert_eq!(found, expected.iter().copied().collect(), "{query}");
        assert_eq!(reply.status, if expected.is_empty() { 404 } else { 200 }, "{query}");
    }
    let light = api.call("GET /instances?hydrate=false", None).await;
    assert!(light.body[0].get("configuration").is_none() && light.body[0]["token"].is_string());
    let count = api.call("GET /instances/count", None).await;
    assert_eq!(count.body, json!({ "totalInstances": 3, "elementInstances": { "freshdesk": 3 } }));
}

#[tokio::test]
async fn tags_are_a_set_whose_order_differs_between_list_and_read() {
    let api = api().await;
    let mut body = freshdesk("a");
    body["tags"] = json!(["one", "two", "three", "four", "five", "six"]);
    let single = api.call("POST /instances", body.clone()).await.body["tags"].clone();
    let listed = api.call("GET /instances", None).await.body[0]["tags"].clone();
    assert_ne!(single, listed);
    assert_ne!(single, body["tags"]);
    assert_eq!(api.call("GET /instances/1001", None).await.body["tags"], single);
}
