//! `backend "sled"`: states in a directory of this machine.

use super::super::environment::Environment;
use super::home::{BackendType, Home};
use crate::config::BackendSettings;
use crate::state::{self, EarlyRead, SledBackend, is_workspace_name};
use std::path::PathBuf;

/// Where states are if nothing is said, relative to the configuration directory.
const DEFAULT_PATH: &str = "state";

pub struct Sled;

/// Begins to read the state that a configuration has unless it says otherwise, while the configuration is read.
pub fn early(environment: &Environment) -> Option<EarlyRead> {
    let workspace = Some(environment.workspace()).filter(|name| is_workspace_name(name))?;
    EarlyRead::begin(environment.dir.join(DEFAULT_PATH).join(&*workspace))
}

fn path(settings: &BackendSettings) -> &str {
    settings.text("path").unwrap_or(DEFAULT_PATH)
}

impl BackendType for Sled {
    fn name(&self) -> &'static str {
        "sled"
    }

    fn open(&self, at: &Home, environment: &Environment) -> Result<Box<dyn state::Backend>, String> {
        let local = SledBackend::new(environment.dir.join(path(&at.settings)));
        Ok(Box::new(match at.history {
            Some(serials) => local.with_history(serials),
            None => local,
        }))
    }

    fn describe(&self, settings: &BackendSettings) -> String {
        format!("`{}/`", path(settings).trim_end_matches('/'))
    }

    fn identity(&self, settings: &BackendSettings, environment: &Environment) -> String {
        // Of paths, since `states` and `states/` are the same.
        let components = environment.dir.join(path(settings)).components().collect::<PathBuf>();
        components.display().to_string()
    }

    fn directory(&self, settings: &BackendSettings, environment: &Environment) -> Option<PathBuf> {
        Some(environment.dir.join(path(settings)))
    }
}
