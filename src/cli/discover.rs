//! `isotope discover`: what exists in the account and is not in the state. Also the look that `import -all` begins with.

use super::args::{self, Variables, Which};
use super::backend::{self, Backend};
use super::environment::Environment;
use super::output::Output;
use super::project::{self, Project};
use super::providers::Besides;
use super::{Exit, Outcome, providers};
use crate::addr::Name;
use crate::diag::{Diagnostic, Diagnostics, Reported, did_you_mean};
use crate::kind::Kind;
use crate::plan::{self, Collection, Discovery, Found, Standing};
use crate::render;
use crate::state::ProviderAddr;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The account as it was found, beside what is known of it here.
pub struct Look {
    pub project: Project,
    pub backend: Backend,
    pub discovery: Discovery,
}

pub async fn run(args: &args::Discover, environment: &Environment, output: &mut Output) -> Outcome {
    let look = look(&args.variables, &args.which, environment, output).await?;
    let found = &look.discovery.found;
    let unmanaged: Vec<&Found> =
        found.iter().filter(|one| !is_managed(one) && matches(one, args.which.text.as_deref())).collect();
    match args.json {
        true => output.print(&document(&unmanaged, &look.discovery).to_string()),
        false => output.print(&text(&unmanaged, found)),
    }
    Ok(Exit::Done)
}

fn is_managed(found: &Found) -> bool {
    matches!(found.standing, Standing::Managed(_))
}

/// Whether an object's name, id or catalogue entry has a text.
pub fn matches(found: &Found, text: Option<&str>) -> bool {
    let Some(text) = text.map(str::to_lowercase) else { return true };
    let (kind, values) = (&found.kind, &found.object.values);
    let said = [kind.title(values), kind.sort(values), found.id.clone()];
    said.into_iter().flatten().any(|said| said.to_lowercase().contains(&text))
}

/// Lists what exists. A collection that cannot be listed is a warning, or an error if nothing else was asked for.
pub async fn look(
    variables: &Variables,
    which: &Which,
    environment: &Environment,
    output: &mut Output,
) -> Result<Look, Reported> {
    let project = project::load_any(variables, environment, output)?;
    let backend = backend::open(&project, environment, output).await?;
    let asked = collections(&project, &backend, which, output)?;
    let extra: BTreeSet<ProviderAddr> = asked.iter().map(|(_, provider)| provider.clone()).collect();
    let extra: Vec<ProviderAddr> = extra.into_iter().collect();
    let besides = Besides { extra: &extra, ..Besides::default() };
    let connected =
        providers::connect_with(&project, &backend, besides, None, false, environment, output).await?;
    let discovery = plan::discover(&asked, &project.kinds, &connected.providers, &backend.state).await;
    if let Some(emulator) = connected.emulator {
        emulator.stop().await;
    }
    let missed: BTreeSet<&Name> = discovery.missed.iter().map(|missed| &missed.kind.name).collect();
    let all = asked.iter().all(|(kind, _)| missed.contains(&kind.name)) || !which.kind.is_empty();
    let mut diags = Diagnostics::new();
    for missed in &discovery.missed {
        let summary = format!("Cannot list the objects of {}", missed.kind.name);
        let problem = if all { Diagnostic::error(summary) } else { Diagnostic::warning(summary) };
        diags.push(problem.detail(format!("{}.", missed.problem)));
    }
    output.check(&mut diags, &project.sources)?;
    Ok(Look { project, backend, discovery })
}

/// The collections that are asked for: of every kind that can be listed, or of those that were named.
fn collections(
    project: &Project,
    backend: &Backend,
    which: &Which,
    output: &mut Output,
) -> Result<Vec<Collection>, Reported> {
    let listable = |kind: &&Arc<Kind>| kind.list.is_some() && kind.provider.is_some() && !kind.read_only;
    let known: Vec<&Arc<Kind>> = project.kinds.iter().filter(listable).collect();
    for name in &which.kind {
        if !known.iter().any(|kind| *kind.name == **name) {
            return Err(output.fail(unlisted(name, &known)));
        }
    }
    let wanted =
        known.iter().filter(|kind| which.kind.is_empty() || which.kind.contains(&kind.name.to_string()));
    let used = providers::used(project, backend);
    let mut found = Vec::new();
    for kind in wanted {
        let configured = configured(kind, project, &used, !which.kind.is_empty());
        found.extend(configured.into_iter().map(|provider| ((*kind).clone(), provider)));
    }
    Ok(found)
}

/// The configurations of a kind's provider that reach something. One that no block describes counts where it is used or asked for, or
/// where there are no blocks at all: then the environment may say all that it needs.
fn configured(
    kind: &Kind,
    project: &Project,
    used: &BTreeSet<ProviderAddr>,
    named: bool,
) -> Vec<ProviderAddr> {
    let Some(name) = &kind.provider else { return Vec::new() };
    let blocks = &project.config.root().providers;
    let described = blocks.get(name).into_iter().flatten();
    let mut all: BTreeSet<ProviderAddr> =
        described.map(|block| ProviderAddr { name: name.clone(), alias: block.alias.clone() }).collect();
    let default = ProviderAddr { name: name.clone(), alias: None };
    if used.contains(&default) || (all.is_empty() && (named || blocks.is_empty())) {
        all.insert(default);
    }
    all.into_iter().collect()
}

fn unlisted(name: &str, known: &[&Arc<Kind>]) -> Diagnostic {
    let names = || known.iter().map(|kind| &*kind.name);
    let diagnostic = Diagnostic::error("Invalid -kind option")
        .detail(format!("There is no kind {name:?} whose objects can be listed."));
    match did_you_mean(name, names()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("these can be: {}", names().collect::<Vec<_>>().join(", "))),
    }
}

/// A section for each kind.
fn text(unmanaged: &[&Found], found: &[Found]) -> String {
    if unmanaged.is_empty() {
        return match found.len() {
            0 => "Nothing was found.".to_owned(),
            _ => "Nothing was found that is not in the state.".to_owned(),
        };
    }
    let mut sections: BTreeMap<&Name, Vec<&Found>> = BTreeMap::new();
    for one in unmanaged {
        sections.entry(&one.kind.name).or_default().push(one);
    }
    let mut text = String::new();
    for (kind, objects) in &sections {
        let all = found.iter().filter(|one| one.kind.name == **kind).count();
        text.push_str(&format!("{kind}: {} of {all}\n{}\n", objects.len(), rows(objects)));
    }
    let free = unmanaged.iter().filter(|one| one.is_free()).count();
    let are = if unmanaged.len() == 1 { "is" } else { "are" };
    text.push_str(&format!("{} {are} not in the state.", render::count(unmanaged.len(), "object")));
    if free > 0 {
        text.push_str(" `isotope import -all` writes what adopts ");
        text.push_str(match (free == unmanaged.len(), free) {
            (true, 1) => "it.",
            (true, _) => "them.",
            (false, _) => "those that nobody manages.",
        });
    }
    text
}

fn rows(objects: &[&Found]) -> String {
    let cells: Vec<[String; 3]> = objects.iter().map(|one| cells(one)).collect();
    let width = |at: usize| cells.iter().map(|row| render::columns(&row[at])).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2)];
    let mut text = String::new();
    for (row, object) in cells.iter().zip(objects) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths).filter(|(_, width)| *width > 0) {
            line.push_str(&format!("  {cell}{}", " ".repeat(width - render::columns(cell))));
        }
        line.push_str(&format!("  {}", remark(object)));
        text.push_str(&format!("{}\n", line.trim_end()));
    }
    text
}

/// Id, name, catalogue entry.
fn cells(found: &Found) -> [String; 3] {
    let (kind, values) = (&found.kind, &found.object.values);
    let id = found.id.clone().unwrap_or_else(|| found.object.id.to_string());
    // What is named by its id need not be named again.
    let title = kind.title(values).filter(|title| *title != id);
    [id, title.unwrap_or_default(), kind.sort(values).unwrap_or_default()]
        .map(|cell| cell.replace(char::is_control, " "))
}

fn remark(found: &Found) -> String {
    match &found.standing {
        Standing::Lost => "made by this state, which does not record it".to_owned(),
        Standing::Open => "made by an interrupted run; the next apply settles it".to_owned(),
        Standing::Foreign { lineage } => format!("made by another state, {lineage}"),
        Standing::Free if found.id.is_none() => "has an id that cannot be written".to_owned(),
        Standing::Free | Standing::Managed(_) => String::new(),
    }
}

/// `{ "format_version", "objects": [{ kind, id, name, entry, provider, standing, lineage }], "managed": { kind: number }, "missed": [{ kind, problem }] }`.
fn document(unmanaged: &[&Found], discovery: &Discovery) -> Value {
    let mut managed: BTreeMap<&str, u64> = BTreeMap::new();
    for one in discovery.found.iter().filter(|one| is_managed(one)) {
        *managed.entry(&one.kind.name).or_default() += 1;
    }
    let missed = discovery.missed.iter().map(|m| json!({ "kind": m.kind.name, "problem": m.problem }));
    json!({
        "format_version": "1.0",
        "objects": unmanaged.iter().map(|one| object(one)).collect::<Vec<_>>(),
        "managed": managed,
        "missed": missed.collect::<Vec<_>>(),
    })
}

fn object(found: &Found) -> Value {
    let (kind, values) = (&found.kind, &found.object.values);
    let ProviderAddr { name, alias } = &found.provider;
    let (standing, lineage) = match &found.standing {
        Standing::Lost => ("lost", None),
        Standing::Open => ("open", None),
        Standing::Foreign { lineage } => ("foreign", Some(lineage)),
        Standing::Free | Standing::Managed(_) => ("free", None),
    };
    json!({
        "kind": kind.name,
        "id": found.id,
        "name": kind.title(values),
        "entry": kind.sort(values),
        "provider": alias.as_ref().map_or_else(|| name.to_string(), |alias| format!("{name}.{alias}")),
        "standing": standing,
        "lineage": lineage,
    })
}
