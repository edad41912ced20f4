//! Provider blocks → connected providers; the emulator is started when one asks for it.

use super::backend::{Backend, LockGate};
use super::environment::{Environment, Functions};
use super::output::Output;
use super::project::Project;
use crate::config::{ModuleId, ProviderBlock, Resource};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::emulator;
use crate::eval::{self, Host};
use crate::http::ClientOptions;
use crate::kind::Kind;
use crate::plan::{self, Evaluation, Providers, Recorded, Repeat, Terms};
use crate::provider::{self, LocalProvider, Provider, ProviderSettings};
use crate::secret::{self, KeyChoice, Purpose, Redactor, Sealer};
use crate::state::{Outline, ProviderAddr, State};
use crate::value::{Path, PathStep, Str, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The providers of a command, and what they were told.
pub struct Connected {
    pub providers: Providers,
    /// Runs as long as this lives.
    pub emulator: Option<emulator::Running>,
}

/// Connects every provider that a resource or a record uses. `keep` says that the emulator's data may be made on disk.
pub async fn connect(
    project: &Project,
    backend: &Backend,
    parallelism: Option<usize>,
    keep: bool,
    environment: &Environment,
    output: &mut Output,
) -> Result<Connected, Reported> {
    connect_with(project, backend, Besides::default(), parallelism, keep, environment, output).await
}

/// What is connected beside what is used, and what is connected already.
#[derive(Default)]
pub struct Besides<'b> {
    /// Providers that nothing uses yet.
    pub extra: &'b [ProviderAddr],
    pub ahead: Vec<Ahead>,
}

/// The same with what else there is.
pub async fn connect_with(
    project: &Project,
    backend: &Backend,
    besides: Besides<'_>,
    parallelism: Option<usize>,
    keep: bool,
    environment: &Environment,
    output: &mut Output,
) -> Result<Connected, Reported> {
    let mut diags = Diagnostics::new();
    let used = used(project, backend).into_iter().chain(besides.extra.iter().cloned()).collect();
    let found = settings(project, used, &backend.state, environment, &mut diags);
    output.check(&mut diags, &project.sources)?;
    let mut connected = Connected { providers: Providers::new(Arc::new(LocalProvider)), emulator: None };
    for (addr, settings) in found {
        for secret in settings.secrets() {
            output.redactor().add(&secret);
        }
        let terms = Terms { mark: settings.marker, settle: settings.settle };
        let settings = if settings.is_emulated() {
            let running = start(&mut connected.emulator, backend, keep, environment, output).await?;
            settings.at(&running)
        } else {
            settings
        };
        let made = besides.ahead.iter().find(|made| made.addr == addr && made.settings == settings);
        let provider = match made {
            Some(made) => Ok(made.provider.clone()),
            None => one_connected(&settings, parallelism, &backend.gate, environment, output.redactor()),
        };
        connected.providers.add(addr, provider.map_err(|diagnostic| output.fail(diagnostic))?, terms);
    }
    Ok(connected)
}

/// Connects one provider; its files are named relative to the configuration.
#[expect(clippy::result_large_err, reason = "the error is reported at once and never passed on")]
fn one_connected(
    settings: &ProviderSettings,
    parallelism: Option<usize>,
    gate: &Arc<LockGate>,
    environment: &Environment,
    redactor: Redactor,
) -> Result<Arc<dyn Provider>, Diagnostic> {
    let invalid = |problem: String| Diagnostic::error("Invalid provider configuration").detail(problem);
    let files = settings.files().map_err(invalid)?;
    let certificate = files.certificate.map(|file| environment.dir.join(file));
    let options = ClientOptions {
        parallelism,
        gate: Some(gate.clone()),
        redactor,
        ca_file: files.ca.map(|file| environment.dir.join(file)),
        certificate: certificate.map(|file| (file, files.key.map(|key| environment.dir.join(key)))),
        ..ClientOptions::default()
    };
    provider::connect(settings, options)
}

/// A connection that was made before the state was read.
pub struct Ahead {
    addr: ProviderAddr,
    settings: ProviderSettings,
    provider: Arc<dyn Provider>,
}

/// Connects what a plan will read from, when no more is known of the state than its outline, and lets it ask for the first pages at once.
///
/// Only what is as good as certain: objects that one provider configuration manages and a list shows, and no open intent that must be
/// looked at first. What cannot be evaluated yet waits for the state.
pub fn ahead(
    project: &Project,
    outline: &Outline,
    parallelism: Option<usize>,
    gate: &Arc<LockGate>,
    environment: &Environment,
    redactor: &Redactor,
) -> Vec<Ahead> {
    let mut listed: BTreeMap<ProviderAddr, Vec<&Kind>> = BTreeMap::new();
    let several = outline.kinds.iter().filter(|(_, count)| **count > 1 && !outline.is_open);
    for kind in several.filter_map(|(name, _)| project.kinds.get(name)) {
        let modules = project.config.modules.iter();
        let users = modules.flat_map(|module| {
            let own = module.resources.values().filter(|resource| resource.addr.kind == kind.name);
            own.map(|resource| plan::provider_of(&project.kinds, module, resource))
        });
        let users: BTreeSet<ProviderAddr> = users.collect();
        if let (Some(_), Some(addr), 1) = (&kind.provider, users.first(), users.len()) {
            listed.entry(addr.clone()).or_default().push(kind);
        }
    }
    let used = listed.keys().cloned().collect();
    // Complaints are made again when the state is there.
    let mut told = Diagnostics::new();
    let found = settings(project, used, &State::empty(""), environment, &mut told);
    let connect = |(addr, settings): (ProviderAddr, ProviderSettings)| {
        if settings.is_emulated() {
            return None;
        }
        let provider = one_connected(&settings, parallelism, gate, environment, redactor.clone()).ok()?;
        listed.get(&addr)?.iter().for_each(|kind| provider.expect(kind));
        Some(Ahead { addr, settings, provider })
    };
    found.into_iter().filter_map(connect).collect()
}

/// The address of the emulator inside this process, started if it is not running.
async fn start(
    running: &mut Option<emulator::Running>,
    backend: &Backend,
    keep: bool,
    environment: &Environment,
    output: &mut Output,
) -> Result<String, Reported> {
    if let Some(running) = running {
        return Ok(running.base_url());
    }
    let dir = backend.emulator_dir();
    // A plan of something that was never applied leaves no trace: its emulator is an empty one in memory.
    let data = (dir.exists() || keep).then_some(dir);
    let key = match &data {
        Some(_) => emulator_key(environment).map_err(|error| {
            output.fail(Diagnostic::error("The emulator has no key").detail(error.to_string()))
        })?,
        None => [0; 32],
    };
    let options = emulator::Options { data, ..emulator::Options::new(key) };
    let started = emulator::start(options).await.map_err(|error| output.fail(not_started(&error)))?;
    let address = started.base_url();
    *running = Some(started);
    Ok(address)
}

/// The complaint about an emulator that did not start.
pub(super) fn not_started(error: &emulator::StartError) -> Diagnostic {
    Diagnostic::error("The emulator did not start").detail(error.to_string()).help(error.help())
}

/// What the emulator derives its tokens from: one key for each user, kept where the keys of states are.
pub(super) fn emulator_key(environment: &Environment) -> Result<[u8; 32], secret::KeyError> {
    let (key, _) = secret::new_key(&KeyChoice::File, "emulator", &environment.keys)?;
    let text = Sealer::new(&key, "emulator")
        .for_purpose(Purpose::Emulator)
        .fingerprint(&["tokens"], &[])
        .to_string();
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    Ok(bytes)
}

/// The settings of the provider configurations in use, evaluated with what is known before planning.
fn settings(
    project: &Project,
    used: Vec<ProviderAddr>,
    state: &State,
    environment: &Environment,
    diags: &mut Diagnostics,
) -> BTreeMap<ProviderAddr, ProviderSettings> {
    let host = Functions::planning(environment);
    let mut evaluation = Evaluation::new(&project.config, &project.kinds, &host, environment.workspace());
    // Complaints about values belong to the plan, which makes them again; here only the providers' own count.
    let mut elsewhere = Diagnostics::new();
    let mut objects = Recorded { records: &state.records, data: &BTreeMap::new() };
    let blocks = used.iter().filter_map(|addr| block_of(project, addr));
    let arguments = blocks.flat_map(|block| &block.arguments.attributes).map(|argument| &argument.expr);
    let walk = project.walk.toward(&project.config, arguments);
    plan::walk(&mut evaluation, &walk, &project.given, &mut objects, &mut elsewhere);
    let mut found = BTreeMap::new();
    for addr in used {
        let block = block_of(project, &addr);
        if block.is_none() && addr.alias.is_some() {
            diags.error(missing(project, &addr));
            continue;
        }
        if let Ok(settings) = one(&addr, block, &evaluation, environment, diags) {
            found.insert(addr, settings);
        }
    }
    // A value that could not be evaluated is why a provider cannot be reached: then the cause is what to show.
    if diags.has_errors() && elsewhere.has_errors() {
        diags.take();
        diags.append(all_complaints(project, state, &host, environment));
    }
    found
}

/// What evaluating the whole configuration finds wrong: a mistake that is in the way hides no other.
fn all_complaints(
    project: &Project,
    state: &State,
    host: &dyn Host,
    environment: &Environment,
) -> Diagnostics {
    let mut diags = Diagnostics::new();
    let mut evaluation = Evaluation::new(&project.config, &project.kinds, host, environment.workspace());
    let mut objects = Recorded { records: &state.records, data: &BTreeMap::new() };
    plan::walk(&mut evaluation, &project.walk, &project.given, &mut objects, &mut diags);
    diags
}

/// The provider configurations that resources and records use.
pub(super) fn used(project: &Project, backend: &Backend) -> BTreeSet<ProviderAddr> {
    let kinds = &project.kinds;
    let asks = |resource: &Resource| kinds.of(&resource.addr).is_some_and(|kind| kind.provider.is_some());
    let modules = project.config.modules.iter();
    let declared = modules.flat_map(|module| {
        let asking = module.resources.values().filter(|resource| asks(resource));
        asking.map(|resource| plan::provider_of(kinds, module, resource))
    });
    let records = backend.state.records.iter().chain(backend.state.deposed.iter().map(|((a, _), r)| (a, r)));
    let intents = backend.state.intents.values().map(|intent| (&intent.addr, &intent.record));
    let recorded = records
        .chain(intents)
        .filter(|(addr, _)| {
            project.kinds.get(&addr.resource.kind).is_some_and(|kind| kind.provider.is_some())
        })
        .map(|(_, record)| record.provider.clone());
    declared.chain(recorded).collect()
}

fn block_of<'p>(project: &'p Project, addr: &ProviderAddr) -> Option<&'p ProviderBlock> {
    project.config.root().providers.get(&addr.name)?.iter().find(|block| block.alias == addr.alias)
}

fn missing(project: &Project, addr: &ProviderAddr) -> Diagnostic {
    let shown = addr.alias.as_ref().map_or(addr.name.to_string(), |alias| format!("{}.{alias}", addr.name));
    let resources = project.config.modules.iter().flat_map(|module| module.resources.values());
    let span = resources
        .filter_map(|r| r.provider.as_ref())
        .find_map(|(chosen, span)| (chosen.name == addr.name && chosen.alias == addr.alias).then_some(*span));
    let mut diagnostic = Diagnostic::error("Provider configuration not present")
        .label(format!("no `provider` block is called `{shown}`"))
        .detail(format!("There is no provider block for {shown}."));
    diagnostic.span = span;
    diagnostic
}

fn one(
    addr: &ProviderAddr,
    block: Option<&ProviderBlock>,
    evaluation: &Evaluation<'_>,
    environment: &Environment,
    diags: &mut Diagnostics,
) -> Result<ProviderSettings, Reported> {
    let root = crate::addr::ModulePath::root();
    let scope = evaluation.scope(ModuleId(0), &root, &Repeat::None);
    let mut given = BTreeMap::new();
    for attribute in block.iter().flat_map(|block| &block.arguments.attributes) {
        let value = eval::evaluate(&attribute.expr, &scope, diags)?;
        if !value.is_wholly_known() {
            return Err(diags.error(
                Diagnostic::error("Invalid provider configuration")
                    .at(attribute.expr.span)
                    .label("known only after apply")
                    .detail("A provider must be configured before anything is planned, so its arguments cannot depend on resources.")
                    .help("use a variable, or `env(\"NAME\")`"),
            ));
        }
        given.insert(Str::from(&attribute.name.name), value);
    }
    let place = |path: &Path| -> Span { place(block, path) };
    let env = |name: &str| environment.var(name);
    let source = provider::Source { place: &place, block: block.map(|block| block.span), env: &env };
    provider::settings(&addr.name, &Value::object(given.into()), &source, diags)
}

fn place(block: Option<&ProviderBlock>, path: &Path) -> Span {
    let nowhere = Span::new(crate::diag::FileId(0), 0..0);
    let Some(block) = block else { return nowhere };
    let Some(PathStep::Attr(name)) = path.0.first() else { return block.span };
    let found = block.arguments.attributes.iter().find(|a| *a.name.name == **name);
    found.map_or(block.span, |attribute| attribute.expr.span)
}
