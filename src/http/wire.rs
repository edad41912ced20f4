//! The library's clients: TLS with ring, no redirects, proxies from the environment except to this machine.

use std::fs;
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Certificate, Identity, Url, redirect, retry};

use super::options::{ClientOptions, OptionsError};

/// A client for each way out, made when first used.
pub(super) struct Wire {
    options: ClientOptions,
    certificates: Vec<Certificate>,
    identity: Option<Identity>,
    clients: [OnceLock<Result<reqwest::Client, String>>; 3],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Outward,
    /// To this machine: without proxies, none of which could reach it.
    Local,
    /// To this machine without TLS, as the emulator is reached: the system's certificates are not even read, which
    /// would take longer than the command.
    LocalPlain,
}

impl Wire {
    /// Checks the options; opens no connection.
    pub(super) fn new(options: &ClientOptions) -> Result<Self, OptionsError> {
        if HeaderValue::from_str(&options.user_agent).is_err() {
            return Err(OptionsError::UserAgent(options.user_agent.escape_debug().to_string()));
        }
        Ok(Self {
            certificates: certificates(options)?,
            identity: identity(options)?,
            options: options.clone(),
            clients: Default::default(),
        })
    }

    /// The client for an address, or why there is none.
    pub(super) fn client(&self, url: &Url) -> Result<&reqwest::Client, String> {
        let way = Way::to(url);
        let made =
            self.clients[way as usize].get_or_init(|| self.build(way).map_err(|error| deepest(&error)));
        made.as_ref().map_err(Clone::clone)
    }

    fn build(&self, way: Way) -> reqwest::Result<reqwest::Client> {
        ready_tls();
        let builder = reqwest::Client::builder()
            .user_agent(&self.options.user_agent)
            .connect_timeout(self.options.connect_timeout)
            // Servers close idle connections, some after five seconds; a request that meets the closing is lost,
            // and a lost create has to be looked for.
            .pool_idle_timeout(Duration::from_secs(4))
            .redirect(redirect::Policy::none())
            // One attempt is one request: repeats are decided in `judge` alone.
            .retry(retry::never())
            .tls_danger_accept_invalid_certs(self.options.believe_any_certificate);
        let builder = match &self.identity {
            Some(identity) => builder.identity(identity.clone()),
            None => builder,
        };
        match way {
            Way::Outward => builder.tls_certs_merge(self.certificates.clone()),
            Way::Local => builder.tls_certs_merge(self.certificates.clone()).no_proxy(),
            Way::LocalPlain => builder.tls_certs_only([]).no_proxy(),
        }
        .build()
    }
}

/// Gives the process its cryptography, for every client that speaks TLS.
pub fn ready_tls() {
    // The first to come wins, and any later one is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Way {
    fn to(url: &Url) -> Self {
        match (is_loopback(url), url.scheme()) {
            (false, _) => Self::Outward,
            (true, "http") => Self::LocalPlain,
            (true, _) => Self::Local,
        }
    }
}

fn certificates(options: &ClientOptions) -> Result<Vec<Certificate>, OptionsError> {
    let Some(path) = &options.ca_file else { return Ok(Vec::new()) };
    let unusable = |why| OptionsError::CaFile { path: path.clone(), why };
    let pem = fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(deepest(&error)))?;
    if certificates.is_empty() {
        return Err(unusable("there is no certificate in it (PEM is expected)".to_owned()));
    }
    Ok(certificates)
}

/// The client's own certificate with its key.
fn identity(options: &ClientOptions) -> Result<Option<Identity>, OptionsError> {
    let Some((path, key)) = &options.certificate else { return Ok(None) };
    let unusable = |why| OptionsError::Certificate { path: path.clone(), why };
    let mut pem = fs::read(path).map_err(|error| unusable(error.to_string()))?;
    if let Some(key) = key {
        let told = |error| unusable(format!("its key in `{}` could not be read: {error}", key.display()));
        pem.push(b'\n');
        pem.extend(fs::read(key).map_err(told)?);
    }
    Identity::from_pem(&pem).map(Some).map_err(|error| unusable(deepest(&error)))
}

/// Whether the address is this machine's own.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let named = host == "localhost" || host.ends_with(".localhost");
    named || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// The text of an error's innermost cause: the outer ones only say that there was one.
pub(super) fn deepest(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn this_machine_is_known_by_all_its_names() {
        let cases = [
            ("http://localhost:8080/", true),
            ("http://api.localhost/", true),
            ("http://127.0.0.1/", true),
            ("http://127.1.2.3:1/", true),
            ("https://[::1]:8080/", true),
            ("http://localhost.example.com/", false),
            ("http://10.0.0.1/", false),
            ("https://[::2]/", false),
        ];
        for (url, expected) in cases {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn what_is_wrong_with_the_certificates_is_said() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let check = |path: &std::path::Path, expected: &str| {
            let options = ClientOptions { ca_file: Some(path.to_owned()), ..ClientOptions::default() };
            let error = Wire::new(&options).err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(std::path::Path::new("/nonexistent.pem"), "`/nonexistent.pem` could not be read: No such file");
        check(file.path(), "there is no certificate in it");
        file.write_all(b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n").unwrap();
        check(file.path(), "could not be read");
    }
}
