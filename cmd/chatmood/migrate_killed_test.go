//go:build !race

// What is here works alone for long and leaves the race detector nothing to
// find: make test runs it without.

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A move that is killed again and again, as kill -9 does, ends in the same.
func TestMigrateKilled(t *testing.T) {
	const logs = 20_000
	from, to := fillDataDir(t, logs), t.TempDir()
	grown := func() (n int64) {
		for _, suffix := range []string{"", "-wal"} {
			if info, err := os.Stat(filepath.Join(to, "chatmood.db"+suffix)); err == nil {
				n += info.Size()
			}
		}
		return n
	}
	kills := 0
	for _, until := range []int64{1, 300_000, 1_000_000, 3_000_000, 6_000_000, 9_000_000} {
		cmd := exec.Command(os.Args[0], "migrate", "--from", "sqlite:"+from, "--to", "sqlite:"+to)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		over := false
		var err error
		eventually(t, "the target to grow", func() bool {
			select {
			case err = <-ended:
				over = true
			default:
			}
			return over || grown() >= until
		})
		if !over {
			kills++
			_ = cmd.Process.Kill() // it may have ended
			<-ended
		} else if err != nil {
			t.Fatalf("the move failed: %v\n%s", err, out.String())
		}
	}
	if kills < 3 {
		t.Errorf("killed %d times only", kills)
	}
	code, stdout, stderr := runMigrate(t, "--from", "sqlite:"+from, "--to", "sqlite:"+to)
	if code != exitOK {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	wantRow(t, stdout, "log entries", logs, logs)
	wantRow(t, stdout, "users", 2, 2)
	wantRow(t, stdout, "saved analyses", 1, 1)
}

// A disk that is full ends a move with what to do, and when there is room again
// it goes on. The system's bound of the size of files stands for the disk.
func TestMigrateDiskFull(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: a full disk was NOT tested: Windows has no ulimit to bound the size of files")
	}
	from, to := fillDataDir(t, 5000), t.TempDir()
	cmd := exec.Command("sh", "-c", `ulimit -f 2000 && exec "$0" "$@"`, os.Args[0], "migrate", "--from", "sqlite:"+from, "--to", "sqlite:"+to)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != exitFailure {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"moving the log entries", "full", "the same command goes on from there", to} {
		if !strings.Contains(string(out), want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	// No server starts on half of it.
	t.Chdir(t.TempDir()) // no .env
	t.Setenv("PORT", "0")
	t.Setenv("DATA_DIR", to)
	var served, refused bytes.Buffer
	if code := run(t.Context(), []string{"serve"}, strings.NewReader(""), &served, &refused); code != exitFailure || !strings.Contains(refused.String(), "the move from sqlite:"+from) {
		t.Errorf("a server on half a move: exit code %d\n%s", code, refused.String())
	}
	code, stdout, stderr := runMigrate(t, "--from", "sqlite:"+from, "--to", "sqlite:"+to)
	if code != exitOK || !strings.Contains(stdout, "was interrupted is complete") {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	wantRow(t, stdout, "log entries", 5000, 5000)
}
