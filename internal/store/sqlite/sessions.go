package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"chatmood/internal/analysis"
)

// The statements that write. A session that ended is left as it is, so that a
// checkpoint that comes late does not bring it back to life.
const (
	sqlSaveSession = `
		INSERT INTO sessions (id, channel, started_at, checkpoint_at, fence) VALUES (?1, ?2, ?3, ?4, ?5)
		ON CONFLICT (id) DO UPDATE SET checkpoint_at = ?4, fence = ?5 WHERE ended_at IS NULL AND fence <= ?5`
	// What the above left alone: a session that ended, or one of a later owner.
	sqlFenced = `
		SELECT ended_at IS NULL FROM sessions WHERE id = ?1`
	sqlClaim = `
		UPDATE sessions SET fence = ?2 WHERE channel = ?1 AND ended_at IS NULL AND fence <= ?2`
	sqlSavePart = `
		INSERT INTO parts (session_id, name, data) VALUES (?1, ?2, ?3)
		ON CONFLICT (session_id, name) DO UPDATE SET data = ?3`
	sqlDropPart  = `DELETE FROM parts WHERE session_id = ?1 AND name = ?2`
	sqlDropParts = `DELETE FROM parts WHERE session_id = ?1`
	sqlFinish    = `
		INSERT INTO sessions (id, channel, started_at, checkpoint_at, ended_at, counts, mood, fence) VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)
		ON CONFLICT (id) DO UPDATE SET checkpoint_at = ?4, ended_at = ?4, counts = ?5, mood = ?6, fence = ?7 WHERE fence <= ?7`
	sqlSaveReport = `
		INSERT INTO reports (session_id, report) VALUES (?1, ?2)
		ON CONFLICT (session_id) DO UPDATE SET report = ?2`
)

// The statements that read.
const (
	sqlRunning = `
		SELECT id, channel, started_at, checkpoint_at, fence FROM sessions WHERE ended_at IS NULL ORDER BY started_at, id`
	sqlParts = `
		SELECT name, data FROM parts WHERE session_id = ?1 ORDER BY name`
	sqlFinished = `
		SELECT id, channel, started_at, ended_at, counts, mood FROM sessions
		WHERE ended_at IS NOT NULL AND (ended_at, id) < (?1, ?2) ORDER BY ended_at DESC, id DESC LIMIT ?3`
	sqlFinishedOf = `
		SELECT id, channel, started_at, ended_at, counts, mood FROM sessions
		WHERE ended_at IS NOT NULL AND (ended_at, id) < (?1, ?2) AND channel = ?4 ORDER BY ended_at DESC, id DESC LIMIT ?3`
	sqlReport = `
		SELECT report FROM reports WHERE session_id = ?1`
)

// prepare parses the statements of every checkpoint once.
func (s *Store) prepare(ctx context.Context) error {
	s.stmts = make(map[string]*sql.Stmt)
	for _, query := range []string{sqlSaveSession, sqlSavePart, sqlDropPart} {
		stmt, err := s.write.PrepareContext(ctx, query) //nolint:sqlclosecheck // it lives as long as the database
		if err != nil {
			return err
		}
		s.stmts[query] = stmt
	}
	return nil
}

// transact runs do in a transaction of the writing connection.
func (s *Store) transact(ctx context.Context, do func(*sql.Tx) error) (err error) {
	end := s.write.begin(ctx, "transaction")
	defer func() { end(err) }()
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		// The context's end rolls back by itself; what Rollback says then is
		// no news.
		if rerr := tx.Rollback(); rerr != nil && !errors.Is(rerr, sql.ErrTxDone) {
			err = errors.Join(err, rerr)
		}
		return err
	}
	return tx.Commit()
}

// SaveCheckpoints implements [analysis.SessionStore].
func (s *Store) SaveCheckpoints(ctx context.Context, cps []analysis.Checkpoint) error {
	if len(cps) == 0 {
		return nil
	}
	return s.explain("saving checkpoints in", s.transact(ctx, func(tx *sql.Tx) error {
		saveSession := tx.StmtContext(ctx, s.stmts[sqlSaveSession]) //nolint:sqlclosecheck // the transaction closes it
		savePart := tx.StmtContext(ctx, s.stmts[sqlSavePart])       //nolint:sqlclosecheck // the transaction closes it
		dropPart := tx.StmtContext(ctx, s.stmts[sqlDropPart])       //nolint:sqlclosecheck // the transaction closes it
		var fenced []string
		for i := range cps {
			cp := &cps[i]
			result, err := saveSession.ExecContext(ctx, cp.SessionID, cp.Channel, cp.StartedAt.UnixMicro(), cp.At.UnixMicro(), cp.Fence)
			if err != nil {
				return err
			}
			if n, err := result.RowsAffected(); err != nil {
				return err
			} else if n == 0 {
				running := false
				if err := tx.QueryRowContext(ctx, sqlFenced, cp.SessionID).Scan(&running); err != nil {
					return err
				}
				if running {
					fenced = append(fenced, cp.SessionID)
				}
				continue
			}
			for _, part := range cp.Parts {
				if part.Data == nil {
					_, err = dropPart.ExecContext(ctx, cp.SessionID, part.Name)
				} else {
					_, err = savePart.ExecContext(ctx, cp.SessionID, part.Name, part.Data)
				}
				if err != nil {
					return err
				}
			}
		}
		if fenced != nil {
			return &analysis.FencedError{Sessions: fenced}
		}
		return nil
	}))
}

// ResumeSessions implements [analysis.SessionStore].
func (s *Store) ResumeSessions(ctx context.Context, fences map[string]int64) ([]analysis.Checkpoint, error) {
	var cps []analysis.Checkpoint
	err := s.transact(ctx, func(tx *sql.Tx) error {
		for channel, fence := range fences {
			if _, err := tx.ExecContext(ctx, sqlClaim, channel, fence); err != nil {
				return err
			}
		}
		list, err := running(ctx, tx)
		if err != nil {
			return err
		}
		for _, cp := range list {
			if fence, ok := fences[cp.Channel]; !ok || cp.Fence != fence {
				continue
			}
			if cp.Parts, err = partsOf(ctx, tx, cp.SessionID); err != nil {
				return err
			}
			cps = append(cps, cp)
		}
		return nil
	})
	if err != nil {
		return nil, s.explain("taking sessions over in", err)
	}
	return cps, nil
}

// Running implements [analysis.SessionStore].
func (s *Store) Running(ctx context.Context) ([]analysis.Checkpoint, error) {
	cps, err := running(ctx, s.read)
	if err != nil {
		return nil, s.explain("listing the running sessions in", err)
	}
	return cps, nil
}

// RunningSessions implements [analysis.SessionStore].
func (s *Store) RunningSessions(ctx context.Context) ([]analysis.Checkpoint, error) {
	// One transaction: sessions and parts of the same instant.
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, s.explain("reading", err)
	}
	defer tx.Rollback() // it only read: nothing to lose
	cps, err := runningSessions(ctx, tx)
	if err != nil {
		return nil, s.explain("reading the running sessions from", err)
	}
	return cps, nil
}

// running reads the running sessions without their parts.
func running(ctx context.Context, from querier) ([]analysis.Checkpoint, error) {
	rows, err := from.QueryContext(ctx, sqlRunning)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var cps []analysis.Checkpoint
	for rows.Next() {
		var cp analysis.Checkpoint
		var started, at int64
		if err := rows.Scan(&cp.SessionID, &cp.Channel, &started, &at, &cp.Fence); err != nil {
			return nil, err
		}
		cp.StartedAt, cp.At = fromMicros(started), fromMicros(at)
		cps = append(cps, cp)
	}
	return cps, rows.Err()
}

func runningSessions(ctx context.Context, tx *sql.Tx) ([]analysis.Checkpoint, error) {
	cps, err := running(ctx, tx)
	if err != nil {
		return nil, err
	}
	for i := range cps {
		if cps[i].Parts, err = partsOf(ctx, tx, cps[i].SessionID); err != nil {
			return nil, err
		}
	}
	return cps, nil
}

func partsOf(ctx context.Context, tx *sql.Tx, id string) ([]analysis.Part, error) {
	rows, err := tx.QueryContext(ctx, sqlParts, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var parts []analysis.Part
	for rows.Next() {
		var part analysis.Part
		if err := rows.Scan(&part.Name, &part.Data); err != nil {
			return nil, err
		}
		if part.Data == nil {
			part.Data = []byte{} // nil would say that there is no such part
		}
		parts = append(parts, part)
	}
	return parts, rows.Err()
}

// FinishSession implements [analysis.SessionStore].
func (s *Store) FinishSession(ctx context.Context, f analysis.Finished) error {
	counts, err := json.Marshal(f.Counts)
	if err != nil {
		return fmt.Errorf("encoding the counts of session %s: %w", f.SessionID, err)
	}
	report := s.zip.EncodeAll(f.Report, nil)
	return s.explain("saving a finished session in", s.transact(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, sqlFinish, f.SessionID, f.Channel, f.StartedAt.UnixMicro(), f.EndedAt.UnixMicro(), string(counts), f.Mood, f.Fence)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return &analysis.FencedError{Sessions: []string{f.SessionID}}
		}
		for _, step := range []struct {
			query string
			args  []any
		}{
			{sqlSaveReport, []any{f.SessionID, report}},
			{sqlDropParts, []any{f.SessionID}},
		} {
			if _, err := tx.ExecContext(ctx, step.query, step.args...); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Sessions implements [analysis.SessionStore].
func (s *Store) Sessions(ctx context.Context, q analysis.SessionQuery) ([]analysis.SessionInfo, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = analysis.DefaultSessionLimit
	}
	limit = min(limit, analysis.MaxSessionLimit)
	before := int64(1)<<62 - 1 // later than any time that a microsecond counts
	if !q.Before.IsZero() {
		before = q.Before.UnixMicro()
	}
	query, args := sqlFinished, []any{before, q.BeforeID, limit}
	if q.Channel != "" {
		query, args = sqlFinishedOf, append(args, q.Channel)
	}
	list, err := s.finished(ctx, query, args)
	if err != nil {
		return nil, s.explain("listing the sessions in", err)
	}
	return list, nil
}

func (s *Store) finished(ctx context.Context, query string, args []any) ([]analysis.SessionInfo, error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []analysis.SessionInfo
	for rows.Next() {
		var info analysis.SessionInfo
		var started, ended int64
		var counts string
		if err := rows.Scan(&info.ID, &info.Channel, &started, &ended, &counts, &info.Mood); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(counts), &info.Counts); err != nil {
			return nil, fmt.Errorf("decoding the counts of session %s: %w", info.ID, err)
		}
		info.StartedAt, info.EndedAt = fromMicros(started), fromMicros(ended)
		info.Duration = info.EndedAt.Sub(info.StartedAt).Seconds()
		list = append(list, info)
	}
	return list, rows.Err()
}

// SessionReport implements [analysis.SessionStore].
func (s *Store) SessionReport(ctx context.Context, id string) ([]byte, error) {
	var packed []byte
	err := s.read.QueryRowContext(ctx, sqlReport, id).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading the report of session %q: %w", id, analysis.ErrNotFound)
	}
	if err != nil {
		return nil, s.explain("reading a report from", err)
	}
	report, err := s.unzip.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("decompressing the report of session %q: %w", id, err)
	}
	return report, nil
}

func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }
