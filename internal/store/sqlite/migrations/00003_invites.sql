-- +goose Up

-- An older system let addresses in that differ only in case. Such a user's
-- email_key has a line break and the id behind it.
CREATE UNIQUE INDEX users_spelling ON users (email);

-- Times are Unix microseconds, UTC.
CREATE TABLE invites (
    id         TEXT    NOT NULL PRIMARY KEY,
    hash       BLOB    NOT NULL UNIQUE,
    email      TEXT    NOT NULL,  -- empty: any
    role       TEXT    NOT NULL,
    uses       INTEGER NOT NULL,
    used       INTEGER NOT NULL,
    created_by TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX invites_created ON invites (created_at DESC, id DESC);
CREATE INDEX invites_expiry ON invites (expires_at);

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- What was done on each day.
CREATE TABLE usage (
    day             TEXT    NOT NULL PRIMARY KEY,  -- in UTC, as 2006-01-02
    sign_ins        INTEGER NOT NULL,
    failed_sign_ins INTEGER NOT NULL,
    registrations   INTEGER NOT NULL,
    started         INTEGER NOT NULL,
    saved           INTEGER NOT NULL,
    messages        INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE usage;
DROP TABLE settings;
DROP TABLE invites;
DROP INDEX users_spelling;
