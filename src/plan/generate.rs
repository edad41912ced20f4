//! Objects as the API has them → the blocks that would declare them: for `-generate-config-out`, and for whoever adopts many at once.
//!
//! Written is what a person would write: arguments, not what the API computes; no defaults; of a map to which the service adds
//! settings of its own, the entries that its catalogue describes. A secret becomes a sensitive variable, since the API does not tell
//! it and no file shall hold it.

use super::settable;
use crate::addr::{ObjectAddr, ObjectKey, is_identifier};
use crate::kind::{self, Attribute, Kind};
use crate::provider::Object;
use crate::state::ProviderAddr;
use crate::value::{self, Marks, Str, Value};
use std::collections::BTreeSet;

/// An object that is to be declared at an address of the root module, without a key.
pub struct Undeclared<'g> {
    pub addr: &'g ObjectAddr,
    pub kind: &'g Kind,
    /// Written out when it is not the kind's own.
    pub provider: Option<&'g ProviderAddr>,
    pub object: &'g Object,
}

/// Blocks, formatted, and the variables that they bring along.
#[derive(Clone, Debug, Default)]
pub struct Generated {
    pub text: String,
    /// The variables whose values only the user knows.
    pub variables: Vec<String>,
}

const HEAD: &str = "# __generated__ by Isotope\n\
    # Please review these blocks and move them into your main configuration files.\n";

/// Writes the blocks of these objects, in the order in which they are given. `taken` says which names of variables are in use.
pub fn generate<'g>(
    objects: impl Iterator<Item = Undeclared<'g>>,
    taken: impl Fn(&str) -> bool,
) -> Generated {
    let mut writer = Writer { taken, used: BTreeSet::new(), variables: Vec::new() };
    let mut text = HEAD.to_owned();
    for object in objects {
        let before = writer.variables.len();
        let block = writer.block(&object);
        for variable in &writer.variables[before..] {
            text.push_str(&format!(
                "\n# A secret of {}: the API does not tell it.\nvariable {} {{\ntype = string\nsensitive = true\n}}\n",
                object.addr,
                value::quote(variable)
            ));
        }
        text.push_str(&block);
    }
    Generated { text: crate::syntax::format(&text), variables: writer.variables }
}

struct Writer<F> {
    taken: F,
    used: BTreeSet<String>,
    variables: Vec<String>,
}

impl<F: Fn(&str) -> bool> Writer<F> {
    fn block(&mut self, of: &Undeclared<'_>) -> String {
        let Undeclared { addr, kind, provider, object } = of;
        let id = value::quote(&object.id);
        let resource = &addr.resource;
        let mut text = format!("\n# __generated__ by Isotope from {id}\n");
        text.push_str(&format!("{} {} {{\n", resource.kind, value::quote(&resource.name)));
        if let Some(ProviderAddr { name, alias }) = provider {
            let alias = alias.as_ref().map(|alias| format!(".{alias}")).unwrap_or_default();
            text.push_str(&format!("provider = {name}{alias}\n"));
        }
        for attribute in arguments(kind) {
            let value = object.values.get_attr(&attribute.name).filter(|value| !value.is_null());
            let Some(value) = value.filter(|value| !is_default(attribute, addr, value)) else { continue };
            if let Some(written) = self.argument(of, attribute, value) {
                text.push_str(&format!("{} = {written}\n", attribute.name));
            }
        }
        text.push_str("}\n");
        text
    }

    fn argument(&mut self, of: &Undeclared<'_>, attribute: &Attribute, value: &Value) -> Option<String> {
        let (plain, _) = value.unmark();
        match &plain {
            _ if hidden(value) => Some(self.secret(of, &attribute.name)),
            Value::List(_, elements) if elements.is_empty() => None,
            Value::Set(..) if plain.elements().next().is_none() => None,
            Value::Map(..) | Value::Object(_) => self.entries(of, attribute, &plain),
            _ => Some(expression(&plain)),
        }
    }

    /// A map's entries, or an object's, without those that nobody would write.
    fn entries(&mut self, of: &Undeclared<'_>, attribute: &Attribute, map: &Value) -> Option<String> {
        let mut lines = String::new();
        for (key, value) in map.elements() {
            let Some(key) = key.as_str().map(str::to_owned) else { continue };
            if value.unmarked().is_null() || (attribute.partial && !is_own(of, attribute, &key, &value)) {
                continue;
            }
            let written = if hidden(&value) || value.contains_marks(Marks::SENSITIVE) {
                self.secret(of, &key)
            } else {
                expression(&value)
            };
            lines.push_str(&format!("{} = {written}\n", value::quote(&key)));
        }
        (!lines.is_empty()).then(|| format!("{{\n{lines}}}"))
    }

    /// A variable of its own for a secret.
    fn secret(&mut self, of: &Undeclared<'_>, what: &str) -> String {
        let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let base: String = format!("{}_{what}", of.addr.resource.name).chars().map(word).collect();
        let base = if is_identifier(&base) { base } else { format!("v_{base}") };
        let free = |name: &String| !(self.taken)(name) && !self.used.contains(name);
        let numbered = (2..).map(|number| format!("{base}_{number}"));
        let name = std::iter::once(base.clone()).chain(numbered).find(free).unwrap_or(base);
        self.used.insert(name.clone());
        self.variables.push(name.clone());
        format!("var.{name}")
    }
}

/// The arguments of a kind that an answer can tell, required ones first.
fn arguments(kind: &Kind) -> Vec<&Attribute> {
    let told = |attribute: &&Attribute| !attribute.write_only && !attribute.local && attribute.echo;
    let mut all: Vec<&Attribute> =
        kind.attributes.values().filter(|attribute| settable(attribute)).filter(told).collect();
    all.sort_by_key(|attribute| !matches!(attribute.role, kind::Role::Required));
    all
}

fn is_default(attribute: &Attribute, addr: &ObjectAddr, value: &Value) -> bool {
    let default = kind::default_value(attribute, &addr.resource.name, &ObjectKey::Single);
    matches!(default, Ok(Some(default)) if default == value.unmark_deep().0)
}

/// Whether the API told that something is set, but not what.
fn hidden(value: &Value) -> bool {
    value.is_sensitive() || !value.unmarked().is_known()
}

/// Whether an entry is the user's, as far as can be told: described by the catalogue, and not what the service sets by itself.
fn is_own(of: &Undeclared<'_>, attribute: &Attribute, key: &str, value: &Value) -> bool {
    let used = of.kind.catalogue.as_ref().filter(|used| used.entries == attribute.name);
    let Some((used, catalogue)) = used.and_then(|used| Some((used, used.catalogue()?))) else { return true };
    let chosen = of.object.values.get_attr(&used.key).map(|key| key.unmark().0);
    let element = chosen.as_ref().and_then(Value::as_str).and_then(|chosen| catalogue.element(chosen));
    let common = || catalogue.common().iter().find(|entry| entry.key == key);
    let Some(entry) = element.and_then(|element| element.entry(key)).or_else(common) else {
        // Of an element that nobody described, everything may be the user's.
        return element.is_none();
    };
    let text = value.unmark().0;
    !entry.server_set && (text.as_str().is_none() || text.as_str() != entry.initial())
}

/// A known value without secrets, as one would write it.
fn expression(value: &Value) -> String {
    let (plain, _) = value.unmark();
    let all = |open: &str, close: &str| {
        let elements: Vec<String> = plain.elements().map(|(_, element)| expression(&element)).collect();
        format!("{open}{}{close}", elements.join(", "))
    };
    match &plain {
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => value::quote(text),
        Value::List(..) | Value::Set(..) | Value::Tuple(_) => all("[", "]"),
        Value::Map(..) | Value::Object(_) => {
            let entry = |(key, value): (Value, Value)| {
                let key: Str = key.as_str().unwrap_or_default().into();
                format!("{} = {}\n", value::quote(&key), expression(&value))
            };
            format!("{{\n{}}}", plain.elements().map(entry).collect::<String>())
        }
        _ => "null".to_owned(),
    }
}
