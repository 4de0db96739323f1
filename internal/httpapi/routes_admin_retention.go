package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Retention tells what is removed by itself once it is old.
type Retention interface {
	// Retention tells of the activity log and of the archives of saved analyses.
	Retention(ctx context.Context) (logs, archive Retained, err error)
}

// Retained is how long something is kept.
type Retained struct {
	Days     int       `json:"days" minimum:"0" maximum:"36500" example:"365" doc:"Days that it is kept, as the setting says; 0: until somebody removes it"`
	Due      int64     `json:"due" example:"12" doc:"How many are older than that now: they go the next time that the server looks, within an hour"`
	Removed  int64     `json:"removed" example:"40" doc:"How many this server removed since its start"`
	LookedAt time.Time `json:"looked_at,omitzero" example:"2026-01-31T20:00:00Z" doc:"When this server last looked; absent where it has not yet, or keeps everything"`
}

type retentionOutput struct {
	Body struct {
		Logs    Retained `json:"logs" doc:"Entries of the activity log: LOG_RETENTION_DAYS"`
		Archive Retained `json:"archive" doc:"Saved analyses that their user moved to the archive: HISTORY_RETENTION_DAYS. What is not in the archive is never removed"`
	} `nameHint:"Retention"`
}

func (a *API) registerAdminRetention() {
	register(a, huma.Operation{
		OperationID: "admin-retention", Method: http.MethodGet, Path: "/api/admin/retention", Summary: "What is removed once it is old",
		Description: "How long the activity log and archived analyses are kept, and what is older than that. The settings are the operator's: LOG_RETENTION_DAYS and HISTORY_RETENTION_DAYS.",
		Errors:      []int{http.StatusServiceUnavailable}, Tags: []string{tagAdmin}, Metadata: adminOnly,
	}, a.adminRetention)
}

func (a *API) adminRetention(ctx context.Context, _ *struct{}) (*retentionOutput, error) {
	out := new(retentionOutput)
	if a.cfg.Retention == nil {
		return nil, fail(http.StatusServiceUnavailable, "This server does not tell what it removes", nil)
	}
	var err error
	out.Body.Logs, out.Body.Archive, err = a.cfg.Retention.Retention(ctx)
	if err != nil {
		return nil, a.accountError(err)
	}
	return out, nil
}
