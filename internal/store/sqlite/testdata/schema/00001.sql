-- Schema version 1 with two rows in each table.
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
CREATE TABLE sessions (
    id            TEXT    NOT NULL PRIMARY KEY,
    channel       TEXT    NOT NULL,
    started_at    INTEGER NOT NULL,
    checkpoint_at INTEGER NOT NULL,
    ended_at      INTEGER,          -- NULL while the session runs
    counts        TEXT,             -- JSON, once the session ended
    mood          REAL              -- NULL without messages
) STRICT;
CREATE TABLE parts (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    data       BLOB NOT NULL,
    PRIMARY KEY (session_id, name)
) STRICT;
CREATE TABLE reports (
    session_id TEXT NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    report     BLOB NOT NULL         -- JSON, compressed with zstd
) STRICT;
CREATE INDEX sessions_running ON sessions (started_at, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_ended ON sessions (ended_at DESC, id DESC) WHERE ended_at IS NOT NULL;
CREATE INDEX sessions_channel ON sessions (channel, ended_at DESC, id DESC) WHERE ended_at IS NOT NULL;
INSERT INTO goose_db_version (id, version_id, is_applied, tstamp) VALUES (1, 0, 1, '2026-01-01 00:00:00');
INSERT INTO goose_db_version (id, version_id, is_applied, tstamp) VALUES (2, 1, 1, '2026-01-01 00:00:00');
INSERT INTO sessions (id, channel, started_at, checkpoint_at, ended_at, counts, mood) VALUES ('000000000000000000000001', 'alpha', 1767225600000001, 1767225600000001, 1767225600000001, '{}', 0.25);
INSERT INTO sessions (id, channel, started_at, checkpoint_at, ended_at, counts, mood) VALUES ('000000000000000000000002', 'beta', 1767225600000002, 1767225600000002, 1767225600000002, '{}', 0.25);
INSERT INTO parts (session_id, name, data) VALUES ('000000000000000000000001', 'name 1', x'01');
INSERT INTO parts (session_id, name, data) VALUES ('000000000000000000000002', 'name 2', x'02');
INSERT INTO reports (session_id, report) VALUES ('000000000000000000000001', x'01');
INSERT INTO reports (session_id, report) VALUES ('000000000000000000000002', x'02');
