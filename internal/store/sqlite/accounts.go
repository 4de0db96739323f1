package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"chatmood/internal/account"
)

const (
	userColumns = `id, email, first_name, last_name, password_hash, role, status,
		created_at, updated_at, unverified, revoked_at, version, details, profile_image`

	sqlCreateUser = `
		INSERT INTO users (id, email, first_name, last_name, password_hash, role, status,
			created_at, updated_at, unverified, revoked_at, version, details, profile_image, email_key, name_key)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)`
	sqlUser        = `SELECT ` + userColumns + ` FROM users WHERE id = ?1`
	sqlUserByEmail = `SELECT ` + userColumns + ` FROM users WHERE email = ?1 OR email_key = ?2 ORDER BY email = ?1 DESC LIMIT 1`
	sqlUpdateUser  = `
		UPDATE users SET email = ?2, first_name = ?3, last_name = ?4, password_hash = ?5, role = ?6, status = ?7,
			created_at = ?8, updated_at = ?9, unverified = ?10, revoked_at = ?11, version = ?12 + 1, details = ?13,
			profile_image = ?14, email_key = CASE WHEN email = ?2 THEN email_key ELSE ?15 END, name_key = ?16
		WHERE id = ?1 AND version = ?12`
	sqlUserState  = `SELECT email, role, status FROM users WHERE id = ?1`
	sqlOtherAdmin = `SELECT count(*) FROM (SELECT 1 FROM users WHERE role = 'admin' AND status = 'active' AND id <> ?1 LIMIT 1)`
	sqlDeleteUser = `DELETE FROM users WHERE id = ?1`
	sqlCountUsers = `
		SELECT count(*), count(*) FILTER (WHERE status = 'active'), count(*) FILTER (WHERE role = 'admin' AND status = 'active')
		FROM users`

	sqlCreateSession = `
		INSERT INTO login_sessions (id, user_id, secret, generation, created_at, rotated_at, expires_at, address, user_agent)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)`
	sessionColumns   = `id, user_id, secret, generation, created_at, rotated_at, expires_at, address, user_agent`
	sqlSession       = `SELECT ` + sessionColumns + ` FROM login_sessions WHERE id = ?1`
	sqlSessions      = `SELECT ` + sessionColumns + ` FROM login_sessions WHERE user_id = ?1 AND expires_at > ?2 ORDER BY created_at DESC, id DESC`
	sqlRotateSession = `UPDATE login_sessions SET generation = ?2 + 1, rotated_at = ?3, expires_at = ?4 WHERE id = ?1 AND generation = ?2`
	sqlHasSession    = `SELECT count(*) FROM login_sessions WHERE id = ?1`
	sqlEndSession    = `DELETE FROM login_sessions WHERE id = ?1`
	sqlEndSessions   = `DELETE FROM login_sessions WHERE user_id = ?1 AND id <> ?2 RETURNING id`
	sqlDropSessions  = `DELETE FROM login_sessions WHERE expires_at < ?1`

	sqlSaveCode = `
		INSERT INTO codes (user_id, purpose, hash, target, tries, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
		ON CONFLICT (user_id, purpose) DO UPDATE SET hash = ?3, target = ?4, tries = ?5, created_at = ?6, expires_at = ?7`
	codeColumns  = `user_id, purpose, hash, target, tries, created_at, expires_at`
	sqlCode      = `SELECT ` + codeColumns + ` FROM codes WHERE user_id = ?1 AND purpose = ?2 AND expires_at > ?3`
	sqlTryCode   = `UPDATE codes SET tries = tries + 1 WHERE user_id = ?1 AND purpose = ?2 AND expires_at > ?3 AND tries < ?4 RETURNING ` + codeColumns
	sqlUseCode   = `DELETE FROM codes WHERE user_id = ?1 AND purpose = ?2 AND hash = ?3`
	sqlDropCode  = `DELETE FROM codes WHERE user_id = ?1 AND purpose = ?2`
	sqlDropCodes = `DELETE FROM codes WHERE expires_at < ?1`
)

// Accounts keeps accounts in a [Store]. It is safe for concurrent use.
type Accounts struct{ s *Store }

var _ account.Store = (*Accounts)(nil)

// Accounts returns the part of the store that keeps accounts.
func (s *Store) Accounts() *Accounts { return &Accounts{s} }

// explain lets the errors that callers tell apart through and says of all
// others what to do about them.
func (a *Accounts) explain(doing string, err error) error {
	if err != nil && account.AsError(err) != nil {
		return fmt.Errorf("%s the database: %w", doing, err)
	}
	return a.s.explain(doing, err)
}

// CreateUser implements [account.Store].
func (a *Accounts) CreateUser(ctx context.Context, u *account.User) error {
	args, err := userArgs(u)
	if err == nil {
		_, err = a.s.write.ExecContext(ctx, sqlCreateUser, args...)
	}
	return a.explain("adding a user to", emailTaken(err))
}

// User implements [account.Store].
func (a *Accounts) User(ctx context.Context, id string) (*account.User, error) {
	u, err := scanUser(a.s.read.QueryRowContext(ctx, sqlUser, id))
	return u, a.explain("reading a user from", err)
}

// UserByEmail implements [account.Store].
func (a *Accounts) UserByEmail(ctx context.Context, email string) (*account.User, error) {
	u, err := scanUser(a.s.read.QueryRowContext(ctx, sqlUserByEmail, email, account.EmailKey(email)))
	return u, a.explain("reading a user from", err)
}

// UpdateUser implements [account.Store].
func (a *Accounts) UpdateUser(ctx context.Context, u *account.User) error {
	args, err := userArgs(u)
	if err != nil {
		return a.explain("changing a user in", err)
	}
	err = a.s.transact(ctx, func(tx *sql.Tx) error {
		before, err := mayTakeAdmin(ctx, tx, u.ID, u.ActiveAdmin())
		if err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, sqlUpdateUser, args...)
		if err := mustChange(result, emailTaken(err), account.ErrChanged); err != nil || u.Email == before {
			return err
		}
		var twin string
		err = tx.QueryRowContext(ctx, sqlNextTwin, account.EmailKey(u.Email)).Scan(&twin)
		if err == nil {
			return account.ErrEmailTaken // and nothing is changed
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return freed(ctx, tx, before)
	})
	if err != nil {
		return a.explain("changing a user in", err)
	}
	u.Version++
	return nil
}

// mayTakeAdmin returns a user's address, or ErrLastAdmin where the user is the
// only active administrator and does not stay one.
func mayTakeAdmin(ctx context.Context, tx *sql.Tx, id string, stays bool) (email string, err error) {
	var before account.User
	err = tx.QueryRowContext(ctx, sqlUserState, id).Scan(&before.Email, &before.Role, &before.Status)
	if errors.Is(err, sql.ErrNoRows) {
		return "", account.ErrNotFound
	}
	if err != nil || stays || !before.ActiveAdmin() {
		return before.Email, err
	}
	var others int
	if err := tx.QueryRowContext(ctx, sqlOtherAdmin, id).Scan(&others); err != nil {
		return "", err
	}
	if others == 0 {
		return "", account.ErrLastAdmin
	}
	return before.Email, nil
}

// DeleteUser implements [account.Store].
func (a *Accounts) DeleteUser(ctx context.Context, id string) error {
	return a.explain("deleting a user from", a.s.transact(ctx, func(tx *sql.Tx) error {
		email, err := mayTakeAdmin(ctx, tx, id, false)
		if err != nil {
			return err
		}
		if err := anonymise(ctx, tx, id, email); err != nil {
			return err
		}
		if _, err = tx.ExecContext(ctx, sqlDeleteUser, id); err != nil {
			return err
		}
		return freed(ctx, tx, email)
	}))
}

// userOrders are the ways to sort users; each has its index.
var userOrders = map[account.UserSort]string{
	account.UsersByCreated: "created_at",
	account.UsersByName:    "name_key",
	account.UsersByEmail:   "email_key",
	account.UsersByRole:    "role",
	account.UsersByStatus:  "status",
}

// Users implements [account.Store].
func (a *Accounts) Users(ctx context.Context, q account.UserQuery) (account.UserPage, error) {
	page, err := a.users(ctx, q.Clean())
	return page, a.explain("listing the users in", err)
}

func (a *Accounts) users(ctx context.Context, q account.UserQuery) (page account.UserPage, err error) {
	list, count, args := userSQL(q)
	// One transaction: page and total of the same instant.
	tx, err := a.s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return page, err
	}
	defer tx.Rollback() // it only read: nothing to lose
	if err := tx.QueryRowContext(ctx, count, args...).Scan(&page.Total); err != nil {
		return page, err
	}
	limit := q.Limit
	if limit == 0 {
		limit = -1 // all
	}
	rows, err := tx.QueryContext(ctx, list, append(args, limit, q.Offset)...)
	if err != nil {
		return page, err
	}
	defer rows.Close()
	for rows.Next() {
		u, err := scanUser(rows)
		if err != nil {
			return page, err
		}
		u.PasswordHash, u.Legacy = "", account.Legacy{}
		page.Users = append(page.Users, *u)
	}
	return page, rows.Err()
}

// userSQL makes the statements of a query: those of a page and its total. There
// are few users: searching their names reads them all, sorting does not.
func userSQL(q account.UserQuery) (list, count string, args []any) {
	var where []string
	if q.Role != "" {
		where, args = append(where, "role = ?"), append(args, string(q.Role))
	}
	if q.Status != "" {
		where, args = append(where, "status = ?"), append(args, string(q.Status))
	}
	if q.Search != "" {
		key := account.Fold(q.Search)
		where, args = append(where, "(instr(name_key, ?) > 0 OR instr(email_key, ?) > 0)"), append(args, key, key)
	}
	columns := userColumns
	if !q.Images {
		columns = strings.Replace(columns, "profile_image", "''", 1)
	}
	from := " FROM users" + conjunction(where)
	return "SELECT " + columns + from + orderBy(userOrders[q.Sort], q.Descending) + " LIMIT ? OFFSET ?", "SELECT count(*)" + from, args
}

func conjunction(where []string) string {
	if len(where) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(where, " AND ")
}

// orderBy sorts by a column of an allowed list, and by id where that is equal.
func orderBy(column string, descending bool) string {
	direction := ""
	if descending {
		direction = " DESC"
	}
	if column == "id" {
		return " ORDER BY id" + direction
	}
	return " ORDER BY " + column + direction + ", id" + direction
}

// CountUsers implements [account.Store].
func (a *Accounts) CountUsers(ctx context.Context) (account.UserCounts, error) {
	var c account.UserCounts
	err := a.s.read.QueryRowContext(ctx, sqlCountUsers).Scan(&c.Total, &c.Active, &c.Admins)
	return c, a.explain("counting the users in", err)
}

// CreateSession implements [account.Store].
func (a *Accounts) CreateSession(ctx context.Context, s account.Session) error {
	_, err := a.s.write.ExecContext(ctx, sqlCreateSession, sessionArgs(s)...)
	return a.explain("starting a session in", noUser(err))
}

// Session implements [account.Store].
func (a *Accounts) Session(ctx context.Context, id string) (account.Session, error) {
	s, err := scanSession(a.s.read.QueryRowContext(ctx, sqlSession, id))
	return s, a.explain("reading a session from", err)
}

// Sessions implements [account.Store].
func (a *Accounts) Sessions(ctx context.Context, userID string, after time.Time) ([]account.Session, error) {
	list, err := collect(ctx, a.s.read, scanSession, sqlSessions, userID, after.UnixMicro())
	return list, a.explain("listing sessions in", err)
}

// RotateSession implements [account.Store].
func (a *Accounts) RotateSession(ctx context.Context, id string, from int64, at, expires time.Time) error {
	return a.explain("rotating a session in", a.s.transact(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, sqlRotateSession, id, from, at.UnixMicro(), expires.UnixMicro())
		err = mustChange(result, err, account.ErrChanged)
		if !errors.Is(err, account.ErrChanged) {
			return err
		}
		var have int
		if err := tx.QueryRowContext(ctx, sqlHasSession, id).Scan(&have); err != nil {
			return err
		}
		if have == 0 {
			return account.ErrNotFound
		}
		return account.ErrChanged
	}))
}

// EndSession implements [account.Store].
func (a *Accounts) EndSession(ctx context.Context, id string) error {
	_, err := a.s.write.ExecContext(ctx, sqlEndSession, id)
	return a.explain("ending a session in", err)
}

// EndSessions implements [account.Store].
func (a *Accounts) EndSessions(ctx context.Context, userID, except string) ([]string, error) {
	scan := func(row scanner) (id string, err error) { return id, row.Scan(&id) }
	ids, err := collect(ctx, a.s.write, scan, sqlEndSessions, userID, except)
	return ids, a.explain("ending sessions in", err)
}

// SaveCode implements [account.Store].
func (a *Accounts) SaveCode(ctx context.Context, c account.Code) error {
	_, err := a.s.write.ExecContext(ctx, sqlSaveCode, c.UserID, string(c.Purpose), c.Hash, c.Target, c.Tries,
		c.CreatedAt.UnixMicro(), c.ExpiresAt.UnixMicro())
	return a.explain("keeping a code in", noUser(err))
}

// Code implements [account.Store].
func (a *Accounts) Code(ctx context.Context, userID string, p account.Purpose, after time.Time) (account.Code, error) {
	c, err := scanCode(a.s.read.QueryRowContext(ctx, sqlCode, userID, string(p), after.UnixMicro()))
	return c, a.explain("reading a code from", err)
}

// TryCode implements [account.Store].
func (a *Accounts) TryCode(ctx context.Context, userID string, p account.Purpose, after time.Time, max int) (account.Code, error) {
	c, err := scanCode(a.s.write.QueryRowContext(ctx, sqlTryCode, userID, string(p), after.UnixMicro(), max))
	return c, a.explain("trying a code in", err)
}

// UseCode implements [account.Store].
func (a *Accounts) UseCode(ctx context.Context, userID string, p account.Purpose, hash []byte) error {
	result, err := a.s.write.ExecContext(ctx, sqlUseCode, userID, string(p), hash)
	return a.explain("using a code up in", mustChange(result, err, account.ErrNotFound))
}

// DropCodes implements [account.Store].
func (a *Accounts) DropCodes(ctx context.Context, userID string, ps ...account.Purpose) error {
	return a.explain("removing codes from", a.s.transact(ctx, func(tx *sql.Tx) error {
		for _, p := range ps {
			if _, err := tx.ExecContext(ctx, sqlDropCode, userID, string(p)); err != nil {
				return err
			}
		}
		return nil
	}))
}

// DropExpired implements [account.Store].
func (a *Accounts) DropExpired(ctx context.Context, before time.Time) (int64, error) {
	var dropped int64
	err := a.s.transact(ctx, func(tx *sql.Tx) error {
		for _, query := range []string{sqlDropSessions, sqlDropCodes, sqlDropInvites} {
			result, err := tx.ExecContext(ctx, query, before.UnixMicro())
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			dropped += n
		}
		return nil
	})
	return dropped, a.explain("removing expired sessions from", err)
}

// userDetails is what no query looks at.
type userDetails struct {
	AutoSave bool            `json:"auto_save,omitempty"`
	Devices  []string        `json:"devices,omitempty"`
	Legacy   account.Legacy  `json:"legacy,omitzero"`
	Extra    json.RawMessage `json:"extra,omitempty"`
}

// userArgs are the parameters of the statements that write a user.
func userArgs(u *account.User) ([]any, error) {
	details, err := json.Marshal(userDetails{u.AutoSave, u.Devices, u.Legacy, u.Extra})
	if err != nil {
		return nil, fmt.Errorf("encoding user %s: %w", u.ID, err)
	}
	return []any{
		u.ID, u.Email, u.FirstName, u.LastName, u.PasswordHash, string(u.Role), string(u.Status),
		u.CreatedAt.UnixMicro(), u.UpdatedAt.UnixMicro(), u.Unverified, orNull(u.RevokedAt), u.Version, string(details), u.ProfileImage,
		account.EmailKey(u.Email), account.Fold(u.Name()),
	}, nil
}

// scanner is a row of a result.
type scanner interface{ Scan(dest ...any) error }

// querier reads: a pool of connections or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// collect scans all rows of a query.
func collect[T any](ctx context.Context, db querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, rows.Err()
}

func scanUser(row scanner) (*account.User, error) {
	var u account.User
	var created, updated int64
	var revoked sql.NullInt64
	var details string
	err := row.Scan(&u.ID, &u.Email, &u.FirstName, &u.LastName, &u.PasswordHash, &u.Role, &u.Status,
		&created, &updated, &u.Unverified, &revoked, &u.Version, &details, &u.ProfileImage)
	if err != nil {
		return nil, notFound(err)
	}
	var d userDetails
	if err := json.Unmarshal([]byte(details), &d); err != nil {
		return nil, fmt.Errorf("decoding user %s: %w", u.ID, err)
	}
	u.AutoSave, u.Devices, u.Legacy, u.Extra = d.AutoSave, d.Devices, d.Legacy, d.Extra
	u.CreatedAt, u.UpdatedAt, u.RevokedAt = fromMicros(created), fromMicros(updated), fromNull(revoked)
	return &u, nil
}

func sessionArgs(s account.Session) []any {
	return []any{
		s.ID, s.UserID, s.Secret, s.Generation, s.CreatedAt.UnixMicro(), s.RotatedAt.UnixMicro(), s.ExpiresAt.UnixMicro(), s.Address, s.UserAgent,
	}
}

func scanSession(row scanner) (account.Session, error) {
	var s account.Session
	var created, rotated, expires int64
	if err := row.Scan(&s.ID, &s.UserID, &s.Secret, &s.Generation, &created, &rotated, &expires, &s.Address, &s.UserAgent); err != nil {
		return account.Session{}, notFound(err)
	}
	s.CreatedAt, s.RotatedAt, s.ExpiresAt = fromMicros(created), fromMicros(rotated), fromMicros(expires)
	return s, nil
}

func scanCode(row scanner) (account.Code, error) {
	var c account.Code
	var created, expires int64
	if err := row.Scan(&c.UserID, &c.Purpose, &c.Hash, &c.Target, &c.Tries, &created, &expires); err != nil {
		return account.Code{}, notFound(err)
	}
	c.CreatedAt, c.ExpiresAt = fromMicros(created), fromMicros(expires)
	return c, nil
}

func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return account.ErrNotFound
	}
	return err
}

// mustChange returns none where a statement changed nothing.
func mustChange(result sql.Result, err, none error) error {
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		return none
	}
	return err
}

func emailTaken(err error) error {
	if violates(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE) {
		return account.ErrEmailTaken
	}
	return err
}

// noUser: what belongs to a user came after the user was deleted.
func noUser(err error) error {
	if violates(err, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY) {
		return account.ErrNotFound
	}
	return err
}

func violates(err error, code int) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code() == code
}

func orNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

func fromNull(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return fromMicros(n.Int64)
}
