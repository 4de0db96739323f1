package irc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"chatmood/internal/source"
)

// What follows runs in the goroutine of [Reader.Run]: it looks at every channel
// and connection whenever something happened or is due, and does what is due.

// doOps does what Join and Part asked for.
func (r *Reader) doOps(now time.Time) {
	r.mu.Lock()
	ops := r.ops
	r.ops = nil
	r.mu.Unlock()
	if len(ops) == 0 {
		return
	}
	index := maps.Clone(*r.index.Load())
	if index == nil {
		index = make(map[string]*channel)
	}
	for _, o := range ops {
		ch := index[o.name]
		switch {
		case o.wish == invalid:
			r.conf.Handler.HandleStatus(o.name, source.Status{
				State: source.Failed, Code: codeNoSuchChannel, Since: now,
				Reason: fmt.Sprintf("%q cannot be the name of a Twitch channel: names are 1 to 25 letters a to z, digits and '_'.", o.name),
			})
		case o.wish == join && ch == nil:
			ch = &channel{name: o.name, r: r, seen: newSeenIDs()}
			ch.mu.Lock()
			ch.setStatus(source.Connecting, "", "", now)
			ch.mu.Unlock()
			index[o.name] = ch
			r.order = append(r.order, ch)
		case o.wish == join:
			ch.mu.Lock()
			if ch.status.State == source.Failed {
				ch.retryAt, ch.failures = now, 0
				ch.setStatus(ch.notYet(), "", "", now)
			}
			ch.mu.Unlock()
		case ch != nil:
			ch.mu.Lock()
			ch.gone = true
			on, old := ch.conn, ch.old
			ch.mu.Unlock()
			for _, c := range [...]*conn{on, old} {
				if c != nil {
					c.part(o.name)
				}
			}
			delete(index, o.name)
			r.order = slices.DeleteFunc(r.order, func(x *channel) bool { return x == ch })
		}
	}
	r.index.Store(&index)
}

// take does what an event asks for.
func (r *Reader) take(ev event, now time.Time) {
	c := ev.conn
	switch ev.kind {
	case connUp:
		if !c.up {
			c.up, c.upAt = true, now
			c.log.Info("connected to the chat server", "url", r.conf.URL)
		}
	case connReconnect:
		if !c.draining {
			r.leave(c, now)
		}
	case connDown:
		r.bury(c, ev.err, now)
	}
}

// leave begins to move the channels of c, which asked for it, to another
// connection. It is read until they are there.
func (r *Reader) leave(c *conn, now time.Time) {
	c.draining = true
	r.failed(c, now)
	for _, ch := range r.order {
		ch.mu.Lock()
		if ch.conn == c {
			if ch.phase == joined || ch.rejoining {
				ch.old = c
			}
			ch.phase, ch.conn, ch.rejoining = waiting, nil, false
			if ch.status.State != source.Failed {
				ch.retryAt = time.Time{}
			}
		}
		ch.mu.Unlock()
	}
}

// bury forgets a connection that ended and says what that means for its
// channels.
func (r *Reader) bury(c *conn, err error, now time.Time) {
	r.conns = slices.DeleteFunc(r.conns, func(x *conn) bool { return x == c })
	r.count.connections.Store(int64(len(r.conns)))
	if errors.Is(err, errNotNeeded) {
		c.log.Debug("closed a connection that is not needed any more")
		return
	}
	r.count.reconnects.Add(1)
	var link *linkError
	if !errors.As(err, &link) {
		link = &linkError{codeLost, err}
	}
	if !c.draining {
		r.failed(c, now)
	}
	wait := max(0, r.dialAt.Sub(now)).Round(100 * time.Millisecond)
	c.log.Warn("lost the connection to the chat server", "code", link.code, "error", link.err, "next_attempt_in", wait)

	last := c.lastHeard()
	for _, ch := range r.order {
		ch.mu.Lock()
		r.buryFor(ch, c, link, last, now)
		ch.mu.Unlock()
	}
}

// buryFor tells one channel that c ended.
func (r *Reader) buryFor(ch *channel, c *conn, link *linkError, last, now time.Time) {
	missed := ch.lost(c, last, link.code)
	stuck := ch.phase == waiting && ch.old == nil && !now.Before(ch.retryAt) && r.place() == nil
	switch {
	case missed && link.code == codeLost && c.draining:
		ch.setStatus(source.Reconnecting, codeReconnect, "Twitch asked this reader to reconnect and closed the connection before the new one was ready.", now)
	case missed:
		ch.setStatus(source.Reconnecting, codeLost, "The connection to Twitch's chat broke. It is being restored.", now)
	case !stuck:
	case link.code == codeLogin:
		ch.setStatus(source.Failed, codeLogin, "Twitch refused the login to its chat: "+why(link.err)+" It is tried again.", now)
	case link.code == codeUnreachable && (ch.status.State != source.Failed || ch.status.Code == codeLogin):
		ch.setStatus(ch.notYet(), codeUnreachable, "Twitch's chat server cannot be reached: "+why(link.err)+" It is tried again.", now)
	}
}

// failed counts the end of c for the back-off. Connections that end together
// count once, and one that ended after a long life begins the count again.
func (r *Reader) failed(c *conn, now time.Time) {
	r.prove(c, now)
	if now.Before(r.backoffUntil) {
		return
	}
	r.backoffUntil = now.Add(r.conf.Timing.wait(r.failures))
	r.failures++
	if r.dialAt.Before(r.backoffUntil) {
		r.dialAt = r.backoffUntil
	}
}

// prove resets the back-off when c has lasted for long enough.
func (r *Reader) prove(c *conn, now time.Time) {
	if c.up && !c.proved && now.Sub(c.upAt) >= r.conf.Timing.Healthy {
		c.proved = true
		r.failures = 0
	}
}

// errNotNeeded ends a connection that has no channels left.
var errNotNeeded = errors.New("the connection is not needed any more")

// farAway is when the manager looks around though nothing is due.
const farAway = time.Hour

// step does what is due now and returns when to look again.
func (r *Reader) step(ctx context.Context, now time.Time) (next time.Time) {
	next = now.Add(farAway)
	soonest := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	for _, c := range r.conns {
		c.members, c.leaving = 0, 0
	}
	due, quiet := r.watch(now, soonest)
	room := 0
	for _, c := range r.conns {
		r.prove(c, now)
		if c.draining || c.full.Load() {
			continue
		}
		room += r.conf.ChannelsPerConn - c.members
	}
	if len(due) > room {
		if now.Before(r.dialAt) {
			soonest(r.dialAt)
		} else {
			r.open(ctx, now)
			soonest(r.dialAt) // for one more
		}
	}
	r.join(due, now, soonest)
	if len(due) == 0 && quiet != nil {
		r.rejoin(quiet, now, soonest)
	}
	r.closeEmpty(now, soonest)
	return next
}

// watch looks after each channel's deadlines, counts the channels of each
// connection, and returns the channels that are due to be joined, those that
// failed before last, and the one that has been quiet for longest, if that is too
// long.
func (r *Reader) watch(now time.Time, soonest func(time.Time)) (due []*channel, quiet *channel) {
	tm := &r.conf.Timing
	passed := func(t time.Time) bool {
		if now.Before(t) {
			soonest(t)
			return false
		}
		return true
	}
	var again []*channel
	var oldest time.Time
	for _, ch := range r.order {
		ch.mu.Lock()
		switch ch.phase {
		case joining:
			if passed(ch.joinSent.Add(tm.JoinAnswer)) {
				r.unanswered(ch, now)
			}
		case silent:
			if passed(ch.retryAt) {
				ch.phase, ch.conn = waiting, nil
			}
		case joined:
			if ch.old != nil && passed(ch.joinedAt.Add(tm.Overlap)) {
				ch.old = nil
			}
			last := ch.joinedAt
			if ch.lineAt.After(last) {
				last = ch.lineAt
			}
			if ch.old == nil && passed(last.Add(tm.Rejoin)) && (quiet == nil || last.Before(oldest)) {
				quiet, oldest = ch, last
			}
		}
		if ch.phase == silent {
			soonest(ch.retryAt)
		}
		if ch.phase == waiting && passed(ch.retryAt) {
			if ch.failures > 0 {
				again = append(again, ch)
			} else {
				due = append(due, ch)
			}
		}
		if ch.conn != nil {
			ch.conn.members++
		}
		if ch.old != nil {
			ch.old.leaving++
		}
		ch.mu.Unlock()
	}
	return append(due, again...), quiet
}

// unanswered decides what it means that a JOIN was not answered: Twitch says
// nothing at all about channels that do not exist.
func (r *Reader) unanswered(ch *channel, now time.Time) {
	switch {
	case ch.conn.lastHeard().Before(ch.joinSent):
		// Not even the ping that went with the JOIN was answered.
		ch.conn.kill(codeLost, fmt.Errorf("the chat server has been silent for %v", r.conf.Timing.JoinAnswer))
		ch.joinSent = now // the end of the connection will be told
	case ch.old != nil:
		ch.phase, ch.conn = waiting, nil
		ch.retryAt = now.Add(r.conf.Timing.JoinAnswer)
	default:
		r.count.joinFailures.Add(1)
		if ch.rejoining {
			ch.miss(ch.joinSent, codeNoSuchChannel)
			ch.rejoining = false
		}
		ch.phase = silent
		ch.retryAt = now.Add(ch.failWait())
		ch.setStatus(source.Failed, codeNoSuchChannel, noSuchChannel(ch.name), now)
	}
}

// open starts a connection.
func (r *Reader) open(ctx context.Context, now time.Time) {
	ctx, end := context.WithCancelCause(ctx)
	c := newConn(r, end)
	r.conns = append(r.conns, c)
	r.count.connections.Store(int64(len(r.conns)))
	r.dialAt = now.Add(r.conf.Timing.NewConn)
	r.wg.Go(func() {
		err := c.run(ctx)
		end(nil)
		r.emit(event{conn: c, kind: connDown, err: err})
	})
}

// join sends JOINs for the channels that are due, as many as the limit allows
// and the connections have room for.
func (r *Reader) join(due []*channel, now time.Time, soonest func(time.Time)) {
	var to *conn
	var line []byte
	flush := func() {
		if len(line) > 0 {
			// The ping proves that the connection lives where the JOIN itself
			// is answered with silence.
			to.send(string(append(line, "\r\nPING :chatmood\r\n"...)))
			line = line[:0]
		}
	}
	defer flush()
	for _, ch := range due {
		c := r.place()
		if c == nil {
			return
		}
		turn := r.limiter.ReserveN(now, 1)
		if wait := turn.DelayFrom(now); wait > 0 {
			turn.CancelAt(now)
			soonest(now.Add(wait))
			return
		}
		if c != to || len(line)+len(",#")+len(ch.name)+len("\r\n") > maxJoinLineBytes {
			flush()
			to, line = c, append(line, "JOIN #"...)
		} else {
			line = append(line, ",#"...)
		}
		line = append(line, ch.name...)
		c.members++
		ch.mu.Lock()
		ch.phase, ch.conn, ch.joinSent = joining, c, now
		ch.mu.Unlock()
		soonest(now.Add(r.conf.Timing.JoinAnswer))
	}
}

// rejoin joins a channel anew that nothing was read in for long: a server may
// forget a channel without a word. It is left and joined in one write, so that
// nothing is missed where it did not.
func (r *Reader) rejoin(ch *channel, now time.Time, soonest func(time.Time)) {
	if now.Before(r.rejoinAt) {
		soonest(r.rejoinAt)
		return
	}
	turn := r.limiter.ReserveN(now, 1)
	if wait := turn.DelayFrom(now); wait > 0 {
		turn.CancelAt(now)
		soonest(now.Add(wait))
		return
	}
	r.rejoinAt = now.Add(r.conf.Timing.RejoinEvery)
	soonest(r.rejoinAt)
	ch.mu.Lock()
	c := ch.conn
	if ch.phase != joined || c == nil {
		ch.mu.Unlock()
		return
	}
	ch.phase, ch.rejoining, ch.joinSent = joining, true, now
	ch.mu.Unlock()
	r.count.rejoins.Add(1)
	c.partAnd(ch.name, "JOIN #"+ch.name+"\r\nPING :chatmood\r\n")
	soonest(now.Add(r.conf.Timing.JoinAnswer))
}

// place returns a connection that can take a channel, nil where there is none.
func (r *Reader) place() *conn {
	for _, c := range r.conns {
		if c.up && !c.draining && !c.full.Load() && c.members < r.conf.ChannelsPerConn {
			return c
		}
	}
	return nil
}

// closeEmpty ends connections without channels: at once those that asked for
// it, others after a while.
func (r *Reader) closeEmpty(now time.Time, soonest func(time.Time)) {
	for _, c := range r.conns {
		if c.members+c.leaving > 0 || !c.up {
			c.emptySince = time.Time{}
			continue
		}
		if c.emptySince.IsZero() {
			c.emptySince = now
		}
		if until := c.emptySince.Add(r.conf.Timing.IdleClose); c.draining || !now.Before(until) {
			c.draining = true // nothing is to be joined on it while it ends
			c.end(errNotNeeded)
		} else {
			soonest(until)
		}
	}
}
