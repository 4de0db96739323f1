-- +goose Up

-- Times are Unix microseconds, UTC.
CREATE TABLE sessions (
    id            TEXT    NOT NULL PRIMARY KEY,
    channel       TEXT    NOT NULL,
    started_at    INTEGER NOT NULL,
    checkpoint_at INTEGER NOT NULL,
    ended_at      INTEGER,          -- NULL while the session runs
    counts        TEXT,             -- JSON, once the session ended
    mood          REAL              -- NULL without messages
) STRICT;

CREATE INDEX sessions_running ON sessions (started_at, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_ended ON sessions (ended_at DESC, id DESC) WHERE ended_at IS NOT NULL;
CREATE INDEX sessions_channel ON sessions (channel, ended_at DESC, id DESC) WHERE ended_at IS NOT NULL;

-- The state of running sessions, in pieces: only those that changed are written.
CREATE TABLE parts (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    data       BLOB NOT NULL,
    PRIMARY KEY (session_id, name)
) STRICT;

-- What is kept of finished sessions. A table of its own, so that listing
-- sessions does not read it.
CREATE TABLE reports (
    session_id TEXT NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    report     BLOB NOT NULL         -- JSON, compressed with zstd
) STRICT;

-- +goose Down
DROP TABLE reports;
DROP TABLE parts;
DROP TABLE sessions;
