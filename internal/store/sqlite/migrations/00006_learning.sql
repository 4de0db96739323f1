-- +goose Up

-- What the chat of channels has taught. Times are Unix microseconds, UTC.
CREATE TABLE learned (
    channel TEXT    NOT NULL PRIMARY KEY,
    fence   INTEGER NOT NULL,  -- of the owner that writes it
    at      INTEGER NOT NULL,
    state   BLOB    NOT NULL   -- JSON; empty: nothing yet
) STRICT;

-- What users corrected.
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

CREATE INDEX corrections_user ON corrections (user_id, at, id);
CREATE INDEX corrections_channel ON corrections (channel, at, id);
CREATE INDEX corrections_at ON corrections (at, id);

-- +goose Down
DROP TABLE corrections;
DROP TABLE learned;
