package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"chatmood/internal/analysis"
)

const (
	learnedColumns    = `channel, fence, at, state`
	correctionColumns = `id, user_id, channel, kind, subject, hash, label, value, at`

	sqlTakeLearned = `
		INSERT INTO learned (` + learnedColumns + `) VALUES (?1, ?2, 0, x'')
		ON CONFLICT (channel) DO UPDATE SET fence = ?2 RETURNING ` + learnedColumns
	sqlSaveLearned = `
		INSERT INTO learned (` + learnedColumns + `) VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT (channel) DO UPDATE SET fence = ?2, at = ?3, state = ?4 WHERE fence <= ?2`
	sqlImportLearned = `
		INSERT INTO learned (` + learnedColumns + `) VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT (channel) DO UPDATE SET fence = ?2, at = ?3, state = ?4`
	sqlLearned     = `SELECT ` + learnedColumns + ` FROM learned WHERE channel = ?1`
	sqlEachLearned = `SELECT ` + learnedColumns + ` FROM learned WHERE channel > ?1 AND state <> x'' ORDER BY channel`

	sqlPutCorrection = `
		INSERT INTO corrections (` + correctionColumns + `) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
		ON CONFLICT (id) DO UPDATE SET user_id = ?2, channel = ?3, kind = ?4, subject = ?5, hash = ?6, label = ?7, value = ?8, at = ?9`
	sqlDropCorrection    = `DELETE FROM corrections WHERE id = ?1`
	sqlRemoveCorrections = `DELETE FROM corrections WHERE user_id = ?1`
	sqlEachCorrection    = `SELECT ` + correctionColumns + ` FROM corrections WHERE id > ?1 ORDER BY id`
)

// Learning keeps what channels have taught and what users corrected in a
// [Store]. It is safe for concurrent use.
type Learning struct{ s *Store }

var _ analysis.LearningStore = (*Learning)(nil)

// Learning returns the part of the store that keeps what was learnt.
func (s *Store) Learning() *Learning { return &Learning{s} }

// TakeLearned implements [analysis.LearningStore].
func (l *Learning) TakeLearned(ctx context.Context, channel string, fence int64) (analysis.Learned, error) {
	got, err := scanLearned(l.s.write.QueryRowContext(ctx, sqlTakeLearned, channel, fence))
	if err != nil {
		return analysis.Learned{}, l.s.explain("reading what a channel taught from", err)
	}
	if len(got.State) == 0 {
		return analysis.Learned{}, nil
	}
	return got, nil
}

// SaveLearned implements [analysis.LearningStore].
func (l *Learning) SaveLearned(ctx context.Context, what analysis.Learned) (bool, error) {
	result, err := l.s.write.ExecContext(ctx, sqlSaveLearned, what.Channel, what.Fence, what.At.UnixMicro(), what.State)
	n, err := affected(result, err)
	return n > 0, l.s.explain("writing what a channel taught to", err)
}

// ImportLearned implements [analysis.LearningStore].
func (l *Learning) ImportLearned(ctx context.Context, what analysis.Learned) error {
	_, err := l.s.write.ExecContext(ctx, sqlImportLearned, what.Channel, what.Fence, what.At.UnixMicro(), what.State)
	return l.s.explain("writing what a channel taught to", err)
}

// Learned implements [analysis.LearningStore].
func (l *Learning) Learned(ctx context.Context, channel string) (analysis.Learned, error) {
	got, err := scanLearned(l.s.read.QueryRowContext(ctx, sqlLearned, channel))
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && len(got.State) == 0:
		return analysis.Learned{}, nil
	case err != nil:
		return analysis.Learned{}, l.s.explain("reading what a channel taught from", err)
	}
	return got, nil
}

// EachLearned implements [analysis.LearningStore].
func (l *Learning) EachLearned(ctx context.Context, after string, do func(analysis.Learned) error) error {
	return l.s.explain("reading what channels taught from", each(ctx, l.s.read, scanLearned, do, sqlEachLearned, after))
}

func scanLearned(row scanner) (l analysis.Learned, err error) {
	var at int64
	err = row.Scan(&l.Channel, &l.Fence, &at, &l.State)
	l.At = fromMicros(at)
	return l, err
}

// affected returns how many rows a statement changed.
func affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// PutCorrection implements [analysis.LearningStore].
func (l *Learning) PutCorrection(ctx context.Context, c analysis.Correction) error {
	_, err := l.s.write.ExecContext(ctx, sqlPutCorrection, c.ID, c.UserID, c.Channel, c.Kind, c.Subject, c.Hash, c.Label, c.Value, c.At.UnixMicro())
	return l.s.explain("writing a correction to", err)
}

// DropCorrection implements [analysis.LearningStore].
func (l *Learning) DropCorrection(ctx context.Context, id string) (bool, error) {
	n, err := affected(l.s.write.ExecContext(ctx, sqlDropCorrection, id))
	return n > 0, l.s.explain("removing a correction from", err)
}

// RemoveCorrections implements [analysis.LearningStore].
func (l *Learning) RemoveCorrections(ctx context.Context, userID string) (int, error) {
	n, err := affected(l.s.write.ExecContext(ctx, sqlRemoveCorrections, userID))
	return int(n), l.s.explain("removing a user's corrections from", err)
}

// correctionWhere is the condition of a query, and its arguments.
func correctionWhere(q analysis.CorrectionQuery) (where string, args []any) {
	where = ` WHERE 1`
	add := func(cond string, values ...any) {
		where += ` AND ` + cond
		args = append(args, values...)
	}
	if q.UserID != "" {
		add(`user_id = ?`, q.UserID)
	}
	if q.Channel != "" {
		add(`channel = ?`, q.Channel)
	}
	if !q.Since.IsZero() {
		add(`at >= ?`, q.Since.UnixMicro())
	}
	switch before := q.Before.UnixMicro(); {
	case q.Before.IsZero():
	case q.BeforeID == "":
		add(`at < ?`, before)
	default:
		add(`(at, id) < (?, ?)`, before, q.BeforeID)
	}
	return where, args
}

// Corrections implements [analysis.LearningStore].
func (l *Learning) Corrections(ctx context.Context, q analysis.CorrectionQuery) ([]analysis.Correction, error) {
	where, args := correctionWhere(q)
	query := `SELECT ` + correctionColumns + ` FROM corrections` + where + ` ORDER BY at DESC, id DESC LIMIT ?`
	list, err := collect(ctx, l.s.read, scanCorrection, query, append(args, correctionLimit(q.Limit))...)
	return list, l.s.explain("listing corrections in", err)
}

func correctionLimit(n int) int {
	if n <= 0 {
		n = analysis.DefaultSessionLimit
	}
	return min(n, analysis.MaxSessionLimit)
}

// CountCorrections implements [analysis.LearningStore].
func (l *Learning) CountCorrections(ctx context.Context, q analysis.CorrectionQuery) (n int, err error) {
	where, args := correctionWhere(q)
	err = l.s.read.QueryRowContext(ctx, `SELECT count(*) FROM corrections`+where, args...).Scan(&n)
	return n, l.s.explain("counting corrections in", err)
}

// EachCorrection implements [analysis.LearningStore].
func (l *Learning) EachCorrection(ctx context.Context, after string, do func(analysis.Correction) error) error {
	return l.s.explain("reading the corrections of", each(ctx, l.s.read, scanCorrection, do, sqlEachCorrection, after))
}

func scanCorrection(row scanner) (c analysis.Correction, err error) {
	var at int64
	err = row.Scan(&c.ID, &c.UserID, &c.Channel, &c.Kind, &c.Subject, &c.Hash, &c.Label, &c.Value, &at)
	c.At = fromMicros(at)
	return c, err
}
