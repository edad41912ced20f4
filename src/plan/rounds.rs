//! Walks that lead to questions, and the answers that lead to further walks: what must be known before a plan can be made.

use super::conclusion::{Conclusion, conclude};
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
pub(super) struct Found<'r> {
    pub evaluation: Evaluation<'r>,
    pub changes: Changes,
    pub read: BTreeMap<ObjectAddr, Value>,
    pub unread: BTreeMap<ObjectAddr, Value>,
    pub asked: BTreeSet<Question>,
    /// What is wrong with what it came to.
    pub diags: Diagnostics,
}

/// How many items a walk takes before it lets go on what waits for the world: a millisecond or so.
const STRETCH: usize = 32;

/// Evaluates a part of the configuration and plans what it comes to.
async fn walked<'r>(
    request: &'r Request<'r>,
    world: &World<'_>,
    answers: &Answers,
    items: &[Item],
) -> Found<'r> {
    let mut planner = Planner::new(request, world, answers);
    let mut evaluation =
        Evaluation::new(request.config, request.kinds, request.host, request.workspace.clone());
    let mut diags = Diagnostics::new();
    for items in items.chunks(STRETCH) {
        evaluation::walk_items(&mut evaluation, items, request.given, &mut planner, &mut diags);
        tokio::task::yield_now().await;
    }
    let Planner { changes, read, unread, asked, .. } = planner;
    Found { evaluation, changes, read, unread, asked, diags }
}

/// What a walk over everything came to.
pub(super) enum Round {
    /// What must be known first.
    Asks(BTreeSet<Question>),
    /// The rest of the plan, with what is wrong or worth a warning.
    Ends(Result<Box<Conclusion>, Reported>, Diagnostics),
}

/// Evaluates the whole configuration and plans what it comes to, to the end if all is known that it needs.
pub(super) async fn round(request: &Request<'_>, world: &World<'_>, answers: &Answers) -> Round {
    let found = walked(request, world, answers, &request.walk.order).await;
    if !found.asked.is_empty() && request.answers.is_none() {
        return Round::Asks(found.asked);
    }
    let mut diags = Diagnostics::new();
    let conclusion = conclude(request, world, answers, found, &mut diags);
    Round::Ends(conclusion.map(Box::new), diags)
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
        let planned = walked(request, world, answers, &request.walk.ahead).await;
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
