package live

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"chatmood/internal/live/frame"
)

// The states of a socket's writing.
const (
	idle    int32 = iota
	queued        // it waits in the line of its writer
	running       // a goroutine writes
	again         // … and is to look once more
	blocked       // its poller waits until the connection takes more
	dead          // nothing will be written any more
)

// maxControl bounds the answers and pings that wait to be written to one
// socket, in bytes.
const maxControl = 16 << 10

// socket is a viewer at the end of a WebSocket.
type socket struct {
	viewer
	hub   *Hub
	conn  net.Conn
	opts  ServeOptions
	index int // in Hub.clients, guarded by Hub.mu
	state atomic.Int32
	in    incoming

	out       *writer    // that writes for the socket; nil: a goroutine of its own does
	line      *line      // of its room, guarded by out.mu; nil: it is in none
	unwritten *unwritten // used by whoever writes

	poll     *poller         // that waits for the socket; nil: a goroutine of its own does
	raw      syscall.RawConn // of conn, where there is a poller
	key      int32           // in poll
	shard    int             // index of poll and out in the hub
	interest uint32          // what poll looks for, guarded by poll.mu

	explaining atomic.Bool // an explain frame is being answered
	// explained lies back by what may still be explained at once; used by the
	// reader alone.
	explained time.Time

	// Times as of the hub's tick, Unix ns.
	heard   atomic.Int64 // a frame from the client
	texted  atomic.Int64 // … that was no ping or pong, or a heartbeat sent for want of one
	sent    atomic.Int64 // a frame to the client
	pinged  atomic.Int64
	expires atomic.Int64 // of the sign-in, or of the time to sign in; 0: never
	closeBy atomic.Int64 // when the connection is ended, the close frame being out; 0: it is not

	mu      sync.Mutex // guards what follows
	control []byte     // frames of its own that wait to be written
	code    Code       // with which it is to be closed, 0: it is not
	reason  string
	deaf    bool // what the client still sends is not looked at
	ready   bool // it is in its room
	ended   bool // it was taken out of everything
	user    string
	token   string // of the last auth frame
}

var _ client = (*socket)(nil)

func newSocket(h *Hub, conn net.Conn, opts ServeOptions) *socket {
	s := &socket{hub: h, conn: conn, opts: opts, user: opts.User}
	s.listener = s
	s.opts.Header = nil // was for the handshake
	s.in.tokens, s.in.at = clientBurst, time.Now().UnixNano()
	now := h.now.Load()
	s.heard.Store(now)
	s.texted.Store(now)
	s.sent.Store(now)
	switch {
	case opts.User != "":
		s.setExpiry(opts.Expires)
	case !opts.Anonymous:
		s.expires.Store(time.Now().Add(h.cfg.AuthWait).UnixNano())
	}
	return s
}

func (s *socket) place() *int { return &s.index }

func (s *socket) abort() { s.end() }

func (s *socket) userKey() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.user
}

// mayStay asks whether the socket's user may still be here, and closes it where
// not. An error says that this is not known.
func (s *socket) mayStay(ctx context.Context) error {
	s.mu.Lock()
	user, token := s.user, s.token
	s.mu.Unlock()
	if user == "" || s.opts.Recheck == nil || s.state.Load() == dead {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, authTimeout)
	defer cancel()
	err := s.opts.Recheck(ctx, token)
	switch {
	case errors.Is(err, ErrSignedOut):
		s.kick(CodeSignIn, "signed out")
	case errors.Is(err, ErrForbidden):
		s.kick(CodeForbidden, "not allowed any more")
	default:
		return err
	}
	return nil
}

func (s *socket) setExpiry(t time.Time) {
	if t.IsZero() {
		s.expires.Store(0)
	} else {
		s.expires.Store(t.UnixNano())
	}
}

// wake makes sure that what there is to write gets written.
func (s *socket) wake() {
	for {
		switch state := s.state.Load(); state {
		case idle:
			if s.out != nil {
				if s.state.CompareAndSwap(idle, queued) {
					s.out.push(s)
					return
				}
			} else if s.state.CompareAndSwap(idle, running) {
				if !s.hub.spawn(s.flush) {
					s.state.Store(dead)
				}
				return
			}
		case running:
			if s.state.CompareAndSwap(running, again) {
				return
			}
		default:
			return
		}
	}
}

// kick closes the socket with a code, once what is being written is out.
func (s *socket) kick(code Code, reason string) {
	s.mu.Lock()
	if s.code == 0 {
		s.code, s.reason = code, reason
		if code == CodeTooSlow {
			s.hub.stats.kicked.Add(1)
		}
	}
	s.mu.Unlock()
	s.wake()
}

// send queues a frame for this socket alone.
func (s *socket) send(op byte, payload []byte) {
	s.mu.Lock()
	full := len(s.control)+len(payload) > maxControl
	if !full {
		s.control = append(appendHeader(s.control, op, len(payload)), payload...)
	}
	s.mu.Unlock()
	if full {
		s.kick(CodeTooSlow, "answers are not read")
		return
	}
	s.wake()
}

var hauls = sync.Pool{New: func() any { return new(haul) }}

// flush writes until there is nothing more to write, for a socket that has no
// writer.
func (s *socket) flush() {
	h := hauls.Get().(*haul)
	for s.flushOnce(h) {
	}
	h.reset()
	hauls.Put(h)
}

// flushOnce writes what there is, in one go. It returns false when the
// goroutine is no longer needed.
func (s *socket) flushOnce(h *haul) bool {
	s.state.CompareAndSwap(again, running)
	h.reset()
	code := s.collect(h)
	if len(h.bufs) == 0 {
		return !s.state.CompareAndSwap(running, idle) && s.state.Load() != dead
	}
	s.pace.writing.Store(s.hub.now.Load())
	err := h.writeTo(s.conn)
	s.pace.writing.Store(0)
	if err != nil {
		s.end()
		return false
	}
	return !s.wrote(h, code)
}

// collect puts into h what there is to write. A close frame, with the code that
// is returned, is the last of it.
func (s *socket) collect(h *haul) Code {
	s.mu.Lock()
	control, code, reason, ready := s.control, s.code, s.reason, s.ready
	s.control = nil
	s.mu.Unlock()
	if len(control) > 0 {
		h.add(control, 0)
	}
	if code == 0 && ready {
		s.room.gather(&s.viewer, h)
		s.pace.gathered(h, s.hub.now.Load(), &s.hub.cfg)
		if h.waiting && !s.room.ask() {
			code, reason = CodeNoChannel, "the channel is not being analysed"
		}
		if h.ended {
			code, reason = CodeNormal, "the analysis was stopped"
		}
	}
	if code != 0 {
		h.add(closeFrame(code, reason), 0)
	}
	return code
}

// wrote follows the writing of what collect brought. It returns true when
// nothing more will be written.
func (s *socket) wrote(h *haul, code Code) bool {
	s.sent.Store(s.hub.now.Load())
	stats := &s.hub.stats
	stats.writes.Add(1)
	stats.bytes.Add(int64(h.size))
	stats.deliveries.Add(int64(h.messages))
	if code == 0 {
		return false
	}
	s.state.Store(dead)
	s.closing()
	return true
}

// closing follows the writing of a close frame: what comes is read until the
// client has answered or has not in time. To close at once could take back
// what the client did not read yet.
func (s *socket) closing() {
	s.closeBy.Store(time.Now().Add(s.hub.cfg.CloseWait).UnixNano())
	s.mu.Lock()
	deaf := s.deaf
	s.mu.Unlock()
	if half, ok := s.conn.(interface{ CloseWrite() error }); ok && deaf {
		// No answer will be recognised, but the end of the connection is.
		_ = half.CloseWrite() // an error means that it has ended
	}
}

// writeTo writes all frames with one system call where the connection can.
func (h *haul) writeTo(conn net.Conn) error {
	if len(h.bufs) == 1 {
		_, err := conn.Write(h.bufs[0])
		return err
	}
	if _, ok := conn.(*net.TCPConn); ok {
		vec := net.Buffers(h.bufs)
		_, err := vec.WriteTo(conn)
		return err
	}
	// A TLS connection would make a record, and a system call, of each.
	all := make([]byte, 0, h.size)
	for _, b := range h.bufs {
		all = append(all, b...)
	}
	_, err := conn.Write(all)
	return err
}

// tick does what time brings to a socket.
func (s *socket) tick(now int64) {
	state := s.state.Load()
	if state == dead {
		if by := s.closeBy.Load(); by != 0 && now > by {
			s.end()
		}
		return
	}
	cfg := &s.hub.cfg
	since := func(t *atomic.Int64) time.Duration { return time.Duration(now - t.Load()) }
	if s.pace.slow(now, state == idle, cfg.Behind, cfg) {
		s.kick(CodeTooSlow, "reads too slowly")
	}
	if w := s.pace.writing.Load(); w != 0 && now-w > int64(cfg.Behind+cfg.CloseWait) {
		s.end() // it does not even take the close frame
		return
	}
	if at := s.expires.Load(); at != 0 && now > at {
		s.kick(CodeSignIn, "not signed in, or the sign-in expired")
		return
	}
	if since(&s.heard) > cfg.DeadAfter {
		s.end() // half open: nobody is there to read a close frame
		return
	}
	if since(&s.heard) >= cfg.PingAfter && since(&s.pinged) >= cfg.PingAfter {
		s.pinged.Store(now)
		s.send(opPing, nil)
	}
	switch {
	case s.plain && since(&s.texted) >= cfg.Heartbeat:
		s.texted.Store(now)
		s.send(opText, frame.AppendPlainHeartbeat(nil, time.Unix(0, now)))
	case !s.plain && since(&s.sent) >= cfg.Heartbeat && state == idle:
		s.send(opText, frame.AppendHeartbeat(nil, time.Unix(0, now)))
	}
}
