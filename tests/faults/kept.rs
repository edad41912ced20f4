//! Where the state of a world is: in memory, or in a place of its own on a server.

use crate::gitlab::{PASSWORD, Web};
use crate::{moto, server};
use isotope::state::postgres::{Address, PostgresBackend};
use isotope::state::{
    Backend, Holder, HttpBackend, HttpSettings, MemoryStore, S3Backend, S3Settings, Stamp, Store,
};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

/// A state. Clones share it.
#[derive(Clone)]
pub enum Kept {
    Memory(MemoryStore),
    Elsewhere(Arc<dyn Backend>),
}

/// A server that keeps many states.
pub enum Place {
    Postgres(server::Server),
    S3(moto::Server),
    Http(Web),
}

impl Place {
    /// Where no state is yet.
    fn unused(&self) -> Arc<dyn Backend> {
        match self {
            Self::Postgres(server) => {
                let address = Address::new(&server.conn_str(), &server.schema()).expect("a sound address");
                Arc::new(PostgresBackend::new(address, None).expect("sound settings"))
            }
            Self::S3(server) => {
                let settings = S3Settings {
                    bucket: server.bucket(),
                    endpoint: Some(server.endpoint()),
                    access_key: Some("ann".into()),
                    secret_key: Some("s3cr3t".into()),
                    ..S3Settings::default()
                };
                Arc::new(S3Backend::new(&settings).expect("sound settings"))
            }
            Self::Http(web) => {
                let address = format!("http://{}{}", web.socket, web.path());
                let settings = HttpSettings {
                    lock_address: Some(address.clone()),
                    username: Some("ann".into()),
                    password: Some(PASSWORD.into()),
                    ..HttpSettings::new(address)
                };
                Arc::new(HttpBackend::new(settings).expect("sound settings"))
            }
        }
    }
}

/// Keeps the clock from jumping while something real is waited for.
pub struct Still(#[expect(dead_code, reason = "its end is what counts")] Sender<()>);

impl Kept {
    pub fn new(lineage: &str) -> Self {
        Self::Memory(MemoryStore::with_lineage(lineage))
    }

    /// As another process opens it.
    pub fn open(&self) -> Box<dyn Store> {
        match self {
            Self::Memory(store) => Box::new(store.clone()),
            Self::Elsewhere(backend) => backend.open("default"),
        }
    }

    pub fn fork(&self) -> Self {
        match self {
            Self::Memory(store) => Self::Memory(store.fork()),
            Self::Elsewhere(_) => panic!("a state on a server is not forked: fork it before"),
        }
    }

    /// The same on a server.
    pub async fn on(&self, place: &Place) -> Self {
        let there = Self::Elsewhere(place.unused());
        let _still = there.still();
        let here = self.open();
        let lineage = here.snapshot().await.expect("memory can be read").version.lineage;
        let mut store = there.open();
        store.begin_with(&lineage);
        let mut writer = store.lock(&holder(), Duration::ZERO).await.expect("nobody else is there");
        match here.image(None).await.expect("memory can be read") {
            Some(image) => drop(writer.replace(&image, &stamp()).await.expect("it takes any")),
            // The lineage is what the markers of what is to be made begin with.
            None => drop(
                writer
                    .commit(&[isotope::state::Event::Output("o".into(), None)], &stamp())
                    .await
                    .expect("it is written"),
            ),
        }
        there
    }

    /// To be held while the server is asked: the clock of these tests jumps whenever everybody waits, and does not see that a server works.
    pub fn still(&self) -> Option<Still> {
        let Self::Elsewhere(_) = self else { return None };
        let (sender, ended) = channel();
        tokio::task::spawn_blocking(move || ended.recv());
        Some(Still(sender))
    }
}

fn holder() -> Holder {
    let text = || "0".to_owned();
    Holder { id: text(), pid: 0, host: text(), user: text(), command: text(), since: 0 }
}

fn stamp() -> Stamp {
    Stamp { at: 0, who: "0".into(), command: "0".into(), pid: 0 }
}
