//! Paths of a document → the collections that can be managed.

use super::OpenApiError;
use super::document::{Document, Operation, text};
use super::schema::{self, Property};
use crate::config::RESERVED;
use crate::diag::did_you_mean;
use crate::value::quote;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A collection as a `kind` block will say it.
pub(super) struct Collection {
    pub name: String,
    pub description: String,
    /// Paths with `${…}` where the document has `{…}`.
    pub path: String,
    pub object: String,
    pub attributes: Vec<Attribute>,
    /// Where the identity stands in an answer, and whether that is a guess.
    pub id: (String, bool),
    /// Objects are made by a request to their own path, whose last part is this attribute.
    pub key: Option<String>,
    /// Method and path, in the order create, read, update, delete.
    pub requests: Vec<(&'static str, String)>,
    pub list: Option<List>,
    pub doubts: Vec<String>,
}

pub(super) struct Attribute {
    pub name: String,
    /// Its JSON key, if that is another.
    pub at: Option<String>,
    pub property: Property,
    pub role: Role,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Role {
    Parent,
    /// It is sent; `true` if a change replaces the object.
    Argument(bool),
    Computed,
}

pub(super) struct List {
    pub at: Option<String>,
    /// The words of a `page` block: name and value.
    pub page: Vec<(&'static str, String)>,
    pub doubts: Vec<String>,
}

/// Finds the collections: all, or the one at a path.
pub(super) fn all(document: &Document<'_>, only: Option<&str>) -> Result<Vec<Collection>, OpenApiError> {
    let mut used = BTreeMap::new();
    if let Some(wanted) = only {
        let wanted =
            document.paths().find(|path| same(path, wanted)).ok_or_else(|| OpenApiError::NoPath {
                path: wanted.to_owned(),
                near: did_you_mean(wanted, document.paths()).map(str::to_owned),
            })?;
        let found = collection(document, wanted, &mut used);
        return found.map(|one| vec![one]).ok_or_else(|| OpenApiError::NotACollection(wanted.to_owned()));
    }
    let mut paths: Vec<&str> = document.paths().filter(|path| !is_object(path)).collect();
    // An object path with a PUT may stand without a path for its collection.
    let alone = document.paths().filter(|path| is_object(path)).map(above);
    paths.extend(alone.filter(|path| !document.paths().any(|other| same(other, path))));
    let mut seen = std::collections::BTreeSet::new();
    paths.retain(|path| seen.insert(path.trim_end_matches('/').to_owned()));
    let found: Vec<Collection> =
        paths.into_iter().filter_map(|path| collection(document, path, &mut used)).collect();
    if found.is_empty() { Err(OpenApiError::NoCollections) } else { Ok(found) }
}

fn same(a: &str, b: &str) -> bool {
    a.trim_matches('/') == b.trim_matches('/')
}

/// Whether the path ends in a parameter: `/things/{id}`.
fn is_object(path: &str) -> bool {
    path.trim_end_matches('/').ends_with('}')
}

/// The path that an object's path begins with.
fn above(path: &str) -> &str {
    path.trim_end_matches('/').rsplit_once('/').map_or("", |(above, _)| above)
}

fn collection(document: &Document<'_>, path: &str, used: &mut BTreeMap<String, usize>) -> Option<Collection> {
    let object = document.paths().find(|other| is_object(other) && same(above(other), path));
    let of_object = |method| object.and_then(|object| document.operation(object, method));
    let post = document.operation(path, "post");
    let put = of_object("put");
    let create = post.or(put)?;
    let (read, list) = (of_object("get"), document.operation(path, "get"));
    let update = of_object("patch").or(put);
    let by_path = post.is_none();
    // Something that can be neither read nor found again is no object.
    if read.is_none() && list.is_none() {
        return None;
    }
    let parameter = object.map(last_parameter);
    let parents = parameters(path);
    let sent =
        document.request(create).map(|schema| schema::properties(document, schema)).unwrap_or_default();
    let changed =
        update.and_then(|update| document.request(update)).map(|schema| schema::properties(document, schema));
    let answered = answered(document, read, create);
    let id = identity(parameter, &answered);
    let mut attributes: Vec<Attribute> = parents.iter().copied().map(parent_attribute).collect();
    let own = parameter.filter(|_| by_path);
    attributes.extend(own.filter(|name| !sent.contains_key(*name)).map(key_attribute));
    attributes.extend(arguments(&sent, changed.as_ref(), own));
    attributes.extend(computed(&answered, &sent, &id.0));
    let words = |path: &str| template(path, parameter, own.is_some());
    let target = object.map_or_else(|| format!("{}/${{id}}", words(path)), &words);
    let requests = [
        ("create", Some(create).filter(|_| !by_path), words(path)),
        ("create", put.filter(|_| by_path), target.clone()),
        ("read", read, target.clone()),
        ("update", update, target.clone()),
        ("delete", of_object("delete"), target.clone()),
    ];
    let requests: Vec<_> = requests
        .into_iter()
        .filter_map(|(verb, operation, path)| {
            Some((verb, format!("{} {path}", operation?.method.to_uppercase())))
        })
        .collect();
    let mut doubts = lacking(&requests, read, list);
    if document.statuses(create).contains(&202) {
        doubts.push("the document allows 202: a `wait` block may be needed in `create`".to_owned());
    }
    Some(Collection {
        name: unique(kind_name(path), used),
        description: create.summary().lines().next().unwrap_or_default().to_owned(),
        path: words(path),
        object: target,
        id: (id.0, id.1),
        key: own.map(identifier),
        requests,
        list: list.map(|operation| self::list(document, operation)),
        attributes,
        doubts,
    })
}

fn lacking(
    requests: &[(&str, String)],
    read: Option<Operation<'_>>,
    list: Option<Operation<'_>>,
) -> Vec<String> {
    let has = |verb| requests.iter().any(|(known, _)| *known == verb);
    let mut doubts = Vec::new();
    if !has("update") {
        doubts.push("there is no PATCH or PUT: every change replaces the object".to_owned());
    }
    if !has("delete") {
        doubts.push("there is no DELETE: an object can be made, never deleted".to_owned());
    }
    if read.is_none() && list.is_some() {
        doubts.push("one object cannot be read; it is looked for in the list".to_owned());
    }
    doubts
}

/// What an answer holds: of the path that reads an object, else of the one that makes it.
fn answered(
    document: &Document<'_>,
    read: Option<Operation<'_>>,
    create: Operation<'_>,
) -> BTreeMap<String, Property> {
    let schema = read.and_then(|read| document.answer(read)).or_else(|| document.answer(create));
    schema.map(|schema| schema::properties(document, schema)).unwrap_or_default()
}

/// The JSON key that holds the identity, and whether it had to be guessed.
fn identity(parameter: Option<&str>, answered: &BTreeMap<String, Property>) -> (String, bool) {
    let named = parameter.and_then(|name| answered.keys().find(|key| identifier(key) == identifier(name)));
    let usual = ["id", "uuid", "_id", "key", "name"].into_iter();
    let usual = usual.filter_map(|name| answered.keys().find(|key| *key == name)).next();
    match (named, usual) {
        (Some(name), _) => (name.clone(), false),
        (None, Some(name)) => (name.clone(), name != "id"),
        (None, None) => ("id".to_owned(), true),
    }
}

fn parent_attribute(name: &str) -> Attribute {
    let property = Property { required: true, ..plain("string") };
    Attribute { name: identifier(name), at: None, property, role: Role::Parent }
}

fn key_attribute(name: &str) -> Attribute {
    let property = Property { required: true, ..plain("string") };
    Attribute { name: identifier(name), at: None, property, role: Role::Argument(true) }
}

fn plain(ty: &str) -> Property {
    Property {
        ty: ty.to_owned(),
        description: String::new(),
        required: false,
        read_only: false,
        write_only: false,
        secret: false,
        default: None,
        doubts: Vec::new(),
    }
}

fn arguments(
    sent: &BTreeMap<String, Property>,
    changed: Option<&BTreeMap<String, Property>>,
    key: Option<&str>,
) -> Vec<Attribute> {
    let settable = |(_, property): &(&String, &Property)| !property.read_only;
    let mut found: Vec<Attribute> = sent
        .iter()
        .filter(settable)
        .map(|(name, property)| {
            let fixed = changed.is_some_and(|changed| !changed.contains_key(name)) || key == Some(&**name);
            let mut property = property.clone();
            property.required |= key == Some(&**name);
            attribute(name, property, Role::Argument(fixed))
        })
        .collect();
    found.sort_by_key(|attribute| !attribute.property.required);
    found
}

fn computed(
    answered: &BTreeMap<String, Property>,
    sent: &BTreeMap<String, Property>,
    id: &str,
) -> Vec<Attribute> {
    let set_by_user = |name: &String| sent.get(name).is_some_and(|property| !property.read_only);
    let own =
        answered.iter().filter(|(name, _)| !set_by_user(name) && *name != id && identifier(name) != "id");
    own.map(|(name, property)| attribute(name, property.clone(), Role::Computed)).collect()
}

fn attribute(key: &str, mut property: Property, role: Role) -> Attribute {
    let mut name = identifier(key);
    if key.contains('.') {
        property.doubts.push("its key holds a dot, which parts keys in `at`".to_owned());
    }
    // A resource has these of its own, and `id` is the identity.
    if ["count", "for_each", "depends_on", "provider", "timeouts", "lifecycle", "id"].contains(&&*name) {
        name.push_str(if role == Role::Computed { "_value" } else { "_setting" });
    }
    Attribute { at: (name != key).then(|| key.to_owned()), name, property, role }
}

/// `petId`, `X-Pet id` → `pet_id`, `x_pet_id`.
pub(super) fn identifier(text: &str) -> String {
    let mut name = String::new();
    let mut last = ' ';
    for letter in text.chars() {
        if letter.is_uppercase() && (last.is_lowercase() || last.is_ascii_digit()) {
            name.push('_');
        }
        match letter.is_alphanumeric() || letter == '_' {
            true => name.extend(letter.to_lowercase()),
            false if !name.is_empty() && !name.ends_with('_') => name.push('_'),
            false => {}
        }
        last = letter;
    }
    let name = name.trim_end_matches('_').to_owned();
    match crate::addr::is_identifier(&name) {
        true => name,
        false => format!("_{name}"),
    }
}

fn parameters(path: &str) -> Vec<&str> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).collect()
}

fn last_parameter(path: &str) -> &str {
    parameters(path).last().copied().unwrap_or("id")
}

/// `/shops/{shopId}/pets/{petId}` → `/shops/${shop_id}/pets/${id}`.
fn template(path: &str, object: Option<&str>, keyed: bool) -> String {
    let quoted = quote(path.trim_end_matches('/'));
    let mut text = quoted[1..quoted.len() - 1].to_owned();
    for name in parameters(path) {
        let last = Some(name) == object && text.ends_with(&format!("{{{name}}}"));
        let word = if last && !keyed { "id".to_owned() } else { identifier(name) };
        text = text.replace(&format!("{{{name}}}"), &format!("${{{word}}}"));
    }
    text
}

/// The last word of a path in the singular.
fn kind_name(path: &str) -> String {
    let word = path.rsplit('/').find(|part| !part.is_empty() && !part.starts_with('{')).unwrap_or("object");
    let word = identifier(word);
    let singular = match word.strip_suffix("ies").or(word.strip_suffix("sses")).or(word.strip_suffix('s')) {
        Some(stem) if word.ends_with("ies") => format!("{stem}y"),
        Some(stem) if word.ends_with("sses") => format!("{stem}ss"),
        Some(stem) if !word.ends_with("ss") && !word.ends_with("us") && !stem.is_empty() => stem.to_owned(),
        _ => word,
    };
    if RESERVED.contains(&&*singular) { format!("{singular}_object") } else { singular }
}

fn unique(name: String, used: &mut BTreeMap<String, usize>) -> String {
    let count = used.entry(name.clone()).or_default();
    *count += 1;
    if *count == 1 { name } else { format!("{name}_{count}") }
}

fn list(document: &Document<'_>, operation: Operation<'_>) -> List {
    let mut doubts = Vec::new();
    let answer = document.answer(operation);
    let at = match answer {
        Some(schema) if schema::elements(document, schema).is_some() => None,
        Some(schema) => objects_at(document, schema, &mut doubts),
        None => {
            doubts.push("the document does not say what the list looks like".to_owned());
            None
        }
    };
    let page = page(&document.query(operation), &mut doubts);
    List { at, page, doubts }
}

/// The key whose value is the list, when the answer is an object around it.
fn objects_at(document: &Document<'_>, schema: &Json, doubts: &mut Vec<String>) -> Option<String> {
    let all = schema::properties(document, schema);
    let mut lists = all
        .iter()
        .filter(|(_, property)| property.ty.starts_with("list(") || property.ty.starts_with("set("));
    let usual = ["data", "items", "results", "value", "values", "records", "content"];
    let named = all.keys().find(|key| usual.contains(&&***key));
    match (lists.next(), lists.next()) {
        (Some((name, _)), None) => Some(name.clone()),
        (Some((first, _)), Some(_)) => {
            let name = named.unwrap_or(first);
            doubts.push(format!("several lists are in an answer; `{name}` is a guess"));
            Some(name.clone())
        }
        (None, _) => {
            doubts.push("no list is in an answer: `at` says where it is".to_owned());
            None
        }
    }
}

/// How the next page is asked for, guessed from the names of the query's parameters.
fn page(query: &[&str], doubts: &mut Vec<String>) -> Vec<(&'static str, String)> {
    let named = |names: &[&str]| {
        query.iter().find(|name| names.contains(&&*identifier(name))).map(|name| (*name).to_owned())
    };
    let size = named(&["limit", "page_size", "per_page", "size", "page_limit", "max_results", "count"]);
    let token = named(&[
        "cursor",
        "next_page",
        "page_token",
        "next_token",
        "after",
        "starting_after",
        "continuation_token",
    ]);
    let offset = named(&["offset", "skip", "start"]);
    let number = named(&["page", "page_number"]);
    let mut words = Vec::new();
    if let Some(size) = size {
        words.extend([("size", "100".to_owned()), ("size_param", format!("{size:?}"))]);
    }
    match (token, offset, number) {
        (Some(token), ..) => {
            doubts.push(
                "`token_header` or `token_at` says where an answer has the next page's token".to_owned(),
            );
            words.extend([("token_param", format!("{token:?}")), ("token_at", "\"next\"".to_owned())]);
        }
        (None, Some(offset), _) => words.push(("offset_param", format!("{offset:?}"))),
        (None, None, Some(number)) => words.push(("number_param", format!("{number:?}"))),
        (None, None, None) => {
            if !words.is_empty() {
                doubts
                    .push(format!("the document limits a page ({}) but does not name the next", words[1].1));
            }
            return Vec::new();
        }
    }
    words
}

/// How the API wants to know who asks, as the words of a `provider "rest"` block.
pub(super) fn credentials(document: &Document<'_>) -> Vec<String> {
    let one = |scheme: &Json| match (text(scheme, "type"), text(scheme, "scheme").to_lowercase().as_str()) {
        ("basic", _) | ("http", "basic") => {
            "# basic_auth = { username = var.username, password = var.password }".to_owned()
        }
        ("http", "bearer") | ("oauth2" | "openIdConnect", _) => "# bearer_token = var.token".to_owned(),
        ("apiKey", _) if text(scheme, "in") == "query" => {
            format!("# query = {{ {:?} = var.api_key }}", text(scheme, "name"))
        }
        ("apiKey", _) => format!("# headers = {{ {:?} = var.api_key }}", text(scheme, "name")),
        (other, _) => format!("# the document asks for {other:?}"),
    };
    let mut lines: Vec<String> = document.security().into_iter().map(one).collect();
    lines.sort();
    lines.dedup();
    lines
}
