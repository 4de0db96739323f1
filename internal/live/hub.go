package live

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"chatmood/internal/analysis"
	"chatmood/internal/live/frame"
)

// Code is a WebSocket close code.
type Code uint16

// The close codes that the hub uses.
const (
	CodeNormal      Code = 1000 // the analysis was stopped, or the client closed without a code
	CodeProtocol    Code = 1002 // the client's frames are no WebSocket frames
	CodeUnsupported Code = 1003 // the client sent a binary frame
	CodeInvalid     Code = 1007 // the client's text is no UTF-8
	CodePolicy      Code = 1008 // the client sends too much
	CodeTooLarge    Code = 1009 // the client sent a frame beyond the limit
	CodeRestart     Code = 1012 // the server restarts
	CodeSignIn      Code = 4401 // not signed in, or the token expired
	CodeForbidden   Code = 4403 // not allowed
	CodeNoChannel   Code = 4404 // the channel is not being analysed
	CodeTooSlow     Code = 4408 // too slow for too long
	CodeTooMany     Code = 4429 // too many connections
)

// Bus is what the hub needs of the bus ([chatmood/internal/bus.Bus]).
type Bus interface {
	Subscribe(subject string, f func(data []byte)) (stop func(), err error)
	Request(ctx context.Context, subject string, data []byte) ([]byte, error)
}

// Config says how a hub works. Zero values mean the defaults given here.
type Config struct {
	Bus    Bus
	Logger *slog.Logger // nil: nothing is logged
	// Known reports whether a channel is being analysed though nobody answers for
	// it just now: it passes from one server to another. nil: that is known only
	// of channels that were heard of here.
	Known func(channel string) bool

	// Explain tells how a message was judged that viewers of a channel saw; ok is
	// false where the channel is not being analysed. nil: nothing is explained.
	Explain func(ctx context.Context, channel, id string) (x analysis.Explanation, ok bool, err error)

	MaxSockets    int // viewers of all channels together; 20,000
	MaxPerAddress int // viewers from one address; 200
	MaxPerUser    int // viewers of one user; 50

	// The ring of a room: what can be resumed.
	RingFrames int           // 8,192
	RingBytes  int           // 4 MiB, of the batched dialect; the other and what is compressed come on top
	RingAge    time.Duration // 3 min

	// How far a viewer may lag before its oldest messages are dropped.
	LagMessages int           // 5,000
	LagBytes    int           // 1 MiB
	LagAge      time.Duration // 5 s
	// Behind is how long a viewer may lag, or a write may be blocked, before
	// it is closed with [CodeTooSlow]; 15 s.
	Behind time.Duration

	Linger    time.Duration // a room is kept after its last viewer left; 60 s
	HelloAge  time.Duration // one hello serves all who come within; 1 s
	Silence   time.Duration // after which the owner of a channel is asked whether it lives; 15 s
	OwnerWait time.Duration // new viewers wait for a new owner of a known channel; 6 s
	OrphanAge time.Duration // viewers keep waiting for a new owner; 60 s

	Heartbeat time.Duration // silence after which a heartbeat is sent; 25 s
	PingAfter time.Duration // silence of a client after which it is pinged; 30 s
	DeadAfter time.Duration // silence of a client after which it is cut off; 70 s
	AuthWait  time.Duration // for the first auth frame; 5 s
	CloseWait time.Duration // for a client's answer to a close; 2 s
	Drain     time.Duration // over which [Hub.Shutdown] spreads the closes; 3 s
	Tick      time.Duration // how often the above are looked at; 1 s

	// RecheckEvery is how often it is asked whether users may stay; 1 s.
	RecheckEvery time.Duration

	// SendBuffer is the size of the kernel's buffer for each socket, in bytes;
	// 0 leaves it to the kernel.
	SendBuffer int
}

func (c *Config) setDefaults() {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Known == nil {
		c.Known = func(string) bool { return false }
	}
	number := func(p *int, v int) {
		if *p <= 0 {
			*p = v
		}
	}
	number(&c.MaxSockets, 20_000)
	number(&c.MaxPerAddress, 200)
	number(&c.MaxPerUser, 50)
	number(&c.RingFrames, 8192)
	number(&c.RingBytes, 4<<20)
	number(&c.LagMessages, 5000)
	number(&c.LagBytes, 1<<20)
	span := func(p *time.Duration, v time.Duration) {
		if *p <= 0 {
			*p = v
		}
	}
	span(&c.RingAge, 3*time.Minute)
	span(&c.LagAge, 5*time.Second)
	span(&c.Behind, 15*time.Second)
	span(&c.Linger, time.Minute)
	span(&c.HelloAge, time.Second)
	span(&c.Silence, 15*time.Second)
	span(&c.OwnerWait, 6*time.Second)
	span(&c.OrphanAge, time.Minute)
	span(&c.Heartbeat, 25*time.Second)
	span(&c.PingAfter, 30*time.Second)
	span(&c.DeadAfter, 70*time.Second)
	span(&c.AuthWait, 5*time.Second)
	span(&c.CloseWait, 2*time.Second)
	span(&c.Drain, 3*time.Second)
	span(&c.Tick, time.Second)
	span(&c.RecheckEvery, time.Second)
}

// Hub serves the viewers of all channels on this node. It is safe for
// concurrent use.
type Hub struct {
	cfg    Config
	log    *slog.Logger
	ctx    context.Context // ends with the hub
	cancel context.CancelFunc
	stats  counters
	now    atomic.Int64 // Unix ns as of the last tick: good enough for what takes seconds

	pollers []*poller     // wait for sockets; none where the system has no such thing
	writers []*writer     // write to the sockets of the poller with the same index
	turn    atomic.Uint32 // whose is the next socket

	packer packer

	running  sync.WaitGroup // goroutines of the hub and its viewers
	spawning sync.Mutex     // guards stopped against running.Add
	stopped  bool

	mu       sync.Mutex // guards what follows
	draining bool
	rooms    map[string]*room
	clients  []client
	byAddr   map[string]int
	byUser   map[string]int
}

// client is a viewer from the hub's side: a socket or a stream.
type client interface {
	listener
	// tick does what time brings. It does not block.
	tick(now int64)
	// abort ends the client without further words.
	abort()
	// place is the client's index in Hub.clients.
	place() *int
}

// New returns a hub that works until Close.
func New(cfg Config) *Hub {
	cfg.setDefaults()
	ctx, cancel := context.WithCancel(context.Background())
	h := &Hub{
		cfg: cfg, log: cfg.Logger, ctx: ctx, cancel: cancel,
		rooms: make(map[string]*room), byAddr: make(map[string]int), byUser: make(map[string]int),
	}
	h.now.Store(time.Now().UnixNano())
	for range runtime.GOMAXPROCS(0) {
		p, err := newPoller()
		if err != nil {
			if !errors.Is(err, errors.ErrUnsupported) {
				h.log.Warn("sockets cost a goroutine each", "error", err)
			}
			break
		}
		w := newWriter()
		h.pollers, h.writers = append(h.pollers, p), append(h.writers, w)
		h.spawn(p.run)
		h.spawn(func() { w.run(h.ctx) })
	}
	h.spawn(h.run)
	h.spawn(h.recheck)
	return h
}

// rechecksAtOnce bounds how many users are asked about at the same time.
const rechecksAtOnce = 8

// recheck asks now and then whether those who signed in may stay.
func (h *Hub) recheck() {
	ticker := time.NewTicker(h.cfg.RecheckEvery)
	defer ticker.Stop()
	var sockets []*socket
	known := true
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-ticker.C:
		}
		sockets = sockets[:0]
		h.mu.Lock()
		for _, c := range h.clients {
			if s, ok := c.(*socket); ok && s.opts.Recheck != nil {
				sockets = append(sockets, s)
			}
		}
		h.mu.Unlock()
		group, ctx := errgroup.WithContext(h.ctx)
		group.SetLimit(rechecksAtOnce)
		for _, s := range sockets {
			if ctx.Err() != nil {
				break // it cannot be asked now; the next turn comes soon
			}
			group.Go(func() error { return s.mayStay(ctx) })
		}
		err := group.Wait()
		if err != nil && known && h.ctx.Err() == nil {
			h.log.Warn("whether users may stay cannot be asked now", "error", err)
		}
		known = err == nil
		clear(sockets)
	}
}

// spawn runs f in a goroutine of the hub's; false once the hub was closed.
func (h *Hub) spawn(f func()) bool {
	h.spawning.Lock()
	defer h.spawning.Unlock()
	if h.stopped {
		return false
	}
	h.running.Go(f)
	return true
}

// run ticks for all rooms and clients.
func (h *Hub) run() {
	ticker := time.NewTicker(h.cfg.Tick)
	defer ticker.Stop()
	var rooms []*room
	var clients []client
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now().UnixNano()
		h.now.Store(now)
		h.mu.Lock()
		clients = append(clients[:0], h.clients...)
		rooms = rooms[:0]
		for _, r := range h.rooms {
			rooms = append(rooms, r)
		}
		h.mu.Unlock()
		for _, c := range clients {
			c.tick(now)
		}
		for _, r := range rooms {
			if !r.tick(now) {
				h.closeIfEmpty(r)
			}
		}
		clear(clients)
		clear(rooms)
	}
}

// Faults that keep a viewer out.
var (
	ErrFull      = errors.New("live: too many viewers on this server")
	ErrTooMany   = errors.New("live: too many connections of one user or address")
	ErrClosing   = errors.New("live: the server is stopping")
	ErrNoChannel = errors.New("live: the channel is not being analysed")
	ErrTooSlow   = errors.New("live: the viewer was too slow for too long")
)

// admit counts a client in.
func (h *Hub) admit(c client, addr, user string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.draining:
		return ErrClosing
	case len(h.clients) >= h.cfg.MaxSockets:
		return ErrFull
	case addr != "" && h.byAddr[addr] >= h.cfg.MaxPerAddress, user != "" && h.byUser[user] >= h.cfg.MaxPerUser:
		return ErrTooMany
	}
	if addr != "" {
		h.byAddr[addr]++
	}
	if user != "" {
		h.byUser[user]++
	}
	*c.place() = len(h.clients)
	h.clients = append(h.clients, c)
	return nil
}

// admitUser counts a client to a user that it named later.
func (h *Hub) admitUser(user string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.byUser[user] >= h.cfg.MaxPerUser {
		return ErrTooMany
	}
	h.byUser[user]++
	return nil
}

// dismissUser takes back what admitUser counted.
func (h *Hub) dismissUser(user string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	uncount(h.byUser, user)
}

// leave takes out a client that was admitted.
func (h *Hub) leave(c client, addr, user string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	last := len(h.clients) - 1
	i := *c.place()
	h.clients[i] = h.clients[last]
	*h.clients[i].place() = i
	h.clients[last] = nil
	h.clients = h.clients[:last]
	uncount(h.byAddr, addr)
	uncount(h.byUser, user)
}

func uncount(m map[string]int, key string) {
	if m[key] > 1 {
		m[key]--
	} else {
		delete(m, key)
	}
}

// join puts a viewer into the room of a channel, which is opened if need be.
func (h *Hub) join(v *viewer, channel string) error {
	for {
		r, err := h.room(channel)
		if err != nil {
			return err
		}
		if r.add(v) {
			return nil
		}
		h.forget(r)
	}
}

func (h *Hub) room(channel string) (*room, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return nil, ErrClosing
	}
	if r := h.rooms[channel]; r != nil {
		return r, nil
	}
	now := time.Now().UnixNano()
	// A name of its own: the channel may be a part of a request.
	r := &room{hub: h, name: strings.Clone(channel), emptied: now, heard: now, lines: make([]line, len(h.writers)), queued: make([][]*socket, len(h.writers))}
	// The bus only notes the interest here; nothing blocks.
	stop, err := h.cfg.Bus.Subscribe(frame.ChatSubject(channel), r.receive)
	if err != nil {
		return nil, err
	}
	r.stop = stop
	h.rooms[channel] = r
	return r, nil
}

// forget closes a room; the next viewer of its channel opens another.
func (h *Hub) forget(r *room) {
	h.mu.Lock()
	if h.rooms[r.name] == r {
		delete(h.rooms, r.name)
	}
	h.mu.Unlock()
	r.close()
}

// closeIfEmpty closes a room unless somebody came in the meantime.
func (h *Hub) closeIfEmpty(r *room) {
	h.mu.Lock()
	r.mu.Lock()
	empty := len(r.viewers) == 0 && !r.closed
	if empty {
		r.closed = true
		if h.rooms[r.name] == r {
			delete(h.rooms, r.name)
		}
	}
	r.mu.Unlock()
	h.mu.Unlock()
	if empty {
		r.stop()
	}
}

// Viewers counts who watches a channel on this node.
func (h *Hub) Viewers(channel string) int {
	h.mu.Lock()
	r := h.rooms[channel]
	h.mu.Unlock()
	if r == nil {
		return 0
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.viewers)
}

// Connections counts the viewers of all channels.
func (h *Hub) Connections() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.clients)
}

// Sockets are the viewers of this node.
type Sockets struct {
	Total     int
	ByChannel map[string]int
	ByUser    map[string]int // by user's id; viewers of nobody are not in it
}

// Sockets counts the viewers by channel and by user.
func (h *Hub) Sockets() Sockets {
	h.mu.Lock()
	s := Sockets{Total: len(h.clients), ByChannel: make(map[string]int, len(h.rooms)), ByUser: maps.Clone(h.byUser)}
	rooms := slices.Collect(maps.Values(h.rooms))
	h.mu.Unlock()
	for _, r := range rooms {
		r.mu.RLock()
		if n := len(r.viewers); n > 0 {
			s.ByChannel[r.name] = n
		}
		r.mu.RUnlock()
	}
	return s
}

// CloseUser ends all connections of a user whose sign-in was revoked, with
// [CodeSignIn], and returns how many there were.
func (h *Hub) CloseUser(user string) int {
	h.mu.Lock()
	clients := append([]client(nil), h.clients...)
	h.mu.Unlock()
	n := 0
	for _, c := range clients {
		if s, ok := c.(interface{ userKey() string }); ok && user != "" && s.userKey() == user {
			c.kick(CodeSignIn, "signed out")
			n++
		}
	}
	return n
}

// Shutdown refuses new viewers and closes those that are here with
// [CodeRestart], one after the other over Config.Drain, so that they do not all
// come back in the same instant. It returns when they are gone, or when ctx
// ends; Close cuts off the rest.
func (h *Hub) Shutdown(ctx context.Context) {
	h.mu.Lock()
	h.draining = true
	clients := append([]client(nil), h.clients...)
	h.mu.Unlock()
	drain := h.cfg.Drain
	if deadline, ok := ctx.Deadline(); ok {
		drain = min(drain, time.Until(deadline)/2)
	}
	const step = 20 * time.Millisecond
	steps := max(1, int(drain/step))
	each := max(1, (len(clients)+steps-1)/steps)
	for len(clients) > 0 {
		for _, c := range clients[:min(each, len(clients))] {
			c.kick(CodeRestart, "the server restarts")
		}
		clients = clients[min(each, len(clients)):]
		if len(clients) > 0 && !sleep(ctx, step) {
			return
		}
	}
	for h.Connections() > 0 && sleep(ctx, step) {
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// Close ends the hub: viewers that are still here are cut off. It waits for
// its goroutines and may be called again.
func (h *Hub) Close() {
	h.spawning.Lock()
	h.stopped = true
	h.spawning.Unlock()
	h.cancel()
	h.mu.Lock()
	h.draining = true
	clients := append([]client(nil), h.clients...)
	rooms := make([]*room, 0, len(h.rooms))
	for _, r := range h.rooms {
		rooms = append(rooms, r)
	}
	clear(h.rooms)
	h.mu.Unlock()
	for _, r := range rooms {
		r.close()
	}
	for _, c := range clients {
		c.abort()
	}
	for _, p := range h.pollers {
		p.close()
	}
	h.running.Wait()
}

// adopt finds a poller for a socket; false where none can wait for it.
func (h *Hub) adopt(s *socket) bool {
	if len(h.pollers) == 0 {
		return false
	}
	i := int(h.turn.Add(1)) % len(h.pollers)
	s.out, s.shard = h.writers[i], i
	if !h.pollers[i].adopt(s) {
		s.out = nil
		return false
	}
	return true
}
