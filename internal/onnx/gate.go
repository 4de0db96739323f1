package onnx

import (
	"sync"
	"time"

	"chatmood/internal/chat"
	"chatmood/internal/source"
)

// Gate stands between a source and what takes its events. It holds a channel's
// events back, in their order, until the model has judged them or their time is
// up. It never blocks the source.
type Gate struct {
	next   source.Handler
	engine *Engine
	wait   time.Duration
	pumps  sync.WaitGroup
	stop   chan struct{}

	mu       sync.Mutex // guards what follows
	closed   bool
	channels map[string]*line
}

var _ source.Handler = (*Gate)(nil)

// A line is what waits of one channel. A goroutine of the gate empties it and
// ends when it is empty.
type line struct {
	handing sync.Mutex // held while something is handed on: keeps the order; taken before the gate's
	waiting []held     // guarded by the gate's mutex, as is
	handed  uint64     // the number of the first that waits
}

// A held is something that a source told.
type held struct {
	deliver func()
	job     *job      // nil: nothing to wait for
	until   time.Time // and no longer
}

// NewGate returns a gate in front of next, in which a message waits at most wait
// for its judgement. [Gate.Close] ends it.
func NewGate(next source.Handler, e *Engine, wait time.Duration) *Gate {
	return &Gate{next: next, engine: e, wait: wait, stop: make(chan struct{}), channels: map[string]*line{}}
}

// HandleEvent implements [source.Handler].
func (g *Gate) HandleEvent(ev *chat.Event) {
	h := held{until: time.Now().Add(g.wait)}
	if text := ev.Message.Text; text != "" && (ev.Kind == chat.KindMessage || ev.Kind == chat.KindNotice) {
		h.job = g.engine.submit(text)
	}
	if h.job == nil && !g.waits(ev.Channel) {
		g.next.HandleEvent(ev) // no copy is needed
		return
	}
	kept := ev.Clone()
	h.deliver = func() { g.next.HandleEvent(kept) }
	g.put(ev.Channel, h)
}

// waits reports whether something of a channel waits. A source tells a
// channel's events one after the other, so that nothing is put in line between
// the answer and what is done about it.
func (g *Gate) waits(channel string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.channels[channel] != nil
}

// HandleStatus implements [source.Handler].
func (g *Gate) HandleStatus(channel string, st source.Status) {
	g.put(channel, held{deliver: func() { g.next.HandleStatus(channel, st) }})
}

// HandleGap implements [source.Handler].
func (g *Gate) HandleGap(channel string, gap source.Gap) {
	g.put(channel, held{deliver: func() { g.next.HandleGap(channel, gap) }})
}

func (g *Gate) put(channel string, h held) {
	g.mu.Lock()
	l := g.channels[channel]
	if l == nil && (g.closed || h.job == nil) {
		g.mu.Unlock()
		h.deliver()
		return
	}
	defer g.mu.Unlock()
	if l == nil {
		l = &line{}
		g.channels[channel] = l
		g.pumps.Go(func() { g.pump(channel, l) })
	}
	l.waiting = append(l.waiting, h)
}

// pump empties a line.
func (g *Gate) pump(channel string, l *line) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		h, n, ok := g.first(channel, l)
		if !ok {
			return
		}
		if h.job != nil {
			timer.Reset(time.Until(h.until))
			select {
			case <-h.job.done:
			case <-timer.C:
			case <-g.stop:
			}
		}
		l.handing.Lock()
		g.hand(l, n)
		l.handing.Unlock()
	}
}

// first tells what is first in a line and its number, and ends the line where
// there is nothing.
func (g *Gate) first(channel string, l *line) (h held, n uint64, ok bool) {
	l.handing.Lock() // nobody is handing on the last one
	defer l.handing.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(l.waiting) == 0 {
		delete(g.channels, channel)
		return held{}, 0, false
	}
	return l.waiting[0], l.handed, true
}

// hand hands on number n of a line, unless that was done. The caller holds
// l.handing.
func (g *Gate) hand(l *line, n uint64) {
	g.mu.Lock()
	if l.handed != n || len(l.waiting) == 0 {
		g.mu.Unlock()
		return
	}
	h := l.waiting[0]
	l.waiting[0] = held{}
	l.waiting = l.waiting[1:]
	l.handed++
	g.mu.Unlock()
	h.deliver()
}

// Settle hands on at once what waits of a channel, judged or not: its analysis
// ends.
func (g *Gate) Settle(channel string) {
	g.mu.Lock()
	l := g.channels[channel]
	g.mu.Unlock()
	if l == nil {
		return
	}
	l.handing.Lock()
	defer l.handing.Unlock()
	g.mu.Lock()
	from, to := l.handed, l.handed+uint64(len(l.waiting))
	g.mu.Unlock()
	for n := from; n < to; n++ {
		g.hand(l, n)
	}
}

// Close hands on all that waits and ends the gate; what comes later goes
// through at once.
func (g *Gate) Close() {
	g.mu.Lock()
	if !g.closed {
		g.closed = true
		close(g.stop)
	}
	g.mu.Unlock()
	g.pumps.Wait()
}
