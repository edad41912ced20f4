//! The part of a configuration that some expressions of its root module need: what must be evaluated to know them.

use super::nodes::{Walk, What};
use crate::config::Config;
use crate::eval::{self, Subject};
use crate::syntax::Expr;
use std::borrow::Cow;
use std::collections::BTreeSet;

impl Walk {
    /// The walk cut down to what the expressions need, in the same order. Where they need more than variables and locals it is
    /// the whole walk.
    pub fn toward<'e>(&self, config: &'e Config, exprs: impl IntoIterator<Item = &'e Expr>) -> Cow<'_, Self> {
        match needed(config, exprs.into_iter().collect()) {
            None => Cow::Borrowed(self),
            Some(needed) => {
                let order = self.order.iter().filter(|item| needed.contains(&item.what));
                let root = order.filter(|item| config.module(item.module).parent.is_none());
                Cow::Owned(Self { order: root.cloned().collect(), ..Self::default() })
            }
        }
    }
}

/// The variables and locals of the root module that the expressions lead to; `None` if they lead to anything else.
fn needed<'e>(config: &'e Config, mut exprs: Vec<&'e Expr>) -> Option<BTreeSet<What>> {
    let root = config.root();
    let mut found = BTreeSet::new();
    while let Some(expr) = exprs.pop() {
        for reference in eval::references(expr) {
            match reference.subject {
                Subject::Variable(name) => {
                    let rules = root.variables.get(&name).into_iter().flat_map(|found| &found.validations);
                    if found.insert(What::Variable(name.clone())) {
                        exprs.extend(rules.flat_map(|rule| [&rule.condition, &rule.error_message]));
                    }
                }
                Subject::Local(name) => {
                    if found.insert(What::Local(name.clone())) {
                        exprs.extend(root.locals.get(&name).map(|local| &local.expr));
                    }
                }
                Subject::Path(_) | Subject::Isotope(_) => {}
                _ => return None,
            }
        }
    }
    Some(found)
}
