//! Takes out of a text what differs from run to run: lineages, intents, generated ids, times, places.

use regex::{Captures, Regex};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What was found so far, so that the same thing gets the same name in all texts of a case.
#[derive(Default)]
pub struct Normaliser {
    names: BTreeMap<(&'static str, String), usize>,
    /// Literal texts and what stands for them, the longest first.
    literals: Vec<(String, String)>,
}

static MARKER: LazyLock<Regex> =
    LazyLock::new(|| regex(r"isotope(:|%3A)([0-9a-f-]{6,40})(:|%3A)([0-9a-f]{8,40})"));
static UUID: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"));

/// What needs no memory: a pattern and what stands for it.
static PLAIN: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (r"127\.0\.0\.1:\d+", "127.0.0.1:<port>"),
        (r"\b[0-9a-f]{16}0[0-9a-f]{7}\b", "<request id>"),
        (r"\bafter \d+s\b", "after 0s"),
        (r" \(\d+(\.\d+)? m?s\)", ""),
        (r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "<now>"),
        (r"\b(pid|process) \d+", "$1 <pid>"),
        (r"keys/[0-9a-f]{8}\.key", "keys/<lineage>.key"),
        (r"\bkey (is )?[0-9a-f]{16}\b", "key ${1}<key>"),
        (r"another one \([0-9a-f]{16}\)", "another one (<key>)"),
        (r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\b", "<time>             "),
        (r#""time":\s*"20[-0-9]+T[:0-9]+Z""#, r#""time": "<now>""#),
        (r"\bstate [0-9a-f]{8}\b", "state <lineage>"),
        (r#"lineage \\?"[0-9a-f]{8}\\?""#, "lineage <lineage>"),
        (r"\(lineage [0-9a-f]{8}", "(lineage <lineage>"),
        (r"\blineage [0-9a-f]{8}\b", "lineage <lineage>"),
        (r#""pid":\s*\d+"#, r#""pid": 0"#),
        (r"\block's id is [0-9a-f]{16}\b", "lock's id is <id>"),
        (r"\bsince 20[-0-9]+T[:0-9]+Z", "since <now>"),
        (r"\bann@[\w.-]+", "ann@<host>"),
        (r#""lineage":\s*"[0-9a-f-]+""#, r#""lineage": "<lineage>""#),
        (r"\btook \d+(\.\d+)?m?s\b", "took 0.0s"),
    ]
    .map(|(pattern, name)| (regex(pattern), name))
    .into()
});

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a sound pattern")
}

impl Normaliser {
    /// Lets `name` stand for `text` wherever it occurs.
    pub fn literal(&mut self, text: impl Into<String>, name: &str) {
        self.literals.push((text.into(), name.to_owned()));
        self.literals.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
    }

    pub fn apply(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (found, name) in &self.literals {
            text = text.replace(found, name);
        }
        let text = MARKER.replace_all(&text, |found: &Captures<'_>| {
            let intent = self.number("intent", &found[4]);
            format!("isotope:<lineage>:<intent {intent}>")
        });
        let text = UUID.replace_all(&text, |found: &Captures<'_>| {
            let uuid = self.number("uuid", &found[0]);
            format!("<uuid {uuid}>")
        });
        PLAIN
            .iter()
            .fold(text.into_owned(), |text, (found, name)| found.replace_all(&text, *name).into_owned())
    }

    fn number(&mut self, what: &'static str, text: &str) -> usize {
        let next = self.names.len();
        let place = *self.names.entry((what, text.to_owned())).or_insert(next);
        self.rank(what, place)
    }

    /// The how-manieth of its sort something is, from 1.
    fn rank(&self, what: &str, place: usize) -> usize {
        self.names.iter().filter(|((sort, _), at)| *sort == what && **at <= place).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_thing_keeps_its_name() {
        let mut normal = Normaliser::default();
        normal.literal("/tmp/x1", "<dir>");
        let id = "0b6e2c1a-2222-4333-8444-0123456789ab";
        assert_eq!(
            normal.apply(&format!("{id} at /tmp/x1/a after 3s (12 ms)")),
            "<uuid 1> at <dir>/a after 0s"
        );
        let marker = "isotope:7f3c9a1e0d1b2c3d:5d20c4b19f0e6a37";
        assert_eq!(normal.apply(marker), "isotope:<lineage>:<intent 1>");
        let other = "isotope:7f3c9a1e0d1b2c3d:0000c4b19f0e6a37";
        assert_eq!(normal.apply(&format!("{id} {other}")), "<uuid 1> isotope:<lineage>:<intent 2>");
        assert_eq!(normal.apply(marker), "isotope:<lineage>:<intent 1>");
    }
}
