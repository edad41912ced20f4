//! A collection, page after page, in whatever way the API leads to the next one; without duplicates.

use super::request::Call;
use super::rest::{Answer, Coming, RestProvider};
use super::{CallError, Object, ObjectRef, Provider, Search, mapping, request};
use crate::http::Repeat;
use crate::kind::words::Words;
use crate::kind::{Kind, List, Next, Page, Place, Request};
use crate::value::{Fields, Value};
use futures_util::future::join;
use std::collections::BTreeSet;
use std::sync::Arc;

/// More pages than any collection has: an API that never comes to an end is no reason to go on for ever.
const PAGES: usize = 100_000;

/// Hands over every object that the search finds, in the order of the API.
///
/// While a page is read, the next one is on its way. Ids that come twice (a page shifts while objects are made) are taken once. A page
/// that was asked for already would go round for ever and is an error, as is any page that fails. Nothing is kept of a page but the
/// objects that are looked for.
pub(super) async fn list(
    provider: &RestProvider,
    kind: &Kind,
    list: &List,
    search: &Search<'_>,
    hand_over: &mut (dyn FnMut(Vec<Object>) + Send),
) -> Result<(), CallError> {
    let walk = Walk::new(provider, kind, list, search);
    let mut ids = BTreeSet::new();
    let mut pages = Pages::new(&walk);
    let mut others = 0;
    let mut page = pages.next(0).await?;
    while let Some(found) = page {
        let before = ids.len();
        let mut wanted = Vec::with_capacity(found.len());
        for json in found {
            let known = mapping::Known { id: None, values: walk.values };
            let id = mapping::identity(kind, &json, known).map_err(CallError::Indeterminate)?;
            match walk.wants(&id) {
                true if ids.insert(id) => wanted.push(json),
                true => {}
                false => others += 1,
            }
        }
        let barren = ids.len() == before;
        let enough = others > 0 && walk.is_enough(ids.len(), pages.count, barren);
        if enough {
            pages.ahead = None;
        }
        let next = async { if enough { Ok(None) } else { pages.next(ids.len()).await } };
        let read = async { walk.read(&wanted).await.map(&mut *hand_over) };
        let (next, read) = join(next, read).await;
        read?;
        page = next?;
    }
    Ok(())
}

/// The call for the first page, if nothing need be known for it.
pub(super) fn first(provider: &RestProvider, kind: &Kind, list: &List) -> Option<Call> {
    let nothing = Value::object(Fields::default());
    Walk::new(provider, kind, list, &Search::All { values: &nothing }).call(&Turn::first(list)).ok()
}

/// Returns what a list holds that is no list of the kind's own objects.
pub(super) async fn values(
    provider: &RestProvider,
    kind: &Kind,
    list: &List,
) -> Result<Vec<Value>, CallError> {
    let nothing = Value::object(Fields::default());
    Walk::new(provider, kind, list, &Search::All { values: &nothing }).all().await
}

/// Which page is asked for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// The first, or the only one.
    First,
    Token(String),
    Link(String),
    Number(u64),
    /// After so many objects.
    Offset(u64),
}

impl Turn {
    fn first(list: &List) -> Self {
        match list.page.as_ref().map(|page| &page.next) {
            Some(Next::Number { first, .. }) => Self::Number(u64::from(*first)),
            Some(Next::Offset { .. }) => Self::Offset(0),
            _ => Self::First,
        }
    }

    fn is_first(&self, list: &List) -> bool {
        *self == Self::first(list)
    }

    /// The page after this one, which held `count` objects.
    ///
    /// Numbers and offsets end with a page that holds nothing, or with the total that the API gives: a page that is merely shorter
    /// than asked for says only how many objects the API likes to send.
    fn next(&self, list: &List, count: usize, token: Option<String>, total: Option<u64>) -> Option<Self> {
        let page = list.page.as_ref()?;
        let count = count as u64;
        match (&page.next, self) {
            (Next::Token { .. }, _) => token.map(Self::Token),
            (Next::Link(_), _) => token.map(Self::Link),
            (Next::Offset { .. }, Self::Offset(before)) => {
                let seen = before + count;
                (count > 0 && total.is_none_or(|total| seen < total)).then_some(Self::Offset(seen))
            }
            (Next::Number { first, .. }, Self::Number(number)) => {
                let pages = number + 1 - u64::from(*first);
                let size = page.size.as_ref().map(|(size, _)| u64::from(*size));
                // A total counts only while pages come as large as they were asked for.
                let whole = total.zip(size).filter(|(_, size)| count == *size);
                let last = whole.is_some_and(|(total, size)| pages * size >= total);
                (count > 0 && !last).then_some(Self::Number(number + 1))
            }
            _ => None,
        }
    }
}

/// One page of objects and what leads to the next.
struct Found {
    objects: Vec<Value>,
    next: Option<String>,
    total: Option<u64>,
}

/// The pages of a walk, one after the other.
struct Pages<'w, 'a> {
    walk: &'w Walk<'a>,
    /// The page to ask for; `None` behind the last.
    turn: Option<Turn>,
    asked: BTreeSet<Turn>,
    /// How many came.
    count: usize,
    /// A page that was asked for as soon as it was known.
    ahead: Option<(Turn, Coming)>,
}

impl<'w, 'a> Pages<'w, 'a> {
    fn new(walk: &'w Walk<'a>) -> Self {
        Self { walk, turn: Some(Turn::first(walk.list)), asked: BTreeSet::new(), count: 0, ahead: None }
    }

    /// The next page, when so many objects were found.
    async fn next(&mut self, found: usize) -> Result<Option<Vec<Value>>, CallError> {
        let Some(turn) = self.turn.take() else { return Ok(None) };
        if self.count >= PAGES {
            return Err(CallError::Indeterminate("the list has no end".to_owned()));
        }
        let ahead = self.ahead.take().filter(|(asked, _)| *asked == turn);
        let call = self.walk.call(&turn)?;
        let answer = match ahead {
            Some((_, coming)) => self.walk.provider.end(&call, coming).await?,
            None => self.walk.provider.send(&call, Repeat::Idempotent).await?,
        };
        self.count += 1;
        self.ahead = self.ask_ahead(&answer, found);
        if self.ahead.is_some() {
            // The request is written before the page is read.
            tokio::task::yield_now().await;
        }
        let Some(page) = self.walk.page(&turn, &call, answer).await? else { return Ok(None) };
        self.turn = turn.next(self.walk.list, page.objects.len(), page.next, page.total);
        if self.turn.clone().is_some_and(|next| !self.asked.insert(next)) {
            let circle = "the pages of the list go round in a circle";
            return Err(CallError::Indeterminate(circle.to_owned()));
        }
        Ok(Some(page.objects))
    }

    /// Asks for the page that an answer's header leads to, before the answer is read, if it will be needed.
    fn ask_ahead(&self, answer: &Answer, found: usize) -> Option<(Turn, Coming)> {
        let walk = self.walk;
        let turn = walk.turn_in_header(answer).filter(|_| walk.goes_on(found, self.count))?;
        let call = walk.call(&turn).ok().filter(|_| !self.asked.contains(&turn))?;
        Some((turn, walk.provider.begin(&call)?))
    }
}

struct Walk<'a> {
    provider: &'a RestProvider,
    kind: &'a Kind,
    list: &'a List,
    /// The list's request, with what it is searched by.
    request: Request,
    values: &'a Value,
    marker: Option<&'a str>,
    /// The only ids that are looked for.
    among: Option<&'a BTreeSet<Arc<str>>>,
}

impl<'a> Walk<'a> {
    fn new(provider: &'a RestProvider, kind: &'a Kind, list: &'a List, search: &Search<'a>) -> Self {
        let mut request = list.request.clone();
        let (values, marker, among) = match *search {
            Search::All { values } => (values, None, None),
            Search::Among { ids, values } => (values, None, Some(ids)),
            Search::Marker { marker, values } => (values, Some(marker), None),
            Search::Arguments { values } => {
                request.query.extend(kind.lookup.search.clone());
                (values, None, None)
            }
        };
        Self { provider, kind, list, request, values, marker, among }
    }

    fn wants(&self, id: &str) -> bool {
        self.among.is_none_or(|ids| ids.contains(id))
    }

    /// Whether to leave the rest of the list unread: all is found, or pages have come to hold nothing that is looked for and reading what
    /// is missing takes no more requests than the pages so far. How many are to come is not known: so it never takes more than twice as
    /// many requests as the better way.
    fn is_enough(&self, found: usize, pages: usize, barren: bool) -> bool {
        let missing = self.among.map(|ids| ids.len().saturating_sub(found));
        missing.is_some_and(|missing| missing == 0 || (barren && missing <= pages))
    }

    /// Whether the page to come is not the last to be read, whatever is on it.
    fn goes_on(&self, found: usize, pages: usize) -> bool {
        let most =
            self.list.page.as_ref().and_then(|page| page.size.as_ref()).map(|(size, _)| *size as usize);
        match (self.among, most) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(ids), Some(most)) => ids.len().saturating_sub(found) > most.max(pages),
        }
    }

    /// Everything on all pages.
    async fn all(&self) -> Result<Vec<Value>, CallError> {
        let mut found = Vec::new();
        let mut pages = Pages::new(self);
        while let Some(page) = pages.next(0).await? {
            found.extend(page);
        }
        Ok(found)
    }

    /// What an answer says. `None`: nothing is there, which only the first page may say, or one that is counted and lies past the end.
    async fn page(&self, turn: &Turn, call: &Call, answer: Answer) -> Result<Option<Found>, CallError> {
        let may_be_empty = turn.is_first(self.list) || matches!(turn, Turn::Number(_) | Turn::Offset(_));
        let found = self.provider.understand(self.kind, call, answer, |answer| {
            if may_be_empty && self.list.empty.contains(&answer.status) {
                return Some(Ok(None));
            }
            let is_success = self.list.request.is_success(answer.status);
            if is_success && !turn.is_first(self.list) && answer.body.trim().is_empty() {
                return Some(Err("a page of the list is empty".to_owned()));
            }
            is_success.then(|| self.found(answer).map(Some))
        });
        found.await
    }

    fn call(&self, turn: &Turn) -> Result<Call, CallError> {
        let mut query: Vec<(String, String)> = Vec::new();
        let marker = self.list.marker_param.as_deref().zip(self.marker);
        query.extend(marker.map(|(name, marker)| (name.to_owned(), marker.to_owned())));
        if let Some(page) = &self.list.page {
            query.extend(parameters(page, turn));
        }
        let words = Words::new().with_all(self.values);
        let pairs: Vec<(&str, &str)> = query.iter().map(|(name, value)| (&**name, &**value)).collect();
        let call = request::call(&self.request, &words, &pairs).map_err(CallError::Unreached)?;
        match turn {
            Turn::Link(link) => {
                let url = self.provider.follow(&call, link).map_err(CallError::Indeterminate)?;
                Ok(Call { url: Some(url), ..call })
            }
            _ => Ok(call),
        }
    }

    /// The page that a header leads to.
    fn turn_in_header(&self, answer: &Answer) -> Option<Turn> {
        let next = &self.list.page.as_ref()?.next;
        let said = in_header(next, answer).filter(|_| self.list.request.is_success(answer.status))?;
        Some(if matches!(next, Next::Link(_)) { Turn::Link(said) } else { Turn::Token(said) })
    }

    fn found(&self, answer: &Answer) -> Result<Found, String> {
        if answer.body.trim().is_empty() {
            return Ok(Found { objects: Vec::new(), next: None, total: None });
        }
        let json = mapping::json(&answer.body)?;
        let objects = self.objects(&json)?;
        let page = self.list.page.as_ref();
        let next = page.and_then(|page| match &page.next {
            Next::Token { from: Place::Body(at), .. } | Next::Link(Some(at)) => in_body(at, &json),
            other => in_header(other, answer),
        });
        let total = page.and_then(|page| said(page.total.as_ref()?, answer, &json)?.parse().ok());
        Ok(Found { objects, next, total })
    }

    /// The array of objects in a page's answer.
    fn objects(&self, json: &Value) -> Result<Vec<Value>, String> {
        let found = mapping::at(json, &self.list.at);
        let keys = self.list.keys.as_ref().and_then(|name| self.kind.attributes.get(name));
        match (found, keys) {
            (Some(Value::Object(objects)), Some(attribute)) => {
                Ok(objects.iter().map(|(key, object)| mapping::placed(object, &attribute.at, key)).collect())
            }
            (Some(Value::Tuple(elements)), None) => Ok(elements.to_vec()),
            // Many an API says null where it has nothing.
            (Some(Value::Null(_)), _) => Ok(Vec::new()),
            (_, Some(_)) => Err("the answer to a list is not an object of objects".to_owned()),
            _ => Err("the answer to a list is not an array".to_owned()),
        }
    }

    /// The objects of a page that are looked for, read while the next page is on its way.
    async fn read(&self, page: &[Value]) -> Result<Vec<Object>, CallError> {
        // The request for it is written first.
        tokio::task::yield_now().await;
        let mut objects = Vec::with_capacity(page.len());
        for json in page {
            objects.extend(self.object(json).await?);
        }
        Ok(objects)
    }

    /// An object of a page, if it is one that is looked for; what comes in short form is read again, whole.
    async fn object(&self, json: &Value) -> Result<Option<Object>, CallError> {
        let known = mapping::Known { id: None, values: self.values };
        let object = self.provider.object(self.kind, json, known).map_err(CallError::Indeterminate)?;
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

/// What a page is asked for with.
fn parameters(page: &Page, turn: &Turn) -> Vec<(String, String)> {
    let mut query = Vec::new();
    if let (Some((size, Some(param))), false) = (&page.size, matches!(turn, Turn::Link(_))) {
        query.push((param.clone(), size.to_string()));
    }
    match (&page.next, turn) {
        (Next::Token { param, .. }, Turn::Token(token)) => query.push((param.clone(), token.clone())),
        (Next::Number { param, .. }, Turn::Number(number)) => query.push((param.clone(), number.to_string())),
        (Next::Offset { param }, Turn::Offset(offset)) => query.push((param.clone(), offset.to_string())),
        _ => {}
    }
    query
}

/// What an answer says in a place; nothing if that is empty.
fn said(place: &Place, answer: &Answer, json: &Value) -> Option<String> {
    match place {
        Place::Header(name) => answer.header(name).filter(|text| !text.is_empty()),
        Place::Body(at) => in_body(at, json),
    }
}

fn in_body(at: &[String], json: &Value) -> Option<String> {
    let text = match mapping::at(json, at)? {
        Value::String(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// What leads to the next page, if a header says so.
fn in_header(next: &Next, answer: &Answer) -> Option<String> {
    match next {
        Next::Token { from: Place::Header(name), .. } => answer.header(name).filter(|text| !text.is_empty()),
        Next::Link(None) => next_link(&answer.header("link")?),
        _ => None,
    }
}

/// The address of `rel="next"` in a `Link` header (RFC 8288).
fn next_link(header: &str) -> Option<String> {
    let mut rest = header;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>')?;
        let (target, after) = (&rest[start + 1..end], &rest[end + 1..]);
        let parameters = &after[..after.find(",<").or_else(|| after.find(", <")).unwrap_or(after.len())];
        let is_next = parameters.split(';').any(|parameter| {
            let Some((name, value)) = parameter.split_once('=') else { return false };
            let value = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel")
                && value.split(' ').any(|rel| rel.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(target.to_owned());
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::next_link;

    #[test]
    fn the_next_link_is_found_among_others() {
        let cases = [
            (r#"<https://a/x?page=2>; rel="next""#, Some("https://a/x?page=2")),
            (r#"<https://a/1>; rel="prev", </x?page=3>; rel="next last""#, Some("/x?page=3")),
            (r#"<https://a/1>; rel=first,<https://a/2>; title="a, b"; rel=next"#, Some("https://a/2")),
            (r#"<https://a/1>; rel="prev""#, None),
            ("", None),
            ("<broken", None),
        ];
        for (header, expected) in cases {
            assert_eq!(next_link(header).as_deref(), expected, "{header}");
        }
    }
}
