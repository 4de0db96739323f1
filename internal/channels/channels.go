// Package channels runs the analyses: it starts and stops them, feeds each
// with its channel's chat, judges and counts every message once, publishes
// what viewers see, and keeps all of it over a restart.
//
// Chat arrives on the goroutines of the source ([Manager] is its
// [source.Handler]). One goroutine of the manager's own publishes and keeps
// time for all channels, another one stores; there is no timer for each
// channel.
package channels

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/chat"
	"chatmood/internal/keylock"
	"chatmood/internal/live/frame"
	"chatmood/internal/sentiment"
	"chatmood/internal/source"
)

// Errors of [Manager.Start].
var (
	ErrTooMany = errors.New("too many channels are being analysed")
	ErrClosed  = errors.New("the analyses are stopping")
	// ErrElsewhere: another server analyses the channel.
	ErrElsewhere = errors.New("another server analyses the channel")
)

// Source joins and leaves channels. Both calls return at once.
type Source interface {
	Join(channel string)
	Part(channel string)
}

// Bus carries what is published to the nodes that have viewers, and their
// questions back. Publish copies data before it returns.
type Bus interface {
	Publish(subject string, data []byte) error
	// Respond answers requests until the returned function is called.
	Respond(subject string, answer func(request []byte) []byte) (stop func(), err error)
}

// Leases say which channels are this server's, where several share them. An
// analysis begins with Acquire or with [Manager.Adopt].
type Leases interface {
	// Acquire makes a channel this server's, for a new analysis. fence is greater
	// than those of all owners before. [ErrElsewhere] or [ErrClosed] where that
	// cannot be.
	Acquire(ctx context.Context, channel, session string, started time.Time) (fence int64, err error)
	// Stop says, before an analysis is ended here, that it is to end, so that
	// whoever takes the channel over ends it as well. durable is false where that
	// would not outlive this process. discards is who wants nothing kept of it, or
	// "". With an error it goes on.
	Stop(ctx context.Context, channel string, fence int64, at time.Time, discards string) (durable bool, err error)
	// Ended says that an analysis ended here, Release that all of it is stored.
	Ended(channel string, fence int64)
	Release(channel string, fence int64)
	// Valid reports whether this server may publish and store now.
	Valid() bool
	// Settled is closed once what this server has to resume was resumed.
	Settled() <-chan struct{}
}

// Config is what a manager works with.
type Config struct {
	// Leases say which channels are this server's; nil: all are.
	Leases   Leases
	Analyzer sentiment.Analyzer
	// Engine learns what the unknown emotes of a channel mean, and judges with
	// it where it is the Analyzer; nil: nothing is learnt. Learning keeps that,
	// nil: it ends with the channel's analysis.
	Engine   *sentiment.Engine
	Learning analysis.LearningStore
	// Second replaces a judgement of Analyzer where it has one of its own; nil:
	// it never has.
	Second interface {
		Override(score *sentiment.Score, text string) bool
	}
	// Settle hands over what is on its way of a channel whose analysis ends; nil:
	// nothing is.
	Settle func(channel string)
	// Batched is told of each batch of messages that was published, with its size
	// in bytes; the first of them was judged at from. It must not wait for
	// anything. nil: nobody is told.
	Batched func(channel string, messages, bytes int, from, to time.Time)
	Store   analysis.SessionStore
	Bus     Bus
	Options analysis.Options
	// Viewers counts who watches a channel here; nil counts nobody.
	Viewers func(channel string) int
	// Finished is told of every analysis that ended, before Stop returns; nil:
	// nobody is. It must not wait for anything.
	Finished    func(analysis.Finished)
	Log         *slog.Logger     // nil: nothing is logged
	Now         func() time.Time // nil: time.Now
	MaxChannels int              // 0: 500
	// ShedText is for how long a source of chat may be behind until messages are
	// counted without being shown, ShedJudging until they are not judged either,
	// so that it catches up. 0: 1 s and 3 s.
	ShedText, ShedJudging time.Duration
}

// Rhythm of the manager.
const (
	batchEvery      = 50 * time.Millisecond // and at most so often a channel's messages are published
	ticksPerSecond  = int(time.Second / batchEvery)
	topEvery        = 5 // seconds between rankings
	maxBatchBytes   = 48 << 10
	recentMessages  = 512 // that can be explained and corrected with their text
	helloMessages   = 100
	snapshotTop     = 20  // entries of each list in a hello
	reportTop       = 100 // and in a report
	maxSkew         = 10 * time.Second
	quietAfter      = 90 * time.Second // without messages: figures are published every quietEvery only
	quietEvery      = 10               // seconds
	quietStore      = 10 * time.Second // between checkpoints of a channel in which nothing happens
	finalStoreGrace = 5 * time.Second
	stopWait        = 5 * time.Second // for the end of an analysis to be stored, where nothing else keeps that it ended
)

// Manager holds the analyses that run. All methods are safe for concurrent use.
type Manager struct {
	cfg   Config
	log   *slog.Logger
	now   func() time.Time
	store *storeQueue
	seed  maphash.Seed
	begin keylock.Locks // held while an analysis begins or ends
	learn *learning     // nil: nothing is learnt

	mu       sync.RWMutex // guards what follows, down to ready
	starting int          // channels that are being acquired
	channels map[string]*channel
	slots    [ticksPerSecond][]*channel // who is due for figures at which tick of a second
	source   Source
	closed   bool
	ready    chan struct{} // closed once what ran before is resumed

	dirtyMu sync.Mutex // guards dirty
	dirty   []*channel // channels with messages that are not published yet

	counters Counters
}

// Counters count since the process started. Fields are read and written atomically.
type Counters struct {
	Messages   atomic.Int64 // chat messages that arrived for a running analysis
	Duplicates atomic.Int64 // of them: seen before
	Judged     atomic.Int64
	Unshown    atomic.Int64 // of them: not shown to viewers, since the machine could not keep up
	Unjudged   atomic.Int64 // of Messages: not judged either
	Notices    atomic.Int64
	Deletions  atomic.Int64 // messages taken back out
	Gaps       atomic.Int64
	Batches    atomic.Int64 // frames published
	BusErrors  atomic.Int64 // frames that the bus refused
	Held       atomic.Int64 // frames not published since the leases did not hold
}

var _ source.Handler = (*Manager)(nil)

// New returns a manager that runs nothing yet: see [Manager.Run].
func New(cfg Config) *Manager {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxChannels <= 0 {
		cfg.MaxChannels = 500
	}
	if cfg.ShedText <= 0 {
		cfg.ShedText = time.Second
	}
	if cfg.ShedJudging <= 0 {
		cfg.ShedJudging = 3 * time.Second
	}
	if cfg.Viewers == nil {
		cfg.Viewers = func(string) int { return 0 }
	}
	if cfg.Finished == nil {
		cfg.Finished = func(analysis.Finished) {}
	}
	m := &Manager{
		cfg: cfg, log: cfg.Log, now: cfg.Now,
		store: newStoreQueue(cfg.Store, cfg.Log), seed: maphash.MakeSeed(),
		channels: make(map[string]*channel), ready: make(chan struct{}),
	}
	if cfg.Engine != nil {
		m.learn = newLearning(&m.cfg, m.log)
	}
	if cfg.Leases != nil {
		m.store.valid = cfg.Leases.Valid
		m.store.finishedStored = func(f *analysis.Finished) { cfg.Leases.Release(f.Channel, f.Fence) }
		m.store.fenced = m.fencedOff
	}
	return m
}

// Run resumes the analyses that the store says were running, joins their
// channels on src, and works until ctx ends. With leases, [Manager.Adopt] is told
// what to resume instead. Run then publishes and stores what
// is left, for at most a few seconds, and returns the error that kept it from
// storing everything, if any. Start works from the moment Run has resumed.
func (m *Manager) Run(ctx context.Context, src Source) error {
	if m.cfg.Leases != nil {
		m.open(src)
	} else if err := m.resume(ctx, src); err != nil {
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			return nil // stopped before anything was read, so there is nothing to store
		}
		return err
	}
	var storing sync.WaitGroup
	storeCtx, stopStoring := context.WithCancel(context.WithoutCancel(ctx))
	defer stopStoring()
	storing.Go(func() { m.store.run(storeCtx) })
	if m.learn != nil {
		storing.Go(func() { m.learn.run(storeCtx) })
	}

	ticker := time.NewTicker(batchEvery)
	defer ticker.Stop()
	for tick := 0; ; tick++ {
		select {
		case <-ctx.Done():
			m.close()
			stopStoring()
			storing.Wait()
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), finalStoreGrace)
			defer cancel()
			if m.learn != nil {
				m.learn.flush(last)
			}
			return m.store.flush(last)
		case <-ticker.C:
			m.publishDirty()
			m.publishFigures(tick)
			if tick%ticksPerSecond == 0 {
				m.checkpoint(false)
			}
		}
	}
}

// Start begins the analysis of a channel; started is false when it ran
// already. It does not wait for Twitch. by is written to the log.
func (m *Manager) Start(ctx context.Context, login, by string) (started bool, err error) {
	unlock, err := m.begin.Lock(ctx, login)
	if err != nil {
		return false, err
	}
	defer unlock()
	now := m.now()
	id := newSessionID(now)
	if known, err := m.reserve(login); known || err != nil {
		return false, err
	}
	var fence int64
	if m.cfg.Leases != nil {
		fence, err = m.cfg.Leases.Acquire(ctx, login, id, now)
	}
	if err == nil {
		m.learn.open(ctx, login, fence)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.starting--
	if err != nil {
		return false, err
	}
	s := analysis.New(id, login, now, m.cfg.Options)
	s.SetStatus(analysis.Status{State: source.Connecting, Since: now})
	if m.closed {
		err = ErrClosed
	} else {
		err = m.add(s, now, fence, 0)
	}
	if err != nil {
		if m.cfg.Leases != nil {
			m.cfg.Leases.Ended(login, fence)
			m.cfg.Leases.Release(login, fence)
		}
		return false, err
	}
	m.log.Info("analysis started", "channel", login, "session", s.ID(), "by", by)
	m.source.Join(login)
	return true, nil
}

// reserve keeps a place for a channel, to be given back by lowering m.starting.
// known is true where it is analysed already.
func (m *Manager) reserve(login string) (known bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || m.source == nil {
		return false, ErrClosed
	}
	if _, ok := m.channels[login]; ok {
		return true, nil
	}
	if len(m.channels)+m.starting >= m.cfg.MaxChannels {
		return false, ErrTooMany
	}
	m.starting++
	return false, nil
}

// add puts a session under the manager's care, whose clock is ahead of this
// server's. m.mu is held.
func (m *Manager) add(s *analysis.Session, now time.Time, fence int64, ahead time.Duration) error {
	epoch := uint64(now.UnixMicro())
	if m.cfg.Leases != nil {
		epoch = uint64(fence)
	}
	c := newChannel(m, s, epoch, fence, ahead)
	c.lessons = m.learn.of(c.name)
	stop, err := m.cfg.Bus.Respond(frame.HelloSubject(c.name), func([]byte) []byte { return c.hello(c.now()) })
	if err != nil {
		return err
	}
	c.stopHello = stop
	m.channels[c.name] = c
	slot := slotOf(c.name)
	m.slots[slot] = append(m.slots[slot], c)
	return nil
}

// Stop ends the analysis of a channel for everybody and keeps its report;
// stopped is false when none ran.
func (m *Manager) Stop(ctx context.Context, login string) (stopped bool, err error) {
	_, stopped, err = m.End(ctx, login, Ending{})
	return stopped, err
}

// Ending is how an analysis is ended.
type Ending struct {
	// Discards is the user who ends it and wants nothing kept; "": nobody. Whoever
	// ends it instead, should this server die, knows it.
	Discards string
	// Noted, unless nil, is called when it is certain that the analysis ends, and
	// before the store can have its end.
	Noted func(context.Context)
}

// End is Stop for those who want what is kept of the analysis. When it returns
// without an error, the analysis does not come back whatever happens: the leases
// say that it ended, or the store has its end. With an error and stopped it ended
// here, and its end waits to be stored: calling again waits for that again.
func (m *Manager) End(ctx context.Context, login string, how Ending) (f analysis.Finished, stopped bool, err error) {
	unlock, err := m.begin.Lock(ctx, login)
	if err != nil {
		return analysis.Finished{}, false, err
	}
	defer unlock()
	if m.cfg.Leases != nil && !m.cfg.Leases.Valid() {
		return analysis.Finished{}, false, ErrClosed // perhaps another server's by now
	}
	if m.cfg.Settle != nil {
		m.cfg.Settle(login)
	}
	c := m.lookup(login)
	if c == nil {
		if f, ok := m.store.ending(login); ok { // it was stopped before, and is not stored yet
			return f, true, m.store.await(ctx, m.store.expect(f.SessionID))
		}
		return analysis.Finished{}, false, nil
	}
	now, durable := c.now(), false
	if m.cfg.Leases != nil {
		if durable, err = m.cfg.Leases.Stop(ctx, login, c.fence, now, how.Discards); err != nil {
			return analysis.Finished{}, false, fmt.Errorf("%w: %w", ErrClosed, err)
		}
	}
	if how.Noted != nil {
		how.Noted(ctx)
	}
	m.mu.Lock()
	if m.channels[login] == c {
		m.remove(c)
		m.source.Part(login)
	}
	m.mu.Unlock()
	f, err = c.finish(now)
	c.stopHello()
	m.learn.close(ctx, login)
	if err != nil {
		return analysis.Finished{}, true, err
	}
	stored := m.store.expect(f.SessionID)
	m.store.finish(f)
	m.cfg.Finished(f)
	m.log.Info("analysis stopped", "channel", login, "session", f.SessionID, "messages", f.Counts.Total)
	if durable {
		return f, true, nil
	}
	return f, true, m.store.await(ctx, stored)
}

// remove takes a channel out of the manager. m.mu is held.
func (m *Manager) remove(c *channel) {
	delete(m.channels, c.name)
	slot := slotOf(c.name)
	for i, other := range m.slots[slot] {
		if other == c {
			m.slots[slot] = append(m.slots[slot][:i:i], m.slots[slot][i+1:]...)
			break
		}
	}
}

// slotOf spreads channels over the ticks of a second (FNV-1a).
func slotOf(login string) int {
	h := uint32(2166136261)
	for i := range len(login) {
		h = (h ^ uint32(login[i])) * 16777619
	}
	return int(h % uint32(ticksPerSecond))
}

// resume brings back what ran when the process ended.
func (m *Manager) resume(ctx context.Context, src Source) error {
	running, err := m.cfg.Store.RunningSessions(ctx)
	if err != nil {
		return err
	}
	for i := range running {
		m.learn.open(ctx, running[i].Channel, running[i].Fence)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for _, cp := range running {
		s, err := analysis.Restore(cp.Parts, m.cfg.Options)
		if err != nil {
			// Its parts stay in the store, so nothing is lost to a later repair.
			m.log.Error("a stored analysis cannot be read; it is left as it is", "channel", cp.Channel, "session", cp.SessionID, "error", err)
			continue
		}
		if old, ok := m.channels[s.Channel()]; ok {
			m.log.Warn("a channel has two stored analyses; the older one is left as it is", "channel", s.Channel(), "session", s.ID(), "running", old.session.ID())
			continue
		}
		s.SetStatus(analysis.Status{State: source.Connecting, Code: "restart", Reason: "The server was restarted and is joining the channel again.", Since: now})
		if err := m.add(s, now, cp.Fence, 0); err != nil {
			return err
		}
		m.channels[s.Channel()].lostSince = earlier(cp.At, now)
		m.log.Info("analysis resumed", "channel", s.Channel(), "session", s.ID(), "messages", s.Counts().Total, "lost", now.Sub(cp.At).Round(time.Millisecond))
	}
	m.source = src
	for login := range m.channels {
		src.Join(login)
	}
	close(m.ready)
	return nil
}

// close publishes and checkpoints everything once more and takes nothing from
// then on. The analyses count as running: the next start resumes them.
func (m *Manager) close() {
	m.mu.Lock()
	m.closed = true
	list := make([]*channel, 0, len(m.channels))
	for _, c := range m.channels {
		list = append(list, c)
	}
	m.mu.Unlock()
	m.publishDirty()
	m.checkpoint(true)
	for _, c := range list {
		c.stopHello()
	}
}

// Ahead is how far the clock of a channel's analysis is ahead of this server's.
func (m *Manager) Ahead(login string) time.Duration {
	if c := m.lookup(login); c != nil {
		return c.ahead
	}
	return 0
}

func earlier(a, b time.Time) time.Time {
	if a.After(b) {
		return b
	}
	return a
}

// lookup finds a running analysis.
func (m *Manager) lookup(login string) *channel {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.channels[login]
}

// HandleEvent implements [source.Handler].
func (m *Manager) HandleEvent(ev *chat.Event) {
	c := m.lookup(ev.Channel)
	if c == nil {
		return
	}
	now := c.now()
	// Twitch's stamps order messages better than their arrival does, but a
	// clock that is wrong here or there must not push them out of every window.
	if skew := now.Sub(ev.Time); ev.Time.IsZero() || skew > maxSkew || skew < -maxSkew {
		ev.Time = now
		ev.Message.Time = now
	}
	switch ev.Kind {
	case chat.KindMessage:
		c.message(&ev.Message, ev.Behind)
	case chat.KindNotice:
		c.notice(ev)
	case chat.KindDelete, chat.KindClearUser, chat.KindClearAll:
		c.deletion(ev)
	}
}

// HandleStatus implements [source.Handler].
func (m *Manager) HandleStatus(login string, st source.Status) {
	if c := m.lookup(login); c != nil {
		if !st.Since.IsZero() {
			st.Since = st.Since.Add(c.ahead)
		}
		c.status(st, c.now())
	}
}

// HandleGap implements [source.Handler].
func (m *Manager) HandleGap(login string, g source.Gap) {
	if c := m.lookup(login); c != nil {
		c.gap(analysis.Gap{From: g.From.Add(c.ahead), To: g.To.Add(c.ahead), Reason: g.Reason})
	}
}

// markDirty remembers that a channel has something to publish.
func (m *Manager) markDirty(c *channel) {
	m.dirtyMu.Lock()
	m.dirty = append(m.dirty, c)
	m.dirtyMu.Unlock()
}

func (m *Manager) publishDirty() {
	m.dirtyMu.Lock()
	list := m.dirty
	m.dirty = nil
	m.dirtyMu.Unlock()
	for _, c := range list {
		c.flush()
	}
}

// publishFigures sends the figures of the channels whose turn this tick is.
func (m *Manager) publishFigures(tick int) {
	m.mu.RLock()
	due := m.slots[tick%ticksPerSecond]
	list := make([]*channel, len(due))
	copy(list, due)
	m.mu.RUnlock()
	second := tick / ticksPerSecond
	for _, c := range list {
		c.figures(c.now(), second)
	}
}

// checkpoint hands to the store's queue what changed in every analysis. It must
// be all of it when these are the last.
func (m *Manager) checkpoint(must bool) {
	m.mu.RLock()
	list := make([]*channel, 0, len(m.channels))
	for _, c := range m.channels {
		list = append(list, c)
	}
	m.mu.RUnlock()
	for _, c := range list {
		if cp := c.checkpoint(c.now(), must); len(cp.Parts) > 0 {
			m.store.add(cp)
		}
	}
	m.store.wake()
}

// publish puts an envelope on the bus; a bus that is away costs viewers the
// frame (they are told by the sequence), never the analysis.
func (m *Manager) publish(login string, envelope []byte) {
	if m.cfg.Leases != nil && !m.cfg.Leases.Valid() {
		m.counters.Held.Add(1)
		return
	}
	m.counters.Batches.Add(1)
	if err := m.cfg.Bus.Publish(frame.ChatSubject(login), envelope); err != nil {
		if m.counters.BusErrors.Add(1)%1000 == 1 {
			m.log.Warn("the bus refuses frames", "channel", login, "error", err)
		}
	}
}

// Counters returns the counts since the start, to be read with Load.
func (m *Manager) Counters() *Counters { return &m.counters }

// StoreErr returns why the last attempt to store failed, nil when it did not,
// and how many analyses wait to be stored.
func (m *Manager) StoreErr() (waiting int, err error) { return m.store.state() }

// LastCheckpoint returns when everything was last stored.
func (m *Manager) LastCheckpoint() time.Time { return m.store.lastStored() }

// Ready is closed once [Manager.Run] has resumed what ran before.
func (m *Manager) Ready() <-chan struct{} {
	if m.cfg.Leases != nil {
		return m.cfg.Leases.Settled()
	}
	return m.ready
}

// Len returns how many analyses run.
func (m *Manager) Len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.channels)
}

// newSessionID returns 24 hexadecimal digits: four bytes of seconds and eight
// random ones, the form of a MongoDB ObjectId, so that ids sort by time and fit
// where the Python version kept its own.
func newSessionID(now time.Time) string {
	var id [12]byte
	binary.BigEndian.PutUint32(id[:4], uint32(now.Unix()))
	rand.Read(id[4:]) // never fails (crypto/rand)
	return hex.EncodeToString(id[:])
}
