//! `attribute` and `computed` blocks: one attribute of a kind.

use super::request::Paths;
use super::{identifier, path, request};
use crate::addr::Name;
use crate::config::fields::{Fields, labels, missing};
use crate::config::types;
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::kind::{Attribute, Envelope, Generate, Members, Reference, Request, Role, Toggle};
use crate::syntax::{Block, Expr, ExprKind, Step};
use crate::value::{Constraint, Type};

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
            resend: Vec::new(),
            along: Vec::new(),
            parent: false,
            local: false,
            echo: true,
            initial: None,
            refers_to: None,
            once: false,
            unwrap: None,
            wrap: None,
            toggle: None,
            members: None,
            span,
        }
    }
}

pub(super) fn attribute(
    block: &Block,
    computed: bool,
    paths: &Paths,
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
    if computed {
        attribute.once = fields.flag("once", diags).unwrap_or(false);
    } else {
        argument(&mut attribute, &mut fields, paths, diags);
    }
    fields.finish(diags);
    Ok(attribute)
}

/// Who sets a `computed` attribute: the API, unless the block says how the engine makes it.
fn computed_role(fields: &mut Fields<'_>, diags: &mut Diagnostics) -> Role {
    let value = fields.take("value").map(|a| Role::Generated(Generate::From(a.expr.clone())));
    let Some((how, span)) = fields.constant("generate", &Type::String, diags) else {
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
fn argument(attribute: &mut Attribute, fields: &mut Fields<'_>, paths: &Paths, diags: &mut Diagnostics) {
    attribute.wrap = fields.text("wrap", diags);
    attribute.parent = fields.flag("parent", diags).unwrap_or(false);
    attribute.local = fields.flag("local", diags).unwrap_or(false);
    attribute.echo = fields.flag("echo", diags).unwrap_or(true);
    // What an object stands below cannot change under it.
    attribute.replace = fields.flag("replace", diags).unwrap_or(attribute.parent);
    attribute.write_only = fields.flag("write_only", diags).unwrap_or(false);
    attribute.resend = names_of("resend", attribute, fields, diags);
    attribute.along = names_of("along", attribute, fields, diags);
    partial(attribute, fields, diags);
    attribute.initial = fields.take("initial").map(|initial| initial.expr.clone());
    attribute.refers_to = refers_to(fields, diags);
    attribute.toggle = toggle(attribute, fields, paths, diags);
    attribute.members = members(attribute, fields, paths, diags);
    one_way(attribute, diags);
}

/// Names of attributes that say something of a write-only one; whether there are such is known when all are read.
fn names_of(
    word: &'static str,
    attribute: &Attribute,
    fields: &mut Fields<'_>,
    diags: &mut Diagnostics,
) -> Vec<Name> {
    let Some((names, span)) = fields.constant(word, &Type::list(Type::String), diags) else {
        return Vec::new();
    };
    if !attribute.write_only {
        invalid(span, "only what is `write_only` has to be sent again", diags);
    }
    names.elements().filter_map(|(_, name)| Some(Name::from(name.as_str()?))).collect()
}

fn invalid(span: Span, label: &str, diags: &mut Diagnostics) {
    diags.error(Diagnostic::error("Invalid attribute").at(span).label(label));
}

/// `refers_to = account.id`: whether there is such a kind is known when all are read.
fn refers_to(fields: &mut Fields<'_>, diags: &mut Diagnostics) -> Option<Reference> {
    let only = fields.take("refers_if").map(|only| only.expr.clone());
    let Some(given) = fields.take("refers_to") else {
        if let Some(only) = only {
            invalid(
                only.span,
                "says when the value refers to something, but not to what: `refers_to`",
                diags,
            );
        }
        return None;
    };
    let Some((kind, attribute)) = dotted(&given.expr) else {
        invalid(given.expr.span, "expected an attribute of a kind: `account.id`", diags);
        return None;
    };
    Some(Reference { kind, attribute, only, span: given.expr.span })
}

/// `KIND.ATTRIBUTE`.
fn dotted(expr: &Expr) -> Option<(Name, Name)> {
    let ExprKind::Traversal { root, steps } = &expr.kind else { return None };
    match steps.as_slice() {
        [Step::Attr(attribute)] => Some((root.name.clone(), attribute.name.clone())),
        _ => None,
    }
}

fn partial(attribute: &mut Attribute, fields: &mut Fields<'_>, diags: &mut Diagnostics) {
    let Some((value, span)) = fields.constant("partial", &Type::Bool, diags) else { return };
    attribute.partial = value.as_bool().unwrap_or(false);
    let plain = matches!(attribute.constraint, Constraint::Bool | Constraint::Number | Constraint::String);
    if attribute.partial && (plain || matches!(attribute.constraint, Constraint::Set(_))) {
        invalid(span, "only what has parts under names can be `partial`", diags);
    }
}

/// A value travels one way: in paths, not at all, once, or by requests of its own.
fn one_way(attribute: &Attribute, diags: &mut Diagnostics) {
    let ways = [
        ("parent", attribute.parent),
        ("local", attribute.local),
        ("write_only", attribute.write_only),
        ("on", attribute.toggle.is_some()),
        ("add", attribute.members.is_some()),
    ];
    let said: Vec<&str> = ways.iter().filter(|(_, said)| *said).map(|(name, _)| *name).collect();
    if let [one, other, ..] = said.as_slice() {
        diags.error(
            Diagnostic::error("Conflicting arguments")
                .at(attribute.span)
                .label(format!("`{one}` and `{other}` say different things of how it travels")),
        );
    }
}

fn toggle(
    attribute: &Attribute,
    fields: &mut Fields<'_>,
    paths: &Paths,
    diags: &mut Diagnostics,
) -> Option<Toggle> {
    let (read, on, off) = (fields.take("read"), fields.take("on"), fields.take("off"));
    if read.is_none() && on.is_none() && off.is_none() {
        return None;
    }
    for (name, _) in [("on", on), ("off", off)].iter().filter(|(_, part)| part.is_none()) {
        missing("attribute", name, attribute.span, diags);
    }
    let (Some(on), Some(off)) = (on, off) else { return None };
    if !matches!(attribute.constraint, Constraint::Bool) {
        invalid(on.name.span, "only a `bool` can be switched by requests of its own", diags);
    }
    let on = request::from_line(&on.expr, paths, diags).ok()?;
    let off = request::from_line(&off.expr, paths, diags).ok()?;
    Some(Toggle { read: read.map(|read| read.expr.clone()), on, off })
}

fn members(
    attribute: &Attribute,
    fields: &mut Fields<'_>,
    paths: &Paths,
    diags: &mut Diagnostics,
) -> Option<Members> {
    let block = fields.block("members", diags)?;
    let strings = matches!(&attribute.constraint, Constraint::Set(e) if matches!(**e, Constraint::String));
    if !strings {
        invalid(block.header, "only a `set(string)` can have members of their own", diags);
    }
    let mut fields = Fields::new("members", block.header, &block.body);
    let mut line = |name: &'static str| {
        let line = fields.require(name, diags).ok()?;
        request::from_line(&line.expr, paths, diags).ok()
    };
    let (list, add, remove) = (line("list"), line("add"), line("remove"));
    let at = fields.text("at", diags).map(path).unwrap_or_default();
    fields.finish(diags);
    Some(Members { list: Request { answer: Envelope::At(at), ..list? }, add: add?, remove: remove? })
}
