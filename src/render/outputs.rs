//! Root outputs, as `output` and the end of an apply show them.

use super::paint::pad;
use crate::addr::Name;
use crate::value::{Value, console};
use std::collections::BTreeMap;

/// A line (or more) for each output: `name  = value`, in the language's own notation.
pub fn outputs(outputs: &BTreeMap<Name, Value>) -> String {
    let width = outputs.keys().map(|name| super::paint::columns(name)).max().unwrap_or(0);
    let line = |(name, value): (&Name, &Value)| format!("{} = {}", pad(name, width), shown(value));
    outputs.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn shown(value: &Value) -> String {
    // A sensitive value stays so while it is not known: `console` would say that it comes after apply.
    if value.is_sensitive() { "(sensitive value)".to_owned() } else { console(value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Type;

    fn check(values: &[(&str, Value)], text: &str) {
        let values = values.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
        assert_eq!(outputs(&values), text);
    }

    #[test]
    fn names_are_aligned_and_secrets_hidden() {
        check(
            &[("support_id", Value::number(1001)), ("support_token", Value::string("hush").sensitive())],
            "support_id    = 1001\nsupport_token = (sensitive value)",
        );
        check(&[("t", Value::unknown(Type::String).sensitive())], "t = (sensitive value)");
        check(&[], "");
    }

    #[test]
    fn values_of_several_lines_read_as_the_language_writes_them() {
        check(
            &[("o", Value::object([("k".into(), "a\nb".into()), ("n".into(), Value::number(1))].into()))],
            "o = {\n  \"k\" = <<-EOT\n  a\n  b\n  EOT\n  \"n\" = 1\n}",
        );
    }
}
