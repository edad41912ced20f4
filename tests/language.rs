//! The language as a person meets it: whole configurations, and what the program says of them.
//!
//! Every file under `tests/language/` holds cases. A case starts with `## title`; `>> name` starts a file of its directory,
//! or, for these names, what is expected:
//!
//! - `validate`, `plan`, `apply`: the command's diagnostics, a line each: `main.hcl:3 error: Summary`; none for success;
//! - `outputs`: the values of the root outputs after an apply, a line each: `name = JSON`, sorted;
//! - `console`: expressions, a line each, with `=>` and what the console prints.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const EXPECTATIONS: &[&str] = &["validate", "plan", "apply", "outputs", "console"];

struct Case {
    title: String,
    /// Name and text of each section, in order.
    sections: Vec<(String, String)>,
}

fn read(path: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            cases.push(Case { title: title.to_owned(), sections: Vec::new() });
        } else if let Some(name) = line.strip_prefix(">> ") {
            let case = cases.last_mut().expect("a title stands before a section");
            case.sections.push((name.to_owned(), String::new()));
        } else if let Some((_, text)) = cases.last_mut().and_then(|case| case.sections.last_mut()) {
            text.push_str(line);
            text.push('\n');
        }
    }
    cases
}

/// The directory of a case, with its files written; removed when dropped.
struct Place(PathBuf);

impl Place {
    fn new(name: &str, case: &Case) -> Self {
        let dir = std::env::temp_dir().join(format!("isotope-language-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        for (name, text) in case.sections.iter().filter(|(name, _)| !EXPECTATIONS.contains(&&**name)) {
            let path = dir.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self(dir)
    }

    fn isotope(&self, args: &[&str], input: &str) -> Output {
        self.isotope_in(&[], args, input)
    }

    fn isotope_in(&self, environment: &[(&str, &str)], args: &[&str], input: &str) -> Output {
        use std::io::Write;
        let mut command = Command::new(env!("CARGO_BIN_EXE_isotope"));
        command.args(args).current_dir(&self.0).env_clear().env("HOME", &self.0).env("NO_COLOR", "1");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).envs(environment.iter().copied());
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    fn validate(&self) -> String {
        let output = self.isotope(&["validate", "-json"], "");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        answer["diagnostics"].as_array().unwrap().iter().map(line).collect()
    }

    fn stream(&self, args: &[&str]) -> String {
        let output = self.isotope(args, "");
        let text = String::from_utf8(output.stdout).unwrap();
        let messages: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}\n{:?}", output.stderr)))
            .collect();
        let said: String =
            messages.iter().filter_map(|message| message.get("diagnostic")).map(line).collect();
        assert!(output.status.success() || said.contains("error:"), "{args:?} failed silently: {text}");
        said
    }

    fn outputs(&self) -> String {
        let said = self.stream(&["apply", "-auto-approve", "-json"]);
        let output = self.isotope(&["output", "-json"], "");
        match serde_json::from_slice::<Value>(&output.stdout) {
            Ok(Value::Object(all)) => {
                all.iter().map(|(name, output)| format!("{name} = {}\n", output["value"])).collect()
            }
            _ => said,
        }
    }

    /// Each expression with its answer.
    fn console(&self, expected: &str) -> String {
        let answer = |line: &str| {
            let expression = line.split("=>").next().unwrap_or_default().trim();
            let output = self.isotope(&["console"], expression);
            format!("{expression} => {}\n", String::from_utf8_lossy(&output.stdout).trim_end())
        };
        expected.lines().filter(|line| !line.is_empty()).map(answer).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn line(diagnostic: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let range = &diagnostic["range"];
    let place = match range["filename"].as_str() {
        Some(file) => format!("{file}:{} ", range["start"]["line"]),
        None => String::new(),
    };
    format!("{place}{}: {}\n", text(&diagnostic["severity"]), text(&diagnostic["summary"]))
}

fn check(file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language").join(file);
    let mut wrong = String::new();
    let cases = read(&path);
    assert!(!cases.is_empty());
    for (at, case) in cases.iter().enumerate() {
        let place = Place::new(&format!("{}-{at}", file.trim_end_matches(".txt")), case);
        let mut expectations = 0;
        for (name, expected) in case.sections.iter().filter(|(name, _)| EXPECTATIONS.contains(&&**name)) {
            expectations += 1;
            let said = match name.as_str() {
                "validate" => place.validate(),
                "plan" => place.stream(&["plan", "-json"]),
                "apply" => place.stream(&["apply", "-auto-approve", "-json"]),
                "outputs" => place.outputs(),
                _ => place.console(expected),
            };
            if said.trim() != expected.trim() {
                wrong += &format!("## {}\n>> {name}\n{said}   instead of\n{expected}\n", case.title);
            }
        }
        assert!(expectations > 0, "{} expects nothing", case.title);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn mistakes() {
    check("mistakes.txt");
}

#[test]
fn rules() {
    check("rules.txt");
}

#[test]
fn modules() {
    check("modules.txt");
}

/// A configuration of one file.
fn place(name: &str, text: &str) -> Place {
    Place::new(name, &Case { title: String::new(), sections: vec![("main.hcl".to_owned(), text.to_owned())] })
}

#[test]
fn console_reads_a_pipe_line_by_line_and_expressions_over_several_lines() {
    let place = place("console", "variable \"x\" { default = 2 }\nlocals { y = [var.x, 3] }\n");
    let input = "var.x + 1\n{\n  a = local.y\n}\n\nupper(\"é\")\nvar.nope\n<<EOT\nline\nEOT\n";
    let output = place.isotope(&["console"], input);
    let text = String::from_utf8(output.stdout).unwrap();
    let answer = "3\n{\n  \"a\" = [\n    2,\n    3,\n  ]\n}\n\"É\"\n<<EOT\nline\n\nEOT\n";
    assert_eq!(text, answer);
    assert!(String::from_utf8_lossy(&output.stderr).contains("Reference to undeclared input variable"));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn console_answers_json_with_json() {
    let text = "variable \"s\" {\n  default   = \"x\"\n  sensitive = true\n}\nvalue \"v\" {}\n";
    let place = place("console-json", text);
    let input = r#""1 + 1"
"[1,\n 2]"
"var.s"
"value.v.id"
"1 +"
"toset([\"a\"])"
17
"{ a = null }"
"#;
    let output = place.isotope(&["console", "-json"], input);
    let answers: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    let said = |at: usize| answers[at]["diagnostics"][0]["summary"].clone();
    assert_eq!(answers.len(), 8);
    assert_eq!(answers[0], serde_json::json!({"ok": true, "type": "number", "value": 2}));
    assert_eq!(answers[1]["value"], serde_json::json!([1, 2]));
    assert_eq!(answers[2], serde_json::json!({"ok": true, "type": "string", "sensitive": true}));
    assert_eq!(answers[3], serde_json::json!({"ok": true, "type": "string", "unknown": true}));
    assert_eq!((&answers[4]["ok"], said(4)), (&Value::Bool(false), "Missing expression".into()));
    assert_eq!(answers[5]["type"], "set(string)");
    assert_eq!((&answers[6]["ok"], said(6)), (&Value::Bool(false), "Invalid input".into()));
    assert_eq!(answers[7]["value"], serde_json::json!({"a": null}));
}

/// A saved plan does not hold what is ephemeral: it is given again when the plan is applied.
#[test]
fn ephemeral_variables_are_not_saved() {
    let text = "variable \"e\" { ephemeral = true }\nvariable \"n\" {}\noutput \"o\" { value = var.n }\n";
    let place = place("ephemeral", text);
    let planned = place.isotope(&["plan", "-out=p", "-var", "e=1", "-var", "n=2"], "");
    assert!(planned.status.success(), "{planned:?}");
    let refused = place.isotope(&["apply", "p"], "");
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("No value for required variable"),
        "{refused:?}"
    );
    let applied = place.isotope_in(&[("ISOTOPE_VAR_e", "1")], &["apply", "p"], "");
    assert!(applied.status.success(), "{applied:?}");
}

/// Runs git on a repository of the test's own.
fn git(dir: &Path, args: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"]);
    let output = command.args(args).current_dir(dir).env("HOME", dir).output().unwrap();
    assert!(output.status.success(), "{args:?} {output:?}");
}

/// `init` fetches, records and upgrades; whatever is not as recorded is refused until it ran.
#[test]
fn modules_of_git_repositories() {
    let case = Case { title: String::new(), sections: Vec::new() };
    let (place, repository) = (Place::new("git", &case), Place::new("git-repository", &case));
    let write = |version: &str| {
        std::fs::create_dir_all(repository.0.join("sub/deep")).unwrap();
        let text = "module \"deep\" { source = \"./deep\" }\noutput \"o\" { value = module.deep.o }\n";
        std::fs::write(repository.0.join("sub/main.hcl"), text).unwrap();
        let text = format!("output \"o\" {{ value = \"{version}\" }}\n");
        std::fs::write(repository.0.join("sub/deep/main.hcl"), text).unwrap();
        let hook = repository.0.join(".gitattributes");
        std::fs::write(hook, "*.hcl filter=evil\n").unwrap();
        git(&repository.0, &["add", "-A"]);
        git(&repository.0, &["commit", "-qm", version]);
    };
    git(&repository.0, &["init", "-q"]);
    write("one");
    git(&repository.0, &["tag", "v1"]);
    write("two");
    let source = |reference: &str| format!("git::file://{}//sub{reference}", repository.0.display());
    let text = format!(
        "module \"a\" {{ source = \"{}\" }}\nmodule \"b\" {{ source = \"{}\" }}\noutput \"o\" {{ value = [module.a.o, module.b.o] }}\n",
        source("?ref=v1"),
        source("")
    );
    std::fs::write(place.0.join("main.hcl"), text).unwrap();
    let missing = "main.hcl:1 error: Module not installed\nmain.hcl:2 error: Module not installed\n";
    let is_missing = |said: String| assert!(said.starts_with(missing), "{said}");
    let init = |args: &[&str]| {
        let output = place.isotope(args, "");
        assert!(output.status.success(), "{output:?}");
    };
    is_missing(place.validate());
    init(&["init"]);
    assert_eq!(place.outputs(), "o = [\"one\",\"two\"]\n");
    let lock = || std::fs::read_to_string(place.0.join(".isotope.lock.hcl")).unwrap();
    let first = lock();
    assert_eq!(first.matches("commit = ").count(), 2, "{first}");
    assert_eq!(first.matches("hash   = \"sha256:").count(), 2, "{first}");

    // What is locked stays, even fetched anew; `-upgrade` follows the branch.
    write("three");
    std::fs::remove_dir_all(place.0.join(".isotope")).unwrap();
    is_missing(place.validate());
    init(&["init"]);
    assert_eq!(lock(), first);
    assert_eq!(place.outputs(), "o = [\"one\",\"two\"]\n");
    init(&["init", "-upgrade"]);
    assert_ne!(lock(), first);
    assert_eq!(place.outputs(), "o = [\"one\",\"three\"]\n");

    // Files that were changed are not what the lock file says.
    for module in std::fs::read_dir(place.0.join(".isotope/modules")).unwrap() {
        std::fs::write(module.unwrap().path().join("sub/extra.hcl"), "locals {}\n").unwrap();
    }
    is_missing(place.validate());
    init(&["init"]);
    assert_eq!(place.validate(), "");
}

#[test]
fn json() {
    check("json.txt");
}
