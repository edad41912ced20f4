//! Names for what has none yet: short, clean and each used once.

use std::collections::BTreeSet;

/// A name made of a text: small letters, digits and underscores. `otherwise` begins one that could not stand by itself.
pub(super) fn clean(text: &str, otherwise: &str) -> String {
    // Of an address the part that tells people apart.
    let text = text.split_once('@').map(|(own, _)| own).filter(|own| !own.is_empty()).unwrap_or(text);
    let mut name = String::new();
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => name.push(c.to_ascii_lowercase()),
            '\'' => {}
            _ if name.is_empty() || name.ends_with('_') => {}
            _ => name.push('_'),
        }
    }
    let name = name.trim_end_matches('_');
    match name.chars().next() {
        None => otherwise.to_owned(),
        Some(first) if first.is_ascii_digit() => format!("{otherwise}_{name}"),
        Some(_) => name.to_owned(),
    }
}

/// The name, or one made longer by what tells it from others, or by a number. It is taken from now on.
pub(super) fn free(
    name: &str,
    more: &str,
    used: &mut BTreeSet<String>,
    taken: impl Fn(&str) -> bool,
) -> String {
    let longer = (!more.is_empty()).then(|| format!("{name}_{}", clean(more, "").trim_start_matches('_')));
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(longer).chain(numbered);
    let found = names.find(|name| !used.contains(name) && !taken(name)).unwrap_or_default();
    used.insert(found.clone());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_clean() {
        let cases = [
            ("Support desk", "support_desk"),
            ("  Café – Zürich!! ", "caf_z_rich"),
            ("ann.example@example.com", "ann_example"),
            ("@home", "home"),
            ("2019 desk", "instance_2019_desk"),
            ("Ann's", "anns"),
            ("日本", "instance"),
            ("", "instance"),
        ];
        for (text, expected) in cases {
            assert_eq!(clean(text, "instance"), expected, "{text:?}");
        }
    }

    #[test]
    fn no_name_is_used_twice() {
        let mut used = BTreeSet::new();
        let mut free = |more: &str| free("desk", more, &mut used, |name| name == "desk_9");
        assert_eq!(free("7"), "desk");
        assert_eq!(free("8"), "desk_8");
        assert_eq!(free("8"), "desk_2");
        assert_eq!(free("9"), "desk_3");
        assert_eq!(free("201/301"), "desk_201_301");
    }
}
