//! `providers = { … }` of a module call: which of the caller's provider configurations the module's names mean.

use super::ProviderRef;
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::syntax::{Expr, ExprKind, ObjectKey, Step};
use std::collections::BTreeMap;

/// The module's names for provider configurations, and the root's.
pub(super) type Passed = BTreeMap<ProviderRef, ProviderRef>;

/// What a called module sees: the caller's default configurations, and those that it is passed.
pub(super) fn passed(
    above: &Passed,
    given: Option<&Expr>,
    diags: &mut Diagnostics,
) -> Result<Passed, Reported> {
    let defaults = above.iter().filter(|(name, _)| name.alias.is_none());
    let mut passed: Passed = defaults.map(|(name, root)| (name.clone(), root.clone())).collect();
    let Some(given) = given else { return Ok(passed) };
    let ExprKind::Object(entries) = &given.kind else {
        return Err(diags.error(
            Diagnostic::error("Invalid expression")
                .at(given.span)
                .label("expected `{ cloudelements = cloudelements.eu }`")
                .detail("A static map expression is required."),
        ));
    };
    for (key, value) in entries {
        let name = match key {
            ObjectKey::Word(word) => ProviderRef { name: word.name.clone(), alias: None },
            ObjectKey::Expr(expr) => reference(expr, diags)?,
        };
        let caller = reference(value, diags)?;
        let root = above.get(&caller).cloned().unwrap_or(caller);
        passed.insert(name, root);
    }
    Ok(passed)
}

/// `cloudelements` or `cloudelements.eu`; as a key of the JSON form, in quotes.
fn reference(expr: &Expr, diags: &mut Diagnostics) -> Result<ProviderRef, Reported> {
    match &expr.kind {
        ExprKind::Traversal { root, steps } => match steps.as_slice() {
            [] => return Ok(ProviderRef { name: root.name.clone(), alias: None }),
            [Step::Attr(alias)] => {
                return Ok(ProviderRef { name: root.name.clone(), alias: Some(alias.name.clone()) });
            }
            _ => {}
        },
        ExprKind::Literal(value) => {
            if let Some(text) = value.as_str() {
                let (name, alias) =
                    text.split_once('.').map_or((text, None), |(name, alias)| (name, Some(alias)));
                return Ok(ProviderRef { name: name.into(), alias: alias.map(Into::into) });
            }
        }
        ExprKind::Parens(inner) => return reference(inner, diags),
        _ => {}
    }
    Err(diags.error(
        Diagnostic::error("Invalid provider configuration reference")
            .at(expr.span)
            .label("expected a provider's name, or name and alias: `cloudelements.eu`")
            .detail("A provider type name is required, optionally followed by a period and then a configuration alias."),
    ))
}
