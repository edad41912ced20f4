//! `backend "postgres"`: states in a schema of a PostgreSQL database.
//!
//! A password that the connection string does not have is taken from where PostgreSQL's own programs take it, `PGPASSWORD`.

use super::super::environment::Environment;
use super::home::{BackendType, Home, lease};
use crate::config::BackendSettings;
use crate::state;
use crate::state::postgres::{Address, PostgresBackend};

/// Where tables are if nothing is said.
const SCHEMA: &str = "isotope";

pub struct Postgres;

fn address(settings: &BackendSettings) -> Result<Address, String> {
    let schema = settings.text("schema").unwrap_or(SCHEMA);
    Address::new(settings.text("conn_str").unwrap_or_default(), schema).map_err(|error| error.to_string())
}

impl BackendType for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn open(&self, at: &Home, environment: &Environment) -> Result<Box<dyn state::Backend>, String> {
        let address = address(&at.settings)?.or_password(environment.var("PGPASSWORD").as_deref());
        let ca_file = at.settings.text("ca_file").map(|path| environment.dir.join(path));
        let backend = PostgresBackend::new(address, ca_file.as_deref()).map_err(|error| error.to_string())?;
        let backend = match at.settings.text("lease") {
            Some(text) => backend.with_lease(lease(text)?),
            None => backend,
        };
        Ok(Box::new(match at.history {
            Some(serials) => backend.with_history(serials),
            None => backend,
        }))
    }

    fn describe(&self, settings: &BackendSettings) -> String {
        address(settings).map_or_else(|_| "PostgreSQL".to_owned(), |address| address.to_string())
    }

    fn identity(&self, settings: &BackendSettings, _: &Environment) -> String {
        self.describe(settings)
    }

    fn open_settings(&self, settings: &BackendSettings) -> BackendSettings {
        let open = settings.without_secrets();
        match address(settings) {
            Ok(address) => open.with_text("conn_str", &address.without_password()),
            Err(_) => open,
        }
    }

    fn secrets(&self, settings: &BackendSettings) -> Vec<String> {
        let password = address(settings).ok().and_then(|address| address.password());
        settings.secrets().map(str::to_owned).chain(password).collect()
    }
}
