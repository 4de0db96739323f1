package live

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"chatmood/internal/bus"
	"chatmood/internal/live/frame"
)

// room is a channel that somebody on this node watches, or did a moment ago.
type room struct {
	hub  *Hub
	name string
	stop func() // ends the subscription

	mu      sync.RWMutex // guards what follows; writers are the bus, hellos and joins
	ring    ring
	epoch   uint64 // 0: not known yet
	began   uint64 // position in the ring where the epoch began
	seq     uint64 // of the newest stream frame
	known   bool   // seq is known
	hello   *greeting
	gen     uint32 // counts the epochs that viewers were greeted with; 0: none yet
	live    bool   // hello belongs to the epoch of the ring
	asking  bool   // a goroutine asks for a hello
	closed  bool
	away    bool // viewers were told that the bus is away
	viewers []*viewer
	latest  [2]uint64 // position+1 of the newest Ephemeral and EphemeralTop
	emptied int64     // when the last viewer left, Unix ns
	heard   int64     // when the owner was last heard of, Unix ns
	orphan  int64     // since when nobody answers for the channel, 0: somebody does

	lines []line // of each writer; guarded by the writer's mu

	woken  []*viewer   // used by receive only
	queued [][]*socket // by writer, used by receive only

	plains  atomic.Int32 // viewers of the plain dialect
	packs   atomic.Int32 // viewers of the batched dialect that read compressed frames
	plainMu sync.Mutex   // guards entry.plain and what follows
	scratch []byte
}

// greeting is a hello as it can be sent to any number of viewers.
type greeting struct {
	*frame.Hello
	at    int64  // when it was asked for, Unix ns
	pos   uint64 // frames before this position are contained in it
	state []byte // end of the hello frame of the batched dialect
	plain []byte // WebSocket frames of the recent messages; made when first asked for, guarded by room.plainMu
}

// receive takes an envelope from the bus, one at a time.
func (r *room) receive(data []byte) {
	e, err := frame.ParseEnvelope(data)
	if err != nil {
		r.hub.stats.malformed.Add(1)
		r.hub.log.Warn("a frame from the bus cannot be read", "channel", r.name, "error", err)
		return
	}
	now := time.Now().UnixNano()
	ask := false
	// Made here, nobody who writes has to wait for it.
	var forms entry
	if e.Kind == frame.Stream && e.N > 0 && r.plains.Load() > 0 {
		forms.early = r.derive(e.Payload)
	}
	if e.Kind == frame.Stream && len(e.Payload) >= packBytes && r.packs.Load() >= packViewers {
		forms.packed = r.hub.packer.pack(e.Payload)
	}
	r.mu.Lock()
	switch {
	case r.closed, e.Epoch < r.epoch: // the latter from an owner that was replaced
		r.mu.Unlock()
		return
	case r.epoch == 0:
		r.epoch = e.Epoch
	case e.Epoch > r.epoch:
		r.reset(e.Epoch)
		ask = len(r.viewers) > 0
	}
	r.heard, r.orphan = now, 0
	if !r.push(&e, forms, now) {
		r.mu.Unlock()
		return
	}
	r.trim(now)
	r.woken = append(r.woken[:0], r.viewers...)
	r.mu.Unlock()

	r.hub.stats.frames.Add(1)
	if ask {
		r.ask()
	}
	r.wake()
	if e.Kind == frame.End {
		r.hub.forget(r)
	}
}

// wake wakes r.woken: sockets that have the same writer at once.
func (r *room) wake() {
	for i, v := range r.woken {
		r.woken[i] = nil
		s, ok := v.listener.(*socket)
		if !ok || s.out == nil || !s.state.CompareAndSwap(idle, queued) {
			v.listener.wake()
			continue
		}
		r.queued[s.shard] = append(r.queued[s.shard], s)
	}
	for i, sockets := range r.queued {
		if len(sockets) > 0 {
			r.hub.writers[i].pushAll(&r.lines[i], sockets)
			clear(sockets)
			r.queued[i] = sockets[:0]
		}
	}
}

// push puts a frame into the ring, after an entry for what was lost before it.
// forms has the frame in other forms.
// It returns false for a repeated frame. r.mu is held.
func (r *room) push(e *frame.Envelope, forms entry, now int64) bool {
	first := e.Seq - uint64(e.N) // the number before this frame
	switch {
	case !r.known:
		r.known = true
		r.ring.before = first
	case e.Seq < r.seq, e.N > 0 && e.Seq == r.seq:
		return false
	case first > r.seq:
		r.hub.stats.lost.Add(int64(first - r.seq))
		r.hub.log.Warn("messages were lost on the bus", "channel", r.name, "messages", first-r.seq)
		r.ring.push(entry{kind: lost, seq: first, at: now})
	}
	r.seq = e.Seq
	forms.kind, forms.n, forms.seq, forms.at, forms.wire = e.Kind, e.N, e.Seq, now, textFrame(e.Payload)
	pos := r.ring.push(forms)
	if e.Kind == frame.Ephemeral || e.Kind == frame.EphemeralTop {
		// Only the newest is of use to anybody.
		latest := &r.latest[e.Kind-frame.Ephemeral]
		if old := *latest; old > r.ring.tail {
			r.ring.at(old - 1).wire = nil
		}
		*latest = pos + 1
	}
	return true
}

// trim keeps the ring within its bounds. r.mu is held.
func (r *room) trim(now int64) {
	cfg := &r.hub.cfg
	for r.ring.len() > cfg.RingFrames || r.ring.bytes() > cfg.RingBytes && r.ring.len() > 1 ||
		r.ring.len() > 0 && now-r.ring.at(r.ring.tail).at > int64(cfg.RingAge) {
		r.ring.drop()
	}
}

// reset begins a new epoch. r.mu is held.
func (r *room) reset(epoch uint64) {
	r.ring.clear()
	r.began = r.ring.head
	r.latest = [2]uint64{}
	r.epoch, r.seq, r.known, r.live, r.hello = epoch, 0, false, false, nil
}

// ask gets a hello from the owner of the channel, unless somebody does
// already. It returns false when the room was closed and none will come.
func (r *room) ask() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.asking = r.asking || r.hub.spawn(r.fetch)
	return r.asking
}

// Times of a hello.
const (
	helloTimeout  = 3 * time.Second        // for one answer
	helloAttempts = 3                      // before viewers are sent away
	helloRetry    = 100 * time.Millisecond // after an answer that is of no use
)

func (r *room) fetch() {
	var err error
	for attempt := range helloAttempts {
		if attempt > 0 {
			select {
			case <-r.hub.ctx.Done():
			case <-time.After(helloRetry):
			}
		}
		var done bool
		if done, err = r.fetchOnce(); done {
			return
		}
		if errors.Is(err, bus.ErrNoResponder) || r.hub.ctx.Err() != nil {
			break
		}
	}
	r.refuse(err)
}

func (r *room) fetchOnce() (done bool, err error) {
	asked := time.Now().UnixNano()
	r.mu.RLock()
	pos := r.ring.head
	r.mu.RUnlock()
	ctx, cancel := context.WithTimeout(r.hub.ctx, helloTimeout)
	defer cancel()
	data, err := r.hub.cfg.Bus.Request(ctx, frame.HelloSubject(r.name), nil)
	if err != nil {
		return false, err
	}
	h, err := frame.ParseHello(data)
	if err != nil {
		return false, err
	}
	r.hub.stats.hellos.Add(1)
	return r.greet(&greeting{Hello: h, at: asked, pos: pos, state: frame.AppendHelloState(nil, h)})
}

var errOldOwner = errors.New("live: a hello came from an owner that was replaced")

// greet makes g what viewers are greeted with.
func (r *room) greet(g *greeting) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case g.Epoch < r.epoch:
		return false, errOldOwner
	case r.epoch == 0:
		r.epoch = g.Epoch
	case g.Epoch > r.epoch:
		r.reset(g.Epoch)
	}
	// Frames that were in the ring when the question was put are contained in
	// the answer; those of an epoch before are of no interest.
	g.pos = max(g.pos, r.began)
	if !r.known {
		r.known, r.seq, r.ring.before = true, g.Seq, g.Seq
	}
	r.hello = g
	if !r.live {
		r.live = true
		r.gen++
	}
	r.asking, r.orphan, r.heard = false, 0, g.at
	r.returnedLocked(g.Snapshot)
	for _, v := range r.viewers {
		v.listener.wake()
	}
	return true, nil
}

// refuse ends the waiting of viewers when nobody answers for the channel.
func (r *room) refuse(err error) {
	now := time.Now().UnixNano()
	nobody := errors.Is(err, bus.ErrNoResponder)
	known := nobody && r.hub.cfg.Known(r.name)
	r.mu.Lock()
	r.asking = false
	if r.orphan == 0 {
		r.orphan = now
	}
	// A channel that was just analysed is perhaps being taken over.
	patience := int64(0)
	if nobody && (r.gen > 0 || known) {
		patience = int64(r.hub.cfg.OwnerWait)
	}
	var waiting []*viewer
	for _, v := range r.viewers {
		if v.gen == 0 && now-v.joined >= patience {
			waiting = append(waiting, v)
		}
	}
	empty := r.gen == 0 && len(waiting) == len(r.viewers)
	r.mu.Unlock()
	if !nobody && r.hub.ctx.Err() == nil {
		r.hub.log.Warn("the state of a channel cannot be had", "channel", r.name, "error", err)
	}
	for _, v := range waiting {
		if nobody {
			v.listener.kick(CodeNoChannel, "the channel is not being analysed")
		} else {
			v.listener.kick(CodeRestart, "the channel's state is not available now; try again")
		}
	}
	if empty {
		r.hub.forget(r)
	}
}

// tick does what time brings: frames grow old, owners vanish. It returns false
// when the room has been empty long enough to be closed.
func (r *room) tick(now int64) bool {
	cfg := &r.hub.cfg
	r.mu.Lock()
	r.trim(now)
	if len(r.viewers) == 0 {
		expired := now-r.emptied > int64(cfg.Linger)
		r.mu.Unlock()
		return !expired
	}
	ask := r.orphan != 0 || now-r.heard > int64(cfg.Silence)
	var leave []*viewer
	if r.orphan != 0 && now-r.orphan > int64(cfg.OrphanAge) {
		leave = slices.Clone(r.viewers)
	}
	r.mu.Unlock()
	if ask {
		r.ask()
	}
	for _, v := range leave {
		v.listener.kick(CodeNoChannel, "the channel is no longer being analysed")
	}
	return true
}

// add lets a viewer in; false when the room was closed.
func (r *room) add(v *viewer) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	v.room = r
	v.joined = time.Now().UnixNano()
	v.index = len(r.viewers)
	r.viewers = append(r.viewers, v)
	r.count(v, 1)
	return true
}

// count notes which forms of frames are wanted.
func (r *room) count(v *viewer, change int32) {
	switch {
	case v.plain:
		r.plains.Add(change)
	case v.packed:
		r.packs.Add(change)
	}
}

// remove lets a viewer go.
func (r *room) remove(v *viewer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := len(r.viewers) - 1
	r.viewers[v.index] = r.viewers[last]
	r.viewers[v.index].index = v.index
	r.viewers[last] = nil
	r.viewers = r.viewers[:last]
	r.count(v, -1)
	if last == 0 {
		r.emptied = time.Now().UnixNano()
	}
}

// close ends the room. Viewers in it still get what it holds, except those
// that wait for a hello, which will not come.
func (r *room) close() {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	r.closed = true
	var waiting []*viewer
	for _, v := range r.viewers {
		if v.gen != r.gen || !r.live {
			waiting = append(waiting, v)
		}
	}
	r.mu.Unlock()
	r.stop()
	for _, v := range waiting {
		v.listener.kick(CodeNoChannel, "the channel is not being analysed")
	}
}
