package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatmood/internal/store/sqlite"
)

// salvaging runs the program with its arguments.
func salvaging(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// TestSalvage: a damaged database is named at the start with its newest backup,
// and what can be read of it becomes a folder that a server starts with.
func TestSalvage(t *testing.T) {
	dir, backups := t.TempDir(), t.TempDir()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{filepath.Join(dir, "secret.key"): "key", filepath.Join(backups, "chatmood-20300101T000000Z.tar.gz"): "", filepath.Join(backups, "chatmood-20290101T000000Z.tar.gz"): ""} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.OpenFile(s.Path(), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte(strings.Repeat("\xa5", 4096)), info.Size()-4096); err != nil { // the root of an empty table or index
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DATA_DIR", dir)
	t.Setenv("PORT", "0")
	t.Setenv("BACKUP_DIR", backups)
	code, _, stderr := salvaging(t, "serve")
	if code == 0 || !strings.Contains(stderr, "chatmood salvage") || !strings.Contains(stderr, "chatmood-20300101T000000Z.tar.gz") {
		t.Fatalf("serving a damaged database: code %d, %s", code, stderr)
	}
	to := filepath.Join(t.TempDir(), "saved")
	code, stdout, stderr := salvaging(t, "salvage", to)
	if code > 1 || !strings.Contains(stdout, "users: 0 rows") || !strings.Contains(stdout, "is whole") {
		t.Fatalf("saving: code %d, %s%s", code, stdout, stderr)
	}
	if key, err := os.ReadFile(filepath.Join(to, "secret.key")); err != nil || string(key) != "key" {
		t.Errorf("the key beside it: %q, %v", key, err)
	}
	if _, err := sqlite.Inspect(t.Context(), filepath.Join(to, sqlite.FileName)); err != nil {
		t.Errorf("what was saved: %v", err)
	}
}
