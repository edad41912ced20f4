//! `attribute` and `computed` blocks: one attribute of a kind.

use super::{identifier, path, request};
use crate::addr::Name;
use crate::config::fields::{Fields, labels, missing};
use crate::config::types;
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::kind::{Attribute, Generate, Role, Toggle};
use crate::syntax::Block;
use crate::value::Constraint;

/// What a resource block has of its own, whatever its kind.
const META_ARGUMENTS: [&str; 6] = ["count", "for_each", "depends_on", "provider", "timeouts", "lifecycle"];

impl Attribute {
    /// An attribute of which only this is said.
    pub(super) fn new(name: Name, constraint: Constraint, role: Role, span: Span) -> Self {
        Self {
            at: vec![name.to_string()],
            name,
            constraint,
            role,
            replace: false,
            partial: false,
            text: false,
            masked: None,
            sensitive: false,
            write_only: false,
            unwrap: None,
            toggle: None,
            span,
        }
    }
}

pub(super) fn attribute(
    block: &Block,
    computed: bool,
    diags: &mut Diagnostics,
) -> Result<Attribute, Reported> {
    let [label] = labels(block, ["name"], diags)?;
    identifier(label, "attribute", diags)?;
    if META_ARGUMENTS.contains(&&*label.value) {
        return Err(diags.error(
            Diagnostic::error("Invalid attribute name")
                .at(label.span)
                .label(format!("every resource has a `{}` of its own", label.value)),
        ));
    }
    let mut fields = Fields::new(&block.kind.name, block.header, &block.body);
    let constraint = fields.require("type", diags).and_then(|a| types::constraint(&a.expr, diags));
    let role = if computed { computed_role(&mut fields, diags) } else { settable(&mut fields, diags) };
    let constraint = constraint.unwrap_or(Constraint::Any);
    let mut attribute = Attribute::new(label.value.clone(), constraint, role, block.header);
    shape(&mut attribute, &mut fields, diags);
    if !computed {
        argument(&mut attribute, &mut fields, diags);
    }
    fields.finish(diags);
    Ok(attribute)
}

/// Who sets a `computed` attribute: the API, unless the block says how the engine makes it.
fn computed_role(fields: &mut Fields<'_>, diags: &mut Diagnostics) -> Role {
    let value = fields.take("value").map(|a| Role::Generated(Generate::From(a.expr.clone())));
    let Some((how, span)) = fields.constant("generate", &crate::value::Type::String, diags) else {
        return value.unwrap_or(Role::Computed);
    };
    if value.is_some() || how.as_str() != Some("uuid") {
        let label = if value.is_some() { "`value` is given already" } else { "only `uuid` can be generated" };
        diags.error(Diagnostic::error("Invalid generated value").at(span).label(label));
    }
    Role::Generated(Generate::Uuid)
}

fn settable(fields: &mut Fields<'_>, diags: &mut Diagnostics) -> Role {
    let required = fields.flag("required", diags).unwrap_or(false);
    match (fields.take("default"), required) {
        (None, true) => Role::Required,
        (None, false) => Role::Optional,
        (Some(default), required) => {
            if required {
                diags.error(
                    Diagnostic::error("Conflicting arguments")
                        .at(default.name.span)
                        .label("what is required is never left out, so it needs no default"),
                );
            }
            Role::Defaulted(default.expr.clone())
        }
    }
}

/// What any attribute may say of how its value travels.
fn shape(attribute: &mut Attribute, fields: &mut Fields<'_>, diags: &mut Diagnostics) {
    if let Some(at) = fields.text("at", diags) {
        attribute.at = path(at);
    }
    attribute.sensitive = fields.flag("sensitive", diags).unwrap_or(false);
    attribute.text = fields.flag("text", diags).unwrap_or(false);
    attribute.masked = fields.text("masked", diags);
    attribute.unwrap = fields.text("unwrap", diags);
    fields.text("description", diags);
}

/// What only an attribute that the user sets may say.
fn argument(attribute: &mut Attribute, fields: &mut Fields<'_>, diags: &mut Diagnostics) {
    attribute.replace = fields.flag("replace", diags).unwrap_or(false);
    attribute.write_only = fields.flag("write_only", diags).unwrap_or(false);
    let partial = fields.constant("partial", &crate::value::Type::Bool, diags);
    if let Some((value, span)) = partial {
        attribute.partial = value.as_bool().unwrap_or(false);
        if attribute.partial && !matches!(attribute.constraint, Constraint::Map(_)) {
            diags.error(Diagnostic::error("Invalid attribute").at(span).label("only a map can be `partial`"));
        }
    }
    attribute.toggle = toggle(attribute, fields, diags);
}

fn toggle(attribute: &Attribute, fields: &mut Fields<'_>, diags: &mut Diagnostics) -> Option<Toggle> {
    let parts = [("read", fields.take("read")), ("on", fields.take("on")), ("off", fields.take("off"))];
    if parts.iter().all(|(_, part)| part.is_none()) {
        return None;
    }
    for (name, _) in parts.iter().filter(|(_, part)| part.is_none()) {
        missing("attribute", name, attribute.span, diags);
    }
    let [(_, Some(read)), (_, Some(on)), (_, Some(off))] = parts else { return None };
    if !matches!(attribute.constraint, Constraint::Bool) {
        let label = "only a `bool` can be switched by requests of its own";
        diags.error(Diagnostic::error("Invalid attribute").at(read.name.span).label(label));
    }
    let on = request::from_line(&on.expr, diags).ok()?;
    let off = request::from_line(&off.expr, diags).ok()?;
    Some(Toggle { read: read.expr.clone(), on, off })
}
