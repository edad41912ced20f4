//! The end of a plan: what no block declares any more, the order of the steps, outputs and checks.

use super::checks::checks;
use super::moves;
use super::order::order;
use super::planner::{Planner, Request};
use super::rounds::{Found, World};
use super::{Answers, Changes, Checked, Mode, OutputChange, Step, Subject, import, removed};
use crate::addr::{Name, ObjectAddr};
use crate::config::Config;
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::graph::Dag;
use crate::plan::Evaluation;
use crate::state::State;
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet};

/// All of a plan but what the world said.
pub(super) struct Conclusion {
    pub changes: Changes,
    pub steps: Dag<Step>,
    pub outputs: BTreeMap<Name, OutputChange>,
    pub checks: Vec<Checked>,
    pub variables: BTreeMap<Name, Value>,
    /// What data sources gave.
    pub data: BTreeMap<ObjectAddr, Value>,
}

/// What a walk comes to that left no question open.
pub(super) fn conclude(
    request: &Request<'_>,
    world: &World<'_>,
    answers: &Answers,
    found: Found<'_>,
    diags: &mut Diagnostics,
) -> Result<Conclusion, Reported> {
    diags.append(found.diags);
    diags.check()?;
    let evaluation = found.evaluation;
    if request.mode != Mode::Destroy {
        moves::check(request.config, &evaluation, diags);
    }
    let mut planner = Planner::new(request, world, answers);
    planner.changes = found.changes;
    planner.read = found.read;
    planner.unread = found.unread;
    planner.delete_the_rest(&evaluation, diags);
    diags.check()?;
    planner.look_again(&evaluation);
    let (mut changes, data) = (planner.changes, planner.read);
    for (subject, change) in &mut changes {
        change.previous = world.moves.previous(&subject.addr).cloned();
    }
    import::warn(&answers.imports, &changes, request.kinds, diags);
    removed::warn(&changes, |addr| world.current.get(addr).is_none(), diags);
    warn_of_unmatched(request.replace, &changes, diags);
    let checks = match request.mode {
        Mode::Destroy => Vec::new(),
        Mode::Normal | Mode::RefreshOnly => checks(&evaluation, &changes),
    };
    let root = request.config.root().variables.keys();
    Ok(Conclusion {
        steps: order(&changes, |addr| in_check(request.config, addr)),
        outputs: outputs(request, &evaluation, world.recorded),
        variables: root.filter_map(|name| Some((name.clone(), evaluation.variable(name)?))).collect(),
        changes,
        checks,
        data,
    })
}

/// Whether a data source belongs to a check.
fn in_check(config: &Config, addr: &ObjectAddr) -> bool {
    let mut modules = config.modules.iter();
    let module = modules.find(|module| addr.module.names().eq(module.path.iter().map(|name| &**name)));
    module.and_then(|module| module.resources.get(&addr.resource)).is_some_and(|data| data.check.is_some())
}

/// `-replace` with an address that no object has is a slip of the pen, not a mistake.
fn warn_of_unmatched(replace: &[ObjectAddr], changes: &Changes, diags: &mut Diagnostics) {
    for addr in replace.iter().filter(|addr| !changes.contains_key(&Subject::current((*addr).clone()))) {
        let of_block = |other: &&ObjectAddr| other.module == addr.module && other.resource == addr.resource;
        let objects = changes.keys().map(|subject| &subject.addr).filter(of_block);
        let options: Vec<String> = objects.map(|object| format!("-replace='{object}'")).collect();
        let mut diagnostic = Diagnostic::warning("Incompletely-matched force-replace resource instance")
            .detail(format!("Your force-replace request for {addr} doesn't match any resource instances."));
        if !options.is_empty() {
            diagnostic =
                diagnostic.help(format!("to replace an object of this block: {}", options.join(", ")));
        }
        diags.push(diagnostic);
    }
}

fn outputs(
    request: &Request<'_>,
    evaluation: &Evaluation<'_>,
    recorded: &State,
) -> BTreeMap<Name, OutputChange> {
    let declared = &request.config.root().outputs;
    let names: BTreeSet<&Name> = declared.keys().chain(recorded.outputs.keys()).collect();
    let change = |name: &Name| {
        let before = recorded.outputs.get(name).cloned();
        let after = match request.mode {
            Mode::Destroy => None,
            _ if !declared.contains_key(name) => None,
            // A null output is no output: the state does not keep it.
            _ => evaluation.output(name).filter(|value| before.is_some() || !value.is_null()),
        };
        OutputChange { before, after }
    };
    names
        .into_iter()
        .filter(|name| request.selection.gives(name, request.walk))
        .map(|name| (name.clone(), change(name)))
        .filter(|(_, c)| c.before.is_some() || c.after.is_some())
        .collect()
}
