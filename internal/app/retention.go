package app

import (
	"context"
	"fmt"
	"time"

	"chatmood/internal/account"
	"chatmood/internal/httpapi"
)

var _ httpapi.Retention = (*App)(nil)

// Retention implements [httpapi.Retention].
func (a *App) Retention(ctx context.Context) (logs, archive httpapi.Retained, err error) {
	if logs, err = a.accounts.Retained(ctx); err != nil || a.history == nil {
		return logs, archive, err
	}
	keep, due, looked, err := a.history.Retention(ctx)
	if err != nil {
		return logs, archive, err
	}
	_, removed := a.history.Removed()
	return logs, httpapi.Retained{Days: int(keep / (24 * time.Hour)), Due: int64(due), Removed: removed, LookedAt: looked}, nil
}

// Retained tells how long entries of the activity log are kept, and how many are
// older than that.
func (a *Accounts) Retained(ctx context.Context) (httpapi.Retained, error) {
	_, removed := a.Removed()
	kept := httpapi.Retained{Days: a.days, Removed: removed}
	if a.days == 0 {
		return kept, nil
	}
	if at := a.cleanedAt.Load(); at != 0 {
		kept.LookedAt = time.UnixMilli(at).UTC()
	}
	old, err := a.Logs(ctx, account.LogQuery{To: a.now().AddDate(0, 0, -a.days), Limit: 1})
	if err != nil {
		return kept, fmt.Errorf("counting old entries of the activity log: %w", err)
	}
	kept.Due = int64(old.Total)
	return kept, nil
}
