//! `backend "http"`: states on a web server that speaks Terraform's protocol. Who asks may also stand where Terraform looks for it,
//! `TF_HTTP_USERNAME` and `TF_HTTP_PASSWORD`.

use super::super::environment::Environment;
use super::home::{BackendType, Home};
use crate::config::{BackendSettings, EACH_WORKSPACE};
use crate::http::Method;
use crate::state::{self, HttpBackend, HttpSettings};
use std::time::Duration;

pub struct Http;

fn settings(given: &BackendSettings, environment: &Environment) -> Result<HttpSettings, String> {
    let address = |name| given.text(name).map(|text| plain(name, text)).transpose();
    let defaults = HttpSettings::new(address("address")?.unwrap_or_default());
    let method = |name, default: &str| verb(name, given.text(name).unwrap_or(default));
    let seconds = |name, default| given.whole(name).map_or(default, Duration::from_secs);
    let or_variable =
        |name, variable| given.text(name).map(str::to_owned).or_else(|| environment.var(variable));
    Ok(HttpSettings {
        workspaces: each_workspace(given)?,
        update_method: method("update_method", &defaults.update_method)?,
        lock_address: address("lock_address")?,
        lock_method: method("lock_method", &defaults.lock_method)?,
        unlock_address: address("unlock_address")?,
        unlock_method: method("unlock_method", &defaults.unlock_method)?,
        username: or_variable("username", "TF_HTTP_USERNAME"),
        password: or_variable("password", "TF_HTTP_PASSWORD"),
        skip_cert_verification: given.flag("skip_cert_verification").unwrap_or_default(),
        ca_file: given.text("ca_file").map(|path| environment.dir.join(path)),
        retry_max: given
            .whole("retry_max")
            .map_or(defaults.retry_max, |most| most.try_into().unwrap_or(u32::MAX)),
        retry_wait_min: seconds("retry_wait_min", defaults.retry_wait_min),
        retry_wait_max: seconds("retry_wait_max", defaults.retry_wait_max),
        ..defaults
    })
}

/// What stands for a workspace's name in the addresses: in all of them or in none.
fn each_workspace(given: &BackendSettings) -> Result<Option<String>, String> {
    let names = |address: &str| address.contains(EACH_WORKSPACE);
    let named = given.text("address").is_some_and(names);
    let other = |name: &&str| given.text(name).is_some_and(|address| names(address) != named);
    match ["lock_address", "unlock_address"].into_iter().find(other) {
        None => Ok(named.then(|| EACH_WORKSPACE.to_owned())),
        Some(name) if named => Err(format!(
            "`address` names the workspace and `{name}` does not, so that all workspaces would share one lock"
        )),
        Some(name) => Err(format!(
            "`{name}` names the workspace and `address` does not, so that all workspaces would share one state"
        )),
    }
}

/// An address without a user, which would be written down with it.
fn plain(name: &str, address: &str) -> Result<String, String> {
    let host = address.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    match host {
        Some(host) if host.contains('@') => {
            Err(format!("`{name}` names a user; give `username` and `password` instead"))
        }
        Some(host) if !host.is_empty() => Ok(address.to_owned()),
        _ => Err(format!("`{name}` must be an address that begins with `https://` or `http://`")),
    }
}

fn verb(name: &str, text: &str) -> Result<String, String> {
    match Method::from_bytes(text.as_bytes()) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!("`{name}` is {text:?}, which is no HTTP method")),
    }
}

impl BackendType for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn open(&self, at: &Home, environment: &Environment) -> Result<Box<dyn state::Backend>, String> {
        let backend =
            HttpBackend::new(settings(&at.settings, environment)?).map_err(|error| error.to_string())?;
        let heard_of = environment.heard_of().into_iter().chain([environment.workspace()]);
        let backend = backend.with_heard_of(heard_of.collect());
        Ok(Box::new(match at.history {
            Some(serials) => backend.with_history(serials),
            None => backend,
        }))
    }

    fn describe(&self, given: &BackendSettings) -> String {
        let address = given.text("address").unwrap_or_default();
        address.split('?').next().unwrap_or_default().to_owned()
    }

    fn identity(&self, given: &BackendSettings, _: &Environment) -> String {
        given.text("address").unwrap_or_default().to_owned()
    }
}
