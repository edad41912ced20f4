//! `isotope kinds`: what a configuration can declare.

use super::args::KindsCommand;
use super::environment::Environment;
use super::output::Output;
use super::{Exit, Outcome, project};
use crate::config;
use crate::diag::{Diagnostic, Diagnostics, Reported, Sources, did_you_mean};
use crate::eval::{self, functions::CallError};
use crate::kind::{Attribute, Kind, Kinds, Role, openapi};
use crate::value::{Secrets, to_json};
use serde_json::{Value, json};
use std::path::Path;

pub fn run(args: &KindsCommand, environment: &Environment, output: &mut Output) -> Outcome {
    if let KindsCommand::Generate { path, spec } = args {
        return generate(spec, path.as_deref(), environment, output);
    }
    let kinds = known(environment, output)?;
    match args {
        KindsCommand::Generate { .. } => {}
        KindsCommand::List(args) if args.json => {
            let all: Vec<Value> = kinds.iter().map(|kind| summary(kind)).collect();
            output.print(&json!(all).to_string());
        }
        KindsCommand::List(_) => list(&kinds, output),
        KindsCommand::Show { json, name } => {
            let Some(kind) = kinds.get(name) else { return Err(output.fail(unknown(&kinds, name))) };
            if *json {
                output.print(&document(kind).to_string());
            } else {
                output.print(show(kind).trim_end());
            }
        }
    }
    Ok(Exit::Done)
}

/// Prints kinds drafted from an OpenAPI document.
fn generate(spec: &Path, only: Option<&str>, environment: &Environment, output: &mut Output) -> Outcome {
    let unusable = |problem: String| {
        Diagnostic::error("Invalid OpenAPI document").detail(format!("{}: {problem}.", spec.display()))
    };
    let text = read(spec, environment).map_err(|error| output.fail(unusable(error.to_string())))?;
    let document = decode(&text).map_err(|problem| output.fail(unusable(problem)))?;
    let kinds =
        openapi::generate(&document, only).map_err(|error| output.fail(unusable(error.to_string())))?;
    output.print(kinds.trim_end());
    Ok(Exit::Done)
}

fn read(spec: &Path, environment: &Environment) -> std::io::Result<String> {
    if spec == Path::new("-") {
        return std::io::read_to_string(std::io::stdin());
    }
    std::fs::read_to_string(environment.dir.join(spec))
}

/// JSON keeps the order of its paths; whatever else it is, is YAML.
fn decode(text: &str) -> Result<Value, String> {
    let not_json = match serde_json::from_str(text) {
        Ok(document) => return Ok(document),
        Err(error) => error,
    };
    if text.trim_start().starts_with(['{', '[']) {
        return Err(not_json.to_string());
    }
    match eval::functions::from_yaml_text(text) {
        Ok(document) => Ok(to_json(&document, Secrets::Reveal)),
        Err(CallError::Argument { message, .. } | CallError::Failed(message)) => Err(message),
    }
}

/// The kinds of this directory: built in, and defined by its configuration if there is one.
fn known(environment: &Environment, output: &mut Output) -> Result<Kinds, Reported> {
    if !config::is_configured(&environment.dir) {
        return Ok(Kinds::builtin().clone());
    }
    let mut sources = Sources::new();
    let mut diags = Diagnostics::new();
    let loaded = config::load(&environment.dir, &mut sources, &mut diags);
    let kinds = loaded.map(|config| project::kinds(&config, environment, &mut diags));
    output.check(&mut diags, &sources)?;
    kinds
}

fn unknown(kinds: &Kinds, name: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(format!("There is no kind {name:?}"));
    match did_you_mean(name, kinds.names()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help("`isotope kinds list` lists them"),
    }
}

fn list(kinds: &Kinds, output: &mut Output) {
    let width = kinds.names().map(str::len).max().unwrap_or(0);
    let providers = kinds.iter().map(|kind| provider(kind).len()).max().unwrap_or(0);
    for kind in kinds.iter() {
        let line = format!("{:width$}  {:providers$}  {}", &*kind.name, provider(kind), kind.description);
        output.print(line.trim_end());
    }
}

fn provider(kind: &Kind) -> &str {
    kind.provider.as_deref().unwrap_or("-")
}

fn summary(kind: &Kind) -> Value {
    json!({ "name": &*kind.name, "provider": kind.provider.as_deref(), "description": kind.description })
}

fn document(kind: &Kind) -> Value {
    let attribute = |attribute: &Attribute| {
        json!({
            "name": &*attribute.name,
            "type": attribute.constraint.to_string(),
            "role": role(attribute),
            "notes": notes(attribute),
        })
    };
    let mut document = summary(kind);
    document["attributes"] = kind.attributes.values().map(attribute).collect();
    document["import"] = kind.patterns().iter().map(ToString::to_string).collect();
    document
}

fn show(kind: &Kind) -> String {
    let mut text = format!("{} ({})\n  {}\n", &*kind.name, provider(kind), kind.description);
    let arguments = kind.attributes.values().filter(|attribute| attribute.is_argument());
    text.push_str("\nArguments:\n");
    text.push_str(&table(&arguments.collect::<Vec<_>>()));
    let computed = kind.attributes.values().filter(|attribute| !attribute.is_argument());
    text.push_str("\nAttributes:\n");
    text.push_str(&table(&computed.collect::<Vec<_>>()));
    let forms: Vec<String> = kind.patterns().iter().map(ToString::to_string).collect();
    match (forms.is_empty(), kind.provider.is_some()) {
        (false, _) => text.push_str(&format!("\nImported by: {}\n", forms.join(", "))),
        (true, true) => text.push_str("\nImported by: ID\n"),
        (true, false) => {}
    }
    text
}

fn table(attributes: &[&Attribute]) -> String {
    let width = |text: fn(&Attribute) -> String| attributes.iter().map(|a| text(a).len()).max().unwrap_or(0);
    let (names, types) = (width(|a| a.name.to_string()), width(short_type));
    let line = |attribute: &&Attribute| {
        let line = format!(
            "  {:names$}  {:types$}  {}",
            &*attribute.name,
            short_type(attribute),
            notes(attribute).join(", ")
        );
        format!("{}\n", line.trim_end())
    };
    attributes.iter().map(line).collect()
}

/// The type on one line: what an object holds is told by `-json`.
fn short_type(attribute: &Attribute) -> String {
    let whole = attribute.constraint.to_string();
    match whole.find("object(") {
        Some(at) => format!("{}object(…){}", &whole[..at], ")".repeat(whole[..at].matches('(').count())),
        None => whole,
    }
}

fn role(attribute: &Attribute) -> &'static str {
    match attribute.role {
        Role::Required => "required",
        Role::Optional => "optional",
        Role::Defaulted(_) => "defaulted",
        Role::Computed | Role::Generated(_) => "computed",
    }
}

/// What is particular about an attribute, in words.
fn notes(attribute: &Attribute) -> Vec<&'static str> {
    let said = [
        ("required", matches!(attribute.role, Role::Required)),
        ("has a default", matches!(attribute.role, Role::Defaulted(_))),
        ("a change replaces", attribute.replace),
        ("only what is declared is compared", attribute.partial),
        ("sensitive", attribute.sensitive),
        ("never kept", attribute.write_only),
        ("kept in the state alone", attribute.local),
        ("shown once", attribute.once),
        ("switched by requests of its own", attribute.toggle.is_some()),
        ("put in and taken out one by one", attribute.members.is_some()),
    ];
    said.into_iter().filter(|(_, holds)| *holds).map(|(words, _)| words).collect()
}
