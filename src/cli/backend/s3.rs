//! `backend "s3"`: states in a bucket.

use super::super::environment::Environment;
use super::home::{BackendType, Home, lease};
use crate::config::BackendSettings;
use crate::state::{self, S3Backend, S3Settings};

pub struct S3;

fn settings(given: &BackendSettings) -> Result<S3Settings, String> {
    let text = |name| given.text(name).map(str::to_owned);
    Ok(S3Settings {
        bucket: text("bucket").unwrap_or_default(),
        prefix: text("prefix").unwrap_or_default(),
        region: text("region"),
        endpoint: text("endpoint"),
        use_path_style: given.flag("use_path_style"),
        access_key: text("access_key"),
        secret_key: text("secret_key"),
        token: text("token"),
        kms_key_id: text("kms_key_id"),
        lease: given.text("lease").map(lease).transpose()?,
    })
}

impl BackendType for S3 {
    fn name(&self) -> &'static str {
        "s3"
    }

    fn open(&self, at: &Home, _: &Environment) -> Result<Box<dyn state::Backend>, String> {
        let backend = S3Backend::new(&settings(&at.settings)?).map_err(|error| error.to_string())?;
        Ok(Box::new(match at.history {
            Some(serials) => backend.with_history(serials),
            None => backend,
        }))
    }

    fn describe(&self, given: &BackendSettings) -> String {
        settings(given).map_or_else(|_| "S3".to_owned(), |settings| settings.place())
    }

    fn identity(&self, given: &BackendSettings, _: &Environment) -> String {
        format!("{} {}", given.text("endpoint").unwrap_or_default(), self.describe(given))
    }
}
