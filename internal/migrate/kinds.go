package migrate

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/history"
	"chatmood/internal/mail"
)

// mover knows how records of one kind are moved.
type mover interface {
	name() string
	count(ctx context.Context, db *Database) (int64, error)
	// read reads all records and tells of each whether it belongs to nobody.
	read(ctx context.Context, db *Database, do func(orphan bool) error) error
	// move moves the records after one. did is told of the last of some that are
	// now in the target, and how many these are.
	move(ctx context.Context, from, to *Database, after string, did func(key string, n int) error) error
	compare(ctx context.Context, from, to *Database, seen func(n int64)) (comparison, error)
}

// kind implements mover.
type kind[T any] struct {
	label string
	// each reads records in the order of their keys, beginning after one.
	each func(ctx context.Context, db *Database, after string, do func(T) error) error
	key  func(T) string
	put  func(ctx context.Context, db *Database, batch []T) error
	// norm makes records comparable that came by different stores.
	norm func(T) any
	// total counts the records, where that is cheaper than reading them; or nil.
	total func(ctx context.Context, db *Database) (int64, error)
	// orphan reports whether a record belongs to nobody there is, where a target
	// refuses those; or nil.
	orphan func(ctx context.Context, db *Database, t T) (bool, error)
	batch  int // how many are put at once; 0: one
}

func (k kind[T]) name() string { return k.label }

func (k kind[T]) count(ctx context.Context, db *Database) (n int64, err error) {
	if k.total != nil {
		return k.total(ctx, db)
	}
	err = k.each(ctx, db, "", func(T) error { n++; return nil })
	return n, err
}

func (k kind[T]) read(ctx context.Context, db *Database, do func(orphan bool) error) error {
	return k.each(ctx, db, "", func(t T) error {
		orphan, err := k.isOrphan(ctx, db, t)
		if err != nil {
			return err
		}
		return do(orphan)
	})
}

func (k kind[T]) isOrphan(ctx context.Context, db *Database, t T) (bool, error) {
	if k.orphan == nil {
		return false, nil
	}
	return k.orphan(ctx, db, t)
}

func (k kind[T]) move(ctx context.Context, from, to *Database, after string, did func(key string, n int) error) error {
	var batch []T
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		last := k.key(batch[len(batch)-1])
		if err := k.put(ctx, to, batch); err != nil {
			orphan, oerr := false, error(nil)
			if len(batch) == 1 {
				orphan, oerr = k.isOrphan(ctx, from, batch[0])
			}
			if !orphan || oerr != nil {
				return fmt.Errorf("%s: %w", last, errors.Join(err, oerr))
			}
		}
		n := len(batch)
		batch = batch[:0]
		return did(last, n)
	}
	err := k.each(ctx, from, after, func(t T) error {
		// A store may look at its context only now and then.
		if err := ctx.Err(); err != nil {
			return err
		}
		if batch = append(batch, t); len(batch) >= max(k.batch, 1) {
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// maxShown is how many differences are shown.
const maxShown = 5

// comparison is what differs between the records of source and target.
type comparison struct {
	source, target, orphans int64
	missing, changed, extra []string // keys
}

func (c comparison) err(kind string) error {
	var parts []string
	for _, p := range []struct {
		what string
		keys []string
	}{{"are missing in the target", c.missing}, {"are other in the target", c.changed}, {"are in the target only", c.extra}} {
		if len(p.keys) == 0 {
			continue
		}
		shown := strings.Join(p.keys[:min(len(p.keys), maxShown)], ", ")
		if len(p.keys) > maxShown {
			shown += ", …"
		}
		parts = append(parts, fmt.Sprintf("%d %s %s (%s)", len(p.keys), kind, p.what, shown))
	}
	if parts == nil {
		return nil
	}
	return errors.New(strings.Join(parts, "; "))
}

var errEnough = errors.New("enough was read")

// all reads the records of a database as a sequence.
func (k kind[T]) all(ctx context.Context, db *Database) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := k.each(ctx, db, "", func(t T) error {
			if !yield(t, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			var none T
			yield(none, err)
		}
	}
}

// compare walks along both sides, which are in the same order.
func (k kind[T]) compare(ctx context.Context, from, to *Database, seen func(n int64)) (c comparison, err error) {
	next, stop := iter.Pull2(k.all(ctx, to))
	defer stop()
	there, err, more := next()
	if err != nil {
		return c, err
	}
	// upTo passes what the target has before a key.
	upTo := func(key string, end bool) error {
		for more && (end || k.key(there) < key) {
			c.target++
			c.extra = append(c.extra, k.key(there))
			if there, err, more = next(); err != nil {
				return err
			}
		}
		return nil
	}
	for here, err := range k.all(ctx, from) {
		if err != nil {
			return c, err
		}
		c.source++
		seen(c.source)
		key := k.key(here)
		if err := upTo(key, false); err != nil {
			return c, err
		}
		if !more || k.key(there) != key {
			orphan, err := k.isOrphan(ctx, from, here)
			switch {
			case err != nil:
				return c, err
			case orphan:
				c.orphans++
			default:
				c.missing = append(c.missing, key)
			}
			continue
		}
		c.target++
		a, aerr := digest(k.norm(here))
		b, berr := digest(k.norm(there))
		if err := errors.Join(aerr, berr); err != nil {
			return c, fmt.Errorf("%s: %w", key, err)
		}
		if a != b {
			c.changed = append(c.changed, key)
		}
		if there, err, more = next(); err != nil {
			return c, err
		}
	}
	return c, upTo("", true)
}

func digest(record any) ([sha256.Size]byte, error) {
	data, err := json.Marshal(record)
	return sha256.Sum256(data), err
}

// millis drops what is finer than all stores keep of all times.
func millis(times ...*time.Time) {
	for _, t := range times {
		*t = t.UTC().Truncate(time.Millisecond)
	}
}

// plain returns JSON in one of its forms: what is equal becomes the same.
func plain(raw json.RawMessage) json.RawMessage {
	var v any
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil // it came from JSON
	}
	return data
}

// list returns nil for an empty list.
func list[T any](l []T) []T {
	if len(l) == 0 {
		return nil
	}
	return l
}

// sorted reads records that a store hands in another order, or all at once.
func sorted[T any](records []T, key func(T) string, after string, do func(T) error) error {
	slices.SortFunc(records, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	for _, t := range records {
		if after != "" && key(t) <= after {
			continue
		}
		if err := do(t); err != nil {
			return err
		}
	}
	return nil
}

// one makes the put of stores that import one record at a time.
func one[T any](put func(ctx context.Context, db *Database, t T) error) func(context.Context, *Database, []T) error {
	return func(ctx context.Context, db *Database, batch []T) error {
		for _, t := range batch {
			if err := put(ctx, db, t); err != nil {
				return err
			}
		}
		return nil
	}
}

// noUser reports whether a user does not exist.
func noUser(ctx context.Context, db *Database, id string) (bool, error) {
	_, err := db.Accounts.User(ctx, id)
	if errors.Is(err, account.ErrNotFound) {
		return true, nil
	}
	return false, err
}

// kinds are all kinds of records, those that others belong to first.
func kinds() []mover {
	return []mover{users(), logins(), codes(), invites(), usage(), logs(), entries(), shares(), holds(), learned(), corrections(), mails(), running(), finished()}
}

func users() kind[*account.User] {
	return kind[*account.User]{
		label: "users",
		each: func(ctx context.Context, db *Database, after string, do func(*account.User) error) error {
			return db.Accounts.EachUser(ctx, after, do)
		},
		key: func(u *account.User) string { return u.ID },
		put: one(func(ctx context.Context, db *Database, u *account.User) error {
			err := db.Accounts.ImportUser(ctx, u)
			if errors.Is(err, account.ErrEmailTaken) {
				return fmt.Errorf("another user has the very same address (%w): change the address of one of them in the source", err)
			}
			return err
		}),
		total: func(ctx context.Context, db *Database) (int64, error) {
			n, err := db.Accounts.CountUsers(ctx)
			return int64(n.Total), err
		},
		norm: func(u *account.User) any {
			n := *u
			millis(&n.CreatedAt, &n.UpdatedAt, &n.RevokedAt, &n.Legacy.OTP.CreatedAt, &n.Legacy.EmailChangeOTP.CreatedAt, &n.Legacy.NewEmailOTP.CreatedAt, &n.Legacy.ResetExpires)
			n.Devices, n.Extra = list(n.Devices), plain(n.Extra)
			return n
		},
	}
}

func logins() kind[account.Session] {
	return kind[account.Session]{
		label: "sign-ins",
		each: func(ctx context.Context, db *Database, after string, do func(account.Session) error) error {
			return db.Accounts.EachSession(ctx, after, do)
		},
		key: func(s account.Session) string { return s.ID },
		put: one(func(ctx context.Context, db *Database, s account.Session) error {
			return db.Accounts.ImportSession(ctx, s)
		}),
		norm: func(s account.Session) any {
			millis(&s.CreatedAt, &s.RotatedAt, &s.ExpiresAt)
			return s
		},
		orphan: func(ctx context.Context, db *Database, s account.Session) (bool, error) {
			return noUser(ctx, db, s.UserID)
		},
	}
}

func codes() kind[account.Code] {
	key := func(c account.Code) string { return c.UserID + " " + string(c.Purpose) }
	return kind[account.Code]{
		label: "codes",
		each: func(ctx context.Context, db *Database, after string, do func(account.Code) error) error {
			var all []account.Code
			if err := db.Accounts.EachCode(ctx, func(c account.Code) error { all = append(all, c); return nil }); err != nil {
				return err
			}
			return sorted(all, key, after, do)
		},
		key: key,
		put: one(func(ctx context.Context, db *Database, c account.Code) error { return db.Accounts.SaveCode(ctx, c) }),
		norm: func(c account.Code) any {
			millis(&c.CreatedAt, &c.ExpiresAt)
			return c
		},
		orphan: func(ctx context.Context, db *Database, c account.Code) (bool, error) {
			return noUser(ctx, db, c.UserID)
		},
	}
}

func invites() kind[account.Invite] {
	return kind[account.Invite]{
		label: "invitations",
		each: func(ctx context.Context, db *Database, after string, do func(account.Invite) error) error {
			return db.Accounts.EachInvite(ctx, after, do)
		},
		key: func(i account.Invite) string { return i.ID },
		put: one(func(ctx context.Context, db *Database, i account.Invite) error {
			return db.Accounts.ImportInvite(ctx, i)
		}),
		norm: func(i account.Invite) any {
			millis(&i.CreatedAt, &i.ExpiresAt)
			return i
		},
	}
}

func usage() kind[account.Usage] {
	key := func(u account.Usage) string { return u.Day }
	return kind[account.Usage]{
		label: "days of usage",
		each: func(ctx context.Context, db *Database, after string, do func(account.Usage) error) error {
			all, err := db.Accounts.Usage(ctx, "0000-01-01", "9999-12-31")
			if err != nil {
				return err
			}
			return sorted(all, key, after, do)
		},
		key:  key,
		put:  one(func(ctx context.Context, db *Database, u account.Usage) error { return db.Accounts.ImportUsage(ctx, u) }),
		norm: func(u account.Usage) any { return u },
	}
}

// logBatch is how many log entries are put at once.
const logBatch = 2000

func logs() kind[account.Activity] {
	return kind[account.Activity]{
		label: "log entries",
		each: func(ctx context.Context, db *Database, after string, do func(account.Activity) error) error {
			return db.Accounts.EachLog(ctx, after, do)
		},
		key: func(l account.Activity) string { return l.ID },
		put: func(ctx context.Context, db *Database, batch []account.Activity) error {
			return db.Accounts.ImportLogs(ctx, batch)
		},
		total: func(ctx context.Context, db *Database) (int64, error) {
			page, err := db.Accounts.Logs(ctx, account.LogQuery{Limit: 1})
			return int64(page.Total), err
		},
		norm: func(l account.Activity) any {
			millis(&l.CreatedAt)
			return l
		},
		batch: logBatch,
	}
}

// entry is a saved analysis with its report; nil: none.
type entry struct {
	*history.Entry
	report []byte
}

func entries() kind[entry] {
	return kind[entry]{
		label: "saved analyses",
		each: func(ctx context.Context, db *Database, after string, do func(entry) error) error {
			return db.History.EachEntry(ctx, after, func(e *history.Entry, report []byte) error { return do(entry{e, report}) })
		},
		key: func(e entry) string { return e.ID },
		put: one(func(ctx context.Context, db *Database, e entry) error {
			return db.History.ImportEntry(ctx, e.Entry, e.report)
		}),
		total: func(ctx context.Context, db *Database) (int64, error) { return db.History.CountEntries(ctx) },
		norm: func(e entry) any {
			n := *e.Entry
			millis(&n.CreatedAt, &n.UpdatedAt, &n.StartedAt, &n.EndedAt)
			n.TopPositive, n.TopNeutral, n.TopNegative, n.Tags = list(n.TopPositive), list(n.TopNeutral), list(n.TopNegative), list(n.Tags)
			n.Client, n.TimeSeries, n.Extra = plain(n.Client), plain(n.TimeSeries), plain(n.Extra)
			return struct {
				Entry  history.Entry
				Report []byte
			}{n, e.report}
		},
	}
}

func shares() kind[history.Share] {
	return kind[history.Share]{
		label: "shared links",
		each: func(ctx context.Context, db *Database, after string, do func(history.Share) error) error {
			return db.History.EachShare(ctx, after, do)
		},
		key: func(s history.Share) string { return s.ID },
		put: one(func(ctx context.Context, db *Database, s history.Share) error { return db.History.ImportShare(ctx, s) }),
		norm: func(s history.Share) any {
			millis(&s.CreatedAt, &s.ExpiresAt, &s.ViewedAt)
			return s
		},
		orphan: func(ctx context.Context, db *Database, s history.Share) (bool, error) {
			_, err := db.History.Get(ctx, s.EntryID)
			if errors.Is(err, history.ErrNotFound) {
				return true, nil
			}
			return false, err
		},
	}
}

func holds() kind[analysis.Hold] {
	key := func(h analysis.Hold) string { return h.Channel + " " + h.UserID }
	return kind[analysis.Hold]{
		label: "held channels",
		each: func(ctx context.Context, db *Database, after string, do func(analysis.Hold) error) error {
			all, err := db.Holds.Holds(ctx)
			if err != nil {
				return err
			}
			return sorted(all, key, after, do)
		},
		key: key,
		put: one(func(ctx context.Context, db *Database, h analysis.Hold) error {
			// One that is there keeps its time, but the source's is the one that counts.
			if _, err := db.Holds.DropHold(ctx, h.Channel, h.UserID); err != nil {
				return err
			}
			_, err := db.Holds.AddHold(ctx, h)
			return err
		}),
		norm: func(h analysis.Hold) any {
			millis(&h.Since)
			return h
		},
	}
}

func mails() kind[mail.Item] {
	key := func(it mail.Item) string { return it.ID }
	return kind[mail.Item]{
		label: "mails",
		each: func(ctx context.Context, db *Database, after string, do func(mail.Item) error) error {
			var all []mail.Item
			if err := db.Mail.EachMail(ctx, func(it mail.Item) error { all = append(all, it); return nil }); err != nil {
				return err
			}
			return sorted(all, key, after, do)
		},
		key: key,
		put: one(func(ctx context.Context, db *Database, it mail.Item) error { return db.Mail.ImportMail(ctx, it) }),
		norm: func(it mail.Item) any {
			millis(&it.CreatedAt, &it.ExpiresAt, &it.NextAt, &it.DeadAt)
			it.Sealed = list(it.Sealed)
			return it
		},
	}
}

func learned() kind[analysis.Learned] {
	return kind[analysis.Learned]{
		label: "learnt meanings of channels",
		each: func(ctx context.Context, db *Database, after string, do func(analysis.Learned) error) error {
			return db.Learning.EachLearned(ctx, after, do)
		},
		key: func(l analysis.Learned) string { return l.Channel },
		put: one(func(ctx context.Context, db *Database, l analysis.Learned) error {
			return db.Learning.ImportLearned(ctx, l)
		}),
		norm: func(l analysis.Learned) any {
			millis(&l.At)
			return l
		},
	}
}

func corrections() kind[analysis.Correction] {
	return kind[analysis.Correction]{
		label: "corrections",
		each: func(ctx context.Context, db *Database, after string, do func(analysis.Correction) error) error {
			return db.Learning.EachCorrection(ctx, after, do)
		},
		key: func(c analysis.Correction) string { return c.ID },
		put: one(func(ctx context.Context, db *Database, c analysis.Correction) error {
			return db.Learning.PutCorrection(ctx, c)
		}),
		total: func(ctx context.Context, db *Database) (int64, error) {
			n, err := db.Learning.CountCorrections(ctx, analysis.CorrectionQuery{})
			return int64(n), err
		},
		norm: func(c analysis.Correction) any {
			millis(&c.At)
			return c
		},
	}
}

func running() kind[analysis.Checkpoint] {
	key := func(cp analysis.Checkpoint) string { return cp.SessionID }
	// The parts that the target has, by session; read once, since they are large.
	var there map[string]map[string]bool
	names := func(parts []analysis.Part) map[string]bool {
		set := map[string]bool{}
		for _, p := range parts {
			set[p.Name] = true
		}
		return set
	}
	return kind[analysis.Checkpoint]{
		label: "running analyses",
		each: func(ctx context.Context, db *Database, after string, do func(analysis.Checkpoint) error) error {
			all, err := db.Sessions.RunningSessions(ctx)
			if err != nil {
				return err
			}
			return sorted(all, key, after, do)
		},
		key: key,
		put: one(func(ctx context.Context, db *Database, cp analysis.Checkpoint) error {
			if there == nil {
				old, err := db.Sessions.RunningSessions(ctx)
				if err != nil {
					return err
				}
				there = map[string]map[string]bool{}
				for i := range old {
					there[old[i].SessionID] = names(old[i].Parts)
				}
			}
			// What an interrupted move left of it and it has no more is removed.
			has := names(cp.Parts)
			cp.Parts = slices.Clone(cp.Parts)
			for name := range there[cp.SessionID] {
				if !has[name] {
					cp.Parts = append(cp.Parts, analysis.Part{Name: name})
				}
			}
			if err := db.Sessions.SaveCheckpoints(ctx, []analysis.Checkpoint{cp}); err != nil {
				there = nil // it may be there or not
				return err
			}
			there[cp.SessionID] = has
			return nil
		}),
		norm: func(cp analysis.Checkpoint) any {
			millis(&cp.StartedAt, &cp.At)
			cp.Parts = slices.Clone(cp.Parts)
			slices.SortFunc(cp.Parts, func(a, b analysis.Part) int { return cmp.Compare(a.Name, b.Name) })
			for i := range cp.Parts {
				cp.Parts[i].Data = list(cp.Parts[i].Data)
			}
			return cp
		},
	}
}

func finished() kind[analysis.Finished] {
	infos := func(ctx context.Context, db *Database) (all []analysis.SessionInfo, err error) {
		q := analysis.SessionQuery{Limit: analysis.MaxSessionLimit}
		for {
			page, err := db.Sessions.Sessions(ctx, q)
			if err != nil {
				return nil, err
			}
			all = append(all, page...)
			if len(page) < q.Limit {
				return all, nil
			}
			q.Before, q.BeforeID = page[len(page)-1].EndedAt, page[len(page)-1].ID
		}
	}
	return kind[analysis.Finished]{
		label: "finished analyses",
		each: func(ctx context.Context, db *Database, after string, do func(analysis.Finished) error) error {
			all, err := infos(ctx, db)
			if err != nil {
				return err
			}
			return sorted(all, func(i analysis.SessionInfo) string { return i.ID }, after, func(i analysis.SessionInfo) error {
				report, err := db.Sessions.SessionReport(ctx, i.ID)
				if err != nil {
					return err
				}
				return do(analysis.Finished{
					SessionID: i.ID, Channel: i.Channel, StartedAt: i.StartedAt, EndedAt: i.EndedAt, Counts: i.Counts, Mood: i.Mood, Report: report,
				})
			})
		},
		key: func(f analysis.Finished) string { return f.SessionID },
		put: one(func(ctx context.Context, db *Database, f analysis.Finished) error {
			return db.Sessions.FinishSession(ctx, f)
		}),
		total: func(ctx context.Context, db *Database) (int64, error) {
			all, err := infos(ctx, db)
			return int64(len(all)), err
		},
		norm: func(f analysis.Finished) any {
			millis(&f.StartedAt, &f.EndedAt)
			return f
		},
	}
}
