//! Documents of each version → kinds that are read back without a complaint.

use super::{OpenApiError, generate};
use crate::diag::{Diagnostics, Sources};
use crate::kind::{self, Kind};
use crate::syntax;
use serde_json::{Value as Json, json};

/// Generates, makes sure that it is laid out and correct, and returns the text with the kinds in it.
fn check(document: &Json, only: Option<&str>) -> (String, Vec<Kind>) {
    let text = generate(document, only).expect("the document is sound");
    assert_eq!(syntax::format(&text), text, "it is laid out as `fmt` would");
    let mut sources = Sources::new();
    let file = sources.add("kinds.hcl", text.clone());
    let mut diags = Diagnostics::new();
    let body = syntax::parse(&sources, file, &mut diags);
    let blocks = body.blocks.iter().filter(|block| &*block.kind.name == "kind");
    let kinds = blocks.filter_map(|block| kind::kind(block, &mut diags).ok()).collect();
    let found = diags.take();
    assert!(found.is_empty(), "{found:?} in\n{text}");
    (text, kinds)
}

fn pets() -> Json {
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Pet\nshop", "version": "1" },
        "servers": [{ "url": "https://{region}.example/v1", "variables": { "region": { "default": "eu" } } }],
        "paths": {
            "/pets": {
                "get": {
                    "parameters": [
                        { "name": "limit", "in": "query", "schema": { "type": "integer" } },
                        { "$ref": "#/components/parameters/Offset" }
                    ],
                    "responses": { "200": { "content": { "application/json": { "schema": {
                        "type": "object",
                        "properties": { "data": { "type": "array", "items": { "$ref": "#/components/schemas/Pet" } }, "total": { "type": "integer" } }
                    } } } } }
                },
                "post": {
                    "summary": "Adds a ${pet}",
                    "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/NewPet" } } } },
                    "responses": { "202": { "description": "later" } }
                }
            },
            "/pets/{petId}": {
                "get": { "responses": { "200": { "content": { "application/json; charset=utf-8": { "schema": { "$ref": "#/components/schemas/Pet" } } } } } },
                "patch": { "requestBody": { "content": { "application/json": { "schema": { "properties": { "name": { "type": "string" } } } } } } },
                "delete": {}
            },
            "/shops/{shopId}/keys": {
                "post": { "requestBody": { "content": { "application/json": { "schema": { "properties": {
                    "label": { "type": "string" },
                    "secret": { "type": "string", "format": "password", "writeOnly": true },
                    "count": { "type": "integer", "default": 3 }
                } } } } } },
                "get": { "responses": { "200": { "content": { "application/json": { "schema": { "type": "array", "items": {} } } } } } }
            },
            "/flags/{flagName}": {
                "put": { "requestBody": { "content": { "application/json": { "schema": { "properties": { "on": { "type": "boolean" } } } } } } },
                "get": {},
                "delete": {}
            },
            "/search": { "post": {} }
        },
        "components": {
            "parameters": { "Offset": { "name": "offset", "in": "query" } },
            "securitySchemes": {
                "key": { "type": "apiKey", "in": "header", "name": "X-Key" },
                "user": { "type": "http", "scheme": "basic" }
            },
            "schemas": {
                "NewPet": {
                    "allOf": [{ "$ref": "#/components/schemas/Named" }],
                    "properties": {
                        "tagList": { "type": "array", "uniqueItems": true, "items": { "type": "string" } },
                        "owner": { "type": "object", "required": ["mail"], "properties": { "mail": { "type": "string" }, "age": { "type": "integer" } } },
                        "labels": { "type": "object", "additionalProperties": { "type": "string" } },
                        "shape": { "oneOf": [{ "type": "string" }, { "type": "integer" }] },
                        "parent": { "$ref": "#/components/schemas/NewPet" },
                        "nick.name": { "type": ["string", "null"] }
                    }
                },
                "Named": { "required": ["name"], "properties": { "name": { "type": "string", "description": "What it is\ncalled" } } },
                "Pet": {
                    "allOf": [{ "$ref": "#/components/schemas/NewPet" }],
                    "properties": { "petId": { "type": "integer" }, "createdAt": { "type": "string", "readOnly": true } }
                }
            }
        }
    })
}

#[test]
fn a_collection_becomes_a_kind() {
    let (text, kinds) = check(&pets(), Some("/pets"));
    let [pet] = kinds.as_slice() else { panic!("{text}") };
    assert_eq!((&*pet.name, pet.description.as_str()), ("pet", "Adds a ${pet}"));
    assert_eq!(pet.id, ["petId"]);
    let names: Vec<_> = pet.attributes.keys().map(|name| name.to_string()).collect();
    let expected =
        ["created_at", "id", "labels", "name", "nick_name", "owner", "parent", "shape", "tag_list"];
    assert_eq!(names, expected, "{text}");
    assert!(pet.attributes["tag_list"].replace && !pet.attributes["name"].replace);
    assert!(!pet.attributes["created_at"].is_argument());
    for expected in [
        "base_url = \"https://eu.example/v1\"",
        "# headers = { \"X-Key\" = var.api_key }",
        "type    = set(string)",
        "type    = object({ age = optional(number), mail = string })",
        "type    = map(string)",
        "# decide: the document allows several shapes here",
        "# decide: its key holds a dot",
        "# decide: the document allows 202",
        "offset_param = \"offset\"",
        "at      = \"data\"",
        "delete { request = \"DELETE /pets/${id}\" }",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
}

#[test]
fn objects_under_a_parent_and_at_chosen_paths() {
    let (text, kinds) = check(&pets(), None);
    let names: Vec<_> = kinds.iter().map(|kind| &*kind.name).collect();
    assert_eq!(names, ["pet", "key", "flag"], "{text}");
    assert!(text.contains("collection = \"/shops/${shop_id}/keys\""), "{text}");
    assert!(kinds[1].attributes["shop_id"].parent, "{text}");
    assert!(kinds[1].attributes["secret"].write_only && kinds[1].attributes["secret"].sensitive);
    assert!(kinds[1].attributes.contains_key("count_setting"), "{text}");
    assert!(text.contains("# decide: there is no DELETE"), "{text}");
    assert!(text.contains("key        = \"flag_name\""), "{text}");
    assert_eq!(kinds[2].create.as_ref().map(|request| &*request.method), Some("PUT"));
}

#[test]
fn version_2_has_its_own_places() {
    let document = json!({
        "swagger": "2.0",
        "info": {},
        "host": "api.example",
        "basePath": "/v2/",
        "schemes": ["http"],
        "paths": {
            "/users": {
                "post": { "parameters": [{ "in": "body", "name": "body", "schema": { "$ref": "#/definitions/User" } }], "responses": { "201": { "schema": { "$ref": "#/definitions/User" } } } },
                "get": { "parameters": [{ "in": "query", "name": "page" }, { "in": "query", "name": "per_page" }], "responses": { "200": { "schema": { "type": "array", "items": { "$ref": "#/definitions/User" } } } } }
            },
            "/users/{id}": { "get": { "responses": { "200": { "schema": { "$ref": "#/definitions/User" } } } }, "put": {}, "delete": {} }
        },
        "definitions": { "User": { "type": "object", "properties": { "id": { "type": "integer" }, "mail": { "type": "string" } } } },
        "securityDefinitions": { "o": { "type": "oauth2" } }
    });
    let (text, kinds) = check(&document, None);
    assert_eq!(kinds.len(), 1);
    for expected in [
        "base_url = \"http://api.example/v2\"",
        "number_param = \"page\"",
        "# bearer_token = var.token",
        "PUT /users/${id}",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
}

#[test]
fn what_cannot_be_used_is_said() {
    let paths = |paths: Json| json!({ "openapi": "3.1.0", "paths": paths });
    let near = Some("/pets".to_owned());
    for (document, only, expected) in [
        (json!({}), None, OpenApiError::NotOpenApi),
        (json!([1]), None, OpenApiError::NotOpenApi),
        (json!({ "openapi": "4.0" }), None, OpenApiError::Version("4.0".into())),
        (json!({ "swagger": "1.2" }), None, OpenApiError::Version("1.2".into())),
        (paths(json!({})), None, OpenApiError::NoCollections),
        (paths(json!({ "/a": 3, "/b": { "get": {} } })), None, OpenApiError::NoCollections),
        (pets(), Some("/pest"), OpenApiError::NoPath { path: "/pest".into(), near }),
        (pets(), Some("/search"), OpenApiError::NotACollection("/search".into())),
    ] {
        assert_eq!(generate(&document, only), Err(expected), "{document}");
    }
}

#[test]
fn references_that_go_round_end() {
    let document = json!({
        "openapi": "3.0.0",
        "paths": {
            "/a": { "post": { "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/A" } } } } }, "get": {} },
            "/b": { "$ref": "#/paths/~1b" }
        },
        "components": { "schemas": {
            "A": { "properties": { "again": { "$ref": "#/components/schemas/A" }, "loop": { "$ref": "#/components/schemas/L" }, "far": { "$ref": "other.json#/x" } } },
            "L": { "$ref": "#/components/schemas/L" }
        } }
    });
    let (text, _) = check(&document, None);
    assert!(text.contains("optional(any)"), "{text}");
}
