//! The expression language against Terraform 1.11's own answers (`conformance/*.json`).
//!
//! A case gives an expression and what Terraform makes of it: what the console prints, the type, the JSON form, or the
//! complaint. Values, types and refusals must agree in every case; the words of the complaints are counted, and may not
//! get worse.

#![allow(clippy::unwrap_used)] // a test may

use std::io::Read;
use std::path::Path;

use base64::Engine;
use isotope::diag::{Diagnostics, Sources};
use isotope::eval::{self, EmptyScope, Host};
use isotope::syntax::{self, Expr};
use isotope::value::{Value, to_json_text};
use serde::Deserialize;
use serde_json::{Value as Json, value::RawValue};

/// How many refusals must have Terraform's summary, and how many its detail too.
const SUMMARIES: usize = 551;
const DETAILS: usize = 547;

/// A case; `tests/conformance/README.md` tells what the fields mean.
#[derive(Deserialize)]
struct Case {
    id: String,
    expr: String,
    #[serde(default, rename = "in")]
    place: String,
    ok: bool,
    #[serde(default)]
    console: String,
    #[serde(rename = "type")]
    ty: Option<Json>,
    #[serde(default)]
    json: String,
    /// Kept as text: it may hold numbers that no float holds.
    value: Option<Box<RawValue>>,
    #[serde(default)]
    sensitive: bool,
    #[serde(default)]
    infinite: bool,
    #[serde(default)]
    unknown: bool,
    #[serde(default)]
    compare: String,
    #[serde(default)]
    error: String,
    detail: Option<String>,
}

/// A host that answers without looking at the world.
struct TestHost;

impl Host for TestHost {
    fn base_dir(&self) -> &Path {
        Path::new("tests/conformance")
    }

    fn now(&self) -> Option<jiff::Timestamp> {
        Some(jiff::Timestamp::UNIX_EPOCH)
    }

    fn plan_time(&self) -> Option<jiff::Timestamp> {
        Some(jiff::Timestamp::UNIX_EPOCH)
    }

    fn random_uuid(&self) -> Option<String> {
        Some("aabbccdd-0000-4000-8000-000000000000".to_owned())
    }

    fn pure_only(&self) -> bool {
        false
    }
}

/// What became of an expression: its value and what the console prints, or the first complaint.
enum Answer {
    Value { printed: String, value: Option<Value> },
    Refused { summary: String, detail: String },
}

fn answer(case: &Case) -> Answer {
    let mut diags = Diagnostics::new();
    match run(case, &mut diags) {
        Some((printed, value)) if !diags.has_errors() => Answer::Value { printed, value },
        _ => {
            let first = diags.take().into_iter().next().expect("a refusal is reported");
            Answer::Refused { summary: first.summary, detail: first.detail }
        }
    }
}

fn run(case: &Case, diags: &mut Diagnostics) -> Option<(String, Option<Value>)> {
    let expr = parse(&case.expr, case.place == "body", diags)?;
    let scope = EmptyScope::new(&TestHost, Path::new("/somewhere"));
    let printed = eval::console(&expr, &scope, diags).ok()?;
    let value = eval::evaluate(&expr, &scope, &mut Diagnostics::new()).ok();
    Some((printed, value))
}

fn parse(text: &str, in_body: bool, diags: &mut Diagnostics) -> Option<Expr> {
    let mut sources = Sources::new();
    if !in_body {
        let file = sources.add("<console-input>", text);
        return syntax::parse_expression(&sources, file, diags);
    }
    let file = sources.add("main.hcl", format!("locals {{\n  e = {text}\n}}\n"));
    let body = syntax::parse(&sources, file, diags);
    diags.check().ok()?;
    let locals = body.blocks.into_iter().next()?;
    Some(locals.body.attributes.into_iter().next()?.expr)
}

/// Says how an answer differs from what the case demands; `None` if it does not.
fn difference(case: &Case, answer: &Answer) -> Option<String> {
    match (answer, case.ok) {
        (Answer::Refused { .. }, false) => None,
        (Answer::Refused { summary, detail }, true) => Some(format!("refused: {summary}: {detail}")),
        (Answer::Value { printed, .. }, false) => Some(format!("accepted: {printed}")),
        (Answer::Value { printed, value }, true) => {
            if case.compare == "gunzip" {
                return differs("content", unpacked(value), wanted_bytes(case));
            }
            differs("console", printed.as_str(), &case.console)
                .or_else(|| value.as_ref().and_then(|value| value_difference(case, value)))
        }
    }
}

fn value_difference(case: &Case, value: &Value) -> Option<String> {
    let ty = case.ty.as_ref()?;
    let (plain, marks) = value.unmark_deep();
    differs("type", &value.ty().to_json(), ty)
        .or_else(|| differs("sensitive", !marks.is_empty(), case.sensitive))
        .or_else(|| differs("unknown", !plain.is_wholly_known(), case.unknown))
        .or_else(|| if case.unknown { None } else { json_difference(case, &plain) })
}

fn json_difference(case: &Case, plain: &Value) -> Option<String> {
    let json = to_json_text(plain);
    differs("infinite", json.is_err(), case.infinite)
        .or_else(|| json.ok().and_then(|json| differs("json", json.as_str(), &case.json)))
}

fn differs<T: PartialEq + std::fmt::Debug>(what: &str, found: T, wanted: T) -> Option<String> {
    (found != wanted).then(|| format!("{what} is {found:?}, not {wanted:?}"))
}

fn unpacked(value: &Option<Value>) -> Vec<u8> {
    gunzip(value.as_ref().and_then(Value::as_str).unwrap_or_default())
}

fn wanted_bytes(case: &Case) -> Vec<u8> {
    let packed = case.value.as_ref().map(|raw| serde_json::from_str::<String>(raw.get()).expect("a string"));
    gunzip(&packed.unwrap_or_default())
}

fn gunzip(text: &str) -> Vec<u8> {
    let packed = base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).expect("gzip");
    unpacked
}

/// How many refusals there are, and in how many the words agree.
#[derive(Default)]
struct Words {
    refusals: usize,
    summaries: usize,
    details: usize,
}

impl Words {
    fn count(&mut self, case: &Case, answer: &Answer) {
        let Answer::Refused { summary, detail } = answer else { return };
        let same_summary = *summary == case.error;
        let same_detail = same_summary && case.detail.as_ref().is_none_or(|wanted| wanted == detail);
        self.refusals += 1;
        self.summaries += usize::from(same_summary);
        self.details += usize::from(same_detail);
        if !same_detail {
            let wanted = case.detail.as_deref().unwrap_or_default();
            println!(
                "{}: {}\n    says  {summary}: {detail}\n    wants {}: {wanted}",
                case.id, case.expr, case.error
            );
        }
    }
}

#[test]
fn expressions_have_terraforms_values() {
    let files = [include_str!("conformance/expressions.json"), include_str!("conformance/found.json")];
    let read = |text: &str| serde_json::from_str::<Vec<Case>>(text).expect("the cases are JSON");
    let cases: Vec<Case> = files.into_iter().flat_map(read).collect();
    let mut wrong = Vec::new();
    let mut words = Words::default();
    for case in &cases {
        let answer = answer(case);
        words.count(case, &answer);
        if let Some(difference) = difference(case, &answer) {
            wrong.push(format!("{}: {}\n    {difference}", case.id, case.expr));
        }
    }
    let Words { refusals, summaries, details } = words;
    println!("{} cases, {} wrong", cases.len(), wrong.len());
    println!("{refusals} refusals, {summaries} summaries and {details} details agree");
    assert!(wrong.is_empty(), "{} of {} cases differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(summaries >= SUMMARIES, "only {summaries} summaries agree, {SUMMARIES} did");
    assert!(details >= DETAILS, "only {details} details agree, {DETAILS} did");
}
