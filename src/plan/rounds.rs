//! Walks that lead to questions, and the answers that lead to further walks: what must be known before a plan can be made.

use super::current::Current;
use super::data::{self, Question};
use super::evaluation::{self, Evaluation};
use super::moves::Moves;
use super::nodes::Item;
use super::planner::{Planner, Request};
use super::{Answers, Changes, import};
use crate::addr::ObjectAddr;
use crate::diag::{Diagnostics, Reported};
use crate::state::State;
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The state as it is now: with the findings settled and the moves followed, and as the world has it.
pub(super) struct World<'w> {
    pub moves: &'w Moves,
    pub recorded: &'w State,
    pub current: &'w Current<'w>,
}

/// What a walk gave.
pub(super) struct Found {
    pub changes: Changes,
    pub read: BTreeMap<ObjectAddr, Value>,
    pub unread: BTreeMap<ObjectAddr, Value>,
    pub asked: BTreeSet<Question>,
}

/// Evaluates a part of the configuration and plans what it comes to.
pub(super) fn walked<'r>(
    request: &'r Request<'r>,
    world: &World<'_>,
    answers: &Answers,
    items: &[Item],
    diags: &mut Diagnostics,
) -> (Evaluation<'r>, Found) {
    let mut planner = Planner::new(request, world, answers);
    let mut evaluation =
        Evaluation::new(request.config, request.kinds, request.host, request.workspace.clone());
    evaluation::walk_items(&mut evaluation, items, request.given, &mut planner, diags);
    let Planner { changes, read, unread, asked, .. } = planner;
    (evaluation, Found { changes, read, unread, asked })
}

/// Asks what data sources and imports need, as often as answers lead to new questions. Complaints are kept for the plan, which
/// comes to the same ones.
pub(super) async fn gather(
    request: &Request<'_>,
    world: &World<'_>,
    answers: &mut Answers,
    diags: &mut Diagnostics,
) -> Result<(), Reported> {
    let mut read = BTreeMap::new();
    if !request.walk.ahead.is_empty() {
        read = read_ahead(request, world, answers).await;
    }
    answers.imports = import::ask(request, &read, diags).await?;
    Ok(())
}

async fn read_ahead(
    request: &Request<'_>,
    world: &World<'_>,
    answers: &mut Answers,
) -> BTreeMap<ObjectAddr, Value> {
    loop {
        let mut own = Diagnostics::new();
        let (_, planned) = walked(request, world, answers, &request.walk.ahead, &mut own);
        if planned.asked.is_empty() {
            return planned.read;
        }
        let given = answered(request, world, answers, &planned.asked).await;
        answers.data.extend(given);
    }
}

/// Asks. An object that was read because it is managed is not read again.
pub(super) async fn answered(
    request: &Request<'_>,
    world: &World<'_>,
    answers: &Answers,
    asked: &BTreeSet<Question>,
) -> data::Answers {
    let known = data::known(asked, &answers.reads, &world.recorded.records);
    let open: BTreeSet<Question> =
        asked.iter().filter(|asked| !known.contains_key(*asked)).cloned().collect();
    let mut given = data::ask(&open, request.kinds, request.providers).await;
    given.extend(known);
    given
}

/// Reads what the data sources of a configuration give as things stand, without planning anything.
pub async fn read(request: &Request<'_>) -> BTreeMap<ObjectAddr, Value> {
    let moves = Moves::default();
    let current = Current::unread(request.state);
    let world = World { moves: &moves, recorded: request.state, current: &current };
    read_ahead(request, &world, &mut Answers::default()).await
}
