//! The `isotope` block: required version, backend, encryption, limits.

use super::backend::backend;
use super::fields::{Fields, labels};
use super::{MaxDestroy, Settings};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::syntax::{Block, Expr};
use crate::value::{Type, Value};

/// This program's version, which `required_version` is held against.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(super) fn isotope(
    block: &Block,
    settings: &mut Settings,
    diags: &mut Diagnostics,
) -> Result<(), Reported> {
    let [] = labels(block, [], diags)?;
    if let Some(first) = settings.span {
        return Err(diags.error(
            Diagnostic::error("Duplicate isotope block")
                .at(block.header)
                .label("settings may stand once")
                .related(first, "the first one"),
        ));
    }
    settings.span = Some(block.header);
    let mut fields = Fields::new("isotope", block.header, &block.body);
    if let Some((value, span)) = fields.constant("required_version", &Type::String, diags) {
        let wanted = value.as_str().unwrap_or_default().to_owned();
        check_version(&wanted, span, diags);
        settings.required_version = Some((wanted, span));
    }
    if let Some((value, span)) = fields.constant("history", &Type::Number, diags) {
        settings.history = whole(&value, span, diags);
    }
    if let Some(attribute) = fields.take("max_destroy") {
        settings.max_destroy = max_destroy(&attribute.expr, diags).ok();
    }
    settings.encryption = fields.block("encryption", diags).cloned();
    let mut backends = fields.blocks("backend").into_iter();
    if let Some(first) = backends.next() {
        settings.backend = backend(first, diags).ok();
        for extra in backends {
            diags.error(
                Diagnostic::error("Duplicate backend configuration")
                    .at(extra.header)
                    .label("only one `backend` block may stand here")
                    .related(first.header, "the first one")
                    .detail("A configuration may have only one backend."),
            );
        }
    }
    fields.finish(diags);
    Ok(())
}

/// `3` or `"10%"`.
fn max_destroy(expr: &Expr, diags: &mut Diagnostics) -> Result<MaxDestroy, Reported> {
    let value = super::fields::constant(expr, &Type::Dynamic, diags)?;
    let limit = match &value {
        Value::Number(number) => {
            number.as_i64().and_then(|n| usize::try_from(n).ok()).map(MaxDestroy::Objects)
        }
        Value::String(text) => percent(text).map(MaxDestroy::Percent),
        _ => None,
    };
    limit.ok_or_else(|| {
        let label = "expected a whole number of objects, such as 3, or a share from \"0%\" to \"100%\"";
        diags.error(Diagnostic::error("Invalid value").at(expr.span).label(label))
    })
}

fn percent(text: &str) -> Option<f64> {
    let number = text.strip_suffix('%')?;
    let digits = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    let share: f64 = number.bytes().all(digits).then(|| number.parse().ok())??;
    (0.0..=100.0).contains(&share).then_some(share)
}

impl MaxDestroy {
    /// How many of `recorded` objects it allows to be deleted: a share is rounded down.
    pub fn of(&self, recorded: usize) -> usize {
        match self {
            Self::Objects(count) => *count,
            // Exact up to 2^53 objects; what is cut off is the fraction.
            Self::Percent(share) => (recorded as f64 * share / 100.0) as usize,
        }
    }
}

impl std::fmt::Display for MaxDestroy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Objects(count) => write!(f, "{count}"),
            Self::Percent(share) => write!(f, "\"{share}%\""),
        }
    }
}

pub(super) fn whole(value: &crate::value::Value, span: Span, diags: &mut Diagnostics) -> Option<u64> {
    let number = value.as_number().and_then(|n| n.as_i64()).and_then(|n| u64::try_from(n).ok());
    if number.is_none() {
        diags.error(Diagnostic::error("Invalid value").at(span).label("expected a whole number, at least 0"));
    }
    number
}

fn check_version(wanted: &str, span: Span, diags: &mut Diagnostics) {
    match satisfies(VERSION, wanted) {
        Some(true) => {}
        Some(false) => {
            diags.error(
                Diagnostic::error("Unsupported Isotope version")
                    .at(span)
                    .label(format!("this is version {VERSION}"))
                    .help("run a version that fits, or change `required_version`"),
            );
        }
        None => {
            diags.error(
                Diagnostic::error("Invalid version constraint")
                    .at(span)
                    .label("expected constraints such as \">= 0.1, < 2.0\" or \"~> 0.1\""),
            );
        }
    }
}

/// Whether a version satisfies Terraform's constraint syntax; `None` if that is malformed.
fn satisfies(version: &str, constraints: &str) -> Option<bool> {
    let have = numbers(version)?;
    let mut all = true;
    for constraint in constraints.split(',') {
        let constraint = constraint.trim();
        let at = constraint.find(|c: char| c.is_ascii_digit())?;
        let (operator, text) = constraint.split_at(at);
        let wanted = numbers(text)?;
        all &= match operator.trim() {
            "" | "=" => have == padded(&wanted),
            "!=" => have != padded(&wanted),
            ">" => have > padded(&wanted),
            ">=" => have >= padded(&wanted),
            "<" => have < padded(&wanted),
            "<=" => have <= padded(&wanted),
            "~>" => have >= padded(&wanted) && have < next(&wanted)?,
            _ => return None,
        };
    }
    Some(all)
}

fn numbers(text: &str) -> Option<Vec<u64>> {
    let numbers: Option<Vec<u64>> = text.trim().split('.').map(|part| part.parse().ok()).collect();
    numbers.filter(|n| n.len() <= 3)
}

fn padded(version: &[u64]) -> Vec<u64> {
    let mut version = version.to_vec();
    version.resize(3, 0);
    version
}

/// The first version that `~>` does not allow: its last but one number, one higher.
fn next(version: &[u64]) -> Option<Vec<u64>> {
    let keep = version.len().saturating_sub(1).max(1);
    let mut next = version[..keep].to_vec();
    *next.last_mut()? += 1;
    Some(padded(&next))
}

#[cfg(test)]
mod tests {
    use super::{MaxDestroy, percent, satisfies};

    #[test]
    fn shares_are_percentages_rounded_down() {
        for (text, recorded, expected) in [
            ("10%", 100, Some(10)),
            ("10%", 9, Some(0)),
            ("12.5%", 16, Some(2)),
            ("0%", 5, Some(0)),
            ("100%", 7, Some(7)),
            ("100.1%", 1, None),
            ("-1%", 1, None),
            ("10", 1, None),
            ("%", 1, None),
            ("1e1%", 1, None),
            ("inf%", 1, None),
        ] {
            assert_eq!(
                percent(text).map(|share| MaxDestroy::Percent(share).of(recorded)),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn version_constraints_read_as_terraform_reads_them() {
        for (constraint, expected) in [
            (">= 0.1", Some(true)),
            ("~> 0.1", Some(true)),
            ("~> 0.1.0", Some(true)),
            ("~> 0.2.0", Some(false)),
            (">= 0.1, < 0.1.5", Some(true)),
            ("= 0.1.0", Some(true)),
            ("!= 0.1.0", Some(false)),
            ("1", Some(false)),
            ("=> 1", None),
            ("banana", None),
        ] {
            assert_eq!(satisfies("0.1.0", constraint), expected, "{constraint}");
        }
    }
}
