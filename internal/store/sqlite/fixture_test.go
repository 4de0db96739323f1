package sqlite

import (
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"
)

// TestFixturesAreThere compares the fixtures of schema versions with what the
// migrations make. A fixture is never made anew for a version that was
// released: it shows what people have. CHATMOOD_WRITE_FIXTURES=1 writes those
// that are missing.
func TestFixturesAreThere(t *testing.T) {
	newest, err := newestSchema()
	if err != nil {
		t.Fatal(err)
	}
	for version := int64(1); version <= newest; version++ {
		name := fmt.Sprintf("testdata/schema/%05d.sql", version)
		want := fixture(t, version)
		have, err := os.ReadFile(name)
		if os.IsNotExist(err) && os.Getenv("CHATMOOD_WRITE_FIXTURES") != "" {
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err != nil {
			t.Errorf("version %d has no fixture; CHATMOOD_WRITE_FIXTURES=1 makes one: %v", version, err)
			continue
		}
		if string(have) != want {
			t.Errorf("%s is not what the migrations make: was a migration changed that people have run? Add another one instead", name)
		}
	}
}

// fixture is a database of a version as SQL, with two rows in each table.
func fixture(t *testing.T, version int64) string {
	t.Helper()
	s := &Store{path: filepath.Join(t.TempDir(), fileName), log: slog.New(slog.DiscardHandler), closed: make(chan struct{})}
	if err := s.connect(); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.write.DB, files, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.ExecContext(t.Context(), "UPDATE goose_db_version SET tstamp = '2026-01-01 00:00:00'"); err != nil {
		t.Fatal(err)
	}
	const plain = " AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'logs\\_text\\_%' ESCAPE '\\' AND sql IS NOT NULL"
	statements, err := collect(t.Context(), s.write, scanText, "SELECT sql FROM sqlite_schema WHERE true"+plain+" ORDER BY type = 'trigger', type = 'index', rowid")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "-- Schema version %d with two rows in each table.\n", version)
	for _, sql := range statements {
		out.WriteString(sql + ";\n")
	}
	tables, err := collect(t.Context(), s.write, scanText, "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"+plain+" ORDER BY rowid")
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		columns, err := collect(t.Context(), s.write, scanText, "SELECT name || ' ' || type FROM pragma_table_info(?1)", table)
		if err != nil {
			t.Fatal(err)
		}
		if table == "goose_db_version" {
			rows, err := collect(t.Context(), s.write, scanText, "SELECT id || ', ' || version_id || ', ' || is_applied || ', ' || quote(tstamp) FROM goose_db_version ORDER BY id")
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				fmt.Fprintf(&out, "INSERT INTO goose_db_version (id, version_id, is_applied, tstamp) VALUES (%s);\n", row)
			}
			continue
		}
		for row := 1; row <= 2; row++ {
			var names, values []string
			for _, column := range columns {
				name, kind, _ := strings.Cut(column, " ")
				names, values = append(names, name), append(values, sample(name, kind, row))
			}
			fmt.Fprintf(&out, "INSERT INTO %s (%s) VALUES (%s);\n", table, strings.Join(names, ", "), strings.Join(values, ", "))
		}
	}
	return out.String()
}

// sample is a value for a column, the same each time.
func sample(name, kind string, row int) string {
	switch {
	case name == "id" || strings.HasSuffix(name, "_id") || name == "holder":
		return fmt.Sprintf("'%024d'", row)
	case name == "channel":
		return []string{"'alpha'", "'beta'"}[row-1]
	case name == "tags" || name == "client" || name == "time_series":
		return "'[]'"
	case name == "counts" || name == "details" || name == "extra" || name == "top":
		return "'{}'"
	case name == "day":
		return fmt.Sprintf("'2026-01-%02d'", row)
	case name == "rowid":
		return fmt.Sprint(row)
	case kind == "INTEGER":
		return fmt.Sprint(1767225600000000 + row)
	case kind == "REAL":
		return "0.25"
	case kind == "BLOB":
		return fmt.Sprintf("x'0%d'", row)
	}
	return fmt.Sprintf("'%s %d'", name, row)
}
