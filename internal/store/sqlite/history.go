package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"chatmood/internal/account"
	"chatmood/internal/history"
)

const (
	// briefColumns are those of an entry in a list.
	briefColumns = `id, user_id, status, created_at, updated_at, channel, name, tags, total, positive, neutral, negative, seconds, mood,
		origin, session_id, started_at, ended_at, summary_by, top, summary, note`
	hasReport    = `EXISTS (SELECT 1 FROM history_reports r WHERE r.entry_id = history.id)`
	listColumns  = briefColumns + `, ` + hasReport + `, NULL, NULL, NULL`
	entryColumns = briefColumns + `, ` + hasReport + `, client, time_series, extra`

	sqlCreateEntry = `
		INSERT INTO history (` + briefColumns + `, client, time_series, extra, channel_key, name_key, text_key)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28)`
	setEntry = `SET user_id = ?2, status = ?3, created_at = ?4, updated_at = ?5, channel = ?6, name = ?7, tags = ?8,
			total = ?9, positive = ?10, neutral = ?11, negative = ?12, seconds = ?13, mood = ?14, origin = ?15, session_id = ?16,
			started_at = ?17, ended_at = ?18, summary_by = ?19, top = ?20, summary = ?21, note = ?22, client = ?23, time_series = ?24,
			extra = ?25, channel_key = ?26, name_key = ?27, text_key = ?28`
	sqlUpdateEntry  = `UPDATE history ` + setEntry + ` WHERE id = ?1 AND user_id = ?2`
	sqlImportEntry  = sqlCreateEntry + ` ON CONFLICT (id) DO UPDATE ` + setEntry
	sqlEntry        = `SELECT ` + entryColumns + ` FROM history WHERE id = ?1`
	sqlBySession    = `SELECT ` + entryColumns + ` FROM history WHERE user_id = ?1 AND session_id = ?2 AND session_id <> '' AND status = 'active' ORDER BY created_at DESC, id DESC LIMIT 1`
	sqlRemoveEntry  = `DELETE FROM history WHERE id = ?1 AND user_id = ?2`
	sqlRemoveUser   = `DELETE FROM history WHERE user_id = ?1`
	sqlDropArchived = `
		DELETE FROM history WHERE id IN (SELECT id FROM history WHERE status = 'deleted' AND updated_at > 0 AND updated_at < ?1 LIMIT ?2)`
	sqlCountArchived = `SELECT count(*) FROM history WHERE status = 'deleted' AND updated_at > 0 AND updated_at < ?1`
	sqlCountOf       = `SELECT count(*) FROM history WHERE user_id = ?1`
	sqlCountEntries  = `SELECT count(*) FROM history`
	sqlTags          = `
		SELECT tag.value, count(DISTINCT history.rowid) AS entries FROM history, json_each(history.tags) AS tag
		WHERE history.user_id = ?1 AND history.status = 'active' AND history.tags <> '[]'
		GROUP BY tag.value ORDER BY entries DESC, tag.value`
	// Of numbers that only a strange document could hold, total adds up without overflow.
	sqlTotals = `SELECT count(*), CAST(total(total) AS INTEGER) FROM history WHERE status = 'active'`

	sqlKeepReport  = `INSERT INTO history_reports (entry_id, report) VALUES (?1, ?2) ON CONFLICT (entry_id) DO UPDATE SET report = ?2`
	sqlDropReport  = `DELETE FROM history_reports WHERE entry_id = ?1`
	sqlEntryReport = `SELECT report FROM history_reports WHERE entry_id = ?1`
	sqlEachEntry   = `
		SELECT ` + entryColumns + `, (SELECT report FROM history_reports r WHERE r.entry_id = history.id)
		FROM history WHERE id > ?1 ORDER BY id`

	shareColumns   = `id, entry_id, user_id, hash, chatters, created_at, expires_at, views, viewed_at`
	sqlCreateShare = `
		INSERT INTO shares (` + shareColumns + `)
		SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE EXISTS (SELECT 1 FROM history WHERE id = ?2 AND user_id = ?3)`
	sqlShares      = `SELECT ` + shareColumns + ` FROM shares WHERE entry_id = ?1 AND expires_at > ?2 ORDER BY created_at DESC, id DESC`
	sqlShareByHash = `SELECT ` + shareColumns + ` FROM shares WHERE hash = ?1 AND expires_at > ?2`
	sqlCountView   = `UPDATE shares SET views = views + 1, viewed_at = max(?2, ifnull(viewed_at, ?2)) WHERE id = ?1`
	sqlRemoveShare = `
		DELETE FROM shares WHERE id = ?1 AND entry_id = ?2 AND EXISTS (SELECT 1 FROM history WHERE id = ?2 AND user_id = ?3)`
	sqlDropShares  = `DELETE FROM shares WHERE expires_at < ?1`
	sqlEachShare   = `SELECT ` + shareColumns + ` FROM shares WHERE id > ?1 ORDER BY id`
	sqlImportShare = `
		INSERT INTO shares (` + shareColumns + `) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
		ON CONFLICT (id) DO UPDATE SET entry_id = ?2, user_id = ?3, hash = ?4, chatters = ?5, created_at = ?6, expires_at = ?7, views = ?8, viewed_at = ?9`
)

// between stands in text_key between one text and the next: a search finds
// nothing across it.
const between = "\x1f"

// History keeps saved analyses in a [Store]. It is safe for concurrent use.
type History struct{ s *Store }

var (
	_ history.Store   = (*History)(nil)
	_ history.Archive = (*History)(nil)
)

// History returns the part of the store that keeps saved analyses.
func (s *Store) History() *History { return &History{s} }

// explain lets the error that callers look for through and says of all others
// what to do about them.
func (h *History) explain(doing string, err error) error {
	if errors.Is(err, history.ErrNotFound) || errors.Is(err, history.ErrExists) {
		return fmt.Errorf("%s the database: %w", doing, err)
	}
	return h.s.explain(doing, err)
}

// Create implements [history.Store].
func (h *History) Create(ctx context.Context, e *history.Entry, report []byte) error {
	err := h.keep(ctx, sqlCreateEntry, e, report)
	if violates(err, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY) {
		err = history.ErrExists
	}
	return h.explain("saving an analysis in", err)
}

// ImportEntry implements [history.Archive].
func (h *History) ImportEntry(ctx context.Context, e *history.Entry, report []byte) error {
	return h.explain("importing an analysis into", h.keep(ctx, sqlImportEntry, e, report))
}

// keep writes an entry and its report.
func (h *History) keep(ctx context.Context, query string, e *history.Entry, report []byte) error {
	args, err := entryArgs(e)
	if err != nil {
		return err
	}
	packed := h.pack(report)
	return h.s.transact(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return err
		}
		return keepReport(ctx, tx, e.ID, packed)
	})
}

// pack compresses a report; nil stays nil.
func (h *History) pack(report []byte) []byte {
	if report == nil {
		return nil
	}
	return h.s.zip.EncodeAll(report, nil)
}

func (h *History) unpack(id string, packed []byte) ([]byte, error) {
	report, err := h.s.unzip.DecodeAll(packed, []byte{})
	if err != nil {
		return nil, fmt.Errorf("decompressing the report of entry %q: %w", id, err)
	}
	return report, nil
}

// keepReport writes a packed report, or removes the one there is.
func keepReport(ctx context.Context, tx *sql.Tx, id string, packed []byte) error {
	if packed == nil {
		_, err := tx.ExecContext(ctx, sqlDropReport, id)
		return err
	}
	_, err := tx.ExecContext(ctx, sqlKeepReport, id, packed)
	return err
}

// Replace implements [history.Store].
func (h *History) Replace(ctx context.Context, e *history.Entry, report []byte) error {
	packed := h.pack(report)
	_, err := h.change(ctx, e.ID, e.UserID, func(tx *sql.Tx, old *history.Entry) error {
		kept := *old
		*old = *e
		old.CreatedAt, old.Status, old.Name, old.Note, old.Tags = kept.CreatedAt, kept.Status, kept.Name, kept.Note, kept.Tags
		return keepReport(ctx, tx, e.ID, packed)
	})
	return h.explain("saving an analysis anew in", err)
}

// Update implements [history.Store].
func (h *History) Update(ctx context.Context, id, userID string, p history.Patch) (*history.Entry, error) {
	e, err := h.change(ctx, id, userID, func(_ *sql.Tx, e *history.Entry) error {
		p.Apply(e)
		return nil
	})
	return e, h.explain("changing an analysis in", err)
}

// change reads an entry of a user, lets edit change it and writes it.
func (h *History) change(ctx context.Context, id, userID string, edit func(tx *sql.Tx, e *history.Entry) error) (e *history.Entry, err error) {
	err = h.s.transact(ctx, func(tx *sql.Tx) error {
		if e, err = scanEntry(tx.QueryRowContext(ctx, sqlEntry, id)); err != nil {
			return err
		}
		if e.UserID != userID {
			return history.ErrNotFound
		}
		if err := edit(tx, e); err != nil {
			return err
		}
		args, err := entryArgs(e)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, sqlUpdateEntry, args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Get implements [history.Store].
func (h *History) Get(ctx context.Context, id string) (*history.Entry, error) {
	e, err := scanEntry(h.s.read.QueryRowContext(ctx, sqlEntry, id))
	return e, h.explain("reading an analysis from", err)
}

// BySession implements [history.Store].
func (h *History) BySession(ctx context.Context, userID, sessionID string) (*history.Entry, error) {
	e, err := scanEntry(h.s.read.QueryRowContext(ctx, sqlBySession, userID, sessionID))
	return e, h.explain("reading an analysis from", err)
}

// Report implements [history.Store].
func (h *History) Report(ctx context.Context, id string) ([]byte, error) {
	var packed []byte
	err := h.s.read.QueryRowContext(ctx, sqlEntryReport, id).Scan(&packed)
	if err != nil {
		return nil, h.explain("reading a report from", noEntry(err))
	}
	return h.unpack(id, packed)
}

// Remove implements [history.Store].
func (h *History) Remove(ctx context.Context, id, userID string) error {
	result, err := h.s.write.ExecContext(ctx, sqlRemoveEntry, id, userID)
	return h.explain("removing an analysis from", mustChange(result, err, history.ErrNotFound))
}

// RemoveUser implements [history.Store].
func (h *History) RemoveUser(ctx context.Context, userID string) (int, error) {
	n, err := h.affected(h.s.write.ExecContext(ctx, sqlRemoveUser, userID))
	return int(n), h.explain("removing the analyses of a user from", err)
}

// DropArchived implements [history.Store]. It removes some at a time, so that
// others can write in between.
func (h *History) DropArchived(ctx context.Context, before time.Time) (removed int, err error) {
	const atOnce = 100
	for {
		n, err := h.affected(h.s.write.ExecContext(ctx, sqlDropArchived, before.UnixMicro(), atOnce))
		removed += int(n)
		if err != nil || n < atOnce {
			return removed, h.explain("removing archived analyses from", err)
		}
	}
}

// CountArchived implements [history.Store].
func (h *History) CountArchived(ctx context.Context, before time.Time) (n int, err error) {
	err = h.s.read.QueryRowContext(ctx, sqlCountArchived, before.UnixMicro()).Scan(&n)
	return n, h.explain("counting archived analyses in", err)
}

func (h *History) affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Count implements [history.Store].
func (h *History) Count(ctx context.Context, userID string) (n int, err error) {
	err = h.s.read.QueryRowContext(ctx, sqlCountOf, userID).Scan(&n)
	return n, h.explain("counting the analyses in", err)
}

// CountEntries implements [history.Archive].
func (h *History) CountEntries(ctx context.Context) (n int64, err error) {
	err = h.s.read.QueryRowContext(ctx, sqlCountEntries).Scan(&n)
	return n, h.explain("counting the analyses in", err)
}

// Tags implements [history.Store].
func (h *History) Tags(ctx context.Context, userID string) ([]history.Tag, error) {
	list, err := collect(ctx, h.s.read, func(row scanner) (t history.Tag, err error) {
		return t, row.Scan(&t.Name, &t.Count)
	}, sqlTags, userID)
	return list, h.explain("listing the tags in", err)
}

// Totals implements [history.Store].
func (h *History) Totals(ctx context.Context) (t history.Totals, err error) {
	err = h.s.read.QueryRowContext(ctx, sqlTotals).Scan(&t.Entries, &t.Messages)
	return t, h.explain("adding up the analyses in", err)
}

// historyOrders are the ways to sort entries; each has its index.
var historyOrders = map[history.Sort]string{
	history.SortCreated:  "created_at",
	history.SortChannel:  "channel_key",
	history.SortName:     "name_key",
	history.SortDuration: "seconds",
	history.SortMessages: "total",
	history.SortMood:     "mood",
}

// List implements [history.Store].
func (h *History) List(ctx context.Context, q history.Query) (history.Page, error) {
	page, err := h.list(ctx, q.Clean())
	return page, h.explain("listing the analyses in", err)
}

func (h *History) list(ctx context.Context, q history.Query) (page history.Page, err error) {
	list, count, args := historySQL(q)
	// One transaction: page and total of the same instant.
	tx, err := h.s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return page, err
	}
	defer tx.Rollback() // it only read: nothing to lose
	if err := tx.QueryRowContext(ctx, count, args...).Scan(&page.Total); err != nil {
		return page, err
	}
	page.Entries, err = collect(ctx, tx, scanEntry, list, append(args, q.Limit, q.Offset)...)
	return page, err
}

// historySQL makes the statements of a query: those of a page and its total. A
// user has at most some thousands of entries: searching reads them all, sorting
// does not.
func historySQL(q history.Query) (list, count string, args []any) {
	where, args := []string{"user_id = ?", "status = ?"}, []any{q.UserID, string(q.Status)}
	if q.Channel != "" {
		where, args = append(where, "channel = ?"), append(args, q.Channel)
	}
	if !q.From.IsZero() {
		where, args = append(where, "created_at >= ?"), append(args, q.From.UnixMicro())
	}
	if !q.To.IsZero() {
		where, args = append(where, "created_at < ?"), append(args, q.To.UnixMicro())
	}
	if q.Tag != "" {
		where, args = append(where, "EXISTS (SELECT 1 FROM json_each(history.tags) AS tag WHERE tag.value = ?)"), append(args, q.Tag)
	}
	if q.Search != "" {
		where, args = append(where, "instr(text_key, ?) > 0"), append(args, account.Fold(q.Search))
	}
	order := orderBy(historyOrders[q.Sort], q.Descending)
	if q.Sort == history.SortMood && !q.Descending {
		order = " ORDER BY mood NULLS LAST, id" // they are last by themselves in the other direction
	}
	from := " FROM history" + conjunction(where)
	return "SELECT " + listColumns + from + order + " LIMIT ? OFFSET ?", "SELECT count(*)" + from, args
}

// EachEntry implements [history.Archive].
func (h *History) EachEntry(ctx context.Context, after string, do func(e *history.Entry, report []byte) error) error {
	type whole struct {
		entry  *history.Entry
		report []byte
	}
	scan := func(row scanner) (w whole, err error) {
		var packed []byte
		w.entry, err = scanEntry(extended{row, []any{&packed}})
		if err != nil || packed == nil {
			return w, err
		}
		w.report, err = h.unpack(w.entry.ID, packed)
		return w, err
	}
	return h.explain("reading the analyses of", each(ctx, h.s.read, scan, func(w whole) error { return do(w.entry, w.report) }, sqlEachEntry, after))
}

// extended is a row with more columns behind those that are scanned.
type extended struct {
	scanner
	more []any
}

func (x extended) Scan(dest ...any) error { return x.scanner.Scan(append(dest, x.more...)...) }

// CreateShare implements [history.Store].
func (h *History) CreateShare(ctx context.Context, s history.Share) error {
	result, err := h.s.write.ExecContext(ctx, sqlCreateShare, shareArgs(s)...)
	return h.explain("adding a link to", mustChange(result, err, history.ErrNotFound))
}

// ImportShare implements [history.Archive].
func (h *History) ImportShare(ctx context.Context, s history.Share) error {
	_, err := h.s.write.ExecContext(ctx, sqlImportShare, shareArgs(s)...)
	if violates(err, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY) {
		err = history.ErrNotFound
	}
	return h.explain("importing a link into", err)
}

// Shares implements [history.Store].
func (h *History) Shares(ctx context.Context, entryID string, after time.Time) ([]history.Share, error) {
	list, err := collect(ctx, h.s.read, scanShare, sqlShares, entryID, after.UnixMicro())
	return list, h.explain("listing the links in", err)
}

// ShareByHash implements [history.Store].
func (h *History) ShareByHash(ctx context.Context, hash []byte, after time.Time) (history.Share, error) {
	s, err := scanShare(h.s.read.QueryRowContext(ctx, sqlShareByHash, hash, after.UnixMicro()))
	return s, h.explain("reading a link from", err)
}

// CountView implements [history.Store].
func (h *History) CountView(ctx context.Context, shareID string, at time.Time) error {
	_, err := h.s.write.ExecContext(ctx, sqlCountView, shareID, at.UnixMicro())
	return h.explain("counting a view in", err)
}

// RemoveShare implements [history.Store].
func (h *History) RemoveShare(ctx context.Context, id, entryID, userID string) error {
	result, err := h.s.write.ExecContext(ctx, sqlRemoveShare, id, entryID, userID)
	return h.explain("removing a link from", mustChange(result, err, history.ErrNotFound))
}

// DropExpired implements [history.Store].
func (h *History) DropExpired(ctx context.Context, before time.Time) (int64, error) {
	n, err := h.affected(h.s.write.ExecContext(ctx, sqlDropShares, before.UnixMicro()))
	return n, h.explain("removing expired links from", err)
}

// EachShare implements [history.Archive].
func (h *History) EachShare(ctx context.Context, after string, do func(history.Share) error) error {
	return h.explain("reading the links of", each(ctx, h.s.read, scanShare, do, sqlEachShare, after))
}

// top are the most active by label, as they are kept.
type top struct {
	Positive []history.Chatter `json:"positive,omitempty"`
	Neutral  []history.Chatter `json:"neutral,omitempty"`
	Negative []history.Chatter `json:"negative,omitempty"`
}

// entryArgs are the parameters of the statements that write an entry.
func entryArgs(e *history.Entry) ([]any, error) {
	chatters, err := json.Marshal(top{e.TopPositive, e.TopNeutral, e.TopNegative})
	if err != nil {
		return nil, fmt.Errorf("encoding entry %s: %w", e.ID, err)
	}
	tags := []byte("[]")
	if len(e.Tags) > 0 {
		if tags, err = json.Marshal(e.Tags); err != nil {
			return nil, fmt.Errorf("encoding entry %s: %w", e.ID, err)
		}
	}
	texts := append([]string{e.Channel, e.Name, e.Note}, e.Tags...)
	return []any{
		e.ID, e.UserID, string(e.Status), e.CreatedAt.UnixMicro(), e.UpdatedAt.UnixMicro(), e.Channel, e.Name, string(tags),
		e.Counts.Total, e.Counts.Positive, e.Counts.Neutral, e.Counts.Negative, e.Seconds, e.Mood,
		string(e.Origin), e.SessionID, orNull(e.StartedAt), orNull(e.EndedAt), e.SummaryBy, string(chatters), e.Summary, e.Note,
		textOrNull(e.Client), textOrNull(e.TimeSeries), textOrNull(e.Extra),
		account.Fold(e.Channel), account.Fold(e.Name), account.Fold(strings.Join(texts, between)),
	}, nil
}

func textOrNull(raw json.RawMessage) any {
	if raw == nil {
		return nil
	}
	return string(raw)
}

func scanEntry(row scanner) (*history.Entry, error) {
	var e history.Entry
	var created, updated int64
	var started, ended sql.NullInt64
	var tags, chatters string
	var client, series, extra []byte
	err := row.Scan(&e.ID, &e.UserID, &e.Status, &created, &updated, &e.Channel, &e.Name, &tags,
		&e.Counts.Total, &e.Counts.Positive, &e.Counts.Neutral, &e.Counts.Negative, &e.Seconds, &e.Mood,
		&e.Origin, &e.SessionID, &started, &ended, &e.SummaryBy, &chatters, &e.Summary, &e.Note, &e.HasReport, &client, &series, &extra)
	if err != nil {
		return nil, noEntry(err)
	}
	var t top
	if err := errors.Join(json.Unmarshal([]byte(tags), &e.Tags), json.Unmarshal([]byte(chatters), &t)); err != nil {
		return nil, fmt.Errorf("decoding entry %s: %w", e.ID, err)
	}
	e.TopPositive, e.TopNeutral, e.TopNegative = t.Positive, t.Neutral, t.Negative
	e.Client, e.TimeSeries, e.Extra = client, series, extra
	e.CreatedAt, e.UpdatedAt, e.StartedAt, e.EndedAt = fromMicros(created), fromMicros(updated), fromNull(started), fromNull(ended)
	return &e, nil
}

func shareArgs(s history.Share) []any {
	return []any{s.ID, s.EntryID, s.UserID, s.Hash, s.Chatters, s.CreatedAt.UnixMicro(), s.ExpiresAt.UnixMicro(), s.Views, orNull(s.ViewedAt)}
}

func scanShare(row scanner) (history.Share, error) {
	var s history.Share
	var created, expires int64
	var viewed sql.NullInt64
	if err := row.Scan(&s.ID, &s.EntryID, &s.UserID, &s.Hash, &s.Chatters, &created, &expires, &s.Views, &viewed); err != nil {
		return history.Share{}, noEntry(err)
	}
	s.CreatedAt, s.ExpiresAt, s.ViewedAt = fromMicros(created), fromMicros(expires), fromNull(viewed)
	return s, nil
}

func noEntry(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return history.ErrNotFound
	}
	return err
}
