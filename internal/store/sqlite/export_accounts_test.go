package sqlite

import (
	"context"
	"database/sql"

	"chatmood/internal/account"
	"chatmood/internal/history"
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
		sqlEachUser, sqlEachSession, sqlEachInvite, sqlEachLog, sqlHolder, sqlStepAside, sqlNextTwin, sqlStepUp, sqlEmailOf,
		sqlImportUser, sqlImportSession, sqlImportInvite, sqlImportLog, sqlImportUsage, sqlImportMail, sqlAddUsage, sqlKeepSetting,
	}
}

// HistoryQueries are the statements of history, links and holds that choose rows.
func HistoryQueries() []string {
	return []string{
		sqlUpdateEntry, sqlImportEntry, sqlEntry, sqlBySession, sqlRemoveEntry, sqlRemoveUser, sqlCountOf, sqlTotals,
		sqlKeepReport, sqlDropReport, sqlEntryReport, sqlEachEntry, sqlTags, sqlCountEntries,
		sqlCreateShare, sqlShares, sqlShareByHash, sqlCountView, sqlRemoveShare, sqlDropShares, sqlEachShare, sqlImportShare,
		sqlAddHold, sqlDropHold, sqlDropHolds, sqlHoldsOn, sqlHoldsOf, sqlHolds,
	}
}

// HistoryListSQL are the statements of a page of a list and of its total.
func HistoryListSQL(q history.Query) (list, count string) {
	list, count, _ = historySQL(q.Clean())
	return list, count
}

// LogListSQL is the statement of a page of the log.
func LogListSQL(q account.LogQuery) string { list, _, _ := logSQL(q.Clean(), true); return list }

// UserListSQL is the statement of a page of users.
func UserListSQL(q account.UserQuery) string { list, _, _ := userSQL(q.Clean()); return list }

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

// FillHistory writes many entries at once.
func (s *Store) FillHistory(ctx context.Context, n int, entry func(int) *history.Entry) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		for i := range n {
			args, err := entryArgs(entry(i))
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, sqlCreateEntry, args...); err != nil {
				return err
			}
		}
		return nil
	})
}
