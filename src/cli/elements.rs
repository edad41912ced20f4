//! `isotope elements`: the catalogue, for people who write configurations.

use super::args::Elements;
use super::environment::Environment;
use super::output::Output;
use super::{Exit, Outcome, catalogue};
use crate::diag::Diagnostic;
use crate::kind::Kinds;
use crate::kind::catalogue::{Catalogue, Element, Entry, Required};
use serde_json::json;

pub async fn run(args: &Elements, environment: &Environment, output: &mut Output) -> Outcome {
    match args {
        Elements::List { hub, json, text } => {
            let catalogue = catalogue::current(environment, output)?;
            let wanted = |element: &&Element| {
                hub.as_ref().is_none_or(|hub| hub_of(element).eq_ignore_ascii_case(hub))
                    && text.as_ref().is_none_or(|text| matches(element, text))
            };
            list(&catalogue.elements().filter(wanted).collect::<Vec<_>>(), *json, output);
            Ok(Exit::Done)
        }
        Elements::Show { json, key } => {
            let catalogue = catalogue::current(environment, output)?;
            let Some(element) = catalogue.element(key) else {
                return Err(output.fail(unknown(&catalogue, key)));
            };
            match json {
                true => output.print(&document(element).to_string()),
                false => output.print(show(element).trim_end()),
            }
            Ok(Exit::Done)
        }
        Elements::Sync { json } => catalogue::sync(*json, environment, output).await,
    }
}

fn unknown(catalogue: &Catalogue, key: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(format!("No element {key:?} in the catalogue"))
        .detail("The account may know elements of its own; they work without being in the catalogue.")
        .help("`isotope elements list` lists the known ones, `isotope elements sync` fetches the account's");
    match catalogue.near(key) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}

fn matches(element: &Element, text: &str) -> bool {
    let text = text.to_lowercase();
    element.key.to_lowercase().contains(&text) || element.name.to_lowercase().contains(&text)
}

fn list(found: &[&Element], as_json: bool, output: &mut Output) {
    if as_json {
        let all: Vec<_> = found.iter().map(|e| json!({"key": e.key, "name": e.name, "hub": e.hub})).collect();
        return output.print(&json!(all).to_string());
    }
    let width = found.iter().map(|e| e.key.len()).max().unwrap_or(0);
    let hubs = found.iter().map(|e| hub_of(e).len()).max().unwrap_or(0);
    for element in found {
        output.print(&format!("{:width$}  {:hubs$}  {}", element.key, hub_of(element), element.name));
    }
}

fn hub_of(element: &Element) -> &str {
    element.hub.as_deref().unwrap_or("-")
}

fn need(entry: &Entry) -> &'static str {
    match entry.required {
        Required::Yes => "required",
        Required::Likely => "likely required",
        Required::No => "optional",
        Required::Unknown => "",
    }
}

fn document(element: &Element) -> serde_json::Value {
    let entry = |entry: &Entry| {
        json!({
            "key": entry.key, "label": entry.label, "required": need(entry), "secret": entry.secret,
            "type": entry.ty.as_str(), "default": entry.default,
        })
    };
    let entries: Vec<_> = element.entries.iter().map(entry).collect();
    json!({"key": element.key, "name": element.name, "hub": element.hub, "auth": element.auth.as_str(), "configuration": entries})
}

/// What an element asks for, and a block to start from.
fn show(element: &Element) -> String {
    let mut text = format!(
        "{} ({})\n  hub {}, authentication {}\n\nConfiguration:\n",
        element.name,
        element.key,
        hub_of(element),
        element.auth.as_str()
    );
    let width = element.entries.iter().map(|e| e.key.len()).max().unwrap_or(0);
    for entry in &element.entries {
        let mut notes = vec![need(entry).to_owned()];
        if entry.secret {
            notes.push("secret".to_owned());
        }
        if entry.server_set {
            notes.push("set by the service".to_owned());
        }
        if let Some(default) = &entry.default {
            notes.push(format!("default {default}"));
        }
        notes.retain(|note| !note.is_empty());
        text.push_str(format!("  {:width$}  {}", entry.key, notes.join(", ")).trim_end());
        text.push('\n');
    }
    let steps = element.login_steps();
    if !steps.is_empty() {
        text.push_str("\nHow to log in:\n");
        for (number, step) in (1..).zip(steps) {
            text.push_str(&format!("  {number}. {step}\n"));
        }
    }
    text.push_str("\nA block to start from:\n\n");
    text.push_str(&block(element));
    text
}

fn block(element: &Element) -> String {
    let wanted =
        |entry: &&Entry| matches!(entry.required, Required::Yes | Required::Likely) && !entry.server_set;
    let mut body = String::new();
    for entry in element.entries.iter().filter(wanted) {
        let variable = entry.key.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        let value = if entry.secret { format!("var.{variable}") } else { "\"…\"".to_owned() };
        body.push_str(&format!("{:?} = {value}\n", entry.key));
    }
    let name = element.key.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let kinds = Kinds::builtin();
    let described = kinds.names().filter_map(|name| kinds.get(name)).find_map(|kind| {
        kind.catalogue.as_ref().map(|catalogue| (&kind.name, &catalogue.key, &catalogue.entries))
    });
    let Some((kind, key, entries)) = described else { return String::new() };
    let text = format!("{kind} \"{name}\" {{\n{key} = {:?}\n{entries} = {{\n{body}}}\n}}\n", element.key);
    crate::syntax::format(&text)
}
