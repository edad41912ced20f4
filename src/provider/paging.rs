//! A collection, page after page: until the header with the next token is gone, without duplicates.

use super::rest::RestProvider;
use super::{CallError, Object, ObjectRef, Provider, Search, mapping, request};
use crate::kind::words::Words;
use crate::kind::{Kind, List, Page, Request};
use crate::value::Value;
use std::collections::BTreeSet;

/// Returns every object that the search finds, in the order of the API.
///
/// Ids that come twice (a page shifts while objects are made) are taken once. A token that comes twice would go round for
/// ever and is an error, as is any page that fails.
pub(super) async fn list(
    provider: &RestProvider,
    kind: &Kind,
    list: &List,
    search: &Search<'_>,
) -> Result<Vec<Object>, CallError> {
    let walk = Walk::new(provider, kind, list, search);
    let mut objects = Vec::new();
    let (mut ids, mut tokens) = (BTreeSet::new(), BTreeSet::new());
    let mut token: Option<String> = None;
    loop {
        let Some(page) = walk.page(token.as_deref()).await? else { return Ok(objects) };
        for json in page.objects {
            let id = mapping::identity(kind, &json).map_err(CallError::Indeterminate)?;
            if ids.insert(id) {
                objects.extend(walk.object(&json).await?);
            }
        }
        match page.next {
            None => return Ok(objects),
            Some(next) if tokens.insert(next.clone()) => token = Some(next),
            Some(_) => {
                let circle = "the pages of the list go round in a circle";
                return Err(CallError::Indeterminate(circle.to_owned()));
            }
        }
    }
}

/// One page of objects and the token of the next.
struct Found {
    objects: Vec<Value>,
    next: Option<String>,
}

struct Walk<'a> {
    provider: &'a RestProvider,
    kind: &'a Kind,
    list: &'a List,
    /// The list's request, with what it is searched by.
    request: Request,
    values: &'a Value,
    marker: Option<&'a str>,
}

impl<'a> Walk<'a> {
    fn new(provider: &'a RestProvider, kind: &'a Kind, list: &'a List, search: &Search<'a>) -> Self {
        let mut request = list.request.clone();
        let (values, marker) = match *search {
            Search::All { values } => (values, None),
            Search::Marker { marker, values } => (values, Some(marker)),
            Search::Arguments { values } => {
                request.query.extend(kind.lookup.search.clone());
                (values, None)
            }
        };
        Self { provider, kind, list, request, values, marker }
    }

    /// `None`: nothing matches, which only the first page may say.
    async fn page(&self, token: Option<&str>) -> Result<Option<Found>, CallError> {
        let size = self.list.page.as_ref().map(|page| page.size.to_string());
        let paged = self.list.page.as_ref().zip(size.as_deref());
        let mut query: Vec<(&str, &str)> = Vec::new();
        query.extend(self.list.marker_param.as_deref().zip(self.marker));
        query.extend(paged.map(|(page, size)| (&*page.size_param, size)));
        query.extend(paged.and_then(|(page, _)| Some((&*page.token_param, token?))));
        let words = Words::new().with_all(self.values);
        let call = request::call(&self.request, &words, &query).map_err(CallError::Unreached)?;
        let found = self.provider.ask(self.kind, &call, |answer| {
            if token.is_none() && self.list.empty.contains(&answer.status) {
                return Some(Ok(None));
            }
            let next = self.list.page.as_ref().and_then(|page: &Page| answer.header(&page.token_header));
            let next = next.filter(|token| !token.is_empty());
            answer.is_success().then(|| Ok(Some(Found { objects: self.objects(&answer.body)?, next })))
        });
        found.await
    }

    /// The array of objects in a page's answer.
    fn objects(&self, body: &str) -> Result<Vec<Value>, String> {
        if body.trim().is_empty() {
            return Ok(Vec::new());
        }
        let json = mapping::json(body)?;
        match mapping::at(&json, &self.list.at) {
            Some(Value::Tuple(elements)) => Ok(elements.to_vec()),
            _ => Err("the answer to a list is not an array".to_owned()),
        }
    }

    /// An object of a page, if it is one that is looked for; what comes in short form is read again, whole.
    async fn object(&self, json: &Value) -> Result<Option<Object>, CallError> {
        let object = self.provider.object(self.kind, json).map_err(CallError::Indeterminate)?;
        if self.marker.is_some() && object.marker.as_deref() != self.marker {
            return Ok(None);
        }
        if !mapping::is_short(self.kind, json) {
            return Ok(Some(object));
        }
        let whole = ObjectRef { id: &object.id, values: &object.values };
        self.provider.read(self.kind, whole).await
    }
}
