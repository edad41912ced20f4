//! Reads the files of a configuration: the only place of this stage that touches the disk.

use super::decode::{self, Found};
use super::fields::{Fields, labels};
use super::json;
use super::resource::{repetition, split};
use super::variable::{duplicate, list, name};
use super::{Call, Config, Module, ModuleId, Name};
use crate::diag::{Diagnostic, Diagnostics, FileId, Reported, Sources};
use crate::syntax::{self, Block, Body};
use crate::value::Type;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// How deep modules may call modules: a module that calls itself ends here instead of nowhere.
const MAX_DEPTH: usize = 64;

/// Why a directory or file could not be read at all.
pub type ReadError = std::io::Error;

/// Reads every module, from the root directory on. Mistakes go to `diags`; `Err` only if there is no configuration to speak of.
pub fn load(dir: &Path, sources: &mut Sources, diags: &mut Diagnostics) -> Result<Config, Reported> {
    let mut loader = Loader { root: dir.to_owned(), sources, modules: Vec::new(), hash: Sha256::new() };
    let mut found = Found::default();
    loader.module(dir, None, Vec::new(), &mut found, diags)?;
    let digest = loader.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Ok(Config {
        dir: dir.to_owned(),
        settings: found.settings,
        modules: loader.modules,
        digest: digest.into(),
    })
}

struct Loader<'a> {
    root: PathBuf,
    sources: &'a mut Sources,
    modules: Vec<Module>,
    hash: Sha256,
}

impl Loader<'_> {
    fn module(
        &mut self,
        dir: &Path,
        parent: Option<ModuleId>,
        path: Vec<Name>,
        found: &mut Found,
        diags: &mut Diagnostics,
    ) -> Result<ModuleId, Reported> {
        let files = configuration_files(dir).map_err(|error| {
            diags.error(
                Diagnostic::error("Unreadable configuration directory")
                    .detail(format!("The directory {} cannot be read: {error}.", dir.display())),
            )
        })?;
        if files.is_empty() && parent.is_none() {
            return Err(diags.error(
                Diagnostic::error("No configuration files")
                    .detail(format!("The directory {} holds no `.hcl` files.", dir.display()))
                    .help("write a `main.hcl`, or name another directory with `-chdir=DIR`"),
            ));
        }
        let id = ModuleId(u32::try_from(self.modules.len()).unwrap_or(u32::MAX));
        let mut module = Module { dir: dir.to_owned(), path, parent, ..Module::default() };
        for file in files {
            if let Ok(body) = self.file(&file, diags) {
                decode::file(&body, &mut module, found, diags);
            }
        }
        self.modules.push(module);
        for call in std::mem::take(&mut found.calls) {
            // What is wrong with one call was reported; the others are loaded all the same.
            let _: Result<(), Reported> = self.call(&call, id, diags);
        }
        Ok(id)
    }

    fn file(&mut self, path: &Path, diags: &mut Diagnostics) -> Result<Body, Reported> {
        let shown = path.strip_prefix(&self.root).unwrap_or(path).to_owned();
        let bytes = std::fs::read(path).map_err(|error| {
            diags.error(
                Diagnostic::error("Failed to read file")
                    .detail(format!("The file {} cannot be read: {error}.", shown.display())),
            )
        })?;
        self.hash.update((shown.as_os_str().len() as u64).to_le_bytes());
        self.hash.update(shown.as_os_str().as_encoded_bytes());
        self.hash.update((bytes.len() as u64).to_le_bytes());
        self.hash.update(&bytes);
        let file = add(self.sources, shown, bytes, diags)?;
        Ok(parse(self.sources, file, diags))
    }

    fn call(&mut self, block: &Block, parent: ModuleId, diags: &mut Diagnostics) -> Result<(), Reported> {
        let [label] = labels(block, ["name"], diags)?;
        name(&label.value, label.span, "module instance", diags)?;
        let (meta, arguments) = split(&block.body, &["source", "count", "for_each", "depends_on"], &[]);
        let mut fields = Fields::new("module", block.header, &meta);
        let source = fields.require("source", diags)?;
        let text = super::fields::constant(&source.expr, &Type::String, diags)?;
        let text = text.as_str().unwrap_or_default().to_owned();
        if !(text.starts_with("./") || text.starts_with("../")) {
            return Err(diags.error(
                Diagnostic::error("Invalid module source address")
                    .at(source.expr.span)
                    .label("expected a local path that starts with `./` or `../`"),
            ));
        }
        let from = &self.modules[parent.0 as usize];
        let (dir, mut path) = (from.dir.join(&text), from.path.clone());
        if let Some(first) = from.calls.get(&label.value) {
            return Err(duplicate("Duplicate module call", &label.value, block.header, first.span, diags));
        }
        path.push(label.value.clone());
        if path.len() > MAX_DEPTH {
            return Err(diags.error(
                Diagnostic::error("Module nesting too deep")
                    .at(source.expr.span)
                    .label(format!("modules may nest {MAX_DEPTH} deep; does this one call itself?")),
            ));
        }
        if !dir.is_dir() {
            return Err(diags.error(
                Diagnostic::error("Unreadable module directory")
                    .at(source.expr.span)
                    .label(format!("there is no directory {}", dir.display())),
            ));
        }
        let repetition = repetition(&mut fields, diags);
        let depends_on = fields.take("depends_on").map(|a| list(&a.expr, diags)).unwrap_or_default();
        let module = self.module(&dir, Some(parent), path, &mut Found::default(), diags)?;
        let call =
            Call { name: label.value.clone(), module, repetition, depends_on, arguments, span: block.header };
        self.modules[parent.0 as usize].calls.insert(label.value.clone(), call);
        Ok(())
    }
}

/// Adds a file's text to the sources, or says where it is not text.
fn add(
    sources: &mut Sources,
    shown: PathBuf,
    bytes: Vec<u8>,
    diags: &mut Diagnostics,
) -> Result<FileId, Reported> {
    syntax::decode(sources, shown, bytes, diags)
}

fn parse(sources: &Sources, file: FileId, diags: &mut Diagnostics) -> Body {
    if is_json(sources, file) {
        json::configuration(syntax::parse_json(sources, file, diags), sources, diags)
    } else {
        syntax::parse(sources, file, diags)
    }
}

fn is_json(sources: &Sources, file: FileId) -> bool {
    sources.path(file).extension().is_some_and(|extension| extension == "json")
}

/// A file of variable values (`*.vars.hcl`, `*.vars.hcl.json`).
pub fn vars_file(
    path: &Path,
    shown: &Path,
    sources: &mut Sources,
    diags: &mut Diagnostics,
) -> Result<Body, Reported> {
    let bytes = std::fs::read(path).map_err(|error| {
        diags.error(
            Diagnostic::error("Failed to read variables file")
                .detail(format!("Given variables file {} cannot be read: {error}.", shown.display())),
        )
    })?;
    let file = add(sources, shown.to_owned(), bytes, diags)?;
    if is_json(sources, file) {
        return Ok(syntax::parse_json_values(sources, file, diags));
    }
    Ok(syntax::parse(sources, file, diags))
}

/// Whether a directory holds configuration files.
pub fn is_configured(dir: &Path) -> bool {
    configuration_files(dir).is_ok_and(|files| !files.is_empty())
}

/// The configuration files of a directory, by name.
fn configuration_files(dir: &Path) -> Result<Vec<PathBuf>, ReadError> {
    named_files(dir, |name| {
        let plain = name.strip_suffix(".json").unwrap_or(name);
        plain.ends_with(".hcl") && !plain.ends_with(".vars.hcl") && !plain.ends_with(".test.hcl")
    })
}

/// The files of a directory whose names pass, by name; dot files never do.
pub(super) fn named_files(dir: &Path, keep: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>, ReadError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if !name.starts_with('.') && keep(name) && !entry.path().is_dir() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}
