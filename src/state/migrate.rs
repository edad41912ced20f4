//! From one backend to another: every workspace is copied row by row, read back and compared. The source stays as it is.

use super::{Backend, Holder, Image, Stamp, StoreError};
use crate::addr::Name;
use std::time::Duration;

/// A workspace that was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    pub workspace: Name,
    /// `None` if it has no state yet.
    pub serial: Option<u64>,
    pub rows: usize,
}

/// Why states could not be copied. What was copied before stays, and running it again goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is a state in the new place that is not an older one of this history.
    #[error("the workspace {workspace} has another state there already (lineage {lineage}, serial {serial})")]
    Taken { workspace: Name, lineage: String, serial: u64 },
    /// Some of it cannot be read, and would be lost unnoticed.
    #[error("the workspace {workspace} is damaged: {what}")]
    Damaged { workspace: Name, what: String },
    /// What was read back is not what was written.
    #[error("the copy of the workspace {workspace} differs from the original in {}", rows.join(", "))]
    Differs { workspace: Name, rows: Vec<String> },
}

/// Copies all states. Each is locked in both places meanwhile.
pub async fn migrate(
    from: &dyn Backend,
    to: &dyn Backend,
    holder: &Holder,
    stamp: &Stamp,
) -> Result<Vec<Migrated>, MigrateError> {
    let mut done = Vec::new();
    for workspace in from.workspaces().await? {
        done.push(one(&workspace, from, to, holder, stamp).await?);
    }
    Ok(done)
}

async fn one(
    workspace: &Name,
    from: &dyn Backend,
    to: &dyn Backend,
    holder: &Holder,
    stamp: &Stamp,
) -> Result<Migrated, MigrateError> {
    let source = from.open(workspace);
    let _unchanging = source.lock(holder, Duration::ZERO).await?;
    let Some(image) = source.image(None).await? else {
        to.create(workspace).await?;
        return Ok(Migrated { workspace: workspace.clone(), serial: None, rows: 0 });
    };
    check(workspace, &image)?;
    let target = to.open(workspace);
    let mut writer = target.lock(holder, Duration::ZERO).await?;
    let there = writer.state().version.clone();
    let older = there.lineage == image.version.lineage && there.serial <= image.version.serial;
    let unwritten = there.serial == 0;
    if !unwritten && !older {
        let (lineage, serial) = (there.lineage.to_string(), there.serial);
        return Err(MigrateError::Taken { workspace: workspace.clone(), lineage, serial });
    }
    if there.serial == image.version.serial {
        // Copied before; two histories that parted are told by their rows.
        compare(workspace, target.image(None).await?.as_ref(), &image)?;
    }
    let serial = writer.replace(&image, stamp).await?;
    drop(writer);
    compare(workspace, target.image(None).await?.as_ref(), &image)?;
    Ok(Migrated { workspace: workspace.clone(), serial: Some(serial), rows: image.len() })
}

fn check(workspace: &Name, image: &Image) -> Result<(), MigrateError> {
    let damaged = image.open(None)?.damaged;
    match damaged.iter().next() {
        None => Ok(()),
        Some((what, problem)) => {
            Err(MigrateError::Damaged { workspace: workspace.clone(), what: format!("{what}: {problem}") })
        }
    }
}

fn compare(workspace: &Name, copy: Option<&Image>, image: &Image) -> Result<(), MigrateError> {
    let same_version = copy.is_some_and(|copy| copy.version == image.version);
    let mut rows = copy.map_or_else(Vec::new, |copy| copy.differences(image));
    if !same_version && rows.is_empty() {
        rows.push("its lineage or serial".to_owned());
    }
    if rows.is_empty() { Ok(()) } else { Err(MigrateError::Differs { workspace: workspace.clone(), rows }) }
}
