//! `count` and `for_each` values → how many objects, and which keys. The complaints are Terraform's.

use super::evaluation::Expansion;
use crate::addr::Name;
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::syntax::Expr;
use crate::value::{Marks, Type, Value, convert};
use std::collections::BTreeMap;

pub(super) fn count(
    expr: &Expr,
    value: Value,
    needs_keys: bool,
    diags: &mut Diagnostics,
) -> Result<Expansion, Reported> {
    let complain = |label: &str, detail: &str| {
        Diagnostic::error("Invalid count argument").at(expr.span).label(label).detail(detail)
    };
    let (value, marks) = value.unmark();
    if marks.contains(Marks::EPHEMERAL) {
        return Err(diags.error(complain(
            "comes from an ephemeral value",
            "The given \"count\" is derived from an ephemeral value, which means that Isotope cannot persist it between plan/apply rounds. Use only non-ephemeral values to specify a resource's instance count.",
        )));
    }
    if value.is_null() {
        return Err(diags.error(complain(
            "is null",
            "The given \"count\" argument value is null. An integer is required.",
        )));
    }
    if !value.is_known() {
        if !needs_keys {
            return Ok(Expansion::Unknown);
        }
        return Err(diags.error(
            complain(
                "known only after apply",
                "The \"count\" value depends on resource attributes that cannot be determined until apply, so Isotope cannot predict how many instances will be created.",
            )
            .help("apply first with `-target` what the count depends on, or count something that is known"),
        ));
    }
    let number = convert(&value, &Type::Number).map_err(|problem| {
        let complaint = complain(
            &problem.to_string(),
            &format!("The given \"count\" argument value is unsuitable: {problem}."),
        );
        diags.error(Diagnostic { summary: "Incorrect value type".to_owned(), ..complaint })
    })?;
    let whole = number.as_number().and_then(|n| n.as_i64());
    match whole.map(u32::try_from) {
        Some(Ok(count)) => Ok(Expansion::Count(count)),
        Some(Err(_)) => Err(diags.error(complain(
            "must be between 0 and 4294967295",
            "The given \"count\" argument value is unsuitable: must be greater than or equal to zero.",
        ))),
        None => Err(diags.error(complain(
            "must be a whole number",
            "The given \"count\" argument value is unsuitable: value must be a whole number.",
        ))),
    }
}

pub(super) fn for_each(
    expr: &Expr,
    value: Value,
    needs_keys: bool,
    diags: &mut Diagnostics,
) -> Result<Expansion, Reported> {
    let complain = |label: &str, detail: &str| {
        Diagnostic::error("Invalid for_each argument").at(expr.span).label(label).detail(detail)
    };
    if value.is_sensitive() || (matches!(value.ty(), Type::Set(_)) && value.contains_marks(Marks::SENSITIVE))
    {
        return Err(diags.error(
            complain(
                "has a sensitive value",
                "Sensitive values, or values derived from sensitive values, cannot be used as for_each arguments. If used, the sensitive value could be exposed as a resource instance key.",
            )
            .help("iterate over keys that may be shown, and look the sensitive values up by key"),
        ));
    }
    let (value, marks) = value.unmark();
    if marks.contains(Marks::EPHEMERAL) {
        return Err(diags.error(complain(
            "comes from an ephemeral value",
            "The given \"for_each\" value is derived from an ephemeral value, which means that Isotope cannot persist it between plan/apply rounds. Use only non-ephemeral values to specify a resource's instance keys.",
        )));
    }
    if value.is_null() {
        return Err(diags.error(complain(
            "is null",
            "The given \"for_each\" argument value is unsuitable: the given \"for_each\" argument value is null. A map, or set of strings is allowed.",
        )));
    }
    let ty = value.ty();
    let unsuitable = !matches!(ty, Type::Dynamic | Type::Map(_) | Type::Object(_) | Type::Set(_));
    let unsuitable_set =
        matches!(&ty, Type::Set(element) if !matches!(**element, Type::String | Type::Dynamic));
    if unsuitable_set {
        let shown = ty.friendly_name();
        let complaint = complain(
            &format!("is a {shown}, not a set of strings"),
            &format!(
                "The given \"for_each\" argument value is unsuitable: \"for_each\" supports maps and sets of strings, but you have provided a {shown}."
            ),
        );
        return Err(
            diags.error(Diagnostic { summary: "Invalid for_each set argument".to_owned(), ..complaint })
        );
    }
    if unsuitable {
        let shown = ty.friendly_name();
        return Err(diags.error(
            complain(
                &format!("is a {shown}, not a map or a set of strings"),
                &format!("The given \"for_each\" argument value is unsuitable: the \"for_each\" argument must be a map, or set of strings, and you have provided a value of type {shown}."),
            )
            .help("`toset([…])` makes a set of strings of a list"),
        ));
    }
    if !value.is_known() || (matches!(ty, Type::Set(_)) && !value.is_wholly_known()) {
        if !needs_keys {
            return Ok(Expansion::Unknown);
        }
        return Err(diags.error(
            complain(
                "its keys are known only after apply",
                "The \"for_each\" value includes keys derived from resource attributes that cannot be determined until apply, and so Isotope cannot determine the full set of keys that will identify the instances of this resource.",
            )
            .help("use a map whose keys are written in the configuration and only its values come from other resources")
            .help("or apply first with `-target` what the keys depend on"),
        ));
    }
    keys(&value, expr, diags)
}

fn keys(value: &Value, expr: &Expr, diags: &mut Diagnostics) -> Result<Expansion, Reported> {
    let mut keys: BTreeMap<Name, Value> = BTreeMap::new();
    for (key, element) in value.elements() {
        let Some(name) = key.as_str() else {
            return Err(diags.error(
                Diagnostic::error("Invalid for_each set argument")
                    .at(expr.span)
                    .label("holds a null")
                    .detail("The given \"for_each\" argument value is unsuitable: \"for_each\" sets must not contain null values."),
            ));
        };
        keys.insert(name.into(), element.clone());
    }
    Ok(Expansion::ForEach(keys))
}
