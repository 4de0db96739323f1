package sqlite

import (
	"context"
	"database/sql"

	"chatmood/internal/analysis"
)

const (
	holdColumns = `channel, user_id, since`

	sqlAddHold   = `INSERT INTO holds (` + holdColumns + `) VALUES (?1, ?2, ?3) ON CONFLICT (channel, user_id) DO NOTHING`
	sqlDropHold  = `DELETE FROM holds WHERE channel = ?1 AND user_id = ?2`
	sqlDropHolds = `DELETE FROM holds WHERE channel = ?1 RETURNING ` + holdColumns
	sqlHoldsOn   = `SELECT ` + holdColumns + ` FROM holds WHERE channel = ?1 ORDER BY since, user_id`
	sqlHoldsOf   = `SELECT ` + holdColumns + ` FROM holds WHERE user_id = ?1 ORDER BY since, channel`
	sqlHolds     = `SELECT ` + holdColumns + ` FROM holds ORDER BY channel, user_id`
)

// Holds keeps who holds which channel in a [Store]. It is safe for concurrent use.
type Holds struct{ s *Store }

var _ analysis.HoldStore = (*Holds)(nil)

// Holds returns the part of the store that keeps who holds which channel.
func (s *Store) Holds() *Holds { return &Holds{s} }

// AddHold implements [analysis.HoldStore].
func (h *Holds) AddHold(ctx context.Context, hold analysis.Hold) (bool, error) {
	return h.changed(h.s.write.ExecContext(ctx, sqlAddHold, hold.Channel, hold.UserID, hold.Since.UnixMicro()))
}

// DropHold implements [analysis.HoldStore].
func (h *Holds) DropHold(ctx context.Context, channel, userID string) (bool, error) {
	return h.changed(h.s.write.ExecContext(ctx, sqlDropHold, channel, userID))
}

// changed reports whether a statement changed anything.
func (h *Holds) changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, h.s.explain("writing who holds a channel to", err)
	}
	n, err := result.RowsAffected()
	return n > 0, h.s.explain("writing who holds a channel to", err)
}

// DropHolds implements [analysis.HoldStore].
func (h *Holds) DropHolds(ctx context.Context, channel string) ([]analysis.Hold, error) {
	list, err := collect(ctx, h.s.write, scanHold, sqlDropHolds, channel)
	return list, h.s.explain("writing who holds a channel to", err)
}

// HoldsOn implements [analysis.HoldStore].
func (h *Holds) HoldsOn(ctx context.Context, channel string) ([]analysis.Hold, error) {
	return h.list(ctx, sqlHoldsOn, channel)
}

// HoldsOf implements [analysis.HoldStore].
func (h *Holds) HoldsOf(ctx context.Context, userID string) ([]analysis.Hold, error) {
	return h.list(ctx, sqlHoldsOf, userID)
}

// Holds implements [analysis.HoldStore].
func (h *Holds) Holds(ctx context.Context) ([]analysis.Hold, error) { return h.list(ctx, sqlHolds) }

func (h *Holds) list(ctx context.Context, query string, args ...any) ([]analysis.Hold, error) {
	list, err := collect(ctx, h.s.read, scanHold, query, args...)
	return list, h.s.explain("reading who holds a channel from", err)
}

func scanHold(row scanner) (hold analysis.Hold, err error) {
	var since int64
	err = row.Scan(&hold.Channel, &hold.UserID, &since)
	hold.Since = fromMicros(since)
	return hold, err
}
