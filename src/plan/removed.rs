//! `removed` blocks: what becomes of objects that are no longer declared, and whether they may be destroyed.

use crate::addr::ObjectAddr;
use crate::config::{Config, Endpoint, Removed};
use crate::diag::{Diagnostic, Diagnostics};

use super::{Action, Changes};

/// The block that speaks of an object.
pub(super) fn of<'c>(config: &'c Config, addr: &ObjectAddr) -> Option<&'c Removed> {
    let names: Vec<&str> = addr.module.names().collect();
    config.modules.iter().find_map(|module| {
        let around: Vec<&str> = module.path.iter().map(|name| &**name).collect();
        let inner = names.strip_prefix(around.as_slice())?;
        module.removed.iter().find(|removed| match &removed.from {
            Endpoint::Object(from) => {
                from.resource == addr.resource && from.module.names().eq(inner.iter().copied())
            }
            Endpoint::Module(path) => {
                let path: Vec<&str> = path.names().collect();
                inner.starts_with(&path)
            }
        })
    })
}

/// Reports the blocks that speak of what is declared all the same.
pub(super) fn check(config: &Config, diags: &mut Diagnostics) {
    for module in &config.modules {
        for removed in &module.removed {
            let (names, resource) = match &removed.from {
                Endpoint::Object(addr) => (addr.module.names().collect::<Vec<_>>(), Some(&addr.resource)),
                Endpoint::Module(path) => (path.names().collect(), None),
            };
            let path: Vec<&str> = module.path.iter().map(|name| &**name).chain(names).collect();
            let Some((_, found)) = config.module_at(path.iter().copied()) else { continue };
            let place = resource.map(|resource| found.resources.get(resource).map(|block| block.span));
            let (what, place) = match place {
                Some(None) => continue,
                Some(Some(span)) => ("resource", Some(span)),
                None => ("module", None),
            };
            let mut diagnostic = Diagnostic::error(format!("Removed {what} still exists"))
                .at(removed.span)
                .label(format!("`{}` is still declared", removed.from))
                .detail(format!(
                    "This statement declares that {} was removed, but it is still declared in configuration.",
                    removed.from
                ))
                .help("delete the declaration, or this block");
            if let Some(place) = place {
                diagnostic = diagnostic.related(place, "here");
            }
            diags.error(diagnostic);
        }
    }
}

/// Says which objects will be left alone from now on.
pub(super) fn warn(changes: &Changes, gone: impl Fn(&ObjectAddr) -> bool, diags: &mut Diagnostics) {
    let forgotten: Vec<String> = changes
        .iter()
        .filter(|(subject, change)| matches!(change.action, Action::Forget { .. }) && !gone(&subject.addr))
        .map(|(subject, _)| format!("\n - {}", subject.addr))
        .collect();
    if forgotten.is_empty() {
        return;
    }
    diags.push(Diagnostic::warning("Some objects will no longer be managed by Isotope").detail(format!(
        "If you apply this plan, Isotope will discard its tracking information for the following objects, but it will not delete them:{}\n\nAfter applying this plan, Isotope will no longer manage these objects. You will need to import them to manage them again.",
        forgotten.concat()
    )));
}
