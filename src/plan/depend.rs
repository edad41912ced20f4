//! `depends_on`: references to whole objects, which nothing evaluates, so that what is wrong with them must be found here.

use super::scope::declared;
use crate::config::Module;
use crate::diag::{Diagnostic, Diagnostics, Span};
use crate::eval::{self, Reference, Subject};
use crate::syntax::{Expr, ExprKind, Step};

/// Checks every `depends_on` of a module.
pub(super) fn check(module: &Module, diags: &mut Diagnostics) {
    let resources = module.resources.values().flat_map(|resource| &resource.depends_on);
    let calls = module.calls.values().flat_map(|call| &call.depends_on);
    let outputs = module.outputs.values().flat_map(|output| &output.depends_on);
    for expr in resources.chain(calls).chain(outputs) {
        if let Err(diagnostic) = dependency(module, expr) {
            diags.error(*diagnostic);
        }
    }
}

fn dependency(module: &Module, expr: &Expr) -> Result<(), Box<Diagnostic>> {
    let ExprKind::Traversal { root, steps } = &expr.kind else {
        return Err(Box::new(
            Diagnostic::error("Invalid expression")
                .at(expr.span)
                .label("expected a reference such as `instance.support` or `module.crm`")
                .detail("A single static variable reference is required: only attribute access and indexing with constant keys. No calculations, function calls, template expressions, etc are allowed here."),
        ));
    };
    let reference = eval::reference(root, steps).map_err(Box::new)?;
    declared(module, &reference)?;
    if let Subject::Each(_) | Subject::Count(_) | Subject::SelfObject = reference.subject {
        return Err(Box::new(
            Diagnostic::error("Invalid depends_on reference")
                .at(expr.span)
                .label("not an object that something can wait for")
                .detail("References in depends_on must be to a whole object (resource, etc)."),
        ));
    }
    match attribute(&reference) {
        None => Ok(()),
        Some(span) => Err(Box::new(
            Diagnostic::error("Invalid depends_on reference")
                .at(span)
                .label("an attribute: name the whole object")
                .detail("References in depends_on must be to a whole object (resource, etc), not to an attribute of an object."),
        )),
    }
}

/// The first step that leads into an object, past its key. Outputs of modules may be waited for one by one.
fn attribute(reference: &Reference) -> Option<Span> {
    let may_be_keyed = matches!(reference.subject, Subject::Resource(_) | Subject::Module(_));
    let keyed = may_be_keyed && matches!(reference.rest.first(), Some(Step::Index(..)));
    let output = matches!(reference.subject, Subject::Module(_));
    reference.rest.get(usize::from(keyed) + usize::from(output)).map(|step| match step {
        Step::Attr(name) => name.span,
        Step::Index(_, span) => *span,
    })
}
