-- Schema version 6 with two rows in each table.
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
, fence INTEGER NOT NULL DEFAULT 0) STRICT;
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
CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY,
    email         TEXT    NOT NULL,
    email_key     TEXT    NOT NULL,  -- folded: what makes an address unique
    first_name    TEXT    NOT NULL,
    last_name     TEXT    NOT NULL,
    name_key      TEXT    NOT NULL,  -- "first last", folded: for searching and sorting
    password_hash TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    status        TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    unverified    INTEGER NOT NULL,
    revoked_at    INTEGER,
    version       INTEGER NOT NULL,
    details       TEXT    NOT NULL,  -- JSON: what no query looks at
    profile_image TEXT    NOT NULL   -- last: the others are read without its pages
) STRICT;
CREATE TABLE login_sessions (
    id         TEXT    NOT NULL PRIMARY KEY,
    user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret     BLOB    NOT NULL,
    generation INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    address    TEXT    NOT NULL,
    user_agent TEXT    NOT NULL
) STRICT;
CREATE TABLE codes (
    user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose    TEXT    NOT NULL,
    hash       BLOB    NOT NULL,
    target     TEXT    NOT NULL,
    tries      INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, purpose)
) STRICT;
CREATE TABLE logs (
    rowid      INTEGER NOT NULL PRIMARY KEY, -- what logs_text refers to
    id         TEXT    NOT NULL UNIQUE,
    user_id    TEXT    NOT NULL,  -- empty: nobody, or deleted
    user_name  TEXT    NOT NULL,
    activity   TEXT    NOT NULL,
    details    TEXT    NOT NULL,
    text_key   TEXT    NOT NULL,  -- name, activity and details, folded: for searching
    created_at INTEGER NOT NULL
) STRICT;
CREATE VIRTUAL TABLE logs_text USING fts5 (
    text_key, content = 'logs', content_rowid = 'rowid', tokenize = 'trigram', detail = 'full', columnsize = 0
);
CREATE TABLE outbox (
    id         TEXT    NOT NULL PRIMARY KEY,
    kind       TEXT    NOT NULL,
    message    BLOB    NOT NULL,  -- sealed
    created_at INTEGER NOT NULL,
    expires_at INTEGER,           -- NULL: never
    next_at    INTEGER,           -- when it is tried next; NULL: it is dead
    dead_at    INTEGER,           -- NULL while it waits
    attempts   INTEGER NOT NULL,
    error      TEXT    NOT NULL   -- of the last attempt
) STRICT;
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
CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;
CREATE TABLE usage (
    day             TEXT    NOT NULL PRIMARY KEY,  -- in UTC, as 2006-01-02
    sign_ins        INTEGER NOT NULL,
    failed_sign_ins INTEGER NOT NULL,
    registrations   INTEGER NOT NULL,
    started         INTEGER NOT NULL,
    saved           INTEGER NOT NULL,
    messages        INTEGER NOT NULL
) STRICT;
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
CREATE TABLE holds (
    channel TEXT    NOT NULL,
    user_id TEXT    NOT NULL,
    since   INTEGER NOT NULL,
    PRIMARY KEY (channel, user_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE learned (
    channel TEXT    NOT NULL PRIMARY KEY,
    fence   INTEGER NOT NULL,  -- of the owner that writes it
    at      INTEGER NOT NULL,
    state   BLOB    NOT NULL   -- JSON; empty: nothing yet
) STRICT;
CREATE TABLE corrections (
    id      TEXT    NOT NULL PRIMARY KEY,
    user_id TEXT    NOT NULL,
    channel TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    hash    TEXT    NOT NULL,
    label   TEXT    NOT NULL,
    value   REAL    NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_running ON sessions (started_at, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_ended ON sessions (ended_at DESC, id DESC) WHERE ended_at IS NOT NULL;
CREATE INDEX sessions_channel ON sessions (channel, ended_at DESC, id DESC) WHERE ended_at IS NOT NULL;
CREATE UNIQUE INDEX users_email ON users (email_key);
CREATE INDEX users_name ON users (name_key, id);
CREATE INDEX users_created ON users (created_at, id);
CREATE INDEX users_role ON users (role, id);
CREATE INDEX users_status ON users (status, id);
CREATE INDEX users_admins ON users (id) WHERE role = 'admin' AND status = 'active';
CREATE INDEX login_sessions_user ON login_sessions (user_id, created_at DESC, id DESC);
CREATE INDEX login_sessions_expiry ON login_sessions (expires_at);
CREATE INDEX codes_expiry ON codes (expires_at);
CREATE INDEX logs_created ON logs (created_at, id);
CREATE INDEX logs_user_name ON logs (user_name, id);
CREATE INDEX logs_activity ON logs (activity, id);
CREATE INDEX logs_user ON logs (user_id, created_at, id);
CREATE INDEX outbox_next ON outbox (next_at, id) WHERE dead_at IS NULL;
CREATE INDEX outbox_dead ON outbox (dead_at DESC, id DESC) WHERE dead_at IS NOT NULL;
CREATE UNIQUE INDEX users_spelling ON users (email);
CREATE INDEX invites_created ON invites (created_at DESC, id DESC);
CREATE INDEX invites_expiry ON invites (expires_at);
CREATE INDEX history_created ON history (user_id, status, created_at, id);
CREATE INDEX history_channel ON history (user_id, status, channel_key, id);
CREATE INDEX history_name ON history (user_id, status, name_key, id);
CREATE INDEX history_seconds ON history (user_id, status, seconds, id);
CREATE INDEX history_messages ON history (user_id, status, total, id);
CREATE INDEX history_mood ON history (user_id, status, mood, id);
CREATE INDEX history_session ON history (user_id, session_id, created_at DESC, id DESC) WHERE status = 'active' AND session_id <> '';
CREATE INDEX history_tags ON history (user_id, tags) WHERE status = 'active' AND tags <> '[]';
CREATE INDEX history_totals ON history (total) WHERE status = 'active';
CREATE INDEX shares_entry ON shares (entry_id, created_at DESC, id DESC);
CREATE INDEX shares_expiry ON shares (expires_at);
CREATE INDEX holds_user ON holds (user_id, since, channel);
CREATE INDEX corrections_user ON corrections (user_id, at, id);
CREATE INDEX corrections_channel ON corrections (channel, at, id);
CREATE INDEX corrections_at ON corrections (at, id);
CREATE TRIGGER logs_added AFTER INSERT ON logs BEGIN
    INSERT INTO logs_text (rowid, text_key) VALUES (new.rowid, new.text_key);
END;
CREATE TRIGGER logs_removed AFTER DELETE ON logs BEGIN
    INSERT INTO logs_text (logs_text, rowid, text_key) VALUES ('delete', old.rowid, old.text_key);
END;
CREATE TRIGGER logs_changed AFTER UPDATE OF text_key ON logs BEGIN
    INSERT INTO logs_text (logs_text, rowid, text_key) VALUES ('delete', old.rowid, old.text_key);
    INSERT INTO logs_text (rowid, text_key) VALUES (new.rowid, new.text_key);
END;
INSERT INTO goose_db_version (id, version_id, is_applied, tstamp) VALUES (1, 0, 1, '2026-01-01 00:00:00');
INSERT INTO goose_db_version (id, version_id, is_applied, tstamp) VALUES (2, 1, 1, '2026-01-01 00:00:00');
INSERT INTO goose_db_version (id, version_id, is_applied, tstamp) VALUES (3, 2, 1, '2026-01-01 00:00:00');
INSERT INTO goose_db_version (id, version_id, is_applied, tstamp) VALUES (4, 3, 1, '2026-01-01 00:00:00');
INSERT INTO goose_db_version (id, version_id, is_applied, tstamp) VALUES (5, 4, 1, '2026-01-01 00:00:00');
INSERT INTO goose_db_version (id, version_id, is_applied, tstamp) VALUES (6, 5, 1, '2026-01-01 00:00:00');
INSERT INTO goose_db_version (id, version_id, is_applied, tstamp) VALUES (7, 6, 1, '2026-01-01 00:00:00');
INSERT INTO sessions (id, channel, started_at, checkpoint_at, ended_at, counts, mood, fence) VALUES ('000000000000000000000001', 'alpha', 1767225600000001, 1767225600000001, 1767225600000001, '{}', 0.25, 1767225600000001);
INSERT INTO sessions (id, channel, started_at, checkpoint_at, ended_at, counts, mood, fence) VALUES ('000000000000000000000002', 'beta', 1767225600000002, 1767225600000002, 1767225600000002, '{}', 0.25, 1767225600000002);
INSERT INTO parts (session_id, name, data) VALUES ('000000000000000000000001', 'name 1', x'01');
INSERT INTO parts (session_id, name, data) VALUES ('000000000000000000000002', 'name 2', x'02');
INSERT INTO reports (session_id, report) VALUES ('000000000000000000000001', x'01');
INSERT INTO reports (session_id, report) VALUES ('000000000000000000000002', x'02');
INSERT INTO users (id, email, email_key, first_name, last_name, name_key, password_hash, role, status, created_at, updated_at, unverified, revoked_at, version, details, profile_image) VALUES ('000000000000000000000001', 'email 1', 'email_key 1', 'first_name 1', 'last_name 1', 'name_key 1', 'password_hash 1', 'role 1', 'status 1', 1767225600000001, 1767225600000001, 1767225600000001, 1767225600000001, 1767225600000001, '{}', 'profile_image 1');
INSERT INTO users (id, email, email_key, first_name, last_name, name_key, password_hash, role, status, created_at, updated_at, unverified, revoked_at, version, details, profile_image) VALUES ('000000000000000000000002', 'email 2', 'email_key 2', 'first_name 2', 'last_name 2', 'name_key 2', 'password_hash 2', 'role 2', 'status 2', 1767225600000002, 1767225600000002, 1767225600000002, 1767225600000002, 1767225600000002, '{}', 'profile_image 2');
INSERT INTO login_sessions (id, user_id, secret, generation, created_at, rotated_at, expires_at, address, user_agent) VALUES ('000000000000000000000001', '000000000000000000000001', x'01', 1767225600000001, 1767225600000001, 1767225600000001, 1767225600000001, 'address 1', 'user_agent 1');
INSERT INTO login_sessions (id, user_id, secret, generation, created_at, rotated_at, expires_at, address, user_agent) VALUES ('000000000000000000000002', '000000000000000000000002', x'02', 1767225600000002, 1767225600000002, 1767225600000002, 1767225600000002, 'address 2', 'user_agent 2');
INSERT INTO codes (user_id, purpose, hash, target, tries, created_at, expires_at) VALUES ('000000000000000000000001', 'purpose 1', x'01', 'target 1', 1767225600000001, 1767225600000001, 1767225600000001);
INSERT INTO codes (user_id, purpose, hash, target, tries, created_at, expires_at) VALUES ('000000000000000000000002', 'purpose 2', x'02', 'target 2', 1767225600000002, 1767225600000002, 1767225600000002);
INSERT INTO logs (rowid, id, user_id, user_name, activity, details, text_key, created_at) VALUES (1, '000000000000000000000001', '000000000000000000000001', 'user_name 1', 'activity 1', '{}', 'text_key 1', 1767225600000001);
INSERT INTO logs (rowid, id, user_id, user_name, activity, details, text_key, created_at) VALUES (2, '000000000000000000000002', '000000000000000000000002', 'user_name 2', 'activity 2', '{}', 'text_key 2', 1767225600000002);
INSERT INTO outbox (id, kind, message, created_at, expires_at, next_at, dead_at, attempts, error) VALUES ('000000000000000000000001', 'kind 1', x'01', 1767225600000001, 1767225600000001, 1767225600000001, 1767225600000001, 1767225600000001, 'error 1');
INSERT INTO outbox (id, kind, message, created_at, expires_at, next_at, dead_at, attempts, error) VALUES ('000000000000000000000002', 'kind 2', x'02', 1767225600000002, 1767225600000002, 1767225600000002, 1767225600000002, 1767225600000002, 'error 2');
INSERT INTO invites (id, hash, email, role, uses, used, created_by, created_at, expires_at) VALUES ('000000000000000000000001', x'01', 'email 1', 'role 1', 1767225600000001, 1767225600000001, 'created_by 1', 1767225600000001, 1767225600000001);
INSERT INTO invites (id, hash, email, role, uses, used, created_by, created_at, expires_at) VALUES ('000000000000000000000002', x'02', 'email 2', 'role 2', 1767225600000002, 1767225600000002, 'created_by 2', 1767225600000002, 1767225600000002);
INSERT INTO settings (name, value) VALUES ('name 1', x'01');
INSERT INTO settings (name, value) VALUES ('name 2', x'02');
INSERT INTO usage (day, sign_ins, failed_sign_ins, registrations, started, saved, messages) VALUES ('2026-01-01', 1767225600000001, 1767225600000001, 1767225600000001, 1767225600000001, 1767225600000001, 1767225600000001);
INSERT INTO usage (day, sign_ins, failed_sign_ins, registrations, started, saved, messages) VALUES ('2026-01-02', 1767225600000002, 1767225600000002, 1767225600000002, 1767225600000002, 1767225600000002, 1767225600000002);
INSERT INTO history (id, user_id, status, created_at, updated_at, channel, channel_key, name, name_key, tags, text_key, total, positive, neutral, negative, seconds, mood, origin, session_id, started_at, ended_at, summary_by, top, summary, note, client, time_series, extra) VALUES ('000000000000000000000001', '000000000000000000000001', 'status 1', 1767225600000001, 1767225600000001, 'alpha', 'channel_key 1', 'name 1', 'name_key 1', '[]', 'text_key 1', 1767225600000001, 1767225600000001, 1767225600000001, 1767225600000001, 1767225600000001, 0.25, 'origin 1', '000000000000000000000001', 1767225600000001, 1767225600000001, 'summary_by 1', '{}', 'summary 1', 'note 1', '[]', '[]', '{}');
INSERT INTO history (id, user_id, status, created_at, updated_at, channel, channel_key, name, name_key, tags, text_key, total, positive, neutral, negative, seconds, mood, origin, session_id, started_at, ended_at, summary_by, top, summary, note, client, time_series, extra) VALUES ('000000000000000000000002', '000000000000000000000002', 'status 2', 1767225600000002, 1767225600000002, 'beta', 'channel_key 2', 'name 2', 'name_key 2', '[]', 'text_key 2', 1767225600000002, 1767225600000002, 1767225600000002, 1767225600000002, 1767225600000002, 0.25, 'origin 2', '000000000000000000000002', 1767225600000002, 1767225600000002, 'summary_by 2', '{}', 'summary 2', 'note 2', '[]', '[]', '{}');
INSERT INTO history_reports (entry_id, report) VALUES ('000000000000000000000001', x'01');
INSERT INTO history_reports (entry_id, report) VALUES ('000000000000000000000002', x'02');
INSERT INTO shares (id, entry_id, user_id, hash, chatters, created_at, expires_at, views, viewed_at) VALUES ('000000000000000000000001', '000000000000000000000001', '000000000000000000000001', x'01', 'chatters 1', 1767225600000001, 1767225600000001, 1767225600000001, 1767225600000001);
INSERT INTO shares (id, entry_id, user_id, hash, chatters, created_at, expires_at, views, viewed_at) VALUES ('000000000000000000000002', '000000000000000000000002', '000000000000000000000002', x'02', 'chatters 2', 1767225600000002, 1767225600000002, 1767225600000002, 1767225600000002);
INSERT INTO holds (channel, user_id, since) VALUES ('alpha', '000000000000000000000001', 1767225600000001);
INSERT INTO holds (channel, user_id, since) VALUES ('beta', '000000000000000000000002', 1767225600000002);
INSERT INTO learned (channel, fence, at, state) VALUES ('alpha', 1767225600000001, 1767225600000001, x'01');
INSERT INTO learned (channel, fence, at, state) VALUES ('beta', 1767225600000002, 1767225600000002, x'02');
INSERT INTO corrections (id, user_id, channel, kind, subject, hash, label, value, at) VALUES ('000000000000000000000001', '000000000000000000000001', 'alpha', 'kind 1', 'subject 1', 'hash 1', 'label 1', 0.25, 1767225600000001);
INSERT INTO corrections (id, user_id, channel, kind, subject, hash, label, value, at) VALUES ('000000000000000000000002', '000000000000000000000002', 'beta', 'kind 2', 'subject 2', 'hash 2', 'label 2', 0.25, 1767225600000002);
