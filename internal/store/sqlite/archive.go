package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"chatmood/internal/account"
)

const (
	sqlEachUser    = `SELECT ` + userColumns + ` FROM users WHERE id > ?1 ORDER BY id`
	sqlEachSession = `SELECT ` + sessionColumns + ` FROM login_sessions WHERE id > ?1 ORDER BY id`
	sqlEachCode    = `SELECT ` + codeColumns + ` FROM codes`
	sqlEachInvite  = `SELECT ` + inviteColumns + ` FROM invites WHERE id > ?1 ORDER BY id`
	sqlEachLog     = `SELECT ` + logColumns + ` FROM logs WHERE id > ?1 ORDER BY id`

	sqlHolder    = `SELECT id FROM users WHERE email_key = ?1 AND id <> ?2`
	sqlStepAside = `UPDATE users SET email_key = email_key || char(10) || id WHERE id = ?1`
	// Twins come behind the one that has the plain key, in the order of their ids.
	sqlNextTwin   = `SELECT id FROM users WHERE email_key >= ?1 || char(10) AND email_key < ?1 || char(11) ORDER BY email_key LIMIT 1`
	sqlStepUp     = `UPDATE users SET email_key = ?2 WHERE id = ?1`
	sqlEmailOf    = `SELECT email FROM users WHERE id = ?1`
	sqlImportUser = sqlCreateUser + `
		ON CONFLICT (id) DO UPDATE SET email = ?2, first_name = ?3, last_name = ?4, password_hash = ?5, role = ?6, status = ?7,
			created_at = ?8, updated_at = ?9, unverified = ?10, revoked_at = ?11, version = ?12, details = ?13,
			profile_image = ?14, email_key = ?15, name_key = ?16`
	sqlImportSession = sqlCreateSession + `
		ON CONFLICT (id) DO UPDATE SET user_id = ?2, secret = ?3, generation = ?4, created_at = ?5, rotated_at = ?6,
			expires_at = ?7, address = ?8, user_agent = ?9`
	sqlImportInvite = sqlCreateInvite + `
		ON CONFLICT (id) DO UPDATE SET hash = ?2, email = ?3, role = ?4, uses = ?5, used = ?6, created_by = ?7, created_at = ?8, expires_at = ?9`
	sqlImportLog = sqlAppendLog + `
		ON CONFLICT (id) DO UPDATE SET user_id = ?2, user_name = ?3, activity = ?4, details = ?5, text_key = ?6, created_at = ?7`
	sqlImportUsage = `
		INSERT INTO usage (` + usageColumns + `) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
		ON CONFLICT (day) DO UPDATE SET sign_ins = ?2, failed_sign_ins = ?3, registrations = ?4, started = ?5, saved = ?6, messages = ?7`
)

var _ account.Archive = (*Accounts)(nil)

// each hands the rows of a query to do, one after the other.
func each[T any](ctx context.Context, db querier, scan func(scanner) (T, error), do func(T) error, query string, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return err
		}
		if err := do(item); err != nil {
			return err
		}
	}
	return rows.Err()
}

// EachUser implements [account.Archive].
func (a *Accounts) EachUser(ctx context.Context, after string, do func(*account.User) error) error {
	return a.explain("reading the users of", each(ctx, a.s.read, scanUser, do, sqlEachUser, after))
}

// ImportUser implements [account.Archive].
func (a *Accounts) ImportUser(ctx context.Context, u *account.User) error {
	args, err := userArgs(u)
	if err != nil {
		return a.explain("importing a user into", err)
	}
	const keyArg = 14
	return a.explain("importing a user into", a.s.transact(ctx, func(tx *sql.Tx) error {
		var holder string
		err := tx.QueryRowContext(ctx, sqlHolder, args[keyArg], u.ID).Scan(&holder)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		case holder < u.ID:
			args[keyArg] = args[keyArg].(string) + "\n" + u.ID
		default:
			if _, err := tx.ExecContext(ctx, sqlStepAside, holder); err != nil {
				return err
			}
		}
		var before string
		if err := tx.QueryRowContext(ctx, sqlEmailOf, u.ID).Scan(&before); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if _, err = tx.ExecContext(ctx, sqlImportUser, args...); err != nil {
			return emailTaken(err)
		}
		return freed(ctx, tx, before)
	}))
}

// freed gives the key of an address that somebody may have left to the next
// whose address differs from it only in case, if there is any.
func freed(ctx context.Context, tx *sql.Tx, email string) error {
	key := account.EmailKey(email)
	var id string
	err := tx.QueryRowContext(ctx, sqlHolder, key, "").Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return err // somebody has it
	}
	err = tx.QueryRowContext(ctx, sqlNextTwin, key).Scan(&id)
	if err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	}
	_, err = tx.ExecContext(ctx, sqlStepUp, id, key)
	return err
}

// EachSession implements [account.Archive].
func (a *Accounts) EachSession(ctx context.Context, after string, do func(account.Session) error) error {
	return a.explain("reading the sessions of", each(ctx, a.s.read, scanSession, do, sqlEachSession, after))
}

// ImportSession implements [account.Archive].
func (a *Accounts) ImportSession(ctx context.Context, s account.Session) error {
	_, err := a.s.write.ExecContext(ctx, sqlImportSession, sessionArgs(s)...)
	return a.explain("importing a session into", noUser(err))
}

// EachCode implements [account.Archive].
func (a *Accounts) EachCode(ctx context.Context, do func(account.Code) error) error {
	return a.explain("reading the codes of", each(ctx, a.s.read, scanCode, do, sqlEachCode))
}

// EachInvite implements [account.Archive].
func (a *Accounts) EachInvite(ctx context.Context, after string, do func(account.Invite) error) error {
	return a.explain("reading the invitations of", each(ctx, a.s.read, scanInvite, do, sqlEachInvite, after))
}

// ImportInvite implements [account.Archive].
func (a *Accounts) ImportInvite(ctx context.Context, i account.Invite) error {
	_, err := a.s.write.ExecContext(ctx, sqlImportInvite, inviteArgs(i)...)
	return a.explain("importing an invitation into", err)
}

// EachLog implements [account.Archive].
func (a *Accounts) EachLog(ctx context.Context, after string, do func(account.Activity) error) error {
	return a.explain("reading the activity log of", each(ctx, a.s.read, scanLog, do, sqlEachLog, after))
}

// ImportLogs implements [account.Archive].
func (a *Accounts) ImportLogs(ctx context.Context, list []account.Activity) error {
	return a.explain("importing the activity log into", a.s.transact(ctx, func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(ctx, sqlImportLog)
		if err != nil {
			return err
		}
		defer insert.Close() //nolint:errcheck // it ends with the transaction at the latest
		for _, l := range list {
			if _, err := insert.ExecContext(ctx, logArgs(l)...); err != nil {
				return err
			}
		}
		return nil
	}))
}

// ImportUsage implements [account.Archive].
func (a *Accounts) ImportUsage(ctx context.Context, u account.Usage) error {
	_, err := a.s.write.ExecContext(ctx, sqlImportUsage, usageArgs(u)...)
	return a.explain("importing usage into", err)
}
