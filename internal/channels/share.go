package channels

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/live/frame"
	"chatmood/internal/source"
)

// Grant is a channel that this server came to own ([Leases]).
type Grant struct {
	Channel string
	Fence   int64
	Session string    // of the analysis to go on with; "": the one that the store has
	Started time.Time // of that session
	Stopped time.Time // when somebody ended it, which was not stored; zero: nobody did
	// Ahead is how far the clock by which all this is dated, that of the server
	// that began the analysis, is ahead of this server's, as far as that is known.
	Ahead time.Duration
}

// open lets the manager begin.
func (m *Manager) open(src Source) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.source = src
	close(m.ready)
}

// Adopt goes on with analyses that became this server's, from what the store has
// of them; the time since their last checkpoint becomes a gap once the channel is
// being read. ended are those that have ended, and those that were stopped, whose
// ends are stored then. After an error it may be called
// again with the same grants: what was adopted before stays.
func (m *Manager) Adopt(ctx context.Context, grants []Grant) (ended []string, err error) {
	select {
	case <-m.ready: // Run has begun
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	fences := make(map[string]int64, len(grants))
	for _, g := range grants {
		if c := m.lookup(g.Channel); c == nil || c.fence != g.Fence {
			fences[g.Channel] = g.Fence
		}
	}
	if len(fences) == 0 {
		return nil, nil
	}
	found, err := m.cfg.Store.ResumeSessions(ctx, fences)
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		if _, ok := fences[g.Channel]; !ok {
			continue
		}
		gone, err := m.adopt(ctx, g, found)
		if err != nil {
			return nil, fmt.Errorf("going on with %s: %w", g.Channel, err)
		}
		if gone {
			ended = append(ended, g.Channel)
		}
	}
	return ended, nil
}

// adopt goes on with one analysis, of which found has the state.
func (m *Manager) adopt(ctx context.Context, g Grant, found []analysis.Checkpoint) (ended bool, err error) {
	unlock, err := m.begin.Lock(ctx, g.Channel)
	if err != nil {
		return false, err
	}
	defer unlock()
	now := m.now().Add(g.Ahead)
	var s *analysis.Session
	var since time.Time                    // the last that is known of it
	for i := len(found) - 1; i >= 0; i-- { // the latest, unless the grant says which
		cp := &found[i]
		if cp.Channel != g.Channel {
			continue
		}
		if s != nil || g.Session != "" && cp.SessionID != g.Session {
			m.log.Warn("a channel has two stored analyses; one is left as it is", "channel", cp.Channel, "session", cp.SessionID)
			continue
		}
		if s, err = analysis.Restore(cp.Parts, m.cfg.Options); err != nil {
			// Its parts stay in the store, so nothing is lost to a later repair.
			m.log.Error("a stored analysis cannot be read; it is left as it is", "channel", cp.Channel, "session", cp.SessionID, "error", err)
			return true, nil
		}
		since = cp.At
	}
	if s == nil {
		if g.Session == "" {
			return true, nil
		}
		// It ended, or its first owner went before anything was stored.
		_, err := m.cfg.Store.SessionReport(ctx, g.Session)
		if err == nil || errors.Is(err, analysis.ErrNotFound) && !g.Stopped.IsZero() {
			return true, nil
		}
		if !errors.Is(err, analysis.ErrNotFound) {
			return false, err
		}
		s, since = analysis.New(g.Session, g.Channel, g.Started, m.cfg.Options), g.Started
	}
	if !g.Stopped.IsZero() {
		return true, m.finishFor(ctx, g, s, since)
	}
	s.SetStatus(analysis.Status{State: source.Connecting, Code: "restart", Reason: "The server was restarted and is joining the channel again.", Since: now})
	m.learn.open(ctx, g.Channel, g.Fence)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false, ErrClosed
	}
	if old := m.channels[g.Channel]; old != nil {
		m.abandonLocked(old) // with an older fence
	}
	if err := m.add(s, now, g.Fence, g.Ahead); err != nil {
		return false, err
	}
	c := m.channels[g.Channel]
	c.mu.Lock()
	c.lostSince = earlier(since, now) // its clock may have been wrong
	// So that those who watch already notice that the channel has a new owner.
	c.eventLocked(func(dst []byte) []byte { return frame.AppendStatus(dst, c.seq, s.Status(), nil) })
	c.mu.Unlock()
	m.source.Join(g.Channel)
	m.log.Info("analysis resumed", "channel", g.Channel, "session", s.ID(), "messages", s.Counts().Total, "lost", now.Sub(since).Round(time.Millisecond))
	return false, nil
}

// finishFor ends an analysis whose owner went after it was stopped and before
// that was stored. What was said between the last checkpoint and the stop is a gap.
func (m *Manager) finishFor(ctx context.Context, g Grant, s *analysis.Session, since time.Time) error {
	if since.Before(g.Stopped) {
		s.AddGap(analysis.Gap{From: since, To: g.Stopped, Reason: "restart"})
	}
	f, err := newChannel(m, s, uint64(g.Fence), g.Fence, g.Ahead).finish(g.Stopped)
	if err != nil {
		return err
	}
	if err := m.cfg.Store.FinishSession(ctx, f); err != nil {
		return fmt.Errorf("storing its end: %w", err)
	}
	m.cfg.Finished(f)
	m.log.Info("analysis stopped for its last owner", "channel", g.Channel, "session", f.SessionID, "messages", f.Counts.Total)
	return nil
}

// HandOver stops channels here and stores all that the next owner needs. With an
// error they are still being analysed here.
func (m *Manager) HandOver(ctx context.Context, logins []string) error {
	var list []*channel
	for _, login := range logins {
		unlock, err := m.begin.Lock(ctx, login)
		if err != nil {
			return err
		}
		defer unlock()
		if c := m.lookup(login); c != nil {
			list = append(list, c)
		}
	}
	paused := make([]time.Time, len(list))
	for i, c := range list {
		paused[i] = c.now()
		if cp, ok := c.pause(paused[i]); ok {
			m.store.add(cp)
		}
	}
	err := errors.Join(m.store.flush(ctx), m.learn.save(ctx, logins...))
	if waiting := m.store.waits(list); err == nil && waiting {
		err = ErrClosed // the leases do not hold
	}
	if err != nil {
		for i, c := range list {
			c.resume(paused[i], c.now())
		}
		return fmt.Errorf("storing what the next owner needs: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range list {
		if m.channels[c.name] == c {
			m.remove(c)
			m.source.Part(c.name)
		}
		c.stopHello()
		m.learn.drop(c.name)
	}
	return nil
}

// pause tells the viewers, takes nothing more and returns what is not stored yet.
func (c *channel) pause(now time.Time) (cp analysis.Checkpoint, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return cp, false
	}
	moving := analysis.Status{State: source.Reconnecting, Code: "moving", Reason: "Another server takes the channel over.", Since: now}
	c.eventLocked(func(dst []byte) []byte { return frame.AppendStatus(dst, c.seq, moving, nil) })
	c.stopped = true
	return c.checkpointLocked(now), true
}

// resume takes back pause: what came in between is a gap.
func (c *channel) resume(from, to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = false
	gap := analysis.Gap{From: from, To: to, Reason: "restart"}
	c.session.AddGap(gap)
	c.eventLocked(func(dst []byte) []byte { return frame.AppendStatus(dst, c.seq, c.session.Status(), &gap) })
}

// Abandon stops channels that are others' now, at once, publishing and storing
// nothing; nil: all.
func (m *Manager) Abandon(logins []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, c := range m.channels {
		if logins == nil || slices.Contains(logins, name) {
			m.abandonLocked(c)
		}
	}
}

// abandonLocked stops a channel; m.mu is held.
func (m *Manager) abandonLocked(c *channel) {
	m.remove(c)
	m.source.Part(c.name)
	c.mu.Lock()
	c.stopped = true
	id := c.session.ID()
	c.mu.Unlock()
	c.stopHello()
	m.store.drop(id)
	m.learn.dropOwned(c.name, c.fence)
	m.log.Warn("another server takes an analysis over", "channel", c.name, "session", id)
}

// fencedOff stops the analyses that the store says are others'.
func (m *Manager) fencedOff(sessions []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.channels {
		c.mu.Lock()
		theirs := slices.Contains(sessions, c.session.ID())
		c.mu.Unlock()
		if theirs {
			m.abandonLocked(c)
		}
	}
}

// Announce publishes the state of every channel again, for viewers who were told
// that it could not be known.
func (m *Manager) Announce() {
	m.mu.RLock()
	list := make([]*channel, 0, len(m.channels))
	for _, c := range m.channels {
		list = append(list, c)
	}
	m.mu.RUnlock()
	for _, c := range list {
		c.mu.Lock()
		if !c.stopped {
			c.eventLocked(func(dst []byte) []byte { return frame.AppendStatus(dst, c.seq, c.session.Status(), nil) })
		}
		c.mu.Unlock()
	}
}

// waits reports whether anything of some channels is not stored.
func (q *storeQueue) waits(list []*channel) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.ContainsFunc(list, func(c *channel) bool { return q.pending[c.session.ID()] != nil })
}
