//! What stands where in a document, whichever version it has; references are followed here.

use super::OpenApiError;
use serde_json::{Map, Value as Json};

/// References that lead to references end somewhere.
const LONGEST_CHAIN: usize = 32;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

pub(super) struct Document<'a> {
    root: &'a Json,
    /// Version 2 keeps schemas and media types elsewhere.
    two: bool,
}

/// One request that the document describes.
#[derive(Clone, Copy)]
pub(super) struct Operation<'a> {
    pub method: &'static str,
    item: &'a Json,
    body: &'a Json,
}

impl<'a> Document<'a> {
    pub fn new(root: &'a Json) -> Result<Self, OpenApiError> {
        let version = |key: &str| match root.get(key) {
            Some(Json::String(text)) => Some(text.clone()),
            Some(Json::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        match (version("openapi"), version("swagger")) {
            (Some(found), _) if found == "3" || found.starts_with("3.") => Ok(Self { root, two: false }),
            (_, Some(found)) if found == "2" || found.starts_with("2.") => Ok(Self { root, two: true }),
            (Some(found), _) | (_, Some(found)) => Err(OpenApiError::Version(found)),
            (None, None) => Err(OpenApiError::NotOpenApi),
        }
    }

    pub fn title(&self) -> &'a str {
        self.root.pointer("/info/title").and_then(Json::as_str).unwrap_or("an API")
    }

    /// Where the API answers, as far as the document says.
    pub fn base_url(&self) -> Option<String> {
        if !self.two {
            let server = self.root.pointer("/servers/0")?;
            let url = server.get("url")?.as_str()?.to_owned();
            let variables = server.get("variables").and_then(Json::as_object);
            return Some(variables.into_iter().flatten().fold(url, |url, (name, variable)| {
                let default = variable.get("default").and_then(Json::as_str).unwrap_or_default();
                url.replace(&format!("{{{name}}}"), default)
            }));
        }
        let host = self.root.get("host")?.as_str()?;
        let schemes: Vec<&str> = self
            .root
            .get("schemes")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect();
        let scheme = if schemes.is_empty() || schemes.contains(&"https") { "https" } else { schemes[0] };
        let path = self.root.get("basePath").and_then(Json::as_str).unwrap_or_default();
        Some(format!("{scheme}://{host}{}", path.trim_end_matches('/')))
    }

    /// The ways in which the API wants to know who asks.
    pub fn security(&self) -> Vec<&'a Json> {
        let place = if self.two { "/securityDefinitions" } else { "/components/securitySchemes" };
        let schemes = self.root.pointer(place).and_then(Json::as_object);
        schemes.into_iter().flatten().map(|(_, scheme)| self.follow(scheme)).collect()
    }

    /// The paths, in the document's order.
    pub fn paths(&self) -> impl Iterator<Item = &'a str> {
        self.root.get("paths").and_then(Json::as_object).into_iter().flatten().map(|(path, _)| path.as_str())
    }

    pub fn operation(&self, path: &str, method: &str) -> Option<Operation<'a>> {
        let item = self.follow(self.root.get("paths")?.get(path)?);
        let method = METHODS.into_iter().find(|known| *known == method)?;
        Some(Operation { method, item, body: item.get(method)? })
    }

    /// What a reference leads to; a value that is none is given back as it is. One that leads nowhere gives null.
    pub fn follow(&self, value: &'a Json) -> &'a Json {
        let mut value = value;
        for _ in 0..LONGEST_CHAIN {
            let Some(reference) = value.get("$ref").and_then(Json::as_str) else { return value };
            let Some(pointer) = reference.strip_prefix('#') else { return &Json::Null };
            value =
                self.root.pointer(&pointer.replace("%7B", "{").replace("%7D", "}")).unwrap_or(&Json::Null);
        }
        &Json::Null
    }

    /// The schema of what the operation is sent.
    pub fn request(&self, operation: Operation<'a>) -> Option<&'a Json> {
        if self.two {
            let body = self.parameters(operation).into_iter().find(|p| text(p, "in") == "body")?;
            return Some(self.follow(body.get("schema")?));
        }
        self.schema_of(self.follow(operation.body.get("requestBody")?))
    }

    /// The schema of what it answers when all went well.
    pub fn answer(&self, operation: Operation<'a>) -> Option<&'a Json> {
        let responses = operation.body.get("responses")?.as_object()?;
        let well = |(status, _): &(&String, &Json)| status.starts_with('2') && *status != "204";
        let (_, response) =
            responses.iter().find(well).or_else(|| responses.iter().find(|(s, _)| *s == "default"))?;
        let response = self.follow(response);
        if self.two { Some(self.follow(response.get("schema")?)) } else { self.schema_of(response) }
    }

    /// The statuses that mean success.
    pub fn statuses(&self, operation: Operation<'a>) -> Vec<u16> {
        let responses = operation.body.get("responses").and_then(Json::as_object);
        let parsed = responses.into_iter().flatten().filter_map(|(status, _)| status.parse::<u16>().ok());
        parsed.filter(|status| (200..300).contains(status)).collect()
    }

    /// Version 3 has a schema for each media type; JSON's counts.
    fn schema_of(&self, body: &'a Json) -> Option<&'a Json> {
        let content = body.get("content")?.as_object()?;
        let json = |(name, _): &(&String, &Json)| {
            let name = name.split(';').next().unwrap_or_default().trim();
            name == "application/json" || name.ends_with("+json") || name == "*/*"
        };
        let (_, media) = content.iter().find(json)?;
        Some(self.follow(media.get("schema")?))
    }

    /// The parameters of an operation with those of its path.
    pub fn parameters(&self, operation: Operation<'a>) -> Vec<&'a Json> {
        let of = |value: &'a Json| value.get("parameters").and_then(Json::as_array).into_iter().flatten();
        of(operation.body).chain(of(operation.item)).map(|parameter| self.follow(parameter)).collect()
    }

    /// The names of the parameters that stand in the query.
    pub fn query(&self, operation: Operation<'a>) -> Vec<&'a str> {
        self.parameters(operation)
            .into_iter()
            .filter(|p| text(p, "in") == "query")
            .map(|p| text(p, "name"))
            .collect()
    }
}

impl<'a> Operation<'a> {
    pub fn summary(&self) -> &'a str {
        ["summary", "description"]
            .into_iter()
            .map(|key| text(self.body, key))
            .find(|text| !text.is_empty())
            .unwrap_or("")
    }
}

pub(super) fn text<'a>(value: &'a Json, key: &str) -> &'a str {
    value.get(key).and_then(Json::as_str).unwrap_or_default()
}

pub(super) fn is_true(value: &Json, key: &str) -> bool {
    value.get(key).and_then(Json::as_bool).unwrap_or_default()
}

/// An empty object to stand for what is not there.
pub(super) fn entries<'a>(value: &'a Json, key: &str) -> impl Iterator<Item = (&'a String, &'a Json)> {
    let map: Option<&Map<String, Json>> = value.get(key).and_then(Json::as_object);
    map.into_iter().flatten()
}
