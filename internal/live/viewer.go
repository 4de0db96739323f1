package live

import (
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"chatmood/internal/live/frame"
)

// Bounds of one gathering.
const (
	maxGatherBytes  = 256 << 10
	maxGatherFrames = 128
)

// listener is the far end of a viewer.
type listener interface {
	// wake tells that there may be something to gather. It does not block.
	wake()
	// kick ends the viewer with a close code. It does not block.
	kick(code Code, reason string)
}

// since is the position that a client asks to go on from.
type since struct {
	epoch, seq uint64
	given      bool
}

// parseSince reads "<epoch>.<seq>". What cannot be read is as good as a
// position that is no longer known.
func parseSince(s string) since {
	if s == "" {
		return since{}
	}
	epoch, seq, _ := strings.Cut(s, ".")
	e, err1 := strconv.ParseUint(epoch, 10, 64)
	n, err2 := strconv.ParseUint(seq, 10, 64)
	if err1 != nil || err2 != nil {
		return since{given: true}
	}
	return since{e, n, true}
}

// viewer is a cursor into a room. Its fields are used by one goroutine at a
// time, that which gathers for it, except where noted.
type viewer struct {
	listener listener
	plain    bool  // dialect
	packed   bool  // it reads compressed frames, too
	since    since // where it asks to go on; set before it joins
	room     *room // set when it joins
	index    int   // in room.viewers; guarded by room.mu
	joined   int64 // Unix ns; set when it joins

	gen uint32 // of the room's hello that it was sent; 0: none. Written with room.mu held for reading
	pos uint64 // of the next frame in the ring
	seq uint64 // what it has: everything up to this number, or was told that it has not

	pace pace
}

// pace tells whether a viewer keeps up. Times are Unix ns, 0 where there is none.
type pace struct {
	behind  atomic.Int64 // since when it lags
	dropped atomic.Int64 // when messages were last dropped for it
	writing atomic.Int64 // since when a write is under way
}

// gathered takes note of how old what is now being sent is.
func (p *pace) gathered(h *haul, now int64, cfg *Config) {
	late := h.lag > cfg.LagAge/2
	switch {
	case h.gap:
		p.dropped.Store(now)
		p.behind.CompareAndSwap(0, now)
	case late:
		p.behind.CompareAndSwap(0, now)
	case now-p.dropped.Load() > int64(cfg.LagAge):
		p.behind.Store(0)
	}
}

// slow reports whether the viewer was behind, or a write was blocked, for more
// than limit. idle means that it has nothing to write.
func (p *pace) slow(now int64, idle bool, limit time.Duration, cfg *Config) bool {
	if idle {
		if now-p.dropped.Load() > int64(cfg.LagAge) {
			p.behind.Store(0)
		}
		return false
	}
	over := func(since int64) bool { return since != 0 && now-since > int64(limit) }
	return over(p.behind.Load()) || over(p.writing.Load())
}

// haul is what one gathering brought.
type haul struct {
	bufs     [][]byte // WebSocket frames, in order
	seqs     []uint64 // for each of bufs: what the viewer has after it
	epoch    uint64   // that seqs belong to
	size     int      // bytes in bufs
	messages int      // in them
	lag      time.Duration
	ended    bool // the analysis was stopped
	waiting  bool // for a hello
	gap      bool // frames were dropped
	more     bool // there is more than one gathering takes
}

func (h *haul) add(b []byte, seq uint64) {
	h.bufs = append(h.bufs, b)
	h.seqs = append(h.seqs, seq)
	h.size += len(b)
}

// reset makes h empty; it keeps its memory but nothing that was in it.
func (h *haul) reset() {
	clear(h.bufs)
	*h = haul{bufs: h.bufs[:0], seqs: h.seqs[:0]}
}

// gather collects what v has to be sent next.
func (r *room) gather(v *viewer, h *haul) {
	now := time.Now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	h.epoch = r.epoch
	if v.gen != r.gen || !r.live {
		if !r.live || !r.welcome(v, h, now) {
			h.waiting = true
			return
		}
	}
	if v.pos < r.ring.tail {
		v.pos = r.ring.tail
		v.skipTo(r.ring.before, h, now)
	}
	if v.pos < r.ring.head {
		r.limitLag(v, h, now)
	}
	for v.pos < r.ring.head && h.size < maxGatherBytes && len(h.bufs) < maxGatherFrames {
		e := r.ring.at(v.pos)
		if h.lag == 0 && e.at >= v.joined {
			h.lag = time.Duration(now.UnixNano() - e.at)
		}
		v.pos++
		r.take(v, e, h, now)
	}
	h.more = v.pos < r.ring.head
}

// take adds one entry of the ring to h, if v is to have it.
func (r *room) take(v *viewer, e *entry, h *haul, now time.Time) {
	switch e.kind {
	case lost:
		if e.seq > v.seq {
			gap := gapFrame(v, v.seq, e.seq, frame.Lost, now)
			v.seq = e.seq
			h.add(gap, v.seq)
			r.hub.stats.gaps.Add(1)
		}
	case frame.Stream:
		if e.n > 0 && e.seq <= v.seq {
			return // in the hello, or in a gap
		}
		v.seq = max(v.seq, e.seq)
		if !v.plain {
			b := e.wire
			if v.packed && e.packed != nil {
				b = e.packed
			}
			h.add(b, v.seq)
		} else if e.n > 0 {
			b := e.early
			if b == nil {
				b = r.plainOf(e)
			}
			if len(b) > 0 {
				h.add(b, v.seq)
			}
		}
		h.messages += e.n
	case frame.End:
		h.ended = true
		if v.plain {
			h.add(textFrame(frame.AppendPlainDisconnect(nil, r.name, now)), v.seq)
		} else {
			h.add(e.wire, v.seq)
		}
	default:
		if e.wire != nil && !v.plain {
			h.add(e.wire, v.seq)
		}
	}
}

// plainOf returns an entry's frames in the plain dialect. They are made once,
// when the first viewer of that dialect needs them.
func (r *room) plainOf(e *entry) []byte {
	r.plainMu.Lock()
	defer r.plainMu.Unlock()
	if !e.plainMade {
		e.plainMade = true
		e.plain = r.deriveLocked(payload(e.wire))
	}
	return e.plain
}

// derive makes the frames of the plain dialect from a batch; nil where it cannot
// be read.
func (r *room) derive(batch []byte) []byte {
	r.plainMu.Lock()
	defer r.plainMu.Unlock()
	return r.deriveLocked(batch)
}

// deriveLocked is derive with r.plainMu held.
func (r *room) deriveLocked(batch []byte) []byte {
	list, err := frame.BatchMessages(batch)
	var frames []byte
	if err == nil {
		frames, err = r.plainFrames(list)
	}
	if err != nil {
		r.hub.stats.malformed.Add(1)
		r.hub.log.Warn("a batch cannot be read", "channel", r.name, "error", err)
	}
	return frames
}

// plainFrames makes WebSocket frames of an array of messages. r.plainMu is held.
func (r *room) plainFrames(messages []byte) (frames []byte, err error) {
	frames = make([]byte, 0, len(messages)+len(messages)/4)
	r.scratch, err = frame.EachPlain(r.scratch, messages, func(f []byte) {
		frames = append(appendHeader(frames, opText, len(f)), f...)
	})
	return frames, err
}

// welcome begins v's stream in the room's present epoch: at the place that it
// asked for, or with the state of the channel. It returns false while that is
// not known.
func (r *room) welcome(v *viewer, h *haul, now time.Time) bool {
	s, g := v.since, r.hello
	// A hello is of use while the ring holds all that came after it.
	fresh := g != nil && g.pos >= r.ring.tail && (v.gen != 0 || g.at >= v.joined-int64(r.hub.cfg.HelloAge))
	if v.gen == 0 && s.given && s.epoch == r.epoch {
		// Ahead of this node: it saw more through another one, or made it up,
		// which the owner of the channel knows.
		ahead := s.seq > r.seq
		if ahead && !fresh {
			return false
		}
		if !ahead && s.seq >= r.ring.before || ahead && s.seq <= g.Seq {
			v.gen, v.seq, v.pos = r.gen, s.seq, r.ring.after(s.seq)
			r.hub.stats.resumed.Add(1)
			if !v.plain {
				h.add(textFrame(frame.AppendHello(nil, frame.Greeting{Channel: r.name, Epoch: r.epoch, Seq: s.seq, Resumed: true, Now: now})), v.seq)
			}
			return true
		}
	}
	if !fresh {
		return false
	}
	first := v.gen == 0
	v.gen, v.seq, v.pos = r.gen, g.Seq, g.pos
	// missed counts from here to what the recent messages begin with.
	var why frame.Why
	missed := g.RecentFrom
	switch {
	case !first || s.given && s.epoch != g.Epoch:
		why = frame.Restarted
		s.seq = 0 // of the new epoch it has nothing
	case s.given:
		why = frame.Expired
	default:
		missed = 0 // it did not ask for them
	}
	var gap []byte
	recent := true
	if v.plain && why == frame.Expired && s.seq > g.RecentFrom {
		// The recent messages begin with some that it has, which a client of
		// this dialect would not notice.
		recent, missed = false, g.Seq
	}
	if missed > s.seq {
		gap = gapFrame(v, s.seq, missed, why, now)
		r.hub.stats.gaps.Add(1)
	}
	if v.plain {
		if gap != nil {
			h.add(gap, missed)
		}
		if b := r.plainRecent(g); recent && len(b) > 0 {
			h.add(b, v.seq)
		}
		return true
	}
	head := frame.AppendHello(nil, frame.Greeting{Channel: r.name, Epoch: g.Epoch, Seq: g.Seq, Why: why, Now: now})
	h.add(append(appendHeader(make([]byte, 0, maxHeader+len(head)), opText, len(head)+len(g.state)), head...), v.seq)
	h.add(g.state, v.seq)
	if gap != nil {
		h.add(gap, v.seq)
	}
	return true
}

func (r *room) plainRecent(g *greeting) []byte {
	r.plainMu.Lock()
	defer r.plainMu.Unlock()
	if g.plain == nil {
		frames, err := r.plainFrames(g.Recent)
		if err != nil {
			r.hub.stats.malformed.Add(1)
			r.hub.log.Warn("recent messages cannot be read", "channel", r.name, "error", err)
		}
		g.plain = frames
	}
	return g.plain
}

// limitLag drops v's oldest messages when it lags beyond the limits, so that
// what remains is a quarter of them. Frames that arrived before v did are what
// it came for and do not count.
func (r *room) limitLag(v *viewer, h *haul, now time.Time) {
	cfg := &r.hub.cfg
	e := r.ring.at(v.pos)
	over := func(e *entry, part int) bool {
		return now.UnixNano()-e.at > int64(cfg.LagAge)/int64(part) ||
			r.ring.end-e.end > uint64(cfg.LagBytes/part) ||
			r.seq > e.seq && r.seq-e.seq > uint64(cfg.LagMessages/part)
	}
	if e.at < v.joined || !over(e, 1) {
		return
	}
	seq := v.seq
	for pos := v.pos; pos < r.ring.head; pos++ {
		e := r.ring.at(pos)
		if !over(e, 4) {
			break
		}
		if e.n > 0 {
			seq = max(seq, e.seq)
		}
	}
	v.skipTo(seq, h, now)
}

// skipTo tells v that it missed the messages up to seq. Frames other than
// batches that lie between are still sent where the ring has them: removed
// messages must vanish for everybody.
func (v *viewer) skipTo(seq uint64, h *haul, now time.Time) {
	if seq <= v.seq {
		return
	}
	gap := gapFrame(v, v.seq, seq, frame.Slow, now)
	v.seq = seq
	h.add(gap, seq)
	h.gap = true
	v.room.hub.stats.gaps.Add(1)
}

func gapFrame(v *viewer, from, to uint64, why frame.Why, now time.Time) []byte {
	if v.plain {
		return textFrame(frame.AppendPlainGap(nil, to-from, now))
	}
	return textFrame(frame.AppendGap(nil, from, to, why))
}
