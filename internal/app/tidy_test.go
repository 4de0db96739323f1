package app_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"chatmood/internal/account"
	"chatmood/internal/app"
	"chatmood/internal/config"
	"chatmood/internal/store/sqlite"
)

// TestOldLogsGo: the activity log is cleaned up by itself where that is wanted.
func TestOldLogsGo(t *testing.T) {
	dir := t.TempDir()
	env := map[string]string{"DATA_DIR": dir, "LOG_RETENTION_DAYS": "2", "MAIL": "off"}
	cfg, err := config.Load(func(name string) (string, bool) { v, ok := env[name]; return v, ok }, "")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, age := range []time.Duration{0, 47 * time.Hour, 49 * time.Hour, 1000 * time.Hour} {
		at := now.Add(-age)
		if err := s.Accounts().AppendLog(t.Context(), account.Activity{ID: account.NewID(at), Activity: account.ActivityLogin, CreatedAt: at}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	a, done, err := app.OpenAccounts(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := a.Retained(t.Context()); err != nil || kept.Days != 2 || kept.Due != 2 || kept.Removed != 0 || !kept.LookedAt.IsZero() {
		t.Errorf("before it was looked: %+v, %v", kept, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() { defer close(stopped); a.Run(ctx) }()
	left := func() int {
		page, err := a.Logs(t.Context(), account.LogQuery{Activity: account.ActivityLogin})
		if err != nil {
			t.Fatal(err)
		}
		return page.Total
	}
	for deadline := time.Now().Add(10 * time.Second); left() != 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d entries are left, want 2", left())
		}
	}
	cancel()
	<-stopped
	if _, logs := a.Removed(); logs != 2 {
		t.Errorf("%d entries are counted as removed, want 2", logs)
	}
	if kept, err := a.Retained(t.Context()); err != nil || kept.Due != 0 || kept.Removed != 2 || kept.LookedAt.Before(now.Truncate(time.Millisecond)) {
		t.Errorf("afterwards: %+v, %v", kept, err)
	}
	if err := done(); err != nil {
		t.Error(err)
	}
}
