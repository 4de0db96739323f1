// Package migrate moves everything that a server keeps from one database to
// another: users with their sessions, codes and invitations, the activity log
// and usage, saved analyses with reports and shared links, who holds which
// channel, mail, and the analyses themselves, running and finished.
//
// A move may be interrupted at any moment: what is imported replaces what is
// there, so that a record may be moved twice, and the target remembers how far
// the move came. At its end both databases are read once more and compared,
// record by record.
package migrate

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/history"
	"chatmood/internal/mail"
)

// Accounts are accounts that can be moved.
type Accounts interface {
	account.Store
	account.Archive
}

// History are saved analyses that can be moved.
type History interface {
	history.Store
	history.Archive
}

// Database is one side of a move. It is used by one move at a time.
type Database struct {
	Name     string // what people call it; never holds a password
	Accounts Accounts
	History  History
	Holds    analysis.HoldStore
	Learning analysis.LearningStore
	Mail     mail.Archive
	Sessions analysis.SessionStore
	// Exclusive: nobody else can use it as long as it is open.
	Exclusive bool
	io.Closer
}

// Options are how a move is done.
type Options struct {
	// Merge lets the target hold something already: what has the same id is
	// replaced, all else stays.
	Merge bool
	// Progress, if any, is told from time to time how far the move is.
	Progress func(Progress)
	Now      func() time.Time // nil: time.Now
}

// Progress is how far a move is.
type Progress struct {
	Stage string // "counting", "moving" or "comparing"
	Kind  string // of the records, as "log entries"
	Done  int64  // records of all kinds
	Total int64
}

// Line is what became of the records of one kind.
type Line struct {
	Kind   string
	Source int64 // found there
	Target int64 // found there after the move
	// Orphans belong to nobody, such as the sign-in of a user who does not exist,
	// and are left behind.
	Orphans int64
}

// Result tells what was moved.
type Result struct {
	Lines []Line
	// Resumed: an earlier move was interrupted, and this one went on with it.
	Resumed bool
	// Same: the target held everything already, and nothing was written.
	Same bool
}

// Errors that callers tell apart.
var (
	// ErrSame means that source and target are one database.
	ErrSame = errors.New("source and target are the same database")
	// ErrNotEmpty means that the target holds something that is not from the source.
	ErrNotEmpty = errors.New("the target is not empty: name an empty one, or merge into it, which replaces what has the same id and keeps all else")
	// ErrInUse means that a server uses a database.
	ErrInUse = errors.New("a server is using it: stop all servers first")
	// ErrOther means that a move from somewhere else into the target is unfinished.
	ErrOther = errors.New("another move into the target is unfinished: finish that one, or name an empty target")
	// ErrDiffers means that the target is not as the source after the move.
	ErrDiffers = errors.New("source and target differ after the move")
)

// The settings of the target in which a move keeps what it must know when it
// goes on. That of the move is there from before the first record until the
// end; that of the progress may get lost, which costs time only.
const (
	settingMove     = "migration"
	settingProgress = "migration progress"
	settingProbe    = "migration probe"
)

const (
	// saveEvery is how often progress is kept.
	saveEvery = time.Second
	// settingTimeout bounds the writing of a note, which is not interrupted.
	settingTimeout = 10 * time.Second
)

// inUseFor is how long after a checkpoint a database counts as in use: servers
// write one each second while they analyse anything.
const inUseFor = 15 * time.Second

// Unfinished tells whether a move into a database was begun and has not come to
// its end: then no server may use it. It returns nil or why not.
func Unfinished(ctx context.Context, accounts account.Store) error {
	value, err := accounts.Setting(ctx, settingMove)
	if errors.Is(err, account.ErrNotFound) {
		return nil
	}
	var state started
	if err == nil {
		err = json.Unmarshal(value, &state)
	}
	if err != nil {
		return fmt.Errorf("looking for an unfinished move: %w", err)
	}
	if !state.Checked {
		return nil // nothing was written
	}
	return fmt.Errorf("the move from %s into this database is not finished: run the same chatmood migrate again, or use another database", state.Source)
}

// started is what is kept of a move.
type started struct {
	Source string `json:"source"`
	// Checked: the target was empty, or may be merged into.
	Checked bool `json:"checked"`
}

// reached is how far a move came.
type reached struct {
	Kind  string `json:"kind"`
	After string `json:"after"` // the last record of the kind that was moved
}

// Move moves everything. On an error, what was moved so far stays, and another
// call goes on from there.
func Move(ctx context.Context, from, to *Database, opts Options) (Result, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Progress == nil {
		opts.Progress = func(Progress) {}
	}
	m := &move{from: from, to: to, opts: opts, kinds: kinds()}
	if err := m.admit(ctx); err != nil {
		return Result{}, err
	}
	if err := m.count(ctx); err != nil {
		return Result{}, err
	}
	return m.run(ctx)
}

// move is one call of Move.
type move struct {
	from, to *Database
	opts     Options
	kinds    []mover
	counts   []int64 // in the source, by kind
	total    int64
	state    setting // what is kept in the target
	progress setting
	resumed  bool
}

// setting is a value kept in a database that only one writes.
type setting struct {
	accounts account.Store
	name     string
	value    []byte
	taken    bool // it is not there at the moment
}

// keep reads the value; where there is none, it keeps an initial one.
func (s *setting) keep(ctx context.Context, initial any) (err error) {
	data, err := json.Marshal(initial)
	if err == nil {
		s.value, err = s.accounts.KeepSetting(ctx, s.name, data)
	}
	return err
}

// set puts a value in the place of the one that was read or set before. It is
// not interrupted half way.
func (s *setting) set(ctx context.Context, value any) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settingTimeout)
	defer cancel()
	if err := s.take(ctx); err != nil {
		return err
	}
	if err := s.keep(ctx, value); err != nil {
		return err
	}
	s.taken = false
	return nil
}

func (s *setting) take(ctx context.Context) error {
	if s.taken {
		return nil
	}
	err := s.accounts.TakeSetting(ctx, s.name, s.value)
	if errors.Is(err, account.ErrNotFound) {
		return fmt.Errorf("the note %q of this move was changed: does another one run?", s.name)
	}
	s.taken = err == nil
	return err
}

// admit refuses databases between which nothing can be moved.
func (m *move) admit(ctx context.Context) error {
	same, err := m.same(ctx)
	if err != nil {
		return err
	}
	if same {
		return ErrSame
	}
	for _, db := range []*Database{m.from, m.to} {
		if db.Exclusive {
			continue
		}
		running, err := db.Sessions.RunningSessions(ctx)
		if err != nil {
			return err
		}
		for i := range running {
			if age := m.opts.Now().Sub(running[i].At); age < inUseFor && age > -inUseFor {
				return fmt.Errorf("%s: %w (the analysis of %s was saved %s ago; if the server has just stopped, wait %s)",
					db.Name, ErrInUse, running[i].Channel, age.Round(time.Second), inUseFor)
			}
		}
	}
	return nil
}

// same reports whether source and target are one database under two names: what
// is noted in the one is then found in the other.
func (m *move) same(ctx context.Context) (bool, error) {
	note := []byte(rand.Text())
	kept, err := m.to.Accounts.KeepSetting(ctx, settingProbe, note)
	if err != nil {
		return false, err
	}
	err = m.from.Accounts.TakeSetting(ctx, settingProbe, kept)
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, account.ErrNotFound) {
		return false, err
	}
	err = m.to.Accounts.TakeSetting(ctx, settingProbe, kept)
	if errors.Is(err, account.ErrNotFound) {
		err = nil
	}
	return false, err
}

func (m *move) count(ctx context.Context) error {
	m.counts, m.total = make([]int64, len(m.kinds)), 0
	for i, k := range m.kinds {
		m.opts.Progress(Progress{Stage: "counting", Kind: k.name()})
		n, err := k.count(ctx, m.from)
		if err != nil {
			return fmt.Errorf("counting the %s of %s: %w", k.name(), m.from.Name, err)
		}
		m.counts[i] = n
		m.total += n
	}
	return nil
}

func (m *move) run(ctx context.Context) (Result, error) {
	m.state = setting{accounts: m.to.Accounts, name: settingMove}
	m.progress = setting{accounts: m.to.Accounts, name: settingProgress}
	if err := m.state.keep(ctx, started{Source: m.from.Name}); err != nil {
		return Result{}, err
	}
	var state started
	if err := json.Unmarshal(m.state.value, &state); err != nil {
		return Result{}, fmt.Errorf("reading how far the move came: %w", err)
	}
	if state.Source != m.from.Name {
		return Result{}, fmt.Errorf("from %s into %s: %w", state.Source, m.to.Name, ErrOther)
	}
	if !state.Checked {
		done, result, err := m.check(ctx)
		if err != nil || done {
			return result, errors.Join(err, m.state.take(context.WithoutCancel(ctx)))
		}
		state.Checked = true
		if err := m.state.set(ctx, state); err != nil {
			return Result{}, err
		}
	}
	if err := m.progress.keep(ctx, reached{}); err != nil {
		return Result{}, err
	}
	var at reached
	if err := json.Unmarshal(m.progress.value, &at); err != nil {
		return Result{}, fmt.Errorf("reading how far the move came: %w", err)
	}
	m.resumed = at != reached{}
	if err := m.moveAll(ctx, at); err != nil {
		return Result{Resumed: m.resumed}, err
	}
	result, err := m.finish(ctx)
	result.Resumed = m.resumed
	if err != nil {
		return result, err
	}
	// In this order: without the progress, a move begins anew.
	return result, errors.Join(m.progress.take(ctx), m.state.take(ctx))
}

// check looks whether the target may be written. done: there is nothing to do.
func (m *move) check(ctx context.Context) (done bool, result Result, err error) {
	if m.opts.Merge {
		return false, Result{}, nil
	}
	holds, err := contents(ctx, m.to, m.kinds)
	if err != nil || holds == "" {
		return false, Result{}, err
	}
	// The end of a move that was not told any more, or somebody who wants to be sure.
	result, differs, err := m.compareAll(ctx)
	if err == nil && len(differs) == 0 {
		result.Same = true
		return true, result, nil
	}
	if err == nil {
		err = fmt.Errorf("%s holds %s: %w", m.to.Name, holds, ErrNotEmpty)
	}
	return false, Result{}, err
}

// contents says what a database holds, as "2 users, 7 log entries"; empty: nothing.
func contents(ctx context.Context, db *Database, kinds []mover) (string, error) {
	var list []string
	for _, k := range kinds {
		n, err := k.count(ctx, db)
		if err != nil {
			return "", fmt.Errorf("counting the %s of %s: %w", k.name(), db.Name, err)
		}
		if n > 0 {
			list = append(list, fmt.Sprintf("%d %s", n, k.name()))
		}
	}
	return strings.Join(list, ", "), nil
}

// moveAll moves all kinds, from where an earlier move came to.
func (m *move) moveAll(ctx context.Context, at reached) error {
	done := int64(0)
	waiting := at.Kind != ""
	for i, k := range m.kinds {
		if waiting && k.name() != at.Kind {
			done += m.counts[i]
			continue
		}
		after := ""
		if waiting {
			after, waiting = at.After, false
		}
		if err := m.moveKind(ctx, k, after, done); err != nil {
			return err
		}
		done += m.counts[i]
	}
	if waiting { // the kind is one that nobody knows any more
		return m.moveAll(ctx, reached{})
	}
	return nil
}

// moveKind moves the records of a kind that come after one.
func (m *move) moveKind(ctx context.Context, k mover, after string, done int64) (err error) {
	at := reached{k.name(), after}
	saved := m.opts.Now()
	if err := m.progress.set(ctx, at); err != nil {
		return err
	}
	defer func() {
		// Also when it was interrupted: it need not move these again.
		if at.After != after {
			err = errors.Join(err, m.progress.set(ctx, at))
		}
	}()
	err = k.move(ctx, m.from, m.to, after, func(key string, n int) error {
		at.After = key
		done += int64(n)
		m.opts.Progress(Progress{Stage: "moving", Kind: k.name(), Done: min(done, m.total), Total: m.total})
		if now := m.opts.Now(); now.Sub(saved) >= saveEvery {
			saved = now
			after = key
			return m.progress.set(ctx, at)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("moving the %s: %w", k.name(), err)
	}
	return nil
}

// finish compares. What differs after a move that was interrupted may have
// changed in the source meanwhile: it is moved once more.
func (m *move) finish(ctx context.Context) (Result, error) {
	result, differs, err := m.compareAll(ctx)
	if err != nil {
		return result, err
	}
	if m.resumed && len(differs) > 0 {
		for i, k := range m.kinds {
			if differs[k.name()] == nil {
				continue
			}
			if err := m.moveKind(ctx, k, "", m.total-m.counts[i]); err != nil {
				return result, err
			}
		}
		if result, differs, err = m.compareAll(ctx); err != nil {
			return result, err
		}
	}
	if len(differs) == 0 {
		return result, nil
	}
	var errs []error
	for _, k := range m.kinds {
		if d := differs[k.name()]; d != nil {
			errs = append(errs, d)
		}
	}
	return result, fmt.Errorf("%w: %w", ErrDiffers, errors.Join(errs...))
}

// compareAll reads both sides and returns what differs, by kind.
func (m *move) compareAll(ctx context.Context) (Result, map[string]error, error) {
	var result Result
	differs := map[string]error{}
	done := int64(0)
	for i, k := range m.kinds {
		base := done
		c, err := k.compare(ctx, m.from, m.to, func(n int64) {
			m.opts.Progress(Progress{Stage: "comparing", Kind: k.name(), Done: min(base+n, m.total), Total: m.total})
		})
		if err != nil {
			return result, nil, fmt.Errorf("comparing the %s: %w", k.name(), err)
		}
		if m.opts.Merge {
			c.extra = nil
		}
		switch err := c.err(k.name()); {
		case err != nil:
			differs[k.name()] = err
		case c.source < m.counts[i]:
			differs[k.name()] = fmt.Errorf("%d of %d %s in the source cannot be read: a check of it tells why", m.counts[i]-c.source, m.counts[i], k.name())
		}
		result.Lines = append(result.Lines, Line{Kind: k.name(), Source: c.source, Target: c.target, Orphans: c.orphans})
		done += m.counts[i]
	}
	return result, differs, nil
}

// Survey reads everything of a source, as a move would, and counts it. Nothing
// is written.
func Survey(ctx context.Context, from *Database, progress func(Progress)) ([]Line, error) {
	if progress == nil {
		progress = func(Progress) {}
	}
	m := &move{from: from, opts: Options{Progress: progress}, kinds: kinds()}
	if err := m.count(ctx); err != nil {
		return nil, err
	}
	var lines []Line
	done := int64(0)
	for _, k := range m.kinds {
		line := Line{Kind: k.name()}
		err := k.read(ctx, from, func(orphan bool) error {
			line.Source++
			if orphan {
				line.Orphans++
			}
			done++
			progress(Progress{Stage: "reading", Kind: k.name(), Done: min(done, m.total), Total: m.total})
			return nil
		})
		if err != nil {
			return lines, fmt.Errorf("reading the %s of %s: %w", k.name(), from.Name, err)
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// Contents says what a database holds, as "2 users, 7 log entries"; empty:
// nothing that a move is about.
func Contents(ctx context.Context, db *Database) (string, error) { return contents(ctx, db, kinds()) }
