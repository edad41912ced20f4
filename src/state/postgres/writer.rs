//! The writer of a state: events and images become commits.

use super::lease::{Commit, Lease};
use super::store::{SharedSealer, sealer_of};
use crate::state::history::Change;
use crate::state::hold::Hold;
use crate::state::ledger::{Chain, Group, Ledger};
use crate::state::rows::Rows;
use crate::state::{Event, Image, Stamp, State, StateVersion, StoreError, Writer, background};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) struct PostgresWriter {
    pub lease: Lease,
    pub ledger: Ledger,
    /// Of all rows that are stored.
    pub keys: BTreeSet<String>,
    pub history: usize,
    pub sealer: SharedSealer,
}

impl PostgresWriter {
    async fn write(&mut self, group: &Group, stamp: &Stamp, changes: &[Change]) -> Result<(), StoreError> {
        let commit = self.commit_of(group, stamp, changes)?;
        let shared = self.lease.shared.clone();
        background::run(async move { shared.commit(&commit).await }).await?;
        for (key, line) in &group.rows {
            match line {
                Some(_) => drop(self.keys.insert(key.clone())),
                None => drop(self.keys.remove(key)),
            }
        }
        Ok(())
    }

    fn commit_of(&self, group: &Group, stamp: &Stamp, changes: &[Change]) -> Result<Commit, StoreError> {
        let text = |text: serde_json::Result<String>| {
            text.map_err(|error| StoreError::Refused { problem: error.to_string() })
        };
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let written = group.rows.iter().filter_map(|(key, line)| Some((key.clone(), line.clone()?)));
        let removed = group.rows.iter().filter(|(_, line)| line.is_none()).map(|(key, _)| key.clone());
        let written: (Vec<String>, Vec<String>) = written.unzip();
        let removed: Vec<String> = removed.collect();
        let made = written.0.iter().filter(|key| !self.keys.contains(*key)).count();
        let gone = removed.iter().filter(|key| self.keys.contains(*key)).count();
        let version = &self.ledger.state.version;
        let serial = number(group.serial);
        Ok(Commit {
            before: number(version.serial),
            serial,
            chain: group.chain.as_str().to_owned(),
            lineage: version.lineage.to_string(),
            written,
            removed,
            stamp: text(serde_json::to_string(stamp))?,
            changes: text(serde_json::to_string(changes))?,
            forgotten: serial.saturating_sub(number(self.history as u64)),
            rows: number((self.keys.len() + made - gone) as u64),
        })
    }
}

#[async_trait::async_trait]
impl Writer for PostgresWriter {
    fn state(&self) -> &State {
        &self.ledger.state
    }

    async fn commit(&mut self, events: &[Event], stamp: &Stamp) -> Result<u64, StoreError> {
        if !events.is_empty() {
            let prepared = self.ledger.prepare(events, stamp, sealer_of(&self.sealer).as_deref())?;
            let changes: Vec<Change> = events.iter().map(Change::of).collect();
            self.write(&prepared.group, stamp, &changes).await?;
            self.ledger.accept(prepared, events, stamp);
        }
        Ok(self.ledger.state.version.serial)
    }

    async fn replace(&mut self, image: &Image, stamp: &Stamp) -> Result<u64, StoreError> {
        let sealer = sealer_of(&self.sealer);
        if self.ledger.state.version.serial == 0 {
            let version = StateVersion { lineage: image.version.lineage.clone(), serial: 0 };
            let chain = Chain::start(&version.lineage);
            self.ledger = Ledger::new(Rows::new(), version, chain, None)
                .map_err(|found| StoreError::Refused { problem: format!("it has format {found}") })?;
        }
        let now = self.rows().await?;
        if let Some((group, ledger)) = self.ledger.replace(&now, image, stamp, sealer.as_deref())? {
            let changes: Vec<Change> =
                group.rows.iter().map(|(key, line)| Change::of_row(key, line.is_some())).collect();
            self.write(&group, stamp, &changes).await?;
            self.ledger = ledger;
        }
        Ok(self.ledger.state.version.serial)
    }

    fn image(&self) -> Result<Image, StoreError> {
        self.ledger.image(sealer_of(&self.sealer).as_deref())
    }

    fn hold(&self) -> Option<Arc<dyn Hold>> {
        Some(Arc::new(self.lease.shared.clone()))
    }
}

impl PostgresWriter {
    /// The rows as they are stored now, those that are damaged too.
    async fn rows(&self) -> Result<Rows, StoreError> {
        let shared = self.lease.shared.clone();
        background::run(async move { shared.rows().await }).await
    }
}
