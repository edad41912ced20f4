//! Reads the sources and holds them to the rules of `ARCHITECTURE.md`: a module uses only modules above it in `lib.rs`,
//! a dependency has one door, the engine knows no API by name, `main.rs` is small, the code map is complete.

mod support;

use regex::Regex;
use std::path::Path;
use support::{leaks, read, repository};

/// Dependencies, and the only places that may use them; everything else would have to change with them.
const DOORS: &[(&str, &[&str])] = &[
    ("annotate_snippets", &["render/"]),
    ("anstream", &["cli/"]),
    ("argon2", &["secret/"]),
    ("axum", &["emulator/"]),
    ("bcrypt", &["eval/functions/"]),
    ("chacha20poly1305", &["secret/"]),
    ("clap", &["cli/"]),
    ("clap_complete", &["cli/"]),
    ("crc32fast", &["state/format/"]),
    ("csv", &["eval/functions/"]),
    ("flate2", &["eval/functions/"]),
    ("getrandom", &["secret/"]),
    ("globset", &["eval/functions/"]),
    ("hcl_edit", &["syntax/"]),
    ("hkdf", &["secret/"]),
    ("ipnet", &["eval/functions/"]),
    ("libyaml_safer", &["eval/functions/"]),
    ("mimalloc", &["main.rs"]),
    ("object_store", &["state/s3/"]),
    ("petgraph", &["graph/"]),
    ("reqwest", &["http/"]),
    ("rpassword", &["cli/"]),
    ("rsa", &["eval/functions/"]),
    ("rustls", &["http/", "state/postgres/"]),
    ("rustls_platform_verifier", &["state/postgres/"]),
    ("rustyline", &["cli/"]),
    ("similar", &["render/"]),
    // `state/mod.rs` and `cli/backend/home.rs` name their own modules `sled`.
    ("sled", &["database/", "state/sled/", "state/mod.rs", "cli/backend/home.rs", "emulator/store.rs"]),
    ("tokio_postgres", &["state/postgres/"]),
    ("tokio_postgres_rustls", &["state/postgres/"]),
    ("tracing_subscriber", &["cli/"]),
];

/// A source file without its tests, and its place below `src`.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The module of `lib.rs` it belongs to; `None` for `lib.rs` and `main.rs`.
    fn module(&self) -> Option<&str> {
        self.path.split_once('/').map(|(module, _)| module)
    }
}

/// All sources, comments and tests left out.
fn sources() -> Vec<Source> {
    let root = repository("src");
    let files =
        leaks::files(&root).into_iter().filter(|file| file.extension().is_some_and(|end| end == "rs"));
    files
        .map(|file| Source {
            path: file.strip_prefix(&root).unwrap_or(&file).display().to_string(),
            text: code(&read(&file)),
        })
        .filter(|source| !is_test(&source.path))
        .collect()
}

fn is_test(path: &str) -> bool {
    path.split('/')
        .any(|part| matches!(part, "tests" | "tests.rs" | "testing.rs") || part.ends_with("_tests.rs"))
}

/// Unit tests stand at the end of a file; a comment may speak of anything.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..end].lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The modules in the order of `lib.rs`.
fn modules() -> Vec<String> {
    let text = read(&repository("src/lib.rs"));
    let names = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    names.map(str::to_owned).collect()
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a sound pattern")
}

#[test]
fn a_module_uses_only_modules_above_it() {
    let order = modules();
    assert!(order.len() > 10, "lib.rs was not read: {order:?}");
    let rank = |name: &str| order.iter().position(|module| module == name);
    let (path, group) = (regex(r"\bcrate::([a-z_]+)"), regex(r"(?s)\buse crate::\{(.*?)\};"));
    let member = regex(r"(?:^|,)\s*([a-z_]+)");
    let mut found = Vec::new();
    for source in sources() {
        let Some(own) = source.module() else { continue };
        let level = rank(own).unwrap_or_else(|| panic!("{own} is not in lib.rs"));
        let single = path.captures_iter(&source.text).map(|used| used[1].to_owned());
        let grouped = group.captures_iter(&source.text).flat_map(|uses| {
            member
                .captures_iter(uses.get(1).map_or("", |uses| uses.as_str()))
                .map(|used| used[1].to_owned())
                .collect::<Vec<_>>()
        });
        for used in single.chain(grouped) {
            if rank(&used).is_some_and(|used| used > level) {
                found.push(format!("{}: `{own}` stands above `{used}` and uses it", source.path));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_dependency_has_one_door() {
    let mut found = Vec::new();
    let sources = sources();
    for (dependency, doors) in DOORS {
        let used = regex(&format!(r"(?:^|[^:\w]){dependency}::"));
        for source in sources.iter().filter(|source| used.is_match(&source.text)) {
            if !doors.iter().any(|door| source.path.starts_with(door)) {
                found.push(format!("{} uses {dependency}, which is for {doors:?}", source.path));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_engine_knows_no_api_by_name() {
    let names = regex(r#""(instance|freshdesk|/instances|cloudelements)""#);
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| source.module() != Some("emulator")) {
        found.extend(
            names.find_iter(&source.text).map(|name| format!("{} says {}", source.path, name.as_str())),
        );
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn clock_and_environment_come_in_through_one_door() {
    let used = regex(r"\bstd::env::|\bSystemTime::now|\bTimestamp::now");
    let pure = ["syntax", "eval", "graph", "plan", "render"];
    let mut found = Vec::new();
    for source in sources() {
        // `Host` is the door: what it does by default is what a process would.
        if !source.module().is_some_and(|module| pure.contains(&module))
            || source.path == "eval/functions/host.rs"
        {
            continue;
        }
        found.extend(
            used.find_iter(&source.text).map(|used| format!("{} uses {}", source.path, used.as_str())),
        );
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn files_and_functions_stay_small() {
    let mut found = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > 800 {
            found.push(format!("{} has {lines} lines of code", source.path));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    let main = read(&repository("src/main.rs"));
    assert!(main.lines().count() <= 30, "main.rs only starts the program");
}

#[test]
fn every_file_says_what_it_is() {
    let root = repository("src");
    for file in leaks::files(&root).iter().filter(|file| file.extension().is_some_and(|end| end == "rs")) {
        if is_test(&file.strip_prefix(&root).unwrap().display().to_string()) {
            continue;
        }
        let text = read(file);
        assert!(text.starts_with("//! "), "{} has no first comment", file.display());
    }
}

#[test]
fn the_code_map_names_every_module() {
    let map = read(&repository("ARCHITECTURE.md"));
    assert!(map.lines().count() <= 200, "ARCHITECTURE.md is at most 200 lines");
    for module in modules() {
        assert!(map.contains(&format!("`{module}/`")), "the code map has no `{module}/`");
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    let link = regex(r"\]\(([^)#]+?)(?:#[^)]*)?\)");
    let mut pages: Vec<_> = ["README.md", "ARCHITECTURE.md", "state/README.md"].map(repository).into();
    for dir in ["docs", "examples"] {
        pages.extend(
            leaks::files(&repository(dir))
                .into_iter()
                .filter(|file| file.extension().is_some_and(|e| e == "md")),
        );
    }
    for page in pages {
        let text = read(&page);
        for link in
            link.captures_iter(&text).map(|link| link[1].to_owned()).filter(|link| !link.contains("://"))
        {
            let target = page.parent().unwrap_or(Path::new(".")).join(&link);
            assert!(target.exists(), "{}: `{link}` leads nowhere", page.display());
        }
    }
}
