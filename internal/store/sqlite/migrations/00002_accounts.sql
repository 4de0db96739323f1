-- +goose Up

-- Times are Unix microseconds, UTC; NULL where there is none.
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

CREATE UNIQUE INDEX users_email ON users (email_key);
CREATE INDEX users_name ON users (name_key, id);
CREATE INDEX users_created ON users (created_at, id);
CREATE INDEX users_role ON users (role, id);
CREATE INDEX users_status ON users (status, id);
CREATE INDEX users_admins ON users (id) WHERE role = 'admin' AND status = 'active';

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

CREATE INDEX login_sessions_user ON login_sessions (user_id, created_at DESC, id DESC);
CREATE INDEX login_sessions_expiry ON login_sessions (expires_at);

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

CREATE INDEX codes_expiry ON codes (expires_at);

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

CREATE INDEX logs_created ON logs (created_at, id);
CREATE INDEX logs_user_name ON logs (user_name, id);
CREATE INDEX logs_activity ON logs (activity, id);
CREATE INDEX logs_user ON logs (user_id, created_at, id);

-- Finds any part of a text of three characters or more.
CREATE VIRTUAL TABLE logs_text USING fts5 (
    text_key, content = 'logs', content_rowid = 'rowid', tokenize = 'trigram', detail = 'full', columnsize = 0
);

-- +goose StatementBegin
CREATE TRIGGER logs_added AFTER INSERT ON logs BEGIN
    INSERT INTO logs_text (rowid, text_key) VALUES (new.rowid, new.text_key);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER logs_removed AFTER DELETE ON logs BEGIN
    INSERT INTO logs_text (logs_text, rowid, text_key) VALUES ('delete', old.rowid, old.text_key);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER logs_changed AFTER UPDATE OF text_key ON logs BEGIN
    INSERT INTO logs_text (logs_text, rowid, text_key) VALUES ('delete', old.rowid, old.text_key);
    INSERT INTO logs_text (rowid, text_key) VALUES (new.rowid, new.text_key);
END;
-- +goose StatementEnd

-- Mail that waits, and mail that could not be sent.
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

CREATE INDEX outbox_next ON outbox (next_at, id) WHERE dead_at IS NULL;
CREATE INDEX outbox_dead ON outbox (dead_at DESC, id DESC) WHERE dead_at IS NOT NULL;

-- +goose Down
DROP TABLE outbox;
DROP TABLE logs_text;
DROP TABLE logs;
DROP TABLE codes;
DROP TABLE login_sessions;
DROP TABLE users;
