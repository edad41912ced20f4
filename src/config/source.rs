//! Where a module comes from: the text of `source` → [`Source`].
//!
//! A local path begins with `./` or `../`. A git address is Terraform's: `git::`, a URL or `user@host:path`, then
//! perhaps `//` with a folder inside the repository and `?ref=` with a branch, tag or commit.

use std::path::{Component, Path};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Local(String),
    Git(Git),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Git {
    /// What the `git` program is given.
    pub url: String,
    /// A branch, tag or commit; `None`: the default branch.
    pub reference: Option<String>,
    /// The module's folder inside the repository; empty for its root.
    pub folder: String,
}

impl Git {
    /// What the lock file calls it: the same for all modules of one repository at one reference.
    pub fn address(&self) -> String {
        let reference = self.reference.as_ref().map(|name| format!("?ref={name}")).unwrap_or_default();
        format!("git::{}{reference}", self.url)
    }
}

/// Reads a source address. The error says what is wrong with it.
pub(super) fn source(text: &str) -> Result<Source, &'static str> {
    if text.starts_with("./") || text.starts_with("../") {
        return Ok(Source::Local(text.to_owned()));
    }
    match text.strip_prefix("git::") {
        Some(address) => git(address).map(Source::Git),
        None => Err(
            "expected a local path that starts with `./` or `../`, or a git address that starts with `git::`",
        ),
    }
}

fn git(address: &str) -> Result<Git, &'static str> {
    let (address, query) = address.split_once('?').unwrap_or((address, ""));
    let mut reference = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("ref", name)) if !name.is_empty() => reference = Some(name.to_owned()),
            // How much history is fetched is ours to choose.
            Some(("depth", _)) => {}
            _ => return Err("a git address takes `?ref=` with a branch, tag or commit, and nothing else"),
        }
    }
    let from = address.find("://").map_or(0, |at| at + 3);
    let (url, folder) = match address[from..].find("//") {
        Some(at) => (&address[..from + at], address[from + at + 2..].trim_matches('/')),
        None => (address, ""),
    };
    let leaves = |part: Component<'_>| !matches!(part, Component::Normal(_));
    if url.is_empty() || url.starts_with('-') || reference.as_ref().is_some_and(|name| name.starts_with('-'))
    {
        return Err("not a git address");
    }
    if Path::new(folder).components().any(leaves) {
        return Err("the folder after `//` must lie inside the repository");
    }
    Ok(Git { url: url.to_owned(), reference, folder: folder.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let git = |url: &str, reference: Option<&str>, folder: &str| {
            Some(Source::Git(Git {
                url: url.to_owned(),
                reference: reference.map(str::to_owned),
                folder: folder.to_owned(),
            }))
        };
        let cases = [
            ("./a", Some(Source::Local("./a".to_owned()))),
            ("git::https://x.org/r.git", git("https://x.org/r.git", None, "")),
            ("git::https://x.org/r.git//a/b?ref=v1", git("https://x.org/r.git", Some("v1"), "a/b")),
            ("git::git@x.org:o/r.git?ref=v1&depth=1", git("git@x.org:o/r.git", Some("v1"), "")),
            ("git::ssh://git@x.org/r.git//a/", git("ssh://git@x.org/r.git", None, "a")),
            ("git::file:///srv/r//a", git("file:///srv/r", None, "a")),
            ("git::https://x.org/r.git//../a", None),
            ("git::--upload-pack=x", None),
            ("git::https://x.org/r?ref=--x", None),
            ("git::https://x.org/r?sshkey=x", None),
            ("git::", None),
            ("x/y/z", None),
            ("/abs", None),
        ];
        for (text, expected) in cases {
            assert_eq!(source(text).ok(), expected, "{text}");
        }
    }
}
