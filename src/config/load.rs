//! Reads the files of a configuration: beside fetched modules (`install`, `lock`) the only place of this stage that touches the disk.

use super::decode::{self, Found};
use super::fields::{Fields, labels};
use super::install::{Fetch, Installed};
use super::json;
use super::lock::Locked;
use super::passing::passed;
use super::resource::{repetition, split};
use super::source::{Source, source};
use super::variable::{duplicate, list, name};
use super::{Call, Config, Module, ModuleId, Name};
use crate::diag::{Diagnostic, Diagnostics, FileId, Reported, Sources};
use crate::syntax::{self, Block, Body};
use crate::value::Type;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How deep modules may call modules.
const MAX_DEPTH: usize = 256;

/// What a module call has beside the module's variables.
const META: &[&str] = &["source", "providers", "count", "for_each", "depends_on"];

/// Why a directory or file could not be read at all.
pub type ReadError = std::io::Error;

/// Reads every module, from the root directory on. Mistakes go to `diags`; `Err` only if there is no configuration to speak of.
pub fn load(dir: &Path, sources: &mut Sources, diags: &mut Diagnostics) -> Result<Config, Reported> {
    read(dir, Fetch::Never, Empty::Refused, sources, diags).map(|(config, _)| config)
}

/// The same for whoever can do without a configuration: a directory without files is one that declares nothing.
pub fn load_any(dir: &Path, sources: &mut Sources, diags: &mut Diagnostics) -> Result<Config, Reported> {
    read(dir, Fetch::Never, Empty::Fine, sources, diags).map(|(config, _)| config)
}

/// Whether a directory may hold no configuration at all.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Empty {
    Refused,
    Fine,
}

/// Fetches the modules that come from elsewhere (with `upgrade` even those that are there) and writes the lock file. Returns
/// its entries by address.
pub fn fetch(
    dir: &Path,
    upgrade: bool,
    sources: &mut Sources,
    diags: &mut Diagnostics,
) -> Result<BTreeMap<String, Locked>, Reported> {
    let fetch = if upgrade { Fetch::Upgrade } else { Fetch::Missing };
    let before = diags.errors();
    let (_, installed) = read(dir, fetch, Empty::Refused, sources, diags)?;
    // A broken configuration may not name all that it needs: its lock file stays as it was.
    match diags.errors() == before {
        true => installed.finish(diags),
        false => diags.check().map(|()| BTreeMap::new()),
    }
}

fn read(
    dir: &Path,
    fetch: Fetch,
    empty: Empty,
    sources: &mut Sources,
    diags: &mut Diagnostics,
) -> Result<(Config, Installed), Reported> {
    let installed = Installed::open(dir, fetch, sources, diags)?;
    let mut loader = Loader {
        root: dir.to_owned(),
        empty,
        installed,
        sources,
        modules: Vec::new(),
        files: BTreeMap::new(),
        places: Vec::new(),
        hash: Sha256::new(),
    };
    let mut found = Found::default();
    loader.module(Module { dir: dir.to_owned(), ..Module::default() }, &mut found, diags)?;
    if let (Some(backend), Some(root)) = (&found.settings.backend, loader.modules.first()) {
        backend.check(root, diags);
    }
    let digest = loader.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let config = Config {
        dir: dir.to_owned(),
        settings: found.settings,
        modules: loader.modules,
        digest: digest.into(),
    };
    Ok((config, loader.installed))
}

struct Loader<'a> {
    root: PathBuf,
    empty: Empty,
    installed: Installed,
    sources: &'a mut Sources,
    modules: Vec<Module>,
    /// The files of modules that are called many times; `None` for one that came once so far.
    files: BTreeMap<PathBuf, Option<Body>>,
    /// Where each module is, without detours on the way.
    places: Vec<PathBuf>,
    hash: Sha256,
}

impl Loader<'_> {
    fn module(
        &mut self,
        mut module: Module,
        found: &mut Found,
        diags: &mut Diagnostics,
    ) -> Result<ModuleId, Reported> {
        let dir = module.dir.as_path();
        let files = configuration_files(dir).map_err(|error| {
            diags.error(
                Diagnostic::error("Unreadable configuration directory")
                    .detail(format!("The directory {} cannot be read: {error}.", dir.display())),
            )
        })?;
        if files.is_empty() && module.parent.is_none() && self.empty == Empty::Refused {
            return Err(diags.error(
                Diagnostic::error("No configuration files")
                    .detail(format!("The directory {} holds no `.hcl` files.", dir.display()))
                    .help("write a `main.hcl`, or name another directory with `-chdir=DIR`"),
            ));
        }
        let id = ModuleId(u32::try_from(self.modules.len()).unwrap_or(u32::MAX));
        for file in files {
            if let Ok(body) = self.file(&file, diags) {
                decode::file(body, &mut module, found, diags);
            }
        }
        // Made in order, the nodes of a map stay half empty: packed anew, they take half the memory.
        module.resources = std::mem::take(&mut module.resources).into_iter().collect();
        self.places.push(place(&module.dir));
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
        let known = self.files.get(path);
        if let Some(Some(body)) = known {
            return Ok(body.clone());
        }
        let (is_again, errors) = (known.is_some(), diags.errors());
        let file = add(self.sources, shown, bytes, diags)?;
        let body = parse(self.sources, file, diags);
        // What is wrong with it is said once.
        let keeps = is_again || diags.errors() > errors;
        self.files.insert(path.to_owned(), keeps.then(|| body.clone()));
        Ok(body)
    }

    fn call(&mut self, block: &Block, parent: ModuleId, diags: &mut Diagnostics) -> Result<(), Reported> {
        let [label] = labels(block, ["name"], diags)?;
        name(&label.value, label.span, "module instance", diags)?;
        let (meta, arguments) = split(block.body.clone(), META, &[]);
        let mut fields = Fields::new("module", block.header, &meta);
        let from = &self.modules[parent.0 as usize];
        if let Some(first) = from.calls.get(&label.value) {
            return Err(duplicate("Duplicate module call", &label.value, block.header, first.span, diags));
        }
        let mut path = from.path.clone();
        path.push(label.value.clone());
        let given = fields.take("providers").map(|attribute| &attribute.expr);
        let passed = passed(&from.passed, given, diags);
        let (source, dir) = self.directory(&mut fields, parent, &path, diags)?;
        if self.is_within(parent, &dir) {
            return Err(diags.error(
                Diagnostic::error("Module calls itself")
                    .at(block.header)
                    .label("this module is being loaded already, and would be for ever")
                    .detail("A module must not call itself, nor a module that does."),
            ));
        }
        let repetition = repetition(&mut fields, diags);
        let depends_on = fields.take("depends_on").map(|a| list(&a.expr, diags)).unwrap_or_default();
        let child = Module { dir, path, parent: Some(parent), passed: passed?, ..Module::default() };
        let mut found = Found::default();
        let module = self.module(child, &mut found, diags)?;
        if let Some(backend) = &found.settings.backend {
            diags.push(
                Diagnostic::warning("Backend configuration ignored")
                    .at(backend.span)
                    .label("only the root module says where the state is kept")
                    .detail("Any selected backend applies to the entire configuration, so Isotope expects backend configurations only in the root module. This block will be ignored."),
            );
        }
        let (name, span) = (label.value.clone(), block.header);
        let call = Call { name, source, module, repetition, depends_on, arguments, span };
        self.modules[parent.0 as usize].calls.insert(label.value.clone(), call);
        Ok(())
    }

    /// Whether a module, or one of those that lead to it, is the one in the directory.
    fn is_within(&self, module: ModuleId, dir: &Path) -> bool {
        let wanted = place(dir);
        let up = |id: &ModuleId| self.modules[id.0 as usize].parent;
        std::iter::successors(Some(module), up).any(|id| self.places[id.0 as usize] == wanted)
    }

    /// A call's `source`, and the directory it leads to.
    fn directory(
        &mut self,
        fields: &mut Fields<'_>,
        parent: ModuleId,
        path: &[Name],
        diags: &mut Diagnostics,
    ) -> Result<(String, PathBuf), Reported> {
        let given = fields.require("source", diags)?;
        let span = given.expr.span;
        let invalid = |label: &str| Diagnostic::error("Invalid module source address").at(span).label(label);
        if path.len() > MAX_DEPTH {
            return Err(diags.error(
                Diagnostic::error("Module nesting too deep")
                    .at(span)
                    .label(format!("modules may nest {MAX_DEPTH} deep")),
            ));
        }
        let text = super::fields::constant(&given.expr, &Type::String, diags)?;
        let text = text.as_str().unwrap_or_default();
        let dir = match source(text).map_err(|problem| diags.error(invalid(problem)))? {
            // Through its components, so that no `.` stays in names that are shown.
            Source::Local(path) => {
                self.modules[parent.0 as usize].dir.join(path).components().collect::<PathBuf>()
            }
            Source::Git(git) => return Ok((text.to_owned(), self.installed.directory(&git, span, diags)?)),
        };
        if dir.is_dir() {
            return Ok((text.to_owned(), dir));
        }
        Err(diags.error(
            Diagnostic::error("Unreadable module directory")
                .at(span)
                .label(format!("there is no directory {}", dir.display())),
        ))
    }
}

fn place(dir: &Path) -> PathBuf {
    dir.canonicalize().unwrap_or_else(|_| dir.to_owned())
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
