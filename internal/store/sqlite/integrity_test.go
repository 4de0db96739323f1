package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pageSize is SQLite's, which nothing here changes.
const pageSize = 4096

// filled makes a database with finished sessions and their reports, and closes
// it.
func filled(t *testing.T, sessions int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s, err := Open(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for i := range sessions {
		id := fmt.Sprintf("%024d", i)
		if _, err := s.write.ExecContext(t.Context(), "INSERT INTO sessions (id, channel, started_at, checkpoint_at, ended_at) VALUES (?1, 'alpha', ?2, ?2, ?2)", id, i); err != nil {
			t.Fatal(err)
		}
		if _, err := s.write.ExecContext(t.Context(), "INSERT INTO reports (session_id, report) VALUES (?1, ?2)", id, bytes.Repeat([]byte{byte(i)}, 1500)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// overwrite fills pages of the database with rubbish.
func overwrite(t *testing.T, dir string, pages ...int64) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, fileName), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, page := range pages {
		if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, pageSize), page*pageSize); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamagedPagesAreFoundAndTheRestSaved(t *testing.T) {
	const sessions = 400
	dir := filled(t, sessions)
	info, err := os.Stat(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	last := info.Size()/pageSize - 1
	overwrite(t, dir, last-20, last-21, last-90) // leaves of the reports, which are most of the file
	before, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}

	_, err = Open(t.Context(), Config{Dir: dir})
	if !errors.Is(err, ErrDamaged) {
		t.Fatalf("opening a damaged database: %v", err)
	}
	for _, want := range []string{dir, "chatmood restore", "chatmood salvage", "Nothing was changed"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}

	to := filepath.Join(t.TempDir(), "saved")
	got, err := Salvage(t.Context(), dir, to)
	if err != nil {
		t.Fatal(err)
	}
	// A page holds two reports.
	if got.Rows["sessions"] != sessions || got.Rows["reports"] < sessions-8 || got.Rows["reports"] >= sessions || len(got.Broken) != 1 || got.Broken[0] != "reports" {
		t.Errorf("saved %+v", got)
	}
	after, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the damaged file was changed (%v)", err)
	}
	if left, err := filepath.Glob(filepath.Join(to, "damaged-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	s, err := Open(t.Context(), Config{Dir: to})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rows, err := collect(t.Context(), s.read, scanText, "SELECT session_id || ' ' || length(report) || ' ' || hex(substr(report, 1, 1)) FROM reports")
	if err != nil || int64(len(rows)) != got.Rows["reports"] {
		t.Fatalf("%d reports, %v", len(rows), err)
	}
	for _, row := range rows {
		var id, length int
		var fill string
		if _, err := fmt.Sscanf(row, "%d %d %s", &id, &length, &fill); err != nil || length != 1500 || fill != fmt.Sprintf("%02X", byte(id)) {
			t.Errorf("a report became %q", row)
		}
	}
	if _, err := Salvage(t.Context(), dir, to); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("saving over another: %v", err)
	}
}

// Rows that belong to lost ones are left out.
func TestSalvagedRowsBelongToOthers(t *testing.T) {
	dir := filled(t, 10)
	s, err := Open(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"PRAGMA foreign_keys = OFF", "DELETE FROM sessions WHERE started_at < 4"} {
		if _, err := s.write.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := Salvage(t.Context(), dir, filepath.Join(t.TempDir(), "saved"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Rows["sessions"] != 6 || got.Rows["reports"] != 6 || got.Refused["reports"] != 4 || len(got.Broken) != 0 {
		t.Errorf("saved %+v", got)
	}
}

func TestALargeDatabaseIsOpenedUnchecked(t *testing.T) {
	dir := filled(t, 50)
	var log bytes.Buffer
	s := &Store{path: filepath.Join(dir, fileName), log: slog.New(slog.NewTextHandler(&log, nil)), closed: make(chan struct{}), checkTime: time.Nanosecond}
	if err := s.connect(); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.checkWhole(t.Context()); err != nil || !strings.Contains(log.String(), "too large to be looked at whole") {
		t.Errorf("without time: %v, log %s", err, log.String())
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.checkWhole(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestEverySchemaIsUpgraded opens a database of each version that there was,
// with rows of its time (testdata/schema, one file for each), and expects all
// of them to be there afterwards.
func TestEverySchemaIsUpgraded(t *testing.T) {
	newest, err := newestSchema()
	if err != nil {
		t.Fatal(err)
	}
	for version := int64(1); version <= newest; version++ {
		dump, err := os.ReadFile(fmt.Sprintf("testdata/schema/%05d.sql", version))
		if err != nil {
			t.Errorf("version %d has no fixture; CHATMOOD_WRITE_FIXTURES=1 makes one: %v", version, err)
			continue
		}
		dir := t.TempDir()
		s := &Store{path: filepath.Join(dir, fileName), log: slog.New(slog.DiscardHandler), closed: make(chan struct{}), checkTime: checkTime}
		if err := s.connect(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.write.ExecContext(t.Context(), string(dump)); err != nil {
			t.Fatalf("version %d: %v", version, err)
		}
		before := s.everything(t)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		upgraded, err := Open(t.Context(), Config{Dir: dir})
		if err != nil {
			t.Errorf("version %d: %v", version, err)
			continue
		}
		after := upgraded.everything(t)
		for table, rows := range before {
			if rows == 0 {
				t.Errorf("version %d: the fixture has no row of %s", version, table)
			}
			if after[table] != rows {
				t.Errorf("version %d: %s had %d rows and has %d", version, table, rows, after[table])
			}
		}
		var channel string
		if err := upgraded.read.QueryRowContext(t.Context(), "SELECT channel FROM sessions WHERE id = '000000000000000000000001'").Scan(&channel); err != nil || channel != "alpha" {
			t.Errorf("version %d: the session became %q, %v", version, channel, err)
		}
		if err := upgraded.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// everything counts the rows of each table.
func (s *Store) everything(t *testing.T) map[string]int64 {
	t.Helper()
	tables, err := collect(t.Context(), s.write, scanText, "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int64{}
	for _, table := range tables {
		if strings.HasPrefix(table, "sqlite_") || strings.HasPrefix(table, "logs_text") || table == "goose_db_version" {
			continue
		}
		var n int64
		if err := s.write.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		count[table] = n
	}
	return count
}
