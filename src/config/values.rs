//! Where root variables get their values: environment, `.vars.hcl` files, `-var-file` and `-var`, later wins.
//!
//! Nothing is converted here: a value given as text stays text until the variable's type says how to read it.

use super::load::named_files;
use super::{Config, Name, vars_file};
use crate::diag::{Diagnostic, Diagnostics, Reported, Sources, Span, did_you_mean};
use crate::eval;
use crate::syntax;
use crate::value::{Constraint, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One `-var` or `-var-file`, in command-line order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// `name=text`.
    Var(String),
    File(PathBuf),
}

/// Where a value came from; complaints about it name this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Environment,
    File(Span),
    CommandLine,
}

/// The values that were given for root variables, by name.
pub type Values = BTreeMap<Name, (Value, Source)>;

/// The directory's own files: `isotope.vars.hcl`, then `*.auto.vars.hcl` by name, `.json` forms too.
fn automatic(dir: &Path) -> Vec<PathBuf> {
    let is = |name: &str, wanted: fn(&str) -> bool| wanted(name.strip_suffix(".json").unwrap_or(name));
    let named = |wanted: fn(&str) -> bool| named_files(dir, |name| is(name, wanted)).unwrap_or_default();
    let mut files = named(|name| name == "isotope.vars.hcl");
    files.extend(named(|name| name.ends_with(".auto.vars.hcl")));
    files
}

/// Gathers all given values. `env` looks up an environment variable; `cwd` is what `-var-file` paths are relative to.
pub fn assigned(
    config: &Config,
    assignments: &[Assignment],
    env: &dyn Fn(&str) -> Option<String>,
    cwd: &Path,
    sources: &mut Sources,
    diags: &mut Diagnostics,
) -> Values {
    let mut values = Values::new();
    for variable in config.root().variables.values() {
        if let Some(text) = env(&format!("ISOTOPE_VAR_{}", variable.name))
            && let Ok(value) = from_text(&text, &variable.name, &variable.constraint, sources, diags)
        {
            values.insert(variable.name.clone(), (value, Source::Environment));
        }
    }
    for path in automatic(&config.dir) {
        let shown = path.strip_prefix(&config.dir).unwrap_or(&path).to_owned();
        let _: Result<(), Reported> = file(config, &path, &shown, &mut values, sources, diags);
    }
    for assignment in assignments {
        let _: Result<(), Reported> = match assignment {
            Assignment::File(path) => file(config, &cwd.join(path), path, &mut values, sources, diags),
            Assignment::Var(text) => var(config, text, &mut values, sources, diags),
        };
    }
    values
}

fn file(
    config: &Config,
    path: &Path,
    shown: &Path,
    values: &mut Values,
    sources: &mut Sources,
    diags: &mut Diagnostics,
) -> Result<(), Reported> {
    let body = vars_file(path, shown, sources, diags)?;
    for block in &body.blocks {
        diags.error(
            Diagnostic::error("Unexpected block")
                .at(block.header)
                .label("a variables file holds `name = value` only")
                .detail("Blocks are not allowed here."),
        );
    }
    for attribute in &body.attributes {
        let name = &attribute.name.name;
        if !config.root().variables.contains_key(name) {
            let near = did_you_mean(name, config.root().variables.keys().map(|n| &**n));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            diags.push(
                Diagnostic::warning("Value for undeclared variable")
                    .at(attribute.name.span)
                    .label(format!("no variable is called `{name}`{hint}"))
                    .detail(format!("The root module does not declare a variable named {name:?} but a value was found in a variables file.")),
            );
            continue;
        }
        if let Ok(value) = eval::literal(&attribute.expr, diags) {
            values.insert(name.clone(), (value, Source::File(attribute.expr.span)));
        }
    }
    Ok(())
}

fn var(
    config: &Config,
    text: &str,
    values: &mut Values,
    sources: &mut Sources,
    diags: &mut Diagnostics,
) -> Result<(), Reported> {
    let Some((name, value)) = text.split_once('=') else {
        return Err(diags.error(
            Diagnostic::error("Invalid -var option")
                .detail(format!("The given -var option {text:?} is not correctly specified. Must be a variable name and value separated by an equals sign, like -var=\"key=value\".")),
        ));
    };
    let name = name.trim();
    let Some(variable) = config.root().variables.get(name) else {
        let near = did_you_mean(name, config.root().variables.keys().map(|n| &**n));
        let mut diagnostic = Diagnostic::error("Value for undeclared variable").detail(format!(
            "A variable named {name:?} was assigned on the command line, but the root module does not declare a variable of that name."
        ));
        if let Some(near) = near {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        }
        return Err(diags.error(diagnostic));
    };
    let value = from_text(value, name, &variable.constraint, sources, diags)?;
    values.insert(variable.name.clone(), (value, Source::CommandLine));
    Ok(())
}

/// Text stays text for a variable of a primitive type or none; else it is an expression.
fn from_text(
    text: &str,
    name: &str,
    constraint: &Constraint,
    sources: &mut Sources,
    diags: &mut Diagnostics,
) -> Result<Value, Reported> {
    if matches!(constraint, Constraint::Any | Constraint::Bool | Constraint::Number | Constraint::String) {
        return Ok(Value::string(text));
    }
    let file = sources.add(format!("<value for var.{name}>"), text);
    let expr = syntax::parse_expression(sources, file, diags);
    match expr {
        Some(expr) => eval::literal(&expr, diags),
        None => diags.check().and(Err(diags.error(Diagnostic::error("Missing expression").detail(format!(
            "The value for var.{name} must be an expression, as its type is not a plain string, number or bool."
        ))))),
    }
}
