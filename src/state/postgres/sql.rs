//! The statements. Each stands for itself, so each is a transaction.

use sha2::{Digest, Sha256};

/// What makes the tables, in a schema that is there.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS {s}.states (
  workspace text PRIMARY KEY, lineage text, serial bigint NOT NULL DEFAULT 0, chain text, rows bigint NOT NULL DEFAULT 0,
  format integer NOT NULL DEFAULT {f}, created boolean NOT NULL DEFAULT false,
  fence bigint NOT NULL DEFAULT 0, holder text, expires timestamptz);
CREATE TABLE IF NOT EXISTS {s}.rows (
  workspace text NOT NULL, key text NOT NULL, line text NOT NULL, PRIMARY KEY (workspace, key));
CREATE TABLE IF NOT EXISTS {s}.commits (
  workspace text NOT NULL, serial bigint NOT NULL, stamp text NOT NULL, changes text NOT NULL,
  PRIMARY KEY (workspace, serial));
CREATE TABLE IF NOT EXISTS {s}.undo (
  workspace text NOT NULL, serial bigint NOT NULL, key text NOT NULL, line text, PRIMARY KEY (workspace, serial, key));
";

/// Only one makes the tables at a time. $1 schema.
pub(super) const MAKING: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended('isotope tables ' || $1::text, 0))";

/// What a session of ours needs to differ from the server's own: a server that stops waiting for clients that are gone, and commits
/// that are durable when they are acknowledged.
pub(super) const SETUP: &str = "
SELECT set_config(name, CASE name WHEN 'statement_timeout' THEN '60s' WHEN 'client_connection_check_interval' THEN '5s'
  ELSE 'on' END, false)
FROM pg_settings WHERE name IN ('statement_timeout', 'client_connection_check_interval')
  OR (name = 'synchronous_commit' AND setting = 'off')";

/// One statement, so one round trip and all or nothing. The parts see the tables as they were before it: `undone` reads the old rows.
/// $1 workspace, $2 fence, $3 serial before, $4 serial, $5 chain, $6 lineage, $7 keys and $8 lines written, $9 keys removed,
/// $10 stamp, $11 changes, $12 the last serial that leaves the history, $13 how many rows there are then, $14 seconds of the lease.
const COMMIT: &str = "
WITH own AS (
  UPDATE {s}.states SET serial = $4, chain = $5, lineage = $6, rows = $13, format = {f},
    expires = clock_timestamp() + $14 * interval '1 second'
  WHERE workspace = $1 AND fence = $2 AND serial = $3 RETURNING workspace
), undone AS (
  INSERT INTO {s}.undo (workspace, serial, key, line)
  SELECT own.workspace, $4, touched.key, old.line FROM own CROSS JOIN unnest($7::text[] || $9::text[]) AS touched (key)
  LEFT JOIN {s}.rows old ON old.workspace = $1 AND old.key = touched.key
), written AS (
  INSERT INTO {s}.rows (workspace, key, line)
  SELECT own.workspace, new.key, new.line FROM own CROSS JOIN unnest($7::text[], $8::text[]) AS new (key, line)
  ON CONFLICT (workspace, key) DO UPDATE SET line = EXCLUDED.line
), removed AS (
  DELETE FROM {s}.rows USING own WHERE rows.workspace = own.workspace AND rows.key = ANY ($9::text[])
), told AS (
  INSERT INTO {s}.commits (workspace, serial, stamp, changes) SELECT own.workspace, $4, $10, $11 FROM own
), forgotten AS (
  DELETE FROM {s}.commits USING own WHERE commits.workspace = own.workspace AND commits.serial <= $12
), lost AS (
  DELETE FROM {s}.undo USING own WHERE undo.workspace = own.workspace AND undo.serial <= $12
)
SELECT count(*) FROM own";

/// The key of the session's advisory lock for a fence of a workspace: free once that session has ended.
const KEY: &str = "hashtextextended('isotope {s} ' || $1::text || ' ' || {fence}, 1)";

/// Looks at the lock without touching it: a lock that is tried, even for a moment, would be in its holder's way.
const HELD: &str = "
SELECT fence, holder, coalesce(expires < clock_timestamp(), true), EXISTS (
  SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND ((classid::bigint << 32) | objid::bigint) = {key})
FROM {s}.states WHERE workspace = $1";

const REMOVE: &str = "
WITH own AS (DELETE FROM {s}.states WHERE workspace = $1 AND fence = $2 RETURNING workspace),
r AS (DELETE FROM {s}.rows USING own WHERE rows.workspace = own.workspace),
c AS (DELETE FROM {s}.commits USING own WHERE commits.workspace = own.workspace),
u AS (DELETE FROM {s}.undo USING own WHERE undo.workspace = own.workspace)
SELECT count(*) FROM own";

const TAKE: &str = "
INSERT INTO {s}.states (workspace, fence, holder, expires)
VALUES ($1, $2::bigint + 1, $3, clock_timestamp() + $4 * interval '1 second')
ON CONFLICT (workspace) DO UPDATE SET fence = $2::bigint + 1, holder = EXCLUDED.holder, expires = EXCLUDED.expires
WHERE states.fence = $2 RETURNING fence";

pub(super) struct Sql {
    pub schema: String,
    pub has_schema: String,
    pub make_schema: String,
    pub tables: String,
    pub has_tables: String,
    pub workspaces: String,
    pub create: String,
    pub head: String,
    pub key: String,
    pub rows: String,
    pub undo: String,
    pub history: String,
    pub entry: String,
    pub held: String,
    pub sign: String,
    pub unsign: String,
    pub take: String,
    pub renew: String,
    pub release: String,
    pub break_lock: String,
    pub remove: String,
    pub recount: String,
    pub commit: String,
}

impl Sql {
    pub fn new(schema: &str) -> Self {
        let format = super::super::format::FORMAT.to_string();
        let fill = |text: &str| text.replace("{s}", &format!("\"{schema}\"")).replace("{f}", &format);
        let key = |fence: &str| KEY.replace("{s}", schema).replace("{fence}", fence);
        Self {
            schema: schema.to_owned(),
            has_schema: fill("SELECT to_regnamespace('{s}') IS NOT NULL"),
            make_schema: fill("CREATE SCHEMA IF NOT EXISTS {s}"),
            tables: fill(TABLES),
            has_tables: fill("SELECT to_regclass('{s}.undo') IS NOT NULL"),
            workspaces: fill(
                "SELECT workspace FROM {s}.states WHERE created OR serial > 0 ORDER BY workspace COLLATE \"C\"",
            ),
            create: fill(
                "INSERT INTO {s}.states (workspace, created) VALUES ($1, true) ON CONFLICT (workspace) DO UPDATE SET created = true",
            ),
            head: fill("SELECT lineage, serial, chain, format, rows FROM {s}.states WHERE workspace = $1"),
            key: fill(
                "SELECT lineage, serial, format, line FROM {s}.states LEFT JOIN {s}.rows ON rows.workspace = states.workspace AND key = 'key' WHERE states.workspace = $1",
            ),
            rows: fill("SELECT key, line FROM {s}.rows WHERE workspace = $1"),
            // The oldest of several undone values of a row is the one that counts.
            undo: fill(
                "SELECT DISTINCT ON (key) key, line FROM {s}.undo WHERE workspace = $1 AND serial > $2 ORDER BY key, serial",
            ),
            history: fill(
                "SELECT serial, stamp, changes FROM {s}.commits WHERE workspace = $1 ORDER BY serial",
            ),
            entry: fill(
                "SELECT serial, stamp, changes FROM {s}.commits WHERE workspace = $1 AND serial = $2",
            ),
            held: fill(&HELD.replace("{key}", &key("fence"))),
            sign: format!("SELECT pg_try_advisory_lock({})", key("$2::bigint")),
            unsign: format!("SELECT pg_advisory_unlock({})", key("$2::bigint")),
            // $2 the fence that was seen, $3 holder, $4 seconds.
            take: fill(TAKE),
            renew: fill(
                "UPDATE {s}.states SET expires = clock_timestamp() + $3 * interval '1 second' WHERE workspace = $1 AND fence = $2 RETURNING fence",
            ),
            // $3 what waiters listen to.
            release: fill(
                "WITH own AS (UPDATE {s}.states SET holder = NULL, expires = NULL WHERE workspace = $1 AND fence = $2 RETURNING fence) SELECT pg_notify($3, '') FROM own",
            ),
            break_lock: fill(
                "UPDATE {s}.states SET fence = fence + 1, holder = NULL, expires = NULL WHERE workspace = $1 AND fence = $2 RETURNING fence",
            ),
            remove: fill(REMOVE),
            recount: fill(
                "UPDATE {s}.states SET rows = $3 WHERE workspace = $1 AND fence = $2 RETURNING fence",
            ),
            commit: fill(COMMIT),
        }
    }

    /// What those who wait for the lock of a workspace listen to. A hash, since a name may be longer than a channel's.
    pub fn channel(&self, workspace: &str) -> String {
        let hash = Sha256::digest(format!("{} {workspace}", self.schema));
        let hex: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        format!("isotope_{hex}")
    }
}
