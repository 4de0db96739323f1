package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"chatmood/internal/account"
	"chatmood/internal/history"
	"chatmood/internal/migrate"
	"chatmood/internal/store/sqlite"
)

func runMigrate(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"migrate"}, args...), strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// fillDataDir makes a data directory with users, as many log entries as said
// and a saved analysis.
func fillDataDir(t *testing.T, logs int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 1, 20, 0, 0, 0, time.UTC)
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, hash := range []string{"$2b$12$abc", "pbkdf2:sha256:1000$salt$abc"} {
		ok(s.Accounts().ImportUser(t.Context(), &account.User{
			ID: fmt.Sprintf("%024x", i+1), Email: []string{"ada@example.org", "ADA@example.org"}[i], PasswordHash: hash, Role: account.RoleUser, Status: account.StatusActive, CreatedAt: at, UpdatedAt: at,
		}))
	}
	var list []account.Activity
	for i := range logs {
		list = append(list, account.Activity{ID: fmt.Sprintf("%024x", i), UserID: fmt.Sprintf("%024x", 1), UserName: "Ada", Activity: account.ActivityLogin, Details: strings.Repeat("x", 100), CreatedAt: at})
	}
	ok(s.Accounts().ImportLogs(t.Context(), list))
	ok(s.History().Create(t.Context(), &history.Entry{ID: fmt.Sprintf("%024x", 7), UserID: fmt.Sprintf("%024x", 1), Channel: "somebody", Status: history.StatusActive, CreatedAt: at, UpdatedAt: at}, []byte("{}")))
	ok(s.Close())
	return dir
}

// wantRow checks a row of the table that is printed.
func wantRow(t *testing.T, stdout, kind string, numbers ...int) {
	t.Helper()
	row := `(?m)^ *` + kind
	for _, n := range numbers {
		row += fmt.Sprintf(` +%d`, n)
	}
	if !regexp.MustCompile(row + ` *$`).MatchString(stdout) {
		t.Errorf("no row of %s with %v in\n%s", kind, numbers, stdout)
	}
}

func TestMigrate(t *testing.T) {
	from, to := fillDataDir(t, 12), filepath.Join(t.TempDir(), "new")

	code, stdout, stderr := runMigrate(t, "--from", "sqlite:"+from, "--to", "sqlite:"+to, "--dry-run")
	if code != exitOK || !strings.Contains(stdout, "it would be made") {
		t.Errorf("dry run: exit code %d\n%s%s", code, stdout, stderr)
	}
	wantRow(t, stdout, "log entries", 12)
	if _, err := os.Stat(to); !os.IsNotExist(err) {
		t.Errorf("a dry run made the target: %v", err)
	}

	code, stdout, stderr = runMigrate(t, "--from", "sqlite:"+from, "--to", "sqlite:"+to)
	if code != exitOK || !strings.Contains(stdout, "agree") || !strings.Contains(stdout, "DATA_DIR="+to) || stderr != "" {
		t.Errorf("move: exit code %d\n%s%s", code, stdout, stderr)
	}
	wantRow(t, stdout, "users", 2, 2)
	wantRow(t, stdout, "log entries", 12, 12)
	wantRow(t, stdout, "saved analyses", 1, 1)
	wantRow(t, stdout, "mails", 0, 0)

	code, stdout, _ = runMigrate(t, "--from", "sqlite:"+from, "--to", "sqlite:"+to)
	if code != exitOK || !strings.Contains(stdout, "holds everything already") {
		t.Errorf("once more: exit code %d\n%s", code, stdout)
	}

	other := fillDataDir(t, 3)
	code, stdout, stderr = runMigrate(t, "--from", "sqlite:"+from, "--to", "sqlite:"+other, "--dry-run")
	if code != exitOK || !strings.Contains(stdout, "is not empty: it has 2 users, 3 log entries") {
		t.Errorf("dry run into a full target: exit code %d\n%s%s", code, stdout, stderr)
	}
	code, stdout, stderr = runMigrate(t, "--from", "sqlite:"+from, "--to", "sqlite:"+other)
	if code != exitFailure || !strings.Contains(stderr, "is not empty") || stdout != "" {
		t.Errorf("into a full target: exit code %d\n%s%s", code, stdout, stderr)
	}
	code, stdout, stderr = runMigrate(t, "--from", "sqlite:"+from, "--to", "sqlite:"+other, "--merge")
	if code != exitOK {
		t.Errorf("merging: exit code %d\n%s%s", code, stdout, stderr)
	}
	wantRow(t, stdout, "log entries", 12, 12)
}

func TestMigrateCheck(t *testing.T) {
	dir := fillDataDir(t, 5)
	code, stdout, stderr := runMigrate(t, "--check", "sqlite:"+dir)
	if code != exitOK || stderr != "" {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	for _, want := range []string{
		`(?m)^ *2 +users$`, `(?m)^ *5 +log entries$`, `email +2 +differs from another user's in case only +read: each signs in`,
		`password_hash +1 +bcrypt\n`, `pbkdf2:sha256 +read: signs in; hashed anew then, as in 0+2`, `role +2 +user\n`, `origin +1 +the older system\n`, `report +1 +there is one`,
	} {
		if !regexp.MustCompile(want).MatchString(stdout) {
			t.Errorf("nothing matches %q in\n%s", want, stdout)
		}
	}
	if strings.Contains(stdout, "ada@") || strings.Contains(stdout, "ADA@") || strings.Contains(stdout, "somebody") {
		t.Errorf("it repeats what is in the records:\n%s", stdout)
	}
	empty := t.TempDir()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Dir: empty})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if code, stdout, _ := runMigrate(t, "--check", "sqlite:"+empty); code != exitOK || !strings.Contains(stdout, "nothing") {
		t.Errorf("an empty database: exit code %d, %s", code, stdout)
	}
}

func TestMigrateMistakes(t *testing.T) {
	dir := fillDataDir(t, 1)
	here, none := "sqlite:"+dir, "sqlite:"+filepath.Join(t.TempDir(), "none")
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"nothing":          {nil, exitUsage, "--from and --to"},
		"no target":        {[]string{"--from", here}, exitUsage, "--from and --to"},
		"no source":        {[]string{"--from", none, "--to", here}, exitUsage, "there is no database"},
		"the same":         {[]string{"--from", here, "--to", here + "/chatmood.db"}, exitUsage, "are the same"},
		"check and move":   {[]string{"--check", here, "--to", none}, exitUsage, "--check stands alone"},
		"check of nothing": {[]string{"--check", none}, exitFailure, "there is no database"},
		"odd address":      {[]string{"--from", here, "--to", "postgres://ada:hushhush@h/x"}, exitUsage, "--to: this is no address"},
		"a name for files": {[]string{"--from", here, "--from-db", "x", "--to", none}, exitUsage, "--from: an embedded database has no name"},
		"no server":        {[]string{"--from", here, "--to", "mongodb://ada:hushhush@127.0.0.1:1/?serverSelectionTimeoutMS=200"}, exitFailure, "connecting to the MongoDB of --to: no server answers there"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := runMigrate(t, tc.args...)
			if code != tc.code || !strings.Contains(stderr, tc.want) || stdout != "" {
				t.Errorf("exit code %d, want %d; stderr, which should say %q:\n%s%s", code, tc.code, tc.want, stderr, stdout)
			}
			if strings.Contains(stderr, "hushhush") {
				t.Errorf("the password is printed:\n%s", stderr)
			}
		})
	}
	if _, err := os.Stat(strings.TrimPrefix(none, "sqlite:")); !os.IsNotExist(err) {
		t.Errorf("a mistake made a database: %v", err)
	}
}

// A database that a server uses is neither moved from nor into, and no second
// server gets in.
func TestOneProcessAtATime(t *testing.T) {
	dir, other := t.TempDir(), fillDataDir(t, 1)
	server := startServer(t, "DATA_DIR="+dir)
	for _, args := range [][]string{{"--from", "sqlite:" + dir, "--to", "sqlite:" + t.TempDir()}, {"--from", "sqlite:" + other, "--to", "sqlite:" + dir}} {
		code, _, stderr := runMigrate(t, args...)
		if code != exitFailure || !strings.Contains(stderr, dir) || !strings.Contains(stderr, "a server is using it") {
			t.Errorf("exit code %d, %s", code, stderr)
		}
	}
	second := exec.Command(os.Args[0], "serve")
	second.Dir = t.TempDir()
	second.Env = append(os.Environ(), asProgram+"=1", "PORT=0", "HOST=127.0.0.1", "ENVIRONMENT=development", "DATA_DIR="+dir)
	out, err := second.CombinedOutput()
	for _, want := range []string{dir, fmt.Sprintf("process %d", server.cmd.Process.Pid), "set DATA_DIR to a directory of its own"} {
		if err == nil || second.ProcessState.ExitCode() != exitFailure || !strings.Contains(string(out), want) {
			t.Errorf("the second server: %v, and it does not say %q:\n%s", err, want, out)
		}
	}
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"healthcheck", server.url}, strings.NewReader(""), &stdout, &stderr); code != exitOK {
		t.Errorf("the first server is not well any more: %s", stderr.String())
	}
}

func TestMigrateLine(t *testing.T) {
	var at atomic.Pointer[migrate.Progress]
	line := migrateLine(&at)
	if got := line(0, 20); got != " opening            " {
		t.Errorf("at first %q", got)
	}
	for _, test := range []struct {
		p    migrate.Progress
		took time.Duration
		want string
	}{
		{migrate.Progress{Stage: "counting", Kind: "users"}, time.Second, " counting users                                             "},
		{migrate.Progress{Stage: "moving", Kind: "users", Done: 0, Total: 40}, 2 * time.Second, "[------------------------------]   0 %, moving users, … left"},
		{migrate.Progress{Stage: "moving", Kind: "users", Done: 10, Total: 40}, 12 * time.Second, "[#######---------------------]  25 %, moving users, 30s left "},
		{migrate.Progress{Stage: "comparing", Kind: "users", Done: 40, Total: 40}, 20 * time.Second, "[##########################] 100 %, comparing users, 0s left "},
	} {
		at.Store(&test.p)
		if got := line(test.took, 60); strings.TrimRight(got, " ") != strings.TrimRight(test.want, " ") || len([]rune(got)) != 60 {
			t.Errorf("%+v: %q, want %q", test.p, got, test.want)
		}
	}
}
