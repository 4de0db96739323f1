package irc

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"chatmood/internal/chat"
	"chatmood/internal/source"
)

// The words of [source.Status.Code] and [source.Gap.Reason].
const (
	codeNoSuchChannel = "no_such_channel"
	codeSuspended     = "suspended"
	codeBanned        = "banned"
	codeTooMany       = "too_many_channels"
	codeDropped       = "dropped"
	codeLost          = "connection_lost"
	codeReconnect     = "reconnect_requested"
	codeLogin         = "login_failed"
	codeUnreachable   = "unreachable"
)

// phase is where a channel stands with the connection it is on.
type phase uint8

const (
	waiting phase = iota // for its turn to be joined; conn is nil
	joining              // JOIN was sent on conn
	silent               // … and not answered in time; an answer that comes late still counts
	joined               // confirmed
)

// channel is one channel that was asked for. Two goroutines read for it while
// connections overlap; its lock makes them, and the manager, take turns, so
// that the handler is called by one at a time.
type channel struct {
	name  string
	r     *Reader
	state atomic.Value // source.State, for Stats

	mu        sync.Mutex // guards the rest, and is held while the handler is called
	gone      bool       // no longer wanted
	phase     phase
	conn      *conn     // where the channel is, or is being joined
	old       *conn     // that is read on until its lines have all come, nil without overlap
	joinSent  time.Time // on conn
	joinedAt  time.Time
	retryAt   time.Time // waiting: not joined before; silent: tried again then
	status    source.Status
	gapFrom   time.Time // zero while nothing is missed
	gapReason string
	lineAt    time.Time // when something was last read
	rejoining bool      // joining: it was joined already, and may be still
	failures  int       // times in a row that it could not be joined
	drops     int       // times in a row that the server dropped the channel
	moves     int       // times in a row that a connection was full
	seen      seenIDs
}

// setStatus tells the handler if anything changed but the words.
func (ch *channel) setStatus(state source.State, code, reason string, now time.Time) {
	if ch.status.State == state && ch.status.Code == code {
		return
	}
	ch.status = source.Status{State: state, Code: code, Reason: reason, Since: now}
	ch.state.Store(state)
	ch.r.conf.Handler.HandleStatus(ch.name, ch.status)
}

// notYet returns the state of a channel that is not joined but may be soon.
func (ch *channel) notYet() source.State {
	if ch.gapFrom.IsZero() {
		return source.Connecting
	}
	return source.Reconnecting
}

// confirm takes a sign that the channel is joined on c.
func (ch *channel) confirm(c *conn, now time.Time) {
	if ch.gone || ch.conn != c || ch.phase == joined {
		return
	}
	ch.phase, ch.joinedAt, ch.moves = joined, now, 0
	ch.rejoining, ch.failures = false, 0
	ch.r.wake() // there may be an overlap to end
	if !ch.gapFrom.IsZero() {
		g := source.Gap{From: ch.gapFrom, To: now, Reason: ch.gapReason}
		if g.To.Before(g.From) {
			g.To = g.From
		}
		ch.gapFrom, ch.gapReason = time.Time{}, ""
		ch.r.conf.Handler.HandleGap(ch.name, g)
	}
	ch.setStatus(source.Live, "", "", now)
}

// miss notes that nothing is read from the time on, if it was until then.
func (ch *channel) miss(from time.Time, reason string) {
	if ch.gapFrom.IsZero() {
		ch.gapFrom, ch.gapReason = from, reason
	}
}

// lost takes the channel off c, which died or asked to be left; last is when c
// was last heard. It reports whether chat is missed from then on.
func (ch *channel) lost(c *conn, last time.Time, code string) bool {
	read := ch.conn == c && (ch.phase == joined || ch.rejoining) || ch.old == c
	if ch.old == c {
		ch.old = nil
		code = codeReconnect
	}
	if ch.conn == c {
		ch.phase, ch.conn, ch.rejoining = waiting, nil, false
		if ch.status.State != source.Failed {
			ch.retryAt = time.Time{}
		}
	}
	if !read || ch.phase == joined || ch.old != nil {
		return false
	}
	ch.miss(last, code)
	return true
}

// refuse takes Twitch's answer that the channel cannot be joined (or no longer
// be read). It is tried again after a while: channels come back.
func (ch *channel) refuse(code, reason string, now time.Time) {
	switch {
	case ch.phase == joined:
		ch.miss(now, code)
	case ch.rejoining:
		ch.miss(ch.joinSent, code)
	}
	ch.phase, ch.conn, ch.rejoining = waiting, nil, false
	ch.retryAt = now.Add(ch.failWait())
	ch.r.count.joinFailures.Add(1)
	ch.setStatus(source.Failed, code, reason, now)
}

// failWait counts a failure and returns when to try again: a channel that does
// not exist must not cost the others their turn to join.
func (ch *channel) failWait() time.Duration {
	tm := &ch.r.conf.Timing
	wait := tm.RetryFailed
	for i := 0; i < ch.failures && wait < tm.Rejoin; i++ {
		wait *= 2
	}
	ch.failures++
	return max(min(wait, tm.Rejoin), tm.RetryFailed)
}

// parted takes our own PART, which we did not send: the server dropped the
// channel.
func (ch *channel) parted(c *conn, now time.Time) {
	if ch.gone || ch.conn != c && ch.old != c {
		return
	}
	if ch.phase == joining && !ch.rejoining && ch.conn == c && ch.old == nil {
		ch.refuse(codeBanned, "Twitch ended the join of this channel at once, as it does where an account is banned. It is tried again every few minutes.", now)
		return
	}
	if ch.conn == c {
		if ch.phase == joined && now.Sub(ch.joinedAt) >= ch.r.conf.Timing.Healthy {
			ch.drops = 0
		}
		ch.lost(c, now, codeDropped)
		ch.retryAt = now.Add(ch.r.conf.Timing.wait(ch.drops))
		ch.drops++
	} else {
		ch.lost(c, now, codeDropped)
	}
	if ch.phase != joined && ch.old == nil {
		ch.setStatus(ch.notYet(), codeDropped, "Twitch dropped this channel from the connection. It is being joined again.", now)
	}
}

// deliver hands an event that c read to the handler.
func (ch *channel) deliver(c *conn, ev *chat.Event, now time.Time) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.gone || ch.conn != c && ch.old != c {
		return
	}
	if ch.conn == c && ch.phase != joined {
		ch.confirm(c, now) // chat proves the join
	}
	ch.lineAt = now
	if ch.duplicate(ev) {
		ch.r.count.duplicates.Add(1)
		return
	}
	ch.r.count.events.Add(1)
	ch.r.conf.Handler.HandleEvent(ev)
}

// duplicate reports whether ev came before: two connections bring the same while
// they overlap, and some bring a line twice at other times. Messages and
// notices have ids. CLEARCHAT and CLEARMSG have none; they are told apart by what
// they hit and when, which is not exact, and therefore only during an overlap.
func (ch *channel) duplicate(ev *chat.Event) bool {
	switch ev.Kind {
	case chat.KindMessage:
		return ch.seen.add(ev.Message.ID)
	case chat.KindNotice:
		return ev.Notice.ID != "" && ch.seen.add(ev.Notice.ID)
	default:
		return ch.old != nil && ch.seen.add(ev.Kind.String()+" "+ev.TargetID+" "+ev.TargetLogin+" "+strconv.FormatInt(ev.Time.UnixMilli(), 10))
	}
}
