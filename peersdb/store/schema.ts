/** The version of the tables, kept in `user_version`. */
export const schemaVersion = 1

/** Kept in `application_id`, so that another program's database is told from a peer's: "PeDB". */
export const applicationId = 0x50654442

/**
 * All tables of a peer. `blocks` has row ids because SQLite advises against WITHOUT ROWID for large rows, and its
 * bytes come last so that reading the other columns never touches the pages that a block flows over to.
 */
export const schema = `
  CREATE TABLE datastore (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE json_values (namespace TEXT, key TEXT, json TEXT NOT NULL, PRIMARY KEY (namespace, key)) STRICT, WITHOUT ROWID;

  CREATE TABLE blocks (
    id INTEGER PRIMARY KEY,
    multihash BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    structure INTEGER NOT NULL, -- 1: part of the log, never collected as garbage
    bytes BLOB -- NULL: in a file of its own
  ) STRICT;
  CREATE INDEX blocks_large ON blocks (size) WHERE bytes IS NULL;
  -- The blocks whose files are being written or removed; after a crash those files are removed.
  CREATE TABLE large_pending (multihash BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;

  CREATE TABLE files (
    multihash BLOB PRIMARY KEY,
    cid TEXT NOT NULL,
    state INTEGER NOT NULL, -- 0 wanted, 1 held
    pinned INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX files_held ON files (state) WHERE state = 1;
  CREATE INDEX files_wanted ON files (pinned) WHERE state = 0 AND pinned = 1;
  CREATE INDEX files_unpinned ON files (pinned) WHERE pinned = 0;
  -- The blocks of a file other than its root.
  CREATE TABLE file_blocks (block BLOB, file BLOB, PRIMARY KEY (block, file)) STRICT, WITHOUT ROWID;
  CREATE INDEX file_blocks_file ON file_blocks (file);

  CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE, -- the SHA-256 digest of the log entry
    kind INTEGER NOT NULL, -- 0 contribution, 1 foreign: an entry that this version does not understand
    clock INTEGER NOT NULL,
    joined INTEGER NOT NULL,
    multihash BLOB, -- of the file
    cid TEXT, name TEXT, size INTEGER, media_type TEXT, contributor TEXT,
    created_ms INTEGER, created_at TEXT, attributes TEXT, schema INTEGER
  ) STRICT;
  CREATE INDEX entries_foreign ON entries (kind) WHERE kind = 1;
  CREATE INDEX entries_multihash ON entries (multihash) WHERE kind = 0;
  CREATE INDEX entries_name ON entries (name) WHERE kind = 0;
  CREATE INDEX entries_size ON entries (size) WHERE kind = 0;
  CREATE INDEX entries_media_type ON entries (media_type) WHERE kind = 0;
  CREATE INDEX entries_contributor ON entries (contributor) WHERE kind = 0;
  CREATE INDEX entries_created ON entries (created_ms) WHERE kind = 0;

  CREATE TABLE attributes (
    entry_id INTEGER, key TEXT,
    value TEXT NOT NULL,
    number REAL, -- the value, where it is a decimal number
    PRIMARY KEY (entry_id, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX attributes_value ON attributes (key, value, entry_id);
  CREATE INDEX attributes_number ON attributes (key, number, entry_id) WHERE number IS NOT NULL;

  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`
