-- +goose Up

-- What users saved. Times are Unix microseconds, UTC; NULL where there is none.
CREATE TABLE history (
    id          TEXT    NOT NULL PRIMARY KEY,
    user_id     TEXT    NOT NULL,  -- nobody looks whether there is such a user: an older system left entries behind
    status      TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    channel     TEXT    NOT NULL,
    channel_key TEXT    NOT NULL,  -- folded: for sorting
    name        TEXT    NOT NULL,
    name_key    TEXT    NOT NULL,
    tags        TEXT    NOT NULL,  -- JSON array of texts
    text_key    TEXT    NOT NULL,  -- channel, name, note and tags, folded: for searching
    total       INTEGER NOT NULL,
    positive    INTEGER NOT NULL,
    neutral     INTEGER NOT NULL,
    negative    INTEGER NOT NULL,
    seconds     INTEGER NOT NULL,
    mood        REAL,              -- NULL: not known
    origin      TEXT    NOT NULL,
    session_id  TEXT    NOT NULL,  -- empty: none
    started_at  INTEGER,
    ended_at    INTEGER,
    summary_by  TEXT    NOT NULL,
    top         TEXT    NOT NULL,  -- JSON: who wrote most, by label
    summary     TEXT    NOT NULL,
    note        TEXT    NOT NULL,
    client      TEXT,              -- JSON, as this and the next two; last: lists do without their pages
    time_series TEXT,
    extra       TEXT
) STRICT;

CREATE INDEX history_created ON history (user_id, status, created_at, id);
CREATE INDEX history_channel ON history (user_id, status, channel_key, id);
CREATE INDEX history_name ON history (user_id, status, name_key, id);
CREATE INDEX history_seconds ON history (user_id, status, seconds, id);
CREATE INDEX history_messages ON history (user_id, status, total, id);
CREATE INDEX history_mood ON history (user_id, status, mood, id);
CREATE INDEX history_session ON history (user_id, session_id, created_at DESC, id DESC) WHERE status = 'active' AND session_id <> '';
CREATE INDEX history_tags ON history (user_id, tags) WHERE status = 'active' AND tags <> '[]';
CREATE INDEX history_totals ON history (total) WHERE status = 'active';

-- A table of its own, so that listing entries does not read it.
CREATE TABLE history_reports (
    entry_id TEXT NOT NULL PRIMARY KEY REFERENCES history (id) ON DELETE CASCADE,
    report   BLOB NOT NULL         -- JSON, compressed with zstd
) STRICT;

CREATE TABLE shares (
    id         TEXT    NOT NULL PRIMARY KEY,
    entry_id   TEXT    NOT NULL REFERENCES history (id) ON DELETE CASCADE,
    user_id    TEXT    NOT NULL,
    hash       BLOB    NOT NULL UNIQUE,
    chatters   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    views      INTEGER NOT NULL,
    viewed_at  INTEGER
) STRICT;

CREATE INDEX shares_entry ON shares (entry_id, created_at DESC, id DESC);
CREATE INDEX shares_expiry ON shares (expires_at);

-- Who wants which channel analysed.
CREATE TABLE holds (
    channel TEXT    NOT NULL,
    user_id TEXT    NOT NULL,
    since   INTEGER NOT NULL,
    PRIMARY KEY (channel, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX holds_user ON holds (user_id, since, channel);

-- +goose Down
DROP TABLE holds;
DROP TABLE shares;
DROP TABLE history_reports;
DROP TABLE history;
