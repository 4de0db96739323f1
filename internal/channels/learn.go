package channels

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/sentiment"
)

const (
	// learnedEvery is the time between two savings of what a channel taught. What
	// is heard in between is lost with the process; what a user sets is saved at once.
	learnedEvery   = 10 * time.Second
	learnedTimeout = 3 * time.Second // for reading what a channel taught, when its analysis begins
)

// lessons are what one channel teaches.
type lessons struct {
	channel string
	fence   int64 // of the lease

	// learner is nil until what was learnt before is read: to begin anew would
	// replace it.
	learner atomic.Pointer[sentiment.Learner]

	saving sync.Mutex // held while it is read or saved
	saved  uint64     // version that is stored; guarded by saving
	closed bool       // no analysis teaches it any more; guarded by learning.mu
}

// current is what the channel has taught so far, nil where that is not known.
func (l *lessons) current() *sentiment.Learner {
	if l == nil {
		return nil
	}
	return l.learner.Load()
}

// learning keeps what the channels teach, beyond the ends of their analyses. A
// nil learning does nothing. It is safe for concurrent use.
type learning struct {
	store  analysis.LearningStore // nil: nothing is kept
	engine *sentiment.Engine
	judges bool // the engine judges all messages
	valid  func() bool
	now    func() time.Time
	log    *slog.Logger

	mu        sync.Mutex // guards byChannel
	byChannel map[string]*lessons
}

func newLearning(cfg *Config, log *slog.Logger) *learning {
	l := &learning{store: cfg.Learning, engine: cfg.Engine, now: cfg.Now, log: log, byChannel: make(map[string]*lessons), valid: func() bool { return true }}
	judge, ok := cfg.Analyzer.(*sentiment.Engine)
	l.judges = ok && judge == cfg.Engine
	if cfg.Leases != nil {
		l.valid = cfg.Leases.Valid
	}
	return l
}

// open makes what a channel taught ready for its analysis, which this server
// owns by fence. Where the store is away it is tried again later, and until then
// nothing is learnt.
func (l *learning) open(ctx context.Context, channel string, fence int64) {
	if l == nil {
		return
	}
	known := &lessons{channel: channel, fence: fence}
	l.mu.Lock()
	before := l.byChannel[channel]
	l.byChannel[channel] = known
	if before != nil && before.closed {
		// Of an analysis that ended here, and not stored yet.
		known.learner.Store(before.learner.Load())
	}
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, learnedTimeout)
	defer cancel()
	if err := l.load(ctx, known); err != nil {
		l.log.Warn("what a channel has taught cannot be read; it is tried again", "channel", channel, "error", err)
	}
}

// load reads what a channel taught before.
func (l *learning) load(ctx context.Context, k *lessons) error {
	k.saving.Lock()
	defer k.saving.Unlock()
	learner := k.learner.Load()
	if l.store == nil {
		if learner == nil {
			k.learner.Store(sentiment.NewLearner())
		}
		return nil
	}
	// It is taken even where it is known here: from now on it is written by this fence.
	kept, err := l.store.TakeLearned(ctx, k.channel, k.fence)
	if err != nil {
		return err
	}
	if learner != nil {
		return nil
	}
	learner, err = RestoreLearner(kept)
	if err != nil {
		l.log.Error("what a channel has taught cannot be read; it is learnt anew", "channel", k.channel, "error", err)
		learner = sentiment.NewLearner()
	}
	k.saved = learner.Version()
	k.learner.Store(learner)
	return nil
}

// RestoreLearner returns a learner that knows what was kept.
func RestoreLearner(kept analysis.Learned) (*sentiment.Learner, error) {
	learner := sentiment.NewLearner()
	if len(kept.State) == 0 {
		return learner, nil
	}
	var state sentiment.LearnerState
	if err := json.Unmarshal(kept.State, &state); err != nil {
		return nil, fmt.Errorf("decoding what a channel taught: %w", err)
	}
	learner.Restore(state)
	return learner, nil
}

// of returns a channel's lessons that were opened.
func (l *learning) of(channel string) *lessons {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.byChannel[channel]
}

// all returns the lessons that are open.
func (l *learning) all() []*lessons {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]*lessons, 0, len(l.byChannel))
	for _, k := range l.byChannel {
		list = append(list, k)
	}
	return list
}

// run saves what was learnt from time to time, until ctx ends.
func (l *learning) run(ctx context.Context) {
	tick := time.NewTicker(learnedEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		l.flush(ctx)
	}
}

// flush saves what is not saved yet and reads what could not be read.
func (l *learning) flush(ctx context.Context) {
	for _, k := range l.all() {
		err := l.keep(ctx, k)
		if err == nil && k.learner.Load() == nil {
			err = l.load(ctx, k)
		}
		if err != nil {
			if ctx.Err() == nil {
				l.log.Warn("what channels teach cannot be kept; it is tried again", "error", err)
			}
			return // the store is away: the others wait as well
		}
		l.forgetClosed(k)
	}
}

// forgetClosed lets go of what is stored and taught by nobody any more.
func (l *learning) forgetClosed(k *lessons) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k.closed && l.byChannel[k.channel] == k {
		delete(l.byChannel, k.channel)
	}
}

// save stores what some channels taught, now.
func (l *learning) save(ctx context.Context, channels ...string) error {
	if l == nil {
		return nil
	}
	for _, k := range l.all() {
		if !slices.Contains(channels, k.channel) {
			continue
		}
		if err := l.keep(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// keep stores what a channel taught, where that is not stored yet.
func (l *learning) keep(ctx context.Context, k *lessons) error {
	k.saving.Lock()
	defer k.saving.Unlock()
	learner := k.learner.Load()
	if learner == nil || l.store == nil || !l.valid() {
		return nil
	}
	version := learner.Version() // before the state: what comes between is saved twice
	if version == k.saved {
		return nil
	}
	state, err := json.Marshal(learner.State())
	if err != nil {
		return fmt.Errorf("encoding what %s taught: %w", k.channel, err)
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	saved, err := l.store.SaveLearned(ctx, analysis.Learned{Channel: k.channel, Fence: k.fence, At: l.now(), State: state})
	if err != nil {
		return err
	}
	if !saved {
		l.log.Debug("another server keeps what a channel teaches", "channel", k.channel)
	}
	k.saved = version
	return nil
}

// close saves what a channel taught whose analysis ended. What cannot be saved
// now is saved later.
func (l *learning) close(ctx context.Context, channel string) {
	k := l.of(channel)
	if k == nil {
		return
	}
	l.mu.Lock()
	k.closed = true
	l.mu.Unlock()
	if err := l.keep(ctx, k); err != nil {
		l.log.Warn("what a channel has taught cannot be kept; it is tried again", "channel", channel, "error", err)
		return
	}
	l.forgetClosed(k)
}

// drop forgets a channel that is another server's now, without storing anything.
func (l *learning) drop(channel string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.byChannel, channel)
}

// dropOwned is drop for who owned the channel by fence and not since by another.
func (l *learning) dropOwned(channel string, fence int64) {
	if k := l.of(channel); k != nil && k.fence == fence {
		l.drop(channel)
	}
}
