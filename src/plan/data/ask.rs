//! Questions → answers: all at once, each once.

use super::{About, Answer, Answers, Question};
use crate::addr::ObjectAddr;
use crate::kind::{Kind, Kinds};
use crate::plan::Providers;
use crate::provider::{CallError, Object, ObjectRef, Provider, Search};
use crate::state::{ProviderAddr, Record};
use crate::value::{Fields, Value, typed_from_json};
use futures_util::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Asks. Several searches of one collection become one reading of all of it, whose answer holds theirs.
pub async fn ask(questions: &BTreeSet<Question>, kinds: &Kinds, providers: &Providers) -> Answers {
    let asked = fewest(questions).into_iter().map(|question| async move {
        let answer = one(&question, kinds, providers).await;
        (question, answer)
    });
    join_all(asked).await.into_iter().collect()
}

/// The questions about single objects that a refresh has answered.
pub fn known(
    questions: &BTreeSet<Question>,
    reads: &BTreeMap<ObjectAddr, Option<Object>>,
    records: &BTreeMap<ObjectAddr, Record>,
) -> Answers {
    let wanted: BTreeMap<(&ProviderAddr, &str, &str), &Question> = questions
        .iter()
        .filter_map(|question| {
            let About::One(id) = &question.about else { return None };
            Some(((&question.provider, &*question.kind, &**id), question))
        })
        .collect();
    if wanted.is_empty() {
        return Answers::new();
    }
    let answer = |(addr, read): (&ObjectAddr, &Option<Object>)| {
        let (record, object) = (records.get(addr)?, read.as_ref()?);
        let question = wanted.get(&(&record.provider, &*addr.resource.kind, &*object.id))?;
        Some(((*question).clone(), Ok(Arc::from([object.clone()]))))
    };
    reads.iter().filter_map(answer).collect()
}

pub(super) fn fewest(questions: &BTreeSet<Question>) -> BTreeSet<Question> {
    let mut searches: BTreeMap<Question, usize> = BTreeMap::new();
    for question in questions.iter().filter(|question| !matches!(question.about, About::One(_))) {
        *searches.entry(question.whole()).or_default() += 1;
    }
    let shared = |question: &Question| match question.about {
        About::One(_) => question.clone(),
        _ if searches.get(&question.whole()).is_some_and(|times| *times > 1) => question.whole(),
        _ => question.clone(),
    };
    questions.iter().map(shared).collect()
}

async fn one(question: &Question, kinds: &Kinds, providers: &Providers) -> Answer {
    let unknown = || CallError::Unreached(format!("nothing is connected that has `{}`", question.kind));
    let kind = kinds.get(&question.kind).ok_or_else(unknown)?;
    let provider = providers.of(kind, &question.provider).ok_or_else(unknown)?;
    answer(question, kind, provider.as_ref()).await
}

async fn answer(question: &Question, kind: &Kind, provider: &dyn Provider) -> Answer {
    let values = words(&question.words);
    match &question.about {
        About::One(id) => {
            let object = provider.read(kind, ObjectRef { id, values: &values }).await?;
            Ok(object.into_iter().collect())
        }
        About::All => Ok(Arc::from(provider.list(kind, Search::All { values: &values }).await?)),
        About::Search(by) => {
            let values = merged(values, &words(by));
            Ok(Arc::from(provider.list(kind, Search::Arguments { values: &values }).await?))
        }
    }
}

fn words(json: &str) -> Value {
    let value = serde_json::from_str(json).ok().and_then(|json| typed_from_json(&json));
    value.unwrap_or_else(|| Value::object(Fields::default()))
}

fn merged(one: Value, other: &Value) -> Value {
    let (Value::Object(fields), Value::Object(more)) = (&one, other) else { return one };
    let both = fields.iter().chain(more.iter());
    Value::object(both.map(|(name, value)| (name.clone(), value.clone())).collect())
}
