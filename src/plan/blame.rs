//! Who wants an edit: the text of the configuration, or another object that changes.

use super::change::Blame;
use super::desired::written;
use super::evaluation::{Evaluation, Visit};
use super::flow::{self, Flow, Source};
use super::{Action, Changes, Subject};
use crate::addr::{ObjectAddr, ObjectKey};
use crate::diag::Span;
use crate::value::Path;

/// What is known of one object's arguments while it is compared.
pub(super) struct BlameOf<'b> {
    /// What is planned so far: everything the object may refer to is there.
    pub changes: &'b Changes,
    pub evaluation: &'b Evaluation<'b>,
    pub visit: &'b Visit<'b>,
}

impl Blame for BlameOf<'_> {
    fn place(&self, path: &Path) -> Option<Span> {
        written(self.visit.resource, path).map(|expr| expr.span)
    }

    fn upstream(&self, path: &Path) -> Option<ObjectAddr> {
        let expr = written(self.visit.resource, path)?;
        let instances = |id| self.evaluation.module_instances(id).to_vec();
        let flow = Flow { config: self.evaluation.config, instances: &instances };
        let sources = flow.sources(expr, self.visit.module, &self.visit.addr.module);
        sources.iter().find_map(|source| self.changing(source))
    }
}

impl BlameOf<'_> {
    /// The object of a block that changes; the block itself, when several do and the reference means them all.
    fn changing(&self, source: &Source) -> Option<ObjectAddr> {
        let key = ObjectKey::Single;
        let (module, resource) = (source.module.clone(), source.resource.clone());
        let block = ObjectAddr { module, resource, key };
        let of_block = |subject: &Subject| {
            subject.addr.module == block.module && subject.addr.resource == block.resource
        };
        let wanted = flow::key(&source.rest);
        let changes = self.changes.range(Subject::current(block.clone())..);
        let mut changing = changes
            .take_while(|(subject, _)| of_block(subject))
            .filter(|(_, change)| !matches!(change.action, Action::NoOp { .. }))
            .map(|(subject, _)| &subject.addr)
            .filter(|addr| wanted.as_ref().is_none_or(|wanted| *wanted == addr.key));
        let first = changing.next()?.clone();
        Some(if changing.next().is_some() { block } else { first })
    }
}
