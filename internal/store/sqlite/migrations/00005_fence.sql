-- +goose Up

-- The highest fence that was seen with a session: writes with a lower one come
-- from an owner that was replaced.
ALTER TABLE sessions ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE sessions DROP COLUMN fence;
