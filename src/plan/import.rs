//! `import` blocks: which existing objects are adopted, and what their records will say.

use super::evaluation::{Evaluation, walk};
use super::refresh::{Group, Read, place, read_group};
use super::scope::Repeat;
use super::{
    Action, Changes, Meta, Recorded, Request, Subject, keep, moves, provider_of, settable, visit_of,
};
use crate::addr::{Mode, ModulePath, ObjectAddr, ObjectKey};
use crate::config::{Import, ModuleId, ProviderRef};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::eval;
use crate::kind::{Kind, Kinds, Named};
use crate::provider::{Object, ObjectRef, Provider};
use crate::secret::Sealer;
use crate::state::{ProviderAddr, Record, Status};
use crate::syntax::{Expr, ExprKind, Step};
use crate::value::{Path, PathStep, Str, Type, Value, convert};
use futures_util::future::join_all;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Reads every object that an `import` block names and that is not recorded yet.
pub(super) async fn ask(
    request: &Request<'_>,
    data: &BTreeMap<ObjectAddr, Value>,
    diags: &mut Diagnostics,
) -> Result<BTreeMap<ObjectAddr, Object>, Reported> {
    let mut found_all = BTreeMap::new();
    if request.config.root().imports.is_empty() || request.mode != super::Mode::Normal {
        return Ok(found_all);
    }
    let (recorded, _) = moves::follow(request.config, Cow::Borrowed(request.state), &mut Diagnostics::new())?;
    let mut evaluation =
        Evaluation::new(request.config, request.kinds, request.host, request.workspace.clone());
    let mut objects = Recorded { records: &recorded.records, data };
    // What is wrong with the configuration is reported when the plan is made.
    walk(&mut evaluation, request.walk, request.given, &mut objects, &mut Diagnostics::new());
    let mut sought = Vec::new();
    for wanted in wanted(&evaluation, diags) {
        if recorded.records.contains_key(&wanted.addr) || !request.selection.plans(&wanted.addr) {
            continue;
        }
        let span = wanted.span.unwrap_or(request.config.root().imports[0].span);
        match seek(wanted, request, &evaluation, &recorded.records) {
            Ok(found) => sought.extend(found),
            Err(problem) => drop(diags.error((*problem).at(span))),
        }
    }
    let mut found = read(&sought, request).await;
    for one in &sought {
        match found.remove(&one.addr).map(|read| existing(&one.addr, &one.id, read)) {
            Some(Ok(object)) => drop(found_all.insert(one.addr.clone(), object)),
            Some(Err(problem)) => drop(diags.error((*problem).at(one.span))),
            None => {}
        }
    }
    diags.check()?;
    Ok(found_all)
}

/// An object that is to be read before it can be adopted.
struct Sought<'s> {
    addr: ObjectAddr,
    kind: &'s Kind,
    provider: ProviderAddr,
    /// As the block has it.
    id: String,
    named: Named,
    span: Span,
}

/// Reads what is sought, collection by collection where that is many of its objects.
async fn read(sought: &[Sought<'_>], request: &Request<'_>) -> BTreeMap<ObjectAddr, Read> {
    let mut groups: BTreeMap<_, (&Kind, Group<'_>)> = BTreeMap::new();
    for one in sought {
        let key = (&one.provider, &*one.kind.name, place(one.kind, &one.named.values));
        let object = ObjectRef { id: &one.named.id, values: &one.named.values };
        groups.entry(key).or_insert_with(|| (one.kind, Vec::new())).1.push((&one.addr, object));
    }
    let reads = groups.iter().filter_map(|((provider, ..), (kind, group))| {
        Some(read_group(kind, request.providers.of(kind, provider)?, group, &|_, _| {}))
    });
    join_all(reads).await.into_iter().flatten().collect()
}

/// What must be read for an `import` block; `None` where its kind or provider is not known, which is complained about elsewhere.
fn seek<'s>(
    wanted: Wanted,
    request: &Request<'s>,
    evaluation: &Evaluation<'_>,
    records: &BTreeMap<ObjectAddr, Record>,
) -> Result<Option<Sought<'s>>, Box<Diagnostic>> {
    let Wanted { addr, id, provider, span } = wanted;
    let span = span.unwrap_or(request.config.root().imports[0].span);
    let Some(visit) = visit_of(&addr, evaluation) else {
        return Err(Box::new(undeclared(&addr).label("nothing is declared there")));
    };
    if provider.is_some() {
        return Err(Box::new(chosen_twice()));
    }
    let kind = request.kinds.get(&addr.resource.kind);
    let called = provider_of(request.kinds, request.config.module(visit.module), visit.resource);
    let Some(kind) = kind.filter(|kind| request.providers.of(kind, &called).is_some()) else {
        return Ok(None);
    };
    if let Some(taken) = taken(records, kind, &addr, &called, &id) {
        return Err(Box::new(taken));
    }
    let named = named(kind, &addr, &id)?;
    Ok(Some(Sought { addr, kind, provider: called, id, named, span }))
}

/// Complains if that object is recorded under another address already: with two, each would undo what the other does, and
/// destroy what the other needs.
pub fn taken(
    records: &BTreeMap<ObjectAddr, Record>,
    kind: &Kind,
    addr: &ObjectAddr,
    provider: &ProviderAddr,
    id: &str,
) -> Option<Diagnostic> {
    // An id of another form is refused where the object is read.
    let named = kind.named(id).ok()?;
    let same = |(other, record): &(&ObjectAddr, &Record)| {
        other.resource.kind == addr.resource.kind
            && record.provider == *provider
            && kind.is_named(&named, &record.id, &record.values)
            && *other != addr
    };
    let (other, _) = records.iter().find(same)?;
    let problem = Diagnostic::error("Object is managed already")
        .detail(format!("The object with the id {id} is recorded as {other}."))
        .help(format!("a `moved` block, or `isotope state mv '{other}' '{addr}'`, renames it"));
    Some(problem)
}

/// Reads the object with that id.
pub async fn found(
    kind: &Kind,
    provider: &dyn Provider,
    addr: &ObjectAddr,
    id: &str,
) -> Result<Object, Diagnostic> {
    let named = named(kind, addr, id).map_err(|problem| *problem)?;
    existing(addr, id, provider.read(kind, ObjectRef { id: &named.id, values: &named.values }).await)
        .map_err(|problem| *problem)
}

fn named(kind: &Kind, addr: &ObjectAddr, id: &str) -> Result<Named, Box<Diagnostic>> {
    kind.named(id).map_err(|problem| {
        let problem = format!("{id:?}: {problem}.");
        Box::new(Diagnostic::error("Invalid import id argument").about(addr).detail(problem))
    })
}

/// The object, or why there is none to adopt.
fn existing(addr: &ObjectAddr, id: &str, read: Read) -> Result<Object, Box<Diagnostic>> {
    let problem = match read {
        Ok(Some(object)) => return Ok(object),
        Ok(None) => Diagnostic::error("Cannot import non-existent remote object").detail(
            format!("While attempting to import an existing object to {addr:?}, the API found no object with the id {id:?}.", addr = addr.to_string()),
        ),
        Err(error) => Diagnostic::error(format!("Cannot read {addr}")).detail(error.to_string()),
    };
    Err(Box::new(problem.about(addr)))
}

fn undeclared(addr: &ObjectAddr) -> Diagnostic {
    Diagnostic::error("Configuration for import target does not exist")
        .detail(format!("The configuration for the given import {addr} does not exist. All target instances must have an associated configuration to be imported."))
        .help("write its block, or let `plan -generate-config-out=FILE` write one: for an object of the root module without a key")
        .about(addr)
}

/// The declared secrets that are taken for those that an adopted object has: the API shows none of them.
fn taken_as_declared(kind: &Kind, record: &Record) -> Vec<String> {
    let masked = |path: &&Path| match path.0.first() {
        Some(PathStep::Attr(name)) => kind.attributes.get(&**name).is_some_and(|a| a.masked.is_some()),
        _ => false,
    };
    let paths = record.fingerprints.keys().filter(masked);
    paths.map(|path| path.to_string().trim_start_matches('.').to_owned()).collect()
}

/// So many objects are named where it is said of many.
const SHOWN: usize = 5;

/// Says which declared secrets are taken for those that adopted objects have. `None` without any.
pub fn unverified<'r>(
    adopted: impl Iterator<Item = (&'r ObjectAddr, &'r Kind, &'r Record)>,
) -> Option<Diagnostic> {
    let mut objects = Vec::new();
    let mut names = BTreeSet::new();
    for (addr, kind, record) in adopted {
        let taken = taken_as_declared(kind, record);
        if !taken.is_empty() {
            objects.push(addr);
            names.extend(taken);
        }
    }
    let first = *objects.first()?;
    let warning = Diagnostic::warning("Declared secrets are taken as they are")
        .help("when a declared value changes later, it is sent");
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    if objects.len() == 1 {
        let detail = format!(
            "The API does not show what {first} has in {names}: what is declared counts as its value, and is not sent."
        );
        return Some(warning.detail(detail).about(first));
    }
    let shown = objects.iter().take(SHOWN).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let more = objects.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(warning.detail(format!("The API does not show what these objects have in {names}: what is declared counts as their values, and is not sent.\n({shown}{more})")))
}

/// The same for all objects that a plan adopts.
pub(super) fn warn(
    imports: &BTreeMap<ObjectAddr, Object>,
    changes: &Changes,
    kinds: &Kinds,
    diags: &mut Diagnostics,
) {
    let adopted = imports.keys().filter_map(|addr| {
        let record = match &changes.get(&Subject::current(addr.clone()))?.action {
            Action::NoOp { record, .. } => record,
            Action::Update { prior, .. } => prior,
            _ => return None,
        };
        Some((addr, &**kinds.get(&addr.resource.kind)?, record))
    });
    if let Some(warning) = unverified(adopted) {
        diags.push(warning);
    }
}

fn chosen_twice() -> Diagnostic {
    Diagnostic::error("Invalid import provider argument")
        .label("its target has a block, which chooses the provider")
        .detail(
            "The provider argument can only be specified in import blocks that will generate configuration.",
        )
        .help("use the provider argument in the target resource block")
}

/// What an `import` block asks for: an object of the API under an address.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub addr: ObjectAddr,
    pub id: String,
    /// The provider configuration that the block chooses, for an address that nothing declares yet.
    pub provider: Option<ProviderAddr>,
    /// The block; `None` when it was asked for by a command.
    pub span: Option<Span>,
}

/// The addresses and ids that the blocks give.
pub fn wanted(evaluation: &Evaluation<'_>, diags: &mut Diagnostics) -> Vec<Wanted> {
    let mut all: Vec<Wanted> = Vec::new();
    let (mut by_addr, mut by_object) = (BTreeMap::new(), BTreeMap::new());
    for block in &evaluation.config.root().imports {
        for repeat in repeats(block, evaluation, diags) {
            let one = target(&block.to, &repeat, evaluation, diags)
                .and_then(|addr| Ok((addr, id(block, &repeat, evaluation, diags)?)));
            let Ok((addr, id)) = one else { continue };
            let at = |first: &Wanted| first.span.unwrap_or(block.span);
            let object = (addr.resource.kind.clone(), id.clone());
            if let Some(first) = by_addr.get(&addr).map(|index: &usize| &all[*index]) {
                diags.error(
                    Diagnostic::error(format!("Duplicate import configuration for {:?}", addr.to_string()))
                        .at(block.span)
                        .label(format!("`{addr}` is imported a second time"))
                        .related(at(first), "the first one"),
                );
                continue;
            }
            if let Some(first) = by_object.get(&object).map(|index: &usize| &all[*index]) {
                diags.error(
                    Diagnostic::error("Duplicate import of one object")
                        .at(block.span)
                        .label(format!("the id {id} is imported as `{}` already", first.addr))
                        .related(at(first), "the first one"),
                );
                continue;
            }
            let provider = block.provider.as_ref().map(|(ProviderRef { name, alias }, _)| ProviderAddr {
                name: name.clone(),
                alias: alias.clone(),
            });
            by_addr.insert(addr.clone(), all.len());
            by_object.insert(object, all.len());
            all.push(Wanted { addr, id, provider, span: Some(block.span) });
        }
    }
    all
}

fn evaluate(
    expr: &Expr,
    repeat: &Repeat,
    evaluation: &Evaluation<'_>,
    diags: &mut Diagnostics,
) -> Result<Value, Reported> {
    let root = ModulePath::root();
    Ok(eval::evaluate(expr, &evaluation.scope(ModuleId(0), &root, repeat), diags)?.unmark().0)
}

fn repeats(block: &Import, evaluation: &Evaluation<'_>, diags: &mut Diagnostics) -> Vec<Repeat> {
    let Some(expr) = &block.for_each else { return vec![Repeat::None] };
    let Ok(value) = evaluate(expr, &Repeat::None, evaluation, diags) else { return Vec::new() };
    match super::expansion::for_each(expr, value, true, diags) {
        Ok(expansion) => expansion.keys().iter().map(|key| expansion.repeat(key)).collect(),
        Err(_) => Vec::new(),
    }
}

fn id(
    block: &Import,
    repeat: &Repeat,
    evaluation: &Evaluation<'_>,
    diags: &mut Diagnostics,
) -> Result<String, Reported> {
    let value = evaluate(&block.id, repeat, evaluation, diags)?;
    let invalid = |label: &str, detail: &str| {
        Diagnostic::error("Invalid import id argument").at(block.id.span).label(label).detail(detail)
    };
    if value.is_null() {
        return Err(diags.error(invalid("is null", "The import ID cannot be null.")));
    }
    if !value.is_known() {
        return Err(diags.error(invalid("known only after apply", "The import block \"id\" argument depends on resource attributes that cannot be determined until apply, so Isotope cannot plan to import this resource.").help("apply first with `-target` what the id depends on, or write it out")));
    }
    let text = convert(&value, &Type::String).ok().and_then(|value| value.as_str().map(str::to_owned));
    match text {
        Some(text) if !text.is_empty() => Ok(text),
        Some(_) => Err(diags.error(invalid(
            "is empty",
            "The import ID value evaluates to an empty string, please provide a non-empty value.",
        ))),
        None => {
            Err(diags
                .error(invalid("is not a text", "The import ID value is unsuitable: a string is required.")))
        }
    }
}

/// The address that `to` names, computed keys evaluated.
fn target(
    expr: &Expr,
    repeat: &Repeat,
    evaluation: &Evaluation<'_>,
    diags: &mut Diagnostics,
) -> Result<ObjectAddr, Reported> {
    let mut text = String::new();
    spell(expr, repeat, evaluation, &mut text, diags)?;
    let addr: ObjectAddr = text.parse().map_err(|error: crate::addr::ParseError| {
        diags.error(
            Diagnostic::error("Invalid import \"to\" expression").at(expr.span).label(error.problem).detail(
                "Expected the address of one object, as in `instance.support` or `instance.desk[\"eu\"]`.",
            ),
        )
    })?;
    if addr.resource.mode == Mode::Data {
        return Err(diags.error(
            Diagnostic::error("Invalid import address")
                .at(expr.span)
                .label("a data source is only read")
                .detail("Only managed resources can be imported."),
        ));
    }
    Ok(addr)
}

fn spell(
    expr: &Expr,
    repeat: &Repeat,
    evaluation: &Evaluation<'_>,
    text: &mut String,
    diags: &mut Diagnostics,
) -> Result<(), Reported> {
    match &expr.kind {
        ExprKind::Traversal { root, steps } => {
            text.push_str(&root.name);
            steps.iter().for_each(|step| spell_step(step, text));
        }
        ExprKind::Relative { base, steps } => {
            spell(base, repeat, evaluation, text, diags)?;
            steps.iter().for_each(|step| spell_step(step, text));
        }
        ExprKind::Index { base, key } => {
            spell(base, repeat, evaluation, text, diags)?;
            let key = evaluate(key, repeat, evaluation, diags)?;
            spell_key(&key, text);
        }
        _ => text.push('?'),
    }
    Ok(())
}

fn spell_step(step: &Step, text: &mut String) {
    match step {
        Step::Attr(name) => text.extend([".", &name.name]),
        Step::Index(key, _) => spell_key(key, text),
    }
}

fn spell_key(key: &Value, text: &mut String) {
    let index = key.as_number().and_then(|n| u32::try_from(n.as_i64()?).ok());
    match (key.as_str(), index) {
        (Some(name), _) => text.push_str(&ObjectKey::Name(name.into()).to_string()),
        (None, Some(index)) => text.push_str(&ObjectKey::Index(index).to_string()),
        (None, None) => text.push_str("[?]"),
    }
}

/// The record of an object that is adopted: what is declared, as the API has it. Of what the API masks, the declared value counts.
pub fn record_of(
    addr: &ObjectAddr,
    kind: &Kind,
    desired: &Value,
    meta: &Meta,
    object: &Object,
    sealer: Option<&Sealer>,
) -> Record {
    let field = |attribute: &crate::kind::Attribute| match settable(attribute) {
        true => desired.get_attr(&attribute.name).cloned().unwrap_or_else(|| Value::null(attribute.ty())),
        // What the API shows once was shown to somebody else.
        false => {
            let read = object.values.get_attr(&attribute.name).filter(|value| value.is_wholly_known());
            read.cloned().unwrap_or_else(|| Value::null(attribute.ty()))
        }
    };
    let whole = Value::object(kind.attributes.values().map(|a| (Str::from(&a.name), field(a))).collect());
    let (values, fingerprints) = match sealer {
        Some(sealer) => keep(kind, &whole, sealer, &addr.to_string()),
        // Without a key there are no fingerprints: the secrets count as changed, and are sent.
        None => (super::change::without_secrets(kind, &whole), BTreeMap::new()),
    };
    let draft = Record {
        provider: meta.provider.clone(),
        id: object.id.clone(),
        values,
        fingerprints,
        bound: Some(addr.to_string().into()),
        status: Status::Ready,
        depends_on: meta.depends_on.clone(),
        create_before_destroy: meta.create_before_destroy,
        prevent_destroy: meta.prevent_destroy,
        marker: object.marker.clone(),
    };
    super::change::refreshed(kind, &draft, object, sealer)
}
