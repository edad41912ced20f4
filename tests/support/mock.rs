//! A REST server of no API in particular: each first part of a path behaves in one way that services have.
//!
//! | `/plain/things` | answers with the whole object, lists an array |
//! | --- | --- |
//! | `/location/…` | answers a POST with a `Location` and no body |
//! | `/chosen/things/NAME` | is made by PUT at a path of one's choice; there are no ids |
//! | `/wrapped/…` | takes `{"thing": {…}}`, answers `{"data": {…}}` |
//! | `/cursor/…`, `/token/…`, `/linked/…`, `/numbered/…`, `/offset/…` | pages of two: by cursor in the body, in a header, by `Link`, number, offset |
//! | `/keyed/…` | lists an object of objects by name |
//! | `/later/…` | is `pending` for two looks, and `deleting` for two |
//! | `/switched/…` | has `PUT` and `DELETE …/active` |
//! | `/members/…` | has `GET …/labels`, `PUT` and `DELETE …/labels/NAME` |
//! | `/masked/…` | masks `password`, adds `size`, shows `key` once |
//! | `/short/…` | answers a POST with the id alone |
//! | `/strict/…` | wants headers, a query and credentials, refuses a second one of a name, says 410 where nothing is |
//! | `/parents/N/things` | things below something else |
//! | `/patched/BOX` | a box whose `things`, of a name and a colour each, are changed by `PATCH` of the box; `?name=&color=` picks |

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// How many objects a page holds.
const PAGE: usize = 2;
/// How many looks a late effect takes.
const LATE: u32 = 2;

pub struct Mock {
    pub url: String,
    world: Arc<Mutex<World>>,
}

#[derive(Default)]
struct World {
    things: BTreeMap<String, Vec<Thing>>,
    asked: Vec<String>,
    /// The last number given out, by collection.
    last: BTreeMap<String, u64>,
}

struct Thing {
    name: String,
    fields: Map<String, Value>,
    /// Looks until it is ready, or gone.
    pending: u32,
    doomed: bool,
    labels: Vec<String>,
}

impl Mock {
    pub async fn start() -> Self {
        let world = Arc::new(Mutex::new(World::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let router = axum::Router::new().fallback(answer).with_state(Arc::clone(&world));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, world }
    }

    /// What was asked since the last time.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.world).asked)
    }

    /// Somebody else does something.
    pub fn outside(&self, method: &str, path: &str, body: Option<&str>) {
        let body = body.map(|body| serde_json::from_str(body).expect("JSON")).unwrap_or_default();
        let asked = Asked { method: method.to_owned(), outside: true, ..Asked::new(path, body) };
        let reply = lock(&self.world).reply(&asked);
        assert!(reply.status < 300, "{method} {path}: {}", reply.status);
    }
}

fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

struct Asked {
    method: String,
    path: String,
    style: String,
    /// The collection: the path up to the name of the things in it.
    collection: String,
    rest: Vec<String>,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Value,
    outside: bool,
}

impl Asked {
    fn new(target: &str, body: Value) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let depth = if parts.first().is_some_and(|part| part == "parents") { 3 } else { 2 };
        let (collection, rest) = parts.split_at(depth.min(parts.len()));
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Self {
            method: String::new(),
            path: path.to_owned(),
            style: parts.first().cloned().unwrap_or_default(),
            collection: collection.join("/"),
            rest: rest.to_vec(),
            query: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            headers: BTreeMap::new(),
            body,
            outside: false,
        }
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.query.get(name)?.parse().ok()
    }
}

struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
}

impl Reply {
    fn new(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: None }
    }

    fn refusal(status: u16, message: &str) -> Self {
        Self::new(status, json!({ "error": { "message": message, "code": format!("E{status}") } }))
    }
}

async fn answer(State(world): State<Arc<Mutex<World>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let asked = Asked {
        method: parts.method.to_string(),
        headers: headers.collect(),
        ..Asked::new(&parts.uri.to_string(), serde_json::from_str(&text).unwrap_or_default())
    };
    let reply = {
        let mut world = lock(&world);
        world.asked.push(format!("{} {} {text}", asked.method, parts.uri).trim().to_owned());
        world.reply(&asked)
    };
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let body = reply.body.map(|body| body.to_string()).unwrap_or_default();
    response.body(Body::from(body)).expect("a sound answer")
}

impl World {
    fn reply(&mut self, asked: &Asked) -> Reply {
        if asked.style == "strict"
            && !asked.outside
            && let Some(refusal) = strict(asked)
        {
            return refusal;
        }
        let names: Vec<&str> = asked.rest.iter().map(String::as_str).collect();
        match (asked.method.as_str(), names.as_slice()) {
            ("PATCH", []) if asked.style == "patched" => self.patch(asked),
            ("GET", []) => self.list(asked),
            ("POST", []) => self.create(asked, None),
            ("PUT", [name]) if asked.style == "chosen" && self.find(asked, name).is_none() => {
                self.create(asked, Some(name))
            }
            (_, [name, part @ ..]) => match self.find(asked, name) {
                Some(at) => self.one(asked, at, part),
                None => {
                    Reply::refusal(if asked.style == "strict" { 410 } else { 404 }, "there is no such thing")
                }
            },
            _ => Reply::refusal(405, "that cannot be done here"),
        }
    }

    /// Puts things into a box and drops others, as `op` says.
    fn patch(&mut self, asked: &Asked) -> Reply {
        for given in asked.body["things"].as_array().into_iter().flatten() {
            let mut fields = given.as_object().cloned().unwrap_or_default();
            let op = fields.remove("op");
            let name = format!("{}/{}", fields["name"], fields["color"]);
            let things = self.things(asked);
            things.retain(|thing| thing.name != name);
            if op.as_ref().and_then(Value::as_str) == Some("put") {
                things.push(Thing { name, fields, pending: 0, doomed: false, labels: Vec::new() });
            }
        }
        Reply::empty(204)
    }

    fn things(&mut self, asked: &Asked) -> &mut Vec<Thing> {
        self.things.entry(asked.collection.clone()).or_default()
    }

    /// Where a thing is; a look at what is late brings it nearer to its end.
    fn find(&mut self, asked: &Asked, name: &str) -> Option<usize> {
        let looks = asked.method == "GET" && !asked.outside;
        let things = self.things(asked);
        let at = things.iter().position(|thing| thing.name == name)?;
        if things[at].doomed && things[at].pending == 0 {
            things.remove(at);
            return None;
        }
        if looks {
            things[at].pending = things[at].pending.saturating_sub(1);
        }
        Some(at)
    }

    fn create(&mut self, asked: &Asked, name: Option<&str>) -> Reply {
        let mut fields = given(asked);
        if asked.style == "strict" && self.things(asked).iter().any(|t| t.fields["name"] == fields["name"]) {
            return Reply::refusal(409, "there is one of that name");
        }
        let last = self.last.entry(asked.collection.clone()).or_default();
        *last += 1;
        let id = *last;
        let by_name = asked.style == "keyed";
        let name = name.map(str::to_owned).unwrap_or_else(|| match fields.get("name") {
            Some(Value::String(name)) if by_name => name.clone(),
            _ => id.to_string(),
        });
        if asked.style != "chosen" && !by_name {
            fields.insert("id".to_owned(), id.into());
        }
        if asked.style == "masked" {
            fields.entry("size").or_insert_with(|| "small".into());
        }
        let late = asked.style == "later";
        let thing =
            Thing { name, fields, pending: if late { LATE } else { 0 }, doomed: false, labels: Vec::new() };
        let reply = match asked.style.as_str() {
            "location" => {
                let location = format!("/{}/{}", asked.collection, thing.name);
                Reply { headers: vec![("location", location)], ..Reply::empty(201) }
            }
            "short" => Reply::new(200, json!({ "id": id })),
            "masked" => {
                let mut shown = shown(asked, &thing);
                shown["key"] = format!("s3cret-key-{id}").into();
                Reply::new(201, shown)
            }
            "later" => Reply::new(202, shown(asked, &thing)),
            _ => Reply::new(201, enveloped(asked, shown(asked, &thing))),
        };
        self.things(asked).push(thing);
        reply
    }

    fn one(&mut self, asked: &Asked, at: usize, part: &[&str]) -> Reply {
        let things = self.things(asked);
        let thing = &mut things[at];
        match (asked.method.as_str(), part) {
            ("GET", []) => {}
            ("PATCH", []) => merge(&mut thing.fields, given(asked)),
            ("PUT", []) => {
                let id = thing.fields.get("id").cloned();
                thing.fields = given(asked);
                thing.fields.extend(id.map(|id| ("id".to_owned(), id)));
            }
            ("DELETE", []) if asked.style == "later" && !asked.outside => {
                (thing.doomed, thing.pending) = (true, LATE);
                return Reply::empty(202);
            }
            ("DELETE", []) => {
                things.remove(at);
                return Reply::empty(204);
            }
            ("PUT" | "DELETE", ["active"]) => {
                thing.fields.insert("active".to_owned(), (asked.method == "PUT").into());
                return Reply::empty(204);
            }
            ("GET", ["labels"]) => {
                return Reply::new(
                    200,
                    json!(thing.labels.iter().map(|l| json!({ "name": l })).collect::<Vec<_>>()),
                );
            }
            ("PUT", ["labels", label]) => {
                thing.labels.push((*label).to_owned());
                return Reply::empty(204);
            }
            ("DELETE", ["labels", label]) => {
                thing.labels.retain(|other| other != label);
                return Reply::empty(204);
            }
            _ => return Reply::refusal(405, "that cannot be done here"),
        }
        Reply::new(200, enveloped(asked, shown(asked, &self.things(asked)[at])))
    }

    fn list(&mut self, asked: &Asked) -> Reply {
        let all: Vec<(String, Value)> = {
            let things = self.things(asked);
            things.iter().map(|thing| (thing.name.clone(), shown(asked, thing))).collect()
        };
        if asked.style == "patched" {
            let picks =
                |thing: &&Value| asked.query.iter().all(|(name, value)| thing[name] == value.as_str());
            let found: Vec<&Value> = all.iter().map(|(_, thing)| thing).filter(picks).collect();
            return Reply::new(200, json!({ "things": found }));
        }
        let before = match asked.style.as_str() {
            "offset" => asked.number("offset").unwrap_or(0),
            "numbered" => (asked.number("page").unwrap_or(1) - 1) * PAGE,
            _ => asked.number("after").unwrap_or(0),
        };
        let total = all.len();
        let is_paged = matches!(asked.style.as_str(), "cursor" | "token" | "linked" | "numbered" | "offset");
        let size = if is_paged { PAGE } else { usize::MAX };
        let page: Vec<Value> = all.iter().skip(before).take(size).map(|(_, value)| value.clone()).collect();
        let next = (is_paged && before + PAGE < total).then_some(before + PAGE);
        let mut reply = match asked.style.as_str() {
            "wrapped" => Reply::new(200, json!({ "data": page })),
            "cursor" => Reply::new(200, json!({ "items": page, "next": next.map(|next| next.to_string()) })),
            "keyed" => Reply::new(200, Value::Object(all.into_iter().collect())),
            _ => Reply::new(200, page.into()),
        };
        match (asked.style.as_str(), next) {
            ("token", Some(next)) => reply.headers.push(("x-next", next.to_string())),
            ("linked", Some(next)) => {
                let link = format!(
                    "</linked/things?after=0>; rel=\"first\", </linked/things?after={next}>; rel=\"next\""
                );
                reply.headers.push(("link", link));
            }
            ("offset", _) => reply.headers.push(("x-total", total.to_string())),
            _ => {}
        }
        reply
    }
}

/// What a strict service wants of every request.
fn strict(asked: &Asked) -> Option<Reply> {
    let header = |name: &str| asked.headers.get(name).map(String::as_str).unwrap_or_default();
    // ops:s3cret-basic, in base64
    let known = ["Basic b3BzOnMzY3JldC1iYXNpYw==", "Bearer s3cret-bearer"];
    if !known.contains(&header("authorization")) {
        return Some(Reply::refusal(401, "who are you?"));
    }
    if header("x-api-version") != "3" {
        return Some(Reply::refusal(400, "say X-Api-Version: 3"));
    }
    (asked.query.get("tenant").map(String::as_str) != Some("acme"))
        .then(|| Reply::refusal(400, "say for which tenant"))
}

/// The fields of a body.
fn given(asked: &Asked) -> Map<String, Value> {
    let body = if asked.style == "wrapped" && !asked.outside { &asked.body["thing"] } else { &asked.body };
    body.as_object().cloned().unwrap_or_default()
}

fn merge(fields: &mut Map<String, Value>, given: Map<String, Value>) {
    for (name, value) in given {
        match (fields.get_mut(&name), value) {
            (_, Value::Null) => drop(fields.remove(&name)),
            (Some(Value::Object(inner)), Value::Object(given)) => merge(inner, given),
            (_, value) => drop(fields.insert(name, value)),
        }
    }
}

fn shown(asked: &Asked, thing: &Thing) -> Value {
    let mut fields = thing.fields.clone();
    match asked.style.as_str() {
        "masked" if fields.contains_key("password") => {
            drop(fields.insert("password".to_owned(), "****".into()))
        }
        "later" => {
            let broken = fields.get("name").is_some_and(|name| name == "broken");
            let status = match (thing.doomed, thing.pending, broken) {
                (true, ..) => "deleting",
                (_, 0, true) => "failed",
                (_, 0, false) => "ready",
                _ => "pending",
            };
            fields.insert("status".to_owned(), status.into());
        }
        "switched" => drop(fields.entry("active").or_insert(Value::Bool(true))),
        _ => {}
    }
    Value::Object(fields)
}

fn enveloped(asked: &Asked, value: Value) -> Value {
    if asked.style == "wrapped" { json!({ "data": value }) } else { value }
}
