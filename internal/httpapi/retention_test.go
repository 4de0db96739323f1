package httpapi_test

import (
	"context"
	"testing"
	"time"

	"chatmood/internal/httpapi"
)

type retention struct{ err error }

func (r retention) Retention(context.Context) (logs, archive httpapi.Retained, err error) {
	return httpapi.Retained{Days: 90, Due: 12, Removed: 40, LookedAt: time.Date(2026, 1, 31, 20, 0, 0, 0, time.UTC)}, httpapi.Retained{}, r.err
}

func TestRetention(t *testing.T) {
	const path = "/api/admin/retention"
	s := keep(t, func(cfg *httpapi.Config) { cfg.Retention = retention{} })
	got := s.as(t, "root", "GET", path, "").ok(t)
	logs, archive := got["logs"].(obj), got["archive"].(obj)
	if logs["days"] != 90.0 || logs["due"] != 12.0 || logs["removed"] != 40.0 || logs["looked_at"] != "2026-01-31T20:00:00Z" {
		t.Errorf("logs: %v", logs)
	}
	if _, looked := archive["looked_at"]; archive["days"] != 0.0 || looked {
		t.Errorf("archive: %v", archive)
	}
	s.as(t, "ann", "GET", path, "").wantProblem(t, 403, "")
}

func TestRetentionUntold(t *testing.T) {
	s := keep(t, nil)
	s.as(t, "root", "GET", "/api/admin/retention", "").wantProblem(t, 503, "")
}
