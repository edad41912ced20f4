//! The `data` block of a kind: how data sources find its objects.

use super::{check, is_identifier};
use crate::config::RESERVED;
use crate::config::fields::Fields;
use crate::diag::{Diagnostic, Diagnostics, Span, did_you_mean};
use crate::kind::words::Words;
use crate::kind::{Kind, Lookup, Shape};
use crate::syntax::Block;
use crate::value::Type;
use std::collections::BTreeMap;

/// Reads the block; without one, an object is found by its `id` and by whatever the kind's list shows.
pub(super) fn lookup(fields: &mut Fields<'_>, kind: &mut Kind, diags: &mut Diagnostics) {
    kind.lookup.by = vec!["id".into()];
    let Some(block) = fields.block("data", diags) else { return };
    let mut fields = Fields::new("data", block.header, &block.body);
    let by = by(&mut fields, kind, diags);
    let plural = plural(&mut fields, kind, diags);
    let search = fields.take("search").map(|a| super::request::pairs(a, diags)).unwrap_or_default();
    fields.finish(diags);
    readable(block, kind, diags);
    kind.lookup = Lookup { by: by.unwrap_or_else(|| vec!["id".into()]), plural, search };
    let words = Words::new().with_types(kind);
    kind.lookup.search.values().for_each(|expr| check(expr, &words, diags));
}

/// Objects that are kept in the state alone are found by reference, not by looking.
fn readable(block: &Block, kind: &Kind, diags: &mut Diagnostics) {
    if kind.provider.is_none() {
        diags.error(
            Diagnostic::error("Unexpected data source")
                .at(block.header)
                .label(format!("`{}` has no provider to ask", kind.name)),
        );
    }
}

fn by(fields: &mut Fields<'_>, kind: &Kind, diags: &mut Diagnostics) -> Option<Vec<crate::addr::Name>> {
    let (value, span) = fields.constant("by", &Type::list(Type::String), diags)?;
    let names = value.elements().filter_map(|(_, name)| Some(name.as_str()?.to_owned()));
    let known: Vec<String> = names.filter(|name| attribute(name, kind, span, diags)).collect();
    Some(known.iter().map(|name| name.as_str().into()).collect())
}

fn attribute(name: &str, kind: &Kind, span: Span, diags: &mut Diagnostics) -> bool {
    let known = kind.attributes.contains_key(name);
    if !known {
        let near = did_you_mean(name, kind.attributes.keys().map(|name| &**name));
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let label = format!("`{}` has no attribute `{name}`{hint}", kind.name);
        diags.error(Diagnostic::error("Unknown attribute").at(span).label(label));
    }
    known
}

fn plural(fields: &mut Fields<'_>, kind: &Kind, diags: &mut Diagnostics) -> Option<crate::addr::Name> {
    let (value, span) = fields.constant("plural", &Type::String, diags)?;
    let name = value.as_str().unwrap_or_default();
    let taken: BTreeMap<&str, ()> = Shape::OF_MANY.iter().map(|name| (*name, ())).collect();
    let problem = if RESERVED.contains(&name) || !is_identifier(name) {
        "not a name that a data source may have".to_owned()
    } else if kind.list.is_none() {
        format!("`{}` has no `list`, so there is no way to find several", kind.name)
    } else if let Some(clash) = kind.attributes.keys().find(|name| taken.contains_key(&***name)) {
        format!("`{clash}` is an attribute of the kind, and would be one of the list of objects too")
    } else {
        return Some(name.into());
    };
    diags.error(Diagnostic::error("Invalid plural").at(span).label(problem));
    None
}
