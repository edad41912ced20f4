//! A provider block's evaluated arguments → [`ProviderSettings`]: what stands in the block, else in the environment, else the default.

use super::definition::{self, Argument, Definition};
use super::request::pair;
use crate::addr::Name;
use crate::config::duration;
use crate::diag::{Diagnostic, Diagnostics, Reported, Span, did_you_mean};
use crate::kind::ErrorShape;
use crate::kind::words::Words;
use crate::syntax::Expr;
use crate::value::{Path, Str, Type, Value, convert};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// What an address says when the API is the one inside this program.
const EMULATOR: &str = "emulator";
/// The argument that holds the address.
const BASE_URL: &str = "base_url";

/// What every provider takes, beside its own arguments.
const COMMON: [(&str, Type); 3] =
    [("max_requests_per_second", Type::Number), ("marker", Type::String), ("settle", Type::String)];

/// How one provider is to be reached; its secrets are marked.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderSettings {
    pub provider: Name,
    /// The provider's own arguments, an object; null where there is nothing.
    pub arguments: Value,
    pub max_requests_per_second: Option<f64>,
    /// Whether a create carries its marker to the API.
    pub marker: bool,
    /// How long a look for the effect of a lost request goes on.
    pub settle: Duration,
}

/// Where a provider block stands and how its arguments are found in it.
pub struct Source<'a> {
    pub place: &'a dyn Fn(&Path) -> Span,
    /// The block's header; `None` when there is no block and everything comes from the environment.
    pub block: Option<Span>,
    pub env: &'a dyn Fn(&str) -> Option<String>,
}

/// Returns the settings of a provider type. `given` is an object of the block's arguments.
pub fn settings(
    provider: &str,
    given: &Value,
    source: &Source<'_>,
    diags: &mut Diagnostics,
) -> Result<ProviderSettings, Reported> {
    let Some(definition) = definition::definition(provider) else {
        return Err(diags.error(unknown(provider, source)));
    };
    let mut own = Diagnostics::new();
    let given = given.unmarked().clone();
    let reading = Reading { definition, given: &given, source };
    reading.foreign(&mut own);
    let settings = reading.settings(&mut own);
    let clean = own.check();
    diags.append(own);
    clean.map(|()| settings)
}

fn unknown(provider: &str, source: &Source<'_>) -> Diagnostic {
    let near = did_you_mean(provider, definition::names());
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    let diagnostic =
        Diagnostic::error("Unknown provider").label(format!("there is no provider `{provider}`{hint}"));
    placed(diagnostic, source.block)
}

fn placed(diagnostic: Diagnostic, span: Option<Span>) -> Diagnostic {
    match span {
        Some(span) => diagnostic.at(span),
        // Without a place there is no label: what it says becomes the detail.
        None => Diagnostic { detail: diagnostic.label, label: String::new(), ..diagnostic },
    }
}

struct Reading<'a> {
    definition: &'static Definition,
    given: &'a Value,
    source: &'a Source<'a>,
}

impl Reading<'_> {
    fn settings(&self, diags: &mut Diagnostics) -> ProviderSettings {
        let emulated = self.given(BASE_URL).is_some_and(|url| url.unmark().0.as_str() == Some(EMULATOR));
        let own = self.definition.arguments.iter();
        let arguments = own.map(|(name, argument)| {
            let value = self.argument(name, argument, emulated, diags);
            (Str::from(&**name), value)
        });
        let arguments = Value::object(arguments.collect());
        let [rate, marker, settle] = COMMON.map(|(name, ty)| self.common(name, &ty, diags));
        ProviderSettings {
            provider: self.definition.name.clone(),
            arguments,
            max_requests_per_second: rate.and_then(|value| self.rate(&value, diags)),
            marker: marker.is_none_or(|value| self.marker(&value, diags)),
            settle: settle.and_then(|value| self.settle(&value, diags)).unwrap_or(Duration::from_secs(5)),
        }
    }

    /// The argument as it stands in the block, if it does and is not null.
    fn given(&self, name: &str) -> Option<&Value> {
        self.given.get_attr(name).filter(|value| !value.is_null())
    }

    fn at(&self, name: &str) -> Span {
        (self.source.place)(&Path::root().child_attr(name))
    }

    fn argument(&self, name: &str, argument: &Argument, emulated: bool, diags: &mut Diagnostics) -> Value {
        let null = || Value::null(argument.constraint.ty());
        let mark = |value: Value| if argument.sensitive { value.sensitive() } else { value };
        if let Some(value) = self.given(name) {
            return mark(self.converted(name, argument, value, diags).unwrap_or_else(|_| null()));
        }
        let asked = argument.env.as_deref().and_then(|name| (self.source.env)(name));
        if let Some(text) = asked.filter(|text| !text.is_empty()) {
            return mark(Value::string(text));
        }
        match &argument.default {
            Some(default) => default.clone(),
            None if argument.required && emulated => mark(Value::string(EMULATOR)),
            None => {
                if argument.required {
                    diags.error(self.missing(name, argument));
                }
                null()
            }
        }
    }

    fn converted(
        &self,
        name: &str,
        argument: &Argument,
        value: &Value,
        diags: &mut Diagnostics,
    ) -> Result<Value, Reported> {
        self.known(name, value, diags)?;
        argument
            .constraint
            .apply(value)
            .map_err(|problem| diags.error(self.unsuitable(name, problem.to_string())))
    }

    fn known(&self, name: &str, value: &Value, diags: &mut Diagnostics) -> Result<(), Reported> {
        if value.is_wholly_known() {
            return Ok(());
        }
        Err(diags.error(
            Diagnostic::error("Invalid provider configuration")
                .at(self.at(name))
                .label("known only after apply, but reading the objects needs it now")
                .help("use a variable, or apply what it comes from first with `-target`"),
        ))
    }

    fn missing(&self, name: &str, argument: &Argument) -> Diagnostic {
        let provider = &self.definition.name;
        let remedy = match &argument.env {
            Some(env) => format!("set `{name}` in `provider \"{provider}\"`, or {env} in the environment"),
            None => format!("set `{name}` in `provider \"{provider}\"`"),
        };
        let diagnostic = Diagnostic::error("Missing required argument")
            .label(format!("provider `{provider}` needs `{name}`"))
            .help(remedy);
        placed(diagnostic, self.source.block)
    }

    fn unsuitable(&self, name: &str, problem: String) -> Diagnostic {
        Diagnostic::error("Incorrect attribute value type")
            .at(self.at(name))
            .detail(format!("Inappropriate value for attribute {name:?}: {problem}."))
            .label(problem)
    }

    /// Arguments that the provider does not take.
    fn foreign(&self, diags: &mut Diagnostics) {
        let own = self.definition.arguments.keys().map(|name| &**name);
        let known: Vec<&str> = own.chain(COMMON.iter().map(|(name, _)| *name)).collect();
        for (name, _) in self.given.elements() {
            let Some(name) = name.as_str().filter(|name| !known.contains(name)) else { continue };
            let near = did_you_mean(name, known.iter().copied());
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            diags.error(
                Diagnostic::error("Unsupported argument")
                    .at(self.at(name))
                    .label(format!("provider `{}` has no argument `{name}`{hint}", self.definition.name))
                    .detail(format!("An argument named {name:?} is not expected here.")),
            );
        }
    }

    /// One of the arguments that all providers take.
    fn common(&self, name: &str, ty: &Type, diags: &mut Diagnostics) -> Option<Value> {
        let value = self.given(name)?.unmark_deep().0;
        self.known(name, &value, diags).ok()?;
        convert(&value, ty).map_err(|problem| diags.error(self.unsuitable(name, problem.to_string()))).ok()
    }

    fn rate(&self, value: &Value, diags: &mut Diagnostics) -> Option<f64> {
        let rate =
            value.as_number().map(|number| number.to_f64()).filter(|rate| *rate > 0.0 && rate.is_finite());
        if rate.is_none() {
            diags.error(self.invalid("max_requests_per_second", "expected a number above 0"));
        }
        rate
    }

    fn marker(&self, value: &Value, diags: &mut Diagnostics) -> bool {
        if !matches!(value.as_str(), Some("tag" | "none")) {
            diags.error(self.invalid("marker", "expected \"tag\" or \"none\""));
        }
        value.as_str() != Some("none")
    }

    fn settle(&self, value: &Value, diags: &mut Diagnostics) -> Option<Duration> {
        let settle = value.as_str().and_then(duration);
        if settle.is_none() {
            diags.error(self.invalid("settle", "expected a duration such as \"5s\" or \"1m\""));
        }
        settle
    }

    fn invalid(&self, name: &str, label: &str) -> Diagnostic {
        Diagnostic::error("Invalid provider configuration").at(self.at(name)).label(label)
    }
}

/// Where the API is and what every request to it carries.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) base_url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) query: Vec<(String, String)>,
    pub(super) errors: ErrorShape,
}

/// The files that a provider's connections need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Certificates to trust beside the system's.
    pub ca: Option<PathBuf>,
    /// The client's own certificate and its key.
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

impl Endpoint {
    /// The address of a target below the API, with the query that every request carries.
    pub(super) fn address(&self, target: &str) -> String {
        let mut url = format!("{}{target}", self.base_url);
        for (name, value) in &self.query {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&pair(name, value));
        }
        url
    }
}

impl ProviderSettings {
    /// Whether the API is the emulator inside this program; whoever starts it gives its address to
    /// [`ProviderSettings::at`].
    pub fn is_emulated(&self) -> bool {
        self.arguments.get_attr(BASE_URL).is_some_and(|url| url.unmark().0.as_str() == Some(EMULATOR))
    }

    /// Returns the same settings with another address.
    pub fn at(&self, base_url: &str) -> Self {
        let mut arguments = match &self.arguments {
            Value::Object(arguments) => arguments.to_map(),
            _ => BTreeMap::new(),
        };
        arguments.insert(BASE_URL.into(), Value::string(base_url));
        Self { arguments: Value::object(arguments.into()), ..self.clone() }
    }

    /// Returns the secrets among the arguments, for redaction.
    pub fn secrets(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (_, value) in self.arguments.elements().filter(|(_, value)| value.is_sensitive()) {
            crate::value::walk(&value.unmark_deep().0, &mut |_, part| {
                found.extend(part.as_str().map(str::to_owned));
                true
            });
        }
        found
    }

    /// Evaluates where the provider's API is.
    pub(super) fn endpoint(&self) -> Result<Endpoint, String> {
        let Some(definition) = definition::definition(&self.provider) else {
            return Err(format!("there is no provider `{}`", self.provider));
        };
        let words = Words::new().with_all(&self.arguments.unmark_deep().0);
        let base_url = convert(&words.value(&definition.base_url)?, &Type::String);
        let base_url = base_url.ok().and_then(|url| url.as_str().map(str::to_owned)).unwrap_or_default();
        let web = base_url.strip_prefix("https://").or_else(|| base_url.strip_prefix("http://"));
        if web.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) {
            return Err(format!("`{base_url}` is not an address that starts with https:// or http://"));
        }
        let texts = |expr: Option<&Expr>| expr.map_or(Ok(Vec::new()), |expr| texts(&words.value(expr)?));
        let errors = texts(definition.errors.as_ref())?;
        let at = |name: &str| {
            let path = errors.iter().find(|(found, _)| found == name).map(|(_, path)| path.as_str());
            path.map(|path| path.split('.').map(str::to_owned).collect()).unwrap_or_default()
        };
        Ok(Endpoint {
            base_url,
            headers: texts(Some(&definition.headers))?,
            query: texts(definition.query.as_ref())?,
            errors: ErrorShape { message: at("message"), detail: at("detail"), request_id: at("request_id") },
        })
    }

    /// The files that connections need, as the block names them.
    pub fn files(&self) -> Result<Files, String> {
        let definition = definition::definition(&self.provider).and_then(|d| d.files.as_ref());
        let Some(expr) = definition else { return Ok(Files::default()) };
        let words = Words::new().with_all(&self.arguments.unmark_deep().0);
        let found: BTreeMap<String, String> = texts(&words.value(expr)?)?.into_iter().collect();
        let file = |name: &str| found.get(name).map(PathBuf::from);
        Ok(Files { ca: file("ca"), certificate: file("certificate"), key: file("key") })
    }
}

/// Texts by name; what is null is left out.
fn texts(value: &Value) -> Result<Vec<(String, String)>, String> {
    let map = convert(value, &Type::map(Type::String)).map_err(|problem| problem.to_string())?;
    let text = |(name, value): (Value, Value)| Some((name.as_str()?.into(), value.as_str()?.into()));
    Ok(map.elements().filter_map(text).collect())
}
