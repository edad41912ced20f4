//! Collections → text in the product's notation.

use super::collection::{Attribute, Collection, List, Role, credentials};
use super::document::Document;
use crate::value::quote;
use std::fmt::Write;

const LONGEST: usize = 160;

pub(super) fn file(document: &Document<'_>, collections: &[Collection]) -> String {
    let mut text = format!(
        "# Drafted by `isotope kinds generate` from {}.\n# Read it once; `decide:` marks what the document does not tell.\n\n",
        one_line(document.title())
    );
    text.push_str("provider \"rest\" {\n");
    match document.base_url() {
        Some(url) if url.contains("://") => line(&mut text, 2, &format!("base_url = {}", quote(&url))),
        url => {
            line(&mut text, 2, "# decide: the document does not say where the API answers");
            let path = url.unwrap_or_default();
            line(&mut text, 2, &format!("base_url = {}", quote(&format!("https://api.example.com{path}"))));
        }
    }
    let credentials = credentials(document);
    if !credentials.is_empty() {
        line(&mut text, 2, "# decide: how the API wants to know who asks");
    }
    credentials.iter().for_each(|words| line(&mut text, 2, words));
    text.push_str("}\n");
    for collection in collections {
        text.push('\n');
        kind(&mut text, collection);
    }
    text
}

fn kind(text: &mut String, collection: &Collection) {
    let _ = writeln!(text, "kind {} {{", quote(&collection.name));
    if !collection.description.is_empty() {
        line(text, 2, &format!("description = {}", quote(&one_line(&collection.description))));
    }
    line(text, 2, "provider = \"rest\"");
    text.push('\n');
    line(text, 2, &format!("collection = \"{}\"", collection.path));
    if collection.object != format!("{}/${{id}}", collection.path) {
        line(text, 2, &format!("object = \"{}\"", collection.object));
    }
    identity(text, collection);
    decide(text, 2, &collection.doubts);
    text.push('\n');
    collection.attributes.iter().for_each(|one| attribute(text, one));
    for (verb, request) in &collection.requests {
        line(text, 2, &format!("{verb} {{ request = \"{request}\" }}"));
    }
    if let Some(found) = &collection.list {
        list(text, collection, found);
    }
    text.push_str("}\n");
}

fn identity(text: &mut String, collection: &Collection) {
    if let Some(key) = &collection.key {
        return line(text, 2, &format!("key = {}", quote(key)));
    }
    let (id, guessed) = &collection.id;
    if *guessed {
        line(text, 2, "# decide: where an answer carries the identity");
    }
    line(text, 2, &format!("id = {}", quote(id)));
}

fn decide(text: &mut String, indent: usize, doubts: &[String]) {
    doubts.iter().for_each(|doubt| line(text, indent, &format!("# decide: {doubt}")));
}

fn attribute(text: &mut String, attribute: &Attribute) {
    let property = &attribute.property;
    let block = if attribute.role == Role::Computed { "computed" } else { "attribute" };
    let _ = writeln!(text, "  {block} {} {{", quote(&attribute.name));
    if !property.description.is_empty() {
        line(text, 4, &format!("description = {}", quote(&one_line(&property.description))));
    }
    decide(text, 4, &property.doubts);
    line(text, 4, &format!("type = {}", property.ty));
    if let Some(at) = &attribute.at {
        line(text, 4, &format!("at = {}", quote(at)));
    }
    let computed = attribute.role == Role::Computed;
    let flags = [
        ("required = true", property.required && !computed),
        ("parent = true", attribute.role == Role::Parent),
        ("replace = true", attribute.role == Role::Argument(true)),
        ("sensitive = true", property.secret || property.write_only && !computed),
        ("write_only = true", property.write_only && !computed),
    ];
    flags.into_iter().filter(|(_, set)| *set).for_each(|(words, _)| line(text, 4, words));
    if let Some(default) = property.default.as_ref().filter(|_| !computed) {
        line(text, 4, &format!("# the API's own default: {}", one_line(&default.to_string())));
    }
    text.push_str("  }\n");
}

fn list(text: &mut String, collection: &Collection, list: &List) {
    text.push_str("  list {\n");
    line(text, 4, &format!("request = \"GET {}\"", collection.path));
    decide(text, 4, &list.doubts);
    if let Some(at) = &list.at {
        line(text, 4, &format!("at = {}", quote(at)));
    }
    if !list.page.is_empty() {
        line(text, 4, "page {");
        list.page.iter().for_each(|(word, value)| line(text, 6, &format!("{word} = {value}")));
        line(text, 4, "}");
    }
    text.push_str("  }\n");
}

fn line(text: &mut String, indent: usize, words: &str) {
    let _ = writeln!(text, "{:indent$}{words}", "");
}

/// The text on one line of bounded length, so that nothing of it ends a comment.
fn one_line(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text,
    }
}
