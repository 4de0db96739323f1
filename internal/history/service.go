package history

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/keylock"
	"chatmood/internal/report"
)

// What people are told; the texts are the older system's where it had any.
var (
	ErrUnknown      = &account.Error{Kind: account.KindNotFound, Message: "History not found"}
	ErrNotDeleted   = &account.Error{Kind: account.KindNotFound, Message: "Failed to delete history or history not found"}
	ErrNotRestored  = &account.Error{Kind: account.KindNotFound, Message: "Failed to restore history or history not found"}
	ErrNotArchived  = &account.Error{Kind: account.KindConflict, Message: "Only what is in the archive can be removed for good: delete it first"}
	ErrShareUnknown = &account.Error{Kind: account.KindNotFound, Message: "This link does not exist, has expired or was revoked"}
	ErrNoSuchShare  = &account.Error{Kind: account.KindNotFound, Message: "Link not found"}
	ErrNoModel      = &account.Error{Kind: account.KindConflict, Message: "This server has no language model: whoever runs it can set LLM_URL"}
)

func invalid(field, format string, args ...any) error {
	return &account.Error{Kind: account.KindInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Running are the analyses that run ([channels.Manager]).
type Running interface {
	// Report tells a running analysis as it would be kept if it ended now.
	Report(channel string) (f analysis.Finished, ok bool, err error)
}

// Sessions are the analyses that ended ([analysis.SessionStore]).
type Sessions interface {
	Sessions(ctx context.Context, q analysis.SessionQuery) ([]analysis.SessionInfo, error)
	SessionReport(ctx context.Context, id string) ([]byte, error)
}

// Accounts are the users ([account.Service]).
type Accounts interface {
	User(ctx context.Context, id string) (*account.User, error)
	Note(ctx context.Context, id account.Identity, activity, details string) error
}

// Model has a language model write summaries ([summary.Writer]). The summary is
// always good: where the model gives none, it is one by rule that says why, and
// the error says the same for the log.
type Model interface {
	Write(ctx context.Context, in report.Input) (report.Summary, error)
}

// Config is what a Service is made of.
type Config struct {
	Store    Store
	Running  Running
	Sessions Sessions
	Accounts Accounts
	Model    Model // nil: there is none
	// Count adds to the figures of today; nil: nobody counts.
	Count func(ctx context.Context, u account.Usage)
	// MaxPerUser bounds how many entries a user may have, archived ones
	// included; 0: 2,000.
	MaxPerUser int
	// KeepArchived is how long entries stay in the archive; 0: until somebody
	// removes them.
	KeepArchived time.Duration

	Now func() time.Time // nil: time.Now
	Log *slog.Logger     // nil: nothing is logged
}

// recentEnds is how many analyses that ended are remembered until the store
// surely has them.
const recentEnds = 16

// Service is what can be done with saved analyses. It is safe for concurrent
// use. Errors for people are *account.Error; all others are faults.
type Service struct {
	cfg   Config
	store Store
	log   *slog.Logger
	locks keylock.Locks // by user: saving looks whether it is the first time

	// What was removed since the start because its time was over.
	removedLinks, removedArchived atomic.Int64
	lookedAt                      atomic.Int64 // when it was last looked what was archived long ago, Unix ms; 0: not yet

	mu    sync.Mutex
	ended []analysis.Finished // the latest last
}

// NewService returns a service.
func NewService(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Running == nil || cfg.Sessions == nil || cfg.Accounts == nil {
		return nil, errors.New("making the history service: it needs a store, the running and the finished analyses, and the accounts")
	}
	if cfg.MaxPerUser <= 0 {
		cfg.MaxPerUser = 2000
	}
	if cfg.Count == nil {
		cfg.Count = func(context.Context, account.Usage) {}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{cfg: cfg, store: cfg.Store, log: cfg.Log}, nil
}

// Run removes expired links, and what was archived long ago, now and then, until
// ctx ends.
func (s *Service) Run(ctx context.Context) {
	const every = time.Hour
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		s.tidy(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Service) tidy(ctx context.Context) {
	links, err := s.store.DropExpired(ctx, s.now())
	if err != nil && ctx.Err() == nil {
		s.log.Warn("expired links cannot be removed; it is tried again", "error", err)
	} else if links > 0 {
		s.log.Info("expired links were removed", "links", links)
	}
	s.removedLinks.Add(links)
	if s.cfg.KeepArchived <= 0 {
		return
	}
	entries, err := s.store.DropArchived(ctx, s.now().Add(-s.cfg.KeepArchived))
	s.removedArchived.Add(int64(entries))
	if err == nil {
		s.lookedAt.Store(s.now().UnixMilli())
	}
	if err != nil && ctx.Err() == nil {
		s.log.Warn("what was archived long ago cannot be removed; it is tried again", "error", err)
	}
	if entries > 0 {
		s.log.Info("what was archived long ago was removed", "entries", entries)
	}
}

// Removed tells how many links and how many archived entries were removed since
// the start because their time was over.
func (s *Service) Removed() (links, archived int64) {
	return s.removedLinks.Load(), s.removedArchived.Load()
}

// Retention tells how long entries stay in the archive (0: until somebody removes
// them), how many are older than that now, and when they were last looked for
// (zero: not since the start).
func (s *Service) Retention(ctx context.Context) (keep time.Duration, due int, looked time.Time, err error) {
	keep = s.cfg.KeepArchived
	if keep <= 0 {
		return 0, 0, time.Time{}, nil
	}
	if at := s.lookedAt.Load(); at != 0 {
		looked = time.UnixMilli(at).UTC()
	}
	if due, err = s.store.CountArchived(ctx, s.now().Add(-keep)); err != nil {
		return 0, 0, time.Time{}, fmt.Errorf("counting what was archived long ago: %w", err)
	}
	return keep, due, looked, nil
}

// Finished is told of every analysis that ended ([channels.Config]).
func (s *Service) Finished(f analysis.Finished) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ended) == recentEnds {
		s.ended = append(s.ended[:0], s.ended[1:]...)
	}
	s.ended = append(s.ended, f)
}

// now is the time in UTC, to the millisecond as stores keep it.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Millisecond) }

// found turns a store's "not found" into what people are told.
func found(err error, doing string, unknown error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound):
		return unknown
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// mine reads an active entry of a user. Everything else is not found: whoever
// asks must not learn that there is one of somebody else.
func (s *Service) mine(ctx context.Context, userID, id string) (*Entry, error) {
	e, err := s.any(ctx, id)
	if err != nil {
		return nil, err
	}
	if e.UserID != userID || e.Status != StatusActive {
		return nil, ErrUnknown
	}
	return e, nil
}

func (s *Service) any(ctx context.Context, id string) (*Entry, error) {
	if !account.ValidID(id) {
		return nil, ErrUnknown
	}
	e, err := s.store.Get(ctx, id)
	if err != nil {
		return nil, found(err, "reading a saved analysis", ErrUnknown)
	}
	return e, nil
}
