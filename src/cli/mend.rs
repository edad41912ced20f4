//! Commands that mend the state by hand: `taint`, `untaint`, `state mv`, `state rm`, `import`. Each is one commit under the lock.

use super::args::{self, Variables};
use super::backend::{self, Backend};
use super::environment::{Environment, Functions};
use super::generate;
use super::output::Output;
use super::project::{self, Project};
use super::{Exit, Outcome, providers};
use crate::addr::ObjectAddr;
use crate::config::Endpoint;
use crate::diag::{Diagnostic, Diagnostics, Reported, did_you_mean};
use crate::plan::{self, Evaluation, Meta, Recorded, Target, Wanted};
use crate::state::journal::End;
use crate::state::{Event, Intent, Operation, Record, Status, Writer};
use std::time::Duration;

/// A state under its lock.
struct Open {
    project: Project,
    backend: Backend,
    writer: Box<dyn Writer>,
    command: &'static str,
}

async fn open(
    command: &'static str,
    variables: &Variables,
    wait: Duration,
    environment: &Environment,
    output: &mut Output,
) -> Result<Open, Reported> {
    let project = project::load(variables, environment, output)?;
    let mut backend = backend::open(&project, environment, output).await?;
    let writer = backend.lock(command, wait, environment, output).await?;
    Ok(Open { project, backend, writer, command })
}

impl Open {
    /// Writes the events; a new state's key comes first, since records hold sealed values.
    async fn commit(
        &mut self,
        events: Vec<Event>,
        environment: &Environment,
        output: &mut Output,
    ) -> Result<(), Reported> {
        let (_, slot) = self.backend.key(environment, output)?;
        let events: Vec<Event> = slot.into_iter().chain(events).collect();
        let stamp = environment.stamp(self.command);
        let written = self.writer.commit(&events, &stamp).await;
        written.map(drop).map_err(|error| output.fail(backend::complaint(&error)))
    }

    /// Refuses to touch objects on which an earlier run was still working: only a look at the API can say what they are.
    fn quiet(&self, addrs: &[&ObjectAddr], output: &mut Output) -> Result<(), Reported> {
        let open = self.backend.state.intents.values().find(|intent| addrs.contains(&&intent.addr));
        let Some(intent) = open else { return Ok(()) };
        let addr = &intent.addr;
        Err(output.fail(
            Diagnostic::error("Unfinished operation")
                .detail(format!(
                    "An earlier run ended while it was working on {addr}; what became of it is not known yet."
                ))
                .help("`isotope refresh` looks at the API and settles it"),
        ))
    }

    fn record(&self, text: &str, output: &mut Output) -> Result<(ObjectAddr, Record), Reported> {
        let addr = address(text, output)?;
        match self.backend.state.records.get(&addr) {
            Some(record) => Ok((addr, record.clone())),
            None => Err(output.fail(missing(text, &self.backend))),
        }
    }
}

fn address(text: &str, output: &mut Output) -> Result<ObjectAddr, Reported> {
    text.parse().map_err(|error: crate::addr::ParseError| {
        output.fail(Diagnostic::error("Invalid address").detail(format!("{error}.")))
    })
}

fn missing(text: &str, backend: &Backend) -> Diagnostic {
    let known: Vec<String> = backend.state.records.keys().map(ToString::to_string).collect();
    let diagnostic = Diagnostic::error("No such resource instance")
        .detail(format!("The current state contains no resource instance with the address {text}."));
    match did_you_mean(text, known.iter().map(String::as_str)) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help("`isotope state list` lists what is"),
    }
}

/// `taint` and `untaint`.
pub async fn taint(
    args: &args::Taint,
    status: Status,
    environment: &Environment,
    output: &mut Output,
) -> Outcome {
    let command = if status == Status::Tainted { "taint" } else { "untaint" };
    let none = Variables::default();
    let mut open = open(command, &none, args.lock_timeout, environment, output).await?;
    let (addr, record) = open.record(&args.address, output)?;
    open.quiet(&[&addr], output)?;
    if status == Status::Ready && record.status == Status::Ready {
        return Err(output.fail(Diagnostic::error("Resource instance is not tainted").detail(format!(
            "The resource instance {addr} is not currently tainted, and so it cannot be untainted."
        ))));
    }
    let event = Event::Recorded(addr.clone(), Box::new(Record { status, ..record }));
    open.commit(vec![event], environment, output).await?;
    output.print(&match status {
        Status::Tainted => format!("Resource instance {addr} has been marked as tainted."),
        Status::Ready => format!("Resource instance {addr} has been successfully untainted."),
    });
    Ok(Exit::Done)
}

/// `state rm`: drops objects from the state; the world is left alone.
pub async fn remove(
    addresses: &[String],
    dry_run: bool,
    environment: &Environment,
    output: &mut Output,
) -> Outcome {
    let none = Variables::default();
    let mut open = open("state rm", &none, Duration::ZERO, environment, output).await?;
    let mut targets = Vec::new();
    for text in addresses {
        targets.push(text.parse::<Target>().map_err(|error| {
            output.fail(Diagnostic::error("Invalid address").detail(format!("{error}.")))
        })?);
    }
    let state = &open.backend.state;
    let covered = |addr: &ObjectAddr| targets.iter().any(|target| target.covers(addr));
    let current = state.records.keys().filter(|addr| covered(addr)).cloned();
    let mut events: Vec<Event> = current.map(Event::Removed).collect();
    let count = events.len();
    let gone = events.iter().filter_map(|event| match event {
        Event::Removed(addr) => Some(addr.clone()),
        _ => None,
    });
    let dependents = plan::dropped(&gone.collect(), state);
    let deposed = state.deposed.keys().filter(|(addr, _)| covered(addr));
    events.extend(deposed.map(|(addr, key)| Event::RemovedDeposed(addr.clone(), key.clone())));
    // Who says that an object is no longer managed has looked: there is nothing left to settle.
    let unsettled = state.intents.values().filter(|intent| covered(&intent.addr));
    let dropped: Vec<ObjectAddr> = unsettled.clone().map(|intent| intent.addr.clone()).collect();
    events.extend(unsettled.map(|intent| Event::Settled(intent.id.clone())));
    if events.is_empty() {
        return Err(output.fail(
            Diagnostic::error("Invalid target address")
                .detail("No matching objects found. To view the available instances, use `isotope state list`. Please modify the address to reference a specific instance."),
        ));
    }
    let verb = if dry_run { "Would remove" } else { "Removed" };
    let lines: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            Event::Removed(addr) => Some(format!("{verb} {addr}")),
            _ => None,
        })
        .chain(dropped.iter().map(|addr| format!("{verb} the unfinished operation on {addr}")))
        .collect();
    if !dry_run {
        events.extend(dependents);
        open.commit(events, environment, output).await?;
    }
    lines.iter().for_each(|line| output.print(line));
    if !dry_run {
        output.print(&format!("Successfully removed {count} resource instance(s)."));
    }
    Ok(Exit::Done)
}

/// `state mv`: renames objects in the state.
pub async fn rename(
    from: &str,
    to: &str,
    dry_run: bool,
    environment: &Environment,
    output: &mut Output,
) -> Outcome {
    let none = Variables::default();
    let mut open = open("state mv", &none, Duration::ZERO, environment, output).await?;
    let parse = |text: &str, what: &str, output: &mut Output| {
        text.parse::<Endpoint>().map_err(|error| {
            output.fail(Diagnostic::error(format!("Invalid {what} address")).detail(format!("{error}.")))
        })
    };
    let (source, target) = (parse(from, "source", output)?, parse(to, "target", output)?);
    let state = &open.backend.state;
    let deposed = state.deposed.keys().map(|(addr, _)| addr).filter(|addr| !state.records.contains_key(addr));
    let moves = plan::renames(&source, &target, state.records.keys().chain(deposed));
    if moves.is_empty() {
        return Err(output.fail(
            Diagnostic::error("Invalid target address")
                .detail(format!("Cannot move {from} to {to}: there is nothing recorded at {from}, or one is a resource and the other a module.")),
        ));
    }
    let touched: Vec<&ObjectAddr> = moves.iter().flat_map(|(old, new)| [old, new]).collect();
    open.quiet(&touched, output)?;
    if let Some((old, new)) = moves.iter().find(|(_, new)| state.records.contains_key(new)) {
        return Err(output.fail(Diagnostic::error("Invalid target address").detail(format!(
            "Cannot move {old} to {new}: there is already a resource instance at that address in the current state."
        ))));
    }
    if let Some((old, new)) = moves.iter().find(|(old, new)| old.resource.kind != new.resource.kind) {
        return Err(output.fail(
            Diagnostic::error("Invalid state move request")
                .detail(format!("Cannot move {old} to {new}: the kinds are different.")),
        ));
    }
    let lines: Vec<String> = moves.iter().map(|(old, new)| format!("Move \"{old}\" to \"{new}\"")).collect();
    let count = moves.len();
    if !dry_run {
        let events = plan::Moves::new(moves).events(&open.backend.state);
        open.commit(events, environment, output).await?;
    }
    lines.iter().for_each(|line| output.print(line));
    if !dry_run {
        output.print(&format!("Successfully moved {count} object(s)."));
    }
    Ok(Exit::Done)
}

/// `import ADDR ID`: adopts what exists.
pub async fn import(args: &args::Import, environment: &Environment, output: &mut Output) -> Outcome {
    // Without `-all` both are required.
    let (to, id) = (args.address.as_deref().unwrap_or_default(), args.id.as_deref().unwrap_or_default());
    let addr = address(to, output)?;
    if let Some(path) = &args.generate_config_out {
        let one = Wanted { addr: addr.clone(), id: id.to_owned(), provider: None, span: None };
        generate::run(path, Some(one), &args.variables, environment, output).await?;
    }
    let mut open = open("import", &args.variables, args.lock_timeout, environment, output).await?;
    if open.backend.state.records.contains_key(&addr) {
        return Err(output.fail(
            Diagnostic::error("Resource already managed")
                .detail(format!("Isotope is already managing {addr}. To import to this address you must first remove the existing object from the state."))
                .help(format!("`isotope state rm '{addr}'`")),
        ));
    }
    let connected = providers::connect(&open.project, &open.backend, None, true, environment, output).await?;
    let record = adopt(&mut open, &addr, id, &connected, environment, output).await?;
    output.print(&format!("{addr}: Importing from ID \"{id}\"..."));
    let id = record.id.clone();
    // A create whose end could not be found out: this is what it made.
    let state = &open.backend.state;
    let made = |intent: &&Intent| intent.addr == addr && intent.operation == Operation::Create;
    let events = match state.intents.values().find(made) {
        Some(intent) => state.closing(intent, &End::Stands(Box::new(record))),
        None => vec![Event::Recorded(addr.clone(), Box::new(record))],
    };
    open.commit(events, environment, output).await?;
    output.print(&format!("{addr}: Import complete [id={id}]\n\nImport successful! The object is managed from here on; `isotope plan` shows what differs."));
    if let Some(emulator) = connected.emulator {
        emulator.stop().await;
    }
    Ok(Exit::Done)
}

/// Reads the object and makes the record that its block asks for.
async fn adopt(
    open: &mut Open,
    addr: &ObjectAddr,
    id: &str,
    connected: &providers::Connected,
    environment: &Environment,
    output: &mut Output,
) -> Result<Record, Reported> {
    let (sealer, _) = open.backend.key(environment, output)?;
    let project = &open.project;
    let functions = Functions::planning(environment);
    let mut evaluation =
        Evaluation::new(&project.config, &project.kinds, &functions, environment.workspace());
    let mut diags = Diagnostics::new();
    let mut objects =
        Recorded { records: &open.backend.state.records, data: &std::collections::BTreeMap::new() };
    plan::walk(&mut evaluation, &project.walk, &project.given, &mut objects, &mut diags);
    let visit = plan::visit_of(addr, &evaluation);
    let kind = project.kinds.get(&addr.resource.kind);
    let (Some(visit), Some(kind)) = (visit, kind) else {
        return Err(output.fail(
            Diagnostic::error(format!(
                "resource address {:?} does not exist in the configuration",
                addr.to_string()
            ))
            .detail("Before importing, declare the resource: its block says what is managed.")
            .help(format!("write `{} {:?} {{ … }}`", addr.resource.kind, &*addr.resource.name)),
        ));
    };
    let provider_addr =
        plan::provider_of(&project.kinds, project.config.module(visit.module), visit.resource);
    if let Some(taken) = plan::taken(&open.backend.state.records, kind, addr, &provider_addr, id) {
        return Err(output.fail(taken));
    }
    let lifecycle = &visit.resource.lifecycle;
    let meta = Meta {
        provider: provider_addr.clone(),
        depends_on: plan::dependencies(&project.walk, &visit, &evaluation),
        create_before_destroy: lifecycle.create_before_destroy,
        prevent_destroy: lifecycle.prevent_destroy,
    };
    let desired = plan::desired_of(addr, None, &evaluation, &mut diags);
    output.check(&mut diags, &project.sources)?;
    let (Some(desired), Some(provider)) = (desired, connected.providers.of(kind, &provider_addr)) else {
        return Err(output.fail(
            Diagnostic::error(format!("Cannot import {addr}")).detail("Its provider is not configured."),
        ));
    };
    let object = plan::found(kind, provider.as_ref(), addr, id).await;
    let object = object.map_err(|problem| output.fail(problem))?;
    let record = plan::record_of(addr, kind, &desired, &meta, &object, Some(&sealer));
    if let Some(warning) = plan::unverified(std::iter::once((addr, &**kind, &record))) {
        diags.push(warning);
    }
    output.show(&mut diags, &project.sources);
    Ok(record)
}
