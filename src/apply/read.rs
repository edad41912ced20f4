//! Data sources that could not be read while planning: their questions with what is known now, and what the answers give.

use super::resolve::{first, inconsistent};
use crate::addr::ObjectAddr;
use crate::diag::{Diagnostic, Diagnostics};
use crate::kind::Kinds;
use crate::plan::{Evaluation, Later, Providers, Question, arguments_of, condition, read_answer, visit_of};
use crate::provider::{CallError, Object};
use crate::value::{Type, Value, convert};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What was answered, for all that asked the same.
pub(super) type Answered = Result<Arc<[Object]>, CallError>;

/// The readings of one batch: what several ask alike is asked once.
pub(super) struct Readings<'f> {
    kinds: &'f Kinds,
    providers: &'f Providers,
    asked: BTreeMap<Question, Shared<BoxFuture<'f, Answered>>>,
}

impl<'f> Readings<'f> {
    pub(super) fn new(kinds: &'f Kinds, providers: &'f Providers) -> Self {
        Self { kinds, providers, asked: BTreeMap::new() }
    }

    /// The answer to come.
    pub(super) fn ask(&mut self, question: Question) -> Shared<BoxFuture<'f, Answered>> {
        let (kinds, providers) = (self.kinds, self.providers);
        let asked = self.asked.entry(question.clone());
        asked.or_insert_with(|| one(question, kinds, providers).boxed().shared()).clone()
    }
}

async fn one(question: Question, kinds: &Kinds, providers: &Providers) -> Answered {
    let answers = crate::plan::ask(&BTreeSet::from([question.clone()]), kinds, providers).await;
    let unknown = || Err(CallError::Unreached("nothing was answered".to_owned()));
    question.answer(&answers).cloned().unwrap_or_else(unknown)
}

/// What a data source asks, now that what it waited for is done.
pub(super) fn question(
    addr: &ObjectAddr,
    later: &Later,
    evaluation: &Evaluation<'_>,
) -> Result<Question, Box<Diagnostic>> {
    let mut diags = Diagnostics::new();
    if let Some(visit) = visit_of(addr, evaluation) {
        condition::before(&visit, evaluation, &mut diags);
    }
    let found = arguments_of(addr, evaluation, &mut diags);
    if let Some(problem) = first(&mut diags) {
        return Err(Box::new(problem));
    }
    match found {
        Some((source, arguments)) if arguments.is_wholly_known() => {
            Ok(Question::of(&source, later.provider.clone(), &arguments))
        }
        _ => Err(Box::new(inconsistent(addr, "an argument is still unknown"))),
    }
}

/// The id of the one object that was found.
pub(super) fn id(value: &Value) -> Option<Arc<str>> {
    let id = convert(&value.get_attr("id")?.unmark_deep().0, &Type::String).ok()?;
    id.as_str().map(Arc::from)
}

/// What the data source gives.
pub(super) fn value(
    addr: &ObjectAddr,
    answer: &Answered,
    evaluation: &Evaluation<'_>,
) -> Result<Value, Box<Diagnostic>> {
    let mut diags = Diagnostics::new();
    match read_answer(addr, answer, evaluation, &mut diags) {
        Some(value) => Ok(value),
        None => {
            let first = diags.take().into_iter().next();
            Err(Box::new(first.unwrap_or_else(|| inconsistent(addr, "its block is gone"))))
        }
    }
}
