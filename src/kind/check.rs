//! Holds a resource block against its kind and the element catalogue, offline: mistakes that the API would find late, or never.

use super::catalogue::{Catalogue, Element, Entry};
use super::{Attribute, CatalogueUse, Kind, Role};
use crate::diag::{Diagnostic, Diagnostics, Span, did_you_mean};
use crate::value::{Path, PathStep, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Finds the attribute that an argument sets, or says why there is none; the caller adds the place.
#[expect(clippy::result_large_err, reason = "the error is reported at once and never passed on")]
pub fn argument<'k>(kind: &'k Kind, name: &str) -> Result<&'k Attribute, Diagnostic> {
    match kind.attributes.get(name) {
        Some(attribute) if attribute.is_argument() => Ok(attribute),
        Some(Attribute { role: Role::Generated(_), .. }) => Err(unconfigurable(name, "Isotope")),
        Some(_) => Err(unconfigurable(name, "the API")),
        None => Err(unsupported(kind, name)),
    }
}

fn unconfigurable(name: &str, who: &str) -> Diagnostic {
    Diagnostic::error("Value for unconfigurable attribute").label(format!("{who} decides `{name}`")).detail(
        format!(
            "Can't configure a value for {name:?}: its value will be decided automatically based on the result of \
             applying this configuration."
        ),
    )
}

fn unsupported(kind: &Kind, name: &str) -> Diagnostic {
    let hint = meant(did_you_mean(name, arguments(kind)));
    Diagnostic::error("Unsupported argument")
        .label(format!("`{}` has no argument `{name}`{hint}", kind.name))
        .detail(format!("An argument named {name:?} is not expected here."))
}

/// Returns a complaint for each required argument that is not among the names `given`; the caller adds the place. One that is
/// there under a misspelt name, of which [`argument`] complains, is not missed.
pub fn missing(kind: &Kind, given: &[&str]) -> Vec<Diagnostic> {
    let foreign = given.iter().filter(|name| !kind.attributes.contains_key(**name));
    let meant: BTreeSet<&str> = foreign.filter_map(|name| did_you_mean(name, arguments(kind))).collect();
    let required = kind.attributes.values().filter(|attribute| matches!(attribute.role, Role::Required));
    let names = required.map(|attribute| &*attribute.name);
    let missed = names.filter(|name| !given.contains(name) && !meant.contains(name));
    missed
        .map(|name| {
            Diagnostic::error("Missing required argument")
                .label(format!("`{}` needs `{name}`", kind.name))
                .detail(format!("The argument {name:?} is required, but no definition was found."))
        })
        .collect()
}

/// The names of all arguments.
fn arguments(kind: &Kind) -> impl Iterator<Item = &str> {
    kind.attributes.values().filter(|attribute| attribute.is_argument()).map(|attribute| &*attribute.name)
}

fn meant(near: Option<&str>) -> String {
    near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

/// Checks the values of a block's arguments; what is unknown yet is passed over.
///
/// `desired` is an object of arguments, converted ([`Attribute::convert`]); `place` finds where a value stands: an argument
/// by its name, an entry of a map by its name and then its key as an index; `block` is the block's header.
pub fn check(
    kind: &Kind,
    desired: &Value,
    place: &dyn Fn(&Path) -> Span,
    block: Span,
    addr: &str,
    diags: &mut Diagnostics,
) {
    let desired = desired.unmark().0;
    let mut found = masks(kind, &desired, place);
    if let Some(used) = &kind.catalogue {
        found.extend(entries(used, &desired, place, block));
    }
    found.into_iter().for_each(|diagnostic| diags.push(diagnostic.about(addr)));
}

/// A mask is what a secret reads back as; written as a value it would overwrite the secret.
fn masks(kind: &Kind, desired: &Value, place: &dyn Fn(&Path) -> Span) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for attribute in kind.attributes.values() {
        let (Some(mask), Some(value)) = (&attribute.masked, desired.get_attr(&attribute.name)) else {
            continue;
        };
        crate::value::walk(value, &mut |path, value| {
            if value.unmark().0.as_str() == Some(mask) {
                found.push(
                    Diagnostic::error("Masked value")
                        .at(place(&entry_path(&attribute.name, path)))
                        .label("the service shows secrets so: this is no value")
                        .help("give the secret itself, from a sensitive variable"),
                );
            }
            true
        });
    }
    found
}

/// The path of an entry: in a map that was written as an object, too, an entry goes by its key.
fn entry_path(attribute: &str, inside: &Path) -> Path {
    inside.0.iter().fold(Path::root().child_attr(attribute), |path, step| match step {
        PathStep::Attr(name) => path.child_index(Value::string(name)),
        PathStep::Index(key) => path.child_index(key.clone()),
    })
}

/// What the catalogue says of the described map.
fn entries(
    used: &CatalogueUse,
    desired: &Value,
    place: &dyn Fn(&Path) -> Span,
    block: Span,
) -> Vec<Diagnostic> {
    let plain = |name: &str| desired.get_attr(name).map(|value| value.unmark().0);
    let (Some(catalogue), Some(key)) = (used.catalogue(), plain(&used.key)) else { return Vec::new() };
    let Some(key) = key.as_str() else { return Vec::new() };
    let Some(element) = catalogue.element(key) else {
        let place = place(&Path::root().child_attr(&used.key));
        return unknown_element(catalogue, key).map(|d| d.at(place)).into_iter().collect();
    };
    let given = match plain(&used.entries) {
        Some(value) if !value.is_known() => return Vec::new(),
        value => Given::new(value.as_ref()),
    };
    let at = |key: &str| place(&Path::root().child_attr(&used.entries).child_index(Value::string(key)));
    let mut found = missing_entries(element, &given, block);
    for (key, value) in &given.declared {
        found.extend(entry(catalogue, element, key, value).map(|diagnostic| diagnostic.at(at(key))));
    }
    found
}

/// The entries that a block declares; null counts as left out.
struct Given {
    declared: BTreeMap<String, Value>,
    /// Written, but null.
    null: BTreeSet<String>,
}

impl Given {
    fn new(map: Option<&Value>) -> Self {
        let known = map.filter(|map| !map.is_null()).map(Value::elements);
        let (mut declared, mut null) = (BTreeMap::new(), BTreeSet::new());
        for (key, value) in known.into_iter().flatten() {
            match key.as_str() {
                Some(key) if value.is_null() => {
                    null.insert(key.to_owned());
                }
                Some(key) => {
                    declared.insert(key.to_owned(), value);
                }
                None => {}
            }
        }
        Self { declared, null }
    }

    fn keys(&self) -> BTreeSet<&str> {
        self.declared.keys().map(String::as_str).collect()
    }

    /// The text of an entry that is known.
    fn text(&self, key: &str) -> Option<String> {
        self.declared.get(key)?.unmark().0.as_str().map(str::to_owned)
    }
}

/// An element that the catalogue lacks may be a custom one: only a near miss is worth a word.
fn unknown_element(catalogue: &Catalogue, key: &str) -> Option<Diagnostic> {
    if catalogue.mentions(key) {
        return None;
    }
    let near = catalogue.near(key)?;
    Some(
        Diagnostic::warning("Unknown element")
            .label(format!("no element `{key}` is known; did you mean `{near}`?"))
            .help(format!("`isotope elements show {near}` tells what that one asks for")),
    )
}

fn missing_entries(element: &Element, given: &Given, block: Span) -> Vec<Diagnostic> {
    let missing = element.missing(&given.keys());
    let report = |diagnostic: Diagnostic, verb: &str, entries: &[&Entry]| {
        let names = and(entries.iter().map(|entry| entry.key.as_str()));
        let null: Vec<&str> =
            entries.iter().map(|e| e.key.as_str()).filter(|key| given.null.contains(*key)).collect();
        (!entries.is_empty()).then(|| {
            let diagnostic = diagnostic.at(block).label(format!("`{}` {verb} {names}", element.key));
            let diagnostic = match null.is_empty() {
                true => diagnostic,
                false => diagnostic.help(format!(
                    "{}: written here, but null; is a variable unset?",
                    and(null.iter().copied())
                )),
            };
            diagnostic.help(format!("`isotope elements show {}` lists every entry", element.key))
        })
    };
    let sure = report(Diagnostic::error("Missing configuration entries"), "also needs", &missing.required);
    let likely = Diagnostic::warning("Configuration entries that are probably needed");
    let likely = report(likely, "usually also needs", &missing.likely);
    sure.into_iter().chain(likely).collect()
}

/// `` `a`, `b` and `c` ``.
fn and<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// An element behind a login in a browser takes a one-time code, or tokens from elsewhere.
///
/// That is for objects that are to be made: one that exists has logged in, or was disabled since.
pub fn login(kind: &Kind, desired: &Value, block: Span) -> Option<Diagnostic> {
    let used = kind.catalogue.as_ref()?;
    let plain = |name: &str| desired.get_attr(name).map(|value| value.unmark().0);
    let element = used.catalogue()?.element(plain(&used.key)?.as_str()?)?;
    let entries = plain(&used.entries);
    if entries.as_ref().is_some_and(|entries| !entries.is_known()) {
        return None;
    }
    let given = Given::new(entries.as_ref());
    let handed_over = kind.attributes.values().find(|attribute| attribute.write_only)?;
    let has_code = desired.get_attr(&handed_over.name).is_some_and(|value| !value.is_null());
    let has_tokens = given.declared.keys().any(|key| key.starts_with("oauth.user."));
    if has_code || has_tokens || !element.needs_login(given.text("authentication.type").as_deref()) {
        return None;
    }
    let label = format!(
        "`{}` needs `{}` from a login in a browser, or tokens from an earlier one",
        element.key, handed_over.name
    );
    Some(
        Diagnostic::warning("Missing login")
            .at(block)
            .label(label)
            .detail(element.login_steps().join("\n"))
            .help(format!("`isotope elements show {}` tells where to get the code", element.key)),
    )
}

/// One declared entry: is there such a one, and can its value be right?
fn entry(catalogue: &Catalogue, element: &Element, key: &str, value: &Value) -> Option<Diagnostic> {
    if !catalogue.knows(element, key) {
        let hint = meant(catalogue.near_entry(element, key));
        return Some(
            Diagnostic::warning("Unknown configuration entry")
                .label(format!("`{}` has no entry `{key}`{hint}", element.key)),
        );
    }
    let entry = catalogue.entry(element, key)?;
    let plain = value.unmark_deep().0;
    let text = match &plain {
        Value::String(text) => text.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        _ => return structured(entry, &plain),
    };
    if !entry.ty.admits(&text) {
        return Some(wrong_type(entry));
    }
    let forbidden = !entry.allowed.is_empty() && !entry.allowed.contains(&text);
    forbidden.then(|| {
        let allowed = and(entry.allowed.iter().map(String::as_str));
        Diagnostic::warning("Unusual configuration value").label(format!("documented for `{key}`: {allowed}"))
    })
}

/// Only an entry that holds JSON takes an object or a list.
fn structured(entry: &Entry, value: &Value) -> Option<Diagnostic> {
    use super::catalogue::EntryType;
    let open = matches!(entry.ty, EntryType::Json | EntryType::Any);
    (value.is_known() && !open).then(|| wrong_type(entry))
}

fn wrong_type(entry: &Entry) -> Diagnostic {
    let article = if entry.ty.as_str().starts_with('J') { "" } else { "a " };
    Diagnostic::error("Incorrect configuration value type").label(format!(
        "`{}` takes {article}{}",
        entry.key,
        entry.ty.as_str()
    ))
}
