//! `isotope console`: expressions against configuration and state, typed or piped, as text or JSON.

use super::args;
use super::environment::{Environment, Functions};
use super::output::Output;
use super::typing::Typist;
use super::words::Words;
use super::{Exit, Outcome, backend, plan as planning, project, prompt, providers, redaction};
use crate::addr::{ModulePath, Name, ObjectAddr};
use crate::config::{Config, ModuleId, Settings};
use crate::diag::{Diagnostics, Reported, Sources};
use crate::eval::{self, functions::Host};
use crate::kind::Kinds;
use crate::plan::{self, Evaluation, Recorded, Repeat, Walk};
use crate::state::State;
use crate::syntax::{self, Expr};
use crate::value::{self, Marks, Value};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{BufRead, Read};

pub async fn run(args: &args::Console, environment: &Environment, output: &mut Output) -> Outcome {
    let functions = Functions::applying(environment);
    let loaded = load(args, environment, output).await?;
    let mut evaluation =
        Evaluation::new(&loaded.config, &loaded.kinds, &functions as &dyn Host, environment.workspace());
    let mut diags = Diagnostics::new();
    let mut objects = Recorded { records: &loaded.state.records, data: &loaded.data };
    plan::walk(&mut evaluation, &loaded.walk, &loaded.given, &mut objects, &mut diags);
    output.check(&mut diags, &loaded.sources)?;
    learn_secrets(&loaded, output);
    let console = Console { evaluation };
    if args.json {
        console.json(output)
    } else if environment.stdin_is_terminal {
        let words = Words::of(&loaded.config);
        let typist =
            environment.stdout_is_terminal.then(|| Typist::new(environment, words, output.redactor()));
        match typist.flatten() {
            Some(typist) => console.edited(typist, output),
            None => console.typed(output),
        }
    } else {
        console.piped(output)
    }
}

/// Tells the redactor the secrets that a person might type again, so that no history keeps them.
fn learn_secrets(loaded: &Loaded, output: &Output) {
    let variables = &loaded.config.root().variables;
    let secret = |name: &Name| variables.get(name).is_some_and(|variable| variable.sensitive);
    let given = loaded.given.iter().filter(|(name, _)| secret(name));
    let given: Vec<Value> = given.map(|(_, (value, _))| value.clone().sensitive()).collect();
    redaction::of_values(&given, &output.redactor());
    redaction::of_state(&loaded.state, &output.redactor());
}

/// What expressions are evaluated against.
struct Loaded {
    config: Config,
    kinds: Kinds,
    walk: Walk,
    given: crate::config::Values,
    state: State,
    data: BTreeMap<ObjectAddr, Value>,
    sources: Sources,
}

/// The directory's configuration and state; an empty configuration where there is none.
async fn load(
    args: &args::Console,
    environment: &Environment,
    output: &mut Output,
) -> Result<Loaded, Reported> {
    if !crate::config::is_configured(&environment.dir) {
        let config = Config {
            dir: environment.dir.clone(),
            settings: Settings::default(),
            modules: vec![crate::config::Module { dir: environment.dir.clone(), ..Default::default() }],
            digest: "".into(),
        };
        return Ok(Loaded {
            config,
            kinds: Kinds::builtin().clone(),
            walk: Walk::default(),
            given: Default::default(),
            state: State::empty(""),
            data: BTreeMap::new(),
            sources: Sources::new(),
        });
    }
    let project = project::load(&args.variables, environment, output)?;
    let backend = backend::open(&project, environment, output).await?;
    let data = read(&project, &backend, environment, output).await?;
    let project::Project { config, sources, kinds, walk, given } = project;
    Ok(Loaded { config, kinds, walk, given, state: backend.state, data, sources })
}

/// What the data sources give: they are not kept, so they are read again.
async fn read(
    project: &project::Project,
    backend: &backend::Backend,
    environment: &Environment,
    output: &mut Output,
) -> Result<BTreeMap<ObjectAddr, Value>, Reported> {
    if project.walk.ahead.is_empty() {
        return Ok(BTreeMap::new());
    }
    let connected = providers::connect(project, backend, None, false, environment, output).await?;
    let functions = Functions::planning(environment);
    let (workspace, all) = (environment.workspace(), plan::Selection::all());
    let request = plan::Request {
        mode: plan::Mode::RefreshOnly,
        refresh: false,
        ..planning::request(project, backend, &connected, &functions, workspace, &all)
    };
    let data = plan::read(&request).await;
    redaction::of_values(data.values(), &output.redactor());
    Ok(data)
}

const HELP: &str = "Type an expression to see its value; `exit` or Ctrl-D ends.";

struct Console<'a> {
    evaluation: Evaluation<'a>,
}

impl Console<'_> {
    fn parse(
        &self,
        text: &str,
        sources: &mut Sources,
        diags: &mut Diagnostics,
    ) -> Result<Option<Expr>, Reported> {
        let file = sources.add("<console-input>", text);
        let expr = syntax::parse_expression(sources, file, diags);
        diags.check().map(|()| expr)
    }

    fn evaluate(
        &self,
        text: &str,
        sources: &mut Sources,
        diags: &mut Diagnostics,
    ) -> Result<Value, Reported> {
        match self.parse(text, sources, diags)? {
            Some(expr) => plan::console(&self.evaluation, &expr, diags),
            None => Ok(Value::dynamic_null()),
        }
    }

    /// Prints a value or what is wrong. Gives whether it had a value.
    fn answer(&self, text: &str, output: &mut Output) -> bool {
        let (mut sources, mut diags) = (Sources::new(), Diagnostics::new());
        let root = ModulePath::root();
        let scope = self.evaluation.scope(ModuleId(0), &root, &Repeat::None);
        let answer = match self.parse(text, &mut sources, &mut diags) {
            Ok(Some(expr)) => eval::console(&expr, &scope, &mut diags),
            Ok(None) => Ok(String::new()),
            Err(reported) => Err(reported),
        };
        output.show(&mut diags, &sources);
        match answer {
            Ok(text) => {
                output.data(&format!("{text}\n"));
                true
            }
            Err(_) => false,
        }
    }

    /// One expression a line, as typed.
    fn piped(&self, output: &mut Output) -> Outcome {
        let mut text = String::new();
        if std::io::stdin().lock().read_to_string(&mut text).is_err() {
            return Err(prompt::declined());
        }
        let mut sound = true;
        for expression in expressions(&text) {
            sound &= self.answer(&expression, output);
        }
        if sound { Ok(Exit::Done) } else { Err(prompt::declined()) }
    }

    /// Expressions that a person types, with all that a terminal offers.
    fn edited(&self, mut typist: Typist, output: &mut Output) -> Outcome {
        while let Some(text) = typist.next() {
            match text.trim() {
                "exit" | "quit" => break,
                "help" => output.print(HELP),
                _ => {
                    self.answer(&text, output);
                }
            }
        }
        Ok(Exit::Done)
    }

    /// The same where only whole lines can be read.
    fn typed(&self, output: &mut Output) -> Outcome {
        let mut pending = String::new();
        loop {
            output.data(if pending.is_empty() { "> " } else { "  " });
            let mut line = String::new();
            match std::io::stdin().lock().read_line(&mut line) {
                Ok(0) | Err(_) => return Ok(Exit::Done),
                Ok(_) => pending.push_str(&line),
            }
            match pending.trim() {
                "" => pending.clear(),
                "exit" | "quit" => return Ok(Exit::Done),
                "help" => {
                    output.print(HELP);
                    pending.clear();
                }
                _ if syntax::is_complete(&pending) => {
                    self.answer(&pending, output);
                    pending.clear();
                }
                _ => {}
            }
        }
    }

    /// A JSON string a line in, a JSON object a line out.
    fn json(&self, output: &mut Output) -> Outcome {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return Err(prompt::declined()) };
            if line.trim().is_empty() {
                continue;
            }
            let answer = match serde_json::from_str::<String>(&line) {
                Ok(text) => self.json_answer(&text),
                Err(error) => {
                    failure("Invalid input", &format!("Each line must be one JSON string: {error}."))
                }
            };
            output.data(&format!("{answer}\n"));
        }
        Ok(Exit::Done)
    }

    fn json_answer(&self, text: &str) -> String {
        let (mut sources, mut diags) = (Sources::new(), Diagnostics::new());
        match self.evaluate(text, &mut sources, &mut diags) {
            Ok(value) => success(&value),
            Err(_) => {
                let all: Vec<_> = diags
                    .take()
                    .into_iter()
                    .map(|d| json!({"summary": d.summary, "detail": if d.detail.is_empty() { d.label } else { d.detail }}))
                    .collect();
                json!({"ok": false, "diagnostics": all}).to_string()
            }
        }
    }
}

/// Written by hand around the value, whose numbers keep all their digits.
fn success(value: &Value) -> String {
    let (plain, _) = value.unmark_deep();
    let ty = json!(plain.ty().constraint_string());
    let rest = match () {
        () if value.contains_marks(Marks::SENSITIVE) => r#""sensitive":true"#.to_owned(),
        () if !plain.is_wholly_known() => r#""unknown":true"#.to_owned(),
        () => match value::to_json_text(&plain) {
            Ok(text) => format!(r#""value":{text}"#),
            Err(_) => r#""infinite":true"#.to_owned(),
        },
    };
    format!(r#"{{"ok":true,"type":{ty},{rest}}}"#)
}

fn failure(summary: &str, detail: &str) -> String {
    json!({"ok": false, "diagnostics": [{"summary": summary, "detail": detail}]}).to_string()
}

/// The expressions of a piped text: a line each, but an expression goes on while its brackets are open.
fn expressions(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut pending = String::new();
    for line in text.lines() {
        pending.push_str(line);
        // A heredoc begins and ends with a whole line.
        pending.push('\n');
        if pending.trim().is_empty() {
            pending.clear();
        } else if syntax::is_complete(&pending) {
            all.push(std::mem::take(&mut pending));
        }
    }
    if !pending.trim().is_empty() {
        all.push(pending);
    }
    all
}
