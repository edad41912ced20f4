//! Records as `show` and `state show` print them: blocks in the notation of the configuration.

use super::outputs;
use crate::addr::ObjectAddr;
use crate::state::{Record, State, Status};
use crate::value::{Fields, Path, Value, go_quote, quote};

/// One object as it is recorded. Sensitive values are hidden unless `reveal`; what the state keeps only as a fingerprint cannot be
/// revealed, and what it keeps sealed only with the key.
pub fn record(addr: &ObjectAddr, record: &Record, reveal: bool) -> String {
    block(addr, None, record, reveal)
}

/// Everything recorded: current objects, deposed ones, outputs.
pub fn state(state: &State, reveal: bool) -> String {
    let current = state.records.iter().map(|(addr, record)| block(addr, None, record, reveal));
    let deposed = state.deposed.iter().map(|((addr, key), record)| block(addr, Some(key), record, reveal));
    let mut parts: Vec<String> = current.chain(deposed).collect();
    parts.extend(state.damaged.iter().map(|(addr, problem)| format!("# {addr} cannot be read: {problem}")));
    if !state.outputs.is_empty() {
        let revealed = |(name, value): (&crate::addr::Name, &Value)| (name.clone(), value.unmark_deep().0);
        let shown = if reveal { state.outputs.iter().map(revealed).collect() } else { state.outputs.clone() };
        parts.push(format!("Outputs:\n\n{}", outputs(&shown)));
    }
    parts.join("\n\n")
}

fn block(addr: &ObjectAddr, deposed: Option<&str>, record: &Record, reveal: bool) -> String {
    let deposed = deposed.map(|key| format!(" (deposed object {key})")).unwrap_or_default();
    let tainted = if record.status == Status::Tainted { " (tainted)" } else { "" };
    let mut lines = vec![format!("# {addr}{deposed}: id {}{tainted}", record.id)];
    lines.push(format!("{} {} {{", addr.resource.kind, quote(&addr.resource.name)));
    if let Value::Object(attributes) = record.values.unmarked() {
        let shown: Vec<(String, Entry)> = attributes
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| {
                let path = Path::root().child_attr(name);
                (name.to_string(), Writer { record, reveal }.entry(&path, value, 2))
            })
            .collect();
        lines.extend(aligned(&shown, 2));
    }
    lines.push("}".to_owned());
    lines.join("\n")
}

/// What stands behind the equals sign.
enum Entry {
    Line(String),
    /// The first line ends with the opening bracket; the others carry their own indentation.
    Lines(Vec<String>),
}

struct Writer<'w> {
    record: &'w Record,
    reveal: bool,
}

impl Writer<'_> {
    fn entry(&self, path: &Path, value: &Value, indent: usize) -> Entry {
        match value {
            Value::Marked(inner, _) if self.reveal && inner.is_known() => self.entry(path, inner, indent),
            Value::Marked(inner, _) => Entry::Line(self.hidden(path, inner).to_owned()),
            Value::Unknown(..) => Entry::Line("(not known yet)".to_owned()),
            Value::Map(_, entries) | Value::Object(entries) if !entries.is_empty() => {
                self.entries(path, entries, indent)
            }
            Value::List(_, elements) | Value::Set(_, elements) | Value::Tuple(elements) => {
                self.elements(path, elements, indent)
            }
            Value::String(text) if text.contains('\n') => Entry::Lines(heredoc(text, indent)),
            _ => Entry::Line(super::value::inline(value)),
        }
    }

    fn hidden(&self, path: &Path, inner: &Value) -> &'static str {
        match (inner.is_known(), self.record.fingerprints.contains_key(path)) {
            (true, _) => "(sensitive value)",
            (false, true) if self.reveal => "(sensitive value, not kept)",
            (false, true) => "(sensitive value)",
            (false, false) => "(sealed)",
        }
    }

    fn entries(&self, path: &Path, entries: &Fields, indent: usize) -> Entry {
        let shown: Vec<(String, Entry)> = entries
            .iter()
            .map(|(key, value)| {
                let path = path.child_index(Value::String(key.clone()));
                (go_quote(key), self.entry(&path, value, indent + 2))
            })
            .collect();
        let mut lines = vec!["{".to_owned()];
        lines.extend(aligned(&shown, indent + 2));
        lines.push(format!("{}}}", " ".repeat(indent)));
        Entry::Lines(lines)
    }

    fn elements(&self, path: &Path, elements: &[Value], indent: usize) -> Entry {
        let shown: Vec<Entry> = elements
            .iter()
            .enumerate()
            .map(|(at, element)| {
                let path = path.child_index(Value::number(crate::value::Number::from_usize_64(at)));
                self.entry(&path, element, indent + 2)
            })
            .collect();
        let short: Option<Vec<&str>> = shown.iter().map(Entry::line).collect();
        if let Some(short) =
            short.filter(|short| short.iter().map(|s| s.len() + 2).sum::<usize>() <= super::value::SHORT)
        {
            return Entry::Line(format!("[{}]", short.join(", ")));
        }
        let blanks = " ".repeat(indent + 2);
        let mut lines = vec!["[".to_owned()];
        for element in shown {
            let mut of_element = element.into_lines();
            if let Some(first) = of_element.first_mut() {
                *first = format!("{blanks}{first}");
            }
            if let Some(last) = of_element.last_mut() {
                last.push(',');
            }
            lines.extend(of_element);
        }
        lines.push(format!("{}]", " ".repeat(indent)));
        Entry::Lines(lines)
    }
}

impl Entry {
    fn line(&self) -> Option<&str> {
        match self {
            Self::Line(line) => Some(line),
            Self::Lines(_) => None,
        }
    }

    fn into_lines(self) -> Vec<String> {
        match self {
            Self::Line(line) => vec![line],
            Self::Lines(lines) => lines,
        }
    }
}

fn heredoc(text: &str, indent: usize) -> Vec<String> {
    let blanks = " ".repeat(indent + 2);
    let mut lines = vec!["<<-EOT".to_owned()];
    lines.extend(
        text.trim_end_matches('\n')
            .split('\n')
            .map(|line| format!("{blanks}{}", super::paint::visible(line))),
    );
    lines.push(format!("{}EOT", " ".repeat(indent)));
    lines
}

/// `name = value` lines; equals signs of neighbouring one-line entries stand below each other.
fn aligned(entries: &[(String, Entry)], indent: usize) -> Vec<String> {
    let blanks = " ".repeat(indent);
    let mut lines = Vec::new();
    for run in entries.chunk_by(|(_, a), (_, b)| a.line().is_some() && b.line().is_some()) {
        let width = run.iter().map(|(name, _)| super::paint::columns(name)).max().unwrap_or(0);
        for (name, entry) in run {
            match entry {
                Entry::Line(line) => {
                    lines.push(format!("{blanks}{} = {line}", super::paint::pad(name, width)))
                }
                Entry::Lines(more) => {
                    let first = more.first().map(String::as_str).unwrap_or_default();
                    lines.push(format!("{blanks}{name} = {first}"));
                    lines.extend(more.iter().skip(1).cloned());
                }
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::{ObjectKey, ResourceAddr};
    use crate::secret::{Key, Sealer};
    use crate::state::{ProviderAddr, StateVersion};
    use crate::value::Type;
    use std::collections::BTreeMap;

    fn addr() -> ObjectAddr {
        ObjectAddr::root(ResourceAddr::managed("instance", "desk"), ObjectKey::Name("eu".into()))
    }

    fn sample() -> Record {
        let configuration = [
            ("password".into(), Value::unknown(Type::String).sensitive()),
            ("user.name".into(), Value::string("ops")),
            ("script".into(), Value::string("a\n  b\n")),
        ];
        let values = [
            ("configuration".into(), Value::object(configuration.into())),
            ("element".into(), "freshdesk".into()),
            ("enabled".into(), Value::null(Type::Bool)),
            ("id".into(), Value::number(1001)),
            ("sealed".into(), Value::unknown(Type::String).sensitive()),
            ("tags".into(), Value::set(Type::String, vec!["b".into(), "a".into()])),
            ("token".into(), Value::string("hush").sensitive()),
        ];
        let password = Path::root().child_attr("configuration").child_index(Value::string("password"));
        let sealer = Sealer::new(&Key::from_bytes([7; 32]), "00000000");
        Record {
            provider: ProviderAddr { name: "cloudelements".into(), alias: None },
            id: "1001".into(),
            values: Value::object(values.into()),
            fingerprints: [(password, sealer.fingerprint(&["x"], b"y"))].into(),
            status: Status::Tainted,
            bound: None,
            depends_on: Vec::new(),
            create_before_destroy: false,
            prevent_destroy: false,
            marker: None,
        }
    }

    #[test]
    fn records_read_as_configuration() {
        assert_eq!(
            record(&addr(), &sample(), false),
            r#"# instance.desk["eu"]: id 1001 (tainted)
instance "desk" {
  configuration = {
    "password" = (sensitive value)
    "script" = <<-EOT
      a
        b
    EOT
    "user.name" = "ops"
  }
  element = "freshdesk"
  id      = 1001
  sealed  = (sealed)
  tags    = ["a", "b"]
  token   = (sensitive value)
}"#
        );
    }

    #[test]
    fn revealing_shows_what_there_is() {
        let text = record(&addr(), &sample(), true);
        assert!(text.contains(r#"token   = "hush""#), "{text}");
        assert!(text.contains(r#""password" = (sensitive value, not kept)"#), "{text}");
        assert!(text.contains("sealed  = (sealed)"), "{text}");
    }

    #[test]
    fn states_have_deposed_objects_and_outputs_too() {
        let state = State {
            version: StateVersion { lineage: "00000000".into(), serial: 1 },
            records: [(
                addr(),
                Record { status: Status::Ready, values: Value::object([].into()), ..sample() },
            )]
            .into(),
            deposed: [((addr(), "abcd1234".into()), Record { values: Value::object([].into()), ..sample() })]
                .into(),
            outputs: [("token".into(), Value::string("hush").sensitive())].into(),
            intents: BTreeMap::new(),
            key: None,
            damaged: BTreeMap::new(),
            last: None,
        };
        let text = |reveal| super::state(&state, reveal);
        assert_eq!(
            text(false),
            "# instance.desk[\"eu\"]: id 1001\ninstance \"desk\" {\n}\n\n\
             # instance.desk[\"eu\"] (deposed object abcd1234): id 1001 (tainted)\ninstance \"desk\" {\n}\n\n\
             Outputs:\n\ntoken = (sensitive value)"
        );
        assert!(text(true).ends_with("token = \"hush\""));
    }
}
