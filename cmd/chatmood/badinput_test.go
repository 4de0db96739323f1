package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBadCommands gives the command line what it cannot mean. Each ends at once
// with the code that says whose fault it is, and names what to mend; none
// panics or prints a trace.
func TestBadCommands(t *testing.T) {
	dir := t.TempDir()
	file := func(name, data string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	empty, noLog, damaged := file("empty.log", ""), file("no.log", "this is no chat log\n"), file("damaged.log.gz", "\x1f\x8b\x08\x00 no gzip")
	notBackup := file("not.backup", "nothing of ours")
	full := filepath.Join(dir, "data")
	if err := os.MkdirAll(full, 0o700); err != nil {
		t.Fatal(err)
	}
	file("data/something", "x")
	for _, c := range []struct {
		args  []string
		code  int
		words string
	}{
		{[]string{"nonsense"}, exitUsage, "nonsense"},
		{[]string{"--nonsense"}, exitUsage, "nonsense"},
		{[]string{"serve", "extra"}, exitUsage, "extra"},
		{[]string{"analyze", filepath.Join(dir, "absent.log")}, exitFailure, "absent.log"},
		{[]string{"analyze", empty}, exitFailure, "empty"},
		{[]string{"analyze", noLog}, exitFailure, "log"},
		{[]string{"analyze", damaged}, exitFailure, "gz"},
		{[]string{"analyze", dir}, exitFailure, "folder"},
		{[]string{"analyze", "--format", "word", noLog}, exitUsage, "format"},
		{[]string{"analyze", "--tz", "Mars/Olympus", noLog}, exitUsage, "tz"},
		{[]string{"score", "--format", "xml"}, exitUsage, "format"},
		{[]string{"score", "--model", "other"}, exitUsage, "model"},
		{[]string{"score", dir}, exitFailure, "director"},
		{[]string{"sim", "--rate", "fast"}, exitUsage, "rate"},
		{[]string{"sim", "--listen", "nowhere"}, exitUsage, "nowhere"},
		{[]string{"loadtest", "--target", "http://192.0.2.1"}, exitUsage, "i-own-this"},
		{[]string{"loadtest", "--target", "ftp://127.0.0.1"}, exitUsage, "target"},
		{[]string{"loadtest", "--target", "http://127.0.0.1:1", "--clients", "-5"}, exitUsage, "clients"},
		{[]string{"healthcheck", "ftp://nowhere"}, exitFailure, "ftp"},
		{[]string{"restore", filepath.Join(dir, "absent")}, exitUsage, "absent"},
		{[]string{"restore", notBackup}, exitFailure, "backup"},
		{[]string{"migrate", "--from", "nowhere"}, exitUsage, "from"},
		{[]string{"user", "role", "nobody@example.org", "emperor"}, exitUsage, "emperor"},
		{[]string{"user", "suspend", "nobody@example.org"}, exitFailure, "nobody@example.org"},
		{[]string{"user", "create", "nobody"}, exitUsage, "first-name"},
		{[]string{"config", "--nothing"}, exitUsage, "nothing"},
		{[]string{"completion", "powershell"}, exitUsage, "powershell"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			t.Setenv("DATA_DIR", filepath.Join(dir, "elsewhere"))
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			var out, errs bytes.Buffer
			code := run(ctx, c.args, strings.NewReader(""), &out, &errs)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			text := errs.String()
			if !strings.Contains(strings.ToLower(text), strings.ToLower(c.words)) {
				t.Errorf("nothing about %q in %q", c.words, text)
			}
			if strings.Contains(text, "goroutine ") || len(text) > 3000 {
				t.Errorf("that is no message for people: %.200q", text)
			}
			if ctx.Err() != nil {
				t.Error("it did not end by itself")
			}
		})
	}
}
