//! What Tab offers at the console: functions, and the names of what the configuration declares.
//!
//! One step of a name is offered at a time, so that `var.` comes before its hundred variables.

use crate::config::Config;
use crate::eval::functions;
use std::collections::BTreeSet;

/// Names that need no configuration.
const EVERYWHERE: &[&str] = &[
    "false",
    "isotope.version",
    "isotope.workspace",
    "null",
    "path.cwd",
    "path.module",
    "path.root",
    "true",
];

/// All that may be typed in full; functions end with their bracket.
pub(super) struct Words(BTreeSet<String>);

impl Words {
    pub(super) fn of(config: &Config) -> Self {
        let root = config.root();
        let outputs = |call: &crate::config::Call| -> Vec<String> {
            let outputs = config.module(call.module).outputs.keys();
            outputs.map(|output| format!("module.{}.{output}", call.name)).collect()
        };
        let words = EVERYWHERE.iter().map(|&word| word.to_owned());
        let words = words.chain(functions::names().map(|name| format!("{name}(")));
        let words = words.chain(root.variables.keys().map(|name| format!("var.{name}")));
        let words = words.chain(root.locals.keys().map(|name| format!("local.{name}")));
        let words = words.chain(root.resources.keys().map(ToString::to_string));
        let words = words.chain(root.calls.keys().map(|name| format!("module.{name}")));
        Self(words.chain(root.calls.values().flat_map(outputs)).collect())
    }

    /// Where the word before `at` starts, and how it may go on: to the end of its next step.
    pub(super) fn after(&self, line: &str, at: usize) -> (usize, Vec<String>) {
        let typed = &line[..at];
        let start = typed.rfind(|c: char| !is_of_word(c)).map_or(0, |last| last + width(typed, last));
        let word = &typed[start..];
        let step = |full: &str| match full[word.len()..].find('.') {
            Some(dot) => full[..=word.len() + dot].to_owned(),
            None => full.to_owned(),
        };
        let matching = self.0.range(word.to_owned()..).take_while(|full| full.starts_with(word));
        let steps: BTreeSet<String> = matching.map(|full| step(full)).collect();
        (start, steps.into_iter().collect())
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

fn width(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::Words;

    fn offered(line: &str) -> (usize, Vec<String>) {
        let words = ["instance.desk", "upper(", "value.é-1", "var.region", "var.rest", "variable("];
        Words(words.map(str::to_owned).into()).after(line, line.len())
    }

    #[test]
    fn a_step_is_offered_at_a_time() {
        let all = |start, words: &[&str]| (start, words.iter().map(|&word| word.to_owned()).collect());
        assert_eq!(offered("va"), all(0, &["value.", "var.", "variable("]));
        assert_eq!(offered("upper(var.re"), all(6, &["var.region", "var.rest"]));
        assert_eq!(offered("1 + up"), all(4, &["upper("]));
        assert_eq!(offered("[value.é"), all(1, &["value.é-1"]));
        assert_eq!(offered("\"é${inst"), all(5, &["instance."]));
        assert_eq!(offered("nothing"), all(0, &[]));
        assert_eq!(offered("").1.len(), 5);
    }
}
