package sqlite

import (
	"context"
	"database/sql"

	"chatmood/internal/account"
)

// AccountQueries are the statements of accounts and mail that choose rows.
func AccountQueries() []string {
	return []string{
		sqlUser, sqlUserByEmail, sqlUpdateUser, sqlUserState, sqlOtherAdmin, sqlDeleteUser,
		sqlSession, sqlSessions, sqlRotateSession, sqlHasSession, sqlEndSession, sqlEndSessions, sqlDropSessions,
		sqlCode, sqlTryCode, sqlUseCode, sqlDropCode, sqlDropCodes,
		sqlCleanUp, sqlLogsOfUser, sqlChangeLog,
		sqlPutMail, sqlClaimMail, sqlDelivered, sqlRetryMail, sqlBuryMail, sqlDeadMail, sqlWaiting, sqlReviveMail, sqlDropDead,
		sqlInvites, sqlInviteByHash, sqlUseInvite, sqlReturnInvite, sqlDeleteInvite, sqlDropInvites, sqlSetting, sqlTakeSetting, sqlUsage,
		sqlEachUser, sqlEachSession, sqlEachInvite, sqlEachLog, sqlHolder, sqlStepAside,
	}
}

// LogListSQL is the statement of a page of the log.
func LogListSQL(q account.LogQuery) string { list, _, _ := logSQL(q.Clean(), true); return list }

// UserListSQL is the statement of a page of users.
func UserListSQL(q account.UserQuery) string { list, _, _ := userSQL(q.Clean()); return list }

// Explain tells how SQLite carries a statement out.
func (s *Store) Explain(ctx context.Context, query string) ([]string, error) {
	args := make([]any, 16)
	for i := range args {
		args[i] = "x"
	}
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	n := params(query)
	for i := range len(query) - 1 {
		if query[i] == '?' && (query[i+1] < '0' || query[i+1] > '9') {
			n++
		}
	}
	if len(query) > 0 && query[len(query)-1] == '?' {
		n++
	}
	if n == 6 && query == sqlUpdateUser {
		n = 16
	}
	rows, err := conn.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, args[:n]...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return nil, err
		}
		steps = append(steps, detail)
	}
	return steps, rows.Err()
}

// FillLogs writes many log entries at once.
func (s *Store) FillLogs(ctx context.Context, n int, entry func(int) account.Activity) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		for i := range n {
			l := entry(i)
			if _, err := tx.ExecContext(ctx, sqlAppendLog, logArgs(l)...); err != nil {
				return err
			}
		}
		return nil
	})
}
