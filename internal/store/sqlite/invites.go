package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"time"

	"chatmood/internal/account"
)

const (
	inviteColumns = `id, hash, email, role, uses, used, created_by, created_at, expires_at`

	sqlCreateInvite = `INSERT INTO invites (` + inviteColumns + `) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)`
	sqlInvites      = `SELECT ` + inviteColumns + ` FROM invites WHERE expires_at > ?1 ORDER BY created_at DESC, id DESC LIMIT ?2`
	sqlInviteByHash = `SELECT ` + inviteColumns + ` FROM invites WHERE hash = ?1 AND expires_at > ?2 AND used < uses`
	sqlUseInvite    = `UPDATE invites SET used = used + 1 WHERE id = ?1 AND expires_at > ?2 AND used < uses`
	sqlReturnInvite = `UPDATE invites SET used = used - 1 WHERE id = ?1 AND used > 0`
	sqlDeleteInvite = `DELETE FROM invites WHERE id = ?1`
	sqlDropInvites  = `DELETE FROM invites WHERE expires_at < ?1`

	sqlKeepSetting = `INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING`
	sqlSetting     = `SELECT value FROM settings WHERE name = ?1`
	sqlTakeSetting = `DELETE FROM settings WHERE name = ?1 AND value = ?2`

	usageColumns = `day, sign_ins, failed_sign_ins, registrations, started, saved, messages`
	sqlAddUsage  = `
		INSERT INTO usage (` + usageColumns + `) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
		ON CONFLICT (day) DO UPDATE SET sign_ins = sign_ins + ?2, failed_sign_ins = failed_sign_ins + ?3,
			registrations = registrations + ?4, started = started + ?5, saved = saved + ?6, messages = messages + ?7`
	sqlUsage = `SELECT ` + usageColumns + ` FROM usage WHERE day >= ?1 AND day <= ?2 ORDER BY day`
)

func inviteArgs(i account.Invite) []any {
	return []any{i.ID, i.Hash, i.Email, string(i.Role), i.Uses, i.Used, i.CreatedBy, i.CreatedAt.UnixMicro(), i.ExpiresAt.UnixMicro()}
}

func scanInvite(row scanner) (account.Invite, error) {
	var i account.Invite
	var created, expires int64
	if err := row.Scan(&i.ID, &i.Hash, &i.Email, &i.Role, &i.Uses, &i.Used, &i.CreatedBy, &created, &expires); err != nil {
		return account.Invite{}, notFound(err)
	}
	i.CreatedAt, i.ExpiresAt = fromMicros(created), fromMicros(expires)
	return i, nil
}

// CreateInvite implements [account.Store].
func (a *Accounts) CreateInvite(ctx context.Context, i account.Invite) error {
	_, err := a.s.write.ExecContext(ctx, sqlCreateInvite, inviteArgs(i)...)
	return a.explain("adding an invitation to", err)
}

// Invites implements [account.Store].
func (a *Accounts) Invites(ctx context.Context, after time.Time, limit int) ([]account.Invite, error) {
	list, err := collect(ctx, a.s.read, scanInvite, sqlInvites, after.UnixMicro(), limit)
	return list, a.explain("listing invitations in", err)
}

// InviteByHash implements [account.Store].
func (a *Accounts) InviteByHash(ctx context.Context, hash []byte, after time.Time) (account.Invite, error) {
	i, err := scanInvite(a.s.read.QueryRowContext(ctx, sqlInviteByHash, hash, after.UnixMicro()))
	return i, a.explain("reading an invitation from", err)
}

// UseInvite implements [account.Store].
func (a *Accounts) UseInvite(ctx context.Context, id string, after time.Time) error {
	result, err := a.s.write.ExecContext(ctx, sqlUseInvite, id, after.UnixMicro())
	return a.explain("using an invitation in", mustChange(result, err, account.ErrNotFound))
}

// ReturnInvite implements [account.Store].
func (a *Accounts) ReturnInvite(ctx context.Context, id string) error {
	_, err := a.s.write.ExecContext(ctx, sqlReturnInvite, id)
	return a.explain("returning an invitation to", err)
}

// DeleteInvite implements [account.Store].
func (a *Accounts) DeleteInvite(ctx context.Context, id string) error {
	result, err := a.s.write.ExecContext(ctx, sqlDeleteInvite, id)
	return a.explain("removing an invitation from", mustChange(result, err, account.ErrNotFound))
}

// KeepSetting implements [account.Store].
func (a *Accounts) KeepSetting(ctx context.Context, name string, value []byte) ([]byte, error) {
	var kept []byte
	err := a.s.transact(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, sqlKeepSetting, name, value); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, sqlSetting, name).Scan(&kept)
	})
	return bytes.Clone(kept), a.explain("keeping a setting in", err)
}

// Setting implements [account.Store].
func (a *Accounts) Setting(ctx context.Context, name string) ([]byte, error) {
	var value []byte
	err := a.s.read.QueryRowContext(ctx, sqlSetting, name).Scan(&value)
	return value, a.explain("reading a setting from", notFound(err))
}

// TakeSetting implements [account.Store].
func (a *Accounts) TakeSetting(ctx context.Context, name string, value []byte) error {
	result, err := a.s.write.ExecContext(ctx, sqlTakeSetting, name, value)
	return a.explain("taking a setting from", mustChange(result, err, account.ErrNotFound))
}

func usageArgs(u account.Usage) []any {
	return []any{u.Day, u.SignIns, u.FailedSignIns, u.Registrations, u.Started, u.Saved, u.Messages}
}

// AddUsage implements [account.Store].
func (a *Accounts) AddUsage(ctx context.Context, u account.Usage) error {
	_, err := a.s.write.ExecContext(ctx, sqlAddUsage, usageArgs(u)...)
	return a.explain("counting usage in", err)
}

// Usage implements [account.Store].
func (a *Accounts) Usage(ctx context.Context, from, to string) ([]account.Usage, error) {
	list, err := collect(ctx, a.s.read, func(row scanner) (u account.Usage, err error) {
		return u, row.Scan(&u.Day, &u.SignIns, &u.FailedSignIns, &u.Registrations, &u.Started, &u.Saved, &u.Messages)
	}, sqlUsage, from, to)
	return list, a.explain("reading the usage in", err)
}
