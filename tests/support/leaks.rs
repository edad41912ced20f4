//! Looks for secrets where none may be: raw, in base64, percent-encoded, in hexadecimal, as JSON, HTML and
//! debuggers write them.
//!
//! Every secret of the cases begins with `s3cret-`, so that they can be found in what a case is given.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use regex::Regex;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

static SECRET: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"s3cret-[-A-Za-z0-9/+=!&%.<>~]*[A-Za-z0-9=]").expect("a sound pattern"));

static PERCENT: LazyLock<Regex> = LazyLock::new(|| Regex::new("%[0-9A-F]{2}").expect("a sound pattern"));

/// The secrets of a case and the places that were looked at.
#[derive(Default)]
pub struct Leaks {
    secrets: BTreeSet<String>,
    /// Files that were put there by the case, secrets and all.
    given: BTreeSet<PathBuf>,
    /// Outputs nobody asked secrets of, under the command that printed them.
    outputs: Vec<(String, String)>,
}

impl Leaks {
    pub fn learn(&mut self, text: &str) {
        self.secrets.extend(SECRET.find_iter(text).map(|found| found.as_str().to_owned()));
    }

    /// Something that is secret by its nature: a token.
    pub fn secret(&mut self, text: &str) {
        self.secrets.insert(text.to_owned());
    }

    pub fn given(&mut self, file: &Path) {
        self.given.insert(file.to_owned());
        if let Ok(text) = std::fs::read(file) {
            self.learn(&String::from_utf8_lossy(&text));
        }
    }

    pub fn printed(&mut self, command: &str, output: &str) {
        self.outputs.push((command.to_owned(), output.to_owned()));
    }

    /// Every place below `dir`, and every output, that shows a secret.
    pub fn found(&self, dir: &Path) -> Vec<String> {
        let forms: Vec<(&str, Vec<u8>)> = self
            .secrets
            .iter()
            .flat_map(|secret| forms(secret).into_iter().map(move |form| (&**secret, form)))
            .collect();
        let mut found = Vec::new();
        let mut look = |place: &str, bytes: &[u8]| {
            for (secret, form) in &forms {
                if contains(bytes, form) {
                    found.push(format!("{place} shows `{secret}` as `{}`", String::from_utf8_lossy(form)));
                }
            }
        };
        for (command, output) in &self.outputs {
            look(&format!("the output of `{command}`"), output.as_bytes());
        }
        for file in files(dir).iter().filter(|file| !self.given.contains(*file)) {
            look(&file.display().to_string(), &std::fs::read(file).unwrap_or_default());
        }
        found
    }
}

fn forms(secret: &str) -> BTreeSet<Vec<u8>> {
    let bytes = secret.as_bytes();
    let percent: String = bytes.iter().map(|byte| percent(*byte)).collect();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let json = serde_json::to_string(secret).expect("text is JSON");
    let json = &json[1..json.len() - 1];
    let numeric = |text: &str| text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    let html =
        ["&amp;", "&#38;"].map(|amp| secret.replace('&', amp).replace('<', "&lt;").replace('"', "&quot;"));
    let lower = PERCENT.replace_all(&percent, |found: &regex::Captures<'_>| found[0].to_lowercase());
    let mut forms = vec![secret.to_owned(), lower.into_owned(), percent.clone(), hex.to_uppercase(), hex];
    forms.extend([percent.replace("%20", "+"), numeric(json), json.to_owned(), format!("{secret:?}")]);
    forms.extend(html);
    // As a debugger, or a list of numbers, shows bytes.
    forms.push(bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", "));
    // Base64 of a longer text that holds the secret, at each of the three places it may begin.
    for start in 0..3 {
        let padded = [&b"\0\0\0"[..start], bytes].concat();
        let whole = padded.len() / 3 * 3;
        for engine in [STANDARD, URL_SAFE] {
            forms.push(engine.encode(&padded[..whole])[[0, 2, 3][start]..].to_owned());
        }
    }
    forms.into_iter().map(String::into_bytes).collect()
}

fn percent(byte: u8) -> String {
    let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}

fn contains(bytes: &[u8], form: &[u8]) -> bool {
    let Some(first) = form.first() else { return false };
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = &rest[at..];
        if rest.starts_with(form) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

/// All files below a directory, by name.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_form() {
        let mut leaks = Leaks::default();
        leaks.learn("password = \"s3cret-a/b+c!d\"");
        let secret = "s3cret-a/b+c!d";
        let nowhere = Path::new("/nonexistent");
        for shown in [
            format!("it is {secret}."),
            "x=s3cret-a%2Fb%2Bc%21d".to_owned(),
            "x=s3cret-a%2fb%2bc%21d".to_owned(),
            secret.bytes().map(|byte| format!("{byte:02X}")).collect(),
            format!("{:?}", secret.as_bytes()),
            STANDARD.encode(format!("u:{secret}:z")),
            STANDARD.encode(format!("us:{secret}:z")),
            URL_SAFE.encode(format!("use:{secret}:z")),
        ] {
            leaks.outputs.clear();
            leaks.printed("x", &shown);
            assert!(!leaks.found(nowhere).is_empty(), "{shown}");
        }
        leaks.outputs.clear();
        leaks.printed("x", "s3cret-other");
        assert_eq!(leaks.found(nowhere), [] as [String; 0]);
    }
}
