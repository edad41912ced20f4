//! Formulas, common resources, accounts, users and jobs: what the service's own tests assert of them, and the choices made elsewhere.

use super::*;

fn nothing() -> Value {
    Value::Null
}

fn formula() -> Value {
    json!({
        "name": "greet",
        "configuration": [{ "key": "desk", "name": "Desk", "type": "elementInstance", "required": true }],
        "triggers": [{ "type": "event", "onSuccess": ["say"], "properties": { "elementInstanceId": "${desk}" } }],
        "steps": [{ "name": "say", "type": "script", "properties": { "body": "done();" } }],
    })
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

#[tokio::test]
async fn a_formula_is_kept_whole_with_what_the_service_adds() {
    let api = api().await;
    let added = json!({
        "id": 201, "active": true, "engine": "v1", "accountId": 1,
        "configuration": [{ "key": "desk", "required": true }],
        "triggers": [{ "type": "event", "async": true, "onFailure": [] }],
        "steps": [{ "name": "say", "onSuccess": [], "onFailure": [] }],
    });
    let patched = json!({ "name": "hello", "steps": [{ "name": "say" }] });
    api.check(&[
        ("GET /formulas", nothing(), 200, json!([])),
        ("POST /formulas", formula(), 200, added),
        ("GET /formulas", nothing(), 200, json!([{ "id": 201, "name": "greet" }])),
        ("PATCH /formulas/201", json!({ "name": "hello", "steps": [] }), 200, patched),
        (
            "PUT /formulas/201",
            json!({ "name": "x" }),
            200,
            json!({ "name": "x", "steps": [], "accountId": 1 }),
        ),
        ("DELETE /formulas/201", nothing(), 200, json!("")),
        ("DELETE /formulas/201", nothing(), 404, json!({ "message": "201" })),
        ("GET /formulas/-1", nothing(), 404, json!({ "message": "No formula found" })),
    ])
    .await;
}

#[tokio::test]
async fn a_formula_that_makes_no_sense_is_refused() {
    let api = api().await;
    let variable = json!({ "key": "a", "name": "A", "type": "value" });
    let step = json!({ "name": "a", "type": "script" });
    let scheduled = |cron: &str| json!([{ "type": "scheduled", "properties": { "cron": cron } }]);
    let third = with(formula(), "engine", json!("v3"));
    let message = |text: &str| json!({ "message": text });
    api.check(&[
        ("POST /formulas", json!({}), 400, message("name")),
        (
            "POST /formulas",
            with(formula(), "configuration", json!([variable, variable])),
            409,
            message("Duplicate key"),
        ),
        ("POST /formulas", with(formula(), "steps", json!([step, step])), 400, message("Duplicate name")),
        ("POST /formulas", with(formula(), "steps", json!([{}])), 400, message("name")),
        ("POST /formulas", with(formula(), "triggers", scheduled("often")), 400, message("cron")),
        ("POST /formulas", with(formula(), "triggers", scheduled("0 0 * * * ?")), 200, json!({})),
        (
            "POST /formulas",
            with(formula(), "debugLoggingEnabled", json!(false)),
            400,
            message("Execution debug logging can be disabled only for formula engine v3"),
        ),
        (
            "POST /formulas",
            with(third.clone(), "steps", json!([{ "name": "t", "type": "transform" }])),
            400,
            message("Invalid formula for the v3 engine"),
        ),
        ("POST /formulas", with(third, "debugLoggingEnabled", json!(false)), 200, json!({ "engine": "v3" })),
    ])
    .await;
}

#[tokio::test]
async fn a_formula_instance_gives_variables_their_values() {
    let api = api().await;
    api.create("desk").await;
    let instance = |desk: u64| json!({ "name": "one", "configuration": { "desk": desk } });
    let dangling = with(formula(), "steps", json!([]));
    api.check(&[
        ("POST /formulas", formula(), 200, json!({})),
        ("POST /formulas", dangling, 200, json!({ "id": 202 })),
        ("GET /formulas/201/instances", nothing(), 200, json!([])),
        ("POST /formulas/201/instances", json!({ "name": "one" }), 400, json!({ "message": "desk" })),
        ("POST /formulas/201/instances", instance(7), 400, json!({ "message": "7" })),
        ("POST /formulas/202/instances", instance(1001), 400, json!({ "message": "There is no step say" })),
        ("POST /formulas/9/instances", instance(1001), 404, json!({})),
        (
            "POST /formulas/201/instances",
            instance(1001),
            200,
            json!({ "id": 301, "active": true, "configuration": { "desk": "1001" }, "formula": { "id": 201 } }),
        ),
        ("GET /formulas/instances?elementInstanceId=1001", nothing(), 200, json!([{ "id": 301 }])),
        ("GET /formulas/instances?elementInstanceId=1002", nothing(), 200, json!([])),
        ("DELETE /formulas/201/instances/301/active", nothing(), 200, json!("")),
        ("GET /formulas/201/instances/301", nothing(), 200, json!({ "active": false })),
        ("GET /formulas/202/instances/301", nothing(), 404, json!({})),
        ("PATCH /formulas/201/instances/301", json!({}), 405, json!({})),
        ("DELETE /formulas/201", nothing(), 409, json!({})),
        ("DELETE /formulas/201/instances/301", nothing(), 200, json!("")),
        ("DELETE /formulas/201", nothing(), 200, json!("")),
    ])
    .await;
}

#[tokio::test]
async fn common_objects_have_three_levels() {
    let api = api().await;
    api.create("desk").await;
    let fields = json!({ "fields": [{ "path": "email", "type": "string" }] });
    let seen = json!({ "objectName": "contact", "level": "organization", "fields": [{ "path": "email" }] });
    let map = json!({ "vendorName": "contacts", "fields": [{ "path": "email", "vendorPath": "mail" }] });
    api.check(&[
        (
            "GET /organizations/objects/definitions",
            nothing(),
            404,
            json!({ "message": "No object definitions found" }),
        ),
        (
            "POST /instances/1001/transformations/contact",
            map.clone(),
            400,
            json!({ "message": "No object definition found for contact" }),
        ),
        ("POST /organizations/objects/contact/definitions", fields.clone(), 200, seen),
        ("POST /organizations/objects/contact/definitions", fields.clone(), 409, json!({})),
        (
            "POST /instances/1001/objects/contact/definitions",
            fields.clone(),
            200,
            json!({ "level": "instance" }),
        ),
        ("POST /accounts/objects/contact/definitions", fields.clone(), 200, json!({ "level": "account" })),
        ("POST /accounts/9/objects/contact/definitions", fields.clone(), 404, json!({})),
        ("POST /instances/9/objects/contact/definitions", fields.clone(), 404, json!({})),
        ("PUT /organizations/objects/other/definitions", fields.clone(), 404, json!({})),
        (
            "GET /organizations/objects/definitions",
            nothing(),
            200,
            json!({ "contact": { "fields": [{ "path": "email" }] } }),
        ),
        ("POST /organizations/elements/nowhere/transformations/contact", map.clone(), 404, json!({})),
        (
            "POST /organizations/elements/freshdesk/transformations/contact",
            map.clone(),
            200,
            json!({ "isLegacy": false, "level": "organization", "fields": [{ "level": "organization" }] }),
        ),
        ("POST /instances/1001/transformations/contact", map.clone(), 200, json!({ "level": "instance" })),
        ("GET /instances/1001/transformations", nothing(), 200, json!({ "contact": {} })),
        ("DELETE /organizations/objects/contact/definitions", nothing(), 409, json!({})),
        ("DELETE /organizations/elements/freshdesk/transformations/contact", nothing(), 200, json!("")),
        ("GET /organizations/elements/freshdesk/transformations/contact", nothing(), 404, json!({})),
        ("DELETE /organizations/objects/contact/definitions", nothing(), 200, json!("")),
        ("DELETE /instances/1001", nothing(), 200, json!("")),
    ])
    .await;
    let left = api.running.dump();
    assert_eq!(left["definitions"].as_array().map(Vec::len), Some(1), "{left}");
    assert!(left.get("transformations").is_none(), "{left}");
}

#[tokio::test]
async fn accounts_come_by_offset_and_users_with_a_secret_once() {
    let api = api().await;
    let account = |id: &str| json!({ "externalId": id, "name": id });
    let ann = json!({ "email": "a@x", "firstName": "A", "lastName": "B", "password": "s3cret-p", "roles": [{ "key": "admin" }] });
    api.check(&[
        ("POST /accounts", json!({ "name": "x" }), 400, json!({ "message": "externalId" })),
        ("POST /accounts", account("a"), 200, json!({ "id": 401, "active": true, "defaultAccount": false })),
        ("POST /accounts", account("a"), 409, json!({})),
        ("POST /accounts", account("b"), 200, json!({ "id": 402 })),
        ("GET /accounts?offset=1&pageSize=1", nothing(), 200, json!([{ "externalId": "b" }])),
        ("GET /accounts?offset=2", nothing(), 200, json!([])),
        ("GET /accounts/9", nothing(), 404, json!({ "message": "No account found with ID 9" })),
        ("GET /users", nothing(), 404, json!({ "message": "No users found" })),
        ("POST /accounts/401/users", json!({}), 400, json!({})),
        ("POST /accounts/9/users", ann.clone(), 404, json!({})),
        ("POST /organizations/users", with(ann.clone(), "roles", json!([{ "key": "king" }])), 400, json!({})),
        ("POST /accounts/401/users", ann.clone(), 200, json!({ "id": 501, "email": "a@x" })),
        ("POST /organizations/users", ann, 409, json!({})),
        ("GET /users", nothing(), 200, json!([{ "secret": "********" }])),
        ("GET /users/a@x", nothing(), 200, json!({ "id": 501 })),
        ("GET /users/501/roles", nothing(), 200, json!([{ "key": "admin" }])),
        ("PUT /users/501/roles/admin", nothing(), 409, json!({})),
        ("PUT /users/501/roles/king", nothing(), 400, json!({})),
        ("PUT /users/501/roles/org", nothing(), 200, json!({ "key": "org" })),
        ("DELETE /users/501/roles/org", nothing(), 200, json!("")),
        ("PATCH /users/501", json!({ "firstName": "Anna" }), 200, json!({ "firstName": "Anna" })),
    ])
    .await;
    let read = api.call("GET /users/501", None).await;
    assert!(read.body.get("secret").is_none() && read.body.get("roles").is_none(), "{}", read.body);
    assert!(!api.running.dump().to_string().contains("s3cret-p"));
    api.check(&[
        ("DELETE /accounts/401", nothing(), 200, json!("")),
        ("GET /users/501", nothing(), 404, json!({})),
    ])
    .await;
}

#[tokio::test]
async fn a_job_answers_its_id_and_is_read_afterwards() {
    let api = api().await;
    let job = json!({ "name": "j", "method": "GET", "uri": "/x", "trigger": { "cron": "0 0 * * * ?" } });
    api.check(&[
        ("GET /jobs", nothing(), 200, json!([])),
        ("POST /jobs", with(job.clone(), "trigger", json!({ "cron": "often" })), 400, json!({})),
        ("POST /jobs", json!({ "name": "j" }), 400, json!({})),
        ("GET /jobs/job-1", nothing(), 404, json!({})),
    ])
    .await;
    let made = api.call("POST /jobs", job).await;
    let id = made.body["id"].as_str().unwrap();
    assert_eq!(made.body, json!({ "id": id }));
    let call = |verb: &str, rest: &str| format!("{verb} /jobs/{id}{rest}");
    let shown = json!({ "id": id, "trigger": { "cron": "0 0 * * * ?" }, "data": { "uri": "/x" } });
    api.check(&[
        (&call("GET", ""), nothing(), 200, shown),
        (&call("PUT", "/disable"), nothing(), 200, json!("")),
        (&call("PATCH", "/reschedule"), json!({ "cron": "0 30 * * * ?" }), 200, json!({ "id": id })),
        (&call("DELETE", ""), nothing(), 200, json!("")),
        (&call("DELETE", ""), nothing(), 404, json!({})),
    ])
    .await;
}

#[tokio::test]
async fn everything_outlives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { data: Some(directory.path().join("data")), ..options() };
    let api = api_with(options.clone()).await;
    let job = json!({ "name": "j", "method": "GET", "uri": "/x", "trigger": { "cron": "0 0 * * * ?" } });
    api.check(&[
        ("POST /formulas", formula(), 200, json!({})),
        ("POST /accounts", json!({ "externalId": "a" }), 200, json!({})),
        ("POST /organizations/objects/contact/definitions", json!({ "fields": [] }), 200, json!({})),
        ("POST /jobs", job, 200, json!({})),
    ])
    .await;
    let before = api.running.dump();
    api.running.stop().await;
    let again = api_with(options).await;
    assert_eq!(again.running.dump(), before);
    let copy = self::api().await;
    copy.running.load(&before).await.unwrap();
    assert_eq!(copy.running.dump(), before);
}
