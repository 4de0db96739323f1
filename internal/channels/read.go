package channels

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"chatmood/internal/analysis"
)

// List tells the running analyses in the order of their names.
func (m *Manager) List() []analysis.ChannelSummary {
	m.mu.RLock()
	list := make([]*channel, 0, len(m.channels))
	for _, c := range m.channels {
		list = append(list, c)
	}
	m.mu.RUnlock()
	out := make([]analysis.ChannelSummary, 0, len(list))
	for _, c := range list {
		s := c.summary(c.now())
		s.Viewers = m.cfg.Viewers(c.name)
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b analysis.ChannelSummary) int { return cmp.Compare(a.Channel, b.Channel) })
	return out
}

func (c *channel) summary(now time.Time) analysis.ChannelSummary {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.session
	return analysis.ChannelSummary{
		ID: s.ID(), Channel: c.name, StartedAt: s.StartedAt(), Status: s.Status(), Counts: s.Counts(),
		Mood: s.Mood(now).Now, Rate: s.Rate(now).Now,
	}
}

// Snapshot tells the state of a running analysis; false when the channel is
// not being analysed.
func (m *Manager) Snapshot(login string, top int) (snap analysis.Snapshot, ok bool) {
	ok = m.read(login, func(c *channel) { snap = c.session.Snapshot(c.now(), top) })
	return snap, ok
}

// Timeline tells a running analysis' course: see [analysis.Session.Timeline].
func (m *Manager) Timeline(login string, from, to time.Time, step int) (t analysis.Timeline, ok bool) {
	ok = m.read(login, func(c *channel) { t = c.session.Timeline(from, to, step) })
	return t, ok
}

// Report tells a running analysis as it would be kept if it ended now; false
// when the channel is not being analysed.
func (m *Manager) Report(login string) (f analysis.Finished, ok bool, err error) {
	var r analysis.Report
	var now time.Time
	running := false
	if !m.read(login, func(c *channel) {
		if running = !c.stopped; running {
			now = c.now()
			r = c.reportLocked(now)
		}
	}) || !running {
		return analysis.Finished{}, false, nil
	}
	f, err = finished(r, now)
	return f, true, err
}

// Has reports whether a channel is being analysed here.
func (m *Manager) Has(login string) bool { return m.lookup(login) != nil }

// Names returns the channels that are being analysed, in order.
func (m *Manager) Names() []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Sorted(maps.Keys(m.channels))
}

// TopChatters tells who wrote most; label is "", "positive", "neutral" or
// "negative", any other gives none.
func (m *Manager) TopChatters(login, label string, n int) (list []analysis.Chatter, ok bool) {
	ok = m.read(login, func(c *channel) {
		// The only error is an unknown label, which callers have checked.
		list, _ = c.session.TopChatters(label, n)
	})
	return list, ok
}

// TopTerms tells the words or emotes used most, as TopChatters.
func (m *Manager) TopTerms(login string, emotes bool, label string, n int) (list []analysis.Term, ok bool) {
	ok = m.read(login, func(c *channel) { list = c.session.TopTerms(emotes, label, n) })
	return list, ok
}

// Recent tells the last messages, oldest first, as they are in a batch.
func (m *Manager) Recent(login string, n int) (list []json.RawMessage, ok bool) {
	ok = m.read(login, func(c *channel) {
		list, _ = c.recentLocked(n)
		for i := range list { // the ring's slots are reused
			list[i] = bytes.Clone(list[i])
		}
	})
	return list, ok
}

// read calls f with a running channel, locked.
func (m *Manager) read(login string, f func(*channel)) bool {
	c := m.lookup(login)
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c)
	return true
}
