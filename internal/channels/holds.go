package channels

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/keylock"
)

// ErrTooManyHolds is returned where somebody holds as many channels as one may.
var ErrTooManyHolds = errors.New("too many channels are held by one")

// Sessions are the finished analyses, as far as holds need them.
type Sessions interface {
	Sessions(ctx context.Context, q analysis.SessionQuery) ([]analysis.SessionInfo, error)
	SessionReport(ctx context.Context, id string) ([]byte, error)
}

// HoldsConfig is what [Holds] are made of.
type HoldsConfig struct {
	Manager  *Manager
	Store    analysis.HoldStore
	Sessions Sessions
	// Ended keeps what a holder wants kept of an analysis that ended for them.
	// A hold is dropped only after it returned nil: so it is called again,
	// after a restart too, until then, and may be called more than once. nil:
	// nothing is kept. Guests are not asked about.
	Ended func(ctx context.Context, holder string, f analysis.Finished) error
	// Settled is told of an analysis that ended once it is kept for all holders;
	// nil: nobody is.
	Settled func(ctx context.Context, f analysis.Finished)
	// Viewers counts who watches a channel; nil counts nobody.
	Viewers func(channel string) int
	// Running lists the channels that any server analyses, in order; nil: those
	// of Manager. Elsewhere reports whether another server would analyse a
	// channel that nobody does; nil: none would.
	Running   func() []string
	Elsewhere func(channel string) bool
	// MaxPerHolder bounds how many channels one may hold; 0: 20.
	MaxPerHolder int
	// IdleStop is how long an analysis goes on that nobody holds and nobody
	// watches; 0: for ever.
	IdleStop time.Duration
	Log      *slog.Logger     // nil: nothing is logged
	Now      func() time.Time // nil: time.Now
}

// Rhythm of the holds.
const (
	holdsTick = 5 * time.Second
	// resumeWait bounds how long connecting waits for a server that starts.
	resumeWait = 3 * time.Second
	// guestIdle is how long an analysis goes on that only guests hold and
	// nobody watches: a guest cannot come back and stop it.
	guestIdle = time.Hour
	// leftIdle is the same for one that its last holder, a guest, left while
	// others watched.
	leftIdle = 30 * time.Second
)

// Holds know who wants which channel analysed. An analysis goes on as long as
// anybody holds its channel. Methods are safe for concurrent use; what concerns
// one channel is done one after the other.
type Holds struct {
	cfg   HoldsConfig
	m     *Manager
	store analysis.HoldStore
	log   *slog.Logger
	locks keylock.Locks

	mu      sync.Mutex           // guards what follows
	owed    map[string]owed      // by channel: ended, but its holders are not settled with
	kept    map[string]bool      // the operator started them: nobody's leaving stops them
	left    map[string]bool      // a guest left while others watched
	recheck map[string]bool      // others ended them: their holders are to be settled with
	lonely  map[string]time.Time // since when nobody watches
}

// owed is an analysis that ended and is to be kept for its holders.
type owed struct {
	finished analysis.Finished
	discards string // who wants nothing kept
}

// NewHolds returns holds. See [Holds.Run].
func NewHolds(cfg HoldsConfig) *Holds {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Viewers == nil {
		cfg.Viewers = func(string) int { return 0 }
	}
	if cfg.Ended == nil {
		cfg.Ended = func(context.Context, string, analysis.Finished) error { return nil }
	}
	if cfg.Settled == nil {
		cfg.Settled = func(context.Context, analysis.Finished) {}
	}
	if cfg.Running == nil {
		cfg.Running = cfg.Manager.Names
	}
	if cfg.Elsewhere == nil {
		cfg.Elsewhere = func(string) bool { return false }
	}
	if cfg.MaxPerHolder <= 0 {
		cfg.MaxPerHolder = 20
	}
	return &Holds{
		cfg: cfg, m: cfg.Manager, store: cfg.Store, log: cfg.Log,
		owed: make(map[string]owed), kept: make(map[string]bool),
		left: make(map[string]bool), recheck: make(map[string]bool), lonely: make(map[string]time.Time),
	}
}

// Run settles what the process before this one left, and then looks after
// analyses that nobody wants any more, until ctx ends.
func (h *Holds) Run(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-h.m.Ready():
	}
	tick := time.NewTicker(holdsTick)
	defer tick.Stop()
	reconciled := false
	for {
		if !reconciled {
			if err := h.reconcile(ctx); err != nil {
				h.log.Error("who holds which channel cannot be read; it is tried again", "error", err)
			} else {
				reconciled = true
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		h.settleOwed(ctx)
		h.recheckChannels(ctx)
		if !reconciled {
			continue
		}
		if err := h.endIdle(ctx); err != nil && ctx.Err() == nil {
			h.log.Warn("idle analyses cannot be ended; it is tried again", "error", err)
		}
	}
}

// Connect makes holder hold a channel and starts its analysis where it does not
// run. ErrTooManyHolds; else as [Manager.Start], or the store's error, and then
// nothing has changed.
func (h *Holds) Connect(ctx context.Context, channel, holder string) (started bool, err error) {
	if err := h.resumed(ctx); err != nil {
		return false, err
	}
	unlock, err := h.locks.Lock(ctx, channel)
	if err != nil {
		return false, err
	}
	defer unlock()
	if err := h.settle(ctx, channel); err != nil {
		return false, err
	}
	held, err := h.store.HoldsOf(ctx, holder)
	if err != nil {
		return false, fmt.Errorf("reading who holds what: %w", err)
	}
	has := slices.ContainsFunc(held, func(hold analysis.Hold) bool { return hold.Channel == channel })
	if !has && len(held) >= h.cfg.MaxPerHolder {
		return false, ErrTooManyHolds
	}
	since, err := h.since(ctx, channel)
	if err != nil {
		return false, err
	}
	added, err := h.store.AddHold(ctx, analysis.Hold{Channel: channel, UserID: holder, Since: since})
	if err != nil {
		return false, fmt.Errorf("keeping that a channel is held: %w", err)
	}
	started, err = h.m.Start(ctx, channel, nameless(holder))
	if err != nil {
		if added {
			if _, dropErr := h.store.DropHold(context.WithoutCancel(ctx), channel, holder); dropErr != nil {
				err = errors.Join(err, dropErr)
			}
		}
		return false, err
	}
	h.mu.Lock()
	delete(h.left, channel)
	delete(h.lonely, channel)
	h.mu.Unlock()
	return started, nil
}

// since dates a hold that begins now. It is after the last analysis of the channel
// whatever the clock of the server says that ended it, and by the clock of the one that
// runs: so it can be told later to which of them it belongs.
func (h *Holds) since(ctx context.Context, channel string) (time.Time, error) {
	at := stamp(h.now())
	if h.m.Has(channel) {
		return at.Add(h.m.Ahead(channel)), nil
	}
	last, err := h.cfg.Sessions.Sessions(ctx, analysis.SessionQuery{Channel: channel, Limit: 1})
	if err != nil {
		return at, fmt.Errorf("reading the last analysis of %s: %w", channel, err)
	}
	if len(last) > 0 && !at.After(last[0].EndedAt) {
		at = stamp(last[0].EndedAt.Add(time.Millisecond))
	}
	return at, nil
}

func stamp(at time.Time) time.Time { return at.UTC().Truncate(time.Millisecond) }

// resumed waits a little for what ran before to be resumed: a server that has
// just started is worth waiting for.
func (h *Holds) resumed(ctx context.Context) error {
	wait := time.NewTimer(resumeWait)
	defer wait.Stop()
	select {
	case <-h.m.Ready():
		return nil
	case <-wait.C:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// nameless is how a holder is written to the log: a guest's secret is not.
func nameless(holder string) string {
	if analysis.IsGuest(holder) {
		return "guest"
	}
	return holder
}

// Keep begins the analysis of a channel for the operator: nobody's leaving ends
// it as long as this process runs, only [Holds.Stop] does.
func (h *Holds) Keep(ctx context.Context, channel string) error {
	if _, err := h.m.Start(ctx, channel, "start"); err != nil {
		return err
	}
	h.mu.Lock()
	h.kept[channel] = true
	h.mu.Unlock()
	return nil
}

// Leave drops the holder's hold of a channel, and ends the analysis where
// nobody else holds it; one that is only being watched too, unless a guest
// leaves. What the holder wants kept is kept first, unless discard is true.
// left is false where the channel was neither held by holder nor running
// without any holder.
func (h *Holds) Leave(ctx context.Context, channel, holder string, discard bool) (left bool, err error) {
	unlock, err := h.locks.Lock(ctx, channel)
	if err != nil {
		return false, err
	}
	defer unlock()
	if err := h.settle(ctx, channel); err != nil {
		return false, err
	}
	return h.leave(ctx, channel, holder, discard)
}

func (h *Holds) leave(ctx context.Context, channel, holder string, discard bool) (left bool, err error) {
	holds, err := h.store.HoldsOn(ctx, channel)
	if err != nil {
		return false, fmt.Errorf("reading who holds %s: %w", channel, err)
	}
	mine := slices.ContainsFunc(holds, func(hold analysis.Hold) bool { return hold.UserID == holder })
	if !mine && len(holds) > 0 {
		return false, nil
	}
	f, running, err := h.m.Report(channel)
	if err != nil {
		return false, err
	}
	h.mu.Lock()
	kept := h.kept[channel]
	h.mu.Unlock()
	watched := analysis.IsGuest(holder) && h.cfg.Viewers(channel) > 0
	if running && !kept && !watched && len(holds) <= 1 {
		if discard {
			return h.end(ctx, channel, holder)
		}
		return h.end(ctx, channel, "")
	}
	if mine {
		if running && !discard && !analysis.IsGuest(holder) {
			if err := h.cfg.Ended(ctx, holder, f); err != nil {
				return false, err
			}
		}
		if _, err := h.store.DropHold(ctx, channel, holder); err != nil {
			return false, fmt.Errorf("dropping the hold of %s: %w", channel, err)
		}
	}
	if running && watched && len(holds) <= 1 {
		h.mu.Lock()
		h.left[channel] = true
		h.mu.Unlock()
		return true, nil
	}
	return mine, nil
}

// LeaveAll drops all holds of a holder, as Leave does.
func (h *Holds) LeaveAll(ctx context.Context, holder string) error {
	held, err := h.store.HoldsOf(ctx, holder)
	if err != nil {
		return fmt.Errorf("reading who holds what: %w", err)
	}
	for _, hold := range held {
		if _, err := h.Leave(ctx, hold.Channel, holder, false); err != nil {
			return fmt.Errorf("leaving %s: %w", hold.Channel, err)
		}
	}
	return nil
}

// Forget drops all holds of a holder without keeping anything for them.
func (h *Holds) Forget(ctx context.Context, holder string) error {
	held, err := h.store.HoldsOf(ctx, holder)
	if err != nil {
		return fmt.Errorf("reading who holds what: %w", err)
	}
	for _, hold := range held {
		if _, err := h.Leave(ctx, hold.Channel, holder, true); err != nil {
			return fmt.Errorf("leaving %s: %w", hold.Channel, err)
		}
	}
	return nil
}

// Stop ends the analysis of a channel for everybody and drops all its holds;
// stopped is false when none ran. An error of the store leaves it running, or
// is made good later.
func (h *Holds) Stop(ctx context.Context, channel string) (stopped bool, err error) {
	unlock, err := h.locks.Lock(ctx, channel)
	if err != nil {
		return false, err
	}
	defer unlock()
	if err := h.settle(ctx, channel); err != nil {
		return false, err
	}
	return h.stop(ctx, channel)
}

func (h *Holds) stop(ctx context.Context, channel string) (stopped bool, err error) {
	if _, running, err := h.m.Report(channel); err != nil || running {
		if err != nil {
			return false, err
		}
		if _, err := h.store.HoldsOn(ctx, channel); err != nil { // while the store is away nothing changes
			return false, fmt.Errorf("reading who holds %s: %w", channel, err)
		}
		return h.end(ctx, channel, "")
	}
	if _, err := h.store.DropHolds(ctx, channel); err != nil {
		return false, fmt.Errorf("dropping the holds of %s: %w", channel, err)
	}
	return false, nil
}

// end ends a running analysis and settles with its holders, but keeps nothing
// for discards. The holds stay until that is done: so the next start knows what
// is still to be done, should the process end here.
func (h *Holds) end(ctx context.Context, channel, discards string) (ended bool, err error) {
	if analysis.IsGuest(discards) {
		discards = "" // nothing is kept for guests, and nobody is told who they are
	}
	how := Ending{Discards: discards}
	if discards != "" {
		// Before the end is stored: from then on whoever holds the channel gets it.
		how.Noted = func(ctx context.Context) {
			if err := h.Discard(context.WithoutCancel(ctx), channel, discards); err != nil {
				h.log.Warn("a hold that is given up stays for now", "channel", channel, "error", err)
			}
		}
	}
	f, ended, err := h.m.End(ctx, channel, how)
	if !ended || f.SessionID == "" {
		return ended, err
	}
	h.mu.Lock()
	delete(h.kept, channel)
	delete(h.left, channel)
	delete(h.lonely, channel)
	h.owed[channel] = owed{f, discards}
	h.mu.Unlock()
	if err != nil { // it ended, but is not stored: settling waits for that as well
		return true, err
	}
	if err := h.settle(context.WithoutCancel(ctx), channel); err != nil {
		h.log.Error("an analysis ended, but it cannot be kept for its holders yet; it is tried again", "channel", channel, "error", err)
	}
	return true, nil
}

// Discard drops a hold of somebody who wants nothing kept of an analysis that is
// ended.
func (h *Holds) Discard(ctx context.Context, channel, holder string) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if _, err := h.store.DropHold(ctx, channel, holder); err != nil {
		return fmt.Errorf("dropping the hold of %s: %w", channel, err)
	}
	return nil
}

// On lists the holds on a channel, the oldest first.
func (h *Holds) On(ctx context.Context, channel string) ([]analysis.Hold, error) {
	holds, err := h.store.HoldsOn(ctx, channel)
	if err != nil {
		return nil, fmt.Errorf("reading who holds %s: %w", channel, err)
	}
	return holds, nil
}

// Of lists what a holder holds, the oldest first.
func (h *Holds) Of(ctx context.Context, holder string) ([]analysis.Hold, error) {
	holds, err := h.store.HoldsOf(ctx, holder)
	if err != nil {
		return nil, fmt.Errorf("reading who holds what: %w", err)
	}
	return holds, nil
}

// All lists all holds, ordered by channel.
func (h *Holds) All(ctx context.Context) ([]analysis.Hold, error) {
	holds, err := h.store.Holds(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading who holds what: %w", err)
	}
	return holds, nil
}

func (h *Holds) now() time.Time { return stamp(h.cfg.Now()) }

// settle keeps an analysis that ended for those who held it and drops their
// holds. The channel's lock is held.
func (h *Holds) settle(ctx context.Context, channel string) error {
	h.mu.Lock()
	o, ok := h.owed[channel]
	h.mu.Unlock()
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	holds, err := h.store.HoldsOn(ctx, channel)
	if err != nil {
		return fmt.Errorf("reading who holds %s: %w", channel, err)
	}
	for _, hold := range holds {
		if !analysis.IsGuest(hold.UserID) && hold.UserID != o.discards {
			if err := h.cfg.Ended(ctx, hold.UserID, o.finished); err != nil {
				return fmt.Errorf("keeping the analysis of %s: %w", channel, err)
			}
		}
		if _, err := h.store.DropHold(ctx, channel, hold.UserID); err != nil {
			return fmt.Errorf("dropping a hold of %s: %w", channel, err)
		}
	}
	h.mu.Lock()
	delete(h.owed, channel)
	h.mu.Unlock()
	h.cfg.Settled(ctx, o.finished)
	return nil
}

// settleOwed tries again what could not be kept when it ended.
func (h *Holds) settleOwed(ctx context.Context) {
	h.mu.Lock()
	var list []string
	for channel := range h.owed {
		list = append(list, channel)
	}
	h.mu.Unlock()
	slices.Sort(list)
	for _, channel := range list {
		unlock, err := h.locks.Lock(ctx, channel)
		if err != nil {
			return
		}
		err = h.settle(ctx, channel)
		unlock()
		if err != nil {
			h.log.Warn("an analysis that ended still cannot be kept for its holders", "channel", channel, "error", err)
			return // the store is away: the others wait as well
		}
	}
}

// reconcile makes the holds fit the analyses that run, at the start: what ended
// while nobody could be told is kept for its holders, and what is held but was
// never begun begins.
func (h *Holds) reconcile(ctx context.Context) error {
	holds, err := h.store.Holds(ctx)
	if err != nil {
		return fmt.Errorf("reading who holds what: %w", err)
	}
	running := make(map[string]bool)
	for _, name := range h.cfg.Running() {
		running[name] = true
	}
	for i := 0; i < len(holds); {
		channel := holds[i].Channel
		first := i
		for i < len(holds) && holds[i].Channel == channel {
			i++
		}
		if running[channel] || h.cfg.Elsewhere(channel) {
			continue
		}
		if err := h.reconcileChannel(ctx, channel, holds[first:i]); err != nil {
			return err
		}
	}
	return nil
}

// Recheck says that an analysis ended whose server went before it could settle
// with those who held the channel. It does not wait for anything.
func (h *Holds) Recheck(channels ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, channel := range channels {
		h.recheck[channel] = true
	}
}

// recheckChannels settles what Recheck was told of.
func (h *Holds) recheckChannels(ctx context.Context) {
	h.mu.Lock()
	list := slices.Sorted(maps.Keys(h.recheck))
	h.mu.Unlock()
	for _, channel := range list {
		holds, err := h.store.HoldsOn(ctx, channel)
		if err == nil {
			err = h.reconcileChannel(ctx, channel, holds)
		}
		if err != nil {
			if ctx.Err() == nil {
				h.log.Warn("those who held a channel that another server analysed cannot be settled with yet; it is tried again", "channel", channel, "error", err)
			}
			return
		}
		h.mu.Lock()
		delete(h.recheck, channel)
		h.mu.Unlock()
	}
}

func (h *Holds) reconcileChannel(ctx context.Context, channel string, holds []analysis.Hold) error {
	unlock, err := h.locks.Lock(ctx, channel)
	if err != nil {
		return err
	}
	defer unlock()
	if _, ok, err := h.m.Report(channel); ok || err != nil {
		return err // somebody connected meanwhile
	}
	last, err := h.cfg.Sessions.Sessions(ctx, analysis.SessionQuery{Channel: channel, Limit: 1})
	if err != nil {
		return fmt.Errorf("reading the last analysis of %s: %w", channel, err)
	}
	held := false // by somebody since after the last analysis
	for _, hold := range holds {
		if len(last) == 0 || hold.Since.After(last[0].EndedAt) {
			held = true
			continue
		}
		if !analysis.IsGuest(hold.UserID) {
			report, err := h.cfg.Sessions.SessionReport(ctx, last[0].ID)
			if err != nil {
				return fmt.Errorf("reading the last analysis of %s: %w", channel, err)
			}
			s := &last[0]
			if err := h.cfg.Ended(ctx, hold.UserID, analysis.Finished{
				SessionID: s.ID, Channel: channel, StartedAt: s.StartedAt, EndedAt: s.EndedAt, Counts: s.Counts, Mood: s.Mood, Report: report,
			}); err != nil {
				return fmt.Errorf("keeping the analysis of %s: %w", channel, err)
			}
		}
		if _, err := h.store.DropHold(ctx, channel, hold.UserID); err != nil {
			return fmt.Errorf("dropping a hold of %s: %w", channel, err)
		}
	}
	if !held {
		return nil
	}
	switch _, err := h.m.Start(ctx, channel, "holds"); {
	case errors.Is(err, ErrElsewhere):
	case errors.Is(err, ErrTooMany), errors.Is(err, ErrClosed):
		h.log.Warn("a held channel is not analysed", "channel", channel, "error", err)
	case err != nil:
		return err
	}
	return nil
}

// endIdle ends the analyses that nobody wants any more.
func (h *Holds) endIdle(ctx context.Context) error {
	now := h.now()
	var alone []string
	running := h.m.Names()
	h.mu.Lock()
	for channel := range h.lonely {
		if _, ok := slices.BinarySearch(running, channel); !ok {
			delete(h.lonely, channel)
		}
	}
	h.mu.Unlock()
	for _, channel := range running {
		watched := h.cfg.Viewers(channel) > 0
		h.mu.Lock()
		_, known := h.lonely[channel]
		switch {
		case watched:
			delete(h.lonely, channel)
		case !known:
			h.lonely[channel] = now
		default:
			alone = append(alone, channel)
		}
		h.mu.Unlock()
	}
	if len(alone) == 0 {
		return nil
	}
	all, err := h.store.Holds(ctx)
	if err != nil {
		return fmt.Errorf("reading who holds what: %w", err)
	}
	byChannel := make(map[string][]analysis.Hold)
	for _, hold := range all {
		byChannel[hold.Channel] = append(byChannel[hold.Channel], hold)
	}
	for _, channel := range alone {
		if !h.tired(channel, byChannel[channel], now) {
			continue
		}
		if err := h.endTired(ctx, channel, now); err != nil {
			return err
		}
	}
	return nil
}

// endTired ends an idle analysis, unless somebody came meanwhile.
func (h *Holds) endTired(ctx context.Context, channel string, now time.Time) error {
	unlock, err := h.locks.Lock(ctx, channel)
	if err != nil {
		return err
	}
	defer unlock()
	holds, err := h.store.HoldsOn(ctx, channel)
	if err != nil {
		return fmt.Errorf("reading who holds %s: %w", channel, err)
	}
	if h.cfg.Viewers(channel) > 0 || !h.tired(channel, holds, now) {
		return nil
	}
	if _, err := h.end(ctx, channel, ""); err != nil {
		return err
	}
	h.log.Info("an analysis ended that nobody held or watched", "channel", channel)
	return nil
}

// tired reports whether a channel has been without viewers for longer than its
// holders, or that it has none, let it.
func (h *Holds) tired(channel string, holds []analysis.Hold, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	since, lonely := h.lonely[channel]
	if !lonely || h.kept[channel] {
		return false
	}
	patience := h.cfg.IdleStop
	switch {
	case slices.ContainsFunc(holds, func(hold analysis.Hold) bool { return !analysis.IsGuest(hold.UserID) }):
		return false
	case len(holds) > 0:
		patience = guestIdle
	case h.left[channel]:
		patience = leftIdle
	}
	return patience > 0 && now.Sub(since) >= patience
}
