package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"chatmood/internal/backup"
	"chatmood/internal/store/sqlite"
)

func TestBackupsFromTimeToTime(t *testing.T) {
	dir, to := t.TempDir(), filepath.Join(t.TempDir(), "backups")
	store, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	b := backups{dir: dir, to: to, version: "1", every: time.Hour, keep: 2, log: slog.New(slog.DiscardHandler)}
	if wait := b.until(time.Now()); wait != 0 {
		t.Errorf("the first backup waits %v", wait)
	}
	if err := b.once(t.Context()); err != nil {
		t.Fatal(err)
	}
	last, ok, err := backup.Last(to)
	if err != nil || !ok {
		t.Fatalf("there is no backup: %v", err)
	}
	if wait := b.until(last.Add(15 * time.Minute)); wait != 45*time.Minute {
		t.Errorf("a quarter of an hour after a backup the next waits %v, want 45m", wait)
	}
	if wait := b.until(last.Add(3 * time.Hour)); wait != 0 {
		t.Errorf("three hours after a backup the next waits %v", wait)
	}
}

func TestBackupsThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// A file is where the folder should be: nothing can be written.
		blocked := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(blocked, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		b := backups{dir: t.TempDir(), to: blocked, every: time.Hour, keep: 1, log: slog.New(slog.NewTextHandler(&log, nil))}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { b.run(ctx); close(done) }()
		time.Sleep(25 * time.Minute) // of the test's own clock
		stop()
		<-done
		if n := strings.Count(log.String(), "BACKUP_DIR cannot be used"); n != 3 {
			t.Errorf("in 25 minutes it failed %d times, want 3: at once and every ten minutes\n%s", n, log.String())
		}
	})
}
