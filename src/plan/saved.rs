//! A plan in a file, and back.
//!
//! A plan follows from its configuration, state, variables and from what the API answered, byte for byte. So the file holds the
//! variables and the answers, and names the configuration and the state by digest and serial; applying it makes the same plan again
//! without asking anybody, and a digest over the plan proves that it is the same. The head stands in the clear so that a stale plan can say
//! what it was made from; everything else is sealed with the state's key.

use super::data::{About, Answer, Question};
use super::{Answers, Finding, Mode, Plan, Verdict};
use crate::addr::{Name, ObjectAddr};
use crate::provider::{CallError, Object};
use crate::secret::{Purpose, Sealed, Sealer};
use crate::state::ProviderAddr;
use crate::state::format::v1::{Seal, read_record, written_record};
use crate::value::{Marks, Value, typed_from_json, typed_to_json};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The first line of a plan file.
const MAGIC: &str = "isotope plan 1";

/// What a plan file says without its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The version of the program that wrote it.
    pub version: String,
    pub lineage: String,
    pub serial: u64,
    /// The configuration's digest.
    pub config: String,
    pub workspace: String,
    /// How the state's key is found; a plan of a new state brings the slot that its first commit records.
    pub key: crate::secret::KeySlot,
    /// Over everything that the plan does.
    pub digest: String,
    /// Seconds since 1970, when it was made.
    pub made: i64,
}

/// What was asked, beside the configuration: enough to make the same plan again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asked {
    pub mode: SavedMode,
    pub refresh: bool,
    pub targets: Vec<String>,
    pub excludes: Vec<String>,
    pub replace: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SavedMode {
    Normal,
    Destroy,
    RefreshOnly,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    asked: Asked,
    variables: BTreeMap<String, Json>,
    reads: Vec<(String, Option<SavedObject>)>,
    #[serde(default)]
    imports: Vec<(String, SavedObject)>,
    #[serde(default)]
    data: Vec<SavedAnswer>,
    findings: Vec<SavedFinding>,
    requests: u64,
}

#[derive(Serialize, Deserialize)]
struct SavedObject {
    id: String,
    values: Json,
    marker: Option<String>,
}

/// What a data source asked, and the answer.
#[derive(Serialize, Deserialize)]
struct SavedAnswer {
    provider: String,
    alias: Option<String>,
    kind: String,
    words: String,
    about: SavedAbout,
    /// Or why there is none, which only a check survives.
    objects: Result<Vec<SavedObject>, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedAbout {
    One(String),
    All,
    Search(String),
}

#[derive(Serialize, Deserialize)]
struct SavedFinding {
    intent: String,
    addr: String,
    verdict: String,
    record: Option<Json>,
}

/// A plan file, read.
pub struct Saved {
    pub asked: Asked,
    pub variables: BTreeMap<Name, Value>,
    pub answers: Answers,
}

/// Why a file is not a usable plan.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    #[error("it is not a saved plan")]
    NotAPlan,
    #[error("it was damaged, or made with another key")]
    Sealed,
    #[error("it holds something that this version does not know: {0}")]
    Unknown(String),
}

impl From<Mode> for SavedMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Normal => Self::Normal,
            Mode::Destroy => Self::Destroy,
            Mode::RefreshOnly => Self::RefreshOnly,
        }
    }
}

impl From<SavedMode> for Mode {
    fn from(mode: SavedMode) -> Self {
        match mode {
            SavedMode::Normal => Self::Normal,
            SavedMode::Destroy => Self::Destroy,
            SavedMode::RefreshOnly => Self::RefreshOnly,
        }
    }
}

/// A digest over everything that a plan does: equal for the same plan, made again.
pub fn digest(plan: &Plan) -> String {
    // `Debug` of a value never prints what is marked, so the values go in by their lossless form.
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    for (node, step) in plan.steps.nodes() {
        add(&format!("{node:?} {} {:?} {:?}", step.subject.addr, step.subject.deposed, step.verb));
    }
    add(&format!("{:?}", plan.steps.edges()));
    for (from, to) in plan.moves.pairs() {
        add(&format!("{from} {to}"));
    }
    for (subject, change) in &plan.changes {
        add(&subject.addr.to_string());
        match &change.action {
            super::Action::Create { planned }
            | super::Action::Update { planned, .. }
            | super::Action::Replace { planned, .. } => {
                add(&typed_to_json(&planned.values).to_string());
                add(&typed_to_json(&planned.desired).to_string());
            }
            super::Action::NoOp { record, .. } => add(&typed_to_json(&record.values).to_string()),
            super::Action::Delete { prior, .. } | super::Action::Forget { prior } => add(&prior.id),
            super::Action::Read { later } => add(&typed_to_json(&later.values).to_string()),
        }
    }
    for (addr, value) in &plan.data {
        add(&format!("{addr} {}", typed_to_json(value)));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a plan file.
pub fn write(head: &Head, asked: Asked, plan: &Plan, sealer: &Sealer) -> Result<Vec<u8>, SavedError> {
    let sealer = sealer.for_purpose(Purpose::Plan);
    // What is ephemeral is never stored: whoever applies the plan gives it again.
    let stored = plan.variables.iter().filter(|(_, value)| !value.contains_marks(Marks::EPHEMERAL));
    let variables = stored.map(|(name, value)| (name.to_string(), typed_to_json(value))).collect();
    let reads = plan.answers.reads.iter();
    let reads = reads.map(|(addr, read)| (addr.to_string(), read.as_ref().map(save_object)));
    let findings: Result<Vec<_>, SavedError> =
        plan.answers.findings.iter().map(|finding| write_finding(finding, head, &sealer)).collect();
    let payload = Payload {
        asked,
        variables,
        reads: reads.collect(),
        imports: plan.answers.imports.iter().map(|(addr, of)| (addr.to_string(), save_object(of))).collect(),
        data: plan.answers.data.iter().map(|(question, answer)| save_answer(question, answer)).collect(),
        findings: findings?,
        requests: plan.reading.requests,
    };
    let text = serde_json::to_vec(&payload).map_err(|e| SavedError::Unknown(e.to_string()))?;
    let head_text = serde_json::to_string(head).map_err(|e| SavedError::Unknown(e.to_string()))?;
    let sealed = sealer.seal(&["plan", &head_text], &text);
    let sealed = serde_json::to_string(&sealed).map_err(|e| SavedError::Unknown(e.to_string()))?;
    Ok(format!("{MAGIC}\n{head_text}\n{sealed}\n").into_bytes())
}

/// Whether these are the bytes of a plan file, readable or not.
pub fn is_plan(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC.as_bytes())
}

/// What a plan file says in the clear.
pub fn head(bytes: &[u8]) -> Result<Head, SavedError> {
    let (head, _) = parts(bytes)?;
    serde_json::from_str(head).map_err(|e| SavedError::Unknown(e.to_string()))
}

/// Opens a plan file.
pub fn read(bytes: &[u8], sealer: &Sealer) -> Result<Saved, SavedError> {
    let sealer = sealer.for_purpose(Purpose::Plan);
    let (head_text, sealed) = parts(bytes)?;
    let head = head(bytes)?;
    let sealed: Sealed = serde_json::from_str(sealed).map_err(|_| SavedError::Sealed)?;
    let text = sealer.open(&["plan", head_text], &sealed).map_err(|_| SavedError::Sealed)?;
    let payload: Payload = serde_json::from_slice(&text).map_err(|e| SavedError::Unknown(e.to_string()))?;
    let unknown = || SavedError::Unknown("a value".to_owned());
    let mut variables = BTreeMap::new();
    for (name, value) in &payload.variables {
        variables.insert(Name::from(name.as_str()), typed_from_json(value).ok_or_else(unknown)?);
    }
    let mut reads = BTreeMap::new();
    for (addr, read) in payload.reads {
        reads.insert(address(&addr)?, read.map(read_object).transpose()?);
    }
    let mut imports = BTreeMap::new();
    for (addr, read) in payload.imports {
        imports.insert(address(&addr)?, read_object(read)?);
    }
    let data = payload.data.into_iter().map(read_answer).collect::<Result<_, SavedError>>()?;
    let findings: Result<Vec<_>, SavedError> =
        payload.findings.into_iter().map(|finding| read_finding(finding, &head, &sealer)).collect();
    let answers = Answers { reads, data, imports, findings: findings?, requests: payload.requests };
    Ok(Saved { asked: payload.asked, variables, answers })
}

fn save_object(object: &Object) -> SavedObject {
    SavedObject {
        id: object.id.to_string(),
        values: typed_to_json(&object.values),
        marker: object.marker.as_deref().map(str::to_owned),
    }
}

fn save_answer(question: &Question, answer: &Answer) -> SavedAnswer {
    SavedAnswer {
        provider: question.provider.name.to_string(),
        alias: question.provider.alias.as_deref().map(str::to_owned),
        kind: question.kind.to_string(),
        words: question.words.clone(),
        about: match &question.about {
            About::One(id) => SavedAbout::One(id.to_string()),
            About::All => SavedAbout::All,
            About::Search(words) => SavedAbout::Search(words.clone()),
        },
        objects: match answer {
            Ok(objects) => Ok(objects.iter().map(save_object).collect()),
            Err(error) => Err(error.to_string()),
        },
    }
}

fn read_answer(saved: SavedAnswer) -> Result<(Question, Answer), SavedError> {
    let question = Question {
        provider: ProviderAddr { name: saved.provider.into(), alias: saved.alias.map(Into::into) },
        kind: saved.kind.into(),
        words: saved.words,
        about: match saved.about {
            SavedAbout::One(id) => About::One(id.into()),
            SavedAbout::All => About::All,
            SavedAbout::Search(words) => About::Search(words),
        },
    };
    let answer = match saved.objects {
        Ok(objects) => Ok(objects.into_iter().map(read_object).collect::<Result<_, _>>()?),
        Err(cause) => Err(CallError::Unreached(cause)),
    };
    Ok((question, answer))
}

fn read_object(saved: SavedObject) -> Result<Object, SavedError> {
    let values = typed_from_json(&saved.values).ok_or_else(|| SavedError::Unknown("a value".to_owned()))?;
    Ok(Object { id: saved.id.into(), values, marker: saved.marker.map(Into::into) })
}

fn parts(bytes: &[u8]) -> Result<(&str, &str), SavedError> {
    let text = std::str::from_utf8(bytes).map_err(|_| SavedError::NotAPlan)?;
    let mut lines = text.lines();
    match (lines.next(), lines.next(), lines.next(), lines.next()) {
        (Some(MAGIC), Some(head), Some(sealed), None) if text.ends_with('\n') => Ok((head, sealed)),
        _ => Err(SavedError::NotAPlan),
    }
}

fn address(text: &str) -> Result<ObjectAddr, SavedError> {
    text.parse().map_err(|e: crate::addr::ParseError| SavedError::Unknown(e.to_string()))
}

fn write_finding(finding: &Finding, head: &Head, sealer: &Sealer) -> Result<SavedFinding, SavedError> {
    let addr = finding.addr.to_string();
    let seal = Seal { sealer: Some(sealer), lineage: &head.lineage, place: &addr };
    let record = |record| {
        serde_json::to_value(written_record(record, seal, &[]))
            .map_err(|e| SavedError::Unknown(e.to_string()))
    };
    let (verdict, record) = match &finding.verdict {
        Verdict::Adopted(adopted) => ("adopted", Some(record(adopted)?)),
        Verdict::Updated(updated) => ("updated", Some(record(updated)?)),
        Verdict::NotDone => ("not done", None),
        Verdict::Gone => ("gone", None),
    };
    Ok(SavedFinding { intent: finding.intent.to_string(), addr, verdict: verdict.to_owned(), record })
}

fn read_finding(finding: SavedFinding, head: &Head, sealer: &Sealer) -> Result<Finding, SavedError> {
    let seal = Seal { sealer: Some(sealer), lineage: &head.lineage, place: &finding.addr };
    let record = finding
        .record
        .map(|json| read_record(&json.to_string(), seal).map_err(SavedError::Unknown))
        .transpose()?;
    let verdict = match (finding.verdict.as_str(), record) {
        ("adopted", Some(opened)) => Verdict::Adopted(Box::new(opened.what)),
        ("updated", Some(opened)) => Verdict::Updated(Box::new(opened.what)),
        ("not done", _) => Verdict::NotDone,
        ("gone", _) => Verdict::Gone,
        (other, _) => return Err(SavedError::Unknown(format!("the finding {other:?}"))),
    };
    Ok(Finding { intent: finding.intent.into(), addr: address(&finding.addr)?, verdict })
}
