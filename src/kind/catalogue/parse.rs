//! Turns the catalogue's text table into a [`Catalogue`]. The table is ours, so a broken line is a broken build:
//! a test reads it whole, and a field that cannot be read is left at what "unknown" means for it.

use super::{Auth, Catalogue, Element, Entry, EntryType, Required, Variant};

/// Reads the table; its format is described in its first lines.
pub(super) fn parse(table: &str) -> Catalogue {
    let mut catalogue = Catalogue::default();
    let mut current = Element::default();
    for line in table.lines() {
        let Some((mark, rest)) = line.split_once(' ') else { continue };
        let fields = Fields(rest.split('\t').collect());
        match mark {
            "#" => {}
            "=" => {
                close(&mut catalogue, std::mem::replace(&mut current, element(&fields)));
                catalogue.aliases.extend(fields.list(7).map(|alias| (alias, current.key.clone())));
            }
            "~" => current.variants.push(Variant { auth: fields.text(0), keys: fields.list(1).collect() }),
            "+" => {
                catalogue.named.insert(fields.at(0).to_owned(), fields.at(1).to_owned());
            }
            flags => current.entries.push(entry(flags, &fields)),
        }
    }
    close(&mut catalogue, current);
    catalogue
}

/// Files a finished element; `*` carries the entries common to all.
fn close(catalogue: &mut Catalogue, element: Element) {
    match element.key.as_str() {
        "" => {}
        "*" => catalogue.common = element.entries,
        _ => catalogue.insert(element),
    }
}

fn element(fields: &Fields) -> Element {
    Element {
        key: fields.at(0).to_owned(),
        name: fields.at(1).to_owned(),
        hub: fields.text(2),
        auth: Auth::parse(fields.at(3)).unwrap_or_default(),
        ids: fields.list(4).filter_map(|id| id.parse().ok()).collect(),
        provider_data: fields.list(5).collect(),
        oauth_url_params: fields.list(6).collect(),
        ..Element::default()
    }
}

fn entry(flags: &str, fields: &Fields) -> Entry {
    let has = |flag| flags.contains(flag);
    Entry {
        key: fields.at(0).to_owned(),
        required: match () {
            () if has('R') => Required::Yes,
            () if has('L') => Required::Likely,
            () if has('O') => Required::No,
            () => Required::Unknown,
        },
        secret: has('S'),
        server_set: has('V'),
        doubtful: has('T') || has('X'),
        ty: match fields.at(1) {
            "s" => EntryType::String,
            "b" => EntryType::Boolean,
            "n" => EntryType::Number,
            "j" => EntryType::Json,
            _ => EntryType::Any,
        },
        default: fields.text(2),
        observed: fields.text(3),
        label: fields.text(4),
        allowed: fields.list(5).collect(),
    }
}

/// The fields of a line; those that are left out at its end are empty.
struct Fields<'a>(Vec<&'a str>);

impl<'a> Fields<'a> {
    fn at(&self, index: usize) -> &'a str {
        self.0.get(index).copied().unwrap_or_default()
    }

    fn text(&self, index: usize) -> Option<String> {
        Some(self.at(index)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn list(&self, index: usize) -> impl Iterator<Item = String> + use<'a> {
        self.at(index).split(',').filter(|part| !part.is_empty()).map(str::to_owned)
    }
}
