package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"chatmood/internal/backup"
)

// backups saves the embedded database from time to time.
type backups struct {
	dir, to, version string
	every            time.Duration
	keep             int
	log              *slog.Logger
}

// run works until ctx ends. The first backup comes when the last one in the
// folder is old enough, so that restarts neither skip nor add any. A failure is
// told and tried again after a while; the server goes on.
func (b *backups) run(ctx context.Context) {
	const retry = 10 * time.Minute
	wait := b.until(time.Now())
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if wait = b.every; b.once(ctx) != nil {
			wait = min(retry, b.every)
		}
	}
}

// until is how long the next backup has to wait.
func (b *backups) until(now time.Time) time.Duration {
	last, ok, err := backup.Last(b.to)
	if err != nil || !ok {
		return 0
	}
	return max(b.every-now.Sub(last), 0)
}

func (b *backups) once(ctx context.Context) error {
	began := time.Now()
	err := func() error {
		if err := os.MkdirAll(b.to, 0o700); err != nil {
			return fmt.Errorf("BACKUP_DIR cannot be used: %w", err)
		}
		file, m, err := backup.Create(ctx, b.dir, b.to, b.version, began)
		if err != nil {
			return err
		}
		removed, err := backup.Rotate(b.to, b.keep)
		if err != nil {
			return err
		}
		b.log.Info("backup written", "file", file, "analyses", m.Database.Rows["sessions"], "users", m.Database.Rows["users"],
			"took", time.Since(began).Round(time.Millisecond), "old_ones_removed", len(removed))
		return nil
	}()
	if err != nil && ctx.Err() == nil {
		b.log.Error("the backup failed", "error", err)
	}
	return err
}
