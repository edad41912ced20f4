use super::*;
use crate::addr::{ModulePath, ObjectKey, ResourceAddr};
use entries::Entry;

fn entry(module: &[(&str, &str)], name: &str, key: &str, tone: Tone) -> Entry {
    let path = module.iter().fold(ModulePath::root(), |path, (name, key)| {
        path.child(name, if key.is_empty() { ObjectKey::Single } else { ObjectKey::Name((*key).into()) })
    });
    Entry {
        module: path,
        resource: ResourceAddr::managed("thing", name),
        rest: if key.is_empty() { String::new() } else { ObjectKey::Name(key.into()).to_string() },
        remark: None,
        tone,
    }
}

fn entries(all: Vec<Entry>, needs: Vec<(usize, usize)>) -> Entries {
    Entries { title: "a title".to_owned(), noun: "object", all, needs, ..Entries::default() }
}

/// A group of 240 objects, 12 of which are updated, and modules of four objects each; all need one object.
fn many(modules: usize) -> Entries {
    let mut all = vec![entry(&[], "base", "", Tone::Unchanged)];
    for at in 0..240 {
        let tone = if at < 12 { Tone::Update } else { Tone::Create };
        all.push(entry(&[], "desk", &format!("d{at:03}"), tone));
    }
    for module in 0..modules {
        for at in 0..4 {
            all.push(entry(&[("crm", &format!("m{module}"))], &format!("part{at}"), "", Tone::Create));
        }
    }
    let needs = (1..all.len()).map(|at| (at, 0)).collect();
    entries(all, needs)
}

fn labels(entries: &Entries) -> Vec<String> {
    collapse::picture(entries).boxes.iter().map(Tile::label).collect()
}

#[test]
fn up_to_two_hundred_objects_have_a_box_each() {
    let all: Vec<_> = (0..200).map(|at| entry(&[], "desk", &format!("{at}"), Tone::Create)).collect();
    let mut entries = entries(all, Vec::new());
    assert_eq!(collapse::picture(&entries).boxes.len(), 200);
    assert_eq!(collapse::picture(&entries).note, None);
    entries.all.push(entry(&[], "desk", "one more", Tone::Create));
    assert_eq!(labels(&entries), ["+ thing.desk ×201"]);
}

#[test]
fn the_objects_of_a_block_share_a_box_that_counts_them() {
    let entries = many(1);
    assert_eq!(labels(&entries)[..2], ["= thing.base", "* thing.desk ×240: +228 ~12"]);
    let picture = collapse::picture(&entries);
    assert_eq!(picture.note.as_deref(), Some("245 objects in 6 boxes: the objects of a block share a box"));
    assert_eq!(picture.needs.len(), 5);
}

#[test]
fn then_the_modules_become_boxes() {
    assert_eq!(
        labels(&many(60)),
        ["+ module.crm ×60, 240 objects", "= thing.base", "* thing.desk ×240: +228 ~12"]
    );
}

#[test]
fn many_lines_are_as_bad_as_many_boxes() {
    let all: Vec<_> = (0..60)
        .map(|at| entry(&[], if at < 30 { "one" } else { "two" }, &format!("{at}"), Tone::Create))
        .collect();
    let needs = (30..60).flat_map(|from| (0..30).map(move |to| (from, to))).collect();
    assert_eq!(labels(&entries(all, needs)), ["+ thing.one ×30", "+ thing.two ×30"]);
}

#[test]
fn modules_that_need_each_other_are_drawn_all_the_same() {
    // As boxes they form a cycle: a.x needs b.y, b.z needs a.w.
    let of = |module: &str, name: &str| entry(&[(module, "")], name, "", Tone::Create);
    let all = vec![of("a", "x"), of("b", "y"), of("b", "z"), of("a", "w")];
    let text = write(entries(all, vec![(0, 1), (2, 3)]), Format::Svg);
    assert_eq!(text.matches("class=\"point\"").count(), 3, "two arrows and the legend's");
}

/// Names that hold what each language gives a meaning to.
fn hostile() -> Entries {
    let keys = ["a\"b", "<b>&amp;", "back\\slash", "new\nline", "#35; `x` *y* _z_", "]]>", "日本"];
    let all = keys.iter().map(|key| Entry { rest: format!("[{key}]"), ..entry(&[], "t", "", Tone::Create) });
    entries(all.collect(), vec![(1, 0)])
}

#[test]
fn dot_quotes_what_ends_a_string() {
    let text = write(hostile(), Format::Dot);
    assert!(text.contains(r#""thing.t[a\"b]" [label="+ thing.t[a\"b]""#), "{text}");
    assert!(text.contains(r#""thing.t[back\\slash]""#) && text.contains(r#"thing.t[new\nline]"#), "{text}");
}

#[test]
fn mermaid_spells_what_it_would_read() {
    let text = write(hostile(), Format::Mermaid);
    assert!(text.contains(r##"["#43; thing.t[#35;35#59; #96;x#96;"##), "{text}");
    assert!(!text.contains("<b>") && !text.contains('\\') && !text.contains("new\nline"), "{text}");
}

#[test]
fn svg_is_well_formed_whatever_the_names() {
    let text = write(hostile(), Format::Svg);
    assert!(text.contains("&lt;b&gt;&amp;amp;") && text.contains("a&quot;b"), "{text}");
    let mut open = Vec::new();
    for tag in text.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().expect("a name");
        match (tag.starts_with('/'), tag.ends_with('/')) {
            (true, _) => assert_eq!(open.pop(), Some(name), "{tag}"),
            (false, false) => open.push(name),
            (false, true) => {}
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
    }
    assert_eq!(open, [""; 0]);
}

#[test]
fn every_tone_has_its_own_symbol_and_meaning() {
    let all = [
        Tone::Declared,
        Tone::Create,
        Tone::Update,
        Tone::Replace,
        Tone::ReplaceFirst,
        Tone::ReplaceKeep,
        Tone::Delete,
        Tone::Read,
        Tone::Forget,
        Tone::Unchanged,
        Tone::Mixed,
    ];
    let symbols: std::collections::BTreeSet<_> = all.iter().map(|tone| tone.symbol()).collect();
    let meanings: std::collections::BTreeSet<_> = all.iter().map(|tone| tone.meaning()).collect();
    assert_eq!((symbols.len(), meanings.len()), (all.len(), all.len()));
}
