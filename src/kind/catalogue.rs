//! The element catalogue: which configuration entries each element asks for, offline.
//!
//! The facts ship in the binary as one text table (`catalogue/elements.txt`, about 75 KB), parsed once on first
//! use. Documentation rarely says what is required, so [`Required`] keeps what is known apart from what is only
//! likely. Keys that every element understands (events, paging, bulk, OAuth) stand in an entry list of their own.

mod live;
mod parse;
#[cfg(test)]
mod tests;

pub use live::essence;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use crate::diag;

/// All known elements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    elements: BTreeMap<String, Element>,
    aliases: BTreeMap<String, String>,
    /// Elements known by their name only: key and hub.
    named: BTreeMap<String, String>,
    common: Vec<Entry>,
}

/// One element: a service that instances connect to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    pub key: String,
    pub name: String,
    /// The family of services it belongs to (`crm`, `helpdesk`), if known.
    pub hub: Option<String>,
    pub auth: Auth,
    /// Ids seen in documentation. They differ between environments: never an identity, only a hint.
    pub ids: Vec<u64>,
    /// Keys of the one-time data that a browser login gives (`code`).
    pub provider_data: Vec<String>,
    /// What the address of that login is asked with, beside key, secret and callback.
    pub oauth_url_params: Vec<String>,
    pub entries: Vec<Entry>,
    /// Documented sets of entries, where there are several ways to connect.
    pub variants: Vec<Variant>,
}

/// One documented way to connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variant {
    /// The value of `authentication.type` that chooses it, if it is chosen so.
    pub auth: Option<String>,
    pub keys: Vec<String>,
}

/// How the service behind an element is logged in to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    Basic,
    ApiKey,
    OAuth1,
    OAuth2,
    Custom,
    #[default]
    Unknown,
}

/// One configuration entry of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    pub label: Option<String>,
    pub required: Required,
    pub secret: bool,
    pub ty: EntryType,
    /// What the service takes when the entry is not given.
    pub default: Option<String>,
    /// A value seen in an answer, of entries that the service fills in.
    pub observed: Option<String>,
    /// The service fills it in.
    pub server_set: bool,
    /// The only values it takes; empty: any.
    pub allowed: Vec<String>,
    /// Seen in a shared table or an events sample only: may belong to a sibling element.
    pub doubtful: bool,
}

/// Whether an entry must be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    /// The documentation says so.
    Yes,
    /// Every documented request has it.
    Likely,
    No,
    Unknown,
}

/// What an entry holds. The API carries all of them as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryType {
    String,
    Boolean,
    Number,
    Json,
    /// Not documented.
    Any,
}

/// What a configuration lacks, in the catalogue's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing<'a> {
    pub required: Vec<&'a Entry>,
    pub likely: Vec<&'a Entry>,
}

impl Catalogue {
    /// Returns the catalogue inside the binary.
    pub fn builtin() -> &'static Catalogue {
        static BUILTIN: OnceLock<Catalogue> = OnceLock::new();
        BUILTIN.get_or_init(|| parse::parse(include_str!("catalogue/elements.txt")))
    }

    /// Returns the element of that key, or of that alias.
    pub fn element(&self, key: &str) -> Option<&Element> {
        self.elements.get(key).or_else(|| self.elements.get(self.aliases.get(key)?))
    }

    /// Returns all elements, by key.
    pub fn elements(&self) -> impl ExactSizeIterator<Item = &Element> {
        self.elements.values()
    }

    /// Returns whether such an element exists, even if nothing is known of its entries.
    pub fn mentions(&self, key: &str) -> bool {
        self.element(key).is_some() || self.named.contains_key(key)
    }

    /// Returns the element key that `key` was probably meant to be.
    pub fn near(&self, key: &str) -> Option<&str> {
        diag::did_you_mean(key, self.elements.keys().chain(self.named.keys()).map(String::as_str))
    }

    /// Returns the entries that any element understands.
    pub fn common(&self) -> &[Entry] {
        &self.common
    }

    /// Returns the entry of an element, or the one common to all.
    pub fn entry<'a>(&'a self, element: &'a Element, key: &str) -> Option<&'a Entry> {
        element.entry(key).or_else(|| self.common.iter().find(|entry| entry.key == key))
    }

    /// Returns whether an entry of that key makes sense for the element.
    ///
    /// The service reserves whole families (`event.`, `oauth.`, …): a key of theirs counts as known unless it is
    /// a near miss of one that is listed.
    pub fn knows(&self, element: &Element, key: &str) -> bool {
        const FAMILIES: [&str; 5] = ["event.", "pagination.", "bulk.", "oauth.", "aws."];
        self.entry(element, key).is_some()
            || (FAMILIES.iter().any(|family| key.starts_with(family))
                && self.near_entry(element, key).is_none())
    }

    /// Returns the entry's key that `key` was probably meant to be; the element's own come first.
    pub fn near_entry<'a>(&'a self, element: &'a Element, key: &str) -> Option<&'a str> {
        let keys = |entries: &'a [Entry]| entries.iter().map(|entry| entry.key.as_str());
        diag::did_you_mean(key, keys(&element.entries))
            .or_else(|| diag::did_you_mean(key, keys(&self.common)))
    }

    /// Returns whether the value of that entry must stay hidden; the element may be unknown.
    pub fn is_secret(&self, element: Option<&Element>, key: &str) -> bool {
        is_secret_key(key)
            || element.and_then(|element| self.entry(element, key)).is_some_and(|entry| entry.secret)
    }

    fn insert(&mut self, element: Element) {
        self.elements.insert(element.key.clone(), element);
    }
}

impl Element {
    /// Returns the element's own entry of that key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Returns what `present` lacks. An entry with a default, or that the service sets, is never missing.
    pub fn missing(&self, present: &BTreeSet<&str>) -> Missing<'_> {
        let mut missing = Missing::default();
        let open = |entry: &&Entry| !present.contains(entry.key.as_str()) && !entry.server_set;
        for entry in self.entries.iter().filter(open).filter(|entry| entry.default.is_none()) {
            match entry.required {
                Required::Yes => missing.required.push(entry),
                Required::Likely => missing.likely.push(entry),
                Required::No | Required::Unknown => {}
            }
        }
        missing
    }

    /// Returns whether connecting needs a login in a browser, given the value of `authentication.type`.
    pub fn needs_login(&self, variant: Option<&str>) -> bool {
        let auth = variant.and_then(Auth::parse).unwrap_or(self.auth);
        !self.provider_data.is_empty() && matches!(auth, Auth::OAuth1 | Auth::OAuth2)
    }

    /// Returns how that login goes, a line a step; empty if there is none.
    pub fn login_steps(&self) -> Vec<String> {
        if self.provider_data.is_empty() {
            return Vec::new();
        }
        let mut steps = Vec::new();
        let path = format!("/elements/{}/oauth", self.key);
        let asked = "apiKey=…&apiSecret=…&callbackUrl=…";
        if self.auth == Auth::OAuth1 {
            steps.push(format!("GET {path}/token?{asked} answers a request `token` and its `secret`"));
        }
        let further = self.url_parameters().map(|name| format!("&{name}=…")).collect::<String>();
        steps.push(format!("GET {path}/url?{asked}{further} answers `oauthUrl`"));
        steps.push(
            "Open that address in a browser and grant access; it returns to the callback URL".to_owned(),
        );
        let data =
            self.provider_data.iter().map(|key| format!("{key} = \"…\"")).collect::<Vec<_>>().join(", ");
        steps.push(format!(
            "Create with provider_data = {{ {data} }}, taken from that address; it works once"
        ));
        steps
    }

    fn url_parameters(&self) -> impl Iterator<Item = &str> {
        let request = (self.auth == Auth::OAuth1).then_some("requestToken");
        let rest = self.oauth_url_params.iter().map(String::as_str).filter(|name| *name != "requestToken");
        request.into_iter().chain(rest)
    }
}

impl Auth {
    /// Reads the API's word for it, in any case.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "basic" => Self::Basic,
            "apikey" => Self::ApiKey,
            "oauth1" => Self::OAuth1,
            "oauth2" | "oauth" | "oauth2password" => Self::OAuth2,
            "custom" => Self::Custom,
            _ => return None,
        })
    }

    /// Returns the API's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::ApiKey => "apiKey",
            Self::OAuth1 => "oauth1",
            Self::OAuth2 => "oauth2",
            Self::Custom => "custom",
            Self::Unknown => "unknown",
        }
    }
}

impl Entry {
    /// Returns what an instance answers for it when the user gave nothing: the default, or what was seen.
    pub fn initial(&self) -> Option<&str> {
        self.default.as_deref().or(self.observed.as_deref())
    }
}

impl EntryType {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::Json => "JSON",
            Self::Any => "any",
        }
    }

    /// Returns whether a text, as the API carries all values, can be one of these.
    pub fn admits(self, text: &str) -> bool {
        match self {
            Self::String | Self::Any => true,
            Self::Boolean => text == "true" || text == "false",
            Self::Number => text.trim().parse::<f64>().is_ok_and(f64::is_finite),
            Self::Json => serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok(),
        }
    }
}

/// Returns whether a key names a secret: `(?i)passw|secret|token|(api|private|signature)[._-]?key`.
pub fn is_secret_key(key: &str) -> bool {
    let key = fold(key);
    ["passw", "secret", "token"].iter().any(|word| key.contains(word))
        || key.match_indices("key").any(|(at, _)| {
            let before = &key[..at];
            let before = before.strip_suffix(['.', '_', '-']).unwrap_or(before);
            ["api", "private", "signature"].iter().any(|word| before.ends_with(word))
        })
}

/// Folds case as `(?i)` does: beside ASCII, two further letters fold to `s` and `k`.
fn fold(key: &str) -> Cow<'_, str> {
    if key.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(key);
    }
    let fold = |letter: char| match letter {
        'ſ' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    key.chars().map(fold).collect()
}
