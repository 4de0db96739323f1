package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Snapshot writes a consistent copy of the database in a data directory to a
// new file, also while a server uses it. What is committed meanwhile is not in
// the copy.
func Snapshot(ctx context.Context, dir, to string) error {
	path, err := filepath.Abs(filepath.Join(dir, fileName))
	if err != nil {
		return fmt.Errorf("finding the data directory %s: %w", dir, err)
	}
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no database in %s: set DATA_DIR to the directory of the server", dir)
		}
		return fmt.Errorf("reading the database %s: %w", path, cause(err))
	}
	// The copy holds what the original does: personal data.
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("writing the copy %s: %w", to, cause(err))
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("writing the copy %s: %w", to, err)
	}
	s := &Store{path: path}
	db, err := sql.Open("sqlite", dsn(path, []string{fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds())}, "")) // query_only would forbid writing the copy
	if err != nil {
		return s.explain("opening", err)
	}
	defer func() { _ = db.Close() }() // nothing of its was written
	db.SetMaxOpenConns(1)
	// An empty file is taken as a new one.
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?1", to); err != nil {
		return s.explain("copying", err)
	}
	return nil
}

// Contents is what a database file holds.
type Contents struct {
	Schema int64            `json:"schema"` // version of the tables
	Rows   map[string]int64 `json:"rows"`   // by table
}

var tableName = regexp.MustCompile(`^[a-z_]+$`)

// Inspect reads a database file whole, checks that nothing in it is damaged,
// and tells what it holds. It changes nothing. [ErrNewer]: a newer version of
// the program wrote it.
func Inspect(ctx context.Context, file string) (Contents, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return Contents{}, fmt.Errorf("finding %s: %w", file, err)
	}
	s := &Store{path: path}
	if _, err := os.Stat(path); err != nil {
		return Contents{}, fmt.Errorf("reading the database %s: %w", path, cause(err))
	}
	db, err := sql.Open("sqlite", dsn(path, []string{"query_only(1)"}, ""))
	if err != nil {
		return Contents{}, s.explain("opening", err)
	}
	defer func() { _ = db.Close() }() // nothing of its was written
	db.SetMaxOpenConns(1)
	faults, err := collect(ctx, db, scanText, "PRAGMA integrity_check(5)")
	if err != nil {
		return Contents{}, s.explain("checking", err)
	}
	if len(faults) != 1 || faults[0] != "ok" {
		return Contents{}, fmt.Errorf("the database %s is damaged: %s; put a backup in its place (chatmood restore)", path, strings.Join(faults, "; "))
	}
	c := Contents{Rows: map[string]int64{}}
	if err := db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version").Scan(&c.Schema); err != nil {
		return Contents{}, s.explain("reading the version of", err)
	}
	newest, err := newestSchema()
	if err != nil {
		return Contents{}, err
	}
	if c.Schema > newest {
		return Contents{}, fmt.Errorf("the database %s has schema %d, this program knows %d: %w", path, c.Schema, newest, ErrNewer)
	}
	tables, err := collect(ctx, db, scanText, "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name")
	if err != nil {
		return Contents{}, s.explain("listing the tables of", err)
	}
	for _, name := range tables {
		if !tableName.MatchString(name) || strings.HasPrefix(name, "sqlite_") || name == "goose_db_version" {
			continue
		}
		var n int64
		if err := db.QueryRowContext(ctx, `SELECT count(*) FROM "`+name+`"`).Scan(&n); err != nil { //nolint:gosec // the name is letters and underscores
			return Contents{}, s.explain("counting in", err)
		}
		c.Rows[name] = n
	}
	return c, nil
}

func scanText(row scanner) (text string, err error) { return text, row.Scan(&text) }

// newestSchema is the version of the last migration.
func newestSchema() (int64, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return 0, fmt.Errorf("reading the migrations: %w", err)
	}
	if len(names) == 0 {
		return 0, errors.New("reading the migrations: there are none")
	}
	var version int64
	if _, err := fmt.Sscanf(filepath.Base(names[len(names)-1]), "%d_", &version); err != nil {
		return 0, fmt.Errorf("reading the name of the last migration: %w", err)
	}
	return version, nil
}

// FileName is the database's name in the data directory; SQLite and this
// package keep files beside it whose names begin so.
const FileName = fileName
