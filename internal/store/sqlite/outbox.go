package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"chatmood/internal/mail"
)

const (
	itemColumns = `id, kind, message, created_at, expires_at, attempts, error, next_at, dead_at`

	sqlPutMail = `
		INSERT INTO outbox (id, kind, message, created_at, expires_at, next_at, attempts, error) VALUES (?1, ?2, ?3, ?4, ?5, ?4, 0, '')
		ON CONFLICT (id) DO NOTHING`
	sqlClaimMail = `
		UPDATE outbox SET next_at = ?2, attempts = attempts + 1 WHERE id = (
			SELECT id FROM outbox WHERE dead_at IS NULL AND next_at <= ?1 ORDER BY next_at, id LIMIT 1
		) RETURNING ` + itemColumns
	sqlDelivered  = `DELETE FROM outbox WHERE id = ?1`
	sqlRetryMail  = `UPDATE outbox SET next_at = ?2, error = ?3 WHERE id = ?1 AND dead_at IS NULL`
	sqlBuryMail   = `UPDATE outbox SET next_at = NULL, dead_at = ?2, error = ?3 WHERE id = ?1`
	sqlDeadMail   = `SELECT ` + itemColumns + ` FROM outbox WHERE dead_at IS NOT NULL ORDER BY dead_at DESC, id DESC LIMIT ?1`
	sqlWaiting    = `SELECT ` + itemColumns + ` FROM outbox WHERE dead_at IS NULL ORDER BY next_at, id LIMIT ?1`
	sqlReviveMail = `UPDATE outbox SET next_at = ?2, dead_at = NULL, created_at = ?2, attempts = 0 WHERE id = ?1 AND dead_at IS NOT NULL`
	sqlDropDead   = `DELETE FROM outbox WHERE dead_at IS NOT NULL AND dead_at < ?1`
	sqlMailStats  = `
		SELECT count(*) FILTER (WHERE dead_at IS NULL), count(*) FILTER (WHERE dead_at IS NOT NULL), min(created_at) FILTER (WHERE dead_at IS NULL)
		FROM outbox`

	sqlEachMail   = `SELECT ` + itemColumns + ` FROM outbox`
	sqlImportMail = `
		INSERT INTO outbox (` + itemColumns + `) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
		ON CONFLICT (id) DO UPDATE SET kind = ?2, message = ?3, created_at = ?4, expires_at = ?5, attempts = ?6, error = ?7, next_at = ?8, dead_at = ?9`
)

// Outbox keeps mail in a [Store]. It is safe for concurrent use.
type Outbox struct{ s *Store }

var (
	_ mail.Queue   = (*Outbox)(nil)
	_ mail.Archive = (*Outbox)(nil)
)

// Outbox returns the part of the store that keeps mail.
func (s *Store) Outbox() *Outbox { return &Outbox{s} }

func (o *Outbox) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	result, err := o.s.write.ExecContext(ctx, query, args...)
	return result, o.s.explain("writing mail to", err)
}

// Put implements [mail.Queue].
func (o *Outbox) Put(ctx context.Context, it mail.Item) error {
	_, err := o.exec(ctx, sqlPutMail, it.ID, it.Kind, it.Sealed, it.CreatedAt.UnixMicro(), orNull(it.ExpiresAt))
	return err
}

// Claim implements [mail.Queue].
func (o *Outbox) Claim(ctx context.Context, now, until time.Time) (mail.Item, bool, error) {
	it, err := scanItem(o.s.write.QueryRowContext(ctx, sqlClaimMail, now.UnixMicro(), until.UnixMicro()))
	if errors.Is(err, sql.ErrNoRows) {
		return mail.Item{}, false, nil
	}
	return it, err == nil, o.s.explain("reading mail from", err)
}

// Delivered implements [mail.Queue].
func (o *Outbox) Delivered(ctx context.Context, id string) error {
	_, err := o.exec(ctx, sqlDelivered, id)
	return err
}

// Retry implements [mail.Queue].
func (o *Outbox) Retry(ctx context.Context, id string, at time.Time, reason string) error {
	_, err := o.exec(ctx, sqlRetryMail, id, at.UnixMicro(), reason)
	return err
}

// Bury implements [mail.Queue].
func (o *Outbox) Bury(ctx context.Context, id string, at time.Time, reason string) error {
	_, err := o.exec(ctx, sqlBuryMail, id, at.UnixMicro(), reason)
	return err
}

// Dead implements [mail.Queue].
func (o *Outbox) Dead(ctx context.Context, limit int) ([]mail.Item, error) {
	list, err := collect(ctx, o.s.read, scanItem, sqlDeadMail, limit)
	return list, o.s.explain("reading mail from", err)
}

// Waiting implements [mail.Queue].
func (o *Outbox) Waiting(ctx context.Context, limit int) ([]mail.Item, error) {
	list, err := collect(ctx, o.s.read, scanItem, sqlWaiting, limit)
	return list, o.s.explain("reading mail from", err)
}

// Revive implements [mail.Queue].
func (o *Outbox) Revive(ctx context.Context, id string, at time.Time) error {
	result, err := o.exec(ctx, sqlReviveMail, id, at.UnixMicro())
	return mustChange(result, err, mail.ErrUnknownMail)
}

// DropDead implements [mail.Queue].
func (o *Outbox) DropDead(ctx context.Context, before time.Time) (int64, error) {
	result, err := o.exec(ctx, sqlDropDead, before.UnixMicro())
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Stats implements [mail.Queue].
func (o *Outbox) Stats(ctx context.Context) (mail.QueueStats, error) {
	var stats mail.QueueStats
	var oldest sql.NullInt64
	err := o.s.read.QueryRowContext(ctx, sqlMailStats).Scan(&stats.Waiting, &stats.Dead, &oldest)
	stats.Oldest = fromNull(oldest)
	return stats, o.s.explain("counting the mail in", err)
}

// EachMail implements [mail.Archive].
func (o *Outbox) EachMail(ctx context.Context, do func(mail.Item) error) error {
	return o.s.explain("reading mail from", each(ctx, o.s.read, scanItem, do, sqlEachMail))
}

// ImportMail implements [mail.Archive].
func (o *Outbox) ImportMail(ctx context.Context, it mail.Item) error {
	_, err := o.exec(ctx, sqlImportMail, it.ID, it.Kind, it.Sealed, it.CreatedAt.UnixMicro(), orNull(it.ExpiresAt), it.Attempts, it.Error,
		orNull(it.NextAt), orNull(it.DeadAt))
	return err
}

func scanItem(row scanner) (mail.Item, error) {
	var it mail.Item
	var created int64
	var expires, next, dead sql.NullInt64
	if err := row.Scan(&it.ID, &it.Kind, &it.Sealed, &created, &expires, &it.Attempts, &it.Error, &next, &dead); err != nil {
		return mail.Item{}, err
	}
	it.CreatedAt, it.ExpiresAt, it.NextAt, it.DeadAt = fromMicros(created), fromNull(expires), fromNull(next), fromNull(dead)
	return it, nil
}
