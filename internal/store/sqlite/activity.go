package sqlite

import (
	"context"
	"database/sql"
	"strings"
	"time"
	"unicode/utf8"

	"chatmood/internal/account"
)

const (
	sqlAppendLog = `
		INSERT INTO logs (id, user_id, user_name, activity, details, text_key, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`
	logColumns    = `id, user_id, user_name, activity, details, created_at`
	sqlCleanUp    = `DELETE FROM logs WHERE created_at < ?1`
	sqlLogsOfUser = `
		SELECT ` + logColumns + ` FROM logs WHERE user_id = ?1
		UNION SELECT ` + logColumns + ` FROM logs WHERE rowid IN (SELECT rowid FROM logs_text WHERE logs_text MATCH ?2)`
	sqlChangeLog = `UPDATE logs SET user_id = ?2, user_name = ?3, details = ?4, text_key = ?5 WHERE id = ?1`
)

const (
	// minIndexed is the shortest text that the index finds, in characters.
	minIndexed = 3
	// commonMatches is from how many entries on a text counts as common: then a
	// page is found sooner by reading the log in its order than by sorting all
	// that the index finds.
	commonMatches = 2000
)

// AppendLog implements [account.Store].
func (a *Accounts) AppendLog(ctx context.Context, l account.Activity) error {
	_, err := a.s.write.ExecContext(ctx, sqlAppendLog, logArgs(l)...)
	return a.explain("writing the activity log in", err)
}

// logOrders are the ways to sort the log; each has its index.
var logOrders = map[account.LogSort]string{
	account.LogsByCreated:  "created_at",
	account.LogsByID:       "id",
	account.LogsByUserName: "user_name",
	account.LogsByActivity: "activity",
}

// Logs implements [account.Store].
func (a *Accounts) Logs(ctx context.Context, q account.LogQuery) (account.LogPage, error) {
	page, err := a.logs(ctx, q.Clean())
	return page, a.explain("reading the activity log in", err)
}

func (a *Accounts) logs(ctx context.Context, q account.LogQuery) (page account.LogPage, err error) {
	list, count, args := logSQL(q, true)
	// One transaction: page and total of the same instant.
	tx, err := a.s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return page, err
	}
	defer tx.Rollback() // it only read: nothing to lose
	if err := tx.QueryRowContext(ctx, count, args...).Scan(&page.Total); err != nil {
		return page, err
	}
	if page.Total > commonMatches {
		list, _, args = logSQL(q, false)
	}
	page.Logs, err = collect(ctx, tx, scanLog, list, append(args, q.Limit, q.Offset)...)
	return page, err
}

func logArgs(l account.Activity) []any {
	return []any{l.ID, l.UserID, l.UserName, l.Activity, l.Details, l.TextKey(), l.CreatedAt.UnixMicro()}
}

func scanLog(row scanner) (account.Activity, error) {
	var l account.Activity
	var created int64
	err := row.Scan(&l.ID, &l.UserID, &l.UserName, &l.Activity, &l.Details, &created)
	l.CreatedAt = fromMicros(created)
	return l, err
}

// logSQL makes the statements of a query: those of a page and its total, with
// the index of texts or without. A search of fewer characters than the index
// knows reads the whole log.
func logSQL(q account.LogQuery, indexed bool) (list, count string, args []any) {
	var where []string
	if q.UserID != "" {
		where, args = append(where, "user_id = ?"), append(args, q.UserID)
	}
	if q.Activity != "" {
		where, args = append(where, "activity = ?"), append(args, q.Activity)
	}
	if !q.From.IsZero() {
		where, args = append(where, "created_at >= ?"), append(args, q.From.UnixMicro())
	}
	if !q.To.IsZero() {
		where, args = append(where, "created_at < ?"), append(args, q.To.UnixMicro())
	}
	key := account.Fold(q.Search)
	indexed = indexed && utf8.RuneCountInString(key) >= minIndexed
	if indexed {
		where, args = append(where, "rowid IN (SELECT rowid FROM logs_text WHERE logs_text MATCH ?)"), append(args, phrase(key))
	} else if key != "" {
		where, args = append(where, "instr(text_key, ?) > 0"), append(args, key)
	}
	from := " FROM logs" + conjunction(where)
	list = "SELECT " + logColumns + from + orderBy(logOrders[q.Sort], q.Descending) + " LIMIT ? OFFSET ?"
	count = "SELECT count(*)" + from
	if indexed && len(where) == 1 {
		count = "SELECT count(*) FROM logs_text WHERE logs_text MATCH ?" // the index alone knows
	}
	return list, count, args
}

// phrase quotes a text, so that nothing in it is an operator of the index.
func phrase(text string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(text, "\x00", ""), `"`, `""`) + `"`
}

// CleanUpLogs implements [account.Store].
func (a *Accounts) CleanUpLogs(ctx context.Context, before time.Time) (int64, error) {
	result, err := a.s.write.ExecContext(ctx, sqlCleanUp, before.UnixMicro())
	if err != nil {
		return 0, a.explain("cleaning up the activity log in", err)
	}
	n, err := result.RowsAffected()
	return n, a.explain("cleaning up the activity log in", err)
}

// anonymise takes a user out of the log.
func anonymise(ctx context.Context, tx *sql.Tx, userID, email string) error {
	list, err := collect(ctx, tx, scanLog, sqlLogsOfUser, userID, phrase(account.Fold(email)))
	if err != nil {
		return err
	}
	for _, l := range list {
		l = l.Anonymous(userID)
		if _, err := tx.ExecContext(ctx, sqlChangeLog, l.ID, l.UserID, l.UserName, l.Details, l.TextKey()); err != nil {
			return err
		}
	}
	return nil
}
