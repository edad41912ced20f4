//! Connection strings: PostgreSQL's own, either form, and what of them may be shown.

use super::SettingsError;
use std::fmt;
use std::str::FromStr;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// Where libpq looks where no host is named.
const SOCKETS: &str = "/var/run/postgresql";
/// What libpq knows beside `require`; a certificate is always verified here, with the name in it.
const STRICTER: [&str; 2] = ["sslmode=verify-full", "sslmode=verify-ca"];

/// A schema in a database, and how one logs in there.
#[derive(Clone)]
pub struct Address {
    pub(super) config: Config,
    pub(super) schema: String,
}

impl Address {
    /// `conn_str` is `host=db user=ann dbname=states` or `postgres://ann@db/states?sslmode=require`.
    pub fn new(conn_str: &str, schema: &str) -> Result<Self, SettingsError> {
        if conn_str.trim().is_empty() {
            return Err(SettingsError::ConnStr("it is empty".to_owned()));
        }
        let text =
            STRICTER.iter().fold(conn_str.to_owned(), |text, word| text.replace(word, "sslmode=require"));
        // The message of a parse error may quote the text, and the text may hold a password.
        let mut config = Config::from_str(&text)
            .map_err(|error| SettingsError::ConnStr(super::connection::cause(&error).replace(&text, "…")))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host_path(SOCKETS);
        }
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let named = !schema.is_empty() && schema.len() <= 63 && schema.chars().all(word);
        if !named || schema.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(SettingsError::Schema(schema.to_owned()));
        }
        Ok(Self { config, schema: schema.to_owned() })
    }

    /// The same with this password, if it has none.
    pub fn or_password(mut self, password: Option<&str>) -> Self {
        if let (None, Some(password)) = (self.config.get_password(), password) {
            self.config.password(password);
        }
        self
    }

    pub fn password(&self) -> Option<String> {
        Some(String::from_utf8_lossy(self.config.get_password()?).into_owned())
    }

    /// The connection string without the password.
    pub fn without_password(&self) -> String {
        let config = &self.config;
        let mode = match config.get_ssl_mode() {
            SslMode::Disable => "disable",
            SslMode::Require => "require",
            _ => "prefer",
        };
        let ports: Vec<String> = config.get_ports().iter().map(u16::to_string).collect();
        let addresses: Vec<String> = config.get_hostaddrs().iter().map(ToString::to_string).collect();
        let parts = [
            ("host", Some(self.hosts())),
            ("hostaddr", Some(addresses.join(","))),
            ("port", Some(ports.join(","))),
            ("dbname", config.get_dbname().map(str::to_owned)),
            ("user", config.get_user().map(str::to_owned)),
            ("sslmode", Some(mode.to_owned())),
            ("options", config.get_options().map(str::to_owned)),
        ];
        let given = parts
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.filter(|text| !text.is_empty())?)));
        given.map(|(name, value)| format!("{name}={}", quoted(&value))).collect::<Vec<_>>().join(" ")
    }

    fn hosts(&self) -> String {
        let name = |host: &Host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        };
        self.config.get_hosts().iter().map(name).collect::<Vec<_>>().join(",")
    }
}

/// A value of a connection string.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:".contains(c);
    if text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Which schema of which database on which machine.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = &self.config;
        let addresses = config.get_hostaddrs().iter().map(ToString::to_string).collect::<Vec<_>>();
        let hosts = if config.get_hosts().is_empty() { addresses.join(",") } else { self.hosts() };
        let ports: Vec<String> =
            config.get_ports().iter().filter(|port| **port != 5432).map(u16::to_string).collect();
        let port = if ports.is_empty() { String::new() } else { format!(":{}", ports.join(",")) };
        let database = config.get_dbname().or(config.get_user()).unwrap_or("postgres");
        write!(f, "PostgreSQL {hosts}{port}, database {database}, schema {}", self.schema)
    }
}

/// Like the text: without the password.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn what_is_shown_and_written_down_has_no_password() {
        let cases = [
            (
                "postgres://ann:s3cret@db.example/states?sslmode=verify-full",
                "PostgreSQL db.example, database states, schema isotope",
                "host=db.example port=5432 dbname=states user=ann sslmode=require",
            ),
            (
                "host=/tmp/x port=5433 user='an n' password='s3cret \\' x' sslmode=disable",
                "PostgreSQL /tmp/x:5433, database an n, schema isotope",
                "host=/tmp/x port=5433 user='an n' sslmode=disable",
            ),
            (
                "user=ann",
                "PostgreSQL /var/run/postgresql, database ann, schema isotope",
                "host=/var/run/postgresql user=ann sslmode=prefer",
            ),
        ];
        for (text, shown, written) in cases {
            let address = Address::new(text, "isotope").unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(address.without_password(), written);
            let again = Address::new(written, "isotope").unwrap();
            assert_eq!((again.to_string(), again.without_password()), (shown.to_owned(), written.to_owned()));
        }
    }

    #[test]
    fn the_password_comes_from_elsewhere_if_it_is_not_there() {
        let given = |text: &str| Address::new(text, "s").unwrap().or_password(Some("other")).password();
        assert_eq!(given("user=ann").as_deref(), Some("other"));
        assert_eq!(given("user=ann password=own").as_deref(), Some("own"));
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_being_repeated() {
        for (text, schema) in [
            ("", "s"),
            ("s3cret", "s"),
            ("user=ann pasword=s3cret", "s"),
            ("user=a", "1s"),
            ("user=a", "a b"),
        ] {
            let error = Address::new(text, schema).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
