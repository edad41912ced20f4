//! The account's own catalogue: fetched by `isotope elements sync`, kept beside the state, used in place of the one in the binary.

use super::backend;
use super::environment::Environment;
use super::output::Output;
use super::project::{self, Project};
use super::providers::Besides;
use super::{Exit, Outcome, providers};
use crate::config::Config;
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::kind::catalogue::{Catalogue, essence};
use crate::kind::{Kind, Kinds};
use crate::state::ProviderAddr;
use crate::value::to_json_text;
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file beside the state.
const FILE: &str = "elements.json";

/// The kinds with the account's catalogue, if it was fetched. A file that cannot be read is left out, with a warning.
pub fn with_own(kinds: Kinds, config: &Config, environment: &Environment, diags: &mut Diagnostics) -> Kinds {
    let file = file(config, environment);
    match read(&file) {
        Ok(Some(answer)) => kinds.with_catalogue(&Arc::new(Catalogue::builtin().with_answer(&answer))),
        Ok(None) => kinds,
        Err(problem) => {
            diags.push(
                Diagnostic::warning("The account's own catalogue cannot be read")
                    .detail(format!("{}: {problem}", file.display()))
                    .help("`isotope elements sync` fetches it again"),
            );
            kinds
        }
    }
}

fn file(config: &Config, environment: &Environment) -> PathBuf {
    backend::dir(config, environment).join(FILE)
}

fn read(file: &Path) -> Result<Option<Value>, String> {
    match std::fs::read_to_string(file) {
        Ok(text) => serde_json::from_str(&text).map(Some).map_err(|error| error.to_string()),
        // Where the state's directory is none, the state says so.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// The catalogue that a command in this directory goes by.
pub fn current(environment: &Environment, output: &mut Output) -> Result<Arc<Catalogue>, Reported> {
    let builtin = || Arc::new(Catalogue::builtin().clone());
    if !crate::config::is_configured(&environment.dir) {
        return Ok(builtin());
    }
    let mut sources = crate::diag::Sources::new();
    let mut diags = Diagnostics::new();
    // A configuration with mistakes has a catalogue all the same: the one in the binary.
    let Ok(config) = crate::config::load(&environment.dir, &mut sources, &mut diags) else {
        return Ok(builtin());
    };
    let mut diags = Diagnostics::new();
    let kinds = with_own(Kinds::builtin().clone(), &config, environment, &mut diags);
    output.check(&mut diags, &sources)?;
    let used = kinds.iter().find_map(|kind| kind.catalogue.as_ref()?.synced.clone());
    Ok(used.unwrap_or_else(builtin))
}

/// Fetches the catalogue of the account, and says what is new in it.
pub async fn sync(as_json: bool, environment: &Environment, output: &mut Output) -> Outcome {
    let project = project::load_without_values(environment, output)?;
    let backend = backend::open(&project, environment, output).await?;
    let Some(kind) = described(&project) else {
        return Err(output.fail(Diagnostic::error("No kind here has a catalogue that an account could have")));
    };
    let addr = ProviderAddr { name: kind.provider.clone().unwrap_or_default(), alias: None };
    let wanted = std::slice::from_ref(&addr);
    let besides = Besides { extra: wanted, ..Besides::default() };
    let connected =
        providers::connect_with(&project, &backend, besides, None, false, environment, output).await?;
    let Some(provider) = connected.providers.of(&kind, &addr) else {
        return Err(output.fail(Diagnostic::error(format!("The provider `{}` is not configured", addr.name))));
    };
    let answer = provider.catalogue(&kind).await;
    let found = answer.map_err(|error| {
        output.fail(Diagnostic::error("The account's catalogue cannot be fetched").detail(error.to_string()))
    })?;
    let found: Vec<Value> = found.unwrap_or_default().iter().filter_map(plain).collect();
    let known = Catalogue::builtin();
    let answer = Value::Array(found.iter().map(essence).collect());
    let merged = known.with_answer(&answer);
    let new = merged.elements().filter(|element| known.element(&element.key).is_none()).count();
    let file = file(&project.config, environment);
    keep(&file, &answer).map_err(|error| {
        let what = format!("{}: {error}", file.display());
        output.fail(Diagnostic::error("The account's catalogue cannot be kept").detail(what))
    })?;
    if as_json {
        output.print(&json!({ "elements": found.len(), "new": new }).to_string());
    } else {
        output.print(&format!(
            "The account has {} elements; {new} of them were not known before. Validation goes by what it says of their entries.",
            found.len()
        ));
    }
    Ok(Exit::Done)
}

fn described(project: &Project) -> Option<Arc<Kind>> {
    let listed = |kind: &&Arc<Kind>| kind.catalogue.as_ref().is_some_and(|used| used.list.is_some());
    project.kinds.iter().find(listed).cloned()
}

fn plain(value: &crate::value::Value) -> Option<Value> {
    serde_json::from_str(&to_json_text(value).ok()?).ok()
}

/// Writes the file anew or not at all.
fn keep(file: &Path, answer: &Value) -> std::io::Result<()> {
    let dir = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(dir)?;
    let mut temporary = tempfile::NamedTempFile::new_in(dir)?;
    std::io::Write::write_all(&mut temporary, answer.to_string().as_bytes())?;
    temporary.persist(file)?;
    Ok(())
}
